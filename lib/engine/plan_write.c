#include "engine/plan_state.h"
#include "engine/tree.h"

void plan_write_header(const struct plan *p, struct buf *b)
{
	const struct plan_state *s = p->state;
	struct jw w;
	jw_init(&w, b);
	jw_object(&w);
	jw_key_z(&w, "type", "plan");
	jw_key_i(&w, "jobs", p->runs);
	if (p->jobs > p->runs)
		jw_key_i(&w, "order_only", p->jobs - p->runs);
	jw_key_i(&w, "tables", p->tasks);
	jw_key_i(&w, "external", p->external);
	jw_key_i(&w, "edges", p->edges);
	jw_key_i(&w, "levels", p->levels);
	jw_key(&w, "critical_path");
	jw_array(&w);
	for (uint32_t i = 0; i < p->critical.n; i++)
		jw_str(&w, plan_symbol_name(s, s->line.v[p->job[p->critical.node[i]].task].symbol));
	jw_end(&w);
	jw_key_b(&w, "priority_exact", p->priority_exact);
	jw_key_z(&w, "hash", p->hash);
	jw_end(&w);
	buf_char(b, '\n');
}

static void put_number(struct buf *b, uint32_t v)
{
	char tmp[10];
	unsigned i = sizeof tmp;
	do
		tmp[--i] = (char)('0' + v % 10);
	while (v /= 10);
	buf_add(b, tmp + i, sizeof tmp - i);
}

/* The members of the line but those that the planner writes or drops; keys and
 * values as they stand. */
static void put_members(struct pool *tmp, struct str line, struct buf *b)
{
	static const struct str drop[] = { STR("type"), STR("refs"), STR("diagnostics"), STR("level"),
					   STR("priority"), STR("after"), STR("run") };
	struct json_val v;
	struct str key;
	for (struct json_iter it = json_iter((struct json_val){ line, JSON_OBJECT }); json_next(&it, &key, &v);) {
		struct str plain = json_str(tmp, (struct json_val){ key, JSON_STRING });
		bool dropped = false;
		for (size_t i = 0; i < sizeof drop / sizeof *drop; i++)
			dropped |= str_eq(plain, drop[i]);
		if (dropped)
			continue;
		buf_char(b, ',');
		buf_str(b, key);
		buf_char(b, ':');
		buf_str(b, v.raw);
	}
}

void plan_write_job(const struct plan *p, uint32_t job, struct buf *b)
{
	const struct plan_state *s = p->state;
	const struct plan_job *j = &p->job[job];
	const struct line *l = &s->line.v[j->task];
	const struct graph *g = &s->graph;
	buf_add(b, "{\"type\":\"job\"", 13);
	if (l->flags & LINE_COMPACT) {
		/* all but the brace that closes the line */
		buf_add(b, l->p + l->type_end, l->n - l->type_end - 1);
	} else {
		POOL_SCRATCH(tmp);
		put_members(tmp, (struct str){ l->p, l->n }, b);
	}
	buf_add(b, ",\"level\":", 9);
	put_number(b, j->level);
	buf_add(b, ",\"priority\":", 12);
	put_number(b, j->priority);
	buf_add(b, ",\"after\":[", 10);
	uint32_t u = s->kept_of[job];
	for (uint32_t e = g->in_at[u]; e < g->in_at[u + 1]; e++) {
		uint32_t v = plan_node_of_kept(s, g->in[e]);
		if (e > g->in_at[u])
			buf_char(b, ',');
		buf_add(b, s->quoted + s->quoted_at[v], s->quoted_at[v + 1] - s->quoted_at[v]);
	}
	buf_char(b, ']');
	if (!j->run)
		buf_add(b, ",\"run\":false", 12);
	buf_add(b, "}\n", 2);
}

#define AHEAD 16

/* A job is scattered over memory: its line, its text, its row, the names in it. Each
 * is asked for before it is wanted, so that the waits overlap. */
void plan_write_jobs(const struct plan *p, uint32_t from, uint32_t end, struct buf *b)
{
	const struct plan_state *s = p->state;
	const struct graph *g = &s->graph;
	for (uint32_t i = from; i < end; i += AHEAD) {
		uint32_t stop = end - i > AHEAD ? i + AHEAD : end;
		for (uint32_t k = i; k < stop; k++) {
			__builtin_prefetch(&s->line.v[p->job[k].task]);
			__builtin_prefetch(&g->in_at[s->kept_of[k]]);
		}
		for (uint32_t k = i; k < stop; k++) {
			const char *text = s->line.v[p->job[k].task].p;
			__builtin_prefetch(text);
			__builtin_prefetch(text + 64);
			__builtin_prefetch(&g->in[g->in_at[s->kept_of[k]]]);
		}
		for (unsigned step = 0; step < 2; step++)
			for (uint32_t k = i; k < stop; k++) {
				uint32_t e = g->in_at[s->kept_of[k]], last = g->in_at[s->kept_of[k] + 1];
				for (last = last - e > 8 ? e + 8 : last; e < last; e++) {
					const size_t *at = &s->quoted_at[plan_node_of_kept(s, g->in[e])];
					__builtin_prefetch(step ? (const void *)(s->quoted + *at) : at);
				}
			}
		for (uint32_t k = i; k < stop; k++)
			plan_write_job(p, k, b);
	}
}

struct drawing {
	const struct plan *p;
	int (*emit)(void *ctx, struct str, struct mst_error *);
	void *ctx;
};

static void label(void *ctx, uint32_t kept, struct buf *b)
{
	const struct plan *p = ((struct drawing *)ctx)->p;
	struct str name = plan_symbol_name(p->state, p->state->line.v[plan_line_of_kept(p->state, kept)].symbol);
	for (size_t i = 0; i < name.n; i++)
		buf_char(b, (unsigned char)name.p[i] < 32 || name.p[i] == 127 ? '?' : name.p[i]);
	if (!p->job[p->state->job_of[kept]].run)
		buf_z(b, " (not run)");
}

static int pass_on(void *ctx, struct str text, struct mst_error *err)
{
	struct drawing *d = ctx;
	return d->emit(d->ctx, text, err);
}

int plan_tree(const struct plan *p, bool unicode, int (*emit)(void *ctx, struct str, struct mst_error *), void *ctx,
	      struct mst_error *err)
{
	struct drawing d = { p, emit, ctx };
	return tree_draw(&p->state->graph, &(struct tree_style){ unicode, &d, label, pass_on }, err);
}
