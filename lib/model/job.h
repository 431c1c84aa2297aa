/* Jobs: what a `job` line says that a runner must know, and the graph they make. */
#ifndef MST_MODEL_JOB_H
#define MST_MODEL_JOB_H

#include "base/error.h"
#include "base/jsonl.h"
#include "base/str.h"
#include "base/vec.h"

struct job {
	struct str name;  /* canonical */
	struct str kind;  /* "summary", "view", "import", "script", "external"; "" for a line that carries order */
	struct str line;  /* the line without `sql` and the keys that mst-ps adds */
	struct str sql;   /* the text as run; p NULL until it is known (job_load) */
	struct str file;  /* or empty */
	struct str sha256; /* of the text as planned, or empty */
	struct str connection; /* attribute `connection`, or empty */
	struct json_val attrs; /* an object, or JSON_NONE */
	struct json_val after; /* an array of strings, or JSON_NONE */
	int64_t priority;
	bool run; /* false: only carries order */
	uint32_t line_no; /* of the input */
};
typedef VEC(struct job) job_list;

/* Reads one `job` line; strings are copied into the pool.  `place` gives file and
 * line to errors.  MST_DATA: a key of the wrong type, no name. */
int job_read(struct pool *, struct str line, const struct jsonl_reader *place, struct job *out,
	     struct mst_error *);

/* Sets job->sql: the text of the line, else of the file.  MST_DATA where its hash
 * is not the planned one, or neither is there; MST_NOT_FOUND -> MST_DATA for a file
 * that is gone.  Jobs that need no text (imports) are left alone where they have none. */
int job_load(struct pool *, struct job *, struct mst_error *);

/* The value of an attribute, or a value of type JSON_NONE. */
struct json_val job_attr(struct pool *, const struct job *, const char *key);

/* Where the line and column (both 1-based, col in bytes) of a byte of a text are. */
void text_place(struct str text, size_t offset, uint32_t *line, uint32_t *col);

/* The last two parts of a canonical name, without their quotes: a dataset ("" where
 * the name has one part) and a table. MST_DATA for an empty part or an open quote. */
int job_target(struct pool *, struct str name, struct str *dataset, struct str *table, struct mst_error *);

/* Who waits for whom, by index into the list: downstream[first[i] .. first[i+1]). */
struct job_graph {
	uint32_t *first, *downstream;
	uint32_t *waiting; /* upstream jobs of each */
	size_t edges;
	size_t external; /* names in `after` that no job has */
};
/* MST_DATA: a name that stands twice, a job that waits for itself by any way (the
 * jobs of one such circle are named). */
int job_graph_build(struct pool *, const job_list *, struct job_graph *out, struct mst_error *);

#endif
