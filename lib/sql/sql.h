/* Table references of SQL text: our own lexer and clause-level reader.  Pure: no
 * I/O, no clock, no globals; linear in the text; bounded stack on any input. */
#ifndef MST_SQL_SQL_H
#define MST_SQL_SQL_H

#include "base/pool.h"
#include "base/str.h"
#include "base/vec.h"

enum sql_dialect { SQL_BIGQUERY, SQL_BIGQUERY_LEGACY, SQL_POSTGRES, SQL_ANSI };

/* "bigquery", "legacy", "postgres", "ansi"; -1 for any other name. */
int sql_dialect_of(struct str name);
const char *sql_dialect_name(enum sql_dialect);

enum sql_mode { SQL_READ, SQL_WRITE, SQL_CALL };

struct sql_ref {
	struct str name; /* canonical: see mst-sql(7) */
	enum sql_mode mode;
	uint32_t line, col; /* 1-based, col in bytes */
	struct str text;    /* as written, a view into the text */
};

enum sql_severity { SQL_NOTE, SQL_WARNING, SQL_ERROR };

struct sql_diag {
	enum sql_severity severity;
	uint32_t line, col;
	struct str msg;
};

/* What the text is as a whole: a table's kind follows from it. */
enum sql_form {
	SQL_FORM_QUERY,  /* one statement that gives rows (SELECT, WITH, FROM |>, VALUES, TABLE), behind
			  * nothing but CREATE TEMP FUNCTION */
	SQL_FORM_VIEW,   /* one CREATE [OR REPLACE] VIEW and nothing else */
	SQL_FORM_MATERIALIZED, /* one CREATE MATERIALIZED VIEW and nothing else */
	SQL_FORM_SCRIPT, /* several statements, or one that gives no rows */
	SQL_FORM_EMPTY,  /* comments and blanks only */
};

struct sql_refs {
	VEC(struct sql_ref) refs;   /* every occurrence, in order of the text */
	VEC(struct sql_diag) diags; /* in order of the text; at most SQL_DIAGS_MAX */
	/* sorted, unique names */
	VEC(struct str) reads, writes, calls;
	enum sql_form form;
	enum sql_dialect dialect; /* as found: #legacySQL turns bigquery to legacy */
};

#define SQL_DIAGS_MAX 100
/* Queries nested deeper are passed over, with an error that says so. */
#define SQL_DEPTH_MAX 400

/* Reads a whole file or script.  Never fails: what cannot be known is in diags.
 * Views in *out point into `text` or the pool. */
void sql_read(struct pool *, enum sql_dialect, struct str text, struct sql_refs *out);

#endif
