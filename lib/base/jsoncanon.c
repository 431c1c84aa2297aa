#include "base/jsonl.h"

#include <stdlib.h>

static int by_key(const void *pa, const void *pb)
{
	const struct json_member *a = pa, *b = pb;
	return str_cmp(a->key, b->key);
}

/* As deep as the value, which json_scan has bounded by JSON_DEPTH_MAX. */
static void canonical(struct pool *pool, struct buf *b, struct json_val v)
{
	struct json_val item;
	struct str key;
	bool more = false;
	switch (v.type) {
	case JSON_STRING:
		json_quote(b, json_str(pool, v));
		break;
	case JSON_ARRAY:
		buf_char(b, '[');
		for (struct json_iter it = json_iter(v); json_next(&it, NULL, &item); more = true) {
			if (more)
				buf_char(b, ',');
			canonical(pool, b, item);
		}
		buf_char(b, ']');
		break;
	case JSON_OBJECT: {
		json_members m = { 0 };
		for (struct json_iter it = json_iter(v); json_next(&it, &key, &item);)
			*vec_push(pool, &m) = (struct json_member){
				json_str(pool, (struct json_val){ key, JSON_STRING }), item };
		if (m.n)
			qsort(m.v, m.n, sizeof *m.v, by_key);
		buf_char(b, '{');
		for (size_t i = 0; i < m.n; i++) {
			if (i)
				buf_char(b, ',');
			json_quote(b, m.v[i].key);
			buf_char(b, ':');
			canonical(pool, b, m.v[i].val);
		}
		buf_char(b, '}');
		break;
	}
	default:
		buf_str(b, v.raw);
	}
}

void json_canonical(struct buf *b, struct json_val v)
{
	POOL_SCRATCH(tmp);
	canonical(tmp, b, v);
}
