#include "base/vec.h"

void *vec_grow_(struct pool *pool, void *v, size_t *cap, size_t size)
{
	size_t to = *cap ? *cap * 2 : 8, bytes;
	if (to < *cap || __builtin_mul_overflow(to, size, &bytes))
		mst_out_of_memory();
	v = pool_realloc(pool, v, *cap * size, bytes);
	*cap = to;
	return v;
}
