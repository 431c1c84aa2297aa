#include "model/csv.h"

#include "base/utf8.h"

void csv_init(struct csv_reader *r, struct pool *pool, const char *name, bool quotes, char delimiter)
{
	*r = (struct csv_reader){ .pool = pool, .name = name, .quotes = quotes, .line = 1 };
	r->delimiter = delimiter ? delimiter : quotes ? ',' : '\t';
	buf_init(&r->in, pool);
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

static int fail(const struct csv_reader *r, uint32_t line, uint32_t col, struct mst_error *err, const char *what)
{
	mst_fail(err, MST_DATA, "%s", what);
	return mst_place(err, r->name, line, col);
}

static bool odd_quotes(const char *p, const char *end)
{
	bool odd = false;
	while ((p = memchr(p, '"', (size_t)(end - p)))) {
		odd = !odd;
		p++;
	}
	return odd;
}

/* Finds the end of the row that starts at `at`: the index of its line feed, or of
 * the end of the input; false where more input is needed. */
static bool row_end(struct csv_reader *r, size_t *end)
{
	const char *base = r->in.p;
	while (r->scan < r->in.n) {
		const char *p = base + r->scan;
		const char *nl = memchr(p, '\n', r->in.n - r->scan);
		const char *stop = nl ? nl : base + r->in.n;
		if (r->quotes && odd_quotes(p, stop))
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

static uint32_t count_lines(const char *p, const char *end)
{
	uint32_t n = 0;
	while ((p = memchr(p, '\n', (size_t)(end - p)))) {
		n++;
		p++;
	}
	return n;
}

/* The row's bytes [p, end); quoted text is unescaped in place. */
static int cut_row(struct csv_reader *r, char *p, char *end, struct mst_error *err)
{
	uint32_t line = r->row_line;
	const char *line_start = p;
	r->fields.n = 0;
	for (;;) {
		struct csv_field *f = vec_push(r->pool, &r->fields);
		*f = (struct csv_field){ .line = line, .col = (uint32_t)(p - line_start) + 1 };
		if (r->quotes && p < end && *p == '"') {
			char *from = ++p, *to = from;
			f->quoted = true;
			for (;;) {
				char *q = memchr(p, '"', (size_t)(end - p));
				if (!q)
					return fail(r, f->line, f->col, err, "the quote that opens here is never closed");
				uint32_t breaks = count_lines(p, q);
				if (breaks) {
					line += breaks;
					line_start = (char *)memrchr(p, '\n', (size_t)(q - p)) + 1;
				}
				if (to != p)
					memmove(to, p, (size_t)(q - p));
				to += q - p;
				p = q + 1;
				if (p == end || *p != '"')
					break;
				*to++ = '"';
				p++;
			}
			f->text = (struct str){ from, (size_t)(to - from) };
			if (p < end && *p != r->delimiter)
				return fail(r, line, (uint32_t)(p - line_start) + 1, err,
					    "text behind a closing quote (a quote inside quotes is doubled)");
		} else {
			char *q = memchr(p, r->delimiter, (size_t)(end - p));
			if (!q)
				q = end;
			f->text = (struct str){ p, (size_t)(q - p) };
			const char *quote = r->quotes ? memchr(p, '"', f->text.n) : NULL;
			if (quote)
				return fail(r, line, (uint32_t)(quote - line_start) + 1, err,
					    "a quote inside a field that does not begin with one");
			p = q;
		}
		if (p == end)
			return 0;
		p++;
	}
}

int csv_next(struct csv_reader *r, struct mst_error *err)
{
	if (!r->started) {
		if (r->in.n < 3 && !r->eof)
			return 0;
		if (r->in.n >= 3 && memcmp(r->in.p, "\xef\xbb\xbf", 3) == 0)
			r->at = r->scan = 3;
		r->started = true;
	}
	size_t end;
	while (row_end(r, &end)) {
		char *p = r->in.p + r->at, *stop = r->in.p + end, *next = r->in.p + r->scan;
		r->row_line = r->line;
		r->line += count_lines(p, next);
		r->at = r->scan;
		r->open_quote = false;
		if (stop > p && stop[-1] == '\r')
			stop--;
		if (stop == p && r->width != 1)
			continue;
		struct str row = { p, (size_t)(stop - p) };
		size_t bad = utf8_valid(row);
		const char *nul = memchr(p, 0, row.n);
		if (nul && (size_t)(nul - p) < bad)
			bad = (size_t)(nul - p);
		if (bad < row.n) {
			uint32_t before = count_lines(p, p + bad);
			const char *start = before ? (char *)memrchr(p, '\n', bad) + 1 : p;
			return fail(r, r->row_line + before, (uint32_t)(p + bad - start) + 1, err,
				    nul ? "a NUL byte" : "invalid UTF-8");
		}
		if (cut_row(r, p, stop, err))
			return err->code;
		if (r->width && r->fields.n != r->width) {
			mst_fail(err, MST_DATA, "%zu fields where there are %zu columns", r->fields.n, r->width);
			return mst_place(err, r->name, r->row_line, 1);
		}
		return 1;
	}
	if (r->in.n - r->at > CSV_ROW_MAX) {
		mst_fail(err, MST_LIMIT, "a row of more than %zu bytes%s", CSV_ROW_MAX,
			 r->open_quote ? " (a quote is never closed?)" : "");
		return mst_place(err, r->name, r->line, 1);
	}
	return 0;
}
