/* UTF-8 (RFC 3629): no surrogates, no overlong forms, nothing past U+10FFFF. */
#ifndef MST_BASE_UTF8_H
#define MST_BASE_UTF8_H

#include "base/str.h"

/* Length of the valid sequence at p (1 to 4), 0 where there is none. n >= 1. */
unsigned utf8_seq(const char *p, size_t n);
/* Index of the first bad byte, or s.n. */
size_t utf8_valid(struct str s);
/* Appends the code point (a valid one). */
void utf8_put(struct buf *, uint32_t code);

#endif
