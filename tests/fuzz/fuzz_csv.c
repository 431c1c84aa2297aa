/* The CSV reader: whatever the pieces, the same rows and the same error; what it hands back is UTF-8
 * without NUL. */
#include "base/utf8.h"
#include "model/csv.h"
#include "model/infer.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void read_all(struct pool *pool, const char *p, size_t n, size_t piece, const struct csv_opts *opts, size_t width,
		     struct buf *out)
{
	struct csv_reader r;
	struct mst_error err = { 0 };
	csv_init(&r, pool, "fuzz", opts);
	r.width = width;
	for (size_t at = 0;; at += piece) {
		size_t k = at >= n ? 0 : n - at < piece ? n - at : piece;
		int rc;
		csv_feed(&r, p + at, k);
		while ((rc = csv_next(&r, &err)) == 1 || (rc < 0 && opts->recover)) {
			if (rc < 0) {
				check(err.line > 0 && r.row_line > 0 && r.raw.n <= n);
				buf_printf(out, "bad %u: %s: ", r.row_line, err.msg);
				buf_str(out, r.raw);
				continue;
			}
			check(r.fields.n > 0 && (width == 0 || r.fields.n == width));
			buf_printf(out, "%u:", r.row_line);
			for (size_t i = 0; i < r.fields.n; i++) {
				const struct csv_field *f = &r.fields.v[i];
				check(utf8_valid(f->text) == f->text.n && !memchr(f->text.p, 0, f->text.n));
				check(f->line >= r.row_line && f->col >= 1);
				check(infer_value(f->text) & INFER_TEXT);
				buf_printf(out, "%d.%d.%u.%u.", f->quoted, f->null, f->line, f->col);
				buf_printf(out, "%zu=", f->text.n);
				buf_str(out, f->text);
			}
		}
		if (rc < 0) {
			check(err.line > 0);
			buf_printf(out, "error %u:%u %s", err.line, err.col, err.msg);
			return;
		}
		if (k == 0)
			return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 2)
		return 0;
	POOL_SCRATCH(pool);
	struct buf whole, pieces;
	size_t width = data[0] >> 1 & 3, piece = (size_t)(data[0] >> 3) + 1;
	struct csv_opts o = {
		.quotes = data[0] & 1,
		.delimiter = data[1] & 1 ? ';' : 0,
		.quote = data[1] & 2 ? '\'' : 0,
		.escape = data[1] & 4 ? '\\' : 0,
		.comment = data[1] & 8 ? '#' : 0,
		.skip = data[1] >> 4 & 3,
		.null = data[1] & 64 ? STR("\\N") : STR(""),
		.recover = data[1] & 128,
	};
	buf_init(&whole, pool);
	buf_init(&pieces, pool);
	read_all(pool, (const char *)data + 2, n - 2, n, &o, width, &whole);
	read_all(pool, (const char *)data + 2, n - 2, piece, &o, width, &pieces);
	check(str_eq(buf_view(&whole), buf_view(&pieces)));
	return 0;
}
