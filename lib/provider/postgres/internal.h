/* What the files of this folder share. */
#ifndef MST_PROVIDER_POSTGRES_INTERNAL_H
#define MST_PROVIDER_POSTGRES_INTERNAL_H

#include "provider/postgres/postgres.h"

enum pg_effect { PG_EFFECT_UNKNOWN, PG_EFFECT_KEPT, PG_EFFECT_DENIED };

/* The names of a target in the pool: quoted, and as text. */
struct pg_names {
	struct str schema, table;                       /* "ds", "t" */
	struct str full, build;                         /* "ds"."t", "ds"."t__mst_new" */
	struct str schema_text, table_text, build_text; /* unquoted */
};
void pg_names(struct pool *, const struct warehouse_target *, struct pg_names *out);
/* The name of what stands beside a table, cut where it would be too long. */
struct str pg_beside(struct pool *, struct str table, const char *suffix);

/* One attempt at a target, from pg_begin to pg_finish or pg_undo. */
struct pg_job {
	struct pg *pg;
	struct pool *pool; /* of the attempt */
	const struct warehouse_target *t;
	struct pg_names n;
	bool done;          /* mst_effect had it: nothing is to be done */
	bool tested;        /* the tests have passed */
	struct str made;    /* goes into mst_effect, where p is not NULL (materialized.c) */
	struct warehouse_result result; /* so far */
};

struct pg {
	struct warehouse base;
	struct pool *pool; /* of the connection */
	struct pool *answer; /* what the last result points to */
	struct db *db;
	VEC(struct str) schemas; /* known to be there */
	bool watching; /* the server was asked to look after us */
	enum pg_effect effect;
	/* a load under way */
	struct pool *load_pool;
	struct pg_job load;
	struct str load_copy; /* the COPY, where it is made for each piece */
};

/* --- text.c, param.c: statements as text, pure ------------------------------------ */

/* How the user's text of a view is cut. */
struct pg_view_text {
	struct str body; /* what stands in the statement: a view into the text */
	bool statement;  /* a CREATE VIEW: body begins behind the name; else it is a query */
	bool recursive;
};
/* MST_DATA with a place: a CREATE of something else, of a temporary view, of another name.
 * `materialized`: the statement may be a CREATE MATERIALIZED VIEW. */
int pg_view_text(struct pool *, const struct warehouse_target *, bool materialized, struct pg_view_text *out,
		 struct mst_error *);

struct pg_cut {
	size_t at, n;     /* of the piece */
	size_t sent, len; /* what stands there instead, of sql behind the prefix */
};
/* A statement around a piece of the user's text whose parameters are put in. */
struct pg_text {
	struct str sql;   /* the whole statement */
	struct str from;  /* the piece, a view into the user's text */
	size_t prefix;    /* bytes of sql in front of the piece */
	VEC(struct pg_cut) cuts;
	const struct str *values; /* of $1..$n; none where literals were asked for */
	size_t n_values;
};
#define PG_NO_TABLE ((struct str){ NULL, 0 })
/* head + piece + tail; declared parameters become $n, or literals; @table becomes `table`, unless
 * that is PG_NO_TABLE. */
void pg_text_make(struct pool *, const struct warehouse_target *, const char *head, struct str piece,
		  const char *tail, bool literals, struct str table, struct pg_text *out);
/* Sends it as one statement. */
int pg_text_run(struct pg *, const struct pg_text *, int64_t *rows, struct mst_error *);
/* Sets the place of the last error in the user's text.  Returns the code. */
int pg_place(struct pg *, const struct warehouse_target *, const struct pg_text *, struct mst_error *);

struct str pg_begin_sql(struct pool *, const struct pg_names *, const struct warehouse_target *);
struct str pg_drop_build_sql(struct pool *, const struct pg_names *);
void pg_table_as(struct pool *, const struct warehouse_target *, const struct pg_names *, struct pg_text *out);
void pg_view_as(struct pool *, const struct warehouse_target *, struct str name, bool replace,
		const struct pg_view_text *, struct pg_text *out);
void pg_materialized_as(struct pool *, const struct warehouse_target *, const struct pg_names *,
			const struct pg_view_text *, struct pg_text *out);
struct str pg_create_sql(struct pool *, const struct pg_names *, const struct warehouse_column *, size_t n);
struct str pg_copy_sql(struct pool *, const struct pg_names *, const struct warehouse_column *, size_t n);
int pg_explain(struct pool *, const struct warehouse_target *, const char *kind, const struct warehouse_column *,
	       size_t n, warehouse_sink *, void *arg, struct mst_error *);

/* --- attempt.c -------------------------------------------------------------------- */

/* The schema, BEGIN, search_path, the lock of the target, `look`, pre statements; `drop`: takes
 * a left-over build away.  Where job->done is set the transaction is over. */
int pg_begin(struct pg *, struct pool *, const struct warehouse_target *, bool drop, struct pg_job *out,
	     struct mst_error *);
/* post statements, COMMIT; then the result is in *out.  After an error all is undone. */
int pg_finish(struct pg_job *, struct warehouse_result *out, struct mst_error *);
/* Rolls back and returns the code of err; what tests found goes to *out. */
int pg_undo(struct pg_job *, struct warehouse_result *out, struct mst_error *);
/* The key of the advisory lock of a target (its full name, quoted). */
int64_t pg_target_key(struct str full);
/* What stands under the target's name: 'v' a view, 0 nothing, else pg_class.relkind. */
int pg_relkind(struct pg_job *, char *relkind, struct mst_error *);

/* --- effect.c --------------------------------------------------------------------- */

/* Finds out whether mst_effect can be kept here, and makes it where it is not there.  Outside of a
 * transaction. */
int pg_effect_open(struct pg *, struct mst_error *);
/* job->done where the key is there. */
int pg_effect_look(struct pg_job *, struct mst_error *);
/* Writes the record of the attempt, with the size of `built` (p NULL: that of the result so far);
 * job->done where the key was there after all: then the
 * transaction is rolled back. */
int pg_effect_write(struct pg_job *, struct str built, struct mst_error *);
/* What `made` of the last effect on the target says; p NULL: nothing. */
int pg_effect_made(struct pg_job *, struct str *out, struct mst_error *);
/* Whether t->behind is what the table as it stands goes on from. */
int pg_effect_goes_on(struct pg_job *, struct mst_error *);
int pg_effect_watermark(struct pool *, struct warehouse *, const struct warehouse_target *, struct str *out,
			struct mst_error *);

/* The materialized view `target` (quoted), of which `made` was said, was made again under a new oid. */
int pg_effect_follow(struct pg_job *, struct str target, struct str made, struct mst_error *);

/* --- tests.c, grow.c, swap.c, carry.c, follow.c ---------------------------------------------- */

/* Runs the tests of the target on `relation` (quoted).  `before`: rows that it had, for the change,
 * or -1. MST_FAILED where one of severity error fails; job->result.tests is set in any case. */
int pg_tests(struct pg_job *, struct str relation, int64_t before, struct mst_error *);

typedef VEC(struct str) pg_statements;
/* The statements that pg_tests will send, as far as nothing fails. */
void pg_tests_explain(struct pool *, const struct warehouse_target *, const struct pg_names *, struct str relation,
		      pg_statements *out);

/* How many rows the table has, where there are tests and it is there; else -1. */
int pg_count_before(struct pg_job *, int64_t *out, struct mst_error *);
/* The build has rows, the target is there: appends or merges them, tests, drops the build, records the
 * effect.  Sets rows (those added or changed) and bytes (of the whole table). */
int pg_grow(struct pg_job *, struct mst_error *);
/* MST_DATA where the key of a row of the build is null or stands more than once. */
int pg_keys(struct pg_job *, struct mst_error *);

/* Holds the build against its key, tests it, records the effect and, unless the effect was there, puts the
 * build in the place of the target, inside the transaction.  Sets bytes. */
int pg_take_place(struct pg_job *, struct mst_error *);
int pg_swap(struct pg_job *, struct mst_error *);
/* Under a savepoint with a short lock time-out, again and again while somebody else holds what
 * the statements need. */
int pg_exec_patiently(struct pg *, struct pool *, struct str sql, struct mst_error *);

enum pg_phase {
	PG_STUCK,  /* what cannot be carried over: sql is the reason */
	PG_BUILD,  /* statements on the build, before anybody is locked out */
	PG_BEFORE, /* under the lock, before the old relation is dropped */
	PG_AFTER,  /* when the new one has the name */
};
struct pg_carry {
	enum pg_phase phase;
	struct str what; /* "the index t_k" */
	struct str sql;
};
typedef VEC(struct pg_carry) pg_carries;
/* All that hangs on relation `oid` and the statements that give it to `build`, which will be
 * called `full`.  search_path must be pg_catalog. */
int pg_carry_read(struct pg_job *, struct str oid, struct str build, struct str full, pg_carries *out,
		  struct mst_error *);
int pg_carry_run(struct pg_job *, const pg_carries *, enum pg_phase, struct str full, struct mst_error *);

/* A view or materialized view that reads a relation that is replaced, directly or through others. */
struct pg_follower {
	struct str oid, name; /* quoted where it must be */
	char kind;            /* 'v', 'm', or of what cannot follow */
	struct str target;    /* the name as mst_effect has it, always quoted */
	struct str made;      /* what the last effect on that name says; p NULL: nothing, or it is a view */
	struct str create;    /* makes it anew, a materialized one without rows */
	struct str fill;      /* gives a materialized one its rows */
	struct str stuck;     /* why it cannot follow; p NULL: it can */
	struct str hint;      /* what is to be done then, where that is more than usual */
	pg_carries carries;   /* left to the caller */
};
typedef VEC(struct pg_follower) pg_followers;
/* All that read relation `oid`, nearest first; `lock`: the statements that keep readers from all of
 * them and from the relation itself.  Not yet `locked`: without create.  search_path must be
 * pg_catalog. */
int pg_followers_read(struct pg_job *, struct str oid, bool locked, pg_followers *out, struct str *lock,
		      struct mst_error *);
/* The statements that drop them, outermost first. */
void pg_followers_drop(const pg_followers *, struct buf *);
/* Makes one again that was dropped, with what it carries and its rows; mst_effect knows its new oid. */
int pg_follow(struct pg_job *, const struct pg_follower *, struct mst_error *);

int pg_effect_done(struct warehouse *, const struct warehouse_target *, struct warehouse_result *,
		   struct mst_error *);
struct str pg_source_whole(struct pool *, const struct warehouse_target *);
struct str pg_source_copy(struct pool *, struct str query);

int pg_load_begin(struct warehouse *, const struct warehouse_target *, const struct warehouse_column *, size_t n,
		  struct mst_error *);
int pg_load_put(struct warehouse *, struct str rows, struct mst_error *);
int pg_load_end(struct warehouse *, struct warehouse_result *, struct mst_error *);
void pg_load_abort(struct warehouse *);
/* Ends a load that failed; returns the code of err. */
int pg_load_over(struct pg *, struct mst_error *);
/* Sets err->line where the server refused a row of a COPY, and says which column. */
void pg_refused_row(struct pg *, struct mst_error *);

/* --- load_errors.c: bad rows ------------------------------------------------------- */

/* The side table is there and empty. */
int pg_errors_begin(struct pg_job *, struct mst_error *);
int pg_load_try(struct warehouse *, struct str rows, uint32_t *bad, struct mst_error *);
int pg_load_aside(struct warehouse *, const struct warehouse_bad *, size_t n, struct mst_error *);

int pg_summary(struct warehouse *, const struct warehouse_target *, struct warehouse_result *, struct mst_error *);
int pg_view(struct warehouse *, const struct warehouse_target *, struct warehouse_result *, struct mst_error *);
int pg_script(struct warehouse *, const struct warehouse_target *, struct warehouse_result *, struct mst_error *);
int pg_materialized(struct warehouse *, const struct warehouse_target *, struct warehouse_result *,
		    struct mst_error *);

/* shape.c */
int pg_columns(struct pool *, struct warehouse *, const struct warehouse_target *, struct warehouse_column **out,
	       size_t *n, struct mst_error *);
int pg_enumeration(struct pool *, struct warehouse *, const struct warehouse_target *, struct str name,
		   const struct str *labels, size_t n, struct str *type, size_t *added, struct mst_error *);
int pg_clock(struct warehouse *, const char *zone, int64_t *now_us, struct tm *wall, struct mst_error *);

int pg_read(struct warehouse *, const struct warehouse_target *, const struct warehouse_read *, warehouse_sink *,
	    void *arg, struct mst_error *);

#endif
