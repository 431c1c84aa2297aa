/* The children with heavy libraries, under libexec/mst. */
#ifndef MST_PROC_LIBEXEC_H
#define MST_PROC_LIBEXEC_H

#include "base/error.h"
#include "base/pool.h"

/* The path of a child: in $MST_LIBEXEC, else in ../libexec/mst beside the command that runs.
 * MST_NOT_FOUND with the path where it is not there or not executable. */
int libexec_path(struct pool *, const char *name, const char **out, struct mst_error *);

#endif
