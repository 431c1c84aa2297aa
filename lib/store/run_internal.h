/* What the files run*.c and log.c share. */
#ifndef MST_STORE_RUN_INTERNAL_H
#define MST_STORE_RUN_INTERNAL_H

#include "store/run.h"

/* An array literal of whole numbers, '{1,NULL}': get(item, i); what is below 0 becomes null. */
struct str store_ints(struct pool *, const void *items, size_t n, int64_t (*get)(const void *items, size_t i));
/* The name of this machine. */
struct str store_host(struct pool *);
/* The statements of a session that works on a run touch few rows by key, whatever the statistics say. */
int store_by_keys(struct db *, struct mst_error *);

/* The team whose job it is, DB_NULL where that is the run's. */
struct str store_job_team(struct pool *, const struct job *);

#endif
