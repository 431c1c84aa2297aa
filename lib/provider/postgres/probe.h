/* Whether a connection leads anywhere. */
#ifndef MST_PROVIDER_POSTGRES_PROBE_H
#define MST_PROVIDER_POSTGRES_PROBE_H

#include "base/stop.h"
#include "db/db.h"

struct postgres_probe {
	struct str server, database, user; /* "PostgreSQL 15.18"; as the server calls them */
	bool encrypted;
	int64_t connect_us, latency_us;    /* to the first answer; of the quickest of three round trips */
};

/* Errors of db_open_any; texts live in the pool. */
int postgres_probe(struct pool *, const char *conninfo, const char *app, const stop_flag *,
		   struct postgres_probe *out, struct mst_error *);

#endif
