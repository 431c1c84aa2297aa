#include "base/jsonl.h"

#include "base/jsonplain.h"
#include "base/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- scanner ---- */

struct key_seen {
	const char *p;  /* between the quotes; decoded where it was escaped */
	const char *at; /* in the text */
	uint32_t n;     /* a line has less than 2^32 bytes */
	bool escaped;
};

#define KEYS_LOCAL 64

struct scan {
	const char *start, *p, *end;
	struct mst_error *err;
	struct pool *spill; /* NULL until an object has many or escaped keys */
	struct key_seen *key;
	size_t nkeys, key_cap;
	struct key_seen local[KEYS_LOCAL];
};

static int scan_begin(struct scan *s, struct str text, struct mst_error *err)
{
	s->start = s->p = text.n ? text.p : "";
	s->end = s->p + text.n;
	s->err = err;
	s->spill = NULL;
	s->key = s->local;
	s->nkeys = 0;
	s->key_cap = KEYS_LOCAL;
	if (text.n <= JSON_LINE_MAX)
		return 0;
	mst_fail(err, MST_LIMIT, "a line longer than %zu bytes", JSON_LINE_MAX);
	return MST_LIMIT;
}

static int bad_at(struct scan *s, const char *at, int code, const char *what)
{
	mst_fail(s->err, code, "%s", what);
	s->err->col = (uint32_t)(at - s->start) + 1;
	return code;
}

static int bad(struct scan *s, const char *what)
{
	return bad_at(s, s->p, MST_DATA, s->p >= s->end ? "the line ends in the middle of a JSON value" : what);
}

static inline void blanks(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
		s->p++;
}

static int hex4(const char *p, const char *end)
{
	int v = 0;
	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int c = p[i], d;
		if (c >= '0' && c <= '9')
			d = c - '0';
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			d = (c | 32) - 'a' + 10;
		else
			return -1;
		v = v * 16 + d;
	}
	return v;
}

/* At the opening quote; leaves p behind the closing one. */
static int string(struct scan *s, bool *escaped)
{
	s->p++;
	*escaped = false;
	for (;;) {
		s->p = json_plain_end(s->p, s->end);
		if (s->p >= s->end)
			return bad(s, "");
		unsigned char c = (unsigned char)*s->p;
		if (c == '"') {
			s->p++;
			return 0;
		}
		if (c < 0x20)
			return bad(s, "a control character in a string (write it as \\u00XX)");
		if (c >= 0x80) {
			unsigned k = utf8_seq(s->p, (size_t)(s->end - s->p));
			if (!k)
				return bad_at(s, s->p, MST_DATA, "invalid UTF-8");
			s->p += k;
			continue;
		}
		*escaped = true;
		if (s->end - s->p < 2)
			return s->p = s->end, bad(s, "");
		c = (unsigned char)s->p[1];
		if (c == 'u') {
			int v = hex4(s->p + 2, s->end);
			if (v < 0)
				return bad(s, "a broken \\u escape");
			if (v >= 0xd800 && v < 0xe000) {
				int w = v < 0xdc00 && s->end - s->p >= 12 && s->p[6] == '\\' && s->p[7] == 'u'
						? hex4(s->p + 8, s->end)
						: -1;
				if (w < 0xdc00 || w > 0xdfff)
					return bad_at(s, s->p, MST_DATA, "half of a surrogate pair");
				s->p += 6;
			}
			s->p += 6;
		} else if (c && strchr("\"\\/bfnrt", c)) {
			s->p += 2;
		} else {
			return bad(s, "an unknown escape in a string");
		}
	}
}

static void unescape(struct buf *b, const char *p, size_t n)
{
	const char *end = p + n;
	while (p < end) {
		const char *q = memchr(p, '\\', (size_t)(end - p));
		if (!q)
			q = end;
		buf_add(b, p, (size_t)(q - p));
		if (q == end)
			return;
		if (q[1] == 'u') {
			uint32_t v = (uint32_t)hex4(q + 2, end);
			q += 6;
			if (v >= 0xd800 && v < 0xdc00) {
				v = 0x10000 + ((v - 0xd800) << 10) + ((uint32_t)hex4(q + 2, end) - 0xdc00);
				q += 6;
			}
			utf8_put(b, v);
			p = q;
			continue;
		}
		static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
		buf_char(b, to[strchr(from, q[1]) - from]);
		p = q + 2;
	}
}

static struct str unescaped(struct pool *pool, const char *p, size_t n)
{
	struct buf b;
	buf_init(&b, pool);
	buf_reserve(&b, n + 1);
	unescape(&b, p, n);
	return buf_view(&b);
}

static int number(struct scan *s)
{
	const char *p = s->p, *e = s->end;
#define DIGITS() \
	do { \
		if (p >= e || *p < '0' || *p > '9') \
			return s->p = p, bad(s, "a broken number"); \
		while (p < e && *p >= '0' && *p <= '9') \
			p++; \
	} while (0)
	if (p < e && *p == '-')
		p++;
	if (p < e && *p == '0') {
		p++;
		if (p < e && *p >= '0' && *p <= '9')
			return s->p = p, bad(s, "a number with a leading zero");
	} else {
		DIGITS();
	}
	if (p < e && *p == '.') {
		p++;
		DIGITS();
	}
	if (p < e && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < e && (*p == '+' || *p == '-'))
			p++;
		DIGITS();
	}
#undef DIGITS
	s->p = p;
	return 0;
}

static int word(struct scan *s, const char *w, size_t n)
{
	if ((size_t)(s->end - s->p) < n || memcmp(s->p, w, n) != 0)
		return bad(s, "not JSON");
	s->p += n;
	return 0;
}

static int scalar(struct scan *s, enum json_type *type)
{
	bool escaped;
	switch (s->p < s->end ? *s->p : 0) {
	case '"':
		*type = JSON_STRING;
		return string(s, &escaped);
	case 't':
		*type = JSON_BOOL;
		return word(s, "true", 4);
	case 'f':
		*type = JSON_BOOL;
		return word(s, "false", 5);
	case 'n':
		*type = JSON_NULL;
		return word(s, "null", 4);
	case '-': case '0': case '1': case '2': case '3': case '4':
	case '5': case '6': case '7': case '8': case '9':
		*type = JSON_NUMBER;
		return number(s);
	default:
		return bad(s, "not JSON");
	}
}

static struct pool *spill(struct scan *s)
{
	if (!s->spill)
		s->spill = pool_new(NULL);
	return s->spill;
}

static void key_push(struct scan *s, const char *p, size_t n, bool escaped)
{
	if (s->nkeys == s->key_cap) {
		struct key_seen *more = pool_array(spill(s), s->key_cap * 2, sizeof *more);
		memcpy(more, s->key, s->nkeys * sizeof *more);
		s->key = more;
		s->key_cap *= 2;
	}
	const char *at = p;
	if (escaped) {
		struct str k = unescaped(spill(s), p, n);
		p = k.p;
		n = k.n;
	}
	s->key[s->nkeys++] = (struct key_seen){ p, at, (uint32_t)n, escaped };
}

static bool key_same(const struct key_seen *a, const struct key_seen *b)
{
	return a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
}

static int key_order(const void *pa, const void *pb)
{
	const struct key_seen *a = pa, *b = pb;
	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	int c = memcmp(a->p, b->p, a->n);
	return c ? c : a->at < b->at ? -1 : a->at > b->at;
}

static int keys_close(struct scan *s, size_t first)
{
	struct key_seen *k = s->key + first;
	size_t n = s->nkeys - first;
	const struct key_seen *twice = NULL;
	if (n <= 16) {
		for (size_t i = 1; i < n && !twice; i++)
			for (size_t j = 0; j < i; j++)
				if (key_same(&k[i], &k[j]))
					twice = &k[i];
	} else {
		qsort(k, n, sizeof *k, key_order);
		for (size_t i = 1; i < n && !twice; i++)
			if (key_same(&k[i - 1], &k[i]))
				twice = &k[i];
	}
	s->nkeys = first;
	if (!twice)
		return 0;
	mst_fail(s->err, MST_DATA, "the key '%.*s' stands twice in one object",
		 (int)(twice->n > 80 ? 80 : twice->n), twice->p);
	s->err->col = (uint32_t)(twice->at - s->start);
	return MST_DATA;
}

/* `"key" :` -- leaves p at the value */
static int member_key(struct scan *s)
{
	bool escaped;
	if (s->p >= s->end || *s->p != '"')
		return bad(s, "a key in quotes is missing");
	const char *p = s->p + 1;
	int rc = string(s, &escaped);
	if (rc)
		return rc;
	key_push(s, p, (size_t)(s->p - 1 - p), escaped);
	blanks(s);
	if (s->p >= s->end || *s->p != ':')
		return bad(s, "a ':' is missing behind a key");
	s->p++;
	blanks(s);
	return 0;
}

/* Any value; containers by a stack of their own, so that depth costs no C stack. */
static int value(struct scan *s, struct json_val *out)
{
	size_t first_key[JSON_DEPTH_MAX];
	bool is_object[JSON_DEPTH_MAX];
	unsigned depth = 0;
	const char *start = s->p;
	enum json_type type = JSON_NONE, top = JSON_NONE;
	int rc;
	for (;;) {
		char c = s->p < s->end ? *s->p : 0;
		if (c == '{' || c == '[') {
			if (depth == JSON_DEPTH_MAX)
				return bad_at(s, s->p, MST_LIMIT, "JSON nested too deep");
			type = c == '{' ? JSON_OBJECT : JSON_ARRAY;
			if (depth == 0)
				top = type;
			is_object[depth] = c == '{';
			first_key[depth++] = s->nkeys;
			s->p++;
			blanks(s);
			if (s->p < s->end && *s->p == (c == '{' ? '}' : ']')) {
				s->p++;
				depth--;
			} else {
				if (c == '{' && (rc = member_key(s)))
					return rc;
				continue;
			}
		} else {
			if ((rc = scalar(s, &type)))
				return rc;
			if (depth == 0)
				top = type;
		}
		/* a value is complete */
		while (depth) {
			blanks(s);
			c = s->p < s->end ? *s->p : 0;
			if (c == ',') {
				s->p++;
				blanks(s);
				if (is_object[depth - 1] && (rc = member_key(s)))
					return rc;
				break;
			}
			if (c != (is_object[depth - 1] ? '}' : ']'))
				return bad(s, is_object[depth - 1] ? "a ',' or '}' is missing"
								   : "a ',' or ']' is missing");
			s->p++;
			depth--;
			if (is_object[depth] && (rc = keys_close(s, first_key[depth])))
				return rc;
		}
		if (depth == 0)
			break;
	}
	*out = (struct json_val){ { start, (size_t)(s->p - start) }, top };
	return 0;
}

static int whole(struct scan *s)
{
	blanks(s);
	return s->p == s->end ? 0 : bad(s, "something stands behind the JSON value");
}

int json_scan(struct str text, struct json_val *out, struct mst_error *err)
{
	struct scan s;
	struct json_val v;
	int rc = scan_begin(&s, text, err);
	if (rc)
		return rc;
	blanks(&s);
	rc = value(&s, &v);
	if (rc == 0)
		rc = whole(&s);
	pool_free(s.spill);
	if (rc == 0)
		*out = v;
	return rc;
}

/* The members of one object, each handed to `on_member`. */
static int object(struct scan *s, void (*on_member)(void *, const struct key_seen *, struct json_val), void *arg)
{
	int rc;
	blanks(s);
	if (s->p < s->end && *s->p != '{')
		return bad(s, "a JSON object was expected");
	if (s->p >= s->end)
		return bad(s, "");
	s->p++;
	blanks(s);
	if (s->p < s->end && *s->p == '}') {
		s->p++;
		return whole(s);
	}
	for (;;) {
		struct json_val v;
		if ((rc = member_key(s)))
			return rc;
		size_t mine = s->nkeys - 1;
		if ((rc = value(s, &v)))
			return rc;
		on_member(arg, &s->key[mine], v);
		blanks(s);
		char c = s->p < s->end ? *s->p : 0;
		if (c == ',') {
			s->p++;
			blanks(s);
			continue;
		}
		if (c != '}')
			return bad(s, "a ',' or '}' is missing");
		s->p++;
		if ((rc = keys_close(s, 0)))
			return rc;
		return whole(s);
	}
}

struct collect {
	struct pool *pool;
	json_members list;
};

static void collect(void *arg, const struct key_seen *k, struct json_val v)
{
	struct collect *c = arg;
	struct str key = { k->p, k->n };
	if (k->escaped)
		key = str_dup(c->pool, key);
	*vec_push(c->pool, &c->list) = (struct json_member){ key, v };
}

int json_scan_object(struct pool *pool, struct str text, json_members *out, struct mst_error *err)
{
	struct scan s;
	struct collect c = { .pool = pool };
	int rc = scan_begin(&s, text, err);
	if (rc == 0)
		rc = object(&s, collect, &c);
	pool_free(s.spill);
	if (rc == 0)
		*out = c.list;
	return rc;
}

struct pick {
	const struct str *keys;
	size_t n;
	struct json_val *out;
};

static void pick(void *arg, const struct key_seen *k, struct json_val v)
{
	struct pick *c = arg;
	for (size_t i = 0; i < c->n; i++)
		if (c->keys[i].n == k->n && memcmp(c->keys[i].p, k->p, k->n) == 0) {
			c->out[i] = v;
			return;
		}
}

int json_pick(struct str text, const struct str *keys, size_t n, struct json_val *out, struct mst_error *err)
{
	struct scan s;
	struct pick c = { keys, n, out };
	for (size_t i = 0; i < n; i++)
		out[i] = (struct json_val){ { "", 0 }, JSON_NONE };
	int rc = scan_begin(&s, text, err);
	if (rc == 0)
		rc = object(&s, pick, &c);
	pool_free(s.spill);
	return rc;
}

struct json_val json_get(const json_members *m, const char *key)
{
	struct str k = str_of(key);
	for (size_t i = 0; i < m->n; i++)
		if (str_eq(m->v[i].key, k))
			return m->v[i].val;
	return (struct json_val){ { "", 0 }, JSON_NONE };
}

/* ---- values that have been checked ---- */

struct json_iter json_iter(struct json_val v)
{
	if (v.type != JSON_ARRAY && v.type != JSON_OBJECT)
		return (struct json_iter){ "", "" };
	return (struct json_iter){ v.raw.p + 1, v.raw.p + v.raw.n };
}

static const char *over_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r' || *p == ',' || *p == ':'))
		p++;
	return p;
}

static const char *over_string(const char *p, const char *end)
{
	for (p = json_plain_end(p + 1, end); p < end && *p != '"'; p = json_plain_end(p, end))
		p += *p == '\\' ? 2 : 1;
	return p < end ? p + 1 : end;
}

static enum json_type type_of(char c)
{
	switch (c) {
	case '"': return JSON_STRING;
	case '{': return JSON_OBJECT;
	case '[': return JSON_ARRAY;
	case 't': case 'f': return JSON_BOOL;
	case 'n': return JSON_NULL;
	default: return JSON_NUMBER;
	}
}

bool json_next(struct json_iter *it, struct str *key, struct json_val *out)
{
	const char *p = over_blanks(it->p, it->end), *end = it->end;
	if (p >= end || *p == ']' || *p == '}')
		return false;
	if (key) {
		const char *k = p;
		p = over_string(p, end);
		*key = (struct str){ k, (size_t)(p - k) };
		p = over_blanks(p, end);
	}
	const char *start = p;
	unsigned depth = 0;
	do {
		if (*p == '"') {
			p = over_string(p, end);
		} else if (*p == '{' || *p == '[') {
			depth++;
			p++;
		} else if (*p == '}' || *p == ']') {
			depth--;
			p++;
		} else if (depth) {
			p++;
		} else {
			while (p < end && !strchr(",]} \t\r\n", *p))
				p++;
		}
	} while (depth && p < end);
	*out = (struct json_val){ { start, (size_t)(p - start) }, type_of(*start) };
	it->p = p;
	return true;
}

struct str json_str(struct pool *pool, struct json_val v)
{
	if (v.type != JSON_STRING)
		return (struct str){ "", 0 };
	struct str s = { v.raw.p + 1, v.raw.n - 2 };
	return str_find(s, '\\') < 0 ? s : unescaped(pool, s.p, s.n);
}

bool json_int(struct json_val v, int64_t *out)
{
	if (v.type != JSON_NUMBER || v.raw.n > 20)
		return false;
	char tmp[24], *end;
	memcpy(tmp, v.raw.p, v.raw.n);
	tmp[v.raw.n] = 0;
	errno = 0;
	long long r = strtoll(tmp, &end, 10);
	if (*end || errno)
		return false;
	*out = r;
	return true;
}

bool json_double(struct json_val v, double *out)
{
	if (v.type != JSON_NUMBER || v.raw.n > 400)
		return false;
	char tmp[404];
	memcpy(tmp, v.raw.p, v.raw.n);
	tmp[v.raw.n] = 0;
	*out = strtod(tmp, NULL);
	return true;
}

bool json_is_true(struct json_val v)
{
	return v.type == JSON_BOOL && v.raw.p[0] == 't';
}

/* ---- lines ---- */

void jsonl_open(struct jsonl_reader *r, struct pool *pool, int fd, const char *name)
{
	*r = (struct jsonl_reader){ .pool = pool, .fd = fd, .name = name };
	r->cap = 1 << 18;
	r->p = pool_alloc(pool, r->cap);
}

int jsonl_place(const struct jsonl_reader *r, struct mst_error *err)
{
	return mst_place(err, r->name, (uint32_t)(r->line > UINT32_MAX ? UINT32_MAX : r->line), err->col);
}

/* More bytes behind what is held; sets eof. */
static int fill(struct jsonl_reader *r, struct mst_error *err)
{
	if (r->start) {
		memmove(r->p, r->p + r->start, r->n - r->start);
		r->n -= r->start;
		r->start = 0;
	}
	if (r->n == r->cap) {
		if (r->cap >= JSON_LINE_MAX) {
			r->line++;
			mst_fail(err, MST_LIMIT, "a line longer than %zu bytes", JSON_LINE_MAX);
			return jsonl_place(r, err);
		}
		r->p = pool_realloc(r->pool, r->p, r->cap, r->cap * 2);
		r->cap *= 2;
	}
	ssize_t k;
	do
		k = read(r->fd, r->p + r->n, r->cap - r->n);
	while (k < 0 && errno == EINTR);
	if (k < 0)
		return mst_fail_errno(err, MST_IO, "%s: cannot read", r->name);
	if (k == 0)
		r->eof = true;
	r->n += (size_t)k;
	return 0;
}

/* Without the byte order mark of a first line and the CR of a last; false for a blank one. */
static bool trim_line(struct str *l, bool first)
{
	if (first && l->n >= 3 && memcmp(l->p, "\xef\xbb\xbf", 3) == 0)
		*l = (struct str){ l->p + 3, l->n - 3 };
	if (l->n && l->p[l->n - 1] == '\r')
		l->n--;
	size_t i = 0;
	while (i < l->n && (l->p[i] == ' ' || l->p[i] == '\t'))
		i++;
	return i < l->n;
}

int jsonl_next(struct jsonl_reader *r, struct str *line, struct mst_error *err)
{
	size_t seen = 0;
	for (;;) {
		char *from = r->p + r->start;
		size_t have = r->n - r->start;
		char *nl = have > seen ? memchr(from + seen, '\n', have - seen) : NULL;
		if (!nl && !r->eof) {
			seen = have;
			int rc = fill(r, err);
			if (rc)
				return rc;
			continue;
		}
		if (!nl && have == 0)
			return 0;
		struct str l = { from, nl ? (size_t)(nl - from) : have };
		r->start += nl ? l.n + 1 : l.n;
		seen = 0;
		if (trim_line(&l, r->line++ == 0)) {
			*line = l;
			return 1;
		}
	}
}

bool jsonl_cut(struct str *rest, uint64_t *line, struct str *out)
{
	while (rest->n) {
		const char *nl = memchr(rest->p, '\n', rest->n);
		struct str l = { rest->p, nl ? (size_t)(nl - rest->p) : rest->n };
		size_t used = nl ? l.n + 1 : l.n;
		*rest = (struct str){ rest->p + used, rest->n - used };
		if (trim_line(&l, (*line)++ == 0)) {
			*out = l;
			return true;
		}
	}
	return false;
}
