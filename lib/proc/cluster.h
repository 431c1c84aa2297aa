/* The private PostgreSQL cluster: one folder with the data, one server on a unix socket, no TCP,
 * made on first use and started on demand.
 *
 *   HOME/data           the cluster; made as data.new and renamed, so it is whole or not there
 *   HOME/lock           flock: making, starting and stopping happen one at a time; the kernel frees
 *                       it when its holder dies, so it cannot be stale
 *   HOME/postgres.log   what the server says
 *   RUN/ID/             the socket; RUN is $XDG_RUNTIME_DIR/mst, else /tmp/mst-UID (0700), ID is made
 *                       from HOME's path.  Where a running server listens stands in its
 *                       postmaster.pid, whatever the environment says by now.
 *
 * HOME defaults to $XDG_DATA_HOME/mst, else ~/.local/share/mst.  PostgreSQL does not run as root: for
 * root HOME defaults to /var/lib/mst, RUN is /run/mst, and the server runs as the user `postgres`
 * (`nobody` where there is none), or as the owner of a data folder or HOME that is another's.
 *
 * Databases: `mst`, reached as the superuser CLUSTER_USER, and `warehouse`, reached as its owner
 * CLUSTER_OWNER, who is no superuser: the SQL of a folder runs there, and must neither run programs
 * (COPY TO PROGRAM) nor read files as the server's user.  Whoever can reach the socket (the server's
 * user and root) is trusted. */
#ifndef MST_PROC_CLUSTER_H
#define MST_PROC_CLUSTER_H

#include "base/error.h"
#include "base/stop.h"
#include "base/str.h"

#include <signal.h>
#include <sys/types.h>

#define CLUSTER_PG_MIN 15
#define CLUSTER_PG_MAX 17
#define CLUSTER_USER "mst"
#define CLUSTER_OWNER "warehouse"
#define CLUSTER_DB_STATE "mst"
#define CLUSTER_DB_WAREHOUSE "warehouse"

struct cluster_opts {
	const char *home;   /* NULL: the default */
	const char *pg_bin; /* the folder of postgres and initdb; NULL: looked for */
	/* One line about something that was done ("created ...", "started ..."); may be NULL. */
	void (*note)(void *arg, const char *line);
	void *arg;
	const stop_flag *stop; /* set by a signal: waiting ends; may be NULL */
};

struct cluster;

/* Resolves the paths and who is to run the server; touches nothing.  MST_USAGE or MST_LIMIT for a
 * home that cannot be one; MST_DENIED for another's. */
int cluster_open(struct pool *, const struct cluster_opts *, struct cluster **out, struct mst_error *);
const char *cluster_home(const struct cluster *);
const char *cluster_log(const struct cluster *);
/* The user that runs the server where that is not the caller, else NULL. */
const char *cluster_runs_as(const struct cluster *);

struct cluster_state {
	bool exists;        /* there is a data folder */
	bool running;       /* its server process lives */
	bool ready;         /* ... and takes connections */
	bool lost;          /* it runs, but its socket has been taken away */
	int major;          /* of the data; 0 where unknown */
	pid_t pid;          /* 0 where it does not run */
	int64_t started_us; /* 0 where it does not run */
	const char *socket_dir; /* of the running server, else NULL */
};
/* What is on disk, now, without asking the server: a few microseconds. */
void cluster_look(struct pool *, struct cluster *, struct cluster_state *out);
/* libpq connection string of a database of the running server (see cluster_look). */
const char *cluster_conninfo(struct pool *, const struct cluster_state *, const char *database);

/* Makes the cluster where there is none, starts it where it does not run, waits until it takes
 * connections, however many do so at once.  MST_NOT_FOUND without PostgreSQL, MST_UNAVAILABLE
 * for a version that does not fit or a server that does not come up, MST_DENIED, MST_IO
 * (disk full), MST_CANCELLED. */
int cluster_start(struct pool *, struct cluster *, struct cluster_state *out, struct mst_error *);
/* Fast shutdown: running transactions are rolled back.  *was_running may be NULL. */
int cluster_stop(struct cluster *, bool *was_running, struct mst_error *);
struct cluster_upgraded {
	int from, to;     /* major versions; equal: nothing was to be done */
	const char *kept; /* the folder with the old data, or NULL */
};
/* Brings the data to the newest major version that is installed (or pg_bin's), with the programs of both;
 * stops the server.  Nothing is lost wherever it is broken off; the next call goes on.  The errors of
 * cluster_start, and MST_NOT_FOUND where there is no cluster. */
int cluster_upgrade(struct pool *, struct cluster *, struct cluster_upgraded *out, struct mst_error *);
/* The folder of PostgreSQL's programs for a major version (0: the newest that is supported). */
int cluster_find_bin(struct pool *, struct cluster *, int major, const char **bin, int *found_major,
		     struct mst_error *);

#endif
