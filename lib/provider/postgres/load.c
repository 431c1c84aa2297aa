/* Rows from outside, by COPY into the relation that is built beside. */
#include "provider/postgres/internal.h"

#include <stdlib.h>

static int over(struct pg *pg, struct mst_error *err)
{
	pool_free(pg->load_pool);
	pg->load_pool = NULL;
	return pg_undo(pg, err);
}

/* "COPY t, line 12, column x: ..." : the row that the server refused. */
static int refused(struct pg *pg, struct mst_error *err)
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
	return over(pg, err);
}

int pg_load_begin(struct warehouse *w, const struct warehouse_target *t, const struct warehouse_column *cols,
		  size_t k, struct mst_error *err)
{
	struct pg *pg = (struct pg *)w;
	struct pg_names n;
	pg->load_pool = pool_new(pg->pool);
	pg->load = t;
	pg_names(pg->load_pool, t, &n);
	if (pg_begin(pg, pg->load_pool, &n, true, err) ||
	    /* a declared type is the user's text: one statement, no more */
	    db_run(pg->db, pg_create_sql(pg->load_pool, &n, cols, k), NULL, 0, NULL, err) ||
	    db_copy_in(pg->db, pg_copy_sql(pg->load_pool, &n, cols, k), err))
		return over(pg, err);
	return 0;
}

int pg_load_put(struct warehouse *w, struct str rows, struct mst_error *err)
{
	struct pg *pg = (struct pg *)w;
	return db_copy_put(pg->db, rows, err) ? refused(pg, err) : 0;
}

int pg_load_end(struct warehouse *w, struct warehouse_result *out, struct mst_error *err)
{
	struct pg *pg = (struct pg *)w;
	struct pg_names n;
	int64_t rows, bytes;
	pg_names(pg->load_pool, pg->load, &n);
	if (db_copy_end(pg->db, &rows, err))
		return refused(pg, err);
	if (pg_swap(pg, pg->load_pool, &n, &bytes, err) || db_commit(pg->db, err))
		return over(pg, err);
	pool_free(pg->load_pool);
	pg->load_pool = NULL;
	*out = (struct warehouse_result){ .rows = rows, .bytes = bytes, .cpu_us = -1 };
	return 0;
}

void pg_load_abort(struct warehouse *w)
{
	struct pg *pg = (struct pg *)w;
	struct mst_error ignored = { 0 };
	db_copy_abort(pg->db, "the rows end in an error");
	over(pg, &ignored);
}
