#include "engine/plan_state.h"

#include <stdio.h>

#define SHOWN 12

typedef VEC(uint32_t) job_list;

struct why {
	job_list chain;  /* from level 0 to the job: the longest, of equal ones the first by name */
	job_list before; /* direct followers */
	job_list waits;  /* all that wait for it and run, in order of the plan */
	plan_names external;
};

static void why(const struct plan *p, struct pool *pool, uint32_t job, struct why *w)
{
	const struct plan_state *s = p->state;
	const struct graph *g = &s->graph;
	POOL_SCRATCH(tmp);
	uint8_t *below = pool_zalloc(tmp, s->kept);
	*w = (struct why){ 0 };
	uint32_t at = job;
	*vec_push(pool, &w->chain) = at;
	while (p->job[at].level)
		for (uint32_t i = 0; i < p->job[at].after_n; i++)
			if (p->job[p->job[at].after[i]].level + 1 == p->job[at].level) {
				at = p->job[at].after[i];
				*vec_push(pool, &w->chain) = at;
				break;
			}
	for (size_t i = 0; i < w->chain.n / 2; i++) {
		uint32_t t = w->chain.v[i];
		w->chain.v[i] = w->chain.v[w->chain.n - 1 - i];
		w->chain.v[w->chain.n - 1 - i] = t;
	}
	uint32_t u = s->kept_of[job];
	for (uint32_t e = g->out_at[u]; e < g->out_at[u + 1]; e++)
		*vec_push(pool, &w->before) = s->job_of[g->out[e]];
	below[u] = 1;
	graph_closure(g, GRAPH_DOWN, GRAPH_ANY_DEPTH, below);
	for (uint32_t i = job + 1; i < p->jobs; i++)
		if (below[s->kept_of[i]] && p->job[i].run)
			*vec_push(pool, &w->waits) = i;
	plan_externals(p, pool, job, &w->external);
}

static struct str name_of(const struct plan *p, uint32_t job)
{
	return plan_symbol_name(p->state, p->state->line.v[p->job[job].task].symbol);
}

static void put_list(const struct plan *p, struct jw *w, const char *key, const uint32_t *v, size_t n)
{
	jw_key(w, key);
	jw_array(w);
	for (size_t i = 0; i < n; i++)
		jw_str(w, name_of(p, v[i]));
	jw_end(w);
}

void plan_explain_line(const struct plan *p, uint32_t job, struct buf *b)
{
	const struct plan_job *j = &p->job[job];
	struct why y;
	struct jw w;
	POOL_SCRATCH(tmp);
	why(p, tmp, job, &y);
	jw_init(&w, b);
	jw_object(&w);
	jw_key_z(&w, "type", "explain");
	jw_key_s(&w, "name", name_of(p, job));
	jw_key_i(&w, "position", (int64_t)job + 1);
	jw_key_b(&w, "run", j->run);
	jw_key_i(&w, "level", j->level);
	put_list(p, &w, "chain", y.chain.v, y.chain.n);
	jw_key_i(&w, "priority", j->priority);
	jw_key_b(&w, "priority_exact", p->priority_exact);
	put_list(p, &w, "waiting", y.waits.v, y.waits.n);
	put_list(p, &w, "after", j->after, j->after_n);
	put_list(p, &w, "before", y.before.v, y.before.n);
	jw_key(&w, "external");
	jw_array(&w);
	for (size_t i = 0; i < y.external.n; i++)
		jw_str(&w, y.external.v[i]);
	jw_end(&w);
	jw_end(&w);
	buf_char(b, '\n');
}

static void text_name(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_char(b, (unsigned char)s.p[i] < 32 || s.p[i] == 127 ? '?' : s.p[i]);
}

static void text_list(const struct plan *p, struct buf *b, const uint32_t *v, size_t n, const char *between)
{
	for (size_t i = 0; i < n && i < SHOWN; i++) {
		buf_z(b, i ? between : "");
		text_name(b, name_of(p, v[i]));
	}
	if (n > SHOWN)
		buf_printf(b, "%sand %zu more", between, n - SHOWN);
}

void plan_explain_text(const struct plan *p, uint32_t job, struct buf *b)
{
	const struct plan_job *j = &p->job[job];
	struct why y;
	POOL_SCRATCH(tmp);
	why(p, tmp, job, &y);
	text_name(b, name_of(p, job));
	buf_printf(b, ": job %u of %u\n", job + 1, p->jobs);
	if (!j->run)
		buf_z(b, "  run       no: not selected; it keeps the order between jobs that are\n");
	buf_printf(b, "  level     %u", j->level);
	if (j->level) {
		buf_z(b, ": ");
		/* the end of a long chain says more than its start */
		size_t skip = y.chain.n > SHOWN ? y.chain.n - SHOWN : 0;
		if (skip)
			buf_printf(b, "%zu more -> ", skip);
		text_list(p, b, y.chain.v + skip, y.chain.n - skip, " -> ");
	} else {
		buf_z(b, ": waits for no other job");
	}
	buf_printf(b, "\n  priority  %u", j->priority);
	if (!p->priority_exact)
		buf_printf(b, " (estimate; it is %zu)", y.waits.n);
	if (y.waits.n) {
		buf_z(b, ": ");
		text_list(p, b, y.waits.v, y.waits.n, ", ");
		buf_z(b, y.waits.n == 1 ? " waits for it" : " wait for it");
	} else {
		buf_z(b, ": no job waits for it");
	}
	if (j->after_n) {
		buf_z(b, "\n  after     ");
		text_list(p, b, j->after, j->after_n, ", ");
	}
	if (y.before.n) {
		buf_z(b, "\n  before    ");
		text_list(p, b, y.before.v, y.before.n, ", ");
	}
	if (y.external.n) {
		buf_z(b, "\n  external  ");
		for (size_t i = 0; i < y.external.n && i < SHOWN; i++) {
			buf_z(b, i ? ", " : "");
			text_name(b, y.external.v[i]);
		}
		if (y.external.n > SHOWN)
			buf_printf(b, ", and %zu more", y.external.n - SHOWN);
		buf_z(b, " (no line in the input gives these: they imply no order)");
	}
	buf_char(b, '\n');
}
