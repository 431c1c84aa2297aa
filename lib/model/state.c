#include "model/state.h"

static const char *const job_names[JOB_STATES] = {
	[JOB_WAITING] = "waiting",     [JOB_READY] = "ready",         [JOB_RUNNING] = "running",
	[JOB_PARKED] = "parked",       [JOB_SUCCEEDED] = "succeeded", [JOB_FAILED] = "failed",
	[JOB_CANCELLED] = "cancelled", [JOB_SKIPPED] = "skipped",     [JOB_BLOCKED] = "blocked",
};

static const char *const run_names[RUN_STATES] = {
	[RUN_QUEUED] = "queued",       [RUN_RUNNING] = "running", [RUN_PAUSED] = "paused",
	[RUN_SUCCEEDED] = "succeeded", [RUN_FAILED] = "failed",   [RUN_CANCELLED] = "cancelled",
};

/* The state plus one: what is not named is 0 and must not happen. */
#define TO(state) ((state) + 1)

static const unsigned char job_table[JOB_STATES][JOB_EVENTS] = {
	[JOB_WAITING] = {
		[JOB_ON_READY] = TO(JOB_READY),
		[JOB_ON_CANCEL] = TO(JOB_CANCELLED),
		[JOB_ON_SKIP] = TO(JOB_SKIPPED),
		[JOB_ON_BLOCK] = TO(JOB_BLOCKED),
	},
	[JOB_READY] = {
		[JOB_ON_START] = TO(JOB_RUNNING),
		[JOB_ON_CANCEL] = TO(JOB_CANCELLED),
		[JOB_ON_SKIP] = TO(JOB_SKIPPED),
	},
	[JOB_RUNNING] = {
		[JOB_ON_PARK] = TO(JOB_PARKED),
		[JOB_ON_SUCCEED] = TO(JOB_SUCCEEDED),
		[JOB_ON_FAIL] = TO(JOB_FAILED),
		[JOB_ON_RETRY] = TO(JOB_READY),
		[JOB_ON_CANCEL] = TO(JOB_CANCELLED),
		[JOB_ON_SKIP] = TO(JOB_SKIPPED),
	},
	[JOB_PARKED] = {
		[JOB_ON_WAKE] = TO(JOB_READY),
		[JOB_ON_SUCCEED] = TO(JOB_SUCCEEDED),
		[JOB_ON_FAIL] = TO(JOB_FAILED),
		[JOB_ON_CANCEL] = TO(JOB_CANCELLED),
	},
	[JOB_FAILED] = { [JOB_ON_RETRY] = TO(JOB_READY) },
	[JOB_CANCELLED] = { [JOB_ON_RETRY] = TO(JOB_READY) },
	[JOB_BLOCKED] = { [JOB_ON_RETRY] = TO(JOB_WAITING) },
};

static const unsigned char run_table[RUN_STATES][RUN_EVENTS] = {
	[RUN_QUEUED] = {
		[RUN_ON_START] = TO(RUN_RUNNING),
		[RUN_ON_PAUSE] = TO(RUN_PAUSED),
		[RUN_ON_CANCEL] = TO(RUN_CANCELLED),
	},
	[RUN_RUNNING] = {
		[RUN_ON_PAUSE] = TO(RUN_PAUSED),
		[RUN_ON_SUCCEED] = TO(RUN_SUCCEEDED),
		[RUN_ON_FAIL] = TO(RUN_FAILED),
		[RUN_ON_CANCEL] = TO(RUN_CANCELLED),
	},
	[RUN_PAUSED] = {
		[RUN_ON_RESUME] = TO(RUN_RUNNING),
		[RUN_ON_FAIL] = TO(RUN_FAILED),
		[RUN_ON_CANCEL] = TO(RUN_CANCELLED),
	},
};

int job_state_next(enum job_state s, enum job_change e)
{
	return (int)job_table[s][e] - 1;
}

int run_state_next(enum run_state s, enum run_change e)
{
	return (int)run_table[s][e] - 1;
}

const char *job_state_name(enum job_state s)
{
	return job_names[s];
}

const char *run_state_name(enum run_state s)
{
	return run_names[s];
}

int job_state_of(struct str word)
{
	for (int i = 0; i < JOB_STATES; i++)
		if (str_eqz(word, job_names[i]))
			return i;
	return -1;
}

int run_state_of(struct str word)
{
	for (int i = 0; i < RUN_STATES; i++)
		if (str_eqz(word, run_names[i]))
			return i;
	return -1;
}
