#include "provider/postgres/internal.h"

#include "base/sha256.h"
#include "model/job.h"

#include <stdlib.h>

int pg_undo(struct pg *pg, struct mst_error *err)
{
	db_rollback(pg->db);
	return err->code;
}

int pg_place(struct pg *pg, const struct warehouse_target *t, struct str text, size_t prefix,
	     struct mst_error *err)
{
	const struct db_diag *d = db_diag(pg->db);
	uint32_t line = 0, col = 0;
	if (d->offset != DB_NO_OFFSET && d->offset >= prefix && d->offset - prefix <= text.n)
		text_place(t->sql, (size_t)(text.p - t->sql.p) + d->offset - prefix, &line, &col);
	return mst_place(err, t->file, line, col);
}

/* The schema is made outside of the transaction: others that need it must not wait for the build. */
static int have_schema(struct pg *pg, const struct pg_names *n, struct mst_error *err)
{
	for (size_t i = 0; i < pg->schemas.n; i++)
		if (str_eq(pg->schemas.v[i], n->schema_text))
			return 0;
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	int rc = db_query(tmp, pg->db, STR("SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1"),
			  &n->schema_text, 1, &r, err);
	if (!rc && db_rows(r) == 0) {
		rc = db_exec(pg->db, str_of(pool_printf(tmp, "CREATE SCHEMA IF NOT EXISTS %.*s", STR_FMT(n->schema))),
			     err);
		/* two at once: the other one made it */
		if (rc && (strcmp(err->sqlstate, "23505") == 0 || strcmp(err->sqlstate, "42P06") == 0))
			rc = 0;
	}
	if (!rc)
		*vec_push(pg->pool, &pg->schemas) = str_dup(pg->pool, n->schema_text);
	return rc;
}

/* Whoever writes the same target waits here until the other one's commit. */
static int64_t target_key(const struct pg_names *n)
{
	POOL_SCRATCH(tmp);
	char hex[SHA256_HEX];
	sha256_hex(hex, str_of(pool_printf(tmp, "mst %.*s", STR_FMT(n->full))));
	hex[15] = 0;
	return strtoll(hex, NULL, 16);
}

/* A server notices that a client was killed when it writes to it, which may be hours later. */
static int have_watch(struct pg *pg, struct mst_error *err)
{
	if (pg->watching)
		return 0;
	pg->watching = true;
	int rc = db_exec(pg->db, STR("SET client_connection_check_interval TO '5s'"), err);
	/* some systems have no such check */
	return rc == MST_UNAVAILABLE || rc == MST_CANCELLED ? rc : 0;
}

int pg_begin(struct pg *pg, struct pool *pool, const struct pg_names *n, bool drop, struct mst_error *err)
{
	int rc = have_watch(pg, err);
	if (!rc)
		rc = have_schema(pg, n, err);
	if (rc)
		return rc;
	struct str begin = pg_begin_sql(pool, n), leftover = pg_drop_build_sql(pool, n);
	return db_exec(pg->db,
		       str_of(pool_printf(pool, "%.*s; SELECT pg_catalog.pg_advisory_xact_lock(%lld)%s%.*s", STR_FMT(begin),
					  (long long)target_key(n), drop ? "; " : "", drop ? (int)leftover.n : 0,
					  leftover.p)),
		       err);
}

/* What people trip over who know another SQL. */
static void hint_syntax(struct str sql, struct mst_error *err)
{
	if (strstr(err->msg, "at or near \"`\""))
		mst_hint(err, "the warehouse is a PostgreSQL: names stand in double quotes there, or in none");
	else if (memchr(sql.p, ';', sql.n))
		mst_hint(err, "a summary is one query; several statements are '-- mst: kind: script'");
}

static int summary(struct warehouse *w, const struct warehouse_target *t, struct warehouse_result *out,
		   struct mst_error *err)
{
	struct pg *pg = (struct pg *)w;
	POOL_SCRATCH(pool);
	struct pg_names n;
	size_t prefix;
	int64_t rows, bytes;
	pg_names(pool, t, &n);
	struct str sql = pg_table_as_sql(pool, &n, t->sql, &prefix);
	if (pg_begin(pg, pool, &n, true, err))
		return pg_undo(pg, err);
	if (db_run(pg->db, sql, NULL, 0, &rows, err)) {
		if (strcmp(err->sqlstate, "42601") == 0)
			hint_syntax(t->sql, err);
		pg_place(pg, t, t->sql, prefix, err);
		return pg_undo(pg, err);
	}
	if (pg_swap(pg, pool, &n, &bytes, err) || db_commit(pg->db, err))
		return pg_undo(pg, err);
	*out = (struct warehouse_result){ .rows = rows, .bytes = bytes, .cpu_us = -1 };
	return 0;
}

/* What stands under the target's name: 'v' a view, 0 nothing, else something else. */
static int look(struct pg *pg, const struct pg_names *n, char *relkind, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str names[] = { n->schema_text, n->table_text };
	int rc = db_query(tmp, pg->db,
			  STR("SELECT c.relkind FROM pg_catalog.pg_class c"
			      "  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
			      " WHERE n.nspname = $1 AND c.relname = $2"),
			  names, 2, &r, err);
	if (!rc)
		*relkind = db_rows(r) ? db_text(r, 0, 0).p[0] : 0;
	return rc;
}

static int view(struct warehouse *w, const struct warehouse_target *t, struct warehouse_result *out,
		struct mst_error *err)
{
	struct pg *pg = (struct pg *)w;
	POOL_SCRATCH(pool);
	struct pg_names n;
	struct pg_view_text v;
	size_t prefix;
	int64_t bytes;
	char relkind;
	int rc = pg_view_text(pool, t, &v, err);
	if (rc)
		return rc;
	pg_names(pool, t, &n);
	if (pg_begin(pg, pool, &n, false, err) || look(pg, &n, &relkind, err))
		return pg_undo(pg, err);
	bool beside = relkind != 0;
	if (relkind == 'v') {
		/* where it stands, which keeps all that hangs on it; other columns want a new one */
		if (db_exec(pg->db, STR("SAVEPOINT mst_view; SET LOCAL lock_timeout = '500ms'"), err))
			return pg_undo(pg, err);
		rc = db_run(pg->db, pg_view_sql(pool, n.full, true, &v, &prefix), NULL, 0, NULL, err);
		beside = rc && (strcmp(err->sqlstate, "42P16") == 0 || strcmp(err->sqlstate, "55P03") == 0);
		if (beside && db_exec(pg->db, STR("ROLLBACK TO SAVEPOINT mst_view"), err))
			return pg_undo(pg, err);
	}
	if (beside || !relkind)
		rc = db_run(pg->db, pg_view_sql(pool, beside ? n.build : n.full, false, &v, &prefix), NULL, 0, NULL,
			    err);
	if (rc) {
		pg_place(pg, t, v.body, prefix, err);
		return pg_undo(pg, err);
	}
	if ((beside && pg_swap(pg, pool, &n, &bytes, err)) || db_commit(pg->db, err))
		return pg_undo(pg, err);
	*out = (struct warehouse_result){ .rows = -1, .bytes = -1, .cpu_us = -1 };
	return 0;
}

static int script(struct warehouse *w, const struct warehouse_target *t, struct warehouse_result *out,
		  struct mst_error *err)
{
	struct pg *pg = (struct pg *)w;
	POOL_SCRATCH(pool);
	struct pg_names n;
	pg_names(pool, t, &n);
	if (pg_begin(pg, pool, &n, false, err))
		return pg_undo(pg, err);
	if (db_exec(pg->db, t->sql, err)) {
		pg_place(pg, t, t->sql, 0, err);
		return pg_undo(pg, err);
	}
	if (db_in_transaction(pg->db) && db_commit(pg->db, err))
		return pg_undo(pg, err);
	*out = (struct warehouse_result){ .rows = -1, .bytes = -1, .cpu_us = -1 };
	return 0;
}

static int peek(struct warehouse *w, const struct warehouse_target *t, int limit, warehouse_sink *tell, void *arg,
		struct mst_error *err)
{
	struct pg *pg = (struct pg *)w;
	POOL_SCRATCH(pool);
	struct pg_names n;
	const struct db_result *r;
	pg_names(pool, t, &n);
	struct str sql = str_of(pool_printf(pool, "SELECT pg_catalog.row_to_json(t) FROM %.*s t LIMIT %d",
					    STR_FMT(n.full), limit));
	int rc = db_query(pool, pg->db, sql, NULL, 0, &r, err);
	for (size_t i = 0; !rc && i < db_rows(r); i++)
		rc = tell(arg, db_text(r, i, 0), err);
	return rc;
}

static int name_fits(const struct warehouse_target *t, const char *what, struct str name, struct mst_error *err)
{
	if (name.n <= POSTGRES_NAME_MAX)
		return 0;
	mst_fail(err, MST_DATA, "the %s of %.*s has %zu bytes; PostgreSQL takes %d", what, STR_FMT(t->name), name.n,
		 POSTGRES_NAME_MAX);
	return mst_hint(err, "give it a shorter name (a file's name, or '-- mst: name: ...')");
}

static int check(const struct warehouse_target *t, struct mst_error *err)
{
	int rc = name_fits(t, "dataset", t->dataset, err);
	if (!rc)
		rc = name_fits(t, "table", t->table, err);
	if (!rc && (str_has_prefix(t->dataset, STR("pg_")) || str_eqz(t->dataset, "information_schema")))
		rc = mst_fail(err, MST_DATA, "%.*s would lie in a schema of PostgreSQL's own", STR_FMT(t->name));
	return rc;
}

const struct warehouse_ops postgres_ops = {
	.name = "postgres",
	.summary = summary,
	.view = view,
	.script = script,
	.load_begin = pg_load_begin,
	.load_put = pg_load_put,
	.load_end = pg_load_end,
	.load_abort = pg_load_abort,
	.explain = pg_explain,
	.peek = peek,
	.check = check,
	.columns = pg_columns,
	.enumeration = pg_enumeration,
	.clock = pg_clock,
};

struct warehouse *postgres_warehouse(struct pool *pool, struct db *db)
{
	struct pg *pg = pool_zalloc(pool, sizeof *pg);
	pg->base.ops = &postgres_ops;
	pg->pool = pool;
	pg->db = db;
	return &pg->base;
}
