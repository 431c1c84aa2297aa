/* The width of text on a terminal, in cells: wide characters take two, combining
 * ones none. */
#ifndef MST_RENDER_WIDTH_H
#define MST_RENDER_WIDTH_H

#include "base/str.h"

/* Appends `s` without anything a terminal would obey: control characters become
 * '?', line breaks and tabs blanks, bytes that are not UTF-8 U+FFFD. */
void width_harmless(struct buf *, struct str s);
/* Cells of a harmless text. */
size_t width_of(struct str);
/* Appends `s`, made harmless, in at most `cells` cells; what is cut ends in "…".
 * Returns the cells taken. */
size_t width_cut(struct buf *, struct str s, size_t cells);
/* Sets LC_CTYPE to UTF-8, which wcwidth(3) and smartcols ask; once is enough.
 * Only what draws calls it: a filter has no use for a locale. */
void width_locale(void);

#endif
