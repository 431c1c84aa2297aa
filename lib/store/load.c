#include "store/load.h"

static int not_there(struct str name, struct mst_error *err)
{
	mst_fail(err, MST_NOT_FOUND, "there is no table '%.*s' in the catalogue", STR_FMT(name));
	return mst_hint(err, "mst-table list shows the names");
}

int store_load_check(struct db *db, struct str name, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	int rc = db_query(tmp, db, STR("SELECT mst.may('write', c.owner, c.team) FROM mst.catalogue c WHERE c.name = $1"),
			  &name, 1, &r, err);
	if (rc)
		return rc;
	if (db_rows(r) == 0)
		return not_there(name, err);
	if (db_bool(r, 0, 0))
		return 0;
	mst_fail(err, MST_DENIED, "you may not write table %.*s", STR_FMT(name));
	return mst_hint(err, "whoever may change it may load it: its owner, its team's writers, an admin");
}

int store_load_rows(struct db *db, struct str name, int64_t *out, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	int rc = db_query(tmp, db,
			  STR("SELECT (e.data ->> 'rows')::bigint FROM mst.event e"
			      " WHERE e.kind = 'table_loaded' AND e.data ->> 'name' = $1 ORDER BY e.id DESC LIMIT 1"),
			  &name, 1, &r, err);
	if (!rc)
		*out = db_rows(r) && !db_is_null(r, 0, 0) ? db_int(r, 0, 0) : -1;
	return rc;
}

int store_load_done(struct db *db, struct str name, const struct store_load *load, int64_t *woken,
		    struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str params[] = {
		name,
		load->rows < 0 ? DB_NULL : db_param_int(tmp, load->rows),
		load->bytes < 0 ? DB_NULL : db_param_int(tmp, load->bytes),
		db_param_int(tmp, load->rows_bad),
	};
	int rc = db_query(tmp, db, STR("SELECT mst.table_loaded($1, $2, $3, $4)"), params, 4, &r, err);
	if (!rc)
		*woken = db_int(r, 0, 0);
	return rc;
}
