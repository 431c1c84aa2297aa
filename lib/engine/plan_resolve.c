#include "engine/plan_state.h"

#include "base/strsort.h"

#include <stdlib.h>

/* Nodes are lines in byte order of their names: then every list of the graph is in
 * order of names, and ties break by name of themselves. */
static void number(struct plan *p)
{
	struct plan_state *s = p->state;
	uint32_t n = (uint32_t)s->line.n;
	POOL_SCRATCH(tmp);
	struct str *name = pool_array(tmp, n, sizeof *name);
	for (uint32_t i = 0; i < n; i++)
		name[i] = plan_symbol_name(s, s->line.v[i].symbol);
	s->nodes = n;
	s->line_of = str_sort_order(p->pool, name, n);
	s->node_of = pool_array(p->pool, n, sizeof *s->node_of);
	s->name = pool_array(p->pool, n, sizeof *s->name);
	for (uint32_t u = 0; u < n; u++)
		s->node_of[s->line_of[u]] = u;
	/* from here on names are read again and again, in order: they are laid side by side */
	struct buf b;
	buf_init(&b, p->pool);
	s->quoted_at = pool_array(p->pool, (size_t)n + 1, sizeof *s->quoted_at);
	for (uint32_t u = 0; u < n; u++) {
		if (u + 16 < n)
			__builtin_prefetch(name[s->line_of[u + 16]].p);
		if (u + 32 < n)
			__builtin_prefetch(&name[s->line_of[u + 32]]);
		s->quoted_at[u] = b.n;
		json_quote(&b, name[s->line_of[u]]);
	}
	s->quoted_at[n] = b.n;
	s->quoted = b.p;
	for (uint32_t u = 0; u < n; u++) {
		/* a name that needs no escape stands there as it is */
		size_t at = s->quoted_at[u], len = s->quoted_at[u + 1] - at - 2;
		struct str own = memchr(b.p + at, '\\', len + 2) ? name[s->line_of[u]] : (struct str){ b.p + at + 1, len };
		s->name[u] = own;
	}
	s->match = match_new(p->pool, s->name, n);
}

static int by_symbol(const void *pa, const void *pb)
{
	const struct written *a = pa, *b = pb;
	if (a->symbol != b->symbol)
		return a->symbol < b->symbol ? -1 : 1;
	if (a->read_too != b->read_too)
		return a->read_too ? 1 : -1;
	return a->line < b->line ? -1 : a->line > b->line;
}

/* Names that lines write and no line is called: a second index, asked only where the
 * first knows nothing. */
static void index_writes(struct plan *p)
{
	struct plan_state *s = p->state;
	POOL_SCRATCH(tmp);
	match_list found = { 0 };
	size_t k = 0;
	if (!s->write.n)
		return;
	uint32_t *reader_of = pool_array(tmp, s->symbol.n, sizeof *reader_of), marked = NONE;
	memset(reader_of, 0xff, s->symbol.n * sizeof *reader_of);
	for (size_t i = 0; i < s->write.n; i++) {
		struct written w = s->write.v[i];
		/* the writes of a line stand together */
		if (w.line != marked)
			for (uint32_t d = s->line.v[w.line].dep; d < plan_dep_end(s, w.line); d++)
				reader_of[s->dep.v[d] & DEP_SYMBOL] = w.line;
		marked = w.line;
		w.read_too = reader_of[w.symbol] == w.line;
		found.n = 0;
		if (s->symbol.v[w.symbol].line != NONE)
			continue;
		struct str reader = plan_symbol_name(s, s->line.v[w.line].symbol);
		if (match_find(s->match, tmp, reader, plan_symbol_name(s, w.symbol), &found, NULL) == MATCH_NONE)
			s->write.v[k++] = w;
	}
	s->write.n = k;
	if (!k)
		return;
	qsort(s->write.v, k, sizeof *s->write.v, by_symbol);
	struct str *name = pool_array(tmp, k, sizeof *name);
	struct writers *all = pool_array(tmp, k, sizeof *all);
	uint32_t n = 0;
	for (uint32_t i = 0; i < k; i++) {
		const struct written *w = &s->write.v[i];
		if (i == 0 || w->symbol != w[-1].symbol) {
			name[n] = plan_symbol_name(s, w->symbol);
			all[n++] = (struct writers){ i, i, i };
		}
		all[n - 1].end = i + 1;
		if (!w->read_too)
			all[n - 1].mixed = i + 1;
	}
	uint32_t *order = str_sort_order(tmp, name, n);
	struct str *sorted = pool_array(p->pool, n, sizeof *sorted);
	s->writers = pool_array(p->pool, n, sizeof *s->writers);
	for (uint32_t i = 0; i < n; i++) {
		sorted[i] = name[order[i]];
		s->writers[i] = all[order[i]];
	}
	s->match_written = match_new(p->pool, sorted, n);
}

static bool writes(const struct plan_state *s, uint32_t first, uint32_t end, uint32_t line)
{
	while (first < end) {
		uint32_t mid = first + (end - first) / 2;
		if (s->write.v[mid].line == line)
			return true;
		if (s->write.v[mid].line < line)
			first = mid + 1;
		else
			end = mid;
	}
	return false;
}

enum match_found plan_lookup(struct plan *p, struct pool *pool, uint32_t line, struct str name, match_list *lines,
			     struct str two[2])
{
	struct plan_state *s = p->state;
	struct str reader = plan_symbol_name(s, s->line.v[line].symbol);
	uint32_t pair[2];
	size_t from = lines->n;
	enum match_found found = match_find(s->match, pool, reader, name, lines, pair);
	for (size_t i = from; i < lines->n; i++)
		lines->v[i] = s->line_of[lines->v[i]];
	if (found == MATCH_AMBIGUOUS && two) {
		two[0] = s->name[pair[0]];
		two[1] = s->name[pair[1]];
	}
	if (!s->match_written || (found != MATCH_NONE && !match_is_pattern(name)))
		return found;
	POOL_SCRATCH(tmp);
	match_list written = { 0 };
	enum match_found also = match_find(s->match_written, tmp, reader, name, &written, pair);
	if (also == MATCH_AMBIGUOUS && two) {
		two[0] = plan_symbol_name(s, s->write.v[s->writers[pair[0]].first].symbol);
		two[1] = plan_symbol_name(s, s->write.v[s->writers[pair[1]].first].symbol);
	}
	for (size_t i = 0; i < written.n; i++) {
		const struct writers *w = &s->writers[written.v[i]];
		/* two that read and write one table cannot both wait for the other */
		bool own = writes(s, w->first, w->mixed, line) || writes(s, w->mixed, w->end, line);
		for (uint32_t k = w->first; k < (own ? w->mixed : w->end); k++)
			*vec_push(pool, lines) = s->write.v[k].line;
	}
	return found == MATCH_FOUND ? found : also;
}

typedef VEC(struct graph_edge) edge_list;

static int too_many(struct mst_error *err)
{
	mst_fail(err, MST_LIMIT, "more than %u edges", PLAN_EDGES_MAX);
	return mst_hint(err, "patterns like 'd.*' that many tables read multiply edges; name the tables");
}

/* What a name means hangs on the dataset of its reader alone, as long as no line is a
 * mere writer: the last answer for each name is kept. */
struct memo {
	struct map dataset;   /* of readers -> number from 1 */
	uint32_t of_line, current;
	uint32_t *asked;      /* by symbol: dataset that asked last, 0 for none */
	uint32_t *answer;     /* node, or NONE where it is external */
};

static uint32_t dataset_of(struct plan *p, struct memo *m, uint32_t line)
{
	if (m->of_line != line) {
		struct str name = plan_symbol_name(p->state, p->state->line.v[line].symbol);
		struct str dataset = { name.p, name.n - match_tail(name, 1).n };
		uint64_t *number = map_put(&m->dataset, dataset, NULL);
		if (!*number)
			*number = m->dataset.n;
		m->of_line = line;
		m->current = (uint32_t)*number;
	}
	return m->current;
}

/* A name that no line has as it stands. */
static int resolve_other(struct plan *p, struct pool *tmp, struct memo *m, uint32_t line, uint32_t *dep,
			 edge_list *edges, match_list *found, struct mst_error *err)
{
	struct plan_state *s = p->state;
	uint32_t symbol = *dep & DEP_SYMBOL, own = s->symbol.v[symbol].line, to = s->node_of[line];
	struct str name = plan_symbol_name(s, symbol), two[2];
	bool pattern = s->symbol.v[symbol].n & SYMBOL_PATTERN, kept = !pattern && !s->match_written;
	enum match_found what = MATCH_NONE;
	found->n = 0;
	if (kept && m->asked[symbol] == dataset_of(p, m, line)) {
		if (m->answer[symbol] == NONE)
			*dep |= DEP_EXTERNAL;
		else
			*vec_push(tmp, edges) = (struct graph_edge){ m->answer[symbol], to };
		return 0;
	}
	if (!pattern || !(*dep & DEP_PLAIN)) {
		what = plan_lookup(p, tmp, line, name, found, two);
	} else if (own != NONE) {
		what = MATCH_FOUND;
		*vec_push(tmp, found) = own;
	}
	if (what != MATCH_FOUND)
		*dep |= DEP_EXTERNAL;
	if (what == MATCH_AMBIGUOUS && !(*dep & DEP_QUIET))
		plan_warn(p, "%s: '%.*s' reads '%.*s', which may be '%.*s' or '%.*s': no order is implied; write the "
			     "full name", plan_place(p, tmp, line),
			  STR_FMT(plan_symbol_name(s, s->line.v[line].symbol)), STR_FMT(name), STR_FMT(two[0]),
			  STR_FMT(two[1]));
	if (edges->n + found->n > PLAN_EDGES_MAX)
		return too_many(err);
	for (size_t i = 0; i < found->n; i++)
		*vec_push(tmp, edges) = (struct graph_edge){ s->node_of[found->v[i]], to };
	if (kept && what != MATCH_AMBIGUOUS) {
		m->asked[symbol] = m->current;
		m->answer[symbol] = what == MATCH_FOUND ? s->node_of[found->v[0]] : NONE;
	}
	return 0;
}

int plan_resolve(struct plan *p, struct mst_error *err)
{
	struct plan_state *s = p->state;
	int rc = plan_flush(p, err);
	if (rc)
		return rc;
	number(p);
	index_writes(p);
	POOL_SCRATCH(tmp);
	edge_list edges = { 0 };
	match_list found = { 0 };
	struct memo memo = { .of_line = NONE };
	map_init(&memo.dataset, tmp, 0);
	memo.asked = pool_zalloc(tmp, s->symbol.n * sizeof *memo.asked);
	memo.answer = pool_array(tmp, s->symbol.n, sizeof *memo.answer);
	uint32_t *node = pool_array(tmp, s->symbol.n, sizeof *node);
	for (uint32_t i = 0; i < s->symbol.n; i++) {
		const struct symbol *y = &s->symbol.v[i];
		node[i] = y->line == NONE || y->n & SYMBOL_PATTERN ? NONE : s->node_of[y->line];
	}
	for (uint32_t line = 0; line < s->nodes; line++) {
		uint32_t to = s->node_of[line], end = plan_dep_end(s, line);
		for (uint32_t d = s->line.v[line].dep; d < end; d++) {
			uint32_t from = node[s->dep.v[d] & DEP_SYMBOL];
			if (from != NONE)
				*vec_push(tmp, &edges) = (struct graph_edge){ from, to };
			else if ((rc = resolve_other(p, tmp, &memo, line, &s->dep.v[d], &edges, &found, err)))
				return rc;
			if (edges.n > PLAN_EDGES_MAX)
				return too_many(err);
		}
	}
	return graph_build(p->pool, s->nodes, edges.v, edges.n, &s->all, err);
}
