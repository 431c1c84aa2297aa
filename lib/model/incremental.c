#include "model/incremental.h"

#include "base/time.h"
#include "base/vec.h"

static const char *const keys[] = { "column", "key", "overlap" };

static bool is_text(struct pool *pool, struct json_val v)
{
	struct str s = v.type == JSON_STRING ? json_str(pool, v) : (struct str){ "", 0 };
	return s.n && !memchr(s.p, 0, s.n);
}

static const char *check_key(struct pool *pool, struct json_val v)
{
	struct json_val e;
	bool some = false;
	if (v.type == JSON_STRING)
		return is_text(pool, v) ? NULL : "'key' is empty";
	if (v.type != JSON_ARRAY)
		return "'key' must be a column or a list of columns";
	for (struct json_iter it = json_iter(v); json_next(&it, NULL, &e); some = true)
		if (!is_text(pool, e))
			return "'key' must be a column or a list of columns";
	return some ? NULL : "'key' is empty";
}

static const char *check_overlap(struct pool *pool, struct json_val v)
{
	struct mst_error err;
	int64_t n;
	if (v.type == JSON_NUMBER)
		return json_int(v, &n) && n >= 0 ? NULL : "'overlap' must be a whole number, 0 or more, or a duration";
	if (v.type != JSON_STRING)
		return "'overlap' must be a number or a duration such as 1h30m";
	return time_parse_duration(json_str(pool, v), &n, &err) ? pool_printf(pool, "'overlap': %s", err.msg) : NULL;
}

static const char *check_member(struct pool *pool, struct str key, struct json_val v)
{
	if (str_eqz(key, "column"))
		return is_text(pool, v) ? NULL : "'column' must be the name of a column";
	if (str_eqz(key, "key"))
		return check_key(pool, v);
	if (str_eqz(key, "overlap"))
		return check_overlap(pool, v);
	const char *near = str_nearest(key, keys, sizeof keys / sizeof *keys);
	if (near)
		return pool_printf(pool, "unknown key '%.*s' (did you mean '%s'?)", STR_FMT(key), near);
	return pool_printf(pool, "unknown key '%.*s'", STR_FMT(key));
}

const char *incremental_check(struct pool *pool, struct json_val v)
{
	struct str raw;
	struct json_val e;
	bool column = false, key = false;
	if (v.type != JSON_OBJECT)
		return "it must be a map: {column: NAME, key: [NAME], overlap: 1h}";
	for (struct json_iter it = json_iter(v); json_next(&it, &raw, &e);) {
		struct str name = json_str(pool, (struct json_val){ raw, JSON_STRING });
		const char *what = check_member(pool, name, e);
		if (what)
			return what;
		column |= str_eqz(name, "column");
		key |= str_eqz(name, "key");
	}
	return !column ? "it needs 'column'" : !key ? "it needs 'key'" : NULL;
}

void incremental_read(struct pool *pool, struct json_val v, struct incremental *out)
{
	struct str raw;
	struct json_val e, k;
	struct mst_error ignored;
	VEC(struct str) list = { 0 };
	*out = (struct incremental){ .column = { "", 0 } };
	for (struct json_iter it = json_iter(v); json_next(&it, &raw, &e);) {
		struct str name = json_str(pool, (struct json_val){ raw, JSON_STRING });
		if (str_eqz(name, "column"))
			out->column = json_str(pool, e);
		else if (str_eqz(name, "key") && e.type == JSON_STRING)
			*vec_push(pool, &list) = json_str(pool, e);
		else if (str_eqz(name, "key"))
			for (struct json_iter i = json_iter(e); json_next(&i, NULL, &k);)
				*vec_push(pool, &list) = json_str(pool, k);
		else if (str_eqz(name, "overlap") && e.type == JSON_NUMBER)
			json_int(e, &out->overlap);
		else if (str_eqz(name, "overlap"))
			out->overlap_time = time_parse_duration(json_str(pool, e), &out->overlap, &ignored) == 0;
	}
	out->keys = list.v;
	out->n_keys = list.n;
}
