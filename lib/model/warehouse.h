/* What a task asks of a warehouse; providers implement it.  One struct warehouse is
 * one connection, used by one thread. */
#ifndef MST_MODEL_WAREHOUSE_H
#define MST_MODEL_WAREHOUSE_H

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"

#include <signal.h>

/* What is to be made, and the text it is made of. */
struct warehouse_target {
	struct str name;           /* canonical, for messages */
	struct str dataset, table; /* unquoted; dataset "" : the default one */
	struct str sql;            /* the user's text */
	const char *file;          /* for places of errors in sql */
};

struct warehouse_result {
	int64_t rows, bytes; /* -1: not known */
};

struct warehouse_column {
	struct str name, type; /* the type as the warehouse writes it */
};

/* One statement as it will be sent, for --dry-run. */
typedef int warehouse_sink(void *arg, struct str statement, struct mst_error *);

struct warehouse;
struct warehouse_ops {
	const char *name; /* "postgres" */
	/* Builds the rows of the query beside, then swaps: readers see the old table or the new one. */
	int (*summary)(struct warehouse *, const struct warehouse_target *, struct warehouse_result *,
		       struct mst_error *);
	/* `sql` is a query or a CREATE VIEW statement. */
	int (*view)(struct warehouse *, const struct warehouse_target *, struct warehouse_result *,
		    struct mst_error *);
	/* Statements as they are, in one transaction. */
	int (*script)(struct warehouse *, const struct warehouse_target *, struct warehouse_result *,
		      struct mst_error *);
	/* Rows from outside: begin, put any number of times, then end (the swap) or abort.
	 * Rows are tab separated lines: \t \n \r \\ escape, \N is null.  A row that the
	 * warehouse refuses: err->line is its number from 1, err->file is empty.  After an
	 * error of put or end nothing is left and abort need not be called. */
	int (*load_begin)(struct warehouse *, const struct warehouse_target *, const struct warehouse_column *,
			  size_t n, struct mst_error *);
	int (*load_put)(struct warehouse *, struct str rows, struct mst_error *);
	int (*load_end)(struct warehouse *, struct warehouse_result *, struct mst_error *);
	void (*load_abort)(struct warehouse *);
	/* The statements of the kinds above, in order, as far as they are known without
	 * looking; needs no connection.  `kind` is "summary", "view", "script" or "import"
	 * (cols may be NULL: not known yet). */
	int (*explain)(struct pool *, const struct warehouse_target *, const char *kind,
		       const struct warehouse_column *cols, size_t n, warehouse_sink *, void *arg,
		       struct mst_error *);
	/* The first rows, each as a JSON object. */
	int (*peek)(struct warehouse *, const struct warehouse_target *, int limit, warehouse_sink *, void *arg,
		    struct mst_error *);
	/* Whether the target can be made at all: lengths of names. */
	int (*check)(const struct warehouse_target *, struct mst_error *);
};

struct warehouse {
	const struct warehouse_ops *ops;
};

#endif
