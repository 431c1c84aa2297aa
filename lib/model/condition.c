#include "model/condition.h"

static const struct {
	const char *key;
	int low, high;
} fields[] = {
	{ "weekdays", 0, 6 },
	{ "months", 1, 12 },
	{ "days", 1, 31 },
	{ "hours", 0, 23 },
};
#define FIELDS (sizeof fields / sizeof *fields)

/* The number of the field of a raw key, or FIELDS. */
static size_t field_of(struct pool *pool, struct str raw)
{
	struct str key = json_str(pool, (struct json_val){ raw, JSON_STRING });
	size_t i = 0;
	while (i < FIELDS && !str_eqz(key, fields[i].key))
		i++;
	return i;
}

static const char *check_numbers(struct pool *pool, size_t field, struct json_val list)
{
	struct json_val e;
	int64_t n;
	const char *key = fields[field].key;
	if (list.type != JSON_ARRAY)
		return pool_printf(pool, "'%s' must be a list of whole numbers", key);
	for (struct json_iter it = json_iter(list); json_next(&it, NULL, &e);)
		if (!json_int(e, &n) || n < fields[field].low || n > fields[field].high)
			return pool_printf(pool, "'%s' holds %.*s; they go from %d to %d", key,
					   e.raw.n > 40 ? 40 : (int)e.raw.n, e.raw.p, fields[field].low,
					   fields[field].high);
	return NULL;
}

static const char *check_one(struct pool *pool, struct json_val map)
{
	struct str raw;
	struct json_val list;
	bool known = false;
	if (map.type != JSON_OBJECT)
		return "it must be a list of maps";
	for (struct json_iter it = json_iter(map); json_next(&it, &raw, &list);) {
		size_t i = field_of(pool, raw);
		if (i == FIELDS)
			continue;
		known = true;
		const char *what = check_numbers(pool, i, list);
		if (what)
			return what;
	}
	return known ? NULL : "a condition needs one of weekdays, months, days, hours";
}

const char *condition_check(struct pool *pool, struct json_val v)
{
	struct json_val e;
	if (v.type != JSON_ARRAY)
		return "it must be a list of maps";
	for (struct json_iter it = json_iter(v); json_next(&it, NULL, &e);) {
		const char *what = check_one(pool, e);
		if (what)
			return what;
	}
	return NULL;
}

static bool allows(struct json_val list, int value)
{
	struct json_val e;
	int64_t n;
	bool any = true;
	for (struct json_iter it = json_iter(list); json_next(&it, NULL, &e);) {
		if (json_int(e, &n) && n == value)
			return true;
		any = false;
	}
	return any;
}

bool condition_holds(struct json_val v, const struct tm *t, bool empty)
{
	POOL_SCRATCH(tmp);
	const int now[FIELDS] = { t->tm_wday, t->tm_mon + 1, t->tm_mday, t->tm_hour };
	struct json_val map, list;
	struct str raw;
	bool none = true;
	for (struct json_iter it = json_iter(v); v.type == JSON_ARRAY && json_next(&it, NULL, &map);) {
		bool all = map.type == JSON_OBJECT;
		for (struct json_iter k = json_iter(map); all && json_next(&k, &raw, &list);) {
			size_t i = field_of(tmp, raw);
			all = i == FIELDS || allows(list, now[i]);
		}
		if (all)
			return true;
		none = false;
	}
	return none && empty;
}
