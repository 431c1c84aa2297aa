#include "provider/postgres/probe.h"

#include "base/time.h"

int postgres_probe(struct pool *pool, const char *conninfo, const char *app, const stop_flag *stop,
		   struct postgres_probe *out, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct postgres_probe p = { .latency_us = INT64_MAX };
	const struct db_result *r;
	struct db *db;
	int64_t began = time_mono_us();
	int rc = db_open_any(tmp, conninfo, app, stop, &db, err);
	if (rc)
		return rc;
	p.connect_us = time_mono_us() - began;
	for (int i = 0; !rc && i < 3; i++) {
		began = time_mono_us();
		rc = db_query(tmp, db, STR("SELECT 1"), NULL, 0, &r, err);
		int64_t took = time_mono_us() - began;
		p.latency_us = took < p.latency_us ? took : p.latency_us;
	}
	/* what is no PostgreSQL knows the first three alone */
	if (!rc)
		rc = db_query(tmp, db, STR("SELECT version(), current_database(), current_user"), NULL, 0, &r, err);
	if (rc)
		return rc;
	struct str name, number, rest = db_text(r, 0, 0);
	str_cut(rest, ' ', &name, &rest);
	str_cut(rest, ' ', &number, &rest);
	p.server = str_of(pool_printf(pool, "%.*s %.*s", STR_FMT(name), STR_FMT(number)));
	p.database = str_dup(pool, db_text(r, 0, 1));
	p.user = str_dup(pool, db_text(r, 0, 2));
	p.encrypted = db_is_encrypted(db);
	*out = p;
	return 0;
}
