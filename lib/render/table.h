/* Tables for people: aligned, as wide as the terminal, made harmless. */
#ifndef MST_RENDER_TABLE_H
#define MST_RENDER_TABLE_H

#include "base/error.h"
#include "base/str.h"

enum table_color { TABLE_PLAIN, TABLE_GOOD, TABLE_BAD, TABLE_BUSY, TABLE_DIM };

struct table_col {
	const char *title;
	bool right;           /* numbers */
	unsigned char shrink; /* not 0: may be cut, with "…", where the terminal is narrow; the highest first */
};

struct table_cell {
	struct str text;
	enum table_color color;
};

/* Draws all rows of `cells` (rows * cols of them, row by row) with a header
 * line.  `columns` is the width not to be passed where columns may shrink, 0:
 * any.  Widths count terminal cells, so that wide and combining characters
 * align.  Control characters become '?', line breaks and tabs blanks, bytes that
 * are not UTF-8 U+FFFD. */
int table_draw(struct buf *out, const struct table_col *col, size_t cols, const struct table_cell *cells, size_t rows,
	       int columns, bool color, bool header, struct mst_error *);

#endif
