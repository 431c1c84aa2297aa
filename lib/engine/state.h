/* Where the two databases are: the state database (what mst knows) and the warehouse (what it works on).
 * Each is a server that was named, or a database of the private cluster, which is then made, started
 * and migrated without a question. */
#ifndef MST_ENGINE_STATE_H
#define MST_ENGINE_STATE_H

#include "db/db.h"
#include "proc/cluster.h"

struct state_opts {
	const char *db;        /* MST_DB: a connection string; NULL or "": the private cluster */
	const char *warehouse; /* the same for the warehouse */
	const char *app;       /* application_name: the command */
	struct cluster_opts cluster;
};

/* Connects to the state database, of the schema version that this binary knows.  A server is never
 * migrated here: where it is older or empty the error says so.  MST_UNAVAILABLE, MST_DENIED, and the
 * errors of cluster_start. */
int state_open(struct pool *, const struct state_opts *, struct db **out, struct mst_error *);
/* The same without a look at the schema, for mst-db. */
int state_connect(struct pool *, const struct state_opts *, struct db **out, struct mst_error *);
int warehouse_open(struct pool *, const struct state_opts *, struct db **out, struct mst_error *);
/* The connection string of either, for a child such as psql; starts the private cluster where it is
 * the one that is meant. */
int state_conninfo(struct pool *, const struct state_opts *, bool warehouse, const char **out, struct mst_error *);

#endif
