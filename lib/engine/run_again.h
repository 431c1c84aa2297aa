/* A run that failed or was cancelled, taken up again: what did not succeed is made, with the text and
 * the attributes that were frozen when it was planned, or with those of now.
 *
 *     run_again_open(pool, &opts, "last", false, &again, &err);
 *     if (again->left == 0) ...       it had succeeded: nothing was changed
 *     opts.again = again;
 *     run_prepare(pool, &opts, &again->jobs, &r, &err) || run_execute(r, &outcome, &err)
 *     run_again_drop(again, &err)     where either failed before the run was begun */
#ifndef MST_ENGINE_RUN_AGAIN_H
#define MST_ENGINE_RUN_AGAIN_H

#include "engine/run.h"

struct run_again {
	int64_t id;
	struct str name, plan;
	job_list jobs;         /* in the order of the run; all of them */
	size_t left;           /* how many did not succeed */
	/* of run_prepare and run_execute */
	struct db *db;         /* holds the lock of the run; NULL once it was handed on or dropped */
	const unsigned char *done; /* of each job: JOB_SUCCEEDED or JOB_SKIPPED, else 0 */
	const bool *ready;     /* waits for none that is left */
	const int *attempts;   /* that were made of each */
};

/* `word`: a number or "last".  `current`: the jobs that are left get the text and attributes that the
 * catalogue holds now, in the order that was planned then.  From here on the run is under way and ours.
 * MST_NOT_FOUND: no such run, or jobs that the catalogue does not hold any more, all named;
 * MST_CONFLICT where it is under way; MST_DENIED. */
int run_again_open(struct pool *, const struct run_opts *, const char *word, bool current, struct run_again **out,
		   struct mst_error *);
/* Ends the run as failed where run_execute did not come to it; `why` is recorded and stays. */
void run_again_drop(struct run_again *, const struct mst_error *why);

#endif
