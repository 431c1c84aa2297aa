/* What a command writes to stdout: JSON Lines in a pipe, a table on a terminal,
 * CSV where asked for.  Commands make JSON lines only; a column table says which
 * keys the table and the CSV show. */
#ifndef MST_CLI_OUT_H
#define MST_CLI_OUT_H

#include "cli/cli.h"

enum out_kind { OUT_TEXT, OUT_NUMBER, OUT_BYTES, OUT_DURATION_US, OUT_TIME, OUT_LIST, OUT_MAP, OUT_STATE, OUT_OK };


/* What a table may do with a column: cut it where the terminal is narrow, before
 * others; leave it out where each cell is empty. */
enum { OUT_WHOLE = 0, OUT_SHRINK = 1, OUT_SHRINK_FIRST = 2, OUT_SPARE = 4 };

struct out_col {
	const char *key; /* of the line; "a.b" goes into an object; NULL ends */
	const char *title;
	enum out_kind kind;
	unsigned char may;
};

/* Where a key is missing or null the cell is empty.  OUT_BYTES and
 * OUT_DURATION_US take numbers, OUT_TIME an ISO 8601 string (the table shows it
 * in local time), OUT_MAP an object, shown as "key (value), ...", OUT_OK a
 * boolean, shown as yes or no; the CSV keeps the values as they are.  A table holds up to
 * OUT_TABLE_ROWS rows, then it is drawn and the next part begins. */
#define OUT_TABLE_ROWS 10000

struct out;
/* `cols` may be NULL: then the table shows what the first lines carry.  A line
 * whose "type" is not `type` (where given) is left out of table and CSV. */
struct out *out_open(struct cli *, const char *type, const struct out_col *cols);
/* The same for a few lines of many columns: the table has a row for each column,
 * with its title in front, and none for an empty cell. */
struct out *out_open_upright(struct cli *, const char *type, const struct out_col *cols);
/* A table shows this value of this column (one of an output) as an empty cell. */
void out_usual(struct out *, const char *key, const char *value);
/* One JSON object without a line break.  MST_IO where stdout is full or closed. */
int out_line(struct out *, struct str json, struct mst_error *);
/* out_line for whoever tells lines one by one: arg is the out. */
int out_told(void *arg, struct str json, struct mst_error *);
/* Many lines, each with its line break: the fast path. */
int out_lines(struct out *, struct str lines, struct mst_error *);
/* What is buffered goes out now (a stream of events). */
int out_flush(struct out *, struct mst_error *);
/* Plain text (a tree, a dry run) straight to stdout, whatever the format. */
int out_text(struct cli *, struct str text, struct mst_error *);
/* Draws the table, flushes and checks stdout: a full disk is an error. */
int out_close(struct out *, struct mst_error *);

#endif
