#include "engine/plan_state.h"

#include <endian.h>

#define PIECE (1 << 16)

struct sum {
	struct sha256 *sha;
	struct buf b;
};

/* Each part stands behind its length, so no two plans give the same bytes. */
static void add(struct sum *h, const void *p, size_t n)
{
	uint64_t len = htole64(n);
	buf_add(&h->b, &len, sizeof len);
	if (n > PIECE) {
		sha256_add(h->sha, buf_view(&h->b));
		sha256_add(h->sha, (struct str){ p, n });
		buf_reset(&h->b);
		return;
	}
	buf_add(&h->b, p, n);
	if (h->b.n > PIECE) {
		sha256_add(h->sha, buf_view(&h->b));
		buf_reset(&h->b);
	}
}

static void add_json(struct sum *h, struct str raw, struct buf *tmp)
{
	struct json_val v;
	struct mst_error err;
	buf_reset(tmp);
	if (raw.n && json_scan(raw, &v, &err) == 0)
		json_canonical(tmp, v);
	add(h, tmp->p, tmp->n);
}

/* Jobs in byte order of their names, each with name, whether it runs, the numbers in that
 * order of what it waits for, kind, attributes and hash of its SQL: the same whatever
 * the order of the lines and the blanks and escapes in them. */
void plan_hash(struct plan *p)
{
	struct plan_state *s = p->state;
	const struct graph *g = &s->graph;
	POOL_SCRATCH(tmp);
	struct sum h = { .sha = sha256_new(tmp) };
	struct buf canon, list;
	buf_init(&h.b, tmp);
	buf_init(&canon, tmp);
	buf_init(&list, tmp);
	for (uint32_t i = 0; i < s->kept; i++) {
		static const struct extra none;
		const struct extra *x = &none;
		if (s->extra.n) {
			const struct line *l = &s->line.v[plan_line_of_kept(s, i)];
			x = l->extra == NONE ? &none : &s->extra.v[l->extra];
		}
		bool more = x->kind.n || x->attrs.n || x->sql_sha256.n;
		struct str name = s->name[plan_node_of_kept(s, i)];
		buf_reset(&list);
		buf_char(&list, s->run[i] ? 'r' : 'o');
		buf_char(&list, more ? '+' : '-');
		for (uint32_t e = g->in_at[i]; e < g->in_at[i + 1]; e++) {
			uint32_t from = htole32(g->in[e]);
			buf_add(&list, &from, sizeof from);
		}
		add(&h, name.p, name.n);
		add(&h, list.p, list.n);
		if (!more)
			continue;
		add_json(&h, x->kind, &canon);
		add_json(&h, x->attrs, &canon);
		add_json(&h, x->sql_sha256, &canon);
	}
	sha256_add(h.sha, buf_view(&h.b));
	sha256_end(h.sha, p->hash);
}
