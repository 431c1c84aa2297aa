/* A hash map from byte strings to 64-bit values (a number, or a pointer through
 * uintptr_t).  Open addressing, keyed by a seed of this process, so that an
 * input cannot be made to collide.  Keys are borrowed, not copied; nothing is
 * ever removed.  No order: output must never depend on one. */
#ifndef MST_BASE_MAP_H
#define MST_BASE_MAP_H

#include "base/str.h"

struct map_entry {
	const char *key;
	uint32_t len;
	uint32_t hash;
	uint64_t value;
};

struct map {
	struct pool *pool;
	struct map_entry *slot;
	size_t n, cap; /* cap is 0 or a power of two */
	uint64_t seed;
};

/* `expect` entries fit without growing (0 where unknown). */
void map_init(struct map *, struct pool *, size_t expect);
/* The value of `key`, or NULL. */
uint64_t *map_get(const struct map *, struct str key);
/* The value of `key`, made (0) where it is new; *is_new may be NULL.
 * Valid until the next map_put.  Keys of 4 GiB and more end the process. */
uint64_t *map_put(struct map *, struct str key, bool *is_new);

/* For many keys in a row: hash first, have the slot fetched while other work goes on,
 * then put. `hash` must be map_hash of the same map and key. */
uint32_t map_hash(const struct map *, struct str key);
static inline void map_prefetch(const struct map *m, uint32_t hash)
{
	if (m->cap)
		__builtin_prefetch(&m->slot[hash & (m->cap - 1)]);
}
/* Second step, once the slot is there: fetches the bytes of the key it holds. */
static inline void map_prefetch_key(const struct map *m, uint32_t hash)
{
	if (m->cap)
		__builtin_prefetch(m->slot[hash & (m->cap - 1)].key);
}
uint64_t *map_put_hashed(struct map *, struct str key, uint32_t hash, bool *is_new);

/* A seeded 64-bit hash (multiply and fold of 8-byte words); not cryptographic. */
uint64_t hash_bytes(uint64_t seed, const void *p, size_t n);
/* A random number fixed for the life of the process (from AT_RANDOM). */
uint64_t hash_seed(void);

#endif
