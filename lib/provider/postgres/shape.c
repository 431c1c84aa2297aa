/* What stands in the warehouse: columns, enumerated types, the clock. */
#include "provider/postgres/internal.h"

#include "base/jsonl.h"
#include "base/time.h"

/* Types that are not PostgreSQL's own have their schema, whatever the search path. */
static const char columns_sql[] =
	"SELECT a.attname, CASE WHEN n.nspname = 'pg_catalog' THEN pg_catalog.format_type(a.atttypid, a.atttypmod)"
	"    ELSE pg_catalog.format('%I.%I', n.nspname, e.typname) || CASE WHEN e.oid <> t.oid THEN '[]' ELSE '' END END"
	"  FROM pg_catalog.pg_attribute a"
	"  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid"
	"  JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace"
	"  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
	"  JOIN pg_catalog.pg_type e"
	"    ON e.oid = CASE WHEN t.typcategory = 'A' AND t.typlen = -1 AND t.typelem <> 0 THEN t.typelem ELSE t.oid END"
	"  JOIN pg_catalog.pg_namespace n ON n.oid = e.typnamespace"
	" WHERE s.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped"
	" ORDER BY a.attnum";

int pg_columns(struct pool *pool, struct warehouse *w, const struct warehouse_target *t,
	       struct warehouse_column **out, size_t *n, struct mst_error *err)
{
	struct pg *pg = (struct pg *)w;
	struct pg_names names;
	const struct db_result *r;
	pg_names(pool, t, &names);
	struct str params[] = { names.schema_text, names.table_text };
	int rc = db_query(pool, pg->db, str_of(columns_sql), params, 2, &r, err);
	if (rc)
		return rc;
	struct warehouse_column *cols = pool_array(pool, db_rows(r) + 1, sizeof *cols);
	for (size_t i = 0; i < db_rows(r); i++)
		cols[i] = (struct warehouse_column){ .name = db_text(r, i, 0), .type = db_text(r, i, 1) };
	*out = cols;
	*n = db_rows(r);
	return 0;
}

static const char enum_sql[] =
	"SELECT t.typtype = 'e', pg_catalog.to_json(ARRAY(SELECT e.enumlabel::pg_catalog.text"
	"    FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)),"
	"  pg_catalog.format('%I.%I', n.nspname, t.typname)"
	"  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
	" WHERE n.nspname = $1 AND t.typname = $2";

static int make_enum(struct pg *pg, const struct pg_names *names, struct str name, const struct str *labels, size_t n,
		     struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct buf b;
	buf_init(&b, tmp);
	struct str quoted = db_quote_ident(tmp, name);
	buf_printf(&b, "CREATE SCHEMA IF NOT EXISTS %.*s; CREATE TYPE %.*s.%.*s AS ENUM (", STR_FMT(names->schema),
		   STR_FMT(names->schema), STR_FMT(quoted));
	for (size_t i = 0; i < n; i++) {
		struct str label = db_quote_literal(tmp, labels[i]);
		buf_printf(&b, "%s%.*s", i ? ", " : "", STR_FMT(label));
	}
	buf_char(&b, ')');
	return db_exec_quietly(pg->db, buf_view(&b), err);
}

static ptrdiff_t index_of(struct str s, const struct str *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(v[i], s))
			return (ptrdiff_t)i;
	return -1;
}

/* Puts each label that is missing behind the one that it stands behind at its origin. */
static int add_labels(struct pg *pg, struct str type, const struct str *have, size_t n_have, const struct str *labels,
		      size_t n, size_t *added, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	ptrdiff_t last = -1;
	for (size_t i = 0; i < n; i++) {
		ptrdiff_t at = index_of(labels[i], have, n_have);
		if (at >= 0 && at < last) {
			mst_fail(err, MST_CONFLICT, "the type %.*s has the label '%.*s' in another place than the source",
				 STR_FMT(type), STR_FMT(labels[i]));
			return mst_hint(err, "rename or drop the type; it is made anew");
		}
		last = at >= 0 ? at : last;
	}
	for (size_t i = 0; i < n; i++) {
		if (index_of(labels[i], have, n_have) >= 0)
			continue;
		struct str label = db_quote_literal(tmp, labels[i]);
		struct str beside = db_quote_literal(tmp, i ? labels[i - 1] : have[0]);
		int rc = db_exec_quietly(pg->db,
				 str_of(pool_printf(tmp, "ALTER TYPE %.*s ADD VALUE IF NOT EXISTS %.*s%s%.*s", STR_FMT(type),
						    STR_FMT(label), !i && !n_have ? "" : i ? " AFTER " : " BEFORE ",
						    !i && !n_have ? 0 : (int)beside.n, beside.p)),
				 err);
		if (rc)
			return rc;
		++*added;
	}
	return 0;
}

int pg_enumeration(struct pool *pool, struct warehouse *w, const struct warehouse_target *t, struct str name,
		   const struct str *labels, size_t n, struct str *type, size_t *added, struct mst_error *err)
{
	struct pg *pg = (struct pg *)w;
	struct pg_names names;
	const struct db_result *r;
	struct json_val list, e;
	VEC(struct str) have = { 0 };
	pg_names(pool, t, &names);
	*added = 0;
	struct str params[] = { names.schema_text, name };
	int rc = db_query(pool, pg->db, str_of(enum_sql), params, 2, &r, err);
	if (!rc && db_rows(r) == 0) {
		rc = make_enum(pg, &names, name, labels, n, err);
		/* two at once: the other one made it */
		if (rc && (strcmp(err->sqlstate, "23505") == 0 || strcmp(err->sqlstate, "42710") == 0))
			rc = 0;
		if (!rc)
			rc = db_query(pool, pg->db, str_of(enum_sql), params, 2, &r, err);
	}
	if (rc)
		return rc;
	if (db_rows(r) == 0 || !db_bool(r, 0, 0)) {
		mst_fail(err, MST_CONFLICT, "the type %.*s of the source is an enumeration; %.*s.%.*s is something else",
			 STR_FMT(name), STR_FMT(names.schema_text), STR_FMT(name));
		return mst_hint(err, "a table has a type of its name, too; give the import another name");
	}
	rc = json_scan(db_text(r, 0, 1), &list, err);
	if (rc)
		return rc;
	for (struct json_iter it = json_iter(list); json_next(&it, NULL, &e);)
		*vec_push(pool, &have) = json_str(pool, e);
	*type = db_text(r, 0, 2);
	return add_labels(pg, *type, have.v, have.n, labels, n, added, err);
}

int pg_clock(struct warehouse *w, const char *zone, int64_t *now_us, struct tm *wall, struct mst_error *err)
{
	struct pg *pg = (struct pg *)w;
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str param = str_of(zone ? zone : "UTC");
	int rc = db_query(tmp, pg->db,
			  STR("SELECT (extract(epoch FROM now()) * 1000000)::bigint, extract(dow FROM t)::int,"
			      "  extract(month FROM t)::int, extract(day FROM t)::int, extract(hour FROM t)::int,"
			      "  extract(year FROM t)::int, extract(minute FROM t)::int"
			      "  FROM (SELECT now() AT TIME ZONE $1::text AS t) x"),
			  &param, 1, &r, err);
	if (rc && strcmp(err->sqlstate, "22023") == 0) {
		mst_fail(err, MST_USAGE, "no time zone is called '%s'", zone);
		return mst_hint(err, "write one such as Europe/Berlin");
	}
	if (rc)
		return rc;
	*now_us = db_int(r, 0, 0);
	*wall = (struct tm){
		.tm_wday = (int)db_int(r, 0, 1),
		.tm_mon = (int)db_int(r, 0, 2) - 1,
		.tm_mday = (int)db_int(r, 0, 3),
		.tm_hour = (int)db_int(r, 0, 4),
		.tm_year = (int)db_int(r, 0, 5) - 1900,
		.tm_min = (int)db_int(r, 0, 6),
	};
	return 0;
}
