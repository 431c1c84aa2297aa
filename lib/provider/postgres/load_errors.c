/* A load whose bad rows are put aside: rows come in pieces, each copied under a savepoint, and what was
 * refused goes to NAME__mst_errors in the same transaction. */
#include "provider/postgres/internal.h"

#define ERRORS_SUFFIX "__mst_errors"

static struct str errors_table(const struct pg_job *j)
{
	struct str name = pg_beside(j->pool, j->t->table, ERRORS_SUFFIX);
	return str_of(pool_printf(j->pool, "%.*s.%.*s", STR_FMT(j->n.schema), STR_FMT(db_quote_ident(j->pool, name))));
}

/* Views and grants on it stay, and readers see the old rows until the commit. */
int pg_errors_begin(struct pg_job *j, struct mst_error *err)
{
	struct str table = errors_table(j);
	const struct db_result *r;
	int rc = db_query(j->pool, j->pg->db, STR("SELECT pg_catalog.to_regclass($1) IS NOT NULL"), &table, 1, &r, err);
	if (rc)
		return rc;
	const char *sql = db_bool(r, 0, 0) ? "DELETE FROM %.*s" :
		"CREATE TABLE %.*s (file pg_catalog.text, line pg_catalog.int8, reason pg_catalog.text, row pg_catalog.text,"
		" at pg_catalog.timestamptz)";
	rc = db_exec(j->pg->db, str_of(pool_printf(j->pool, sql, STR_FMT(table))), err);
	return rc ? rc : db_exec(j->pg->db, STR("SAVEPOINT mst_rows"), err);
}

/* What is in stays in, whatever becomes of the rows that follow. */
static int keep(struct pg *pg, struct mst_error *err)
{
	return db_exec(pg->db, STR("RELEASE SAVEPOINT mst_rows; SAVEPOINT mst_rows"), err);
}

/* What a row holds is its own fault; that the disk is full is not. */
static bool of_the_row(const struct mst_error *err)
{
	return err->line && (strncmp(err->sqlstate, "22", 2) == 0 || strncmp(err->sqlstate, "23", 2) == 0);
}

int pg_load_try(struct warehouse *w, struct str rows, uint32_t *bad, struct mst_error *err)
{
	struct pg *pg = (struct pg *)w;
	int64_t n = 0;
	if (pg->load.done)
		return 0;
	int rc = db_copy_in(pg->db, pg->load_copy, err);
	if (!rc)
		rc = db_copy_put(pg->db, rows, err);
	if (!rc)
		rc = db_copy_end(pg->db, &n, err);
	if (!rc)
		rc = keep(pg, err);
	if (!rc) {
		pg->load.result.rows += n;
		return 0;
	}
	pg_refused_row(pg, err);
	if (!of_the_row(err))
		return pg_load_over(pg, err);
	struct mst_error lost;
	*bad = err->line;
	err->line = 0;
	if (db_exec(pg->db, STR("ROLLBACK TO SAVEPOINT mst_rows"), &lost)) {
		*err = lost;
		return pg_load_over(pg, err);
	}
	return 1;
}

int pg_load_aside(struct warehouse *w, const struct warehouse_bad *v, size_t n, struct mst_error *err)
{
	struct pg *pg = (struct pg *)w;
	struct pg_job *j = &pg->load;
	if (j->done)
		return 0;
	POOL_SCRATCH(tmp);
	struct str *column = pool_array(tmp, n, sizeof *column), params[4];
	for (int k = 0; k < 4; k++) {
		for (size_t i = 0; i < n; i++)
			column[i] = k == 0 ? v[i].file : k == 1 ? db_param_int(tmp, v[i].line) : k == 2 ? v[i].reason : v[i].text;
		params[k] = db_param_texts(tmp, column, n);
	}
	struct str table = errors_table(j);
	const char *sql = pool_printf(tmp,
				      "INSERT INTO %.*s (file, line, reason, row, at)"
				      " SELECT b.file, b.line, b.reason, b.row, pg_catalog.clock_timestamp()"
				      " FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]),"
				      "  pg_catalog.unnest($2::pg_catalog.text[]::pg_catalog.int8[]),"
				      "  pg_catalog.unnest($3::pg_catalog.text[]), pg_catalog.unnest($4::pg_catalog.text[]))"
				      " AS b(file, line, reason, row)",
				      STR_FMT(table));
	int rc = db_run(pg->db, str_of(sql), params, 4, NULL, err);
	if (!rc)
		rc = keep(pg, err);
	if (!rc)
		return 0;
	mst_wrap(err, "bad rows cannot be put aside in %.*s", STR_FMT(table));
	return pg_load_over(pg, err);
}
