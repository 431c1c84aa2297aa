/* Shapes of real queries that once were read wrongly, or that other readers get
 * wrong: each with all that it reads, and what it writes and calls where told. */
#include "sql/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above */
#include <cmocka.h>

struct real {
	const char *sql, *reads, *writes, *calls; /* names joined by blanks; NULL: not looked at */
};

#define JOINED(pool, vec) \
	joined((pool), (vec)->v, (vec)->n)

static const char *joined(struct pool *pool, const struct str *v, size_t n)
{
	struct buf b;
	buf_init(&b, pool);
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_char(&b, ' ');
		buf_str(&b, v[i]);
	}
	return buf_cstr(&b);
}

static void compare(const char *sql, const char *what, const char *got, const char *want)
{
	if (want && strcmp(got, want) != 0)
		fail_msg("%s\n  %s: %s\n  want:  %s", sql, what, got, want);
}

static void check(enum sql_dialect dialect, const struct real *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		POOL_SCRATCH(pool);
		struct sql_refs refs;
		sql_read(pool, dialect, str_of(cases[i].sql), &refs);
		compare(cases[i].sql, "reads", JOINED(pool, &refs.reads), cases[i].reads);
		compare(cases[i].sql, "writes", JOINED(pool, &refs.writes), cases[i].writes);
		compare(cases[i].sql, "calls", JOINED(pool, &refs.calls), cases[i].calls);
	}
}

#define CHECK(dialect, cases) check((dialect), (cases), sizeof(cases) / sizeof *(cases))

static void commas_of_types_part_no_items(void **state)
{
	(void)state;
	static const struct real cases[] = {
		{ "SELECT 1 FROM d.a JOIN d.b ON a.s = STRUCT<INT64, STRING>(1, 'x') JOIN d.c USING (i)", "d.a d.b d.c",
		  NULL, NULL },
		{ "SELECT 1 FROM d.a JOIN d.b ON x IN UNNEST(ARRAY<STRUCT<k INT64, v ARRAY<STRING>>>[(1, [])]), d.c",
		  "d.a d.b d.c", NULL, NULL },
		{ "SELECT 1 FROM d.a JOIN d.b ON y = ARRAY<STRUCT<k INT64, v STRING(10)>>[][OFFSET(0)].k, d.c",
		  "d.a d.b d.c", NULL, NULL },
	};
	CHECK(SQL_BIGQUERY, cases);
}

static void arguments_of_a_table_function_see_no_siblings(void **state)
{
	(void)state;
	static const struct real cases[] = {
		{ "SELECT 1 FROM d.a AS x, p.d.f((SELECT * FROM x.t)) AS y", "d.a x.t", NULL, "p.d.f" },
		{ "SELECT 1 FROM p.d.f((SELECT * FROM x.t)) AS x, x.items", "x.t", NULL, "p.d.f" },
		/* its name is no alias */
		{ "SELECT 1 FROM d.f(1), f.items", "f.items", NULL, "d.f" },
	};
	CHECK(SQL_BIGQUERY, cases);
}

static void words_of_operators_may_be_aliases(void **state)
{
	(void)state;
	static const struct real cases[] = {
		{ "SELECT 1 FROM d.a pivot JOIN d.b unpivot JOIN d.c USING (i)", "d.a d.b d.c", NULL, NULL },
		{ "SELECT 1 FROM d.a UNPIVOT INCLUDE NULLS (v FOR n IN (x, y)) AS u JOIN d.b USING (i)", "d.a d.b", NULL,
		  NULL },
		{ "SELECT 1 FROM d.a PIVOT (SUM(v) FOR n IN ('x', 'y')) p JOIN d.b USING (i)", "d.a d.b", NULL, NULL },
	};
	CHECK(SQL_BIGQUERY, cases);
}

static void braces_in_strings_are_no_templates(void **state)
{
	(void)state;
	static const struct real cases[] = {
		{ "SELECT REPLACE(x, '{{', '') FROM d.a WHERE y LIKE '%}}%'", "d.a", NULL, NULL },
		{ "SELECT \"{%\", r'{{-' FROM d.a JOIN d.b ON y LIKE '-}}' AND z = \"%}\"", "d.a d.b", NULL, NULL },
		{ "SELECT FORMAT('{%s}', x) FROM d.a WHERE y = '{%d}' AND z = '%}'", "d.a", NULL, NULL },
		{ "SELECT '{{ var('x') }}', \"{{ 'it''s' }}\", '{%if x%}from d.q{%endif%}' FROM d.a", "d.a", NULL, NULL },
	};
	CHECK(SQL_BIGQUERY, cases);
}

static void a_name_may_be_part_template_part_text(void **state)
{
	(void)state;
	static const struct real cases[] = {
		{ "WITH {% for x in y %} {{ x }}_c AS (SELECT * FROM d.{{x}}), {% endfor %} f AS (SELECT * FROM {{ x }}_c "
		  "JOIN d.b USING (z)) SELECT * FROM f",
		  "d.b d.{{x}}", NULL, NULL },
		{ "WITH {% for x in y %} b_{{ x }}_1 AS (SELECT * FROM d.a){% if not loop.last %},{% endif %}{% endfor %} "
		  "SELECT * FROM b_{{ x }}_1",
		  "d.a", NULL, NULL },
		{ "WITH {% for x in y %} c_{{ x }} AS (SELECT * FROM d.a) {{ ',' if not loop.last }} {% endfor %} SELECT * "
		  "FROM c_{{ x }} JOIN d.b USING (i)",
		  "d.a d.b", NULL, NULL },
		{ "{% for x in y %}{% if loop.first %} WITH {% else %} , {% endif %}{{ x }}_c AS (SELECT * FROM d.a)"
		  "{% endfor %} SELECT * FROM {{ x }}_c",
		  "d.a", NULL, NULL },
		{ "WITH a AS (SELECT 1 FROM d.a), {{ b }}_X AS (SELECT * FROM a) SELECT * FROM {{ b }}_X JOIN d.b_{{x}}",
		  "d.a d.b_{{x}}", NULL, NULL },
		{ "SELECT * FROM d.a AS {{ y }}_a LEFT JOIN {{ y }}_a.arr", "d.a", NULL, NULL },
		{ "SELECT 1 FROM {% if a %}d.a{% else %}d.b{% endif %} AS x, x.items JOIN d.c USING (i)", "d.a d.b d.c", NULL,
		  NULL },
		{ "SELECT 1 FROM {% if a %}d.a{% elif b %}`d.b`{% endif %}, d.{%if b%}v{%else%}w{%endif%}_1.t",
		  "d.a d.b d.{%if b%}v{%else%}w{%endif%}_1.t", NULL, NULL },
		{ "CREATE TEMP TABLE {{ x }}_t AS SELECT * FROM d.a; SELECT * FROM {{ x }}_t", "d.a", NULL, NULL },
	};
	CHECK(SQL_BIGQUERY, cases);
}

static void a_literal_in_parentheses_is_executed(void **state)
{
	(void)state;
	static const struct real cases[] = {
		{ "EXECUTE IMMEDIATE ((\"SELECT * FROM d.a\")) INTO x; SELECT 1 FROM d.b", "d.a d.b", NULL, NULL },
		{ "EXECUTE IMMEDIATE (\"SELECT * FROM \" || (SELECT t FROM d.a)); SELECT 1 FROM d.b", "d.a d.b", NULL, NULL },
	};
	CHECK(SQL_BIGQUERY, cases);
}

static void a_view_may_be_altered_to_another_query(void **state)
{
	(void)state;
	static const struct real cases[] = {
		{ "ALTER VIEW d.v AS SELECT * FROM d.a JOIN d.b USING (i)", "d.a d.b", "d.v", NULL },
		{ "ALTER VIEW d.v SET OPTIONS (description = 'from d.x'); SELECT 1 FROM d.a", "d.a", "d.v", NULL },
	};
	CHECK(SQL_BIGQUERY, cases);
}

static void postgres_labels_and_names_may_be_keywords(void **state)
{
	(void)state;
	static const struct real cases[] = {
		{ "SELECT a AS from, b AS join, c AS as FROM t, u WHERE EXISTS (SELECT 1 AS union, 2 FROM v)", "t u v", NULL,
		  NULL },
		{ "SELECT 1 FROM rows JOIN by ON true JOIN qualify q USING (i)", "by qualify rows", NULL, NULL },
		{ "SELECT 1 FROM ROWS FROM (f(1), g(2)) AS r, t", "t", NULL, "f g" },
		{ "SELECT 1 FROM t JOIN u ON percentile_cont(0.5) WITHIN GROUP (ORDER BY x) > 1, v", "t u v", NULL, NULL },
	};
	CHECK(SQL_POSTGRES, cases);
}

static void postgres_reads_whole_tables_by_table(void **state)
{
	(void)state;
	static const struct real cases[] = {
		{ "SELECT x FROM t WHERE EXISTS (TABLE ONLY u) OR y IN (TABLE v)", "t u v", NULL, NULL },
		{ "DECLARE c CURSOR FOR TABLE t UNION TABLE u", "t u", NULL, NULL },
		{ "CREATE VIEW v AS (SELECT 1 FROM t) UNION TABLE u", "t u", "v", NULL },
		{ "COPY (TABLE t EXCEPT ALL TABLE u) TO STDOUT", "t u", NULL, NULL },
		{ "INSERT INTO x VALUES (1), (2) UNION TABLE ONLY t UNION ALL SELECT 1 FROM u", "t u", "x", NULL },
		{ "EXPLAIN (SELECT 1 FROM t) EXCEPT TABLE u", "t u", NULL, NULL },
		{ "CREATE TABLE x AS TABLE t", "t", "x", NULL },
	};
	CHECK(SQL_POSTGRES, cases);
}

static void property_graphs_are_read_like_views(void **state)
{
	(void)state;
	static const struct real cases[] = {
		{ "SELECT a.x FROM GRAPH_TABLE(d.g MATCH (n:Account)-[e:Moves]->(m) WHERE n.k IN (SELECT k FROM d.k) "
		  "RETURN n.x AS x) AS a JOIN d.t USING (x)",
		  "d.g d.k d.t", NULL, "" },
		{ "GRAPH `p.d.g` MATCH (n:Person {name: 'x'})-[:Owns]->(a) RETURN n.name NEXT RETURN COUNT(*) AS c", "p.d.g",
		  "", "" },
		{ "CREATE OR REPLACE PROPERTY GRAPH d.g NODE TABLES (d.person, d.account AS acc KEY (id) LABEL Account "
		  "PROPERTIES (id, x)) EDGE TABLES (d.owns SOURCE KEY (pid) REFERENCES person (id) DESTINATION KEY (aid) "
		  "REFERENCES acc (id))",
		  "d.account d.owns d.person", "d.g", "" },
		{ "DROP PROPERTY GRAPH IF EXISTS d.g; SELECT graph FROM d.graph", "d.graph", "d.g", NULL },
	};
	CHECK(SQL_BIGQUERY, cases);
}

static void legacy_ranges_may_have_no_prefix(void **state)
{
	(void)state;
	static const struct real cases[] = {
		{ "SELECT 1 FROM TABLE_DATE_RANGE([p:day.], TIMESTAMP('a'), TIMESTAMP('b')) AS x, [d.a]", "d.a p.day.*", NULL,
		  NULL },
		{ "SELECT 1 FROM TABLE_DATE_RANGE([d.], TIMESTAMP('a'), TIMESTAMP('b')) JOIN EACH [d.x] USING (i)", "d.* d.x",
		  NULL, NULL },
		{ "SELECT 1 FROM (TABLE_QUERY(p-1:d, 'table_id CONTAINS \"from\"')), [d.a]", "d.a p-1.d.*", NULL, NULL },
	};
	CHECK(SQL_BIGQUERY_LEGACY, cases);
}

static void templates_hold_dicts_and_name_aliases(void **state)
{
	(void)state;
	static const struct real cases[] = {
		{ "{{ config(partition_by={'field': 'x', 'range': {'start': 0}}) }} SELECT 1 FROM {{ ref('a') }}", "a", NULL,
		  NULL },
		{ "SELECT 1 FROM {{ f('from d.x', {'a': {'b': 1}}) }} JOIN d.b ON EXISTS (SELECT {{ g({1: {2: 3}}) }} FROM b.c)",
		  "d.b {{ f('from d.x', {'a': {'b': 1}}) }}", NULL, NULL },
		{ "SELECT {{ x({y }}, {{ z }} FROM d.a", "d.a", NULL, NULL },
		{ "SELECT 1 FROM {{ ref('a') }} AS {{ t }}, {{ t }}.items, UNNEST({{ t }}.z) AS {{ u }}, {{ u }}.q", "a", NULL,
		  NULL },
	};
	CHECK(SQL_BIGQUERY, cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commas_of_types_part_no_items),
		cmocka_unit_test(arguments_of_a_table_function_see_no_siblings),
		cmocka_unit_test(braces_in_strings_are_no_templates),
		cmocka_unit_test(a_name_may_be_part_template_part_text),
		cmocka_unit_test(a_literal_in_parentheses_is_executed),
		cmocka_unit_test(a_view_may_be_altered_to_another_query),
		cmocka_unit_test(postgres_labels_and_names_may_be_keywords),
		cmocka_unit_test(postgres_reads_whole_tables_by_table),
		cmocka_unit_test(property_graphs_are_read_like_views),
		cmocka_unit_test(legacy_ranges_may_have_no_prefix),
		cmocka_unit_test(templates_hold_dicts_and_name_aliases),
		cmocka_unit_test(words_of_operators_may_be_aliases),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
