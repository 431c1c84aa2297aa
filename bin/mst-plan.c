#include "cli/cli.h"
#include "cli/out.h"
#include "engine/plan.h"

#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <unistd.h>

struct args {
	struct cli_list select, exclude;
	const char *explain;
	bool tree;
};

static const struct cli_opt opts[] = {
	{ .name = "select", .letter = 's', .kind = CLI_LIST, .offset = offsetof(struct args, select),
	  .metavar = "SELECTOR", .complete = "table", .help = "plan these jobs only; may be repeated" },
	{ .name = "exclude", .letter = 'x', .kind = CLI_LIST, .offset = offsetof(struct args, exclude),
	  .metavar = "SELECTOR", .complete = "table", .help = "leave these jobs out; may be repeated" },
	{ .name = "explain", .letter = 'e', .kind = CLI_STRING, .offset = offsetof(struct args, explain),
	  .metavar = "NAME", .complete = "table", .help = "say why this job stands where it does" },
	{ .name = "tree", .letter = 't', .kind = CLI_FLAG, .offset = offsetof(struct args, tree),
	  .help = "draw what each job waits for as a tree" },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "mst-deps man/examples/machine | mst-plan", "the order in which to build a catalogue" },
	{ "mst-deps man/examples/machine | mst-plan --tree", "what reads what" },
	{ NULL, NULL },
};

static const struct out_col columns[] = {
	{ "level", "LEVEL", OUT_NUMBER, false },
	{ "priority", "PRIORITY", OUT_NUMBER, false },
	{ "name", "NAME", OUT_TEXT, false },
	{ "kind", "KIND", OUT_TEXT, false },
	{ "after", "AFTER", OUT_LIST, true },
	{ NULL, NULL, OUT_TEXT, false },
};

static int read_all(struct cli *cli, struct plan *p, struct mst_error *err)
{
	if (cli->argc == 0) {
		if (isatty(0))
			cli_note(cli, "reading table lines from the terminal; usual is: mst-deps DIR | mst-plan");
		return plan_add_fd(p, 0, "stdin", err);
	}
	for (int i = 0; i < cli->argc; i++) {
		const char *path = cli->argv[i];
		bool is_stdin = path[0] == '-' && path[1] == 0;
		int fd = is_stdin ? 0 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			return mst_fail_errno(err, 0, "%s: cannot open", path);
		int rc = plan_add_fd(p, fd, is_stdin ? "stdin" : path, err);
		if (!is_stdin)
			close(fd);
		if (rc && !is_stdin && rc == MST_IO)
			mst_hint(err, "lines are planned, not SQL: try mst-deps %s | mst-plan", path);
		if (rc)
			return rc;
	}
	return 0;
}

static int write_tree(void *ctx, struct str text, struct mst_error *err)
{
	return out_text(ctx, text, err);
}

static int explain(struct cli *cli, const struct plan *p, const char *name, struct mst_error *err)
{
	uint32_t job;
	struct buf b;
	int rc = plan_find(p, str_of(name), &job, err);
	if (rc)
		return rc;
	buf_init(&b, cli->pool);
	if (cli->format == CLI_JSON)
		plan_explain_line(p, job, &b);
	else
		plan_explain_text(p, job, &b);
	return out_text(cli, buf_view(&b), err);
}

#define BATCH 1024

static int write_lines(struct cli *cli, const struct plan *p, struct mst_error *err)
{
	struct out *out = out_open(cli, "job", columns);
	struct buf b;
	int rc = 0;
	buf_init(&b, cli->pool);
	plan_write_header(p, &b);
	for (uint32_t i = 0; rc == 0 && (i == 0 || i < p->jobs); i += BATCH) {
		plan_write_jobs(p, i, p->jobs - i > BATCH ? i + BATCH : p->jobs, &b);
		rc = out_lines(out, buf_view(&b), err);
		buf_reset(&b);
	}
	return rc ? rc : out_close(out, err);
}

static int run(struct cli *cli, struct mst_error *err)
{
	const struct args *a = cli->args;
	struct plan *p = plan_new(cli->pool);
	struct plan_options o = { a->select.v, a->exclude.v, a->select.n, a->exclude.n };
	int rc = read_all(cli, p, err);
	if (rc)
		return rc;
	rc = plan_make(p, &o, err);
	for (size_t i = 0; i < p->warnings.n; i++)
		cli_warn(cli, "%s", p->warnings.v[i]);
	if (p->warned > p->warnings.n)
		cli_warn(cli, "%llu more warnings", (unsigned long long)(p->warned - p->warnings.n));
	/* the error itself tells the first one, where it has room for it */
	bool whole = p->cycles.n && strlen(p->cycles.v[0]) < sizeof err->msg - 64;
	for (size_t i = whole; i < p->cycles.n; i++)
		fprintf(stderr, "mst-plan: a cycle: %s\n", p->cycles.v[i]);
	if (p->cycles_found > p->cycles.n)
		fprintf(stderr, "mst-plan: and %llu more cycles\n", (unsigned long long)(p->cycles_found - p->cycles.n));
	if (rc)
		return rc;
	if (p->ignored)
		cli_note(cli, "%llu lines of other types than table, task and job passed over",
			 (unsigned long long)p->ignored);
	if (a->explain)
		return explain(cli, p, a->explain, err);
	if (a->tree) {
		setlocale(LC_CTYPE, "");
		bool unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
		return plan_tree(p, unicode, write_tree, cli, err);
	}
	return write_lines(cli, p, err);
}

static const struct cli_cmd cmd = {
	.name = "mst-plan",
	.summary = "put tables and tasks into an order",
	.args = "[FILE...]",
	.max_args = -1,
	.args_size = sizeof(struct args),
	.groups = CLI_OUTPUT,
	.opts = opts,
	.examples = examples,
	.reads = "table, task, job",
	.writes = "plan, job, explain",
	.talks_to = "nothing but its input",
	.exits = "1 3",
	.see_also = "mst-deps(1), mst-run(1), mst-json(5)",
	.complete = "path",
	.run = run,
};

int main(int argc, char **argv)
{
	return cli_main(argc, argv, &cmd);
}
