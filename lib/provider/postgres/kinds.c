/* The kinds of targets that one text makes. */
#include "provider/postgres/internal.h"

#include "base/sha256.h"

/* What people trip over who know another SQL. */
static void hint_syntax(struct str sql, struct mst_error *err)
{
	if (strstr(err->msg, "at or near \"`\""))
		mst_hint(err, "the warehouse is a PostgreSQL: names stand in double quotes there, or in none");
	else if (memchr(sql.p, ';', sql.n))
		mst_hint(err, "a summary is one query; several statements are '-- mst: kind: script'");
}

int pg_summary(struct warehouse *w, const struct warehouse_target *t, struct warehouse_result *out,
	       struct mst_error *err)
{
	POOL_SCRATCH(pool);
	struct pg_job j;
	struct pg_text x;
	char relkind = 0;
	if (pg_begin((struct pg *)w, pool, t, true, &j, err))
		return pg_undo(&j, out, err);
	if (j.done)
		return pg_finish(&j, out, err);
	if (t->disposition != WAREHOUSE_REPLACE && pg_relkind(&j, &relkind, err))
		return pg_undo(&j, out, err);
	pg_table_as(pool, t, &j.n, &x);
	if (pg_text_run(j.pg, &x, &j.result.rows, err)) {
		if (strcmp(err->sqlstate, "42601") == 0)
			hint_syntax(t->sql, err);
		pg_place(j.pg, t, &x, err);
		return pg_undo(&j, out, err);
	}
	if (relkind ? pg_grow(&j, err) : pg_take_place(&j, err))
		return pg_undo(&j, out, err);
	return pg_finish(&j, out, err);
}

/* Where it stands, which keeps all that hangs on it; other columns want a new one: *beside. */
static int replace_view(struct pg_job *j, const struct pg_view_text *v, struct pg_text *x, bool *beside,
			struct mst_error *err)
{
	if (db_exec(j->pg->db, STR("SAVEPOINT mst_view; SET LOCAL lock_timeout = '500ms'"), err))
		return err->code;
	pg_view_as(j->pool, j->t, j->n.full, true, v, x);
	int rc = pg_text_run(j->pg, x, NULL, err);
	*beside = rc && (strcmp(err->sqlstate, "42P16") == 0 || strcmp(err->sqlstate, "55P03") == 0);
	if (*beside)
		return db_exec(j->pg->db, STR("ROLLBACK TO SAVEPOINT mst_view"), err);
	return rc ? rc : db_exec(j->pg->db, STR("SET LOCAL lock_timeout = 0"), err);
}

/* Under another name, so that nobody who reads the view waits for its tests. */
static int test_view(struct pg_job *j, const struct pg_view_text *v, struct pg_text *x, struct mst_error *err)
{
	/* a recursive one reads itself by its name */
	if (!j->t->tests.type || v->recursive)
		return 0;
	pg_view_as(j->pool, j->t, j->n.build, false, v, x);
	int rc = pg_text_run(j->pg, x, NULL, err);
	x->sql.p = rc ? x->sql.p : NULL;
	if (!rc)
		rc = pg_tests(j, j->n.build, -1, err);
	return rc ? rc : db_exec(j->pg->db, str_of(pool_printf(j->pool, "DROP VIEW %.*s", STR_FMT(j->n.build))), err);
}

int pg_view(struct warehouse *w, const struct warehouse_target *t, struct warehouse_result *out,
	    struct mst_error *err)
{
	POOL_SCRATCH(pool);
	struct pg_job j;
	struct pg_view_text v;
	struct pg_text x = { 0 };
	char relkind;
	int rc = pg_view_text(pool, t, false, &v, err);
	if (rc)
		return rc;
	if (pg_begin((struct pg *)w, pool, t, false, &j, err))
		return pg_undo(&j, out, err);
	if (j.done)
		return pg_finish(&j, out, err);
	if (pg_relkind(&j, &relkind, err))
		return pg_undo(&j, out, err);
	bool beside = relkind != 0;
	if (relkind == 'v')
		rc = test_view(&j, &v, &x, err);
	if (!rc && relkind == 'v')
		rc = replace_view(&j, &v, &x, &beside, err);
	if (!rc && (beside || !relkind)) {
		pg_view_as(pool, t, beside ? j.n.build : j.n.full, false, &v, &x);
		rc = pg_text_run(j.pg, &x, NULL, err);
	}
	if (rc) {
		if (x.sql.p)
			pg_place(j.pg, t, &x, err);
		return pg_undo(&j, out, err);
	}
	if (beside)
		rc = pg_take_place(&j, err);
	else if (!(rc = pg_tests(&j, j.n.full, -1, err)))
		rc = pg_effect_write(&j, DB_NULL, err);
	return rc ? pg_undo(&j, out, err) : pg_finish(&j, out, err);
}

/* The text may end its transaction by itself: then its effect was there before the record, and what
 * it began anew is not ours to judge. */
static int record_script(struct pg_job *j, bool *whole, struct mst_error *err)
{
	const struct db_result *r;
	int rc;
	*whole = false;
	if (!j->t->job_key.n)
		return 0;
	if (db_in_transaction(j->pg->db)) {
		rc = db_query(j->pool, j->pg->db, STR("SELECT pg_catalog.current_setting('mst.whole', true)"), NULL, 0, &r,
			      err);
		if (rc)
			return rc;
		*whole = str_eqz(db_text(r, 0, 0), "1");
	}
	if (j->pg->effect != PG_EFFECT_KEPT)
		return 0;
	rc = db_exec(j->pg->db, STR("RESET ROLE"), err);
	return rc ? rc : pg_effect_write(j, DB_NULL, err);
}

int pg_script(struct warehouse *w, const struct warehouse_target *t, struct warehouse_result *out,
	      struct mst_error *err)
{
	POOL_SCRATCH(pool);
	struct pg_job j;
	struct pg_text x;
	bool whole;
	if (pg_begin((struct pg *)w, pool, t, false, &j, err))
		return pg_undo(&j, out, err);
	if (j.done)
		return pg_finish(&j, out, err);
	if (t->job_key.n && db_exec(j.pg->db, STR("SET LOCAL mst.whole = '1'"), err))
		return pg_undo(&j, out, err);
	pg_text_make(pool, t, "", t->sql, "", true, PG_NO_TABLE, &x);
	if (db_exec(j.pg->db, x.sql, err)) {
		pg_place(j.pg, t, &x, err);
		return pg_undo(&j, out, err);
	}
	if (record_script(&j, &whole, err))
		return pg_undo(&j, out, err);
	if (t->job_key.n && !whole)
		j.result.at_least_once = true;
	return pg_finish(&j, out, err);
}

/* --- materialized ----------------------------------------------------------------------- */

/* What is said of the relation that was built: its oid, which changes with its definition, and
 * the text it was built of. */
static struct str made_of(struct pg_job *j, const struct pg_text *x, struct str oid)
{
	char hex[SHA256_HEX];
	/* the head names the build, the same each time */
	sha256_hex(hex, x->sql);
	return str_of(pool_printf(j->pool, "%.*s %s", STR_FMT(oid), hex));
}

/* A unique index that REFRESH .. CONCURRENTLY can use. */
static const char refresh_sql[] =
	"SELECT c.oid, c.relkind = 'm' AND c.relispopulated AND EXISTS (SELECT FROM pg_catalog.pg_index x"
	"  WHERE x.indrelid = c.oid AND x.indisunique AND x.indimmediate AND x.indisvalid AND x.indpred IS NULL"
	"    AND x.indexprs IS NULL)"
	"  FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1)";

/* 1 where the rows were brought up to date where they stand. */
static int refresh(struct pg_job *j, const struct pg_text *x, struct mst_error *err)
{
	const struct db_result *r;
	struct str made;
	int64_t bytes;
	int rc = pg_effect_made(j, &made, err);
	if (rc || !made.p)
		return rc;
	rc = db_query(j->pool, j->pg->db, str_of(refresh_sql), &j->n.full, 1, &r, err);
	if (rc || db_rows(r) == 0 || !db_bool(r, 0, 1) || !str_eq(made, made_of(j, x, db_text(r, 0, 0))))
		return rc;
	struct str sql = str_of(pool_printf(j->pool, "REFRESH MATERIALIZED VIEW CONCURRENTLY %.*s", STR_FMT(j->n.full)));
	/* a duplicate in the new rows is told by the unique index of a build that stands beside */
	rc = db_exec(j->pg->db, STR("SAVEPOINT mst_refresh"), err);
	if (!rc && (rc = db_exec(j->pg->db, sql, err))) {
		if (strncmp(err->sqlstate, "23", 2) != 0 && strncmp(err->sqlstate, "21", 2) != 0)
			return mst_place(err, j->t->file, 0, 0);
		rc = db_exec(j->pg->db, STR("ROLLBACK TO SAVEPOINT mst_refresh"), err);
		return rc;
	}
	if (rc)
		return rc;
	j->made = made;
	sql = str_of(pool_printf(j->pool,
				 "SELECT pg_catalog.count(*), pg_catalog.pg_table_size(%.*s::pg_catalog.regclass) FROM %.*s",
				 STR_FMT(db_quote_literal(j->pool, j->n.full)), STR_FMT(j->n.full)));
	rc = db_query(j->pool, j->pg->db, sql, NULL, 0, &r, err);
	if (rc)
		return rc;
	j->result.rows = db_int(r, 0, 0);
	bytes = db_int(r, 0, 1);
	j->result.bytes = bytes;
	rc = pg_tests(j, j->n.full, j->t->rows_before, err);
	if (!rc)
		rc = pg_effect_write(j, DB_NULL, err);
	return rc ? rc : 1;
}

int pg_materialized(struct warehouse *w, const struct warehouse_target *t, struct warehouse_result *out,
		    struct mst_error *err)
{
	POOL_SCRATCH(pool);
	struct pg *pg = (struct pg *)w;
	struct pg_job j;
	struct pg_view_text v;
	struct pg_text x;
	const struct db_result *r;
	int rc = pg_view_text(pool, t, true, &v, err);
	/* what it is made of stands there, too */
	if (!rc)
		rc = pg_effect_open(pg, err);
	if (rc)
		return rc;
	if (pg_begin(pg, pool, t, false, &j, err))
		return pg_undo(&j, out, err);
	if (j.done)
		return pg_finish(&j, out, err);
	pg_materialized_as(pool, t, &j.n, &v, &x);
	rc = refresh(&j, &x, err);
	if (rc < 0)
		return pg_undo(&j, out, err);
	if (rc)
		return pg_finish(&j, out, err);
	if (pg_text_run(pg, &x, &j.result.rows, err)) {
		pg_place(pg, t, &x, err);
		return pg_undo(&j, out, err);
	}
	rc = db_query(pool, pg->db, STR("SELECT $1::pg_catalog.regclass::pg_catalog.oid"), &j.n.build, 1, &r, err);
	if (!rc) {
		j.made = made_of(&j, &x, db_text(r, 0, 0));
		rc = pg_take_place(&j, err);
	}
	return rc ? pg_undo(&j, out, err) : pg_finish(&j, out, err);
}
