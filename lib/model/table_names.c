#include "model/table_names.h"

#include "base/map.h"

void table_names_init(struct table_names *t, struct pool *pool)
{
	*t = (struct table_names){ .pool = pool, .seed = hash_seed() };
	buf_init(&t->records, pool);
}

static size_t find(const struct table_names *t, uint64_t hash)
{
	size_t i = hash & (t->cap - 1);
	while (t->at[i] && t->hash[i] != hash)
		i = (i + 1) & (t->cap - 1);
	return i;
}

/* The table has a pool of its own: growing gives the old one back. */
static void grow(struct table_names *t)
{
	const uint64_t *old_hash = t->hash;
	const uint32_t *old_at = t->at;
	struct pool *old_pool = t->slot_pool;
	size_t cap = t->cap;
	t->cap = cap ? cap * 2 : 256;
	t->slot_pool = pool_new(t->pool);
	t->hash = pool_array(t->slot_pool, t->cap, sizeof *t->hash);
	t->at = pool_zalloc(t->slot_pool, t->cap * sizeof *t->at);
	for (size_t i = 0; i < cap; i++) {
		if (!old_at[i])
			continue;
		size_t k = find(t, old_hash[i]);
		t->hash[k] = old_hash[i];
		t->at[k] = old_at[i];
	}
	pool_free(old_pool);
}

static void put_number(struct buf *b, uint32_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_char(b, (char)(0x80 | (v & 0x7f)));
	buf_char(b, (char)v);
}

static const char *get_number(const char *p, uint32_t *out)
{
	unsigned shift = 0;
	*out = 0;
	do
		*out |= (uint32_t)(*p & 0x7f) << shift, shift += 7;
	while (*p++ & 0x80);
	return p;
}

static const char *place(const struct table_names *t, struct pool *pool, uint32_t at)
{
	uint32_t line;
	size_t lo = 0, hi = t->folders.n;
	while (hi - lo > 1) {
		size_t mid = (lo + hi) / 2;
		if (t->folders.v[mid].at <= at)
			lo = mid;
		else
			hi = mid;
	}
	const char *file = get_number(t->records.p + at, &line);
	return pool_printf(pool, "%s%s:%u", t->folders.v[lo].path, file, line);
}

const char *table_names_put(struct table_names *t, struct pool *scratch, struct str name, const char *path,
			    uint32_t line)
{
	uint64_t hash = hash_bytes(t->seed, name.p, name.n);
	if ((t->n + 1) * 8 > t->cap * 7)
		grow(t);
	size_t i = find(t, hash);
	if (t->at[i])
		return place(t, scratch, t->at[i] - 1);
	size_t at = t->records.n, path_n = strlen(path);
	if (at + path_n + 8 > UINT32_MAX)
		return NULL;
	const char *file = strrchr(path, '/');
	size_t folder_n = file ? (size_t)(file + 1 - path) : 0;
	const char *last = t->folders.n ? t->folders.v[t->folders.n - 1].path : NULL;
	if (!last || strlen(last) != folder_n || memcmp(last, path, folder_n) != 0)
		*vec_push(t->pool, &t->folders) =
			(struct names_folder){ pool_memdup(t->pool, path, folder_n), (uint32_t)at };
	put_number(&t->records, line);
	buf_add(&t->records, path + folder_n, path_n - folder_n + 1);
	t->hash[i] = hash;
	t->at[i] = (uint32_t)at + 1;
	t->n++;
	return NULL;
}
