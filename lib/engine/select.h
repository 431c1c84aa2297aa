/* Selectors of jobs, in the grammar of dbt's node selection:
 *
 *     name         a table: its name, or the last parts of it ("orders", "mart.orders")
 *     *, ?         within a part of a name: "stg_*", "mart.*"
 *     tag:x        attribute `tags` (or `tag`) holds x
 *     freq:x       attribute `freq` is x
 *     kind:x       kind of the table
 *     team:x       the team whose row it is, else attribute `team`
 *     owner:x      attribute `owner`
 *     path:p       the file p, or any file below the folder p
 *     +X  X+       with everything upstream / downstream;  2+X  X+1: so many steps
 *     @X           with everything downstream, and everything upstream of that
 *     X Y          union (so is giving the option twice)
 *     X,Y          intersection
 *
 * Blanks and commas within `...` or "..." belong to the name.  Values of methods take
 * * and ? too. An exact full name is taken before a last part. */
#ifndef MST_ENGINE_SELECT_H
#define MST_ENGINE_SELECT_H

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "graph/graph.h"

enum select_by { SELECT_NAME, SELECT_TAG, SELECT_FREQ, SELECT_KIND, SELECT_PATH, SELECT_TEAM, SELECT_OWNER };

typedef VEC(struct str) select_values;

/* What selectors look at: the graph, the names of its nodes in byte order, and the
 * values of a node by which SELECT_TAG and the like choose (appended to *out). */
struct select_source {
	const struct graph *graph;
	const struct str *name;
	void *ctx;
	void (*values)(void *ctx, uint32_t node, enum select_by by, struct pool *, select_values *out);
};

/* Sets mark[node] for each node that one of the `n` expressions takes.  MST_USAGE for
 * an expression that is none; MST_NOT_FOUND (with the nearest name) for a plain name that
 * no node has.  A pattern or method that takes nothing is no error: it is appended to
 * *empty. */
int select_mark(struct pool *, const struct select_source *, const char *const *expr, size_t n, uint8_t *mark,
		select_values *empty, struct mst_error *);

/* The one node of that name (full, or last parts): MST_NOT_FOUND with the nearest,
 * MST_CONFLICT where there are several. */
int select_one(const struct select_source *, struct str name, uint32_t *out, struct mst_error *);

/* The node of exactly that name; UINT32_MAX where there is none. */
uint32_t select_exact(const struct select_source *, struct str name);

/* Whether text fits a pattern of `*` (any bytes but `stop`), `?` (one byte but `stop`). */
bool select_glob(struct str pattern, struct str text, char stop);

#endif
