#include "base/time.h"
#include "proc/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>
/* cmocka wants four of the above */
#include <cmocka.h>

#define SH(script) ((const char *const[]){ "sh", "-c", script, NULL })

static struct proc_output capture(struct pool *pool, const char *const *argv, struct str input, size_t max)
{
	struct mst_error err;
	struct proc_output out;
	struct proc_opts o = { .argv = argv };
	assert_int_equal(proc_capture(pool, &o, input, max, 30 * US_PER_S, NULL, &out, &err), 0);
	return out;
}

static void output_and_exit_status_arrive(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct proc_output got = capture(pool, SH("echo out; echo err >&2; exit 3"), STR(""), 100);
	assert_string_equal(got.out.p, "out\n");
	assert_string_equal(got.err.p, "err\n");
	assert_string_equal(proc_status_words(pool, &got.status), "exit status 3");
	got = capture(pool, SH("kill -SEGV $$"), STR(""), 100);
	assert_string_equal(proc_status_words(pool, &got.status), "killed by SIGSEGV (Segmentation fault)");
	assert_int_equal(got.status.code, -1);
	assert_int_equal(got.status.signal, SIGSEGV);
}

static void a_leash_passes_on_how_the_program_ended(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct mst_error err;
	struct proc_output got;
	struct proc_opts o = { .leash = true };
	o.argv = SH("echo out; echo err >&2; exit 3");
	assert_int_equal(proc_capture(pool, &o, STR(""), 100, 30 * US_PER_S, NULL, &got, &err), 0);
	assert_string_equal(got.out.p, "out\n");
	assert_string_equal(got.err.p, "err\n");
	assert_int_equal(got.status.code, 3);
	o.argv = SH("kill -SEGV $$");
	assert_int_equal(proc_capture(pool, &o, STR(""), 100, 30 * US_PER_S, NULL, &got, &err), 0);
	assert_int_equal(got.status.signal, SIGSEGV);
	o.argv = SH("trap 'echo told; exit 4' TERM; kill -TERM 0; sleep 0.1");
	assert_int_equal(proc_capture(pool, &o, STR(""), 100, 30 * US_PER_S, NULL, &got, &err), 0);
	assert_string_equal(got.out.p, "told\n");
	assert_int_equal(got.status.code, 4);
	o.argv = (const char *const[]){ "/no/such/program", NULL };
	assert_int_equal(proc_capture(pool, &o, STR(""), 100, 30 * US_PER_S, NULL, &got, &err), 0);
	assert_string_equal(got.err.p, "mst-leash: /no/such/program: No such file or directory\n");
	assert_int_equal(got.status.code, 127);
}

static void input_is_fed_and_output_cut(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	size_t n = 3 << 20;
	char *big = pool_alloc(pool, n);
	memset(big, 'x', n);
	struct proc_output got = capture(pool, SH("cat; head -c 300000 /dev/zero >&2"), (struct str){ big, n }, n);
	assert_int_equal(got.out.n, n);
	assert_memory_equal(got.out.p, big, n);
	assert_int_equal(got.err.n, 300000);
	assert_false(got.cut);
	got = capture(pool, SH("cat"), (struct str){ big, n }, 10);
	assert_string_equal(got.out.p, "xxxxxxxxxx");
	assert_true(got.cut);
}

static void a_child_that_does_not_read_is_no_harm(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	size_t n = 1 << 20;
	char *big = pool_zalloc(pool, n);
	struct proc_output got = capture(pool, SH("exec 0<&-; echo done"), (struct str){ big, n }, 100);
	assert_string_equal(got.out.p, "done\n");
	assert_int_equal(got.status.code, 0);
}

static void the_time_limit_kills_the_whole_group(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct mst_error err;
	struct proc_output out;
	struct proc_opts o = { .argv = SH("sleep 100 & echo $!; sleep 100") };
	int64_t begin = time_mono_us();
	assert_int_equal(proc_capture(pool, &o, STR(""), 100, US_PER_S / 2, NULL, &out, &err), 0);
	assert_in_range(time_mono_us() - begin, US_PER_S / 2, 20 * US_PER_S);
	assert_true(out.status.timed_out);
	assert_string_equal(proc_status_words(pool, &out.status), "timed out");
	pid_t child = (pid_t)strtol(out.out.p, NULL, 10);
	assert_true(child > 1);
	/* reaped by init in a moment; until then it is a zombie */
	for (int i = 0; i < 500 && kill(child, 0) == 0; i++) {
		struct str stat;
		char path[64];
		snprintf(path, sizeof path, "/proc/%d/stat", (int)child);
		FILE *f = fopen(path, "r");
		char line[256] = "";
		if (f) {
			stat.p = fgets(line, sizeof line, f);
			fclose(f);
			if (stat.p && strstr(line, ") Z"))
				break;
		}
		usleep(10000);
		assert_true(i < 499);
	}
}

static void what_a_child_leaves_behind_is_killed(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	int64_t begin = time_mono_us();
	/* it would hold the pipe open for 100 seconds */
	struct proc_output got = capture(pool, SH("sleep 100 & echo gone"), STR(""), 100);
	assert_string_equal(got.out.p, "gone\n");
	assert_true(time_mono_us() - begin < 20 * US_PER_S);
}

static stop_flag stop;
static void on_alarm(int sig)
{
	stop = sig;
}

static void a_signal_ends_the_wait(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct mst_error err;
	struct proc_output out;
	struct proc_opts o = { .argv = SH("sleep 100") };
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval t = { .it_value = { .tv_usec = 100000 } };
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &t, NULL);
	assert_int_equal(proc_capture(pool, &o, STR(""), 100, 0, &stop, &out, &err), MST_CANCELLED);
	assert_string_equal(err.msg, "interrupted");
	stop = 0;
}

static void a_program_that_cannot_be_started_says_why(void **state)
{
	(void)state;
	/* valgrind makes fork of vfork, and then posix_spawn cannot know */
	const char *preload = getenv("LD_PRELOAD");
	if (preload && strstr(preload, "vgpreload"))
		skip();
	POOL_SCRATCH(pool);
	struct mst_error err;
	struct proc *p = NULL;
	struct proc_opts o = { .argv = (const char *const[]){ "/nonexistent/x", NULL } };
	assert_int_equal(proc_spawn(pool, &o, &p, &err), MST_NOT_FOUND);
	assert_string_equal(err.msg, "/nonexistent/x: cannot start: No such file or directory");
	o.argv = (const char *const[]){ "/etc/passwd", NULL };
	assert_int_equal(proc_spawn(pool, &o, &p, &err), MST_DENIED);
	assert_string_equal(err.msg, "/etc/passwd: cannot start: Permission denied");
	o.argv = SH("true");
	o.cwd = "/nonexistent";
	assert_int_equal(proc_spawn(pool, &o, &p, &err), MST_NOT_FOUND);
	assert_string_equal(err.msg, "sh: cannot start in folder /nonexistent: No such file or directory");
	assert_null(p);
}

static void a_child_starts_clean(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct mst_error err;
	struct proc_output out;
	sigset_t all;
	int leak = open("/dev/null", O_RDONLY); /* without close-on-exec */
	signal(SIGPIPE, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	struct proc_opts o = {
		/* signals 32 and 33 are the C library's own */
		.argv = SH("pwd; echo $A-$B; ls /proc/self/fd | wc -l;"
			   "while read -r k v; do case $k in SigBlk:|SigIgn:) echo $k $((0x$v & 0x7fffffff)) ;; esac;"
			   "done </proc/self/status"),
		.env = (const char *const[]){ "A=1", "PATH=/usr/bin:/bin", NULL },
		.cwd = "/usr",
	};
	assert_int_equal(proc_capture(pool, &o, STR(""), 4096, 30 * US_PER_S, NULL, &out, &err), 0);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	signal(SIGPIPE, SIG_DFL);
	close(leak);
	/* 0, 1, 2 and the folder that ls reads */
	assert_string_equal(out.out.p, "/usr\n1-\n4\nSigBlk: 0\nSigIgn: 0\n");
}

static void a_kept_descriptor_is_number_3(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct mst_error err;
	struct proc_output out;
	int fd[2];
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	struct proc_opts o = { .argv = SH("echo hello >&3"), .keep_fd = fd[1] };
	assert_int_equal(proc_capture(pool, &o, STR(""), 100, 30 * US_PER_S, NULL, &out, &err), 0);
	char b[16] = "";
	assert_int_equal(read(fd[0], b, sizeof b), 6);
	assert_string_equal(b, "hello\n");
	close(fd[0]);
	close(fd[1]);
}

static void streams_may_be_given_or_shared(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct mst_error err;
	struct proc *p;
	struct proc_status st;
	char b[64] = "";
	int fd[2];
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	struct proc_opts o = { .argv = SH("echo a; echo b >&2"), .in = PROC_NULL, .out = fd[1], .err = PROC_OUT };
	assert_int_equal(proc_spawn(pool, &o, &p, &err), 0);
	close(fd[1]);
	while (proc_wait(p, -1, &st, &err) == 0)
		;
	assert_int_equal(st.code, 0);
	assert_int_equal(read(fd[0], b, sizeof b), 4);
	assert_string_equal(b, "a\nb\n");
	close(fd[0]);
	assert_int_equal(proc_out(p), -1);
}

static void an_end_comes_with_grace_and_then_without(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct mst_error err;
	struct proc *p;
	struct proc_status st;
	char b[8];
	struct proc_opts o = { .argv = SH("trap 'exit 7' TERM; echo; while :; do sleep 0.05; done"), .out = PROC_PIPE };
	assert_int_equal(proc_spawn(pool, &o, &p, &err), 0);
	assert_int_equal(read(proc_out(p), b, 1), 1);
	assert_int_equal(proc_wait(p, 0, &st, &err), 0);
	proc_end(p, 20 * US_PER_S, &st);
	assert_int_equal(st.code, 7);
	o.argv = SH("trap '' TERM; echo; while :; do sleep 0.05; done");
	assert_int_equal(proc_spawn(pool, &o, &p, &err), 0);
	assert_int_equal(read(proc_out(p), b, 1), 1);
	proc_end(p, 100000, &st);
	assert_int_equal(st.signal, SIGKILL);
}

static void the_pool_takes_the_child_along(void **state)
{
	(void)state;
	struct mst_error err;
	struct proc *p;
	struct pool *pool = pool_new(NULL);
	struct proc_opts o = { .argv = SH("sleep 100") };
	assert_int_equal(proc_spawn(pool, &o, &p, &err), 0);
	pid_t pid = proc_pid(p);
	assert_int_equal(kill(pid, 0), 0);
	pool_free(pool);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
}

static void a_session_has_no_terminal_and_a_group_of_its_own(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct mst_error err;
	struct proc_output out;
	struct proc_opts o = { .argv = SH("set -- $(cat /proc/$$/stat); [ $5 = $$ ] && [ $6 = $$ ] && echo own"),
			       .session = true };
	assert_int_equal(proc_capture(pool, &o, STR(""), 100, 30 * US_PER_S, NULL, &out, &err), 0);
	assert_string_equal(out.out.p, "own\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_and_exit_status_arrive),
		cmocka_unit_test(a_leash_passes_on_how_the_program_ended),
		cmocka_unit_test(input_is_fed_and_output_cut),
		cmocka_unit_test(a_child_that_does_not_read_is_no_harm),
		cmocka_unit_test(the_time_limit_kills_the_whole_group),
		cmocka_unit_test(what_a_child_leaves_behind_is_killed),
		cmocka_unit_test(a_signal_ends_the_wait),
		cmocka_unit_test(a_program_that_cannot_be_started_says_why),
		cmocka_unit_test(a_child_starts_clean),
		cmocka_unit_test(a_kept_descriptor_is_number_3),
		cmocka_unit_test(streams_may_be_given_or_shared),
		cmocka_unit_test(an_end_comes_with_grace_and_then_without),
		cmocka_unit_test(the_pool_takes_the_child_along),
		cmocka_unit_test(a_session_has_no_terminal_and_a_group_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
