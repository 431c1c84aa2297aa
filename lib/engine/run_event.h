/* The lines that tell of a run, one JSON object each, without a line break: `event` lines
 * as mst-json(5) has them. */
#ifndef MST_ENGINE_RUN_EVENT_H
#define MST_ENGINE_RUN_EVENT_H

#include "engine/run.h"

/* What happened, now. */
void run_event_write(struct buf *, const struct run_event *);
/* The tests on the result that failed. */
struct run_test {
	struct str name, message; /* in the pool */
	bool warn;
	struct json_val line;     /* as the warehouse told of it */
};
typedef VEC(struct run_test) run_tests;
void run_event_tests(struct pool *, struct str told, run_tests *out);
/* Of one of them. */
void run_test_write(struct buf *, const struct run_event *, const struct run_test *);
/* The last one. */
void run_outcome_write(struct buf *, const struct run_outcome *);
/* A statement or a shell command that --dry-run shows. */
void run_explain_write(struct buf *, const struct job *, bool command, struct str text);

#endif
