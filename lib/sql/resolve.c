#include "sql/read.h"

#include <stdlib.h>

/* "NUMBER NAME" as a key, in r->key. */
static struct str numbered(struct reader *r, uint32_t id, struct str name)
{
	struct str f = name_fold(r, name);
	buf_reset(&r->key);
	buf_add(&r->key, &id, sizeof id);
	buf_str(&r->key, f);
	return buf_view(&r->key);
}

static uint64_t *put(struct reader *r, struct map *m, struct str key, bool *is_new)
{
	uint64_t *v = map_get(m, key);
	*is_new = !v;
	if (v)
		return v;
	return map_put(m, (struct str){ pool_memdup(r->scratch, key.p, key.n), key.n }, NULL);
}

uint32_t scope_new(struct reader *r, uint32_t parent)
{
	if (r->scopes.n == 0) /* number 0 is none */
		*vec_push(r->scratch, &r->scopes) = (struct scope){ 0 };
	struct scope p = r->scopes.v[parent];
	*vec_push(r->scratch, &r->scopes) =
		(struct scope){
		.parent = parent,
		.low = p.from ? p.floor : 0,
		.high = p.from ? p.n : ALL_NAMES,
	};
	return (uint32_t)r->scopes.n - 1;
}

void scope_alias(struct reader *r, uint32_t scope, struct str name)
{
	bool is_new;
	if (scope == 0 || name.n == 0 || r->dialect == SQL_POSTGRES)
		return; /* PostgreSQL has no array joins: aliases decide nothing */
	uint64_t *at = put(r, &r->aliases, numbered(r, scope, name), &is_new);
	uint32_t n = r->scopes.v[scope].n++;
	*at = (is_new ? (uint64_t)n : *at >> 32) << 32 | n; /* the first and the last of that name */
}

static bool alias_between(struct reader *r, uint32_t scope, struct str key, uint32_t low, uint32_t high)
{
	uint64_t *at = map_get(&r->aliases, numbered(r, scope, key));
	return at && *at >> 32 < high && (uint32_t)*at >= low;
}

uint32_t with_new(struct reader *r, struct env around, bool recursive)
{
	if (r->withs.n == 0)
		*vec_push(r->scratch, &r->withs) = (struct with){ 0 };
	*vec_push(r->scratch, &r->withs) =
		(struct with){ .parent = around.with, .parent_limit = around.limit, .recursive = recursive };
	return (uint32_t)r->withs.n - 1;
}

void with_name(struct reader *r, uint32_t with, struct str name)
{
	bool is_new;
	uint64_t *v = put(r, &r->ctes, numbered(r, with, name), &is_new);
	if (is_new)
		*v = r->withs.v[with].n;
	r->withs.v[with].n++;
}

static bool with_sees(struct reader *r, struct env e, struct str key)
{
	while (e.with) {
		const struct with *w = &r->withs.v[e.with];
		uint64_t *at = map_get(&r->ctes, numbered(r, e.with, key));
		if (at && (w->recursive || *at < e.limit))
			return true;
		e = (struct env){ w->parent, w->parent_limit };
	}
	return false;
}

static bool alias_seen(struct reader *r, uint32_t scope, struct str key)
{
	for (const struct scope *s; (s = &r->scopes.v[scope])->parent; scope = s->parent)
		if (alias_between(r, s->parent, key, s->low, s->high))
			return true;
	return false;
}

static bool is_session(struct reader *r, const struct name *n)
{
	if (n->parts != 2)
		return false;
	return r->dialect == SQL_POSTGRES ? str_eqz(n->first, "pg_temp") : str_ieq(n->first, STR("_session"));
}

void temp_name(struct reader *r, const struct name *n)
{
	bool is_new;
	if (n->parts <= 2 && n->last.n)
		*put(r, &r->temps, name_fold(r, n->last), &is_new) = 1;
}

bool temp_has(struct reader *r, const struct name *n)
{
	if (is_session(r, n))
		return true;
	return n->parts == 1 && r->temps.n && map_get(&r->temps, name_fold(r, n->last));
}

static uint32_t push(struct reader *r, const struct name *n, enum sql_mode mode)
{
	*vec_push(r->scratch, &r->items) = (struct item){
		.name = n->canon,
		.text = n->text,
		.at = r->fixed_at ? r->fixed_at : n->text.p,
		.mode = (uint8_t)mode,
		.lone = n->parts == 1 && !n->template,
	};
	return (uint32_t)r->items.n - 1;
}

void ref_table(struct reader *r, const struct name *n, uint32_t scope, struct env env)
{
	if (n->refs || n->parts == 0 || n->canon.n == 0)
		return;
	if (n->parts == 1) {
		if (temp_has(r, n))
			return;
		uint32_t i = push(r, n, SQL_READ);
		if (env.with)
			*vec_push(r->scratch, &r->pendings) =
				(struct pending){ .item = i, .env = env, .key = n->first, .single = true };
		return;
	}
	if (is_session(r, n))
		return;
	bool alias = r->dialect != SQL_POSTGRES && !n->whole && scope;
	if (alias && alias_between(r, scope, n->first, r->scopes.v[scope].floor, ALL_NAMES))
		return;
	uint32_t i = push(r, n, SQL_READ);
	if (alias && r->scopes.v[scope].parent)
		*vec_push(r->scratch, &r->pendings) =
			(struct pending){ .item = i, .scope = scope, .key = n->first };
}

void ref_write(struct reader *r, const struct name *n)
{
	if (n->refs || n->parts == 0 || n->canon.n == 0 || temp_has(r, n))
		return;
	push(r, n, SQL_WRITE);
}

void ref_call(struct reader *r, const struct name *n)
{
	if (n->refs || n->parts == 0 || n->canon.n == 0)
		return;
	push(r, n, SQL_CALL);
}

/* Empties a map: a small one in place, so that many small statements need no more
 * memory than one; a large one is left to the pool. */
static void forget(struct reader *r, struct map *m)
{
	if (m->n == 0)
		return;
	if (m->cap > 64) {
		map_init(m, r->scratch, 0);
		return;
	}
	memset(m->slot, 0, m->cap * sizeof *m->slot);
	m->n = 0;
}

void ref_settle(struct reader *r, size_t first)
{
	for (size_t i = first; i < r->pendings.n; i++) {
		struct pending *p = &r->pendings.v[i];
		if (p->single ? with_sees(r, p->env, p->key) : alias_seen(r, p->scope, p->key))
			r->items.v[p->item].name.p = NULL;
	}
	r->pendings.n = first;
	if (r->bodies)
		return;
	/* the next statement has names of its own */
	r->scopes.n = r->withs.n = 0;
	r->top = (struct env){ 0 };
	forget(r, &r->aliases);
	forget(r, &r->ctes);
}

struct place {
	const char *line, *at; /* start of the line, and how far lines were counted */
	uint32_t n;
};

/* Places come in order of the text: every byte is counted once. */
static void place_to(struct place *p, const char *at, uint32_t *line, uint32_t *col)
{
	while (p->at < at) {
		const char *nl = memchr(p->at, '\n', (size_t)(at - p->at));
		if (!nl) {
			p->at = at;
			break;
		}
		p->n++;
		p->line = p->at = nl + 1;
	}
	*line = p->n;
	*col = (uint32_t)(at - p->line) + 1;
}

static int by_str(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static int by_item(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->text.p < y->text.p ? -1 : x->text.p > y->text.p;
}

static int by_diag(const void *a, const void *b)
{
	const struct diag *x = a, *y = b;
	return x->at < y->at ? -1 : x->at > y->at;
}

static void finish_diags(struct reader *r, struct place p, struct sql_refs *out)
{
	size_t n = r->diags.n;
	if (n)
		qsort(r->diags.v, n, sizeof *r->diags.v, by_diag);
	for (size_t i = 0; i < n && i < SQL_DIAGS_MAX; i++) {
		struct sql_diag *d = vec_push(r->pool, &out->diags);
		*d = (struct sql_diag){ .severity = r->diags.v[i].severity, .msg = r->diags.v[i].msg };
		place_to(&p, r->diags.v[i].at, &d->line, &d->col);
		if (i + 1 == SQL_DIAGS_MAX && n > SQL_DIAGS_MAX)
			d->msg = STR("too many diagnostics: the rest is left out");
	}
}

void ref_finish(struct reader *r, struct sql_refs *out)
{
	const char *start = r->text.p;
	struct place p = { .line = start, .at = start, .n = 1 };
	size_t kept = 0;
	bool sorted = true;
	for (size_t i = 0; i < r->items.n; i++) {
		if (!r->items.v[i].name.p)
			continue;
		r->items.v[kept] = r->items.v[i];
		sorted &= kept == 0 || r->items.v[kept - 1].at <= r->items.v[kept].at;
		kept++;
	}
	r->items.n = kept;
	if (!sorted)
		qsort(r->items.v, kept, sizeof *r->items.v, by_item);
	struct map seen;
	/* most references of a very long list are to the same few tables */
	map_init(&seen, r->scratch, kept < 256 ? kept : 256);
	out->refs.v = kept ? pool_array(r->pool, kept, sizeof *out->refs.v) : NULL;
	out->refs.cap = kept;
	for (size_t i = 0; i < kept; i++) {
		struct item *it = &r->items.v[i];
		struct sql_ref *ref = vec_push(r->pool, &out->refs);
		*ref = (struct sql_ref){ .name = it->name, .mode = it->mode, .text = it->text };
		place_to(&p, it->at, &ref->line, &ref->col);
		uint64_t *bits = map_put(&seen, it->name, NULL);
		uint64_t bit = (uint64_t)1 << it->mode;
		if (it->mode == SQL_READ && it->lone && !it->settled)
			rd_diag(r, SQL_WARNING, it->at, "table '%.*s' is named without a dataset",
				(int)(it->name.n > 200 ? 200 : it->name.n), it->name.p);
		if (*bits & bit)
			continue;
		*bits |= bit;
		if (it->mode == SQL_READ)
			*vec_push(r->pool, &out->reads) = it->name;
		else if (it->mode == SQL_WRITE)
			*vec_push(r->pool, &out->writes) = it->name;
		else
			*vec_push(r->pool, &out->calls) = it->name;
	}
	if (out->reads.n)
		qsort(out->reads.v, out->reads.n, sizeof(struct str), by_str);
	if (out->writes.n)
		qsort(out->writes.v, out->writes.n, sizeof(struct str), by_str);
	if (out->calls.n)
		qsort(out->calls.v, out->calls.n, sizeof(struct str), by_str);
	finish_diags(r, (struct place){ .line = start, .at = start, .n = 1 }, out);
}
