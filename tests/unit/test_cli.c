/* Option tables: parsing, errors, defaults from the configuration, help. */
#include "base/fs.h"
#include "cli/config.h"
#include "cli/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

struct args {
	bool flag;
	const char *name, *file, *color;
	int64_t jobs, wait, late;
	struct cli_list tags;
	bool dry;
};

static int run(struct cli *cli, struct mst_error *err)
{
	(void)cli;
	(void)err;
	return 0;
}

static const struct cli_opt opts[] = {
	{ .name = "flag", .letter = 'f', .kind = CLI_FLAG, .offset = offsetof(struct args, flag), .help = "a flag" },
	{ .name = "name", .kind = CLI_STRING, .offset = offsetof(struct args, name), .metavar = "NAME",
	  .help = "a name", .def = "nobody" },
	{ .name = "file", .kind = CLI_PATH, .offset = offsetof(struct args, file), .metavar = "FILE", .help = "a file" },
	{ .name = "color", .kind = CLI_ENUM, .offset = offsetof(struct args, color), .metavar = "WHEN",
	  .values = "auto|always|never", .key = "color", .help = "when to use colours" },
	{ .name = "jobs", .letter = 'j', .kind = CLI_INT, .offset = offsetof(struct args, jobs), .metavar = "N",
	  .key = "jobs", .min = 1, .max = 64, .help = "how many at once" },
	{ .name = "wait", .kind = CLI_DURATION, .offset = offsetof(struct args, wait), .metavar = "TIME", .help = "how long" },
	{ .name = "late", .kind = CLI_INT, .offset = offsetof(struct args, late), .metavar = "N", .help = "any number" },
	{ .name = "tag", .letter = 't', .kind = CLI_LIST, .offset = offsetof(struct args, tags), .metavar = "TAG",
	  .help = "a tag" },
	{ 0 },
};

static const struct cli_opt migrate_opts[] = {
	{ .name = "dry-run", .kind = CLI_FLAG, .offset = offsetof(struct args, dry), .help = "only say what would be done" },
	{ 0 },
};

static const struct cli_sub subs[] = {
	{ .name = "start", .args = "", .summary = "start it", .run = run },
	{ .name = "stop", .args = "", .summary = "stop it", .opts = migrate_opts, .run = run },
	{ .name = "migrate", .args = "[NAME]", .summary = "migrate it", .max_args = 1, .opts = migrate_opts, .run = run },
	{ .name = "psql", .args = "[ARGUMENT ...]", .summary = "talk to it", .max_args = -1, .verbatim = true, .run = run },
	{ 0 },
};

static const struct cli_cmd plain = { .name = "mst-x", .summary = "do x", .args = "[FILE ...]", .max_args = 2,
				      .args_size = sizeof(struct args), .groups = CLI_OUTPUT | CLI_DB, .opts = opts,
				      .run = run };
static const struct cli_cmd many = { .name = "mst-y", .summary = "do y", .args_size = sizeof(struct args),
				     .opts = opts, .subs = subs };

struct test {
	struct pool *pool;
	struct cli cli;
	struct cli_parsed parsed;
	struct mst_error err;
	const struct args *args;
	char *shown; /* "MESSAGE / HINT" */
	int rc;
};

static void parse(struct test *t, const struct cli_cmd *cmd, const char *line)
{
	char *argv[16] = { (char *)cmd->name };
	int argc = 1;
	*t = (struct test){ .pool = pool_new(NULL) };
	struct str rest = str_of(line), word;
	while (rest.n) {
		str_cut(rest, ' ', &word, &rest);
		argv[argc++] = str_z(t->pool, word);
	}
	argv[argc] = NULL;
	t->cli = (struct cli){ .pool = t->pool, .cmd = cmd };
	t->rc = cli_parse(&t->cli, argc, argv, &t->parsed, &t->err);
	t->args = t->cli.args;
	if (t->rc == 0 && config_load(t->pool, NULL, &t->cli.config, &t->err) == 0)
		t->rc = cli_defaults(&t->cli, &t->parsed, &t->err);
	t->shown = pool_printf(t->pool, "%s / %s", t->err.msg, t->err.hint);
}

static void refuses(const struct cli_cmd *cmd, const char *line, const char *message)
{
	struct test t;
	parse(&t, cmd, line);
	assert_int_equal(t.rc, MST_USAGE);
	assert_string_equal(t.shown, message);
	pool_free(t.pool);
}

static void options_stand_before_and_behind_operands(void **state)
{
	(void)state;
	struct test t;
	parse(&t, &plain, "one -fj 4 two --name=ada --wait 1h30m --file a.sql");
	assert_int_equal(t.rc, 0);
	assert_int_equal(t.cli.argc, 2);
	assert_string_equal(t.cli.argv[0], "one");
	assert_string_equal(t.cli.argv[1], "two");
	assert_null(t.cli.argv[2]);
	assert_true(t.args->flag);
	assert_int_equal(t.args->jobs, 4);
	assert_string_equal(t.args->name, "ada");
	assert_string_equal(t.args->file, "a.sql");
	assert_int_equal(t.args->wait, INT64_C(5400000000));
	pool_free(t.pool);
}

static void two_dashes_end_the_options(void **state)
{
	(void)state;
	struct test t;
	parse(&t, &plain, "-- --flag -x");
	assert_int_equal(t.rc, 0);
	assert_false(t.args->flag);
	assert_int_equal(t.cli.argc, 2);
	assert_string_equal(t.cli.argv[0], "--flag");
	pool_free(t.pool);
}

static void a_lone_dash_is_an_operand(void **state)
{
	(void)state;
	struct test t;
	parse(&t, &plain, "-");
	assert_int_equal(t.rc, 0);
	assert_int_equal(t.cli.argc, 1);
	assert_string_equal(t.cli.argv[0], "-");
	pool_free(t.pool);
}

static void a_list_keeps_every_value_in_order(void **state)
{
	(void)state;
	struct test t;
	parse(&t, &plain, "-t a --tag b -tc --tag=d -t e");
	assert_int_equal(t.args->tags.n, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(t.args->tags.v[i][0], "abcde"[i]);
	pool_free(t.pool);
}

static void of_a_flag_given_twice_the_last_counts(void **state)
{
	(void)state;
	struct test t;
	parse(&t, &plain, "--name a --name b --json --csv");
	assert_string_equal(t.args->name, "b");
	assert_int_equal(t.parsed.format, CLI_CSV);
	pool_free(t.pool);
}

static void a_unique_beginning_of_an_option_is_enough(void **state)
{
	(void)state;
	struct test t;
	parse(&t, &plain, "--na ada");
	assert_string_equal(t.args->name, "ada");
	pool_free(t.pool);
	refuses(&plain, "--fl --f", "option '--f' is ambiguous / try 'mst-x --help'");
}

static void wrong_options_are_named(void **state)
{
	(void)state;
	refuses(&plain, "--nmae x", "unknown option '--nmae' (did you mean '--name'?) / try 'mst-x --help'");
	refuses(&plain, "--zzzzzz=1", "unknown option '--zzzzzz' / try 'mst-x --help'");
	refuses(&plain, "-fq", "unknown option '-q' / try 'mst-x --help'");
	refuses(&plain, "--name", "option '--name' needs a value / try 'mst-x --help'");
	refuses(&plain, "-j", "option '-j' needs a value / try 'mst-x --help'");
	refuses(&plain, "--flag=yes", "option '--flag' takes no value / try 'mst-x --help'");
}

static void wrong_values_are_named(void **state)
{
	(void)state;
	refuses(&plain, "-j 0", "option '--jobs': '0' is out of range (1 to 64) / try 'mst-x --help'");
	refuses(&plain, "-j 65", "option '--jobs': '65' is out of range (1 to 64) / try 'mst-x --help'");
	refuses(&plain, "-j 4x", "option '--jobs': '4x' is not a whole number / try 'mst-x --help'");
	refuses(&plain, "--jobs=", "option '--jobs': '' is not a whole number / try 'mst-x --help'");
	refuses(&plain, "--late -1", "option '--late': '-1' is out of range (0 or more) / try 'mst-x --help'");
	refuses(&plain, "--late 99999999999999999999",
		"option '--late': '99999999999999999999' is out of range (0 or more) / try 'mst-x --help'");
	refuses(&plain, "--wait soon", "option '--wait': 'soon' is not a duration / write 500ms, 10s, 5m, 1h30m, 2d or 1w");
	refuses(&plain, "--color alwys",
		"option '--color': unknown value 'alwys' (did you mean 'always'?) / one of: auto, always, never");
	refuses(&plain, "--color pink", "option '--color': unknown value 'pink' / one of: auto, always, never");
}

static void operands_are_counted(void **state)
{
	(void)state;
	refuses(&plain, "a b c", "unexpected operand 'c' / try 'mst-x --help'");
	refuses(&many, "start now", "unexpected operand 'now' / try 'mst-y start --help'");
}

static void subcommands_take_options_on_both_sides(void **state)
{
	(void)state;
	struct test t;
	parse(&t, &many, "--dry -j 3 migrate --name x here");
	assert_int_equal(t.rc, 0);
	assert_string_equal(t.cli.sub->name, "migrate");
	assert_true(t.args->dry);
	assert_int_equal(t.args->jobs, 3);
	assert_int_equal(t.cli.argc, 1);
	assert_string_equal(t.cli.argv[0], "here");
	pool_free(t.pool);
}

static void subcommands_are_suggested(void **state)
{
	(void)state;
	refuses(&many, "", "which command of mst-y? / one of: start, stop, migrate, psql");
	refuses(&many, "strat", "unknown command 'strat' (did you mean 'start'?) / one of: start, stop, migrate, psql");
	refuses(&many, "zzzzzzzz", "unknown command 'zzzzzzzz' / one of: start, stop, migrate, psql");
	refuses(&many, "start --dry-run",
		"option '--dry-run' belongs to 'stop', not to 'start' / try 'mst-y start --help'");
}

static void a_verbatim_subcommand_leaves_everything_behind_it_alone(void **state)
{
	(void)state;
	struct test t;
	parse(&t, &many, "-f psql -c --name --help -- x");
	assert_int_equal(t.rc, 0);
	assert_true(t.args->flag);
	assert_false(t.parsed.common.help);
	assert_int_equal(t.cli.argc, 5);
	assert_string_equal(t.cli.argv[0], "-c");
	assert_string_equal(t.cli.argv[3], "--");
	assert_string_equal(t.cli.argv[4], "x");
	pool_free(t.pool);
}

static void defaults_come_from_the_configuration_and_the_table(void **state)
{
	(void)state;
	struct test t;
	setenv("MST_JOBS", "7", 1);
	parse(&t, &plain, "");
	assert_int_equal(t.args->jobs, 7);
	assert_string_equal(t.args->name, "nobody");
	assert_string_equal(t.args->color, "auto");
	pool_free(t.pool);
	parse(&t, &plain, "-j 9 --db host=here");
	assert_int_equal(t.args->jobs, 9);
	assert_string_equal(config_get(t.cli.config, "jobs"), "9");
	assert_string_equal(config_origin(t.cli.config, "jobs"), "flag --jobs");
	assert_string_equal(config_get(t.cli.config, "db"), "host=here");
	pool_free(t.pool);
	setenv("MST_JOBS", "100", 1);
	refuses(&plain, "", "jobs (environment MST_JOBS): '100' is out of range (1 to 64) / ");
	unsetenv("MST_JOBS");
}

/* What the command of the child below does. */
static int (*behave)(struct cli *, struct mst_error *);

static int run_behave(struct cli *cli, struct mst_error *err)
{
	return behave(cli, err);
}

/* cli_main in a child: it closes stdout.  "STATUS: what it wrote to stderr" */
static void ends(int (*how)(struct cli *, struct mst_error *), const char *want)
{
	POOL_SCRATCH(pool);
	static const struct cli_cmd cmd = { .name = "mst-x", .summary = "do x", .run = run_behave };
	struct str text;
	struct mst_error err;
	int fd[2], status;
	char name[] = "mst-x", *argv[] = { name, NULL };
	assert_int_equal(pipe(fd), 0);
	behave = how;
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(fd[1], STDERR_FILENO);
		close(fd[0]);
		close(fd[1]);
		_exit(cli_main(1, argv, &cmd));
	}
	close(fd[1]);
	assert_int_equal(fs_read_fd(pool, fd[0], "child", 0, &text, &err), 0);
	close(fd[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_string_equal(pool_printf(pool, "%d: %.*s", WEXITSTATUS(status), STR_FMT(text)), want);
}

static int is_done(struct cli *cli, struct mst_error *err)
{
	(void)cli, (void)err;
	return 0;
}

static int says_no(struct cli *cli, struct mst_error *err)
{
	(void)cli, (void)err;
	return 1;
}

static int finds_an_error(struct cli *cli, struct mst_error *err)
{
	(void)cli;
	mst_fail(err, MST_DATA, "unknown task type 'htp' (did you mean 'http'?)");
	mst_place(err, "flows/taxi.yaml", 12, 5);
	return mst_hint(err, "types are\033 listed by mst-flow");
}

static int warns(struct cli *cli, struct mst_error *err)
{
	(void)err;
	cli_note(cli, "unseen");
	cli_warn(cli, "%s", "two\nlines");
	return 0;
}

static int hears(struct mst_error *err, int sig)
{
	cli_catch_signals();
	raise(sig);
	return mst_fail(err, MST_CANCELLED, "cancelled");
}

static int hears_int(struct cli *cli, struct mst_error *err)
{
	(void)cli;
	return hears(err, SIGINT);
}

static int hears_term(struct cli *cli, struct mst_error *err)
{
	(void)cli;
	return hears(err, SIGTERM);
}

static int ignores_hup(struct cli *cli, struct mst_error *err)
{
	(void)cli;
	signal(SIGHUP, SIG_IGN);
	hears(err, SIGHUP);
	return cli_signal ? 9 : 0;
}

static void a_command_ends_with_the_status_of_its_error(void **state)
{
	(void)state;
	ends(is_done, "0: ");
	ends(says_no, "1: ");
	ends(finds_an_error, "3: mst-x: flows/taxi.yaml:12:5: unknown task type 'htp' (did you mean 'http'?)\n"
			     "  types are? listed by mst-flow\n");
	ends(warns, "0: mst-x: warning: two lines\n");
	ends(hears_int, "130: mst-x: cancelled\n");
	ends(hears_term, "143: mst-x: cancelled\n");
	ends(ignores_hup, "0: ");
}

/* What a child that waits for ever does when SIGINT comes again so much later. */
static int status_after_a_second_one(useconds_t later_us)
{
	int status;
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		cli_catch_signals();
		raise(SIGINT);
		usleep(later_us);
		raise(SIGINT);
		_exit(9);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void a_second_signal_kills_but_not_one_that_was_handed_on(void **state)
{
	(void)state;
	int status = status_after_a_second_one(1050000);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	status = status_after_a_second_one(1000);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 9);
}

static void help_is_made_from_the_table(void **state)
{
	(void)state;
	struct pool *pool = pool_new(NULL);
	struct buf b;
	buf_init(&b, pool);
	cli_help(&b, &plain, NULL);
	assert_string_equal(buf_cstr(&b), "usage: mst-x [OPTION ...] [FILE ...]\n"
					  "do x\n"
					  "\n"
					  "options:\n"
					  "  -f, --flag               a flag\n"
					  "      --name NAME          a name\n"
					  "      --file FILE          a file\n"
					  "      --color WHEN         when to use colours\n"
					  "                           auto, always, never\n"
					  "  -j, --jobs N             how many at once\n"
					  "      --wait TIME          how long\n"
					  "      --late N             any number\n"
					  "  -t, --tag TAG            a tag\n"
					  "      --json               write JSON Lines (the default in a pipe)\n"
					  "      --table              write a table (the default on a terminal)\n"
					  "      --csv                write CSV with a header line\n"
					  "      --db CONNINFO        state database: libpq connection string or URI\n"
					  "      --profile NAME       use this profile of the configuration\n"
					  "  -h, --help               print this help and exit\n"
					  "      --version            print the version and exit\n"
					  "\n"
					  "see mst-x(1)\n");
	buf_reset(&b);
	cli_help(&b, &many, &subs[2]);
	assert_memory_equal(b.p, "usage: mst-y migrate [OPTION ...] [NAME]\nmigrate it\n", 51);
	pool_free(pool);
}

static void complains(const struct cli_cmd *cmd, const char *message)
{
	struct mst_error err;
	assert_int_equal(cli_check(cmd, &err), MST_BUG);
	assert_string_equal(err.msg, message);
}

static void a_wrong_table_is_found_by_its_check(void **state)
{
	(void)state;
	struct mst_error err;
	assert_int_equal(cli_check(&plain, &err), 0);
	assert_int_equal(cli_check(&many, &err), 0);
	struct cli_cmd c = plain;
	const struct cli_opt twice[] = { opts[0], opts[0], { 0 } };
	c.opts = twice;
	complains(&c, "options flag and flag clash");
	struct cli_opt one[] = { opts[1], { 0 } };
	c.opts = one;
	one[0].help = "a name.";
	complains(&c, "option name: the text ends in a full stop or has two lines");
	one[0].help = "12345678901234567890123456789012345678901234567890123";
	complains(&c, "option name: the text is longer than 52 bytes");
	one[0] = opts[1];
	one[0].offset = sizeof(struct args) - 4;
	complains(&c, "option name lies outside of the args struct");
	one[0] = opts[1];
	one[0].key = "nmae";
	complains(&c, "option name: unknown configuration key nmae");
	one[0] = opts[1];
	one[0].metavar = NULL;
	complains(&c, "option name: a metavar is for options with a value");
	c = plain;
	c.run = NULL;
	complains(&c, "command mst-x has both run and subs, or neither");
}

static void a_page_keeps_what_a_formatter_would_obey(void **state)
{
	(void)state;
	struct pool *pool = pool_new(NULL);
	struct mst_error err = { 0 };
	struct buf b;
	buf_init(&b, pool);
	assert_int_equal(cli_introspect_page(&b, STR("a@b.c\nv @VERSION@ of @ it\n"), &err), 0);
	assert_string_equal(buf_cstr(&b), "a@b.c\nv " MST_VERSION " of @ it\n");
	buf_reset(&b);
	assert_int_equal(cli_introspect_page(&b, STR("x\n@KEYS@\n"), &err), MST_DATA);
	assert_string_equal(err.msg, "unknown placeholder '@KEYS@'");
	assert_int_equal(err.line, 2);
	assert_int_equal(cli_introspect_man(&b, &plain, STR("lost\n.Sh DESCRIPTION\n"), &err), MST_DATA);
	assert_string_equal(err.msg, "text before the first .Sh");
	pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_stand_before_and_behind_operands),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(a_lone_dash_is_an_operand),
		cmocka_unit_test(a_list_keeps_every_value_in_order),
		cmocka_unit_test(of_a_flag_given_twice_the_last_counts),
		cmocka_unit_test(a_unique_beginning_of_an_option_is_enough),
		cmocka_unit_test(wrong_options_are_named),
		cmocka_unit_test(wrong_values_are_named),
		cmocka_unit_test(operands_are_counted),
		cmocka_unit_test(subcommands_take_options_on_both_sides),
		cmocka_unit_test(subcommands_are_suggested),
		cmocka_unit_test(a_verbatim_subcommand_leaves_everything_behind_it_alone),
		cmocka_unit_test(defaults_come_from_the_configuration_and_the_table),
		cmocka_unit_test(a_command_ends_with_the_status_of_its_error),
		cmocka_unit_test(a_second_signal_kills_but_not_one_that_was_handed_on),
		cmocka_unit_test(help_is_made_from_the_table),
		cmocka_unit_test(a_wrong_table_is_found_by_its_check),
		cmocka_unit_test(a_page_keeps_what_a_formatter_would_obey),
	};
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	unsetenv("MST_CONFIG");
	unsetenv("MST_PROFILE");
	unsetenv("MST_JOBS");
	unsetenv("MST_DB");
	unsetenv("MST_COLOR");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
