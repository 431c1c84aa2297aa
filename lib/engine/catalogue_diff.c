#include "engine/catalogue.h"

#include "base/fs.h"
#include "proc/spawn.h"

#include <sys/mman.h>
#include <unistd.h>

enum { DIFF_MAX = 256 << 20 };

static void close_fd(void *arg)
{
	close((int)(intptr_t)arg);
}

/* A text as a file that has no name. */
static int text_fd(struct pool *pool, struct str text, int *out, struct mst_error *err)
{
	int fd = memfd_create("mst-text", MFD_CLOEXEC);
	if (fd < 0)
		return mst_fail_errno(err, MST_IO, "cannot make a file in memory");
	pool_on_free(pool, close_fd, (void *)(intptr_t)fd);
	int rc = fs_write_all(fd, text.p, text.n, "a text in memory", err);
	if (!rc && lseek(fd, 0, SEEK_SET) < 0)
		rc = mst_fail_errno(err, MST_IO, "cannot rewind a text in memory");
	if (!rc)
		*out = fd;
	return rc;
}

int catalogue_diff(struct pool *pool, struct str old, struct str new, const char *old_label, const char *new_label,
		   struct str *out, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	int a, b;
	struct proc *proc;
	struct proc_status status;
	struct str text;
	if (str_eq(old, new)) {
		*out = STR("");
		return 0;
	}
	int rc = text_fd(tmp, old, &a, err);
	if (!rc)
		rc = text_fd(tmp, new, &b, err);
	if (rc)
		return rc;
	/* a: the texts are text, whatever bytes they hold */
	const char *argv[] = { "diff", "-a", "-u", "--label", old_label, "--label", new_label, "--", "-", "/dev/fd/3", NULL };
	rc = proc_spawn(tmp, &(struct proc_opts){ .argv = argv, .in = a, .out = PROC_PIPE, .keep_fd = b }, &proc, err);
	if (rc == MST_NOT_FOUND)
		return mst_hint(err, "it is in the package diffutils");
	if (!rc)
		rc = fs_read_fd(pool, proc_out(proc), "diff", DIFF_MAX, &text, err);
	while (!rc && (rc = proc_wait(proc, -1, &status, err)) == 0)
		;
	if (rc < 0)
		return rc;
	if (status.code != 0 && status.code != 1)
		return mst_fail(err, MST_IO, "diff: %s", proc_status_words(tmp, &status));
	*out = text;
	return 0;
}
