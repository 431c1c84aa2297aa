/* mst-leash PROGRAM ARG ...: runs a program that must not outlive the one that asked for it.
 *
 * Descriptor 3 is the end of a pipe whose other end the asking process alone holds.  When that
 * process is gone, however it went, the pipe hangs up and the whole process group is killed.  Else
 * the leash ends as the program ends: with its status, or by its signal.  It is started as the
 * leader of the group (proc_spawn); signals to the group are for the program. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void on_child(int sig)
{
	(void)sig;
}

static int start(char **argv, const sigset_t *mask, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addclosefrom_np(&files, 3);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attr, mask);
	int rc = posix_spawnp(pid, argv[0], &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

/* As the program ended; without a second core. */
static void end_like(int status)
{
	if (!WIFSIGNALED(status))
		exit(WEXITSTATUS(status));
	sigset_t one;
	struct rlimit none = { 0, 0 };
	setrlimit(RLIMIT_CORE, &none);
	signal(WTERMSIG(status), SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, WTERMSIG(status));
	raise(WTERMSIG(status));
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	exit(128 + WTERMSIG(status));
}

int main(int argc, char **argv)
{
	sigset_t all, old;
	pid_t pid;
	int status;
	if (argc < 2 || getpgrp() != getpid()) {
		fprintf(stderr, "mst-leash: usage: mst-leash PROGRAM ARG ..., as the leader of a process group\n");
		return 2;
	}
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	signal(SIGCHLD, on_child);
	int rc = start(argv + 1, &old, &pid);
	if (rc) {
		fprintf(stderr, "mst-leash: %s: %s\n", argv[1], strerror(rc));
		return 127;
	}
	/* only the program's own end may wake the wait: a signal between the look and the wait does too */
	sigdelset(&all, SIGCHLD);
	struct pollfd f = { 3, 0, 0 };
	for (;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);
		if (got == pid)
			end_like(status);
		if (ppoll(&f, 1, NULL, &all) >= 0 || errno != EINTR)
			break;
	}
	kill(0, SIGKILL);
	return 7;
}
