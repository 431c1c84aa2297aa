/* mst-log: what runs and their jobs said, and what happened. */
#include "base/jsonl.h"
#include "base/time.h"
#include "cli/out.h"
#include "since.h"
#include "state.h"
#include "store/log.h"
#include "store/run.h"

#include <stdio.h>
#include <time.h>

/* A lost hint, or an owner that was killed, is found out after so long at the latest. */
#define LOOK_US (2 * US_PER_S)

struct args {
	const char *since;
	bool events, follow;
};

static const struct cli_opt opts[] = {
	{ .name = "follow", .letter = 'f', .kind = CLI_FLAG, .offset = offsetof(struct args, follow),
	  .help = "go on with what comes, to the end of the run" },
	{ .name = "events", .letter = 'e', .kind = CLI_FLAG, .offset = offsetof(struct args, events),
	  .help = "what happened in all runs and to definitions" },
	{ .name = "since", .kind = CLI_STRING, .offset = offsetof(struct args, since), .metavar = "WHEN",
	  .help = "only what is not older (2h, 2026-11-22)" },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "mst-log last", "what happened in the last run, and what its jobs said" },
	{ "mst-log -f mart.sales", "follow the job that makes a table" },
	{ "mst-log --events -f | jq 'select(.state == \"failed\")'", "failures, as they happen" },
	{ NULL, NULL },
};

static const struct out_col columns[] = {
	{ "type", "TYPE", OUT_TEXT, false },
	{ "at", "AT", OUT_TIME, false },
	{ "run", "RUN", OUT_NUMBER, false },
	{ "job", "JOB", OUT_TEXT, false },
	{ "attempt", "ATTEMPT", OUT_NUMBER, false },
	{ "event", "EVENT", OUT_TEXT, false },
	{ "state", "STATE", OUT_STATE, false },
	{ "stream", "STREAM", OUT_TEXT, false },
	{ "text", "TEXT", OUT_TEXT, false },
	{ "error.message", "ERROR", OUT_TEXT, false },
	{ NULL, NULL, OUT_TEXT, false },
};

/* --- for people -------------------------------------------------------------------------- */

struct printer {
	struct cli *cli;
	struct out *out; /* NULL: text */
	bool with_run;
};

enum {
	TYPE, EVENT, AT, RUN, JOB, ATTEMPT, STREAM, TEXT, STATE, ROWS, DURATION, ERROR, USER, JOBS, SUCCEEDED, FAILED,
	DATA, AGAIN, KEYS
};

static const struct str keys[KEYS] = {
	[TYPE] = { "type", 4 },	      [EVENT] = { "event", 5 },	      [AT] = { "at", 2 },     [RUN] = { "run", 3 },
	[JOB] = { "job", 3 },	      [ATTEMPT] = { "attempt", 7 },   [STREAM] = { "stream", 6 }, [TEXT] = { "text", 4 },
	[STATE] = { "state", 5 },     [ROWS] = { "rows", 4 },	      [DURATION] = { "duration_us", 11 },
	[ERROR] = { "error", 5 },     [USER] = { "user", 4 },	      [JOBS] = { "jobs", 4 },
	[SUCCEEDED] = { "succeeded", 9 }, [FAILED] = { "failed", 6 }, [DATA] = { "data", 4 }, [AGAIN] = { "again", 5 },
};

/* What a job said may not steer the terminal. */
static void put_text(struct buf *b, struct str s)
{
	POOL_SCRATCH(tmp);
	char *copy = str_z(tmp, s);
	mst_harmless(copy, s.n);
	buf_add(b, copy, s.n);
}

static void put_count(struct buf *b, struct json_val v, const char *what)
{
	int64_t n;
	if (json_int(v, &n))
		buf_printf(b, ", %lld %s%s", (long long)n, what, n == 1 || !strchr("jr", *what) ? "" : "s");
}

static void put_colour(struct printer *p, struct buf *b, struct str state)
{
	if (p->cli->color_out)
		buf_z(b, str_eqz(state, "failed") ? "\033[31m" : str_eqz(state, "succeeded") ? "\033[32m" :
			 str_eqz(state, "running") ? "\033[36m" : "\033[33m");
}

/* "mart.sales  changed, revision 3": what happened to a table, a user, a team, a member. */
static void put_definition(struct printer *p, struct pool *pool, struct buf *b, struct str event, struct json_val data)
{
	enum { OF_TABLE, OF_NAME, OF_TEAM, OF_USER, REVISION, ROLE, ADMIN, LOADED, BAD, N };
	static const struct str words[N] = { { "table", 5 }, { "name", 4 },  { "team", 4 }, { "user", 4 },
					     { "revision", 8 }, { "role", 4 }, { "admin", 5 }, { "rows", 4 },
					     { "rows_bad", 8 } };
	struct json_val v[N] = { 0 };
	struct mst_error ignored;
	struct str noun, verb;
	if (!str_cut(event, '_', &noun, &verb) || data.type != JSON_OBJECT || json_pick(data.raw, words, N, v, &ignored))
		verb = event;
	bool member = str_eqz(noun, "member");
	int what = str_eqz(noun, "table") ? (v[OF_TABLE].type == JSON_STRING ? OF_TABLE : OF_NAME) :
		   member || str_eqz(noun, "team") ? OF_TEAM : OF_USER;
	if (v[what].type == JSON_STRING) {
		buf_z(b, what == OF_TEAM ? "team " : what == OF_USER ? "user " : "");
		put_text(b, json_str(pool, v[what]));
		buf_z(b, "  ");
	}
	if (member && v[OF_USER].type == JSON_STRING) {
		put_text(b, json_str(pool, v[OF_USER]));
		buf_char(b, ' ');
	}
	put_colour(p, b, event);
	for (size_t i = 0; i < verb.n; i++)
		buf_char(b, verb.p[i] == '_' ? ' ' : verb.p[i]);
	buf_z(b, p->cli->color_out ? "\033[0m" : "");
	if (v[ROLE].type == JSON_STRING) {
		buf_z(b, " as ");
		put_text(b, json_str(pool, v[ROLE]));
	}
	if (json_is_true(v[ADMIN]))
		buf_z(b, " as an admin");
	if (v[REVISION].type == JSON_NUMBER)
		buf_printf(b, ", revision %.*s", STR_FMT(v[REVISION].raw));
	put_count(b, v[LOADED], "row");
	put_count(b, v[BAD], "bad");
}

static void put_event(struct printer *p, struct pool *pool, struct buf *b, const struct json_val *v)
{
	static const struct str message = { "message", 7 };
	char took[TIME_SHORT_MAX];
	int64_t us;
	struct json_val m;
	struct mst_error ignored;
	struct str event = json_str(pool, v[EVENT]), state = v[STATE].type == JSON_STRING ? json_str(pool, v[STATE]) : event;
	if (v[RUN].type == JSON_NONE) {
		put_definition(p, pool, b, event, v[DATA]);
		buf_z(b, ", by ");
		put_text(b, json_str(pool, v[USER]));
		return;
	}
	put_colour(p, b, state);
	if (str_eqz(event, "job_started") || str_eqz(event, "run_started")) {
		buf_z(b, json_is_true(v[AGAIN]) ? "started again" : "started");
	} else if (str_eqz(event, "job_retried")) {
		buf_z(b, "failed, is tried again");
	} else if (str_eqz(event, "job_woken")) {
		buf_z(b, "woken");
	} else {
		put_text(b, state);
	}
	if (p->cli->color_out)
		buf_z(b, "\033[0m");
	put_count(b, v[JOBS], "job");
	put_count(b, v[SUCCEEDED], "succeeded");
	if (v[FAILED].type == JSON_NUMBER && !str_eqz(v[FAILED].raw, "0"))
		put_count(b, v[FAILED], "failed");
	put_count(b, v[ROWS], "row");
	if (json_int(v[DURATION], &us))
		buf_printf(b, ", %s", time_short(took, us));
	if (str_eqz(event, "run_started")) {
		buf_z(b, ", by ");
		put_text(b, json_str(pool, v[USER]));
	}
	m = v[ERROR];
	if (m.type == JSON_OBJECT && json_pick(v[ERROR].raw, &message, 1, &m, &ignored))
		return;
	if (m.type == JSON_STRING) {
		buf_z(b, ": ");
		put_text(b, json_str(pool, m));
	}
}

static void put_time(struct buf *b, struct str at)
{
	int64_t us;
	struct mst_error ignored;
	struct tm tm;
	if (time_parse_iso(at, &us, &ignored))
		return;
	time_t s = (time_t)(us / US_PER_S);
	localtime_r(&s, &tm);
	buf_printf(b, "%02d-%02d %02d:%02d:%02d.%03d  ", tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		   (int)(us % US_PER_S / 1000));
}

static int print(void *arg, struct str line, struct mst_error *err)
{
	struct printer *p = arg;
	struct json_val v[KEYS];
	if (p->out)
		return out_line(p->out, line, err);
	POOL_SCRATCH(tmp);
	struct buf b;
	buf_init(&b, tmp);
	int rc = json_pick(line, keys, KEYS, v, err);
	if (rc)
		return rc;
	int64_t attempt;
	put_time(&b, json_str(tmp, v[AT]));
	if (p->with_run && v[RUN].type == JSON_NUMBER)
		buf_printf(&b, "run %.*s  ", STR_FMT(v[RUN].raw));
	if (v[JOB].type == JSON_STRING) {
		put_text(&b, json_str(tmp, v[JOB]));
		if (json_int(v[ATTEMPT], &attempt) && attempt > 1)
			buf_printf(&b, " (%lld)", (long long)attempt);
		buf_z(&b, "  ");
	} else if (!p->with_run && v[RUN].type == JSON_NUMBER) {
		buf_printf(&b, "run %.*s  ", STR_FMT(v[RUN].raw));
	}
	if (str_eqz(json_str(tmp, v[TYPE]), "log")) {
		buf_z(&b, "| ");
		put_text(&b, json_str(tmp, v[TEXT]));
	} else {
		put_event(p, tmp, &b, v);
	}
	buf_char(&b, '\n');
	return out_text(p->cli, buf_view(&b), err);
}

/* ----------------------------------------------------------------------------------------- */

/* RUN, RUN/JOB or the name of a table, whose latest job is meant. */
static int find(struct pool *pool, struct db *db, const char *word, struct store_follow_opts *o, struct mst_error *err)
{
	struct str head, name;
	bool cut = str_cut(str_of(word), '/', &head, &name);
	const char *run = str_z(pool, head);
	bool is_run = strcmp(run, "last") == 0 || (*run && run[strspn(run, "0123456789")] == 0);
	if (!is_run)
		return store_job_find(db, word, 0, &o->run, &o->job, err);
	int rc = store_run_find(db, run, &o->run, err);
	return rc || !cut ? rc : store_job_find(db, str_z(pool, name), o->run, &o->run, &o->job, err);
}

/* Reads and waits by turns; of a run to its end. */
static int follow(struct printer *p, struct db *db, const struct store_follow_opts *o, struct mst_error *err)
{
	struct store_follow *f = store_follow_open(p->cli->pool, db, o);
	int rc = store_watch(db, o->run, err);
	for (int64_t look = US_PER_S / 20; !rc;) {
		POOL_SCRATCH(tmp);
		struct store_outcome end = { .ended = false };
		bool told;
		/* asked first: what is recorded before the end is read after it */
		if (o->run)
			rc = store_outcome(tmp, db, o->run, o->job, &end, err);
		if (!rc)
			rc = store_follow_read(f, print, p, err);
		if (!rc && p->out)
			rc = out_flush(p->out, err);
		if (rc || end.ended)
			return rc;
		rc = db_notes_wait(db, look, &told, err);
		if (!rc && !told) {
			rc = store_run_reap(db, NULL, err);
			look = look * 4 < LOOK_US ? look * 4 : LOOK_US;
		}
	}
	return rc;
}

static int run(struct cli *cli, struct mst_error *err)
{
	const struct args *a = cli->args;
	struct state_opts where = state_options(cli);
	struct store_follow_opts o = { .again = a->follow };
	struct printer p = { .cli = cli, .with_run = a->events };
	struct db *db;
	if (a->events == (cli->argc > 0)) {
		mst_fail(err, MST_USAGE, a->events ? "--events is about all runs" : "whose log?");
		return mst_hint(err, "mst-log RUN, mst-log TABLE, or mst-log --events");
	}
	cli_catch_signals();
	int rc = since_read(cli->pool, a->since, &o.since_ago_us, &o.since_at, err);
	if (!rc)
		rc = state_open(cli->pool, &where, &db, err);
	if (!rc)
		rc = store_run_reap(db, NULL, err);
	if (!rc && cli->argc)
		rc = find(cli->pool, db, cli->argv[0], &o, err);
	if (rc)
		return rc;
	if (a->events && a->follow && !a->since)
		o.since_ago_us = 0;
	if (cli->format != CLI_TABLE)
		p.out = out_open(cli, NULL, columns);
	rc = a->follow ? follow(&p, db, &o, err)
		       : store_follow_read(store_follow_open(cli->pool, db, &o), print, &p, err);
	return rc || !p.out ? rc : out_close(p.out, err);
}

static const struct cli_cmd cmd = {
	.name = "mst-log",
	.summary = "show what runs and jobs said, and what happened",
	.args = "[RUN | last | RUN/JOB | TABLE]",
	.max_args = 1,
	.args_size = sizeof(struct args),
	.groups = CLI_OUTPUT | CLI_DB,
	.opts = opts,
	.examples = examples,
	.reads = "nothing",
	.writes = "event, log",
	.talks_to = "the state database",
	.exits = "1 4 6 130",
	.see_also = "mst-ps(1), mst-run(1), mst-json(5)",
	.complete = "run",
	.run = run,
};

int main(int argc, char **argv)
{
	return cli_main(argc, argv, &cmd);
}
