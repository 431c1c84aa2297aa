/* Runs in the state database: made, worked on, ended, taken up again.  A foreground run is
 * owned by the process that works on it: that holds a session-level advisory lock on its
 * connection (mst.run_lock), which nothing but the end of that connection takes away.
 *
 * Everything is written by functions of the database, which ask who is connected: MST_DENIED
 * for a role that is no user of mst, and for runs of others.  What is read is what row security
 * lets that role see. */
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
	struct str team;      /* whose run it is; empty: the user's own */
	struct str labels;    /* a JSON object of texts, or empty */
};

/* Records the run with all of its jobs in one transaction, its state `running`, and
 * takes its lock.  Jobs that wait for nothing are `ready`.  The team of a job is its attribute `team`,
 * else that of the run.  MST_DENIED where the user may not write for one of these teams (a
 * team that nobody made is no more than a word; as the run's own it is MST_NOT_FOUND). */
int store_run_create(struct db *, const struct store_run *, int64_t *id, struct mst_error *);

/* What happened to a job, as it is to be recorded.  A step leads from
 *   ready (attempt - 1)   to running, or past it to all below, or to skipped;
 *   running (attempt)     to parked, succeeded, failed, cancelled, skipped;
 *   parked (attempt)      to succeeded, failed, cancelled. */
struct store_step {
	uint32_t job;         /* index into the list */
	int32_t attempt;      /* from 1 */
	enum job_state state; /* running, parked, or how it ended */
	int64_t started_ago_us, ended_ago_us; /* the database's clock takes it from there */
	int64_t rows, bytes;  /* -1: not known */
	int64_t cpu_us;       /* -1: not known */
	struct str error;     /* JSON, or empty; for failed and cancelled */
	struct str tests;     /* JSON array of what the tests on the result found, or empty */
	bool retry;           /* with failed: the attempt is over, the job is `ready` for the next one */
	struct str wake_key;  /* with parked: what it waits for (store_wake) */
	int64_t deadline_us;  /* with parked: from now; -1: none */
};

struct store_change {
	uint32_t job;
	enum job_state state; /* ready or blocked */
};
typedef VEC(struct store_change) store_changes;

/* Records any number of steps in one statement, which also counts down what waits for the
 * jobs that ended, readies those at zero and blocks what is downstream of a failure.
 * Each step is held against the state and the attempt: MST_CONFLICT, and nothing is recorded, where
 * a job was taken away (the run was declared lost).  *out gets the jobs that became ready or blocked
 * through others (not those that are to be retried). */
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

/* --- parked jobs ------------------------------------------------------------- */

/* Wakes the parked jobs that wait for `key`, of all runs whose job the user may write for; their
 * mst-run is told by NOTIFY.  *n (may be NULL): how many. */
int store_wake(struct db *, struct str key, int64_t *n, struct mst_error *);
/* From now on a wake-up of a job makes this connection's socket readable: then ask
 * store_run_woken. */
int store_run_listen(struct db *, struct mst_error *);
struct store_woken {
	uint32_t job;
	int32_t attempt;
	bool late; /* not woken: its deadline has passed, by the clock of the database */
};
typedef VEC(struct store_woken) store_woken_list;
/* The parked jobs of the run that need not wait any longer: somebody woke them, or their table was loaded since
 * the run was made, be it before they were parked.  They stay parked until a step
 * says what became of them.  *next_us (may be NULL): until the next deadline, -1: none. */
int store_run_woken(struct pool *, struct db *, int64_t run, store_woken_list *out, int64_t *next_us,
		    struct mst_error *);

/* --- a run taken up again -------------------------------------------------------- */

struct store_job {
	struct str line, sql; /* as frozen; sql.p NULL: none */
	enum job_state state; /* waiting, ready, succeeded, skipped */
	int32_t attempt;      /* so many were made */
};
struct store_again {
	struct str name, plan, team, labels; /* empty where there is none */
	struct store_job *jobs; /* in the order of the run */
	size_t n;
	size_t left;  /* jobs that are waiting or ready; 0: there is nothing to do, nothing was changed */
};
/* Takes a run that failed or was cancelled under way again, by this process: its lock is taken,
 * what did not succeed waits or is ready, attempts go on counting.  A run whose owner is gone is
 * ended first.  MST_CONFLICT where it is under way; MST_NOT_FOUND; MST_DENIED where the user may
 * not write for it or for one of its jobs. */
int store_run_reopen(struct pool *, struct db *, int64_t run, struct store_again *out, struct mst_error *);
/* Another line and text for jobs of a run of one's own that have not begun since it was taken up:
 * index into the list and the job, whose line and sql count. */
int store_run_replace(struct db *, int64_t run, const job_list *jobs, const uint32_t *which, size_t n,
		      struct mst_error *);

/* --- what is known ----------------------------------------------------------------- */

/* What tells a run from any other, of this database and of all others, also of those that were copied or
 * restored from it and number their runs from there on anew: its number, who made it and the microsecond
 * of that.  It stays where the run is taken up again, in a copy too. */
int store_run_mark(struct pool *, struct db *, int64_t run, struct str *out, struct mst_error *);

/* How long each job took when it last succeeded, in the order of the list; -1 where it
 * never did. */
int store_job_history(struct db *, const job_list *, int64_t *duration_us, struct mst_error *);

/* How many rows each made when it last succeeded; -1 where that is not known. */
int store_job_rows(struct db *, const job_list *, int64_t *rows, struct mst_error *);

/* Each to a line "type":"run" / "job", in order; told line by line. */
typedef int store_line(void *arg, struct str line, struct mst_error *);
struct store_run_filter {
	const char *state; /* or NULL */
	int64_t limit;
	struct str labels; /* a JSON object: runs that have all of these; or empty */
};
int store_run_list(struct db *, const struct store_run_filter *, store_line *, void *arg, struct mst_error *);
/* "last" or a number.  MST_NOT_FOUND. */
int store_run_find(struct db *, const char *word, int64_t *id, struct mst_error *);
/* Names for completion that begin with `prefix`, each without a line break: the latest runs
 * ("run"; among them "last"), the tables of the latest ten runs ("table"), users ("user"), teams
 * ("team") or both ("member"), "secret", "connection"; at most 1000.  Nothing for another kind. */
int store_names(struct db *, const char *kind, const char *prefix, store_line *, void *arg, struct mst_error *);
/* The latest job of that name, in one run or (0) in any. *no counts from 1.  MST_NOT_FOUND. */
int store_job_find(struct db *, const char *name, int64_t in_run, int64_t *run, int64_t *no, struct mst_error *);
/* The run that makes a table, for one who waits for it: the latest under way that has it as a job,
 * else the latest that had.  MST_NOT_FOUND. */
int store_job_maker(struct db *, const char *name, int64_t *run, int64_t *no, struct mst_error *);
/* How it stands with a run, or with its job `no` (0: the run). */
struct store_outcome {
	bool ended, good; /* good: succeeded, or there was nothing to do */
	struct str state; /* a word */
};
int store_outcome(struct pool *, struct db *, int64_t run, int64_t no, struct store_outcome *out, struct mst_error *);

/* What attempts cost, summed by "team", "user", "table" or "day" (UTC), the longest first: lines
 * "type":"usage". */
struct store_usage_filter {
	const char *by;
	struct str labels;    /* as in store_run_filter */
	int64_t since_ago_us; /* attempts that ended since; -1: all */
	const char *since_at; /* ISO 8601, or NULL */
};
int store_usage(struct db *, const struct store_usage_filter *, store_line *, void *arg, struct mst_error *);

/* The line of one run. */
int store_run_get(struct db *, int64_t id, store_line *, void *arg, struct mst_error *);
/* The jobs of a run in the order of the plan: the keys of their job lines, and state,
 * attempt, duration_us, rows, bytes, cpu_us, tests, error, started_at, finished_at, run_id. `sql`:
 * with the text; else only where no file holds it.  `no`: of one job alone, or 0. */
int store_job_list(struct db *, int64_t run, int64_t no, bool sql, store_line *, void *arg, struct mst_error *);

#endif
