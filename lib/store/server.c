#include "store/server.h"

int store_server_look(struct pool *pool, struct db *db, struct store_server *out, struct mst_error *err)
{
	const struct db_result *r;
	int rc = db_query(pool, db,
			  STR("SELECT split_part(current_setting('server_version'), ' ', 1),"
			      " (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint,"
			      " (SELECT coalesce(sum(pg_database_size(oid)), 0)::bigint FROM pg_database"
			      "  WHERE datallowconn AND has_database_privilege(oid, 'CONNECT')),"
			      " (SELECT count(*) FROM pg_stat_activity"
			      "  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())"),
			  NULL, 0, &r, err);
	if (rc)
		return rc;
	*out = (struct store_server){
		.version = db_text(r, 0, 0),
		.started_us = db_int(r, 0, 1),
		.data_bytes = db_int(r, 0, 2),
		.connections = db_int(r, 0, 3),
	};
	return 0;
}
