/* Passwords, keys and the like.  A struct secret is no text: nothing prints it, no writer of lines takes
 * it, and its bytes lie in a pool that is wiped. */
#ifndef MST_BASE_SECRET_H
#define MST_BASE_SECRET_H

#include "base/str.h"

struct secret {
	const char *bytes; /* NUL behind, which does not count; NULL: there is none */
	size_t n;
};

/* A copy.  The pool must be a wiped one (pool_new_wiped). */
struct secret secret_new(struct pool *, const void *bytes, size_t n);
/* The bytes, for whoever sends them on: the view must not outlive the secret. */
static inline struct str secret_reveal(struct secret s)
{
	return (struct str){ s.bytes, s.n };
}

/* Before the first secret comes into the process: from now on it leaves no core file, and nobody but
 * root can read its memory or its environment (prctl(2), PR_SET_DUMPABLE).  Once is enough. */
void secret_guard(void);

#endif
