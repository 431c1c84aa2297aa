#include "proc/spawn.h"

#include "base/time.h"
#include "proc/libexec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static _Thread_local int64_t cpu_us;

int64_t proc_cpu_us(void)
{
	return cpu_us;
}

struct proc {
	pid_t pid;
	int pidfd;
	bool ticks; /* pidfd is a clock */
	int in, out, err;
	int leash; /* the end of its pipe that we alone hold, or -1 */
	bool ended, detached;
	struct proc_status status;
};

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void read_status(struct proc *p, const siginfo_t *i)
{
	p->ended = true;
	if (i->si_code == CLD_EXITED)
		p->status.code = i->si_status;
	else {
		p->status.code = -1;
		p->status.signal = i->si_status;
	}
}

/* The group is killed before its leader is reaped: until then its number cannot
 * belong to anyone else. */
static bool reap(struct proc *p, int flags)
{
	siginfo_t i = { .si_pid = 0 };
	uint64_t ticks;
	if (p->ended)
		return true;
	if (p->ticks && read(p->pidfd, &ticks, sizeof ticks) < 0 && errno != EAGAIN)
		return false;
	while (waitid(P_PID, (id_t)p->pid, &i, WEXITED | WNOWAIT | flags) < 0)
		if (errno != EINTR)
			return false;
	if (i.si_pid == 0)
		return false;
	if (!p->detached)
		kill(-p->pid, SIGKILL);
	struct rusage used;
	if (wait4(p->pid, NULL, 0, &used) == p->pid)
		cpu_us += used.ru_utime.tv_sec * US_PER_S + used.ru_utime.tv_usec +
			  used.ru_stime.tv_sec * US_PER_S + used.ru_stime.tv_usec;
	read_status(p, &i);
	return true;
}

static void release(void *arg)
{
	struct proc *p = arg;
	if (!p->ended && !p->detached && p->pid > 0) {
		kill(-p->pid, SIGKILL);
		reap(p, 0);
	}
	shut(&p->in);
	shut(&p->out);
	shut(&p->err);
	shut(&p->leash);
	shut(&p->pidfd);
}

/* A pipe for the child's fd `child`; `mine` gets the caller's end. */
static int make_pipe(int child, int *mine, int *theirs, struct mst_error *err)
{
	int fd[2];
	if (pipe2(fd, O_CLOEXEC) < 0)
		return mst_fail_errno(err, MST_IO, "pipe");
	*mine = fd[child == 0];
	*theirs = fd[child != 0];
	return 0;
}

static void shut_copy(void *arg)
{
	close(*(int *)arg);
}

/* dup2 onto itself would leave close-on-exec set, so the sources are first copied
 * out of the way of 0 to 3. */
static int away(struct pool *tmp, int fd, struct mst_error *err)
{
	int *copy = pool_alloc(tmp, sizeof *copy);
	*copy = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	if (*copy < 0)
		return mst_fail_errno(err, MST_IO, "cannot pass file descriptor %d on", fd);
	pool_on_free(tmp, shut_copy, copy);
	return *copy;
}

static int add_stream(struct pool *tmp, posix_spawn_file_actions_t *a, int child, int want, int *mine,
		      struct mst_error *err)
{
	int source = want;
	if (want == PROC_OUT && child == 2)
		return posix_spawn_file_actions_adddup2(a, 1, 2) ? mst_fail(err, MST_IO, "posix_spawn") : 0;
	if (want == PROC_NULL) {
		int flags = child == 0 ? O_RDONLY : O_WRONLY;
		return posix_spawn_file_actions_addopen(a, child, "/dev/null", flags, 0)
			       ? mst_fail(err, MST_IO, "posix_spawn")
			       : 0;
	}
	if (want == PROC_KEEP) {
		source = child;
	} else if (want == PROC_PIPE) {
		int *theirs = pool_alloc(tmp, sizeof *theirs);
		int rc = make_pipe(child, mine, theirs, err);
		if (rc)
			return rc;
		pool_on_free(tmp, shut_copy, theirs);
		source = *theirs;
	}
	int copy = away(tmp, source, err);
	if (copy < 0)
		return copy;
	return posix_spawn_file_actions_adddup2(a, copy, child) ? mst_fail(err, MST_IO, "posix_spawn") : 0;
}

static void destroy_actions(void *a)
{
	posix_spawn_file_actions_destroy(a);
}

static int add_files(struct pool *tmp, const struct proc_opts *o, struct proc *p, posix_spawn_file_actions_t *a,
		     struct mst_error *err)
{
	int rc = add_stream(tmp, a, 0, o->in, &p->in, err);
	if (!rc)
		rc = add_stream(tmp, a, 1, o->out, &p->out, err);
	if (!rc)
		rc = add_stream(tmp, a, 2, o->err, &p->err, err);
	int last = 3;
	if (!rc && o->keep_fd > 0) {
		int copy = away(tmp, o->keep_fd, err);
		if (copy < 0)
			return copy;
		posix_spawn_file_actions_adddup2(a, copy, last++);
	}
	if (!rc && o->cwd && posix_spawn_file_actions_addchdir_np(a, o->cwd))
		rc = mst_fail(err, MST_IO, "posix_spawn");
	if (!rc && posix_spawn_file_actions_addclosefrom_np(a, last))
		rc = mst_fail(err, MST_IO, "posix_spawn");
	return rc;
}

/* Where the kernel (or valgrind) has no pidfd, a clock says when to look. */
static int watch(struct proc *p)
{
	static const struct itimerspec tick = { { 0, 10000000 }, { 0, 10000000 } };
	p->pidfd = pidfd_open(p->pid, 0);
	if (p->pidfd >= 0 || errno != ENOSYS)
		return p->pidfd;
	p->ticks = true;
	p->pidfd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (p->pidfd >= 0)
		timerfd_settime(p->pidfd, 0, &tick, NULL);
	return p->pidfd;
}

/* Puts mst-leash in front of what is to run, with the other end of a pipe as its descriptor 3. */
static int add_leash(struct pool *tmp, struct proc *p, struct proc_opts *o, struct mst_error *err)
{
	size_t n = 0;
	const char *path;
	int *theirs = pool_alloc(tmp, sizeof *theirs);
	int rc = libexec_path(tmp, "mst-leash", &path, err);
	if (!rc)
		rc = make_pipe(0, &p->leash, theirs, err);
	if (rc)
		return rc;
	pool_on_free(tmp, shut_copy, theirs);
	while (o->argv[n])
		n++;
	const char **argv = pool_array(tmp, n + 2, sizeof *argv);
	argv[0] = path;
	memcpy(argv + 1, o->argv, (n + 1) * sizeof *argv);
	o->argv = argv;
	o->keep_fd = *theirs;
	return 0;
}

int proc_spawn(struct pool *pool, const struct proc_opts *opts, struct proc **out, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct proc_opts own = *opts, *o = &own;
	struct proc *p = pool_zalloc(pool, sizeof *p);
	p->pidfd = p->in = p->out = p->err = p->leash = -1;
	p->detached = o->detached;
	pool_on_free(pool, release, p);
	if (o->leash) {
		int rc = add_leash(tmp, p, o, err);
		if (rc)
			return rc;
	}

	posix_spawn_file_actions_t *files = pool_alloc(tmp, sizeof *files);
	if (posix_spawn_file_actions_init(files))
		mst_out_of_memory();
	pool_on_free(tmp, destroy_actions, files);
	int rc = add_files(tmp, o, p, files, err);
	if (rc)
		return rc;

	posix_spawnattr_t attr;
	sigset_t all, none;
	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	/* a session has a group of its own already */
	posix_spawnattr_setflags(&attr, (short)((o->session ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP) |
						POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK));
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setsigmask(&attr, &none);
	int e = posix_spawnp(&p->pid, o->argv[0], files, &attr, (char *const *)o->argv,
			     o->env ? (char *const *)o->env : environ);
	posix_spawnattr_destroy(&attr);
	if (e) {
		p->pid = 0;
		p->ended = true;
		errno = e;
		if (o->cwd && (e == ENOENT || e == ENOTDIR) && access(o->cwd, X_OK) < 0)
			return mst_fail_errno(err, 0, "%s: cannot start in folder %s", o->argv[0], o->cwd);
		return mst_fail_errno(err, 0, "%s: cannot start", o->argv[0]);
	}
	if (watch(p) < 0)
		return mst_fail_errno(err, MST_IO, "%s: pidfd_open", o->argv[0]);
	*out = p;
	return 0;
}

pid_t proc_pid(const struct proc *p)
{
	return p->pid;
}

int proc_fd(const struct proc *p)
{
	return p->pidfd;
}

int proc_out(const struct proc *p)
{
	return p->out;
}

int proc_err(const struct proc *p)
{
	return p->err;
}

void proc_kill(struct proc *p, int sig)
{
	if (!p->ended)
		kill(-p->pid, sig);
}

int proc_wait(struct proc *p, int64_t timeout_us, struct proc_status *out, struct mst_error *err)
{
	if (!p->ended && timeout_us != 0) {
		struct pollfd f = { p->pidfd, POLLIN, 0 };
		struct timespec t = { timeout_us / US_PER_S, timeout_us % US_PER_S * 1000 };
		if (ppoll(&f, 1, timeout_us < 0 ? NULL : &t, NULL) < 0 && errno != EINTR)
			return mst_fail_errno(err, MST_IO, "poll");
	}
	if (!reap(p, WNOHANG))
		return 0;
	*out = p->status;
	return 1;
}

void proc_end(struct proc *p, int64_t grace_us, struct proc_status *out)
{
	struct mst_error ignored;
	int64_t end = time_mono_us() + grace_us, left;
	proc_kill(p, SIGTERM);
	while (!p->ended && (left = end - time_mono_us()) > 0)
		if (proc_wait(p, left, out, &ignored) < 0)
			break;
	proc_kill(p, SIGKILL);
	reap(p, 0);
	*out = p->status;
}

const char *proc_status_words(struct pool *pool, const struct proc_status *s)
{
	if (s->timed_out)
		return "timed out";
	if (!s->signal)
		return pool_printf(pool, "exit status %d", s->code);
	const char *abbrev = sigabbrev_np(s->signal), *text = sigdescr_np(s->signal);
	if (!abbrev)
		return pool_printf(pool, "killed by signal %d", s->signal);
	return pool_printf(pool, "killed by SIG%s (%s)", abbrev, text);
}

struct sink {
	int *fd;
	struct buf b;
	size_t max;
	bool cut;
};

static void take(struct sink *s)
{
	char piece[16384];
	ssize_t n = read(*s->fd, piece, sizeof piece);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		shut(s->fd);
		return;
	}
	size_t room = s->max - s->b.n;
	s->cut |= (size_t)n > room;
	buf_add(&s->b, piece, (size_t)n < room ? (size_t)n : room);
}

/* MSG_NOSIGNAL is for sockets: a child that does not read must not kill us. */
static ssize_t write_quietly(int fd, struct str s)
{
	sigset_t pipe, old;
	struct timespec now = { 0, 0 };
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &old);
	ssize_t n = write(fd, s.p, s.n);
	int e = errno;
	if (n < 0 && e == EPIPE)
		while (sigtimedwait(&pipe, NULL, &now) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = e;
	return n;
}

static void feed(struct proc *p, struct str *input)
{
	if (input->n) {
		ssize_t n = write_quietly(p->in, (struct str){ input->p, input->n < 4096 ? input->n : 4096 });
		if (n > 0) {
			input->p += n;
			input->n -= (size_t)n;
		} else if (n < 0 && errno != EINTR && errno != EAGAIN)
			input->n = 0;
	}
	if (!input->n)
		shut(&p->in);
}

int proc_capture(struct pool *pool, const struct proc_opts *opts, struct str input, size_t max_bytes,
		 int64_t timeout_us, const stop_flag *stop, struct proc_output *out,
		 struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct proc *p;
	struct proc_opts o = *opts;
	o.in = input.n ? PROC_PIPE : PROC_NULL;
	o.out = PROC_PIPE;
	if (o.err != PROC_KEEP && o.err != PROC_OUT)
		o.err = PROC_PIPE;
	int rc = proc_spawn(tmp, &o, &p, err);
	if (rc)
		return rc;
	struct sink so = { .fd = &p->out, .max = max_bytes }, se = { .fd = &p->err, .max = max_bytes };
	buf_init(&so.b, pool);
	buf_init(&se.b, pool);
	int64_t end = time_mono_us() + timeout_us;
	struct proc_status st = { .code = -1 };
	bool timed_out = false, ended = false;
	while (!ended || p->out >= 0 || p->err >= 0) {
		struct pollfd f[4] = {
			{ ended ? -1 : p->pidfd, POLLIN, 0 }, { p->out, POLLIN, 0 }, { p->err, POLLIN, 0 }, { p->in, POLLOUT, 0 },
		};
		int64_t left = timeout_us ? end - time_mono_us() : 200000;
		if (stop && *stop)
			return mst_fail(err, MST_CANCELLED, "interrupted");
		if (left <= 0) {
			timed_out = true;
			proc_kill(p, SIGKILL);
			reap(p, 0);
			break;
		}
		if (poll(f, 4, left < 200000 ? (int)(left / 1000) + 1 : 200) < 0) {
			if (errno == EINTR)
				continue;
			return mst_fail_errno(err, MST_IO, "poll");
		}
		if (f[1].revents)
			take(&so);
		if (f[2].revents)
			take(&se);
		if (f[3].revents)
			feed(p, &input);
		/* its group is killed with it, so the pipes end too */
		if (f[0].revents)
			ended = reap(p, WNOHANG);
	}
	st = p->status;
	st.timed_out = timed_out;
	*out = (struct proc_output){ { buf_cstr(&so.b), so.b.n }, { buf_cstr(&se.b), se.b.n }, so.cut || se.cut, st };
	return 0;
}
