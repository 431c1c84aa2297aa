#include "graph/graph.h"

void graph_closure(const struct graph *g, enum graph_dir dir, uint32_t depth, uint8_t *mark)
{
	const uint32_t *at = dir == GRAPH_DOWN ? g->out_at : g->in_at;
	const uint32_t *to = dir == GRAPH_DOWN ? g->out : g->in;
	POOL_SCRATCH(tmp);
	uint32_t *queue = pool_array(tmp, g->n, sizeof *queue);
	uint32_t head = 0, tail = 0;
	for (uint32_t u = 0; u < g->n; u++)
		if (mark[u])
			queue[tail++] = u;
	for (uint32_t d = 0; d < depth && head < tail; d++) {
		uint32_t round = tail;
		while (head < round) {
			uint32_t u = queue[head++];
			for (uint32_t e = at[u]; e < at[u + 1]; e++)
				if (!mark[to[e]]) {
					mark[to[e]] = 1;
					queue[tail++] = to[e];
				}
		}
	}
}
