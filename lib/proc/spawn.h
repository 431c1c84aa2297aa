/* Child processes, by posix_spawn: never a fork of a large parent, no shell unless
 * the caller names one. */
#ifndef MST_PROC_SPAWN_H
#define MST_PROC_SPAWN_H

#include "base/error.h"
#include "base/stop.h"
#include "base/str.h"

#include <signal.h>
#include <sys/types.h>

/* For in, out and err besides a file descriptor of the caller's (which stays his). */
enum {
	PROC_NULL = 0,  /* /dev/null: what a zeroed struct gives; fd 0 itself is PROC_KEEP for `in` */
	PROC_KEEP = -1, /* the caller's own */
	PROC_PIPE = -2, /* a pipe: the caller's end is proc_out, proc_err; proc_capture feeds `in` */
	PROC_OUT = -3,  /* for err alone: where out goes */
};

struct proc_opts {
	const char *const *argv; /* argv[0] without a slash is searched in PATH; NULL ends */
	const char *const *env;  /* NULL: the caller's; else all of it, NULL ends */
	const char *cwd;         /* NULL: the caller's */
	int in, out, err;
	int keep_fd;   /* > 0: also handed to the child, as fd 3 */
	bool session;  /* a session of its own: no terminal, no Ctrl-C */
	bool leash;    /* the group is killed when this process is gone, however it went (mst-leash in
			* libexec watches; not together with keep_fd or detached) */
	bool detached; /* outlives the pool, and what it leaves behind is not killed */
};

struct proc;
struct proc_status {
	int code;   /* exit status, or -1 */
	int signal; /* that killed it, or 0 */
	bool timed_out;
};

/* Starts a child in a process group of its own with default signals and nothing
 * open but 0, 1, 2 (and 3, see keep_fd).  The proc hangs on the pool: freeing that
 * kills the group and closes the pipes.  MST_NOT_FOUND, MST_DENIED or MST_IO. */
int proc_spawn(struct pool *, const struct proc_opts *, struct proc **out, struct mst_error *);
pid_t proc_pid(const struct proc *);
/* Readable for poll(2) when the child has ended; it may be readable now and then before, so ask
 * proc_wait. */
int proc_fd(const struct proc *);
/* The caller's ends of pipes (-1: none). */
int proc_out(const struct proc *);
int proc_err(const struct proc *);
/* To the whole group; nothing where it has been waited for. */
void proc_kill(struct proc *, int sig);
/* Waits at most timeout_us (< 0: for ever; 0: just looks).  1 and the status when it has
 * ended: what it left behind in its group is killed then, unless it was detached.  0 when the
 * time is over, a signal came, or sooner: ask again. */
int proc_wait(struct proc *, int64_t timeout_us, struct proc_status *out, struct mst_error *);
/* SIGTERM to the group, SIGKILL after grace_us, and waits. */
void proc_end(struct proc *, int64_t grace_us, struct proc_status *out);
/* CPU time of all children (with theirs) that the calling thread has waited for. */
int64_t proc_cpu_us(void);

/* "exit status 3", "killed by SIGSEGV (Segmentation fault)", "timed out". */
const char *proc_status_words(struct pool *, const struct proc_status *);

struct proc_output {
	struct str out, err; /* NUL behind; cut at max_bytes */
	bool cut;
	struct proc_status status;
};
/* Runs a child to its end: feeds it `input`, captures stdout and stderr (at most max_bytes of
 * each; what comes beyond is read and dropped), kills the group after timeout_us (0: never)
 * or when *stop is set (may be NULL; then MST_CANCELLED).  opts' in, out, err are ignored
 * but for err PROC_KEEP and PROC_OUT.  A child that fails is no error here: see out->status. */
int proc_capture(struct pool *, const struct proc_opts *, struct str input, size_t max_bytes, int64_t timeout_us,
		 const stop_flag *stop, struct proc_output *out, struct mst_error *);

#endif
