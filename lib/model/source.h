/* What an import asks of the database that it reads from; providers implement it.  One
 * struct source is one connection, used by one thread. */
#ifndef MST_MODEL_SOURCE_H
#define MST_MODEL_SOURCE_H

#include "base/error.h"
#include "base/str.h"
#include "sql/restricted.h"

/* What is read. */
struct source_query {
	struct str sql;  /* one query without a semicolon; a view into `text`, or words of ours */
	struct str text; /* the user's text, for places of errors */
	const char *file;
	const struct sql_restricted *restricted; /* what it says; NULL: it is not restricted */
	/* Only rows whose `column` is at least `from` minus `overlap`; p NULL: all rows. */
	struct str column, from;
	int64_t overlap;    /* microseconds for columns of time, else a number */
	bool overlap_time;  /* it was written as a duration */
};

struct source_column {
	struct str name;
	struct str type;    /* as a warehouse of the same kind writes it; of an enum: its bare name */
	struct str origin;  /* its type at the source, where it comes over as another one; else empty */
	/* An enum: its labels in order; the column is one of these, or an array of them. */
	const struct str *labels;
	size_t n_labels;
	bool labels_array;
};

/* Lines as COPY writes them: tab separated, \N for null; cut anywhere. */
typedef int source_sink(void *arg, struct str rows, struct mst_error *);

struct source;
struct source_ops {
	const char *name; /* "postgres" */
	/* Checks the query there and tells its columns; from here on everything is read in one state
	 * of the database, in a transaction that cannot write.  MST_DATA with a place for what is not
	 * harmless after all, or does not fit. */
	int (*describe)(struct pool *, struct source *, const struct source_query *, struct source_column **out,
			size_t *n, struct mst_error *);
	/* The highest finite value of the column among the rows, as text; p NULL where there is none. */
	int (*highest)(struct pool *, struct source *, const struct source_query *, struct str column, struct str *out,
		       struct mst_error *);
	/* All rows.  An end that the server did not confirm is MST_UNAVAILABLE.  An error of the sink
	 * is passed on, and *sunk is set. */
	int (*read)(struct source *, const struct source_query *, source_sink *, void *arg, bool *sunk,
		    struct mst_error *);
	void (*close)(struct source *);
};

struct source {
	const struct source_ops *ops;
	const char *name; /* of the connection */
	bool restricted;  /* only a restricted SELECT may be asked of it */
};

#endif
