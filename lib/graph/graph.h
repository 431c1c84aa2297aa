/* A frozen directed graph: nodes are numbers from 0, an edge says that its `from`
 * comes before its `to`.  Both directions are kept as compressed rows, sorted by
 * node number and without doubles, so whoever numbers nodes by name gets every
 * list in order of names.  Everything is linear in nodes + edges where nothing
 * else is said, nothing recurses, and the same graph always gives the same answer. */
#ifndef MST_GRAPH_GRAPH_H
#define MST_GRAPH_GRAPH_H

#include "base/error.h"
#include "base/pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GRAPH_NODES_MAX UINT32_C(0x7fffffff)
#define GRAPH_EDGES_MAX UINT32_C(0xfffffff0)

struct graph_edge {
	uint32_t from, to;
};

struct graph {
	uint32_t n; /* nodes */
	uint32_t m; /* edges */
	const uint32_t *out_at, *out; /* downstream of u: out[out_at[u]] .. out[out_at[u + 1] - 1] */
	const uint32_t *in_at, *in;   /* upstream */
};

/* Edges from a node to itself and doubles are dropped.  MST_LIMIT past the bounds
 * above, MST_BUG where an edge names a node that is not there. */
int graph_build(struct pool *, size_t n, const struct graph_edge *, size_t m, struct graph *out,
		struct mst_error *);

/* A topological order (Kahn 1962) and levels: the level of a node is the number of
 * edges of the longest path that leads to it. */
struct graph_order {
	uint32_t *node;  /* `placed` nodes by level */
	uint32_t *level; /* by node; of a node that was not placed: unset */
	uint32_t placed; /* less than g->n where there is a cycle */
	uint32_t levels;
};
void graph_order(struct pool *, const struct graph *, struct graph_order *out);

/* The heaviest path: weight[u] counts for node u (NULL: one each).  The order must
 * be whole.  The nodes of the path (pool), in order; *total is its weight.  Ties go
 * to the lower number. */
struct graph_path {
	uint32_t *node;
	uint32_t n;
};
struct graph_path graph_longest(struct pool *, const struct graph *, const struct graph_order *,
				const uint8_t *weight, uint64_t *total);

/* Cycles: one for each strongly connected component (Tarjan 1972) of more than one
 * node, at most `max`, in order of their lowest nodes.  A path starts with its lowest
 * node; its last node leads back to the first.  The shortest of its component within
 * a budget of work that is linear in the graph, else a short one.  *count gets the number of
 * components in all. */
struct graph_path *graph_cycles(struct pool *, const struct graph *, size_t max, size_t *count);

enum graph_dir { GRAPH_DOWN, GRAPH_UP };
#define GRAPH_ANY_DEPTH UINT32_MAX
/* Sets mark[u] for every node that is marked already and every node within `depth`
 * edges of those. */
void graph_closure(const struct graph *, enum graph_dir, uint32_t depth, uint8_t *mark);

/* count[u] = number of distinct nodes v downstream of u with counted[v] (NULL: all).
 * The order must be whole.
 *
 * Exact: sets of 512 nodes at a time as bits, one pass over the edges for each; that
 * is nodes * edges / 512 word operations.
 *
 * Estimate: linear, with a fixed seed. Each node keeps 64 registers of a HyperLogLog
 * sketch (Flajolet et al. 2007) of the nodes downstream, merged against the order: the
 * size-estimation framework of E. Cohen ("Size-estimation framework with applications to
 * transitive closure and reachability", 1997), with the sketch that HyperANF (Boldi, Rosa,
 * Vigna 2011) uses on graphs.  Standard error 1.04 / sqrt(64) = 13 %; small sets are near
 * exact, sets below a node with one child are exact relative to that child, and a node
 * always counts more than each of its (counted) children. */
void graph_count_exact(const struct graph *, const struct graph_order *, const uint8_t *counted,
		       uint32_t *count);
void graph_count_estimate(const struct graph *, const struct graph_order *, const uint8_t *counted,
			  uint32_t *count);

#endif
