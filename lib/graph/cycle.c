#include "graph/graph.h"

#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

struct frame {
	uint32_t node, edge;
};

/* Tarjan's components with a stack of frames instead of calls: comp[u] becomes the
 * lowest node of u's component. Returns the sorted lowest nodes of the components
 * that have more than one node. */
static uint32_t *components(struct pool *pool, const struct graph *g, uint32_t *comp, size_t *count)
{
	POOL_SCRATCH(tmp);
	VEC(uint32_t) root = { 0 };
	uint32_t *index = pool_array(tmp, g->n, sizeof *index), *low = pool_array(tmp, g->n, sizeof *low);
	uint32_t *stack = pool_array(tmp, g->n, sizeof *stack);
	struct frame *frame = pool_array(tmp, g->n, sizeof *frame);
	uint32_t depth = 0, held = 0, next = 0;
	memset(index, 0xff, g->n * sizeof *index);
	for (uint32_t u = 0; u < g->n; u++)
		comp[u] = NONE;
	for (uint32_t s = 0; s < g->n; s++) {
		if (index[s] != NONE)
			continue;
		frame[depth++] = (struct frame){ s, g->out_at[s] };
		index[s] = low[s] = next++;
		stack[held++] = s;
		while (depth) {
			struct frame *f = &frame[depth - 1];
			uint32_t u = f->node;
			if (f->edge < g->out_at[u + 1]) {
				uint32_t v = g->out[f->edge++];
				if (index[v] == NONE) {
					index[v] = low[v] = next++;
					stack[held++] = v;
					frame[depth++] = (struct frame){ v, g->out_at[v] };
				} else if (comp[v] == NONE && index[v] < low[u]) {
					low[u] = index[v];
				}
				continue;
			}
			depth--;
			if (depth && low[u] < low[frame[depth - 1].node])
				low[frame[depth - 1].node] = low[u];
			if (low[u] != index[u])
				continue;
			uint32_t first = held, lowest = NONE;
			do {
				first--;
				if (stack[first] < lowest)
					lowest = stack[first];
			} while (stack[first] != u);
			for (uint32_t i = first; i < held; i++)
				comp[stack[i]] = lowest;
			if (held - first > 1)
				*vec_push(pool, &root) = lowest;
			held = first;
		}
	}
	*count = root.n;
	return root.v;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

struct search {
	const struct graph *g;
	const uint32_t *comp;
	uint32_t *from, *dist, *queue;
	size_t budget; /* edges that may still be looked at once there is an answer */
};

/* Breadth first from `s` within its component; the length of the shortest cycle
 * through s where it is below `best`, else NONE. */
static uint32_t shortest_through(struct search *x, uint32_t s, uint32_t best, uint32_t *last)
{
	const struct graph *g = x->g;
	uint32_t head = 0, tail = 0, found = NONE;
	x->queue[tail++] = s;
	x->dist[s] = 0;
	while (head < tail && found == NONE) {
		uint32_t u = x->queue[head++];
		if (x->dist[u] + 1 >= best)
			break;
		for (uint32_t e = g->out_at[u]; e < g->out_at[u + 1]; e++) {
			uint32_t v = g->out[e];
			x->budget -= x->budget > 0;
			if (v == s) {
				found = x->dist[u] + 1;
				*last = u;
				break;
			}
			if (x->comp[v] == x->comp[s] && x->dist[v] == NONE) {
				x->dist[v] = x->dist[u] + 1;
				x->from[v] = u;
				x->queue[tail++] = v;
			}
		}
	}
	for (uint32_t i = 0; i < tail; i++)
		x->dist[x->queue[i]] = NONE;
	return found;
}

/* The path s .. last in the tree of the last search from s, made again because a
 * later search has written over it; turned so that it starts with its lowest node. */
static struct graph_path trace(struct pool *pool, struct search *x, uint32_t s)
{
	uint32_t u = 0;
	struct graph_path p = { NULL, shortest_through(x, s, NONE, &u) };
	POOL_SCRATCH(tmp);
	uint32_t *raw = pool_array(tmp, p.n, sizeof *raw), lowest = 0;
	for (uint32_t i = p.n; i-- > 0; u = x->from[u])
		raw[i] = u;
	for (uint32_t i = 1; i < p.n; i++)
		if (raw[i] < raw[lowest])
			lowest = i;
	p.node = pool_array(pool, p.n, sizeof *p.node);
	for (uint32_t i = 0; i < p.n; i++)
		p.node[i] = raw[(lowest + i) % p.n];
	return p;
}

struct graph_path *graph_cycles(struct pool *pool, const struct graph *g, size_t max, size_t *count)
{
	POOL_SCRATCH(tmp);
	uint32_t *comp = pool_array(tmp, g->n, sizeof *comp);
	uint32_t *root = components(tmp, g, comp, count);
	size_t n = *count < max ? *count : max;
	struct graph_path *path = pool_array(pool, n, sizeof *path);
	if (!n)
		return path;
	qsort(root, *count, sizeof *root, by_number);
	struct search x = { .g = g, .comp = comp };
	x.from = pool_array(tmp, g->n, sizeof *x.from);
	x.dist = pool_array(tmp, g->n, sizeof *x.dist);
	x.queue = pool_array(tmp, g->n, sizeof *x.queue);
	memset(x.dist, 0xff, g->n * sizeof *x.dist);
	/* members of each component, by their lowest node */
	uint32_t *next = pool_array(tmp, g->n, sizeof *next), *tail = pool_array(tmp, g->n, sizeof *tail);
	for (uint32_t u = 0; u < g->n; u++) {
		next[u] = NONE;
		tail[u] = u;
		if (comp[u] != u) {
			next[tail[comp[u]]] = u;
			tail[comp[u]] = u;
		}
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t best = NONE, start = root[i], last;
		x.budget = (size_t)16 * (g->n + g->m) / n + 1024;
		for (uint32_t u = root[i]; u != NONE && best > 2; u = next[u]) {
			uint32_t k = shortest_through(&x, u, best, &last);
			if (k < best) {
				best = k;
				start = u;
			}
			if (!x.budget)
				break;
		}
		path[i] = trace(pool, &x, start);
	}
	return path;
}
