/* Work on many things at once, results taken in the order of the things.
 *
 * A ring of slots: `fill` and `take` run on the calling thread, in order; `work`
 * on any of the threads.  Memory is bounded by the slots, whatever the number of
 * things.  Threads start when there is a second slot to work on. */
#ifndef MST_MODEL_TABLE_PAR_H
#define MST_MODEL_TABLE_PAR_H

#include "base/error.h"

#include <stddef.h>

struct par {
	/* 1: the slot holds work; 0: there is no more; < 0: ends everything */
	int (*fill)(void *arg, void *slot, struct mst_error *);
	void (*work)(void *arg, void *slot);
	/* 0, or < 0: ends everything */
	int (*take)(void *arg, void *slot, struct mst_error *);
	void *arg;
	unsigned threads; /* 1: all on the calling thread */
	void **slots;
	size_t n; /* at least 1 */
};

/* 0, or what fill or take returned below 0; by then no thread works any more.
 * What was filled before fill failed is still worked on and taken. */
int par_run(const struct par *, struct mst_error *);

#endif
