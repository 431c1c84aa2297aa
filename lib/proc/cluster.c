#include "proc/cluster.h"

#include "base/fs.h"
#include "base/time.h"
#include "proc/cluster_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define START_LIMIT_US (600 * US_PER_S) /* recovery after a crash can be long */
#define STOP_LIMIT_US (120 * US_PER_S)
#define ORPHANS_LIMIT_US (30 * US_PER_S)
#define SAY_AFTER_US (3 * US_PER_S)
#define LOG_MAX (16 * 1024 * 1024)

static void give_back_lock(void *arg)
{
	cluster_unlock_(arg);
}

int cluster_open(struct pool *pool, const struct cluster_opts *o, struct cluster **out, struct mst_error *err)
{
	struct cluster *c = pool_zalloc(pool, sizeof *c);
	c->pool = pool;
	c->opts = *o;
	c->lock_fd = -1;
	int rc = cluster_resolve_(c, err);
	if (rc)
		return rc;
	pool_on_free(pool, give_back_lock, c);
	*out = c;
	return 0;
}

const char *cluster_home(const struct cluster *c)
{
	return c->home;
}

const char *cluster_log(const struct cluster *c)
{
	return c->log;
}

const char *cluster_runs_as(const struct cluster *c)
{
	return c->user;
}

/* --- looking */

static bool read_lines(struct pool *tmp, const char *path, struct str *lines, size_t n)
{
	struct mst_error ignored;
	struct str text;
	if (fs_read_file(tmp, path, 65536, &text, &ignored))
		return false;
	for (size_t i = 0; i < n; i++) {
		lines[i] = STR("");
		if (text.n && !str_cut(text, '\n', &lines[i], &text))
			text = STR("");
		lines[i] = str_trim(lines[i]);
	}
	return true;
}

static long number(struct pool *tmp, struct str s)
{
	return strtol(str_z(tmp, s), NULL, 10);
}

/* The folder behind -D on its command line, or NULL. */
static const char *data_argument(struct pool *tmp, pid_t pid)
{
	struct mst_error ignored;
	struct str rest, arg;
	bool next = false;
	if (fs_read_file(tmp, pool_printf(tmp, "/proc/%ld/cmdline", (long)pid), 65536, &rest, &ignored))
		return NULL;
	while (rest.n) {
		str_cut(rest, 0, &arg, &rest);
		if (next)
			return str_z(tmp, arg);
		next = str_eqz(arg, "-D");
	}
	return NULL;
}

/* A process id alone proves nothing after a crash or a reboot: it may be anybody's
 * by now.  A postmaster's working folder is its data folder.  In a container root
 * often lacks CAP_SYS_PTRACE and may not see that of another user's process; whose
 * it is and how it was called he may. */
static bool is_postmaster(struct pool *tmp, const struct cluster *c, pid_t pid)
{
	struct stat there, data;
	const char *proc = pool_printf(tmp, "/proc/%ld", (long)pid), *folder = fs_join(tmp, proc, "cwd");
	if (pid <= 1 || (kill(pid, 0) < 0 && errno == ESRCH))
		return false;
	if (stat(folder, &there) < 0) {
		if (errno != EACCES || stat(proc, &there) < 0 || there.st_uid != c->uid)
			return false;
		folder = data_argument(tmp, pid);
		if (!folder || stat(folder, &there) < 0)
			return false;
	}
	return stat(c->data, &data) == 0 && there.st_dev == data.st_dev && there.st_ino == data.st_ino;
}

void cluster_look(struct pool *pool, struct cluster *c, struct cluster_state *out)
{
	POOL_SCRATCH(tmp);
	struct str l[8], v;
	struct cluster_state s = { .exists = fs_is_dir(c->data) };
	if (s.exists && read_lines(tmp, fs_join(tmp, c->data, "PG_VERSION"), &v, 1))
		s.major = (int)number(tmp, v);
	/* pid, data, start time, port, socket folder, address, shared memory, status */
	if (s.exists && read_lines(tmp, fs_join(tmp, c->data, "postmaster.pid"), l, 8)) {
		pid_t pid = (pid_t)number(tmp, l[0]);
		s.running = is_postmaster(tmp, c, pid);
		if (s.running) {
			s.pid = pid;
			s.started_us = number(tmp, l[2]) * US_PER_S;
			s.socket_dir = l[4].n ? str_z(pool, l[4]) : NULL;
			bool up = l[4].n && str_eqz(l[7], "ready");
			s.ready = up && fs_exists(pool_printf(tmp, "%s/.s.PGSQL.5432", s.socket_dir));
			s.lost = up && !s.ready;
		}
	}
	*out = s;
}

const char *cluster_conninfo(struct pool *pool, const struct cluster_state *s, const char *database)
{
	struct buf b;
	buf_init(&b, pool);
	buf_z(&b, "host='");
	for (const char *p = s->socket_dir; *p; p++) {
		if (*p == '\'' || *p == '\\')
			buf_char(&b, '\\');
		buf_char(&b, *p);
	}
	/* PGPORT, PGUSER, PGSSLMODE and the like are meant for other servers */
	buf_printf(&b, "' port=5432 user=%s dbname=%s sslmode=disable gssencmode=disable",
		   strcmp(database, CLUSTER_DB_WAREHOUSE) == 0 ? CLUSTER_OWNER : CLUSTER_USER, database);
	return buf_cstr(&b);
}

/* --- starting */

static void nap_ms(int ms)
{
	struct timespec t = { 0, ms * 1000000L };
	nanosleep(&t, NULL);
}

static int open_log(struct cluster *c, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct stat st;
	if (lstat(c->log, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > LOG_MAX)
		rename(c->log, pool_printf(tmp, "%s.1", c->log));
	int fd = open(c->log, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return mst_fail_errno(err, 0, "%s: cannot open", c->log);
	/* root in another's home: the owner opens it by himself another day */
	if (c->user && fstat(fd, &st) == 0 && st.st_uid == 0 && st.st_size == 0 && stat(c->home, &st) == 0 &&
	    st.st_uid != 0 && fchown(fd, st.st_uid, st.st_gid) < 0) {
		mst_fail_errno(err, 0, "%s: cannot set the owner", c->log);
		close(fd);
		return err->code;
	}
	return fd;
}

/* What the server wrote since `from`. */
static struct str log_since(struct pool *pool, struct cluster *c, off_t from)
{
	struct str s = STR("");
	struct mst_error ignored;
	int fd = open(c->log, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return s;
	if (lseek(fd, from, SEEK_SET) >= 0)
		fs_read_fd(pool, fd, c->log, LOG_MAX, &s, &ignored);
	close(fd);
	return s;
}

/* The last FATAL or PANIC, else the last line. */
static struct str last_words(struct str text)
{
	struct str line, last = STR("it says nothing");
	bool fatal = false;
	while (text.n) {
		if (!str_cut(text, '\n', &line, &text))
			text.n = 0;
		for (size_t i = 0; i + 6 < line.n; i++)
			if (memcmp(line.p + i, "FATAL:", 6) == 0 || memcmp(line.p + i, "PANIC:", 6) == 0) {
				last = str_trim((struct str){ line.p + i + 6, line.n - i - 6 });
				fatal = true;
				break;
			}
		if (!fatal && str_trim(line).n)
			last = str_trim(line);
	}
	return last;
}

static int fail_start(struct cluster *c, struct str said, const char *how, struct mst_error *err)
{
	struct str why = last_words(said);
	if ((said.n && strstr(said.p, "No space left on device")) || cluster_disk_full_(c->data)) {
		mst_fail(err, MST_IO, "cannot start the private PostgreSQL in %s: no space left on device", c->home);
		return mst_hint(err, "free some space there and try again");
	}
	mst_fail(err, MST_UNAVAILABLE, "cannot start the private PostgreSQL in %s: %.*s%s%s", c->home, STR_FMT(why),
		 said.n ? "" : "; ", said.n ? "" : how);
	return mst_hint(err, "see %s", c->log);
}

/* Files of a server that is gone.  PostgreSQL takes a process id that lives again
 * as another program of this user for a running server. */
static void clear_stale(struct cluster *c, const char *socket_dir)
{
	POOL_SCRATCH(tmp);
	unlink(fs_join(tmp, c->data, "postmaster.pid"));
	unlink(fs_join(tmp, socket_dir, ".s.PGSQL.5432"));
	unlink(fs_join(tmp, socket_dir, ".s.PGSQL.5432.lock"));
}

static int wait_ready(struct pool *pool, struct cluster *c, struct proc *p, struct cluster_state *out,
		      struct mst_error *err)
{
	int64_t begin = time_mono_us(), now;
	bool said = false;
	for (;;) {
		POOL_SCRATCH(tmp);
		struct cluster_state s;
		struct proc_status st;
		cluster_look(tmp, c, &s);
		if (s.ready) {
			cluster_look(pool, c, out);
			return 0;
		}
		now = time_mono_us();
		if (cluster_stopped_(c))
			return mst_fail(err, MST_CANCELLED, "interrupted");
		/* 1: it has ended; the caller knows what it said */
		if (p && proc_wait(p, 0, &st, err) != 0)
			return mst_fail(err, MST_UNAVAILABLE, "%s", proc_status_words(tmp, &st));
		if (!p && !s.running)
			return mst_fail(err, MST_UNAVAILABLE, "it ended while it was starting");
		if (now - begin > START_LIMIT_US) {
			mst_fail(err, MST_UNAVAILABLE, "it does not take connections after %d s",
				 (int)(START_LIMIT_US / US_PER_S));
			return mst_hint(err, "see %s", c->log);
		}
		if (!said && now - begin > SAY_AFTER_US) {
			cluster_note_(c, "waiting for the private PostgreSQL to recover, see %s", c->log);
			said = true;
		}
		nap_ms(5);
	}
}

static int launch(struct pool *pool, struct cluster *c, const char *bin, const char *socket_dir,
		  struct cluster_state *out, struct mst_error *err)
{
	int64_t begin = time_mono_us();
	for (;;) {
		POOL_SCRATCH(tmp);
		int log = open_log(c, err);
		if (log < 0)
			return log;
		off_t from = lseek(log, 0, SEEK_END);
		const char *const args[] = { fs_join(tmp, bin, "postgres"), "-D", c->data, "-k", socket_dir, NULL };
		struct proc_opts o = {
			.argv = cluster_argv_(tmp, c, args), .env = cluster_env_(tmp), .cwd = "/",
			.in = PROC_NULL, .out = log, .err = PROC_OUT, .session = true, .detached = true,
		};
		struct proc *p;
		int rc = proc_spawn(tmp, &o, &p, err);
		close(log);
		if (rc)
			return rc;
		rc = wait_ready(pool, c, p, out, err);
		if (!rc || err->code == MST_CANCELLED)
			return rc;
		struct proc_status st;
		if (proc_wait(p, 0, &st, err) != 1)
			return rc; /* it still tries */
		struct str said = log_since(tmp, c, from);
		/* children of a postmaster that was killed end by themselves in a moment */
		if (said.n && strstr(said.p, "shared memory block") && time_mono_us() - begin < ORPHANS_LIMIT_US) {
			nap_ms(100);
			continue;
		}
		return fail_start(c, said, proc_status_words(tmp, &st), err);
	}
}

static int wait_gone(struct cluster *c, int64_t limit_us, struct mst_error *err)
{
	int64_t end = time_mono_us() + limit_us;
	for (;;) {
		POOL_SCRATCH(tmp);
		struct cluster_state s;
		cluster_look(tmp, c, &s);
		if (!s.running)
			return 0;
		if (cluster_stopped_(c))
			return mst_fail(err, MST_CANCELLED, "interrupted");
		if (time_mono_us() > end) {
			mst_fail(err, MST_UNAVAILABLE, "the private PostgreSQL (process %ld) does not stop", (long)s.pid);
			return mst_hint(err, "see %s", c->log);
		}
		nap_ms(5);
	}
}

static int check_data(struct cluster *c, const struct cluster_state *s, struct mst_error *err)
{
	struct stat st;
	if (lstat(c->data, &st) == 0 && st.st_uid != c->uid) {
		POOL_SCRATCH(tmp);
		mst_fail(err, MST_DENIED, "%s belongs to %s; %s runs the server", c->data,
			 cluster_user_name_(tmp, st.st_uid), cluster_user_name_(tmp, c->uid));
		return mst_hint(err, "give it back with chown -R, or set MST_HOME to another folder");
	}
	if (s->major == 0) {
		mst_fail(err, MST_UNAVAILABLE, "%s holds no PostgreSQL cluster (no PG_VERSION)", c->data);
		return mst_hint(err, "move it away, or set MST_HOME to another folder");
	}
	if (s->major < CLUSTER_PG_MIN || s->major > CLUSTER_PG_MAX) {
		mst_fail(err, MST_UNAVAILABLE, "the data in %s is of PostgreSQL %d; this mst needs %d to %d", c->home,
			 s->major, CLUSTER_PG_MIN, CLUSTER_PG_MAX);
		return mst_hint(err, s->major < CLUSTER_PG_MIN ? "mst-db upgrade converts it; or set MST_HOME to another folder"
							      : "use a newer mst, or set MST_HOME to another folder");
	}
	return 0;
}

int cluster_start_locked_(struct pool *pool, struct cluster *c, struct cluster_state *out, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct cluster_state s;
	cluster_look(tmp, c, &s);
	if (s.running && !s.ready) {
		/* it starts or stops without us; or it lost its socket, as when the user's
		 * runtime folder is cleared at his logout */
		if (s.lost)
			kill(s.pid, SIGINT);
		else if (wait_ready(pool, c, NULL, out, err) == 0)
			return 0;
		else if (err->code == MST_CANCELLED)
			return err->code;
		int rc = wait_gone(c, STOP_LIMIT_US, err);
		if (rc)
			return rc;
		cluster_look(tmp, c, &s);
	}
	if (s.ready) {
		cluster_look(pool, c, out);
		return 0;
	}
	const char *bin, *socket_dir;
	int major, rc = s.exists ? check_data(c, &s, err) : 0;
	if (!rc)
		rc = cluster_find_bin(tmp, c, s.major, &bin, &major, err);
	if (!rc)
		rc = cluster_make_socket_dir_(tmp, c, &socket_dir, err);
	if (!rc && !s.exists)
		rc = cluster_create_(c, bin, major, err);
	if (rc)
		return rc;
	clear_stale(c, socket_dir);
	return launch(pool, c, bin, socket_dir, out, err);
}

int cluster_start(struct pool *pool, struct cluster *c, struct cluster_state *out, struct mst_error *err)
{
	int rc = cluster_make_home_(c, err);
	if (!rc)
		rc = cluster_lock_(c, err);
	if (rc)
		return rc;
	rc = cluster_start_locked_(pool, c, out, err);
	cluster_unlock_(c);
	return rc;
}

int cluster_stop_locked_(struct cluster *c, const struct cluster_state *s, struct mst_error *err)
{
	int rc = 0;
	if (s->running && kill(s->pid, SIGINT) < 0 && errno != ESRCH)
		rc = mst_fail_errno(err, 0, "cannot stop process %ld", (long)s->pid);
	if (!rc)
		rc = wait_gone(c, STOP_LIMIT_US, err);
	if (!rc && s->socket_dir)
		rmdir(s->socket_dir);
	return rc;
}

int cluster_stop(struct cluster *c, bool *was_running, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct cluster_state s;
	cluster_look(tmp, c, &s);
	if (was_running)
		*was_running = s.running;
	if (!s.exists)
		return 0;
	int rc = cluster_lock_(c, err);
	if (rc)
		return rc;
	cluster_look(tmp, c, &s);
	rc = cluster_stop_locked_(c, &s, err);
	cluster_unlock_(c);
	return rc;
}
