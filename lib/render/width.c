#include "render/width.h"
#include "base/utf8.h"

#include <locale.h>
#include <wchar.h>

void width_locale(void)
{
	static bool done;
	/* UTF-8 is what we write, whatever the language of the locale */
	if (!done && !setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "");
	done = true;
}

void width_harmless(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n;) {
		unsigned char c = (unsigned char)s.p[i];
		unsigned n = utf8_seq(s.p + i, s.n - i);
		if (c == '\n' || c == '\t' || c == '\r')
			buf_char(b, ' ');
		else if (c < 32 || c == 127)
			buf_char(b, '?');
		else if (n == 0)
			buf_z(b, "\xef\xbf\xbd");
		else if (n == 2 && c == 0xc2 && (unsigned char)s.p[i + 1] < 0xa0)
			buf_char(b, '?'); /* C1: some terminals obey them */
		else
			buf_add(b, s.p + i, n);
		i += n ? n : 1;
	}
}

static uint32_t code_point(const char *p, unsigned n)
{
	static const unsigned char mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t c = (unsigned char)p[0] & mask[n];
	for (unsigned i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)p[i] & 0x3f);
	return c;
}

static size_t cells_at(struct str s, size_t i, unsigned *len)
{
	unsigned n = utf8_seq(s.p + i, s.n - i);
	*len = n ? n : 1;
	if (n < 2)
		return 1;
	width_locale();
	int w = wcwidth((wchar_t)code_point(s.p + i, n));
	return w < 0 ? 1 : (size_t)w;
}

size_t width_of(struct str s)
{
	size_t w = 0;
	unsigned len;
	for (size_t i = 0; i < s.n; i += len)
		w += cells_at(s, i, &len);
	return w;
}

size_t width_cut(struct buf *b, struct str s, size_t cells)
{
	POOL_SCRATCH(pool);
	struct buf h;
	unsigned len;
	size_t w = 0, room = 0, end = 0;
	buf_init(&h, pool);
	/* no character of a cell is longer than a few combining ones: the rest is not looked at */
	width_harmless(&h, (struct str){ s.p, s.n < cells * 64 + 64 ? s.n : cells * 64 + 64 });
	struct str t = buf_view(&h);
	for (size_t i = 0; i < t.n; i += len) {
		size_t c = cells_at(t, i, &len);
		if (w + c > cells) {
			if (!cells)
				return 0;
			buf_add(b, t.p, end);
			buf_z(b, "\xe2\x80\xa6");
			return room + 1;
		}
		w += c;
		if (w + 1 <= cells) { /* the ellipsis still fits behind it */
			end = i + len;
			room = w;
		}
	}
	buf_str(b, t);
	return w;
}
