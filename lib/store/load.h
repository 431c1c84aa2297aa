/* External tables that were loaded: who may, what is kept of it, who is told. */
#ifndef MST_STORE_LOAD_H
#define MST_STORE_LOAD_H

#include "db/db.h"

/* MST_DENIED where the caller may not write the table; MST_NOT_FOUND where he sees none of that name. */
int store_load_check(struct db *, struct str name, struct mst_error *);
/* The rows of the last load, -1: there was none, or it is forgotten. */
int store_load_rows(struct db *, struct str name, int64_t *out, struct mst_error *);

struct store_load {
	int64_t rows, bytes, rows_bad; /* rows, bytes: -1: not known */
};
/* Records that the table was loaded (an event `table_loaded`) and wakes the jobs that wait for it; *woken:
 * how many.  Errors as store_load_check. */
int store_load_done(struct db *, struct str name, const struct store_load *, int64_t *woken, struct mst_error *);

#endif
