#include "provider/postgres/source_internal.h"

#include "base/time.h"
#include "model/job.h"

#define SINK_BYTES ((size_t)1 << 16)

/* Engines that are no PostgreSQL lack some of these, and what they stand for. */
static int set_up(struct pg_source *s, struct mst_error *err)
{
	static const char *const settings[] = {
		"SET extra_float_digits TO 3",
		"SET bytea_output TO 'hex'",
		"SET statement_timeout TO 0",
		"SET idle_in_transaction_session_timeout TO 0",
		"SET client_connection_check_interval TO '5s'",
	};
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		int rc = db_exec(s->db, str_of(settings[i]), err);
		if (rc == MST_UNAVAILABLE || rc == MST_CANCELLED)
			return rc;
	}
	return db_exec(s->db, STR("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"), err);
}

/* The place of the last error in the user's text, of which q->sql began `prefix` bytes into
 * the statement. */
static int place(struct pg_source *s, const struct source_query *q, size_t prefix, struct mst_error *err)
{
	const struct db_diag *d = db_diag(s->db);
	uint32_t line = 0, col = 0;
	bool ours = q->sql.p < q->text.p || q->sql.p > q->text.p + q->text.n;
	if (!ours && d->offset != DB_NO_OFFSET && d->offset >= prefix && d->offset - prefix <= q->sql.n)
		text_place(q->text, (size_t)(q->sql.p - q->text.p) + d->offset - prefix, &line, &col);
	return mst_place(err, q->file, line, col);
}

static int same_names(const struct pg_source *s, struct mst_error *err)
{
	for (size_t i = 0; i < s->n_columns; i++)
		for (size_t k = 0; k < i; k++)
			if (str_eq(s->columns[i].name, s->columns[k].name)) {
				mst_fail(err, MST_DATA, "two columns are called %.*s", STR_FMT(s->columns[i].name));
				return mst_hint(err, "give one of them another name: SELECT ... AS other");
			}
	return 0;
}

static int describe(struct pool *pool, struct source *base, const struct source_query *q, struct source_column **out,
		    size_t *n, struct mst_error *err)
{
	struct pg_source *s = (struct pg_source *)base;
	const struct db_result *r;
	struct buf b;
	int rc = s->begun ? 0 : set_up(s, err);
	s->begun = true;
	if (!rc && q->restricted)
		rc = pg_source_check(s, q, err);
	if (rc)
		return rc;
	buf_init(&b, pool);
	buf_z(&b, "SELECT * FROM (\n");
	size_t prefix = b.n;
	buf_str(&b, q->sql);
	buf_z(&b, "\n) q LIMIT 0");
	rc = db_query(pool, s->db, buf_view(&b), NULL, 0, &r, err);
	if (rc && strcmp(err->sqlstate, "42601") == 0)
		mst_hint(err, "it must be one query: SELECT, WITH, VALUES or TABLE, without a semicolon in between");
	if (rc)
		return place(s, q, prefix, err);
	s->n_columns = db_cols(r);
	s->columns = pool_zalloc(s->pool, (s->n_columns + 1) * sizeof *s->columns);
	for (size_t i = 0; i < s->n_columns; i++)
		s->columns[i] = (struct pg_source_column){
			.name = str_of(pool_strdup(s->pool, db_col_name(r, i))),
			.type = db_col_type(r, i),
			.modifier = db_col_modifier(r, i),
		};
	struct source_column *cols = pool_zalloc(pool, (s->n_columns + 1) * sizeof *cols);
	if (s->n_columns == 0)
		rc = mst_fail(err, MST_DATA, "the query has no columns");
	if (!rc)
		rc = same_names(s, err);
	if (rc)
		return mst_place(err, q->file, 0, 0);
	rc = pg_source_types(pool, s, cols, err);
	if (!rc) {
		*out = cols;
		*n = s->n_columns;
	}
	return rc;
}

static struct pg_source_column *column_of(struct pg_source *s, struct str name)
{
	for (size_t i = 0; i < s->n_columns; i++)
		if (str_eq(s->columns[i].name, name))
			return &s->columns[i];
	return NULL;
}

/* "(\nSQL\n) q WHERE ...": the query as a relation, so that no word of it can take part in ours. */
static int add_rows(struct pg_source *s, struct buf *b, const struct source_query *q, struct mst_error *err)
{
	buf_z(b, "(\n");
	buf_str(b, q->sql);
	buf_z(b, "\n) q");
	if (!q->from.p)
		return 0;
	POOL_SCRATCH(tmp);
	const struct pg_source_column *c = column_of(s, q->column);
	if (!c)
		return mst_fail(err, MST_BUG, "no column %.*s", STR_FMT(q->column));
	struct str name = db_quote_ident(tmp, c->name), from = db_quote_literal(tmp, q->from);
	buf_printf(b, " WHERE q.%.*s >= (%.*s::%.*s", STR_FMT(name), STR_FMT(from), STR_FMT(c->formatted));
	if (q->overlap && q->overlap_time)
		buf_printf(b, " - INTERVAL '%lld microseconds'", (long long)q->overlap);
	else if (q->overlap)
		buf_printf(b, " - %lld", (long long)q->overlap);
	buf_char(b, ')');
	return 0;
}

static int highest(struct pool *pool, struct source *base, const struct source_query *q, struct str column,
		   struct str *out, struct mst_error *err)
{
	struct pg_source *s = (struct pg_source *)base;
	const struct pg_source_column *c = column_of(s, column);
	const struct db_result *r;
	struct buf b;
	buf_init(&b, pool);
	if (!c)
		return mst_fail(err, MST_BUG, "no column %.*s", STR_FMT(column));
	struct str name = db_quote_ident(pool, c->name);
	buf_printf(&b, "SELECT pg_catalog.max(q.%.*s)::pg_catalog.text FROM ", STR_FMT(name));
	int rc = add_rows(s, &b, q, err);
	if (rc)
		return rc;
	buf_z(&b, q->from.p ? " AND " : " WHERE ");
	if (c->category == 'D')
		buf_printf(&b, "pg_catalog.isfinite(q.%.*s)", STR_FMT(name));
	else if (str_eqz(c->formatted, "numeric"))
		buf_printf(&b, "q.%.*s NOT IN ('NaN', 'Infinity', '-Infinity')", STR_FMT(name));
	else
		buf_printf(&b, "q.%.*s IS NOT NULL", STR_FMT(name));
	rc = db_query(pool, s->db, buf_view(&b), NULL, 0, &r, err);
	if (!rc)
		*out = db_is_null(r, 0, 0) ? (struct str){ NULL, 0 } : db_text(r, 0, 0);
	return rc;
}

struct relay {
	struct buf b;
	source_sink *sink;
	void *arg;
	bool *sunk;
};

static int pass_on(struct relay *y, struct mst_error *err)
{
	int rc = y->sink(y->arg, buf_view(&y->b), err);
	buf_reset(&y->b);
	if (rc)
		*y->sunk = true;
	return rc;
}

static int gather(void *arg, struct str line, struct mst_error *err)
{
	struct relay *y = arg;
	buf_str(&y->b, line);
	return y->b.n < SINK_BYTES ? 0 : pass_on(y, err);
}

static int read_rows(struct source *base, const struct source_query *q, source_sink *sink, void *arg, bool *sunk,
		     struct mst_error *err)
{
	struct pg_source *s = (struct pg_source *)base;
	POOL_SCRATCH(tmp);
	struct relay y = { .sink = sink, .arg = arg, .sunk = sunk };
	struct buf b;
	*sunk = false;
	buf_init(&b, tmp);
	buf_init(&y.b, tmp);
	buf_z(&b, "COPY (SELECT ");
	for (size_t i = 0; i < s->n_columns; i++) {
		struct str name = db_quote_ident(tmp, s->columns[i].name), cast = s->columns[i].cast;
		buf_printf(&b, "%sq.%.*s", i ? ", " : "", STR_FMT(name));
		if (cast.n)
			buf_printf(&b, "::%.*s", STR_FMT(cast));
	}
	buf_z(&b, " FROM ");
	int rc = add_rows(s, &b, q, err);
	if (rc)
		return rc;
	buf_z(&b, ") TO STDOUT");
	rc = db_copy_out(s->db, buf_view(&b), gather, &y, err);
	if (!rc && y.b.n)
		rc = pass_on(&y, err);
	return rc;
}

static void close_source(struct source *base)
{
	struct pg_source *s = (struct pg_source *)base;
	db_close(s->db);
	s->db = NULL;
}

static const struct source_ops postgres_source_ops = {
	.name = "postgres",
	.describe = describe,
	.highest = highest,
	.read = read_rows,
	.close = close_source,
};

int postgres_source_open(struct pool *pool, const char *conninfo, const char *name, bool restricted, const char *app,
			 const stop_flag *stop, struct source **out, struct mst_error *err)
{
	struct db *db;
	int rc = db_open_any(pool, conninfo, app, stop, &db, err);
	if (rc)
		return rc;
	struct pg_source *s = pool_zalloc(pool, sizeof *s);
	*s = (struct pg_source){
		.base = { &postgres_source_ops, pool_strdup(pool, name), restricted },
		.pool = pool,
		.db = db,
	};
	*out = &s->base;
	return 0;
}
