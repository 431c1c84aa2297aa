/* Rows from another database: a query there, a table here, COPY to COPY. */
#include "task/internal.h"

#include "model/condition.h"
#include "model/incremental.h"

#define IMPORT_TRIES 5

struct db_import {
	struct task_ctx *c;
	struct source *source;
	struct sql_restricted restricted;
	struct source_query query;
	struct incremental inc;
	bool incremental;
	struct source_column *from;
	struct warehouse_column *to;
	size_t n;
	/* Decided once: what is there is replaced, and the watermark with it. */
	bool full;
};

static void say(const struct db_import *m, const char *stream, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void say(const struct db_import *m, const char *stream, const char *fmt, ...)
{
	if (!m->c->say)
		return;
	va_list ap;
	va_start(ap, fmt);
	char *text = pool_vprintf(m->c->pool, fmt, ap);
	va_end(ap);
	m->c->say(m->c->say_arg, stream, str_of(text));
}

bool import_from_database(struct pool *pool, const struct job *job)
{
	return job_attr(pool, job, "source").type != JSON_NONE;
}

static int check_attr(struct pool *pool, const struct job *job, const char *key,
		      const char *(*check)(struct pool *, struct json_val), struct mst_error *err)
{
	struct json_val v = job_attr(pool, job, key);
	const char *what = v.type == JSON_NONE ? NULL : check(pool, v);
	return what ? mst_fail(err, MST_DATA, "%.*s: attribute '%s': %s", STR_FMT(job->name), key, what) : 0;
}

/* A restricted SELECT with its parts, or none where the text is empty. */
static int check_limit(const struct job *job, bool incremental, const struct sql_restricted *r, struct mst_error *err)
{
	if (!incremental || !r->limit)
		return 0;
	mst_fail(err, MST_DATA, "%.*s: an incremental import has no LIMIT", STR_FMT(job->name));
	return mst_hint(err, "which rows were cut off, and so the highest value, would be chance");
}

int import_database_check(struct pool *pool, const struct job *job, struct mst_error *err)
{
	static const char *const others[] = { "command", "file", "url" };
	struct sql_restricted r;
	struct mst_error ignored;
	struct json_val source = job_attr(pool, job, "source"), inc = job_attr(pool, job, "incremental");
	if (source.type != JSON_STRING || json_str(pool, source).n == 0)
		return mst_fail(err, MST_DATA, "%.*s: attribute 'source' is not the name of a connection",
				STR_FMT(job->name));
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (job_attr(pool, job, others[i]).type != JSON_NONE)
			return mst_fail(err, MST_DATA, "%.*s: an import needs one of source and %s, not both",
					STR_FMT(job->name), others[i]);
	int rc = check_attr(pool, job, "incremental", incremental_check, err);
	if (!rc)
		rc = check_attr(pool, job, "reimport", condition_check, err);
	if (!rc && job->sql.p && sql_restricted_read(pool, job->sql, &r, &ignored) == 0)
		rc = check_limit(job, inc.type != JSON_NONE, &r, err);
	return rc;
}

/* Where the text is empty: the table of the same name. */
static struct str query_of(struct pool *pool, const struct warehouse_ops *ops, struct str text,
			   const struct warehouse_target *t)
{
	struct str q = text.p ? sql_query_span(text) : (struct str){ "", 0 };
	return q.n ? q : ops->source_whole(pool, t);
}

int import_database_explain(struct pool *pool, const struct job *job, const struct warehouse_ops *ops,
			    const struct warehouse_target *t, warehouse_sink *sink, void *arg, struct mst_error *err)
{
	struct str q = query_of(pool, ops, job->sql, t);
	struct str source = json_str(pool, job_attr(pool, job, "source"));
	struct str copy = ops->source_copy(pool, q);
	int rc = sink(arg, str_of(pool_printf(pool, "-- at the source %.*s\n%.*s", STR_FMT(source), STR_FMT(copy))), err);
	return rc ? rc : ops->explain(pool, t, "import", NULL, 0, sink, arg, err);
}

static int read_query(struct db_import *m, struct mst_error *err)
{
	struct task_ctx *c = m->c;
	struct str text = c->job->sql.p ? c->job->sql : (struct str){ "", 0 };
	m->query = (struct source_query){ .text = text, .file = c->target.file, .from = { NULL, 0 } };
	m->query.sql = query_of(c->pool, c->warehouse->ops, text, &c->target);
	int rc = sql_restricted_read(c->pool, text, &m->restricted, err);
	if (rc && m->source->restricted) {
		mst_hint(err, "import the rows as they are; or let an admin allow it: mst-connection put %s --restricted no",
			 m->source->name);
		return mst_place(err, c->target.file, err->line, err->col);
	}
	if (rc)
		return 0;
	if (m->source->restricted)
		m->query.restricted = &m->restricted;
	return check_limit(c->job, m->incremental, &m->restricted, err);
}

/* --- what is there already ---------------------------------------------------------- */

/* Whether all rows are wanted, because somebody said so or because it is the time for it. */
static int asked(struct db_import *m, bool *out, struct mst_error *err)
{
	struct task_ctx *c = m->c;
	struct json_val list = job_attr(c->pool, c->job, "reimport");
	int64_t now;
	struct tm wall;
	*out = c->reimport;
	if (*out || list.type != JSON_ARRAY)
		return 0;
	int rc = c->warehouse->ops->clock(c->warehouse, c->timezone, &now, &wall, err);
	if (rc)
		return rc;
	if (!c->timezone) {
		time_t seconds = (time_t)(now / 1000000);
		if (!localtime_r(&seconds, &wall))
			return mst_fail(err, MST_BUG, "the clock of the warehouse has no date");
	}
	*out = condition_holds(list, &wall, false);
	return 0;
}

static const struct warehouse_column *find(const struct warehouse_column *v, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(v[i].name, name))
			return &v[i];
	return NULL;
}

struct change {
	struct buf words; /* what has changed, or empty */
	bool added, other; /* columns that are new; types that are not what they were */
	bool gone;
};

static int compare(struct db_import *m, struct change *out, struct mst_error *err)
{
	struct task_ctx *c = m->c;
	struct warehouse_column *have;
	size_t n;
	*out = (struct change){ .added = false };
	buf_init(&out->words, c->pool);
	int rc = c->warehouse->ops->columns(c->pool, c->warehouse, &c->target, &have, &n, err);
	if (rc || n == 0)
		return rc;
	struct buf *b = &out->words;
	for (size_t i = 0; i < m->n; i++) {
		const struct warehouse_column *h = find(have, n, m->to[i].name);
		const char *comma = b->n ? ", " : "";
		if (!h) {
			buf_printf(b, "%s%.*s is new", comma, STR_FMT(m->to[i].name));
			out->added = true;
		} else if (!str_eq(h->type, m->to[i].type)) {
			buf_printf(b, "%s%.*s is %.*s, was %.*s", comma, STR_FMT(h->name), STR_FMT(m->to[i].type),
				   STR_FMT(h->type));
			out->other = true;
		}
	}
	for (size_t i = 0; i < n; i++)
		if (!find(m->to, m->n, have[i].name)) {
			buf_printf(b, "%s%.*s is gone", b->n ? ", " : "", STR_FMT(have[i].name));
			out->gone = true;
		}
	return 0;
}

/* Append and merge keep what is there, so that they cannot start over by themselves. */
static int keep(struct db_import *m, struct mst_error *err)
{
	struct change change;
	int rc = compare(m, &change, err);
	if (rc || !change.words.n)
		return rc;
	if (change.other || (change.added && !m->c->target.add_columns)) {
		mst_fail(err, MST_CONFLICT, "the columns at %s have changed: %.*s", m->source->name,
			 STR_FMT(buf_view(&change.words)));
		return mst_hint(err, change.other ? "mst-run --reimport replaces the table" :
				"'-- mst: new_columns: add' takes new columns; mst-run --reimport replaces the table");
	}
	say(m, "note", "the columns at %s have changed: %.*s", m->source->name, STR_FMT(buf_view(&change.words)));
	return 0;
}

static int continue_from(struct db_import *m, struct str watermark, struct mst_error *err)
{
	struct task_ctx *c = m->c;
	struct change change;
	int rc = compare(m, &change, err);
	if (rc)
		return rc;
	m->full = change.other || change.gone || (change.added && !c->target.add_columns);
	if (change.words.n)
		say(m, "note", "the columns at %s have changed: %.*s%s", m->source->name, STR_FMT(buf_view(&change.words)),
		    m->full ? "; all rows are read again" : "");
	if (m->full)
		return 0;
	c->target.disposition = WAREHOUSE_MERGE;
	c->target.watermark = watermark;
	c->target.behind = watermark;
	m->query.column = m->inc.column;
	m->query.from = watermark;
	m->query.overlap = m->inc.overlap;
	m->query.overlap_time = m->inc.overlap_time;
	return 0;
}

static int decide(struct db_import *m, struct mst_error *err)
{
	struct task_ctx *c = m->c;
	const struct warehouse_ops *ops = c->warehouse->ops;
	struct str watermark = { NULL, 0 };
	int rc = asked(m, &m->full, err);
	if (rc)
		return rc;
	if (m->incremental && !m->full) {
		rc = ops->watermark(c->pool, c->warehouse, &c->target, &watermark, err);
		/* empty: the rows had no value in the column */
		m->full = watermark.n == 0;
		if (!rc && !m->full)
			rc = continue_from(m, watermark, err);
	} else if (!m->full && c->target.disposition != WAREHOUSE_REPLACE) {
		rc = keep(m, err);
	}
	if (!rc && m->full)
		c->target.disposition = WAREHOUSE_REPLACE;
	return rc;
}

/* --- columns ---------------------------------------------------------------------------- */

static bool is_key(struct str type)
{
	static const char *const types[] = { "smallint", "integer", "bigint", "numeric", "date", "timestamp" };
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (str_has_prefix(type, str_of(types[i])) && !str_has_suffix(type, STR("]")))
			return true;
	return false;
}

static bool is_time(struct str type)
{
	return str_has_prefix(type, STR("date")) || str_has_prefix(type, STR("timestamp"));
}

static int check_columns(struct db_import *m, struct mst_error *err)
{
	if (!m->incremental)
		return 0;
	const struct warehouse_column *column = find(m->to, m->n, m->inc.column);
	if (!column)
		return mst_fail(err, MST_DATA, "incremental: the query has no column %.*s", STR_FMT(m->inc.column));
	if (!is_key(column->type)) {
		mst_fail(err, MST_DATA, "incremental: the column %.*s is of type %.*s", STR_FMT(column->name),
			 STR_FMT(column->type));
		return mst_hint(err, "it must be a whole number, a numeric, a date or a timestamp");
	}
	if (m->inc.overlap && m->inc.overlap_time != is_time(column->type)) {
		mst_fail(err, MST_DATA, "incremental: the overlap of a column of type %.*s is a %s", STR_FMT(column->type),
			 is_time(column->type) ? "duration" : "number");
		return mst_hint(err, "write overlap: %s", is_time(column->type) ? "1h" : "100");
	}
	for (size_t i = 0; i < m->inc.n_keys; i++)
		if (!find(m->to, m->n, m->inc.keys[i]))
			return mst_fail(err, MST_DATA, "incremental: the query has no column %.*s", STR_FMT(m->inc.keys[i]));
	return 0;
}

static int make_columns(struct db_import *m, struct mst_error *err)
{
	struct task_ctx *c = m->c;
	m->to = pool_array(c->pool, m->n + 1, sizeof *m->to);
	for (size_t i = 0; i < m->n; i++) {
		const struct source_column *f = &m->from[i];
		struct str type = f->type;
		size_t added = 0;
		if (f->labels) {
			int rc = c->warehouse->ops->enumeration(c->pool, c->warehouse, &c->target, f->type, f->labels,
								f->n_labels, &type, &added, err);
			if (rc)
				return rc;
			if (f->labels_array)
				type = str_of(pool_printf(c->pool, "%.*s[]", STR_FMT(type)));
		}
		if (added)
			say(m, "note", "the type %.*s got %zu more label%s", STR_FMT(type), added, added == 1 ? "" : "s");
		if (f->origin.n)
			say(m, "note", "column %.*s is %.*s at %s; it comes over as %.*s", STR_FMT(f->name),
			    STR_FMT(f->origin), m->source->name, STR_FMT(type));
		m->to[i] = (struct warehouse_column){ f->name, type };
	}
	return 0;
}

/* --- rows --------------------------------------------------------------------------------- */

static int put(void *arg, struct str rows, struct mst_error *err)
{
	struct db_import *m = arg;
	return m->c->warehouse->ops->load_put(m->c->warehouse, rows, err);
}

/* The warehouse counts rows, which have no line in a file. */
static int refused(struct db_import *m, struct mst_error *err)
{
	uint32_t row = err->file[0] ? 0 : err->line;
	if (row)
		mst_wrap(err, "row %u of %s", row, m->source->name);
	return mst_place(err, m->c->target.file, 0, 0);
}

static int move(struct db_import *m, struct warehouse_result *out, struct mst_error *err)
{
	struct task_ctx *c = m->c;
	const struct warehouse_ops *ops = c->warehouse->ops;
	bool sunk;
	int rc = ops->load_begin(c->warehouse, &c->target, m->to, m->n, err);
	if (rc)
		return refused(m, err);
	rc = m->source->ops->read(m->source, &m->query, put, m, &sunk, err);
	if (rc && sunk)
		return refused(m, err);
	if (rc) {
		ops->load_abort(c->warehouse);
		return mst_wrap(err, "reading from %s", m->source->name);
	}
	rc = ops->load_end(c->warehouse, out, err);
	return rc ? refused(m, err) : 0;
}

static int import_once(struct task_ctx *c, struct warehouse_result *out, struct mst_error *err)
{
	struct db_import m = { .c = c };
	struct json_val inc = job_attr(c->pool, c->job, "incremental");
	struct str highest;
	m.incremental = inc.type == JSON_OBJECT;
	if (m.incremental) {
		incremental_read(c->pool, inc, &m.inc);
		c->target.keys = m.inc.keys;
		c->target.n_keys = m.inc.n_keys;
		/* the last success may have brought the latest few alone */
		c->target.rows_before = -1;
	}
	if (!c->source)
		return mst_fail(err, MST_BUG, "the source was not looked up");
	int rc = c->source_open(c, &m.source, err);
	if (rc)
		return rc;
	rc = read_query(&m, err);
	if (!rc && (rc = m.source->ops->describe(c->pool, m.source, &m.query, &m.from, &m.n, err)) && !err->file[0])
		mst_wrap(err, "reading from %s", m.source->name);
	if (!rc)
		rc = make_columns(&m, err);
	if (!rc)
		rc = check_columns(&m, err);
	if (!rc)
		rc = decide(&m, err);
	if (!rc && m.incremental) {
		rc = m.source->ops->highest(c->pool, m.source, &m.query, m.inc.column, &highest, err);
		if (!rc && highest.p)
			c->target.watermark = highest;
		else if (!rc && m.full)
			c->target.watermark = (struct str){ "", 0 };
	}
	if (!rc)
		rc = move(&m, out, err);
	m.source->ops->close(m.source);
	return rc;
}

int import_database_run(struct task_ctx *c, struct warehouse_result *out, struct mst_error *err)
{
	const struct warehouse_target asked = c->target;
	int rc = import_once(c, out, err);
	/* another run brought rows while this one decided or waited, or the table was dropped: what is wanted
	 * now is another thing, and is read from the source as it is now */
	for (int tries = 1; rc == MST_CONFLICT && err->retry && c->target.behind.p && tries < IMPORT_TRIES; tries++) {
		c->target = asked;
		rc = import_once(c, out, err);
	}
	return rc;
}
