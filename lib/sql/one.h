/* Whether a text is one expression and nothing else, so that it may stand in parentheses of ours. */
#ifndef MST_SQL_ONE_H
#define MST_SQL_ONE_H

#include "base/error.h"
#include "sql/sql.h"

/* MST_DATA with line and column: an empty text, a semicolon, a bracket that closes what it did not open or stays
 * open, a string, a quoted name or a comment without an end, a template.  A comment of a line may end the text: what
 * is put behind it must begin a new line.  Whether it makes sense is the server's affair. */
int sql_one_expression(enum sql_dialect, struct str text, struct mst_error *);

#endif
