#include "engine/run_again.h"

#include "store/run.h"

/* The lines of a job as they were frozen, read as they were then. */
static int read_jobs(struct pool *pool, const struct store_again *a, struct run_again *again, struct mst_error *err)
{
	unsigned char *done = pool_zalloc(pool, a->n + 1);
	bool *ready = pool_zalloc(pool, (a->n + 1) * sizeof *ready);
	int *attempts = pool_array(pool, a->n + 1, sizeof *attempts);
	struct jsonl_reader place = { .name = "the run" };
	for (size_t i = 0; i < a->n; i++) {
		const struct store_job *s = &a->jobs[i];
		struct job job;
		place.line = i + 1;
		int rc = job_read(pool, s->line, &place, &job, err);
		if (rc)
			return rc;
		job.sql = s->sql;
		*vec_push(pool, &again->jobs) = job;
		done[i] = s->state == JOB_SUCCEEDED || s->state == JOB_SKIPPED ? (unsigned char)s->state : 0;
		ready[i] = s->state == JOB_READY;
		attempts[i] = s->attempt;
	}
	again->done = done;
	again->ready = ready;
	again->attempts = attempts;
	return 0;
}

int run_again_open(struct pool *pool, const struct run_opts *opts, const char *word, bool current,
		   struct run_again **out, struct mst_error *err)
{
	struct run_again *again = pool_zalloc(pool, sizeof *again);
	struct state_opts where = opts->where;
	struct store_again a;
	int rc = state_open(pool, &where, &again->db, err);
	if (!rc)
		rc = store_run_reap(again->db, NULL, err);
	if (!rc)
		rc = store_run_find(again->db, word, &again->id, err);
	if (!rc)
		rc = store_run_reopen(pool, again->db, again->id, &a, err);
	if (rc)
		return rc;
	again->name = a.name;
	again->plan = a.plan;
	again->left = a.left;
	if (a.left) {
		rc = read_jobs(pool, &a, again, err);
		(void)current;
		if (rc)
			run_again_drop(again, err);
	}
	if (!rc)
		*out = again;
	return rc;
}

void run_again_drop(struct run_again *again, const struct mst_error *why)
{
	struct mst_error ignored = { 0 };
	if (!again->db)
		return;
	db_on_stop(again->db, NULL);
	store_run_finish(again->db, again->id, why->code == MST_CANCELLED ? RUN_CANCELLED : RUN_FAILED, why->msg, NULL,
			 &ignored);
	db_close(again->db);
	again->db = NULL;
}
