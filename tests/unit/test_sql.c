/* What the reader finds in BigQuery text: names, FROM in all its forms, scopes. */
#include "sql_case.h"

/* The 31 rows of what a correct tool should say about SQL references. */
static void test_reference_table(void **state)
{
	(void)state;
	static const struct sql_case standard[] = {
		{ "SELECT 1 FROM `proj.ds.a` JOIN `ds.b`", "ds.b; proj.ds.a", "", "", "" },
		{ "SELECT 1 FROM `example.com:proj.ds.a`", "`example.com:proj`.ds.a", "", "", "" },
		{ "SELECT 1 FROM ds.a", "ds.a", "", "", "" },
		{ "SELECT 1 FROM proj.ds.a", "proj.ds.a", "", "", "" },
		{ "SELECT 1 FROM `proj`.`ds`.`a`", "proj.ds.a", "", "", "" },
		{ "SELECT 1 FROM `proj`.ds.a", "proj.ds.a", "", "", "" },
		{ "SELECT 1 FROM `a`", "a", "", "", "warning 1:15 table 'a' is named without a dataset" },
		{ "SELECT 1 FROM `ds.a` x, `ds.b` y CROSS JOIN `ds.c`", "ds.a; ds.b; ds.c", "", "", "" },
		{ "WITH c AS (SELECT * FROM `ds.a`), d AS (SELECT * FROM c) SELECT * FROM d JOIN `ds.b`", "ds.a; ds.b",
		  "", "", "" },
		{ "SELECT EXTRACT(YEAR FROM ts) FROM `ds.a`", "ds.a", "", "", "" },
		{ "SELECT 1 FROM UNNEST([1,2]) x, `ds.a`", "ds.a", "", "", "" },
		{ "SELECT 1 FROM `ds.a` /* JOIN `ds.b` */ -- JOIN `ds.c`\n# FROM `ds.d`\nJOIN `ds.e`", "ds.a; ds.e", "",
		  "", "" },
		{ "SELECT '#x' FROM `ds.a`", "ds.a", "", "", "" },
		{ "SELECT '--' AS d FROM `ds.a`\nJOIN `ds.b`", "ds.a; ds.b", "", "", "" },
		{ "SELECT 'copied from `ds.z` today' FROM `ds.a`", "ds.a", "", "", "" },
		{ "SELECT 1 FROM/*c*/`ds.a`", "ds.a", "", "", "" },
		{ "SELECT 1 FROM `ds.events_*`", "ds.events_*", "", "", "" },
		{ "SELECT 1 FROM `ds.a` FOR SYSTEM_TIME AS OF TIMESTAMP_SUB(now(), INTERVAL 1 DAY)", "ds.a", "", "", "" },
		{ "SELECT 1 FROM ds.a WHERE id IN (SELECT id FROM `ds.b`)", "ds.a; ds.b", "", "", "" },
		{ "MERGE `ds.o` USING `ds.a` ON TRUE WHEN MATCHED THEN DELETE", "ds.a", "ds.o", "", "" },
		{ "SELECT 1 FROM (`ds.a` JOIN `ds.b` USING(i))", "ds.a; ds.b", "", "", "" },
		{ "SELECT 1 FROM `ds.a`JOIN`ds.b`", "ds.a; ds.b", "", "", "" },
		{ "SELECT ' /* ' FROM `ds.a` WHERE x = '*/'", "ds.a", "", "", "" },
		{ "#standardSQL\nSELECT * FROM `ds.a`;", "ds.a", "", "", "" },
		{ "SELECT 1 FROM `DS.A`", "DS.A", "", "", "" },
	};
	static const struct sql_case legacy[] = {
		{ "SELECT 1 FROM [proj:ds.a]", "proj.ds.a", "", "", "" },
		{ "SELECT 1 FROM [example.com:proj:ds.a]", "`example.com:proj`.ds.a", "", "", "" },
		{ "SELECT 1 FROM [a]", "a", "", "", "warning 1:15 table 'a' is named without a dataset" },
		{ "SELECT 1 FROM [ds.a], [ds.b]", "ds.a; ds.b", "", "", "" },
		{ "SELECT 1 FROM (SELECT * FROM [ds.a]) x JOIN EACH [ds.b] y ON x.i = y.i", "ds.a; ds.b", "", "", "" },
		{ "SELECT 1 FROM TABLE_DATE_RANGE([proj:ds.ga_], TIMESTAMP('2019-01-01'), CURRENT_TIMESTAMP())",
		  "proj.ds.ga_*", "", "", "" },
		{ "SELECT 1 FROM TABLE_DATE_RANGE_STRICT([ds.ga_], a, b)", "ds.ga_*", "", "", "" },
		{ "SELECT 1 FROM TABLE_QUERY(ds, 'table_id CONTAINS \"x\"')", "ds.*", "", "", "" },
		{ "SELECT 1 FROM FLATTEN([ds.a], f)", "ds.a", "", "", "" },
		{ "SELECT 1 FROM [ds.a$20190101], [ds.b@-3600000-]", "ds.a; ds.b", "", "", "" },
	};
	SQL_CASES(SQL_BIGQUERY, standard);
	SQL_CASES(SQL_BIGQUERY_LEGACY, legacy);
	/* row 31: one line of more than 64 KiB before the FROM */
	POOL_SCRATCH(pool);
	struct buf b;
	struct sql_refs r;
	buf_init(&b, pool);
	buf_z(&b, "SELECT ");
	for (int i = 0; i < 20000; i++)
		buf_z(&b, "1 + 1 + ");
	buf_z(&b, "1 FROM `ds.a`");
	sql_read(pool, SQL_BIGQUERY, buf_view(&b), &r);
	assert_string_equal(sql_case_join(pool, r.reads.v, r.reads.n), "ds.a");
	assert_int_equal(r.refs.v[0].line, 1);
	assert_int_equal(r.refs.v[0].col, 160015);
}

static void test_names(void **state)
{
	(void)state;
	static const struct sql_case cases[] = {
		{ "SELECT 1 FROM my-proj.d.t", "my-proj.d.t", "", "", "" },
		{ "SELECT 1 FROM moz-fx-data-shared-prod.telemetry.main AS m, m.items", "moz-fx-data-shared-prod.telemetry.main",
		  "", "", "" },
		{ "SELECT 1 FROM p-1.d.t JOIN q-2-x.d.u USING (a)", "p-1.d.t; q-2-x.d.u", "", "", "" },
		{ "SELECT 1 FROM d.t-1", "d.t-1", "", "", "" },
		{ "SELECT 1 FROM `p` . d . /* c */ t", "p.d.t", "", "", "" },
		{ "SELECT 1 FROM `p.d`.t, `q`.`d.t`", "p.d.t; q.d.t", "", "", "" },
		{ "SELECT 1 FROM d.20190101_t, d.1", "d.1; d.20190101_t", "", "", "" },
		{ "SELECT 1 FROM d.events_*", "d.events_*", "", "", "" },
		{ "SELECT 1 FROM `p.d.my table`", "p.d.`my table`", "", "", "" },
		{ "SELECT 1 FROM `p.d.t$20190101`, d.u$2020", "d.u; p.d.t", "", "", "" },
		{ "SELECT 1 FROM `example.com:p`.d.t", "`example.com:p`.d.t", "", "", "" },
		{ "SELECT 1 FROM `region-us`.INFORMATION_SCHEMA.JOBS", "region-us.INFORMATION_SCHEMA.JOBS", "", "", "" },
		{ "SELECT 1 FROM d.INFORMATION_SCHEMA.TABLES", "d.INFORMATION_SCHEMA.TABLES", "", "", "" },
		{ "SELECT 1 FROM `p.region-eu.INFORMATION_SCHEMA.JOBS_BY_PROJECT`",
		  "p.region-eu.INFORMATION_SCHEMA.JOBS_BY_PROJECT", "", "", "" },
		{ "SELECT 1 FROM d.t@{FORCE_INDEX=x} AS a JOIN@{JOIN_METHOD=HASH} d.u ON TRUE, a.b", "d.t; d.u", "", "", "" },
		{ "SELECT 1 FROM d.select, d.from JOIN d.join USING (x)", "d.from; d.join; d.select", "", "", "" },
		{ "SELECT t.from, t.`join`, x.select FROM d.t", "d.t", "", "", "" },
		{ "SELECT 1 FROM \xd0\xb4.\xd1\x82", "\xd0\xb4.\xd1\x82", "", "", "" },
		{ "SELECT 1 FROM D.T, d.t", "D.T; d.t", "", "", "" },
		{ "SELECT 1 FROM @t", "", "", "", "warning 1:15 a parameter stands for a table: what it reads cannot be known" },
		{ "SELECT 1 FROM \"d\".\"t\" AS x, x.items, \"e\".u JOIN d.v", "d.v", "", "",
		  "warning 1:15 a string stands for a table: what it reads cannot be known"
		  " (names in double quotes: dialect postgres or ansi); "
		  "warning 1:38 a string stands for a table: what it reads cannot be known"
		  " (names in double quotes: dialect postgres or ansi)" },
		{ "SELECT EXTRACT(DAY FROM '2020-01-01'), TRIM('x' FROM \"y\") FROM 'file' f", "", "", "",
		  "warning 1:64 a string stands for a table: what it reads cannot be known" },
		{ "SELECT 1 FROM ?, d.t", "d.t", "", "",
		  "warning 1:15 a parameter stands for a table: what it reads cannot be known" },
	};
	SQL_CASES(SQL_BIGQUERY, cases);
}

static void test_strings_and_comments(void **state)
{
	(void)state;
	static const struct sql_case cases[] = {
		{ "SELECT 'it\\'s FROM x.y', \"a \\\" FROM x.y\" FROM d.t", "d.t", "", "", "" },
		{ "SELECT r'\\d FROM x.y', R\"\\\", FROM x.y\" FROM d.t", "d.t", "", "", "" },
		{ "SELECT '''a ' '' FROM x.y\n''', \"\"\"b \" \"\" FROM x.z\n\"\"\" FROM d.t", "d.t", "", "", "" },
		{ "SELECT b'FROM x.y', rb'FROM \\x', BR\"\"\"FROM\nx.y\"\"\", Rb'x' FROM d.t", "d.t", "", "", "" },
		{ "SELECT '' FROM d.t WHERE a = ''", "d.t", "", "", "" },
		{ "SELECT 1 -- it's\nFROM d.t # don't\n", "d.t", "", "", "" },
		{ "SELECT 1 /* ' */ FROM d.t /* /* */", "d.t", "", "", "" },
		{ "SELECT 1 FROM d.t /* no end FROM x.y", "d.t", "", "", "error 1:19 a comment is not closed" },
		{ "SELECT 'open\nFROM d.t", "d.t", "", "", "error 1:8 a string is not closed" },
		{ "SELECT '''open\nFROM d.t", "", "", "", "error 1:8 a string is not closed" },
		{ "SELECT 1 FROM `d.t\nJOIN d.u", "d.t; d.u", "", "", "error 1:15 a quoted name is not closed" },
		{ "SELECT @from, @@join, @p.from FROM d.t WHERE x = ? AND y = @end", "d.t", "", "", "" },
		{ "SELECT \"--\", '/*' FROM d.t -- */", "d.t", "", "", "" },
		{ "\xef\xbb\xbfSELECT 1\r\nFROM d.t\r\n", "d.t", "", "", "" },
		{ "", "", "", "", "" },
		{ "-- only this\n", "", "", "", "" },
	};
	SQL_CASES(SQL_BIGQUERY, cases);
}

static void test_from_forms(void **state)
{
	(void)state;
	static const struct sql_case cases[] = {
		{ "SELECT 1 FROM d.a, d.b AS x, (d.c JOIN d.e USING (i)), d.f", "d.a; d.b; d.c; d.e; d.f", "", "", "" },
		{ "SELECT 1 FROM ((d.a JOIN d.b ON a = b) LEFT JOIN ((d.c)) ON TRUE)", "d.a; d.b; d.c", "", "", "" },
		{ "SELECT 1 FROM d.a JOIN d.b JOIN d.c ON b = c ON a = b", "d.a; d.b; d.c", "", "", "" },
		{ "SELECT 1 FROM d.a NATURAL JOIN d.b LEFT OUTER JOIN d.c USING (x) RIGHT JOIN d.e USING (y) FULL JOIN d.f ON "
		  "TRUE INNER JOIN d.g ON TRUE CROSS JOIN d.h",
		  "d.a; d.b; d.c; d.e; d.f; d.g; d.h", "", "", "" },
		{ "SELECT 1 FROM d.a JOIN d.b ON LEFT(a.x, 3) = RIGHT(b.y, 2) LEFT JOIN d.c ON TRUE", "d.a; d.b; d.c", "", "",
		  "" },
		{ "SELECT 1 FROM d.a JOIN d.b ON a.x = CASE WHEN y THEN 1 ELSE 2 END, d.c", "d.a; d.b; d.c", "", "", "" },
		{ "SELECT 1 FROM (SELECT 1 FROM d.a) AS x, (WITH c AS (SELECT 1 FROM d.b) SELECT * FROM c), d.e",
		  "d.a; d.b; d.e", "", "", "" },
		{ "SELECT 1 FROM ((SELECT 1 FROM d.a) UNION ALL (SELECT 1 FROM d.b)) JOIN d.c ON TRUE", "d.a; d.b; d.c", "",
		  "", "" },
		{ "SELECT * FROM d.a PIVOT(SUM(x) FOR q IN ('a', 'b')) AS p JOIN d.b ON TRUE, p.items", "d.a; d.b", "", "",
		  "" },
		{ "SELECT * FROM d.a UNPIVOT INCLUDE NULLS ((x, y) FOR n IN ((a, b), (c, d))), d.b", "d.a; d.b", "", "", "" },
		{ "SELECT * FROM d.a AS pivot JOIN d.b unpivot ON TRUE", "d.a; d.b", "", "", "" },
		{ "SELECT * FROM d.a AS x TABLESAMPLE SYSTEM (10 PERCENT) JOIN d.b ON TRUE", "d.a; d.b", "", "", "" },
		{ "SELECT * FROM d.a FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP() AS x, x.items, d.b", "d.a; d.b", "", "", "" },
		{ "SELECT * FROM d.a x FOR SYSTEM TIME AS OF ts WHERE y", "d.a", "", "", NULL },
		{ "SELECT * FROM UNNEST([1]) AS x WITH OFFSET AS o JOIN d.a ON o = i, UNNEST(x.y) WITH OFFSET, d.b",
		  "d.a; d.b", "", "", "" },
		{ "SELECT * FROM d.a, UNNEST(ARRAY(SELECT x FROM d.b)) y LEFT JOIN UNNEST(a.items)", "d.a; d.b", "", "", "" },
		{ "SELECT * FROM d.t MATCH_RECOGNIZE (PARTITION BY a MEASURES b AS c PATTERN (x y) DEFINE x AS v > 1), d.u",
		  "d.t; d.u", "", "", "" },
		{ "SELECT * FROM d.f(1, TABLE d.a, (SELECT x FROM d.b)) AS x JOIN d.c ON TRUE", "d.a; d.b; d.c", "", "d.f", "" },
		{ "SELECT * FROM ML.PREDICT(MODEL d.m, TABLE d.t), ML.FORECAST(MODEL `p.d.n`, STRUCT(1 AS h))", "d.t", "",
		  "ML.FORECAST; ML.PREDICT; d.m; p.d.n", "" },
		{ "SELECT * FROM VECTOR_SEARCH(TABLE d.a, 'x', (SELECT e FROM d.b), top_k => 2)", "d.a; d.b", "",
		  "VECTOR_SEARCH", "" },
		{ "WITH c AS (SELECT 1) SELECT * FROM d.f(TABLE c)", "", "", "d.f", "" },
		{ "SELECT * FROM d.a GROUP BY x HAVING y QUALIFY z WINDOW w AS (PARTITION BY a) ORDER BY b LIMIT 1 OFFSET 2",
		  "d.a", "", "", "" },
		{ "SELECT 1 FROM d.a, WHERE x", "d.a", "", "", "" },
		{ "SELECT a, FROM d.a", "d.a", "", "", "" },
	};
	SQL_CASES(SQL_BIGQUERY, cases);
}

static void test_not_a_from(void **state)
{
	(void)state;
	static const struct sql_case cases[] = {
		{ "SELECT EXTRACT(DATE FROM x.y AT TIME ZONE 'UTC'), TRIM(a), SUBSTR(b, 1) FROM d.t", "d.t", "", "", "" },
		{ "SELECT SUBSTRING(x FROM 2 FOR y.z), OVERLAY(a PLACING b FROM c.e), TRIM(BOTH FROM f.g) FROM d.t", "d.t", "",
		  "", "" },
		{ "SELECT a IS DISTINCT FROM b.c, a IS NOT DISTINCT FROM b.c FROM d.t", "d.t", "", "", "" },
		{ "SELECT * EXCEPT (a, b), t.* EXCEPT (c) REPLACE (x AS y) FROM d.t", "d.t", "", "", "" },
		{ "SELECT a FROM d.a EXCEPT DISTINCT SELECT b FROM d.b", "d.a; d.b", "", "", "" },
		{ "SELECT * FROM d.a EXCEPT DISTINCT (SELECT * FROM d.b) INTERSECT DISTINCT SELECT * FROM d.c",
		  "d.a; d.b; d.c", "", "", "" },
		{ "SELECT * EXCEPT (a) FROM d.a UNION ALL SELECT * FROM d.b UNION DISTINCT (SELECT * FROM d.c) ORDER BY 1",
		  "d.a; d.b; d.c", "", "", "" },
		{ "SELECT 1 FROM d.a FULL OUTER UNION ALL BY NAME SELECT 2 FROM d.b LEFT UNION ALL BY NAME ON (x) SELECT 3 FROM d.c",
		  "d.a; d.b; d.c", "", "", "" },
		{ "SELECT 1 FROM d.a UNION ALL CORRESPONDING BY (x) SELECT 2 FROM d.b", "d.a; d.b", "", "", "" },
		{ "SELECT IF(a, b, c), REPLACE(a, 'x', 'y'), LEFT(a, 1), RIGHT(b, 2) FROM d.t", "d.t", "", "", "" },
		{ "SELECT STRUCT<a INT64, b ARRAY<STRING>>(1, ['x']).a, ARRAY<STRUCT<x DATE>>[] FROM d.t", "d.t", "", "", "" },
		{ "SELECT DATE '2020-01-01', INTERVAL 1 DAY, x[OFFSET(0)], y[SAFE_ORDINAL(1)] FROM d.t", "d.t", "", "", "" },
		{ "SELECT AS STRUCT a FROM d.t", "d.t", "", "", "" },
		{ "SELECT (SELECT AS VALUE x FROM d.a), ARRAY(SELECT AS STRUCT * FROM d.b), x IN (SELECT y FROM d.c), EXISTS "
		  "(SELECT 1 FROM d.e) FROM d.t",
		  "d.a; d.b; d.c; d.e; d.t", "", "", "" },
		{ "SELECT x = ANY (SELECT y FROM d.a), x LIKE ALL (SELECT z FROM d.b) FROM d.t", "d.a; d.b; d.t", "", "", "" },
		{ "SELECT COUNT(*) OVER (PARTITION BY (SELECT 1 FROM d.a) ORDER BY x) FROM d.t", "d.a; d.t", "", "", "" },
		{ "SELECT CASE (SELECT 1 FROM d.a) WHEN 1 THEN (SELECT 2 FROM d.b) END FROM d.t", "d.a; d.b; d.t", "", "", "" },
		{ "SELECT WITH(a AS 1, b AS (SELECT 2 FROM d.a), a + b) FROM d.t", "d.a; d.t", "", "", "" },
		{ "SELECT 1 FROM d.t LIMIT (SELECT 1 FROM d.a)", "d.a; d.t", "", "", "" },
	};
	SQL_CASES(SQL_BIGQUERY, cases);
}

static void test_aliases(void **state)
{
	(void)state;
	static const struct sql_case cases[] = {
		{ "SELECT 1 FROM d.t, t.items", "d.t", "", "", "" },
		{ "SELECT 1 FROM d.t AS x JOIN x.items AS i, i.sub, X.other", "d.t", "", "", "" },
		{ "SELECT 1 FROM d.t AS x, t.items", "d.t; t.items", "", "", "" },
		{ "SELECT 1 FROM t.items, d.t", "d.t; t.items", "", "", "" },
		{ "SELECT 1 FROM d.t x, `x`.items, `x.items`", "d.t; x.items", "", "", "" },
		{ "SELECT 1 FROM `p.d.t`, t.items", "p.d.t", "", "", "" },
		{ "SELECT 1 FROM UNNEST(hits) AS h, h.product", "", "", "", "" },
		{ "SELECT 1 FROM (SELECT 1) AS q, q.items", "", "", "", "" },
		{ "SELECT (SELECT SUM(i) FROM t.items AS i) FROM d.t", "d.t", "", "", "" },
		{ "SELECT 1 FROM d.t WHERE EXISTS (SELECT 1 FROM t.a WHERE x IN (SELECT y FROM t.b, a.c))", "d.t", "", "", "" },
		{ "SELECT 1 FROM d.t, (SELECT * FROM t.items)", "d.t; t.items", "", "", "" },
		{ "SELECT 1 FROM d.t, UNNEST(ARRAY(SELECT i FROM t.items AS i)) AS j", "d.t", "", "", "" },
		{ "SELECT 1 FROM UNNEST(ARRAY(SELECT i FROM t.items AS i)) AS j, d.t", "d.t; t.items", "", "", "" },
		{ "SELECT 1 FROM d.t, (d.u JOIN u.a ON TRUE JOIN t.items ON TRUE), u.b", "d.t; d.u; t.items", "", "", "" },
		{ "SELECT 1 FROM d.t UNION ALL SELECT 1 FROM t.items", "d.t; t.items", "", "", "" },
		{ "WITH c AS (SELECT 1) SELECT 1 FROM c.items", "c.items", "", "", "" },
		{ "WITH c AS (SELECT 1) SELECT 1 FROM c, c.items", "", "", "", "" },
		{ "SELECT ARRAY(WITH c AS (SELECT * FROM t.items) SELECT * FROM c) FROM d.t", "d.t", "", "", "" },
		{ "SELECT 1 FROM d.t, d.f(TABLE t.items)", "d.t; t.items", "", "d.f", "" },
		{ "UPDATE d.t SET a = ARRAY(SELECT i FROM t.items AS i) WHERE EXISTS (SELECT 1 FROM t.b)", "", "d.t", "", "" },
		{ "DELETE FROM d.t x WHERE EXISTS (SELECT 1 FROM x.items)", "", "d.t", "", "" },
		{ "MERGE d.t x USING d.s y ON TRUE WHEN MATCHED THEN UPDATE SET a = (SELECT 1 FROM x.i, y.j)", "d.s", "d.t", "",
		  "" },
		{ "MERGE d.t x USING x.s ON TRUE WHEN MATCHED THEN DELETE", "x.s", "d.t", "", "" },
	};
	SQL_CASES(SQL_BIGQUERY, cases);
}

static void test_with(void **state)
{
	(void)state;
	static const struct sql_case cases[] = {
		{ "WITH a AS (SELECT * FROM a) SELECT * FROM a", "a", "", "",
		  "warning 1:26 table 'a' is named without a dataset" },
		{ "WITH t AS (SELECT * FROM d.t) SELECT * FROM t, d.t", "d.t", "", "", "" },
		{ "WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a, b", "b", "", "", NULL },
		{ "WITH RECURSIVE a AS (SELECT 1 FROM d.x UNION ALL SELECT 1 FROM a), b AS (SELECT * FROM c), c AS (SELECT 1) "
		  "SELECT * FROM b",
		  "d.x", "", "", "" },
		{ "WITH a AS (WITH b AS (SELECT * FROM d.x) SELECT * FROM b) SELECT * FROM a, b", "b; d.x", "", "", NULL },
		{ "WITH a AS (SELECT 1) SELECT * FROM (WITH a AS (SELECT * FROM d.y) SELECT * FROM a), a", "d.y", "", "", "" },
		{ "WITH a AS (SELECT 1) SELECT (SELECT COUNT(*) FROM a), ARRAY(SELECT x FROM A) FROM `a`", "", "", "", "" },
		{ "WITH a AS (SELECT 1) (SELECT * FROM a) UNION ALL SELECT * FROM a", "", "", "", "" },
		{ "WITH a AS (SELECT 1); SELECT * FROM a", "a", "", "", NULL },
		{ "SELECT * FROM (WITH a AS (SELECT 1) SELECT * FROM a) JOIN a ON TRUE", "a", "", "", NULL },
		{ "WITH `a-b` AS (SELECT 1) SELECT * FROM `a-b`", "", "", "", "" },
		{ "WITH a AS (SELECT 1), SELECT * FROM a, d.t", "d.t", "", "", "" },
		{ "INSERT INTO d.o WITH a AS (SELECT * FROM d.x) SELECT * FROM a", "d.x", "d.o", "", "" },
		{ "CREATE TABLE d.o AS WITH a AS (SELECT * FROM d.x), b AS (SELECT * FROM a) SELECT * FROM b", "d.x", "d.o", "",
		  "" },
	};
	SQL_CASES(SQL_BIGQUERY, cases);
}

static void test_pipes(void **state)
{
	(void)state;
	static const struct sql_case cases[] = {
		{ "FROM d.t", "d.t", "", "", "" },
		{ "FROM d.t |> JOIN d.u ON t.a = u.a |> WHERE x IN (SELECT y FROM d.v) |> SELECT * EXCEPT (z)",
		  "d.t; d.u; d.v", "", "", "" },
		{ "FROM d.t |> AGGREGATE COUNT(*) AS n GROUP BY b |> UNION ALL (FROM d.v), (SELECT * FROM d.w)",
		  "d.t; d.v; d.w", "", "", "" },
		{ "WITH c AS (FROM d.t |> LIMIT 1) FROM c |> LEFT JOIN d.u USING (a) |> EXCEPT DISTINCT (FROM c)", "d.t; d.u", "",
		  "", "" },
		{ "FROM d.t |> AS x |> CROSS JOIN x.items |> CALL d.f(1) AS y |> JOIN y.z", "d.t", "", "d.f", "" },
		{ "SELECT 1 FROM d.t |> WHERE EXISTS (FROM d.u |> WHERE a)", "d.t; d.u", "", "", "" },
		{ "(FROM d.a) UNION ALL (FROM d.b)", "d.a; d.b", "", "", "" },
		{ "FROM d.t |> PIVOT (SUM(x) FOR y IN (1)) |> TABLESAMPLE SYSTEM (1 PERCENT) |> EXTEND from_x |> SET a = 1 |> "
		  "DROP b |> RENAME c AS e |> ORDER BY f |> DISTINCT",
		  "d.t", "", "", "" },
		{ "SELECT (FROM d.t |> AGGREGATE SUM(x)) FROM (FROM d.u |> LIMIT 1) AS q, q.items", "d.t; d.u", "", "", "" },
		{ "CREATE VIEW d.v AS FROM d.t |> SELECT a", "d.t", "d.v", "", "" },
	};
	SQL_CASES(SQL_BIGQUERY, cases);
}

static void test_calls(void **state)
{
	(void)state;
	static const struct sql_case cases[] = {
		{ "SELECT mozfun.map.get_key(x, 'a'), `p.d.f`(1), `p`.d.g(2), d.h (3) FROM d.t", "d.t", "",
		  "d.h; mozfun.map.get_key; p.d.f; p.d.g", "" },
		{ "SELECT NET.HOST(a), SAFE.PARSE_DATE('x', b), HLL_COUNT.MERGE(c), ml.x(1), AEAD.ENCRYPT(d) FROM d.t", "d.t",
		  "", "", "" },
		{ "SELECT SAFE.d.f(a) FROM d.t", "d.t", "", "d.f", "" },
		{ "SELECT COUNT(x.y), t.a IN (1), t.b BETWEEN (1) AND (2) FROM d.t", "d.t", "", "", "" },
		{ "SELECT (a.b).f(x), g[0].f(x) FROM d.t", "d.t", "", "", "" },
		{ "CALL d.p(1, (SELECT x FROM d.t))", "d.t", "", "d.p", "" },
		{ "CALL `p.d.q`()", "", "", "p.d.q", "" },
	};
	SQL_CASES(SQL_BIGQUERY, cases);
}

static void test_places(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct sql_refs r;
	sql_read(pool, SQL_BIGQUERY, STR("\xef\xbb\xbf-- x\nINSERT INTO `p.d`.o\n  SELECT a.f(1) FROM\td.t JOIN d.t;\r\nSELECT 1\rFROM d.u"),
		 &r);
	assert_int_equal(r.refs.n, 5);
	static const struct {
		const char *name, *text;
		enum sql_mode mode;
		uint32_t line, col;
	} want[] = {
		{ "p.d.o", "`p.d`.o", SQL_WRITE, 2, 13 }, { "a.f", "a.f", SQL_CALL, 3, 10 },
		{ "d.t", "d.t", SQL_READ, 3, 22 },	  { "d.t", "d.t", SQL_READ, 3, 31 },
		{ "d.u", "d.u", SQL_READ, 4, 15 },
	};
	for (size_t i = 0; i < 5; i++) {
		assert_true(str_eqz(r.refs.v[i].name, want[i].name));
		assert_true(str_eqz(r.refs.v[i].text, want[i].text));
		assert_int_equal(r.refs.v[i].mode, want[i].mode);
		assert_int_equal(r.refs.v[i].line, want[i].line);
		assert_int_equal(r.refs.v[i].col, want[i].col);
	}
	assert_int_equal(r.reads.n, 2);
}

static void test_form(void **state)
{
	(void)state;
	static const struct {
		const char *sql;
		enum sql_form form;
	} cases[] = {
		{ "", SQL_FORM_EMPTY },
		{ "-- x\n;\n", SQL_FORM_EMPTY },
		{ "SELECT 1", SQL_FORM_QUERY },
		{ "(SELECT 1) UNION ALL SELECT 2;", SQL_FORM_QUERY },
		{ "WITH a AS (SELECT 1) SELECT * FROM a;", SQL_FORM_QUERY },
		{ "FROM d.t |> LIMIT 1", SQL_FORM_QUERY },
		{ "CREATE TEMP FUNCTION f(x INT64) AS (x); SELECT f(1)", SQL_FORM_QUERY },
		{ "CREATE OR REPLACE VIEW d.v AS SELECT 1", SQL_FORM_VIEW },
		{ "CREATE MATERIALIZED VIEW IF NOT EXISTS d.v AS SELECT 1;", SQL_FORM_MATERIALIZED },
		{ "SELECT 1; SELECT 2", SQL_FORM_SCRIPT },
		{ "CREATE VIEW d.v AS SELECT 1; SELECT 2", SQL_FORM_SCRIPT },
		{ "CREATE TABLE d.t AS SELECT 1", SQL_FORM_SCRIPT },
		{ "DECLARE x INT64; SELECT x", SQL_FORM_SCRIPT },
		{ "MERGE d.t USING d.s ON TRUE WHEN MATCHED THEN DELETE", SQL_FORM_SCRIPT },
		{ "BEGIN SELECT 1; END", SQL_FORM_SCRIPT },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		POOL_SCRATCH(pool);
		struct sql_refs r;
		sql_read(pool, SQL_BIGQUERY, str_of(cases[i].sql), &r);
		if (r.form != cases[i].form)
			fail_msg("form of '%s' is %d, not %d", cases[i].sql, (int)r.form, (int)cases[i].form);
	}
}

static void test_dialect_names(void **state)
{
	(void)state;
	assert_int_equal(sql_dialect_of(STR("bigquery")), SQL_BIGQUERY);
	assert_int_equal(sql_dialect_of(STR("legacy")), SQL_BIGQUERY_LEGACY);
	assert_int_equal(sql_dialect_of(STR("postgres")), SQL_POSTGRES);
	assert_int_equal(sql_dialect_of(STR("ansi")), SQL_ANSI);
	assert_int_equal(sql_dialect_of(STR("BigQuery")), -1);
	assert_int_equal(sql_dialect_of(STR("")), -1);
	for (int d = SQL_BIGQUERY; d <= SQL_ANSI; d++)
		assert_int_equal(sql_dialect_of(str_of(sql_dialect_name(d))), d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reference_table), cmocka_unit_test(test_names),
		cmocka_unit_test(test_strings_and_comments), cmocka_unit_test(test_from_forms),
		cmocka_unit_test(test_not_a_from), cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_with), cmocka_unit_test(test_pipes),
		cmocka_unit_test(test_calls), cmocka_unit_test(test_places),
		cmocka_unit_test(test_form), cmocka_unit_test(test_dialect_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
