#include "model/tests.h"

#include "base/time.h"
#include "model/name.h"
#include "sql/sql.h"

#include <stdlib.h>

static const char *const kind_names[] = {
	[TEST_NOT_NULL] = "not_null", [TEST_UNIQUE] = "unique",		  [TEST_ACCEPTED] = "accepted",
	[TEST_RANGE] = "range",	      [TEST_ROWS] = "rows",		  [TEST_FOREIGN_KEY] = "foreign_key",
	[TEST_FRESHNESS] = "freshness", [TEST_SQL] = "sql",
};
#define KINDS (sizeof kind_names / sizeof *kind_names)

/* What each kind of map may hold. */
static const char *const keys_of[KINDS][6] = {
	[TEST_ACCEPTED] = { "column", "values" },
	[TEST_RANGE] = { "column", "min", "max" },
	[TEST_ROWS] = { "min", "max", "change" },
	[TEST_FOREIGN_KEY] = { "column", "columns", "table", "to" },
	[TEST_FRESHNESS] = { "column", "within" },
};

const char *test_kind_name(enum test_kind k)
{
	return kind_names[k];
}

struct reading {
	struct pool *pool;
	test_list *out;
	const char *wrong; /* the first complaint */
};

static void wrong(struct reading *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void wrong(struct reading *r, const char *fmt, ...)
{
	va_list ap;
	if (r->wrong)
		return;
	va_start(ap, fmt);
	r->wrong = pool_vprintf(r->pool, fmt, ap);
	va_end(ap);
}

static struct str key_text(struct reading *r, struct str raw)
{
	return json_str(r->pool, (struct json_val){ raw, JSON_STRING });
}

/* A text, number or bool as text. */
static bool scalar(struct reading *r, struct json_val v, struct str *out)
{
	if (v.type == JSON_STRING)
		*out = json_str(r->pool, v);
	else if (v.type == JSON_NUMBER || v.type == JSON_BOOL)
		*out = v.raw;
	else
		return false;
	return !memchr(out->p, 0, out->n);
}

/* A scalar or a list of scalars; 0 where it is neither or empty. */
static size_t scalars(struct reading *r, struct json_val v, const struct str **out)
{
	VEC(struct str) list = { 0 };
	struct json_val e;
	struct str s;
	if (v.type != JSON_ARRAY) {
		if (!scalar(r, v, &s))
			return 0;
		*vec_push(r->pool, &list) = s;
	} else {
		for (struct json_iter it = json_iter(v); json_next(&it, NULL, &e);) {
			if (!scalar(r, e, &s))
				return 0;
			*vec_push(r->pool, &list) = s;
		}
	}
	*out = list.v;
	return list.n;
}

static bool take_columns(struct reading *r, const char *kind, struct json_val v, const struct str **out, size_t *n)
{
	*n = scalars(r, v, out);
	for (size_t i = 0; i < *n; i++)
		if ((*out)[i].n == 0) {
			wrong(r, "%s has an empty column name", kind);
			return false;
		}
	if (*n == 0)
		wrong(r, "%s needs a column or a list of columns", kind);
	return *n > 0;
}

/* The members of a map; complains of keys that are not its kind's. */
static bool members(struct reading *r, enum test_kind kind, struct json_val v, json_members *out)
{
	struct mst_error err;
	if (v.type != JSON_OBJECT || json_scan_object(r->pool, v.raw, out, &err)) {
		wrong(r, "%s must be a map", kind_names[kind]);
		return false;
	}
	for (size_t i = 0; i < out->n; i++) {
		bool known = false;
		for (size_t k = 0; keys_of[kind][k]; k++)
			known = known || str_eqz(out->v[i].key, keys_of[kind][k]);
		if (!known) {
			size_t n = 0;
			while (keys_of[kind][n])
				n++;
			const char *near = str_nearest(out->v[i].key, keys_of[kind], n);
			wrong(r, near ? "%s: unknown key '%.*s' (did you mean '%s'?)" : "%s: unknown key '%.*s'",
			      kind_names[kind], STR_FMT(out->v[i].key), near);
			return false;
		}
	}
	return true;
}

static bool column_of(struct reading *r, enum test_kind kind, const json_members *m, struct test *t)
{
	struct json_val v = json_get(m, "column");
	if (v.type == JSON_ARRAY) {
		wrong(r, "%s takes one column", kind_names[kind]);
		return false;
	}
	return take_columns(r, kind_names[kind], v, &t->columns, &t->n_columns);
}

static void read_accepted(struct reading *r, struct json_val v, struct test *t)
{
	json_members m = { 0 };
	if (!members(r, t->kind, v, &m) || !column_of(r, t->kind, &m, t))
		return;
	t->n_values = scalars(r, json_get(&m, "values"), &t->values);
	if (t->n_values == 0)
		wrong(r, "accepted needs 'values', a list of texts and numbers");
}

static void read_range(struct reading *r, struct json_val v, struct test *t)
{
	json_members m = { 0 };
	if (!members(r, t->kind, v, &m) || !column_of(r, t->kind, &m, t))
		return;
	struct json_val min = json_get(&m, "min"), max = json_get(&m, "max");
	if ((min.type && !scalar(r, min, &t->min)) || (max.type && !scalar(r, max, &t->max)))
		wrong(r, "range: 'min' and 'max' are numbers, dates or texts");
	else if (!min.type && !max.type)
		wrong(r, "range needs 'min' or 'max'");
}

static bool is_count(struct json_val v)
{
	int64_t n;
	return json_int(v, &n) && n >= 0;
}

static void read_rows(struct reading *r, struct json_val v, struct test *t)
{
	json_members m = { 0 };
	if (!members(r, t->kind, v, &m))
		return;
	struct json_val min = json_get(&m, "min"), max = json_get(&m, "max"), change = json_get(&m, "change");
	if ((min.type && !is_count(min)) || (max.type && !is_count(max))) {
		wrong(r, "rows: 'min' and 'max' are whole numbers, 0 or more");
		return;
	}
	t->min = min.type ? min.raw : t->min;
	t->max = max.type ? max.raw : t->max;
	if (change.type) {
		struct str s = { 0 };
		char *end = NULL;
		if (scalar(r, change, &s) && s.n && s.n < 10 && s.p[0] >= '0' && s.p[0] <= '9') {
			const char *z = str_z(r->pool, s);
			t->change = strtol(z, &end, 10);
		}
		if (!end || !(*end == 0 || (*end == '%' && end[1] == 0)))
			wrong(r, "rows: 'change' is a percentage such as 50%%");
	}
	if (!min.type && !max.type && !change.type)
		wrong(r, "rows needs 'min', 'max' or 'change'");
}

static void read_foreign_key(struct reading *r, struct json_val v, struct test *t)
{
	json_members m = { 0 };
	struct mst_error err;
	struct str name;
	if (!members(r, t->kind, v, &m))
		return;
	struct json_val one = json_get(&m, "column"), more = json_get(&m, "columns"), to = json_get(&m, "to");
	struct json_val table = json_get(&m, "table");
	if (one.type && more.type) {
		wrong(r, "foreign_key has 'column' or 'columns', not both");
		return;
	}
	if (!take_columns(r, "foreign_key", one.type ? one : more, &t->columns, &t->n_columns))
		return;
	if (table.type != JSON_STRING || !scalar(r, table, &name) || name_parse(r->pool, name, '"', &t->table, &err)) {
		wrong(r, "foreign_key needs 'table', the name of a table");
		return;
	}
	size_t n = t->n_columns;
	t->to = t->columns;
	if (to.type && take_columns(r, "foreign_key", to, &t->to, &n) && n != t->n_columns)
		wrong(r, "foreign_key has %zu columns and 'to' has %zu", t->n_columns, n);
}

static void read_freshness(struct reading *r, struct json_val v, struct test *t)
{
	json_members m = { 0 };
	struct mst_error err;
	struct str s;
	if (!members(r, t->kind, v, &m) || !column_of(r, t->kind, &m, t))
		return;
	if (!scalar(r, json_get(&m, "within"), &s))
		wrong(r, "freshness needs 'within', a duration such as 1d");
	else if (time_parse_duration(s, &t->within_us, &err))
		wrong(r, "freshness: %s", err.msg);
}

static struct str made_name(struct reading *r, const struct test *t)
{
	struct buf b;
	buf_init(&b, r->pool);
	buf_z(&b, kind_names[t->kind]);
	for (size_t i = 0; i < t->n_columns; i++)
		buf_printf(&b, "%s %.*s", i ? "," : "", STR_FMT(t->columns[i]));
	return buf_view(&b);
}

static void add(struct reading *r, const struct test *t)
{
	if (r->out->n >= TESTS_MAX)
		wrong(r, "more than %d tests", TESTS_MAX);
	if (r->wrong)
		return;
	struct test *one = vec_push(r->pool, r->out);
	*one = *t;
	if (!one->name.p)
		one->name = made_name(r, one);
}

static void read_kind(struct reading *r, struct test t, struct json_val v)
{
	switch (t.kind) {
	case TEST_NOT_NULL:
		take_columns(r, "not_null", v, &t.columns, &t.n_columns);
		for (size_t i = 0, n = t.n_columns; i < n; i++) {
			struct test one = t;
			one.columns = &t.columns[i];
			one.n_columns = 1;
			add(r, &one);
		}
		return;
	case TEST_UNIQUE: take_columns(r, "unique", v, &t.columns, &t.n_columns); break;
	case TEST_ACCEPTED: read_accepted(r, v, &t); break;
	case TEST_RANGE: read_range(r, v, &t); break;
	case TEST_ROWS: read_rows(r, v, &t); break;
	case TEST_FOREIGN_KEY: read_foreign_key(r, v, &t); break;
	case TEST_FRESHNESS: read_freshness(r, v, &t); break;
	case TEST_SQL:
		if (v.type != JSON_STRING || !scalar(r, v, &t.sql) || str_trim(t.sql).n == 0)
			wrong(r, "sql must be a query");
		break;
	}
	add(r, &t);
}

static bool kind_of(struct str key, enum test_kind *out)
{
	for (size_t k = 0; k < KINDS; k++)
		if (str_eqz(key, kind_names[k])) {
			*out = (enum test_kind)k;
			return true;
		}
	return false;
}

static void read_map(struct reading *r, struct json_val map)
{
	struct test t = { .change = -1 };
	struct str raw;
	struct json_val v;
	bool any = false;
	for (struct json_iter it = json_iter(map); json_next(&it, &raw, &v);) {
		struct str key = key_text(r, raw), s;
		enum test_kind kind;
		if (str_eqz(key, "name")) {
			if (!scalar(r, v, &t.name) || t.name.n == 0)
				wrong(r, "the name of a test must be a text");
		} else if (str_eqz(key, "severity")) {
			if (!scalar(r, v, &s) || !(str_eqz(s, "warn") || str_eqz(s, "error")))
				wrong(r, "the severity of a test is warn or error");
			else
				t.warn = str_eqz(s, "warn");
		} else if (!kind_of(key, &kind)) {
			const char *near = str_nearest(key, kind_names, KINDS);
			wrong(r, near ? "unknown test '%.*s' (did you mean '%s'?)" : "unknown test '%.*s'",
			      STR_FMT(key), near);
		}
	}
	for (struct json_iter it = json_iter(map); !r->wrong && json_next(&it, &raw, &v);) {
		struct test one = t;
		if (!kind_of(key_text(r, raw), &one.kind))
			continue;
		any = true;
		read_kind(r, one, v);
	}
	if (!any)
		wrong(r, "a test names none of not_null, unique, accepted, range, rows, foreign_key, freshness, sql");
}

static const char *read_all(struct pool *pool, struct json_val v, test_list *out)
{
	struct reading r = { pool, out, NULL };
	struct json_val e;
	if (v.type == JSON_OBJECT)
		read_map(&r, v);
	else if (v.type == JSON_ARRAY)
		for (struct json_iter it = json_iter(v); !r.wrong && json_next(&it, NULL, &e);) {
			if (e.type == JSON_OBJECT)
				read_map(&r, e);
			else
				wrong(&r, "each test must be a map such as not_null: id");
		}
	else
		wrong(&r, "it must be a list of tests");
	return r.wrong;
}

const char *tests_check(struct pool *pool, struct json_val v)
{
	test_list ignored = { 0 };
	return read_all(pool, v, &ignored);
}

void tests_read(struct pool *pool, struct json_val v, test_list *out)
{
	if (v.type)
		read_all(pool, v, out);
}

void tests_tables(struct pool *pool, struct json_val v, test_tables *out)
{
	test_list tests = { 0 };
	if (!v.type || read_all(pool, v, &tests))
		return;
	for (size_t i = 0; i < tests.n; i++) {
		const struct test *t = &tests.v[i];
		struct sql_refs refs = { 0 };
		if (t->kind == TEST_FOREIGN_KEY)
			*vec_push(pool, out) = t->table;
		if (t->kind != TEST_SQL)
			continue;
		sql_read(pool, SQL_POSTGRES, t->sql, &refs);
		for (size_t k = 0; k < refs.reads.n; k++)
			*vec_push(pool, out) = refs.reads.v[k];
	}
}
