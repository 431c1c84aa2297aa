#include "engine/catalogue_read.h"

#include "model/job.h"
#include "provider/postgres/postgres.h"

struct found {
	struct pool *pool;
	const char *connection; /* NULL: the warehouse */
	bool any;
};

static int on_row(void *arg, const struct store_table *t, struct mst_error *err)
{
	static const struct str attrs = STR("attrs"), connection = STR("connection");
	struct found *f = arg;
	struct json_val v;
	struct buf line;
	POOL_SCRATCH(tmp);
	buf_init(&line, tmp);
	f->any = true;
	int rc = catalogue_line(tmp, t, false, &line, err);
	if (!rc)
		rc = json_pick(buf_view(&line), &attrs, 1, &v, err);
	if (!rc && v.type == JSON_OBJECT)
		rc = json_pick(v.raw, &connection, 1, &v, err);
	if (!rc && v.type == JSON_STRING && !str_eqz(v.raw, "\"warehouse\""))
		f->connection = str_z(f->pool, json_str(tmp, v));
	return rc;
}

int catalogue_read(struct pool *pool, struct db *state, const struct connections_opts *opts, struct str name,
		   const struct warehouse_read *what, warehouse_sink *tell, void *arg, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct found f = { .pool = tmp };
	struct warehouse_target t = { .name = name };
	struct state_opts where = opts->where;
	const struct connection *named = NULL;
	struct db *db;
	int rc = store_catalogue_get(state, &name, 1, true, on_row, &f, err);
	if (!rc && !f.any)
		rc = mst_fail(err, MST_NOT_FOUND, "there is no table '%.*s' in the catalogue", STR_FMT(name));
	if (!rc)
		rc = job_target(tmp, name, &t.dataset, &t.table, err);
	if (!rc)
		rc = postgres_ops.check(&t, err);
	if (rc)
		return rc;
	if (f.connection) {
		struct connections *c = connections_new(tmp, opts);
		rc = connections_want(c, f.connection, name, err);
		if (!rc)
			rc = connections_look_up(c, state, true, err);
		if (rc)
			return rc;
		named = connections_get(c, f.connection);
		where.warehouse = named->conninfo;
	}
	rc = warehouse_open(tmp, &where, &db, err);
	if (rc)
		return connections_refused(named, err);
	struct warehouse *w = postgres_warehouse(pool, db);
	return w->ops->read(w, &t, what, tell, arg, err);
}
