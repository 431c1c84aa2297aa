#include "task/internal.h"

#include "base/fs.h"
#include "base/recode.h"
#include "base/unpack.h"
#include "net/url.h"
#include "task/import_child.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE ((size_t)1 << 16)

/* One of the texts that are read one behind the other. */
struct input {
	const char *name;
	const char *path; /* NULL: the child, or the descriptor that was handed over */
	int spool;        /* an unnamed file with its bytes, or -1 */
};

struct import_source {
	struct pool *pool; /* its own: what hangs on it ends with it */
	const stop_flag *stop;
	enum recode_from encoding;
	struct input *inputs;
	size_t n, at;
	size_t last; /* whose bytes were read last */
	struct import_child *child;
	int given; /* a descriptor of the caller's, or -1 */
	off_t given_at; /* where it stood */
	/* the input that is open */
	bool open, ended;
	int fd; /* a file, a spool or the given one; -1: the child */
	struct pool *open_pool;
	struct unpack *unpack;
	struct recode recode;
	struct buf text; /* recoded, from text_at on not handed out yet */
	size_t text_at;
	char *raw, *plain;
};

static void shut(struct import_source *s)
{
	if (s->open && s->fd >= 0 && s->fd != s->given && s->fd != s->inputs[s->at].spool)
		close(s->fd);
	s->open = false;
}

static void release(void *arg)
{
	struct import_source *s = arg;
	shut(s);
	for (size_t i = 0; i < s->n; i++)
		if (s->inputs[i].spool >= 0)
			close(s->inputs[i].spool);
}

static int in_byte_order(const void *a, const void *b)
{
	return strcmp(((const struct input *)a)->name, ((const struct input *)b)->name);
}

static void one_input(struct import_source *s, const char *name, const char *path)
{
	s->inputs = pool_alloc(s->pool, sizeof *s->inputs);
	s->inputs[0] = (struct input){ name, path, -1 };
	s->n = 1;
}

/* What is gone or no folder has no files; what cannot be looked into may have. */
static int cannot_look(const char *path, int error)
{
	(void)path;
	return error != ENOENT && error != ENOTDIR;
}

static int find_files(struct import_source *s, const char *file, struct mst_error *err)
{
	if (!strpbrk(file, "*?[")) {
		one_input(s, file, file);
		return 0;
	}
	glob_t g;
	int rc = glob(file, GLOB_NOSORT, cannot_look, &g);
	if (rc == GLOB_NOMATCH || (rc == 0 && g.gl_pathc == 0)) {
		if (rc == 0)
			globfree(&g);
		return mst_fail(err, MST_NOT_FOUND, "no file matches %s", file);
	}
	if (rc) {
		int error = errno;
		globfree(&g);
		errno = error;
		return mst_fail_errno(err, 0, "%s: not every folder can be looked into", file);
	}
	s->inputs = pool_array(s->pool, g.gl_pathc, sizeof *s->inputs);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		const char *path = pool_strdup(s->pool, g.gl_pathv[i]);
		s->inputs[s->n++] = (struct input){ path, path, -1 };
	}
	globfree(&g);
	/* whatever the locale */
	qsort(s->inputs, s->n, sizeof *s->inputs, in_byte_order);
	return 0;
}

int import_source_open(struct task_ctx *c, const struct import_spec *spec, struct import_source **out,
		       struct mst_error *err)
{
	struct pool *pool = pool_new(c->pool);
	struct import_source *s = pool_zalloc(pool, sizeof *s);
	*s = (struct import_source){ .pool = pool, .stop = c->stop, .encoding = spec->encoding, .fd = -1, .given = -1 };
	s->raw = pool_alloc(pool, PIECE);
	s->plain = pool_alloc(pool, PIECE);
	pool_on_free(pool, release, s);
	int rc = 0;
	if (c->input) {
		s->given = c->input->fd;
		s->given_at = lseek(s->given, 0, SEEK_CUR);
		one_input(s, c->input->name, NULL);
	} else if (spec->command.n) {
		one_input(s, pool_printf(pool, "output of %.*s", STR_FMT(c->job->name)), NULL);
		rc = import_child_command(pool, c, spec->command, spec->folder, &s->child, err);
	} else if (spec->url.n) {
		one_input(s, url_masked(pool, spec->url), NULL);
		rc = import_child_fetch(pool, c, spec->url, &s->child, err);
	} else {
		rc = find_files(s, spec->file, err);
	}
	if (rc) {
		pool_free(pool);
		return rc;
	}
	*out = s;
	return 0;
}

/* --- the bytes as they are ------------------------------------------------------ */

static int open_file(const char *name, int *out, struct stat *st, struct mst_error *err)
{
	/* not blocking: a named pipe without a writer must not hold up a stop */
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return mst_fail_errno(err, 0, "%s", name);
	const char *what = NULL;
	if (fstat(fd, st) < 0)
		mst_fail_errno(err, MST_IO, "%s", name);
	else if (S_ISDIR(st->st_mode))
		what = "a folder";
	else if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		what = "a device";
	else {
		*out = fd;
		return 0;
	}
	close(fd);
	if (!what)
		return err->code;
	mst_fail(err, MST_DATA, "%s is %s", name, what);
	return S_ISDIR(st->st_mode) ? mst_hint(err, "a pattern names the files in it: '%s/*.csv'", name) : err->code;
}

static int read_fd(struct import_source *s, char *p, size_t n, size_t *got, struct mst_error *err)
{
	for (;;) {
		if (*s->stop)
			return mst_fail(err, MST_CANCELLED, "interrupted");
		/* a pipe or a terminal named as a file must not hold up a stop */
		struct pollfd f = { s->fd, POLLIN, 0 };
		if (poll(&f, 1, 200) <= 0)
			continue;
		ssize_t k = read(s->fd, p, n);
		if (k >= 0) {
			*got = (size_t)k;
			return 0;
		}
		if (errno != EINTR && errno != EAGAIN)
			return mst_fail_errno(err, MST_IO, "%s", s->inputs[s->at].name);
	}
}

static int read_raw(struct import_source *s, size_t *got, struct mst_error *err)
{
	return s->fd >= 0 ? read_fd(s, s->raw, PIECE, got, err) : import_child_read(s->child, s->raw, PIECE, got, err);
}

static int open_raw(struct import_source *s, bool *regular, struct mst_error *err)
{
	const struct input *in = &s->inputs[s->at];
	struct stat st = { .st_mode = S_IFREG };
	s->fd = in->spool >= 0 ? in->spool : s->given;
	if (s->fd < 0 && in->path) {
		int rc = open_file(in->path, &s->fd, &st, err);
		if (rc)
			return rc;
	}
	if (s->fd >= 0 && s->fd == s->given && fstat(s->fd, &st) < 0)
		return mst_fail_errno(err, MST_IO, "%s", in->name);
	s->open = true;
	*regular = s->fd >= 0 && S_ISREG(st.st_mode);
	return 0;
}

/* --- the text in them ------------------------------------------------------------- */

static int open_text(struct import_source *s, struct mst_error *err)
{
	bool regular;
	int rc = open_raw(s, &regular, err);
	if (rc)
		return rc;
	pool_free(s->open_pool);
	s->open_pool = pool_new(s->pool);
	s->unpack = unpack_new(s->open_pool);
	recode_init(&s->recode, s->encoding);
	buf_init(&s->text, s->open_pool);
	s->text_at = 0;
	s->ended = false;
	s->last = s->at;
	return 0;
}

/* Unpacked bytes, or none at the end of the input. */
static int read_plain(struct import_source *s, char *p, size_t n, size_t *got, struct mst_error *err)
{
	for (;;) {
		int rc = unpack_next(s->unpack, p, n, got, err);
		if (rc)
			return mst_place(err, s->inputs[s->at].name, 0, 0);
		if (*got || s->ended)
			return 0;
		size_t raw_n = 0;
		rc = read_raw(s, &raw_n, err);
		if (rc)
			return rc;
		unpack_feed(s->unpack, s->raw, raw_n);
		s->ended = raw_n == 0;
	}
}

static int read_recoded(struct import_source *s, char *p, size_t n, size_t *got, struct mst_error *err)
{
	while (s->text_at == s->text.n) {
		size_t plain_n;
		int rc = read_plain(s, s->plain, PIECE, &plain_n, err);
		if (rc)
			return rc;
		buf_reset(&s->text);
		s->text_at = 0;
		rc = recode_add(&s->recode, s->plain, plain_n, &s->text, err);
		if (rc)
			return mst_place(err, s->inputs[s->at].name, err->line, 0);
		if (plain_n == 0 && s->text.n == 0) {
			*got = 0;
			return 0;
		}
	}
	*got = s->text.n - s->text_at < n ? s->text.n - s->text_at : n;
	memcpy(p, s->text.p + s->text_at, *got);
	s->text_at += *got;
	return 0;
}

int import_source_read(struct import_source *s, char *p, size_t n, size_t *got, struct mst_error *err)
{
	*got = 0;
	if (s->at == s->n)
		return IMPORT_END;
	int rc = s->open ? 0 : open_text(s, err);
	if (!rc)
		rc = s->encoding == RECODE_UTF8 ? read_plain(s, p, n, got, err) : read_recoded(s, p, n, got, err);
	if (!rc && *got == 0) {
		shut(s);
		s->at++;
	}
	return rc;
}

const char *import_source_name(const struct import_source *s)
{
	return s->inputs[s->last].name;
}

/* --- reading twice ------------------------------------------------------------------ */

static int unnamed_file(struct import_source *s, int *out, struct mst_error *err)
{
	const char *dir = getenv("TMPDIR");
	if (!dir || !*dir)
		dir = "/tmp";
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0) {
		/* a file system without unnamed files */
		char *path = pool_printf(s->pool, "%s/mst-import-XXXXXX", dir);
		fd = mkostemp(path, O_CLOEXEC);
		if (fd < 0)
			return mst_fail_errno(err, 0, "no temporary file in %s", dir);
		unlink(path);
	}
	*out = fd;
	return 0;
}

static int spool(struct import_source *s, struct mst_error *err)
{
	int fd = -1, rc = unnamed_file(s, &fd, err);
	size_t got = 1;
	while (!rc && got) {
		rc = read_raw(s, &got, err);
		if (!rc && got)
			rc = fs_write_all(fd, s->raw, got, "a temporary file", err);
	}
	if (rc) {
		if (fd >= 0)
			close(fd);
		return rc;
	}
	shut(s);
	s->inputs[s->at].spool = fd;
	return 0;
}

int import_source_spool(struct import_source *s, struct mst_error *err)
{
	for (s->at = 0; s->at < s->n; s->at++) {
		bool regular;
		int rc = s->inputs[s->at].spool >= 0 ? 0 : open_raw(s, &regular, err);
		if (!rc && s->open && regular)
			shut(s);
		else if (!rc && s->open)
			rc = spool(s, err);
		if (rc)
			return rc;
	}
	return import_source_rewind(s, err);
}

int import_source_rewind(struct import_source *s, struct mst_error *err)
{
	if (s->at < s->n)
		shut(s);
	s->at = 0;
	if (s->given >= 0 && s->inputs[0].spool < 0 && lseek(s->given, s->given_at, SEEK_SET) < 0)
		return mst_fail_errno(err, MST_IO, "%s", s->inputs[0].name);
	for (size_t i = 0; i < s->n; i++)
		if (s->inputs[i].spool >= 0 && lseek(s->inputs[i].spool, 0, SEEK_SET) < 0)
			return mst_fail_errno(err, MST_IO, "%s", s->inputs[i].name);
	return 0;
}

void import_source_close(struct import_source *s)
{
	pool_free(s->pool);
}
