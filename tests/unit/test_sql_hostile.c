/* No text of any kind takes more than linear time, much stack, or a crash. */
#include "base/time.h"
#include "sql/kw.h"
#include "sql_case.h"

#include <ctype.h>
#include <time.h>

static struct str repeat(struct pool *pool, struct str piece, size_t n)
{
	char *p = pool_alloc(pool, n);
	for (size_t i = 0; i < n; i++)
		p[i] = piece.p[i % piece.n];
	return (struct str){ p, n };
}

static double cpu_seconds(enum sql_dialect d, struct str text)
{
	POOL_SCRATCH(pool);
	struct timespec a, b;
	struct sql_refs r;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	sql_read(pool, d, text, &r);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	assert_true(r.diags.n <= SQL_DIAGS_MAX);
	return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

/* Each piece over and over: four times the text takes about four times as long.
 * Quadratic time would show as sixteen; the floor keeps the clock's grain out. */
static void test_linear(void **state)
{
	(void)state;
	static const struct str pieces[] = {
		STR("("), STR(")"), STR("["), STR("'"), STR("\""), STR("`"), STR("1+"), STR("a."), STR("a,"), STR("a.b("),
		STR("/*"), STR("/*/ "), STR("--\n"), STR("#"), STR("{{"), STR("{%"), STR("{#"), STR("{{ ' }} "),
		STR("{{ \" }} ' "), STR("{{ref('x')}} "), STR("{% if x %}"), STR("${"), STR("\\"), STR("\0"), STR("\xff\xfe"),
		STR("CASE "), STR("BEGIN "), STR("IF "), STR("SELECT "), STR("(SELECT "), STR("SELECT * FROM ("), STR("FROM ("),
		STR("FROM a "), STR("FROM a,"), STR("JOIN a "), STR("FROM a JOIN ("), STR("UNION ALL SELECT a "),
		STR("WITH a AS ("), STR("WITH RECURSIVE a AS ("), STR("a AS (SELECT 1),"), STR("WITH a AS (SELECT 1) SELECT 1 FROM a;"),
		STR("(SELECT (SELECT 1 FROM a.b) FROM x a) "), STR("EXCEPT ("), STR("|> "), STR("FROM a |> UNION ALL ("),
		STR("$"), STR("$a$ "), STR("$a$ $b$ "), STR("E'\\"), STR("U&\""), STR("COPY a FROM STDIN;\n"), STR("\\x\n"),
		STR("EXECUTE IMMEDIATE 'EXECUTE IMMEDIATE "), STR("CREATE FUNCTION f("), STR("CREATE TABLE a "), STR("INSERT INTO a "),
		STR("UNNEST("), STR("ROWS FROM ("), STR("PIVOT ("), STR("a@{"), STR("FROM a.{% if "), STR("FROM `a`.`"), STR("x"),
		STR("SELECT 1\r\n"), STR("LATERAL "), STR("FOR SYSTEM_TIME AS OF "), STR("; "), STR("\n"), STR("a@b$c:"),
	};
	static const enum sql_dialect dialects[] = { SQL_BIGQUERY, SQL_POSTGRES, SQL_BIGQUERY_LEGACY, SQL_ANSI };
	const size_t n = 100000;
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		POOL_SCRATCH(pool);
		struct str small = repeat(pool, pieces[i], n), large = repeat(pool, pieces[i], 4 * n);
		for (size_t d = 0; d < 4; d++) {
			double a = cpu_seconds(dialects[d], small), b = cpu_seconds(dialects[d], large);
			if (b > 10 * a + 0.1)
				fail_msg("'%.*s' in %s: %zu bytes take %.3f s, %zu take %.3f s", STR_FMT(pieces[i]),
					 sql_dialect_name(dialects[d]), n, a, 4 * n, b);
		}
	}
}

/* Many names in one scope are looked up by hash. */
static void test_many_names(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct buf b;
	struct sql_refs r;
	buf_init(&b, pool);
	buf_z(&b, "WITH c0 AS (SELECT 1 FROM d.t)");
	for (int i = 1; i < 20000; i++)
		buf_printf(&b, ", c%d AS (SELECT 1 FROM c%d, x%d.items)", i, i - 1, i);
	buf_z(&b, " SELECT 1 FROM c0");
	for (int i = 1; i < 20000; i++)
		buf_printf(&b, ", c%d.items, c%d", i, i);
	sql_read(pool, SQL_BIGQUERY, buf_view(&b), &r);
	assert_int_equal(r.reads.n, 1 + 19999 + 19999);
	assert_int_equal(r.diags.n, 0);
}

static void test_depth(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct buf b;
	struct sql_refs r;
	buf_init(&b, pool);
	for (int i = 0; i < 300; i++)
		buf_z(&b, "SELECT * FROM (");
	buf_z(&b, "SELECT 1 FROM d.deep");
	for (int i = 0; i < 300; i++)
		buf_z(&b, ")");
	sql_read(pool, SQL_BIGQUERY, buf_view(&b), &r);
	assert_string_equal(sql_case_join(pool, r.reads.v, r.reads.n), "d.deep");
	buf_reset(&b);
	for (int i = 0; i < 1000; i++)
		buf_z(&b, "SELECT (");
	buf_z(&b, "SELECT 1 FROM d.deep");
	for (int i = 0; i < 1000; i++)
		buf_z(&b, ")");
	buf_z(&b, " FROM d.t; SELECT 1 FROM d.u");
	sql_read(pool, SQL_BIGQUERY, buf_view(&b), &r);
	assert_string_equal(sql_case_join(pool, r.reads.v, r.reads.n), "d.t; d.u");
	assert_string_equal(sql_case_diags(pool, &r),
			    "error 1:3201 queries are nested deeper than 400: what stands here is not read");
	/* parentheses without queries are no depth */
	buf_reset(&b);
	buf_z(&b, "SELECT ");
	for (int i = 0; i < 100000; i++)
		buf_z(&b, "(");
	buf_z(&b, "(SELECT 1 FROM d.deep)");
	for (int i = 0; i < 100000; i++)
		buf_z(&b, ")");
	buf_z(&b, " FROM d.t");
	sql_read(pool, SQL_BIGQUERY, buf_view(&b), &r);
	assert_string_equal(sql_case_join(pool, r.reads.v, r.reads.n), "d.deep; d.t");
	assert_int_equal(r.diags.n, 0);
}

static void test_diagnostics_are_capped(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct sql_refs r;
	sql_read(pool, SQL_BIGQUERY, repeat(pool, STR("SELECT 1 FROM a;\n"), 17 * 500), &r);
	assert_int_equal(r.refs.n, 500);
	assert_int_equal(r.diags.n, SQL_DIAGS_MAX);
	assert_true(str_eqz(r.diags.v[98].msg, "table 'a' is named without a dataset"));
	assert_int_equal(r.diags.v[98].line, 99);
	assert_true(str_eqz(r.diags.v[99].msg, "too many diagnostics: the rest is left out"));
}

/* Any prefix of a text can be read, and says no more than it holds. */
static void test_prefixes(void **state)
{
	(void)state;
	static const char text[] =
		"DECLARE x DEFAULT (SELECT '''a''' FROM `p.d`.t$1);\r\n{% if a %} WITH RECURSIVE c AS (SELECT r'\\'' FROM "
		"d.u, u.i) {% else %} SELECT {{ ref('m', \"n\") }} {% endif %} FROM c |> JOIN @p.q ON EXTRACT(DAY FROM z) "
		"|> UNION ALL (FROM d.v PIVOT (a FOR b IN (1)) AS w);\n/* x */ EXECUTE IMMEDIATE \"SELECT \\\"\\\" FROM d.y\"; "
		"CREATE FUNCTION f() AS $$ SELECT 1 FROM s.t $$ LANGUAGE sql; COPY (TABLE q) TO 'x'; U&\"d\\0061\" [p:d.t@-1-]";
	for (int d = SQL_BIGQUERY; d <= SQL_ANSI; d++)
		for (size_t n = 0; n < sizeof text; n++) {
			POOL_SCRATCH(pool);
			/* a copy of just that size: a step behind its end is seen by ASan and valgrind */
			struct str s = { n ? pool_memdup(pool, text, n) : "", n };
			struct sql_refs r;
			sql_read(pool, d, s, &r);
			assert_true(r.refs.n <= 40);
		}
}

static void test_keywords(void **state)
{
	(void)state;
	for (int k = 1; k < KW_COUNT; k++) {
		char lower[16];
		size_t n = kw_lens[k];
		assert_int_equal(n, strlen(kw_names[k]));
		for (size_t i = 0; i < n; i++)
			lower[i] = (char)tolower((unsigned char)kw_names[k][i]);
		assert_int_equal(kw_find(kw_names[k], n), k);
		assert_int_equal(kw_find(lower, n), k);
		lower[n - 1] = '_';
		assert_int_equal(kw_find(lower, n), KW_NONE);
	}
	assert_int_equal(kw_find("x", 1), KW_NONE);
	assert_int_equal(kw_find("selects", 7), KW_NONE);
	assert_int_equal(kw_find("a_very_long_word_indeed", 23), KW_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_linear),		       cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_depth),		       cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_diagnostics_are_capped), cmocka_unit_test(test_keywords),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
