#include "base/str.h"

#include <stdio.h>

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;
	if (c)
		return c;
	return a.n < b.n ? -1 : a.n > b.n;
}

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

bool str_ieq(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
	while (s.n && blank(s.p[0]))
		s.p++, s.n--;
	while (s.n && blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str str_dup(struct pool *pool, struct str s)
{
	return (struct str){ pool_memdup(pool, s.p, s.n), s.n };
}

char *str_z(struct pool *pool, struct str s)
{
	return pool_memdup(pool, s.p, s.n);
}

ptrdiff_t str_find(struct str s, char c)
{
	const char *p = s.n ? memchr(s.p, c, s.n) : NULL;
	return p ? p - s.p : -1;
}

bool str_cut(struct str s, char sep, struct str *head, struct str *rest)
{
	ptrdiff_t i = str_find(s, sep);
	if (i < 0) {
		*head = s;
		*rest = (struct str){ s.p + s.n, 0 };
		return false;
	}
	*head = (struct str){ s.p, (size_t)i };
	*rest = (struct str){ s.p + i + 1, s.n - (size_t)i - 1 };
	return true;
}

/* Optimal string alignment distance, three rows at a time. */
unsigned str_distance(struct str a, struct str b)
{
	unsigned row[3][65];
	if (a.n > 63 || b.n > 63)
		return 1000;
	for (size_t j = 0; j <= b.n; j++)
		row[1][j] = (unsigned)j;
	memset(row[0], 0, sizeof row[0]);
	for (size_t i = 1; i <= a.n; i++) {
		row[2][0] = (unsigned)i;
		for (size_t j = 1; j <= b.n; j++) {
			unsigned char x = lower(a.p[i - 1]), y = lower(b.p[j - 1]);
			unsigned d = row[1][j - 1] + (x != y);
			if (row[1][j] + 1 < d)
				d = row[1][j] + 1;
			if (row[2][j - 1] + 1 < d)
				d = row[2][j - 1] + 1;
			if (i > 1 && j > 1 && x == lower(b.p[j - 2]) && lower(a.p[i - 2]) == y &&
			    row[0][j - 2] + 1 < d)
				d = row[0][j - 2] + 1;
			row[2][j] = d;
		}
		memcpy(row[0], row[1], sizeof row[0]);
		memcpy(row[1], row[2], sizeof row[0]);
	}
	return row[1][b.n];
}

const char *str_nearest(struct str s, const char *const *names, size_t n)
{
	const char *best = NULL;
	if (s.n > 63)
		return NULL;
	unsigned best_d = 1 + (unsigned)(s.n / 3);
	for (size_t i = 0; i < n; i++) {
		unsigned d = str_distance(s, str_of(names[i]));
		if (d < best_d || (d == best_d && !best)) {
			best_d = d;
			best = names[i];
		}
	}
	return best;
}

void buf_grow_(struct buf *b, size_t more)
{
	size_t need, cap;
	if (__builtin_add_overflow(b->n, more, &need) || need > SIZE_MAX / 2)
		mst_out_of_memory();
	cap = b->cap ? b->cap * 2 : 64;
	if (cap < need)
		cap = need;
	b->p = pool_realloc(b->pool, b->p, b->cap, cap);
	b->cap = cap;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	buf_reserve(b, 64);
	va_start(ap, fmt);
	int n = vsnprintf(b->p + b->n, b->cap - b->n, fmt, ap);
	va_end(ap);
	if (n < 0)
		mst_out_of_memory();
	if ((size_t)n >= b->cap - b->n) {
		buf_reserve(b, (size_t)n + 1);
		va_start(ap, fmt);
		vsnprintf(b->p + b->n, b->cap - b->n, fmt, ap);
		va_end(ap);
	}
	b->n += (size_t)n;
}

char *buf_cstr(struct buf *b)
{
	buf_reserve(b, 1);
	b->p[b->n] = 0;
	return b->p;
}
