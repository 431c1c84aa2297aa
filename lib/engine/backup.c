#include "base/fs.h"
#include "engine/backup_internal.h"
#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

const char *backup_tool_(struct pool *pool, const struct state_opts *o, const char *name, int major)
{
	struct cluster *c;
	struct mst_error ignored;
	const char *bin;
	int found;
	if (cluster_open(pool, &o->cluster, &c, &ignored) == 0)
		for (int v = major; v >= 0; v = v ? 0 : -1)
			if (cluster_find_bin(pool, c, v, &bin, &found, &ignored) == 0 && found >= major &&
			    access(fs_join(pool, bin, name), X_OK) == 0)
				return fs_join(pool, bin, name);
	return name;
}

const char *const *backup_env_(struct pool *pool, const char *password)
{
	if (!password)
		return NULL;
	size_t n = 0, k = 0;
	while (environ[n])
		n++;
	const char **v = pool_array(pool, n + 2, sizeof *v);
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "PGPASSWORD=", 11) != 0)
			v[k++] = environ[i];
	v[k++] = pool_printf(pool, "PGPASSWORD=%s", password);
	v[k] = NULL;
	return v;
}

static void close_fd(void *arg)
{
	close((int)(intptr_t)arg);
}

int backup_spawn_(struct pool *pool, const char *const *argv, const char *const *env, int out,
		  struct backup_child *child, struct mst_error *err)
{
	const char *slash = strrchr(argv[0], '/');
	child->name = slash ? slash + 1 : argv[0];
	child->err_fd = memfd_create("stderr", MFD_CLOEXEC);
	if (child->err_fd < 0)
		return mst_fail_errno(err, MST_IO, "memfd_create");
	pool_on_free(pool, close_fd, (void *)(intptr_t)child->err_fd);
	struct proc_opts o = { .argv = argv, .env = env, .out = out, .err = child->err_fd };
	int rc = proc_spawn(pool, &o, &child->proc, err);
	if (rc == MST_NOT_FOUND)
		mst_hint(err, "it is in the package postgresql-client");
	return rc;
}

/* Its last line that is not only an advice: "pg_dump: error: ...". */
static int fail_child(struct backup_child *child, const struct proc_status *st, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct mst_error ignored;
	struct str said = STR(""), line, last = STR("");
	if (lseek(child->err_fd, 0, SEEK_SET) == 0)
		(void)fs_read_fd(tmp, child->err_fd, child->name, 1 << 20, &said, &ignored);
	while (said.n) {
		if (!str_cut(said, '\n', &line, &said))
			said.n = 0;
		const char *z = str_z(tmp, line), *at = strstr(z, "error: ");
		if (!last.n && (at || !said.n))
			last = str_of(at ? at + 7 : z);
	}
	if (!last.n)
		last = str_of(proc_status_words(tmp, st));
	bool full = strstr(str_z(tmp, last), "No space left on device") != NULL;
	return mst_fail(err, full ? MST_IO : MST_REMOTE, "%s: %.*s", child->name, STR_FMT(last));
}

int backup_wait_(struct backup_child *child, const stop_flag *stop, struct mst_error *err)
{
	struct proc_status st;
	int done = 0;
	while (done == 0) {
		done = proc_wait(child->proc, 250000, &st, err);
		if (done < 0)
			return done;
		if (done == 0 && stop && *stop) {
			proc_end(child->proc, 1000000, &st);
			return mst_fail(err, MST_CANCELLED, "interrupted");
		}
	}
	return st.code == 0 ? 0 : fail_child(child, &st, err);
}

/* --- writing */

struct writing {
	const struct state_opts *o;
	const char *name; /* for people */
	int fd;
	int64_t bytes;
};

static int dump(struct writing *w, bool seekable, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct db *db;
	struct backup_child child;
	const char *conninfo, *bare, *password;
	int version, major, rc = state_connect(tmp, w->o, &db, err);
	if (!rc)
		rc = store_backup_look(db, &version, &major, err);
	if (!rc)
		rc = state_conninfo(tmp, w->o, false, &conninfo, err);
	if (!rc)
		rc = db_conninfo_split(tmp, conninfo, &bare, &password, err);
	if (rc)
		return rc;
	const char *const argv[] = {
		backup_tool_(tmp, w->o, "pg_dump", major), "--format=custom", "--schema=mst", "--no-password",
		pool_printf(tmp, "--dbname=%s", bare), NULL,
	};
	rc = backup_spawn_(tmp, argv, backup_env_(tmp, password), seekable ? w->fd : PROC_PIPE, &child, err);
	if (rc)
		return rc;
	struct sha256 *sum = sha256_new(tmp);
	static char piece[1 << 16];
	ssize_t n;
	if (seekable) {
		rc = backup_wait_(&child, w->o->cluster.stop, err);
		if (!rc && lseek(w->fd, 0, SEEK_SET) < 0)
			rc = mst_fail_errno(err, 0, "%s: cannot read it again", w->name);
	}
	int from = seekable ? w->fd : proc_out(child.proc);
	while (!rc && (n = read(from, piece, sizeof piece)) != 0) {
		if (n < 0 && errno == EINTR && !(w->o->cluster.stop && *w->o->cluster.stop))
			continue;
		if (n < 0)
			return errno == EINTR ? mst_fail(err, MST_CANCELLED, "interrupted")
					      : mst_fail_errno(err, MST_IO, "%s: cannot read it", w->name);
		sha256_add(sum, (struct str){ piece, (size_t)n });
		w->bytes += n;
		if (!seekable)
			rc = fs_write_all(w->fd, piece, (size_t)n, w->name, err);
	}
	if (!rc && !seekable)
		rc = backup_wait_(&child, w->o->cluster.stop, err);
	if (rc)
		return rc;
	char hex[SHA256_HEX];
	const char *tail = pool_printf(tmp, BACKUP_MARK "%s\n", sha256_end(sum, hex));
	w->bytes += (int64_t)strlen(tail);
	return fs_write_all(w->fd, tail, strlen(tail), w->name, err);
}

static int fail_exists(const char *path, struct mst_error *err)
{
	mst_fail(err, MST_CONFLICT, "%s exists already", path);
	return mst_hint(err, "--force puts the new backup in its place");
}

static int sync_folder(struct pool *tmp, const char *path, struct mst_error *err)
{
	char *dir = fs_absolute(tmp, path);
	char *slash = strrchr(dir, '/');
	slash[slash == dir] = 0;
	int rc = 0, fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		rc = mst_fail_errno(err, 0, "%s: cannot sync", dir);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Under a lock that the kernel frees: what a killed one left behind is taken over. */
static int open_tmp(const char *path, int *out, struct mst_error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return mst_fail_errno(err, 0, "%s: cannot open", path);
	int rc = 0;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		rc = mst_fail(err, MST_CONFLICT, "%s: another mst-db writes it", path);
	else if (ftruncate(fd, 0) < 0)
		rc = mst_fail_errno(err, 0, "%s: cannot empty it", path);
	if (rc)
		close(fd);
	else
		*out = fd;
	return rc;
}

int backup_write(const struct state_opts *o, const char *path, bool force, int64_t *bytes, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct writing w = { .o = o, .name = path, .fd = STDOUT_FILENO };
	int rc;
	if (strcmp(path, "-") == 0) {
		w.name = "stdout";
		rc = dump(&w, false, err);
	} else {
		const char *half = pool_printf(tmp, "%s.tmp", path);
		struct stat st;
		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			return mst_fail(err, MST_USAGE, "%s is a folder", path);
		if (!force && fs_exists(path))
			return fail_exists(path, err);
		rc = open_tmp(half, &w.fd, err);
		if (rc)
			return rc;
		rc = dump(&w, true, err);
		if (!rc && fsync(w.fd) < 0)
			rc = mst_fail_errno(err, 0, "%s: cannot write", half);
		/* what came to be there in the meantime stays; some file systems cannot promise it */
		if (!rc && !force && renameat2(AT_FDCWD, half, AT_FDCWD, path, RENAME_NOREPLACE) < 0)
			rc = errno == EEXIST ? fail_exists(path, err)
			     : errno == EINVAL && rename(half, path) == 0 ? 0
			     : mst_fail_errno(err, 0, "%s: cannot rename to %s", half, path);
		else if (!rc && force && rename(half, path) < 0)
			rc = mst_fail_errno(err, 0, "%s: cannot rename to %s", half, path);
		if (rc)
			unlink(half);
		else
			rc = sync_folder(tmp, path, err);
		close(w.fd);
	}
	if (!rc)
		*bytes = w.bytes;
	return rc;
}
