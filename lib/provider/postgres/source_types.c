/* Types of the source's columns as the warehouse writes them. */
#include "provider/postgres/source_internal.h"

#include "base/jsonl.h"

/* For each column: the type under its domains and arrays, and how many arrays that were. */
static const char types_sql[] =
	"WITH RECURSIVE d(ord, oid, mod, dims, depth) AS ("
	"  SELECT u.ord, u.oid, u.mod, 0, 0"
	"    FROM unnest($1::pg_catalog.oid[], $2::pg_catalog.int4[]) WITH ORDINALITY AS u(oid, mod, ord)"
	"  UNION ALL"
	"  SELECT d.ord, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END,"
	"    CASE WHEN t.typtype = 'd' AND d.mod = -1 THEN t.typtypmod ELSE d.mod END,"
	"    d.dims + CASE WHEN t.typtype = 'd' THEN 0 ELSE 1 END, d.depth + 1"
	"    FROM d JOIN pg_catalog.pg_type t ON t.oid = d.oid"
	"   WHERE (t.typtype = 'd' OR (t.typelem <> 0 AND t.typinput = 'pg_catalog.array_in'::pg_catalog.regproc))"
	"     AND d.depth < 100"
	"), last AS (SELECT DISTINCT ON (ord) * FROM d ORDER BY ord, depth DESC)"
	"SELECT last.dims, t.typtype, n.nspname, t.typname, pg_catalog.format_type(t.oid, last.mod),"
	"  pg_catalog.format_type(t.oid, NULL), t.typcategory,"
	"  CASE WHEN t.typtype = 'e' THEN"
	"    pg_catalog.to_json(ARRAY(SELECT e.enumlabel::pg_catalog.text FROM pg_catalog.pg_enum e"
	"      WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)) END,"
	"  pg_catalog.format_type(o.oid, NULL)"
	"  FROM last JOIN pg_catalog.pg_type t ON t.oid = last.oid"
	"  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
	"  JOIN d first ON first.ord = last.ord AND first.depth = 0 JOIN pg_catalog.pg_type o ON o.oid = first.oid"
	" ORDER BY last.ord";

/* PostgreSQL's own, whose text means something in its own database only, or cannot be read back. */
static bool stays_at_home(struct str type)
{
	static const char *const names[] = { "aclitem", "gtsvector", "pg_node_tree", "pg_ndistinct", "pg_dependencies",
					     "pg_mcv_list", "pg_brin_bloom_summary",
					     "pg_brin_minmax_multi_summary" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_eqz(type, names[i]))
			return true;
	return str_has_prefix(type, STR("reg"));
}

static void read_labels(struct pool *pool, struct str json, struct source_column *c)
{
	struct mst_error ignored;
	struct json_val v, e;
	VEC(struct str) labels = { 0 };
	if (json_scan(json, &v, &ignored))
		return;
	for (struct json_iter it = json_iter(v); json_next(&it, NULL, &e);)
		*vec_push(pool, &labels) = str_dup(pool, json_str(pool, e));
	c->labels = labels.v;
	c->n_labels = labels.n;
}

static void one_type(struct pool *pool, const struct db_result *r, size_t row, struct pg_source_column *from,
		     struct source_column *to, struct pool *own)
{
	int64_t dims = db_int(r, row, 0);
	char kind = db_text(r, row, 1).p[0];
	struct str type = db_text(r, row, 3), full = db_text(r, row, 4);
	bool builtin = str_eqz(db_text(r, row, 2), "pg_catalog") && (kind == 'b' || kind == 'r' || kind == 'm') &&
		       !stays_at_home(type);
	const char *array = dims ? "[]" : "";
	from->formatted = str_dup(own, db_text(r, row, 5));
	if (dims < 2 && kind == 'e') {
		to->type = type;
		to->labels_array = dims == 1;
		read_labels(pool, db_text(r, row, 7), to);
	} else if (dims < 2 && builtin && str_eqz(type, "money")) {
		/* its text follows the locale of either side */
		from->cast = str_of(pool_printf(own, "pg_catalog.numeric%s", array));
		to->type = str_of(pool_printf(pool, "numeric%s", array));
		to->origin = db_text(r, row, 8);
	} else if (dims < 2 && builtin) {
		to->type = str_of(pool_printf(pool, "%.*s%s", STR_FMT(full), array));
		from->category = dims ? 0 : db_text(r, row, 6).p[0];
	} else {
		to->type = STR("text");
		to->origin = db_text(r, row, 8);
	}
}

int pg_source_types(struct pool *pool, struct pg_source *s, struct source_column *out, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str *types = pool_array(tmp, s->n_columns, sizeof *types);
	struct str *mods = pool_array(tmp, s->n_columns, sizeof *mods);
	for (size_t i = 0; i < s->n_columns; i++) {
		types[i] = db_param_int(tmp, s->columns[i].type);
		mods[i] = db_param_int(tmp, s->columns[i].modifier);
	}
	struct str params[] = { db_param_texts(tmp, types, s->n_columns), db_param_texts(tmp, mods, s->n_columns) };
	int rc = db_query(pool, s->db, str_of(types_sql), params, 2, &r, err);
	if (!rc && db_rows(r) != s->n_columns)
		rc = mst_fail(err, MST_REMOTE, "%s does not tell the types of its columns", s->base.name);
	for (size_t i = 0; !rc && i < s->n_columns; i++) {
		out[i].name = s->columns[i].name;
		one_type(pool, r, i, &s->columns[i], &out[i], s->pool);
	}
	return rc;
}
