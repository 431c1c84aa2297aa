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

/* --- looking on ------------------------------------------------------------------------ */

/* From now on the functions that record something of this run (0: of anything) tell this
 * connection: db_notes_wait.  What was recorded at the same moment may go unsaid, all but the
 * end of a run: look again after a while. */
int store_watch(struct db *, int64_t run, struct mst_error *);

/* Reads what is new, again and again. */
struct store_follow;
struct store_follow_opts {
	int64_t run;      /* 0: the events of all, without log lines */
	int64_t job;      /* its number from 1, or 0: all */
	int64_t since_ago_us; /* only what is not older, by the clock of the database; -1: everything */
	const char *since_at; /* or since a time, ISO 8601; NULL */
	bool again;       /* it will be read more than once */
};
struct store_follow *store_follow_open(struct pool *, struct db *, const struct store_follow_opts *);
/* Each to a line "type":"event" or "type":"log", in order of time as far as they came together.  What
 * others committed out of order is told when it is there. */
int store_follow_read(struct store_follow *, store_line *, void *arg, struct mst_error *);

#endif
