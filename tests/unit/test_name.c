#include "model/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above */
#include <cmocka.h>

static void check(const char *pattern, const char *path, const char *want)
{
	POOL_SCRATCH(pool);
	struct mst_error err;
	struct name_pattern pat;
	struct str got;
	assert_int_equal(name_pattern_parse(pool, pattern, &pat, &err), 0);
	if (!name_of_path(pool, &pat, path, '`', &got)) {
		assert_null(want);
		return;
	}
	assert_non_null(want);
	assert_string_equal(str_z(pool, got), want);
}

static void the_default_takes_folder_and_file(void **state)
{
	(void)state;
	check(NAME_PATTERN_DEFAULT, "/x/sql/mart/sales.sql", "mart.sales");
	check(NAME_PATTERN_DEFAULT, "/mart/sales.sql", "mart.sales");
	check(NAME_PATTERN_DEFAULT, "/sales.sql", NULL);
	check(NAME_PATTERN_DEFAULT, "/mart/sales.txt", NULL);
	check(NAME_PATTERN_DEFAULT, "/mart/.sql", NULL);
}

static void a_pattern_fits_the_end_of_the_path(void **state)
{
	(void)state;
	check("PROJECT/DATASET/TABLE/query.sql", "/x/moz/telemetry/main/query.sql", "moz.telemetry.main");
	check("PROJECT/DATASET/TABLE/query.sql", "/telemetry/main/query.sql", NULL);
	check("DATASET.TABLE.sql", "/x/mart.sales.sql", "mart.sales");
	check("DATASET.TABLE.sql", "/x/mart.sales.v1.sql", "mart.`sales.v1`");
	check("TABLE.sql", "/x/a.sql.sql", "`a.sql`");
	check("DATASET/*/TABLE.sql", "/x/mart/2024/sales.sql", "mart.sales");
	check("DATASET/v*_TABLE.sql", "/x/mart/v12_sales.sql", "mart.sales");
	check("DATASET/v*_TABLE.sql", "/x/mart/v_12_sales.sql", "mart.12_sales");
	check("DATASET/v*_TABLE.sql", "/x/mart/x_sales.sql", NULL);
	check("tables/TABLE.sql", "/x/views/a.sql", NULL);
	check("TABLE", "/x/query.bql", "`query.bql`");
}

static void parts_with_dots_and_blanks_keep_quotes(void **state)
{
	(void)state;
	check(NAME_PATTERN_DEFAULT, "/my data/a.b.sql", "`my data`.`a.b`");
	POOL_SCRATCH(pool);
	struct buf b;
	buf_init(&b, pool);
	name_put_part(&b, STR("a\"b"), '"');
	buf_char(&b, '|');
	name_put_part(&b, STR("a\".b"), '"');
	assert_string_equal(buf_cstr(&b), "a\"b|\"a\"\".b\"");
}

static void a_path_that_fits_nothing_has_a_name_all_the_same(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	assert_string_equal(str_z(pool, name_of_any_path(pool, "/x/mart/q.bql", '`')), "mart.q");
	assert_string_equal(str_z(pool, name_of_any_path(pool, "/q.sql", '`')), "q");
	assert_string_equal(str_z(pool, name_of_any_path(pool, "/x/.hidden", '`')), "x.`.hidden`");
}

static void refuse_pattern(const char *pattern, const char *msg)
{
	POOL_SCRATCH(pool);
	struct mst_error err;
	struct name_pattern pat;
	assert_int_equal(name_pattern_parse(pool, pattern, &pat, &err), MST_USAGE);
	assert_string_equal(err.msg, msg);
}

static void wrong_patterns_are_refused(void **state)
{
	(void)state;
	refuse_pattern("DATASET/x.sql", "no TABLE in the name pattern 'DATASET/x.sql'");
	refuse_pattern("TABLE/TABLE.sql", "TABLE stands twice in the name pattern 'TABLE/TABLE.sql'");
	refuse_pattern("PROJECT/TABLE.sql", "PROJECT without DATASET in the name pattern 'PROJECT/TABLE.sql'");
	refuse_pattern("DATASET//TABLE.sql", "empty component in the name pattern 'DATASET//TABLE.sql'");
	refuse_pattern("", "empty component in the name pattern ''");
}

static void refuse_name(const char *name, const char *msg)
{
	POOL_SCRATCH(pool);
	struct mst_error err;
	struct str out;
	assert_int_equal(name_parse(pool, str_of(name), '`', &out, &err), MST_DATA);
	assert_string_equal(err.msg, msg);
}

static void names_are_made_canonical(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct mst_error err;
	static const char *const good[][2] = {
		{ "t", "t" },
		{ "p.d.t", "p.d.t" },
		{ "`my-proj`.d.\"t\"", "my-proj.d.t" },
		{ "example.com:proj.d.t", "example.com:proj.d.t" },
		{ "`a b`.t", "`a b`.t" },
		{ "\"a.b\".t", "`a.b`.t" },
		{ "d.t$1", "d.t$1" },
		{ "d.\"a\"\"b\"", "d.a\"b" },
		{ "d.`a``.b`", "d.`a``.b`" },
	};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct str out;
		assert_int_equal(name_parse(pool, str_of(good[i][0]), '`', &out, &err), 0);
		assert_string_equal(str_z(pool, out), good[i][1]);
	}
}

static void wrong_names_are_refused(void **state)
{
	(void)state;
	refuse_name("", "an empty name");
	refuse_name("a..b", "an empty part in the name 'a..b'");
	refuse_name(".a", "an empty part in the name '.a'");
	refuse_name("a.", "an empty part in the name 'a.'");
	refuse_name("``", "an empty part in the name '``'");
	refuse_name("`a", "a quote that is not closed in the name '`a'");
	refuse_name("a b", "a blank in the name 'a b'");
	refuse_name("a.b.c.d", "4 parts in the name 'a.b.c.d'");
	refuse_name("a\nb", "a control character in the name 'a b'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_takes_folder_and_file),
		cmocka_unit_test(a_pattern_fits_the_end_of_the_path),
		cmocka_unit_test(parts_with_dots_and_blanks_keep_quotes),
		cmocka_unit_test(a_path_that_fits_nothing_has_a_name_all_the_same),
		cmocka_unit_test(wrong_patterns_are_refused),
		cmocka_unit_test(names_are_made_canonical),
		cmocka_unit_test(wrong_names_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
