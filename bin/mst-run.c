/* mst-run: executes a plan and tells what happens. */
#include "base/fs.h"
#include "base/jsonl.h"
#include "base/time.h"
#include "cli/live.h"
#include "cli/out.h"
#include "engine/run_again.h"
#include "engine/run_event.h"
#include "engine/run_input.h"
#include "keys.h"
#include "state.h"

#include <stdio.h>
#include <unistd.h>

#define SQL_MAX ((size_t)64 << 20)
#define ROWS_SHOWN 20

struct args {
	struct cli_list select, exclude, labels, reimport;
	const char *name, *team, *retry;
	int64_t jobs;
	bool fail_fast, dry_run, no_commands, no_wait, current, catalogue;
};

static const struct cli_opt opts[] = {
	{ .name = "name", .kind = CLI_STRING, .offset = offsetof(struct args, name), .metavar = "NAME",
	  .help = "run the SQL text on stdin as this table" },
	{ .name = "catalogue", .letter = 'c', .kind = CLI_FLAG, .offset = offsetof(struct args, catalogue),
	  .help = "run what the catalogue holds (mst-table)" },
	{ .name = "select", .letter = 's', .kind = CLI_LIST, .offset = offsetof(struct args, select),
	  .metavar = "SELECTOR", .complete = "table", .help = "run these jobs only; may be repeated" },
	{ .name = "exclude", .letter = 'x', .kind = CLI_LIST, .offset = offsetof(struct args, exclude),
	  .metavar = "SELECTOR", .complete = "table", .help = "leave these jobs out; may be repeated" },
	{ .name = "jobs", .letter = 'j', .kind = CLI_INT, .offset = offsetof(struct args, jobs), .metavar = "N",
	  .key = "jobs", .min = 1, .max = RUN_WORKERS_MAX, .help = "so many at once (default: one for each core)" },
	{ .name = "fail-fast", .letter = 'f', .kind = CLI_FLAG, .offset = offsetof(struct args, fail_fast),
	  .help = "stop all at the first failure" },
	{ .name = "retry", .kind = CLI_STRING, .offset = offsetof(struct args, retry), .metavar = "RUN",
	  .complete = "run", .help = "make what did not succeed in that run" },
	{ .name = "current", .kind = CLI_FLAG, .offset = offsetof(struct args, current),
	  .help = "with --retry: as the catalogue says now" },
	{ .name = "reimport", .kind = CLI_LIST, .offset = offsetof(struct args, reimport), .metavar = "NAME",
	  .complete = "table", .help = "read all rows of this import; may be repeated" },
	{ .name = "label", .kind = CLI_LIST, .offset = offsetof(struct args, labels), .metavar = "KEY=VALUE",
	  .help = "mark the run; may be repeated" },
	{ .name = "team", .kind = CLI_STRING, .offset = offsetof(struct args, team), .metavar = "TEAM", .key = "team",
	  .complete = "team", .help = "the team whose run it is" },
	{ .name = "no-wait", .kind = CLI_FLAG, .offset = offsetof(struct args, no_wait),
	  .help = "fail where another run writes the table" },
	{ .name = "dry-run", .letter = 'n', .kind = CLI_FLAG, .offset = offsetof(struct args, dry_run),
	  .help = "print SQL and commands, run nothing" },
	{ .name = "no-commands", .kind = CLI_FLAG, .offset = offsetof(struct args, no_commands),
	  .help = "refuse imports that run shell commands" },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "echo \"SELECT 'hello' AS world\" | mst-run --name demo.hello -", "make one table" },
	{ "mst-deps man/examples/machine | mst-plan | mst-run", "make a catalogue" },
	{ "mst-run --dry-run man/examples/machine", "see what would be done" },
	{ "mst-run --select +mart.section man/examples/machine", "make one table and all it reads" },
	{ "mst-run --catalogue --select tag:daily", "make what the catalogue holds" },
	{ "mst-run --retry last", "go on where the last run broke" },
	{ NULL, NULL },
};

/* --- telling ---------------------------------------------------------------------- */

struct report {
	struct cli *cli;
	struct out *out; /* events; NULL where people are shown a table at the end */
	struct live *live;
	const job_list *jobs;
	int64_t run;
	struct buf *rows; /* for the table: one line a job, in order of the jobs */
	VEC(struct str) at_least_once; /* connections that were warned of */
	size_t warned;    /* tests that failed and only warn */
};

static int write_event(struct report *r, const struct run_event *e, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct buf b;
	buf_init(&b, tmp);
	run_event_write(&b, e);
	int rc = out_line(r->out, buf_view(&b), err);
	return rc ? rc : out_flush(r->out, err);
}

/* The line of a job in the table at the end. */
static void keep_row(struct report *r, const struct run_event *e)
{
	struct buf *b = &r->rows[e->job_no];
	struct jw w;
	buf_reset(b);
	jw_init(&w, b);
	jw_object(&w);
	jw_key_z(&w, "type", "job");
	jw_key_s(&w, "name", e->job->name);
	jw_key_z(&w, "state", job_state_name(e->state));
	if (e->rows >= 0)
		jw_key_i(&w, "rows", e->rows);
	if (e->bytes >= 0)
		jw_key_i(&w, "bytes", e->bytes);
	if (e->duration_us >= 0)
		jw_key_i(&w, "duration_us", e->duration_us);
	jw_end(&w);
}

static void follow(struct report *r, const struct run_event *e)
{
	if (e->kind == RUN_JOB_STARTED) {
		live_start(r->live, e->job_no, e->job->name);
	} else if (e->kind == RUN_JOB_RETRYING) {
		live_wait(r->live, e->job_no);
	} else if (e->kind == RUN_JOB_ENDED || e->kind == RUN_JOB_BLOCKED) {
		live_end(r->live, e->job_no, e->duration_us, e->state == JOB_FAILED);
		if (!r->out)
			keep_row(r, e);
	}
}

/* Once for each connection. */
static void warn_of_connection(struct report *r, const struct job *job)
{
	struct str name = job->connection.n ? job->connection : STR("warehouse");
	for (size_t i = 0; i < r->at_least_once.n; i++)
		if (str_eq(r->at_least_once.v[i], name))
			return;
	*vec_push(r->cli->pool, &r->at_least_once) = name;
	cli_warn(r->cli, "effects are at-least-once on connection '%.*s': cannot create mst_effect", STR_FMT(name));
}

/* One that fails the job is told of by its error. */
static int tell_tests(struct report *r, const struct run_event *e, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	run_tests tests;
	struct buf b;
	int rc = 0;
	run_event_tests(tmp, e->tests, &tests);
	buf_init(&b, tmp);
	for (size_t i = 0; !rc && i < tests.n; i++) {
		const struct run_test *t = &tests.v[i];
		r->warned += t->warn;
		if (t->warn)
			cli_warn(r->cli, "%.*s: test '%.*s': %.*s", STR_FMT(e->job->name), STR_FMT(t->name),
				 STR_FMT(t->message));
		if (!r->out)
			continue;
		buf_reset(&b);
		run_test_write(&b, e, t);
		rc = out_line(r->out, buf_view(&b), err);
	}
	return rc;
}

static void say(struct report *r, const struct run_event *e)
{
	char words[TIME_SHORT_MAX];
	if (e->at_least_once)
		warn_of_connection(r, e->job);
	if (e->kind == RUN_JOB_RETRYING)
		cli_warn(r->cli, "%.*s: attempt %d failed, again in %s: %s", STR_FMT(e->job->name), e->attempt,
			 time_short(words, e->wait_us), e->error->msg);
	if (e->kind == RUN_JOB_PARKED)
		cli_note(r->cli, "%.*s waits for its rows, at most %s: mst-table load %.*s", STR_FMT(e->job->name),
			 time_short(words, e->wait_us), STR_FMT(e->job->name));
	if (e->kind == RUN_JOB_ENDED && e->state == JOB_FAILED && e->error) {
		struct mst_error shown = *e->error;
		if (!str_eqz(e->job->name, shown.file))
			mst_wrap(&shown, "%.*s", STR_FMT(e->job->name));
		cli_report(r->cli, &shown);
	}
	if (e->kind == RUN_STOPPING)
		cli_note(r->cli, "stopping: cancelling what runs; once more to leave at once");
}

static int on_event(void *arg, const struct run_event *e, struct mst_error *err)
{
	struct report *r = arg;
	r->run = e->run;
	int rc = e->tests.n ? tell_tests(r, e, err) : 0;
	say(r, e);
	follow(r, e);
	return rc || !r->out ? rc : write_event(r, e, err);
}

static int on_idle(void *arg)
{
	struct report *r = arg;
	return live_draw(r->live);
}

static void on_history(void *arg, const int64_t *duration_us, const int64_t *path_us)
{
	struct report *r = arg;
	live_expect(r->live, duration_us, path_us);
}

static int on_connection(void *arg, const char *name, struct connection *out, struct mst_error *err)
{
	struct report *r = arg;
	return config_says(r->cli->config, name, out, err);
}

/* --- the end ---------------------------------------------------------------------- */

static const struct out_col job_columns[] = {
	{ "name", "JOB", OUT_TEXT, true },
	{ "state", "STATE", OUT_STATE, false },
	{ "rows", "ROWS", OUT_NUMBER, false },
	{ "bytes", "SIZE", OUT_BYTES, false },
	{ "duration_us", "TIME", OUT_DURATION_US, false },
	{ NULL, NULL, OUT_TEXT, false },
};

static int show_jobs(struct report *r, const struct run *run, struct mst_error *err)
{
	struct out *out = out_open(r->cli, "job", job_columns);
	int rc = 0;
	for (size_t i = 0; !rc && i < r->jobs->n; i++) {
		/* no event told of it: the run ended before its turn, or it was done before the run went on */
		int done = run_done_before(run, i);
		if (!r->rows[i].n && r->jobs->v[i].run) {
			struct jw w;
			jw_init(&w, &r->rows[i]);
			jw_object(&w);
			jw_key_z(&w, "type", "job");
			jw_key_s(&w, "name", r->jobs->v[i].name);
			jw_key_z(&w, "state", job_state_name(done ? done : JOB_CANCELLED));
			jw_end(&w);
		}
		if (r->rows[i].n)
			rc = out_line(out, buf_view(&r->rows[i]), err);
	}
	return rc ? rc : out_close(out, err);
}

static int peeked(void *arg, struct str row, struct mst_error *err)
{
	return out_line(arg, row, err);
}

/* Whether its name stands in SQL and in a shell as it is, and means a table of the warehouse. */
static bool is_plain(const struct job *job)
{
	size_t dots = 0;
	for (size_t i = 0; i < job->name.n; i++) {
		char c = job->name.p[i];
		dots += c == '.';
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '.')
			return false;
	}
	return dots < 2 && job->connection.n == 0;
}

/* One query: its rows are the answer. */
static int show_rows(struct report *r, struct run *run, const struct run_outcome *o, struct mst_error *err)
{
	char took[TIME_SHORT_MAX];
	const struct job *job = &r->jobs->v[0];
	if (str_eqz(job->kind, "script") || str_eqz(job->kind, "external"))
		return show_jobs(r, run, err);
	struct out *out = out_open(r->cli, NULL, NULL);
	int rc = run_peek(run, 0, ROWS_SHOWN, peeked, out, err);
	if (!rc)
		rc = out_close(out, err);
	if (rc)
		return rc;
	if (is_plain(job))
		cli_note(r->cli, "%.*s is made, in %s; read it all: mst-db psql --warehouse -c 'TABLE %.*s'",
			 STR_FMT(job->name), time_short(took, o->duration_us), STR_FMT(job->name));
	else
		cli_note(r->cli, "%.*s is made, in %s", STR_FMT(job->name), time_short(took, o->duration_us));
	return 0;
}

static void add_count(struct buf *b, size_t n, const char *word)
{
	if (n)
		buf_printf(b, "%s%zu %s", b->n ? ", " : "", n, word);
}

static const char *counts_words(struct pool *pool, const struct run_counts *c, size_t warned)
{
	struct buf b;
	buf_init(&b, pool);
	add_count(&b, c->succeeded, "succeeded");
	add_count(&b, c->failed, "failed");
	add_count(&b, c->cancelled, "cancelled");
	add_count(&b, c->blocked, "blocked");
	add_count(&b, c->skipped, "skipped");
	if (!b.n)
		buf_z(&b, "nothing to do");
	if (warned)
		buf_printf(&b, ", %zu test%s warned", warned, warned == 1 ? "" : "s");
	return buf_cstr(&b);
}

static int write_finish(struct report *r, const struct run_outcome *o, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct buf b;
	buf_init(&b, tmp);
	run_outcome_write(&b, o);
	return out_line(r->out, buf_view(&b), err);
}

/* Whether the jobs were read from files: the run keeps their text as it was. */
static bool of_files(const struct cli *cli)
{
	return cli->argc > 0 && strcmp(cli->argv[0], "-") != 0;
}

static int finish(struct report *r, struct run *run, const struct run_outcome *o, bool query, struct mst_error *err)
{
	char took[TIME_SHORT_MAX];
	const char *words = counts_words(r->cli->pool, &o->counts, r->warned);
	int rc;
	if (r->out) {
		rc = write_finish(r, o, err);
		if (!rc)
			rc = out_close(r->out, err);
	} else {
		rc = query && o->state == RUN_SUCCEEDED ? show_rows(r, run, o, err) : show_jobs(r, run, err);
	}
	if (rc)
		return rc;
	if (o->state == RUN_SUCCEEDED) {
		if (!query)
			cli_note(r->cli, "run %lld: %s in %s", (long long)o->id, words, time_short(took, o->duration_us));
		return 0;
	}
	if (o->state == RUN_CANCELLED) {
		cli_warn(r->cli, "run %lld was interrupted: %s", (long long)o->id, words);
		return 128 + cli_signal;
	}
	mst_fail(err, MST_FAILED, "run %lld failed: %s", (long long)o->id, words);
	return mst_hint(err, "mst-ps %lld shows what became of each job; mst-run --retry %lld goes on from there%s",
			(long long)o->id, (long long)o->id, of_files(r->cli) ? "; files that changed want a new run" : "");
}

/* --- dry run ----------------------------------------------------------------------- */

struct dry {
	struct cli *cli;
	struct out *out;
	const struct job *last;
};

/* As psql would read it; a command stands in comments. */
static int explain_text(void *arg, const struct job *job, bool command, struct str text, struct mst_error *err)
{
	struct dry *d = arg;
	POOL_SCRATCH(tmp);
	struct buf b;
	buf_init(&b, tmp);
	if (d->out) {
		run_explain_write(&b, job, command, text);
		return out_line(d->out, buf_view(&b), err);
	}
	if (job != d->last)
		buf_printf(&b, "%s-- %.*s (%.*s)\n", d->last ? "\n" : "", STR_FMT(job->name),
			   STR_FMT(job->kind.n ? job->kind : STR("summary")));
	d->last = job;
	if (command) {
		struct str line, rest = str_trim(text);
		buf_z(&b, "-- the rows come from this command:\n");
		for (bool more = true; more; ) {
			more = str_cut(rest, '\n', &line, &rest);
			buf_printf(&b, "--   %.*s\n", STR_FMT(line));
		}
		return out_text(d->cli, buf_view(&b), err);
	}
	struct str sql = str_trim(text);
	buf_str(&b, sql);
	/* a comment at the end would swallow the semicolon */
	const char *nl = memrchr(sql.p, '\n', sql.n);
	struct str last = nl ? (struct str){ nl, (size_t)(sql.p + sql.n - nl) } : sql;
	if (memmem(last.p, last.n, "--", 2))
		buf_char(&b, '\n');
	if (!str_has_suffix(sql, STR(";")))
		buf_char(&b, ';');
	buf_char(&b, '\n');
	return out_text(d->cli, buf_view(&b), err);
}

static int dry_run(struct cli *cli, struct run *run, struct mst_error *err)
{
	struct dry d = { .cli = cli, .out = cli->format == CLI_JSON ? out_open(cli, "event", NULL) : NULL };
	int rc = run_explain(run, explain_text, &d, err);
	return rc || !d.out ? rc : out_close(d.out, err);
}

/* --- input ------------------------------------------------------------------------- */

static int read_query(struct cli *cli, const char *name, struct run_input *in, struct mst_error *err)
{
	struct str sql;
	if (cli->argc > 1 || (cli->argc == 1 && strcmp(cli->argv[0], "-") != 0)) {
		mst_fail(err, MST_USAGE, "--name is for SQL text on stdin");
		return mst_hint(err, "echo \"SELECT 1 AS x\" | mst-run --name demo.one -");
	}
	if (isatty(0))
		cli_note(cli, "reading SQL from the terminal, up to Ctrl-D");
	int rc = fs_read_fd(cli->pool, 0, "stdin", SQL_MAX, &sql, err);
	if (!rc && str_trim(sql).n == 0)
		rc = mst_fail(err, MST_DATA, "there is no SQL on stdin");
	int dialect = sql_dialect_of(str_of(config_get(cli->config, "dialect")));
	return rc ? rc : run_input_query(cli->pool, str_of(name), sql, dialect, in, err);
}

static int read_catalogue(struct cli *cli, const struct args *a, const struct plan_options *options,
			  struct run_input *in, struct mst_error *err)
{
	struct state_opts where = state_options(cli);
	struct db *db;
	POOL_SCRATCH(tmp);
	if (a->name || cli->argc)
		return mst_fail(err, MST_USAGE, "--catalogue and %s do not go together", a->name ? "--name" : cli->argv[0]);
	int rc = state_open(tmp, &where, &db, err);
	return rc ? rc : run_input_catalogue(cli->pool, db, options, in, err);
}

static int read_input(struct cli *cli, const struct args *a, struct run_input *in, struct mst_error *err)
{
	struct plan_options options = { a->select.v, a->exclude.v, a->select.n, a->exclude.n };
	if (a->catalogue)
		return read_catalogue(cli, a, &options, in, err);
	if (a->name)
		return read_query(cli, a->name, in, err);
	if (cli->argc == 0 || (cli->argc == 1 && strcmp(cli->argv[0], "-") == 0)) {
		if (isatty(0))
			cli_note(cli, "reading job lines from the terminal; usual is: mst-deps DIR | mst-plan | mst-run");
		return run_input_lines(cli->pool, 0, "stdin", &options, in, err);
	}
	for (int i = 0; i < cli->argc; i++)
		if (strcmp(cli->argv[i], "-") == 0)
			return mst_fail(err, MST_USAGE, "lines on stdin and files do not go together");
	return run_input_files(cli->pool, (const char *const *)cli->argv, (size_t)cli->argc, &options, in, err);
}

static void tell_plan(struct cli *cli, const struct plan *p, const struct mst_error *err)
{
	for (size_t i = 0; i < p->warnings.n; i++)
		cli_warn(cli, "%s", p->warnings.v[i]);
	if (p->warned > p->warnings.n)
		cli_warn(cli, "%llu more warnings", (unsigned long long)(p->warned - p->warnings.n));
	bool whole = p->cycles.n && strlen(p->cycles.v[0]) < sizeof err->msg - 64;
	for (size_t i = whole; i < p->cycles.n; i++)
		cli_warn(cli, "a cycle: %s", p->cycles.v[i]);
}

static struct str run_name(struct cli *cli, const struct args *a)
{
	struct buf b;
	buf_init(&b, cli->pool);
	if (a->name || a->catalogue)
		buf_z(&b, a->name ? a->name : "catalogue");
	for (int i = 0; !a->name && i < cli->argc && b.n < 200; i++)
		buf_printf(&b, "%s%s", i ? " " : "", cli->argv[i]);
	for (size_t i = 0; i < a->select.n && b.n < 200; i++)
		buf_printf(&b, "%s--select %s", b.n ? " " : "", a->select.v[i]);
	if (!b.n)
		buf_z(&b, "-");
	struct str name = buf_view(&b);
	struct buf clean;
	buf_init(&clean, cli->pool);
	json_quote(&clean, name); /* valid UTF-8 whatever the file names are */
	return json_str(cli->pool, (struct json_val){ buf_view(&clean), JSON_STRING });
}

static int read_labels(struct cli *cli, const struct args *a, struct str *out, struct mst_error *err)
{
	struct buf b;
	struct jw w;
	buf_init(&b, cli->pool);
	jw_init(&w, &b);
	jw_object(&w);
	for (size_t i = 0; i < a->labels.n; i++) {
		struct str key, value;
		if (!str_cut(str_of(a->labels.v[i]), '=', &key, &value) || !key.n)
			return mst_fail(err, MST_USAGE, "a label is KEY=VALUE, '%s' is none", a->labels.v[i]);
		for (size_t k = 0; k < i; k++) {
			struct str other, rest;
			str_cut(str_of(a->labels.v[k]), '=', &other, &rest);
			if (str_eq(key, other))
				return mst_fail(err, MST_USAGE, "the label '%.*s' is given twice", STR_FMT(key));
		}
		jw_key_str(&w, key);
		jw_str(&w, value);
	}
	jw_end(&w);
	*out = a->labels.n ? buf_view(&b) : (struct str){ "", 0 };
	return 0;
}

/* What --retry does not go with: the run has its jobs, its name, its labels. */
static int check_retry(struct cli *cli, const struct args *a, struct mst_error *err)
{
	if (!a->retry)
		return a->current ? mst_fail(err, MST_USAGE, "--current goes with --retry") : 0;
	const char *other = a->name ? "--name" : a->catalogue ? "--catalogue" :
			    a->select.n ? "--select" : a->exclude.n ? "--exclude" :
			    a->labels.n ? "--label" : a->dry_run ? "--dry-run" : cli->argc ? cli->argv[0] : NULL;
	if (!other)
		return 0;
	mst_fail(err, MST_USAGE, "--retry and %s do not go together", other);
	return mst_hint(err, "a run that goes on has the jobs, the name and the labels that it was begun with");
}

static int run_jobs(struct report *r, struct run_opts *o, struct run_input *in, struct run_outcome *outcome,
		    struct run **out, struct mst_error *err)
{
	struct cli *cli = r->cli;
	const struct args *a = cli->args;
	struct run *run;
	struct str job, name;
	int rc = run_prepare(cli->pool, o, &in->jobs, &run, err);
	if (rc)
		return rc;
	*out = run;
	if (a->dry_run)
		return dry_run(cli, run, err);
	size_t external = run_externals(run);
	if (external)
		cli_note(cli, "%zu job%s in 'after' not in the input: taken as done", external, external == 1 ? "" : "s");
	if (run_folded_name(cli->pool, run, &job, &name))
		cli_warn(cli, "%.*s reads %.*s, which PostgreSQL takes for small letters: set the dialect to postgres",
			 STR_FMT(job), STR_FMT(name));
	cli_catch_signals();
	r->rows = pool_array(cli->pool, in->jobs.n + 1, sizeof *r->rows);
	for (size_t i = 0; i < in->jobs.n; i++)
		buf_init(&r->rows[i], cli->pool);
	if (cli->format == CLI_JSON)
		r->out = out_open(cli, "event", NULL);
	r->live = live_open(cli, in->jobs.n, (size_t)o->workers);
	for (size_t i = 0; i < in->jobs.n; i++)
		if (run_done_before(run, i))
			live_end(r->live, i, -1, false);
	rc = run_execute(run, outcome, err);
	live_close(r->live);
	return rc;
}

/* Takes the run up; *done where there is nothing left of it. */
static int read_again(struct cli *cli, struct run_opts *o, struct run_input *in, bool *done, struct mst_error *err)
{
	const struct args *a = cli->args;
	cli_catch_signals();
	int rc = run_again_open(cli->pool, o, a->retry, a->current, &o->again, err);
	if (rc)
		return rc;
	*done = o->again->left == 0;
	if (*done)
		cli_warn(cli, "run %lld has succeeded: there is nothing left to do", (long long)o->again->id);
	else
		cli_note(cli, "run %lld goes on: %zu of %zu jobs are left", (long long)o->again->id, o->again->left,
			 o->again->jobs.n);
	in->jobs = o->again->jobs;
	in->plan = o->again->plan;
	return 0;
}

static int run(struct cli *cli, struct mst_error *err)
{
	const struct args *a = cli->args;
	struct run_input in = { 0 };
	struct report r = { .cli = cli };
	struct run *run = NULL;
	struct run_outcome outcome;
	struct str labels;
	bool done = false;
	int rc = check_retry(cli, a, err);
	if (!rc)
		rc = read_labels(cli, a, &labels, err);
	if (!rc && !a->retry)
		rc = read_input(cli, a, &in, err);
	if (in.made)
		tell_plan(cli, in.made, err);
	if (rc)
		return rc;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct run_opts o = {
		.where = state_options(cli),
		.workers = a->jobs ? (int)a->jobs : cores > 1 ? (int)(cores < 64 ? cores : 64) : 1,
		.fail_fast = a->fail_fast,
		.no_commands = a->no_commands || !config_is_yes(config_get(cli->config, "commands")),
		.no_wait = a->no_wait,
		.each_fails = a->catalogue,
		.reimport = a->reimport.v,
		.n_reimport = a->reimport.n,
		.timezone = config_get(cli->config, "timezone"),
		.name = run_name(cli, a),
		.plan = in.plan,
		.team = str_of(a->team),
		.labels = labels,
		.connection = on_connection,
		.keys = key_options(cli),
		.event = on_event,
		.idle = on_idle,
		.history = on_history,
		.arg = &r,
	};
	if (a->retry)
		rc = read_again(cli, &o, &in, &done, err);
	if (rc || done)
		return rc == MST_CANCELLED && cli_signal ? 128 + cli_signal : rc;
	r.jobs = &in.jobs;
	rc = run_jobs(&r, &o, &in, &outcome, &run, err);
	if (rc && o.again)
		run_again_drop(o.again, err);
	if (rc == MST_CANCELLED && cli_signal)
		return 128 + cli_signal;
	return rc || a->dry_run ? rc : finish(&r, run, &outcome, a->name != NULL, err);
}

static const struct cli_cmd cmd = {
	.name = "mst-run",
	.summary = "execute a plan",
	.args = "[FILE|FOLDER... | - | --catalogue | --retry RUN]",
	.max_args = -1,
	.args_size = sizeof(struct args),
	.groups = CLI_OUTPUT | CLI_DB,
	.opts = opts,
	.examples = examples,
	.reads = "job, table, task",
	.writes = "event",
	.talks_to = "the state database and the warehouse",
	.exits = "1 3 4 5 6 130",
	.see_also = "mst-deps(1), mst-plan(1), mst-ps(1), mst-json(5)",
	.complete = "path",
	.run = run,
};

int main(int argc, char **argv)
{
	return cli_main(argc, argv, &cmd);
}
