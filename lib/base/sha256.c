#include "base/sha256.h"

#include <nettle/sha2.h>

struct sha256 {
	struct sha256_ctx ctx;
};

struct sha256 *sha256_new(struct pool *pool)
{
	struct sha256 *s = pool_alloc(pool, sizeof *s);
	sha256_init(&s->ctx);
	return s;
}

void sha256_add(struct sha256 *s, struct str data)
{
	sha256_update(&s->ctx, data.n, (const uint8_t *)data.p);
}

char *sha256_end(struct sha256 *s, char out[SHA256_HEX])
{
	static const char hex[] = "0123456789abcdef";
	uint8_t digest[SHA256_DIGEST_SIZE];
	sha256_digest(&s->ctx, sizeof digest, digest);
	for (size_t i = 0; i < sizeof digest; i++) {
		out[2 * i] = hex[digest[i] >> 4];
		out[2 * i + 1] = hex[digest[i] & 15];
	}
	out[64] = 0;
	return out;
}

char *sha256_hex(char out[SHA256_HEX], struct str data)
{
	struct sha256 s;
	sha256_init(&s.ctx);
	sha256_add(&s, data);
	return sha256_end(&s, out);
}
