/* What only the source knows of a restricted SELECT: whether what it names is immutable. */
#include "provider/postgres/source_internal.h"

/* For each name that is not harmless: its number and why.  Functions and operators that
 * PostgreSQL brings along have been judged by their names (`known`, and all operators); what others have
 * added under the same names may be called instead, by the types of the arguments. */
static const char check_sql[] =
	"WITH u AS (SELECT * FROM unnest($1::pg_catalog.text[], $2::pg_catalog.text[],"
	"    $3::pg_catalog.text[], $4::pg_catalog.bool[]) WITH ORDINALITY AS u(kind, schema, name, known, ord)),"
	" path AS (SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n"
	"   WHERE n.nspname = ANY (pg_catalog.current_schemas(true))),"
	" f AS (SELECT u.ord, u.kind, u.known, p.*, n.nspname FROM u"
	"   JOIN pg_catalog.pg_proc p ON p.proname = u.name"
	"   JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
	"   WHERE u.kind IN ('function', 'member')"
	"     AND (n.nspname = u.schema OR (u.schema = '' AND n.oid IN (SELECT path.oid FROM path)))),"
	" bad(ord, why) AS ("
	"  SELECT f.ord, CASE WHEN f.prokind = 'a' THEN 'an aggregate' WHEN f.prokind = 'w' THEN 'a window function'"
	"      WHEN f.prokind <> 'f' THEN 'no function' WHEN f.proretset THEN 'a function that gives rows'"
	"      WHEN f.provolatile = 's' THEN 'only stable' ELSE 'volatile' END"
	"    FROM f WHERE f.kind = 'function' AND (f.prokind <> 'f' OR f.proretset OR f.provolatile <> 'i')"
	"     AND NOT (f.known AND f.nspname = 'pg_catalog')"
	"  UNION ALL"
	"  SELECT u.ord, 'not there' FROM u WHERE u.kind = 'function' AND u.ord NOT IN (SELECT f.ord FROM f)"
	"  UNION ALL"
	"  SELECT f.ord, 'a function that is not immutable' FROM f"
	"   WHERE f.kind = 'member' AND f.pronargs - f.pronargdefaults <= 1 AND f.pronargs > 0"
	"     AND (f.prokind <> 'f' OR f.proretset OR f.provolatile <> 'i')"
	"     AND NOT (f.known AND EXISTS (SELECT FROM pg_catalog.pg_attribute a"
	"       WHERE a.attrelid = pg_catalog.to_regclass($5) AND a.attname = (SELECT u.name FROM u WHERE u.ord = f.ord)"
	"         AND NOT a.attisdropped))"
	"  UNION ALL"
	"  SELECT u.ord, 'made by a function that is not immutable' FROM u"
	"    JOIN pg_catalog.pg_operator o ON o.oprname = u.name"
	"    JOIN path ON path.oid = o.oprnamespace AND path.nspname <> 'pg_catalog'"
	"    JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode"
	"   WHERE u.kind = 'operator' AND p.provolatile <> 'i'"
	"  UNION ALL"
	"  SELECT u.ord, CASE WHEN t.oid IS NULL THEN 'not there'"
	"      WHEN t.typtype = 'd' THEN 'a domain, whose checks may call anything'"
	"      ELSE 'read or cast by a function that is not immutable' END"
	"    FROM u LEFT JOIN pg_catalog.pg_type t ON t.oid = pg_catalog.to_regtype("
	"      CASE WHEN u.schema <> '' THEN pg_catalog.quote_ident(u.schema) || '.' ELSE '' END"
	"      || pg_catalog.quote_ident(u.name))"
	"    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
	"    LEFT JOIN pg_catalog.pg_proc i ON i.oid = t.typinput"
	"   WHERE u.kind = 'type' AND (t.oid IS NULL OR (n.nspname <> 'pg_catalog' AND ("
	"     (t.typtype = 'd' AND EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid))"
	"     OR i.provolatile = 'v' OR EXISTS (SELECT FROM pg_catalog.pg_cast k"
	"       JOIN pg_catalog.pg_proc p ON p.oid = k.castfunc"
	"       WHERE k.casttarget = t.oid AND p.provolatile = 'v'))))"
	")"
	"SELECT ord, why FROM bad ORDER BY ord, why LIMIT 1";

static struct str kind_word(enum sql_use_kind k)
{
	switch (k) {
	case SQL_USE_FUNCTION: return STR("function");
	case SQL_USE_OPERATOR: return STR("operator");
	case SQL_USE_TYPE: return STR("type");
	case SQL_USE_MEMBER: break;
	}
	return STR("member");
}

int pg_source_check(struct pg_source *s, const struct source_query *q, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct sql_restricted *t = q->restricted;
	const struct db_result *r;
	if (t->uses.n == 0)
		return 0;
	struct str *v[4];
	for (size_t k = 0; k < 4; k++)
		v[k] = pool_array(tmp, t->uses.n, sizeof **v);
	for (size_t i = 0; i < t->uses.n; i++) {
		const struct sql_use *u = &t->uses.v[i];
		v[0][i] = kind_word(u->kind);
		v[1][i] = u->schema;
		v[2][i] = u->name;
		v[3][i] = db_param_bool(u->known);
	}
	struct str params[5], table = db_quote_ident(tmp, t->table), schema = db_quote_ident(tmp, t->schema);
	for (size_t k = 0; k < 4; k++)
		params[k] = db_param_texts(tmp, v[k], t->uses.n);
	params[4] = t->schema.n ? str_of(pool_printf(tmp, "%.*s.%.*s", STR_FMT(schema), STR_FMT(table))) : table;
	int rc = db_query(tmp, s->db, str_of(check_sql), params, 5, &r, err);
	if (rc || db_rows(r) == 0)
		return rc;
	const struct sql_use *u = &t->uses.v[db_int(r, 0, 0) - 1];
	struct str why = db_text(r, 0, 1), kind = u->kind == SQL_USE_MEMBER ? STR("name") : kind_word(u->kind);
	mst_fail(err, MST_DATA, "a restricted SELECT takes only what is immutable: the %.*s %.*s is %.*s at %s",
		 STR_FMT(kind), STR_FMT(u->name), STR_FMT(why), s->base.name);
	mst_hint(err, "leave it to a table made of the import, or let an admin lift the restriction");
	return mst_place(err, q->file, u->line, u->col);
}
