#include "base/strsort.h"

#include "base/vec.h"

#include <stdlib.h>

struct item {
	uint64_t key; /* eight bytes at the depth of its range, big-endian, zeros behind the end */
	uint32_t at;
};

struct range {
	struct item *v;
	size_t n, depth;
	bool fresh; /* the keys are those of `depth` */
};

/* Behind the end of a string a key holds zeros; a string that has zero bytes
 * itself is told from one that ends by its length, in the tie break. */
static uint64_t key_at(struct str s, size_t depth)
{
	uint64_t k = 0;
	if (depth + 8 <= s.n)
		memcpy(&k, s.p + depth, 8);
	else if (depth < s.n)
		memcpy(&k, s.p + depth, s.n - depth);
	return __builtin_bswap64(k);
}

static bool before(const struct str *s, const struct item *a, const struct item *b, size_t depth)
{
	if (a->key != b->key)
		return a->key < b->key;
	struct str x = s[a->at], y = s[b->at];
	size_t skip = depth < x.n && depth < y.n ? depth : x.n < y.n ? x.n : y.n;
	int c = str_cmp((struct str){ x.p + skip, x.n - skip }, (struct str){ y.p + skip, y.n - skip });
	return c ? c < 0 : a->at < b->at;
}

static void insertion(const struct str *s, struct range r)
{
	for (size_t i = 1; i < r.n; i++) {
		struct item x = r.v[i];
		size_t j = i;
		for (; j && before(s, &x, &r.v[j - 1], r.depth); j--)
			r.v[j] = r.v[j - 1];
		r.v[j] = x;
	}
}

static uint64_t median(uint64_t a, uint64_t b, uint64_t c)
{
	return a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
}

static int by_key(const void *pa, const void *pb)
{
	const struct item *a = pa, *b = pb;
	return a->key < b->key ? -1 : a->key > b->key;
}

/* The keys of the range are equal up to depth.  Strings that end within the last
 * eight bytes go first: they are equal but for zero bytes of their own at the end. */
static void ended_first(const struct str *s, struct range *r)
{
	size_t k = 0;
	for (size_t i = 0; i < r->n; i++) {
		struct item x = r->v[i];
		size_t len = s[x.at].n;
		if (len > r->depth)
			continue;
		r->v[i] = r->v[k];
		x.key = (uint64_t)(len + 8 - r->depth) << 32 | x.at;
		r->v[k++] = x;
	}
	if (k > 1)
		qsort(r->v, k, sizeof *r->v, by_key);
	r->v += k;
	r->n -= k;
}

uint32_t *str_sort_order(struct pool *pool, const struct str *s, size_t n)
{
	POOL_SCRATCH(tmp);
	struct item *v = pool_array(tmp, n, sizeof *v);
	for (size_t i = 0; i < n; i++)
		v[i].at = (uint32_t)i;
	VEC(struct range) todo = { 0 };
	*vec_push(tmp, &todo) = (struct range){ v, n, 0, false };
	uint64_t random = 0x9e3779b97f4a7c15u;
	while (todo.n) {
		struct range r = todo.v[--todo.n];
		if (!r.fresh) {
			ended_first(s, &r);
			for (size_t i = 0; i < r.n; i++)
				r.v[i].key = key_at(s[r.v[i].at], r.depth);
		}
		if (r.n <= 12) {
			insertion(s, r);
			continue;
		}
		uint64_t pick[9];
		for (unsigned i = 0; i < 9; i++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			pick[i] = r.v[(random >> 33) % r.n].key;
		}
		uint64_t pivot = median(median(pick[0], pick[1], pick[2]), median(pick[3], pick[4], pick[5]),
					median(pick[6], pick[7], pick[8]));
		size_t lt = 0, i = 0, gt = r.n;
		while (i < gt) {
			struct item x = r.v[i];
			if (x.key < pivot) {
				r.v[i++] = r.v[lt];
				r.v[lt++] = x;
			} else if (x.key > pivot) {
				r.v[i] = r.v[--gt];
				r.v[gt] = x;
			} else {
				i++;
			}
		}
		if (lt > 1)
			*vec_push(tmp, &todo) = (struct range){ r.v, lt, r.depth, true };
		if (gt - lt > 1)
			*vec_push(tmp, &todo) = (struct range){ r.v + lt, gt - lt, r.depth + 8, false };
		if (r.n - gt > 1)
			*vec_push(tmp, &todo) = (struct range){ r.v + gt, r.n - gt, r.depth, true };
	}
	uint32_t *order = pool_array(pool, n, sizeof *order);
	for (size_t i = 0; i < n; i++)
		order[i] = v[i].at;
	return order;
}
