/* Selectors: any text is refused or marks nodes of the graph, and union and intersection are what they say. */
#include "engine/select.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct str names[] = { STR("mart.x"), STR("mart.y"), STR("p.raw.c"), STR("raw.a"),
				    STR("raw.b"), STR("stg.`a b`"), STR("t") };
enum { N = sizeof names / sizeof *names };

static void values(void *ctx, uint32_t node, enum select_by by, struct pool *pool, select_values *out)
{
	(void)ctx;
	if (by == SELECT_PATH)
		*vec_push(pool, out) = node % 2 ? STR("sql/a.sql") : STR("/x/sql/b.sql");
	else if (node != 3)
		*vec_push(pool, out) = node % 2 ? STR("daily") : STR("view");
}

static int marked(struct pool *pool, const char *expr, uint8_t *mark)
{
	static const struct graph_edge edge[] = { { 3, 5 }, { 4, 5 }, { 5, 0 }, { 5, 1 }, { 2, 6 } };
	struct mst_error err = { 0 };
	struct graph g;
	select_values empty = { 0 };
	if (graph_build(pool, N, edge, sizeof edge / sizeof *edge, &g, &err))
		abort();
	struct select_source s = { &g, names, NULL, values };
	int rc = select_mark(pool, &s, &expr, 1, mark, &empty, &err);
	if (rc && (rc != err.code || !err.msg[0]))
		abort();
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	POOL_SCRATCH(pool);
	uint8_t mark[N] = { 0 }, both[N] = { 0 }, all[N] = { 0 };
	/* nothing on a command line holds a NUL */
	for (size_t i = 0; i < n; i++)
		if (!data[i])
			return 0;
	const char *expr = pool_memdup(pool, data, n);
	if (marked(pool, expr, mark) == 0) {
		if (marked(pool, pool_printf(pool, "%s %s", expr, expr), both) == 0 && memcmp(mark, both, N) != 0)
			abort();
		if (marked(pool, pool_printf(pool, "%s *", expr), all) == 0)
			for (unsigned i = 0; i < N; i++)
				if (mark[i] > all[i] || all[i] > 1)
					abort();
	}
	uint32_t node;
	struct mst_error err;
	struct graph g;
	if (graph_build(pool, N, NULL, 0, &g, &err))
		abort();
	struct select_source s = { &g, names, NULL, values };
	if (select_one(&s, str_of(expr), &node, &err) == 0 && node >= N)
		abort();
	return 0;
}
