#include "engine/run_event.h"

#include "base/jsonl.h"
#include "base/time.h"

static const char *const words[] = {
	[RUN_STARTED] = "run_started",         [RUN_JOB_STARTED] = "job_started", [RUN_JOB_ENDED] = "job_finished",
	[RUN_JOB_RETRYING] = "job_retried",   [RUN_JOB_PARKED] = "job_parked",
	[RUN_JOB_BLOCKED] = "job_blocked",     [RUN_STOPPING] = "run_stopping",   [RUN_FINISHED] = "run_finished",
};

static void head(struct jw *w, struct buf *b, const char *event)
{
	char at[TIME_ISO_MAX];
	jw_init(w, b);
	jw_object(w);
	jw_key_z(w, "type", "event");
	jw_key_z(w, "event", event);
	jw_key_z(w, "at", time_iso(at, time_now_us()));
}

void run_event_write(struct buf *b, const struct run_event *e)
{
	struct jw w;
	head(&w, b, words[e->kind]);
	jw_key_i(&w, "run", e->run);
	if (e->kind == RUN_STARTED) {
		jw_key_z(&w, "state", run_state_name(e->state));
		jw_key_i(&w, "jobs", (int64_t)e->jobs);
		if (e->again)
			jw_key_b(&w, "again", true);
	}
	if (e->job) {
		jw_key_s(&w, "job", e->job->name);
		jw_key_z(&w, "state", job_state_name(e->state));
		if (e->attempt)
			jw_key_i(&w, "attempt", e->attempt);
		if (e->duration_us >= 0)
			jw_key_i(&w, "duration_us", e->duration_us);
		if (e->rows >= 0)
			jw_key_i(&w, "rows", e->rows);
		if (e->rows_bad)
			jw_key_i(&w, "rows_bad", e->rows_bad);
		if (e->bytes >= 0)
			jw_key_i(&w, "bytes", e->bytes);
		if (e->cpu_us >= 0)
			jw_key_i(&w, "cpu_us", e->cpu_us);
		if (e->wait_us >= 0)
			jw_key_i(&w, "wait_us", e->wait_us);
		if (e->done_before)
			jw_key_b(&w, "done_before", true);
		if (e->at_least_once)
			jw_key_b(&w, "at_least_once", true);
		if (e->tests.n)
			jw_key_raw(&w, "tests", e->tests);
		if (e->error_json.n)
			jw_key_raw(&w, "error", e->error_json);
	}
	jw_end(&w);
}

void run_event_tests(struct pool *pool, struct str told, run_tests *out)
{
	static const struct str keys[] = { { "name", 4 }, { "severity", 8 }, { "state", 5 }, { "message", 7 } };
	struct mst_error ignored;
	struct json_val all, test, v[4];
	*out = (run_tests){ 0 };
	if (!told.n || json_scan(told, &all, &ignored) || all.type != JSON_ARRAY)
		return;
	for (struct json_iter it = json_iter(all); json_next(&it, NULL, &test);) {
		if (test.type != JSON_OBJECT || json_pick(test.raw, keys, 4, v, &ignored) ||
		    v[0].type != JSON_STRING || !str_eqz(v[2].raw, "\"failed\""))
			continue;
		*vec_push(pool, out) = (struct run_test){
			.name = json_str(pool, v[0]),
			.message = v[3].type == JSON_STRING ? json_str(pool, v[3]) : (struct str){ "", 0 },
			.warn = str_eqz(v[1].raw, "\"warn\""),
			.line = test,
		};
	}
}

void run_test_write(struct buf *b, const struct run_event *e, const struct run_test *t)
{
	struct jw w;
	struct str key;
	struct json_val v;
	head(&w, b, "test");
	jw_key_i(&w, "run", e->run);
	jw_key_s(&w, "job", e->job->name);
	jw_key_i(&w, "attempt", e->attempt);
	for (struct json_iter it = json_iter(t->line); json_next(&it, &key, &v);) {
		POOL_SCRATCH(tmp);
		jw_key_str(&w, json_str(tmp, (struct json_val){ key, JSON_STRING }));
		jw_raw(&w, v.raw);
	}
	jw_end(&w);
}

void run_outcome_write(struct buf *b, const struct run_outcome *o)
{
	struct jw w;
	head(&w, b, words[RUN_FINISHED]);
	jw_key_i(&w, "run", o->id);
	jw_key_z(&w, "state", run_state_name(o->state));
	jw_key_i(&w, "duration_us", o->duration_us);
	jw_key_i(&w, "jobs", (int64_t)o->jobs);
	jw_key_i(&w, "succeeded", (int64_t)o->counts.succeeded);
	jw_key_i(&w, "failed", (int64_t)o->counts.failed);
	jw_key_i(&w, "cancelled", (int64_t)o->counts.cancelled);
	jw_key_i(&w, "blocked", (int64_t)o->counts.blocked);
	jw_key_i(&w, "skipped", (int64_t)o->counts.skipped);
	jw_end(&w);
}

void run_explain_write(struct buf *b, const struct job *job, bool command, struct str text)
{
	struct jw w;
	head(&w, b, command ? "command" : "statement");
	jw_key_z(&w, "run", "dry");
	jw_key_s(&w, "job", job->name);
	jw_key_s(&w, command ? "command" : "sql", text);
	jw_end(&w);
}
