/* Tests on the result, inside the transaction that made it. */
#include "provider/postgres/internal.h"

#include "base/time.h"
#include "model/job.h"
#include "model/tests.h"
#include "sql/params.h"

#define SAMPLES 3
#define SAMPLE_CHARS 60

struct verdict {
	bool failed;
	int64_t failed_rows; /* -1: that is no number of rows */
	struct str message;
};

struct testing {
	struct pg_job *j;
	struct pool *pool; /* of the answer */
	const struct warehouse_target *t;
	const struct pg_names *n;
	struct str relation;
	int64_t total, before;
	test_list tests;
	struct verdict *verdicts;
};

static struct str ident(struct testing *g, struct str name)
{
	return db_quote_ident(g->pool, name);
}

static void fail(struct testing *g, size_t i, int64_t rows, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static void fail(struct testing *g, size_t i, int64_t rows, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	g->verdicts[i] = (struct verdict){ true, rows, str_of(pool_vprintf(g->pool, fmt, ap)) };
	va_end(ap);
}

/* The rows that fail, as a condition; false for tests that look at more than one row. */
static bool condition(struct testing *g, const struct test *t, struct buf *b)
{
	struct str c = t->n_columns ? ident(g, t->columns[0]) : (struct str){ "", 0 };
	switch (t->kind) {
	case TEST_NOT_NULL: buf_printf(b, "%.*s IS NULL", STR_FMT(c)); return true;
	case TEST_ACCEPTED:
		buf_printf(b, "%.*s NOT IN (", STR_FMT(c));
		for (size_t i = 0; i < t->n_values; i++)
			buf_printf(b, "%s%.*s", i ? ", " : "", STR_FMT(db_quote_literal(g->pool, t->values[i])));
		buf_char(b, ')');
		return true;
	case TEST_RANGE:
		buf_char(b, '(');
		if (t->min.p)
			buf_printf(b, "%.*s < %.*s", STR_FMT(c), STR_FMT(db_quote_literal(g->pool, t->min)));
		if (t->max.p)
			buf_printf(b, "%s%.*s > %.*s", t->min.p ? " OR " : "", STR_FMT(c),
				   STR_FMT(db_quote_literal(g->pool, t->max)));
		buf_char(b, ')');
		return true;
	default: return false;
	}
}

/* What the one scan finds out for the test, as two columns of its result: a number of rows, or whether
 * it is too old; and a text. */
static bool scanned(struct testing *g, const struct test *t, struct buf *b)
{
	if (t->kind == TEST_FRESHNESS) {
		struct str c = ident(g, t->columns[0]);
		buf_printf(b, ", pg_catalog.max(%.*s)::timestamptz >= pg_catalog.clock_timestamp()"
			      " - pg_catalog.make_interval(secs => %.6f), pg_catalog.max(%.*s)::text",
			   STR_FMT(c), (double)t->within_us / 1e6, STR_FMT(c));
		return true;
	}
	size_t start = b->n;
	buf_z(b, ", pg_catalog.count(*) FILTER (WHERE ");
	if (!condition(g, t, b)) {
		b->n = start;
		return false;
	}
	buf_z(b, "), NULL::text");
	return true;
}

/* "such as a, b" of the rows that fail, or nothing. */
static struct str samples(struct testing *g, const struct test *t)
{
	const struct db_result *r;
	struct mst_error ignored;
	struct buf b, out;
	buf_init(&b, g->pool);
	buf_init(&out, g->pool);
	struct str c = ident(g, t->columns[0]);
	buf_printf(&b, "SELECT DISTINCT pg_catalog.left(%.*s::text, %d) COLLATE \"C\" FROM %.*s WHERE ", STR_FMT(c),
		   SAMPLE_CHARS, STR_FMT(g->relation));
	condition(g, t, &b);
	buf_printf(&b, " ORDER BY 1 LIMIT %d", SAMPLES);
	if (db_query(g->pool, g->j->pg->db, buf_view(&b), NULL, 0, &r, &ignored) == 0)
		for (size_t i = 0; i < db_rows(r); i++)
			buf_printf(&out, "%s%.*s", i ? ", " : ", such as ", STR_FMT(db_text(r, i, 0)));
	return buf_view(&out);
}

static void judge_scanned(struct testing *g, size_t i, const struct db_result *r, size_t col)
{
	const struct test *t = &g->tests.v[i];
	long long n = db_int(r, 0, col), total = g->total;
	char within[TIME_SHORT_MAX];
	switch (t->kind) {
	case TEST_FRESHNESS:
		time_short(within, t->within_us);
		if (db_is_null(r, 0, col))
			fail(g, i, -1, "there is no value");
		else if (!db_bool(r, 0, col))
			fail(g, i, -1, "the newest value is %.*s, more than %s ago", STR_FMT(db_text(r, 0, col + 1)), within);
		break;
	case TEST_NOT_NULL:
		if (n)
			fail(g, i, n, "%lld of %lld rows are null", n, total);
		break;
	default:
		if (n)
			fail(g, i, n, "%lld of %lld rows %s%.*s", n, total,
			     t->kind == TEST_RANGE ? "lie outside" : "hold another value", STR_FMT(samples(g, t)));
	}
}

static void judge_rows(struct testing *g, size_t i)
{
	const struct test *t = &g->tests.v[i];
	struct json_val min = { t->min, JSON_NUMBER }, max = { t->max, JSON_NUMBER };
	int64_t lo = 0, hi = INT64_MAX;
	long long total = g->total, before = g->before;
	if (t->min.p)
		json_int(min, &lo);
	if (t->max.p)
		json_int(max, &hi);
	if (total < lo)
		fail(g, i, -1, "%lld rows, fewer than %lld", total, (long long)lo);
	else if (total > hi)
		fail(g, i, -1, "%lld rows, more than %lld", total, (long long)hi);
	else if (t->change >= 0 && before > 0 &&
		 (double)(total > before ? total - before : before - total) * 100 > (double)before * (double)t->change)
		fail(g, i, -1, "%lld rows after %lld, a change of more than %lld %%", total, before, (long long)t->change);
}

/* Columns as a text for people: 5, or (5, x). */
static void key_text(struct testing *g, const struct test *t, struct buf *b)
{
	buf_printf(b, "pg_catalog.left(pg_catalog.concat(%s", t->n_columns > 1 ? "'(', " : "");
	for (size_t i = 0; i < t->n_columns; i++)
		buf_printf(b, "%s%.*s", i ? ", ', ', " : "", STR_FMT(ident(g, t->columns[i])));
	buf_printf(b, "%s), %d) COLLATE \"C\"", t->n_columns > 1 ? ", ')'" : "", SAMPLE_CHARS);
}

static void none_null(struct testing *g, const struct test *t, struct buf *b)
{
	for (size_t i = 0; i < t->n_columns; i++)
		buf_printf(b, "%s%.*s IS NOT NULL", i ? " AND " : " WHERE ", STR_FMT(ident(g, t->columns[i])));
}

/* SELECT n, sample over a list (n, k) of failing keys. */
static void over_keys(struct buf *b, const char *what)
{
	buf_printf(b, "SELECT COALESCE(pg_catalog.sum(n), 0)::bigint,"
		      " pg_catalog.string_agg(k, ', ' ORDER BY k) FILTER (WHERE i <= %d) FROM (SELECT %s AS n, k,"
		      " pg_catalog.row_number() OVER (ORDER BY k) AS i FROM (SELECT ",
		   SAMPLES, what);
}

static struct str unique_sql(struct testing *g, const struct test *t)
{
	struct buf b;
	buf_init(&b, g->pool);
	over_keys(&b, "n");
	buf_z(&b, "pg_catalog.count(*) AS n, pg_catalog.min(");
	key_text(g, t, &b);
	buf_printf(&b, ") AS k FROM %.*s", STR_FMT(g->relation));
	none_null(g, t, &b);
	buf_z(&b, " GROUP BY ");
	for (size_t c = 0; c < t->n_columns; c++)
		buf_printf(&b, "%s%.*s", c ? ", " : "", STR_FMT(ident(g, t->columns[c])));
	buf_z(&b, " HAVING pg_catalog.count(*) > 1) x) y");
	return buf_view(&b);
}

static int run_unique(struct testing *g, size_t i, struct mst_error *err)
{
	const struct db_result *r;
	int rc = db_query(g->pool, g->j->pg->db, unique_sql(g, &g->tests.v[i]), NULL, 0, &r, err);
	if (!rc && db_int(r, 0, 0))
		fail(g, i, db_int(r, 0, 0), "%lld of %lld rows share their key with another, such as %.*s",
		     (long long)db_int(r, 0, 0), (long long)g->total, STR_FMT(db_text(r, 0, 1)));
	return rc;
}

/* The table of a canonical name; the one under test may name itself. */
static int other_table(struct testing *g, struct str name, struct str *out, struct mst_error *err)
{
	struct str dataset, table;
	int rc = job_target(g->pool, name, &dataset, &table, err);
	if (rc)
		return rc;
	if (str_eq(table, g->n->table_text) && str_eq(dataset.n ? dataset : STR("public"), g->n->schema_text))
		*out = g->relation;
	else if (dataset.n)
		*out = str_of(pool_printf(g->pool, "%.*s.%.*s", STR_FMT(ident(g, dataset)), STR_FMT(ident(g, table))));
	else
		*out = ident(g, table);
	return 0;
}

static int foreign_key_sql(struct testing *g, const struct test *t, struct str *out, struct mst_error *err)
{
	struct str other;
	struct buf b;
	int rc = other_table(g, t->table, &other, err);
	if (rc)
		return rc;
	buf_init(&b, g->pool);
	over_keys(&b, "n");
	buf_z(&b, "pg_catalog.count(*) AS n, ");
	key_text(g, t, &b);
	buf_printf(&b, " AS k FROM %.*s t", STR_FMT(g->relation));
	none_null(g, t, &b);
	buf_printf(&b, " AND NOT EXISTS (SELECT FROM %.*s o WHERE ", STR_FMT(other));
	for (size_t c = 0; c < t->n_columns; c++)
		buf_printf(&b, "%so.%.*s = t.%.*s", c ? " AND " : "", STR_FMT(ident(g, t->to[c])),
			   STR_FMT(ident(g, t->columns[c])));
	buf_z(&b, ") GROUP BY 2) x) y");
	*out = buf_view(&b);
	return 0;
}

static int run_foreign_key(struct testing *g, size_t i, struct mst_error *err)
{
	const struct test *t = &g->tests.v[i];
	const struct db_result *r;
	struct str sql;
	int rc = foreign_key_sql(g, t, &sql, err);
	if (!rc)
		rc = db_query(g->pool, g->j->pg->db, sql, NULL, 0, &r, err);
	if (!rc && db_int(r, 0, 0))
		fail(g, i, db_int(r, 0, 0), "%lld of %lld rows have no match in %.*s, such as %.*s",
		     (long long)db_int(r, 0, 0), (long long)g->total, STR_FMT(t->table), STR_FMT(db_text(r, 0, 1)));
	return rc;
}

static struct str sql_sql(struct testing *g, const struct test *t)
{
	struct pg_text x;
	struct str sql = sql_without_end(SQL_POSTGRES, t->sql);
	pg_text_make(g->pool, g->t,
		     "SELECT pg_catalog.count(*), pg_catalog.left(pg_catalog.min(pg_catalog.row_to_json(x)::text"
		     " COLLATE \"C\"), 200) FROM (",
		     sql, "\n) x", true, g->relation, &x);
	return x.sql;
}

static int run_sql(struct testing *g, size_t i, struct mst_error *err)
{
	const struct db_result *r;
	int rc = db_query(g->pool, g->j->pg->db, sql_sql(g, &g->tests.v[i]), NULL, 0, &r, err);
	if (!rc && db_int(r, 0, 0))
		fail(g, i, db_int(r, 0, 0), "%lld row%s, such as %.*s", (long long)db_int(r, 0, 0),
		     db_int(r, 0, 0) == 1 ? "" : "s", STR_FMT(db_text(r, 0, 1)));
	return rc;
}

/* One scan for tests [from, to). */
static struct str scan_sql(struct testing *g, size_t from, size_t to)
{
	struct buf b;
	buf_init(&b, g->pool);
	buf_z(&b, "SELECT pg_catalog.count(*)");
	for (size_t i = from; i < to; i++)
		scanned(g, &g->tests.v[i], &b);
	buf_printf(&b, " FROM %.*s", STR_FMT(g->relation));
	return buf_view(&b);
}

static int scan(struct testing *g, size_t from, size_t to, struct mst_error *err)
{
	const struct db_result *r;
	struct buf b;
	buf_init(&b, g->pool);
	int rc = db_query(g->pool, g->j->pg->db, scan_sql(g, from, to), NULL, 0, &r, err);
	if (rc)
		return rc;
	g->total = db_int(r, 0, 0);
	size_t col = 1;
	for (size_t i = from; i < to; i++) {
		b.n = 0;
		if (!scanned(g, &g->tests.v[i], &b))
			continue;
		judge_scanned(g, i, r, col);
		col += 2;
	}
	return 0;
}

/* What is about the test and not about the connection: the test has failed. */
static bool is_its_fault(const struct mst_error *err)
{
	/* it wanted to write: that is no standby */
	if (strcmp(err->sqlstate, "25006") == 0)
		return true;
	return err->code != MST_UNAVAILABLE && err->code != MST_CANCELLED && err->code != MST_TIMEOUT &&
	       err->code != MST_BUG && err->code != MST_IO;
}

typedef int run_test(struct testing *, size_t i, struct mst_error *);

static int scan_one(struct testing *g, size_t i, struct mst_error *err)
{
	return scan(g, i, i + 1, err);
}

static int guarded(struct testing *g, size_t i, run_test *run, struct mst_error *err)
{
	struct mst_error why;
	struct db *db = g->j->pg->db;
	/* a function that a test calls must not change what is tested */
	int rc = db_exec(db, STR("SAVEPOINT mst_test; SET LOCAL transaction_read_only = on"), err);
	if (rc)
		return rc;
	rc = run(g, i, &why);
	if (rc && !is_its_fault(&why)) {
		*err = why;
		return rc;
	}
	if (rc)
		fail(g, i, -1, "it cannot be run: %s", why.msg);
	return db_exec(db, STR("ROLLBACK TO SAVEPOINT mst_test; RELEASE SAVEPOINT mst_test"), err);
}

static int scan_all(struct testing *g, struct mst_error *err)
{
	struct mst_error why;
	struct db *db = g->j->pg->db;
	int rc = db_exec(db, STR("SAVEPOINT mst_tests"), err);
	if (rc)
		return rc;
	rc = scan(g, 0, g->tests.n, &why);
	if (!rc || !is_its_fault(&why)) {
		if (rc)
			*err = why;
		return rc;
	}
	/* one of them cannot be run; which? */
	rc = db_exec(db, STR("ROLLBACK TO SAVEPOINT mst_tests"), err);
	for (size_t i = 0; !rc && i < g->tests.n; i++)
		rc = guarded(g, i, scan_one, err);
	return rc;
}

static void report(struct testing *g)
{
	struct buf b;
	struct jw w;
	buf_init(&b, g->pool);
	jw_init(&w, &b);
	jw_array(&w);
	for (size_t i = 0; i < g->tests.n; i++) {
		const struct test *t = &g->tests.v[i];
		const struct verdict *v = &g->verdicts[i];
		jw_object(&w);
		jw_key_s(&w, "name", t->name);
		jw_key_z(&w, "kind", test_kind_name(t->kind));
		jw_key_z(&w, "severity", t->warn ? "warn" : "error");
		jw_key_z(&w, "state", v->failed ? "failed" : "passed");
		if (v->failed && v->failed_rows >= 0)
			jw_key_i(&w, "failed_rows", v->failed_rows);
		if (v->failed)
			jw_key_s(&w, "message", v->message);
		jw_end(&w);
	}
	jw_end(&w);
	g->j->result.tests = buf_view(&b);
}

static int verdict(struct testing *g, struct mst_error *err)
{
	struct buf b;
	size_t n = 0;
	buf_init(&b, g->pool);
	for (size_t i = 0; i < g->tests.n; i++) {
		const struct test *t = &g->tests.v[i];
		if (!g->verdicts[i].failed || t->warn)
			continue;
		if (n == 0)
			buf_printf(&b, "test '%.*s' failed: %.*s", STR_FMT(t->name), STR_FMT(g->verdicts[i].message));
		else
			buf_printf(&b, "%s'%.*s'", n == 1 ? "; so did " : ", ", STR_FMT(t->name));
		n++;
	}
	if (!n)
		return 0;
	struct str text = buf_view(&b);
	mst_fail(err, MST_FAILED, "%.*s", STR_FMT(text));
	mst_hint(err, "nothing has changed: the table is as it was");
	return mst_place(err, g->t->file, 0, 0);
}

int pg_tests(struct pg_job *j, struct str relation, int64_t before, struct mst_error *err)
{
	struct pool *pool = j->pg->answer;
	struct testing g = { .j = j, .pool = pool, .t = j->t, .n = &j->n, .relation = relation, .before = before };
	if (j->tested)
		return 0;
	tests_read(pool, j->t->tests, &g.tests);
	if (!g.tests.n)
		return 0;
	g.verdicts = pool_zalloc(pool, g.tests.n * sizeof *g.verdicts);
	int rc = scan_all(&g, err);
	for (size_t i = 0; !rc && i < g.tests.n; i++)
		switch (g.tests.v[i].kind) {
		case TEST_ROWS: judge_rows(&g, i); break;
		case TEST_UNIQUE: rc = guarded(&g, i, run_unique, err); break;
		case TEST_FOREIGN_KEY: rc = guarded(&g, i, run_foreign_key, err); break;
		case TEST_SQL: rc = guarded(&g, i, run_sql, err); break;
		default: break;
		}
	if (rc)
		return mst_wrap(err, "the tests on the result");
	report(&g);
	rc = verdict(&g, err);
	j->tested = !rc;
	return rc;
}

void pg_tests_explain(struct pool *pool, const struct warehouse_target *t, const struct pg_names *n,
		      struct str relation, pg_statements *out)
{
	struct testing g = { .pool = pool, .t = t, .n = n, .relation = relation };
	struct mst_error ignored;
	struct str sql;
	tests_read(pool, t->tests, &g.tests);
	if (g.tests.n)
		*vec_push(pool, out) = scan_sql(&g, 0, g.tests.n);
	for (size_t i = 0; i < g.tests.n; i++) {
		const struct test *one = &g.tests.v[i];
		if (one->kind == TEST_UNIQUE)
			*vec_push(pool, out) = unique_sql(&g, one);
		else if (one->kind == TEST_FOREIGN_KEY && !foreign_key_sql(&g, one, &sql, &ignored))
			*vec_push(pool, out) = sql;
		else if (one->kind == TEST_SQL)
			*vec_push(pool, out) = sql_sql(&g, one);
	}
}
