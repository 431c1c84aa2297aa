#include "base/map.h"

#include <sys/auxv.h>

uint64_t hash_seed(void)
{
	uint64_t seed = 0x9e3779b97f4a7c15u;
	const void *random = (const void *)getauxval(AT_RANDOM);
	if (random)
		memcpy(&seed, random, sizeof seed);
	return seed;
}

static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

uint64_t hash_bytes(uint64_t seed, const void *data, size_t n)
{
	const unsigned char *p = data;
	const uint64_t k1 = 0xd6e8feb86659fd93u, k2 = 0xa0761d6478bd642fu;
	uint64_t h = seed ^ fold(n ^ k2, k1), w;
	while (n >= 8) {
		memcpy(&w, p, 8);
		h = fold(h ^ w, k1 ^ seed) + k2;
		p += 8;
		n -= 8;
	}
	w = 0;
	if (n)
		memcpy(&w, p, n);
	h = fold(h ^ w ^ k2, k1 ^ seed);
	return fold(h ^ k1, k2);
}

void map_init(struct map *m, struct pool *pool, size_t expect)
{
	*m = (struct map){ .pool = pool, .seed = hash_seed() };
	if (expect) {
		size_t cap = 16;
		while (cap / 4 * 3 < expect)
			cap *= 2;
		m->slot = pool_zalloc(pool, cap * sizeof *m->slot);
		m->cap = cap;
	}
}

static struct map_entry *find(const struct map *m, struct str key, uint32_t hash)
{
	size_t mask = m->cap - 1;
	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct map_entry *e = &m->slot[i];
		if (!e->key)
			return e;
		if (e->hash == hash && e->len == key.n && memcmp(e->key, key.p, key.n) == 0)
			return e;
	}
}

uint32_t map_hash(const struct map *m, struct str key)
{
	return (uint32_t)(hash_bytes(m->seed, key.p, key.n) >> 16);
}

uint64_t *map_get(const struct map *m, struct str key)
{
	if (m->n == 0 || key.n > UINT32_MAX)
		return NULL;
	if (!key.p)
		key.p = "";
	struct map_entry *e = find(m, key, map_hash(m, key));
	return e->key ? &e->value : NULL;
}

static void grow(struct map *m)
{
	struct map_entry *old = m->slot;
	size_t old_cap = m->cap;
	m->cap = old_cap ? old_cap * 2 : 16;
	m->slot = pool_alloc(m->pool, m->cap * sizeof *m->slot);
	memset(m->slot, 0, m->cap * sizeof *m->slot);
	size_t mask = m->cap - 1;
	for (size_t i = 0; i < old_cap; i++) {
		if (!old[i].key)
			continue;
		size_t j = old[i].hash & mask;
		while (m->slot[j].key)
			j = (j + 1) & mask;
		m->slot[j] = old[i];
	}
	pool_give_back(m->pool, old, old_cap * sizeof *old);
}

uint64_t *map_put(struct map *m, struct str key, bool *is_new)
{
	return map_put_hashed(m, key, map_hash(m, key), is_new);
}

uint64_t *map_put_hashed(struct map *m, struct str key, uint32_t hash, bool *is_new)
{
	if (key.n > UINT32_MAX)
		mst_out_of_memory();
	if (!key.p)
		key.p = "";
	if (m->n + 1 > m->cap / 4 * 3)
		grow(m);
	struct map_entry *e = find(m, key, hash);
	if (is_new)
		*is_new = !e->key;
	if (!e->key) {
		*e = (struct map_entry){ key.p, (uint32_t)key.n, hash, 0 };
		m->n++;
	}
	return &e->value;
}
