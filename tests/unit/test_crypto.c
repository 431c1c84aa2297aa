/* Sealing and keys, held against published vectors; pools that are wiped. */
#include "base/crypto.h"
#include "pooled.h"

#include <string.h>
#include <sys/prctl.h>

/* hexadecimal digits to bytes */
static struct str bytes(const char *hex)
{
	size_t n = strlen(hex) / 2;
	char *p = pool_alloc(pool, n + 1);
	for (size_t i = 0; i < n; i++) {
		unsigned v;
		assert_int_equal(sscanf(hex + 2 * i, "%2x", &v), 1);
		p[i] = (char)v;
	}
	return (struct str){ p, n };
}

static const unsigned char *u(struct str s)
{
	return (const unsigned char *)s.p;
}

/* McGrew and Viega, "The Galois/Counter Mode of Operation (GCM)", appendix B, as NIST took it over:
 * test cases 13, 14, 15 and 16, those with keys of 256 bits and nonces of 96. */
static const struct {
	const char *key, *nonce, *plain, *bound, *sealed;
} gcm[] = {
	{ "0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "", "",
	  "530f8afbc74536b9a963b4f1c4cb738b" },
	{ "0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
	  "00000000000000000000000000000000", "", "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919" },
	{ "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255", "",
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
	  "b094dac5d93471bdec1a502270e3cc6c" },
	{ "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
	  "76fc6ece0f4e1768cddf8853bb2d551b" },
};

static void texts_are_sealed_and_opened_as_published(void **state)
{
	(void)state;
	struct mst_error err = { 0 };
	for (size_t i = 0; i < sizeof gcm / sizeof *gcm; i++) {
		struct str key = bytes(gcm[i].key), nonce = bytes(gcm[i].nonce), bound = bytes(gcm[i].bound);
		struct str plain = bytes(gcm[i].plain), want = bytes(gcm[i].sealed);
		unsigned char *out = pool_alloc(pool, plain.n + CRYPTO_TAG);
		assert_int_equal(crypto_seal(u(key), u(nonce), bound, plain, out, &err), 0);
		assert_int_equal(want.n, plain.n + CRYPTO_TAG);
		assert_memory_equal(out, want.p, want.n);
		unsigned char *back = pool_alloc(pool, plain.n + 1);
		assert_int_equal(crypto_open(u(key), u(nonce), bound, want, back, &err), 0);
		assert_memory_equal(back, plain.p, plain.n);
	}
}

/* One bit of any of key, nonce, bound text, sealed text and tag; and texts that are too short. */
static void whatever_was_changed_does_not_open(void **state)
{
	(void)state;
	struct mst_error err = { 0 };
	struct str part[4] = { bytes(gcm[3].key), bytes(gcm[3].nonce), bytes(gcm[3].bound), bytes(gcm[3].sealed) };
	unsigned char out[128];
	size_t tried = 0;
	for (size_t k = 0; k < 4; k++)
		for (size_t bit = 0; bit < part[k].n * 8; bit++) {
			char *p = pool_memdup(pool, part[k].p, part[k].n);
			p[bit / 8] = (char)(p[bit / 8] ^ (1 << bit % 8));
			struct str was = part[k];
			part[k].p = p;
			assert_int_equal(crypto_open(u(part[0]), u(part[1]), part[2], part[3], out, &err), MST_DENIED);
			assert_string_equal(err.msg, "the key does not open it, or it was changed");
			for (size_t i = 0; i < part[3].n - CRYPTO_TAG; i++)
				assert_int_equal(out[i], 0);
			part[k] = was;
			tried++;
		}
	assert_int_equal(tried, 8 * (32 + 12 + 20 + 60 + 16));
	for (size_t n = 0; n < part[3].n; n++) {
		struct str cut = { part[3].p, n };
		assert_int_equal(crypto_open(u(part[0]), u(part[1]), part[2], cut, out, &err), MST_DENIED);
	}
	struct str longer = { part[2].p, part[2].n - 1 };
	assert_int_equal(crypto_open(u(part[0]), u(part[1]), longer, part[3], out, &err), MST_DENIED);
	assert_int_equal(crypto_open(u(part[0]), u(part[1]), part[2], part[3], out, &err), 0);
}

/* RFC 7914, section 12; the last one of these takes 16 MiB. */
static void keys_are_made_as_the_rfc_says(void **state)
{
	(void)state;
	static const struct {
		const char *pass, *salt;
		unsigned cost, block, parallel;
		const char *key;
	} v[] = {
		{ "", "", 16, 1, 1,
		  "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
		  "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906" },
		{ "password", "NaCl", 1024, 8, 16,
		  "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
		  "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640" },
		{ "pleaseletmein", "SodiumChloride", 16384, 8, 1,
		  "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
		  "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887" },
	};
	struct mst_error err = { 0 };
	unsigned char out[64];
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		assert_int_equal(crypto_scrypt(str_of(v[i].pass), str_of(v[i].salt), v[i].cost, v[i].block, v[i].parallel, out,
					       sizeof out, &err),
				 0);
		assert_memory_equal(out, bytes(v[i].key).p, sizeof out);
	}
}

static void a_key_that_would_take_the_machine_is_refused(void **state)
{
	(void)state;
	static const uint64_t v[][3] = { { 0, 8, 1 },	  { 1, 8, 1 },		 { 24, 8, 1 },	{ 16, 0, 1 },	   { 16, 65, 1 },
					 { 16, 8, 0 },	  { 16, 8, 17 },	 { 1 << 19, 8, 1 }, { 1 << 16, 64, 1 },
					 { (uint64_t)1 << 63, 8, 1 }, { 16, UINT64_MAX, 1 } };
	struct mst_error err = { 0 };
	unsigned char out[32];
	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		assert_int_equal(crypto_scrypt(STR("x"), STR("y"), v[i][0], v[i][1], v[i][2], out, sizeof out, &err), MST_LIMIT);
	assert_string_equal(err.msg, "scrypt with N=16, r=18446744073709551615, p=1");
}

static void random_bytes_are_not_the_same_twice(void **state)
{
	(void)state;
	struct mst_error err = { 0 };
	unsigned char a[32] = { 0 }, b[32] = { 0 };
	assert_int_equal(crypto_random(a, sizeof a, &err), 0);
	assert_int_equal(crypto_random(b, sizeof b, &err), 0);
	assert_memory_not_equal(a, b, sizeof a);
	assert_true(crypto_equal(a, a, sizeof a));
	assert_false(crypto_equal(a, b, sizeof a));
}

static void a_wiped_pool_leaves_nothing_behind(void **state)
{
	(void)state;
	struct pool *p = pool_new_wiped(NULL);
	struct secret s = secret_new(p, "correct horse", 13);
	assert_string_equal(s.bytes, "correct horse");
	assert_int_equal(secret_reveal(s).n, 13);
	pool_clear(p);
#ifndef __SANITIZE_ADDRESS__
	/* it keeps its block, so that one may look; under ASan it has none */
	for (size_t i = 0; i < 13; i++)
		assert_int_equal(s.bytes[i], 0);
#endif
	/* a large piece that grows leaves its old place, which must be empty then */
	char *big = pool_alloc(p, 100000);
	memset(big, 'x', 100000);
	big = pool_realloc(p, big, 100000, 300000);
	for (size_t i = 0; i < 100000; i++)
		assert_int_equal(big[i], 'x');
	assert_int_equal(pool_bytes(p), 300000);
	pool_free(p);
}

static void a_guarded_process_leaves_no_core(void **state)
{
	(void)state;
	secret_guard();
	assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
	/* the sanitizers look into their own process at its end */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(texts_are_sealed_and_opened_as_published, setup, teardown),
		cmocka_unit_test_setup_teardown(whatever_was_changed_does_not_open, setup, teardown),
		cmocka_unit_test_setup_teardown(keys_are_made_as_the_rfc_says, setup, teardown),
		cmocka_unit_test_setup_teardown(a_key_that_would_take_the_machine_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(random_bytes_are_not_the_same_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(a_wiped_pool_leaves_nothing_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(a_guarded_process_leaves_no_core, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
