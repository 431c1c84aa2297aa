/* Typed growing arrays in a pool:
 *
 *     VEC(struct ref) refs = { 0 };
 *     *vec_push(pool, &refs) = (struct ref){ ... };
 *     for (size_t i = 0; i < refs.n; i++) use(refs.v[i]);
 *
 * A zeroed vector is empty.  All pushes to one vector name the same pool. */
#ifndef MST_BASE_VEC_H
#define MST_BASE_VEC_H

#include "base/pool.h"

#include <stddef.h>

#define VEC(type) \
	struct { \
		type *v; \
		size_t n, cap; \
	}

void *vec_grow_(struct pool *, void *v, size_t *cap, size_t size);

/* Pointer to a new, uninitialised last element. */
#define vec_push(pool, vec) \
	(((vec)->n == (vec)->cap \
		  ? (void)((vec)->v = vec_grow_((pool), (vec)->v, &(vec)->cap, sizeof *(vec)->v)) \
		  : (void)0), \
	 &(vec)->v[(vec)->n++])

#endif
