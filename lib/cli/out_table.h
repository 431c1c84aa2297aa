/* Inside of the room: JSON lines to the rows of a table or of CSV. */
#ifndef MST_CLI_OUT_TABLE_H
#define MST_CLI_OUT_TABLE_H

#include "cli/out.h"

struct out_table;
struct out_table *out_table_new(struct cli *, const char *type, const struct out_col *);
/* A row for each column that has a value, instead of a column. */
void out_table_upright(struct out_table *);
void out_table_usual(struct out_table *, const char *key, const char *value);
/* Takes a line up; what is ready goes into `b`. */
int out_table_line(struct out_table *, struct buf *b, struct str json, struct mst_error *);
int out_table_end(struct out_table *, struct buf *b, struct mst_error *);

#endif
