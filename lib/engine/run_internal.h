/* What run.c, run_prepare.c and run_worker.c share. */
#ifndef MST_ENGINE_RUN_INTERNAL_H
#define MST_ENGINE_RUN_INTERNAL_H

#include "engine/run.h"
#include "engine/run_said.h"
#include "task/task.h"

#include <pthread.h>

struct run_item {
	const struct task_type *type; /* NULL: nothing to do, it only carries order */
	bool done;                    /* in an earlier go of the run: succeeded or skipped */
	bool parks;                   /* waits for somebody to load the table, for wait_us */
	int64_t wait_us;
	int retries;                  /* attempts beyond the first of this go */
	int attempts;                 /* made in earlier goes */
	struct warehouse_target target;
	struct str content;           /* the last part of target.job_key */
	const char *connection;       /* NULL: the warehouse */
	const char *source;           /* attribute `source`: the connection that rows are read from, or NULL */
	bool reimport;                /* all rows are wanted */
};

struct run {
	struct pool *pool;
	const struct run_opts *opts;
	job_list *jobs;
	struct run_item *items;
	struct job_graph graph;
	struct connections_opts where;
	struct connections *connections;
	bool has_warehouse; /* some job needs one */
};

struct run_connection {
	const char *name; /* NULL: the warehouse */
	struct pool *pool;
	struct db *db;
	struct warehouse *warehouse;
};

/* A thread with its connections. */
struct run_worker {
	struct run *run;
	struct run_crew *crew;
	pthread_t thread;
	stop_flag stop;
	struct pool *pool;
	/* guarded by crew->lock; connections are changed by their own thread only */
	VEC(struct run_connection) connections;
	bool busy, quit;
	bool late; /* the attempt was stopped because its time is over */
	int64_t until_us; /* when that is, monotonic clock; 0: never */
	int attempt;
	bool retired; /* the server had no connection left for it: it is given nothing until one is dropped */
	uint32_t job;
};

struct run_result {
	uint32_t job;
	int rc;
	bool begun; /* there was a connection */
	struct mst_error err;
	int attempt;
	struct warehouse_result result; /* its texts in `pool` */
	struct pool *pool; /* whoever takes the result frees it */
	int64_t cpu_us; /* of the thread, of the server where that is here, of children */
	int64_t started_us, ended_us; /* monotonic clock */
	int64_t wait_us; /* before the next attempt, where there is one */
};

struct run_errand {
	uint32_t job;
	int attempt;
};

struct run_crew {
	pthread_mutex_t lock;
	pthread_cond_t work;
	int wake; /* eventfd: a result came */
	struct pool *pool;
	VEC(struct run_result) results; /* guarded by lock */
	bool cancelled; /* all are told to stop; guarded by lock */
	VEC(struct run_errand) again; /* jobs of workers that retired; guarded by lock */
	struct run_worker *workers;
	size_t n;
	struct run_said said;
};

/* Starts the threads; `first` (may be NULL) is a connection for the first of them. */
int run_crew_start(struct run *, size_t n, struct run_connection *first, struct run_crew *out, struct mst_error *);
/* Gives a job to an idle worker; false where all are busy.  Where a server takes fewer connections
 * than there are workers, those that came too late hand their jobs on. */
bool run_crew_give(struct run_crew *, uint32_t job, int attempt);
/* Tells those whose time is over to stop: their results will be MST_TIMEOUT.  Returns when the next
 * one's is (monotonic clock), 0 where there is none. */
int64_t run_crew_watch(struct run_crew *, int64_t now_us);
/* Moves the results that came to `out`; each has a pool to be freed. */
typedef VEC(struct run_result) run_results;
void run_crew_take(struct run_crew *, struct pool *, run_results *out);
/* Tells those that work to stop: the server cancels their statements. */
void run_crew_cancel(struct run_crew *);
/* Ends the threads: waits for them at most wait_us.  False where one does not end: then
 * the process must end soon, and nothing of the crew may be freed. */
bool run_crew_end(struct run_crew *, int64_t wait_us);

/* The error of a connection that a job wants and that leads nowhere, or 0. */
int run_fault(const struct run *, const struct run_item *, struct mst_error *);
/* Opens the connection of a job. */
int run_connect(struct run *, struct pool *, const char *name, const stop_flag *stop,
		struct run_connection *out, struct mst_error *);

#endif
