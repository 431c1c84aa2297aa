/* mst-ps: what ran, and what became of it. */
#include "base/jsonl.h"
#include "base/map.h"
#include "base/time.h"
#include "cli/out.h"
#include "engine/tree.h"
#include "state.h"
#include "store/run.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

struct args {
	const char *state;
	int64_t limit;
	bool sql;
};

static const struct cli_opt opts[] = {
	{ .name = "limit", .letter = 'l', .kind = CLI_INT, .offset = offsetof(struct args, limit), .metavar = "N",
	  .min = 1, .max = 1000000, .def = "20", .help = "so many runs, the latest first" },
	{ .name = "state", .kind = CLI_ENUM, .offset = offsetof(struct args, state), .metavar = "STATE",
	  .values = "queued|running|paused|succeeded|failed|cancelled", .help = "runs in this state only" },
	{ .name = "sql", .kind = CLI_FLAG, .offset = offsetof(struct args, sql),
	  .help = "with the SQL text that each job ran" },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "mst-ps", "the latest runs" },
	{ "mst-ps last", "the jobs of the last run, as a tree" },
	{ "mst-ps last | jq 'select(.state == \"failed\") | .error'", "what went wrong" },
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
	{ "error", "ERROR", OUT_TEXT, true },
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

static int pass_line(void *arg, struct str line, struct mst_error *err)
{
	return out_line(arg, line, err);
}

/* --- the tree ------------------------------------------------------------------------ */

struct node {
	struct str name, state;
	int64_t rows, duration_us;
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

static int add_node(void *arg, struct str line, struct mst_error *err)
{
	static const struct str keys[] = { { "name", 4 }, { "state", 5 }, { "rows", 4 }, { "duration_us", 11 },
					   { "after", 5 }, { "error", 5 } };
	struct tree *t = arg;
	struct pool *pool = t->cli->pool;
	struct json_val v[6];
	line = str_dup(pool, line);
	int rc = json_pick(line, keys, 6, v, err);
	if (rc)
		return rc;
	*vec_push(pool, &t->nodes) = (struct node){
		.name = json_str(pool, v[0]),
		.state = json_str(pool, v[1]),
		.rows = int_of(v[2]),
		.duration_us = int_of(v[3]),
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

static int list_runs(struct cli *cli, struct db *db, const struct args *a, struct mst_error *err)
{
	struct out *out = out_open(cli, "run", run_columns);
	struct store_run_filter filter = { a->state, a->limit };
	int rc = store_run_list(db, &filter, pass_line, out, err);
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
		rc = store_job_list(db, id, a->sql, pass_line, out, err);
		return rc ? rc : out_close(out, err);
	}
	struct out *head = out_open(cli, "run", run_columns);
	rc = store_run_get(db, id, pass_line, head, err);
	if (!rc)
		rc = out_close(head, err);
	struct tree t = { .cli = cli };
	if (!rc)
		rc = store_job_list(db, id, false, add_node, &t, err);
	if (!rc)
		rc = out_text(cli, STR("\n"), err);
	return rc ? rc : draw(&t, err);
}

static int run(struct cli *cli, struct mst_error *err)
{
	const struct args *a = cli->args;
	struct state_opts where = state_options(cli);
	struct db *db;
	cli_catch_signals();
	int rc = state_open(cli->pool, &where, &db, err);
	if (!rc)
		rc = store_run_reap(db, NULL, err);
	if (rc)
		return rc;
	return cli->argc ? show_run(cli, db, a, err) : list_runs(cli, db, a, err);
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
	.args = "[RUN | last]",
	.max_args = 1,
	.args_size = sizeof(struct args),
	.groups = CLI_OUTPUT | CLI_DB,
	.opts = opts,
	.examples = examples,
	.reads = "nothing",
	.writes = "run, job",
	.talks_to = "the state database",
	.exits = "1 4",
	.see_also = "mst-run(1), mst-db(1), mst-json(5)",
	.complete = "run",
	.run = run,
};

int main(int argc, char **argv)
{
	cli_completer = complete_names;
	return cli_main(argc, argv, &cmd);
}
