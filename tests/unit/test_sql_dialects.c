/* Legacy BigQuery, PostgreSQL and the tolerant dialect. */
#include "sql_case.h"

static void test_legacy(void **state)
{
	(void)state;
	static const struct sql_case cases[] = {
		{ "SELECT 1 FROM p:d.t, my-p:d.u AS x, domain.com:q:d.v", "`domain.com:q`.d.v; my-p.d.u; p.d.t", "", "", "" },
		{ "SELECT [a.b], [from] FROM [p:d.t]", "p.d.t", "", "", "" },
		{ "SELECT 1 FROM d.t$20190101, d.u@-3600000-, d.v@0", "d.t; d.u; d.v", "", "", "" },
		{ "SELECT 1 FROM (SELECT 1 FROM [d.a]), (SELECT 1 FROM [d.b], [d.c])", "d.a; d.b; d.c", "", "", "" },
		{ "SELECT 1 FROM [d.a] a LEFT OUTER JOIN EACH [d.b] b ON a.x = b.x CROSS JOIN [d.c] GROUP EACH BY 1",
		  "d.a; d.b; d.c", "", "", "" },
		{ "SELECT 1 FROM FLATTEN(FLATTEN([d.a], f), g), FLATTEN((SELECT * FROM [d.b]), h)", "d.a; d.b", "", "", "" },
		{ "SELECT 1 FROM (TABLE_DATE_RANGE([p:d.ga_], TIMESTAMP('2019-01-01'), NOW())), [d.t]", "d.t; p.d.ga_*", "",
		  "", "" },
		{ "SELECT 1 FROM TABLE_QUERY([p:d], 'x'), table_query(q.r, 'y')", "p.d.*; q.r.*", "", "", "" },
		{ "SELECT \"it's FROM [x.y]\", 'a\\'b' FROM [d.t] -- [d.u]\n# [d.v]\n/* [d.w] */", "d.t", "", "", "" },
		{ "SELECT x FROM [d.t] WHERE y IN (SELECT z FROM [d.u]) IGNORE CASE", "d.t; d.u", "", "", "" },
		{ "SELECT 1 FROM [d.t_{{ ds_nodash }}]", "d.t_{{ ds_nodash }}", "", "", NULL },
		{ "SELECT 1 FROM [p:d.my table]", "p.d.`my table`", "", "", "" },
		{ "SELECT 1 FROM [d.t", "d.t", "", "", "error 1:15 a quoted name is not closed" },
	};
	SQL_CASES(SQL_BIGQUERY_LEGACY, cases);
	POOL_SCRATCH(pool);
	struct sql_refs r;
	sql_read(pool, SQL_BIGQUERY, STR("-- a\n#legacySQL\nSELECT 1 FROM [p:d.t]"), &r);
	assert_int_equal(r.dialect, SQL_BIGQUERY_LEGACY);
	assert_string_equal(sql_case_join(pool, r.reads.v, r.reads.n), "p.d.t");
	sql_read(pool, SQL_BIGQUERY, STR("SELECT 1 FROM d.t\n#legacySQL\n"), &r);
	assert_int_equal(r.dialect, SQL_BIGQUERY);
	sql_read(pool, SQL_POSTGRES, STR("#legacySQL\nSELECT 1"), &r);
	assert_int_equal(r.dialect, SQL_POSTGRES);
}

static void test_postgres(void **state)
{
	(void)state;
	static const struct sql_case cases[] = {
		{ "SELECT 1 FROM S.T, \"S\".\"T\", s.\"a.b\", \"x y\".z", "\"x y\".z; S.T; s.\"a.b\"; s.t", "", "", "" },
		{ "SELECT 1 FROM s.a /* x /* FROM s.b */ y */ JOIN s.c ON true -- s.d", "s.a; s.c", "", "", "" },
		{ "SELECT $$FROM s.b$$, $x$ $$ FROM s.c $x$, $1, E'\\' FROM s.d', 'a''b FROM s.e' FROM s.a", "s.a", "", "", "" },
		{ "SELECT 'C:\\' FROM s.a WHERE b = '\\'", "s.a", "", "", "" },
		{ "SELECT 'two\nlines' FROM s.a", "s.a", "", "", "" },
		{ "SELECT 1 FROM s.t x, x.items", "s.t; x.items", "", "", "" },
		{ "SELECT 1 FROM ONLY s.a, s.b *, ONLY (s.c)", "s.a; s.b; s.c", "", "", "" },
		{ "SELECT 1 FROM s.f(1) x, LATERAL g(x.a) y(b, c), ROWS FROM (s.h(1), i(2)) AS z, s.t", "s.t", "",
		  "g; i; s.f; s.h", "" },
		{ "SELECT s.f(a), count(*), pg_catalog.now() FROM s.t", "s.t", "", "s.f", "" },
		{ "SELECT 1 INTO s.n FROM s.t", "s.t", "s.n", "", "" },
		{ "SELECT 1 INTO TEMP n FROM s.t; SELECT * FROM n", "s.t", "", "", "" },
		{ "WITH x AS (INSERT INTO s.o SELECT * FROM s.t RETURNING *), y AS (UPDATE s.p SET a = 1 FROM x RETURNING *) "
		  "DELETE FROM s.q USING y WHERE true",
		  "s.t", "s.o; s.p; s.q", "", "" },
		{ "COPY s.t (a) FROM STDIN;\nFROM s.x ' \"\n\\.\nSELECT 1 FROM s.u", "s.u", "s.t", "", "" },
		{ "\\set x 'it\n\\i other.sql\nSELECT 1 FROM s.t", "s.t", "", "", "" },
		{ "SELECT a ?| b, c @> d, e #>> '{f}', g::int[], h[1:2], i -> 'x' FROM s.t WHERE j = ANY (SELECT k FROM s.u)",
		  "s.t; s.u", "", "", "" },
		{ "SELECT 1 FROM s.t FOR UPDATE OF t NOWAIT", "s.t", "", "", "" },
		{ "SELECT 1 FROM pg_temp.x, s.t", "s.t", "", "", "" },
		{ "SELECT 1 FROM t", "t", "", "", "warning 1:15 table 't' is named without a dataset" },
		{ "CREATE TABLE s.o (LIKE s.t INCLUDING ALL, a int REFERENCES s.u) INHERITS (s.p)", "s.p; s.t; s.u", "s.o", "",
		  "" },
		{ "CREATE TABLE s.o AS TABLE s.t", "s.t", "s.o", "", "" },
		{ "REFRESH MATERIALIZED VIEW CONCURRENTLY s.m", "", "s.m", "", "" },
		{ "CREATE RULE r AS ON INSERT TO s.t DO INSTEAD (INSERT INTO s.u SELECT * FROM s.v; DELETE FROM s.w)", "s.v",
		  "s.t; s.u; s.w", "", "" },
		{ "CREATE TRIGGER g BEFORE INSERT ON s.t FOR EACH ROW EXECUTE FUNCTION s.f()", "", "s.t", "s.f", "" },
	};
	SQL_CASES(SQL_POSTGRES, cases);
}

static void test_plpgsql(void **state)
{
	(void)state;
	static const struct sql_case cases[] = {
		{ "CREATE FUNCTION s.f() RETURNS int LANGUAGE plpgsql AS $$\nDECLARE\n  v int := (SELECT max(a) FROM s.a);\n"
		  "  c CURSOR FOR SELECT * FROM s.b;\nBEGIN\n  SELECT x, y INTO STRICT v FROM s.c;\n  v := count(*) FROM s.d;\n"
		  "  FOR r IN SELECT * FROM s.e LOOP\n    INSERT INTO s.o VALUES (r.x);\n  END LOOP;\n"
		  "  IF EXISTS (SELECT 1 FROM s.f) THEN PERFORM g(1) FROM s.g; ELSIF v > 1 THEN NULL; END IF;\n"
		  "  RETURN QUERY SELECT * FROM s.h;\nEXCEPTION WHEN others THEN\n  RAISE NOTICE 'FROM s.x';\nEND $$;\n"
		  "SELECT 1 FROM s.i",
		  "s.a; s.b; s.c; s.d; s.e; s.f; s.g; s.h; s.i", "s.f; s.o", "", "" },
		{ "DO $x$ BEGIN DELETE FROM s.o WHERE a IN (SELECT b FROM s.t); END $x$", "s.t", "s.o", "", "" },
		{ "DO $$ BEGIN EXECUTE 'INSERT INTO s.o SELECT * FROM s.t'; EXECUTE format('SELECT %I', x); END $$", "s.t",
		  "s.o", "",
		  "warning 1:66 the SQL is made when it runs: what it reads and writes cannot be known" },
		{ "CREATE PROCEDURE s.p() AS 'BEGIN INSERT INTO s.o SELECT ''x'' FROM s.t; END' LANGUAGE plpgsql", "s.t",
		  "s.o; s.p", "", "" },
		{ "CREATE FUNCTION s.f() RETURNS int AS 'SELECT 1 FROM s.t' LANGUAGE sql", "s.t", "s.f", "", "" },
		{ "CREATE FUNCTION s.f() RETURNS int AS 'from s.t import x' LANGUAGE plpython3u", "", "s.f", "", "" },
		{ "DO $$ BEGIN FOR r IN EXECUTE 'SELECT * FROM s.t' LOOP UPDATE s.o SET a = 1; END LOOP; WHILE x LOOP EXIT; END "
		  "LOOP; OPEN c FOR SELECT * FROM s.u; FETCH c INTO v; END $$",
		  "s.t; s.u", "s.o", "", "" },
	};
	SQL_CASES(SQL_POSTGRES, cases);
}

static void test_ansi(void **state)
{
	(void)state;
	static const struct sql_case cases[] = {
		{ "SELECT \"a\" FROM \"s\".\"t\", `s.u`, s.v x JOIN x.items", "s.t; s.u; s.v", "", "", "" },
		{ "SELECT 'a''b FROM s.x' FROM s.t MINUS SELECT 1 FROM s.u", "s.t; s.u", "", "", "" },
		{ "SELECT 1 FROM s.t LEFT SEMI JOIN s.u ON a = b LEFT ANTI JOIN s.v ON true CROSS APPLY s.f(1) x", "s.t; s.u; s.v",
		  "", "s.f", "" },
		{ "SELECT 1 FROM s.t LATERAL VIEW OUTER explode(a) x AS y, z LATERAL VIEW explode(b) w JOIN s.u ON true", "s.t; s.u",
		  "", "", "" },
		{ "SELECT TRIM(FROM x) FROM s.t FETCH FIRST 1 ROWS ONLY", "s.t", "", "", "" },
		{ "SELECT 1 INTO s.n FROM s.t", "s.t", "s.n", "", "" },
		{ "INSERT OVERWRITE TABLE s.o PARTITION (d = 1) SELECT * FROM s.t", "s.t", "s.o", "", "" },
		{ "SELECT 1 FROM s.t WITH (NOLOCK) JOIN s.u WITH (NOLOCK) ON true", "s.t; s.u", "", "", "" },
		{ "FROM s.t |> WHERE a", "s.t", "", "", "" },
	};
	SQL_CASES(SQL_ANSI, cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_legacy),
		cmocka_unit_test(test_postgres),
		cmocka_unit_test(test_plpgsql),
		cmocka_unit_test(test_ansi),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
