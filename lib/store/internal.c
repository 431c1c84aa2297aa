#include "store/internal.h"

#include "base/vec.h"

int store_translate(struct mst_error *err)
{
	static const struct {
		const char *state;
		int code;
	} table[] = {
		{ "42704", MST_NOT_FOUND },
		{ "42809", MST_CONFLICT },
		{ "55000", MST_CONFLICT },
		{ "23503", MST_CONFLICT },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (strcmp(err->sqlstate, table[i].state) == 0)
			err->code = table[i].code;
	return err->code;
}

struct str store_text(struct pool *pool, const struct db_result *r, size_t row, size_t col)
{
	return db_is_null(r, row, col) ? DB_NULL : str_dup(pool, db_text(r, row, col));
}

int store_fail_nearest(struct db *db, const char *what, struct str sql, struct str name, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	VEC(const char *) names = { 0 };
	int rc = db_query(tmp, db, sql, NULL, 0, &r, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < db_rows(r); i++)
		*vec_push(tmp, &names) = db_text(r, i, 0).p;
	const char *near = str_nearest(name, names.v, names.n);
	if (near)
		return mst_fail(err, MST_NOT_FOUND, "there is no %s '%.*s' (did you mean '%s'?)", what, STR_FMT(name), near);
	return mst_fail(err, MST_NOT_FOUND, "there is no %s '%.*s'", what, STR_FMT(name));
}
