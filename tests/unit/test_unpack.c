#include "base/recode.h"
#include "base/unpack.h"
#include "net/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>
/* cmocka wants some of the above */
#include <cmocka.h>

static struct pool *pool;

static struct str gzip(const void *p, size_t n)
{
	z_stream z = { 0 };
	size_t room = n + n / 1000 + 100;
	char *out = pool_alloc(pool, room);
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)p;
	z.avail_in = (uInt)n;
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return (struct str){ out, z.total_out };
}

static struct str zstd(const void *p, size_t n)
{
	size_t room = ZSTD_compressBound(n);
	char *out = pool_alloc(pool, room);
	return (struct str){ out, ZSTD_compress(out, room, p, n, 3) };
}

static struct str join(struct str a, struct str b)
{
	struct buf out;
	buf_init(&out, pool);
	buf_str(&out, a);
	buf_str(&out, b);
	return buf_view(&out);
}

/* What comes out, fed in pieces and taken in pieces; "! why" behind it where it fails. */
static struct str unpacked(struct str in, size_t piece, size_t room)
{
	struct pool *own = pool_new(pool);
	struct unpack *u = unpack_new(own);
	struct mst_error err;
	struct buf out;
	char *to = pool_alloc(own, room);
	buf_init(&out, pool);
	for (size_t at = 0;; at += piece) {
		size_t n = at >= in.n ? 0 : in.n - at < piece ? in.n - at : piece, got;
		unpack_feed(u, in.p + at, n);
		int rc;
		while ((rc = unpack_next(u, to, room, &got, &err)) == 0 && got)
			buf_add(&out, to, got);
		if (rc)
			buf_printf(&out, "! %s", err.msg);
		if (rc || n == 0)
			break;
	}
	pool_free(own);
	return buf_view(&out);
}

static void expect(struct str in, struct str want)
{
	static const size_t sizes[] = { 1, 2, 3, 5, 64, 4096, 1 << 20 };
	for (size_t i = 0; i < 7; i++)
		for (size_t k = 0; k < 7; k++) {
			struct str got = unpacked(in, sizes[i], sizes[k]);
			assert_int_equal(got.n, want.n);
			assert_memory_equal(got.p, want.p, want.n);
		}
}

static void what_is_not_packed_passes(void **s)
{
	(void)s;
	expect(STR(""), STR(""));
	expect(STR("a"), STR("a"));
	expect(STR("a,b\n1,2\n"), STR("a,b\n1,2\n"));
	expect(STR("\x1f"), STR("\x1f"));
	expect(STR("\x28\xb5\x2f"), STR("\x28\xb5\x2f"));
}

static void gzip_and_zstd_are_told_by_their_bytes(void **s)
{
	(void)s;
	struct str a = STR("a,b\n1,2\n"), b = STR("3,4\n"), none = STR("");
	expect(gzip(a.p, a.n), a);
	expect(zstd(a.p, a.n), a);
	expect(gzip(none.p, 0), none);
	expect(zstd(none.p, 0), none);
	/* members and frames one behind the other */
	expect(join(gzip(a.p, a.n), gzip(b.p, b.n)), join(a, b));
	expect(join(zstd(a.p, a.n), zstd(b.p, b.n)), join(a, b));
	expect(join(join(gzip(a.p, a.n), gzip("", 0)), gzip(b.p, b.n)), join(a, b));
	/* a frame to be passed over, as pzstd writes; padding, as tapes have it */
	expect(join(STR("\x50\x2a\x4d\x18\4\0\0\0abcd"), zstd(a.p, a.n)), a);
	expect(join(gzip(a.p, a.n), STR("\0\0\0\0\0")), a);
}

static void a_cut_anywhere_is_an_error(void **s)
{
	(void)s;
	char text[3000];
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)('a' + i * i % 23);
	struct str g = gzip(text, sizeof text), z = zstd(text, sizeof text);
	for (size_t n = 2; n < g.n; n++) {
		struct str got = unpacked((struct str){ g.p, n }, 100, 100);
		assert_true(str_has_suffix(got, STR("! the gzip data ends in its middle")));
	}
	for (size_t n = 4; n < z.n; n++) {
		struct str got = unpacked((struct str){ z.p, n }, 100, 100);
		assert_true(str_has_suffix(got, STR("! the zstd data ends in its middle")));
	}
	/* in the second of two */
	struct str two = join(g, g);
	assert_true(str_has_suffix(unpacked((struct str){ two.p, two.n - 1 }, 64, 64), STR("ends in its middle")));
	assert_true(str_has_suffix(unpacked((struct str){ two.p, g.n + 1 }, 64, 64), STR("ends in its middle")));
}

static void what_is_broken_is_an_error(void **s)
{
	(void)s;
	struct str a = STR("a,b\n1,2\n"), g = gzip(a.p, a.n), z = zstd(a.p, a.n);
	char *bad = pool_memdup(pool, g.p, g.n);
	bad[g.n - 6] ^= 1;
	assert_true(str_has_suffix(unpacked((struct str){ bad, g.n }, 9, 9), STR("! the gzip data is broken: incorrect data check")));
	expect(join(g, STR("garbage")), join(a, STR("! something else stands behind the gzip data")));
	expect(join(g, STR("\0\0x")), join(a, STR("! something else stands behind the gzip data")));
	expect(join(z, STR("garbage")), join(a, STR("! the zstd data is broken: Unknown frame descriptor")));
	expect(STR("\x1f\x8b\x07zzzz"), STR("! the gzip data is broken: unknown compression method"));
	/* a window of 2 GiB */
	expect(STR("\x28\xb5\x2f\xfd\0\xa8\1\0\0"), STR("! the zstd data asks for too much: Frame requires too much memory for decoding"));
}

static void a_bomb_takes_no_memory(void **s)
{
	(void)s;
	size_t n = 64 << 20, total = 0, got;
	char *zeros = pool_zalloc(pool, n), *to = pool_alloc(pool, 65536);
	struct str in[] = { gzip(zeros, n), zstd(zeros, n) };
	for (int i = 0; i < 2; i++) {
		struct pool *own = pool_new(NULL);
		struct unpack *u = unpack_new(own);
		struct mst_error err;
		assert_true(in[i].n < 100000);
		unpack_feed(u, in[i].p, in[i].n);
		for (total = 0; !unpack_next(u, to, 65536, &got, &err) && got; total += got)
			assert_true(got <= 65536);
		assert_int_equal(total, n);
		assert_true(pool_bytes(own) < 4096);
		pool_free(own);
	}
}

/* --- encodings -------------------------------------------------------------------- */

static void expect_recoded(enum recode_from from, struct str in, const char *want)
{
	for (size_t piece = 1; piece <= in.n + 1; piece++) {
		struct recode r;
		struct mst_error err;
		struct buf out;
		buf_init(&out, pool);
		recode_init(&r, from);
		int rc = 0;
		for (size_t at = 0; !rc; at += piece) {
			size_t n = at >= in.n ? 0 : in.n - at < piece ? in.n - at : piece;
			rc = recode_add(&r, in.p + at, n, &out, &err);
			if (n == 0)
				break;
		}
		if (rc)
			buf_printf(&out, "! %u: %s", err.line, err.msg);
		assert_string_equal(buf_cstr(&out), want);
	}
}

static void other_encodings_become_utf8(void **s)
{
	(void)s;
	expect_recoded(RECODE_UTF8, STR("a\xff"), "a\xff");
	expect_recoded(RECODE_LATIN1, STR("caf\xe9\n\x80"), "café\n\xc2\x80");
	expect_recoded(RECODE_CP1252, STR("\x80\x99\xe9"), "€™é");
	expect_recoded(RECODE_CP1252, STR("a\n\x81"), "a\n! 2: a byte that is no character of windows-1252");
	expect_recoded(RECODE_UTF16, STR("\xff\xfe" "a\0\xac\x20\n\0"), "a€\n");
	expect_recoded(RECODE_UTF16, STR("\xfe\xff\0a\x20\xac"), "a€");
	expect_recoded(RECODE_UTF16, STR("a\0,\0"), "a,");
	expect_recoded(RECODE_UTF16, STR("\x3d\xd8\x00\xde"), "😀");
	expect_recoded(RECODE_UTF16, STR("\n\0\x3d\xd8" "a\0"), "\n! 2: half a surrogate pair of UTF-16");
	expect_recoded(RECODE_UTF16, STR("\x00\xde"), "! 1: half a surrogate pair of UTF-16");
	expect_recoded(RECODE_UTF16, STR("a\0b"), "a! 1: the UTF-16 text ends within a character");
	assert_int_equal(recode_of(STR("latin1")), RECODE_LATIN1);
	assert_int_equal(recode_of(STR("utf-7")), -1);
}

/* --- addresses --------------------------------------------------------------------- */

static const char *url_says(const char *url)
{
	struct mst_error err;
	return url_check(str_of(url), &err) ? pool_strdup(pool, err.msg) : "fine";
}

static void addresses_are_http_and_have_a_host(void **s)
{
	(void)s;
	assert_string_equal(url_says("http://example.org"), "fine");
	assert_string_equal(url_says("HTTPS://me:pw@[::1]:8080/a/{b}[c]?x=1#y"), "fine");
	assert_string_equal(url_says("ftp://example.org/x"), "no address that begins with http:// or https://");
	assert_string_equal(url_says("file:///etc/passwd"), "no address that begins with http:// or https://");
	assert_string_equal(url_says("http:///x"), "no host");
	assert_string_equal(url_says("http://me@/x"), "no host");
	assert_string_equal(url_says("http://:80/"), "no host");
	assert_string_equal(url_says("http://a/b c"), "a blank or a control character (write %20 for a blank)");
	assert_string_equal(url_says("http://a/\n"), "a blank or a control character (write %20 for a blank)");
	char *big = pool_alloc(pool, URL_MAX + 100);
	memset(big, 'a', URL_MAX + 99);
	big[URL_MAX + 99] = 0;
	memcpy(big, "http://", 7);
	assert_string_equal(url_says(big), "longer than 4000 bytes");
}

static void secrets_of_an_address_are_not_shown(void **s)
{
	(void)s;
	assert_string_equal(url_masked(pool, STR("http://example.org/a")), "http://example.org/a");
	assert_string_equal(url_masked(pool, STR("https://me:p@w@h:1/a?token=x#y")), "https://***@h:1/a?***");
	assert_string_equal(url_masked(pool, STR("https://h?token=x")), "https://h?***");
	assert_string_equal(url_masked(pool, STR("https://h/a#token?x")), "https://h/a");
	assert_string_equal(url_masked(pool, STR("http://h/a@b")), "http://h/a@b");
}

static int setup(void **s)
{
	(void)s;
	pool = pool_new(NULL);
	return 0;
}

static int teardown(void **s)
{
	(void)s;
	pool_free(pool);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_packed_passes),
		cmocka_unit_test(gzip_and_zstd_are_told_by_their_bytes),
		cmocka_unit_test(a_cut_anywhere_is_an_error),
		cmocka_unit_test(what_is_broken_is_an_error),
		cmocka_unit_test(a_bomb_takes_no_memory),
		cmocka_unit_test(other_encodings_become_utf8),
		cmocka_unit_test(addresses_are_http_and_have_a_host),
		cmocka_unit_test(secrets_of_an_address_are_not_shown),
	};
	return cmocka_run_group_tests_name("unpack", tests, setup, teardown);
}
