/* mst-deps: which tables a SQL text reads, writes and calls. */
#include "base/fs.h"
#include "cli/cli.h"
#include "cli/out.h"
#include "engine/verify.h"
#include "model/table_scan.h"

#include <limits.h>
#include <sched.h>
#include <stddef.h>
#include <unistd.h>

/* warnings on a terminal before the rest is only counted */
enum { WARNINGS_SHOWN = 20 };

struct args {
	const char *dialect, *name, *name_from;
	bool relative, sql, verify, warn;
	int64_t jobs;
};

struct deps {
	struct cli *cli;
	struct out *out;
	uint64_t warnings; /* those not shown too */
};

static int on_lines(void *arg, struct str lines, struct mst_error *err)
{
	struct deps *d = arg;
	return out_lines(d->out, lines, err);
}

static void on_diag(void *arg, const char *file, const struct sql_diag *diag)
{
	struct deps *d = arg;
	const struct args *a = d->cli->args;
	if (diag->severity == SQL_ERROR) {
		struct mst_error e = { 0 };
		mst_fail(&e, MST_DATA, "%.*s", STR_FMT(diag->msg));
		mst_place(&e, file, diag->line, diag->col);
		cli_report(d->cli, &e);
	} else if (diag->severity == SQL_WARNING && (a->warn || d->cli->tty_err)) {
		if (a->warn || d->warnings < WARNINGS_SHOWN)
			cli_warn(d->cli, "%s:%u:%u: %.*s", file, diag->line, diag->col, STR_FMT(diag->msg));
		d->warnings++;
	}
}

static void on_fail(void *arg, const struct mst_error *err)
{
	struct deps *d = arg;
	if (err->code == MST_CONFLICT)
		cli_warn(d->cli, "%s", err->msg);
	else
		cli_report(d->cli, err);
}

static unsigned cores(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
		return (unsigned)CPU_COUNT(&set);
	return 1;
}

static int options(struct cli *cli, struct scan_opts *o, struct name_pattern *pattern, struct verify *verify,
		   struct mst_error *err)
{
	const struct args *a = cli->args;
	int d = sql_dialect_of(str_of(a->dialect));
	o->table.dialect = d < 0 ? SQL_BIGQUERY : (enum sql_dialect)d;
	o->table.with_sql = a->sql;
	/* a person knows where he stands, and has 80 columns */
	o->relative = a->relative || cli->format == CLI_TABLE;
	o->threads = a->jobs ? (unsigned)a->jobs : cores();
	if (a->name_from) {
		if (name_pattern_parse(cli->pool, a->name_from, pattern, err))
			return err->code;
		o->table.pattern = pattern;
	}
	if (a->verify) {
		if (verify_open(cli->pool, verify, err))
			return err->code;
		o->table.second = verify_text;
		o->table.second_arg = verify;
	}
	if (a->name) {
		char quote = d == SQL_POSTGRES || d == SQL_ANSI ? '"' : '`';
		if (name_parse(cli->pool, str_of(a->name), quote, &o->name, err)) {
			err->code = MST_USAGE;
			return mst_wrap(err, "--name");
		}
	}
	return 0;
}

/* Lines carry absolute paths, so a current folder that is gone is no guess. */
static int check_cwd(const struct cli *cli, struct mst_error *err)
{
	char cwd[PATH_MAX];
	for (int i = 0; i < cli->argc; i++)
		if (cli->argv[i][0] != '/')
			return getcwd(cwd, sizeof cwd) ? 0 : mst_fail_errno(err, 0, "cannot tell the current folder");
	return 0;
}

static int run(struct cli *cli, struct mst_error *err)
{
	const struct args *a = cli->args;
	static const struct out_col cols[] = {
		{ "name", "TABLE", OUT_TEXT, true },
		{ "kind", "KIND", OUT_TEXT, false },
		{ "reads", "READS", OUT_LIST, true },
		{ "file", "FILE", OUT_TEXT, true },
		{ 0 },
	};
	struct scan_opts o = { 0 };
	struct scan_counts counts = { 0 };
	struct name_pattern pattern;
	struct verify verify;
	if (options(cli, &o, &pattern, &verify, err))
		return err->code;
	bool dash = false;
	for (int i = 0; i < cli->argc; i++)
		dash |= strcmp(cli->argv[i], "-") == 0;
	if (dash && cli->argc > 1)
		return mst_fail(err, MST_USAGE, "- stands for stdin and goes with no other operand");
	if (!cli->argc && isatty(STDIN_FILENO)) {
		mst_fail(err, MST_USAGE, "no files or folders given");
		return mst_hint(err, "try: mst-deps FOLDER, or pipe SQL into mst-deps");
	}
	if (a->name && cli->argc > 1)
		return mst_fail(err, MST_USAGE, "--name goes with one file or with stdin");
	if (a->name && cli->argc == 1 && !dash && fs_is_dir(cli->argv[0]))
		return mst_fail(err, MST_USAGE, "--name goes with one file, and '%s' is a folder",
				cli->argv[0]);
	if (!dash && check_cwd(cli, err))
		return err->code;
	struct deps d = { .cli = cli, .out = out_open(cli, "table", cols) };
	struct scan_sink sink = { on_lines, on_diag, on_fail, &d };
	int rc = cli->argc && !dash
			 ? scan_files(cli->pool, &o, cli->argv, (size_t)cli->argc, &sink, &counts, err)
			 : scan_stream(cli->pool, &o, STDIN_FILENO, "stdin", &sink, &counts, err);
	if (rc == MST_IO)
		return rc;
	struct mst_error late;
	int end = out_close(d.out, rc ? &late : err);
	if (rc || end)
		return rc ? rc : end;
	if (d.warnings > WARNINGS_SHOWN && !a->warn)
		cli_note(cli, "%llu warnings more (--warn shows all)",
			 (unsigned long long)(d.warnings - WARNINGS_SHOWN));
	if (counts.failed)
		return mst_code_exit(counts.failed);
	return counts.errors ? mst_code_exit(MST_DATA) : 0;
}

#define AT(field) offsetof(struct args, field)

static const struct cli_opt opts[] = {
	{ "dialect", 'd', CLI_ENUM, AT(dialect), "DIALECT", "bigquery|legacy|postgres|ansi", "dialect",
	  .help = "dialect of texts whose header says none" },
	{ "jobs", 'j', CLI_INT, AT(jobs), "N", .help = "files read at once; default: one for each core",
	  .min = 1, .max = 256 },
	{ "name", 'n', CLI_STRING, AT(name), "NAME", .help = "name of the table, for one text" },
	{ "name-from", 0, CLI_STRING, AT(name_from), "PATTERN", NULL, "name_from",
	  .help = "how paths give names; default DATASET/TABLE.sql" },
	{ "relative", 0, CLI_FLAG, AT(relative), .help = "write paths as given, not absolute" },
	{ "sql", 0, CLI_FLAG, AT(sql), .help = "put the text into each line, as key sql" },
	{ "verify", 0, CLI_FLAG, AT(verify), .help = "hold PostgreSQL texts against libpg_query" },
	{ "warn", 'w', CLI_FLAG, AT(warn), .help = "show all warnings on stderr, terminal or not" },
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "mst-deps sql/", "one line for each file below sql/" },
	{ "mst-deps sql/ | mst-plan --tree", "the dependency tree of a folder" },
	{ "echo 'SELECT * FROM a.b' | mst-deps --name c.d", "one text from a pipe" },
	{ "mst-deps sql/ | jq -r '.reads[]' | sort | uniq -c", "how often each table is read" },
	{ 0 },
};

static const struct cli_cmd cmd = {
	.name = "mst-deps",
	.summary = "infer table references from SQL",
	.args = "[FILE|FOLDER ...]",
	.max_args = -1,
	.args_size = sizeof(struct args),
	.groups = CLI_OUTPUT,
	.opts = opts,
	.examples = examples,
	.reads = "table",
	.writes = "table",
	.talks_to = "files",
	.exits = "1 3 6",
	.see_also = "mst-plan(1), mst-json(5), mst-sql(7)",
	.complete = "path",
	.run = run,
};

int main(int argc, char **argv)
{
	return cli_main(argc, argv, &cmd);
}
