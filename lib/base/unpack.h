/* Takes gzip (RFC 1952) and zstd (RFC 8878) apart as bytes come, told by the bytes themselves and
 * never by a name; anything else passes as it is.  Several gzip members, or zstd frames, one behind
 * the other are one text; zero bytes behind the last member are padding.  Memory does not grow with
 * the text: 32 KiB for gzip, at most 128 MiB for zstd, as its window says (what wants more is
 * MST_LIMIT).  MST_DATA where the data is broken, where something else stands behind it, and where
 * it ends in its middle.  No text in UTF-8 begins like either of them. */
#ifndef MST_BASE_UNPACK_H
#define MST_BASE_UNPACK_H

#include "base/error.h"
#include "base/pool.h"

struct unpack;
struct unpack *unpack_new(struct pool *);
/* More input; n == 0: there is no more.  The bytes are borrowed until unpack_next gives none. */
void unpack_feed(struct unpack *, const char *p, size_t n);
/* At most `room` bytes of text; *got == 0: more input is needed or, after the last, all is out. */
int unpack_next(struct unpack *, char *out, size_t room, size_t *got, struct mst_error *);

#endif
