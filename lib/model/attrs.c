#include "model/attrs.h"

#include "base/time.h"
#include "base/utf8.h"
#include "model/attrs_header.h"
#include "model/name.h"

void diag_add(struct pool *pool, sql_diags *diags, enum sql_severity sev, uint32_t line, uint32_t col,
	      const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *msg = pool_vprintf(pool, fmt, ap);
	va_end(ap);
	*vec_push(pool, diags) = (struct sql_diag){ sev, line, col, str_of(msg) };
}

struct attr_place attrs_place(const struct attrs *a, const char *key)
{
	for (size_t i = 0; i < a->members.n && i < a->places.n; i++)
		if (str_eqz(a->members.v[i].key, key))
			return a->places.v[i];
	return (struct attr_place){ 1, 1 };
}

struct str attrs_text(struct pool *pool, const struct attrs *a, const char *key)
{
	struct json_val v = json_get(&a->members, key);
	return v.type == JSON_STRING ? json_str(pool, v) : (struct str){ "", 0 };
}

/* "a|b|c" holds s?  Else the nearest, or NULL. */
static bool word_in(struct pool *pool, struct str s, const char *values, const char **near)
{
	VEC(const char *) list = { 0 };
	struct str rest = str_of(values), one;
	bool more = true;
	while (more) {
		more = str_cut(rest, '|', &one, &rest);
		if (str_eq(one, s))
			return true;
		*vec_push(pool, &list) = str_z(pool, one);
	}
	*near = str_nearest(s, list.v, list.n);
	return false;
}

static bool is_texts(struct json_val v)
{
	if (v.type == JSON_STRING)
		return true;
	if (v.type != JSON_ARRAY)
		return false;
	struct json_val e;
	for (struct json_iter it = json_iter(v); json_next(&it, NULL, &e);)
		if (e.type != JSON_STRING)
			return false;
	return true;
}

static bool is_columns(struct json_val v)
{
	struct json_val e;
	if (v.type == JSON_ARRAY) {
		for (struct json_iter it = json_iter(v); json_next(&it, NULL, &e);)
			if (e.type != JSON_STRING && (e.type != JSON_OBJECT || !is_columns(e)))
				return false;
		return true;
	}
	if (v.type != JSON_OBJECT)
		return false;
	for (struct json_iter it = json_iter(v); json_next(&it, NULL, &e);)
		if (e.type != JSON_STRING)
			return false;
	return true;
}

const char *attr_complaint(struct pool *pool, const struct attr_field *f, struct json_val v)
{
	struct str s = json_str(pool, v);
	struct mst_error e;
	const char *near = NULL;
	int64_t n;
	if (v.type == JSON_NULL)
		return "it has no value";
	if (v.type == JSON_STRING && memchr(s.p, 0, s.n))
		return "it holds a NUL";
	switch (f->kind) {
	case ATTR_TEXT: return v.type == JSON_STRING ? NULL : "it must be a text";
	case ATTR_WORD:
		if (v.type == JSON_STRING && word_in(pool, s, f->values, &near))
			return NULL;
		if (near)
			return pool_printf(pool, "'%.*s' is not one of %s (did you mean '%s'?)", STR_FMT(s),
					   f->values,
					   near);
		return pool_printf(pool, "it must be one of %s", f->values);
	case ATTR_NAME:
		if (v.type != JSON_STRING)
			return "it must be a text";
		return name_parse(pool, s, '`', &s, &e) ? pool_strdup(pool, e.msg) : NULL;
	case ATTR_TEXTS: return is_texts(v) ? NULL : "it must be a text or a list of texts";
	case ATTR_COLUMNS: return is_columns(v) ? NULL : "it must be a map of names and types, or a list";
	case ATTR_BYTE:
		return v.type == JSON_STRING && s.n == 1 &&
			(signed char)s.p[0] > 0 ? NULL : "it must be one ASCII character";
	case ATTR_BOOL: return v.type == JSON_BOOL ? NULL : "it must be true or false";
	case ATTR_INT: return json_int(v, &n) && n >= 0 ? NULL : "it must be a whole number, 0 or more";
	case ATTR_DURATION:
		if (v.type != JSON_STRING)
			return "it must be a duration such as 90s or 1h30m";
		return time_parse_duration(s, &n, &e) ? pool_strdup(pool, e.msg) : NULL;
	case ATTR_SHAPE: return f->check(pool, v);
	}
	return NULL;
}

static const char *nearest_key(struct pool *pool, struct str key)
{
	VEC(const char *) keys = { 0 };
	for (const struct attr_field *f = attr_fields; f->key; f++)
		*vec_push(pool, &keys) = f->key;
	return str_nearest(key, keys.v, keys.n);
}

/* The values stay as they are: a wrong one is an error, and whoever would use it
 * is told so by mst-deps. */
void attrs_check(struct pool *pool, struct attrs *a, sql_diags *diags)
{
	for (size_t i = 0; i < a->members.n; i++) {
		struct json_member m = a->members.v[i];
		struct attr_place at = i < a->places.n ? a->places.v[i] : (struct attr_place){ 1, 1 };
		const struct attr_field *f = attr_field_of(m.key);
		if (f) {
			const char *what = attr_complaint(pool, f, m.val);
			if (what)
				diag_add(pool, diags, SQL_ERROR, at.line, at.col, "attribute '%s': %s",
					 f->key, what);
			continue;
		}
		const char *near = nearest_key(pool, m.key);
		if (near)
			diag_add(pool, diags, SQL_WARNING, at.line, at.col,
				 "unknown attribute '%.*s' (did you mean '%s'?)", STR_FMT(m.key), near);
		else
			diag_add(pool, diags, SQL_WARNING, at.line, at.col, "unknown attribute '%.*s'",
				 STR_FMT(m.key));
	}
}

void attrs_read(struct pool *pool, struct str text, struct attrs *out, sql_diags *diags)
{
	struct header h;
	struct mst_error err;
	header_collect(pool, text, &h);
	*out = (struct attrs){ .json = STR("{}"), .lines = (uint32_t)h.lines.n, .first = header_place(&h,
												      0) };
	if (h.too_large) {
		diag_add(pool, diags, SQL_ERROR, out->first.line, out->first.col,
			 "attributes: larger than %d bytes", ATTRS_SIZE_MAX);
		return;
	}
	if (h.lines.n) {
		size_t bad = utf8_valid(buf_view(&h.yaml));
		if (bad < h.yaml.n) {
			struct attr_place at = header_place(&h, bad);
			diag_add(pool, diags, SQL_ERROR, at.line, at.col, "attributes: not UTF-8");
		} else if (header_parse(pool, &h, out, &err) < 0) {
			diag_add(pool, diags, SQL_ERROR, err.line, err.col, "attributes: %s", err.msg);
		} else {
			attrs_check(pool, out, diags);
		}
	}
	if (h.stray)
		diag_add(pool, diags, SQL_WARNING, h.stray, 1,
			 "an attribute line behind the first statement is not read");
}
