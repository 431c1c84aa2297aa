/* The line codec: all its ways to read agree on what is JSON; what they hand back lies in the text; its
 * canonical form is read again, and is its own. */
#include "base/jsonl.h"
#include "base/utf8.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void inside(struct str text, struct str part)
{
	check(part.n == 0 || (part.p >= text.p && part.p + part.n <= text.p + text.n));
}

/* Every value within, by the iterator, is one that the scanner takes. */
static void walk(struct pool *pool, struct json_val v, unsigned depth)
{
	struct json_val item;
	struct str key;
	struct mst_error err;
	size_t n = 0;
	if (v.type == JSON_STRING)
		check(utf8_valid(json_str(pool, v)) == json_str(pool, v).n);
	for (struct json_iter it = json_iter(v); json_next(&it, v.type == JSON_OBJECT ? &key : NULL, &item); n++) {
		struct json_val again;
		inside(v.raw, item.raw);
		if (depth < 8) {
			check(json_scan(item.raw, &again, &err) == 0 && str_eq(again.raw, item.raw));
			check(again.type == item.type);
			walk(pool, item, depth + 1);
		}
	}
	json_members m;
	if (v.type == JSON_OBJECT && depth < 8)
		check(json_scan_object(pool, v.raw, &m, &err) == 0 && m.n == n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct str keys[] = { STR("a"), STR("name"), STR("") };
	POOL_SCRATCH(pool);
	struct str text = { pool_memdup(pool, data, n), n }, line;
	struct mst_error err;
	uint64_t at = 0;
	for (struct str rest = text; jsonl_cut(&rest, &at, &line);) {
		struct json_val v, picked[3], again;
		json_members m;
		inside(text, line);
		int rc = json_scan(line, &v, &err);
		check(rc == 0 || (rc < 0 && err.col >= 1 && err.col <= line.n + 1));
		int rc_pick = json_pick(line, keys, 3, picked, &err), rc_object = json_scan_object(pool, line, &m, &err);
		check(rc_pick == rc_object);
		/* a member may lie one level deeper than a value of its own */
		check((rc_pick == 0) == (rc == 0 && v.type == JSON_OBJECT) || rc == MST_LIMIT);
		if (rc)
			continue;
		inside(line, v.raw);
		walk(pool, v, 0);
		for (unsigned i = 0; i < 3 && rc_pick == 0; i++)
			check(str_eq(picked[i].raw, json_get(&m, keys[i].p).raw) && picked[i].type == json_get(&m, keys[i].p).type);
		struct buf one, two;
		buf_init(&one, pool);
		buf_init(&two, pool);
		json_canonical(&one, v);
		check(json_scan(buf_view(&one), &again, &err) == 0 && again.type == v.type);
		json_canonical(&two, again);
		check(str_eq(buf_view(&one), buf_view(&two)));
	}
	/* whatever bytes are written as a string are read again */
	struct buf quoted;
	struct json_val v;
	buf_init(&quoted, pool);
	json_quote(&quoted, text);
	check(json_scan(buf_view(&quoted), &v, &err) == 0 && v.type == JSON_STRING);
	if (utf8_valid(text) == text.n)
		check(str_eq(json_str(pool, v), text));
	return 0;
}
