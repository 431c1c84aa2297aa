#include "engine/match.h"

#include "base/map.h"
#include "base/strsort.h"

#define MANY (UINT64_C(1) << 63)

struct match {
	struct pool *pool;
	const struct str *name;
	uint32_t n;
	bool sorted;
	struct buf joined; /* a name that is being asked for */
	/* each made when first asked; its pool is NULL before */
	struct map full;  /* name -> number */
	struct map table; /* d.t -> first number of an X.d.t; MANY | second << 32 where there are more */
	struct map last;  /* t -> the same of every name with a dot */
	/* for patterns: the numbers of the names of one, two and more parts, in byte order of
	 * the names, and of the last again in byte order of what stands behind the project */
	struct run {
		uint32_t *v, n;
		unsigned tail; /* parts that count; 0: all */
	} run[4];
};

enum { LONE, PAIR, FULL, TAIL };

struct match *match_new(struct pool *pool, const struct str *name, uint32_t n)
{
	struct match *m = pool_zalloc(pool, sizeof *m);
	m->pool = pool;
	m->name = name;
	m->n = n;
	buf_init(&m->joined, pool);
	return m;
}

/* The places of the last two dots outside of quotes, -1 where there is none; returns
 * the number of dots. */
static unsigned dots(struct str s, ptrdiff_t last[2])
{
	char quote = 0;
	unsigned n = 0;
	last[0] = last[1] = -1;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (quote) {
			if (c == quote)
				quote = 0;
		} else if (c == '`' || c == '"') {
			quote = c;
		} else if (c == '.') {
			last[1] = last[0];
			last[0] = (ptrdiff_t)i;
			n++;
		}
	}
	return n;
}

static struct str from(struct str s, ptrdiff_t dot)
{
	return (struct str){ s.p + dot + 1, s.n - (size_t)(dot + 1) };
}

static struct str upto(struct str s, ptrdiff_t dot)
{
	return (struct str){ s.p, dot < 0 ? 0 : (size_t)dot };
}

unsigned match_parts(struct str name)
{
	ptrdiff_t at[2];
	return dots(name, at) + 1;
}

struct str match_tail(struct str name, unsigned parts)
{
	ptrdiff_t at[2];
	if (parts == 1)
		return dots(name, at), from(name, at[0]);
	if (parts == 2)
		return dots(name, at), from(name, at[1]);
	for (unsigned n = match_parts(name); n > parts; n--) {
		char quote = 0;
		size_t i = 0;
		for (; i < name.n && (quote || name.p[i] != '.'); i++)
			quote = quote ? (name.p[i] == quote ? 0 : quote)
				      : (name.p[i] == '`' || name.p[i] == '"' ? name.p[i] : 0);
		name = from(name, (ptrdiff_t)i);
	}
	return name;
}

bool match_is_pattern(struct str s)
{
	if (s.n && (s.p[s.n - 1] == '`' || s.p[s.n - 1] == '"'))
		s.n--;
	return s.n && s.p[s.n - 1] == '*';
}

static struct str prefix_of(struct str s)
{
	return (struct str){ s.p, s.n - (s.p[s.n - 1] == '*' ? 1 : 2) };
}

static void note(struct map *map, struct str key, uint32_t hash, uint32_t i)
{
	bool is_new;
	uint64_t *v = map_put_hashed(map, key, hash, &is_new);
	if (is_new)
		*v = i;
	else if (!(*v & MANY))
		*v |= MANY | (uint64_t)i << 32;
}

#define AHEAD 16

/* What a table is keyed by: the whole name, or what stands behind its last dot but one, or its
 * last; .p is NULL for a name that has no such part. */
static struct str key_of(struct str name, unsigned parts)
{
	ptrdiff_t at[2] = { -1, -1 };
	if (!parts)
		return name;
	dots(name, at);
	return at[parts - 1] < 0 ? (struct str){ NULL, 0 } : from(name, at[parts - 1]);
}

/* Made when it is first asked, some names at a time, so that memory is asked for before it
 * is wanted. */
static const uint64_t *ask(struct match *m, struct map *map, unsigned parts, struct str key)
{
	if (map->pool)
		return map_get(map, key);
	struct str next[AHEAD];
	uint32_t hash[AHEAD];
	map_init(map, m->pool, parts ? 0 : m->n);
	for (uint32_t i = 0; i < m->n; i += AHEAD) {
		uint32_t n = m->n - i < AHEAD ? m->n - i : AHEAD;
		for (uint32_t k = 0; k < n; k++) {
			next[k] = key_of(m->name[i + k], parts);
			hash[k] = next[k].p ? map_hash(map, next[k]) : 0;
			map_prefetch(map, hash[k]);
		}
		for (uint32_t k = 0; k < n; k++)
			if (next[k].p)
				note(map, next[k], hash[k], i + k);
	}
	return map_get(map, key);
}

static const uint64_t *ask_full(struct match *m, struct str name)
{
	return ask(m, &m->full, 0, name);
}

static const uint64_t *ask_table(struct match *m, struct str name)
{
	return ask(m, &m->table, 2, name);
}

static const uint64_t *ask_last(struct match *m, struct str name)
{
	return ask(m, &m->last, 1, name);
}

static void index_runs(struct match *m)
{
	POOL_SCRATCH(tmp);
	m->sorted = true;
	for (unsigned k = LONE; k <= FULL; k++)
		m->run[k].v = pool_array(m->pool, m->n, sizeof *m->run[k].v);
	for (uint32_t i = 0; i < m->n; i++) {
		ptrdiff_t at[2];
		unsigned k = dots(m->name[i], at);
		struct run *r = &m->run[k > FULL ? FULL : k];
		r->v[r->n++] = i;
	}
	const struct run *full = &m->run[FULL];
	struct str *tail = pool_array(tmp, full->n, sizeof *tail);
	for (uint32_t i = 0; i < full->n; i++)
		tail[i] = match_tail(m->name[full->v[i]], 2);
	uint32_t *order = str_sort_order(m->pool, tail, full->n);
	for (uint32_t i = 0; i < full->n; i++)
		order[i] = full->v[order[i]];
	m->run[TAIL] = (struct run){ order, full->n, 2 };
}

static struct str name_in(const struct match *m, const struct run *r, uint32_t i)
{
	struct str s = m->name[r->v[i]];
	return r->tail ? match_tail(s, r->tail) : s;
}

/* Takes as long as it finds names: what is looked at is appended. */
static void take_prefix(struct match *m, struct pool *pool, unsigned which, struct str prefix, match_list *out)
{
	if (!m->sorted)
		index_runs(m);
	const struct run *r = &m->run[which];
	uint32_t lo = 0, hi = r->n;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (str_cmp(name_in(m, r, mid), prefix) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < r->n && str_has_prefix(name_in(m, r, lo), prefix); lo++)
		*vec_push(pool, out) = r->v[lo];
}

static struct str join(struct match *m, struct str head, struct str tail)
{
	struct buf *b = &m->joined;
	buf_reset(b);
	if (head.n) {
		buf_str(b, head);
		buf_char(b, '.');
	}
	buf_str(b, tail);
	return buf_view(b);
}

static void find_pattern(struct match *m, struct pool *pool, struct str reader, struct str wanted, match_list *out)
{
	ptrdiff_t at[2], own[2];
	struct str prefix = prefix_of(wanted);
	unsigned n = dots(wanted, at), reader_dots = dots(reader, own);
	if (n == 0) {
		take_prefix(m, pool, reader_dots > FULL ? FULL : reader_dots,
			    join(m, upto(reader, own[0]), prefix), out);
		return;
	}
	if (n >= 2) {
		take_prefix(m, pool, FULL, prefix, out);
		take_prefix(m, pool, PAIR, from(prefix, at[1]), out);
		return;
	}
	take_prefix(m, pool, PAIR, prefix, out);
	size_t before = out->n;
	if (reader_dots >= 2)
		take_prefix(m, pool, FULL, join(m, upto(reader, own[1]), prefix), out);
	if (out->n == before)
		take_prefix(m, pool, TAIL, prefix, out);
}

static enum match_found one(struct pool *pool, const uint64_t *v, match_list *out, uint32_t two[2])
{
	if (!v)
		return MATCH_NONE;
	if (*v & MANY) {
		if (two) {
			two[0] = (uint32_t)*v;
			two[1] = (uint32_t)(*v >> 32) & INT32_MAX;
		}
		return MATCH_AMBIGUOUS;
	}
	*vec_push(pool, out) = (uint32_t)*v;
	return MATCH_FOUND;
}

static enum match_found find_short(struct match *m, struct pool *pool, struct str reader, struct str wanted,
				   match_list *out, uint32_t two[2])
{
	ptrdiff_t at[2], own[2];
	unsigned n = dots(wanted, at);
	dots(reader, own);
	const uint64_t *v;
	if (n >= 2)
		return one(pool, ask_full(m, from(wanted, at[1])), out, two);
	if (n == 1) {
		v = own[1] >= 0 ? ask_full(m, join(m, upto(reader, own[1]), wanted)) : NULL;
		return one(pool, v ? v : ask_table(m, wanted), out, two);
	}
	if (own[0] >= 0) {
		v = ask_full(m, join(m, upto(reader, own[0]), wanted));
		struct str dataset = upto(from(reader, own[1]), own[0] - own[1] - 1);
		if (!v && own[1] >= 0)
			v = ask_full(m, join(m, dataset, wanted));
		if (!v)
			v = ask_table(m, join(m, dataset, wanted));
		if (v)
			return one(pool, v, out, two);
	}
	return one(pool, ask_last(m, wanted), out, two);
}

enum match_found match_find(struct match *m, struct pool *pool, struct str reader, struct str wanted, match_list *out,
			    uint32_t two[2])
{
	if (!m->n)
		return MATCH_NONE;
	if (match_is_pattern(wanted)) {
		size_t before = out->n;
		find_pattern(m, pool, reader, wanted, out);
		return out->n > before ? MATCH_FOUND : MATCH_NONE;
	}
	const uint64_t *v = ask_full(m, wanted);
	return v ? one(pool, v, out, two) : find_short(m, pool, reader, wanted, out, two);
}
