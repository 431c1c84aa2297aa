#include "engine/run_input.h"

#include "base/fs.h"
#include "base/map.h"
#include "engine/catalogue.h"
#include "model/table.h"
#include "proc/spawn.h"

#include <unistd.h>

struct line {
	struct str text;
	uint64_t at;
};

struct lines {
	struct pool *pool;
	struct jsonl_reader reader;
	VEC(struct line) jobs;
	struct buf all; /* every line that can be planned */
	bool unplanned; /* tables or tasks among them */
	struct str plan;
};

static int take_line(struct lines *l, struct str text, struct mst_error *err)
{
	static const struct str key = { "type", 4 };
	struct json_val type;
	text = str_trim(text);
	if (l->reader.line == 1 && !str_has_prefix(text, STR("{"))) {
		mst_fail(err, MST_DATA, "this is no JSON line");
		mst_hint(err, "SQL text needs a name: mst-run --name demo.hello -");
		return jsonl_place(&l->reader, err);
	}
	if (json_pick(text, &key, 1, &type, err))
		return jsonl_place(&l->reader, err);
	struct str word = type.type == JSON_STRING ? json_str(l->pool, type) : (struct str){ "", 0 };
	if (str_eqz(word, "plan")) {
		l->plan = str_dup(l->pool, text);
		return 0;
	}
	bool job = str_eqz(word, "job");
	if (!job && !str_eqz(word, "table") && !str_eqz(word, "task")) {
		mst_fail(err, MST_DATA, "a line of type '%.*s' cannot be run", STR_FMT(word));
		mst_hint(err, "mst-run reads what mst-plan writes; tables and tasks are planned first");
		return jsonl_place(&l->reader, err);
	}
	if (!job)
		l->unplanned = true;
	*vec_push(l->pool, &l->jobs) = (struct line){ str_dup(l->pool, text), l->reader.line };
	return 0;
}

static int read_jobs(struct lines *l, struct run_input *out, struct mst_error *err)
{
	for (size_t i = 0; i < l->jobs.n; i++) {
		struct job job;
		l->reader.line = l->jobs.v[i].at;
		int rc = job_read(l->pool, l->jobs.v[i].text, &l->reader, &job, err);
		if (rc)
			return rc;
		*vec_push(l->pool, &out->jobs) = job;
	}
	return 0;
}

static int make_plan(struct pool *pool, struct plan *p, const struct plan_options *options, struct run_input *out,
		     struct mst_error *err)
{
	struct jsonl_reader place = { .name = "plan" };
	out->made = p;
	int rc = plan_make(p, options, err);
	if (rc)
		return rc;
	struct buf b;
	buf_init(&b, pool);
	plan_write_header(p, &b);
	out->plan = str_dup(pool, str_trim(buf_view(&b)));
	for (uint32_t i = 0; !rc && i < p->jobs; i++) {
		struct job job;
		buf_reset(&b);
		plan_write_job(p, i, &b);
		place.line = plan_task(p, p->job[i].task).at;
		rc = job_read(pool, str_trim(buf_view(&b)), &place, &job, err);
		if (!rc)
			*vec_push(pool, &out->jobs) = job;
	}
	return rc;
}

static int plan_lines(struct lines *l, const struct plan_options *options, struct run_input *out,
		      struct mst_error *err)
{
	struct plan *p = plan_new(l->pool);
	buf_init(&l->all, l->pool);
	uint64_t at = 1;
	for (size_t i = 0; i < l->jobs.n; i++) {
		/* so that places count as the caller's lines do */
		for (; at < l->jobs.v[i].at; at++)
			buf_char(&l->all, '\n');
		buf_str(&l->all, l->jobs.v[i].text);
	}
	int rc = plan_add(p, buf_view(&l->all), l->reader.name, err);
	return rc ? rc : make_plan(l->pool, p, options, out, err);
}

int run_input_lines(struct pool *pool, int fd, const char *name, const struct plan_options *options,
		    struct run_input *out, struct mst_error *err)
{
	struct lines l = { .pool = pool };
	struct str text;
	int rc;
	*out = (struct run_input){ 0 };
	jsonl_open(&l.reader, pool, fd, name);
	while ((rc = jsonl_next(&l.reader, &text, err)) == 1) {
		rc = take_line(&l, text, err);
		if (rc)
			return rc;
	}
	if (rc)
		return rc;
	if (l.unplanned || (options && (options->nselect || options->nexclude)))
		return plan_lines(&l, options, out, err);
	out->plan = l.plan;
	return read_jobs(&l, out, err);
}

int run_input_query(struct pool *pool, struct str name, struct str sql, enum sql_dialect dialect,
		    struct run_input *out, struct mst_error *err)
{
	struct jsonl_reader place = { .name = "stdin", .line = 1 };
	struct table_opts opts = { .dialect = dialect, .with_sql = true };
	struct table_source source = { .text = sql };
	struct table table;
	struct buf b;
	size_t end;
	struct job job;
	*out = (struct run_input){ 0 };
	struct str canonical;
	int rc = name_parse(pool, name, dialect == SQL_POSTGRES ? '"' : '`', &canonical, err);
	if (rc)
		return rc;
	source.name = canonical;
	table_infer(pool, &opts, &source, &table);
	for (size_t i = 0; i < table.diags.n; i++) {
		const struct sql_diag *d = &table.diags.v[i];
		if (d->severity == SQL_ERROR) {
			mst_fail(err, MST_DATA, "%.*s", STR_FMT(d->msg));
			return mst_place(err, "stdin", d->line, d->col);
		}
	}
	buf_init(&b, pool);
	table_write(&b, &table, true, &end);
	rc = job_read(pool, str_trim(buf_view(&b)), &place, &job, err);
	if (!rc)
		*vec_push(pool, &out->jobs) = job;
	return rc;
}

/* mst-deps lies beside this program, installed or not; else the PATH knows it. */
static const char *deps_program(struct pool *pool)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self);
	const char *slash = n > 0 && (size_t)n < sizeof self ? memrchr(self, '/', (size_t)n) : NULL;
	if (slash) {
		const char *path = pool_printf(pool, "%.*s/mst-deps", (int)(slash - self), self);
		if (access(path, X_OK) == 0)
			return path;
	}
	return "mst-deps";
}

int run_input_files(struct pool *pool, const char *const *paths, size_t n, const struct plan_options *options,
		    struct run_input *out, struct mst_error *err)
{
	const char **argv = pool_array(pool, n + 4, sizeof *argv);
	struct proc *proc;
	struct proc_status status;
	size_t k = 0;
	*out = (struct run_input){ 0 };
	argv[k++] = deps_program(pool);
	argv[k++] = "--warn";
	argv[k++] = "--";
	for (size_t i = 0; i < n; i++)
		argv[k++] = paths[i];
	argv[k] = NULL;
	int rc = proc_spawn(pool,
			    &(struct proc_opts){ .argv = argv, .in = PROC_NULL, .out = PROC_PIPE, .err = PROC_KEEP }, &proc,
			    err);
	if (rc)
		return rc;
	struct plan *p = plan_new(pool);
	struct mst_error first = { 0 };
	int read = plan_add_fd(p, proc_out(proc), "mst-deps", &first);
	if (read)
		proc_kill(proc, SIGTERM);
	while ((rc = proc_wait(proc, -1, &status, err)) == 0)
		;
	if (rc < 0)
		return rc;
	if (status.code != 0 || status.signal) {
		mst_fail(err, status.code == 1 ? MST_NOT_FOUND : MST_DATA, "mst-deps: %s, so nothing was run",
			 proc_status_words(pool, &status));
		return err->code;
	}
	if (read) {
		*err = first;
		return read;
	}
	return make_plan(pool, p, options, out, err);
}

struct catalogue_input {
	struct pool *pool;
	struct buf lines;
	struct map jobs; /* name -> index */
	job_list *list;
	struct store_caller caller;
	size_t rows;
};

static int gather_line(void *arg, struct str line, struct mst_error *err)
{
	static const struct str keys[] = { { "owner", 5 }, { "team", 4 } };
	struct catalogue_input *c = arg;
	struct json_val v[2];
	POOL_SCRATCH(tmp);
	int rc = json_pick(line, keys, 2, v, err);
	if (rc)
		return rc;
	/* an admin sees what others keep to themselves; he does not run it */
	if (v[1].type != JSON_STRING && c->caller.name.p && !str_eq(json_str(tmp, v[0]), c->caller.name))
		return 0;
	buf_str(&c->lines, line);
	buf_char(&c->lines, '\n');
	c->rows++;
	return 0;
}

/* The row may have changed since it was planned: its hash tells (job_load). */
static int take_text(void *arg, const struct store_table *t, struct mst_error *err)
{
	struct catalogue_input *c = arg;
	const uint64_t *at = map_get(&c->jobs, t->name);
	(void)err;
	if (at)
		c->list->v[*at].sql = str_dup(c->pool, t->sql);
	return 0;
}

int run_input_catalogue(struct pool *pool, struct db *state, const struct plan_options *options, struct run_input *out,
			struct mst_error *err)
{
	enum { PIECE = 200 };
	struct catalogue_input c = { .pool = pool, .list = &out->jobs };
	struct catalogue_listing found;
	struct str names[PIECE];
	size_t n = 0;
	*out = (struct run_input){ 0 };
	buf_init(&c.lines, pool);
	int rc = store_caller(pool, state, &c.caller, err);
	if (!rc)
		rc = catalogue_list(pool, state, NULL, 0, false, gather_line, &c, &found, err);
	if (rc)
		return rc;
	if (!c.rows) {
		mst_fail(err, MST_NOT_FOUND, "the catalogue is empty");
		return mst_hint(err, "mst-table import DIR fills it");
	}
	struct plan *p = plan_new(pool);
	p->rows = true;
	rc = plan_add(p, buf_view(&c.lines), "catalogue", err);
	if (!rc)
		rc = make_plan(pool, p, options, out, err);
	map_init(&c.jobs, pool, out->jobs.n);
	for (size_t i = 0; i < out->jobs.n; i++)
		*map_put(&c.jobs, out->jobs.v[i].name, NULL) = i;
	for (size_t i = 0; !rc && i < out->jobs.n; i++) {
		if (out->jobs.v[i].run)
			names[n++] = out->jobs.v[i].name;
		if (n == PIECE || (n && i + 1 == out->jobs.n)) {
			rc = store_catalogue_get(state, names, n, true, take_text, &c, err);
			n = 0;
		}
	}
	return rc;
}
