/* The table mst_effect of a warehouse: what was committed, written in the transaction of the rows. */
#include "provider/postgres/internal.h"

/* A trigger, default or policy of a stranger's table would run with our rights. */
static const char look_sql[] =
	"SELECT c.oid IS NOT NULL,"
	"  c.relkind = 'r' AND (o.rolsuper OR c.relowner = d.datdba"
	"    OR pg_catalog.pg_has_role(c.relowner, 'USAGE'))"
	"  AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AND pg_catalog.has_table_privilege(c.oid, 'INSERT')"
	"  AND pg_catalog.has_table_privilege(c.oid, 'DELETE'),"
	"  pg_catalog.has_schema_privilege(n.oid, 'CREATE'),"
	"  EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'made')"
	"  FROM pg_catalog.pg_database d"
	"  LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = 'public'"
	"  LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = 'mst_effect'"
	"  LEFT JOIN pg_catalog.pg_roles o ON o.oid = c.relowner"
	" WHERE d.datname = pg_catalog.current_database()";

static const char make_sql[] =
	"SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('mst_effect'));"
	"CREATE TABLE IF NOT EXISTS public.mst_effect ("
	"  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
	"  job_key text UNIQUE,"
	"  attempt integer NOT NULL,"
	"  target text NOT NULL,"
	"  watermark text,"
	"  rows bigint,"
	"  bytes bigint,"
	"  made text,"
	"  at timestamptz NOT NULL DEFAULT pg_catalog.now());"
	"CREATE INDEX IF NOT EXISTS mst_effect_target ON public.mst_effect (target, id);"
	"COMMENT ON TABLE public.mst_effect IS 'what mst committed here: a job that is tried again looks before it acts';"
	"REVOKE ALL ON public.mst_effect FROM PUBLIC";

int pg_effect_open(struct pg *pg, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	for (int tries = 0; pg->effect == PG_EFFECT_UNKNOWN; tries++) {
		const struct db_result *r;
		int rc = db_query(tmp, pg->db, str_of(look_sql), NULL, 0, &r, err);
		if (rc)
			return rc;
		bool there = db_bool(r, 0, 0), usable = db_bool(r, 0, 1) && db_bool(r, 0, 3);
		if (there || !db_bool(r, 0, 2) || tries) {
			pg->effect = there && usable ? PG_EFFECT_KEPT : PG_EFFECT_DENIED;
			return 0;
		}
		rc = db_exec_quietly(pg->db, str_of(make_sql), err);
		if (rc == MST_UNAVAILABLE || rc == MST_CANCELLED || rc == MST_TIMEOUT)
			return rc;
	}
	return 0;
}

int pg_effect_look(struct pg_job *j, struct mst_error *err)
{
	const struct db_result *r;
	int rc = db_query(j->pool, j->pg->db,
			  STR("SELECT rows, bytes FROM public.mst_effect WHERE job_key = $1"), &j->t->job_key, 1, &r, err);
	if (rc)
		j->pg->effect = PG_EFFECT_UNKNOWN; /* it was taken away */
	if (rc || db_rows(r) == 0)
		return rc;
	j->done = true;
	j->result.rows = db_is_null(r, 0, 0) ? -1 : db_int(r, 0, 0);
	j->result.bytes = db_is_null(r, 0, 1) ? -1 : db_int(r, 0, 1);
	db_rollback(j->pg->db);
	return 0;
}

int pg_effect_done(struct warehouse *w, const struct warehouse_target *t, struct warehouse_result *out,
		   struct mst_error *err)
{
	POOL_SCRATCH(pool);
	struct pg_job j = { .pg = (struct pg *)w, .pool = pool, .t = t, .result = { .rows = -1, .bytes = -1, .cpu_us = -1 } };
	int rc = t->job_key.n ? pg_effect_open(j.pg, err) : 0;
	if (!rc && t->job_key.n && j.pg->effect == PG_EFFECT_KEPT)
		rc = pg_effect_look(&j, err);
	if (rc || !j.done)
		return rc;
	j.result.done_before = true;
	j.result.tests = (struct str){ "", 0 };
	*out = j.result;
	return 1;
}

/* The latest watermark of a target stays for ever, all else a month.  A watermark is one of the relation that
 * the rows are in: a table of the same name that somebody made by hand has none. */
static const char write_sql[] =
	"WITH gone AS ("
	"  DELETE FROM public.mst_effect e"
	"   WHERE e.target = $3 AND e.at < pg_catalog.now() - pg_catalog.make_interval(days => 30)"
	"     AND e.id IS DISTINCT FROM (SELECT pg_catalog.max(l.id) FROM public.mst_effect l"
	"       WHERE l.target = $3 AND l.watermark IS NOT NULL)"
	"     AND e.id IS DISTINCT FROM (SELECT pg_catalog.max(l.id) FROM public.mst_effect l"
	"       WHERE l.target = $3 AND l.made IS NOT NULL))"
	"INSERT INTO public.mst_effect (job_key, attempt, target, watermark, rows, bytes, made, at)"
	"  VALUES ($1, $2, $3, $4::pg_catalog.text, $5,"
	"    COALESCE($6, pg_catalog.pg_table_size(pg_catalog.to_regclass($8))),"
	"    COALESCE($7, CASE WHEN $4::pg_catalog.text IS NOT NULL THEN"
	"      pg_catalog.to_regclass(COALESCE($8, $3))::pg_catalog.oid::text END), pg_catalog.now())"
	"  ON CONFLICT (job_key) DO NOTHING";

int pg_effect_write(struct pg_job *j, struct str built, struct mst_error *err)
{
	const struct warehouse_target *t = j->t;
	struct pg *pg = j->pg;
	if (t->watermark.p && pg->effect != PG_EFFECT_KEPT) {
		mst_fail(err, MST_DENIED, "public.mst_effect cannot be kept here, so there is no place for the watermark");
		return mst_hint(err, "the owner of the database makes it with the first run of his own, and grants "
				     "SELECT, INSERT and DELETE on it");
	}
	if (pg->effect != PG_EFFECT_KEPT || (!t->job_key.n && !t->watermark.p && !j->made.p))
		return 0;
	struct str params[] = {
		t->job_key.n ? t->job_key : DB_NULL,
		db_param_int(j->pool, t->attempt),
		j->n.full,
		t->watermark,
		j->result.rows >= 0 ? db_param_int(j->pool, j->result.rows) : DB_NULL,
		j->result.bytes >= 0 ? db_param_int(j->pool, j->result.bytes) : DB_NULL,
		j->made,
		built,
	};
	int64_t written;
	int rc = db_run(pg->db, str_of(write_sql), params, sizeof params / sizeof *params, &written, err);
	if (rc) {
		pg->effect = PG_EFFECT_UNKNOWN;
		return mst_wrap(err, "public.mst_effect");
	}
	/* another attempt at the same job has committed it */
	return written ? 0 : pg_effect_look(j, err);
}

int pg_effect_follow(struct pg_job *j, struct str target, struct str made, struct mst_error *err)
{
	const struct db_result *r;
	struct str oid, hash;
	int rc = db_query(j->pool, j->pg->db, STR("SELECT pg_catalog.to_regclass($1)::pg_catalog.oid"), &target, 1, &r, err);
	if (rc)
		return rc;
	str_cut(made, ' ', &oid, &hash);
	struct str params[] = {
		DB_NULL,
		db_param_int(j->pool, j->t->attempt),
		target,
		DB_NULL,
		DB_NULL,
		DB_NULL,
		str_of(pool_printf(j->pool, "%.*s %.*s", STR_FMT(db_text(r, 0, 0)), STR_FMT(hash))),
		target,
	};
	rc = db_run(j->pg->db, str_of(write_sql), params, sizeof params / sizeof *params, NULL, err);
	return rc ? mst_wrap(err, "public.mst_effect") : 0;
}

int pg_effect_made(struct pg_job *j, struct str *out, struct mst_error *err)
{
	const struct db_result *r;
	*out = (struct str){ NULL, 0 };
	if (j->pg->effect != PG_EFFECT_KEPT)
		return 0;
	int rc = db_query(j->pool, j->pg->db,
			  STR("SELECT made FROM public.mst_effect WHERE target = $1 AND made IS NOT NULL"
			      " ORDER BY id DESC LIMIT 1"),
			  &j->n.full, 1, &r, err);
	if (!rc && db_rows(r))
		*out = db_text(r, 0, 0);
	return rc;
}

/* The catalogue itself is asked: to_regclass may answer out of what the session remembers. */
static int watermark(struct pool *pool, struct pg *pg, const struct pg_names *n, struct str *out, struct mst_error *err)
{
	const struct db_result *r;
	struct str params[] = { n->full, n->schema_text, n->table_text };
	int rc = db_query(pool, pg->db,
			  STR("SELECT e.watermark FROM public.mst_effect e"
			      "  JOIN pg_catalog.pg_namespace n ON n.nspname = $2"
			      "  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = $3"
			      " WHERE e.target = $1 AND e.watermark IS NOT NULL AND e.made = c.oid::text"
			      " ORDER BY e.id DESC LIMIT 1"),
			  params, 3, &r, err);
	if (rc)
		pg->effect = PG_EFFECT_UNKNOWN;
	else
		*out = db_rows(r) ? str_dup(pool, db_text(r, 0, 0)) : (struct str){ NULL, 0 };
	return rc;
}

int pg_effect_goes_on(struct pg_job *j, struct mst_error *err)
{
	struct str now;
	if (!j->t->behind.p)
		return 0;
	int rc = watermark(j->pool, j->pg, &j->n, &now, err);
	if (rc || (now.p && str_eq(now, j->t->behind)))
		return rc;
	mst_fail(err, MST_CONFLICT, "%.*s has changed since it was decided which rows it lacks", STR_FMT(j->n.full));
	err->retry = true;
	return err->code;
}

int pg_effect_watermark(struct pool *pool, struct warehouse *w, const struct warehouse_target *t, struct str *out,
			struct mst_error *err)
{
	struct pg *pg = (struct pg *)w;
	struct pg_names n;
	pg_names(pool, t, &n);
	int rc = pg_effect_open(pg, err);
	if (rc)
		return rc;
	if (pg->effect != PG_EFFECT_KEPT) {
		mst_fail(err, MST_DENIED, "public.mst_effect cannot be kept here, so there is no place for the watermark");
		return mst_hint(err, "the owner of the database makes it with the first run of his own, and grants "
				     "SELECT, INSERT and DELETE on it");
	}
	return watermark(pool, pg, &n, out, err);
}
