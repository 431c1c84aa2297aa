#include "task/import_child.h"

#include "base/jsonl.h"
#include "base/time.h"
#include "proc/libexec.h"
#include "proc/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define STDERR_KEPT 4096
/* How long the output of a command that has ended may be silent while something that the
 * command has left behind still holds it open. */
#define LINGER_US (10 * US_PER_S)

struct import_child {
	struct pool *pool;
	struct task_ctx *ctx;
	struct proc *proc;
	bool fetch, err_open;
	int64_t silent_us;     /* since when, of a command that has ended; 0: it is not */
	char err[STDERR_KEPT]; /* the last of its stderr */
	size_t err_n;
	struct buf line; /* of stderr, until it is whole */
};

static int start(struct pool *pool, struct task_ctx *ctx, const char *const *argv, const char *folder, int in,
		 struct import_child **out, struct mst_error *err)
{
	struct import_child *c = pool_zalloc(pool, sizeof *c);
	*c = (struct import_child){ .pool = pool, .ctx = ctx, .err_open = true };
	buf_init(&c->line, pool);
	int rc = proc_spawn(pool,
			    &(struct proc_opts){ .argv = argv, .cwd = folder, .in = in, .out = PROC_PIPE, .err = PROC_PIPE,
						 .session = true, .leash = true },
			    &c->proc, err);
	if (!rc)
		*out = c;
	return rc;
}

int import_child_command(struct pool *pool, struct task_ctx *ctx, struct str command, const char *folder,
			 struct import_child **out, struct mst_error *err)
{
	const char *argv[] = { "/bin/sh", "-c", str_z(pool, command), NULL };
	/* a text of the catalogue knows its place in a folder that need not be here */
	if (folder && *folder != '/' && access(folder, F_OK) != 0 && errno == ENOENT)
		folder = NULL;
	return start(pool, ctx, argv, folder, PROC_NULL, out, err);
}

int import_child_fetch(struct pool *pool, struct task_ctx *ctx, struct str url, struct import_child **out,
		       struct mst_error *err)
{
	const char *argv[] = { NULL, NULL };
	int fd[2], rc = libexec_path(pool, "mst-fetch", &argv[0], err);
	if (rc)
		return rc;
	if (pipe2(fd, O_CLOEXEC) < 0)
		return mst_fail_errno(err, MST_IO, "pipe");
	/* it fits into the pipe: a URL is shorter than a page */
	ssize_t n = write(fd[1], url.p, url.n);
	close(fd[1]);
	rc = n == (ssize_t)url.n ? start(pool, ctx, argv, NULL, fd[0], out, err) : mst_fail_errno(err, MST_IO, "pipe");
	close(fd[0]);
	if (!rc)
		(*out)->fetch = true;
	return rc;
}

static void say(struct import_child *c, size_t n)
{
	struct str text = { c->line.p, n };
	/* the last line of mst-fetch is for us */
	bool ours = c->fetch && n && text.p[0] == '{';
	if (c->ctx->say && !ours && str_trim(text).n)
		c->ctx->say(c->ctx->say_arg, c->fetch ? "note" : "stderr", text);
	memmove(c->line.p, c->line.p + n, c->line.n - n);
	c->line.n -= n;
}

/* The log gets whole lines, the error the last of them. */
static void keep_stderr(struct import_child *c, const char *p, size_t n)
{
	buf_add(&c->line, p, n);
	const char *nl = memrchr(c->line.p, '\n', c->line.n);
	if (nl)
		say(c, (size_t)(nl - c->line.p) + 1);
	if (c->line.n > STDERR_KEPT)
		say(c, c->line.n);
	if (n > STDERR_KEPT) {
		p += n - STDERR_KEPT;
		n = STDERR_KEPT;
	}
	size_t over = c->err_n + n > STDERR_KEPT ? c->err_n + n - STDERR_KEPT : 0;
	memmove(c->err, c->err + over, c->err_n - over);
	memcpy(c->err + c->err_n - over, p, n);
	c->err_n = c->err_n - over + n;
}

static int stopped(const struct import_child *c, struct mst_error *err)
{
	return *c->ctx->stop ? mst_fail(err, MST_CANCELLED, "interrupted") : 0;
}

static struct str last_line(struct str said)
{
	const char *nl = memrchr(said.p, '\n', said.n);
	return nl ? (struct str){ nl + 1, (size_t)(said.p + said.n - nl - 1) } : said;
}

/* The line of JSON that mst-fetch ends with. */
static int fetch_failed(struct import_child *c, const struct proc_status *status, struct mst_error *err)
{
	json_members m = { 0 };
	struct mst_error ignored;
	int64_t http = 0, code = MST_REMOTE;
	struct str said = last_line(str_trim((struct str){ c->err, c->err_n }));
	if (json_scan_object(c->pool, said, &m, &ignored) || json_get(&m, "message").type != JSON_STRING)
		return mst_fail(err, MST_REMOTE, "mst-fetch ended without a word: %s", proc_status_words(c->pool, status));
	if (!json_int(json_get(&m, "code"), &code) || code >= 0 || code < MST_CODE_LAST)
		code = MST_REMOTE;
	json_int(json_get(&m, "http"), &http);
	mst_fail(err, (int)code, "%.*s", STR_FMT(json_str(c->pool, json_get(&m, "message"))));
	struct str hint = json_str(c->pool, json_get(&m, "hint"));
	if (hint.n)
		mst_hint(err, "%.*s", STR_FMT(hint));
	err->http = (int)http;
	err->retry = json_is_true(json_get(&m, "retry"));
	return err->code;
}

/* Waits for the end of the child, reading what it still says; a status other than 0 is
 * an error whatever it wrote. */
static int end(struct import_child *c, struct mst_error *err)
{
	struct proc_status status;
	char b[4096];
	for (;;) {
		struct pollfd p[2] = { { proc_fd(c->proc), POLLIN, 0 }, { proc_err(c->proc), POLLIN, 0 } };
		int n = poll(p, 2, 200);
		if (n < 0 && errno != EINTR)
			return mst_fail_errno(err, MST_IO, "poll");
		int rc = stopped(c, err);
		if (rc)
			return rc;
		if (n > 0 && (p[1].revents & POLLIN)) {
			ssize_t k = read(proc_err(c->proc), b, sizeof b);
			if (k > 0)
				keep_stderr(c, b, (size_t)k);
		}
		/* what it left behind may go on talking */
		rc = proc_wait(c->proc, n > 0 && (p[0].revents | p[1].revents) & POLLIN ? 0 : 100000, &status, err);
		if (rc < 0)
			return rc;
		if (rc == 1)
			break;
	}
	/* what it said last, a full pipe at most: something that it left behind may hold it open */
	for (int i = 0; i < 16; i++) {
		struct pollfd p = { proc_err(c->proc), POLLIN, 0 };
		ssize_t k = poll(&p, 1, 0) > 0 ? read(p.fd, b, sizeof b) : 0;
		if (k <= 0)
			break;
		keep_stderr(c, b, (size_t)k);
	}
	if (c->line.n)
		say(c, c->line.n);
	if (status.code == 0 && !status.signal)
		return 0;
	if (c->fetch)
		return fetch_failed(c, &status, err);
	struct str said = str_trim((struct str){ c->err, c->err_n }), line = last_line(said);
	mst_fail(err, MST_FAILED, "the command %s%s%s%.*s", status.signal ? "was " : "ended with ",
		 proc_status_words(c->pool, &status), line.n ? ": " : "", STR_FMT(line));
	if (line.p != said.p)
		mst_hint(err, "it said: %.*s", STR_FMT(said));
	return MST_FAILED;
}

static int lingers(struct import_child *c, struct mst_error *err)
{
	struct proc_status status;
	struct pollfd f = { proc_fd(c->proc), POLLIN, 0 };
	if (poll(&f, 1, 0) <= 0)
		return 0;
	if (!c->silent_us)
		c->silent_us = time_mono_us();
	/* not sooner: waiting for it kills what it left behind */
	if (time_mono_us() - c->silent_us <= LINGER_US || proc_wait(c->proc, 0, &status, err) != 1)
		return 0;
	mst_fail(err, MST_FAILED, "the command has ended, but something that it started keeps its output open");
	return mst_hint(err, "let the command wait for it, or send its output elsewhere: daemon >/dev/null 2>&1 &");
}

int import_child_read(struct import_child *c, char *buf, size_t n, size_t *got, struct mst_error *err)
{
	char b[4096];
	for (;;) {
		struct pollfd p[2] = { { proc_out(c->proc), POLLIN, 0 }, { proc_err(c->proc), POLLIN, 0 } };
		int k = poll(p, c->err_open ? 2 : 1, 200);
		int rc = stopped(c, err);
		if (!rc && !p[0].revents)
			rc = lingers(c, err);
		if (rc)
			return rc;
		if (k < 0 && errno != EINTR)
			return mst_fail_errno(err, MST_IO, "poll");
		if (k <= 0)
			continue;
		if (c->err_open && p[1].revents) {
			ssize_t m = read(proc_err(c->proc), b, sizeof b);
			if (m > 0)
				keep_stderr(c, b, (size_t)m);
			else if (m == 0)
				c->err_open = false;
		}
		if (!p[0].revents)
			continue;
		ssize_t m = read(proc_out(c->proc), buf, n);
		if (m < 0 && errno != EINTR && errno != EAGAIN)
			return mst_fail_errno(err, MST_IO, "output of the command");
		if (m < 0)
			continue;
		c->silent_us = 0;
		*got = (size_t)m;
		return m == 0 ? end(c, err) : 0;
	}
}
