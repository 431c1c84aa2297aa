/* Text of other encodings as UTF-8, as bytes come. */
#ifndef MST_BASE_RECODE_H
#define MST_BASE_RECODE_H

#include "base/error.h"
#include "base/str.h"

enum recode_from {
	RECODE_UTF8,   /* passes as it is, unchecked */
	RECODE_LATIN1, /* ISO 8859-1 */
	RECODE_CP1252, /* windows-1252; MST_DATA for its five holes */
	RECODE_UTF16,  /* a byte order mark says which; little-endian without one.  MST_DATA for a
			* surrogate that stands alone and for an odd byte at the end */
};
/* "utf-8", "utf-16", "latin1", "windows-1252"; -1 for another. */
int recode_of(struct str name);

struct recode {
	enum recode_from from;
	bool begun, big;
	unsigned char keep[4]; /* of UTF-16: the start of a character whose rest is to come */
	unsigned keep_n;
	uint32_t line; /* of the next character, from 1: for errors */
};
void recode_init(struct recode *, enum recode_from);
/* Appends the bytes as UTF-8; n == 0: there are no more.  A byte order mark of UTF-16 is passed
 * over.  Errors have line, no file. */
int recode_add(struct recode *, const char *p, size_t n, struct buf *out, struct mst_error *);

#endif
