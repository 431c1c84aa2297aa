#include "base/recode.h"

#include "base/utf8.h"

int recode_of(struct str name)
{
	static const char *const names[] = { "utf-8", "latin1", "windows-1252", "utf-16" };
	for (int i = 0; i < 4; i++)
		if (str_eqz(name, names[i]))
			return i;
	return -1;
}

void recode_init(struct recode *r, enum recode_from from)
{
	*r = (struct recode){ .from = from, .line = 1 };
}

static int bad(const struct recode *r, struct mst_error *err, const char *what)
{
	mst_fail(err, MST_DATA, "%s", what);
	return mst_place(err, "", r->line, 0);
}

/* 0x80 to 0x9f of windows-1252, by the table of the Unicode consortium; 0: no character. */
static const uint16_t cp1252[32] = {
	0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
	0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017d, 0,
	0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
	0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

static int add_bytes(struct recode *r, const char *p, size_t n, struct buf *out, struct mst_error *err)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t c = (unsigned char)p[i];
		r->line += c == '\n';
		if (c < 0x80) {
			buf_char(out, (char)c);
			continue;
		}
		if (r->from == RECODE_CP1252 && c < 0xa0 && (c = cp1252[c - 0x80]) == 0)
			return bad(r, err, "a byte that is no character of windows-1252");
		utf8_put(out, c);
	}
	return 0;
}

static uint32_t unit(const struct recode *r, const unsigned char *p)
{
	return r->big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static int add_utf16(struct recode *r, const char *p, size_t n, struct buf *out, struct mst_error *err)
{
	for (size_t i = 0; i < n; i++) {
		r->keep[r->keep_n++] = (unsigned char)p[i];
		if (r->keep_n & 1)
			continue;
		uint32_t c = unit(r, r->keep);
		if (r->keep_n == 2 && !r->begun) {
			r->begun = true;
			r->big = c == 0xfffe;
			if (c == 0xfeff || c == 0xfffe) {
				r->keep_n = 0;
				continue;
			}
		}
		if (r->keep_n == 4) {
			uint32_t low = unit(r, r->keep + 2);
			if (low < 0xdc00 || low > 0xdfff)
				return bad(r, err, "half a surrogate pair of UTF-16");
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		} else if (c >= 0xd800 && c <= 0xdbff) {
			continue;
		} else if (c >= 0xdc00 && c <= 0xdfff) {
			return bad(r, err, "half a surrogate pair of UTF-16");
		}
		r->keep_n = 0;
		r->line += c == '\n';
		utf8_put(out, c);
	}
	return n == 0 && r->keep_n ? bad(r, err, "the UTF-16 text ends within a character") : 0;
}

int recode_add(struct recode *r, const char *p, size_t n, struct buf *out, struct mst_error *err)
{
	if (r->from == RECODE_UTF8) {
		buf_add(out, p, n);
		return 0;
	}
	return r->from == RECODE_UTF16 ? add_utf16(r, p, n, out, err) : add_bytes(r, p, n, out, err);
}
