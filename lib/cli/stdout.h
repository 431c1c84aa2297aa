/* Inside of the room: the one place that writes to stdout and notices that it is
 * full, closed or read by nobody. */
#ifndef MST_CLI_STDOUT_H
#define MST_CLI_STDOUT_H

#include "base/error.h"

#include <stddef.h>

/* All bytes; MST_IO "stdout: cannot write: REASON". */
int stdout_write(const void *p, size_t n, struct mst_error *);
/* Flushes stdio and closes stdout: some file systems report a full disk here. */
int stdout_finish(struct mst_error *);
/* A write has met EPIPE. */
bool stdout_is_broken_pipe(void);

#endif
