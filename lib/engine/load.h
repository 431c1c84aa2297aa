/* Rows that somebody brings for an external table of the catalogue. */
#ifndef MST_ENGINE_LOAD_H
#define MST_ENGINE_LOAD_H

#include "engine/connections.h"
#include "task/task.h"

struct load_opts {
	const struct connections_opts *connections;
	const stop_flag *stop;
	/* As task_ctx.say; may be NULL. */
	void (*say)(void *arg, const char *stream, struct str text);
	void *say_arg;
};
struct load_done {
	struct warehouse_result result; /* also after an error: what the tests found */
	int64_t woken;                  /* jobs that waited for it */
};
/* Loads the table as its attributes say (format, columns, disposition, tests, max_errors ...), all in one
 * transaction of the warehouse; then records it in `state` and wakes the jobs that wait for it.
 * MST_NOT_FOUND for a name that the catalogue does not have, MST_DENIED for one that the caller may not
 * write, MST_DATA for one that is not external; else the errors of an import. */
int load_external(struct pool *, struct db *state, const struct load_opts *, struct str name, const struct task_input *,
		  struct load_done *out, struct mst_error *);

#endif
