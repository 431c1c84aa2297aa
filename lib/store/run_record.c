#include "store/run_internal.h"

#include "base/jsonl.h"

#include <stdio.h>

static const struct store_step *step_of(const void *items, size_t i)
{
	return (const struct store_step *)items + i;
}

static int64_t get_no(const void *s, size_t i) { return (int64_t)step_of(s, i)->job + 1; }
static int64_t get_attempt(const void *s, size_t i) { return step_of(s, i)->attempt; }
static int64_t get_started(const void *s, size_t i)
{
	int64_t ago = step_of(s, i)->started_ago_us;
	return ago < 0 ? 0 : ago;
}
static int64_t get_ended(const void *s, size_t i)
{
	int64_t ago = step_of(s, i)->ended_ago_us;
	return ago < 0 ? 0 : ago;
}
static int64_t get_rows(const void *s, size_t i) { return step_of(s, i)->rows; }
static int64_t get_bytes(const void *s, size_t i) { return step_of(s, i)->bytes; }
static int64_t get_cpu(const void *s, size_t i) { return step_of(s, i)->cpu_us; }
static int64_t get_deadline(const void *s, size_t i)
{
	return step_of(s, i)->state == JOB_PARKED ? step_of(s, i)->deadline_us : -1;
}

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
	enum { STATES, ERRORS, TESTS, RETRIES, KEYS, TEXTS };
	struct str *texts[TEXTS];
	for (int k = 0; k < TEXTS; k++)
		texts[k] = pool_array(tmp, n + 1, sizeof **texts);
	for (size_t i = 0; i < n; i++) {
		const struct store_step *s = &steps[i];
		texts[STATES][i] = str_of(job_state_name(s->state));
		texts[ERRORS][i] = s->error.n ? s->error : DB_NULL;
		texts[TESTS][i] = s->tests.n ? s->tests : DB_NULL;
		texts[RETRIES][i] = db_param_bool(s->retry);
		texts[KEYS][i] = s->state == JOB_PARKED && s->wake_key.p ? s->wake_key : DB_NULL;
	}
	struct str params[] = {
		db_param_int(tmp, run),
		store_ints(tmp, steps, n, get_no),
		store_ints(tmp, steps, n, get_attempt),
		db_param_texts(tmp, texts[STATES], n),
		store_ints(tmp, steps, n, get_started),
		store_ints(tmp, steps, n, get_ended),
		store_ints(tmp, steps, n, get_rows),
		store_ints(tmp, steps, n, get_bytes),
		store_ints(tmp, steps, n, get_cpu),
		db_param_texts(tmp, texts[ERRORS], n),
		db_param_texts(tmp, texts[TESTS], n),
		db_param_texts(tmp, texts[RETRIES], n),
		db_param_texts(tmp, texts[KEYS], n),
		store_ints(tmp, steps, n, get_deadline),
	};
	int rc = db_query(tmp, db,
			  STR("SELECT no, state FROM mst.run_record($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"),
			  params, sizeof params / sizeof *params, &r, err);
	if (rc)
		return strcmp(err->sqlstate, "55000") == 0 ? taken(run, err) : rc;
	for (size_t i = 0; i < db_rows(r); i++) {
		int state = job_state_of(db_text(r, i, 1));
		*vec_push(pool, out) = (struct store_change){ (uint32_t)db_int(r, i, 0) - 1, state };
	}
	return 0;
}

int store_run_check(struct db *db, int64_t run, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str param = db_param_int(tmp, run);
	int rc = db_query(tmp, db, STR("SELECT FROM mst.run WHERE id = $1 AND finished_at IS NULL"), &param, 1, &r, err);
	return rc ? rc : db_rows(r) ? 0 : taken(run, err);
}

/* --- parked jobs */

int store_wake(struct db *db, struct str key, int64_t *n, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	int rc = db_query(tmp, db, STR("SELECT mst.wake($1)"), &key, 1, &r, err);
	if (!rc && n)
		*n = db_int(r, 0, 0);
	return rc;
}

int store_run_listen(struct db *db, struct mst_error *err)
{
	return db_exec(db, STR("LISTEN mst_event"), err);
}

int store_run_woken(struct pool *pool, struct db *db, int64_t run, store_woken_list *out, int64_t *next_us,
		    struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str param = db_param_int(tmp, run);
	db_notes_drop(db);
	int rc = db_query(tmp, db,
			  STR("SELECT j.no, j.attempt, NOT w.woken, w.woken OR coalesce(j.wake_deadline <= c.now, false),"
			      " ceil(extract(epoch FROM j.wake_deadline - c.now) * 1000000)::bigint"
			      " FROM (SELECT pg_catalog.clock_timestamp() AS now OFFSET 0) c, mst.job j"
			      " JOIN mst.run r ON r.id = j.run_id,"
			      " LATERAL (SELECT j.woken OR EXISTS (SELECT FROM mst.event e"
			      "   WHERE e.kind = 'table_loaded' AND e.at >= r.created_at AND e.data ->> 'name' = j.wake_key)"
			      "   AS woken OFFSET 0) w"
			      " WHERE j.run_id = $1 AND j.state = 'parked' ORDER BY j.no"),
			  &param, 1, &r, err);
	if (rc)
		return rc;
	int64_t next = -1;
	for (size_t i = 0; i < db_rows(r); i++) {
		if (db_bool(r, i, 3))
			*vec_push(pool, out) = (struct store_woken){ (uint32_t)db_int(r, i, 0) - 1, (int32_t)db_int(r, i, 1),
								     db_bool(r, i, 2) };
		else if (!db_is_null(r, i, 4) && (next < 0 || db_int(r, i, 4) < next))
			next = db_int(r, i, 4);
	}
	if (next_us)
		*next_us = next;
	return 0;
}
