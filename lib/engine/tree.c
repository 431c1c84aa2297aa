#include "engine/tree.h"

#define PIECE 32768

struct frame {
	uint32_t node, edge;
};

struct drawing {
	const struct graph *g;
	const struct tree_style *style;
	struct buf out;
	uint8_t *drawn;   /* the branch stands somewhere, or will */
	uint32_t *queue;  /* roots that wait */
	uint32_t waiting;
};

static const char *const branch[2][2] = { { "|-- ", "`-- " }, { "├── ", "└── " } };
static const char *const trunk[2][2] = { { "|   ", "    " }, { "│   ", "    " } };

static bool is_last(const struct graph *g, const struct frame *f)
{
	return f->edge + 1 == g->in_at[f->node + 1];
}

static int branch_of(struct drawing *d, uint32_t root, struct mst_error *err)
{
	const struct graph *g = d->g;
	struct frame stack[TREE_DEPTH];
	unsigned depth = 0, u8 = d->style->unicode;
	d->style->label(d->style->ctx, root, &d->out);
	buf_char(&d->out, '\n');
	stack[depth++] = (struct frame){ root, g->in_at[root] };
	while (depth) {
		struct frame *top = &stack[depth - 1];
		if (top->edge == g->in_at[top->node + 1]) {
			if (--depth)
				stack[depth - 1].edge++;
			continue;
		}
		uint32_t u = g->in[top->edge];
		for (unsigned i = 0; i + 1 < depth; i++)
			buf_z(&d->out, trunk[u8][is_last(g, &stack[i])]);
		buf_z(&d->out, branch[u8][is_last(g, top)]);
		d->style->label(d->style->ctx, u, &d->out);
		bool again = d->drawn[u], leaf = g->in_at[u] == g->in_at[u + 1];
		bool deep = !again && !leaf && depth == TREE_DEPTH;
		buf_z(&d->out, again ? " (above)\n" : deep ? " (below)\n" : "\n");
		d->drawn[u] = 1;
		if (deep)
			d->queue[d->waiting++] = u;
		if (!again && !leaf && !deep)
			stack[depth++] = (struct frame){ u, g->in_at[u] };
		else
			top->edge++;
		if (d->out.n >= PIECE) {
			int rc = d->style->emit(d->style->ctx, buf_view(&d->out), err);
			if (rc)
				return rc;
			buf_reset(&d->out);
		}
	}
	return 0;
}

int tree_draw(const struct graph *g, const struct tree_style *style, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct drawing d = { .g = g, .style = style };
	buf_init(&d.out, tmp);
	d.drawn = pool_zalloc(tmp, g->n);
	d.queue = pool_array(tmp, g->n, sizeof *d.queue);
	int rc = 0;
	for (uint32_t u = 0; u < g->n && rc == 0; u++) {
		if (g->out_at[u] != g->out_at[u + 1])
			continue;
		d.drawn[u] = 1;
		rc = branch_of(&d, u, err);
		for (uint32_t i = 0; i < d.waiting && rc == 0; i++)
			rc = branch_of(&d, d.queue[i], err);
		d.waiting = 0;
	}
	return rc || !d.out.n ? rc : style->emit(style->ctx, buf_view(&d.out), err);
}
