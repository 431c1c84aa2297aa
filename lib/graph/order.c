#include "graph/graph.h"

#include <string.h>

/* The queue is first in, first out: while it holds level k, only nodes of level
 * k + 1 are appended, so the order comes out sorted by level. */
void graph_order(struct pool *pool, const struct graph *g, struct graph_order *out)
{
	POOL_SCRATCH(tmp);
	uint32_t *wait = pool_array(tmp, g->n, sizeof *wait);
	uint32_t *node = pool_array(pool, g->n, sizeof *node), *level = pool_array(pool, g->n, sizeof *level);
	uint32_t head = 0, tail = 0, levels = 0;
	for (uint32_t u = 0; u < g->n; u++) {
		wait[u] = g->in_at[u + 1] - g->in_at[u];
		if (wait[u] == 0) {
			level[u] = 0;
			node[tail++] = u;
		}
	}
	while (head < tail) {
		uint32_t u = node[head++];
		for (uint32_t e = g->out_at[u]; e < g->out_at[u + 1]; e++) {
			uint32_t v = g->out[e];
			if (--wait[v] == 0) {
				level[v] = level[u] + 1;
				node[tail++] = v;
			}
		}
		levels = level[u] + 1;
	}
	*out = (struct graph_order){ node, level, tail, levels };
}

struct graph_path graph_longest(struct pool *pool, const struct graph *g, const struct graph_order *o,
				const uint8_t *weight, uint64_t *total)
{
	struct graph_path path = { NULL, 0 };
	*total = 0;
	if (!g->n)
		return path;
	POOL_SCRATCH(tmp);
	uint64_t *best = pool_array(tmp, g->n, sizeof *best);
	uint32_t *next = pool_array(tmp, g->n, sizeof *next);
	uint32_t start = UINT32_MAX;
	for (uint32_t i = o->placed; i-- > 0;) {
		uint32_t u = o->node[i];
		best[u] = 0;
		next[u] = UINT32_MAX;
		for (uint32_t e = g->out_at[u]; e < g->out_at[u + 1]; e++)
			if (next[u] == UINT32_MAX || best[g->out[e]] > best[u]) {
				best[u] = best[g->out[e]];
				next[u] = g->out[e];
			}
		best[u] += weight ? weight[u] : 1;
		if (start == UINT32_MAX || best[u] > best[start] || (best[u] == best[start] && u < start))
			start = u;
	}
	if (start == UINT32_MAX)
		return path;
	for (uint32_t u = start; u != UINT32_MAX; u = next[u])
		path.n++;
	path.node = pool_array(pool, path.n, sizeof *path.node);
	uint32_t k = 0;
	for (uint32_t u = start; u != UINT32_MAX; u = next[u])
		path.node[k++] = u;
	*total = best[start];
	return path;
}
