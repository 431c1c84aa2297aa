/* What will be sent, for --dry-run: pure. */
#include "provider/postgres/internal.h"

static void add(struct pool *pool, pg_statements *s, struct str text)
{
	*vec_push(pool, s) = text;
}

static void add_z(struct pool *pool, pg_statements *s, const char *text)
{
	add(pool, s, str_of(text));
}

static void around(struct pool *pool, const struct warehouse_target *t, const struct str *v, size_t n, pg_statements *s)
{
	for (size_t i = 0; i < n; i++) {
		struct pg_text x;
		pg_text_make(pool, t, "", v[i], "", true, PG_NO_TABLE, &x);
		add(pool, s, x.sql);
	}
}

static int build(struct pool *pool, const struct warehouse_target *t, const struct pg_names *n, const char *kind,
		 const struct warehouse_column *cols, size_t k, pg_statements *s, struct mst_error *err)
{
	struct pg_view_text v;
	struct pg_text x;
	bool view = strcmp(kind, "view") == 0, materialized = strcmp(kind, "materialized") == 0;
	if (view || materialized) {
		int rc = pg_view_text(pool, t, materialized, &v, err);
		if (rc)
			return rc;
		if (view)
			pg_view_as(pool, t, n->full, true, &v, &x);
		else
			pg_materialized_as(pool, t, n, &v, &x);
		add(pool, s, x.sql);
	} else if (strcmp(kind, "script") == 0) {
		pg_text_make(pool, t, "", t->sql, "", true, PG_NO_TABLE, &x);
		add(pool, s, x.sql);
	} else if (strcmp(kind, "import") == 0) {
		add(pool, s, pg_drop_build_sql(pool, n));
		if (cols) {
			add(pool, s, pg_create_sql(pool, n, cols, k));
			add(pool, s, pg_copy_sql(pool, n, cols, k));
		} else {
			add_z(pool, s, pool_printf(pool, "CREATE TABLE %.*s (/* columns as the rows show them */)",
						   STR_FMT(n->build)));
			add_z(pool, s, pool_printf(pool, "COPY %.*s FROM STDIN", STR_FMT(n->build)));
		}
	} else {
		add(pool, s, pg_drop_build_sql(pool, n));
		pg_table_as(pool, t, n, &x);
		/* --dry-run shows what can be run by hand */
		if (x.n_values)
			pg_text_make(pool, t, pool_printf(pool, "CREATE TABLE %.*s AS\n", STR_FMT(n->build)), t->sql, "", true,
				     PG_NO_TABLE, &x);
		add(pool, s, x.sql);
	}
	return 0;
}

static void land(struct pool *pool, const struct warehouse_target *t, const struct pg_names *n, const char *kind,
		 pg_statements *s)
{
	const char *word = strcmp(kind, "materialized") == 0 ? "MATERIALIZED VIEW" : "TABLE";
	if (t->disposition == WAREHOUSE_REPLACE) {
		add_z(pool, s, pool_printf(pool, "DROP %s IF EXISTS %.*s", word, STR_FMT(n->full)));
		add_z(pool, s, pool_printf(pool, "ALTER TABLE %.*s RENAME TO %.*s", STR_FMT(n->build), STR_FMT(n->table)));
		return;
	}
	if (t->disposition == WAREHOUSE_APPEND) {
		add_z(pool, s, pool_printf(pool, "INSERT INTO %.*s (/* columns of the build */) SELECT * FROM %.*s",
					   STR_FMT(n->full), STR_FMT(n->build)));
	} else {
		struct buf b;
		buf_init(&b, pool);
		buf_printf(&b, "MERGE INTO %.*s AS t USING %.*s AS s ON ", STR_FMT(n->full), STR_FMT(n->build));
		for (size_t i = 0; i < t->n_keys; i++) {
			struct str name = db_quote_ident(pool, t->keys[i]);
			buf_printf(&b, "%st.%.*s = s.%.*s", i ? " AND " : "", STR_FMT(name), STR_FMT(name));
		}
		buf_z(&b, " /* WHEN MATCHED, and other values: UPDATE; WHEN NOT MATCHED: INSERT */");
		add(pool, s, buf_view(&b));
	}
	add_z(pool, s, pool_printf(pool, "DROP TABLE %.*s", STR_FMT(n->build)));
}

int pg_explain(struct pool *pool, const struct warehouse_target *t, const char *kind,
	       const struct warehouse_column *cols, size_t k, warehouse_sink *sink, void *arg, struct mst_error *err)
{
	struct pg_names n;
	pg_statements text = { 0 };
	pg_names(pool, t, &n);
	add_z(pool, &text, pool_printf(pool, "CREATE SCHEMA IF NOT EXISTS %.*s", STR_FMT(n.schema)));
	add(pool, &text, pg_begin_sql(pool, &n, t));
	around(pool, t, t->pre, t->n_pre, &text);
	int rc = build(pool, t, &n, kind, cols, k, &text, err);
	if (rc)
		return rc;
	bool built = strcmp(kind, "view") != 0 && strcmp(kind, "script") != 0;
	bool grows = t->disposition != WAREHOUSE_REPLACE;
	struct str tested = built && !grows ? n.build : n.full;
	if (built && !grows)
		pg_tests_explain(pool, t, &n, tested, &text);
	if (built)
		land(pool, t, &n, kind, &text);
	if (!built || grows)
		pg_tests_explain(pool, t, &n, tested, &text);
	around(pool, t, t->post, t->n_post, &text);
	add_z(pool, &text, "COMMIT");
	for (size_t i = 0; !rc && i < text.n; i++)
		rc = sink(arg, text.v[i], err);
	return rc;
}
