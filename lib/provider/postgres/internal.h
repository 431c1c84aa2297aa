/* What the files of this folder share. */
#ifndef MST_PROVIDER_POSTGRES_INTERNAL_H
#define MST_PROVIDER_POSTGRES_INTERNAL_H

#include "provider/postgres/postgres.h"

struct pg {
	struct warehouse base;
	struct pool *pool; /* of the connection */
	struct db *db;
	VEC(struct str) schemas; /* known to be there */
	bool watching; /* the server was asked to look after us */
	/* a load under way */
	struct pool *load_pool;
	const struct warehouse_target *load;
};

/* The names of a target in the pool: quoted, and as text. */
struct pg_names {
	struct str schema, table;                       /* "ds", "t" */
	struct str full, build;                         /* "ds"."t", "ds"."t__mst_new" */
	struct str schema_text, table_text, build_text; /* unquoted */
};
void pg_names(struct pool *, const struct warehouse_target *, struct pg_names *out);

/* How the user's text of a view is cut. */
struct pg_view_text {
	struct str body; /* what stands in the statement: a view into the text */
	bool statement;  /* a CREATE VIEW: body begins behind the name; else it is a query */
	bool recursive;
};
/* MST_DATA with a place: a CREATE of something else, of a temporary view, of another name. */
int pg_view_text(struct pool *, const struct warehouse_target *, struct pg_view_text *out, struct mst_error *);

struct str pg_begin_sql(struct pool *, const struct pg_names *);
struct str pg_drop_build_sql(struct pool *, const struct pg_names *);
/* The user's text is the tail of the statement; *prefix is the length before it. */
struct str pg_table_as_sql(struct pool *, const struct pg_names *, struct str query, size_t *prefix);
struct str pg_view_sql(struct pool *, struct str name, bool replace, const struct pg_view_text *, size_t *prefix);
struct str pg_create_sql(struct pool *, const struct pg_names *, const struct warehouse_column *, size_t n);
struct str pg_copy_sql(struct pool *, const struct pg_names *, const struct warehouse_column *, size_t n);

/* The schema, BEGIN, search_path, the lock of the target; `drop`: takes a left-over build away. */
int pg_begin(struct pg *, struct pool *, const struct pg_names *, bool drop, struct mst_error *);
/* Puts the built relation in the place of the target, inside the transaction.
 * *bytes: the size of the table, -1 for a view. */
int pg_swap(struct pg *, struct pool *, const struct pg_names *, int64_t *bytes, struct mst_error *);
/* Sets the place of the last error in the user's text: `text` is a view into
 * target->sql that began `prefix` bytes into the statement.  Returns the code. */
int pg_place(struct pg *, const struct warehouse_target *, struct str text, size_t prefix, struct mst_error *);
/* Rolls back and returns the code of err. */
int pg_undo(struct pg *, struct mst_error *);

int pg_load_begin(struct warehouse *, const struct warehouse_target *, const struct warehouse_column *, size_t n,
		  struct mst_error *);
int pg_load_put(struct warehouse *, struct str rows, struct mst_error *);
int pg_load_end(struct warehouse *, struct warehouse_result *, struct mst_error *);
void pg_load_abort(struct warehouse *);
int pg_explain(struct pool *, const struct warehouse_target *, const char *kind, const struct warehouse_column *,
	       size_t n, warehouse_sink *, void *arg, struct mst_error *);

/* shape.c */
int pg_columns(struct pool *, struct warehouse *, const struct warehouse_target *, struct warehouse_column **out,
	       size_t *n, struct mst_error *);
int pg_enumeration(struct pool *, struct warehouse *, const struct warehouse_target *, struct str name,
		   const struct str *labels, size_t n, struct str *type, size_t *added, struct mst_error *);
int pg_clock(struct warehouse *, const char *zone, int64_t *now_us, struct tm *wall, struct mst_error *);

#endif
