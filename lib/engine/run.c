#include "engine/run_internal.h"

#include "base/time.h"

#include <errno.h>
#include <poll.h>

/* How long a cancelled statement may take to end before its thread is left behind. */
#define STOP_WAIT_US (12 * US_PER_S)

struct order {
	int64_t priority;
	uint32_t job;
};

struct loop {
	struct run *r;
	struct run_crew crew;
	struct db *db;
	int64_t id;
	VEC(struct order) ready; /* a heap: highest priority first, then place in the plan */
	VEC(struct store_step) steps;   /* to be recorded */
	VEC(struct run_result) ended;   /* what they are of; job UINT32_MAX for others */
	struct pool *batch;             /* of the steps */
	int64_t *started;               /* of each job, monotonic; 0: not yet */
	unsigned char *recorded;        /* its start is */
	size_t running, open;           /* open: jobs that have no end yet */
	struct run_counts counts;
	bool stopping;
	int64_t stop_at;
};

static bool before(const struct order *a, const struct order *b)
{
	return a->priority != b->priority ? a->priority > b->priority : a->job < b->job;
}

static void push_ready(struct loop *l, uint32_t job)
{
	size_t i = l->ready.n;
	struct order o = { l->r->jobs->v[job].priority, job };
	*vec_push(l->r->pool, &l->ready) = o;
	for (; i > 0 && before(&o, &l->ready.v[(i - 1) / 2]); i = (i - 1) / 2)
		l->ready.v[i] = l->ready.v[(i - 1) / 2];
	l->ready.v[i] = o;
}

static void pop_ready(struct loop *l)
{
	struct order o = l->ready.v[--l->ready.n];
	size_t i = 0, n = l->ready.n;
	for (size_t c; (c = 2 * i + 1) < n; i = c) {
		if (c + 1 < n && before(&l->ready.v[c + 1], &l->ready.v[c]))
			c++;
		if (!before(&l->ready.v[c], &o))
			break;
		l->ready.v[i] = l->ready.v[c];
	}
	if (n)
		l->ready.v[i] = o;
}

static int tell(struct loop *l, const struct run_event *e, struct mst_error *err)
{
	return l->r->opts->event ? l->r->opts->event(l->r->opts->arg, e, err) : 0;
}

static struct run_event event_of(struct loop *l, enum run_event_kind kind, uint32_t job, int state)
{
	return (struct run_event){
		.kind = kind, .run = l->id, .job = &l->r->jobs->v[job], .job_no = job, .state = state,
		.attempt = kind == RUN_JOB_BLOCKED || state == JOB_SKIPPED ? 0 : 1,
		.duration_us = -1, .rows = -1, .bytes = -1,
	};
}

static struct store_step *step(struct loop *l, uint32_t job, enum job_state state)
{
	struct store_step *s = vec_push(l->batch, &l->steps);
	*s = (struct store_step){ .job = job, .attempt = 1, .state = state, .rows = -1, .bytes = -1, .cpu_us = -1 };
	return s;
}

/* Gives out what is ready, as far as there are hands. */
static int dispatch(struct loop *l, struct mst_error *err)
{
	while (l->ready.n && !l->stopping) {
		uint32_t job = l->ready.v[0].job;
		if (!l->r->items[job].type) {
			step(l, job, JOB_SKIPPED);
			pop_ready(l);
			continue;
		}
		/* a worker whose result was not looked at yet may have failed */
		if (l->running == l->crew.n || !run_crew_give(&l->crew, job))
			return 0;
		pop_ready(l);
		l->running++;
		l->started[job] = time_mono_us();
		step(l, job, JOB_RUNNING);
		struct run_event e = event_of(l, RUN_JOB_STARTED, job, JOB_RUNNING);
		int rc = tell(l, &e, err);
		if (rc)
			return rc;
	}
	return 0;
}

static void stop(struct loop *l)
{
	if (l->stopping)
		return;
	l->stopping = true;
	l->stop_at = time_mono_us();
	run_crew_cancel(&l->crew);
}

/* Turns results into steps; a job that began in this same batch has one step for both. */
static void collect(struct loop *l)
{
	run_results results = { 0 };
	run_crew_take(&l->crew, l->batch, &results);
	for (size_t i = 0; i < results.n; i++) {
		const struct run_result *res = &results.v[i];
		struct store_step *s = NULL;
		for (size_t k = 0; k < l->steps.n && !l->recorded[res->job]; k++)
			if (l->steps.v[k].job == res->job)
				s = &l->steps.v[k];
		if (!s)
			s = step(l, res->job, JOB_RUNNING);
		enum job_change what = !res->rc ? JOB_ON_SUCCEED :
				       res->rc == MST_CANCELLED && l->stopping ? JOB_ON_CANCEL : JOB_ON_FAIL;
		s->state = job_state_next(JOB_RUNNING, what);
		if (res->rc)
			s->error = run_error_json(l->batch, &res->err);
		else
			s->rows = res->result.rows, s->bytes = res->result.bytes;
		l->running--;
		*vec_push(l->batch, &l->ended) = *res;
		if (s->state == JOB_FAILED && l->r->opts->fail_fast)
			stop(l);
	}
}

static const struct run_result *result_of(const struct loop *l, uint32_t job)
{
	for (size_t i = 0; i < l->ended.n; i++)
		if (l->ended.v[i].job == job)
			return &l->ended.v[i];
	return NULL;
}

static int tell_ended(struct loop *l, const struct store_step *s, struct mst_error *err)
{
	struct run_event e = event_of(l, RUN_JOB_ENDED, s->job, s->state);
	const struct run_result *res = result_of(l, s->job);
	e.rows = s->rows;
	e.bytes = s->bytes;
	e.error_json = s->error;
	if (res) {
		e.duration_us = res->ended_us - res->started_us;
		e.error = res->rc ? &res->err : NULL;
	}
	size_t *count[JOB_STATES] = { [JOB_SUCCEEDED] = &l->counts.succeeded, [JOB_FAILED] = &l->counts.failed,
				      [JOB_CANCELLED] = &l->counts.cancelled, [JOB_SKIPPED] = &l->counts.skipped };
	++*count[s->state];
	l->open--;
	return tell(l, &e, err);
}

/* Records the batch; what it made ready comes into the heap. */
static int record(struct loop *l, struct mst_error *err)
{
	if (l->steps.n == 0)
		return 0;
	store_changes changes = { 0 };
	int64_t now = time_mono_us();
	for (size_t i = 0; i < l->steps.n; i++) {
		struct store_step *s = &l->steps.v[i];
		const struct run_result *res = s->state == JOB_RUNNING ? NULL : result_of(l, s->job);
		int64_t started = res ? res->started_us : l->started[s->job];
		s->started_ago_us = started ? now - started : 0;
		s->ended_ago_us = res ? now - res->ended_us : 0;
	}
	int rc = store_run_record(l->batch, l->db, l->id, l->steps.v, l->steps.n, &changes, err);
	for (size_t i = 0; !rc && i < l->steps.n; i++) {
		const struct store_step *s = &l->steps.v[i];
		l->recorded[s->job] = 1;
		if (s->state != JOB_RUNNING)
			rc = tell_ended(l, s, err);
	}
	for (size_t i = 0; !rc && i < changes.n; i++) {
		if (changes.v[i].state == JOB_READY) {
			push_ready(l, changes.v[i].job);
			continue;
		}
		l->counts.blocked++;
		l->open--;
		struct run_event e = event_of(l, RUN_JOB_BLOCKED, changes.v[i].job, JOB_BLOCKED);
		rc = tell(l, &e, err);
	}
	l->steps = (typeof(l->steps)){ 0 };
	l->ended = (typeof(l->ended)){ 0 };
	pool_clear(l->batch);
	return rc;
}

/* Waits for a result, a signal, or the loss of the state database. */
static int wait_a_little(struct loop *l, struct mst_error *err)
{
	int due = l->r->opts->idle ? l->r->opts->idle(l->r->opts->arg) : -1;
	if (due < 0 || due > 1000)
		due = 1000;
	struct pollfd p[2] = { { l->crew.wake, POLLIN, 0 }, { db_fd(l->db), POLLIN, 0 } };
	int n = poll(p, 2, due);
	if (n < 0 && errno != EINTR)
		return mst_fail_errno(err, MST_IO, "poll");
	/* nothing was asked: the server says goodbye, or is gone */
	return n > 0 && p[1].revents ? store_run_check(l->db, l->id, err) : 0;
}

static int loop(struct loop *l, struct mst_error *err)
{
	const stop_flag *signal = l->r->opts->where.cluster.stop;
	int rc = 0;
	while (!rc && (l->stopping ? l->running : l->open)) {
		if (signal && *signal && !l->stopping) {
			stop(l);
			rc = tell(l, &(struct run_event){ .kind = RUN_STOPPING, .run = l->id }, err);
		}
		collect(l);
		if (!rc)
			rc = dispatch(l, err);
		if (!rc && l->steps.n)
			rc = record(l, err);
		else if (!rc)
			rc = wait_a_little(l, err);
		if (l->stopping && time_mono_us() - l->stop_at > STOP_WAIT_US)
			break;
	}
	return rc;
}

/* Of each job with what waits for it, along the longest way. */
static int64_t *paths(struct run *r, const int64_t *duration_us)
{
	POOL_SCRATCH(tmp);
	const struct job_graph *g = &r->graph;
	size_t n = r->jobs->n, known = 0, end = 0;
	int64_t *path = pool_zalloc(r->pool, (n + 1) * sizeof *path), sum = 0;
	uint32_t *order = pool_array(tmp, n + 1, sizeof *order);
	uint32_t *waiting = pool_array(tmp, n + 1, sizeof *waiting);
	for (uint32_t i = 0; i < n; i++) {
		known += duration_us[i] >= 0;
		sum += duration_us[i] >= 0 ? duration_us[i] : 0;
		waiting[i] = g->waiting[i];
		if (!waiting[i])
			order[end++] = i;
	}
	for (size_t k = 0; k < end; k++)
		for (uint32_t e = g->first[order[k]]; e < g->first[order[k] + 1]; e++)
			if (--waiting[g->downstream[e]] == 0)
				order[end++] = g->downstream[e];
	while (end-- > 0) {
		uint32_t job = order[end];
		for (uint32_t e = g->first[job]; e < g->first[job + 1]; e++)
			if (path[g->downstream[e]] > path[job])
				path[job] = path[g->downstream[e]];
		if (r->items[job].type)
			path[job] += duration_us[job] >= 0 ? duration_us[job] : known ? sum / (int64_t)known : 0;
	}
	return path;
}

static int start(struct loop *l, const struct store_run *what, struct mst_error *err)
{
	struct run *r = l->r;
	struct state_opts where = r->opts->where;
	int rc = state_open(r->pool, &where, &l->db, err);
	if (rc)
		return rc;
	rc = store_run_reap(l->db, NULL, err);
	if (rc)
		return rc;
	rc = connections_look_up(r->connections, l->db, true, err);
	if (rc)
		return rc;
	size_t workers = (size_t)(r->opts->workers < 1 ? 1 : r->opts->workers);
	if (workers > RUN_WORKERS_MAX)
		workers = RUN_WORKERS_MAX;
	if (workers > r->jobs->n)
		workers = r->jobs->n ? r->jobs->n : 1;
	struct run_connection first;
	int64_t *history = NULL;
	/* a warehouse that is not there is said before anything is recorded */
	if (r->has_warehouse)
		rc = run_connect(r, NULL, NULL, where.cluster.stop, &first, err);
	if (!rc && r->opts->history) {
		history = pool_array(r->pool, r->jobs->n + 1, sizeof *history);
		rc = store_job_history(l->db, r->jobs, history, err);
	}
	if (!rc)
		rc = store_run_create(l->db, what, &l->id, err);
	/* from here on a signal must not cut off what is recorded */
	db_on_stop(l->db, NULL);
	if (!rc)
		rc = run_crew_start(r, workers, r->has_warehouse ? &first : NULL, &l->crew, err);
	if (!rc && history)
		r->opts->history(r->opts->arg, history, paths(r, history));
	return rc;
}

int run_execute(struct run *r, struct run_outcome *out, struct mst_error *err)
{
	struct loop l = { .r = r, .open = r->jobs->n, .batch = pool_new(r->pool) };
	struct store_run what = { .name = r->opts->name, .plan = r->opts->plan, .jobs = r->jobs, .graph = &r->graph };
	int64_t took = 0;
	l.started = pool_zalloc(r->pool, (r->jobs->n + 1) * sizeof *l.started);
	l.recorded = pool_zalloc(r->pool, r->jobs->n + 1);
	int rc = start(&l, &what, err);
	if (rc)
		return rc;
	for (uint32_t i = 0; i < r->jobs->n; i++)
		if (r->graph.waiting[i] == 0)
			push_ready(&l, i);
	rc = tell(&l, &(struct run_event){ .kind = RUN_STARTED, .run = l.id, .jobs = r->jobs->n, .state = RUN_RUNNING,
					    .duration_us = -1 },
		  err);
	if (!rc)
		rc = loop(&l, err);
	if (rc)
		run_crew_cancel(&l.crew);
	run_crew_end(&l.crew, STOP_WAIT_US);

	const stop_flag *signal = r->opts->where.cluster.stop;
	bool interrupted = l.stopping && signal && *signal;
	enum run_change change = interrupted ? RUN_ON_CANCEL :
				 rc || l.counts.failed || l.open ? RUN_ON_FAIL : RUN_ON_SUCCEED;
	enum run_state state = run_state_next(RUN_RUNNING, change);
	if (rc == MST_UNAVAILABLE) {
		mst_wrap(err, "the state database was lost in run %lld", (long long)l.id);
		mst_hint(err, "running statements were stopped; mst-ps %lld shows what was recorded", (long long)l.id);
		return rc;
	}
	struct mst_error late = { 0 };
	int end = rc == MST_CONFLICT ? 0 :
		  store_run_finish(l.db, l.id, state, rc ? err->msg : interrupted ? "interrupted" : NULL, &took,
				   &late);
	if (rc)
		return rc;
	if (end) {
		*err = late;
		return mst_wrap(err, "run %lld", (long long)l.id);
	}
	l.counts.cancelled += l.open;
	*out = (struct run_outcome){ l.id, r->jobs->n, state, l.counts, took };
	return 0;
}
