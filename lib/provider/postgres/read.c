/* The rows of a table, out of the warehouse. */
#include "provider/postgres/internal.h"

#include "model/job.h"
#include "sql/one.h"

struct reading {
	struct buf row;
	warehouse_sink *tell;
	void *arg;
};

/* COPY's text format of one column, which holds JSON: a line break between its tokens becomes a blank. */
static int tell_row(void *arg, struct str line, struct mst_error *err)
{
	struct reading *r = arg;
	buf_reset(&r->row);
	buf_reserve(&r->row, line.n + 1);
	for (size_t i = 0; i < line.n; i++) {
		char c = line.p[i];
		if (c == '\n')
			continue;
		if (c == '\\' && i + 1 < line.n) {
			c = line.p[++i];
			c = c == '\\' ? '\\' : ' ';
		}
		buf_char(&r->row, c);
	}
	return r->tell(r->arg, buf_view(&r->row), err);
}

static int pass(void *arg, struct str bytes, struct mst_error *err)
{
	struct reading *r = arg;
	return r->tell(r->arg, bytes, err);
}

static void build(struct buf *b, const struct pg_names *n, const struct warehouse_read *q, const char *what,
		  int64_t limit, size_t *where_at)
{
	buf_printf(b, "SELECT %s FROM %.*s t", what, STR_FMT(n->full));
	if (q->where.n) {
		buf_z(b, " WHERE (");
		*where_at = b->n;
		buf_str(b, q->where);
		/* a comment may end the expression */
		buf_z(b, "\n)");
	}
	if (limit >= 0)
		buf_printf(b, " LIMIT %lld", (long long)limit);
}

static int fail(struct pg *pg, const struct warehouse_target *t, const struct warehouse_read *q, size_t where_at,
		struct mst_error *err)
{
	const struct db_diag *d = db_diag(pg->db);
	uint32_t line, col;
	if (strcmp(err->sqlstate, "42P01") == 0 || strcmp(err->sqlstate, "3F000") == 0) {
		if (!q->where.n || d->offset < where_at) {
			mst_fail(err, MST_NOT_FOUND, "table '%.*s' is not in the warehouse", STR_FMT(t->name));
			return mst_hint(err, "it has not been made yet: mst-run --catalogue --select %.*s", STR_FMT(t->name));
		}
	}
	/* the bracket behind it, which is ours, is where the server missed the rest */
	if (q->where.n && strcmp(err->sqlstate, "42601") == 0 && d->offset == where_at + q->where.n + 1) {
		mst_fail(err, err->code, "the expression is not whole: %.*s", STR_FMT(str_trim(q->where)));
		mst_place(err, "--where", 0, 0);
		return mst_hint(err, "it takes one SQL expression, such as: n > 5 AND kind = 'x'");
	}
	if (q->where.n && d->offset != DB_NO_OFFSET && d->offset >= where_at && d->offset - where_at <= q->where.n) {
		text_place(q->where, d->offset - where_at, &line, &col);
		mst_place(err, "--where", line, col);
	}
	return err->code;
}

int pg_read(struct warehouse *w, const struct warehouse_target *t, const struct warehouse_read *q, warehouse_sink *tell,
	    void *arg, struct mst_error *err)
{
	struct pg *pg = (struct pg *)w;
	POOL_SCRATCH(pool);
	struct reading r = { .tell = tell, .arg = arg };
	struct pg_names n;
	struct buf look, copy;
	const struct db_result *none;
	size_t where_at = 0, ignored;
	int rc = q->where.n ? sql_one_expression(SQL_POSTGRES, q->where, err) : 0;
	if (rc)
		return mst_place(err, "--where", err->line, err->col);
	pg_names(pool, t, &n);
	buf_init(&look, pool);
	buf_init(&copy, pool);
	buf_init(&r.row, pool);
	/* A prepared statement is one statement, whatever the expression holds: the server itself says so, and where
	 * the expression is wrong, before it stands in the COPY, which takes no parameters and no preparing. */
	build(&look, &n, q, "", 0, &where_at);
	rc = db_exec(pg->db, STR("BEGIN READ ONLY; SET LOCAL standard_conforming_strings = on"), err);
	if (!rc && db_query(pool, pg->db, buf_view(&look), NULL, 0, &none, err))
		rc = fail(pg, t, q, where_at, err);
	if (!rc) {
		buf_z(&copy, "COPY (");
		build(&copy, &n, q, q->csv ? "t.*" : "pg_catalog.row_to_json(t.*)", q->limit, &ignored);
		buf_z(&copy, q->csv ? ") TO STDOUT WITH (FORMAT csv, HEADER)" : ") TO STDOUT");
		rc = db_copy_out(pg->db, buf_view(&copy), q->csv ? pass : tell_row, &r, err);
	}
	db_rollback(pg->db);
	return rc;
}
