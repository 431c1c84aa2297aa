/* append and merge: the rows of the build go into the table that is there. */
#include "provider/postgres/internal.h"

/* The columns of the build ($2), and what the target ($1) has of that name. */
static const char columns_sql[] =
	"SELECT b.attname, pg_catalog.format_type(b.atttypid, b.atttypmod),"
	"  pg_catalog.format_type(a.atttypid, a.atttypmod), a.attname IS NOT NULL, a.attgenerated <> '',"
	"  (a.atttypid, a.atttypmod, a.attcollation) IS DISTINCT FROM (b.atttypid, b.atttypmod, b.attcollation),"
	"  (SELECT pg_catalog.format('%I.%I', n.nspname, l.collname) FROM pg_catalog.pg_collation l"
	"    JOIN pg_catalog.pg_namespace n ON n.oid = l.collnamespace WHERE l.oid = a.attcollation)"
	"  FROM pg_catalog.pg_attribute b"
	"  LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = $1::pg_catalog.regclass AND a.attname = b.attname"
	"    AND a.attnum > 0 AND NOT a.attisdropped"
	" WHERE b.attrelid = $2::pg_catalog.regclass AND b.attnum > 0 AND NOT b.attisdropped"
	" ORDER BY b.attnum";
enum { C_NAME, C_TYPE, C_TARGET_TYPE, C_THERE, C_GENERATED, C_OTHER, C_COLLATION };

/* Statistics make the planner choose a join that fits; for few rows it does not matter. */
#define ANALYZE_ROWS 1000

struct grow {
	struct pg_job *j;
	bool anew; /* there is no target to look at, or it will be replaced */
	const struct db_result *cols;
	struct buf names; /* "a", "b" */
};

static bool is_key(const struct warehouse_target *t, struct str name)
{
	for (size_t i = 0; i < t->n_keys; i++)
		if (str_eq(t->keys[i], name))
			return true;
	return false;
}

/* "the new rows have a column x, which ..." */
static int add_columns(struct grow *g, struct mst_error *err)
{
	struct pg_job *j = g->j;
	struct buf alter, missing;
	size_t n = 0;
	buf_init(&alter, j->pool);
	buf_init(&missing, j->pool);
	for (size_t i = 0; i < db_rows(g->cols); i++) {
		if (db_bool(g->cols, i, C_THERE))
			continue;
		struct str name = db_quote_ident(j->pool, db_text(g->cols, i, C_NAME));
		buf_printf(&alter, "%s ADD COLUMN %.*s %.*s", n ? "," : "", STR_FMT(name),
			   STR_FMT(db_text(g->cols, i, C_TYPE)));
		buf_printf(&missing, "%s%.*s", n ? ", " : "", STR_FMT(name));
		n++;
	}
	if (!n)
		return 0;
	if (!j->t->add_columns) {
		struct str list = buf_view(&missing);
		mst_fail(err, MST_DATA, "%.*s lacks the column%s %.*s of the new rows", STR_FMT(j->n.full), n > 1 ? "s" : "",
			 STR_FMT(list));
		mst_hint(err, "'-- mst: new_columns: add' adds what is missing");
		return mst_place(err, j->t->file, 0, 0);
	}
	struct str list = buf_view(&alter);
	int rc = pg_exec_patiently(j->pg, j->pool,
				   str_of(pool_printf(j->pool, "ALTER TABLE %.*s%.*s", STR_FMT(j->n.full), STR_FMT(list))),
				   err);
	return rc ? mst_wrap(err, "%.*s takes no new column", STR_FMT(j->n.full)) : 0;
}

static int read_columns(struct grow *g, struct mst_error *err)
{
	struct pg_job *j = g->j;
	struct str names[] = { g->anew ? j->n.build : j->n.full, j->n.build };
	int rc = db_query(j->pool, j->pg->db, str_of(columns_sql), names, 2, &g->cols, err);
	if (rc)
		return rc;
	buf_init(&g->names, j->pool);
	for (size_t i = 0; i < db_rows(g->cols); i++)
		buf_printf(&g->names, "%s%.*s", i ? ", " : "",
			   STR_FMT(db_quote_ident(j->pool, db_text(g->cols, i, C_NAME))));
	if (!g->names.n)
		return mst_fail(err, MST_DATA, "the new rows have no column");
	return 0;
}

/* "(k = 5, l = x)" : the first rows of the build for which a condition on the keys holds. */
static int check_keys(struct grow *g, struct mst_error *err)
{
	struct pg_job *j = g->j;
	const struct warehouse_target *t = j->t;
	const struct db_result *r;
	struct buf list, shown, nulls, b;
	buf_init(&list, j->pool);
	buf_init(&shown, j->pool);
	buf_init(&nulls, j->pool);
	buf_init(&b, j->pool);
	for (size_t i = 0; i < t->n_keys; i++) {
		bool there = false;
		for (size_t c = 0; c < db_rows(g->cols); c++)
			there = there || str_eq(db_text(g->cols, c, C_NAME), t->keys[i]);
		if (!there) {
			mst_fail(err, MST_DATA, "the new rows have no column \"%.*s\", which is a key", STR_FMT(t->keys[i]));
			return mst_place(err, t->file, 0, 0);
		}
		struct str name = db_quote_ident(j->pool, t->keys[i]);
		buf_printf(&list, "%s%.*s", i ? ", " : "", STR_FMT(name));
		buf_printf(&nulls, "%s%.*s IS NULL", i ? " OR " : "", STR_FMT(name));
		buf_printf(&shown, "%s%.*s", i ? ", ', ', " : "", STR_FMT(name));
	}
	struct str l = buf_view(&list), s = buf_view(&shown), z = buf_view(&nulls);
	buf_printf(&b, "SELECT (SELECT pg_catalog.count(*) FROM %.*s WHERE %.*s),"
		       " pg_catalog.count(*), pg_catalog.min(k COLLATE \"C\") FROM ("
		       "SELECT pg_catalog.left(pg_catalog.concat(%.*s), 60) AS k FROM %.*s WHERE NOT (%.*s)"
		       " GROUP BY %.*s HAVING pg_catalog.count(*) > 1) x",
		   STR_FMT(j->n.build), STR_FMT(z), STR_FMT(s), STR_FMT(j->n.build), STR_FMT(z), STR_FMT(l));
	int rc = db_query(j->pool, j->pg->db, buf_view(&b), NULL, 0, &r, err);
	if (rc)
		return mst_wrap(err, "the key");
	long long null = db_int(r, 0, 0), twice = db_int(r, 0, 1);
	if (null) {
		mst_fail(err, MST_DATA, "%lld of the new rows %s null in the key (%.*s)", null, null == 1 ? "has a" : "have a",
			 STR_FMT(l));
		return mst_place(err, t->file, 0, 0);
	}
	if (twice) {
		mst_fail(err, MST_DATA, "the key (%.*s) of %lld new row%s stands more than once, such as %.*s", STR_FMT(l),
			 twice, twice == 1 ? "" : "s", STR_FMT(db_text(r, 0, 2)));
		mst_hint(err, j == &j->pg->load ? "the key must name all columns that tell one row from another" :
						  "which of them should stay? a DISTINCT ON or a GROUP BY in the query tells");
		return mst_place(err, t->file, 0, 0);
	}
	return 0;
}

int pg_keys(struct pg_job *j, struct mst_error *err)
{
	struct grow g = { .j = j, .anew = true };
	if (!j->t->n_keys)
		return 0;
	int rc = read_columns(&g, err);
	return rc ? rc : check_keys(&g, err);
}

/* Keys get the type, and so the equality, that they will have in the table: a timestamp that lands as a date
 * is found again, and two values that become one are seen. */
static int key_types(struct grow *g, struct mst_error *err)
{
	struct pg_job *j = g->j;
	bool any = false;
	for (size_t i = 0; i < db_rows(g->cols); i++) {
		if (!is_key(j->t, db_text(g->cols, i, C_NAME)) || !db_bool(g->cols, i, C_THERE) ||
		    !db_bool(g->cols, i, C_OTHER))
			continue;
		struct str name = db_quote_ident(j->pool, db_text(g->cols, i, C_NAME));
		struct str collation = db_is_null(g->cols, i, C_COLLATION) ? STR("") : db_text(g->cols, i, C_COLLATION);
		int rc = db_exec(j->pg->db,
				 str_of(pool_printf(j->pool, "ALTER TABLE %.*s ALTER COLUMN %.*s TYPE %.*s%s%.*s",
						    STR_FMT(j->n.build), STR_FMT(name),
						    STR_FMT(db_text(g->cols, i, C_TARGET_TYPE)),
						    collation.n ? " COLLATE " : "", STR_FMT(collation))),
				 err);
		if (rc) {
			mst_wrap(err, "the key %.*s is %.*s in the new rows and %.*s in %.*s", STR_FMT(name),
				 STR_FMT(db_text(g->cols, i, C_TYPE)), STR_FMT(db_text(g->cols, i, C_TARGET_TYPE)),
				 STR_FMT(j->n.full));
			return mst_place(err, j->t->file, 0, 0);
		}
		any = true;
	}
	return any ? read_columns(g, err) : 0;
}

static struct str append_sql(struct grow *g)
{
	struct pg_job *j = g->j;
	struct str names = buf_view(&g->names);
	return str_of(pool_printf(j->pool, "INSERT INTO %.*s (%.*s) SELECT %.*s FROM %.*s", STR_FMT(j->n.full),
				  STR_FMT(names), STR_FMT(names), STR_FMT(j->n.build)));
}

/* A row whose values are the same bytes is left alone: no new version of it, no trigger. */
static struct str merge_sql(struct grow *g)
{
	struct pg_job *j = g->j;
	struct buf b, old, new, set, values;
	size_t n = 0;
	buf_init(&b, j->pool);
	buf_init(&old, j->pool);
	buf_init(&new, j->pool);
	buf_init(&set, j->pool);
	buf_init(&values, j->pool);
	buf_printf(&b, "MERGE INTO %.*s AS t USING %.*s AS s ON ", STR_FMT(j->n.full), STR_FMT(j->n.build));
	for (size_t i = 0; i < j->t->n_keys; i++) {
		struct str name = db_quote_ident(j->pool, j->t->keys[i]);
		buf_printf(&b, "%st.%.*s = s.%.*s", i ? " AND " : "", STR_FMT(name), STR_FMT(name));
	}
	for (size_t i = 0; i < db_rows(g->cols); i++) {
		struct str name = db_quote_ident(j->pool, db_text(g->cols, i, C_NAME));
		buf_printf(&values, "%ss.%.*s", i ? ", " : "", STR_FMT(name));
		if (is_key(j->t, db_text(g->cols, i, C_NAME)))
			continue;
		buf_printf(&old, "%st.%.*s", n ? ", " : "", STR_FMT(name));
		buf_printf(&new, "%ss.%.*s::%.*s", n ? ", " : "", STR_FMT(name), STR_FMT(db_text(g->cols, i, C_TARGET_TYPE)));
		buf_printf(&set, "%s%.*s = s.%.*s", n ? ", " : "", STR_FMT(name), STR_FMT(name));
		n++;
	}
	struct str o = buf_view(&old), w = buf_view(&new), s = buf_view(&set), names = buf_view(&g->names),
		   v = buf_view(&values);
	if (n)
		buf_printf(&b, " WHEN MATCHED AND ROW(%.*s)::record OPERATOR(pg_catalog.*<>) ROW(%.*s)::record"
			       " THEN UPDATE SET %.*s",
			   STR_FMT(o), STR_FMT(w), STR_FMT(s));
	buf_printf(&b, " WHEN NOT MATCHED THEN INSERT (%.*s) VALUES (%.*s)", STR_FMT(names), STR_FMT(v));
	return buf_view(&b);
}

int pg_count_before(struct pg_job *j, int64_t *out, struct mst_error *err)
{
	const struct db_result *r;
	char relkind;
	*out = -1;
	if (!j->t->tests.type)
		return 0;
	int rc = pg_relkind(j, &relkind, err);
	if (rc || (relkind != 'r' && relkind != 'p' && relkind != 'f'))
		return rc;
	rc = db_query(j->pool, j->pg->db,
			  str_of(pool_printf(j->pool, "SELECT pg_catalog.count(*) FROM %.*s", STR_FMT(j->n.full))), NULL, 0,
			  &r, err);
	if (!rc)
		*out = db_int(r, 0, 0);
	return rc;
}

static int put_rows(struct grow *g, struct mst_error *err)
{
	struct pg_job *j = g->j;
	bool merge = j->t->disposition == WAREHOUSE_MERGE;
	int rc = 0;
	if (merge && j->result.rows >= ANALYZE_ROWS)
		rc = db_exec(j->pg->db, str_of(pool_printf(j->pool, "ANALYZE %.*s", STR_FMT(j->n.build))), err);
	if (rc)
		return rc;
	rc = db_run(j->pg->db, merge ? merge_sql(g) : append_sql(g), NULL, 0, &j->result.rows, err);
	if (rc) {
		if (err->code == MST_CONFLICT && !err->retry)
			err->code = rc = MST_DATA;
		mst_wrap(err, "the rows do not go into %.*s", STR_FMT(j->n.full));
		if (strcmp(err->sqlstate, "42804") == 0)
			mst_hint(err, "cast the column in the query to the type it has in the table");
		mst_place(err, j->t->file, 0, 0);
	}
	return rc;
}

int pg_grow(struct pg_job *j, struct mst_error *err)
{
	struct grow g = { .j = j };
	const struct db_result *r;
	int64_t before;
	char relkind;
	int rc = pg_relkind(j, &relkind, err);
	if (!rc && relkind != 'r' && relkind != 'p' && relkind != 'f')
		rc = mst_fail(err, MST_CONFLICT, "%.*s is no table, so no rows are added to it", STR_FMT(j->n.full));
	if (!rc)
		rc = read_columns(&g, err);
	if (!rc && j->t->disposition == WAREHOUSE_MERGE)
		rc = key_types(&g, err);
	if (!rc && j->t->disposition == WAREHOUSE_MERGE)
		rc = check_keys(&g, err);
	if (!rc)
		rc = add_columns(&g, err);
	/* with the types that new columns have now */
	if (!rc && j->t->add_columns)
		rc = read_columns(&g, err);
	for (size_t i = 0; !rc && i < db_rows(g.cols); i++)
		if (db_bool(g.cols, i, C_GENERATED)) {
			mst_fail(err, MST_DATA, "the column \"%.*s\" of %.*s is generated; the query must not give it",
				 STR_FMT(db_text(g.cols, i, C_NAME)), STR_FMT(j->n.full));
			rc = mst_place(err, j->t->file, 0, 0);
		}
	if (!rc)
		rc = pg_count_before(j, &before, err);
	if (!rc)
		rc = put_rows(&g, err);
	if (!rc)
		rc = pg_tests(j, j->n.full, before, err);
	if (!rc)
		rc = db_query(j->pool, j->pg->db, STR("SELECT pg_catalog.pg_table_size($1::pg_catalog.regclass)"), &j->n.full, 1,
			      &r, err);
	if (!rc)
		j->result.bytes = db_int(r, 0, 0);
	if (!rc)
		rc = db_exec(j->pg->db, str_of(pool_printf(j->pool, "DROP TABLE %.*s", STR_FMT(j->n.build))), err);
	return rc ? rc : pg_effect_write(j, DB_NULL, err);
}
