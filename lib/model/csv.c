#include "model/csv.h"

#include "base/utf8.h"

void csv_init(struct csv_reader *r, struct pool *pool, const char *name, const struct csv_opts *o)
{
	*r = (struct csv_reader){ .pool = pool, .name = name, .opts = *o, .line = 1 };
	if (!o->delimiter)
		r->opts.delimiter = o->quotes ? ',' : '\t';
	r->opts.quote = !o->quotes ? 0 : o->quote ? o->quote : '"';
	if (!o->quotes || o->escape == r->opts.quote)
		r->opts.escape = 0;
	buf_init(&r->in, pool);
	buf_init(&r->kept, pool);
}

void csv_feed(struct csv_reader *r, const char *p, size_t n)
{
	if (n == 0) {
		r->eof = true;
		return;
	}
	/* moved only when at least half of the buffer is free: linear over all feeds */
	if (r->at > 0 && r->at >= r->in.n - r->at) {
		memmove(r->in.p, r->in.p + r->at, r->in.n - r->at);
		r->in.n -= r->at;
		r->scan -= r->at;
		r->at = 0;
	}
	buf_add(&r->in, p, n);
}

/* --- where a row ends ------------------------------------------------------------- */

static bool odd_quotes(const char *p, const char *end, char quote)
{
	bool odd = false;
	while ((p = memchr(p, quote, (size_t)(end - p)))) {
		odd = !odd;
		p++;
	}
	return odd;
}

/* The same as row_end where a character may be escaped. */
static bool row_end_escaped(struct csv_reader *r, size_t *end)
{
	const char *p = r->in.p;
	while (r->scan < r->in.n) {
		char c = p[r->scan];
		if (c == r->opts.escape) {
			if (r->scan + 1 == r->in.n && !r->eof)
				return false;
			r->scan += r->scan + 1 < r->in.n ? 2 : 1;
			continue;
		}
		if (c == r->opts.quote)
			r->open_quote = !r->open_quote;
		r->scan++;
		if (c == '\n' && !r->open_quote) {
			*end = r->scan - 1;
			return true;
		}
	}
	*end = r->in.n;
	return r->eof && r->in.n > r->at;
}

/* Finds the end of the row that starts at `at`: the index of its line feed, or of
 * the end of the input; false where more input is needed. */
static bool row_end(struct csv_reader *r, size_t *end)
{
	const char *base = r->in.p;
	if (r->opts.escape)
		return row_end_escaped(r, end);
	while (r->scan < r->in.n) {
		const char *p = base + r->scan;
		const char *nl = memchr(p, '\n', r->in.n - r->scan);
		const char *stop = nl ? nl : base + r->in.n;
		if (r->opts.quote && odd_quotes(p, stop, r->opts.quote))
			r->open_quote = !r->open_quote;
		r->scan = (size_t)(stop - base) + (nl ? 1 : 0);
		if (nl && !r->open_quote) {
			*end = (size_t)(nl - base);
			return true;
		}
	}
	*end = r->in.n;
	return r->eof && r->in.n > r->at;
}

/* Passes over the rest of a line; false where its end is not there yet. */
static bool drop_line(struct csv_reader *r)
{
	const char *nl = r->in.n > r->at ? memchr(r->in.p + r->at, '\n', r->in.n - r->at) : NULL;
	r->at = r->scan = nl ? (size_t)(nl - r->in.p) + 1 : r->in.n;
	r->dropping = !nl;
	r->line += nl != NULL;
	return nl != NULL;
}

/* --- the fields of a row ------------------------------------------------------------ */

/* A walk through a row that knows its place. */
struct walk {
	char *p, *end;
	const char *line_start;
	uint32_t line;
};

static int fail_at(const struct csv_reader *r, uint32_t line, uint32_t col, struct mst_error *err, const char *what)
{
	mst_fail(err, MST_DATA, "%s", what);
	return mst_place(err, r->name, line, col);
}

static int fail(const struct csv_reader *r, const struct walk *w, const char *p, struct mst_error *err,
		const char *what)
{
	return fail_at(r, w->line, (uint32_t)(p - w->line_start) + 1, err, what);
}

static uint32_t count_lines(const char *p, const char *end)
{
	uint32_t n = 0;
	while ((p = memchr(p, '\n', (size_t)(end - p)))) {
		n++;
		p++;
	}
	return n;
}

static void go_to(struct walk *w, char *q)
{
	uint32_t breaks = count_lines(w->p, q);
	if (breaks) {
		w->line += breaks;
		w->line_start = (char *)memrchr(w->p, '\n', (size_t)(q - w->p)) + 1;
	}
	w->p = q;
}

static char *find_two(char *p, char *end, char a, char b)
{
	if (!b)
		return memchr(p, a, (size_t)(end - p));
	while (p < end && *p != a && *p != b)
		p++;
	return p < end ? p : NULL;
}

/* Text in quotes, unescaped in place; w->p stands on the opening quote. */
static int quoted_field(const struct csv_reader *r, struct walk *w, struct csv_field *f, struct mst_error *err)
{
	char quote = r->opts.quote, escape = r->opts.escape;
	char *from = ++w->p, *to = from;
	f->quoted = true;
	for (;;) {
		char *q = find_two(w->p, w->end, quote, escape), *piece = w->p;
		if (!q)
			return fail_at(r, f->line, f->col, err, "the quote that opens here is never closed");
		go_to(w, q);
		if (to != piece)
			memmove(to, piece, (size_t)(q - piece));
		to += q - piece;
		w->p++;
		bool escaped = *q == escape && escape;
		if (w->p == w->end || (!escaped && *w->p != quote)) {
			if (escaped)
				return fail(r, w, q, err, "nothing stands behind the escape character");
			break;
		}
		*to++ = *w->p;
		go_to(w, w->p + 1);
	}
	f->text = (struct str){ from, (size_t)(to - from) };
	if (w->p < w->end && *w->p != r->opts.delimiter)
		return fail(r, w, w->p, err, "text behind a closing quote (a quote inside quotes is doubled)");
	return 0;
}

static const char stray_quote[] = "a quote inside a field that does not begin with one";

/* Text without quotes in which characters may be escaped. */
static int escaped_field(const struct csv_reader *r, struct walk *w, struct csv_field *f, struct mst_error *err)
{
	char *from = w->p, *to = from, *p = from;
	bool is_null = r->opts.null.n > 0, undone = false;
	for (; p < w->end && *p != r->opts.delimiter; p++) {
		if (*p == r->opts.quote)
			return fail(r, w, p, err, stray_quote);
		size_t at = (size_t)(p - from);
		bool escape = *p == r->opts.escape;
		is_null = is_null && at < r->opts.null.n && *p == r->opts.null.p[at];
		if (escape && ++p == w->end)
			return fail(r, w, p - 1, err, "nothing stands behind the escape character");
		if (escape)
			is_null = is_null && at + 1 < r->opts.null.n && *p == r->opts.null.p[at + 1];
		undone |= escape;
		if (*p == '\n') {
			w->line++;
			w->line_start = p + 1;
		}
		*to++ = *p;
	}
	f->text = (struct str){ from, (size_t)(to - from) };
	f->null = r->opts.null.n ? is_null && (size_t)(p - from) == r->opts.null.n : !undone && p == from;
	w->p = p;
	return 0;
}

/* The row's bytes [p, end); text is unescaped in place. */
static int cut_row(struct csv_reader *r, char *start, char *end, struct mst_error *err)
{
	struct walk w = { start, end, start, r->row_line };
	char quote = r->opts.quote, delimiter = r->opts.delimiter;
	r->fields.n = 0;
	for (;;) {
		/* a row of nothing but delimiters would take many times its size */
		if (r->fields.n > r->width + CSV_FIELDS_SPARE)
			return fail_at(r, r->row_line, 1, err, "more fields than a table can have columns");
		struct csv_field *f = vec_push(r->pool, &r->fields);
		int rc = 0;
		*f = (struct csv_field){ .line = w.line, .col = (uint32_t)(w.p - w.line_start) + 1 };
		if (quote && w.p < end && *w.p == quote) {
			rc = quoted_field(r, &w, f, err);
		} else if (r->opts.escape) {
			rc = escaped_field(r, &w, f, err);
		} else {
			char *q = memchr(w.p, delimiter, (size_t)(end - w.p));
			if (!q)
				q = end;
			f->text = (struct str){ w.p, (size_t)(q - w.p) };
			f->null = str_eq(f->text, r->opts.null);
			const char *stray = quote ? memchr(w.p, quote, f->text.n) : NULL;
			if (stray)
				return fail(r, &w, stray, err, stray_quote);
			w.p = q;
		}
		if (rc || w.p == end)
			return rc;
		w.p++;
	}
}

/* --- rows --------------------------------------------------------------------------- */

/* Only the first line of a row whose quotes make no sense is given up: with it the quote that
 * swallowed the others. */
static void resume(struct csv_reader *r, size_t from)
{
	const char *nl = memchr(r->kept.p, '\n', r->kept.n);
	if (!nl)
		return;
	memcpy(r->in.p + from, r->kept.p, r->kept.n);
	r->raw.n = (size_t)(nl - r->kept.p);
	r->at = r->scan = from + r->raw.n + 1;
	r->line = r->row_line + 1;
}

static int check_bytes(const struct csv_reader *r, const char *p, const char *end, struct mst_error *err)
{
	struct str row = { p, (size_t)(end - p) };
	size_t bad = utf8_valid(row);
	const char *nul = memchr(p, 0, row.n);
	if (nul && (size_t)(nul - p) < bad)
		bad = (size_t)(nul - p);
	else
		nul = NULL;
	if (bad == row.n)
		return 0;
	uint32_t before = count_lines(p, p + bad);
	const char *start = before ? (char *)memrchr(p, '\n', bad) + 1 : p;
	fail_at(r, r->row_line + before, (uint32_t)(p + bad - start) + 1, err, nul ? "a NUL byte" : "invalid UTF-8");
	if (!nul)
		mst_hint(err, "text of another encoding wants '-- mst: encoding: windows-1252' (or latin1, utf-16)");
	else if (bad < 2)
		mst_hint(err, "UTF-16 text wants '-- mst: encoding: utf-16'");
	return MST_DATA;
}

static int too_long(struct csv_reader *r, struct mst_error *err)
{
	mst_fail(err, MST_LIMIT, "a row of more than %zu bytes%s", CSV_ROW_MAX,
		 r->open_quote ? " (a quote is never closed?)" : "");
	mst_place(err, r->name, r->line, 1);
	if (r->opts.recover) {
		const char *p = r->in.p + r->at, *nl = memchr(p, '\n', r->in.n - r->at);
		r->row_line = r->line;
		r->raw = (struct str){ p, nl ? (size_t)(nl - p) : r->in.n - r->at };
		r->open_quote = false;
		drop_line(r);
	}
	return MST_LIMIT;
}

int csv_next(struct csv_reader *r, struct mst_error *err)
{
	size_t end;
	if (!r->started) {
		if (r->in.n < 3 && !r->eof)
			return 0;
		if (r->in.n >= 3 && memcmp(r->in.p, "\xef\xbb\xbf", 3) == 0)
			r->at = r->scan = 3;
		r->started = true;
	}
	for (;;) {
		if (r->dropping) {
			if (!drop_line(r))
				return 0;
			continue;
		}
		bool fresh = r->scan == r->at && r->at < r->in.n;
		if (fresh && (r->opts.skip || (r->opts.comment && r->in.p[r->at] == r->opts.comment))) {
			r->opts.skip -= r->opts.skip > 0;
			r->dropping = true;
			continue;
		}
		if (!row_end(r, &end))
			break;
		size_t from = r->at;
		char *p = r->in.p + from, *stop = r->in.p + end, *next = r->in.p + r->scan;
		r->row_line = r->line;
		r->line += count_lines(p, next);
		r->at = r->scan;
		r->open_quote = false;
		if (stop > p && stop[-1] == '\r')
			stop--;
		if (stop == p && r->width != 1)
			continue;
		if (r->opts.recover) {
			buf_reset(&r->kept);
			buf_add(&r->kept, p, (size_t)(stop - p));
			r->raw = buf_view(&r->kept);
		}
		/* a bad byte may stand in a line that only a lone quote makes part of this row */
		int rc = r->opts.recover ? 0 : check_bytes(r, p, stop, err);
		if (rc)
			return rc;
		rc = cut_row(r, p, stop, err);
		if (rc) {
			if (r->opts.recover)
				resume(r, from);
			return rc;
		}
		if (r->opts.recover && check_bytes(r, r->raw.p, r->raw.p + r->raw.n, err))
			return err->code;
		if (r->width && r->fields.n != r->width) {
			mst_fail(err, MST_DATA, "%zu fields where there are %zu columns", r->fields.n, r->width);
			return mst_place(err, r->name, r->row_line, 1);
		}
		return 1;
	}
	return r->in.n - r->at > CSV_ROW_MAX ? too_long(r, err) : 0;
}
