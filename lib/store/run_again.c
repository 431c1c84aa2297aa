#include "store/run_internal.h"

#include <unistd.h>

struct reopen {
	struct pool *pool;
	int64_t run;
	struct store_again again;
	bool busy;
};

static int read_jobs(struct db *db, struct reopen *o, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct store_again *a = &o->again;
	struct str params[] = { db_param_int(tmp, o->run), DB_NULL };
	size_t at = 0, got;
	do {
		POOL_SCRATCH(part);
		params[1] = db_param_int(part, (int64_t)at);
		int rc = db_query(part, db,
				  STR("SELECT line, sql, state, attempt FROM mst.job WHERE run_id = $1 AND no > $2 ORDER BY no LIMIT 5000"),
				  params, 2, &r, err);
		if (rc)
			return rc;
		got = db_rows(r);
		for (size_t i = 0; i < got && at < a->n; i++, at++) {
			int state = job_state_of(db_text(r, i, 2));
			a->jobs[at] = (struct store_job){
				.line = str_dup(o->pool, db_text(r, i, 0)),
				.sql = db_is_null(r, i, 1) ? DB_NULL : str_dup(o->pool, db_text(r, i, 1)),
				.state = (enum job_state)state,
				.attempt = (int32_t)db_int(r, i, 3),
			};
			a->left += state == JOB_WAITING || state == JOB_READY;
		}
	} while (got && at < a->n);
	if (at == a->n)
		return 0;
	return mst_fail(err, MST_DENIED, "run %lld has %zu jobs, of which only %zu may be seen", (long long)o->run, a->n, at);
}

static int reopen(struct db *db, void *arg, struct mst_error *err)
{
	struct reopen *o = arg;
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str params[] = { db_param_int(tmp, o->run), store_host(tmp), db_param_int(tmp, getpid()),
				STR(MST_VERSION) };
	int rc = db_query(tmp, db, STR("SELECT mst.run_reopen($1, $2, $3, $4)"), params, 4, &r, err);
	if (rc)
		return rc;
	o->busy = str_eqz(db_text(r, 0, 0), "busy");
	if (o->busy)
		return 0;
	rc = db_query(tmp, db, STR("SELECT name, plan, team, nullif(labels, '{}'), jobs FROM mst.run WHERE id = $1"), params,
		      1, &r, err);
	if (!rc && db_rows(r) == 0)
		rc = mst_fail(err, MST_NOT_FOUND, "there is no run %lld", (long long)o->run);
	if (rc)
		return rc;
	struct store_again *a = &o->again;
	*a = (struct store_again){
		.name = str_dup(o->pool, db_text(r, 0, 0)),
		.plan = str_dup(o->pool, db_text(r, 0, 1)),
		.team = str_dup(o->pool, db_text(r, 0, 2)),
		.labels = str_dup(o->pool, db_text(r, 0, 3)),
		.n = (size_t)db_int(r, 0, 4),
	};
	a->jobs = pool_array(o->pool, a->n + 1, sizeof *a->jobs);
	return read_jobs(db, o, err);
}

int store_run_reopen(struct pool *pool, struct db *db, int64_t run, struct store_again *out, struct mst_error *err)
{
	struct reopen o = { .pool = pool, .run = run };
	int rc = db_transact(db, reopen, &o, err);
	if (rc) {
		POOL_SCRATCH(tmp);
		struct mst_error ignored;
		struct str param = db_param_int(tmp, run);
		/* what rolled back has not given the lock back */
		db_run(db, STR("SELECT pg_catalog.pg_advisory_unlock(mst.run_lock($1))"), &param, 1, NULL, &ignored);
		return rc;
	}
	if (o.busy) {
		mst_fail(err, MST_CONFLICT, "run %lld is under way", (long long)run);
		return mst_hint(err, "mst-ps %lld shows how far it is", (long long)run);
	}
	if (o.again.left)
		rc = store_by_keys(db, err);
	if (!rc)
		*out = o.again;
	return rc;
}

static int64_t get_no(const void *items, size_t i)
{
	return (int64_t)((const uint32_t *)items)[i] + 1;
}

int store_run_replace(struct db *db, int64_t run, const job_list *jobs, const uint32_t *which, size_t n,
		      struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str *lines = pool_array(tmp, n + 1, sizeof *lines), *sqls = pool_array(tmp, n + 1, sizeof *sqls);
	struct str *teams = pool_array(tmp, n + 1, sizeof *teams);
	for (size_t i = 0; i < n; i++) {
		lines[i] = jobs->v[which[i]].line;
		sqls[i] = jobs->v[which[i]].sql;
		teams[i] = store_job_team(tmp, &jobs->v[which[i]]);
	}
	struct str params[] = { db_param_int(tmp, run), store_ints(tmp, which, n, get_no), db_param_texts(tmp, lines, n),
				db_param_texts(tmp, sqls, n), db_param_texts(tmp, teams, n) };
	int rc = db_query(tmp, db, STR("SELECT mst.run_replace($1, $2, $3, $4, $5)"), params, 5, &r, err);
	if (!rc && (size_t)db_int(r, 0, 0) != n)
		rc = mst_fail(err, MST_CONFLICT, "%zu jobs of run %lld have begun already", n - (size_t)db_int(r, 0, 0),
			      (long long)run);
	return rc;
}
