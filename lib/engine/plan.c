#include "engine/plan_state.h"

#include <stdlib.h>

static void add_text(struct pool *pool, struct json_val v, select_values *out)
{
	if (v.type == JSON_STRING)
		*vec_push(pool, out) = json_str(pool, v);
	else if (v.type == JSON_NUMBER || v.type == JSON_BOOL)
		*vec_push(pool, out) = v.raw;
}

static void select_values_of(void *ctx, uint32_t node, enum select_by by, struct pool *pool, select_values *out)
{
	static const struct str attr[] = { STR("tags"), STR("tag"), STR("freq"), STR("team"), STR("owner") };
	static const struct str of_row[] = { STR("team") };
	const struct plan *p = ctx;
	const struct plan_state *s = p->state;
	const struct line *l = &s->line.v[s->line_of[node]];
	struct json_val a[5], item;
	struct mst_error err;
	/* whose the row is, whatever its header says */
	if (by == SELECT_TEAM && !json_pick((struct str){ l->p, l->n }, of_row, 1, a, &err) && a[0].type == JSON_STRING) {
		add_text(pool, a[0], out);
		return;
	}
	if (l->extra == NONE)
		return;
	const struct extra *x = &s->extra.v[l->extra];
	if (by == SELECT_PATH || by == SELECT_KIND) {
		struct str raw = by == SELECT_PATH ? x->file : x->kind;
		if (raw.n > 1 && raw.p[0] == '"')
			add_text(pool, (struct json_val){ raw, JSON_STRING }, out);
		return;
	}
	if (!x->attrs.n || x->attrs.p[0] != '{' || json_pick(x->attrs, attr, 5, a, &err))
		return;
	if (by != SELECT_TAG) {
		add_text(pool, a[by == SELECT_FREQ ? 2 : by == SELECT_TEAM ? 3 : 4], out);
		return;
	}
	for (unsigned k = 0; k < 2; k++) {
		if (a[k].type != JSON_ARRAY)
			add_text(pool, a[k], out);
		else
			for (struct json_iter it = json_iter(a[k]); json_next(&it, NULL, &item);)
				add_text(pool, item, out);
	}
}

struct select_source plan_select_source(const struct plan *p, const struct graph *g)
{
	return (struct select_source){ g, p->state->name, (void *)(uintptr_t)p, select_values_of };
}

/* keep[u]: 1 where the options take node u. */
static int mark(struct plan *p, const struct plan_options *o, uint8_t *keep, select_values *empty,
		struct mst_error *err)
{
	struct plan_state *s = p->state;
	uint32_t n = s->nodes;
	struct select_source source = plan_select_source(p, &s->all);
	POOL_SCRATCH(tmp);
	memset(keep, o && o->nselect ? 0 : 1, n);
	if (o && o->nselect) {
		int rc = select_mark(p->pool, &source, o->select, o->nselect, keep, empty, err);
		if (rc)
			return rc;
	}
	if (o && o->nexclude) {
		uint8_t *out = pool_zalloc(tmp, n);
		int rc = select_mark(p->pool, &source, o->exclude, o->nexclude, out, empty, err);
		if (rc)
			return rc;
		for (uint32_t u = 0; u < n; u++)
			keep[u] &= !out[u];
	}
	return 0;
}

int plan_pick(struct plan *p, const struct plan_options *o, uint8_t **picked, select_values *empty,
	      struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	int rc = plan_resolve(p, err);
	if (rc)
		return rc;
	uint8_t *keep = pool_array(tmp, p->state->nodes, 1);
	if ((rc = mark(p, o, keep, empty, err)))
		return rc;
	*picked = pool_zalloc(p->pool, p->state->nodes);
	for (uint32_t u = 0; u < p->state->nodes; u++)
		(*picked)[p->state->line_of[u]] = keep[u];
	return 0;
}

/* keep[u]: 0 left out, 1 runs, 2 carries order only. */
static int choose(struct plan *p, const struct plan_options *o, uint8_t *keep, struct mst_error *err)
{
	struct plan_state *s = p->state;
	uint32_t n = s->nodes, chosen = 0;
	select_values empty = { 0 };
	POOL_SCRATCH(tmp);
	int rc = mark(p, o, keep, &empty, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < empty.n; i++)
		plan_warn(p, "selector '%.*s' takes nothing", STR_FMT(empty.v[i]));
	for (uint32_t u = 0; u < n; u++) {
		if (s->line.v[s->line_of[u]].flags & LINE_HELD)
			keep[u] = 0;
		chosen += keep[u];
	}
	p->runs = chosen;
	if (chosen == n || chosen == 0)
		return 0;
	uint8_t *below = (uint8_t *)pool_memdup(tmp, keep, n), *above = (uint8_t *)pool_memdup(tmp, keep, n);
	graph_closure(&s->all, GRAPH_DOWN, GRAPH_ANY_DEPTH, below);
	graph_closure(&s->all, GRAPH_UP, GRAPH_ANY_DEPTH, above);
	for (uint32_t u = 0; u < n; u++)
		if (!keep[u] && below[u] && above[u])
			keep[u] = 2;
	return 0;
}

int plan_narrow(struct plan *p, const uint8_t *keep, struct mst_error *err)
{
	struct plan_state *s = p->state;
	uint32_t kept = 0;
	for (uint32_t u = 0; u < s->nodes; u++)
		kept += keep[u] != 0;
	s->kept = kept;
	s->graph = s->all;
	if (kept == s->nodes)
		return 0;
	POOL_SCRATCH(tmp);
	uint32_t *number = pool_array(tmp, s->nodes, sizeof *number);
	struct graph_edge *edge = pool_array(tmp, s->all.m, sizeof *edge);
	size_t m = 0;
	s->kept_node = pool_array(p->pool, kept, sizeof *s->kept_node);
	kept = 0;
	for (uint32_t u = 0; u < s->nodes; u++)
		if (keep[u]) {
			number[u] = kept;
			s->kept_node[kept++] = u;
		}
	for (uint32_t u = 0; u < s->nodes; u++)
		for (uint32_t e = s->all.in_at[u]; keep[u] && e < s->all.in_at[u + 1]; e++)
			if (keep[s->all.in[e]])
				edge[m++] = (struct graph_edge){ number[s->all.in[e]], number[u] };
	return graph_build(p->pool, kept, edge, m, &s->graph, err);
}

/* Stable counting sorts by byte of the key, from the lowest; bytes that are the same
 * everywhere cost one look.  `order` starts in byte order of the names. */
static void sort_by(uint32_t n, const uint32_t *key, uint32_t *order, uint32_t *other)
{
	for (unsigned shift = 0; shift < 32; shift += 8) {
		uint32_t at[257] = { 0 };
		for (uint32_t i = 0; i < n; i++)
			at[(key[i] >> shift & 255) + 1]++;
		if (n == 0 || at[(key[0] >> shift & 255) + 1] == n)
			continue;
		for (unsigned k = 0; k < 256; k++)
			at[k + 1] += at[k];
		for (uint32_t i = 0; i < n; i++)
			other[at[key[order[i]] >> shift & 255]++] = order[i];
		memcpy(order, other, n * sizeof *order);
	}
}

static void arrange(struct plan *p, const uint8_t *keep, struct graph_order order)
{
	struct plan_state *s = p->state;
	const struct graph *g = &s->graph;
	uint32_t n = s->kept;
	uint64_t weight;
	POOL_SCRATCH(tmp);
	uint8_t *run = pool_array(p->pool, n, 1);
	uint32_t *count = pool_array(tmp, n, sizeof *count), *key = pool_array(tmp, n, sizeof *key);
	uint32_t *sorted = pool_array(p->pool, n, sizeof *sorted);
	for (uint32_t i = 0; i < n; i++)
		run[i] = keep[plan_node_of_kept(s, i)] == 1;
	s->run = run;
	p->levels = order.levels;
	p->priority_exact = n <= PLAN_EXACT_MAX;
	if (p->priority_exact)
		graph_count_exact(g, &order, run, count);
	else
		graph_count_estimate(g, &order, run, count);
	p->critical = graph_longest(p->pool, g, &order, run, &weight);
	for (uint32_t i = 0; i < n; i++) {
		sorted[i] = i;
		key[i] = UINT32_MAX - count[i];
	}
	uint32_t *other = pool_array(p->pool, n, sizeof *other);
	sort_by(n, key, sorted, other);
	sort_by(n, order.level, sorted, other);
	s->kept_of = sorted;
	s->job_of = other;
	for (uint32_t i = 0; i < n; i++)
		s->job_of[sorted[i]] = i;
	p->job = pool_array(p->pool, n, sizeof *p->job);
	p->jobs = n;
	p->edges = g->m;
	uint32_t *after = pool_array(p->pool, g->m, sizeof *after), at = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t u = sorted[i], first = at;
		for (uint32_t e = g->in_at[u]; e < g->in_at[u + 1]; e++)
			after[at++] = s->job_of[g->in[e]];
		p->job[i] = (struct plan_job){ plan_line_of_kept(s, u), order.level[u], count[u], run[u], at - first,
					       after + first };
	}
	uint32_t k = 0;
	for (uint32_t i = 0; i < p->critical.n; i++)
		if (run[p->critical.node[i]])
			p->critical.node[k++] = s->job_of[p->critical.node[i]];
	p->critical.n = k;
}

static void count_external(struct plan *p)
{
	struct plan_state *s = p->state;
	POOL_SCRATCH(tmp);
	uint8_t *seen = pool_zalloc(tmp, s->symbol.n);
	for (uint32_t i = 0; i < p->jobs; i++) {
		uint32_t line = p->job[i].task, end = plan_dep_end(s, line);
		for (uint32_t d = s->line.v[line].dep; p->job[i].run && d < end; d++) {
			uint32_t dep = s->dep.v[d];
			if ((dep & (DEP_EXTERNAL | DEP_QUIET)) == DEP_EXTERNAL && !seen[dep & DEP_SYMBOL]) {
				seen[dep & DEP_SYMBOL] = 1;
				p->external++;
			}
		}
	}
}

static void mark_placed(const struct graph_order *order, uint8_t *free)
{
	for (uint32_t i = 0; i < order->placed; i++)
		free[order->node[i]] = 1;
}

/* What only carries order and is part of a cycle, or lies between two, carries none: whoever leaves a table
 * out of a cycle opens it. Whether there was any. */
static bool open_cycles(struct plan *p, const struct graph_order *order, uint8_t *keep)
{
	struct plan_state *s = p->state;
	const struct graph *g = &s->graph;
	struct graph reverse = { g->n, g->m, g->in_at, g->in, g->out_at, g->out };
	struct graph_order back;
	POOL_SCRATCH(tmp);
	uint8_t *free = pool_zalloc(tmp, s->kept);
	bool any = false;
	graph_order(tmp, &reverse, &back);
	mark_placed(order, free);
	mark_placed(&back, free);
	for (uint32_t i = 0; i < s->kept; i++) {
		uint32_t u = plan_node_of_kept(s, i);
		if (free[i] || keep[u] != 2)
			continue;
		plan_warn(p, "'%.*s' reads itself through others and is not selected: no order goes through it",
			  STR_FMT(s->name[u]));
		keep[u] = 0;
		any = true;
	}
	return any;
}

int plan_make(struct plan *p, const struct plan_options *o, struct mst_error *err)
{
	struct plan_state *s = p->state;
	POOL_SCRATCH(tmp);
	int rc = plan_resolve(p, err);
	if (rc)
		return rc;
	p->tasks = s->nodes;
	uint8_t *keep = pool_array(tmp, s->nodes, 1);
	if ((rc = choose(p, o, keep, err)) || (rc = plan_narrow(p, keep, err)))
		return rc;
	struct graph_order order;
	graph_order(tmp, &s->graph, &order);
	if (order.placed < s->kept && open_cycles(p, &order, keep)) {
		if ((rc = plan_narrow(p, keep, err)))
			return rc;
		graph_order(tmp, &s->graph, &order);
	}
	if (order.placed < s->kept)
		return plan_fail_cycles(p, err);
	arrange(p, keep, order);
	count_external(p);
	plan_hash(p);
	return 0;
}

int plan_find(const struct plan *p, struct str name, uint32_t *job, struct mst_error *err)
{
	const struct plan_state *s = p->state;
	struct select_source source = plan_select_source(p, &s->all);
	uint32_t node, lo = 0, hi = s->kept;
	int rc = select_one(&source, name, &node, err);
	if (rc)
		return rc;
	while (s->kept_node && lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (s->kept_node[mid] < node)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (s->kept_node && (lo == s->kept || s->kept_node[lo] != node)) {
		mst_fail(err, MST_NOT_FOUND, "'%.*s' is not part of the plan", STR_FMT(s->name[node]));
		return mst_hint(err, "the selection leaves it out");
	}
	*job = s->job_of[s->kept_node ? lo : node];
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

void plan_externals(const struct plan *p, struct pool *pool, uint32_t job, plan_names *out)
{
	const struct plan_state *s = p->state;
	uint32_t line = p->job[job].task, end = plan_dep_end(s, line);
	POOL_SCRATCH(tmp);
	struct map seen;
	map_init(&seen, tmp, 0);
	for (uint32_t d = s->line.v[line].dep; d < end; d++) {
		uint32_t dep = s->dep.v[d];
		bool is_new = false;
		if ((dep & (DEP_EXTERNAL | DEP_QUIET)) == DEP_EXTERNAL)
			map_put(&seen, plan_symbol_name(s, dep & DEP_SYMBOL), &is_new);
		if (is_new)
			*vec_push(pool, out) = plan_symbol_name(s, dep & DEP_SYMBOL);
	}
	if (out->n)
		qsort(out->v, out->n, sizeof *out->v, by_bytes);
}
