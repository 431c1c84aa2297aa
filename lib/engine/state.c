#include "engine/state.h"

#include "store/migrate.h"

_Static_assert(DB_SERVER_MIN == CLUSTER_PG_MIN && DB_SERVER_MAX == CLUSTER_PG_MAX, "one range of PostgreSQL versions");

static bool is_private(const char *conninfo)
{
	return !conninfo || !*conninfo;
}

/* The usual case costs a look at a file: only where that does not lead to a server
 * is the lock of the cluster taken. */
static int open_private(struct pool *pool, const struct state_opts *o, const char *database, struct db **out,
			struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct cluster *c;
	struct cluster_state s;
	struct db *db = NULL;
	int rc = cluster_open(tmp, &o->cluster, &c, err);
	if (rc)
		return rc;
	cluster_look(tmp, c, &s);
	if (s.ready)
		rc = db_open(pool, cluster_conninfo(tmp, &s, database), o->app, o->cluster.stop, &db, err);
	/* it may have gone down between the look and the connection */
	if (!s.ready || (rc && err->retry && strcmp(err->sqlstate, "53300") != 0)) {
		rc = cluster_start(tmp, c, &s, err);
		if (!rc)
			rc = db_open(pool, cluster_conninfo(tmp, &s, database), o->app, o->cluster.stop, &db, err);
	}
	if (rc && strcmp(err->sqlstate, "53300") == 0)
		mst_hint(err, "end some of the commands that use it, or raise max_connections in %s/data/postgresql.conf",
			 cluster_home(c));
	if (rc)
		return rc;
	*out = db;
	return 0;
}

int state_connect(struct pool *pool, const struct state_opts *o, struct db **out, struct mst_error *err)
{
	return is_private(o->db) ? open_private(pool, o, CLUSTER_DB_STATE, out, err)
				 : db_open(pool, o->db, o->app, o->cluster.stop, out, err);
}

int state_open(struct pool *pool, const struct state_opts *o, struct db **out, struct mst_error *err)
{
	struct db *db;
	int version, rc = state_connect(pool, o, &db, err);
	if (rc)
		return rc;
	if (is_private(o->db)) {
		rc = store_schema_version(db, &version, err);
		if (!rc && version < (int)store_schema.n)
			rc = store_schema_migrate(db, &store_schema, 0, false, NULL, NULL, err);
	}
	if (!rc)
		rc = store_schema_check(db, &store_schema, err);
	if (rc) {
		db_close(db);
		return rc;
	}
	*out = db;
	return 0;
}

int warehouse_open(struct pool *pool, const struct state_opts *o, struct db **out, struct mst_error *err)
{
	return is_private(o->warehouse) ? open_private(pool, o, CLUSTER_DB_WAREHOUSE, out, err)
					: db_open(pool, o->warehouse, o->app, o->cluster.stop, out, err);
}

int state_conninfo(struct pool *pool, const struct state_opts *o, bool warehouse, const char **out,
		   struct mst_error *err)
{
	const char *named = warehouse ? o->warehouse : o->db;
	if (!is_private(named)) {
		*out = pool_strdup(pool, named);
		return 0;
	}
	POOL_SCRATCH(tmp);
	struct cluster *c;
	struct cluster_state s;
	int rc = cluster_open(tmp, &o->cluster, &c, err);
	if (!rc)
		rc = cluster_start(tmp, c, &s, err);
	if (!rc)
		*out = cluster_conninfo(pool, &s, warehouse ? CLUSTER_DB_WAREHOUSE : CLUSTER_DB_STATE);
	return rc;
}
