#include "store/run.h"

#include "base/jsonl.h"

#include <stdio.h>
#include <unistd.h>

/* COPY's text format. */
static void put_field(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		const char *esc = c == '\\' ? "\\\\" : c == '\t' ? "\\t" : c == '\n' ? "\\n" : c == '\r' ? "\\r" : NULL;
		if (esc)
			buf_add(b, esc, 2);
		else
			buf_char(b, c);
	}
}

static int copy_piece(struct db *db, struct buf *b, size_t full, struct mst_error *err)
{
	if (b->n < full)
		return 0;
	int rc = db_copy_put(db, buf_view(b), err);
	buf_reset(b);
	return rc;
}

static int copy_jobs(struct db *db, int64_t id, const struct store_run *run, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct buf b;
	buf_init(&b, tmp);
	int rc = db_copy_in(db, STR("COPY mst.job (run_id, no, name, kind, state, waiting, priority, line, sql) FROM STDIN"),
			    err);
	for (size_t i = 0; !rc && i < run->jobs->n; i++) {
		const struct job *j = &run->jobs->v[i];
		buf_printf(&b, "%lld\t%zu\t", (long long)id, i + 1);
		put_field(&b, j->name);
		buf_char(&b, '\t');
		put_field(&b, j->kind);
		uint32_t waiting = run->graph->waiting[i];
		buf_printf(&b, "\t%s\t%u\t%lld\t", job_state_name(waiting ? JOB_WAITING : JOB_READY), waiting,
			   (long long)j->priority);
		put_field(&b, j->line);
		buf_char(&b, '\t');
		if (j->sql.p)
			put_field(&b, j->sql);
		else
			buf_z(&b, "\\N");
		buf_char(&b, '\n');
		rc = copy_piece(db, &b, 1 << 16, err);
	}
	if (!rc)
		rc = copy_piece(db, &b, 1, err);
	return rc ? rc : db_copy_end(db, NULL, err);
}

static int copy_edges(struct db *db, int64_t id, const struct store_run *run, struct mst_error *err)
{
	const struct job_graph *g = run->graph;
	if (g->edges == 0)
		return 0;
	POOL_SCRATCH(tmp);
	struct buf b;
	buf_init(&b, tmp);
	int rc = db_copy_in(db, STR("COPY mst.edge (run_id, after, job) FROM STDIN"), err);
	for (size_t i = 0; !rc && i < run->jobs->n; i++) {
		for (uint32_t e = g->first[i]; e < g->first[i + 1]; e++)
			buf_printf(&b, "%lld\t%zu\t%u\n", (long long)id, i + 1, g->downstream[e] + 1);
		rc = copy_piece(db, &b, 1 << 16, err);
	}
	if (!rc)
		rc = copy_piece(db, &b, 1, err);
	return rc ? rc : db_copy_end(db, NULL, err);
}

struct create {
	const struct store_run *run;
	int64_t *id;
};

static int create(struct db *db, void *arg, struct mst_error *err)
{
	struct create *c = arg;
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	char host[256] = "";
	gethostname(host, sizeof host - 1);
	struct str params[] = {
		c->run->name,
		c->run->plan.n ? c->run->plan : DB_NULL,
		db_param_int(tmp, (int64_t)c->run->jobs->n),
		str_of(host),
		db_param_int(tmp, getpid()),
		STR(MST_VERSION),
	};
	/* the lock is there before the row can be seen */
	int rc = db_query(tmp, db,
			  STR("INSERT INTO mst.run (state, owned, name, plan, jobs, host, pid, version, started_at)"
			      " VALUES ('running', true, $1, $2, $3, $4, $5, $6, pg_catalog.clock_timestamp())"
			      " RETURNING id, pg_catalog.pg_advisory_lock(mst.run_lock(id))"),
			  params, 6, &r, err);
	if (!rc) {
		*c->id = db_int(r, 0, 0);
		rc = copy_jobs(db, *c->id, c->run, err);
	}
	return rc ? rc : copy_edges(db, *c->id, c->run, err);
}

int store_run_create(struct db *db, const struct store_run *run, int64_t *id, struct mst_error *err)
{
	int64_t made;
	struct create c = { run, &made };
	int rc = db_transact(db, create, &c, err);
	/* the statements of this session touch few rows by key, whatever the statistics say */
	if (!rc)
		rc = db_exec(db, STR("SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;"
				     " SET jit = off; SET plan_cache_mode = force_generic_plan"),
			     err);
	if (!rc)
		*id = made;
	return rc;
}

/* One UPDATE touches each job once: a job may have begun and ended since the last
 * record, and may hear of several that it waits for. */
static const char record_sql[] =
	"WITH RECURSIVE step AS MATERIALIZED ("
	"  SELECT * FROM ROWS FROM (pg_catalog.unnest($2::int[]), pg_catalog.unnest($3::int[]),"
	"    pg_catalog.unnest($4::text[]), pg_catalog.unnest($5::bigint[]), pg_catalog.unnest($6::bigint[]),"
	"    pg_catalog.unnest($7::bigint[]), pg_catalog.unnest($8::bigint[]), pg_catalog.unnest($9::text[]))"
	"    AS s(no, attempt, state, started_ago, ended_ago, rows, bytes, error)"
	"), now AS MATERIALIZED (SELECT pg_catalog.clock_timestamp() AS at"
	"), held AS MATERIALIZED ("
	/* both from one reading of the clock: what took 0.4 ms is not recorded as 0 */
	"  SELECT j.no, now.at - s.started_ago * interval '1 microsecond' AS started_at,"
	"    CASE WHEN s.state <> 'running' THEN now.at - s.ended_ago * interval '1 microsecond' END AS finished_at,"
	"    CASE WHEN s.state <> 'skipped' THEN s.attempt END AS attempt, s.state, s.rows, s.bytes, s.error"
	"    FROM now, step s JOIN mst.job j ON j.run_id = $1 AND j.no = s.no"
	"   WHERE (j.state = 'running' AND j.attempt = s.attempt) OR (j.state = 'ready' AND j.attempt = s.attempt - 1)"
	"   ORDER BY j.no FOR UPDATE OF j"
	"), done AS ("
	"  SELECT e.job AS no, pg_catalog.count(*)::int AS n"
	"    FROM held h JOIN mst.edge e ON e.run_id = $1 AND e.after = h.no"
	"   WHERE h.state IN ('succeeded', 'skipped') GROUP BY e.job"
	"), stuck(no) AS ("
	"  SELECT e.job FROM held h JOIN mst.edge e ON e.run_id = $1 AND e.after = h.no"
	"   WHERE h.state IN ('failed', 'cancelled')"
	"  UNION"
	/* what was blocked before has blocked all below it */
	"  SELECT e.job FROM stuck s JOIN mst.job j ON j.run_id = $1 AND j.no = s.no AND j.state = 'waiting'"
	"    JOIN mst.edge e ON e.run_id = $1 AND e.after = s.no"
	"), below AS MATERIALIZED ("
	"  SELECT no, pg_catalog.sum(n)::int AS n, pg_catalog.bool_or(blocked) AS blocked"
	"    FROM (SELECT no, n, false FROM done UNION ALL SELECT no, 0, true FROM stuck) d(no, n, blocked) GROUP BY no"
	"), waiting AS MATERIALIZED ("
	"  SELECT j.no, j.waiting - b.n AS waiting, CASE WHEN b.blocked THEN 'blocked' WHEN j.waiting = b.n THEN 'ready'"
	"    ELSE 'waiting' END AS state"
	"    FROM below b JOIN mst.job j ON j.run_id = $1 AND j.no = b.no"
	"   WHERE j.state = 'waiting' ORDER BY j.no FOR UPDATE OF j"
	"), moved AS ("
	"  UPDATE mst.job j SET state = m.state, waiting = coalesce(m.waiting, j.waiting),"
	"    attempt = coalesce(m.attempt, j.attempt), started_at = coalesce(m.started_at, j.started_at),"
	"    finished_at = m.finished_at"
	"   FROM (SELECT no, state, NULL::int AS waiting, attempt, started_at, finished_at FROM held"
	"    UNION ALL SELECT no, state, waiting, NULL, NULL, CASE WHEN state = 'blocked' THEN now.at END FROM waiting, now) m"
	"   WHERE j.run_id = $1 AND j.no = m.no RETURNING j.no, j.state"
	"), ended AS ("
	"  INSERT INTO mst.attempt (run_id, job, attempt, state, started_at, finished_at, rows, bytes, error)"
	"  SELECT $1, no, attempt, state, started_at, greatest(started_at, finished_at),"
	"    rows, bytes, error::json FROM held WHERE state NOT IN ('running', 'skipped')"
	") SELECT no, state, (SELECT pg_catalog.count(*) FROM held) FROM moved";

static struct str int_array(struct pool *pool, const struct store_step *s, size_t n,
			    int64_t (*get)(const struct store_step *))
{
	struct buf b;
	buf_init(&b, pool);
	buf_char(&b, '{');
	for (size_t i = 0; i < n; i++) {
		int64_t v = get(&s[i]);
		buf_z(&b, i ? "," : "");
		if (v < 0)
			buf_z(&b, "NULL");
		else
			buf_printf(&b, "%lld", (long long)v);
	}
	buf_char(&b, '}');
	return buf_view(&b);
}

static int64_t get_no(const struct store_step *s) { return (int64_t)s->job + 1; }
static int64_t get_attempt(const struct store_step *s) { return s->attempt; }
static int64_t get_started(const struct store_step *s) { return s->started_ago_us < 0 ? 0 : s->started_ago_us; }
static int64_t get_ended(const struct store_step *s) { return s->ended_ago_us < 0 ? 0 : s->ended_ago_us; }
static int64_t get_rows(const struct store_step *s) { return s->rows; }
static int64_t get_bytes(const struct store_step *s) { return s->bytes; }

static int taken(int64_t run, struct mst_error *err)
{
	mst_fail(err, MST_CONFLICT, "run %lld was taken from this mst-run", (long long)run);
	return mst_hint(err, "the state database took it for dead; mst-ps %lld shows what was done", (long long)run);
}

int store_run_record(struct pool *pool, struct db *db, int64_t run, const struct store_step *steps, size_t n,
		     store_changes *out, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str *states = pool_array(tmp, n, sizeof *states), *errors = pool_array(tmp, n, sizeof *errors);
	for (size_t i = 0; i < n; i++) {
		states[i] = str_of(job_state_name(steps[i].state));
		errors[i] = steps[i].error.n ? steps[i].error : DB_NULL;
	}
	struct str params[] = {
		db_param_int(tmp, run),
		int_array(tmp, steps, n, get_no),
		int_array(tmp, steps, n, get_attempt),
		db_param_texts(tmp, states, n),
		int_array(tmp, steps, n, get_started),
		int_array(tmp, steps, n, get_ended),
		int_array(tmp, steps, n, get_rows),
		int_array(tmp, steps, n, get_bytes),
		db_param_texts(tmp, errors, n),
	};
	int rc = db_query(tmp, db, str_of(record_sql), params, 9, &r, err);
	if (rc)
		return rc;
	if (db_rows(r) == 0 || (size_t)db_int(r, 0, 2) != n)
		return taken(run, err);
	for (size_t i = 0; i < db_rows(r); i++) {
		int state = job_state_of(db_text(r, i, 1));
		if (state == JOB_READY || state == JOB_BLOCKED)
			*vec_push(pool, out) = (struct store_change){ (uint32_t)db_int(r, i, 0) - 1, state };
	}
	return 0;
}

/* Whatever had not ended ends with the run: what was running failed (or was cancelled
 * with it), what had not begun is cancelled. */
static const char finish_sql[] =
	"WITH run AS ("
	"  UPDATE mst.run SET state = $2, finished_at = pg_catalog.clock_timestamp(), error = $3,"
	"    succeeded = (SELECT pg_catalog.count(*) FROM mst.job j WHERE j.run_id = $1 AND j.state = 'succeeded'),"
	"    failed = (SELECT pg_catalog.count(*) FROM mst.job j WHERE j.run_id = $1 AND (j.state = 'failed'"
	"      OR (j.state = 'running' AND $2 = 'failed')))"
	"   WHERE id = $1 AND finished_at IS NULL RETURNING id, started_at, finished_at"
	"), ended AS ("
	"  INSERT INTO mst.attempt (run_id, job, attempt, state, started_at, finished_at, error)"
	"  SELECT j.run_id, j.no, j.attempt, CASE WHEN $2 = 'failed' THEN 'failed' ELSE 'cancelled' END, j.started_at,"
	"    greatest(j.started_at, run.finished_at), pg_catalog.json_build_object('code', 'cancelled',"
	"      'message', coalesce($3, 'the run has ended'))"
	"    FROM run JOIN mst.job j ON j.run_id = run.id WHERE j.state = 'running'"
	"), jobs AS ("
	"  UPDATE mst.job j SET finished_at = run.finished_at,"
	"    state = CASE WHEN j.state = 'running' AND $2 = 'failed' THEN 'failed' ELSE 'cancelled' END"
	"   FROM run WHERE j.run_id = run.id AND j.state IN ('waiting', 'ready', 'running', 'parked')"
	") SELECT (extract(epoch FROM finished_at - started_at) * 1000000)::bigint FROM run";

int store_run_finish(struct db *db, int64_t run, enum run_state state, const char *error, int64_t *duration_us,
		     struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str params[] = { db_param_int(tmp, run), str_of(run_state_name(state)),
				error ? str_of(error) : DB_NULL };
	int rc = db_query(tmp, db, str_of(finish_sql), params, 3, &r, err);
	if (!rc && duration_us && db_rows(r))
		*duration_us = db_int(r, 0, 0);
	return rc;
}

int store_run_reap(struct db *db, int64_t *n, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	int rc = db_query(tmp, db,
			  STR("SELECT id FROM mst.run WHERE finished_at IS NULL AND owned AND NOT mst.run_has_owner(id)"),
			  NULL, 0, &r, err);
	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < db_rows(r); i++)
		rc = store_run_finish(db, db_int(r, i, 0), RUN_FAILED, "owner lost: its mst-run ended without a word",
				      NULL, err);
	if (n && !rc)
		*n = (int64_t)db_rows(r);
	return rc;
}

int store_job_history(struct db *db, const job_list *jobs, int64_t *duration_us,
		      struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str *names = pool_array(tmp, jobs->n + 1, sizeof *names);
	for (size_t i = 0; i < jobs->n; i++) {
		names[i] = jobs->v[i].name;
		duration_us[i] = -1;
	}
	struct str list = db_param_texts(tmp, names, jobs->n);
	int rc = db_query(tmp, db,
			  STR("SELECT u.i - 1, h.us FROM pg_catalog.unnest($1::text[]) WITH ORDINALITY u(name, i)"
			      " CROSS JOIN LATERAL (SELECT (extract(epoch FROM a.finished_at - a.started_at) * 1000000)::bigint AS us"
			      "   FROM mst.job j JOIN mst.attempt a ON a.run_id = j.run_id AND a.job = j.no AND a.attempt = j.attempt"
			      "  WHERE j.name = u.name AND j.state = 'succeeded' ORDER BY j.run_id DESC LIMIT 1) h"),
			  &list, 1, &r, err);
	for (size_t i = 0; !rc && i < db_rows(r); i++)
		duration_us[db_int(r, i, 0)] = db_int(r, i, 1);
	return rc;
}

int store_run_check(struct db *db, int64_t run, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str param = db_param_int(tmp, run);
	int rc = db_query(tmp, db, STR("SELECT FROM mst.run WHERE id = $1 AND finished_at IS NULL"), &param, 1, &r, err);
	return rc ? rc : db_rows(r) ? 0 : taken(run, err);
}
