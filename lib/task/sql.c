/* The kinds that are one call to the warehouse. */
#include "task/internal.h"

#define EXPLAIN(kind) \
	static int explain_##kind(struct pool *pool, const struct job *job, const struct warehouse_ops *ops, \
				  const struct warehouse_target *t, warehouse_sink *sink, void *arg, \
				  struct mst_error *err) \
	{ \
		(void)job; \
		return ops->explain(pool, t, #kind, NULL, 0, sink, arg, err); \
	} \
	static int run_##kind(struct task_ctx *c, struct warehouse_result *out, struct mst_error *err) \
	{ \
		return c->warehouse->ops->kind(c->warehouse, &c->target, out, err); \
	}

EXPLAIN(summary)
EXPLAIN(view)
EXPLAIN(materialized)
EXPLAIN(script)

const struct task_type task_summary = {
	.name = "summary",
	.summary = "a query becomes a table, built beside and swapped",
	.needs_sql = true,
	.explain = explain_summary,
	.run = run_summary,
};

const struct task_type task_view = {
	.name = "view",
	.summary = "a query or a CREATE VIEW statement becomes a view",
	.needs_sql = true,
	.explain = explain_view,
	.run = run_view,
};

const struct task_type task_materialized = {
	.name = "materialized",
	.summary = "a query becomes a materialized view, refreshed or built anew",
	.needs_sql = true,
	.explain = explain_materialized,
	.run = run_materialized,
};

const struct task_type task_script = {
	.name = "script",
	.summary = "statements run as they are, in one transaction",
	.needs_sql = true,
	.own_session = true,
	.explain = explain_script,
	.run = run_script,
};
