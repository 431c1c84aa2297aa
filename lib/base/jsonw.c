#include "base/jsonl.h"

#include "base/jsonplain.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>

void json_quote(struct buf *b, struct str s)
{
	static const char hex[] = "0123456789abcdef";
	const char *p = s.n ? s.p : "", *end = p + s.n;
	buf_reserve(b, s.n + 2);
	buf_char(b, '"');
	while (p < end) {
		const char *q = json_plain_end(p, end);
		buf_add(b, p, (size_t)(q - p));
		p = q;
		if (p == end)
			break;
		unsigned char c = (unsigned char)*p;
		if (c >= 0x80) {
			unsigned k = utf8_seq(p, (size_t)(end - p));
			if (k) {
				buf_add(b, p, k);
				p += k;
			} else {
				utf8_put(b, 0xfffd);
				p++;
			}
			continue;
		}
		buf_char(b, '\\');
		switch (c) {
		case '"': case '\\': buf_char(b, (char)c); break;
		case '\n': buf_char(b, 'n'); break;
		case '\t': buf_char(b, 't'); break;
		case '\r': buf_char(b, 'r'); break;
		case '\b': buf_char(b, 'b'); break;
		case '\f': buf_char(b, 'f'); break;
		default:
			buf_add(b, "u00", 3);
			buf_char(b, hex[c >> 4]);
			buf_char(b, hex[c & 15]);
		}
		p++;
	}
	buf_char(b, '"');
}

void jw_init(struct jw *w, struct buf *b)
{
	*w = (struct jw){ .b = b };
}

static void before_value(struct jw *w)
{
	uint64_t bit = UINT64_C(1) << w->depth;
	if (w->depth && !(w->object & bit)) {
		if (w->comma & bit)
			buf_char(w->b, ',');
		w->comma |= bit;
	}
}

static void open_(struct jw *w, bool object)
{
	before_value(w);
	if (w->depth >= 63)
		abort();
	w->depth++;
	uint64_t bit = UINT64_C(1) << w->depth;
	w->comma &= ~bit;
	w->object = object ? w->object | bit : w->object & ~bit;
	buf_char(w->b, object ? '{' : '[');
}

void jw_object(struct jw *w)
{
	open_(w, true);
}

void jw_array(struct jw *w)
{
	open_(w, false);
}

void jw_end(struct jw *w)
{
	uint64_t bit = UINT64_C(1) << w->depth;
	buf_char(w->b, w->object & bit ? '}' : ']');
	w->depth--;
}

void jw_key_str(struct jw *w, struct str key)
{
	uint64_t bit = UINT64_C(1) << w->depth;
	if (w->comma & bit)
		buf_char(w->b, ',');
	w->comma |= bit;
	json_quote(w->b, key);
	buf_char(w->b, ':');
}

void jw_key(struct jw *w, const char *key)
{
	jw_key_str(w, str_of(key));
}

void jw_str(struct jw *w, struct str s)
{
	before_value(w);
	json_quote(w->b, s);
}

void jw_z(struct jw *w, const char *z)
{
	if (z)
		jw_str(w, str_of(z));
	else
		jw_null(w);
}

void jw_int(struct jw *w, int64_t v)
{
	before_value(w);
	buf_printf(w->b, "%lld", (long long)v);
}

void jw_double(struct jw *w, double v)
{
	if (v != v || v - v != 0) {
		jw_null(w);
		return;
	}
	before_value(w);
	char tmp[40];
	int prec = 15;
	do
		snprintf(tmp, sizeof tmp, "%.*g", prec, v);
	while (strtod(tmp, NULL) != v && ++prec <= 17);
	buf_z(w->b, tmp);
}

void jw_bool(struct jw *w, bool v)
{
	before_value(w);
	buf_z(w->b, v ? "true" : "false");
}

void jw_null(struct jw *w)
{
	before_value(w);
	buf_z(w->b, "null");
}

void jw_raw(struct jw *w, struct str json)
{
	before_value(w);
	buf_str(w->b, json);
}

void jw_key_s(struct jw *w, const char *key, struct str v)
{
	jw_key(w, key);
	jw_str(w, v);
}

void jw_key_z(struct jw *w, const char *key, const char *v)
{
	jw_key(w, key);
	jw_z(w, v);
}

void jw_key_i(struct jw *w, const char *key, int64_t v)
{
	jw_key(w, key);
	jw_int(w, v);
}

void jw_key_b(struct jw *w, const char *key, bool v)
{
	jw_key(w, key);
	jw_bool(w, v);
}

void jw_key_raw(struct jw *w, const char *key, struct str json)
{
	jw_key(w, key);
	jw_raw(w, json);
}
