#include "provider/postgres/internal.h"

static int peek(struct warehouse *w, const struct warehouse_target *t, int limit, warehouse_sink *tell, void *arg,
		struct mst_error *err)
{
	struct pg *pg = (struct pg *)w;
	POOL_SCRATCH(pool);
	struct pg_names n;
	const struct db_result *r;
	pg_names(pool, t, &n);
	struct str sql = str_of(pool_printf(pool, "SELECT pg_catalog.row_to_json(t.*) FROM %.*s t LIMIT %d",
					    STR_FMT(n.full), limit));
	int rc = db_query(pool, pg->db, sql, NULL, 0, &r, err);
	for (size_t i = 0; !rc && i < db_rows(r); i++)
		rc = tell(arg, db_text(r, i, 0), err);
	return rc;
}

static int name_fits(const struct warehouse_target *t, const char *what, struct str name, struct mst_error *err)
{
	if (name.n <= POSTGRES_NAME_MAX)
		return 0;
	mst_fail(err, MST_DATA, "the %s of %.*s has %zu bytes; PostgreSQL takes %d", what, STR_FMT(t->name), name.n,
		 POSTGRES_NAME_MAX);
	return mst_hint(err, "give it a shorter name (a file's name, or '-- mst: name: ...')");
}

static int check(const struct warehouse_target *t, struct mst_error *err)
{
	int rc = name_fits(t, "dataset", t->dataset, err);
	if (!rc)
		rc = name_fits(t, "table", t->table, err);
	if (!rc && (str_has_prefix(t->dataset, STR("pg_")) || str_eqz(t->dataset, "information_schema")))
		rc = mst_fail(err, MST_DATA, "%.*s would lie in a schema of PostgreSQL's own", STR_FMT(t->name));
	return rc;
}

const struct warehouse_ops postgres_ops = {
	.name = "postgres",
	.summary = pg_summary,
	.view = pg_view,
	.materialized = pg_materialized,
	.script = pg_script,
	.done = pg_effect_done,
	.load_begin = pg_load_begin,
	.load_put = pg_load_put,
	.load_end = pg_load_end,
	.load_abort = pg_load_abort,
	.load_try = pg_load_try,
	.load_aside = pg_load_aside,
	.explain = pg_explain,
	.source_whole = pg_source_whole,
	.source_copy = pg_source_copy,
	.peek = peek,
	.read = pg_read,
	.check = check,
	.columns = pg_columns,
	.enumeration = pg_enumeration,
	.clock = pg_clock,
	.watermark = pg_effect_watermark,
};

struct warehouse *postgres_warehouse(struct pool *pool, struct db *db)
{
	struct pg *pg = pool_zalloc(pool, sizeof *pg);
	pg->base.ops = &postgres_ops;
	pg->pool = pool;
	pg->answer = pool_new(pool);
	pg->db = db;
	return &pg->base;
}
