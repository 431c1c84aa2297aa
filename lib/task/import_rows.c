#include "task/internal.h"

#include "base/map.h"
#include "model/csv.h"
#include "model/infer.h"

#define PIECE ((size_t)1 << 16)
#define COLUMNS_MAX 1600 /* of a table in PostgreSQL */
#define PLACES_MAX 65536

struct place {
	uint64_t row;
	const char *file;
	uint32_t line;
};

struct import_rows {
	struct pool *pool;
	const struct import_spec *spec;
	struct import_source *source;
	bool infer, fixed;
	VEC(struct str) names;
	struct map index; /* names to columns + 1 */
	VEC(struct import_cell) cells;
	char *piece;
	bool open, fed; /* within a file; the last of its bytes came */
	const char *file;
	uint64_t rows;
	VEC(struct place) places; /* where row and line do not go on in step */
	/* delimited text */
	struct csv_reader csv;
	struct pool *csv_pool;
	bool header_due;
	size_t *order; /* column of the field, by the header; NULL: as they come */
	/* JSON Lines */
	struct buf in;
	size_t at, scan;
	uint32_t line;
	struct str text; /* the line last looked at */
	struct pool *line_pool;
};

struct import_rows *import_rows_open(struct pool *pool, const struct import_spec *spec,
				     struct import_source *source, bool infer)
{
	struct import_rows *r = pool_zalloc(pool, sizeof *r);
	*r = (struct import_rows){ .pool = pool, .spec = spec, .source = source, .infer = infer };
	r->piece = pool_alloc(pool, PIECE);
	r->line_pool = pool_new(pool);
	map_init(&r->index, pool, 0);
	buf_init(&r->in, pool);
	if (spec->declared)
		import_rows_fix(r, spec->columns.v, spec->columns.n);
	return r;
}

static void add_name(struct import_rows *r, struct str name)
{
	name = str_dup(r->pool, name);
	*vec_push(r->pool, &r->names) = name;
	*map_put(&r->index, name, NULL) = r->names.n;
	*vec_push(r->pool, &r->cells) = (struct import_cell){ .null = true, .mask = INFER_ANY };
}

void import_rows_fix(struct import_rows *r, const struct warehouse_column *cols, size_t n)
{
	r->fixed = true;
	for (size_t i = 0; i < n; i++)
		add_name(r, cols[i].name);
}

const struct str *import_rows_names(const struct import_rows *r, size_t *n)
{
	*n = r->names.n;
	return r->names.v;
}

static int fail_at(const struct import_rows *r, uint32_t line, uint32_t col, struct mst_error *err)
{
	return mst_place(err, r->file, line, col);
}

static void note_place(struct import_rows *r, uint32_t line)
{
	r->rows++;
	const struct place *last = r->places.n ? &r->places.v[r->places.n - 1] : NULL;
	if (last && last->file == r->file && r->rows - last->row == line - last->line)
		return;
	if (r->places.n < PLACES_MAX)
		*vec_push(r->pool, &r->places) = (struct place){ r->rows, r->file, line };
}

void import_rows_place(const struct import_rows *r, uint64_t no, const char **file, uint32_t *line)
{
	size_t lo = 0, hi = r->places.n;
	*file = r->file;
	*line = 0;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (r->places.v[mid].row <= no)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* past the last place that was noted nothing is known */
	if (lo == 0 || (lo == PLACES_MAX && no > r->places.v[lo - 1].row))
		return;
	const struct place *p = &r->places.v[lo - 1];
	*file = p->file;
	*line = p->line + (uint32_t)(no - p->row);
}

/* More bytes: 0 and *got, or IMPORT_END. */
static int more(struct import_rows *r, size_t *got, struct mst_error *err)
{
	return import_source_read(r->source, r->piece, PIECE, got, err);
}

/* --- CSV and TSV ----------------------------------------------------------------- */

/* The first row names the columns: of the first file it makes them where none are fixed. */
static int read_header(struct import_rows *r, struct mst_error *err)
{
	const struct csv_field *f = r->csv.fields.v;
	size_t n = r->csv.fields.n;
	if (n > COLUMNS_MAX) {
		mst_fail(err, MST_LIMIT, "%zu columns; PostgreSQL takes %d", n, COLUMNS_MAX);
		return fail_at(r, r->csv.row_line, 1, err);
	}
	if (!r->fixed) {
		for (size_t i = 0; i < n; i++) {
			if (f[i].text.n == 0 || map_get(&r->index, f[i].text)) {
				if (f[i].text.n)
					mst_fail(err, MST_DATA, "two columns are named '%.*s'", STR_FMT(f[i].text));
				else
					mst_fail(err, MST_DATA, "a column has no name");
				return fail_at(r, f[i].line, f[i].col, err);
			}
			add_name(r, f[i].text);
		}
		r->fixed = true;
		r->csv.width = n;
		return 0;
	}
	if (n != r->names.n) {
		mst_fail(err, MST_DATA, "the header has %zu columns where there are %zu", n, r->names.n);
		return fail_at(r, r->csv.row_line, 1, err);
	}
	bool *seen = pool_zalloc(r->csv_pool, n * sizeof *seen);
	r->order = pool_array(r->csv_pool, n, sizeof *r->order);
	for (size_t i = 0; i < n; i++) {
		const uint64_t *at = map_get(&r->index, f[i].text);
		if (!at || seen[*at - 1]) {
			mst_fail(err, MST_DATA, at ? "two columns are named '%.*s'" :
						     "the header names '%.*s', which is no column of the table",
				 STR_FMT(f[i].text));
			return fail_at(r, f[i].line, f[i].col, err);
		}
		seen[*at - 1] = true;
		r->order[i] = *at - 1;
	}
	return 0;
}

static void set_cells(struct import_rows *r)
{
	for (size_t i = 0; i < r->csv.fields.n; i++) {
		const struct csv_field *f = &r->csv.fields.v[i];
		struct import_cell *c = &r->cells.v[r->order ? r->order[i] : i];
		*c = (struct import_cell){
			.text = f->text,
			.null = f->null,
			.quoted_empty = f->quoted && f->text.n == 0,
			.mask = INFER_ANY,
		};
		if (r->infer && !c->null && !c->quoted_empty)
			c->mask = infer_value(f->text);
	}
}

static int next_delimited(struct import_rows *r, struct mst_error *err)
{
	for (;;) {
		if (!r->open) {
			size_t got;
			int rc = more(r, &got, err);
			if (rc)
				return rc;
			r->file = import_source_name(r->source);
			pool_free(r->csv_pool);
			r->csv_pool = pool_new(r->pool);
			r->order = NULL;
			csv_init(&r->csv, r->csv_pool, r->file,
				 &(struct csv_opts){ .quotes = r->spec->format == IMPORT_CSV,
						     .delimiter = r->spec->delimiter, .quote = r->spec->quote,
						     .escape = r->spec->escape, .comment = r->spec->comment,
						     .skip = r->spec->skip, .null = r->spec->null, .recover = r->spec->max_errors > 0 });
			r->csv.width = r->names.n;
			r->header_due = r->spec->header;
			/* a header is told apart from a wrong row */
			if (r->header_due)
				r->csv.width = 0;
			csv_feed(&r->csv, r->piece, got);
			r->open = true;
			r->fed = got == 0;
		}
		int rc = csv_next(&r->csv, err);
		if (rc < 0)
			return r->spec->max_errors && !r->header_due ? IMPORT_BAD : rc;
		if (rc == 1 && r->header_due) {
			rc = read_header(r, err);
			if (rc)
				return rc;
			r->header_due = false;
			r->csv.width = r->names.n;
			continue;
		}
		if (rc == 1) {
			note_place(r, r->csv.row_line);
			set_cells(r);
			return 0;
		}
		if (r->fed && r->header_due) {
			mst_fail(err, MST_DATA, "it is empty: there is no header line");
			mst_hint(err, "a header line alone makes an empty table; so does nothing at all with '-- mst: header: false'");
			return fail_at(r, 1, 1, err);
		}
		if (r->fed) {
			r->open = false;
			continue;
		}
		size_t got;
		rc = more(r, &got, err);
		if (rc < 0)
			return rc;
		csv_feed(&r->csv, r->piece, got);
		r->fed = got == 0;
	}
}

/* --- JSON Lines ------------------------------------------------------------------- */

static int set_member(struct import_rows *r, const struct json_member *m, struct mst_error *err)
{
	uint64_t *at = map_get(&r->index, m->key);
	if (!at) {
		if (r->fixed) {
			mst_fail(err, MST_DATA, "the key '%.*s' is no column of the table", STR_FMT(m->key));
			mst_hint(err, "declare it in '-- mst: columns:', or leave the declaration away");
			return fail_at(r, r->line, (uint32_t)(m->val.raw.p - (r->in.p + r->at)) + 1, err);
		}
		if (m->key.n == 0 || r->names.n == COLUMNS_MAX) {
			mst_fail(err, MST_DATA, m->key.n ? "more than %d columns" : "an empty key", COLUMNS_MAX);
			return fail_at(r, r->line, (uint32_t)(m->val.raw.p - (r->in.p + r->at)) + 1, err);
		}
		add_name(r, m->key);
		at = map_get(&r->index, m->key);
	}
	struct import_cell *c = &r->cells.v[*at - 1];
	*c = (struct import_cell){ .text = m->val.raw, .mask = INFER_ANY };
	switch (m->val.type) {
	case JSON_NULL:
		c->null = true;
		break;
	case JSON_STRING:
		c->text = json_str(r->line_pool, m->val);
		if (memchr(c->text.p, 0, c->text.n)) {
			mst_fail(err, MST_DATA, "a NUL character, which PostgreSQL cannot store");
			return fail_at(r, r->line, (uint32_t)(m->val.raw.p - (r->in.p + r->at)) + 1, err);
		}
		/* "007" was meant as a text, but JSON has no other way to write a date */
		c->mask = infer_value(c->text) & (INFER_DATE | INFER_TIMESTAMP | INFER_TIMESTAMPTZ | INFER_TEXT);
		break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		c->mask = INFER_JSON | INFER_TEXT;
		break;
	default:
		c->mask = infer_value(c->text);
	}
	return 0;
}

/* What set_member would refuse, before a column is made for the sake of a bad row. */
static int check_member(struct import_rows *r, const struct json_member *m, struct mst_error *err)
{
	const char *what = NULL;
	if (!map_get(&r->index, m->key) && (r->fixed || m->key.n == 0))
		what = r->fixed ? "a key that is no column of the table" : "an empty key";
	else if (m->val.type == JSON_STRING && memmem(m->val.raw.p, m->val.raw.n, "\\u0000", 6) &&
		 memchr(json_str(r->line_pool, m->val).p, 0, json_str(r->line_pool, m->val).n))
		what = "a NUL character, which PostgreSQL cannot store";
	if (!what)
		return 0;
	mst_fail(err, MST_DATA, "%s: '%.*s'", what, STR_FMT(m->key));
	return fail_at(r, r->line, (uint32_t)(m->val.raw.p - (r->in.p + r->at)) + 1, err);
}

static int set_object(struct import_rows *r, struct str text, struct mst_error *err)
{
	json_members members = { 0 };
	pool_clear(r->line_pool);
	if (json_scan_object(r->line_pool, text, &members, err))
		return fail_at(r, r->line, err->col, err);
	for (size_t i = 0; i < r->cells.n; i++)
		r->cells.v[i] = (struct import_cell){ .null = true, .mask = INFER_ANY };
	int rc = 0;
	for (size_t i = 0; r->spec->max_errors && !rc && i < members.n; i++)
		rc = check_member(r, &members.v[i], err);
	for (size_t i = 0; !rc && i < members.n; i++)
		rc = set_member(r, &members.v[i], err);
	return rc;
}

static int next_json(struct import_rows *r, struct mst_error *err)
{
	for (;;) {
		const char *base = r->in.p ? r->in.p : "";
		const char *nl = r->open ? memchr(base + r->scan, '\n', r->in.n - r->scan) : NULL;
		if (r->open && (nl || (r->fed && r->at < r->in.n))) {
			const char *end = nl ? nl : base + r->in.n;
			struct str text = { base + r->at, (size_t)(end - base) - r->at };
			size_t next = (size_t)(end - base) + (nl ? 1 : 0);
			r->line++;
			int rc = 0;
			bool blank = str_trim(text).n == 0;
			if (!blank) {
				note_place(r, r->line);
				rc = set_object(r, text, err);
			}
			r->text = text;
			r->at = r->scan = next;
			if (rc && r->spec->max_errors)
				return IMPORT_BAD;
			if (rc || !blank)
				return rc;
			continue;
		}
		if (r->open && r->fed) {
			r->open = false;
			continue;
		}
		if (r->in.n - r->at > CSV_ROW_MAX) {
			mst_fail(err, MST_LIMIT, "a line of more than %zu bytes", CSV_ROW_MAX);
			return fail_at(r, r->line + 1, 1, err);
		}
		size_t got;
		int rc = more(r, &got, err);
		if (rc)
			return rc;
		if (!r->open) {
			r->open = true;
			r->file = import_source_name(r->source);
			r->line = 0;
			r->in.n = r->at = r->scan = 0;
		} else if (r->at >= r->in.n - r->at) {
			memmove(r->in.p, r->in.p + r->at, r->in.n - r->at);
			r->in.n -= r->at;
			r->at = 0;
		}
		r->scan = r->in.n;
		buf_add(&r->in, r->piece, got);
		if (r->line == 0 && r->at == 0 && r->in.n >= 3 && memcmp(r->in.p, "\xef\xbb\xbf", 3) == 0)
			r->at = r->scan = 3;
		r->fed = got == 0;
	}
}

int import_rows_next(struct import_rows *r, const struct import_cell **cells, size_t *n, struct mst_error *err)
{
	int rc = r->spec->format == IMPORT_JSONL ? next_json(r, err) : next_delimited(r, err);
	if (rc == IMPORT_END)
		return 0;
	if (rc)
		return rc;
	*cells = r->cells.v;
	*n = r->cells.n;
	return 1;
}

void import_rows_here(const struct import_rows *r, const char **file, uint32_t *line, struct str *text)
{
	bool json = r->spec->format == IMPORT_JSONL;
	*file = r->file;
	*line = json ? r->line : r->csv.row_line;
	*text = json ? r->text : r->csv.raw;
}
