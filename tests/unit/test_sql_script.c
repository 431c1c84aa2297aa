/* Statements: DML, DDL, scripts, routines, dynamic SQL, templates. */
#include "sql_case.h"

static void test_dml(void **state)
{
	(void)state;
	static const struct sql_case cases[] = {
		{ "INSERT INTO d.o (a, b) SELECT * FROM d.t", "d.t", "d.o", "", "" },
		{ "INSERT d.o (a, b) VALUES (1, (SELECT x FROM d.t)), (2, 3)", "d.t", "d.o", "", "" },
		{ "INSERT INTO d.o (SELECT * FROM d.t)", "d.t", "d.o", "", "" },
		{ "INSERT INTO d.o SELECT * FROM d.o", "d.o", "d.o", "", "" },
		{ "INSERT OVERWRITE TABLE d.o SELECT * FROM d.t", "d.t", "d.o", "", "" },
		{ "UPDATE d.o SET x = (SELECT y FROM d.t), z = 1 FROM d.u JOIN d.v USING (a), d.w WHERE o.a = u.a",
		  "d.t; d.u; d.v; d.w", "d.o", "", "" },
		{ "UPDATE d.o AS x SET a = IF(b, 1, 2) WHERE TRUE", "", "d.o", "", "" },
		{ "UPDATE d.o SET a = 1 FROM d.o s WHERE o.a = s.a", "d.o", "d.o", "", "" },
		{ "DELETE FROM d.o WHERE a IN (SELECT b FROM d.t)", "d.t", "d.o", "", "" },
		{ "DELETE d.o WHERE TRUE", "", "d.o", "", "" },
		{ "DELETE FROM d.o x USING d.t y WHERE x.a = y.a", "d.t", "d.o", "", "" },
		{ "MERGE INTO d.o T USING (SELECT * FROM d.a) S ON T.i = S.i WHEN MATCHED AND S.x IN (SELECT x FROM d.b) THEN "
		  "UPDATE SET y = (SELECT 1 FROM d.c) WHEN NOT MATCHED BY SOURCE THEN DELETE WHEN NOT MATCHED THEN INSERT ROW",
		  "d.a; d.b; d.c", "d.o", "", "" },
		{ "MERGE d.o USING d.o s ON FALSE WHEN NOT MATCHED THEN INSERT (a) VALUES (1)", "d.o", "d.o", "", "" },
		{ "TRUNCATE TABLE d.o", "", "d.o", "", "" },
		{ "SELECT INSERT(a, 1), REPLACE(b, 'x', 'y') FROM d.t", "d.t", "", "", "" },
	};
	SQL_CASES(SQL_BIGQUERY, cases);
}

static void test_ddl(void **state)
{
	(void)state;
	static const struct sql_case cases[] = {
		{ "CREATE OR REPLACE TABLE d.o PARTITION BY DATE(ts) CLUSTER BY a OPTIONS (description = 'FROM x.y') AS SELECT * "
		  "FROM d.t",
		  "d.t", "d.o", "", "" },
		{ "CREATE TABLE IF NOT EXISTS d.o (a INT64 NOT NULL, b STRUCT<c STRING> DEFAULT (x)) AS (SELECT 1 FROM d.t)",
		  "d.t", "d.o", "", "" },
		{ "CREATE TABLE d.o LIKE d.t", "d.t", "d.o", "", "" },
		{ "CREATE TABLE d.o LIKE d.t AS SELECT * FROM d.u", "d.t; d.u", "d.o", "", "" },
		{ "CREATE TABLE d.o CLONE d.t FOR SYSTEM_TIME AS OF ts", "d.t", "d.o", "", "" },
		{ "CREATE TABLE d.o COPY `p.d.t`", "p.d.t", "d.o", "", "" },
		{ "CREATE SNAPSHOT TABLE d.o CLONE d.t", "d.t", "d.o", "", "" },
		{ "CREATE EXTERNAL TABLE d.o WITH PARTITION COLUMNS (x DATE) OPTIONS (uris = ['gs://x'])", "", "d.o", "", "" },
		{ "CREATE VIEW d.v (a OPTIONS (description = 'x')) AS SELECT a FROM d.t", "d.t", "d.v", "", "" },
		{ "CREATE MATERIALIZED VIEW d.v OPTIONS (enable_refresh = true) AS SELECT a FROM d.t", "d.t", "d.v", "", "" },
		{ "CREATE MATERIALIZED VIEW d.v AS REPLICA OF d.t", "d.t", "d.v", "", "" },
		{ "CREATE MODEL d.m TRANSFORM (a) OPTIONS (model_type = 'x') AS SELECT * FROM d.t", "d.t", "d.m", "", "" },
		{ "CREATE MODEL d.m AS (training_data AS (SELECT * FROM d.t), custom_holiday AS (SELECT * FROM d.u))",
		  "d.t; d.u", "d.m", "", "" },
		{ "CREATE TABLE d.o (a INT64, FOREIGN KEY (a) REFERENCES d.t (x) NOT ENFORCED)", "d.t", "d.o", "", "" },
		{ "CREATE SEARCH INDEX i ON d.t (ALL COLUMNS)", "", "d.t", "", "" },
		{ "CREATE ROW ACCESS POLICY p ON d.t GRANT TO ('user:x') FILTER USING (a IN (SELECT b FROM d.u))", "d.u", "d.t",
		  "", "" },
		{ "CREATE SCHEMA IF NOT EXISTS d OPTIONS (location = 'eu'); DROP SCHEMA d CASCADE", "", "", "", "" },
		{ "ALTER TABLE d.t ADD COLUMN IF NOT EXISTS a INT64, DROP COLUMN b", "", "d.t", "", "" },
		{ "ALTER TABLE d.t RENAME TO u", "", "d.t; d.u", "", "" },
		{ "ALTER VIEW d.v SET OPTIONS (x = 1)", "", "d.v", "", "" },
		{ "DROP TABLE IF EXISTS d.t; DROP VIEW d.v; DROP MATERIALIZED VIEW d.m", "", "d.m; d.t; d.v", "", "" },
		{ "EXPORT DATA OPTIONS (uri = 'gs://FROM x.y') AS SELECT * FROM d.t", "d.t", "", "", "" },
		{ "EXPORT DATA WITH CONNECTION a.b.c OPTIONS (uri = 'x') AS WITH q AS (SELECT 1 FROM d.t) SELECT * FROM q",
		  "d.t", "", "", "" },
		{ "LOAD DATA INTO d.o (a INT64) FROM FILES (format = 'CSV', uris = ['gs://x'])", "", "d.o", "", "" },
		{ "LOAD DATA OVERWRITE `p.d.o` PARTITION BY x FROM FILES (format = 'CSV') WITH CONNECTION a.b.c", "", "p.d.o",
		  "", "" },
		{ "GRANT `roles/x` ON TABLE d.t TO 'user:y'; REVOKE `roles/x` ON TABLE d.t FROM 'user:y'", "", "", "", "" },
		{ "ASSERT EXISTS (SELECT 1 FROM d.t) AS 'FROM x.y'", "d.t", "", "", "" },
		{ "ASSERT (SELECT COUNT(*) FROM d.t) > 0", "d.t", "", "", "" },
	};
	SQL_CASES(SQL_BIGQUERY, cases);
}

static void test_routines(void **state)
{
	(void)state;
	static const struct sql_case cases[] = {
		{ "CREATE TEMP FUNCTION f(x ANY TYPE) AS ((SELECT SUM(y) FROM UNNEST(x) y)); SELECT f(a) FROM d.t", "d.t", "",
		  "", "" },
		{ "CREATE FUNCTION d.f(x INT64) RETURNS INT64 AS ((SELECT MAX(a) FROM d.t WHERE b = x))", "d.t", "d.f", "", "" },
		{ "CREATE TEMP FUNCTION f(x STRING) RETURNS STRING LANGUAGE js OPTIONS (library = ['gs://x']) AS r\"\"\"\n"
		  "return \"FROM x.y\" + '`'; // don't\n\"\"\"; SELECT f(a) FROM d.t",
		  "d.t", "", "", "" },
		{ "CREATE TABLE FUNCTION d.f(a INT64, t TABLE<x INT64>, u ANY TABLE) AS SELECT * FROM t JOIN u ON TRUE, d.v",
		  "d.v", "d.f", "", "" },
		{ "CREATE AGGREGATE FUNCTION d.f(x INT64) AS (SUM(x) + (SELECT 1 FROM d.t))", "d.t", "d.f", "", "" },
		{ "CREATE OR REPLACE PROCEDURE d.p(IN a INT64, OUT b STRING) OPTIONS (strict_mode = false)\nBEGIN\n"
		  "  DECLARE c INT64 DEFAULT (SELECT MAX(x) FROM d.t);\n  INSERT INTO d.o SELECT * FROM d.u;\n  CALL d.q(c);\n"
		  "EXCEPTION WHEN ERROR THEN\n  SELECT @@error.message FROM d.log;\nEND;\nSELECT 1 FROM d.after",
		  "d.after; d.log; d.t; d.u", "d.o; d.p", "d.q", "" },
		{ "CREATE PROCEDURE d.p() WITH CONNECTION a.b.c OPTIONS (engine = 'SPARK') LANGUAGE PYTHON AS R'''\n"
		  "from x.y import z\n'''",
		  "", "d.p", "", "" },
		{ "DROP FUNCTION d.f; DROP PROCEDURE IF EXISTS d.p; DROP TABLE FUNCTION d.g", "", "d.f; d.g; d.p", "", "" },
	};
	SQL_CASES(SQL_BIGQUERY, cases);
}

static void test_scripts(void **state)
{
	(void)state;
	static const struct sql_case cases[] = {
		{ "DECLARE a, b DATE DEFAULT CURRENT_DATE(); DECLARE c DEFAULT (SELECT MAX(x) FROM d.t); SET a = (SELECT 1 FROM "
		  "d.u); SET (a, b) = (SELECT AS STRUCT 1, 2 FROM d.v)",
		  "d.t; d.u; d.v", "", "", "" },
		{ "IF EXISTS (SELECT 1 FROM d.a) AND CASE WHEN x THEN TRUE END THEN SELECT 1 FROM d.b; ELSEIF (SELECT x FROM d.c) "
		  "THEN SELECT 1 FROM d.e; ELSE SELECT 1 FROM d.f; END IF; SELECT 1 FROM d.g",
		  "d.a; d.b; d.c; d.e; d.f; d.g", "", "", "" },
		{ "LOOP SELECT 1 FROM d.a; IF(x = 1)\nTHEN BREAK; END IF; END LOOP; WHILE x < (SELECT y FROM d.b) DO SET x = x + "
		  "1; CONTINUE; END WHILE; REPEAT SELECT 1 FROM d.c; UNTIL x > (SELECT 1 FROM d.e) END REPEAT",
		  "d.a; d.b; d.c; d.e", "", "", "" },
		{ "FOR r IN (SELECT a FROM d.a) DO INSERT INTO d.o SELECT r.a FROM d.b; END FOR", "d.a; d.b", "d.o", "", "" },
		{ "CASE (SELECT 1 FROM d.a) WHEN 1 THEN SELECT 1 FROM d.b; WHEN 2 THEN SELECT 1 FROM d.c; ELSE SELECT 1 FROM d.e; "
		  "END CASE",
		  "d.a; d.b; d.c; d.e", "", "", "" },
		{ "outer: BEGIN SELECT 1 FROM d.a; inner: LOOP LEAVE outer; END LOOP inner; END outer; SELECT 1 FROM d.b",
		  "d.a; d.b", "", "", "" },
		{ "BEGIN TRANSACTION; DELETE d.o WHERE TRUE; COMMIT TRANSACTION; ROLLBACK", "", "d.o", "", "" },
		{ "BEGIN BEGIN SELECT 1 FROM d.a; EXCEPTION WHEN ERROR THEN SELECT 1 FROM d.b; RAISE USING MESSAGE = 'FROM x.y'; "
		  "END; END",
		  "d.a; d.b", "", "", "" },
		{ "CREATE TEMP TABLE x AS SELECT * FROM d.t; SELECT * FROM x JOIN X y ON TRUE; INSERT INTO x SELECT * FROM d.u; "
		  "DROP TABLE x",
		  "d.t; d.u", "", "", "" },
		{ "CREATE OR REPLACE TEMPORARY TABLE _SESSION.x AS SELECT 1; SELECT * FROM _SESSION.x, x, _session.y", "", "", "",
		  "" },
		{ "SELECT * FROM x; CREATE TEMP TABLE x (a INT64)", "x", "", "",
		  "warning 1:15 table 'x' is named without a dataset" },
		{ "CREATE TABLE d.x AS SELECT 1 FROM d.t; SELECT * FROM d.x", "d.t; d.x", "d.x", "", "" },
		{ "LOAD DATA INTO TEMP TABLE x FROM FILES (format = 'CSV'); SELECT * FROM x, d.t", "d.t", "", "", "" },
		{ "SELECT 1 FROM d.a; ; ;; SELECT 1 FROM d.b", "d.a; d.b", "", "", "" },
		{ "SELECT 1 FROM d.a) ; SELECT (1 FROM d.b; SELECT 1 FROM d.c", "d.a; d.c", "", "", "" },
	};
	SQL_CASES(SQL_BIGQUERY, cases);
}

static void test_dynamic(void **state)
{
	(void)state;
#define UNKNOWN "the SQL is made when it runs: what it reads and writes cannot be known"
	static const struct sql_case cases[] = {
		{ "EXECUTE IMMEDIATE 'SELECT * FROM d.t'", "d.t", "", "", "" },
		{ "EXECUTE IMMEDIATE \"\"\"\nINSERT INTO d.o\nSELECT * FROM d.t\n\"\"\" INTO x USING 1 AS y; SELECT 1 FROM d.u",
		  "d.t; d.u", "d.o", "", "" },
		{ "EXECUTE IMMEDIATE 'SELECT \\'FROM x.y\\' FROM d.t';", "d.t", "", "", "" },
		{ "EXECUTE IMMEDIATE CONCAT('SELECT 1 FROM ', t)", "", "", "", "warning 1:19 " UNKNOWN },
		{ "EXECUTE IMMEDIATE 'SELECT 1 FROM ' || t;\nEXECUTE IMMEDIATE q INTO x", "", "", "",
		  "warning 1:19 " UNKNOWN "; warning 2:19 " UNKNOWN },
		{ "EXECUTE IMMEDIATE FORMAT('SELECT %s FROM (SELECT 1)', (SELECT x FROM d.t))", "d.t", "", "", NULL },
	};
	SQL_CASES(SQL_BIGQUERY, cases);
	POOL_SCRATCH(pool);
	struct sql_refs r;
	sql_read(pool, SQL_BIGQUERY, STR("EXECUTE IMMEDIATE '''\n  SELECT 1 FROM d.t'''; EXECUTE IMMEDIATE 'SELECT \\'\\' FROM d.u'"), &r);
	assert_int_equal(r.refs.v[0].line, 2);
	assert_int_equal(r.refs.v[0].col, 17);
	/* a literal with escapes is placed at its start */
	assert_int_equal(r.refs.v[1].line, 2);
	assert_int_equal(r.refs.v[1].col, 43);
}

#define KEPT "the table's name holds a template: it is kept as written"

static void test_templates(void **state)
{
	(void)state;
	static const struct sql_case cases[] = {
		{ "SELECT 1 FROM {{ p }}.d.t", "{{ p }}.d.t", "", "", "note 1:15 " KEPT },
		{ "SELECT 1 FROM `{{ var(\"a.b\") }}.d.events_*`", "{{ var(\"a.b\") }}.d.events_*", "", "", "note 1:15 " KEPT },
		{ "SELECT 1 FROM d.t_{{ ds_nodash }} AS x, x.items", "d.t_{{ ds_nodash }}", "", "", "note 1:15 " KEPT },
		{ "SELECT 1 FROM d.{% if x %}a{% else %}b{% endif %} WHERE y", "d.{% if x %}a{% else %}b{% endif %}", "", "",
		  "note 1:15 " KEPT },
		{ "SELECT 1 FROM {{ this }}", "{{ this }}", "", "", "note 1:15 " KEPT },
		{ "SELECT 1 FROM `${project}.d.t`, ${x}.u", "${project}.d.t; ${x}.u", "", "", NULL },
		{ "SELECT 1 FROM {project}.d.t JOIN `{a}.{b}.u` ON TRUE", "{a}.{b}.u; {project}.d.t", "", "", NULL },
		{ "SELECT {{ a }} {% for x in y %}, {{ x }} {% endfor %} FROM d.t {{ where }} {# FROM x.y #} JOIN d.u ON {{ on }}",
		  "d.t; d.u", "", "", "" },
		{ "SELECT 1 FROM {% if a %} d.t {% else %} d.u {% endif %} AS x JOIN d.v ON TRUE", "d.t; d.u; d.v", "", "", NULL },
		{ "SELECT 1 {% if a %} FROM d.t WHERE b {% else %} FROM d.u {% endif %} GROUP BY 1", "d.t; d.u", "", "", "" },
		{ "{% for x in y %} SELECT 1 FROM d.t {% if not loop.last %} UNION ALL {% endif %} {% endfor %}", "d.t", "", "",
		  "" },
		{ "SELECT 1 FROM d.t {{ 'UNION ALL' }} SELECT 2 FROM d.u", "d.t; d.u", "", "", "" },
		{ "SELECT '{{ f('a', \"b\") }}' AS x, \"{% if 'q' %}\" FROM d.t", "d.t", "", "", "" },
		{ "SELECT '{{' FROM d.t WHERE x = '{%'", "d.t", "", "", "" },
		{ "SELECT x LIKE '%{%' FROM d.t WHERE y LIKE '%}' AND z = '{{' AND a IN (SELECT b FROM d.u WHERE c = '}}')",
		  "d.t; d.u", "", "", "" },
		{ "SELECT {{ \"}}\" }} FROM d.t", "d.t", "", "", "" },
		{ "SELECT {{ it's }} FROM d.t", "d.t", "", "", "" },
		{ "SELECT {{ open FROM d.t", "d.t", "", "", NULL },
		{ "{{ header }} SELECT 1 FROM d.t", "d.t", "", "", "" },
		{ "{{ config(materialized='table') }}\nWITH a AS (SELECT * FROM d.t) SELECT * FROM a", "d.t", "", "", "" },
		{ "SELECT 1 FROM ({{ query }}) AS q", "", "", "",
		  "note 1:16 a template stands for a query: what it reads cannot be known" },
		{ "WITH {{ ctes }}, b AS (SELECT 1 FROM d.t) SELECT * FROM b", "d.t", "", "", "" },
		{ "WITH a AS {{ q }}, b AS (SELECT * FROM a) SELECT * FROM b, d.t", "d.t", "", "", "" },
		{ "WITH a AS ({% if x %} SELECT 1 FROM d.t) {% else %} SELECT 1 FROM d.u) {% endif %}, b AS (SELECT * FROM a) "
		  "SELECT * FROM b",
		  "d.t; d.u", "", "", "" },
		{ "{% macro m(s) %} a AS (SELECT 1), {{ o }} AS (SELECT * FROM {{ s }} table JOIN a ON TRUE) {% endmacro %}",
		  "{{ s }}", "", "", NULL },
		{ "{% set f %} LEFT JOIN d.x USING (a) WHERE b {% endset %} CREATE TEMP FUNCTION f() AS (1); SELECT 1 FROM d.t",
		  "d.t; d.x", "", "", "" },
		{ "INSERT INTO {{ t }} SELECT {{ f }}(x), `{{ p }}.u.f`(y) FROM d.t", "d.t", "{{ t }}", "{{ p }}.u.f", "" },
	};
	SQL_CASES(SQL_BIGQUERY, cases);
}

static void test_dbt(void **state)
{
	(void)state;
	static const struct sql_case cases[] = {
		{ "SELECT 1 FROM {{ ref('x') }}", "x", "", "", "" },
		{ "SELECT 1 FROM {{ref(\"x\")}} AS a JOIN {{ ref( 'p' , 'y' ) }} b USING (i)", "x; y", "", "", "" },
		{ "SELECT 1 FROM {{ ref('x', v=2) }}, {{ source('s', 't') }}", "s.t; x", "", "", "" },
		{ "SELECT 1 FROM `{{ ref('x') }}`", "x", "", "", "" },
		{ "{%- set r = ref('x') -%} SELECT {{ star(from=ref('y'), except=['a']) }} FROM {{ r }}", "x; y; {{ r }}", "", "",
		  NULL },
		{ "SELECT 1 FROM ({{ union(relations=[ref('a'), source('s', 'b')]) }}) q", "a; s.b", "", "", "" },
		{ "SELECT 1 FROM {{ builtins.ref('x') }} {# {{ ref('y') }} #} -- {{ ref('z') }}\n", "x", "", "", "" },
		{ "SELECT 1 FROM {{ ref(model) }}", "{{ ref(model) }}", "", "",
		  "note 1:15 " KEPT "; warning 1:18 the argument of ref() is no literal: the table cannot be known" },
		{ "SELECT {{ xref('a') }}, {{ a.source('b', 'c') }}, {{ \"ref('d')\" }} FROM d.t", "d.t", "", "", "" },
		{ "{% if is_incremental() %} WHERE x > (SELECT MAX(x) FROM {{ this }}) {% endif %}", "{{ this }}", "", "", NULL },
		{ "SELECT 1 FROM ${ref(\"x\")} JOIN ${ref('s', 'y')} ON TRUE", "s.y; x", "", "", "" },
	};
	SQL_CASES(SQL_BIGQUERY, cases);
	SQL_CASES(SQL_POSTGRES, cases);
	POOL_SCRATCH(pool);
	struct sql_refs r;
	sql_read(pool, SQL_BIGQUERY, STR("SELECT 1 FROM {{ ref( 'x' ) }}\nJOIN {{ source('s', 't') }}"), &r);
	assert_int_equal(r.refs.n, 2);
	assert_true(str_eqz(r.refs.v[0].text, "ref( 'x' )"));
	assert_int_equal(r.refs.v[0].col, 18);
	assert_true(str_eqz(r.refs.v[1].text, "source('s', 't')"));
	assert_int_equal(r.refs.v[1].line, 2);
	assert_int_equal(r.refs.v[1].col, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dml),	cmocka_unit_test(test_ddl),	  cmocka_unit_test(test_routines),
		cmocka_unit_test(test_scripts), cmocka_unit_test(test_dynamic),	  cmocka_unit_test(test_templates),
		cmocka_unit_test(test_dbt),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
