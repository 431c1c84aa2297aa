#include "cli/cli.h"
#include "base/fs.h"
#include "base/time.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/options.h"
#include "cli/stdout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* make(1), sudo(1) and others hand on a Ctrl-C that the terminal sent to all: a
 * second one so soon is nobody's impatience. */
#define SECOND_SIGNAL_US US_PER_S

stop_flag cli_signal;
void (*cli_completer)(struct cli *, const char *kind, const char *prefix);

static void on_signal(int sig)
{
	static volatile int64_t first_us;
	int64_t now = time_mono_us();
	if (!cli_signal) {
		first_us = now;
	} else if (now - first_us >= SECOND_SIGNAL_US) {
		signal(sig, SIG_DFL);
		raise(sig);
	}
	cli_signal = sig;
}

static void on_pipe(int sig)
{
	(void)sig;
}

static void handle(int sig, void (*handler)(int))
{
	struct sigaction sa = { .sa_handler = handler }, was;
	/* nohup(1) and a shell's background jobs ignore some: that stays */
	if (sigaction(sig, NULL, &was) == 0 && was.sa_handler == SIG_IGN && sig != SIGPIPE)
		return;
	sigemptyset(&sa.sa_mask);
	/* one of them at a time, for on_signal keeps what it saw */
	sigaddset(&sa.sa_mask, SIGINT);
	sigaddset(&sa.sa_mask, SIGTERM);
	sigaddset(&sa.sa_mask, SIGHUP);
	sigaction(sig, &sa, NULL);
}

void cli_catch_signals(void)
{
	handle(SIGINT, on_signal);
	handle(SIGTERM, on_signal);
	handle(SIGHUP, on_signal);
	handle(SIGPIPE, on_pipe);
}

/* A file opened while 1 is closed would become stdout and get the output.  A
 * closed stdout becomes a descriptor that refuses to be written to. */
static void open_std(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY);
}

static void talk(const struct buf *b)
{
	struct mst_error ignored;
	if (cli_before_talk)
		cli_before_talk();
	(void)fs_write_all(STDERR_FILENO, b->p, b->n, "stderr", &ignored);
}

static void say(const char *name, const char *what, const char *fmt, va_list ap)
{
	POOL_SCRATCH(pool);
	struct buf b;
	buf_init(&b, pool);
	buf_printf(&b, "%s: %s", name, what);
	size_t start = b.n;
	buf_z(&b, pool_vprintf(pool, fmt, ap));
	mst_harmless(b.p + start, b.n - start);
	buf_char(&b, '\n');
	talk(&b);
}

void cli_say(struct cli *cli, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(cli->cmd->name, "", fmt, ap);
	va_end(ap);
}

void cli_note(struct cli *cli, const char *fmt, ...)
{
	va_list ap;
	if (!cli->tty_err)
		return;
	va_start(ap, fmt);
	say(cli->cmd->name, "", fmt, ap);
	va_end(ap);
}

void cli_warn(struct cli *cli, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(cli->cmd->name, "warning: ", fmt, ap);
	va_end(ap);
}

void cli_report(struct cli *cli, const struct mst_error *e)
{
	struct buf b;
	buf_init(&b, cli->pool);
	buf_printf(&b, "%s: ", cli->cmd->name);
	if (e->file[0]) {
		buf_z(&b, e->file);
		if (e->line)
			buf_printf(&b, ":%u", e->line);
		if (e->line && e->col)
			buf_printf(&b, ":%u", e->col);
		buf_z(&b, ": ");
	}
	buf_printf(&b, "%s\n", e->msg[0] ? e->msg : mst_code_name(e->code));
	if (e->hint[0])
		buf_printf(&b, "  %s\n", e->hint);
	talk(&b);
}

static void look_at_terminal(struct cli *cli, const struct cli_parsed *p)
{
	cli->tty_out = isatty(STDOUT_FILENO);
	cli->tty_err = isatty(STDERR_FILENO);
	cli->format = p->format_given ? p->format : cli->tty_out ? CLI_TABLE : CLI_JSON;
	cli->columns = 80;
	if (cli->tty_out || cli->tty_err) {
		struct winsize w;
		if (ioctl(cli->tty_out ? STDOUT_FILENO : STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
			cli->columns = w.ws_col;
	}
	const char *color = cli->config ? config_get(cli->config, "color") : NULL;
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	bool ok = !(no && *no) && !(term && strcmp(term, "dumb") == 0);
	if (color && strcmp(color, "never") == 0)
		return;
	bool always = color && strcmp(color, "always") == 0;
	cli->color_out = always || (ok && cli->tty_out);
	cli->color_err = always || (ok && cli->tty_err);
}

static int load_config(struct cli *cli, struct mst_error *err)
{
	struct mst_error e;
	if (config_load(cli->pool, cli->profile, &cli->config, &e)) {
		if (cli->cmd->groups & CLI_ANY_CONFIG)
			return 0;
		*err = e;
		return e.code;
	}
	const config_names *remarks = config_remarks(cli->config);
	for (size_t i = 0; i < remarks->n; i++)
		cli_warn(cli, "%s", remarks->v[i]);
	return 0;
}

static int introspect(struct cli *cli, const char *what, const char *prose_path, struct mst_error *err)
{
	struct buf b;
	struct str prose = STR("");
	buf_init(&b, cli->pool);
	if (cli_check(cli->cmd, err))
		return err->code;
	if (prose_path && fs_read_file(cli->pool, prose_path, 1 << 20, &prose, err))
		return err->code;
	if (strcmp(what, "json") == 0)
		cli_introspect_json(&b, cli->cmd);
	else if (strcmp(what, "commands") == 0)
		cli_introspect_commands(&b);
	else if (strcmp(what, "bash") == 0)
		cli_introspect_bash(&b, cli->cmd);
	else if (strcmp(what, "zsh") == 0)
		cli_introspect_zsh(&b, cli->cmd);
	else if (strcmp(what, "fish") == 0)
		cli_introspect_fish(&b, cli->cmd);
	else if (strcmp(what, "man") == 0)
		(void)cli_introspect_man(&b, cli->cmd, prose, err);
	else if (strcmp(what, "page") == 0)
		(void)cli_introspect_page(&b, prose, err);
	else
		return mst_fail(err, MST_USAGE, "unknown introspection '%s'", what);
	if (err->code)
		return prose_path ? mst_place(err, prose_path, err->line, 0) : err->code;
	return stdout_write(b.p, b.n, err);
}

static void print_name(struct buf *b, const char *name, const char *prefix)
{
	if (strncmp(name, prefix, strlen(prefix)) == 0)
		buf_printf(b, "%s\n", name);
}

/* Completion never speaks: a broken configuration or a database that is away
 * gives no names. */
static void complete(struct cli *cli, const char *kind, const char *prefix)
{
	struct buf b;
	struct mst_error ignored;
	config_names names = { 0 };
	bool read = config_load(cli->pool, NULL, &cli->config, &ignored) == 0;
	buf_init(&b, cli->pool);
	if (strcmp(kind, "command") == 0)
		for (const struct cli_command *c = cli_commands; c->name; c++)
			print_name(&b, c->name + strlen("mst-"), prefix);
	else if (strcmp(kind, "config-key") == 0)
		for (const struct config_key *k = config_keys; k->name; k++)
			print_name(&b, k->name, prefix);
	else if (strcmp(kind, "profile") == 0 && read)
		config_profiles(cli->config, cli->pool, &names);
	else if (strcmp(kind, "connection") == 0 && read)
		config_connections(cli->config, cli->pool, &names);
	else if (read && cli_completer)
		cli_completer(cli, kind, prefix);
	/* those of the state database, too */
	if (strcmp(kind, "connection") == 0 && read && cli_completer)
		cli_completer(cli, kind, prefix);
	for (size_t i = 0; i < names.n; i++)
		print_name(&b, names.v[i], prefix);
	(void)stdout_write(b.p, b.n, &ignored);
}

static int answer(struct cli *cli, int argc, char **argv, struct mst_error *err)
{
	struct cli_parsed p = { 0 };
	struct buf b;
	const char *word = argc > 1 ? argv[1] : "";
	buf_init(&b, cli->pool);
	if (strncmp(word, "--introspect", 12) == 0 && (word[12] == 0 || word[12] == '='))
		return introspect(cli, word[12] ? word + 13 : "json", argc > 2 ? argv[2] : NULL, err);
	if (strcmp(word, "--complete") == 0 && argc > 2) {
		complete(cli, argv[2], argc > 3 ? argv[3] : "");
		return 0;
	}
	if (cli_parse(cli, argc, argv, &p, err))
		return err->code;
	if (p.common.help) {
		cli_help(&b, cli->cmd, cli->sub);
		return stdout_write(b.p, b.n, err);
	}
	if (p.common.version) {
		buf_printf(&b, "%s %s\n", cli->cmd->name, MST_VERSION);
		return stdout_write(b.p, b.n, err);
	}
	if (load_config(cli, err) || cli_defaults(cli, &p, err))
		return err->code;
	look_at_terminal(cli, &p);
	return cli->sub ? cli->sub->run(cli, err) : cli->cmd->run(cli, err);
}

/* A command that caught signals and was told by a write that nobody reads any
 * more ends as the others do. */
static void die_of_pipe(void)
{
	sigset_t set;
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(SIGPIPE);
}

int cli_main(int argc, char **argv, const struct cli_cmd *cmd)
{
	struct mst_error err = { 0 }, late = { 0 };
	struct cli cli = { .pool = pool_new(NULL), .cmd = cmd };
	open_std();
	int rc = answer(&cli, argc, argv, &err);
	int status = rc >= 0 ? rc : mst_code_exit(rc);
	int end = stdout_finish(&late);
	if (stdout_is_broken_pipe()) {
		pool_free(cli.pool);
		die_of_pipe();
		return 141;
	}
	if (rc < 0) {
		if (rc == MST_CANCELLED && cli_signal)
			status = 128 + cli_signal;
		cli_report(&cli, &err);
	} else if (end) {
		cli_report(&cli, &late);
		status = mst_code_exit(end);
	}
	pool_free(cli.pool);
	return status;
}
