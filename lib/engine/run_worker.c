#include "engine/run_internal.h"

#include "base/time.h"
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
		return rc;
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
	*vec_push(w->crew->pool, &w->crew->again) = res->job;
	w->retired = true;
	pthread_cond_broadcast(&w->crew->work);
	return true;
}

static bool take_on(struct run_worker *w)
{
	struct run_crew *crew = w->crew;
	for (size_t i = 0; i < crew->again.n && !w->retired; i++) {
		const char *name = w->run->items[crew->again.v[i]].connection;
		if (!holds(w, name) && others_hold(w, name))
			continue;
		w->job = crew->again.v[i];
		crew->again.v[i] = crew->again.v[--crew->again.n];
		return w->busy = true;
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
	return rc ? rc : postgres_source_open(c->pool, conninfo, from->name, from->restricted, where.app, c->stop, out, err);
}

static void do_job(struct run_worker *w, uint32_t job, struct run_result *res)
{
	POOL_SCRATCH(pool);
	const struct run_item *item = &w->run->items[job];
	struct run_connection *c;
	*res = (struct run_result){ .job = job, .result = { .rows = -1, .bytes = -1, .cpu_us = -1 },
				    .started_us = time_mono_us() };
	res->rc = connection_of(w, item->connection, &c, &res->err);
	res->begun = !res->rc;
	if (res->begun) {
		struct task_ctx ctx = {
			.pool = pool,
			.job = &w->run->jobs->v[job],
			.target = item->target,
			.warehouse = c->warehouse,
			.source = item->source ? connections_get(w->run->connections, item->source) : NULL,
			.source_open = open_source,
			.source_arg = w,
			.stop = &w->stop,
		};
		db_on_stop(c->db, &w->stop);
		res->rc = item->type->run(&ctx, &res->result, &res->err);
		/* a connection that failed, or that was set up for this job, is of no use to the next */
		if (res->rc == MST_UNAVAILABLE || db_in_transaction(c->db) || item->type->own_session)
			drop_connection(w, c);
	}
	res->ended_us = time_mono_us();
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
		if (hand_on(w, &res))
			continue;
		*vec_push(crew->pool, &crew->results) = res;
		uint64_t one = 1;
		while (write(crew->wake, &one, sizeof one) < 0 && errno == EINTR)
			;
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

bool run_crew_give(struct run_crew *crew, uint32_t job)
{
	bool given = false;
	pthread_mutex_lock(&crew->lock);
	for (size_t i = 0; i < crew->n && !given; i++)
		if (!crew->workers[i].busy && !crew->workers[i].retired) {
			crew->workers[i].busy = true;
			crew->workers[i].job = job;
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

void run_crew_cancel(struct run_crew *crew)
{
	for (size_t i = 0; i < crew->n; i++)
		crew->workers[i].stop = 1;
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
	pthread_mutex_destroy(&crew->lock);
	pthread_cond_destroy(&crew->work);
	close(crew->wake);
	pool_free(crew->pool);
	return true;
}
