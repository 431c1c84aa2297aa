#include "base/fs.h"
#include "base/sha256.h"
#include "base/time.h"
#include "proc/cluster_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define HOME_MAX 900 /* PostgreSQL's MAXPGPATH is 1024 */
#define LOCK_WAIT_US (180 * US_PER_S)

extern char **environ;

const char *cluster_user_name_(struct pool *pool, uid_t uid)
{
	struct passwd pw, *found;
	char *b = pool_alloc(pool, 16384);
	if (getpwuid_r(uid, &pw, b, 16384, &found) == 0 && found)
		return pool_printf(pool, "user %s", pw.pw_name);
	return pool_printf(pool, "user %u", (unsigned)uid);
}

/* Who runs the server where root asks. */
static int choose_user(struct cluster *c, struct mst_error *err)
{
	struct stat st;
	struct passwd pw, *found = NULL;
	char *b = pool_alloc(c->pool, 16384);
	if ((lstat(c->data, &st) == 0 || lstat(c->home, &st) == 0) && st.st_uid != 0) {
		if (getpwuid_r(st.st_uid, &pw, b, 16384, &found) != 0 || !found) {
			mst_fail(err, MST_DENIED, "%s belongs to user %u, who does not exist here", c->home,
				 (unsigned)st.st_uid);
			return mst_hint(err, "set MST_HOME to another folder, or give this one to a user");
		}
	} else if ((getpwnam_r("postgres", &pw, b, 16384, &found) != 0 || !found) &&
		   (getpwnam_r("nobody", &pw, b, 16384, &found) != 0 || !found)) {
		mst_fail(err, MST_DENIED, "PostgreSQL does not run as root, and there is no user postgres or nobody");
		return mst_hint(err, "run mst as an ordinary user");
	}
	c->uid = pw.pw_uid;
	c->gid = pw.pw_gid;
	c->user = pool_strdup(c->pool, pw.pw_name);
	return 0;
}

/* realpath of the part that exists, the rest behind it: the same home by another
 * way is the same cluster. */
static const char *resolve(struct pool *pool, const char *path)
{
	char *head = fs_absolute(pool, path), *real = pool_alloc(pool, PATH_MAX);
	const char *tail = "";
	for (;;) {
		if (realpath(head, real))
			return *tail ? fs_join(pool, real, tail) : real;
		char *slash = strrchr(head, '/');
		if (!slash || slash == head)
			return fs_absolute(pool, path);
		tail = *tail ? fs_join(pool, slash + 1, tail) : pool_strdup(pool, slash + 1);
		*slash = 0;
	}
}

int cluster_resolve_(struct cluster *c, struct mst_error *err)
{
	struct pool *pool = c->pool;
	const char *home = c->opts.home;
	if (!home || !*home) {
		const char *xdg = getenv("XDG_DATA_HOME"), *user = fs_home(pool);
		if (geteuid() == 0)
			home = "/var/lib/mst";
		else if (xdg && *xdg == '/')
			home = fs_join(pool, xdg, "mst");
		else if (user && *user == '/')
			home = fs_join(pool, user, ".local/share/mst");
		else {
			mst_fail(err, MST_USAGE, "no home folder to keep the private PostgreSQL in");
			return mst_hint(err, "set MST_HOME to a folder of yours, or MST_DB to a server");
		}
	}
	if (strpbrk(home, "\n\r"))
		return mst_fail(err, MST_USAGE, "MST_HOME holds a line break");
	char cwd[PATH_MAX];
	if (*home != '/' && !getcwd(cwd, sizeof cwd)) {
		mst_fail_errno(err, MST_USAGE, "MST_HOME is '%s', and the current folder cannot be told", home);
		return mst_hint(err, "set MST_HOME to an absolute path");
	}
	c->home = resolve(pool, home);
	if (strlen(c->home) > HOME_MAX) {
		mst_fail(err, MST_LIMIT, "the path of MST_HOME has %zu bytes; PostgreSQL takes no more than %d",
			 strlen(c->home), HOME_MAX);
		return mst_hint(err, "set MST_HOME to a shorter path");
	}
	c->data = fs_join(pool, c->home, "data");
	c->fresh = fs_join(pool, c->home, "data.new");
	c->lock = fs_join(pool, c->home, "lock");
	c->log = fs_join(pool, c->home, "postgres.log");
	c->uid = geteuid();
	c->gid = getegid();
	struct stat st;
	if (c->uid == 0)
		return choose_user(c, err);
	if (stat(c->data, &st) == 0 && st.st_uid != c->uid) {
		mst_fail(err, MST_DENIED, "%s belongs to %s, not to you", c->data, cluster_user_name_(pool, st.st_uid));
		return mst_hint(err, "set MST_HOME to a folder of your own, or run mst as that user");
	}
	return 0;
}

const char *const *cluster_argv_(struct pool *pool, const struct cluster *c, const char *const *args)
{
	size_t n = 0;
	while (args[n])
		n++;
	const char **v = pool_array(pool, n + 6, sizeof *v);
	size_t k = 0;
	if (c->user) {
		v[k++] = "setpriv";
		v[k++] = pool_printf(pool, "--reuid=%u", (unsigned)c->uid);
		v[k++] = pool_printf(pool, "--regid=%u", (unsigned)c->gid);
		v[k++] = "--init-groups";
		v[k++] = "--";
	}
	for (size_t i = 0; i <= n; i++)
		v[k++] = args[i];
	return v;
}

const char *const *cluster_env_(struct pool *pool)
{
	size_t n = 0, k = 0;
	while (environ[n])
		n++;
	const char **v = pool_array(pool, n + 2, sizeof *v);
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "PG", 2) != 0 && strncmp(environ[i], "LC_", 3) != 0 &&
		    strncmp(environ[i], "LANG", 4) != 0 && strncmp(environ[i], "MST_", 4) != 0)
			v[k++] = environ[i];
	v[k++] = "LC_ALL=C";
	v[k] = NULL;
	return v;
}

void cluster_note_(const struct cluster *c, const char *fmt, ...)
{
	POOL_SCRATCH(tmp);
	va_list ap;
	if (!c->opts.note)
		return;
	va_start(ap, fmt);
	c->opts.note(c->opts.arg, pool_vprintf(tmp, fmt, ap));
	va_end(ap);
}

bool cluster_stopped_(const struct cluster *c)
{
	return c->opts.stop && *c->opts.stop;
}

/* By the kernel's own answer, access lists and all. */
static int check_reach(struct cluster *c, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	if (!c->user)
		return 0;
	const char *const args[] = { "test", "-x", c->home, NULL };
	struct proc_opts o = { .argv = cluster_argv_(tmp, c, args), .env = cluster_env_(tmp), .cwd = "/" };
	struct proc_output got;
	int rc = proc_capture(tmp, &o, STR(""), 4096, 10 * US_PER_S, c->opts.stop, &got, err);
	if (rc) {
		mst_wrap(err, "cannot become user %s", c->user);
		return mst_hint(err, "setpriv is in the package util-linux");
	}
	if (got.status.code == 0)
		return 0;
	if (got.err.n)
		return mst_fail(err, MST_DENIED, "cannot become user %s: %s", c->user, got.err.p);
	mst_fail(err, MST_DENIED, "user %s, who runs the server for root, cannot reach %s", c->user, c->home);
	return mst_hint(err, "set MST_HOME to a folder below one that everybody may enter, such as /var/lib/mst");
}

int cluster_make_home_(struct cluster *c, struct mst_error *err)
{
	struct stat st;
	bool made = lstat(c->home, &st) < 0;
	/* for root the server's user has to pass through to his data */
	int rc = fs_mkdirs(c->home, c->user ? 0755 : 0700, err);
	if (rc) {
		mst_wrap(err, "cannot keep a private PostgreSQL in %s", c->home);
		return mst_hint(err, "set MST_HOME to a folder that you can write to, or MST_DB to a server");
	}
	if (made && c->user && chmod(c->home, 0755) < 0)
		return mst_fail_errno(err, 0, "%s: cannot set the mode", c->home);
	return check_reach(c, err);
}

static int fail_socket_dir(const char *dir, const char *why, struct mst_error *err)
{
	mst_fail(err, MST_DENIED, "%s: %s, so the socket would not be safe there", dir, why);
	return mst_hint(err, "remove it, or set XDG_RUNTIME_DIR to a folder of your own");
}

/* In /tmp anyone can have made the folder before us: it must be a folder, the
 * given user's own, and closed to all others. */
static int own_dir(const char *dir, uid_t uid, gid_t gid, mode_t mode, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct stat st;
	bool made = mkdir(dir, mode) == 0;
	if (!made && errno != EEXIST)
		return mst_fail_errno(err, 0, "%s: cannot create the folder", dir);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return fail_socket_dir(dir, "it is not a folder", err);
	if (fd < 0 && errno == EACCES)
		return fail_socket_dir(dir, "it belongs to another user", err);
	if (fd < 0)
		return mst_fail_errno(err, 0, "%s: cannot open", dir);
	int rc = 0;
	if (made && (fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0))
		rc = mst_fail_errno(err, 0, "%s: cannot set the owner", dir);
	else if (fstat(fd, &st) < 0)
		rc = mst_fail_errno(err, 0, "%s: cannot look at it", dir);
	else if (st.st_uid != uid)
		rc = fail_socket_dir(dir, pool_printf(tmp, "it belongs to %s", cluster_user_name_(tmp, st.st_uid)), err);
	else if ((st.st_mode & 07777) != mode && fchmod(fd, mode) < 0)
		rc = mst_fail_errno(err, 0, "%s: cannot set the mode", dir);
	close(fd);
	return rc;
}

int cluster_make_socket_dir_(struct pool *pool, struct cluster *c, const char **out, struct mst_error *err)
{
	char id[SHA256_HEX];
	sha256_hex(id, str_of(c->home));
	id[12] = 0;
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	struct stat st;
	const char *run = pool_printf(pool, "/tmp/mst-%u", (unsigned)geteuid());
	if (c->user) {
		run = "/run/mst";
	} else if (xdg && *xdg == '/' && stat(xdg, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == c->uid) {
		const char *there = fs_join(pool, xdg, "mst");
		const char *longest = pool_printf(pool, "%s/%s/.s.PGSQL.5432", there, id);
		if (strlen(longest) < sizeof ((struct sockaddr_un *)0)->sun_path)
			run = there;
	}
	/* root's is root's own, so that its user cannot put links into our way */
	int rc = c->user ? own_dir(run, 0, 0, 0755, err) : own_dir(run, c->uid, c->gid, 0700, err);
	if (rc)
		return rc;
	const char *dir = fs_join(pool, run, id);
	rc = own_dir(dir, c->uid, c->gid, 0700, err);
	if (!rc)
		*out = dir;
	return rc;
}

int cluster_lock_(struct cluster *c, struct mst_error *err)
{
	bool made = true;
	int fd = open(c->lock, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST) {
		made = false;
		fd = open(c->lock, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0) {
		mst_fail_errno(err, 0, "%s: cannot open", c->lock);
		return mst_hint(err, "set MST_HOME to a folder that you can write to, or MST_DB to a server");
	}
	/* where root came first in another's home, the owner must get in later */
	struct stat st;
	if (made && c->user && stat(c->home, &st) == 0 && st.st_uid != 0 && fchown(fd, st.st_uid, st.st_gid) < 0) {
		mst_fail_errno(err, 0, "%s: cannot set the owner", c->lock);
		close(fd);
		return err->code;
	}
	int64_t end = time_mono_us() + LOCK_WAIT_US;
	struct timespec nap = { 0, 20 * 1000000 };
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int rc = 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			rc = mst_fail_errno(err, MST_IO, "%s: cannot lock", c->lock);
		else if (cluster_stopped_(c))
			rc = mst_fail(err, MST_CANCELLED, "interrupted");
		else if (time_mono_us() > end) {
			rc = mst_fail(err, MST_UNAVAILABLE, "another mst has been starting the private PostgreSQL for %d s",
				      (int)(LOCK_WAIT_US / US_PER_S));
			mst_hint(err, "see who holds it: fuser -v %s", c->lock);
		}
		if (rc) {
			close(fd);
			return rc;
		}
		nanosleep(&nap, NULL);
	}
	c->lock_fd = fd;
	return 0;
}

void cluster_unlock_(struct cluster *c)
{
	if (c->lock_fd >= 0)
		close(c->lock_fd);
	c->lock_fd = -1;
}
