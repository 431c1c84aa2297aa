/* Unpacking and recoding: whatever the pieces, the same text and the same error; recoded text is UTF-8. */
#include "base/recode.h"
#include "base/unpack.h"
#include "base/utf8.h"
#include "net/url.h"

#include <stdlib.h>

#define OUT_MAX ((size_t)1 << 22) /* a bomb is looked at so far */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void unpack_all(struct pool *pool, const char *p, size_t n, size_t piece, size_t room, struct buf *out)
{
	struct pool *own = pool_new(pool);
	struct unpack *u = unpack_new(own);
	struct mst_error err;
	char *to = pool_alloc(own, room);
	int rc = 0;
	for (size_t at = 0; !rc && out->n < OUT_MAX; at += piece) {
		size_t k = at >= n ? 0 : n - at < piece ? n - at : piece, got;
		unpack_feed(u, p + at, k);
		while (out->n < OUT_MAX && (rc = unpack_next(u, to, room, &got, &err)) == 0 && got) {
			check(got <= room);
			buf_add(out, to, got);
		}
		if (k == 0)
			break;
	}
	if (out->n >= OUT_MAX)
		out->n = 0;
	/* how much comes before what is broken, and what zstd calls it, depends on the pieces */
	if (rc) {
		check(rc == MST_DATA || rc == MST_LIMIT);
		buf_reset(out);
		buf_z(out, "!");
	}
	pool_free(own);
}

static void recode_all(const char *p, size_t n, size_t piece, enum recode_from from, struct buf *out)
{
	struct recode r;
	struct mst_error err;
	recode_init(&r, from);
	for (size_t at = 0;; at += piece) {
		size_t k = at >= n ? 0 : n - at < piece ? n - at : piece;
		int rc = recode_add(&r, p + at, k, out, &err);
		check(from == RECODE_UTF8 || utf8_valid(buf_view(out)) == out->n);
		if (rc)
			buf_printf(out, "! %u %s", err.line, err.msg);
		if (rc || k == 0)
			return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 1)
		return 0;
	POOL_SCRATCH(pool);
	const char *p = (const char *)data + 1;
	size_t piece = (size_t)(data[0] & 63) + 1;
	struct buf a, b;
	struct mst_error err;
	buf_init(&a, pool);
	buf_init(&b, pool);
	unpack_all(pool, p, n - 1, n, 65536, &a);
	unpack_all(pool, p, n - 1, piece, piece, &b);
	check(str_eq(buf_view(&a), buf_view(&b)));
	a.n = b.n = 0;
	enum recode_from from = (enum recode_from)(data[0] >> 6);
	recode_all(p, n - 1, n, from, &a);
	recode_all(p, n - 1, piece, from, &b);
	check(str_eq(buf_view(&a), buf_view(&b)));
	struct str url = { p, n - 1 };
	const char *shown = url_masked(pool, url);
	check(url_check(url, &err) != 0 || !strchr(shown, ' '));
	return 0;
}
