/* Runs in the state database: made, worked on, ended.  A foreground run is owned by
 * the process that made it: that holds a session-level advisory lock on its connection
 * (mst.run_lock), which nothing but the end of that connection takes away. */
#ifndef MST_STORE_RUN_H
#define MST_STORE_RUN_H

#include "db/db.h"
#include "model/job.h"
#include "model/state.h"

struct store_run {
	struct str name;      /* what was asked for, for people */
	struct str plan;      /* the plan line, or empty */
	const job_list *jobs;
	const struct job_graph *graph;
};

/* Records the run with all of its jobs in one transaction, its state `running`, and
 * takes its lock.  Jobs that wait for nothing are `ready`. */
int store_run_create(struct db *, const struct store_run *, int64_t *id, struct mst_error *);

/* What happened to a job, as it is to be recorded. */
struct store_step {
	uint32_t job;         /* index into the list */
	int32_t attempt;      /* from 1 */
	enum job_state state; /* running, or how it ended */
	int64_t started_ago_us, ended_ago_us; /* the database's clock takes it from there */
	int64_t rows, bytes;  /* -1: not known */
	struct str error;     /* JSON, or empty; for failed and cancelled */
};

struct store_change {
	uint32_t job;
	enum job_state state; /* ready or blocked */
};
typedef VEC(struct store_change) store_changes;

/* Records any number of steps in one statement, which also counts down what waits for the
 * jobs that ended, readies those at zero and blocks what is downstream of a failure.
 * Each step is held against the attempt: MST_CONFLICT where a job was taken away (the
 * run was declared lost).  *out gets the jobs that became ready or blocked. */
int store_run_record(struct pool *, struct db *, int64_t run, const struct store_step *, size_t n,
		     store_changes *out, struct mst_error *);
/* 0 where the run is under way; MST_CONFLICT where somebody ended it, MST_UNAVAILABLE. */
int store_run_check(struct db *, int64_t run, struct mst_error *);
/* Ends the run: what has not begun is cancelled.  `error` and duration_us may be NULL;
 * *duration_us is left alone where the run had ended already. */
int store_run_finish(struct db *, int64_t run, enum run_state, const char *error, int64_t *duration_us,
		     struct mst_error *);

/* Marks the owned runs whose owner is gone as failed, their running jobs too: any
 * command that looks at runs calls it.  *n (may be NULL): how many. */
int store_run_reap(struct db *, int64_t *n, struct mst_error *);

/* How long each job took when it last succeeded, in the order of the list; -1 where it
 * never did. */
int store_job_history(struct db *, const job_list *, int64_t *duration_us, struct mst_error *);

/* Each to a line "type":"run" / "job", in order; told line by line. */
typedef int store_line(void *arg, struct str line, struct mst_error *);
struct store_run_filter {
	const char *state; /* or NULL */
	int64_t limit;
};
int store_run_list(struct db *, const struct store_run_filter *, store_line *, void *arg, struct mst_error *);
/* "last" or a number.  MST_NOT_FOUND. */
int store_run_find(struct db *, const char *word, int64_t *id, struct mst_error *);
/* Names for completion that begin with `prefix`, each without a line break: the latest runs
 * ("run"; among them "last") or the tables of the latest ten runs ("table"); at most 1000.
 * Nothing for another kind. */
int store_names(struct db *, const char *kind, const char *prefix, store_line *, void *arg, struct mst_error *);
/* The line of one run. */
int store_run_get(struct db *, int64_t id, store_line *, void *arg, struct mst_error *);
/* The jobs of a run in the order of the plan: the keys of their job lines, and state,
 * attempt, duration_us, rows, bytes, error, started_at, finished_at, run_id. `sql`: with the
 * text; else only where no file holds it. */
int store_job_list(struct db *, int64_t run, bool sql, store_line *, void *arg, struct mst_error *);

#endif
