#include "model/table_par.h"

#include "base/pool.h"

#include <pthread.h>
#include <signal.h>

struct ring {
	const struct par *par;
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	bool *ready;              /* of each slot: worked on */
	size_t head, next, tail;  /* taken, given to a thread, filled: ever growing */
	bool stop;
};

static void *worker(void *arg)
{
	struct ring *r = arg;
	const struct par *p = r->par;
	pthread_mutex_lock(&r->lock);
	for (;;) {
		while (!r->stop && r->next == r->tail)
			pthread_cond_wait(&r->work, &r->lock);
		if (r->stop)
			break;
		size_t i = r->next++ % p->n;
		pthread_mutex_unlock(&r->lock);
		p->work(p->arg, p->slots[i]);
		pthread_mutex_lock(&r->lock);
		r->ready[i] = true;
		if (i == r->head % p->n)
			pthread_cond_signal(&r->done);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

/* Takes the oldest slot.  Helps where no thread has begun with it. */
static int take_head(struct ring *r, struct mst_error *err)
{
	const struct par *p = r->par;
	size_t i = r->head % p->n;
	pthread_mutex_lock(&r->lock);
	if (r->next == r->head) {
		r->next++;
		pthread_mutex_unlock(&r->lock);
		p->work(p->arg, p->slots[i]);
		pthread_mutex_lock(&r->lock);
		r->ready[i] = true;
	}
	while (!r->ready[i])
		pthread_cond_wait(&r->done, &r->lock);
	pthread_mutex_unlock(&r->lock);
	int rc = p->take(p->arg, p->slots[i], err);
	pthread_mutex_lock(&r->lock);
	r->ready[i] = false;
	r->head++;
	pthread_mutex_unlock(&r->lock);
	return rc;
}

static bool head_is_ready(struct ring *r)
{
	pthread_mutex_lock(&r->lock);
	bool yes = r->head < r->tail && r->ready[r->head % r->par->n];
	pthread_mutex_unlock(&r->lock);
	return yes;
}

/* Fewer threads than asked for is slow, not wrong. */
static unsigned start(struct ring *r, pthread_t *ids)
{
	sigset_t all, old;
	unsigned n = 0;
	/* signals are for the calling thread */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (n < r->par->threads && pthread_create(&ids[n], NULL, worker, r) == 0)
		n++;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return n;
}

int par_run(const struct par *p, struct mst_error *err)
{
	POOL_SCRATCH(pool);
	struct ring r = { .par = p, .lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER,
			  .done = PTHREAD_COND_INITIALIZER };
	pthread_t *ids = pool_array(pool, p->threads + 1, sizeof *ids);
	unsigned started = 0;
	bool asked = false;
	int more = 1, rc = 0;
	r.ready = pool_zalloc(pool, p->n * sizeof *r.ready);
	while (rc == 0 && (more > 0 || r.head < r.tail)) {
		bool full = r.tail - r.head == p->n || (p->threads <= 1 && r.tail > r.head);
		if (more > 0 && !full && !head_is_ready(&r)) {
			more = p->fill(p->arg, p->slots[r.tail % p->n], err);
			if (more <= 0)
				continue;
			pthread_mutex_lock(&r.lock);
			r.tail++;
			pthread_cond_signal(&r.work);
			pthread_mutex_unlock(&r.lock);
			if (!asked && p->threads > 1 && r.tail == 2) {
				asked = true;
				started = start(&r, ids);
			}
			continue;
		}
		struct mst_error late;
		rc = take_head(&r, more < 0 ? &late : err);
		if (rc && more < 0)
			rc = more;
	}
	pthread_mutex_lock(&r.lock);
	r.stop = true;
	pthread_cond_broadcast(&r.work);
	pthread_mutex_unlock(&r.lock);
	for (unsigned i = 0; i < started; i++)
		pthread_join(ids[i], NULL);
	return rc ? rc : more < 0 ? more : 0;
}
