/* Draws a graph without cycles as a tree of text: the nodes that nobody follows are
 * roots, below each node stand those that it waits for.
 *
 *     mart.orders
 *     ├── stg.items
 *     │   └── raw.items
 *     └── stg.orders
 *         └── raw.items (above)
 *
 * A node's branch is drawn once; where it is met again it is marked "(above)".  A branch
 * deeper than TREE_DEPTH goes on as a tree of its own, marked "(below)": so the
 * output is linear in nodes and edges, however deep the graph. */
#ifndef MST_ENGINE_TREE_H
#define MST_ENGINE_TREE_H

#include "base/error.h"
#include "base/str.h"
#include "graph/graph.h"

#define TREE_DEPTH 48

struct tree_style {
	bool unicode;
	void *ctx;
	/* appends the text of a node, without line breaks */
	void (*label)(void *ctx, uint32_t node, struct buf *);
	/* takes some lines; an error ends the drawing */
	int (*emit)(void *ctx, struct str text, struct mst_error *);
};

int tree_draw(const struct graph *, const struct tree_style *, struct mst_error *);

#endif
