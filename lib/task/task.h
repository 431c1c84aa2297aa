/* Kinds of tasks: one struct each, one array of them (registry.c).  A task blocks;
 * it is told to stop by a flag. */
#ifndef MST_TASK_TASK_H
#define MST_TASK_TASK_H

#include "base/stop.h"
#include "model/connection.h"
#include "model/job.h"
#include "model/source.h"
#include "model/warehouse.h"

/* Rows that were handed over (mst-table load). */
struct task_input {
	int fd;
	const char *name; /* for places of errors */
};

struct task_ctx {
	struct pool *pool; /* of the attempt */
	const struct job *job;
	struct warehouse_target target;
	struct warehouse *warehouse;
	const struct connection *source; /* attribute `source`: where rows are read from, or NULL */
	const struct task_input *input; /* rows, in the place of what the attributes name; or NULL */
	/* Connects to `source`; it is closed with the pool at the latest. */
	int (*source_open)(struct task_ctx *, struct source **out, struct mst_error *);
	void *source_arg;
	bool reimport;         /* all rows are asked for: what is there is replaced */
	const char *timezone;  /* conditions hold for the clock there; NULL: the system's own */
	const stop_flag *stop; /* not 0: end with MST_CANCELLED */
	/* For the log of the job: a line, or several, that the task or what it starts has said.
	 * `stream` is "stderr", "note" or "warning".  May be NULL. */
	void (*say)(void *arg, const char *stream, struct str text);
	void *say_arg;
};

struct task_type {
	const char *name;
	const char *summary; /* one line, at most 72 columns */
	bool needs_sql;
	bool own_session; /* leaves its marks on the session: nothing runs there afterwards */
	/* The shell command that a job would run, or an empty view; may be NULL: none ever. */
	struct str (*command)(struct pool *, const struct job *);
	/* Before anything runs: MST_DATA for attributes that make no sense. */
	int (*check)(struct pool *, const struct job *, struct mst_error *);
	/* What would be sent to the warehouse, statement by statement. */
	int (*explain)(struct pool *, const struct job *, const struct warehouse_ops *,
		       const struct warehouse_target *, warehouse_sink *, void *arg, struct mst_error *);
	int (*run)(struct task_ctx *, struct warehouse_result *, struct mst_error *);
};

/* Sorted by name; the last has no name. */
extern const struct task_type *const task_types[];
/* NULL for an unknown kind. */
const struct task_type *task_type_of(struct str kind);
/* The known kind that was meant, or NULL. */
const char *task_type_nearest(struct str kind);

#endif
