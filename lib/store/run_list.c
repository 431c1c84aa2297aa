#include "store/run.h"

#include "base/jsonl.h"

#include <stdlib.h>

#define AT(column) \
	"pg_catalog.to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
#define RUN_COLUMNS \
	"SELECT r.id, r.state, r.name, r.jobs, coalesce(r.succeeded, n.now[1]), coalesce(r.failed, n.now[2])," \
	" (extract(epoch FROM coalesce(r.finished_at, pg_catalog.clock_timestamp()) - r.started_at) * 1000000)::bigint," \
	" " AT("r.started_at") ", " AT("r.finished_at") ", r.created_by, r.host, r.pid, r.error, r.team," \
	" CASE WHEN r.labels <> '{}' THEN r.labels END, nullif(r.retries, 0)" \
	/* OFFSET 0: once for both, and not at all where the run has ended */ \
	"  FROM mst.run r CROSS JOIN LATERAL (SELECT CASE WHEN r.finished_at IS NULL THEN mst.run_progress(r.id) END AS now" \
	"   OFFSET 0) n"

enum {
	R_ID, R_STATE, R_NAME, R_JOBS, R_SUCCEEDED, R_FAILED, R_DURATION, R_STARTED, R_FINISHED,
	R_BY, R_HOST, R_PID, R_ERROR, R_TEAM, R_LABELS, R_RETRIES
};

static void key_int(struct jw *w, const char *key, const struct db_result *r, size_t i, size_t col)
{
	if (!db_is_null(r, i, col))
		jw_key_i(w, key, db_int(r, i, col));
}

static void key_text(struct jw *w, const char *key, const struct db_result *r, size_t i, size_t col)
{
	if (!db_is_null(r, i, col))
		jw_key_s(w, key, db_text(r, i, col));
}

static int tell_runs(const struct db_result *r, store_line *tell, void *arg, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct buf b;
	struct jw w;
	buf_init(&b, tmp);
	for (size_t i = 0; i < db_rows(r); i++) {
		buf_reset(&b);
		jw_init(&w, &b);
		jw_object(&w);
		jw_key_z(&w, "type", "run");
		jw_key_i(&w, "id", db_int(r, i, R_ID));
		jw_key_s(&w, "state", db_text(r, i, R_STATE));
		jw_key_s(&w, "name", db_text(r, i, R_NAME));
		jw_key_i(&w, "jobs", db_int(r, i, R_JOBS));
		key_int(&w, "succeeded", r, i, R_SUCCEEDED);
		key_int(&w, "failed", r, i, R_FAILED);
		key_int(&w, "duration_us", r, i, R_DURATION);
		key_text(&w, "started_at", r, i, R_STARTED);
		key_text(&w, "finished_at", r, i, R_FINISHED);
		key_text(&w, "user", r, i, R_BY);
		key_text(&w, "team", r, i, R_TEAM);
		if (!db_is_null(r, i, R_LABELS))
			jw_key_raw(&w, "labels", db_text(r, i, R_LABELS));
		key_int(&w, "retries", r, i, R_RETRIES);
		key_text(&w, "host", r, i, R_HOST);
		jw_key_i(&w, "pid", db_int(r, i, R_PID));
		key_text(&w, "error", r, i, R_ERROR);
		jw_end(&w);
		int rc = tell(arg, buf_view(&b), err);
		if (rc)
			return rc;
	}
	return 0;
}

int store_run_list(struct db *db, const struct store_run_filter *f, store_line *tell, void *arg, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str params[] = { f->state ? str_of(f->state) : DB_NULL, db_param_int(tmp, f->limit),
				f->labels.n ? f->labels : DB_NULL };
	int rc = db_query(tmp, db,
			  STR(RUN_COLUMNS " WHERE ($1::text IS NULL OR r.state = $1) AND ($3::jsonb IS NULL OR r.labels @> $3)"
					  " ORDER BY r.id DESC LIMIT $2"),
			  params, 3, &r, err);
	return rc ? rc : tell_runs(r, tell, arg, err);
}

int store_run_get(struct db *db, int64_t id, store_line *tell, void *arg, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str param = db_param_int(tmp, id);
	int rc = db_query(tmp, db, STR(RUN_COLUMNS " WHERE r.id = $1"), &param, 1, &r, err);
	return rc ? rc : tell_runs(r, tell, arg, err);
}

int store_names(struct db *db, const char *kind, const char *prefix, store_line *tell, void *arg,
		struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str sql, param = str_of(prefix);
	if (strcmp(kind, "run") == 0)
		sql = STR("SELECT n.name FROM (SELECT 'last' AS name, NULL AS id WHERE EXISTS (SELECT FROM mst.run)"
			  " UNION ALL SELECT r.id::text, r.id FROM mst.run r) n"
			  " WHERE pg_catalog.starts_with(n.name, $1) ORDER BY n.id DESC NULLS FIRST LIMIT 1000");
	else if (strcmp(kind, "table") == 0)
		sql = STR("SELECT c.name FROM mst.catalogue c WHERE pg_catalog.starts_with(c.name, $1)"
			  " UNION SELECT j.name COLLATE \"C\" FROM mst.job j"
			  " WHERE j.run_id IN (SELECT id FROM mst.run ORDER BY id DESC LIMIT 10)"
			  " AND pg_catalog.starts_with(j.name, $1) ORDER BY 1 LIMIT 1000");
	else if (strcmp(kind, "user") == 0)
		sql = STR("SELECT a.name FROM mst.account a WHERE pg_catalog.starts_with(a.name, $1) ORDER BY 1 LIMIT 1000");
	else if (strcmp(kind, "team") == 0)
		sql = STR("SELECT t.name FROM mst.team t WHERE pg_catalog.starts_with(t.name, $1) ORDER BY 1 LIMIT 1000");
	else if (strcmp(kind, "member") == 0)
		sql = STR("SELECT t.name FROM mst.team t WHERE pg_catalog.starts_with(t.name, $1)"
			  " UNION SELECT a.name FROM mst.account a WHERE pg_catalog.starts_with(a.name, $1) ORDER BY 1 LIMIT 1000");
	else if (strcmp(kind, "secret") == 0)
		sql = STR("SELECT s.name FROM mst.secret s WHERE pg_catalog.starts_with(s.name, $1) ORDER BY 1 LIMIT 1000");
	else if (strcmp(kind, "connection") == 0)
		sql = STR("SELECT c.name FROM mst.connection c WHERE pg_catalog.starts_with(c.name, $1) ORDER BY 1 LIMIT 1000");
	else
		return 0;
	int rc = db_query(tmp, db, sql, &param, 1, &r, err);
	for (size_t i = 0; !rc && i < db_rows(r); i++)
		if (str_find(db_text(r, i, 0), '\n') < 0)
			rc = tell(arg, db_text(r, i, 0), err);
	return rc;
}

int store_run_find(struct db *db, const char *word, int64_t *id, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	char *end;
	bool last = strcmp(word, "last") == 0;
	long long wanted = last ? 0 : strtoll(word, &end, 10);
	if (!last && (*end || end == word || *word < '0' || *word > '9')) {
		mst_fail(err, MST_USAGE, "'%s' is no run", word);
		return mst_hint(err, "give its number, or 'last'; mst-ps lists the runs");
	}
	struct str param = last ? DB_NULL : db_param_int(tmp, wanted);
	int rc = db_query(tmp, db,
			  STR("SELECT id FROM mst.run WHERE $1::bigint IS NULL OR id = $1 ORDER BY id DESC LIMIT 1"),
			  &param, 1, &r, err);
	if (rc)
		return rc;
	if (db_rows(r) == 0) {
		if (last)
			return mst_fail(err, MST_NOT_FOUND, "there are no runs yet");
		mst_fail(err, MST_NOT_FOUND, "there is no run %lld", wanted);
		return mst_hint(err, "mst-ps lists the runs");
	}
	*id = db_int(r, 0, 0);
	return 0;
}

/* Two numbers of the first row. */
static int find_job(struct db *db, struct str sql, const char *name, int64_t in_run, int64_t *run, int64_t *no,
		    struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str params[] = { str_of(name), in_run ? db_param_int(tmp, in_run) : DB_NULL };
	int rc = db_query(tmp, db, sql, params, 2, &r, err);
	if (rc)
		return rc;
	if (db_rows(r) == 0) {
		if (in_run)
			return mst_fail(err, MST_NOT_FOUND, "run %lld has no job %s", (long long)in_run, name);
		mst_fail(err, MST_NOT_FOUND, "no run has made %s yet", name);
		return mst_hint(err, "mst-ps lists the runs, mst-ps RUN its jobs");
	}
	*run = db_int(r, 0, 0);
	*no = db_int(r, 0, 1);
	return 0;
}

int store_job_find(struct db *db, const char *name, int64_t in_run, int64_t *run, int64_t *no, struct mst_error *err)
{
	return find_job(db,
			STR("SELECT run_id, no FROM mst.job WHERE name = $1 AND ($2::bigint IS NULL OR run_id = $2)"
			    " ORDER BY run_id DESC LIMIT 1"),
			name, in_run, run, no, err);
}

int store_job_maker(struct db *db, const char *name, int64_t *run, int64_t *no, struct mst_error *err)
{
	return find_job(db,
			STR("SELECT j.run_id, j.no FROM mst.job j JOIN mst.run r ON r.id = j.run_id"
			    " WHERE j.name = $1 AND j.state <> 'skipped' AND $2::bigint IS NULL"
			    " ORDER BY r.finished_at IS NULL DESC, j.run_id DESC LIMIT 1"),
			name, 0, run, no, err);
}

int store_outcome(struct pool *pool, struct db *db, int64_t run, int64_t no, struct store_outcome *out,
		  struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str params[] = { db_param_int(tmp, run), db_param_int(tmp, no) };
	int rc = db_query(tmp, db,
			  no ? STR("SELECT state, state IN ('succeeded', 'skipped', 'failed', 'cancelled', 'blocked'),"
				   " state IN ('succeeded', 'skipped') FROM mst.job WHERE run_id = $1 AND no = $2")
			     : STR("SELECT state, finished_at IS NOT NULL, state = 'succeeded' FROM mst.run"
				   " WHERE id = $1 AND $2::integer = 0"),
			  params, 2, &r, err);
	if (rc)
		return rc;
	if (db_rows(r) == 0)
		return mst_fail(err, MST_NOT_FOUND, "there is no run %lld any more", (long long)run);
	*out = (struct store_outcome){ .state = str_dup(pool, db_text(r, 0, 0)), .ended = db_bool(r, 0, 1),
				       .good = db_bool(r, 0, 2) };
	return 0;
}

enum { J_LINE, J_STATE, J_ATTEMPT, J_DURATION, J_ROWS, J_BYTES, J_ERROR, J_STARTED, J_FINISHED, J_CPU, J_TESTS, J_SQL };

int store_job_list(struct db *db, int64_t run, int64_t no, bool sql, store_line *tell, void *arg, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str params[] = { db_param_int(tmp, run), db_param_bool(sql), DB_NULL, db_param_int(tmp, no) };
	int64_t last = 0;
	/* in pieces, so that a run of any size takes little memory.  PostgreSQL takes no JSON with a NUL
	 * character apart; with a line break in its place, also behind a backslash, it is JSON still. */
	for (;;) {
		POOL_SCRATCH(part);
		params[2] = db_param_int(part, last);
		int rc = db_query(part, db,
				  STR("SELECT j.line, j.state, j.attempt,"
				      " (extract(epoch FROM coalesce(a.finished_at, j.finished_at, pg_catalog.clock_timestamp())"
				      "   - j.started_at) * 1000000)::bigint,"
				      " a.rows, a.bytes, a.error, " AT("j.started_at") ", " AT("j.finished_at") ","
				      " a.cpu_us, a.tests, CASE WHEN $2::boolean OR"
				      "   pg_catalog.replace(j.line::text, '\\u0000', '\\n')::json ->> 'file' IS NULL THEN j.sql END, j.no"
				      "  FROM mst.job j LEFT JOIN mst.attempt a"
				      "    ON a.run_id = j.run_id AND a.job = j.no AND a.attempt = j.attempt"
				      " WHERE j.run_id = $1 AND j.no > $3 AND ($4::integer = 0 OR j.no = $4) ORDER BY j.no LIMIT 5000"),
				  params, 4, &r, err);
		if (rc || db_rows(r) == 0)
			return rc;
		struct buf b;
		struct jw w;
		buf_init(&b, part);
		for (size_t i = 0; i < db_rows(r); i++) {
			json_members members = { 0 };
			rc = json_scan_object(part, db_text(r, i, J_LINE), &members, err);
			if (rc)
				return rc;
			buf_reset(&b);
			jw_init(&w, &b);
			jw_object(&w);
			for (size_t m = 0; m < members.n; m++) {
				jw_key_str(&w, members.v[m].key);
				jw_raw(&w, members.v[m].val.raw);
			}
			key_text(&w, "sql", r, i, J_SQL);
			jw_key_i(&w, "run_id", run);
			jw_key_s(&w, "state", db_text(r, i, J_STATE));
			jw_key_i(&w, "attempt", db_int(r, i, J_ATTEMPT));
			key_text(&w, "started_at", r, i, J_STARTED);
			key_text(&w, "finished_at", r, i, J_FINISHED);
			key_int(&w, "duration_us", r, i, J_DURATION);
			key_int(&w, "rows", r, i, J_ROWS);
			key_int(&w, "bytes", r, i, J_BYTES);
			key_int(&w, "cpu_us", r, i, J_CPU);
			if (!db_is_null(r, i, J_TESTS))
				jw_key_raw(&w, "tests", db_text(r, i, J_TESTS));
			if (!db_is_null(r, i, J_ERROR))
				jw_key_raw(&w, "error", db_text(r, i, J_ERROR));
			jw_end(&w);
			rc = tell(arg, buf_view(&b), err);
			if (rc)
				return rc;
			last = db_int(r, i, J_SQL + 1);
		}
	}
}
