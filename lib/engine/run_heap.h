/* Jobs in order: the smallest key first, then the place in the plan. */
#ifndef MST_ENGINE_RUN_HEAP_H
#define MST_ENGINE_RUN_HEAP_H

#include "base/vec.h"

#include <stdint.h>

struct run_order {
	int64_t key; /* minus the priority, or a time */
	uint32_t job;
};

/* A zeroed one is empty; v[0] is the first. */
struct run_heap {
	VEC(struct run_order) at;
};

void run_heap_push(struct pool *, struct run_heap *, int64_t key, uint32_t job);
/* Takes the first away; there must be one. */
struct run_order run_heap_pop(struct run_heap *);

#endif
