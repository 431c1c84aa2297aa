/* CSV (RFC 4180), with '\n' at the end of a line as psql writes it. */
#ifndef MST_RENDER_CSV_H
#define MST_RENDER_CSV_H

#include "base/str.h"

/* One field, in quotes where it holds a comma, a quote or a line break or has
 * blanks at its ends. */
void csv_field(struct buf *, struct str);

#endif
