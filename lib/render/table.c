#include "render/table.h"
#include "render/width.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>

enum { SHRUNK = 8 };

static void free_text(void *p)
{
	free(p);
}

static void free_table(void *p)
{
	scols_unref_table(p);
}

/* The cells each column may take so that a line fits: those that may shrink give
 * way, the widest of those that do so first, down to SHRUNK; 0 where nothing is cut. */
static size_t *widths(struct pool *pool, const struct table_col *col, size_t cols, const struct table_cell *cells,
		      size_t rows, size_t columns)
{
	size_t *w = pool_zalloc(pool, cols * sizeof *w), total = cols - 1;
	for (size_t c = 0; c < cols; c++) {
		w[c] = width_of(str_of(col[c].title));
		for (size_t r = 0; r < rows; r++) {
			/* a cell as wide as the terminal is too wide whatever follows */
			struct str s = cells[r * cols + c].text;
			size_t n = width_of((struct str){ s.p, s.n > columns * 8 ? columns * 8 : s.n });
			w[c] = n > w[c] ? n : w[c];
		}
		w[c] = col[c].shrink && w[c] > columns ? columns : w[c];
		total += w[c];
	}
	while (total > columns) {
		size_t widest = cols;
		for (size_t c = 0; c < cols; c++)
			if (col[c].shrink && w[c] > SHRUNK &&
			    (widest == cols || col[c].shrink > col[widest].shrink ||
			     (col[c].shrink == col[widest].shrink && w[c] > w[widest])))
				widest = c;
		if (widest == cols)
			break;
		w[widest]--;
		total--;
	}
	return w;
}

int table_draw(struct buf *out, const struct table_col *col, size_t cols, const struct table_cell *cells, size_t rows,
	       int columns, bool color, bool header, struct mst_error *err)
{
	static const char *const colors[] = { NULL, "green", "red", "yellow", "gray" };
	POOL_SCRATCH(pool);
	struct buf b;
	char *text;
	width_locale();
	struct libscols_table *t = scols_new_table();
	if (!t)
		mst_out_of_memory();
	pool_on_free(pool, free_table, t);
	scols_table_enable_colors(t, color);
	scols_table_enable_noheadings(t, !header);
	/* the width is dealt with here: what smartcols cuts it does not mark */
	scols_table_set_termforce(t, SCOLS_TERMFORCE_NEVER);
	size_t *width = columns > 0 && cols > 0 ? widths(pool, col, cols, cells, rows, (size_t)columns) : NULL;
	for (size_t c = 0; c < cols; c++) {
		struct libscols_column *h =
			scols_table_new_column(t, col[c].title, 0, col[c].right ? SCOLS_FL_RIGHT : 0);
		if (!h)
			mst_out_of_memory();
		if (color)
			scols_cell_set_color(scols_column_get_header(h), "bold");
	}
	buf_init(&b, pool);
	for (size_t r = 0; r < rows; r++) {
		struct libscols_line *line = scols_table_new_line(t, NULL);
		if (!line)
			mst_out_of_memory();
		for (size_t c = 0; c < cols; c++) {
			const struct table_cell *cell = &cells[r * cols + c];
			buf_reset(&b);
			if (width && col[c].shrink)
				width_cut(&b, cell->text, width[c]);
			else
				width_harmless(&b, cell->text);
			if (scols_line_set_data(line, c, buf_cstr(&b)))
				mst_out_of_memory();
			if (color && colors[cell->color])
				scols_cell_set_color(scols_line_get_cell(line, c), colors[cell->color]);
		}
	}
	int rc = scols_print_table_to_string(t, &text);
	if (rc) {
		errno = -rc;
		return mst_fail_errno(err, MST_BUG, "cannot draw a table");
	}
	pool_on_free(pool, free_text, text);
	buf_z(out, text);
	if (out->n && out->p[out->n - 1] != '\n')
		buf_char(out, '\n');
	return 0;
}
