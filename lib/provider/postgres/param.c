/* Parameters in the user's text, and places of errors in it. */
#include "provider/postgres/internal.h"

#include "model/job.h"
#include "sql/params.h"

static const struct warehouse_param *declared(const struct warehouse_target *t, struct str name)
{
	for (size_t i = 0; i < t->n_params; i++)
		if (str_ieq(t->params[i].name, name))
			return &t->params[i];
	return NULL;
}

/* The number of $n for the value: one for each parameter, so that all its places have one type. */
static size_t number_of(struct pool *pool, const struct warehouse_param *p, size_t *of_param, struct str **values,
			size_t *n)
{
	if (!*of_param) {
		struct str *more = pool_array(pool, *n + 1, sizeof *more);
		for (size_t i = 0; i < *n; i++)
			more[i] = (*values)[i];
		more[*n] = p->value;
		*values = more;
		*of_param = ++*n;
	}
	return *of_param;
}

void pg_text_make(struct pool *pool, const struct warehouse_target *t, const char *head, struct str piece,
		  const char *tail, bool literals, struct str table, struct pg_text *out)
{
	struct pg_text x = { .from = piece, .prefix = strlen(head) };
	struct buf b;
	sql_params found = { 0 };
	size_t at = 0, n = 0;
	struct str *values = NULL;
	size_t *numbers = pool_zalloc(pool, (t->n_params + 1) * sizeof *numbers);
	buf_init(&b, pool);
	buf_z(&b, head);
	if (t->n_params || table.n)
		sql_params_find(pool, SQL_POSTGRES, piece, &found);
	for (size_t i = 0; i < found.n; i++) {
		const struct sql_param *f = &found.v[i];
		const struct warehouse_param *p = declared(t, f->name);
		bool is_table = table.n && str_ieq(f->name, STR("table"));
		if (!p && !is_table)
			continue;
		buf_add(&b, piece.p + at, f->at - at);
		at = f->at + f->n;
		size_t start = b.n;
		if (is_table)
			buf_str(&b, table);
		else if (!literals)
			buf_printf(&b, "$%zu", number_of(pool, p, &numbers[p - t->params], &values, &n));
		else if (!p->value.p)
			buf_z(&b, "NULL");
		else
			buf_str(&b, db_quote_literal(pool, p->value));
		*vec_push(pool, &x.cuts) = (struct pg_cut){ f->at, f->n, start - x.prefix, b.n - start };
	}
	buf_add(&b, piece.p + at, piece.n - at);
	buf_z(&b, tail);
	x.sql = buf_view(&b);
	x.values = values;
	x.n_values = n;
	*out = x;
}

int pg_text_run(struct pg *pg, const struct pg_text *x, int64_t *rows, struct mst_error *err)
{
	int rc = db_run(pg->db, x->sql, x->values, x->n_values, rows, err);
	if (rc && strcmp(err->sqlstate, "42P08") == 0)
		mst_hint(err, "a parameter has one type: write a cast at each place, such as @name::text::date");
	return rc;
}

int pg_place(struct pg *pg, const struct warehouse_target *t, const struct pg_text *x, struct mst_error *err)
{
	const struct db_diag *d = db_diag(pg->db);
	uint32_t line = 0, col = 0;
	if (d->offset != DB_NO_OFFSET && d->offset >= x->prefix) {
		size_t off = d->offset - x->prefix;
		for (size_t i = x->cuts.n; i-- > 0;) {
			const struct pg_cut *c = &x->cuts.v[i];
			if (off < c->sent)
				continue;
			/* inside of a value: where its name begins */
			off = off < c->sent + c->len ? c->at : off - (c->sent + c->len) + c->at + c->n;
			break;
		}
		if (off <= x->from.n)
			text_place(t->sql, (size_t)(x->from.p - t->sql.p) + off, &line, &col);
	}
	return mst_place(err, t->file, line, col);
}
