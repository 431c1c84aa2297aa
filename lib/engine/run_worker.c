#include "engine/run_event.h"
#include "engine/run_internal.h"

#include "base/time.h"
#include "proc/spawn.h"
#include "provider/postgres/postgres.h"
#include "provider/postgres/source.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int run_connect(struct run *r, struct pool *parent, const char *name, const stop_flag *stop,
		struct run_connection *out, struct mst_error *err)
{
	struct pool *pool = pool_new(parent);
	struct state_opts where = r->opts->where;
	struct db *db;
	where.cluster.stop = stop;
	if (name)
		where.warehouse = connections_get(r->connections, name)->conninfo;
	int rc = warehouse_open(pool, &where, &db, err);
	if (rc) {
		pool_free(pool);
		return connections_refused(name ? connections_get(r->connections, name) : NULL, err);
	}
	*out = (struct run_connection){ name, pool, db, postgres_warehouse(pool, db) };
	return 0;
}

static bool same_name(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static int connection_of(struct run_worker *w, const char *name, struct run_connection **out, struct mst_error *err)
{
	for (size_t i = 0; i < w->connections.n; i++)
		if (same_name(w->connections.v[i].name, name)) {
			*out = &w->connections.v[i];
			return 0;
		}
	struct run_connection c;
	int rc = run_connect(w->run, w->pool, name, &w->stop, &c, err);
	if (rc)
		return rc;
	pthread_mutex_lock(&w->crew->lock);
	*out = vec_push(w->pool, &w->connections);
	**out = c;
	pthread_mutex_unlock(&w->crew->lock);
	return 0;
}

static void drop_connection(struct run_worker *w, struct run_connection *c)
{
	pool_free(c->pool);
	pthread_mutex_lock(&w->crew->lock);
	*c = w->connections.v[--w->connections.n];
	/* there is room for one more on the server */
	for (size_t i = 0; i < w->crew->n; i++)
		if (w->crew->workers[i].retired) {
			w->crew->workers[i].retired = false;
			break;
		}
	pthread_mutex_unlock(&w->crew->lock);
}

static bool holds(const struct run_worker *w, const char *name)
{
	for (size_t i = 0; i < w->connections.n; i++)
		if (same_name(w->connections.v[i].name, name))
			return true;
	return false;
}

/* Whether one that can go on working holds such a connection. */
static bool others_hold(const struct run_worker *w, const char *name)
{
	const struct run_crew *crew = w->crew;
	for (size_t i = 0; i < crew->n; i++)
		if (&crew->workers[i] != w && !crew->workers[i].retired && holds(&crew->workers[i], name))
			return true;
	return false;
}

/* The server has all the connections it takes, and some of them are ours: the job is theirs. */
static bool hand_on(struct run_worker *w, const struct run_result *res)
{
	if (!res->rc || res->begun || strcmp(res->err.sqlstate, "53300") != 0 ||
	    !others_hold(w, w->run->items[res->job].connection))
		return false;
	*vec_push(w->crew->pool, &w->crew->again) = (struct run_errand){ res->job, res->attempt };
	w->retired = true;
	pthread_cond_broadcast(&w->crew->work);
	return true;
}

static void start_on(struct run_worker *w, uint32_t job, int attempt)
{
	int64_t limit = w->run->items[job].target.timeout_us;
	w->busy = true;
	w->job = job;
	w->attempt = attempt;
	w->until_us = limit > 0 ? time_mono_us() + limit : 0;
}

static bool take_on(struct run_worker *w)
{
	struct run_crew *crew = w->crew;
	for (size_t i = 0; i < crew->again.n && !w->retired; i++) {
		struct run_errand t = crew->again.v[i];
		const char *name = w->run->items[t.job].connection;
		if (!holds(w, name) && others_hold(w, name))
			continue;
		crew->again.v[i] = crew->again.v[--crew->again.n];
		start_on(w, t.job, t.attempt);
		return true;
	}
	return false;
}

static int open_source(struct task_ctx *c, struct source **out, struct mst_error *err)
{
	struct run_worker *w = c->source_arg;
	struct state_opts where = w->run->opts->where;
	const struct connection *from = c->source;
	const char *conninfo = from->conninfo;
	int rc = 0;
	where.cluster.stop = c->stop;
	if (!conninfo)
		rc = state_conninfo(c->pool, &where, true, &conninfo, err);
	if (!rc)
		rc = postgres_source_open(c->pool, conninfo, from->name, from->restricted, where.app, c->stop, out, err);
	return rc ? connections_refused(from, err) : 0;
}

/* Tells the thread that decides. */
static void wake(void *arg)
{
	struct run_crew *crew = arg;
	uint64_t one = 1;
	while (write(crew->wake, &one, sizeof one) < 0 && errno == EINTR)
		;
}

static int64_t thread_cpu_us(void)
{
	struct timespec t;
	return clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) ? 0 : t.tv_sec * US_PER_S + t.tv_nsec / 1000;
}

/* What the server said goes to the log of the job: "NOTICE: ..." as it stands. */
static void hear_server(struct pool *pool, struct db *db, struct run_mouth *m)
{
	struct db_notices said = db_notices(pool, db);
	for (size_t i = 0; i < said.n; i++)
		run_mouth_say(m, "notice", str_of(said.v[i]));
}

/* So does what the tests on the result found wrong. */
static void say_tests(struct pool *pool, struct run_mouth *m, struct str told)
{
	run_tests tests;
	run_event_tests(pool, told, &tests);
	for (size_t i = 0; i < tests.n; i++) {
		const struct run_test *t = &tests.v[i];
		run_mouth_say(m, "test", str_of(pool_printf(pool, "test '%.*s' %s: %.*s", STR_FMT(t->name),
							    t->warn ? "warned" : "failed", STR_FMT(t->message))));
	}
}

static void run_task(struct run_worker *w, struct run_connection *c, struct run_mouth *mouth, struct pool *pool,
		     struct run_result *res)
{
	const struct run_item *item = &w->run->items[res->job];
	struct task_ctx ctx = {
		.pool = pool,
		.job = &w->run->jobs->v[res->job],
		.target = item->target,
		.warehouse = c->warehouse,
		.source = item->source ? connections_get(w->run->connections, item->source) : NULL,
		.source_open = open_source,
		.source_arg = w,
		.reimport = item->reimport,
		.timezone = w->run->opts->timezone,
		.stop = &w->stop,
		.say = run_mouth_say,
		.say_arg = mouth,
	};
	int64_t server = db_server_cpu_us(c->db), after;
	/* the whole attempt has a time, see run_crew_watch */
	ctx.target.timeout_us = 0;
	ctx.target.attempt = res->attempt;
	/* a run that was killed may have begun a job, and even finished it, before that was recorded */
	ctx.target.look = res->attempt > 1 || w->run->opts->again;
	db_on_stop(c->db, &w->stop);
	/* what was said before belongs to nobody */
	db_notices(pool, c->db);
	res->rc = item->type->run(&ctx, &res->result, &res->err);
	res->result.tests = str_dup(res->pool, res->result.tests);
	hear_server(pool, c->db, mouth);
	say_tests(pool, mouth, res->result.tests);
	after = db_server_cpu_us(c->db);
	if (server >= 0 && after >= server)
		res->cpu_us += after - server;
}

static void do_job(struct run_worker *w, uint32_t job, struct run_result *res)
{
	POOL_SCRATCH(pool);
	const struct run_item *item = &w->run->items[job];
	struct run_connection *c;
	struct run_mouth mouth;
	int64_t thread = thread_cpu_us(), children = proc_cpu_us();
	*res = (struct run_result){ .job = job, .attempt = w->attempt, .pool = pool_new(NULL),
				    .result = { .rows = -1, .bytes = -1, .cpu_us = -1 },
				    .started_us = time_mono_us() };
	run_mouth_open(&mouth, &w->crew->said, job, w->attempt);
	res->rc = run_fault(w->run, item, &res->err);
	if (!res->rc)
		res->rc = connection_of(w, item->connection, &c, &res->err);
	res->begun = !res->rc;
	if (res->begun) {
		run_task(w, c, &mouth, pool, res);
		/* a connection that failed, or that was set up for this job, is of no use to the next: statements of the
		 * user's own leave settings, roles and temporary tables behind */
		if (res->rc == MST_UNAVAILABLE || db_in_transaction(c->db) || item->type->own_session ||
		    item->target.n_pre || item->target.n_post)
			drop_connection(w, c);
	}
	/* children that the pool still holds are waited for now */
	pool_clear(pool);
	run_mouth_close(&mouth);
	res->cpu_us += thread_cpu_us() - thread + proc_cpu_us() - children;
	res->ended_us = time_mono_us();
}

static int too_late(const struct run_worker *w, const struct run_result *res, struct mst_error *err)
{
	char words[TIME_SHORT_MAX];
	int64_t limit = w->run->items[res->job].target.timeout_us;
	struct mst_error was = *err;
	mst_fail(err, MST_TIMEOUT, "the attempt took longer than %s", time_short(words, limit));
	if (was.file[0])
		mst_place(err, was.file, 0, 0);
	return mst_hint(err, "the attribute 'timeout' says how long it may take");
}

static void *work(void *arg)
{
	struct run_worker *w = arg;
	struct run_crew *crew = w->crew;
	pthread_mutex_lock(&crew->lock);
	for (;;) {
		while (!w->busy && !take_on(w) && !w->quit)
			pthread_cond_wait(&crew->work, &crew->lock);
		if (!w->busy)
			break;
		uint32_t job = w->job;
		struct run_result res;
		pthread_mutex_unlock(&crew->lock);
		do_job(w, job, &res);
		pthread_mutex_lock(&crew->lock);
		w->busy = false;
		w->until_us = 0;
		if (w->late && res.rc == MST_CANCELLED)
			res.rc = too_late(w, &res, &res.err);
		if (w->late && !crew->cancelled)
			w->stop = 0;
		w->late = false;
		if (hand_on(w, &res)) {
			pool_free(res.pool);
			continue;
		}
		*vec_push(crew->pool, &crew->results) = res;
		wake(crew);
	}
	pthread_mutex_unlock(&crew->lock);
	return NULL;
}

int run_crew_start(struct run *r, size_t n, struct run_connection *first, struct run_crew *crew, struct mst_error *err)
{
	*crew = (struct run_crew){ .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .pool = pool_new(NULL) };
	if (crew->wake < 0) {
		pool_free(crew->pool);
		return mst_fail_errno(err, MST_IO, "eventfd");
	}
	pthread_mutex_init(&crew->lock, NULL);
	pthread_cond_init(&crew->work, NULL);
	run_said_init(&crew->said, wake, crew);
	crew->workers = pool_zalloc(crew->pool, n * sizeof *crew->workers);
	/* signals are the business of the thread that decides */
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	int rc = 0;
	for (size_t i = 0; i < n && !rc; i++) {
		struct run_worker *w = &crew->workers[i];
		*w = (struct run_worker){ .run = r, .crew = crew, .pool = pool_new(NULL) };
		if (i == 0 && first)
			*vec_push(w->pool, &w->connections) = *first;
		errno = pthread_create(&w->thread, NULL, work, w);
		if (errno) {
			rc = mst_fail_errno(err, MST_IO, "cannot start a thread");
			pool_free(w->pool);
		} else {
			crew->n++;
		}
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc)
		run_crew_end(crew, US_PER_S);
	return rc;
}

bool run_crew_give(struct run_crew *crew, uint32_t job, int attempt)
{
	bool given = false;
	pthread_mutex_lock(&crew->lock);
	for (size_t i = 0; i < crew->n && !given; i++)
		if (!crew->workers[i].busy && !crew->workers[i].retired) {
			start_on(&crew->workers[i], job, attempt);
			given = true;
		}
	if (given)
		pthread_cond_broadcast(&crew->work);
	pthread_mutex_unlock(&crew->lock);
	return given;
}

void run_crew_take(struct run_crew *crew, struct pool *pool, run_results *out)
{
	uint64_t count;
	while (read(crew->wake, &count, sizeof count) < 0 && errno == EINTR)
		;
	pthread_mutex_lock(&crew->lock);
	for (size_t i = 0; i < crew->results.n; i++)
		*vec_push(pool, out) = crew->results.v[i];
	crew->results.n = 0;
	pthread_mutex_unlock(&crew->lock);
}

int64_t run_crew_watch(struct run_crew *crew, int64_t now_us)
{
	int64_t next = 0;
	pthread_mutex_lock(&crew->lock);
	for (size_t i = 0; i < crew->n; i++) {
		struct run_worker *w = &crew->workers[i];
		if (!w->busy || !w->until_us || w->late)
			continue;
		if (now_us >= w->until_us) {
			w->late = true;
			w->stop = 1;
		} else if (!next || w->until_us < next) {
			next = w->until_us;
		}
	}
	pthread_mutex_unlock(&crew->lock);
	return next;
}

void run_crew_cancel(struct run_crew *crew)
{
	pthread_mutex_lock(&crew->lock);
	crew->cancelled = true;
	for (size_t i = 0; i < crew->n; i++)
		crew->workers[i].stop = 1;
	pthread_mutex_unlock(&crew->lock);
}

bool run_crew_end(struct run_crew *crew, int64_t wait_us)
{
	int64_t end = time_mono_us() + wait_us;
	pthread_mutex_lock(&crew->lock);
	for (size_t i = 0; i < crew->n; i++)
		crew->workers[i].quit = true;
	pthread_cond_broadcast(&crew->work);
	pthread_mutex_unlock(&crew->lock);
	for (size_t i = 0; i < crew->n; i++) {
		struct timespec t;
		int64_t left = end - time_mono_us();
		clock_gettime(CLOCK_REALTIME, &t);
		if (left < 0)
			left = 0;
		t.tv_sec += left / US_PER_S;
		t.tv_nsec += left % US_PER_S * 1000;
		if (t.tv_nsec >= 1000000000) {
			t.tv_sec++;
			t.tv_nsec -= 1000000000;
		}
		if (pthread_timedjoin_np(crew->workers[i].thread, NULL, &t))
			return false;
		while (crew->workers[i].connections.n)
			drop_connection(&crew->workers[i], &crew->workers[i].connections.v[0]);
		pool_free(crew->workers[i].pool);
	}
	run_said_release(&crew->said);
	pthread_mutex_destroy(&crew->lock);
	pthread_cond_destroy(&crew->work);
	close(crew->wake);
	pool_free(crew->pool);
	return true;
}
