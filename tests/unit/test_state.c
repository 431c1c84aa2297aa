#include "model/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/fs.h"

static const char *const job_events[] = { "ready", "start", "park", "wake", "succeed",
					  "fail", "retry", "cancel", "skip", "block" };
static const char *const run_events[] = { "start", "pause", "resume", "succeed", "fail", "cancel" };

/* Every cell of the table that is allowed, in words. */
static void every_cell_of_the_job_table(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct buf b;
	buf_init(&b, pool);
	for (int s = 0; s < JOB_STATES; s++)
		for (int e = 0; e < JOB_EVENTS; e++)
			if (job_state_next(s, e) >= 0)
				buf_printf(&b, "%s %s %s\n", job_state_name(s), job_events[e],
					   job_state_name(job_state_next(s, e)));
	assert_string_equal(buf_cstr(&b), "waiting ready ready\n"
					  "waiting cancel cancelled\n"
					  "waiting skip skipped\n"
					  "waiting block blocked\n"
					  "ready start running\n"
					  "ready cancel cancelled\n"
					  "ready skip skipped\n"
					  "running park parked\n"
					  "running succeed succeeded\n"
					  "running fail failed\n"
					  "running retry ready\n"
					  "running cancel cancelled\n"
					  "running skip skipped\n"
					  "parked wake ready\n"
					  "parked succeed succeeded\n"
					  "parked fail failed\n"
					  "parked cancel cancelled\n"
					  "failed retry ready\n"
					  "cancelled retry ready\n"
					  "blocked retry waiting\n");
}

static void every_cell_of_the_run_table(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct buf b;
	buf_init(&b, pool);
	for (int s = 0; s < RUN_STATES; s++)
		for (int e = 0; e < RUN_EVENTS; e++)
			if (run_state_next(s, e) >= 0)
				buf_printf(&b, "%s %s %s\n", run_state_name(s), run_events[e],
					   run_state_name(run_state_next(s, e)));
	assert_string_equal(buf_cstr(&b), "queued start running\n"
					  "queued pause paused\n"
					  "queued cancel cancelled\n"
					  "running pause paused\n"
					  "running succeed succeeded\n"
					  "running fail failed\n"
					  "running cancel cancelled\n"
					  "paused resume running\n"
					  "paused fail failed\n"
					  "paused cancel cancelled\n");
}

static void words_lead_back_to_their_state(void **state)
{
	(void)state;
	for (int s = 0; s < JOB_STATES; s++)
		assert_int_equal(job_state_of(str_of(job_state_name(s))), s);
	for (int s = 0; s < RUN_STATES; s++)
		assert_int_equal(run_state_of(str_of(run_state_name(s))), s);
	assert_int_equal(job_state_of(STR("Ready")), -1);
	assert_int_equal(run_state_of(STR("")), -1);
}

/* The words of a check constraint "(state IN (...))", joined by blanks. */
static char *words_of(struct pool *pool, const char *sql, const char *constraint)
{
	const char *p = strstr(sql, constraint);
	assert_non_null(p);
	const char *end = strstr(p, "))");
	assert_non_null(end);
	struct buf b;
	buf_init(&b, pool);
	for (bool in = false; p < end; p++) {
		if (*p == '\'') {
			in = !in;
			if (!in)
				buf_char(&b, ' ');
		} else if (in) {
			buf_char(&b, *p);
		}
	}
	return buf_cstr(&b);
}

static void the_database_has_the_same_states(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct mst_error err;
	struct str sql;
	assert_int_equal(fs_read_file(pool, "lib/store/schema/0002_run.sql", 0, &sql, &err), 0);
	struct buf jobs, runs;
	buf_init(&jobs, pool);
	buf_init(&runs, pool);
	for (int s = 0; s < JOB_STATES; s++)
		buf_printf(&jobs, "%s ", job_state_name(s));
	for (int s = 0; s < RUN_STATES; s++)
		buf_printf(&runs, "%s ", run_state_name(s));
	assert_string_equal(words_of(pool, sql.p, "CONSTRAINT job_state"), buf_cstr(&jobs));
	assert_string_equal(words_of(pool, sql.p, "CONSTRAINT run_state"), buf_cstr(&runs));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cell_of_the_job_table),
		cmocka_unit_test(every_cell_of_the_run_table),
		cmocka_unit_test(words_lead_back_to_their_state),
		cmocka_unit_test(the_database_has_the_same_states),
	};
	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
