#include "mst/mst.h"

#include "engine/catalogue.h"
#include "engine/run.h"
#include "engine/run_input.h"

#include <unistd.h>

_Static_assert(MST_E_USAGE == (int)MST_USAGE && MST_E_DATA == (int)MST_DATA && MST_E_NOT_FOUND == (int)MST_NOT_FOUND &&
	       MST_E_CONFLICT == (int)MST_CONFLICT && MST_E_DENIED == (int)MST_DENIED &&
	       MST_E_UNAVAILABLE == (int)MST_UNAVAILABLE && MST_E_TIMEOUT == (int)MST_TIMEOUT &&
	       MST_E_CANCELLED == (int)MST_CANCELLED && MST_E_REMOTE == (int)MST_REMOTE &&
	       MST_E_LIMIT == (int)MST_LIMIT && MST_E_IO == (int)MST_IO && MST_E_BUG == (int)MST_BUG &&
	       MST_E_FAILED == (int)MST_FAILED && MST_CODE_LAST == MST_FAILED, "one list of codes");

struct mst_handle {
	struct pool *pool;
	struct state_opts where;
	struct db *db;
	stop_flag stop;
	struct mst_error err;
};

const char *mst_version(void)
{
	return MST_VERSION;
}

static const char *copy(struct pool *pool, const char *s)
{
	return s && *s ? pool_strdup(pool, s) : NULL;
}

int mst_open(const struct mst_options *options, mst_handle **out)
{
	static const struct mst_options none;
	const struct mst_options *o = options ? options : &none;
	struct pool *pool = pool_new(NULL);
	mst_handle *m = pool_zalloc(pool, sizeof *m);
	m->pool = pool;
	m->where = (struct state_opts){
		.db = copy(pool, o->db),
		.warehouse = copy(pool, o->warehouse),
		.app = o->app ? copy(pool, o->app) : "libmst",
		.cluster = { .home = copy(pool, o->home), .stop = &m->stop },
	};
	*out = m;
	return state_open(pool, &m->where, &m->db, &m->err);
}

void mst_close(mst_handle *m)
{
	if (m)
		pool_free(m->pool);
}

const char *mst_message(const mst_handle *m)
{
	return m->err.msg;
}

const char *mst_hint_text(const mst_handle *m)
{
	return m->err.hint;
}

/* Whether the handle has a database: mst_open may have failed. */
static int ready(mst_handle *m)
{
	/* a stop is for the call that is under way */
	m->stop = 0;
	return m->db ? 0 : m->err.code ? m->err.code : mst_fail(&m->err, MST_USAGE, "the handle is not open");
}

struct teller {
	mst_line *tell;
	void *arg;
	int said; /* what it returned, where that was not 0 */
};

static int tell_line(void *arg, struct str line, struct mst_error *err)
{
	struct teller *t = arg;
	POOL_SCRATCH(tmp);
	t->said = t->tell(t->arg, str_z(tmp, line), line.n);
	return t->said ? mst_fail(err, MST_CANCELLED, "the caller stopped") : 0;
}

static int told(const struct teller *t, int rc)
{
	return t->said ? t->said : rc;
}

/* --- the catalogue --------------------------------------------------------------- */

struct found {
	struct pool *pool;
	struct buf line;
	bool there;
};

static int keep(void *arg, const struct store_table *t, struct mst_error *err)
{
	struct found *f = arg;
	f->there = true;
	return catalogue_line(f->pool, t, true, &f->line, err);
}

static void on_diag(void *arg, const char *about, const struct sql_diag *d)
{
	struct mst_error *first = arg;
	if (d->severity == SQL_ERROR && !first->code) {
		mst_fail(first, MST_DATA, "%.*s", STR_FMT(d->msg));
		mst_place(first, about, d->line, d->col);
	}
}

static void on_note(void *arg, const char *text)
{
	(void)arg, (void)text;
}

int mst_table_put(mst_handle *m, const char *name, const char *sql, int64_t *revision)
{
	POOL_SCRATCH(pool);
	struct mst_error first = { 0 };
	struct catalogue_opts opts = {
		.dialect = SQL_BIGQUERY, .threads = 1, .diag = on_diag, .note = on_note, .arg = &first, .stop = &m->stop,
	};
	catalogue_puts puts = { 0 };
	struct str canonical;
	int rc = ready(m);
	if (!rc)
		rc = name_parse(pool, str_of(name), '"', &canonical, &m->err);
	if (!rc)
		rc = catalogue_read_puts(pool, &opts, str_of(sql), canonical, NULL, name, &puts, &m->err);
	if (rc) {
		/* the diagnostic says more than that there was one */
		if (first.code)
			m->err = first;
		return m->err.code;
	}
	rc = catalogue_put_all(pool, m->db, &opts, &puts, &m->err);
	if (!rc && revision)
		*revision = puts.v[0].revision;
	return rc;
}

int mst_table_get(mst_handle *m, const char *name, mst_line *tell, void *arg)
{
	POOL_SCRATCH(pool);
	struct teller t = { .tell = tell, .arg = arg };
	struct found f = { .pool = pool };
	struct str canonical;
	buf_init(&f.line, pool);
	int rc = ready(m);
	if (!rc)
		rc = catalogue_find(pool, m->db, str_of(name), &canonical, &m->err);
	if (!rc)
		rc = store_catalogue_get(m->db, &canonical, 1, true, keep, &f, &m->err);
	if (!rc && !f.there)
		rc = mst_fail(&m->err, MST_NOT_FOUND, "there is no table %s", name);
	if (!rc)
		rc = tell_line(&t, buf_view(&f.line), &m->err);
	return told(&t, rc);
}

int mst_table_list(mst_handle *m, mst_line *tell, void *arg)
{
	POOL_SCRATCH(pool);
	struct teller t = { .tell = tell, .arg = arg };
	struct catalogue_listing listing;
	int rc = ready(m);
	if (!rc)
		rc = catalogue_list(pool, m->db, NULL, 0, false, tell_line, &t, &listing, &m->err);
	return told(&t, rc);
}

int mst_table_remove(mst_handle *m, const char *name)
{
	POOL_SCRATCH(pool);
	struct str canonical;
	int rc = ready(m);
	if (!rc)
		rc = catalogue_find(pool, m->db, str_of(name), &canonical, &m->err);
	if (!rc)
		rc = db_begin(m->db, &m->err);
	if (rc)
		return rc;
	rc = store_catalogue_begin(m->db, STORE_PUT, (struct str){ NULL, 0 }, &m->err);
	if (!rc)
		rc = store_catalogue_remove(m->db, &canonical, 1, &m->err);
	if (!rc)
		rc = db_commit(m->db, &m->err);
	if (rc)
		db_rollback(m->db);
	return rc;
}

/* --- runs ------------------------------------------------------------------------- */

static int note_run(void *arg, const struct run_event *e, struct mst_error *err)
{
	(void)err;
	if (arg && e->kind == RUN_STARTED)
		*(int64_t *)arg = e->run;
	return 0;
}

int mst_run(mst_handle *m, const char *const *selectors, size_t n, int64_t *number)
{
	POOL_SCRATCH(pool);
	struct plan_options select = { .select = (const char **)selectors, .nselect = n };
	struct run_input in = { 0 };
	struct run_outcome outcome;
	struct run *run;
	int rc = ready(m);
	if (!rc)
		rc = run_input_catalogue(pool, m->db, &select, &in, &m->err);
	if (rc)
		return rc;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct run_opts opts = {
		.where = m->where,
		.workers = cores > 1 ? (int)(cores < 64 ? cores : 64) : 1,
		.name = str_of(m->where.app),
		.plan = in.plan,
		.event = note_run,
		.arg = number,
	};
	rc = run_prepare(pool, &opts, &in.jobs, &run, &m->err);
	if (!rc)
		rc = run_execute(run, &outcome, &m->err);
	if (rc || outcome.state == RUN_SUCCEEDED)
		return rc;
	if (outcome.state == RUN_CANCELLED)
		return mst_fail(&m->err, MST_CANCELLED, "run %lld was stopped", (long long)outcome.id);
	return mst_fail(&m->err, MST_FAILED, "run %lld failed: %zu of %zu jobs failed, %zu were blocked",
			(long long)outcome.id, outcome.counts.failed, outcome.jobs, outcome.counts.blocked);
}

void mst_run_stop(mst_handle *m)
{
	m->stop = 1;
}

int mst_run_get(mst_handle *m, int64_t run, mst_line *tell, void *arg)
{
	struct teller t = { .tell = tell, .arg = arg };
	POOL_SCRATCH(pool);
	int64_t id;
	int rc = ready(m);
	if (!rc)
		rc = store_run_find(m->db, pool_printf(pool, "%lld", (long long)run), &id, &m->err);
	if (!rc)
		rc = store_run_get(m->db, run, tell_line, &t, &m->err);
	return told(&t, rc);
}

int mst_run_jobs(mst_handle *m, int64_t run, mst_line *tell, void *arg)
{
	struct teller t = { .tell = tell, .arg = arg };
	POOL_SCRATCH(pool);
	int64_t id;
	int rc = ready(m);
	if (!rc)
		rc = store_run_find(m->db, pool_printf(pool, "%lld", (long long)run), &id, &m->err);
	if (!rc)
		rc = store_job_list(m->db, run, 0, true, tell_line, &t, &m->err);
	return told(&t, rc);
}
