/* The states of jobs and runs, and one table of state x event for each.  The
 * state database carries the same words as check constraints; a test compares. */
#ifndef MST_MODEL_STATE_H
#define MST_MODEL_STATE_H

#include "base/str.h"

enum job_state {
	JOB_WAITING,   /* for jobs upstream */
	JOB_READY,     /* may start (not before its back-off is over) */
	JOB_RUNNING,   /* a worker has it */
	JOB_PARKED,    /* waits for something outside, holds no worker */
	JOB_SUCCEEDED,
	JOB_FAILED,
	JOB_CANCELLED,
	JOB_SKIPPED,   /* nothing to do: it only carried order */
	JOB_BLOCKED,   /* a job upstream did not succeed */
	JOB_STATES
};

enum job_change {
	JOB_ON_READY,   /* the last upstream job is done */
	JOB_ON_START,
	JOB_ON_PARK,
	JOB_ON_WAKE,
	JOB_ON_SUCCEED,
	JOB_ON_FAIL,    /* errors, time-outs, a lost owner */
	JOB_ON_RETRY,   /* another attempt, perhaps later */
	JOB_ON_CANCEL,
	JOB_ON_SKIP,
	JOB_ON_BLOCK,
	JOB_EVENTS
};

enum run_state { RUN_QUEUED, RUN_RUNNING, RUN_PAUSED, RUN_SUCCEEDED, RUN_FAILED, RUN_CANCELLED, RUN_STATES };

enum run_change {
	RUN_ON_START,
	RUN_ON_PAUSE,
	RUN_ON_RESUME,
	RUN_ON_SUCCEED, /* every job succeeded or was skipped */
	RUN_ON_FAIL,
	RUN_ON_CANCEL,
	RUN_EVENTS
};

/* The state after the event, or -1 where it must not happen. */
int job_state_next(enum job_state, enum job_change);
int run_state_next(enum run_state, enum run_change);
/* "waiting", "ready" ... */
const char *job_state_name(enum job_state);
const char *run_state_name(enum run_state);
/* -1 for any other word. */
int job_state_of(struct str);
int run_state_of(struct str);

#endif
