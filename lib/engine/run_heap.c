#include "engine/run_heap.h"

#include <stdbool.h>

static bool before(const struct run_order *a, const struct run_order *b)
{
	return a->key != b->key ? a->key < b->key : a->job < b->job;
}

void run_heap_push(struct pool *pool, struct run_heap *h, int64_t key, uint32_t job)
{
	struct run_order o = { key, job };
	size_t i = h->at.n;
	*vec_push(pool, &h->at) = o;
	for (; i > 0 && before(&o, &h->at.v[(i - 1) / 2]); i = (i - 1) / 2)
		h->at.v[i] = h->at.v[(i - 1) / 2];
	h->at.v[i] = o;
}

struct run_order run_heap_pop(struct run_heap *h)
{
	struct run_order first = h->at.v[0], o = h->at.v[--h->at.n];
	size_t i = 0, n = h->at.n;
	for (size_t c; (c = 2 * i + 1) < n; i = c) {
		if (c + 1 < n && before(&h->at.v[c + 1], &h->at.v[c]))
			c++;
		if (!before(&h->at.v[c], &o))
			break;
		h->at.v[i] = h->at.v[c];
	}
	if (n)
		h->at.v[i] = o;
	return first;
}
