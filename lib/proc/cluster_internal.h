/* Inside of the private cluster: its paths, programs and the making of it. */
#ifndef MST_PROC_CLUSTER_INTERNAL_H
#define MST_PROC_CLUSTER_INTERNAL_H

#include "proc/cluster.h"
#include "proc/spawn.h"

struct cluster {
	struct pool *pool;
	struct cluster_opts opts;
	const char *home; /* absolute, links resolved as far as it exists */
	const char *data, *fresh, *lock, *log;
	uid_t uid;        /* who runs the server */
	gid_t gid;
	const char *user; /* his name; NULL: the caller */
	int lock_fd;
};

/* cluster_paths.c */
int cluster_resolve_(struct cluster *, struct mst_error *);
/* Makes HOME, writable for nobody else, and checks that the server's user can reach it. */
int cluster_make_home_(struct cluster *, struct mst_error *);
/* Makes the folder of the socket and checks that nobody else can write there. */
int cluster_make_socket_dir_(struct pool *, struct cluster *, const char **out, struct mst_error *);
/* Takes the lock, waiting; it is given back by cluster_unlock_. */
int cluster_lock_(struct cluster *, struct mst_error *);
void cluster_unlock_(struct cluster *);
/* argv of a program as the server's user; `args` ends in NULL. */
const char *const *cluster_argv_(struct pool *, const struct cluster *, const char *const *args);
/* The caller's environment without what would steer PostgreSQL, in the C locale. */
const char *const *cluster_env_(struct pool *);
void cluster_note_(const struct cluster *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool cluster_stopped_(const struct cluster *);
/* "user name" or "user 1234" */
const char *cluster_user_name_(struct pool *, uid_t);

/* cluster.c: under the lock. */
int cluster_start_locked_(struct pool *, struct cluster *, struct cluster_state *out, struct mst_error *);
int cluster_stop_locked_(struct cluster *, const struct cluster_state *, struct mst_error *);

/* cluster_create.c: under the lock. */
int cluster_create_(struct cluster *, const char *bin, int major, struct mst_error *);
/* initdb in c->fresh, with our settings, without databases of ours. */
int cluster_init_(struct cluster *, const char *bin, struct mst_error *);
/* What is not there is removed already. */
int cluster_remove_tree_(struct cluster *, const char *path, struct mst_error *);
int cluster_sync_dir_(const char *path, struct mst_error *);
/* True where the disk of the path is (nearly) full. */
bool cluster_disk_full_(const char *path);

#endif
