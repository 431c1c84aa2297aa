/* mst-ps: what ran, and what became of it. */
#include "base/jsonl.h"
#include "base/map.h"
#include "base/time.h"
#include "cli/out.h"
#include "engine/tree.h"
#include "since.h"
#include "state.h"
#include "store/log.h"
#include "store/run.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

/* A lost hint, or an owner that was killed, is found out after so long at the latest. */
#define LOOK_US (2 * US_PER_S)

struct args {
	const char *state, *usage, *since;
	struct cli_list labels;
	int64_t limit, timeout_us;
	bool sql, wait;
};

static const struct cli_opt opts[] = {
	{ .name = "limit", .letter = 'l', .kind = CLI_INT, .offset = offsetof(struct args, limit), .metavar = "N",
	  .min = 1, .max = 1000000, .def = "20", .help = "so many runs, the latest first" },
	{ .name = "state", .kind = CLI_ENUM, .offset = offsetof(struct args, state), .metavar = "STATE",
	  .values = "queued|running|paused|succeeded|failed|cancelled", .help = "runs in this state only" },
	{ .name = "label", .kind = CLI_LIST, .offset = offsetof(struct args, labels), .metavar = "KEY=VALUE",
	  .help = "runs with this label; several: with all of them" },
	{ .name = "wait", .letter = 'w', .kind = CLI_FLAG, .offset = offsetof(struct args, wait),
	  .help = "wait for the end; the exit status is the outcome" },
	{ .name = "timeout", .kind = CLI_DURATION, .offset = offsetof(struct args, timeout_us), .metavar = "DURATION",
	  .help = "with --wait: at most so long" },
	{ .name = "usage", .kind = CLI_ENUM, .offset = offsetof(struct args, usage), .metavar = "BY",
	  .values = "team|user|table|day", .help = "what jobs cost, summed by one of these" },
	{ .name = "since", .kind = CLI_STRING, .offset = offsetof(struct args, since), .metavar = "WHEN",
	  .help = "with --usage: attempts since (2d, 2026-11-22)" },
	{ .name = "sql", .kind = CLI_FLAG, .offset = offsetof(struct args, sql),
	  .help = "with the SQL text that each job ran" },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "mst-ps", "the latest runs" },
	{ "mst-ps last", "the jobs of the last run, as a tree" },
	{ "mst-ps last | jq 'select(.state == \"failed\") | .error'", "what went wrong" },
	{ "mst-ps --wait mart.sales --timeout 1h && make report", "go on when the table is made" },
	{ "mst-ps --usage team --since 30d", "what each team used" },
	{ NULL, NULL },
};

static const struct out_col run_columns[] = {
	{ "id", "RUN", OUT_NUMBER, false },
	{ "state", "STATE", OUT_STATE, false },
	{ "jobs", "JOBS", OUT_NUMBER, false },
	{ "succeeded", "OK", OUT_NUMBER, false },
	{ "failed", "FAILED", OUT_NUMBER, false },
	{ "started_at", "STARTED", OUT_TIME, false },
	{ "duration_us", "TIME", OUT_DURATION_US, false },
	{ "name", "OF", OUT_TEXT, true },
	{ "error", "ERROR", OUT_TEXT, OUT_SHRINK_FIRST | OUT_SPARE },
	{ NULL, NULL, OUT_TEXT, false },
};

static const struct out_col job_columns[] = {
	{ "name", "JOB", OUT_TEXT, true },
	{ "state", "STATE", OUT_STATE, false },
	{ "rows", "ROWS", OUT_NUMBER, false },
	{ "bytes", "SIZE", OUT_BYTES, false },
	{ "duration_us", "TIME", OUT_DURATION_US, false },
	{ "error.message", "ERROR", OUT_TEXT, true },
	{ NULL, NULL, OUT_TEXT, false },
};

static const struct out_col usage_columns[] = {
	{ "key", "OF", OUT_TEXT, true },
	{ "jobs", "JOBS", OUT_NUMBER, false },
	{ "attempts", "ATTEMPTS", OUT_NUMBER, false },
	{ "rows", "ROWS", OUT_NUMBER, false },
	{ "bytes", "SIZE", OUT_BYTES, false },
	{ "cpu_us", "CPU", OUT_DURATION_US, false },
	{ "duration_us", "TIME", OUT_DURATION_US, false },
	{ NULL, NULL, OUT_TEXT, false },
};

/* --- the tree ------------------------------------------------------------------------ */

struct node {
	struct str name, state;
	int64_t rows, duration_us;
	size_t warned; /* tests on the result */
	struct json_val after, error;
};

struct tree {
	struct cli *cli;
	VEC(struct node) nodes;
};

static int64_t int_of(struct json_val v)
{
	int64_t n;
	return json_int(v, &n) ? n : -1;
}

/* A test that fails the job is told of by its error. */
static size_t count_warned(struct json_val tests)
{
	static const struct str keys[] = { { "severity", 8 }, { "state", 5 } };
	struct json_val test, v[2];
	struct mst_error ignored;
	size_t n = 0;
	if (tests.type != JSON_ARRAY)
		return 0;
	for (struct json_iter it = json_iter(tests); json_next(&it, NULL, &test);)
		n += test.type == JSON_OBJECT && !json_pick(test.raw, keys, 2, v, &ignored) &&
		     str_eqz(v[0].raw, "\"warn\"") && str_eqz(v[1].raw, "\"failed\"");
	return n;
}

static int add_node(void *arg, struct str line, struct mst_error *err)
{
	static const struct str keys[] = { { "name", 4 }, { "state", 5 }, { "rows", 4 }, { "duration_us", 11 },
					   { "after", 5 }, { "error", 5 }, { "tests", 5 } };
	struct tree *t = arg;
	struct pool *pool = t->cli->pool;
	struct json_val v[7];
	line = str_dup(pool, line);
	int rc = json_pick(line, keys, 7, v, err);
	if (rc)
		return rc;
	*vec_push(pool, &t->nodes) = (struct node){
		.name = json_str(pool, v[0]),
		.state = json_str(pool, v[1]),
		.rows = int_of(v[2]),
		.duration_us = int_of(v[3]),
		.warned = count_warned(v[6]),
		.after = v[4],
		.error = v[5],
	};
	return 0;
}

static const char *colour(const struct tree *t, struct str state)
{
	if (!t->cli->color_out)
		return "";
	if (str_eqz(state, "failed"))
		return "\033[31m";
	if (str_eqz(state, "succeeded"))
		return "\033[32m";
	return str_eqz(state, "running") ? "\033[36m" : "\033[33m";
}

/* Names come from outside: nothing of them may steer a terminal. */
static void put_text(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_char(b, (unsigned char)s.p[i] < 32 || s.p[i] == 127 ? '?' : s.p[i]);
}

static void label(void *ctx, uint32_t i, struct buf *b)
{
	const struct tree *t = ctx;
	const struct node *n = &t->nodes.v[i];
	char took[TIME_SHORT_MAX];
	put_text(b, n->name);
	buf_printf(b, "  %s%.*s%s", colour(t, n->state), STR_FMT(n->state), t->cli->color_out ? "\033[0m" : "");
	if (n->rows >= 0)
		buf_printf(b, ", %lld row%s", (long long)n->rows, n->rows == 1 ? "" : "s");
	if (n->duration_us >= 0)
		buf_printf(b, ", %s", time_short(took, n->duration_us));
	if (n->warned)
		buf_printf(b, ", %s%zu test%s warned%s", t->cli->color_out ? "\033[33m" : "", n->warned,
			   n->warned == 1 ? "" : "s", t->cli->color_out ? "\033[0m" : "");
}

static int write_text(void *ctx, struct str text, struct mst_error *err)
{
	const struct tree *t = ctx;
	return out_text(t->cli, text, err);
}

static void put_error(struct pool *pool, struct buf *b, const struct node *n)
{
	static const struct str keys[] = { { "message", 7 }, { "file", 4 }, { "line", 4 }, { "col", 3 }, { "hint", 4 } };
	struct json_val v[5];
	struct mst_error ignored;
	if (n->error.type != JSON_OBJECT || json_pick(n->error.raw, keys, 5, v, &ignored))
		return;
	struct str file = v[1].type == JSON_STRING ? json_str(pool, v[1]) : n->name;
	buf_char(b, '\n');
	if (!str_eq(file, n->name)) {
		put_text(b, n->name);
		buf_z(b, ": ");
	}
	if (file.n) {
		put_text(b, file);
		if (int_of(v[2]) > 0)
			buf_printf(b, ":%lld", (long long)int_of(v[2]));
		if (int_of(v[2]) > 0 && int_of(v[3]) > 0)
			buf_printf(b, ":%lld", (long long)int_of(v[3]));
		buf_z(b, ": ");
	}
	if (v[0].type == JSON_STRING)
		put_text(b, json_str(pool, v[0]));
	if (v[4].type == JSON_STRING) {
		buf_z(b, "\n  ");
		put_text(b, json_str(pool, v[4]));
	}
	buf_char(b, '\n');
}

static int draw(struct tree *t, struct mst_error *err)
{
	struct pool *pool = t->cli->pool;
	struct map index;
	struct graph g;
	struct json_val v;
	VEC(struct graph_edge) edges = { 0 };
	map_init(&index, pool, t->nodes.n);
	for (size_t i = 0; i < t->nodes.n; i++)
		*map_put(&index, t->nodes.v[i].name, NULL) = i;
	for (uint32_t i = 0; i < t->nodes.n; i++) {
		if (t->nodes.v[i].after.type != JSON_ARRAY)
			continue;
		for (struct json_iter it = json_iter(t->nodes.v[i].after); json_next(&it, NULL, &v);) {
			const uint64_t *up = map_get(&index, json_str(pool, v));
			if (up)
				*vec_push(pool, &edges) = (struct graph_edge){ (uint32_t)*up, i };
		}
	}
	int rc = graph_build(pool, t->nodes.n, edges.v, edges.n, &g, err);
	if (rc)
		return rc;
	setlocale(LC_CTYPE, "");
	rc = tree_draw(&g,
		       &(struct tree_style){ strcmp(nl_langinfo(CODESET), "UTF-8") == 0, t, label, write_text }, err);
	struct buf b;
	buf_init(&b, pool);
	for (size_t i = 0; i < t->nodes.n; i++)
		put_error(pool, &b, &t->nodes.v[i]);
	return rc || !b.n ? rc : out_text(t->cli, buf_view(&b), err);
}

/* ------------------------------------------------------------------------------------- */

/* {"k":"v"}; empty where there is no label. */
static int labels_json(struct pool *pool, const struct cli_list *list, struct str *out, struct mst_error *err)
{
	struct buf b;
	struct jw w;
	buf_init(&b, pool);
	*out = (struct str){ NULL, 0 };
	if (!list->n)
		return 0;
	jw_init(&w, &b);
	jw_object(&w);
	for (size_t i = 0; i < list->n; i++) {
		struct str key, value;
		if (!str_cut(str_of(list->v[i]), '=', &key, &value) || !key.n) {
			mst_fail(err, MST_USAGE, "--label %s is no KEY=VALUE", list->v[i]);
			return mst_hint(err, "for example --label month=2026-11");
		}
		jw_key_str(&w, key);
		jw_str(&w, value);
	}
	jw_end(&w);
	*out = buf_view(&b);
	return 0;
}

static int list_runs(struct cli *cli, struct db *db, const struct args *a, struct mst_error *err)
{
	struct store_run_filter filter = { .state = a->state, .limit = a->limit };
	int rc = labels_json(cli->pool, &a->labels, &filter.labels, err);
	if (rc)
		return rc;
	struct out *out = out_open(cli, "run", run_columns);
	rc = store_run_list(db, &filter, out_told, out, err);
	return rc ? rc : out_close(out, err);
}

/* What belongs to no team has a name in the table alone. */
static int told_usage(void *arg, struct str line, struct mst_error *err)
{
	static const struct str key = { "key", 3 };
	struct json_val v;
	POOL_SCRATCH(tmp);
	int rc = json_pick(line, &key, 1, &v, err);
	if (!rc && v.type == JSON_NONE)
		line = str_of(pool_printf(tmp, "{\"key\":\"-\",%.*s", (int)line.n - 1, line.p + 1));
	return rc ? rc : out_line(arg, line, err);
}

static int show_usage(struct cli *cli, struct db *db, const struct args *a, struct mst_error *err)
{
	struct store_usage_filter filter = { .by = a->usage };
	int rc = labels_json(cli->pool, &a->labels, &filter.labels, err);
	if (!rc)
		rc = since_read(cli->pool, a->since, &filter.since_ago_us, &filter.since_at, err);
	if (rc)
		return rc;
	struct out *out = out_open(cli, "usage", usage_columns);
	rc = store_usage(db, &filter, cli->format == CLI_TABLE ? told_usage : out_told, out, err);
	return rc ? rc : out_close(out, err);
}

static int show_run(struct cli *cli, struct db *db, const struct args *a, struct mst_error *err)
{
	int64_t id;
	int rc = store_run_find(db, cli->argv[0], &id, err);
	if (rc)
		return rc;
	if (cli->format != CLI_TABLE) {
		struct out *out = out_open(cli, "job", job_columns);
		rc = store_job_list(db, id, 0, a->sql, out_told, out, err);
		return rc ? rc : out_close(out, err);
	}
	struct out *head = out_open(cli, "run", run_columns);
	rc = store_run_get(db, id, out_told, head, err);
	if (!rc)
		rc = out_close(head, err);
	struct tree t = { .cli = cli };
	if (!rc)
		rc = store_job_list(db, id, 0, false, add_node, &t, err);
	if (!rc)
		rc = out_text(cli, STR("\n"), err);
	return rc ? rc : draw(&t, err);
}

/* Until it has ended, or the time is over. */
static int wait_for(struct pool *pool, struct db *db, int64_t run, int64_t no, int64_t end_us,
		    struct store_outcome *out, struct mst_error *err)
{
	bool told = true;
	int rc = store_watch(db, run, err);
	for (int64_t look = US_PER_S / 20; !rc;) {
		rc = store_outcome(pool, db, run, no, out, err);
		if (rc || out->ended)
			return rc;
		int64_t left = end_us ? end_us - time_mono_us() : look;
		if (left <= 0)
			return MST_TIMEOUT;
		rc = db_notes_wait(db, left < look ? left : look, &told, err);
		if (!rc && !told) {
			rc = store_run_reap(db, NULL, err);
			look = look * 4 < LOOK_US ? look * 4 : LOOK_US;
		}
	}
	return rc;
}

static int wait_run(struct cli *cli, struct db *db, const struct args *a, struct mst_error *err)
{
	const char *word = cli->argv[0];
	int64_t run, no = 0, end_us = a->timeout_us ? time_mono_us() + a->timeout_us : 0;
	bool number = *word && word[strspn(word, "0123456789")] == 0;
	int rc = number || strcmp(word, "last") == 0 ? store_run_find(db, word, &run, err)
						      : store_job_maker(db, word, &run, &no, err);
	struct store_outcome end;
	if (!rc)
		rc = wait_for(cli->pool, db, run, no, end_us, &end, err);
	if (rc == MST_TIMEOUT) {
		mst_fail(err, MST_TIMEOUT, no ? "%s is %.*s still, in run %lld" : "run %s is %.*s still", word,
			 STR_FMT(end.state), (long long)run);
		return mst_hint(err, "it goes on; mst-ps %lld shows how far it is", (long long)run);
	}
	if (rc)
		return rc;
	struct out *out = out_open(cli, no ? "job" : "run", no ? job_columns : run_columns);
	rc = no ? store_job_list(db, run, no, a->sql, out_told, out, err)
		: store_run_get(db, run, out_told, out, err);
	if (!rc)
		rc = out_close(out, err);
	return rc ? rc : end.good ? 0 : 1;
}

static int check_args(const struct cli *cli, const struct args *a, struct mst_error *err)
{
	if (a->usage && (cli->argc || a->wait || a->state))
		return mst_fail(err, MST_USAGE, "--usage takes no run, no --wait and no --state");
	if (a->wait && !cli->argc)
		return mst_fail(err, MST_USAGE, "--wait wants the number of a run, 'last', or a table");
	if (a->timeout_us && !a->wait)
		return mst_fail(err, MST_USAGE, "--timeout goes with --wait");
	if (a->since && !a->usage)
		return mst_fail(err, MST_USAGE, "--since goes with --usage");
	return 0;
}

static int run(struct cli *cli, struct mst_error *err)
{
	const struct args *a = cli->args;
	struct state_opts where = state_options(cli);
	struct db *db;
	cli_catch_signals();
	int rc = check_args(cli, a, err);
	if (!rc)
		rc = state_open(cli->pool, &where, &db, err);
	if (!rc)
		rc = store_run_reap(db, NULL, err);
	if (rc)
		return rc;
	if (a->usage)
		return show_usage(cli, db, a, err);
	return a->wait ? wait_run(cli, db, a, err) : cli->argc ? show_run(cli, db, a, err) : list_runs(cli, db, a, err);
}

struct completion {
	struct buf b;
	struct str lead;
};

static int add_name(void *arg, struct str name, struct mst_error *err)
{
	struct completion *c = arg;
	(void)err;
	buf_str(&c->b, c->lead);
	buf_str(&c->b, name);
	buf_char(&c->b, '\n');
	return 0;
}

/* What stands before the name in a selector: "tag:x,2+" of "tag:x,2+mart.s". */
static size_t selector_lead(const char *word)
{
	const char *comma = strrchr(word, ','), *p = comma ? comma + 1 : word;
	const char *plus = p + strspn(p, "0123456789");
	if (*p == '@')
		p++;
	else if (*plus == '+')
		p = plus + 1;
	return (size_t)(p - word);
}

/* For this and all other commands (lib/cli/complete.c).  A key was pressed: nothing is made
 * or started for it, and a server that does not answer is not waited for. */
static void complete_names(struct cli *cli, const char *kind, const char *prefix)
{
	struct state_opts where = state_options(cli);
	struct cluster *cluster;
	struct cluster_state now;
	struct mst_error ignored;
	struct db *db;
	struct completion c = { .lead = { prefix, strcmp(kind, "table") == 0 ? selector_lead(prefix) : 0 } };
	buf_init(&c.b, cli->pool);
	where.cluster.note = NULL;
	if (!where.db || !*where.db) {
		if (cluster_open(cli->pool, &where.cluster, &cluster, &ignored))
			return;
		cluster_look(cli->pool, cluster, &now);
		if (!now.ready)
			return;
		where.db = cluster_conninfo(cli->pool, &now, "mst");
	}
	setenv("PGCONNECT_TIMEOUT", "2", 0);
	if (state_connect(cli->pool, &where, &db, &ignored) == 0 &&
	    store_names(db, kind, prefix + c.lead.n, add_name, &c, &ignored) == 0)
		(void)out_text(cli, buf_view(&c.b), &ignored);
}

static const struct cli_cmd cmd = {
	.name = "mst-ps",
	.summary = "list runs and their jobs",
	.args = "[RUN | last | TABLE]",
	.max_args = 1,
	.args_size = sizeof(struct args),
	.groups = CLI_OUTPUT | CLI_DB,
	.opts = opts,
	.examples = examples,
	.reads = "nothing",
	.writes = "run, job, usage",
	.talks_to = "the state database",
	.exits = "1 4 5 6 130",
	.see_also = "mst-run(1), mst-log(1), mst-db(1), mst-json(5)",
	.complete = "run",
	.run = run,
};

int main(int argc, char **argv)
{
	cli_completer = complete_names;
	return cli_main(argc, argv, &cmd);
}
