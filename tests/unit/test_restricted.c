#include "sql/restricted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
/* cmocka wants some of the above */
#include <cmocka.h>

/* The relation, then what is to be asked of the database; or the refusal with its place. */
static const char *read_it(struct pool *pool, const char *text)
{
	static const char kinds[] = "foTm";
	struct sql_restricted r;
	struct mst_error err;
	struct buf b;
	buf_init(&b, pool);
	if (sql_restricted_read(pool, str_of(text), &r, &err)) {
		assert_int_equal(err.code, MST_DATA);
		buf_printf(&b, "%u:%u: %s", err.line, err.col, err.msg);
		return buf_cstr(&b);
	}
	if (!r.query.n)
		return "nothing";
	buf_printf(&b, "%.*s|%.*s|", STR_FMT(r.schema), STR_FMT(r.table));
	for (size_t i = 0; i < r.uses.n; i++) {
		const struct sql_use *u = &r.uses.v[i];
		if (u->kind == SQL_USE_OPERATOR || (u->kind == SQL_USE_FUNCTION && u->known))
			continue;
		buf_printf(&b, " %c:%.*s%s%.*s", kinds[u->kind], STR_FMT(u->schema), u->schema.n ? "." : "",
			   STR_FMT(u->name));
	}
	if (r.limit)
		buf_z(&b, " limit");
	return buf_cstr(&b);
}

struct row {
	const char *text, *want;
};

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		POOL_SCRATCH(pool);
		assert_string_equal(read_it(pool, rows[i].text), rows[i].want);
	}
}
#define CHECK(rows) check(rows, sizeof(rows) / sizeof *(rows))

static void twenty_statements_are_accepted(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "SELECT * FROM t", "|t|" },
		{ "select a, b from shop.orders", "shop|orders|" },
		{ "SELECT o.* FROM \"Shop\".\"Or\"\"ders\" AS o", "Shop|Or\"ders|" },
		{ "SELECT ID, Name AS n, price * amount total FROM Orders o", "|orders|" },
		{ "SELECT a FROM t WHERE a > 3 AND b IS NOT NULL OR NOT c", "|t|" },
		{ "SELECT a FROM t ORDER BY a DESC NULLS LAST, lower(b) LIMIT 10;", "|t| limit" },
		{ "SELECT lower(a), coalesce(b, 'x'), CASE WHEN c THEN 1 ELSE 2 END FROM t", "|t|" },
		{ "SELECT CASE a WHEN 1 THEN 'one' END AS c FROM t", "|t|" },
		{ "SELECT a::numeric(10, 2), CAST(b AS timestamp(3) with time zone), c::double precision[] FROM t", "|t|" },
		{ "SELECT DATE '2026-01-31', INTERVAL '1 day', timestamp without time zone '2026-01-01' FROM t", "|t| T:date" },
		{ "SELECT a FROM t WHERE d BETWEEN date '2026-01-01' AND '2026-02-01' AND e NOT IN (1, 2)", "|t| T:date" },
		{ "SELECT extract(year FROM d), substring(s FROM 1 FOR 2), trim(BOTH 'x' FROM s), position('a' IN s) FROM t",
		  "|t|" },
		{ "SELECT doc ->> 'a', doc #>> '{a,b}', doc ? 'k', tags @> ARRAY['x'], a[1], a[1:2] FROM t", "|t|" },
		{ "SELECT s FROM t WHERE s LIKE 'a%' ESCAPE '!' AND s NOT ILIKE ALL (ARRAY['x']) AND s ~* '^a'", "|t|" },
		{ "SELECT 'it''s', E'it\\'s', $$a'b$$, $q$a$$b$q$, N'x', B'101', U&'d\\0061t' FROM t", "|t|" },
		{ "SELECT -1, +.5, 1e-5, 2.5E3, - - 1 FROM t", "|t|" },
		{ "SELECT d AT TIME ZONE 'UTC', s COLLATE \"C\", (a, b) = (1, 2), ROW() FROM ONLY t *", "|t|" },
		{ "SELECT my_fn(a), ext.other(b, n => 1) FROM t", "|t| f:my_fn f:ext.other" },
		{ "SELECT t.a, (t.c).x, a::my_type FROM t", "|t| m:a m:c m:x T:my_type" },
		{ "-- mst: source: shop\n/* a /* nested */ comment */ SELECT a -- the end\nFROM t -- ;\n;;\n", "|t|" },
		{ "SELECT ff(a), gg(a), ff(b), hh(gg(a)), ff(c), x.ff(d) FROM t", "|t| f:ff f:gg f:hh f:x.ff" },
		{ "SELECT left(a, 2), \"from\", a <> ALL ('{1}'), a IS NOT DISTINCT FROM b FROM t", "|t|" },
	};
	CHECK(rows);
}

static void twenty_statements_are_refused_at_their_place(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "SELECT a FROM t JOIN u USING (a)", "1:17: a restricted SELECT has no joins" },
		{ "SELECT a\nFROM t, u", "2:7: a restricted SELECT has no second relation" },
		{ "SELECT (SELECT 1) FROM t", "1:9: a restricted SELECT has no subqueries" },
		{ "SELECT a FROM t WHERE a IN (SELECT b FROM u)", "1:29: a restricted SELECT has no subqueries" },
		{ "SELECT a FROM t WHERE EXISTS (SELECT 1)", "1:23: a restricted SELECT has no subqueries" },
		{ "SELECT a FROM (SELECT 1 AS a) t", "1:15: a restricted SELECT has no subqueries and no joins" },
		{ "SELECT ARRAY(SELECT 1) FROM t", "1:13: a restricted SELECT has no subqueries" },
		{ "WITH x AS (SELECT 1) SELECT * FROM x", "1:1: a restricted SELECT has no WITH" },
		{ "SELECT a FROM t GROUP BY a", "1:17: a restricted SELECT has no GROUP BY" },
		{ "SELECT a FROM t HAVING true", "1:17: a restricted SELECT has no HAVING" },
		{ "SELECT DISTINCT a FROM t", "1:8: a restricted SELECT has no DISTINCT" },
		{ "SELECT count(*) FROM t", "1:8: a restricted SELECT has no aggregates: count" },
		{ "SELECT a, Sum(b) FROM t", "1:11: a restricted SELECT has no aggregates: sum" },
		{ "SELECT f(DISTINCT a) FROM t", "1:10: a restricted SELECT has no aggregates: f" },
		{ "SELECT f(a) FILTER (WHERE true) FROM t", "1:13: a restricted SELECT has no aggregates: f" },
		{ "SELECT row_number() OVER () FROM t", "1:8: a restricted SELECT has no window functions: row_number" },
		{ "SELECT f(a) OVER w FROM t", "1:13: a restricted SELECT has no window functions: f" },
		{ "SELECT a FROM t UNION ALL SELECT a FROM t", "1:17: a restricted SELECT has no set operations" },
		{ "SELECT a FROM t EXCEPT SELECT 1", "1:17: a restricted SELECT has no set operations" },
		{ "SELECT a FROM t FOR UPDATE", "1:17: a restricted SELECT has no FOR UPDATE or the like" },
		{ "SELECT a INTO u FROM t", "1:10: a restricted SELECT has no INTO" },
		{ "SELECT a FROM t LIMIT 1 OFFSET 2", "1:25: a restricted SELECT has no OFFSET" },
		{ "SELECT a FROM t FETCH FIRST ROW ONLY", "1:17: a restricted SELECT has no FETCH; write LIMIT" },
		{ "SELECT a FROM t TABLESAMPLE SYSTEM (1)", "1:17: a restricted SELECT has no TABLESAMPLE" },
		{ "SELECT a FROM generate_series(1, 2) a", "1:15: a restricted SELECT has no functions in FROM" },
		{ "SELECT a FROM ROWS FROM (f())", "1:15: a restricted SELECT has no functions in FROM" },
		{ "SELECT 1", "1:9: the SELECT ends where FROM and a relation should stand" },
		{ "VALUES (1)", "1:1: a restricted SELECT has no VALUES" },
		{ "SELECT a FROM t; DROP TABLE t", "1:18: a second statement" },
		{ "DELETE FROM t", "1:1: 'DELETE' stands where SELECT should" },
		{ "SELECT random() FROM t", "1:8: a restricted SELECT takes only what is immutable: random is not" },
		{ "SELECT a FROM t WHERE d > now()", "1:27: a restricted SELECT takes only what is immutable: now is not" },
		{ "SELECT CURRENT_TIMESTAMP FROM t",
		  "1:8: a restricted SELECT takes only what is immutable: current_timestamp is not" },
		{ "SELECT a FROM t ORDER BY Current_User",
		  "1:26: a restricted SELECT takes only what is immutable: current_user is not" },
		{ "SELECT pg_catalog.pg_sleep(1) FROM t", "1:8: a restricted SELECT has no functions of the system: pg_sleep" },
		{ "SELECT \"pg_read_file\"('x') FROM t",
		  "1:8: a restricted SELECT has no functions of the system: pg_read_file" },
		{ "SELECT lo_import('/etc/passwd') FROM t", "1:8: a restricted SELECT has no functions of the system: lo_import" },
		{ "SELECT nextval('s') FROM t", "1:8: a restricted SELECT has no functions of the system: nextval" },
		{ "SELECT set_config('a', 'b', true) FROM t",
		  "1:8: a restricted SELECT has no functions of the system: set_config" },
		{ "SELECT dblink_get_result('x') FROM t",
		  "1:8: a restricted SELECT has no functions of the system: dblink_get_result" },
		{ "SELECT unnest(a) FROM t", "1:8: a restricted SELECT has no functions that give rows: unnest" },
		{ "SELECT 't'::regclass FROM t",
		  "1:13: a restricted SELECT has no casts to regclass, which looks into the database" },
		{ "SELECT regproc 'now' FROM t",
		  "1:8: a restricted SELECT has no casts to regproc, which looks into the database" },
		{ "SELECT regtype('x') FROM t",
		  "1:8: a restricted SELECT has no casts to regtype, which looks into the database" },
		{ "SELECT a FROM t WHERE d > timestamptz 'Today'",
		  "1:39: a restricted SELECT has no clock: this text is another time in each run" },
		{ "SELECT ' now '::timestamp with time zone FROM t",
		  "1:8: a restricted SELECT has no clock: this text is another time in each run" },
		{ "SELECT 1 OPERATOR(x.+) 2 FROM t", "1:10: a restricted SELECT has no OPERATOR(...)" },
		{ "SELECT a FROM t WHERE a = $1", "1:27: a restricted SELECT has no parameters" },
		{ "SELECT a FROM d.s.t",
		  "1:15: a relation is called by its schema and its name; a connection is one database" },
	};
	CHECK(rows);
}

static void what_is_read_is_what_the_server_reads(void **state)
{
	(void)state;
	static const struct row rows[] = {
		/* to PostgreSQL these are no templates, and what stands behind a CR is no comment */
		{ "SELECT '{{ x ', pg_sleep(1), ' }}' FROM t", "1:17: a restricted SELECT has no functions of the system: pg_sleep" },
		{ "SELECT 1 -- x\r, pg_sleep(1) FROM t",
		  "1:17: a restricted SELECT has no functions of the system: pg_sleep" },
		{ "SELECT {{ a }} FROM t", "1:8: '{' stands where a value should" },
		{ "SELECT a {# x #} FROM t", "1:10: '{' stands where FROM and a relation should" },
		{ "SELECT `a` FROM t", "1:12: 'FROM' stands where a name should" },
		{ "SELECT ${a} FROM t", "1:8: '$' stands where a value should" },
		/* the second part of E'' would have escapes, too */
		{ "SELECT E'a'\n'b\\' , pg_sleep(1), ' FROM t", "2:1: two strings side by side; write them as one" },
		{ "SELECT U&\"pg\\005fsleep\"(1) FROM t", "1:8: a restricted SELECT has no names with escapes (U&\"...\")" },
		{ "SELECT U&'a!0061' UESCAPE '!' FROM t", "1:19: 'UESCAPE' stands where an operator should" },
		{ "SELECT 1a FROM t", "1:8: a number that is none" },
		{ "SELECT 1pg_sleep(1) FROM t", "1:8: a number that is none" },
		{ "SELECT 'a FROM t", "1:8: a string that does not end" },
		{ "SELECT \"a FROM t", "1:8: a name that does not end" },
		{ "SELECT a /* FROM t", "1:10: a comment that does not end" },
		{ "SELECT $a$ x $b$ FROM t", "1:8: a string that does not end" },
		{ "\xef\xbc\xb3" "ELECT a FROM t", "1:1: '\xef\xbc\xb3" "ELECT' stands where SELECT should" },
		{ "SELECT a \xd0\xa1ROM t", "1:16: 't' stands where FROM and a relation should" },
		{ "SELECT a+/* */pg_sleep(1) FROM t", "1:15: a restricted SELECT has no functions of the system: pg_sleep" },
		{ "SELECT a+--\npg_sleep(1) FROM t", "2:1: a restricted SELECT has no functions of the system: pg_sleep" },
		{ "SELECT $$;$$ FROM t; -- ; SELECT\n", "|t|" },
		{ "SELECT a FROM t WHERE (a OR b) AND ((SELECT 1) = 1)", "1:38: a restricted SELECT has no subqueries" },
		{ "SELECT f((((VALUES (1))))) FROM t", "1:13: a restricted SELECT has no subqueries" },
		{ "SELECT a FROM t ORDER BY a USING <", "1:28: 'USING' stands where the end should" },
		{ "SELECT a FROM t LIMIT pg_sleep(1)", "1:23: 'pg_sleep' stands where a whole number should" },
		{ "SELECT a FROM t alias(b, c) WHERE t.f", "|t| m:f" },
		{ "\xef\xbb\xbfSELECT a FROM t", "|t|" },
		{ "-- mst: source: x\n", "nothing" },
		{ ";", "nothing" },
		{ "", "nothing" },
	};
	CHECK(rows);
}

static void names_longer_than_the_server_keeps_are_refused(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	/* the server would cut this one to 63 bytes, and call another function */
	assert_string_equal(read_it(pool, "SELECT a234567890123456789012345678901234567890123456789012345678901234() FROM t"),
			    "1:8: a name of more than 63 bytes");
}

static void the_query_ends_at_its_last_word(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct sql_restricted r;
	struct mst_error err;
	assert_int_equal(sql_restricted_read(pool, STR("-- x\n SELECT a FROM t -- y\n ; -- z"), &r, &err), 0);
	assert_string_equal(str_z(pool, r.query), "SELECT a FROM t");
}

static void depth_and_length_are_bounded(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	static const char *const opens[] = { "(", "-(", "f(", "CASE WHEN ", "ARRAY[", "a[", "CAST(", "ARRAY[[", "coalesce(",
					     "trim(" };
	for (size_t i = 0; i < sizeof opens / sizeof *opens; i++) {
		struct buf b;
		buf_init(&b, pool);
		buf_z(&b, "SELECT ");
		for (size_t k = 0; k < 200000; k++)
			buf_z(&b, opens[i]);
		assert_non_null(strstr(read_it(pool, buf_cstr(&b)), ": expressions nested deeper than 100"));
	}
	struct buf b;
	buf_init(&b, pool);
	buf_z(&b, "SELECT a");
	for (size_t k = 0; k < 300000; k++)
		buf_printf(&b, "--\r,f%zu(a) ", k % 50000);
	buf_z(&b, " FROM t");
	assert_true(strlen(read_it(pool, buf_cstr(&b))) > 100000);
}

static void a_nul_is_refused(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct sql_restricted r;
	struct mst_error err;
	assert_int_equal(sql_restricted_read(pool, STR("SELECT a FROM t\0, u"), &r, &err), MST_DATA);
	assert_string_equal(err.msg, "a NUL byte in the text");
	assert_int_equal(err.col, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twenty_statements_are_accepted),
		cmocka_unit_test(twenty_statements_are_refused_at_their_place),
		cmocka_unit_test(what_is_read_is_what_the_server_reads),
		cmocka_unit_test(names_longer_than_the_server_keeps_are_refused),
		cmocka_unit_test(the_query_ends_at_its_last_word),
		cmocka_unit_test(depth_and_length_are_bounded),
		cmocka_unit_test(a_nul_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
