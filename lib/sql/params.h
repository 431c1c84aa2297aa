/* Parameters in a SQL text, and where its last statement ends. */
#ifndef MST_SQL_PARAMS_H
#define MST_SQL_PARAMS_H

#include "sql/sql.h"

struct sql_param {
	size_t at, n;    /* bytes of the text: "@name" */
	struct str name; /* without the @ */
};
typedef VEC(struct sql_param) sql_params;

/* Every @name outside of strings, comments and quoted names, in order.  @@name is
 * none, nor is the name behind PostgreSQL's operator <@. */
void sql_params_find(struct pool *, enum sql_dialect, struct str text, sql_params *out);

/* The text up to the semicolons that end it, so that it can stand in parentheses. */
struct str sql_without_end(enum sql_dialect, struct str text);

#endif
