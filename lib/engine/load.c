#include "engine/load.h"

#include "engine/catalogue.h"
#include "model/spec.h"
#include "provider/postgres/postgres.h"
#include "store/load.h"

struct found {
	struct pool *pool;
	struct job job;
	bool any;
};

static int on_row(void *arg, const struct store_table *t, struct mst_error *err)
{
	struct found *f = arg;
	struct jsonl_reader place = { .name = "the catalogue" };
	struct buf line;
	buf_init(&line, f->pool);
	f->any = true;
	int rc = catalogue_line(f->pool, t, false, &line, err);
	return rc ? rc : job_read(f->pool, buf_view(&line), &place, &f->job, err);
}

static int find(struct pool *pool, struct db *state, struct str name, struct job *out, struct mst_error *err)
{
	struct found f = { .pool = pool };
	int rc = store_load_check(state, name, err);
	if (!rc)
		rc = store_catalogue_get(state, &name, 1, true, on_row, &f, err);
	if (rc)
		return rc;
	if (!f.any)
		return mst_fail(err, MST_NOT_FOUND, "there is no table '%.*s' in the catalogue", STR_FMT(name));
	if (!str_eqz(f.job.kind, "external")) {
		mst_fail(err, MST_DATA, "%.*s is of kind %.*s; only external tables are loaded", STR_FMT(name),
			 STR_FMT(f.job.kind));
		return mst_hint(err, "-- mst: kind: external");
	}
	*out = f.job;
	/* what it is called in the catalogue is what a run calls it */
	out->file = (struct str){ "", 0 };
	return 0;
}

static int connect(struct pool *pool, struct db *state, const struct load_opts *o, const struct job *job,
		   struct warehouse **out, struct mst_error *err)
{
	struct state_opts where = o->connections->where;
	const struct connection *named = NULL;
	struct db *db;
	int rc = 0;
	where.cluster.stop = o->stop;
	if (job->connection.n && !str_eqz(job->connection, "warehouse")) {
		struct connections *c = connections_new(pool, o->connections);
		const char *name = str_z(pool, job->connection);
		rc = connections_want(c, name, job->name, err);
		if (!rc)
			rc = connections_look_up(c, state, true, err);
		if (!rc)
			named = connections_get(c, name);
		if (named)
			where.warehouse = named->conninfo;
	}
	if (!rc)
		rc = warehouse_open(pool, &where, &db, err);
	if (rc)
		return connections_refused(named, err);
	db_on_stop(db, o->stop);
	*out = postgres_warehouse(pool, db);
	return 0;
}

static int prepare(struct pool *pool, struct db *state, struct task_ctx *ctx, const struct task_type *type,
		   struct mst_error *err)
{
	struct warehouse_target *t = &ctx->target;
	*t = (struct warehouse_target){ .name = ctx->job->name, .rows_before = -1 };
	t->file = str_z(pool, ctx->job->name);
	int rc = job_target(pool, ctx->job->name, &t->dataset, &t->table, err);
	if (!rc)
		rc = spec_read(pool, ctx->job, t, err);
	if (!rc)
		rc = postgres_ops.check(t, err);
	if (!rc)
		rc = type->check(pool, ctx->job, err);
	/* the tests may hold the number of rows against it */
	if (!rc && t->tests.type != JSON_NONE)
		rc = store_load_rows(state, ctx->job->name, &t->rows_before, err);
	return rc;
}

int load_external(struct pool *pool, struct db *state, const struct load_opts *o, struct str name,
		  const struct task_input *input, struct load_done *out, struct mst_error *err)
{
	const struct task_type *type = task_type_of(STR("external"));
	struct job job;
	struct task_ctx ctx = { .pool = pool, .job = &job, .input = input, .stop = o->stop, .say = o->say,
				.say_arg = o->say_arg };
	*out = (struct load_done){ .result = { .rows = -1, .bytes = -1, .cpu_us = -1 } };
	int rc = find(pool, state, name, &job, err);
	if (!rc)
		rc = prepare(pool, state, &ctx, type, err);
	if (!rc)
		rc = connect(pool, state, o, &job, &ctx.warehouse, err);
	if (!rc)
		rc = type->run(&ctx, &out->result, err);
	if (rc)
		return rc;
	struct store_load done = { out->result.rows, out->result.bytes, out->result.rows_bad };
	rc = store_load_done(state, job.name, &done, &out->woken, err);
	return rc ? mst_wrap(err, "the rows are in %.*s, but the jobs that wait for it could not be told", STR_FMT(job.name)) :
		    0;
}
