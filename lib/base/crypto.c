#include "base/crypto.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/random.h>

int crypto_random(void *out, size_t n, struct mst_error *err)
{
	for (size_t got = 0; got < n;) {
		ssize_t r = getrandom((char *)out + got, n - got, 0);
		if (r < 0)
			return mst_fail_errno(err, MST_IO, "getrandom");
		got += (size_t)r;
	}
	return 0;
}

int crypto_scrypt(struct str passphrase, struct str salt, uint64_t cost, uint64_t block, uint64_t parallel,
		  unsigned char *out, size_t n, struct mst_error *err)
{
	if (cost < 2 || (cost & (cost - 1)) || block < 1 || block > 64 || parallel < 1 || parallel > 16 ||
	    cost > CRYPTO_SCRYPT_MEMORY / (128 * block))
		return mst_fail(err, MST_LIMIT, "scrypt with N=%llu, r=%llu, p=%llu", (unsigned long long)cost,
				(unsigned long long)block, (unsigned long long)parallel);
	/* it counts its small tables, too */
	if (EVP_PBE_scrypt(passphrase.p ? passphrase.p : "", passphrase.n, (const unsigned char *)salt.p, salt.n, cost,
			   block, parallel, CRYPTO_SCRYPT_MEMORY + (1 << 20), out, n) != 1)
		return mst_fail(err, MST_IO, "libcrypto made no key by scrypt");
	return 0;
}

static void free_cipher(void *arg)
{
	EVP_CIPHER_CTX_free(arg);
}

static EVP_CIPHER_CTX *begin(struct pool *tmp, bool seal, const unsigned char *key, const unsigned char *nonce,
			     struct str bound)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n;
	if (!c)
		mst_out_of_memory();
	pool_on_free(tmp, free_cipher, c);
	if (EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce, seal) != 1 ||
	    EVP_CipherUpdate(c, NULL, &n, (const unsigned char *)bound.p, (int)bound.n) != 1)
		return NULL;
	return c;
}

int crypto_seal(const unsigned char key[CRYPTO_KEY], const unsigned char nonce[CRYPTO_NONCE], struct str bound,
		struct str plain, unsigned char *out, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	int n = 0, end = 0;
	if (plain.n > INT_MAX / 2 || bound.n > INT_MAX / 2)
		return mst_fail(err, MST_LIMIT, "a secret of %zu bytes", plain.n);
	EVP_CIPHER_CTX *c = begin(tmp, true, key, nonce, bound);
	if (!c || EVP_EncryptUpdate(c, out, &n, (const unsigned char *)plain.p, (int)plain.n) != 1 ||
	    EVP_EncryptFinal_ex(c, out + n, &end) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, CRYPTO_TAG, out + plain.n) != 1) {
		explicit_bzero(out, plain.n + CRYPTO_TAG);
		return mst_fail(err, MST_IO, "libcrypto did not seal");
	}
	return 0;
}

int crypto_open(const unsigned char key[CRYPTO_KEY], const unsigned char nonce[CRYPTO_NONCE], struct str bound,
		struct str sealed, unsigned char *out, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	int n = 0, end = 0;
	unsigned char tag[CRYPTO_TAG];
	if (sealed.n < CRYPTO_TAG || sealed.n > INT_MAX / 2 || bound.n > INT_MAX / 2)
		return mst_fail(err, MST_DENIED, "it is no sealed text");
	size_t plain = sealed.n - CRYPTO_TAG;
	memcpy(tag, sealed.p + plain, sizeof tag);
	EVP_CIPHER_CTX *c = begin(tmp, false, key, nonce, bound);
	if (!c || EVP_DecryptUpdate(c, out, &n, (const unsigned char *)sealed.p, (int)plain) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, CRYPTO_TAG, tag) != 1) {
		explicit_bzero(out, plain);
		return mst_fail(err, MST_IO, "libcrypto did not open");
	}
	if (EVP_DecryptFinal_ex(c, out + n, &end) != 1) {
		explicit_bzero(out, plain);
		return mst_fail(err, MST_DENIED, "the key does not open it, or it was changed");
	}
	return 0;
}

bool crypto_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}
