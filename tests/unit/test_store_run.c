#include "private.h"

/* behind private.h, whose functions have a pool of their own */
#include "pooled.h"

#include "store/log.h"
#include "store/migrate.h"
#include "store/run.h"

#include <string.h>

static struct mst_error err;
static struct db *db;

static void ok(int rc)
{
	if (rc)
		fail_msg("%s", err.msg);
}

/* A state database, made once, and a connection to it that ends with the test. */
static struct db *state(void)
{
	static bool made;
	struct db *d = private_db(pool);
	if (!made && store_schema_migrate(d, &store_schema, 0, false, NULL, NULL, &err))
		fail_msg("%s", err.msg);
	made = true;
	ok(db_exec(d, STR("SET synchronous_commit = off"), &err));
	return d;
}

static const char *ask(const char *sql)
{
	const struct db_result *r;
	ok(db_query(pool, db, str_of(sql), NULL, 0, &r, &err));
	struct buf b;
	buf_init(&b, pool);
	for (size_t i = 0; i < db_rows(r); i++)
		for (size_t k = 0; k < db_cols(r); k++)
			buf_printf(&b, "%s%.*s", k ? "|" : i ? " " : "", STR_FMT(db_text(r, i, k)));
	return buf_cstr(&b);
}

/* A run of jobs a, b after a, c after b, d: 0 to 3. */
static int64_t a_run(struct db *d)
{
	static const char *const lines[] = { "{\"name\":\"a\"}", "{\"name\":\"b\",\"after\":[\"a\"]}",
					     "{\"name\":\"c\",\"after\":[\"b\"]}",
					     "{\"name\":\"d\",\"attrs\":{\"team\":\"nobody's\"}}" };
	job_list jobs = { 0 };
	struct job_graph g;
	int64_t id;
	for (size_t i = 0; i < 4; i++) {
		struct job j;
		ok(job_read(pool, str_of(lines[i]), &(struct jsonl_reader){ .name = "t" }, &j, &err));
		*vec_push(pool, &jobs) = j;
	}
	ok(job_graph_build(pool, &jobs, &g, &err));
	ok(store_run_create(d, &(struct store_run){ .name = STR("t"), .jobs = &jobs, .graph = &g,
						    .labels = STR("{\"why\":\"test\"}") }, &id, &err));
	return id;
}

static struct store_step step(uint32_t job, int attempt, enum job_state s)
{
	struct store_step x = { .job = job, .attempt = attempt, .state = s, .rows = -1, .bytes = -1, .cpu_us = -1,
				.deadline_us = -1 };
	if (s == JOB_FAILED || s == JOB_CANCELLED)
		x.error = STR("{\"code\":\"data\",\"message\":\"no\"}");
	return x;
}

/* Records one step; "" or what changed, "1:ready 2:blocked", "conflict" where it is refused. */
static const char *record(int64_t run, struct store_step s)
{
	store_changes changes = { 0 };
	int rc = store_run_record(pool, db, run, &s, 1, &changes, &err);
	if (rc == MST_CONFLICT)
		return "conflict";
	ok(rc);
	struct buf b;
	buf_init(&b, pool);
	for (size_t i = 0; i < changes.n; i++)
		buf_printf(&b, "%s%u:%s", i ? " " : "", changes.v[i].job, job_state_name(changes.v[i].state));
	return buf_cstr(&b);
}

static const char *states(int64_t run)
{
	return ask(pool_printf(pool, "SELECT state || ':' || attempt FROM mst.job WHERE run_id = %lld ORDER BY no",
			       (long long)run));
}

/* Brings job a of a new run into a state (attempt 1). */
static int64_t run_with(enum job_state s)
{
	int64_t run = a_run(db);
	if (s != JOB_READY && s != JOB_SKIPPED)
		assert_string_equal(record(run, step(0, 1, JOB_RUNNING)), "");
	if (s != JOB_READY && s != JOB_RUNNING)
		record(run, step(0, 1, s));
	return run;
}

static void every_step_from_every_state(void **state_)
{
	(void)state_;
	db = state();
	static const enum job_state from[] = { JOB_READY, JOB_RUNNING, JOB_PARKED, JOB_SUCCEEDED, JOB_FAILED, JOB_CANCELLED,
					       JOB_SKIPPED };
	static const enum job_state to[] = { JOB_RUNNING, JOB_PARKED, JOB_SUCCEEDED, JOB_FAILED, JOB_CANCELLED, JOB_SKIPPED,
					     JOB_READY, JOB_WAITING, JOB_BLOCKED };
	struct buf b;
	buf_init(&b, pool);
	for (size_t f = 0; f < sizeof from / sizeof *from; f++) {
		buf_printf(&b, "%s:", job_state_name(from[f]));
		for (size_t t = 0; t < sizeof to / sizeof *to; t++) {
			int64_t run = run_with(from[f]);
			const char *before = states(run), *said = record(run, step(0, 1, to[t]));
			if (strcmp(said, "conflict") == 0)
				assert_string_equal(states(run), before);
			else
				buf_printf(&b, " %s", job_state_name(to[t]));
			/* another attempt than the one under way */
			run = run_with(from[f]);
			assert_string_equal(record(run, step(0, 3, to[t])), "conflict");
			ok(store_run_finish(db, run, RUN_FAILED, "end of the test", NULL, &err));
		}
		buf_char(&b, '\n');
	}
	assert_string_equal(buf_cstr(&b), "ready: running parked succeeded failed cancelled skipped\n"
					  "running: parked succeeded failed cancelled skipped\n"
					  "parked: succeeded failed cancelled\n"
					  "succeeded:\nfailed:\ncancelled:\nskipped:\n");
}

static void a_job_that_ends_frees_or_blocks_what_waits_for_it(void **state_)
{
	(void)state_;
	db = state();
	int64_t run = a_run(db);
	assert_string_equal(states(run), "ready:0 waiting:0 waiting:0 ready:0");
	assert_string_equal(record(run, step(0, 1, JOB_SUCCEEDED)), "1:ready");
	assert_string_equal(record(run, step(1, 1, JOB_FAILED)), "2:blocked");
	assert_string_equal(states(run), "succeeded:1 failed:1 blocked:0 ready:0");
	run = a_run(db);
	assert_string_equal(record(run, step(0, 1, JOB_CANCELLED)), "1:blocked 2:blocked");
	run = a_run(db);
	assert_string_equal(record(run, step(0, 1, JOB_SKIPPED)), "1:ready");
	assert_string_equal(states(run), "skipped:0 ready:0 waiting:0 ready:0");
}

static void nothing_of_a_batch_is_recorded_where_one_step_is_refused(void **state_)
{
	(void)state_;
	db = state();
	int64_t run = a_run(db);
	store_changes changes = { 0 };
	struct store_step two[] = { step(3, 1, JOB_SUCCEEDED), step(1, 1, JOB_RUNNING) };
	assert_int_equal(store_run_record(pool, db, run, two, 2, &changes, &err), MST_CONFLICT);
	assert_string_equal(err.msg, pool_printf(pool, "run %lld was taken from this mst-run", (long long)run));
	assert_string_equal(states(run), "ready:0 waiting:0 waiting:0 ready:0");
	assert_string_equal(ask(pool_printf(pool, "SELECT kind FROM mst.event WHERE run_id = %lld", (long long)run)), "run_started");
}

static void a_failed_attempt_that_is_retried_leaves_its_row_and_a_ready_job(void **state_)
{
	(void)state_;
	db = state();
	int64_t run = a_run(db);
	struct store_step s = step(0, 1, JOB_FAILED);
	s.retry = true;
	s.cpu_us = 1234;
	assert_string_equal(record(run, s), "");
	assert_string_equal(states(run), "ready:1 waiting:0 waiting:0 ready:0");
	assert_string_equal(record(run, step(0, 1, JOB_RUNNING)), "conflict");
	assert_string_equal(record(run, step(0, 2, JOB_RUNNING)), "");
	s = step(0, 2, JOB_SUCCEEDED);
	s.rows = 7;
	s.tests = STR("[{\"test\":\"not_null\",\"ok\":true}]");
	assert_string_equal(record(run, s), "1:ready");
	assert_string_equal(ask(pool_printf(pool,
					    "SELECT attempt, state, rows, cpu_us, tests, done_by = session_user"
					    " FROM mst.attempt WHERE run_id = %lld ORDER BY attempt", (long long)run)),
			    "1|failed||1234||t 2|succeeded|7||[{\"test\":\"not_null\",\"ok\":true}]|t");
	assert_string_equal(ask(pool_printf(pool, "SELECT kind, job, attempt FROM mst.event WHERE run_id = %lld ORDER BY id",
					    (long long)run)),
			    "run_started|| job_started|1|1 job_retried|1|1 job_started|1|2 job_finished|1|2");
}

static const char *woken(int64_t run, int64_t *next)
{
	store_woken_list list = { 0 };
	ok(store_run_woken(pool, db, run, &list, next, &err));
	struct buf b;
	buf_init(&b, pool);
	for (size_t i = 0; i < list.n; i++)
		buf_printf(&b, "%s%u:%d%s", i ? " " : "", list.v[i].job, list.v[i].attempt, list.v[i].late ? " late" : "");
	return buf_cstr(&b);
}

static void a_parked_job_is_woken_by_its_key_or_by_its_deadline(void **state_)
{
	(void)state_;
	db = state();
	int64_t run = a_run(db), next, n;
	struct store_step s = step(0, 1, JOB_PARKED);
	s.wake_key = STR("table:a");
	s.deadline_us = 3600 * INT64_C(1000000);
	assert_string_equal(record(run, s), "");
	s = step(3, 1, JOB_PARKED);
	s.deadline_us = 0;
	s.wake_key = STR("table:d");
	assert_string_equal(record(run, s), "");
	assert_string_equal(woken(run, &next), "3:1 late");
	assert_in_range(next, INT64_C(3500) * 1000000, INT64_C(3600) * 1000000);
	ok(store_run_listen(db, &err));
	struct db *other = state();
	bool told;
	ok(db_notes_wait(db, 0, &told, &err));
	ok(store_wake(other, STR("table:x"), &n, &err));
	assert_int_equal(n, 0);
	ok(store_wake(other, STR("table:a"), &n, &err));
	assert_int_equal(n, 1);
	ok(store_wake(other, STR("table:a"), &n, &err));
	assert_int_equal(n, 0);
	ok(db_notes_wait(db, 10000000, &told, &err));
	assert_true(told);
	assert_string_equal(woken(run, NULL), "0:1 3:1 late");
	assert_string_equal(record(run, step(0, 1, JOB_SUCCEEDED)), "1:ready");
	struct store_step failed = step(3, 1, JOB_FAILED);
	assert_string_equal(record(run, failed), "");
	assert_string_equal(woken(run, &next), "");
	assert_int_equal(next, -1);
	assert_string_equal(states(run), "succeeded:1 ready:0 waiting:0 failed:1");
	assert_string_equal(ask(pool_printf(pool, "SELECT count(*) FROM mst.job WHERE run_id = %lld AND wake_key IS NOT NULL",
					    (long long)run)), "0");
}

static void a_run_that_ends_takes_its_parked_jobs_along(void **state_)
{
	(void)state_;
	db = state();
	int64_t run = run_with(JOB_PARKED);
	record(run, step(3, 1, JOB_RUNNING));
	assert_int_equal(store_run_finish(db, run, RUN_SUCCEEDED, NULL, NULL, &err), MST_CONFLICT);
	assert_string_equal(err.msg, pool_printf(pool, "run %lld has not succeeded: 0 of its 4 jobs are done", (long long)run));
	ok(store_run_finish(db, run, RUN_FAILED, "why", NULL, &err));
	assert_string_equal(states(run), "cancelled:1 cancelled:0 cancelled:0 failed:1");
	assert_string_equal(ask(pool_printf(pool, "SELECT job, attempt, state FROM mst.attempt WHERE run_id = %lld ORDER BY 1, 2",
					    (long long)run)), "1|1|cancelled 4|1|failed");
}

static const char *reopened(struct store_again *again)
{
	struct buf b;
	buf_init(&b, pool);
	for (size_t i = 0; i < again->n; i++)
		buf_printf(&b, "%s%s:%d", i ? " " : "", job_state_name(again->jobs[i].state), again->jobs[i].attempt);
	return buf_cstr(&b);
}

static void a_run_is_taken_up_where_it_broke(void **state_)
{
	(void)state_;
	struct store_again again = { .n = 0 };
	db = state();
	ask("SELECT mst.run_reap()");
	int64_t run = a_run(db);
	assert_string_equal(record(run, step(0, 1, JOB_SUCCEEDED)), "1:ready");
	assert_string_equal(record(run, step(1, 1, JOB_FAILED)), "2:blocked");
	assert_string_equal(record(run, step(3, 1, JOB_SKIPPED)), "");
	assert_int_equal(store_run_reopen(pool, db, run, &again, &err), MST_CONFLICT);
	assert_string_equal(err.msg, pool_printf(pool, "run %lld is under way", (long long)run));
	ok(store_run_finish(db, run, RUN_FAILED, NULL, NULL, &err));
	struct db *other = state();
	ok(store_run_reopen(pool, other, run, &again, &err));
	assert_string_equal(reopened(&again), "succeeded:1 ready:1 waiting:0 skipped:0");
	assert_int_equal(store_run_reopen(pool, db, run, &again, &err), MST_CONFLICT);
	assert_string_equal(ask("SELECT mst.run_reap()"), "0");
}

static void a_run_of_a_session_that_is_gone_is_ended_and_taken_up(void **state_)
{
	(void)state_;
	struct store_again again = { .n = 0 };
	db = state();
	int64_t run = a_run(db);
	record(run, step(0, 1, JOB_SUCCEEDED));
	record(run, step(1, 1, JOB_RUNNING));
	record(run, step(3, 1, JOB_SKIPPED));
	struct db *other = state();
	assert_int_equal(store_run_reopen(pool, other, run, &again, &err), MST_CONFLICT);
	db_close(db);
	db = other;
	for (int i = 0; store_run_reopen(pool, db, run, &again, &err) == MST_CONFLICT && i < 100; i++)
		assert_string_equal(ask("SELECT pg_sleep(0.05)"), "");
	assert_string_equal(reopened(&again), "succeeded:1 ready:1 waiting:0 skipped:0");
	assert_int_equal(again.left, 2);
	assert_string_equal(str_z(pool, again.name), "t");
	assert_string_equal(str_z(pool, again.labels), "{\"why\": \"test\"}");
	assert_string_equal(ask(pool_printf(pool, "SELECT state, retries, error, mst.run_has_owner(id) FROM mst.run WHERE id = %lld",
					    (long long)run)), "running|1||t");
	assert_string_equal(record(run, step(1, 1, JOB_RUNNING)), "conflict");
	assert_string_equal(record(run, step(1, 2, JOB_SUCCEEDED)), "2:ready");
	/* another text for what has not begun */
	job_list jobs = { 0 };
	for (size_t i = 0; i < 3; i++)
		*vec_push(pool, &jobs) = (struct job){ .name = STR("x"), .line = STR("{\"name\":\"new\"}"), .sql = STR("SELECT 2") };
	ok(store_run_replace(db, run, &jobs, (uint32_t[]){ 2 }, 1, &err));
	assert_string_equal(ask(pool_printf(pool, "SELECT sql FROM mst.job WHERE run_id = %lld AND no = 3", (long long)run)),
			    "SELECT 2");
	assert_int_equal(store_run_replace(db, run, &jobs, (uint32_t[]){ 1 }, 1, &err), MST_CONFLICT);
	assert_string_equal(record(run, step(2, 1, JOB_SUCCEEDED)), "");
	/* all is done, but its end was never recorded */
	db_close(db);
	db = state();
	for (int i = 0; store_run_reopen(pool, db, run, &again, &err) == MST_CONFLICT && i < 100; i++)
		assert_string_equal(ask("SELECT pg_sleep(0.05)"), "");
	assert_int_equal(again.left, 0);
	assert_string_equal(ask(pool_printf(pool, "SELECT state, mst.run_has_owner(id) FROM mst.run WHERE id = %lld", (long long)run)),
			    "succeeded|f");
	ok(store_run_reopen(pool, db, run, &again, &err));
	assert_int_equal(again.left, 0);
	assert_string_equal(ask(pool_printf(pool, "SELECT retries FROM mst.run WHERE id = %lld", (long long)run)), "2");
	assert_int_equal(store_run_reopen(pool, db, 999999, &again, &err), MST_NOT_FOUND);
}

static void a_key_that_a_stranger_holds_neither_stops_a_run_nor_keeps_one_alive(void **state_)
{
	(void)state_;
	db = state();
	struct db *other = state();
	int64_t run = a_run(db);
	ok(db_exec(other, str_of(pool_printf(pool, "SELECT pg_advisory_lock(mst.run_lock(%lld))", (long long)run + 1)), &err));
	assert_int_equal(a_run(db), run + 2);
	assert_string_equal(ask(pool_printf(pool, "UPDATE mst.run SET owned_by = 'somebody' WHERE id = %lld"
					    " RETURNING mst.run_has_owner(%lld)", (long long)run, (long long)run)), "f");
}

static void of_a_long_log_the_head_and_the_tail_are_kept(void **state_)
{
	(void)state_;
	db = state();
	int64_t run = a_run(db);
	char line[1000];
	memset(line, 'x', sizeof line);
	struct store_log_entry e[500];
	for (int k = 0, n = 0; k < 10; k++) {
		for (int i = 0; i < 500; i++, n++)
			e[i] = (struct store_log_entry){ .job = 0, .attempt = 1, .stream = "stderr", .text = str_of(
				pool_printf(pool, "%d %.*s", n, 500, line)) };
		ok(store_log_add(db, run, e, 500, &err));
	}
	assert_string_equal(ask(pool_printf(pool,
		"SELECT sum(octet_length(text) + 1) FILTER (WHERE id < c.cut) BETWEEN 523000 AND 524288,"
		" sum(octet_length(text) + 1) FILTER (WHERE id > c.cut) BETWEEN 523000 AND 524288 * 5 / 4,"
		" count(*) - 1 + c.cut_lines, max(text) FILTER (WHERE stream = 'cut') = c.cut_lines || ' lines of ' || c.cut_bytes || ' bytes are left out here'"
		" FROM mst.log l JOIN mst.log_size c USING (run_id, job, attempt) WHERE run_id = %lld GROUP BY c.cut, c.cut_lines, c.cut_bytes",
		(long long)run)), "t|t|5000|t");
	assert_string_equal(ask(pool_printf(pool, "SELECT split_part(text, ' ', 1) FROM mst.log WHERE run_id = %lld ORDER BY id LIMIT 1",
					    (long long)run)), "0");
	assert_string_equal(ask(pool_printf(pool,
		"SELECT split_part(text, ' ', 1) FROM mst.log WHERE run_id = %lld ORDER BY id DESC LIMIT 1", (long long)run)), "4999");
}

static void a_log_line_is_text_whatever_it_was(void **state_)
{
	(void)state_;
	db = state();
	int64_t run = a_run(db);
	struct store_log_entry e[] = {
		{ .job = STORE_LOG_OF_RUN, .stream = "note", .text = STR("one\r\n\n\xff\0two\n") },
		{ .job = 1, .attempt = 1, .stream = "warning", .text = { NULL, 0 } },
	};
	ok(store_log_add(db, run, e, 2, &err));
	assert_string_equal(ask(pool_printf(pool, "SELECT job, attempt, stream, text FROM mst.log WHERE run_id = %lld ORDER BY id",
					    (long long)run)),
			    "0|0|note|one 0|0|note| 0|0|note|\xef\xbf\xbd\xef\xbf\xbdtwo 2|1|warning|");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_step_from_every_state),
		T(a_job_that_ends_frees_or_blocks_what_waits_for_it),
		T(nothing_of_a_batch_is_recorded_where_one_step_is_refused),
		T(a_failed_attempt_that_is_retried_leaves_its_row_and_a_ready_job),
		T(a_parked_job_is_woken_by_its_key_or_by_its_deadline),
		T(a_run_that_ends_takes_its_parked_jobs_along),
		T(a_run_is_taken_up_where_it_broke),
		T(a_run_of_a_session_that_is_gone_is_ended_and_taken_up),
		T(a_key_that_a_stranger_holds_neither_stops_a_run_nor_keeps_one_alive),
		T(of_a_long_log_the_head_and_the_tail_are_kept),
		T(a_log_line_is_text_whatever_it_was),
	};
	return cmocka_run_group_tests_name("store_run", tests, NULL, private_end);
}
