#include "store/connection.h"

#include "store/internal.h"

#define AT(column) \
	"pg_catalog.to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"

enum { NAME, PROVIDER, FIELDS, SECRET, RESTRICTED, OWNER, TEAM, REVISION, UPDATED_AT, UPDATED_BY, USE, MINE };

int store_connection_list(struct pool *pool, struct db *db, struct str name, store_connections *out,
			  struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	store_connections list = { 0 };
	int rc = db_query(tmp, db,
			  STR("SELECT c.name, c.provider, c.fields, c.secret, c.restricted, c.owner, c.team, c.revision, "
			      AT("c.updated_at") ", c.updated_by, c.team IS NULL OR (SELECT mst.is_admin())"
			      " OR c.team = ANY ((SELECT mst.my_teams('write'))::text[]), c.updated_by = session_user"
			      "  FROM mst.connection c WHERE $1::text IS NULL OR c.name = $1 ORDER BY c.name"),
			  &name, 1, &r, err);
	if (rc)
		return rc;
	if (name.p && !db_rows(r))
		return store_fail_nearest(db, "connection", STR("SELECT name FROM mst.connection ORDER BY 1 LIMIT 10000"), name,
					  err);
	for (size_t i = 0; i < db_rows(r); i++)
		*vec_push(pool, &list) = (struct store_connection){
			.name = store_text(pool, r, i, NAME),
			.provider = store_text(pool, r, i, PROVIDER),
			.fields = store_text(pool, r, i, FIELDS),
			.secret = store_text(pool, r, i, SECRET),
			.restricted = db_bool(r, i, RESTRICTED),
			.owner = store_text(pool, r, i, OWNER),
			.team = store_text(pool, r, i, TEAM),
			.revision = db_int(r, i, REVISION),
			.updated_at = store_text(pool, r, i, UPDATED_AT),
			.updated_by = store_text(pool, r, i, UPDATED_BY),
			.use = db_bool(r, i, USE),
			.mine = db_bool(r, i, MINE),
		};
	*out = list;
	return 0;
}

int store_connection_put(struct db *db, const struct store_connection *c, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct str params[] = { c->name,   db_param_int(tmp, c->revision), c->provider, c->fields,
				c->secret, c->team, db_param_bool(c->restricted) };
	int rc = db_run(db, STR("SELECT mst.connection_put($1, $2, $3, $4, $5, $6, $7)"), params, 7, NULL, err);
	return rc ? store_translate(err) : 0;
}

int store_connection_tables(struct pool *pool, struct db *db, struct str name, struct str *out, struct mst_error *err)
{
	const struct db_result *r;
	int rc = db_query(pool, db,
			  STR("SELECT coalesce(string_agg(t.name, ', ' ORDER BY t.name) FILTER (WHERE t.at <= 10), '')"
			      " || CASE WHEN count(*) > 10 THEN ' and ' || count(*) - 10 || ' more' ELSE '' END"
			      " FROM (SELECT c.name, row_number() OVER (ORDER BY c.name) AS at FROM mst.catalogue c"
			      " WHERE $1 IN (c.attrs->>'source', c.attrs->>'connection')) t"),
			  &name, 1, &r, err);
	if (!rc)
		*out = db_text(r, 0, 0);
	return rc;
}

int store_connection_rm(struct db *db, struct str name, struct mst_error *err)
{
	int rc = db_run(db, STR("SELECT mst.connection_rm($1)"), &name, 1, NULL, err);
	return rc ? store_translate(err) : 0;
}
