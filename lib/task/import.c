/* Rows from a command's output or from files.  Where types are not declared, all
 * rows are looked at first, so that no later row can contradict. */
#include "task/internal.h"

#include "model/infer.h"

#define PUT_BYTES ((size_t)1 << 16)

static struct str command(struct pool *pool, const struct job *job)
{
	struct json_val v = job_attr(pool, job, "command");
	return v.type == JSON_STRING ? json_str(pool, v) : (struct str){ "", 0 };
}

static int check(struct pool *pool, const struct job *job, struct mst_error *err)
{
	struct import_spec spec;
	int rc = import_from_database(pool, job) ? import_database_check(pool, job, err) :
						   import_spec_read(pool, job, &spec, err);
	if (rc)
		mst_place(err, job->file.n ? str_z(pool, job->file) : "", 0, 0);
	return rc;
}

static bool all_typed(const struct import_spec *spec)
{
	for (size_t i = 0; i < spec->columns.n; i++)
		if (spec->columns.v[i].type.n == 0)
			return false;
	return spec->declared;
}

static int explain(struct pool *pool, const struct job *job, const struct warehouse_ops *ops,
		   const struct warehouse_target *t, warehouse_sink *sink, void *arg, struct mst_error *err)
{
	struct import_spec spec;
	if (import_from_database(pool, job))
		return import_database_explain(pool, job, ops, t, sink, arg, err);
	int rc = import_spec_read(pool, job, &spec, err);
	if (rc)
		return rc;
	return ops->explain(pool, t, "import", all_typed(&spec) ? spec.columns.v : NULL, spec.columns.n, sink, arg,
			    err);
}

static int count_bad(const struct import_rows *rows, struct import_careful *careful, struct mst_error *err)
{
	const char *file;
	uint32_t line;
	struct str text;
	import_rows_here(rows, &file, &line, &text);
	return import_careful_count(careful, file, line, err->msg, err);
}

/* The columns with their types, from all rows. */
static int infer(struct task_ctx *c, struct import_spec *spec, struct import_source *source, struct mst_error *err)
{
	struct pool *pool = pool_new(c->pool);
	struct import_rows *rows = import_rows_open(pool, spec, source, true);
	VEC(unsigned) masks = { 0 };
	const struct import_cell *cells;
	size_t n;
	struct import_careful *careful = import_careful_new(c, spec->max_errors);
	int rc = import_source_spool(source, err);
	while (!rc && (rc = import_rows_next(rows, &cells, &n, err)) > 0) {
		if (rc == IMPORT_BAD) {
			rc = count_bad(rows, careful, err);
			continue;
		}
		while (masks.n < n)
			*vec_push(pool, &masks) = INFER_ANY;
		for (size_t i = 0; i < n; i++)
			masks.v[i] &= cells[i].mask;
		rc = 0;
	}
	if (!rc) {
		const struct str *names = import_rows_names(rows, &n);
		for (size_t i = 0; i < n; i++) {
			const char *type = infer_type(i < masks.n ? masks.v[i] : INFER_ANY);
			if (i >= spec->columns.n)
				*vec_push(c->pool, &spec->columns) =
					(struct warehouse_column){ str_dup(c->pool, names[i]), str_of(type) };
			else if (spec->columns.v[i].type.n == 0)
				spec->columns.v[i].type = str_of(type);
		}
		rc = import_source_rewind(source, err);
	}
	pool_free(pool);
	if (!rc && spec->columns.n == 0) {
		mst_fail(err, MST_DATA, "nothing came, so there is no column");
		mst_hint(err, "a header line alone makes an empty table; so do declared columns");
		rc = mst_place(err, import_source_name(source), 1, 1);
	}
	return rc;
}

static bool is_text(struct str type)
{
	static const char *const words[] = { "text", "varchar", "char", "character", "citext", "name", "bpchar" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t n = strlen(words[i]);
		if (type.n >= n && str_ieq((struct str){ type.p, n }, str_of(words[i])) &&
		    (type.n == n || type.p[n] == '(' || type.p[n] == ' '))
			return true;
	}
	return false;
}

static void put_cell(struct buf *b, struct str s)
{
	buf_reserve(b, 2 * s.n);
	char *o = b->p + b->n;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		switch (c) {
		case '\\':
		case '\t':
		case '\n':
		case '\r':
			*o++ = '\\';
			c = c == '\t' ? 't' : c == '\n' ? 'n' : c == '\r' ? 'r' : c;
			break;
		default:
			break;
		}
		*o++ = c;
	}
	b->n = (size_t)(o - b->p);
}

/* The warehouse counts rows; people want the line. */
static int refused_row(const struct import_rows *rows, struct mst_error *err)
{
	const char *file;
	uint32_t line, no = err->line;
	if (!no || err->file[0])
		return err->code;
	import_rows_place(rows, no, &file, &line);
	if (!line)
		mst_wrap(err, "row %u", no);
	return mst_place(err, file, line, line ? 1 : 0);
}

/* Columns of text keep an empty field that stands in quotes; for others it is null. */
static void put_row(struct buf *b, const struct import_cell *cells, size_t n, const bool *text)
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_char(b, '\t');
		if (cells[i].null || (cells[i].quoted_empty && !text[i]))
			buf_add(b, "\\N", 2);
		else
			put_cell(b, cells[i].text);
	}
	buf_char(b, '\n');
}

/* Rows with up to max_errors bad ones among them. */
static int load_careful(struct task_ctx *c, const struct import_spec *spec, struct import_rows *rows, const bool *text,
			struct warehouse_result *out, struct mst_error *err)
{
	const struct warehouse_ops *ops = c->warehouse->ops;
	struct import_careful *careful = import_careful_new(c, spec->max_errors);
	const struct import_cell *cells;
	const char *file;
	uint32_t line;
	struct str raw;
	size_t n;
	int rc;
	while ((rc = import_rows_next(rows, &cells, &n, err)) > 0) {
		import_rows_here(rows, &file, &line, &raw);
		if (rc == IMPORT_BAD) {
			rc = import_careful_aside(careful, file, line, err->msg, raw, err);
		} else {
			put_row(import_careful_row(careful, file, line, raw), cells, n, text);
			rc = import_careful_put(careful, err);
		}
		if (rc)
			return rc;
	}
	if (rc) {
		ops->load_abort(c->warehouse);
		return rc;
	}
	rc = import_careful_end(careful, err);
	if (!rc)
		rc = ops->load_end(c->warehouse, out, err);
	if (rc)
		return rc;
	out->rows_bad = import_careful_bad(careful);
	if (out->rows_bad && c->say)
		c->say(c->say_arg, "warning",
		       str_of(pool_printf(c->pool, "%lld bad rows were put aside in %.*s__mst_errors", (long long)out->rows_bad,
					  STR_FMT(c->target.name))));
	return 0;
}

static int load(struct task_ctx *c, const struct import_spec *spec, struct import_source *source,
		struct warehouse_result *out, struct mst_error *err)
{
	const struct warehouse_ops *ops = c->warehouse->ops;
	struct import_rows *rows = import_rows_open(c->pool, spec, source, false);
	bool *text = pool_array(c->pool, spec->columns.n, sizeof *text);
	const struct import_cell *cells;
	size_t n;
	struct buf b;
	buf_init(&b, c->pool);
	if (!spec->declared)
		import_rows_fix(rows, spec->columns.v, spec->columns.n);
	for (size_t i = 0; i < spec->columns.n; i++)
		text[i] = is_text(spec->columns.v[i].type);
	c->target.bad_rows_aside = spec->max_errors > 0;
	int rc = ops->load_begin(c->warehouse, &c->target, spec->columns.v, spec->columns.n, err);
	if (rc)
		return rc;
	if (c->target.bad_rows_aside)
		return load_careful(c, spec, rows, text, out, err);
	while ((rc = import_rows_next(rows, &cells, &n, err)) == 1) {
		put_row(&b, cells, n, text);
		if (b.n < PUT_BYTES)
			continue;
		rc = ops->load_put(c->warehouse, buf_view(&b), err);
		if (rc)
			return refused_row(rows, err);
		buf_reset(&b);
	}
	if (rc) {
		ops->load_abort(c->warehouse);
		return rc;
	}
	if (b.n)
		rc = ops->load_put(c->warehouse, buf_view(&b), err);
	if (!rc)
		rc = ops->load_end(c->warehouse, out, err);
	return rc ? refused_row(rows, err) : 0;
}

static int import(struct task_ctx *c, struct warehouse_result *out, struct mst_error *err)
{
	struct import_spec spec;
	struct import_source *source;
	int rc = import_spec_read(c->pool, c->job, &spec, err);
	if (!rc)
		rc = import_source_open(c, &spec, &source, err);
	if (rc)
		return rc;
	if (!all_typed(&spec))
		rc = infer(c, &spec, source, err);
	if (!rc)
		rc = load(c, &spec, source, out, err);
	import_source_close(source);
	return rc;
}

static int run(struct task_ctx *c, struct warehouse_result *out, struct mst_error *err)
{
	/* what was done already needs no rows: nothing is read, asked for or started */
	int rc = c->target.look ? c->warehouse->ops->done(c->warehouse, &c->target, out, err) : 0;
	if (rc == 1)
		return 0;
	if (!rc)
		rc = import_from_database(c->pool, c->job) ? import_database_run(c, out, err) : import(c, out, err);
	if (!rc && out->emptied && c->say)
		c->say(c->say_arg, "warning",
		       str_of(pool_printf(c->pool, "no row came; the rows that %.*s had are gone", STR_FMT(c->target.name))));
	/* what has no place in the rows is about the import itself */
	return rc && !err->file[0] ? mst_place(err, c->target.file, 0, 0) : rc;
}

const struct task_type task_import = {
	.name = "import",
	.summary = "rows of a database, files, a command or an address become a table",
	.command = command,
	.check = check,
	.explain = explain,
	.run = run,
};

static int load_handed_over(struct task_ctx *c, struct warehouse_result *out, struct mst_error *err)
{
	if (!c->input)
		return mst_fail(err, MST_BUG, "%.*s: nothing was handed over to be loaded", STR_FMT(c->job->name));
	return run(c, out, err);
}

const struct task_type task_external = {
	.name = "external",
	.summary = "rows that somebody brings become a table (mst-table load)",
	.check = check,
	.explain = explain,
	.run = load_handed_over,
};
