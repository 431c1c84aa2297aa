/* On PostgreSQL text that both can read, the reader and libpg_query agree. */
#include "base/jsonl.h"
#include "base/time.h"
#include "proc/spawn.h"
#include "sql_case.h"

#include <limits.h>
#include <unistd.h>

static char child[PATH_MAX];

static const char *const corpus[] = {
	"SELECT * FROM s.a JOIN b USING (x), c d LEFT JOIN LATERAL (SELECT * FROM e) f ON true",
	"SELECT * FROM ONLY a, b *, ONLY (c)",
	"SELECT extract(year FROM ts), trim(both FROM x), trim(FROM y), substring(x FROM 1 FOR 2), "
	"overlay(a PLACING b FROM 1), position('a' IN b) FROM t",
	"SELECT a IS DISTINCT FROM b, a IS NOT DISTINCT FROM c FROM t",
	"WITH a AS (SELECT * FROM a) SELECT * FROM a",
	"WITH RECURSIVE a AS (SELECT * FROM b UNION ALL SELECT * FROM a JOIN c USING (x)), b AS (SELECT "
	"1) SELECT * FROM a",
	"WITH a AS MATERIALIZED (SELECT * FROM x), b AS NOT MATERIALIZED (TABLE a) SELECT * FROM b",
	"WITH d AS (DELETE FROM t USING u WHERE t.a = u.a RETURNING *), i AS (INSERT INTO v SELECT * "
	"FROM d RETURNING *) SELECT * FROM i",
	"WITH a(x, y) AS (VALUES (1, 2)) SELECT * FROM a",
	"SELECT 'from x' FROM t -- from y",
	"SELECT $$from x$$, $q$ from 'y' $q$ FROM t /* from /* nested */ z */",
	"SELECT E'it\\'s from x', U&'\\0041 from q', B'01', X'1F', N'from' FROM t",
	"SELECT * FROM \"From\" JOIN \"a.b\".\"c d\" ON \"x y\".\"from\" = 1",
	"SELECT * FROM U&\"d\\0061t\\+000061\"",
	"SELECT * FROM FOO.Bar, \"FOO\".Bar",
	"SELECT a @> b, a ?| c, a ? b, x::int, x::text[], a[1:2], arr[lo:hi] FROM t WHERE j->>'from' = $1",
	"SELECT count(*) FILTER (WHERE x IN (SELECT y FROM u)) OVER (PARTITION BY z ORDER BY (SELECT 1 "
	"FROM w)) FROM t WINDOW v AS (PARTITION BY a)",
	"SELECT * FROM generate_series(1, 10) WITH ORDINALITY AS g(i, n), s.f(1) h, t",
	"SELECT * FROM ROWS FROM (generate_series(1, 2), s.f(3)) AS x(a, b), t",
	"SELECT * FROM f(1) AS x(a int, b text), unnest(ARRAY[1, 2]) u JOIN t ON true",
	"SELECT * FROM t TABLESAMPLE bernoulli (10) REPEATABLE (1) JOIN u ON true",
	"SELECT * FROM t AS x (a, b) CROSS JOIN u y(c) NATURAL LEFT JOIN v NATURAL JOIN w",
	"SELECT * FROM ((a JOIN b ON true) CROSS JOIN (c JOIN d ON true)) AS j",
	"SELECT * FROM ((SELECT * FROM a) UNION ALL (SELECT * FROM b ORDER BY 1 LIMIT 1)) q",
	"(SELECT * FROM a) INTERSECT (SELECT * FROM b EXCEPT ALL SELECT * FROM c) ORDER BY 1",
	"SELECT * FROM a UNION SELECT * FROM b UNION ALL TABLE c EXCEPT (VALUES (1)) LIMIT 3 OFFSET "
	"(SELECT 1 FROM d)",
	"VALUES (1, (SELECT x FROM a)), (2, 3)",
	"TABLE s.a",
	"TABLE ONLY s.a",
	"SELECT * FROM a, LATERAL f(a.x), LATERAL (SELECT * FROM b WHERE b.x = a.x) l",
	"SELECT * FROM t, t.items",
	"SELECT (SELECT max(x) FROM a WHERE a.id = t.id), ARRAY(SELECT y FROM b), EXISTS (SELECT FROM c) "
	"FROM t WHERE x = ANY (SELECT z FROM d) AND y > ALL (TABLE e)",
	"SELECT CASE WHEN EXISTS (SELECT 1 FROM a) THEN (SELECT 1 FROM b) ELSE 2 END FROM c",
	"SELECT left(x, 1), right(y, 2), replace(z, 'a', 'b'), \"left\" FROM t LEFT JOIN u ON left(t.a, "
	"1) = u.b RIGHT JOIN v ON true FULL OUTER JOIN w ON true",
	"SELECT t.from, t.select, t.join FROM t",
	"SELECT DISTINCT ON (a) b FROM t ORDER BY a",
	"SELECT * INTO n FROM t",
	"SELECT * INTO TEMP n FROM t; SELECT * FROM n",
	"SELECT * INTO UNLOGGED TABLE n FROM t",
	"SELECT * FROM t FOR UPDATE OF t SKIP LOCKED",
	"SELECT * FROM t, u FOR NO KEY UPDATE OF u NOWAIT FOR SHARE OF t",
	"SELECT current_date FROM t FETCH FIRST 5 ROWS ONLY",
	"SELECT GROUPING(a) FROM t GROUP BY GROUPING SETS ((a), ()), ROLLUP (b), CUBE (c)",
	"SELECT x FROM t WHERE (a, b) IN (SELECT c, d FROM u) AND (a, b) OVERLAPS (c, d)",
	"SELECT * FROM xmltable('/a' PASSING (SELECT d FROM docs) COLUMNS b int PATH 'b') x, t",
	"SELECT interval '1 day' FROM t WHERE ts AT TIME ZONE 'UTC' > now()",
	"INSERT INTO t SELECT * FROM u",
	"INSERT INTO s.t AS x (a, b) VALUES (1, (SELECT max(y) FROM u)) ON CONFLICT (a) DO UPDATE SET b "
	"= excluded.b, c = (SELECT 1 FROM v) WHERE x.a > 1 RETURNING a, (SELECT 1 FROM w)",
	"INSERT INTO t (a) OVERRIDING SYSTEM VALUE SELECT a FROM u ON CONFLICT DO NOTHING",
	"INSERT INTO t DEFAULT VALUES",
	"INSERT INTO t WITH a AS (SELECT * FROM b) SELECT * FROM a",
	"INSERT INTO t TABLE u",
	"INSERT INTO t (SELECT * FROM u)",
	"WITH a AS (SELECT * FROM b) INSERT INTO t SELECT * FROM a",
	"UPDATE t SET a = u.a FROM u JOIN v ON true WHERE t.id = u.id",
	"UPDATE ONLY s.t AS x SET (a, b) = (SELECT c, d FROM u) FROM t",
	"UPDATE t * SET a = 1 WHERE b IN (SELECT c FROM t)",
	"WITH q AS (SELECT 1 FROM z) UPDATE t SET a = 1 FROM q WHERE true RETURNING *",
	"DELETE FROM t USING u, v w WHERE t.a = u.a",
	"DELETE FROM ONLY s.t AS x WHERE EXISTS (SELECT 1 FROM u WHERE u.a = x.a) RETURNING *",
	"DELETE FROM t WHERE CURRENT OF c",
	"MERGE INTO s.t AS x USING u ON x.a = u.a WHEN MATCHED AND u.b THEN UPDATE SET c = (SELECT 1 "
	"FROM v) WHEN NOT MATCHED THEN INSERT (a) VALUES (u.a)",
	"MERGE INTO t USING (SELECT * FROM u) q ON true WHEN MATCHED THEN DELETE",
	"WITH s AS (SELECT * FROM z) MERGE INTO t USING s ON true WHEN NOT MATCHED THEN DO NOTHING",
	"CREATE TABLE t (a int PRIMARY KEY, b text DEFAULT 'from x', CHECK (a > 0))",
	"CREATE TABLE t (LIKE u INCLUDING ALL, a int REFERENCES v (x), FOREIGN KEY (a) REFERENCES w) "
	"INHERITS (p, s.q)",
	"CREATE TABLE t PARTITION OF p FOR VALUES FROM (1) TO (10)",
	"CREATE TABLE t PARTITION OF p DEFAULT",
	"CREATE TABLE IF NOT EXISTS t AS SELECT * FROM u WITH NO DATA",
	"CREATE UNLOGGED TABLE t WITH (fillfactor = 70) AS TABLE u",
	"CREATE TEMP TABLE t AS SELECT * FROM u; SELECT * FROM t JOIN v ON true; INSERT INTO t SELECT * "
	"FROM w",
	"CREATE TABLE t AS WITH a AS (SELECT * FROM b) SELECT * FROM a",
	"CREATE TABLE t AS (SELECT * FROM u) ",
	"CREATE OR REPLACE VIEW v (a, b) AS SELECT * FROM t WITH CASCADED CHECK OPTION",
	"CREATE RECURSIVE VIEW v (n) AS SELECT 1 UNION ALL SELECT n + 1 FROM u",
	"CREATE TEMP VIEW v AS SELECT * FROM t; SELECT * FROM v",
	"CREATE MATERIALIZED VIEW IF NOT EXISTS m TABLESPACE x AS SELECT * FROM t WITH DATA",
	"REFRESH MATERIALIZED VIEW CONCURRENTLY m",
	"CREATE UNIQUE INDEX CONCURRENTLY i ON s.t USING btree (a, (b + 1)) WHERE c IS NOT NULL",
	"CREATE INDEX ON ONLY t (a)",
	"CREATE TRIGGER g AFTER INSERT OR UPDATE OF a ON s.t REFERENCING NEW TABLE AS n FOR EACH ROW "
	"WHEN (NEW.a > 1) EXECUTE FUNCTION f()",
	"CREATE RULE r AS ON INSERT TO t DO INSTEAD INSERT INTO u SELECT * FROM v",
	"CREATE RULE r AS ON UPDATE TO t DO ALSO (INSERT INTO u VALUES (1); DELETE FROM w WHERE a IN "
	"(SELECT b FROM x))",
	"CREATE POLICY p ON t FOR SELECT USING (a IN (SELECT b FROM u))",
	"CREATE FUNCTION f(a int DEFAULT 1) RETURNS TABLE (x int) LANGUAGE sql AS 'SELECT * FROM t WHERE "
	"b = ''from q'''",
	"CREATE OR REPLACE FUNCTION s.f() RETURNS int AS $$ SELECT count(*) FROM t; SELECT 1 FROM u $$ "
	"LANGUAGE sql STABLE",
	"CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1 FROM t; SELECT 2 FROM u; END",
	"CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN (SELECT 1 FROM t)",
	"CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'obj', 'from'",
	"ALTER TABLE IF EXISTS ONLY s.t ADD COLUMN a int, DROP COLUMN b, ADD CONSTRAINT c FOREIGN KEY "
	"(a) REFERENCES u (x)",
	"ALTER TABLE t ALTER COLUMN a TYPE int USING a::int",
	"DROP TABLE IF EXISTS a, s.b CASCADE",
	"DROP VIEW a",
	"TRUNCATE TABLE a, ONLY b RESTART IDENTITY CASCADE",
	"COPY t (a, b) FROM 'x.csv' WITH (FORMAT csv)",
	"COPY s.t TO STDOUT",
	"COPY (SELECT * FROM t JOIN u ON true) TO '/tmp/x' CSV",
	"EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM t",
	"EXPLAIN ANALYZE VERBOSE INSERT INTO t SELECT * FROM u",
	"PREPARE p (int) AS SELECT * FROM t WHERE a = $1",
	"DECLARE c SCROLL CURSOR FOR SELECT * FROM t",
	"LOCK TABLE a IN SHARE MODE",
	"VACUUM (FULL) a",
	"COMMENT ON TABLE a IS 'from b'",
	"GRANT SELECT ON a TO b",
	"SET search_path TO a, b",
	"SHOW all",
	"BEGIN; SELECT * FROM t; COMMIT",
	"CALL s.p(1, (SELECT a FROM t))",
	"SELECT * FROM t WHERE a = ANY ('{1,2}'::int[]) AND b LIKE '%from x%' ESCAPE '\\'",
	"SELECT a.b.c, (r).f, (r).*, x[1].y FROM a.b",
	"SELECT * FROM a.b.c",
	"SELECT 1 AS from_x, 2 \"from\", 3 AS \"join\" FROM t",
	"SELECT x, y as limit FROM t",
	"SELECT array[(SELECT 1 FROM a), (SELECT 2 FROM b)]",
	"SELECT ROW((SELECT 1 FROM a), 2) FROM c",
	"SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM t",
	"SELECT * FROM t1 a JOIN (t2 b JOIN t3 c ON b.x = c.x) ON a.x = b.x WHERE a.y NOT IN (SELECT y "
	"FROM t4 UNION SELECT y FROM t5)",
	"SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v (i, s) JOIN t ON true",
	"SELECT * FROM (TABLE a) x",
	"SELECT * FROM (WITH a AS (SELECT * FROM b) SELECT * FROM a, c) q, a",
	"WITH a AS (WITH b AS (SELECT * FROM x) SELECT * FROM b) SELECT * FROM a, b",
	"WITH a AS (SELECT 1), b AS (SELECT * FROM a, c), c AS (SELECT * FROM b) SELECT * FROM c",
	"WITH t AS (SELECT 1) SELECT * FROM s.t, t",
	"WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n+1 FROM t WHERE n < 100) SELECT sum(n) FROM t",
	"WITH RECURSIVE g AS (SELECT 1 FROM e UNION SELECT 2 FROM g) SEARCH DEPTH FIRST BY a SET o CYCLE "
	"a SET c USING p SELECT * FROM g JOIN h ON true",
	"WITH \"A\" AS (SELECT 1) SELECT * FROM a, \"A\"",
	"WITH A AS (SELECT 1) SELECT * FROM a, \"a\", \"A\"",
	"SELECT a AS \"b\"\"c\" FROM \"x\"\"y\"",
	"SELECT 1 operator(pg_catalog.+) 2 FROM t",
	"SELECT a || 'x' || b FROM t -- last line",
	"SELECT * FROM t WHERE x ~ 'from y' AND z !~* E'\\\\bfrom\\\\b'",
	"SELECT * FROM t, u WHERE t.a = 1 ORDER BY (SELECT 1 FROM v) NULLS LAST LIMIT ALL",
	"SELECT a FROM t GROUP BY DISTINCT a HAVING count(*) > (SELECT 1 FROM u)",
	"SELECT cast(x AS numeric(10, 2)), x COLLATE \"C\" FROM t",
	"SELECT * FROM "
	"a_very_long_name_which_passes_the_limit_of_sixty_three_bytes_and_is_cut_there_by_the_parser",
	"SELECT json_agg(t) FROM (SELECT * FROM u) t",
	"SELECT * FROM t WHERE EXISTS (SELECT * FROM t.items)",
	"SELECT nextval('s.q'), 'x'::regclass FROM t",
	"CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY, b int GENERATED ALWAYS AS (a * 2) STORED, "
	"EXCLUDE USING gist (c WITH &&))",
	"CREATE FOREIGN TABLE f (a int) SERVER s OPTIONS (table 'from x')",
	"CREATE SCHEMA s CREATE TABLE t (a int) CREATE VIEW v AS SELECT * FROM u",
	"CREATE SEQUENCE q OWNED BY t.a",
	"CREATE TYPE e AS ENUM ('from', 'x')",
	"CREATE DOMAIN d AS int CHECK (VALUE > 0)",
	"CREATE AGGREGATE ag (int) (SFUNC = f, STYPE = int)",
	"CREATE EXTENSION IF NOT EXISTS x WITH SCHEMA s",
	"CREATE STATISTICS st ON a, b FROM t",
	"CREATE PUBLICATION p FOR TABLE a, b",
	"CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION f()",
	"CREATE CAST (a AS b) WITH FUNCTION f(a)",
	"ANALYZE t (a)",
	"CLUSTER t USING i",
	"DISCARD ALL",
	"LISTEN x",
	"NOTIFY x, 'from y'",
	"DO $$ BEGIN END $$",
	"SECURITY LABEL ON TABLE t IS 'x'",
	"IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c",
	"REASSIGN OWNED BY a TO b",
	"REVOKE ALL ON t FROM u",
	"FETCH NEXT FROM c",
	"MOVE FORWARD 3 FROM c",
	"ALTER SEQUENCE s RESTART",
	"ALTER FUNCTION f() OWNER TO x",
	"ALTER INDEX i RENAME TO j",
	"DROP FUNCTION f(int)",
	"DROP INDEX i",
	"DROP TRIGGER t ON u",
	"DROP SCHEMA s CASCADE",
	"REINDEX TABLE t",
	"CHECKPOINT",
};

static struct json_val ask(struct pool *pool, const char *sql, const char *key)
{
	const char *const argv[] = { child, NULL };
	struct proc_opts opts = { .argv = argv };
	struct proc_output got;
	struct mst_error err;
	json_members m;
	if (proc_capture(pool, &opts, str_of(sql), 1 << 20, 10 * US_PER_S, NULL, &got, &err))
		fail_msg("%s: %s", child, err.msg);
	assert_int_equal(got.status.code, 0);
	if (json_scan_object(pool, str_trim(got.out), &m, &err))
		fail_msg("%.*s: %s", STR_FMT(got.out), err.msg);
	return json_get(&m, key);
}

static const char *names(struct pool *pool, struct json_val list)
{
	VEC(struct str) v = { 0 };
	struct json_val e;
	for (struct json_iter it = json_iter(list); json_next(&it, NULL, &e);)
		*vec_push(pool, &v) = json_str(pool, e);
	return sql_case_join(pool, v.v, v.n);
}

static void test_corpus(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof corpus / sizeof *corpus; i++) {
		POOL_SCRATCH(pool);
		struct sql_refs r;
		struct json_val reads = ask(pool, corpus[i], "reads");
		if (reads.type != JSON_ARRAY)
			fail_msg("libpg_query cannot read: %s", corpus[i]);
		sql_read(pool, SQL_POSTGRES, str_of(corpus[i]), &r);
		struct sql_case c = { .sql = corpus[i] };
		sql_case_equal("reads", &c, names(pool, reads), sql_case_join(pool, r.reads.v, r.reads.n));
	}
}

static void test_answer(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	static const char sql[] = "WITH c AS (SELECT * FROM s.t) INSERT INTO s.o SELECT s.f(a) FROM c JOIN \"x y\" ON true";
	assert_string_equal(names(pool, ask(pool, sql, "reads")), "\"x y\"; s.t");
	assert_string_equal(names(pool, ask(pool, sql, "writes")), "s.o");
	assert_string_equal(names(pool, ask(pool, sql, "calls")), "s.f");
	struct json_val why = ask(pool, "SELECT 1;\nSELECT FROM FROM t", "error");
	assert_string_equal(str_z(pool, json_str(pool, why)), "syntax error at or near \"FROM\"");
	int64_t line, col;
	assert_true(json_int(ask(pool, "SELECT 1;\nSELECT FROM FROM t", "line"), &line));
	assert_true(json_int(ask(pool, "SELECT 1;\nSELECT FROM FROM t", "col"), &col));
	assert_int_equal(line, 2);
	assert_int_equal(col, 13);
}

/* The child stands beside the tests: build/tests/x, build/libexec/mst/mst-sql-oracle. */
static int find_child(void **state)
{
	(void)state;
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n < 0)
		return -1;
	self[n] = 0;
	for (int i = 0; i < 2; i++) {
		char *slash = strrchr(self, '/');
		if (!slash)
			return -1;
		*slash = 0;
	}
	int k = snprintf(child, sizeof child, "%s/libexec/mst/mst-sql-oracle", self);
	return k > 0 && (size_t)k < sizeof child && access(child, X_OK) == 0 ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_answer),
	};
	return cmocka_run_group_tests(tests, find_child, NULL);
}
