#include "graph/graph.h"

#include <string.h>

/* Turns rows of one direction into rows of the other; each new row is sorted
 * because the old rows are walked in order. */
static void turn(uint32_t n, const uint32_t *at, const uint32_t *to, uint32_t *back_at, uint32_t *back)
{
	memset(back_at, 0, ((size_t)n + 1) * sizeof *back_at);
	uint32_t m = at[n];
	for (uint32_t e = 0; e < m; e++)
		back_at[to[e] + 1]++;
	for (uint32_t u = 0; u < n; u++)
		back_at[u + 1] += back_at[u];
	for (uint32_t u = 0; u < n; u++)
		for (uint32_t e = at[u]; e < at[u + 1]; e++)
			back[back_at[to[e]]++] = u;
	/* every start has moved to the start of the next row */
	memmove(back_at + 1, back_at, (size_t)n * sizeof *back_at);
	back_at[0] = 0;
}

/* Takes doubles out of sorted rows. */
static void unique(uint32_t n, uint32_t *at, uint32_t *to)
{
	uint32_t w = 0, e = 0;
	for (uint32_t u = 0; u < n; u++) {
		uint32_t end = at[u + 1], row = w;
		for (at[u] = row; e < end; e++)
			if (w == row || to[w - 1] != to[e])
				to[w++] = to[e];
	}
	at[n] = w;
}

int graph_build(struct pool *pool, size_t n, const struct graph_edge *edge, size_t m, struct graph *out,
		struct mst_error *err)
{
	if (n > GRAPH_NODES_MAX)
		return mst_fail(err, MST_LIMIT, "too many nodes: %zu (at most %u)", n, GRAPH_NODES_MAX);
	if (m > GRAPH_EDGES_MAX)
		return mst_fail(err, MST_LIMIT, "too many edges: %zu (at most %u)", m, GRAPH_EDGES_MAX);
	for (size_t i = 0; i < m; i++)
		if (edge[i].from >= n || edge[i].to >= n)
			return mst_fail(err, MST_BUG, "edge %zu names a node that is not there", i);
	POOL_SCRATCH(tmp);
	uint32_t nodes = (uint32_t)n;
	uint32_t *raw_at = pool_zalloc(tmp, (n + 1) * sizeof *raw_at), *raw = pool_array(tmp, m, sizeof *raw);
	uint32_t *out_at = pool_array(pool, n + 1, sizeof *out_at), *in_at = pool_array(pool, n + 1, sizeof *in_at);
	for (size_t i = 0; i < m; i++)
		raw_at[edge[i].to] += edge[i].from != edge[i].to;
	uint32_t sum = 0;
	for (size_t u = 0; u <= n; u++) {
		uint32_t k = raw_at[u];
		raw_at[u] = sum;
		sum += k;
	}
	for (size_t i = 0; i < m; i++)
		if (edge[i].from != edge[i].to)
			raw[raw_at[edge[i].to]++] = edge[i].from;
	memmove(raw_at + 1, raw_at, n * sizeof *raw_at);
	raw_at[0] = 0;
	uint32_t *fwd = pool_array(pool, sum, sizeof *fwd);
	turn(nodes, raw_at, raw, out_at, fwd);
	unique(nodes, out_at, fwd);
	uint32_t *rev = pool_array(pool, out_at[n], sizeof *rev);
	turn(nodes, out_at, fwd, in_at, rev);
	*out = (struct graph){ nodes, out_at[n], out_at, fwd, in_at, rev };
	return 0;
}
