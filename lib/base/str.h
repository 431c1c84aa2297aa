/* Byte strings: a view (pointer and length) and a growing buffer.
 * A view owns nothing and need not end in NUL. */
#ifndef MST_BASE_STR_H
#define MST_BASE_STR_H

#include "base/pool.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
/* for printf: "%.*s", STR_FMT(s) */
#define STR_FMT(s) (int)(s).n, (s).p

static inline struct str str_of(const char *s)
{
	return (struct str){ s, s ? strlen(s) : 0 };
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_eqz(struct str a, const char *z)
{
	return str_eq(a, str_of(z));
}

static inline bool str_has_prefix(struct str a, struct str pre)
{
	return a.n >= pre.n && (pre.n == 0 || memcmp(a.p, pre.p, pre.n) == 0);
}

static inline bool str_has_suffix(struct str a, struct str suf)
{
	return a.n >= suf.n && (suf.n == 0 || memcmp(a.p + a.n - suf.n, suf.p, suf.n) == 0);
}

/* Order of the bytes, a prefix first: <0, 0, >0. */
int str_cmp(struct str a, struct str b);
/* ASCII letters fold; other bytes must be equal. */
bool str_ieq(struct str a, struct str b);
/* Without blanks, tabs, CR and LF at both ends. */
struct str str_trim(struct str);
struct str str_dup(struct pool *, struct str);
/* The same with a NUL behind it. */
char *str_z(struct pool *, struct str);
/* Index of the first c, or -1. */
ptrdiff_t str_find(struct str, char c);
/* Cuts at the first `sep`: *head gets what stands before it, *rest what stands
 * behind; false (and *head = all) where there is none. */
bool str_cut(struct str s, char sep, struct str *head, struct str *rest);

/* Levenshtein distance with transposition, for "did you mean". Bounded: strings
 * longer than 63 bytes are "far" (returns 1000). */
unsigned str_distance(struct str a, struct str b);
/* The nearest of `n` names, or NULL where none is near enough to be meant. */
const char *str_nearest(struct str s, const char *const *names, size_t n);

/* A growing byte buffer in a pool.  `p` is NULL until something is added. */
struct buf {
	struct pool *pool;
	char *p;
	size_t n, cap;
};

static inline void buf_init(struct buf *b, struct pool *pool)
{
	*b = (struct buf){ .pool = pool };
}

void buf_grow_(struct buf *, size_t more);

/* Room for `more` bytes behind b->n. */
static inline void buf_reserve(struct buf *b, size_t more)
{
	if (b->cap - b->n < more)
		buf_grow_(b, more);
}

static inline void buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	buf_reserve(b, n);
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

static inline void buf_char(struct buf *b, char c)
{
	buf_reserve(b, 1);
	b->p[b->n++] = c;
}

static inline void buf_str(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

static inline void buf_z(struct buf *b, const char *z)
{
	buf_add(b, z, strlen(z));
}

void buf_printf(struct buf *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Appends a NUL that does not count in n and returns the bytes. */
char *buf_cstr(struct buf *);
/* The bytes as a view, valid until the next change. */
static inline struct str buf_view(const struct buf *b)
{
	return (struct str){ b->p ? b->p : "", b->n };
}

static inline void buf_reset(struct buf *b)
{
	b->n = 0;
}

#endif
