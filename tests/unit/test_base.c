/* The foundation: pools, strings, buffers, vectors, maps, sorting, errors, UTF-8, hashes. */
#include "base/error.h"
#include "base/map.h"
#include "base/pool.h"
#include "base/sha256.h"
#include "base/str.h"
#include "base/strsort.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "pooled.h"

#include <errno.h>

static uint32_t below(uint32_t n)
{
	static uint64_t seed = 7;
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 33) % n);
}

static void pieces_of_a_pool_are_apart_and_aligned(void **state)
{
	(void)state;
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 4000, 8191, 8192, 300000 };
	enum { N = sizeof sizes / sizeof *sizes };
	unsigned char *p[N];
	for (unsigned i = 0; i < N; i++) {
		p[i] = pool_alloc(pool, sizes[i]);
		assert_int_equal((uintptr_t)p[i] % 16, 0);
		memset(p[i], (int)i + 1, sizes[i]);
	}
	for (unsigned i = 0; i < N; i++)
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(p[i][k], i + 1);
	unsigned char *z = pool_zalloc(pool, 10000);
	for (unsigned i = 0; i < 10000; i++)
		assert_int_equal(z[i], 0);
}

static void growing_keeps_what_was_there(void **state)
{
	(void)state;
	static const size_t steps[] = { 10, 12, 3000, 8191, 8192, 100000, 5, 200000, 9000000, 100 };
	size_t old = 0;
	unsigned char *p = NULL;
	for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++) {
		p = pool_realloc(pool, p, old, steps[i]);
		for (size_t k = 0; k < 5 && k < old; k++)
			assert_int_equal(p[k], 'a' + k);
		for (size_t k = 0; k < 5; k++)
			p[k] = (unsigned char)('a' + k);
		p[steps[i] - 1] = steps[i] > 5 ? 0 : p[steps[i] - 1];
		pool_alloc(pool, 1);
		old = steps[i];
	}
}

static void large_pieces_can_be_given_back(void **state)
{
	(void)state;
	size_t before = pool_bytes(pool);
	void *a = pool_alloc(pool, 100000), *b = pool_alloc(pool, 100000), *c = pool_alloc(pool, 100000);
	pool_give_back(pool, b, 100000);
	pool_give_back(pool, c, 100000);
	pool_give_back(pool, a, 100000);
	assert_int_equal(pool_bytes(pool), before);
	pool_give_back(pool, NULL, 0);
}

struct note {
	struct buf *log;
	char c;
};

static void take_note(void *arg)
{
	struct note *n = arg;
	buf_char(n->log, n->c);
}

static void releases_run_children_first_and_backwards(void **state)
{
	(void)state;
	struct buf log;
	struct note n[4] = { { &log, 'a' }, { &log, 'b' }, { &log, 'c' }, { &log, 'd' } };
	buf_init(&log, pool);
	struct pool *outer = pool_new(NULL), *inner = pool_new(outer), *other = pool_new(outer);
	pool_on_free(outer, take_note, &n[0]);
	pool_on_free(outer, take_note, &n[1]);
	pool_on_free(inner, take_note, &n[2]);
	pool_on_free(other, take_note, &n[3]);
	pool_free(inner);
	assert_string_equal(buf_cstr(&log), "c");
	pool_clear(outer);
	assert_string_equal(buf_cstr(&log), "cdba");
	pool_on_free(outer, take_note, &n[2]);
	pool_free(outer);
	assert_string_equal(buf_cstr(&log), "cdbac");
	pool_free(NULL);
}

static void a_cleared_pool_starts_anew(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		pool_alloc(pool, 1000);
	pool_clear(pool);
	assert_int_equal(pool_bytes(pool), 0);
	assert_string_equal(pool_printf(pool, "%s-%d", "x", 7), "x-7");
	assert_string_equal(pool_memdup(pool, "abc", 2), "ab");
	assert_string_equal(pool_strdup(pool, ""), "");
}

static void strings_compare_by_bytes(void **state)
{
	(void)state;
	assert_true(str_cmp(STR("a"), STR("b")) < 0);
	assert_true(str_cmp(STR("a"), STR("ab")) < 0);
	assert_true(str_cmp(STR("\xff"), STR("a")) > 0);
	assert_int_equal(str_cmp((struct str){ NULL, 0 }, STR("")), 0);
	assert_true(str_eq((struct str){ NULL, 0 }, STR("")));
	assert_true(str_ieq(STR("AbC\xc3\x84"), STR("aBc\xc3\x84")));
	assert_false(str_ieq(STR("[a"), STR("{a")));
	assert_true(str_has_prefix(STR("ab"), STR("")) && str_has_prefix(STR("ab"), STR("ab")));
	assert_false(str_has_prefix(STR("a"), STR("ab")));
	assert_true(str_has_suffix(STR("ab"), STR("b")) && !str_has_suffix(STR("b"), STR("ab")));
	assert_int_equal(str_of(NULL).n, 0);
}

static void strings_are_cut_and_trimmed(void **state)
{
	(void)state;
	struct str head, rest;
	assert_true(str_cut(STR("a,b,c"), ',', &head, &rest));
	assert_true(str_eqz(head, "a") && str_eqz(rest, "b,c"));
	assert_false(str_cut(STR("abc"), ',', &head, &rest));
	assert_true(str_eqz(head, "abc") && rest.n == 0);
	assert_true(str_cut(STR(","), ',', &head, &rest) && head.n == 0 && rest.n == 0);
	assert_true(str_eqz(str_trim(STR(" \t\r\na b\n")), "a b"));
	assert_int_equal(str_trim(STR(" \n")).n, 0);
	assert_int_equal(str_find(STR("abc"), 'c'), 2);
	assert_int_equal(str_find((struct str){ NULL, 0 }, 'c'), -1);
	assert_string_equal(str_z(pool, STR("x")), "x");
}

static void nearness_counts_edits(void **state)
{
	(void)state;
	assert_int_equal(str_distance(STR("kitten"), STR("sitting")), 3);
	assert_int_equal(str_distance(STR("ab"), STR("ba")), 1);
	assert_int_equal(str_distance(STR(""), STR("abc")), 3);
	assert_int_equal(str_distance(STR("ABC"), STR("abc")), 0);
	static char longer[100];
	memset(longer, 'a', 99);
	assert_int_equal(str_distance(str_of(longer), str_of(longer)), 1000);
	static const char *const names[] = { "summary", "view", "import" };
	assert_string_equal(str_nearest(STR("sumary"), names, 3), "summary");
	assert_string_equal(str_nearest(STR("imprt"), names, 3), "import");
	assert_null(str_nearest(STR("nothing"), names, 3));
	assert_null(str_nearest(STR("x"), names, 0));
}

static void buffers_grow_over_what_they_hold(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, pool);
	assert_string_equal(buf_cstr(&b), "");
	buf_add(&b, NULL, 0);
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%d,", i);
	assert_int_equal(b.n, 3890);
	assert_memory_equal(b.p + b.n - 8, "998,999,", 8);
	buf_reset(&b);
	buf_printf(&b, "%0300d", 1);
	assert_int_equal(b.n, 300);
	buf_reset(&b);
	assert_int_equal(buf_view(&b).n, 0);
}

static void vectors_hold_what_is_pushed(void **state)
{
	(void)state;
	VEC(uint64_t) v = { 0 };
	for (uint64_t i = 0; i < 100000; i++)
		*vec_push(pool, &v) = i * i;
	assert_int_equal(v.n, 100000);
	for (uint64_t i = 0; i < v.n; i++)
		assert_true(v.v[i] == i * i);
}

static void maps_find_what_was_put(void **state)
{
	(void)state;
	struct map m;
	bool is_new;
	map_init(&m, pool, 0);
	assert_null(map_get(&m, STR("a")));
	for (int i = 0; i < 50000; i++) {
		char *key = pool_printf(pool, "%d", i % 25000);
		struct str s = str_of(key);
		uint64_t *v = i % 3 ? map_put(&m, s, &is_new) : map_put_hashed(&m, s, map_hash(&m, s), &is_new);
		assert_int_equal(is_new, i < 25000);
		*v += (uint64_t)i;
	}
	assert_int_equal(m.n, 25000);
	for (int i = 0; i < 25000; i++) {
		const uint64_t *v = map_get(&m, str_of(pool_printf(pool, "%d", i)));
		assert_non_null(v);
		assert_int_equal(*v, 2 * i + 25000);
	}
	assert_null(map_get(&m, STR("25000")));
	*map_put(&m, (struct str){ NULL, 0 }, &is_new) = 9;
	assert_true(is_new);
	assert_int_equal(*map_get(&m, STR("")), 9);
	*map_put(&m, (struct str){ "a\0b", 3 }, NULL) = 1;
	assert_null(map_get(&m, (struct str){ "a\0c", 3 }));
	struct map sized;
	map_init(&sized, pool, 1000);
	const struct map_entry *slots = sized.slot;
	for (int i = 0; i < 1000; i++)
		map_put(&sized, str_of(pool_printf(pool, "%d", i)), NULL);
	assert_ptr_equal(sized.slot, slots);
}

static void hashes_depend_on_seed_and_every_byte(void **state)
{
	(void)state;
	static const char text[] = "0123456789abcdef0123";
	for (size_t n = 0; n < sizeof text; n++) {
		uint64_t h = hash_bytes(1, text, n);
		assert_true(h == hash_bytes(1, text, n));
		assert_true(h != hash_bytes(2, text, n));
		for (size_t i = 0; i < n; i++) {
			char copy[sizeof text];
			memcpy(copy, text, n);
			copy[i] ^= 1;
			assert_true(h != hash_bytes(1, copy, n));
		}
	}
	assert_true(hash_bytes(1, "\0", 1) != hash_bytes(1, "\0\0", 2));
	assert_true(hash_seed() == hash_seed());
}

static const struct str *sorted;

static int slow_order(const void *pa, const void *pb)
{
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
	int c = str_cmp(sorted[a], sorted[b]);
	return c ? c : a < b ? -1 : a > b;
}

static void sorting_agrees_with_plain_sorting(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		size_t n = below(400);
		struct str *v = pool_array(pool, n, sizeof *v);
		uint32_t *expect = pool_array(pool, n, sizeof *expect);
		unsigned letters = 1 + below(3), most = 1 + below(40);
		for (size_t i = 0; i < n; i++) {
			v[i].n = below(most);
			char *p = pool_alloc(pool, v[i].n);
			for (size_t k = 0; k < v[i].n; k++)
				p[k] = (char)(below(letters + 1) * 127);
			v[i].p = p;
			expect[i] = (uint32_t)i;
		}
		sorted = v;
		if (n)
			qsort(expect, n, sizeof *expect, slow_order);
		uint32_t *got = str_sort_order(pool, v, n);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(got[i], expect[i]);
	}
}

static void sorting_is_not_quadratic(void **state)
{
	(void)state;
	/* equal ones, ever longer ones, and long ones that differ at their ends */
	size_t n = 60000;
	struct str *v = pool_array(pool, n, sizeof *v);
	char *text = pool_alloc(pool, 1000000);
	memset(text, 'a', 1000000);
	for (size_t i = 0; i < n; i++)
		v[i] = (struct str){ text, i < 50000 ? 20 : i < 59990 ? i % 5000 : 990000 + i % 10 };
	uint32_t *order = str_sort_order(pool, v, n);
	for (size_t i = 1; i < n; i++) {
		struct str a = v[order[i - 1]], b = v[order[i]];
		assert_true(a.n < b.n || (a.n == b.n && order[i - 1] < order[i]));
	}
}

static void errors_say_what_and_where(void **state)
{
	(void)state;
	struct mst_error err;
	assert_int_equal(mst_fail(&err, MST_DATA, "bad %s\n\x1b[1m", "thing"), MST_DATA);
	assert_string_equal(err.msg, "bad thing ?[1m");
	assert_int_equal(mst_place(&err, "a\nb", 3, 4), MST_DATA);
	assert_string_equal(err.file, "a b");
	assert_int_equal(mst_hint(&err, "try %d", 1), MST_DATA);
	assert_string_equal(err.hint, "try 1");
	assert_int_equal(mst_wrap(&err, "while %s", "testing"), MST_DATA);
	assert_string_equal(err.msg, "while testing: bad thing ?[1m");
	assert_int_equal(err.line, 3);
	assert_int_equal(mst_fail(&err, MST_IO, "again: %s", err.msg), MST_IO);
	assert_string_equal(err.msg, "again: while testing: bad thing ?[1m");
	assert_string_equal(err.hint, "");
	assert_int_equal(err.line, 0);
	mst_fail(&err, MST_DATA, "%s", "na\xc3\xafve \xc2\x9b" "1m \x9b \xc3 \x7f");
	assert_string_equal(err.msg, "na\xc3\xafve ??1m ? ? ?");
}

static void errors_of_the_system_keep_their_meaning(void **state)
{
	(void)state;
	struct mst_error err;
	errno = ENOENT;
	assert_int_equal(mst_fail_errno(&err, 0, "x"), MST_NOT_FOUND);
	assert_string_equal(err.msg, "x: No such file or directory");
	errno = EACCES;
	assert_int_equal(mst_fail_errno(&err, 0, "x"), MST_DENIED);
	errno = ENOSPC;
	assert_int_equal(mst_fail_errno(&err, 0, "x"), MST_IO);
	assert_int_equal(mst_fail_errno(&err, MST_UNAVAILABLE, "x"), MST_UNAVAILABLE);
}

static void long_messages_are_cut_not_overrun(void **state)
{
	(void)state;
	struct mst_error err;
	char *text = pool_alloc(pool, 5001);
	memset(text, 'x', 5000);
	text[5000] = 0;
	mst_fail(&err, MST_DATA, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof err.msg - 1);
	mst_wrap(&err, "%s", text);
	mst_place(&err, text, 1, 1);
	mst_hint(&err, "%s", text);
	errno = EIO;
	mst_fail_errno(&err, 0, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof err.msg - 1);
}

static void every_code_has_a_name_and_a_status(void **state)
{
	(void)state;
	static const int status[] = { 0, 2, 3, 1, 1, 6, 4, 5, 130, 5, 3, 7, 7, 1 };
	for (int code = 0; code >= MST_CODE_LAST; code--) {
		assert_non_null(mst_code_name(code));
		assert_int_equal(mst_code_exit(code), status[-code]);
	}
	assert_string_equal(mst_code_name(MST_NOT_FOUND), "not found");
	assert_string_equal(mst_code_name(1), "bug");
	assert_string_equal(mst_code_name(-100), "bug");
	assert_int_equal(mst_code_exit(5), 7);
}

static void utf8_takes_what_the_rfc_takes(void **state)
{
	(void)state;
	/* each code point, made by hand, and each pair of first bytes */
	uint32_t good = 0;
	for (uint32_t c = 0; c < 0x110800; c += c < 0x3000 ? 1 : 17) {
		unsigned n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		char s[4] = { (char)c };
		if (n > 1)
			s[0] = (char)((n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0) | c >> (6 * (n - 1)));
		for (unsigned i = 1; i < n; i++)
			s[i] = (char)(0x80 | (c >> (6 * (n - 1 - i)) & 63));
		bool ok = !(c >= 0xd800 && c < 0xe000) && c < 0x110000;
		assert_int_equal(utf8_seq(s, n), ok ? n : 0);
		for (unsigned cut = 1; cut < n; cut++)
			assert_int_equal(utf8_seq(s, cut), 0);
		if (ok) {
			struct buf b;
			buf_init(&b, pool);
			utf8_put(&b, c);
			assert_int_equal(b.n, n);
			assert_memory_equal(b.p, s, n);
			good++;
		}
		pool_clear(pool);
	}
	assert_true(good > 60000);
	assert_int_equal(utf8_seq("\xc1\xbf", 2), 0);
	assert_int_equal(utf8_seq("\xe0\x9f\xbf", 3), 0);
	assert_int_equal(utf8_seq("\xf0\x8f\xbf\xbf", 4), 0);
	assert_int_equal(utf8_seq("\x80", 1), 0);
	assert_int_equal(utf8_seq("\xf8\x88\x80\x80", 4), 0);
}

static void bad_utf8_is_found_and_good_is_written(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, pool);
	assert_int_equal(utf8_valid(STR("0123456789 \xc3\xa9 0123456789")), 24);
	assert_int_equal(utf8_valid(STR("0123456789\xff")), 10);
	assert_int_equal(utf8_valid(STR("01234567\xc3")), 8);
	assert_int_equal(utf8_valid(STR("")), 0);
	const uint32_t codes[] = { 'a', 0xe9, 0xfffd, 0x1f600 };
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		utf8_put(&b, codes[i]);
	assert_string_equal(buf_cstr(&b), "a\xc3\xa9\xef\xbf\xbd\xf0\x9f\x98\x80");
	assert_int_equal(utf8_valid(buf_view(&b)), b.n);
}

static void sha256_gives_the_published_digests(void **state)
{
	(void)state;
	char hex[SHA256_HEX], again[SHA256_HEX];
	assert_string_equal(sha256_hex(hex, STR("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_string_equal(sha256_hex(hex, STR("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	struct sha256 *s = sha256_new(pool);
	sha256_add(s, STR("a"));
	sha256_add(s, STR(""));
	sha256_add(s, STR("bc"));
	assert_string_equal(sha256_end(s, again), hex);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(pieces_of_a_pool_are_apart_and_aligned), T(growing_keeps_what_was_there),
		T(large_pieces_can_be_given_back), T(releases_run_children_first_and_backwards),
		T(a_cleared_pool_starts_anew), T(strings_compare_by_bytes), T(strings_are_cut_and_trimmed),
		T(nearness_counts_edits), T(buffers_grow_over_what_they_hold), T(vectors_hold_what_is_pushed),
		T(maps_find_what_was_put), T(hashes_depend_on_seed_and_every_byte), T(sorting_agrees_with_plain_sorting),
		T(sorting_is_not_quadratic), T(errors_say_what_and_where), T(errors_of_the_system_keep_their_meaning),
		T(long_messages_are_cut_not_overrun), T(every_code_has_a_name_and_a_status),
		T(utf8_takes_what_the_rfc_takes), T(bad_utf8_is_found_and_good_is_written), T(sha256_gives_the_published_digests),
#undef T
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
