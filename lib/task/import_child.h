/* A child process whose output is the rows: the command of an import, or mst-fetch. */
#ifndef MST_TASK_IMPORT_CHILD_H
#define MST_TASK_IMPORT_CHILD_H

#include "task/task.h"

struct import_child;
/* Both hang on the pool; freeing it kills them.  They do not outlive this process. */
int import_child_command(struct pool *, struct task_ctx *, struct str command, const char *folder,
			 struct import_child **out, struct mst_error *);
/* `url` goes through a pipe: it may hold a secret. */
int import_child_fetch(struct pool *, struct task_ctx *, struct str url, struct import_child **out,
		       struct mst_error *);
/* At most n bytes; *got == 0: the end, and all went well.  An error whatever came before: a status
 * other than 0, what mst-fetch says, MST_CANCELLED. */
int import_child_read(struct import_child *, char *buf, size_t n, size_t *got, struct mst_error *);

#endif
