#include "cli/stdout.h"
#include "base/fs.h"
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

void (*cli_before_talk)(void);
static bool broken_pipe;

int stdout_write(const void *p, size_t n, struct mst_error *err)
{
	if (!n)
		return 0;
	if (cli_before_talk)
		cli_before_talk();
	errno = 0;
	int rc = fs_write_all(STDOUT_FILENO, p, n, "stdout", err);
	if (rc && errno == EPIPE)
		broken_pipe = true;
	return rc;
}

int stdout_finish(struct mst_error *err)
{
	int rc = 0;
	if (fflush(stdout) || ferror(stdout)) {
		if (errno == EPIPE)
			broken_pipe = true;
		rc = mst_fail_errno(err, MST_IO, "stdout: cannot write");
	}
	if (close(STDOUT_FILENO) < 0 && errno != EBADF && rc == 0)
		rc = mst_fail_errno(err, MST_IO, "stdout: cannot write");
	return rc;
}

bool stdout_is_broken_pipe(void)
{
	return broken_pipe;
}
