/* What runs and jobs said (log lines) and what happened (events): both are rows of the state
 * database, numbered in one sequence, seen by those who see the run. */
#ifndef MST_STORE_LOG_H
#define MST_STORE_LOG_H

#include "db/db.h"
#include "store/run.h"

/* --- writing --------------------------------------------------------------------------- */

#define STORE_LOG_OF_RUN UINT32_MAX
/* Bytes of text kept of one attempt: the first half and the last half; a line in
 * between says how much was left out. */
#define STORE_LOG_MAX (1 << 20)

struct store_log_entry {
	uint32_t job;       /* index into the list, or STORE_LOG_OF_RUN */
	int32_t attempt;    /* 0 with STORE_LOG_OF_RUN */
	const char *stream; /* "notice", "stderr", "warning": a word */
	int64_t ago_us;     /* when it was said: the database's clock takes it from there */
	struct str text;    /* a line, or several; NUL bytes and what is not UTF-8 become U+FFFD */
};
/* Any number, in order; of a line that is longer than 64 KiB the beginning. MST_DENIED for a run of somebody else. */
int store_log_add(struct db *, int64_t run, const struct store_log_entry *, size_t n, struct mst_error *);

#endif
