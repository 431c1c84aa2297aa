#include "model/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const struct jsonl_reader place = { .name = "lines", .line = 7 };

static void target_is(const char *name, const char *dataset, const char *table)
{
	POOL_SCRATCH(pool);
	struct str d, t;
	struct mst_error err;
	assert_int_equal(job_target(pool, str_of(name), &d, &t, &err), 0);
	assert_string_equal(str_z(pool, d), dataset);
	assert_string_equal(str_z(pool, t), table);
}

static void a_name_is_a_dataset_and_a_table(void **state)
{
	(void)state;
	target_is("t", "", "t");
	target_is("d.t", "d", "t");
	target_is("p.d.t", "d", "t");
	target_is("example.com:p.d.t", "d", "t");
	target_is("d.`a.b`", "d", "a.b");
	target_is("\"d \"\"x\"\"\".t", "d \"x\"", "t");
}

static void a_broken_name_is_refused(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct str d, t;
	struct mst_error err;
	const char *const broken[] = { "", ".", "a.", ".a", "a..b", "`", "a.`b", "``.a" };
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
		assert_int_equal(job_target(pool, str_of(broken[i]), &d, &t, &err), MST_DATA);
}

static void a_line_loses_its_text_and_what_a_run_says(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct job job;
	struct mst_error err;
	assert_int_equal(job_read(pool,
				  STR("{\"type\":\"job\", \"name\":\"a\\u002eb\",\"x\": 1.0,\"sql\":\"S\",\"state\":\"failed\","
				      "\"attempt\":1,\"priority\":1e3,\"run\":false}"),
				  &place, &job, &err),
			 0);
	assert_string_equal(str_z(pool, job.line),
			    "{\"type\":\"job\",\"name\":\"a\\u002eb\",\"x\":1.0,\"priority\":1e3,\"run\":false}");
	assert_string_equal(str_z(pool, job.name), "a.b");
	assert_string_equal(str_z(pool, job.sql), "S");
	assert_int_equal(job.priority, 1000);
	assert_false(job.run);
}

static void a_line_of_wrong_types_is_refused_with_its_place(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct job job;
	struct mst_error err;
	assert_int_equal(job_read(pool, STR("{\"name\":\"a\",\"after\":\"b\"}"), &place, &job, &err), MST_DATA);
	assert_string_equal(err.msg, "'after' of a job is not an array");
	assert_int_equal(err.line, 7);
	assert_int_equal(job_read(pool, STR("{\"name\":\"a\",\"after\":[1]}"), &place, &job, &err), MST_DATA);
	assert_int_equal(job_read(pool, STR("{\"name\":\"a\\u0000b\"}"), &place, &job, &err), MST_DATA);
	assert_string_equal(err.msg, "a NUL byte in the name of a job");
}

static void lines_make_a_graph(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	job_list jobs = { 0 };
	struct job_graph g;
	struct mst_error err;
	const char *const lines[] = { "{\"name\":\"c\",\"after\":[\"a\",\"b\",\"a\",\"gone\"]}", "{\"name\":\"a\"}",
				      "{\"name\":\"b\",\"after\":[\"a\"]}" };
	for (size_t i = 0; i < 3; i++) {
		struct job job;
		assert_int_equal(job_read(pool, str_of(lines[i]), &place, &job, &err), 0);
		*vec_push(pool, &jobs) = job;
	}
	assert_int_equal(job_graph_build(pool, &jobs, &g, &err), 0);
	assert_int_equal(g.edges, 3);
	assert_int_equal(g.external, 1);
	assert_int_equal(g.waiting[0], 2);
	assert_int_equal(g.waiting[1], 0);
	assert_int_equal(g.waiting[2], 1);
	struct job self;
	assert_int_equal(job_read(pool, STR("{\"name\":\"d\",\"after\":[\"d\"]}"), &place, &self, &err), 0);
	*vec_push(pool, &jobs) = self;
	assert_int_equal(job_graph_build(pool, &jobs, &g, &err), MST_DATA);
	assert_string_equal(err.msg, "jobs wait for each other: d -> d");
}

static void an_offset_has_a_line_and_a_column(void **state)
{
	(void)state;
	uint32_t line, col;
	text_place(STR("ab\ncd\n"), 4, &line, &col);
	assert_int_equal(line, 2);
	assert_int_equal(col, 2);
	text_place(STR("ab\ncd\n"), 99, &line, &col);
	assert_int_equal(line, 3);
	assert_int_equal(col, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_a_dataset_and_a_table),
		cmocka_unit_test(a_broken_name_is_refused),
		cmocka_unit_test(a_line_loses_its_text_and_what_a_run_says),
		cmocka_unit_test(a_line_of_wrong_types_is_refused_with_its_place),
		cmocka_unit_test(lines_make_a_graph),
		cmocka_unit_test(an_offset_has_a_line_and_a_column),
	};
	return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
