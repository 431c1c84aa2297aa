#include "task/internal.h"

#include "base/fs.h"
#include "base/time.h"
#include "proc/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define STDERR_KEPT 4096
/* How long the output of a command that has ended may be silent while something that the
 * command has left behind still holds it open. */
#define LINGER_US (10 * US_PER_S)

struct import_source {
	struct pool *pool; /* its own: what hangs on it ends with it */
	const stop_flag *stop;
	const char *name;
	/* files */
	const char **paths;
	size_t n_paths, at;
	int fd; /* the file that is open, or the spool of a command */
	/* a command */
	struct proc *proc;
	bool spooled;
	int64_t silent_us; /* since when, of a command that has ended; 0: it is not */
	char err[STDERR_KEPT]; /* the last of its stderr */
	size_t err_n;
};

static void close_fd(void *arg)
{
	struct import_source *s = arg;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static int in_byte_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int find_files(struct import_source *s, const struct import_spec *spec, struct mst_error *err)
{
	if (!strpbrk(spec->file, "*?[")) {
		s->paths = pool_array(s->pool, 1, sizeof *s->paths);
		s->paths[s->n_paths++] = spec->file;
		return 0;
	}
	glob_t g;
	int rc = glob(spec->file, GLOB_NOSORT, NULL, &g);
	if (rc == GLOB_NOMATCH || (rc == 0 && g.gl_pathc == 0)) {
		if (rc == 0)
			globfree(&g);
		return mst_fail(err, MST_NOT_FOUND, "no file matches %s", spec->file);
	}
	if (rc)
		return mst_fail_errno(err, MST_IO, "%s", spec->file);
	s->paths = pool_array(s->pool, g.gl_pathc, sizeof *s->paths);
	for (size_t i = 0; i < g.gl_pathc; i++)
		s->paths[s->n_paths++] = pool_strdup(s->pool, g.gl_pathv[i]);
	globfree(&g);
	/* whatever the locale */
	qsort(s->paths, s->n_paths, sizeof *s->paths, in_byte_order);
	return 0;
}

int import_source_open(struct task_ctx *c, const struct import_spec *spec, struct import_source **out,
		       struct mst_error *err)
{
	struct pool *pool = pool_new(c->pool);
	struct import_source *s = pool_zalloc(pool, sizeof *s);
	s->pool = pool;
	s->stop = c->stop;
	s->fd = -1;
	pool_on_free(pool, close_fd, s);
	int rc;
	if (spec->command.n) {
		s->name = pool_printf(pool, "output of %.*s", STR_FMT(c->job->name));
		const char *argv[] = { "/bin/sh", "-c", str_z(pool, spec->command), NULL };
		rc = proc_spawn(pool,
				&(struct proc_opts){ .argv = argv, .cwd = spec->folder, .in = PROC_NULL,
						     .out = PROC_PIPE, .err = PROC_PIPE, .session = true,
						     .leash = true },
				&s->proc, err);
	} else {
		rc = find_files(s, spec, err);
		s->name = rc ? "" : s->paths[0];
	}
	if (rc) {
		pool_free(pool);
		return rc;
	}
	*out = s;
	return 0;
}

static void keep_stderr(struct import_source *s, const char *p, size_t n)
{
	if (n > STDERR_KEPT) {
		p += n - STDERR_KEPT;
		n = STDERR_KEPT;
	}
	size_t over = s->err_n + n > STDERR_KEPT ? s->err_n + n - STDERR_KEPT : 0;
	memmove(s->err, s->err + over, s->err_n - over);
	memcpy(s->err + s->err_n - over, p, n);
	s->err_n = s->err_n - over + n;
}

static int stopped(const struct import_source *s, struct mst_error *err)
{
	return *s->stop ? mst_fail(err, MST_CANCELLED, "interrupted") : 0;
}

/* Waits for the end of the command, reading what it still says; a status other than 0 is
 * an error whatever it wrote. */
static int command_end(struct import_source *s, struct mst_error *err)
{
	struct proc_status status;
	char b[4096];
	for (;;) {
		struct pollfd p[2] = { { proc_fd(s->proc), POLLIN, 0 }, { proc_err(s->proc), POLLIN, 0 } };
		int n = poll(p, 2, 200);
		if (n < 0 && errno != EINTR)
			return mst_fail_errno(err, MST_IO, "poll");
		int rc = stopped(s, err);
		if (rc)
			return rc;
		if (n > 0 && (p[1].revents & POLLIN)) {
			ssize_t k = read(proc_err(s->proc), b, sizeof b);
			if (k > 0)
				keep_stderr(s, b, (size_t)k);
		}
		/* what it left behind may go on talking */
		rc = proc_wait(s->proc, n > 0 && (p[0].revents | p[1].revents) & POLLIN ? 0 : 100000, &status, err);
		if (rc < 0)
			return rc;
		if (rc == 1)
			break;
	}
	if (status.code == 0 && !status.signal)
		return 0;
	struct str said = str_trim((struct str){ s->err, s->err_n });
	const char *last = memrchr(said.p, '\n', said.n);
	struct str line = last ? (struct str){ last + 1, (size_t)(said.p + said.n - last - 1) } : said;
	mst_fail(err, MST_FAILED, "the command %s%s%s%.*s", status.signal ? "was " : "ended with ",
		 proc_status_words(s->pool, &status), line.n ? ": " : "", STR_FMT(line));
	if (last)
		mst_hint(err, "it said: %.*s", STR_FMT(said));
	return MST_FAILED;
}

static int lingers(struct import_source *s, struct mst_error *err)
{
	struct proc_status status;
	struct pollfd f = { proc_fd(s->proc), POLLIN, 0 };
	if (poll(&f, 1, 0) <= 0)
		return 0;
	if (!s->silent_us)
		s->silent_us = time_mono_us();
	/* not sooner: waiting for it kills what it left behind */
	if (time_mono_us() - s->silent_us <= LINGER_US || proc_wait(s->proc, 0, &status, err) != 1)
		return 0;
	mst_fail(err, MST_FAILED, "the command has ended, but something that it started keeps its output open");
	return mst_hint(err, "let the command wait for it, or send its output elsewhere: daemon >/dev/null 2>&1 &");
}

static int read_command(struct import_source *s, char *buf, size_t n, size_t *got, struct mst_error *err)
{
	char b[4096];
	bool err_open = true;
	for (;;) {
		struct pollfd p[2] = { { proc_out(s->proc), POLLIN, 0 }, { proc_err(s->proc), POLLIN, 0 } };
		int k = poll(p, err_open ? 2 : 1, 200);
		int rc = stopped(s, err);
		if (!rc && !p[0].revents)
			rc = lingers(s, err);
		if (rc)
			return rc;
		if (k < 0 && errno != EINTR)
			return mst_fail_errno(err, MST_IO, "poll");
		if (k <= 0)
			continue;
		if (err_open && p[1].revents) {
			ssize_t m = read(proc_err(s->proc), b, sizeof b);
			if (m > 0)
				keep_stderr(s, b, (size_t)m);
			else if (m == 0)
				err_open = false;
		}
		if (!p[0].revents)
			continue;
		ssize_t m = read(proc_out(s->proc), buf, n);
		if (m < 0 && errno != EINTR && errno != EAGAIN)
			return mst_fail_errno(err, MST_IO, "%s", s->name);
		if (m < 0)
			continue;
		s->silent_us = 0;
		*got = (size_t)m;
		return m == 0 ? command_end(s, err) : 0;
	}
}

static int read_fd(struct import_source *s, char *p, size_t n, size_t *got, struct mst_error *err)
{
	for (;;) {
		int rc = stopped(s, err);
		if (rc)
			return rc;
		/* a pipe or a terminal named as a file must not hold up a stop */
		struct pollfd f = { s->fd, POLLIN, 0 };
		if (poll(&f, 1, 200) <= 0)
			continue;
		ssize_t k = read(s->fd, p, n);
		if (k >= 0) {
			*got = (size_t)k;
			return 0;
		}
		if (errno != EINTR)
			return mst_fail_errno(err, MST_IO, "%s", s->name);
	}
}

int import_source_read(struct import_source *s, char *p, size_t n, size_t *got, struct mst_error *err)
{
	*got = 0;
	if (s->proc) {
		if (s->at)
			return IMPORT_END;
		int rc = s->spooled ? read_fd(s, p, n, got, err) : read_command(s, p, n, got, err);
		if (!rc && *got == 0)
			s->at = 1;
		return rc;
	}
	if (s->at == s->n_paths)
		return IMPORT_END;
	if (s->fd < 0) {
		s->name = s->paths[s->at];
		/* not blocking: a named pipe without a writer must not hold up a stop */
		s->fd = open(s->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (s->fd < 0)
			return mst_fail_errno(err, 0, "%s", s->name);
		if (fs_is_dir(s->name))
			return mst_fail(err, MST_DATA, "%s is a folder", s->name);
	}
	int rc = read_fd(s, p, n, got, err);
	if (!rc && *got == 0) {
		close_fd(s);
		s->at++;
	}
	return rc;
}

const char *import_source_name(const struct import_source *s)
{
	return s->name;
}

int import_source_spool(struct import_source *s, struct mst_error *err)
{
	if (!s->proc || s->spooled)
		return 0;
	const char *dir = getenv("TMPDIR");
	if (!dir || !*dir)
		dir = "/tmp";
	s->fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (s->fd < 0) {
		/* a file system without unnamed files */
		char *path = pool_printf(s->pool, "%s/mst-import-XXXXXX", dir);
		s->fd = mkostemp(path, O_CLOEXEC);
		if (s->fd < 0)
			return mst_fail_errno(err, 0, "no temporary file in %s", dir);
		unlink(path);
	}
	POOL_SCRATCH(tmp);
	size_t size = 1 << 16, got;
	char *b = pool_alloc(tmp, size);
	for (;;) {
		int rc = read_command(s, b, size, &got, err);
		if (!rc && got)
			rc = fs_write_all(s->fd, b, got, dir, err);
		if (rc)
			return rc;
		if (!got)
			break;
	}
	s->spooled = true;
	return import_source_rewind(s, err);
}

int import_source_rewind(struct import_source *s, struct mst_error *err)
{
	s->at = 0;
	if (!s->proc)
		close_fd(s);
	else if (lseek(s->fd, 0, SEEK_SET) < 0)
		return mst_fail_errno(err, MST_IO, "%s", s->name);
	return 0;
}

void import_source_close(struct import_source *s)
{
	pool_free(s->pool);
}
