#include "engine/run_again.h"
#include "engine/run_heap.h"
#include "engine/run_internal.h"

#include "base/time.h"
#include "store/log.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* How long a cancelled statement may take to end before its thread is left behind. */
#define STOP_WAIT_US (12 * US_PER_S)

/* Before the first repetition and between two: half of it is left to chance, so that what failed
 * together does not come back together. */
#define BACKOFF_FIRST_US US_PER_S
#define BACKOFF_MAX_US (60 * US_PER_S)
/* How often parked jobs are looked at where no word came. */
#define PARKED_LOOK_US (5 * US_PER_S)

struct loop {
	struct run *r;
	struct run_crew crew;
	struct db *db;
	int64_t id;
	struct run_heap ready; /* by priority */
	struct run_heap later; /* jobs whose next attempt has to wait, by time */
	VEC(struct store_step) steps;   /* to be recorded */
	VEC(struct run_result) ended;   /* what they are of */
	struct pool *batch;             /* of the steps */
	int64_t *started;               /* of each job's last attempt, monotonic; 0: not yet */
	int *attempt;                   /* of each job: the last one */
	unsigned char *recorded;        /* the start of that one is */
	size_t running, parked, open;   /* open: jobs that have no end yet */
	int64_t look_at_us;             /* when the parked ones are looked at next */
	struct run_counts counts;
	bool stopping;
	int64_t stop_at;
};

static void push_ready(struct loop *l, uint32_t job)
{
	run_heap_push(l->r->pool, &l->ready, -l->r->jobs->v[job].priority, job);
}

static int tell(struct loop *l, const struct run_event *e, struct mst_error *err)
{
	return l->r->opts->event ? l->r->opts->event(l->r->opts->arg, e, err) : 0;
}

static struct run_event event_of(struct loop *l, enum run_event_kind kind, uint32_t job, int state)
{
	return (struct run_event){
		.kind = kind, .run = l->id, .job = &l->r->jobs->v[job], .job_no = job, .state = state,
		.attempt = kind == RUN_JOB_BLOCKED || state == JOB_SKIPPED ? 0 : l->attempt[job],
		.duration_us = -1, .rows = -1, .bytes = -1, .cpu_us = -1, .wait_us = -1,
	};
}

static struct store_step *step(struct loop *l, uint32_t job, enum job_state state)
{
	struct store_step *s = vec_push(l->batch, &l->steps);
	*s = (struct store_step){ .job = job, .attempt = l->attempt[job], .state = state, .rows = -1, .bytes = -1,
				  .cpu_us = -1, .deadline_us = -1 };
	return s;
}

static int park(struct loop *l, uint32_t job, struct mst_error *err)
{
	int64_t wait = l->r->items[job].wait_us;
	struct store_step *s = step(l, job, JOB_PARKED);
	s->wake_key = l->r->jobs->v[job].name;
	s->deadline_us = wait;
	l->parked++;
	l->look_at_us = 0;
	struct run_event e = event_of(l, RUN_JOB_PARKED, job, JOB_PARKED);
	e.wait_us = wait;
	return tell(l, &e, err);
}

/* Gives out what is ready, as far as there are hands. */
static int dispatch(struct loop *l, struct mst_error *err)
{
	int rc = 0;
	for (int64_t now = time_mono_us(); l->later.at.n && l->later.at.v[0].key <= now;)
		push_ready(l, run_heap_pop(&l->later).job);
	while (!rc && l->ready.at.n && !l->stopping) {
		uint32_t job = l->ready.at.v[0].job;
		const struct run_item *item = &l->r->items[job];
		bool idle = !item->type || item->parks;
		/* a worker whose result was not looked at yet may have failed */
		if (!idle && (l->running == l->crew.n || !run_crew_give(&l->crew, job, l->attempt[job] + 1)))
			return 0;
		run_heap_pop(&l->ready);
		l->attempt[job]++;
		l->recorded[job] = 0;
		l->started[job] = time_mono_us();
		if (idle) {
			if (item->parks)
				rc = park(l, job, err);
			else
				step(l, job, JOB_SKIPPED);
			continue;
		}
		l->running++;
		step(l, job, JOB_RUNNING);
		struct run_event e = event_of(l, RUN_JOB_STARTED, job, JOB_RUNNING);
		rc = tell(l, &e, err);
	}
	return rc;
}

static void stop(struct loop *l)
{
	if (l->stopping)
		return;
	l->stopping = true;
	l->stop_at = time_mono_us();
	run_crew_cancel(&l->crew);
}

/* What was stopped is not tried again, whatever stopped it. */
static bool is_repeated(const struct loop *l, const struct run_result *res)
{
	const struct run_item *item = &l->r->items[res->job];
	return !l->stopping && res->rc != MST_CANCELLED && res->attempt - item->attempts <= item->retries;
}

static int64_t backoff_us(int failures)
{
	int64_t us = failures > 6 ? BACKOFF_MAX_US : BACKOFF_FIRST_US << (failures - 1);
	if (us > BACKOFF_MAX_US)
		us = BACKOFF_MAX_US;
	uint32_t chance = 0;
	/* without chance it is the whole of it */
	if (getentropy(&chance, sizeof chance))
		chance = UINT32_MAX;
	return us / 2 + (us / 2 * (int64_t)(chance >> 8) >> 24);
}

/* The step of an attempt; a job that began in this same batch has one for both. */
static struct store_step *step_of(struct loop *l, uint32_t job)
{
	for (size_t k = 0; k < l->steps.n && !l->recorded[job]; k++)
		if (l->steps.v[k].job == job)
			return &l->steps.v[k];
	return step(l, job, JOB_RUNNING);
}

/* Turns results into steps. */
static void collect(struct loop *l)
{
	run_results results = { 0 };
	run_crew_take(&l->crew, l->batch, &results);
	for (size_t i = 0; i < results.n; i++) {
		struct run_result *res = &results.v[i];
		struct store_step *s = step_of(l, res->job);
		enum job_change what = !res->rc ? JOB_ON_SUCCEED :
				       res->rc == MST_CANCELLED && l->stopping ? JOB_ON_CANCEL : JOB_ON_FAIL;
		s->state = job_state_next(JOB_RUNNING, what);
		s->retry = s->state == JOB_FAILED && is_repeated(l, res);
		s->cpu_us = res->cpu_us;
		s->tests = str_dup(l->batch, res->result.tests);
		res->result.tests = s->tests;
		pool_free(res->pool);
		res->pool = NULL;
		if (res->rc)
			s->error = run_error_json(l->batch, &res->err);
		else
			s->rows = res->result.rows, s->bytes = res->result.bytes;
		l->running--;
		if (s->retry) {
			res->wait_us = backoff_us(res->attempt - l->r->items[res->job].attempts);
			run_heap_push(l->r->pool, &l->later, time_mono_us() + res->wait_us, res->job);
		}
		*vec_push(l->batch, &l->ended) = *res;
		if (s->state == JOB_FAILED && !s->retry && l->r->opts->fail_fast)
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
	struct run_event e = event_of(l, s->retry ? RUN_JOB_RETRYING : RUN_JOB_ENDED, s->job,
				      s->retry ? JOB_READY : (int)s->state);
	const struct run_result *res = result_of(l, s->job);
	e.rows = s->rows;
	e.bytes = s->bytes;
	e.cpu_us = s->cpu_us;
	e.tests = s->tests;
	e.error_json = s->error;
	if (res) {
		e.duration_us = res->ended_us - res->started_us;
		e.error = res->rc ? &res->err : NULL;
		e.done_before = res->result.done_before;
		e.rows_bad = res->result.rows_bad;
		e.at_least_once = res->result.at_least_once;
		e.wait_us = s->retry ? res->wait_us : -1;
	}
	if (!s->retry) {
		size_t *count[JOB_STATES] = { [JOB_SUCCEEDED] = &l->counts.succeeded,
					      [JOB_FAILED] = &l->counts.failed,
					      [JOB_CANCELLED] = &l->counts.cancelled,
					      [JOB_SKIPPED] = &l->counts.skipped };
		++*count[s->state];
		l->open--;
	}
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
		int64_t from = res ? res->started_us : l->started[s->job];
		s->started_ago_us = from ? now - from : 0;
		s->ended_ago_us = res ? now - res->ended_us : 0;
	}
	int rc = store_run_record(l->batch, l->db, l->id, l->steps.v, l->steps.n, &changes, err);
	for (size_t i = 0; !rc && i < l->steps.n; i++) {
		const struct store_step *s = &l->steps.v[i];
		l->recorded[s->job] = 1;
		if (s->state != JOB_RUNNING && s->state != JOB_PARKED)
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

/* Parked jobs whose table was loaded, or whose time is over. */
static int look_at_parked(struct loop *l, struct mst_error *err)
{
	int64_t now = time_mono_us(), next_us;
	store_woken_list woken = { 0 };
	if (!l->parked || (now < l->look_at_us && !db_notes_drop(l->db)))
		return 0;
	int rc = store_run_woken(l->batch, l->db, l->id, &woken, &next_us, err);
	if (rc)
		return rc;
	l->look_at_us = now + (next_us >= 0 && next_us < PARKED_LOOK_US ? next_us : PARKED_LOOK_US);
	for (size_t i = 0; i < woken.n; i++) {
		uint32_t job = woken.v[i].job;
		char words[TIME_SHORT_MAX];
		struct run_result res = { .job = job, .attempt = l->attempt[job], .started_us = l->started[job],
					  .ended_us = now };
		struct store_step *s = step(l, job, woken.v[i].late ? JOB_FAILED : JOB_SUCCEEDED);
		if (woken.v[i].late) {
			res.rc = mst_fail(&res.err, MST_TIMEOUT, "nobody loaded it within %s",
					  time_short(words, l->r->items[job].wait_us));
			mst_hint(&res.err, "mst-table load %.*s brings the rows; the attribute 'wait' says how long a "
					   "run waits for them", STR_FMT(l->r->jobs->v[job].name));
			s->error = run_error_json(l->batch, &res.err);
		}
		l->parked--;
		*vec_push(l->batch, &l->ended) = res;
		if (res.rc && l->r->opts->fail_fast)
			stop(l);
	}
	return 0;
}

/* What jobs have said goes to the log of the run. */
static int record_said(struct loop *l, struct mst_error *err)
{
	run_lines lines;
	struct pool *pool = run_said_take(&l->crew.said, &lines);
	if (!pool)
		return 0;
	struct store_log_entry *e = pool_array(pool, lines.n, sizeof *e);
	int64_t now = time_mono_us();
	for (size_t i = 0; i < lines.n; i++)
		e[i] = (struct store_log_entry){ lines.v[i].job, lines.v[i].attempt, lines.v[i].stream,
						 now - lines.v[i].at_us, lines.v[i].text };
	int rc = store_log_add(l->db, l->id, e, lines.n, err);
	pool_free(pool);
	return rc;
}

/* Waits for a result, a signal, a word about parked jobs, or the loss of the state database. */
static int wait_a_little(struct loop *l, struct mst_error *err)
{
	int due = l->r->opts->idle ? l->r->opts->idle(l->r->opts->arg) : -1;
	int64_t now = time_mono_us(), until = now + US_PER_S, late = run_crew_watch(&l->crew, now);
	if (due >= 0 && now + (int64_t)due * 1000 < until)
		until = now + (int64_t)due * 1000;
	if (late && late < until)
		until = late;
	if (l->later.at.n && l->later.at.v[0].key < until)
		until = l->later.at.v[0].key;
	if (l->parked && l->look_at_us < until)
		until = l->look_at_us;
	struct pollfd p[2] = { { l->crew.wake, POLLIN, 0 }, { db_fd(l->db), POLLIN, 0 } };
	int n = poll(p, 2, until > now ? (int)((until - now + 999) / 1000) : 0);
	if (n < 0 && errno != EINTR)
		return mst_fail_errno(err, MST_IO, "poll");
	if (n <= 0 || !p[1].revents)
		return 0;
	/* nothing was asked: a word about a parked job, or the server says goodbye, or is gone */
	l->look_at_us = 0;
	return store_run_check(l->db, l->id, err);
}

static int loop(struct loop *l, struct mst_error *err)
{
	const stop_flag *signal = l->r->opts->where.cluster.stop;
	int rc = 0;
	while (!rc && (l->stopping ? l->running : l->open)) {
		if (signal && *signal && !l->stopping) {
			stop(l);
			rc = tell(l, &(struct run_event){ .kind = RUN_STOPPING, .run = l->id, .wait_us = -1 }, err);
		}
		collect(l);
		if (!rc)
			rc = record_said(l, err);
		if (!rc && !l->stopping)
			rc = look_at_parked(l, err);
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

/* What a target needs that only the state database knows. */
static int name_effects(struct loop *l, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct run *r = l->r;
	struct str mark;
	int64_t *rows = pool_array(tmp, r->jobs->n + 1, sizeof *rows);
	int rc = store_run_mark(tmp, l->db, l->id, &mark, err);
	if (!rc)
		rc = store_job_rows(l->db, r->jobs, rows, err);
	for (size_t i = 0; !rc && i < r->jobs->n; i++) {
		struct run_item *item = &r->items[i];
		if (!item->type)
			continue;
		item->target.rows_before = rows[i];
		item->target.job_key = str_of(pool_printf(r->pool, "%.*s/%zu/%.*s", STR_FMT(mark), i + 1,
							  STR_FMT(item->content)));
	}
	return rc;
}

/* A new run, or one that goes on. */
static int have_run(struct loop *l, struct mst_error *err)
{
	struct run *r = l->r;
	const struct run_opts *o = r->opts;
	if (o->again) {
		l->id = o->again->id;
		return 0;
	}
	struct store_run what = { .name = o->name, .plan = o->plan, .jobs = r->jobs, .graph = &r->graph,
				  .team = o->team, .labels = o->labels };
	return store_run_create(l->db, &what, &l->id, err);
}

static int have_state(struct loop *l, struct mst_error *err)
{
	struct run *r = l->r;
	struct state_opts where = r->opts->where;
	if (r->opts->again) {
		l->db = r->opts->again->db;
		return 0;
	}
	int rc = state_open(r->pool, &where, &l->db, err);
	return rc ? rc : store_run_reap(l->db, NULL, err);
}

static int start(struct loop *l, struct mst_error *err)
{
	struct run *r = l->r;
	int rc = have_state(l, err);
	if (!rc)
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
		rc = run_connect(r, NULL, NULL, r->opts->where.cluster.stop, &first, err);
	if (!rc && r->opts->history) {
		history = pool_array(r->pool, r->jobs->n + 1, sizeof *history);
		rc = store_job_history(l->db, r->jobs, history, err);
	}
	if (!rc)
		rc = have_run(l, err);
	/* from here on a signal must not cut off what is recorded */
	db_on_stop(l->db, NULL);
	if (!rc)
		rc = name_effects(l, err);
	for (size_t i = 0; !rc && i < r->jobs->n; i++)
		if (r->items[i].parks) {
			rc = store_run_listen(l->db, err);
			break;
		}
	if (!rc)
		rc = run_crew_start(r, workers, r->has_warehouse ? &first : NULL, &l->crew, err);
	if (!rc && history)
		r->opts->history(r->opts->arg, history, paths(r, history));
	return rc;
}

/* What is ready from the start, and what was done before it. */
static void begin(struct loop *l)
{
	struct run *r = l->r;
	l->open = r->jobs->n;
	for (uint32_t i = 0; i < r->jobs->n; i++) {
		int done = run_done_before(r, i);
		bool ready = r->opts->again ? r->opts->again->ready[i] : r->graph.waiting[i] == 0;
		l->attempt[i] = r->items[i].attempts;
		if (done) {
			++*(done == JOB_SKIPPED ? &l->counts.skipped : &l->counts.succeeded);
			l->open--;
		} else if (ready) {
			push_ready(l, i);
		}
	}
}

int run_execute(struct run *r, struct run_outcome *out, struct mst_error *err)
{
	struct loop l = { .r = r, .batch = pool_new(r->pool) };
	int64_t took = 0;
	l.started = pool_zalloc(r->pool, (r->jobs->n + 1) * sizeof *l.started);
	l.attempt = pool_zalloc(r->pool, (r->jobs->n + 1) * sizeof *l.attempt);
	l.recorded = pool_zalloc(r->pool, r->jobs->n + 1);
	int rc = start(&l, err);
	if (rc) {
		struct mst_error ignored = { 0 };
		if (l.id)
			store_run_finish(l.db, l.id, RUN_FAILED, err->msg, NULL, &ignored);
		return rc;
	}
	begin(&l);
	rc = tell(&l, &(struct run_event){ .kind = RUN_STARTED, .run = l.id, .jobs = r->jobs->n, .state = RUN_RUNNING,
					    .again = r->opts->again != NULL, .duration_us = -1, .rows = -1, .bytes = -1,
					    .cpu_us = -1, .wait_us = -1 },
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
