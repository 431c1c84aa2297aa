#include "engine/plan_state.h"

/* Of a longer cycle the middle is left out. */
#define SHOWN 1000

/* Where the SQL of `line` names what `target` gives: "a.sql:12:3", "stdin:4" where the
 * line carries no such reference, "" where lines have no place. */
static const char *place_of_edge(struct plan *p, struct pool *pool, uint32_t line, uint32_t target)
{
	static const struct str wanted[] = { STR("refs") }, parts[] = { STR("name"), STR("line"), STR("mode") };
	struct plan_state *s = p->state;
	const struct line *l = &s->line.v[line];
	struct json_val refs, ref, part[3];
	struct mst_error err;
	struct str file = { "", 0 };
	if (l->extra != NONE) {
		struct str raw = s->extra.v[l->extra].file;
		if (raw.n > 2 && raw.p[0] == '"')
			file = json_str(pool, (struct json_val){ raw, JSON_STRING });
	}
	if (!file.n && p->rows)
		return "";
	if (!file.n || json_pick((struct str){ l->p, l->n }, wanted, 1, &refs, &err))
		return plan_place(p, pool, line);
	for (struct json_iter it = json_iter(refs); json_next(&it, NULL, &ref);) {
		int64_t at;
		match_list found = { 0 };
		if (ref.type != JSON_OBJECT || json_pick(ref.raw, parts, 3, part, &err) ||
		    part[0].type != JSON_STRING || !json_int(part[1], &at) || str_eqz(part[2].raw, "\"write\""))
			continue;
		plan_lookup(p, pool, line, json_str(pool, part[0]), &found, NULL);
		for (size_t i = 0; i < found.n; i++)
			if (found.v[i] == target)
				return pool_printf(pool, "%.*s:%lld", STR_FMT(file), (long long)at);
	}
	return pool_printf(pool, "%.*s", STR_FMT(file));
}

/* Read from reader to read: the reverse of the order of the graph. */
static char *path_text(struct plan *p, const struct graph_path *path)
{
	struct plan_state *s = p->state;
	struct buf b;
	buf_init(&b, p->pool);
	uint32_t n = path->n;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = (n - i) % n, next = (n - i - 1) % n;
		if (n > SHOWN && i == SHOWN / 2) {
			buf_printf(&b, "... %u more ... -> ", n - SHOWN);
			i = n - SHOWN / 2 - 1;
			continue;
		}
		POOL_SCRATCH(tmp);
		uint32_t line = plan_line_of_kept(s, path->node[at]), target = plan_line_of_kept(s, path->node[next]);
		const char *place = place_of_edge(p, tmp, line, target);
		buf_str(&b, s->name[s->node_of[line]]);
		buf_printf(&b, *place ? " (%s) -> " : "%s -> ", place);
	}
	buf_str(&b, s->name[plan_node_of_kept(s, path->node[0])]);
	for (size_t i = 0; i < b.n; i++)
		if ((unsigned char)b.p[i] < 32 || b.p[i] == 127)
			b.p[i] = '?';
	return buf_cstr(&b);
}

int plan_fail_cycles(struct plan *p, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	size_t count;
	struct graph_path *path = graph_cycles(tmp, &p->state->graph, PLAN_CYCLES_MAX, &count);
	p->cycles_found = count;
	for (size_t i = 0; i < count && i < PLAN_CYCLES_MAX; i++)
		*vec_push(p->pool, &p->cycles) = path_text(p, &path[i]);
	if (count == 1)
		mst_fail(err, MST_DATA, "a cycle: %s", p->cycles.v[0]);
	else
		mst_fail(err, MST_DATA, "%zu cycles, the first: %s", count, p->cycles.v[0]);
	return mst_hint(err, "'a -> b' says that a reads b: each waits for the next, so none can be first");
}

int plan_cycles_through(struct plan *p, const struct str *names, size_t n, struct mst_error *err)
{
	struct plan_state *s = p->state;
	POOL_SCRATCH(tmp);
	int rc = plan_resolve(p, err);
	if (rc)
		return rc;
	uint8_t *below = pool_zalloc(tmp, s->nodes + 1), *above;
	struct select_source source = plan_select_source(p, &s->all);
	struct graph_order order;
	for (size_t i = 0; i < n; i++) {
		uint32_t node = select_exact(&source, names[i]);
		if (node != UINT32_MAX)
			below[node] = 1;
	}
	above = (uint8_t *)pool_memdup(tmp, below, s->nodes + 1);
	graph_closure(&s->all, GRAPH_DOWN, GRAPH_ANY_DEPTH, below);
	graph_closure(&s->all, GRAPH_UP, GRAPH_ANY_DEPTH, above);
	for (uint32_t u = 0; u < s->nodes; u++)
		below[u] &= above[u];
	if ((rc = plan_narrow(p, below, err)))
		return rc;
	graph_order(tmp, &s->graph, &order);
	return order.placed < s->kept ? plan_fail_cycles(p, err) : 0;
}
