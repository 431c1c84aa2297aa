/* Rows from outside, by COPY into the relation that is built beside. */
#include "provider/postgres/internal.h"

#include <stdlib.h>

static void forget(struct pg *pg)
{
	pool_free(pg->load_pool);
	pg->load_pool = NULL;
}

int pg_load_over(struct pg *pg, struct mst_error *err)
{
	int rc = pg_undo(&pg->load, NULL, err);
	forget(pg);
	return rc;
}

/* "COPY t, line 12, column x: ..." : the row that the server refused. */
void pg_refused_row(struct pg *pg, struct mst_error *err)
{
	const char *context = db_diag(pg->db)->context;
	const char *line = strncmp(context, "COPY ", 5) == 0 ? strstr(context, ", line ") : NULL;
	const char *column = line ? strstr(line, ", column ") : NULL;
	if (column) {
		const char *end = strchr(column + 9, ':');
		mst_wrap(err, "column %.*s", end ? (int)(end - column - 9) : 63, column + 9);
	}
	if (line)
		err->line = (uint32_t)strtoul(line + 7, NULL, 10);
}

static int refused(struct pg *pg, struct mst_error *err)
{
	pg_refused_row(pg, err);
	return pg_load_over(pg, err);
}

int pg_load_begin(struct warehouse *w, const struct warehouse_target *t, const struct warehouse_column *cols,
		  size_t k, struct mst_error *err)
{
	struct pg *pg = (struct pg *)w;
	struct pg_job *j = &pg->load;
	pg->load_pool = pool_new(pg->pool);
	if (pg_begin(pg, pg->load_pool, t, true, j, err))
		return pg_load_over(pg, err);
	if (j->done)
		return 0;
	if (pg_effect_goes_on(j, err))
		return pg_load_over(pg, err);
	/* a declared type is the user's text: one statement, no more */
	pg->load_copy = pg_copy_sql(pg->load_pool, &j->n, cols, k);
	if (db_run(pg->db, pg_create_sql(pg->load_pool, &j->n, cols, k), NULL, 0, NULL, err) ||
	    (t->bad_rows_aside ? pg_errors_begin(j, err) : db_copy_in(pg->db, pg->load_copy, err)))
		return pg_load_over(pg, err);
	if (t->bad_rows_aside)
		j->result.rows = 0;
	return 0;
}

int pg_load_put(struct warehouse *w, struct str rows, struct mst_error *err)
{
	struct pg *pg = (struct pg *)w;
	if (pg->load.done)
		return 0;
	return db_copy_put(pg->db, rows, err) ? refused(pg, err) : 0;
}

/* Whether a table that has rows is about to be replaced by none. */
static int look_at_rows(struct pg_job *j, char relkind, struct mst_error *err)
{
	const struct db_result *r;
	if (j->result.rows || relkind != 'r')
		return 0;
	int rc = db_query(j->pool, j->pg->db,
			  str_of(pool_printf(j->pool, "SELECT EXISTS (SELECT FROM %.*s)", STR_FMT(j->n.full))), NULL, 0, &r,
			  err);
	if (!rc)
		j->result.emptied = db_bool(r, 0, 0);
	return rc;
}

static int land(struct pg_job *j, struct mst_error *err)
{
	char relkind = 0;
	/* mst keeps others away from the table; nobody keeps a DROP TABLE away */
	int rc = pg_effect_goes_on(j, err);
	if (!rc)
		rc = pg_relkind(j, &relkind, err);
	if (!rc && relkind && j->t->disposition != WAREHOUSE_REPLACE)
		return pg_grow(j, err);
	if (!rc)
		rc = look_at_rows(j, relkind, err);
	return rc ? rc : pg_take_place(j, err);
}

int pg_load_end(struct warehouse *w, struct warehouse_result *out, struct mst_error *err)
{
	struct pg *pg = (struct pg *)w;
	struct pg_job *j = &pg->load;
	int rc = 0;
	if (!j->done && !j->t->bad_rows_aside && db_copy_end(pg->db, &j->result.rows, err))
		return refused(pg, err);
	if (!j->done)
		rc = land(j, err);
	rc = rc ? pg_undo(j, out, err) : pg_finish(j, out, err);
	forget(pg);
	return rc;
}

void pg_load_abort(struct warehouse *w)
{
	struct pg *pg = (struct pg *)w;
	struct mst_error ignored = { 0 };
	if (!pg->load.done)
		db_copy_abort(pg->db, "the rows end in an error");
	pg_load_over(pg, &ignored);
}
