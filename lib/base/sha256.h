/* SHA-256 (FIPS 180-4) through nettle: it loads in a fifth of libcrypto's time. */
#ifndef MST_BASE_SHA256_H
#define MST_BASE_SHA256_H

#include "base/str.h"

#define SHA256_HEX 65
/* 64 lower-case hexadecimal digits and a NUL. */
char *sha256_hex(char out[SHA256_HEX], struct str data);

/* The same in pieces; the state lives in the pool. */
struct sha256;
struct sha256 *sha256_new(struct pool *);
void sha256_add(struct sha256 *, struct str);
char *sha256_end(struct sha256 *, char out[SHA256_HEX]);

#endif
