/* Statements as text: pure, so that --dry-run shows what will be sent. */
#include "provider/postgres/internal.h"

#include "base/map.h"

#define BUILD_SUFFIX "__mst_new"

struct str pg_beside(struct pool *pool, struct str table, const char *suffix)
{
	struct buf b;
	buf_init(&b, pool);
	size_t room = POSTGRES_NAME_MAX - strlen(suffix);
	if (table.n <= room) {
		buf_str(&b, table);
	} else {
		/* a name that is cut gets a mark of its own; never in the middle of a character */
		size_t n = room - 9;
		while (n > 0 && ((unsigned char)table.p[n] & 0xc0) == 0x80)
			n--;
		buf_add(&b, table.p, n);
		buf_printf(&b, "_%08x", (unsigned)hash_bytes(0, table.p, table.n));
	}
	buf_z(&b, suffix);
	return buf_view(&b);
}

void pg_names(struct pool *pool, const struct warehouse_target *t, struct pg_names *out)
{
	struct str schema = t->dataset.n ? t->dataset : STR("public");
	*out = (struct pg_names){
		.schema = db_quote_ident(pool, schema),
		.table = db_quote_ident(pool, t->table),
		.schema_text = schema,
		.table_text = t->table,
		.build_text = pg_beside(pool, t->table, BUILD_SUFFIX),
	};
	out->full = str_of(pool_printf(pool, "%.*s.%.*s", STR_FMT(out->schema), STR_FMT(out->table)));
	struct str build = db_quote_ident(pool, out->build_text);
	out->build = str_of(pool_printf(pool, "%.*s.%.*s", STR_FMT(out->schema), STR_FMT(build)));
}

struct str pg_begin_sql(struct pool *pool, const struct pg_names *n, const struct warehouse_target *t)
{
	bool pub = str_eqz(n->schema_text, "public");
	struct buf b;
	buf_init(&b, pool);
	buf_printf(&b, "BEGIN; SET LOCAL search_path TO %.*s%s", STR_FMT(n->schema), pub ? "" : ", public");
	/* should we be gone when it is time */
	if (t->timeout_us)
		buf_printf(&b, "; SET LOCAL statement_timeout = %lld",
			   (long long)(t->timeout_us / 1000 < INT32_MAX ? t->timeout_us / 1000 + 1 : INT32_MAX));
	return buf_view(&b);
}

struct str pg_drop_build_sql(struct pool *pool, const struct pg_names *n)
{
	return str_of(pool_printf(pool, "DROP TABLE IF EXISTS %.*s", STR_FMT(n->build)));
}

void pg_table_as(struct pool *pool, const struct warehouse_target *t, const struct pg_names *n, struct pg_text *out)
{
	pg_text_make(pool, t, pool_printf(pool, "CREATE TABLE %.*s AS\n", STR_FMT(n->build)), t->sql, "", false,
		     PG_NO_TABLE, out);
}

/* Utility statements take no $n. */
void pg_view_as(struct pool *pool, const struct warehouse_target *t, struct str name, bool replace,
		const struct pg_view_text *v, struct pg_text *out)
{
	const char *head = pool_printf(pool, "CREATE %s%sVIEW %.*s%s", replace ? "OR REPLACE " : "",
				       v->recursive ? "RECURSIVE " : "", STR_FMT(name), v->statement ? "" : " AS\n");
	pg_text_make(pool, t, head, v->body, "", true, PG_NO_TABLE, out);
}

void pg_materialized_as(struct pool *pool, const struct warehouse_target *t, const struct pg_names *n,
			const struct pg_view_text *v, struct pg_text *out)
{
	const char *head = pool_printf(pool, "CREATE MATERIALIZED VIEW %.*s%s", STR_FMT(n->build),
				       v->statement ? "" : " AS\n");
	pg_text_make(pool, t, head, v->body, "", true, PG_NO_TABLE, out);
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

struct str pg_source_whole(struct pool *pool, const struct warehouse_target *t)
{
	struct str table = db_quote_ident(pool, t->table), dataset = db_quote_ident(pool, t->dataset);
	if (!t->dataset.n)
		return str_of(pool_printf(pool, "SELECT * FROM %.*s", STR_FMT(table)));
	return str_of(pool_printf(pool, "SELECT * FROM %.*s.%.*s", STR_FMT(dataset), STR_FMT(table)));
}

struct str pg_source_copy(struct pool *pool, struct str query)
{
	return str_of(pool_printf(pool, "COPY (%.*s) TO STDOUT", STR_FMT(query)));
}
