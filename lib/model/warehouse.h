/* What a task asks of a warehouse; providers implement it.  One struct warehouse is
 * one connection, used by one thread. */
#ifndef MST_MODEL_WAREHOUSE_H
#define MST_MODEL_WAREHOUSE_H

#include "base/error.h"
#include "base/jsonl.h"
#include "base/str.h"
#include "base/vec.h"

#include <signal.h>
#include <time.h>

enum warehouse_disposition {
	WAREHOUSE_REPLACE, /* built beside, then swapped */
	WAREHOUSE_APPEND,  /* rows are added */
	WAREHOUSE_MERGE,   /* rows of a known key are overwritten, others added */
};

struct warehouse_param {
	struct str name;  /* written @name in the SQL */
	struct str value; /* p NULL: null */
};

/* What is to be made, and the text it is made of.  What is zero is the default. */
struct warehouse_target {
	struct str name;           /* canonical, for messages */
	struct str dataset, table; /* unquoted; dataset "" : the default one */
	struct str sql;            /* the user's text */
	const char *file;          /* for places of errors in sql */
	enum warehouse_disposition disposition;
	const struct str *keys;    /* unquoted columns that tell rows apart; for merge, and whoever will merge */
	size_t n_keys;
	bool add_columns;          /* append and merge: columns that the table lacks are added */
	const struct str *pre, *post; /* statements before the build and after the swap, in its transaction */
	size_t n_pre, n_post;
	const struct warehouse_param *params;
	size_t n_params;
	struct json_val tests;     /* the attribute (model/tests.h), or JSON_NONE */
	bool busy_fails;           /* MST_CONFLICT where another one is writing the table, instead of waiting */
	bool bad_rows_aside;       /* a load that goes by load_try and load_aside, not by load_put */
	int64_t timeout_us;        /* of the whole attempt; 0: none.  MST_TIMEOUT */
	int64_t rows_before;       /* of the last success, for tests of the change; -1: what the table holds */
	/* The effect happens once: the key stands in the warehouse's mst_effect from the commit on.
	 * Empty: no record is kept.  `look`: it may be there already, then nothing is done again. */
	struct str job_key;
	int attempt;
	bool look;
	struct str watermark;      /* committed with the rows, where p is not NULL */
	/* The rows are those behind this watermark (p NULL: they are all).  Where it is not the table's any
	 * more, because another run went on from there, or the table is gone: MST_CONFLICT with `retry`. */
	struct str behind;
};

struct warehouse_result {
	int64_t rows, bytes; /* -1: not known */
	int64_t rows_bad;    /* of a load: so many were put aside */
	int64_t cpu_us;      /* of the server's process and of children; -1: not known */
	bool emptied;        /* of a load: no row came, and the table that was replaced had some */
	bool done_before;    /* mst_effect had it: nothing was done now */
	bool at_least_once;  /* mst_effect cannot be kept here */
	/* JSON array of what the tests found: {name, kind, severity, state: passed|failed, failed_rows,
	 * message}; empty: there were none.  Set after a failure, too; valid until the next call on the
	 * warehouse. */
	struct str tests;
};

struct warehouse_column {
	struct str name, type; /* the type as the warehouse writes it */
};

/* Which rows of a table are read, and how they are told. */
struct warehouse_read {
	struct str where; /* one SQL expression (sql/one.h), or empty: all */
	int64_t limit;    /* -1: none */
	bool csv;         /* bytes of CSV with a header, cut anywhere; else each row as a JSON object in one line */
};

/* A row of a load that was put aside. */
struct warehouse_bad {
	struct str file;
	uint32_t line;
	struct str reason, text; /* UTF-8 without NUL; the text may be cut */
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
	/* `sql` is a query or a CREATE MATERIALIZED VIEW statement. */
	int (*materialized)(struct warehouse *, const struct warehouse_target *, struct warehouse_result *,
			    struct mst_error *);
	/* Statements as they are, in one transaction; at least once where the text ends it by itself. */
	int (*script)(struct warehouse *, const struct warehouse_target *, struct warehouse_result *,
		      struct mst_error *);
	/* 1 and what it was where the effect of the job is there already; else 0. */
	int (*done)(struct warehouse *, const struct warehouse_target *, struct warehouse_result *, struct mst_error *);
	/* Rows from outside: begin, put any number of times, then end (the swap) or abort.
	 * Rows are tab separated lines: \t \n \r \\ escape, \N is null.  A row that the
	 * warehouse refuses: err->line is its number from 1, err->file is empty.  After an
	 * error of put or end nothing is left and abort need not be called.  Where the effect is there
	 * already (`look`), the rows are dropped and end says so. */
	int (*load_begin)(struct warehouse *, const struct warehouse_target *, const struct warehouse_column *,
			  size_t n, struct mst_error *);
	int (*load_put)(struct warehouse *, struct str rows, struct mst_error *);
	int (*load_end)(struct warehouse *, struct warehouse_result *, struct mst_error *);
	void (*load_abort)(struct warehouse *);
	/* Where the target says bad_rows_aside, between begin and end.  Whole rows: 0, all of them are in;
	 * 1, none is, because of what row *bad (from 1) holds: the reason is in err, the load goes on.  After an
	 * error (< 0) nothing is left, as with put. */
	int (*load_try)(struct warehouse *, struct str rows, uint32_t *bad, struct mst_error *);
	/* Bad rows go to the table NAME__mst_errors, which is emptied by load_begin, in the same transaction. */
	int (*load_aside)(struct warehouse *, const struct warehouse_bad *, size_t n, struct mst_error *);
	/* The statements of the kinds above, in order, as far as they are known without
	 * looking; needs no connection.  `kind` is "summary", "view", "materialized", "script" or "import"
	 * (cols may be NULL: not known yet). */
	int (*explain)(struct pool *, const struct warehouse_target *, const char *kind,
		       const struct warehouse_column *cols, size_t n, warehouse_sink *, void *arg,
		       struct mst_error *);
	/* Of a source of the same kind (model/source.h): the query for all of the table of that name; the
	 * statement that streams a query's rows. */
	struct str (*source_whole)(struct pool *, const struct warehouse_target *);
	struct str (*source_copy)(struct pool *, struct str query);
	/* The first rows, each as a JSON object. */
	int (*peek)(struct warehouse *, const struct warehouse_target *, int limit, warehouse_sink *, void *arg,
		    struct mst_error *);
	/* Rows as they come, in a transaction that only reads.  MST_NOT_FOUND where there is no such table;
	 * MST_DATA for an expression, with its place in it. */
	int (*read)(struct warehouse *, const struct warehouse_target *, const struct warehouse_read *,
		    warehouse_sink *, void *arg, struct mst_error *);
	/* Whether the target can be made at all: lengths of names. */
	int (*check)(const struct warehouse_target *, struct mst_error *);
	/* The watermark that was committed last with rows of the target; p NULL where there is none, or
	 * where the table is not there any more.  MST_DENIED where no watermark can be kept. */
	int (*watermark)(struct pool *, struct warehouse *, const struct warehouse_target *, struct str *out,
			 struct mst_error *);
	/* The columns of the target as it stands, in order; *n is 0 where there is no such table. */
	int (*columns)(struct pool *, struct warehouse *, const struct warehouse_target *,
		       struct warehouse_column **out, size_t *n, struct mst_error *);
	/* Sees to an enumerated type in the dataset of the target: makes it, or adds the labels it lacks, at
	 * once and for good.  *type gets how a column declares it, *added how many labels there are more
	 * than before (0 for a new type).  MST_CONFLICT: another type has the name, or the labels have
	 * another order. */
	int (*enumeration)(struct pool *, struct warehouse *, const struct warehouse_target *, struct str name,
			   const struct str *labels, size_t n, struct str *type, size_t *added, struct mst_error *);
	/* What time it is at the warehouse: microseconds since 1970, and the clock on the wall of a time
	 * zone (NULL: UTC).  MST_USAGE for a zone nobody knows. */
	int (*clock)(struct warehouse *, const char *zone, int64_t *now_us, struct tm *wall, struct mst_error *);
};

struct warehouse {
	const struct warehouse_ops *ops;
};

#endif
