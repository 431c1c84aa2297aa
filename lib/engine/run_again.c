#include "engine/run_again.h"

#include "base/map.h"
#include "engine/catalogue.h"
#include "store/run.h"

/* So many names are told of those that are gone. */
#define GONE_TOLD 10

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

struct current {
	struct pool *pool;
	struct run_again *again;
	struct map jobs; /* name -> index of those that are left */
	VEC(uint32_t) found;
};

/* What says where a job stands in its plan, which stays. */
static bool is_of_plan(struct str key)
{
	return str_eqz(key, "type") || str_eqz(key, "level") || str_eqz(key, "priority") || str_eqz(key, "after") ||
	       str_eqz(key, "run");
}

/* A row of the catalogue takes the place of the frozen line. */
static int take_current(void *arg, const struct store_table *t, struct mst_error *err)
{
	struct current *c = arg;
	const uint64_t *at = map_get(&c->jobs, t->name);
	if (!at)
		return 0;
	struct job *job = &c->again->jobs.v[*at];
	struct jsonl_reader place = { .name = "the catalogue" };
	json_members now = { 0 }, then = { 0 };
	struct buf row, line;
	struct jw w;
	buf_init(&row, c->pool);
	buf_init(&line, c->pool);
	int rc = catalogue_line(c->pool, t, true, &row, err);
	if (!rc)
		rc = json_scan_object(c->pool, buf_view(&row), &now, err);
	if (!rc)
		rc = json_scan_object(c->pool, job->line, &then, err);
	if (rc)
		return mst_wrap(err, "%.*s", STR_FMT(t->name));
	jw_init(&w, &line);
	jw_object(&w);
	for (size_t i = 0; i < then.n; i++)
		if (is_of_plan(then.v[i].key)) {
			jw_key_str(&w, then.v[i].key);
			jw_raw(&w, then.v[i].val.raw);
		}
	for (size_t i = 0; i < now.n; i++)
		if (!is_of_plan(now.v[i].key)) {
			jw_key_str(&w, now.v[i].key);
			jw_raw(&w, now.v[i].val.raw);
		}
	jw_end(&w);
	*vec_push(c->pool, &c->found) = (uint32_t)*at;
	return job_read(c->pool, buf_view(&line), &place, job, err);
}

static int fail_gone(const struct current *c, const struct str *names, size_t n, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct map found;
	struct buf b;
	size_t gone = 0;
	map_init(&found, tmp, c->found.n);
	buf_init(&b, tmp);
	for (size_t i = 0; i < c->found.n; i++) {
		bool is_new;
		map_put(&found, c->again->jobs.v[c->found.v[i]].name, &is_new);
	}
	for (size_t i = 0; i < n; i++)
		if (!map_get(&found, names[i]) && gone++ < GONE_TOLD)
			buf_printf(&b, "%s%.*s", b.n ? ", " : "", STR_FMT(names[i]));
	if (gone > GONE_TOLD)
		buf_printf(&b, " and %zu more", gone - GONE_TOLD);
	mst_fail(err, MST_NOT_FOUND, "the catalogue does not hold %s", buf_cstr(&b));
	return mst_hint(err, "without --current the run goes on with the text that it was begun with");
}

/* Text and attributes of now, for what is left and is no mere order. */
static int make_current(struct pool *pool, struct run_again *again, struct mst_error *err)
{
	struct current c = { .pool = pool, .again = again };
	job_list *jobs = &again->jobs;
	struct str *names = pool_array(pool, jobs->n + 1, sizeof *names);
	size_t n = 0;
	map_init(&c.jobs, pool, jobs->n);
	for (size_t i = 0; i < jobs->n; i++) {
		bool is_new;
		if (again->done[i] || !jobs->v[i].run)
			continue;
		names[n++] = jobs->v[i].name;
		*map_put(&c.jobs, jobs->v[i].name, &is_new) = i;
	}
	int rc = store_catalogue_get(again->db, names, n, true, take_current, &c, err);
	if (!rc && c.found.n < n)
		rc = fail_gone(&c, names, n, err);
	return rc ? rc : store_run_replace(again->db, again->id, jobs, c.found.v, c.found.n, err);
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
		if (!rc && current)
			rc = make_current(pool, again, err);
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
