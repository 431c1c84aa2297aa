/* Sealing: the one user of libcrypto (OpenSSL 3, EVP).
 *
 * AES-256-GCM (NIST SP 800-38D) with a nonce of 96 bits that is random for each text: with one key at
 * most 2^32 texts, far more than anybody has secrets.  Keys come from passphrases by scrypt (RFC 7914).
 * What libcrypto refuses to do (memory, a policy of the machine) is MST_IO. */
#ifndef MST_BASE_CRYPTO_H
#define MST_BASE_CRYPTO_H

#include "base/error.h"
#include "base/secret.h"

enum { CRYPTO_KEY = 32, CRYPTO_NONCE = 12, CRYPTO_TAG = 16 };

/* n bytes of getrandom(2). */
int crypto_random(void *out, size_t n, struct mst_error *);

/* `n` bytes into `out`.  cost is a power of two; it takes 128 * cost * block bytes of memory, at most
 * CRYPTO_SCRYPT_MEMORY: more, or other nonsense, is MST_LIMIT. */
#define CRYPTO_SCRYPT_MEMORY ((uint64_t)256 << 20)
int crypto_scrypt(struct str passphrase, struct str salt, uint64_t cost, uint64_t block, uint64_t parallel,
		  unsigned char *out, size_t n, struct mst_error *);

/* plain.n + CRYPTO_TAG bytes into `out`: the text sealed, then its tag.  `bound` is not in it, but without
 * the same one nothing opens it. */
int crypto_seal(const unsigned char key[CRYPTO_KEY], const unsigned char nonce[CRYPTO_NONCE], struct str bound,
		struct str plain, unsigned char *out, struct mst_error *);
/* sealed.n - CRYPTO_TAG bytes into `out`, which stays zero where the verdict is no.  MST_DENIED: another
 * key, or any of the four was changed. */
int crypto_open(const unsigned char key[CRYPTO_KEY], const unsigned char nonce[CRYPTO_NONCE], struct str bound,
		struct str sealed, unsigned char *out, struct mst_error *);

/* Whether both are the same, in a time that does not tell where they differ. */
bool crypto_equal(const void *a, const void *b, size_t n);

#endif
