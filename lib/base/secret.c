#include "base/secret.h"

#include <sys/prctl.h>
#include <sys/resource.h>

struct secret secret_new(struct pool *pool, const void *bytes, size_t n)
{
	return (struct secret){ pool_memdup(pool, bytes, n), n };
}

void secret_guard(void)
{
	struct rlimit none = { 0, 0 };
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
}
