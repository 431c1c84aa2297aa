#include "base/fs.h"
#include "base/time.h"
#include "proc/cluster_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define INITDB_LIMIT_US (300 * US_PER_S)

bool cluster_disk_full_(const char *path)
{
	struct statvfs v;
	return statvfs(path, &v) == 0 && (uint64_t)v.f_bavail * v.f_frsize < 1024 * 1024;
}

/* --- finding the programs */

static bool has_programs(struct pool *tmp, const char *bin)
{
	return access(fs_join(tmp, bin, "postgres"), X_OK) == 0 && access(fs_join(tmp, bin, "initdb"), X_OK) == 0;
}

/* "postgres (PostgreSQL) 15.18 (Debian ...)": by asking, since a program on PATH
 * may be a wrapper. */
static int ask_major(struct pool *tmp, const char *bin, const stop_flag *stop)
{
	int major[2] = { 0, 0 };
	static const char *const names[] = { "postgres", "initdb" };
	for (int i = 0; i < 2; i++) {
		const char *const argv[] = { fs_join(tmp, bin, names[i]), "--version", NULL };
		struct proc_opts o = { .argv = argv, .env = cluster_env_(tmp), .cwd = "/" };
		struct proc_output got;
		struct mst_error ignored;
		if (proc_capture(tmp, &o, STR(""), 4096, 10 * US_PER_S, stop, &got, &ignored) || got.status.code != 0)
			return 0;
		const char *at = strstr(got.out.p, "(PostgreSQL) ");
		major[i] = at ? (int)strtol(at + 13, NULL, 10) : 0;
	}
	return major[0] == major[1] ? major[0] : 0;
}

static bool fits(int found, int wanted)
{
	return wanted ? found == wanted : found >= CLUSTER_PG_MIN && found <= CLUSTER_PG_MAX;
}

static int fail_missing(int major, int other, const char *other_bin, struct mst_error *err)
{
	if (major)
		mst_fail(err, MST_UNAVAILABLE, "the programs of PostgreSQL %d are not installed, and the data is its", major);
	else if (other)
		mst_fail(err, MST_UNAVAILABLE, "%s holds PostgreSQL %d; this mst needs %d to %d", other_bin, other,
			 CLUSTER_PG_MIN, CLUSTER_PG_MAX);
	else
		mst_fail(err, MST_NOT_FOUND, "the PostgreSQL server is not installed");
	char version[16] = "";
	if (major)
		snprintf(version, sizeof version, "-%d", major);
	if (major && other > major)
		return mst_hint(err, "mst-db upgrade brings it to PostgreSQL %d; both must be installed for that", other);
	if (access("/usr/bin/apt-get", X_OK) == 0)
		return mst_hint(err, "apt-get install postgresql%s, or set MST_DB to a server", version);
	if (access("/usr/bin/dnf", X_OK) == 0)
		return mst_hint(err, "dnf install postgresql-server, or set MST_DB to a server");
	return mst_hint(err, "install it, name its folder in MST_PG_BIN, or set MST_DB to a server");
}

int cluster_find_bin(struct pool *pool, struct cluster *c, int major, const char **bin, int *found,
		     struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	if (c->opts.pg_bin && *c->opts.pg_bin) {
		const char *dir = fs_absolute(tmp, c->opts.pg_bin);
		if (!has_programs(tmp, dir)) {
			mst_fail(err, MST_NOT_FOUND, "%s: no programs postgres and initdb there", dir);
			return mst_hint(err, "pg_bin (MST_PG_BIN) names a folder such as /usr/lib/postgresql/15/bin");
		}
		*found = ask_major(tmp, dir, c->opts.stop);
		if (!fits(*found, major))
			return fail_missing(major, *found, dir, err);
		*bin = pool_strdup(pool, dir);
		return 0;
	}
	static const char *const places[] = { "/usr/lib/postgresql/%d/bin", "/usr/pgsql-%d/bin" };
	for (int v = major ? major : CLUSTER_PG_MAX; v >= (major ? major : CLUSTER_PG_MIN); v--)
		for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
			const char *dir = pool_printf(tmp, places[i], v);
			if (has_programs(tmp, dir)) {
				*bin = pool_strdup(pool, dir);
				*found = v;
				return 0;
			}
		}
	int other = 0;
	const char *other_bin = "";
	struct str dir, rest = str_of(getenv("PATH"));
	while (rest.n) {
		if (!str_cut(rest, ':', &dir, &rest))
			rest.n = 0;
		const char *d = str_z(tmp, dir);
		if (*d != '/' || !has_programs(tmp, d))
			continue;
		int v = ask_major(tmp, d, c->opts.stop);
		if (fits(v, major)) {
			*bin = pool_strdup(pool, d);
			*found = v;
			return 0;
		}
		if (v && !other) {
			other = v;
			other_bin = d;
		}
	}
	return fail_missing(major, other, other_bin, err);
}

/* --- making it */

int cluster_remove_tree_(struct cluster *c, const char *path, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct stat st;
	if (lstat(path, &st) < 0)
		return 0;
	const char *const argv[] = { "rm", "-rf", "--one-file-system", "--", path, NULL };
	struct proc_opts o = { .argv = argv, .env = cluster_env_(tmp), .cwd = "/" };
	struct proc_output got;
	int rc = proc_capture(tmp, &o, STR(""), 4096, 0, c->opts.stop, &got, err);
	if (!rc && got.status.code != 0)
		rc = mst_fail(err, MST_IO, "cannot remove what something left that was broken off: %s", got.err.p);
	return rc;
}

/* The line of a program's output that says what went wrong. */
static struct str reason(struct str text)
{
	struct str line, best = STR("no reason given");
	int rank = 0;
	while (text.n) {
		if (!str_cut(text, '\n', &line, &text))
			text.n = 0;
		line = str_trim(line);
		if (!line.n)
			continue;
		POOL_SCRATCH(tmp);
		const char *z = str_z(tmp, line);
		const char *at = strstr(z, "FATAL:");
		if (!at)
			at = strstr(z, "PANIC:");
		int r = at ? 4 : strstr(z, "error:") || strstr(z, "ERROR:") ? 3 : strncmp(z, "initdb: ", 8) == 0 ? 1 : 2;
		if (r <= 2 && (strstr(z, "removing") || strstr(z, "exited with") || strstr(z, "...")))
			r = 1;
		if (r > rank) {
			rank = r;
			best = line;
			if (at)
				best = str_trim((struct str){ line.p + (at - z) + 6, line.n - (size_t)(at - z) - 6 });
		}
	}
	return best;
}

static int fail_create(struct cluster *c, const struct proc_output *got, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	if (strstr(got->err.p, "No space left on device") || strstr(got->out.p, "No space left on device") ||
	    cluster_disk_full_(c->home)) {
		mst_fail(err, MST_IO, "cannot create the private PostgreSQL in %s: no space left on device", c->home);
		return mst_hint(err, "free about 100 MB there, or set MST_HOME to a folder on another disk");
	}
	struct str why = reason(got->err);
	if (got->status.timed_out || got->status.signal)
		why = str_of(proc_status_words(tmp, &got->status));
	mst_fail(err, MST_UNAVAILABLE, "cannot create the private PostgreSQL in %s: %.*s", c->home, STR_FMT(why));
	if (strstr(got->err.p, "effective user ID"))
		mst_hint(err, "PostgreSQL needs a user with an entry in /etc/passwd; or set MST_DB to a server");
	return err->code;
}

static int run(struct cluster *c, const char *const *args, struct str input, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct proc_opts o = {
		.argv = cluster_argv_(tmp, c, args),
		.env = cluster_env_(tmp),
		.cwd = "/",
		/* where this process is killed, its children hold the lock until they end too:
		 * nobody clears the folder away under their hands */
		.keep_fd = c->lock_fd,
		.session = true,
	};
	struct proc_output got;
	int rc = proc_capture(tmp, &o, input, 65536, INITDB_LIMIT_US, c->opts.stop, &got, err);
	if (rc)
		return rc;
	/* a backend on its own (postgres --single) says ERROR and ends well */
	if (got.status.code != 0 || strstr(got.err.p, "ERROR:"))
		return fail_create(c, &got, err);
	return 0;
}

static int write_settings(struct cluster *c, struct mst_error *err)
{
	static const char text[] =
		"\n# mst's own; what is added below wins\n"
		"listen_addresses = ''\n"
		"unix_socket_permissions = 0700\n"
		"max_connections = 200\n"
		/* logind takes a user's shared memory away at his logout, and containers have little */
		"dynamic_shared_memory_type = mmap\n"
		"timezone = 'UTC'\n"
		"log_timezone = 'UTC'\n"
		"datestyle = 'iso, mdy'\n"
		"log_line_prefix = '%m [%p] %q%a '\n"
		"log_checkpoints = off\n"
		"log_autovacuum_min_duration = -1\n";
	POOL_SCRATCH(tmp);
	const char *path = fs_join(tmp, c->fresh, "postgresql.conf");
	int fd = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return mst_fail_errno(err, 0, "%s: cannot open", path);
	int rc = fs_write_all(fd, text, sizeof text - 1, path, err);
	if (!rc && fsync(fd) < 0)
		rc = mst_fail_errno(err, 0, "%s: cannot write", path);
	close(fd);
	return rc;
}

/* The rename must not outlive a power cut without what it names. */
int cluster_sync_dir_(const char *path, struct mst_error *err)
{
	int rc = 0, fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		rc = mst_fail_errno(err, 0, "%s: cannot sync", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

int cluster_init_(struct cluster *c, const char *bin, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (utf8)
		freelocale(utf8);
	if (mkdir(c->fresh, 0700) < 0 || (c->user && lchown(c->fresh, c->uid, c->gid) < 0)) {
		mst_fail_errno(err, 0, "%s: cannot create the folder", c->fresh);
		return mst_hint(err, "set MST_HOME to a folder that you can write to, or MST_DB to a server");
	}
	const char *const initdb[] = {
		fs_join(tmp, bin, "initdb"), "--pgdata", c->fresh, "--username", CLUSTER_USER, "--auth=trust",
		"--encoding=UTF8", "--lc-collate=C", utf8 ? "--lc-ctype=C.UTF-8" : "--lc-ctype=C", "--lc-messages=C",
		"--data-checksums", "--no-instructions", NULL,
	};
	int rc = run(c, initdb, STR(""), err);
	return rc ? rc : write_settings(c, err);
}

static int make_databases(struct cluster *c, const char *bin, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const char *const single[] = { fs_join(tmp, bin, "postgres"), "--single", "-D", c->fresh, "template1", NULL };
	static const char sql[] = "CREATE ROLE " CLUSTER_OWNER " LOGIN\n"
				  "CREATE DATABASE " CLUSTER_DB_STATE "\n"
				  "CREATE DATABASE " CLUSTER_DB_WAREHOUSE " OWNER " CLUSTER_OWNER "\n";
	return run(c, single, str_of(sql), err);
}

/* One line, for people. */
static void say_created(struct cluster *c, int major)
{
	POOL_SCRATCH(tmp);
	const char *home = c->home, *user = fs_home(tmp);
	size_t n = user ? strlen(user) : 0;
	if (n > 1 && strncmp(home, user, n) == 0 && home[n] == '/')
		home = pool_printf(tmp, "~%s", home + n);
	if (c->user)
		cluster_note_(c, "created a private PostgreSQL %d in %s; it runs as user %s, for PostgreSQL refuses root",
			      major, home, c->user);
	else
		cluster_note_(c, "created a private PostgreSQL %d in %s", major, home);
}

int cluster_create_(struct cluster *c, const char *bin, int major, struct mst_error *err)
{
	int rc = cluster_remove_tree_(c, c->fresh, err);
	if (rc)
		return rc;
	rc = cluster_init_(c, bin, err);
	if (!rc)
		rc = make_databases(c, bin, err);
	if (!rc && rename(c->fresh, c->data) < 0)
		rc = mst_fail_errno(err, 0, "%s: cannot rename to %s", c->fresh, c->data);
	if (!rc)
		rc = cluster_sync_dir_(c->home, err);
	if (rc) {
		struct mst_error ignored;
		struct cluster calm = *c;
		calm.opts.stop = NULL;
		cluster_remove_tree_(&calm, c->fresh, &ignored);
		return rc;
	}
	say_created(c, major);
	return 0;
}
