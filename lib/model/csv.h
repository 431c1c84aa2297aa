/* Delimited text, row by row, from bytes in any pieces.
 *
 * CSV is RFC 4180, with LF as well as CRLF between rows, any one-byte delimiter,
 * quotes doubled inside quotes, line breaks inside quotes.  What the RFC leaves
 * no meaning for is refused: a quote inside an unquoted field, text behind a
 * closing quote, an open quote at the end.  TSV is text/tab-separated-values as
 * IANA has it: no quotes, no escapes.  In both: a byte order mark at the start is
 * passed over, empty lines are passed over (where rows have one column, an empty
 * line is an empty field), NUL bytes and invalid UTF-8 are refused.  A last row
 * without a line break counts. */
#ifndef MST_MODEL_CSV_H
#define MST_MODEL_CSV_H

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"

#define CSV_ROW_MAX ((size_t)256 << 20) /* bytes of one row */

struct csv_field {
	struct str text; /* without quotes, doubled quotes undone */
	bool quoted;
	uint32_t line, col; /* 1-based place of its first byte; col in bytes */
};

struct csv_reader {
	struct pool *pool;
	const char *name; /* for messages */
	char delimiter;
	bool quotes;  /* CSV */
	size_t width; /* fields a row must have; 0: not known yet, nothing is checked */
	/* the row last returned; valid until the next call */
	VEC(struct csv_field) fields;
	uint32_t row_line; /* its first line */
	/* private: in.p[at] starts the next row, [at, scan) holds no end of it */
	struct buf in;
	size_t at, scan;
	uint32_t line;
	bool eof, started, open_quote;
};

/* `delimiter` 0: a comma for CSV (quotes), a tab for TSV. */
void csv_init(struct csv_reader *, struct pool *, const char *name, bool quotes, char delimiter);
/* More input; the bytes are copied.  n == 0: there is no more. */
void csv_feed(struct csv_reader *, const char *p, size_t n);
/* 1: a row stands in fields; 0: more input is needed, or the end after the last
 * feed; MST_DATA or MST_LIMIT with name, line and column. */
int csv_next(struct csv_reader *, struct mst_error *);

#endif
