#include "render/table.h"
#include "render/width.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>

static void free_text(void *p)
{
	free(p);
}

static void free_table(void *p)
{
	scols_unref_table(p);
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
	scols_table_enable_nowrap(t, 0);
	/* fixed, whatever smartcols itself finds out about a terminal */
	scols_table_set_termforce(t, columns > 0 ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	if (columns > 0)
		scols_table_set_termwidth(t, (size_t)columns);
	for (size_t c = 0; c < cols; c++) {
		int flags = (col[c].right ? SCOLS_FL_RIGHT : 0) | (col[c].shrink ? SCOLS_FL_TRUNC : 0);
		struct libscols_column *h = scols_table_new_column(t, col[c].title, col[c].shrink ? 0.1 : 0, flags);
		if (!h)
			mst_out_of_memory();
		if (col[c].shrink)
			scols_column_set_safechars(h, "");
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
