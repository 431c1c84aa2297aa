#include "cli/ask.h"

#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096 };

static int read_line(int tty, char *line, size_t *n, struct mst_error *err)
{
	*n = 0;
	for (;;) {
		ssize_t r = read(tty, line + *n, LINE_MAX_BYTES - *n);
		if (cli_signal)
			return mst_fail(err, MST_CANCELLED, "interrupted");
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return mst_fail_errno(err, MST_IO, "the terminal");
		if (r == 0)
			return mst_fail(err, MST_CANCELLED, "interrupted");
		*n += (size_t)r;
		if (line[*n - 1] == '\n') {
			--*n;
			return 0;
		}
		if (*n == LINE_MAX_BYTES)
			return mst_fail(err, MST_LIMIT, "a line of more than %d bytes", LINE_MAX_BYTES - 1);
	}
}

static int ask(int tty, const char *prompt, char *line, size_t *n, struct mst_error *err)
{
	struct mst_error ignored;
	int rc = fs_write_all(tty, prompt, strlen(prompt), "the terminal", err);
	if (!rc)
		rc = read_line(tty, line, n, err);
	(void)fs_write_all(tty, "\n", 1, "the terminal", &ignored);
	return rc;
}

int cli_ask_secret(struct pool *pool, const char *what, struct secret *out, struct mst_error *err)
{
	POOL_SCRATCH_WIPED(tmp);
	char *one = pool_alloc(tmp, LINE_MAX_BYTES), *two = pool_alloc(tmp, LINE_MAX_BYTES);
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct termios before, quiet;
	size_t n, again;
	secret_guard();
	if (tty < 0 || tcgetattr(tty, &before)) {
		if (tty >= 0)
			close(tty);
		return mst_fail(err, MST_USAGE, "there is no terminal to ask for %s on", what);
	}
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	quiet.c_lflag |= ICANON;
	/* what was typed ahead is not meant for this */
	tcsetattr(tty, TCSAFLUSH, &quiet);
	int rc = ask(tty, pool_printf(tmp, "%s (it is not shown): ", what), one, &n, err);
	if (!rc)
		rc = ask(tty, "once more: ", two, &again, err);
	tcsetattr(tty, TCSAFLUSH, &before);
	close(tty);
	if (!rc && (n != again || memcmp(one, two, n) != 0))
		rc = mst_fail(err, MST_DATA, "the two are not the same");
	if (!rc)
		*out = secret_new(pool, one, n);
	return rc;
}
