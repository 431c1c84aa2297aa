/* The runner of a foreground run: takes jobs to their end on a warehouse, records
 * everything in the state database, tells what happens as it happens.
 *
 *     run_prepare(pool, &opts, &jobs, &r, &err);   reads texts, checks; touches nothing
 *     run_explain(r, sink, arg, &err)              for --dry-run
 *     run_execute(r, &outcome, &err);
 *
 * One thread decides and records; `workers` threads with a connection each do the
 * jobs, the ready one of the highest priority first.  What has become ready is what the
 * state database says.  A job that fails blocks what is downstream of it, no more. */
#ifndef MST_ENGINE_RUN_H
#define MST_ENGINE_RUN_H

#include "engine/connections.h"
#include "engine/state.h"
#include "model/job.h"
#include "model/state.h"
#include "model/warehouse.h"
#include "store/run.h"

#define RUN_WORKERS_MAX 256

enum run_event_kind {
	RUN_STARTED,
	RUN_JOB_STARTED,
	RUN_JOB_ENDED,   /* succeeded, failed, cancelled, skipped */
	RUN_JOB_BLOCKED,
	RUN_JOB_RETRYING, /* an attempt has failed; the next one is made after wait_us */
	RUN_JOB_PARKED,   /* waits for something outside, at most wait_us */
	RUN_STOPPING,    /* a signal */
	RUN_FINISHED
};

struct run_event {
	enum run_event_kind kind;
	int64_t run;
	size_t jobs;                /* how many it has, with RUN_STARTED */
	bool again;                 /* it goes on, with RUN_STARTED */
	const struct job *job;      /* or NULL */
	size_t job_no;              /* index into the list */
	int attempt;
	int state;                  /* of the job; of the run with RUN_FINISHED */
	int64_t duration_us, rows, bytes, cpu_us, wait_us; /* -1: not known */
	int64_t rows_bad;           /* put aside; 0: none */
	bool done_before;           /* an earlier attempt had its effect: nothing was done now */
	bool at_least_once;         /* its connection cannot keep mst_effect */
	struct str tests;           /* JSON array of what the tests on the result found, or empty */
	const struct mst_error *error;    /* of a failed or cancelled job, else NULL */
	struct str error_json;      /* the same, or empty */
};

struct run_counts {
	size_t succeeded, failed, cancelled, skipped, blocked;
};

struct run_opts {
	struct state_opts where;    /* where.cluster.stop is the flag of signals */
	int workers;
	bool fail_fast;
	bool no_commands;           /* shell imports are MST_DENIED in run_prepare */
	bool each_fails;            /* a connection that leads nowhere fails the jobs that want it, not the run */
	bool no_wait;               /* a table that another run is writing fails its job */
	const char *const *reimport; /* imports that read all rows, by the names of their jobs */
	size_t n_reimport;
	const char *timezone;       /* conditions hold for the clock there; NULL: the system's own */
	struct str name, plan;      /* for the record */
	struct str team, labels;    /* of the run: a team or empty; a JSON object of texts or empty */
	struct run_again *again;    /* a run that goes on (run_again.h), whose jobs are given to run_prepare; or NULL */
	/* As connections_opts.config; may be NULL. */
	int (*connection)(void *arg, const char *name, struct connection *out, struct mst_error *);
	/* A failure stops the run. */
	int (*event)(void *arg, const struct run_event *, struct mst_error *);
	/* Called while nothing happens; returns after how many milliseconds again, -1: never. */
	int (*idle)(void *arg);
	/* Told once before the first job, for each: how long it took last time, -1 where unknown, and
	 * the longest way from its start to the end through what waits for it; unknown jobs count
	 * as the mean of the others.  Both live as long as the run.  May be NULL. */
	void (*history)(void *arg, const int64_t *duration_us, const int64_t *path_us);
	void *arg;
	struct keyring_opts keys;   /* for the passwords of connections */
};

struct run_again;
struct run;
/* MST_DATA: a file that has changed since it was planned, an unknown kind, bad attributes,
 * two jobs that would make one table, a circle; MST_DENIED: a command where none may run. */
int run_prepare(struct pool *, const struct run_opts *, job_list *jobs, struct run **out, struct mst_error *);
/* JOB_SUCCEEDED or JOB_SKIPPED for a job that had its end before the run was taken up again, else 0. */
int run_done_before(const struct run *, size_t job_no);
/* Names in `after` that no job has: taken as done. */
size_t run_externals(const struct run *);
/* The first table that a job reads by a name with capital letters where the text was
 * not read as PostgreSQL's: the server will look for it in small letters.  False where
 * there is none. */
bool run_folded_name(struct pool *, const struct run *, struct str *job, struct str *name);

/* Told of each command and statement of each job, in the order of the list. */
typedef int run_explain_sink(void *arg, const struct job *, bool command, struct str text, struct mst_error *);
int run_explain(struct run *, run_explain_sink *, void *arg, struct mst_error *);

struct run_outcome {
	int64_t id;
	size_t jobs;
	enum run_state state;
	struct run_counts counts;
	int64_t duration_us;
};
/* 0 where the run came to its end, whatever the end is.  MST_UNAVAILABLE where a database is not
 * there or the state database was lost in mid-run; MST_CONFLICT where another process
 * declared the run lost; errors of opts.event. */
int run_execute(struct run *, struct run_outcome *out, struct mst_error *);

/* The first `limit` rows of the table of a job that succeeded, each as a JSON object. */
int run_peek(struct run *, size_t job_no, int limit, warehouse_sink *tell, void *arg, struct mst_error *);

/* {"code", "message", ...}: an error as lines show it. */
struct str run_error_json(struct pool *, const struct mst_error *);

#endif
