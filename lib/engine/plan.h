/* The planner: lines of tables and tasks in, a frozen order of jobs out.
 *
 *     struct plan *p = plan_new(pool);
 *     plan_add(p, text, "stdin", &err);              or plan_add_fd(p, 0, "stdin", &err)
 *     plan_make(p, &options, &err);
 *     plan_write_header(p, &buf);
 *     for (uint32_t i = 0; i < p->jobs; i++) plan_write_job(p, i, &buf);
 *
 * Lines: `table`, `task` and `job` are planned, a `plan` header is passed over, other
 * types are counted in `ignored`.  What a job waits for is what its `reads`, `calls` and
 * (task and job lines) `after` name: the line of that name (engine/match.h says which),
 * else the lines that have it in `writes`, else nothing: it is external.  A job never
 * waits for itself; one that writes the name too waits only for writers that do not read
 * it (two that add to one table imply no order).  A `job` line with "run":false is not run, as if it had not been
 * selected.
 *
 * Selected are all lines, or those of `select`, without those of `exclude`.  A line that
 * is not selected becomes a job with `run` false where it lies downstream of one
 * selected job and upstream of another, and is not part of a cycle; else it is left out.
 *
 * Jobs stand in the order of level (longest path that leads to a job, in edges), priority
 * (distinct jobs downstream that run) from high to low, name. */
#ifndef MST_ENGINE_PLAN_H
#define MST_ENGINE_PLAN_H

#include "base/error.h"
#include "base/sha256.h"
#include "base/str.h"
#include "base/vec.h"
#include "engine/select.h"
#include "graph/graph.h"

#define PLAN_EXACT_MAX 100000          /* jobs whose priority is counted, not estimated */
#define PLAN_EDGES_MAX UINT32_C(64000000)

struct plan_job {
	uint32_t task;     /* number of its line, for plan_task */
	uint32_t level;
	uint32_t priority;
	bool run;
	uint32_t after_n;
	const uint32_t *after; /* numbers of earlier jobs, in byte order of their names */
};

/* A line as it came in. */
struct plan_task {
	struct str line, name; /* name: unescaped */
	const char *source;    /* "stdin" or a path */
	uint64_t at;           /* line within it */
	struct str attrs, kind, sql_sha256, file; /* JSON as written, n == 0 where absent */
};

struct plan_options {
	const char *const *select, *const *exclude;
	size_t nselect, nexclude;
};

struct plan {
	struct pool *pool;
	struct plan_job *job; /* in order; set by plan_make */
	uint32_t jobs;        /* lines that will be written */
	uint32_t runs;        /* of these, with `run`: what the header calls jobs */
	uint32_t tasks;       /* lines read */
	uint32_t external;    /* distinct names that jobs read and no line gives */
	uint32_t edges, levels;
	struct graph_path critical; /* numbers of jobs that run, a longest chain of them */
	bool priority_exact;
	char hash[SHA256_HEX];
	uint64_t ignored;     /* lines of other types */
	VEC(char *) warnings; /* one line each, with its place; at most PLAN_WARNINGS_MAX */
	uint64_t warned;      /* in all */
	VEC(char *) cycles;   /* after MST_DATA of plan_make: each cycle as a path with places */
	uint64_t cycles_found;
	bool rows;            /* set by the caller: lines are rows of the catalogue, their numbers say nothing */
	struct plan_state *state;
};
#define PLAN_WARNINGS_MAX 100
#define PLAN_CYCLES_MAX 100

struct plan *plan_new(struct pool *);

/* Adds lines; the text must live as long as the plan and `name` too.  MST_DATA with
 * file and line for a broken line, a line without type or name, or a second line of
 * one name (which gives both places); MST_LIMIT past 2^31 names. */
int plan_add(struct plan *, struct str text, const char *name, struct mst_error *);
/* The same for all that can be read, taken in as it comes. */
int plan_add_fd(struct plan *, int fd, const char *name, struct mst_error *);

/* Resolves, selects, orders.  Once, after the last plan_add.  MST_DATA where there are
 * cycles among the jobs: they are listed in p->cycles (what is left out may have them); errors of select_mark;
 * MST_LIMIT past PLAN_EDGES_MAX edges. `options` may be NULL. */
int plan_make(struct plan *, const struct plan_options *, struct mst_error *);

/* Instead of plan_make: only says which lines are selected, picked[i] of the line plan_task(i), cycles or
 * not; what took nothing is appended to *empty.  Errors of select_mark. */
int plan_pick(struct plan *, const struct plan_options *, uint8_t **picked, select_values *empty,
	      struct mst_error *);

/* Instead of plan_make: MST_DATA where there are cycles among these names and what lies between them, listed as
 * plan_make does.  Names that no line has are passed over. */
int plan_cycles_through(struct plan *, const struct str *names, size_t n, struct mst_error *);

/* The line that task `i` came from. */
struct plan_task plan_task(const struct plan *, uint32_t i);
/* The job of that name (full, or its last parts).  Errors of select_one; a line that
 * is not part of the plan is MST_NOT_FOUND too. */
int plan_find(const struct plan *, struct str name, uint32_t *job, struct mst_error *);
/* Distinct names that a job reads and no line gives, in byte order. */
typedef VEC(struct str) plan_names;
void plan_externals(const struct plan *, struct pool *, uint32_t job, plan_names *out);

/* One line each, with its line break: the `plan` header, a `job`. */
void plan_write_header(const struct plan *, struct buf *);
void plan_write_job(const struct plan *, uint32_t job, struct buf *);
/* The jobs from .. end - 1: faster than one by one. */
void plan_write_jobs(const struct plan *, uint32_t from, uint32_t end, struct buf *);

/* Why a job stands where it does: an `explain` line, or text for people. */
void plan_explain_line(const struct plan *, uint32_t job, struct buf *);
void plan_explain_text(const struct plan *, uint32_t job, struct buf *);

/* Draws the jobs as a tree, through `emit` (engine/tree.h). */
int plan_tree(const struct plan *, bool unicode, int (*emit)(void *ctx, struct str, struct mst_error *), void *ctx,
	      struct mst_error *);

#endif
