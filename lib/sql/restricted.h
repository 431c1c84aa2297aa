/* The restricted SELECT: what an import may ask of a database that is not ours.
 *
 *     SELECT columns and expressions FROM one relation [WHERE] [ORDER BY] [LIMIT n]
 *
 * Read as PostgreSQL reads it, token by token; what is not known to be harmless is
 * refused with its place: joins, second relations, subqueries, WITH, DISTINCT, grouping,
 * aggregates, window functions, set operations, OFFSET, FOR UPDATE, INTO, TABLESAMPLE,
 * functions in FROM, parameters and templates, further statements, functions that are
 * not immutable.  What only the database can know (is a user's function immutable?) is
 * collected in `uses` for it to be asked.  Pure; linear in the text; bounded stack. */
#ifndef MST_SQL_RESTRICTED_H
#define MST_SQL_RESTRICTED_H

#include "base/error.h"
#include "base/pool.h"
#include "base/str.h"
#include "base/vec.h"

/* Expressions nested deeper are refused. */
#define SQL_RESTRICTED_DEPTH 100

enum sql_use_kind {
	SQL_USE_FUNCTION,
	SQL_USE_OPERATOR,
	SQL_USE_TYPE,   /* of a cast */
	SQL_USE_MEMBER, /* t.x: a column, or a function of one argument in disguise */
};

/* A name in the text, folded and without quotes. */
struct sql_use {
	enum sql_use_kind kind;
	struct str schema, name; /* schema empty: none was written */
	bool known;              /* a function that is known to do no harm where it is PostgreSQL's own */
	uint32_t line, col;      /* 1-based, col in bytes */
};

struct sql_restricted {
	struct str query; /* from SELECT to its last token: a view into the text; empty: there is no statement */
	struct str schema, table; /* the relation, folded and without quotes; schema may be empty */
	bool limit;       /* it has a LIMIT */
	VEC(struct sql_use) uses; /* in order of the text, each name once */
};

/* MST_DATA with line and column (no file) for what is refused. */
int sql_restricted_read(struct pool *, struct str text, struct sql_restricted *out, struct mst_error *);

/* The text without comments, blanks and semicolons around it. */
struct str sql_query_span(struct str text);

#endif
