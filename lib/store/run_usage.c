#include "store/run.h"

#include "base/jsonl.h"

static void key_sum(struct jw *w, const char *key, const struct db_result *r, size_t i, size_t col)
{
	/* a sum of big numbers may be bigger than any of ours */
	if (!db_is_null(r, i, col))
		jw_key_raw(w, key, db_text(r, i, col));
}

int store_usage(struct db *db, const struct store_usage_filter *f, store_line *tell, void *arg, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str params[] = { str_of(f->by), f->labels.n ? f->labels : DB_NULL,
				f->since_at ? str_of(f->since_at) : DB_NULL,
				f->since_ago_us >= 0 ? db_param_int(tmp, f->since_ago_us) : DB_NULL };
	/* the policies of three tables take longer to compile than to run */
	int rc = db_exec(db, STR("SET jit = off"), err);
	if (rc)
		return rc;
	rc = db_query(tmp, db,
			  STR("SELECT CASE $1 WHEN 'team' THEN coalesce(j.team, r.team) WHEN 'user' THEN a.done_by WHEN 'table' THEN j.name"
			      "   ELSE pg_catalog.to_char(a.finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') END,"
			      "  count(DISTINCT (a.run_id, a.job)), count(*), sum(a.rows), sum(a.bytes), sum(a.cpu_us),"
			      "  sum((extract(epoch FROM a.finished_at - a.started_at) * 1000000)::bigint) AS took"
			      "  FROM mst.attempt a JOIN mst.job j ON j.run_id = a.run_id AND j.no = a.job"
			      "  JOIN mst.run r ON r.id = a.run_id"
			      " WHERE ($2::jsonb IS NULL OR r.labels @> $2) AND ($3::timestamptz IS NULL OR a.finished_at >= $3)"
			      "  AND ($4::bigint IS NULL OR a.finished_at >= pg_catalog.clock_timestamp() - $4 * interval '1 microsecond')"
			      " GROUP BY 1 ORDER BY took DESC, 1"),
			  params, 4, &r, err);
	struct buf b;
	struct jw w;
	buf_init(&b, tmp);
	for (size_t i = 0; !rc && i < db_rows(r); i++) {
		buf_reset(&b);
		jw_init(&w, &b);
		jw_object(&w);
		jw_key_z(&w, "type", "usage");
		jw_key_z(&w, "by", f->by);
		if (!db_is_null(r, i, 0))
			jw_key_s(&w, "key", db_text(r, i, 0));
		key_sum(&w, "jobs", r, i, 1);
		key_sum(&w, "attempts", r, i, 2);
		key_sum(&w, "rows", r, i, 3);
		key_sum(&w, "bytes", r, i, 4);
		key_sum(&w, "cpu_us", r, i, 5);
		key_sum(&w, "duration_us", r, i, 6);
		jw_end(&w);
		rc = tell(arg, buf_view(&b), err);
	}
	return rc;
}
