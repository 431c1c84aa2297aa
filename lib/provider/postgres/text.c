/* Statements as text: pure, so that --dry-run shows what will be sent. */
#include "provider/postgres/internal.h"

#include "base/map.h"

#define BUILD_SUFFIX "__mst_new"

void pg_names(struct pool *pool, const struct warehouse_target *t, struct pg_names *out)
{
	struct str schema = t->dataset.n ? t->dataset : STR("public");
	struct buf b;
	buf_init(&b, pool);
	size_t room = POSTGRES_NAME_MAX - (sizeof BUILD_SUFFIX - 1);
	if (t->table.n <= room) {
		buf_str(&b, t->table);
	} else {
		/* a name that is cut gets a mark of its own; never in the middle of a character */
		size_t n = room - 9;
		while (n > 0 && ((unsigned char)t->table.p[n] & 0xc0) == 0x80)
			n--;
		buf_add(&b, t->table.p, n);
		buf_printf(&b, "_%08x", (unsigned)hash_bytes(0, t->table.p, t->table.n));
	}
	buf_z(&b, BUILD_SUFFIX);
	*out = (struct pg_names){
		.schema = db_quote_ident(pool, schema),
		.table = db_quote_ident(pool, t->table),
		.schema_text = schema,
		.table_text = t->table,
		.build_text = buf_view(&b),
	};
	out->full = str_of(pool_printf(pool, "%.*s.%.*s", STR_FMT(out->schema), STR_FMT(out->table)));
	struct str build = db_quote_ident(pool, out->build_text);
	out->build = str_of(pool_printf(pool, "%.*s.%.*s", STR_FMT(out->schema), STR_FMT(build)));
}

struct str pg_begin_sql(struct pool *pool, const struct pg_names *n)
{
	bool pub = str_eqz(n->schema_text, "public");
	return str_of(pool_printf(pool, "BEGIN; SET LOCAL search_path TO %.*s%s", STR_FMT(n->schema),
				  pub ? "" : ", public"));
}

struct str pg_drop_build_sql(struct pool *pool, const struct pg_names *n)
{
	return str_of(pool_printf(pool, "DROP TABLE IF EXISTS %.*s", STR_FMT(n->build)));
}

struct str pg_table_as_sql(struct pool *pool, const struct pg_names *n, struct str query, size_t *prefix)
{
	struct buf b;
	buf_init(&b, pool);
	buf_printf(&b, "CREATE TABLE %.*s AS\n", STR_FMT(n->build));
	*prefix = b.n;
	buf_str(&b, query);
	return buf_view(&b);
}

struct str pg_view_sql(struct pool *pool, struct str name, bool replace, const struct pg_view_text *v,
		       size_t *prefix)
{
	struct buf b;
	buf_init(&b, pool);
	buf_printf(&b, "CREATE %s%sVIEW %.*s%s", replace ? "OR REPLACE " : "", v->recursive ? "RECURSIVE " : "",
		   STR_FMT(name), v->statement ? "" : " AS\n");
	*prefix = b.n;
	buf_str(&b, v->body);
	return buf_view(&b);
}

struct str pg_create_sql(struct pool *pool, const struct pg_names *n, const struct warehouse_column *cols, size_t k)
{
	struct buf b;
	buf_init(&b, pool);
	buf_printf(&b, "CREATE TABLE %.*s (", STR_FMT(n->build));
	for (size_t i = 0; i < k; i++) {
		struct str name = db_quote_ident(pool, cols[i].name);
		buf_printf(&b, "%s%.*s %.*s", i ? ", " : "", STR_FMT(name), STR_FMT(cols[i].type));
	}
	buf_char(&b, ')');
	return buf_view(&b);
}

struct str pg_copy_sql(struct pool *pool, const struct pg_names *n, const struct warehouse_column *cols, size_t k)
{
	struct buf b;
	buf_init(&b, pool);
	buf_printf(&b, "COPY %.*s (", STR_FMT(n->build));
	for (size_t i = 0; i < k; i++) {
		struct str name = db_quote_ident(pool, cols[i].name);
		buf_printf(&b, "%s%.*s", i ? ", " : "", STR_FMT(name));
	}
	buf_z(&b, ") FROM STDIN");
	return buf_view(&b);
}

int pg_explain(struct pool *pool, const struct warehouse_target *t, const char *kind,
	       const struct warehouse_column *cols, size_t k, warehouse_sink *sink, void *arg, struct mst_error *err)
{
	struct pg_names n;
	VEC(struct str) text = { 0 };
	size_t prefix;
	bool built = true;
	pg_names(pool, t, &n);
	*vec_push(pool, &text) = str_of(pool_printf(pool, "CREATE SCHEMA IF NOT EXISTS %.*s", STR_FMT(n.schema)));
	*vec_push(pool, &text) = pg_begin_sql(pool, &n);
	if (strcmp(kind, "view") == 0) {
		struct pg_view_text v;
		int rc = pg_view_text(pool, t, &v, err);
		if (rc)
			return rc;
		*vec_push(pool, &text) = pg_view_sql(pool, n.full, true, &v, &prefix);
		built = false;
	} else if (strcmp(kind, "script") == 0) {
		*vec_push(pool, &text) = t->sql;
		built = false;
	} else if (strcmp(kind, "import") == 0) {
		*vec_push(pool, &text) = pg_drop_build_sql(pool, &n);
		if (cols) {
			*vec_push(pool, &text) = pg_create_sql(pool, &n, cols, k);
			*vec_push(pool, &text) = pg_copy_sql(pool, &n, cols, k);
		} else {
			*vec_push(pool, &text) = str_of(pool_printf(
				pool, "CREATE TABLE %.*s (/* columns as the rows show them */)", STR_FMT(n.build)));
			*vec_push(pool, &text) = str_of(pool_printf(pool, "COPY %.*s FROM STDIN", STR_FMT(n.build)));
		}
	} else {
		*vec_push(pool, &text) = pg_drop_build_sql(pool, &n);
		*vec_push(pool, &text) = pg_table_as_sql(pool, &n, t->sql, &prefix);
	}
	if (built) {
		*vec_push(pool, &text) = str_of(pool_printf(pool, "DROP TABLE IF EXISTS %.*s", STR_FMT(n.full)));
		*vec_push(pool, &text) = str_of(pool_printf(pool, "ALTER TABLE %.*s RENAME TO %.*s", STR_FMT(n.build),
							    STR_FMT(n.table)));
	}
	*vec_push(pool, &text) = STR("COMMIT");
	for (size_t i = 0; i < text.n; i++) {
		int rc = sink(arg, text.v[i], err);
		if (rc)
			return rc;
	}
	return 0;
}
