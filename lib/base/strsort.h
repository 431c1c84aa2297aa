/* Sorting many byte strings: three-way quicksort on cached pieces of eight bytes
 * (Bentley and Sedgewick 1997, with the caching of Ng and Kakehi 2007).  Each byte of a
 * string that tells it from its neighbours is read about once, so a million names
 * that share long beginnings cost no more than their length. */
#ifndef MST_BASE_STRSORT_H
#define MST_BASE_STRSORT_H

#include "base/str.h"

/* The numbers 0..n-1 in byte order of v[number] (as str_cmp); equal strings keep
 * their order. n < 2^32. */
uint32_t *str_sort_order(struct pool *, const struct str *v, size_t n);

#endif
