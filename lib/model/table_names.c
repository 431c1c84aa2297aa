#include "model/table_names.h"

#include "base/map.h"

void table_names_init(struct table_names *t, struct pool *pool)
{
	*t = (struct table_names){ .pool = pool, .seed = hash_seed() };
	buf_init(&t->files, pool);
}

static struct names_entry *find(const struct table_names *t, uint64_t hash)
{
	size_t i = hash & (t->cap - 1);
	while (t->slot[i].id && t->slot[i].hash != hash)
		i = (i + 1) & (t->cap - 1);
	return &t->slot[i];
}

/* The table has a pool of its own: growing gives the old one back. */
static void grow(struct table_names *t)
{
	const struct names_entry *old = t->slot;
	struct pool *old_pool = t->slot_pool;
	size_t cap = t->cap;
	t->cap = cap ? cap * 2 : 256;
	t->slot_pool = pool_new(t->pool);
	t->slot = pool_zalloc(t->slot_pool, t->cap * sizeof *t->slot);
	for (size_t i = 0; i < cap; i++)
		if (old[i].id)
			*find(t, old[i].hash) = old[i];
	pool_free(old_pool);
}

static uint32_t folder_of(struct table_names *t, const char *path, size_t n)
{
	if (t->folders.n) {
		const char *last = t->folders.v[t->folders.n - 1];
		if (strlen(last) == n && memcmp(last, path, n) == 0)
			return (uint32_t)(t->folders.n - 1);
	}
	*vec_push(t->pool, &t->folders) = pool_memdup(t->pool, path, n);
	return (uint32_t)(t->folders.n - 1);
}

const char *table_names_put(struct table_names *t, struct pool *scratch, struct str name, const char *path,
			    uint32_t line)
{
	uint64_t hash = hash_bytes(t->seed, name.p, name.n);
	if ((t->places.n + 1) * 4 > t->cap * 3)
		grow(t);
	struct names_entry *e = find(t, hash);
	if (e->id) {
		const struct names_place *p = &t->places.v[e->id - 1];
		return pool_printf(scratch, "%s%s:%u", t->folders.v[p->folder], t->files.p + p->at, p->line);
	}
	const char *file = strrchr(path, '/');
	size_t folder_n = file ? (size_t)(file + 1 - path) : 0;
	*vec_push(t->pool, &t->places) = (struct names_place){ folder_of(t, path, folder_n),
							      (uint32_t)t->files.n,
							       line };
	buf_add(&t->files, path + folder_n, strlen(path + folder_n) + 1);
	*e = (struct names_entry){ hash, (uint32_t)t->places.n };
	return NULL;
}
