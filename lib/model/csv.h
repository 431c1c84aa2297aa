/* Delimited text, row by row, from bytes in any pieces.
 *
 * CSV is RFC 4180, with LF as well as CRLF between rows, any one-byte delimiter,
 * quotes doubled inside quotes, line breaks inside quotes.  What the RFC leaves
 * no meaning for is refused: a quote inside an unquoted field, text behind a
 * closing quote, an open quote at the end.  TSV is text/tab-separated-values as
 * IANA has it: no quotes, no escapes.  In both: a byte order mark at the start is
 * passed over, empty lines are passed over (where rows have one column, an empty
 * line is an empty field), NUL bytes and invalid UTF-8 are refused.  A last row
 * without a line break counts.
 *
 * Dialects besides: another quote; an escape character, behind which any character, a
 * delimiter, quote or line break too, stands for itself, in quotes and outside; lines that
 * are passed over at the start, and those that begin with a comment character. */
#ifndef MST_MODEL_CSV_H
#define MST_MODEL_CSV_H

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"

#define CSV_ROW_MAX ((size_t)256 << 20) /* bytes of one row */
#define CSV_FIELDS_SPARE 4000 /* so many fields beyond the columns are counted; then the row is refused uncut */

struct csv_opts {
	bool quotes;      /* CSV; else TSV, which has neither quote nor escape */
	char delimiter;   /* 0: a comma for CSV, a tab for TSV */
	char quote;       /* 0: a double quote */
	char escape;      /* 0: none */
	char comment;     /* 0: none */
	uint32_t skip;    /* lines passed over at the start */
	struct str null;  /* how NULL is written: outside quotes, before escapes are undone */
	bool recover;     /* go on behind bad rows, see csv_next */
};

struct csv_field {
	struct str text; /* without quotes, doubled quotes and escapes undone */
	bool quoted, null;
	uint32_t line, col; /* 1-based place of its first byte; col in bytes */
};

struct csv_reader {
	struct pool *pool;
	const char *name; /* for messages */
	struct csv_opts opts;
	size_t width; /* fields a row must have; 0: not known yet, nothing is checked */
	/* the row last returned; valid until the next call */
	VEC(struct csv_field) fields;
	uint32_t row_line; /* its first line */
	struct str raw;    /* with `recover`: the row, or the bad row, as it stood */
	/* private: in.p[at] starts the next row, [at, scan) holds no end of it */
	struct buf in, kept;
	size_t at, scan;
	uint32_t line;
	bool eof, started, open_quote, dropping;
};

void csv_init(struct csv_reader *, struct pool *, const char *name, const struct csv_opts *);
/* More input; the bytes are copied.  n == 0: there is no more. */
void csv_feed(struct csv_reader *, const char *p, size_t n);
/* 1: a row stands in fields; 0: more input is needed, or the end after the last
 * feed; MST_DATA or MST_LIMIT with name, line and column.  With `recover` the next call then goes on:
 * behind the bad row, or, where its quotes make no sense, behind its first line, which alone
 * counts as the bad row then. */
int csv_next(struct csv_reader *, struct mst_error *);

#endif
