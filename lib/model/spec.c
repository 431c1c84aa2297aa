#include "model/spec.h"

#include "base/time.h"
#include "model/tests.h"

static bool is_name(struct str s)
{
	if (s.n == 0 || s.n > 63 || (s.p[0] >= '0' && s.p[0] <= '9'))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] == '_' || (s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'z') ||
		      (s.p[i] >= 'A' && s.p[i] <= 'Z')))
			return false;
	return true;
}

static bool is_scalar(struct json_val v)
{
	return v.type == JSON_STRING || v.type == JSON_NUMBER || v.type == JSON_BOOL || v.type == JSON_NULL;
}

const char *spec_check_parameters(struct pool *pool, struct json_val v)
{
	if (v.type != JSON_OBJECT)
		return "it must be a map of names and values";
	struct str raw;
	struct json_val e;
	VEC(struct str) seen = { 0 };
	for (struct json_iter it = json_iter(v); json_next(&it, &raw, &e);) {
		struct str name = json_str(pool, (struct json_val){ raw, JSON_STRING });
		if (!is_name(name))
			return pool_printf(pool, "'%.*s' is no name of letters, digits and _", STR_FMT(name));
		if (str_has_prefix(name, STR("mst_")))
			return pool_printf(pool, "'%.*s': names that begin with mst_ are the run's own", STR_FMT(name));
		if (!is_scalar(e))
			return pool_printf(pool, "the value of '%.*s' must be a text, a number, true, false or null",
					   STR_FMT(name));
		for (size_t i = 0; i < seen.n; i++)
			if (str_ieq(seen.v[i], name))
				return pool_printf(pool, "'%.*s' stands twice; case does not tell names apart",
						   STR_FMT(name));
		struct str s = json_str(pool, e);
		if (e.type == JSON_STRING && s.n && memchr(s.p, 0, s.n))
			return pool_printf(pool, "the value of '%.*s' holds a NUL", STR_FMT(name));
		*vec_push(pool, &seen) = name;
	}
	return NULL;
}

static bool word_is(struct pool *pool, const json_members *m, const char *key, const char *word)
{
	struct json_val v = json_get(m, key);
	return v.type == JSON_STRING && str_eqz(json_str(pool, v), word);
}

/* A text or a list of texts. */
static size_t texts(struct pool *pool, struct json_val v, const struct str **out)
{
	VEC(struct str) list = { 0 };
	struct json_val e;
	if (v.type == JSON_STRING)
		*vec_push(pool, &list) = json_str(pool, v);
	for (struct json_iter it = json_iter(v); v.type == JSON_ARRAY && json_next(&it, NULL, &e);)
		*vec_push(pool, &list) = json_str(pool, e);
	*out = list.v;
	return list.n;
}

static void params(struct pool *pool, struct json_val v, struct warehouse_target *t)
{
	VEC(struct warehouse_param) list = { 0 };
	struct str raw;
	struct json_val e;
	for (struct json_iter it = json_iter(v); v.type == JSON_OBJECT && json_next(&it, &raw, &e);)
		*vec_push(pool, &list) = (struct warehouse_param){
			.name = json_str(pool, (struct json_val){ raw, JSON_STRING }),
			.value = e.type == JSON_NULL   ? (struct str){ NULL, 0 } :
				 e.type == JSON_STRING ? json_str(pool, e) : e.raw,
		};
	t->params = list.v;
	t->n_params = list.n;
}

/* "https://user:password@host": what stands between a colon and an at sign, before the path. */
static bool holds_password(struct str url)
{
	const char *p = memmem(url.p, url.n, "://", 3), *end = url.p + url.n, *q;
	if (!p)
		return false;
	for (q = p += 3; q < end && !strchr("/?#\\", *q);)
		q++;
	const char *at = memrchr(p, '@', (size_t)(q - p)), *colon = at ? memchr(p, ':', (size_t)(at - p)) : NULL;
	return colon && colon + 1 < at;
}

const char *spec_complaint(struct pool *pool, const char *kind, const json_members *m, const char **key)
{
	bool table = strcmp(kind, "summary") == 0 || strcmp(kind, "import") == 0 || strcmp(kind, "external") == 0;
	bool merge = word_is(pool, m, "disposition", "merge");
	bool added = merge || word_is(pool, m, "disposition", "append");
	*key = "disposition";
	if (added && !table)
		return pool_printf(pool, "rows are added to tables; this is of kind %s", kind);
	if (merge && !json_get(m, "key").type)
		return "merge needs the attribute 'key'";
	*key = "key";
	const struct str *names;
	struct json_val v = json_get(m, "key");
	if (v.type && texts(pool, v, &names) == 0)
		return "it names no column";
	bool incremental = json_get(m, "incremental").type;
	*key = "new_columns";
	if (json_get(m, "new_columns").type && !added && !incremental)
		return "it belongs to disposition append or merge, and to incremental imports";
	*key = "incremental";
	if (incremental && !json_get(m, "source").type)
		return "it belongs to imports with a source";
	if (incremental && json_get(m, "disposition").type)
		return "it merges by itself; the attribute 'disposition' has no say";
	*key = "reimport";
	if (json_get(m, "reimport").type && !json_get(m, "source").type)
		return "it belongs to imports with a source";
	*key = "url";
	if (json_get(m, "url").type == JSON_STRING && holds_password(json_str(pool, json_get(m, "url"))))
		return "a password in an address would be kept in the clear";
	*key = "tests";
	if (json_get(m, "tests").type && strcmp(kind, "script") == 0)
		return "a script has no result to test";
	return NULL;
}

static int bad(const struct job *job, const char *key, const char *what, struct mst_error *err)
{
	return mst_fail(err, MST_DATA, "%.*s: attribute '%s': %s", STR_FMT(job->name), key, what);
}

int spec_read(struct pool *pool, const struct job *job, struct warehouse_target *target, struct mst_error *err)
{
	static const char *const keys[] = { "disposition", "key", "new_columns", "pre", "post", "parameters",
					    "timeout", "when_busy", "tests" };
	json_members m = { 0 };
	const char *key, *what, *kind = job->kind.n ? str_z(pool, job->kind) : "summary";
	if (job->attrs.type == JSON_OBJECT) {
		int rc = json_scan_object(pool, job->attrs.raw, &m, err);
		if (rc)
			return rc;
	}
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		struct json_val v = json_get(&m, keys[i]);
		what = v.type ? attr_complaint(pool, attr_field_of(str_of(keys[i])), v) : NULL;
		if (what)
			return bad(job, keys[i], what, err);
	}
	if ((what = spec_complaint(pool, kind, &m, &key)))
		return bad(job, key, what, err);
	struct warehouse_target t = *target;
	struct json_val timeout = json_get(&m, "timeout");
	t.disposition = word_is(pool, &m, "disposition", "append") ? WAREHOUSE_APPEND :
			word_is(pool, &m, "disposition", "merge")  ? WAREHOUSE_MERGE : WAREHOUSE_REPLACE;
	t.n_keys = t.disposition == WAREHOUSE_MERGE ? texts(pool, json_get(&m, "key"), &t.keys) : 0;
	t.add_columns = word_is(pool, &m, "new_columns", "add");
	t.n_pre = texts(pool, json_get(&m, "pre"), &t.pre);
	t.n_post = texts(pool, json_get(&m, "post"), &t.post);
	params(pool, json_get(&m, "parameters"), &t);
	t.tests = json_get(&m, "tests");
	t.busy_fails = word_is(pool, &m, "when_busy", "fail");
	t.timeout_us = 0;
	if (timeout.type && time_parse_duration(json_str(pool, timeout), &t.timeout_us, err))
		return bad(job, "timeout", pool_strdup(pool, err->msg), err);
	*target = t;
	return 0;
}
