/* What a runner is given: lines, a folder, or one query. */
#ifndef MST_ENGINE_RUN_INPUT_H
#define MST_ENGINE_RUN_INPUT_H

#include "db/db.h"
#include "engine/plan.h"
#include "model/job.h"
#include "sql/sql.h"

struct run_input {
	job_list jobs;
	struct str plan;   /* the plan line, or empty */
	struct plan *made; /* where the lines had to be planned: its warnings and cycles, else NULL */
};

/* Reads `job` lines (with or without their `plan` header).  Where there are `table` or
 * `task` lines among them, or something is selected, all are planned first; options may
 * be NULL.  *out is set also where planning fails.  MST_DATA: broken lines, lines of other
 * types, and what plan_make says. */
int run_input_lines(struct pool *, int fd, const char *name, const struct plan_options *, struct run_input *out,
		    struct mst_error *);
/* SQL files and folders, through the mst-deps beside this program.  MST_DATA where it finds
 * errors: it has told them on stderr. */
int run_input_files(struct pool *, const char *const *paths, size_t n, const struct plan_options *,
		    struct run_input *out, struct mst_error *);
/* All tables of the catalogue that the caller may see, but for those that another user keeps to himself (an
 * admin sees them): what is selected of them has its text. */
int run_input_catalogue(struct pool *, struct db *state, const struct plan_options *, struct run_input *out,
			struct mst_error *);
/* One query as a job of that name; its header counts. */
int run_input_query(struct pool *, struct str name, struct str sql, enum sql_dialect, struct run_input *out,
		    struct mst_error *);

#endif
