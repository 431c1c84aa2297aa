/* A warehouse in PostgreSQL: effects that happen once, watermarks, roles without rights. */
#include "private.h"

#include "model/spec.h"
#include "model/tests.h"
#include "provider/postgres/postgres.h"

#include <unistd.h>

struct fixture {
	struct pool *pool;
	struct db *db, *super;
	struct warehouse *w;
	struct mst_error err;
	struct warehouse_result result;
};

static void run_sql(struct fixture *f, struct db *db, const char *sql)
{
	if (db_exec(db, str_of(sql), &f->err))
		fail_msg("%s: %s", sql, f->err.msg);
}

static const char *ask(struct fixture *f, const char *sql)
{
	const struct db_result *r;
	if (db_query(f->pool, f->super, str_of(sql), NULL, 0, &r, &f->err))
		fail_msg("%s: %s", sql, f->err.msg);
	return db_rows(r) && !db_is_null(r, 0, 0) ? db_text(r, 0, 0).p : "null";
}

static void open_fixture(struct fixture *f)
{
	*f = (struct fixture){ .pool = pool_new(NULL) };
	f->db = private_open(f->pool, CLUSTER_DB_WAREHOUSE);
	struct str conninfo = str_of(private_conninfo(CLUSTER_DB_STATE));
	const char *super;
	assert_int_equal(db_conninfo_with(f->pool, conninfo.p, "dbname", "warehouse", &super, &f->err), 0);
	assert_int_equal(db_open(f->pool, super, "test", NULL, &f->super, &f->err), 0);
	f->w = postgres_warehouse(f->pool, f->db);
	run_sql(f, f->super, "DROP SCHEMA IF EXISTS u CASCADE; DROP TABLE IF EXISTS public.mst_effect");
}

static struct warehouse_target target(const char *sql, const char *key)
{
	return (struct warehouse_target){
		.name = STR("u.t"), .dataset = STR("u"), .table = STR("t"), .sql = str_of(sql), .file = "u/t.sql",
		.rows_before = -1, .job_key = str_of(key), .attempt = 1,
	};
}

static void succeed(struct fixture *f, int (*op)(struct warehouse *, const struct warehouse_target *,
						 struct warehouse_result *, struct mst_error *),
		    const struct warehouse_target *t)
{
	if (op(f->w, t, &f->result, &f->err))
		fail_msg("%s", f->err.msg);
}

static void an_effect_happens_once(void **state)
{
	(void)state;
	struct fixture f;
	open_fixture(&f);
	struct warehouse_target t = target("SELECT 1 AS k", "run/1");
	t.disposition = WAREHOUSE_APPEND;
	succeed(&f, f.w->ops->summary, &t);
	assert_false(f.result.done_before || f.result.at_least_once);
	assert_string_equal(ask(&f, "SELECT format('%s %s %s %s', job_key, attempt, target, rows) FROM public.mst_effect"),
			    "run/1 1 \"u\".\"t\" 1");
	/* the attempt after one that was killed between its commit and its record */
	t.look = true;
	t.attempt = 2;
	succeed(&f, f.w->ops->summary, &t);
	assert_true(f.result.done_before);
	assert_int_equal(f.result.rows, 1);
	assert_string_equal(ask(&f, "SELECT count(*) FROM u.t"), "1");
	/* even where nobody thought of looking */
	t.look = false;
	succeed(&f, f.w->ops->summary, &t);
	assert_true(f.result.done_before);
	assert_string_equal(ask(&f, "SELECT count(*) FROM u.t"), "1");
	assert_false(db_in_transaction(f.db));
	t = target("SELECT 2 AS k", "run/2");
	t.disposition = WAREHOUSE_APPEND;
	t.look = true;
	succeed(&f, f.w->ops->summary, &t);
	assert_false(f.result.done_before);
	assert_string_equal(ask(&f, "SELECT count(*) FROM u.t"), "2");
	pool_free(f.pool);
}

static void every_kind_keeps_its_record(void **state)
{
	(void)state;
	struct fixture f;
	open_fixture(&f);
	struct warehouse_target t = target("SELECT 1 AS k", "a");
	succeed(&f, f.w->ops->summary, &t);
	t = target("SELECT 1 AS k", "b");
	succeed(&f, f.w->ops->view, &t);
	succeed(&f, f.w->ops->view, &t);
	assert_true(f.result.done_before);
	t = target("SELECT 1 AS k", "c");
	succeed(&f, f.w->ops->materialized, &t);
	t = target("INSERT INTO u.log VALUES (1)", "d");
	run_sql(&f, f.db, "CREATE TABLE u.log (n int)");
	succeed(&f, f.w->ops->script, &t);
	succeed(&f, f.w->ops->script, &t);
	assert_true(f.result.done_before);
	assert_string_equal(ask(&f, "SELECT count(*) FROM u.log"), "1");
	struct warehouse_column col = { STR("k"), STR("int") };
	t = target("", "e");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(f.w->ops->load_begin(f.w, &t, &col, 1, &f.err), 0);
		assert_int_equal(f.w->ops->load_put(f.w, STR("5\n6\n"), &f.err), 0);
		assert_int_equal(f.w->ops->load_end(f.w, &f.result, &f.err), 0);
		assert_int_equal(f.result.rows, 2);
		assert_int_equal(f.result.done_before, i);
		t.look = true;
	}
	assert_string_equal(ask(&f, "SELECT string_agg(job_key, ' ' ORDER BY id) FROM public.mst_effect"), "a b c d e");
	pool_free(f.pool);
}

static void a_script_that_commits_is_at_least_once(void **state)
{
	(void)state;
	struct fixture f;
	open_fixture(&f);
	struct warehouse_target t = target("CREATE TABLE u.log (n int); INSERT INTO u.log VALUES (1)", "s1");
	succeed(&f, f.w->ops->script, &t);
	assert_false(f.result.at_least_once);
	t = target("INSERT INTO u.log VALUES (2); COMMIT", "s2");
	succeed(&f, f.w->ops->script, &t);
	assert_true(f.result.at_least_once);
	t = target("INSERT INTO u.log VALUES (3); COMMIT; BEGIN; INSERT INTO u.log VALUES (4)", "s3");
	succeed(&f, f.w->ops->script, &t);
	assert_true(f.result.at_least_once);
	t = target("INSERT INTO u.log VALUES (5); COMMIT; SELECT 1/0", "s4");
	assert_int_equal(f.w->ops->script(f.w, &t, &f.result, &f.err), MST_DATA);
	assert_string_equal(ask(&f, "SELECT string_agg(n::text, ' ' ORDER BY n) FROM u.log"), "1 2 3 4 5");
	assert_string_equal(ask(&f, "SELECT string_agg(job_key, ' ' ORDER BY id) FROM public.mst_effect"), "s1 s2 s3");
	pool_free(f.pool);
}

static void the_watermark_is_that_of_the_rows(void **state)
{
	(void)state;
	struct fixture f;
	struct str mark;
	open_fixture(&f);
	struct warehouse_target t = target("SELECT 1 AS k", "w1");
	assert_int_equal(f.w->ops->watermark(f.pool, f.w, &t, &mark, &f.err), 0);
	assert_null(mark.p);
	t.watermark = STR("2026-01-01");
	succeed(&f, f.w->ops->summary, &t);
	t = target("SELECT 1/0 AS k", "w2");
	t.watermark = STR("2026-01-02");
	assert_int_equal(f.w->ops->summary(f.w, &t, &f.result, &f.err), MST_DATA);
	assert_int_equal(f.w->ops->watermark(f.pool, f.w, &t, &mark, &f.err), 0);
	assert_true(str_eqz(mark, "2026-01-01"));
	/* what is old goes, but for the last watermark */
	run_sql(&f, f.db, "UPDATE public.mst_effect SET at = at - interval '40 days'");
	t = target("SELECT 1 AS k", "w4");
	t.disposition = WAREHOUSE_APPEND;
	succeed(&f, f.w->ops->summary, &t);
	assert_string_equal(ask(&f, "SELECT string_agg(job_key, ' ' ORDER BY id) FROM public.mst_effect"), "w1 w4");
	assert_int_equal(f.w->ops->watermark(f.pool, f.w, &t, &mark, &f.err), 0);
	assert_true(str_eqz(mark, "2026-01-01"));
	/* rows from elsewhere have none, nor has a table that is not there */
	t = target("SELECT 1 AS k", "w5");
	succeed(&f, f.w->ops->summary, &t);
	assert_int_equal(f.w->ops->watermark(f.pool, f.w, &t, &mark, &f.err), 0);
	assert_null(mark.p);
	run_sql(&f, f.db, "DROP TABLE u.t");
	assert_int_equal(f.w->ops->watermark(f.pool, f.w, &t, &mark, &f.err), 0);
	assert_null(mark.p);
	pool_free(f.pool);
}

static struct db *as_role(struct fixture *f, const char *role)
{
	struct db *db;
	const char *conninfo;
	assert_int_equal(db_conninfo_with(f->pool, private_conninfo(CLUSTER_DB_WAREHOUSE), "user", role, &conninfo, &f->err), 0);
	if (db_open(f->pool, conninfo, "test", NULL, &db, &f->err))
		fail_msg("%s", f->err.msg);
	return db;
}

static void who_may_not_keep_effects_works_all_the_same(void **state)
{
	(void)state;
	struct fixture f;
	struct str mark;
	open_fixture(&f);
	run_sql(&f, f.super, "DO $$BEGIN CREATE ROLE guest LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END$$;"
			     "GRANT CREATE, CONNECT ON DATABASE warehouse TO guest; REVOKE CREATE ON SCHEMA public FROM guest;"
			     "CREATE SCHEMA u AUTHORIZATION guest");
	struct warehouse *guest = postgres_warehouse(f.pool, as_role(&f, "guest"));
	for (int i = 0; i < 2; i++) {
		struct warehouse_target t = target("SELECT 1 AS k", i ? "g2" : "g1");
		if (guest->ops->summary(guest, &t, &f.result, &f.err))
			fail_msg("%s", f.err.msg);
		assert_true(f.result.at_least_once);
		assert_false(f.result.done_before);
		t.watermark = STR("1");
		assert_int_equal(guest->ops->summary(guest, &t, &f.result, &f.err), MST_DENIED);
		assert_string_equal(f.err.msg, "public.mst_effect cannot be kept here, so there is no place for the watermark");
		assert_int_equal(guest->ops->watermark(f.pool, guest, &t, &mark, &f.err), MST_DENIED);
		/* and where another one's table is there, which shows nothing of itself */
		struct warehouse_target own = target("SELECT 1 AS k", "o");
		own.dataset = STR("mine");
		if (i == 0)
			succeed(&f, f.w->ops->summary, &own);
		guest = postgres_warehouse(f.pool, as_role(&f, "guest"));
	}
	assert_string_equal(ask(&f, "SELECT has_table_privilege('guest', 'public.mst_effect', 'SELECT')"), "f");
	/* a stranger's table would run his triggers and defaults with our rights */
	run_sql(&f, f.super, "DROP TABLE public.mst_effect; CREATE TABLE public.mst_effect (id bigint, job_key text, attempt int,"
			     "target text, watermark text, rows bigint, bytes bigint, made text, at timestamptz);"
			     "GRANT ALL ON public.mst_effect TO PUBLIC; ALTER TABLE public.mst_effect OWNER TO guest");
	struct warehouse *w = postgres_warehouse(f.pool, private_open(f.pool, CLUSTER_DB_WAREHOUSE));
	struct warehouse_target t = target("SELECT 1 AS k", "x");
	t.dataset = STR("mine");
	assert_int_equal(w->ops->summary(w, &t, &f.result, &f.err), 0);
	assert_true(f.result.at_least_once);
	assert_string_equal(ask(&f, "SELECT count(*) FROM public.mst_effect"), "0");
	/* where the owner of the database has made it and granted it, both keep their effects there */
	run_sql(&f, f.super, "DROP TABLE public.mst_effect");
	w = postgres_warehouse(f.pool, private_open(f.pool, CLUSTER_DB_WAREHOUSE));
	assert_int_equal(w->ops->summary(w, &t, &f.result, &f.err), 0);
	run_sql(&f, f.db, "GRANT SELECT, INSERT, DELETE ON public.mst_effect TO guest");
	guest = postgres_warehouse(f.pool, as_role(&f, "guest"));
	t = target("SELECT 1 AS k", "y");
	assert_int_equal(guest->ops->summary(guest, &t, &f.result, &f.err), 0);
	assert_false(f.result.at_least_once);
	assert_string_equal(ask(&f, "SELECT count(*) FROM public.mst_effect"), "2");
	run_sql(&f, f.super, "DROP SCHEMA u CASCADE; DROP SCHEMA mine CASCADE");
	pool_free(f.pool);
}

static void a_lost_connection_leaves_all_or_nothing(void **state)
{
	(void)state;
	struct fixture f;
	open_fixture(&f);
	struct warehouse_target t = target("SELECT 1 AS k", "l1");
	succeed(&f, f.w->ops->summary, &t);
	/* the server hangs up in the transaction: nothing is there, and the same call may succeed later */
	struct str post = STR("SELECT pg_terminate_backend(pg_backend_pid())");
	t = target("SELECT 2 AS k", "l2");
	t.post = &post;
	t.n_post = 1;
	assert_int_equal(f.w->ops->summary(f.w, &t, &f.result, &f.err), MST_UNAVAILABLE);
	assert_true(f.err.retry);
	assert_string_equal(ask(&f, "SELECT k FROM u.t"), "1");
	/* it hangs up at the commit: whoever looks knows */
	struct warehouse *w = postgres_warehouse(f.pool, private_open(f.pool, CLUSTER_DB_WAREHOUSE));
	run_sql(&f, f.super, "CREATE FUNCTION u.bye() RETURNS trigger LANGUAGE plpgsql AS"
			     " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';"
			     "CREATE TABLE u.late (n int); GRANT ALL ON u.late TO PUBLIC;"
			     "CREATE CONSTRAINT TRIGGER bye AFTER INSERT ON u.late DEFERRABLE INITIALLY DEFERRED"
			     " FOR EACH ROW EXECUTE FUNCTION u.bye()");
	post = STR("INSERT INTO u.late VALUES (1)");
	t.look = true;
	assert_int_equal(w->ops->summary(w, &t, &f.result, &f.err), MST_UNAVAILABLE);
	assert_true(f.err.retry);
	assert_non_null(strstr(f.err.msg, "at the commit, so that it is not known whether it is done: "));
	t.n_post = 0;
	w = postgres_warehouse(f.pool, private_open(f.pool, CLUSTER_DB_WAREHOUSE));
	assert_int_equal(w->ops->summary(w, &t, &f.result, &f.err), 0);
	assert_false(f.result.done_before);
	assert_string_equal(ask(&f, "SELECT k FROM u.t"), "2");
	pool_free(f.pool);
}

static void attributes_become_a_target(void **state)
{
	(void)state;
	struct pool *pool = pool_new(NULL);
	struct mst_error err;
	struct job job = { .name = STR("d.t"), .kind = STR("summary") };
	struct warehouse_target t = { .rows_before = 7 };
	const char *json = "{\"disposition\":\"merge\",\"key\":[\"a\",\"b\"],\"new_columns\":\"add\",\"pre\":\"x\",\"post\":[\"y\",\"z\"],"
			   "\"parameters\":{\"p\":\"v\",\"n\":1.50,\"none\":null,\"yes\":true},\"timeout\":\"90s\",\"when_busy\":\"fail\","
			   "\"tests\":{\"not_null\":\"a\"}}";
	job.attrs = (struct json_val){ str_of(json), JSON_OBJECT };
	assert_int_equal(spec_read(pool, &job, &t, &err), 0);
	assert_int_equal(t.disposition, WAREHOUSE_MERGE);
	assert_true(t.n_keys == 2 && str_eqz(t.keys[1], "b") && t.add_columns && t.busy_fails);
	assert_true(t.n_pre == 1 && t.n_post == 2 && str_eqz(t.post[1], "z"));
	assert_true(t.n_params == 4 && str_eqz(t.params[1].value, "1.50") && !t.params[2].value.p);
	assert_true(t.timeout_us == 90000000 && t.tests.type == JSON_OBJECT && t.rows_before == 7);
	static const struct {
		const char *kind, *json, *msg;
	} bad[] = {
		{ "summary", "{\"disposition\":\"merge\"}", "d.t: attribute 'disposition': merge needs the attribute 'key'" },
		{ "summary", "{\"disposition\":\"merge\",\"key\":[]}", "d.t: attribute 'key': it names no column" },
		{ "view", "{\"disposition\":\"append\"}",
		  "d.t: attribute 'disposition': rows are added to tables; this is of kind view" },
		{ "summary", "{\"new_columns\":\"add\"}",
		  "d.t: attribute 'new_columns': it belongs to disposition append or merge, and to incremental imports" },
		{ "script", "{\"tests\":{\"unique\":\"a\"}}", "d.t: attribute 'tests': a script has no result to test" },
		{ "import", "{\"url\":\"https://u:p@w@h/x\"}",
		  "d.t: attribute 'url': a password in an address would be kept in the clear" },
		{ "summary", "{\"timeout\":\"soon\"}", NULL },
		{ "summary", "{\"parameters\":[1]}", "d.t: attribute 'parameters': it must be a map of names and values" },
		{ "summary", "{\"parameters\":{\"a\":1,\"A\":2}}",
		  "d.t: attribute 'parameters': 'A' stands twice; case does not tell names apart" },
		{ "summary", "{\"pre\":{\"a\":1}}", "d.t: attribute 'pre': it must be a text or a list of texts" },
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		job.kind = str_of(bad[i].kind);
		job.attrs = (struct json_val){ str_of(bad[i].json), JSON_OBJECT };
		assert_int_equal(spec_read(pool, &job, &t, &err), MST_DATA);
		if (bad[i].msg)
			assert_string_equal(err.msg, bad[i].msg);
		assert_int_equal(t.disposition, WAREHOUSE_MERGE);
	}
	pool_free(pool);
}

static void wrong_tests_are_told(void **state)
{
	(void)state;
	struct pool *pool = pool_new(NULL);
	static const struct {
		const char *json, *what;
	} rows[] = {
		{ "{\"not_null\":\"a\"}", NULL },
		{ "[]", NULL },
		{ "3", "it must be a list of tests" },
		{ "[3]", "each test must be a map such as not_null: id" },
		{ "[{\"name\":\"x\"}]",
		  "a test names none of not_null, unique, accepted, range, rows, foreign_key, freshness, sql" },
		{ "[{\"uniqe\":\"a\"}]", "unknown test 'uniqe' (did you mean 'unique'?)" },
		{ "[{\"not_null\":[]}]", "not_null needs a column or a list of columns" },
		{ "[{\"not_null\":[{}]}]", "not_null needs a column or a list of columns" },
		{ "[{\"not_null\":\"\"}]", "not_null has an empty column name" },
		{ "[{\"unique\":\"a\",\"severity\":\"high\"}]", "the severity of a test is warn or error" },
		{ "[{\"accepted\":\"a\"}]", "accepted must be a map" },
		{ "[{\"accepted\":{\"column\":\"a\"}}]", "accepted needs 'values', a list of texts and numbers" },
		{ "[{\"accepted\":{\"column\":\"a\",\"value\":[1]}}]", "accepted: unknown key 'value' (did you mean 'values'?)" },
		{ "[{\"range\":{\"column\":\"a\"}}]", "range needs 'min' or 'max'" },
		{ "[{\"range\":{\"column\":[\"a\"],\"min\":1}}]", "range takes one column" },
		{ "[{\"rows\":{\"min\":-1}}]", "rows: 'min' and 'max' are whole numbers, 0 or more" },
		{ "[{\"rows\":{\"change\":\"half\"}}]", "rows: 'change' is a percentage such as 50%" },
		{ "[{\"rows\":{}}]", "rows needs 'min', 'max' or 'change'" },
		{ "[{\"rows\":{\"change\":\"50%\"}},{\"rows\":{\"change\":5}}]", NULL },
		{ "[{\"foreign_key\":{\"column\":\"a\"}}]", "foreign_key needs 'table', the name of a table" },
		{ "[{\"foreign_key\":{\"columns\":[\"a\",\"b\"],\"table\":\"t\",\"to\":\"x\"}}]",
		  "foreign_key has 2 columns and 'to' has 1" },
		{ "[{\"freshness\":{\"column\":\"a\"}}]", "freshness needs 'within', a duration such as 1d" },
		{ "[{\"sql\":\" \"}]", "sql must be a query" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct json_val v;
		struct mst_error err;
		assert_int_equal(json_scan(str_of(rows[i].json), &v, &err), 0);
		const char *what = tests_check(pool, v);
		if (!rows[i].what)
			assert_null(what);
		else
			assert_string_equal(what ? what : "nothing", rows[i].what);
	}
	pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_effect_happens_once),
		cmocka_unit_test(every_kind_keeps_its_record),
		cmocka_unit_test(a_script_that_commits_is_at_least_once),
		cmocka_unit_test(the_watermark_is_that_of_the_rows),
		cmocka_unit_test(who_may_not_keep_effects_works_all_the_same),
		cmocka_unit_test(a_lost_connection_leaves_all_or_nothing),
		cmocka_unit_test(attributes_become_a_target),
		cmocka_unit_test(wrong_tests_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, private_end);
}
