#include "engine/run_internal.h"

#include "base/jsonl.h"
#include "base/map.h"
#include "base/sha256.h"
#include "base/time.h"
#include "engine/run_again.h"
#include "model/spec.h"
#include "provider/postgres/postgres.h"

#define RETRIES_MAX 1000

/* Hash of what makes the effect: another text or other attributes are another effect, unless what the first
 * one did stays there beside it. */
static struct str content_of(struct pool *pool, const struct job *job, const struct warehouse_target *t)
{
	if (t->disposition == WAREHOUSE_APPEND || str_eqz(job->kind, "script"))
		return STR("once");
	POOL_SCRATCH(tmp);
	char hex[SHA256_HEX];
	struct buf b;
	struct sha256 *h = sha256_new(tmp);
	buf_init(&b, tmp);
	if (job->attrs.type == JSON_OBJECT)
		json_canonical(&b, job->attrs);
	buf_char(&b, 0);
	sha256_add(h, buf_view(&b));
	sha256_add(h, job->sql);
	sha256_end(h, hex);
	return str_of(pool_printf(pool, "%.16s", hex));
}

static int want_connections(struct run *r, const struct job *job, struct run_item *item, struct mst_error *err)
{
	int rc = 0;
	if (job->connection.n && !str_eqz(job->connection, "warehouse")) {
		item->connection = str_z(r->pool, job->connection);
		rc = connections_want(r->connections, item->connection, job->name, err);
	}
	struct json_val source = job_attr(r->pool, job, "source");
	if (!rc && source.type == JSON_STRING && str_eqz(job->kind, "import")) {
		item->source = str_z(r->pool, json_str(r->pool, source));
		rc = connections_want(r->connections, item->source, job->name, err);
	}
	return rc;
}

/* The imports that --reimport names. */
static int want_reimports(struct run *r, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const char **names = pool_array(tmp, r->jobs->n + 1, sizeof *names);
	for (size_t i = 0; i < r->jobs->n; i++)
		names[i] = str_z(tmp, r->jobs->v[i].name);
	for (size_t k = 0; k < r->opts->n_reimport; k++) {
		const char *name = r->opts->reimport[k];
		size_t i = 0;
		while (i < r->jobs->n && (strcmp(names[i], name) != 0 || !r->items[i].type))
			i++;
		if (i == r->jobs->n) {
			const char *near = str_nearest(str_of(name), names, r->jobs->n);
			mst_fail(err, MST_NOT_FOUND, "no job '%s' in this run, to be imported again", name);
			return near && strcmp(near, name) != 0 ? mst_hint(err, "did you mean '%s'?", near) : err->code;
		}
		if (!r->items[i].source)
			return mst_fail(err, MST_USAGE, "%s is no import from a database: all its rows are read in any case",
					name);
		r->items[i].reimport = true;
	}
	return 0;
}

/* What the runner itself does: how often a job is tried, how long an external table is waited for. */
static int read_patience(struct pool *pool, const struct job *job, struct run_item *item, struct mst_error *err)
{
	struct json_val v = job_attr(pool, job, "retries");
	int64_t n = 0;
	if (v.type != JSON_NONE && (!json_int(v, &n) || n < 0 || n > RETRIES_MAX))
		return mst_fail(err, MST_DATA, "%.*s: 'retries' is a whole number from 0 to %d", STR_FMT(job->name),
				RETRIES_MAX);
	item->retries = (int)n;
	v = job_attr(pool, job, "wait");
	if (!str_eqz(job->kind, "external") || v.type == JSON_NONE)
		return 0;
	int rc = time_parse_duration(v.type == JSON_STRING ? json_str(pool, v) : v.raw, &item->wait_us, err);
	item->parks = true;
	return rc ? mst_wrap(err, "%.*s: 'wait'", STR_FMT(job->name)) : 0;
}

static int prepare_target(struct run *r, struct job *job, struct run_item *item, struct mst_error *err)
{
	struct warehouse_target *t = &item->target;
	*t = (struct warehouse_target){ .name = job->name, .sql = job->sql, .rows_before = -1 };
	t->file = str_z(r->pool, job->file.n ? job->file : job->name);
	int rc = job_target(r->pool, job->name, &t->dataset, &t->table, err);
	if (rc)
		return rc;
	rc = spec_read(r->pool, job, t, err);
	if (!rc)
		rc = postgres_ops.check(t, err);
	if (rc && job->file.n)
		mst_place(err, t->file, 0, 0);
	t->busy_fails |= r->opts->no_wait;
	item->content = content_of(r->pool, job, t);
	return rc;
}

static int prepare_job(struct run *r, size_t i, struct map *targets, struct mst_error *err)
{
	struct job *job = &r->jobs->v[i];
	struct run_item *item = &r->items[i];
	if (r->opts->again) {
		item->done = r->opts->again->done[i] != 0;
		item->attempts = r->opts->again->attempts[i];
	}
	if (!job->run || item->done)
		return 0;
	int rc = read_patience(r->pool, job, item, err);
	if (rc || str_eqz(job->kind, "external"))
		return rc;
	struct str kind = job->kind.n ? job->kind : STR("summary");
	item->type = task_type_of(kind);
	if (!item->type) {
		const char *near = task_type_nearest(kind);
		mst_fail(err, MST_DATA, "%.*s: unknown kind '%.*s'", STR_FMT(job->name), STR_FMT(kind));
		return near ? mst_hint(err, "did you mean '%s'?", near) : err->code;
	}
	r->has_warehouse = true;
	rc = want_connections(r, job, item, err);
	if (!rc)
		rc = job_load(r->pool, job, err);
	if (!rc && !job->sql.p)
		job->sql = (struct str){ item->type->needs_sql ? "" : NULL, 0 };
	if (!rc)
		rc = prepare_target(r, job, item, err);
	if (!rc && item->type->check)
		rc = item->type->check(r->pool, job, err);
	if (rc)
		return rc;
	const struct warehouse_target *t = &item->target;
	bool is_new;
	struct str key = str_of(pool_printf(r->pool, "%s %zu %.*s.%.*s", item->connection ? item->connection : "",
					    t->dataset.n, STR_FMT(t->dataset), STR_FMT(t->table)));
	uint64_t *at = map_put(targets, key, &is_new);
	if (!is_new) {
		mst_fail(err, MST_DATA, "%.*s and %.*s would be one table of the warehouse",
			 STR_FMT(r->jobs->v[*at].name), STR_FMT(job->name));
		return mst_hint(err, "a connection is one database: the project of a name is dropped");
	}
	*at = i;
	if (r->opts->no_commands && item->type->command && item->type->command(r->pool, job).n) {
		mst_fail(err, MST_DENIED, "%.*s runs a shell command, which is not allowed here", STR_FMT(job->name));
		return mst_hint(err, "--dry-run shows it; --no-commands or the key 'commands' forbids it");
	}
	return 0;
}

int run_prepare(struct pool *pool, const struct run_opts *opts, job_list *jobs, struct run **out, struct mst_error *err)
{
	struct run *r = pool_zalloc(pool, sizeof *r);
	struct map targets;
	*r = (struct run){ .pool = pool, .opts = opts, .jobs = jobs };
	r->where = (struct connections_opts){ opts->where, opts->connection, opts->arg, opts->keys,
						  .later = opts->each_fails || opts->again };
	r->connections = connections_new(pool, &r->where);
	r->items = pool_zalloc(pool, (jobs->n + 1) * sizeof *r->items);
	map_init(&targets, pool, jobs->n);
	if (jobs->n > INT32_MAX - 1)
		return mst_fail(err, MST_LIMIT, "%zu jobs are too many for one run", jobs->n);
	int rc = job_graph_build(pool, jobs, &r->graph, err);
	for (size_t i = 0; !rc && i < jobs->n; i++)
		rc = prepare_job(r, i, &targets, err);
	if (!rc)
		rc = want_reimports(r, err);
	if (!rc)
		*out = r;
	return rc;
}

int run_done_before(const struct run *r, size_t job_no)
{
	return r->opts->again ? r->opts->again->done[job_no] : 0;
}

size_t run_externals(const struct run *r)
{
	return r->graph.external;
}

/* INFORMATION_SCHEMA is the same in small letters, there as here. */
static bool has_capital(struct str s)
{
	if (memmem(s.p, s.n, "INFORMATION_SCHEMA", 18))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'Z')
			return true;
	return false;
}

bool run_folded_name(struct pool *pool, const struct run *r, struct str *job, struct str *name)
{
	static const struct str keys[] = { { "dialect", 7 }, { "reads", 5 } };
	for (size_t i = 0; i < r->jobs->n; i++) {
		const struct job *j = &r->jobs->v[i];
		struct json_val v[2], e;
		struct mst_error ignored;
		if (!r->items[i].type || json_pick(j->line, keys, 2, v, &ignored) || v[0].type != JSON_STRING ||
		    str_eqz(json_str(pool, v[0]), "postgres"))
			continue;
		for (struct json_iter it = json_iter(v[1]); json_next(&it, NULL, &e);) {
			*name = json_str(pool, e);
			if (has_capital(*name)) {
				*job = j->name;
				return true;
			}
		}
	}
	return false;
}

struct explain {
	run_explain_sink *sink;
	void *arg;
	const struct job *job;
};

static int statement(void *arg, struct str text, struct mst_error *err)
{
	struct explain *e = arg;
	return e->sink(e->arg, e->job, false, text, err);
}

int run_fault(const struct run *r, const struct run_item *item, struct mst_error *err)
{
	int rc = item->connection ? connections_fault(r->connections, item->connection, err) : 0;
	return rc || !item->source ? rc : connections_fault(r->connections, item->source, err);
}

int run_explain(struct run *r, run_explain_sink *sink, void *arg, struct mst_error *err)
{
	struct state_opts where = r->opts->where;
	struct db *state = NULL;
	int rc = 0;
	if (connections_need_state(r->connections))
		rc = state_open(r->pool, &where, &state, err);
	if (!rc)
		rc = connections_look_up(r->connections, state, false, err);
	for (size_t i = 0; !rc && i < r->jobs->n; i++) {
		POOL_SCRATCH(tmp);
		const struct run_item *item = &r->items[i];
		struct explain e = { sink, arg, &r->jobs->v[i] };
		if (!item->type)
			continue;
		/* nothing runs here that it could be told of */
		rc = run_fault(r, item, err);
		if (rc)
			return mst_wrap(err, "%.*s", STR_FMT(e.job->name));
		struct str command = { "", 0 };
		if (item->type->command)
			command = item->type->command(tmp, e.job);
		if (command.n)
			rc = sink(arg, e.job, true, command, err);
		if (!rc)
			rc = item->type->explain(tmp, e.job, &postgres_ops, &item->target, statement, &e, err);
	}
	return rc;
}

int run_peek(struct run *r, size_t job_no, int limit, warehouse_sink *tell, void *arg, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct run_connection c;
	const struct run_item *item = &r->items[job_no];
	int rc = run_connect(r, tmp, item->connection, r->opts->where.cluster.stop, &c, err);
	return rc ? rc : c.warehouse->ops->peek(c.warehouse, &item->target, limit, tell, arg, err);
}

struct str run_error_json(struct pool *pool, const struct mst_error *e)
{
	struct buf b;
	struct jw w;
	buf_init(&b, pool);
	jw_init(&w, &b);
	jw_object(&w);
	jw_key_z(&w, "code", mst_code_name(e->code));
	jw_key_z(&w, "message", e->msg);
	if (e->hint[0])
		jw_key_z(&w, "hint", e->hint);
	if (e->sqlstate[0])
		jw_key_z(&w, "sqlstate", e->sqlstate);
	if (e->http)
		jw_key_i(&w, "http", e->http);
	if (e->file[0])
		jw_key_z(&w, "file", e->file);
	if (e->line)
		jw_key_i(&w, "line", e->line);
	if (e->col)
		jw_key_i(&w, "col", e->col);
	jw_end(&w);
	return buf_view(&b);
}
