/* What the files of the restricted SELECT share. */
#ifndef MST_SQL_RESTRICTED_INTERNAL_H
#define MST_SQL_RESTRICTED_INTERNAL_H

#include "base/map.h"
#include "sql/lex.h"
#include "sql/restricted.h"

struct restricted {
	struct pool *pool;
	struct str text;
	struct lex lx;
	struct tok t; /* the token under the eye; an operator is one token of kind T_PUNCT */
	const char *last_end; /* of the token before */
	struct map seen;      /* uses */
	struct buf key;
	const char *counted;  /* where line and line_start hold */
	uint32_t line;
	const char *line_start;
	struct sql_restricted *out;
	struct mst_error *err;
};

/* Refuses, at a byte of the text.  Always MST_DATA. */
int rs_refuse(struct restricted *, const char *at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Refuses the token under the eye, in the words that fit it. */
int rs_unexpected(struct restricted *, const char *wanted);
int rs_next(struct restricted *);
/* The token behind this one; errors in it are left for later. */
struct tok rs_peek(const struct restricted *);
/* The token is that bare word, in any case. */
bool rs_is(const struct restricted *, const char *word);
bool tok_is(const struct tok *, const char *word);
/* The token is that operator or byte. */
bool rs_op(const struct restricted *, const char *op);
bool tok_op(const struct tok *, const char *op);
int rs_expect(struct restricted *, const char *op);
/* A name: a bare word that is not reserved (`any`: or any word), or a quoted one; folded, without quotes. */
int rs_name(struct restricted *, bool any, struct str *out);
void rs_use(struct restricted *, enum sql_use_kind, struct str schema, struct str name, bool known, const char *at);
/* Whether the token is an operator: made of the characters that operators are made of. */
bool rs_is_operator(const struct restricted *);

/* restricted_expr.c */
int rs_expr(struct restricted *, unsigned depth);
/* Expressions with commas between. */
int rs_exprs(struct restricted *, unsigned depth);

/* restricted_names.c: all in small letters. */
bool rs_reserved(struct str word);
/* May stand behind a value without AS, as its label. */
bool rs_label(struct str word);
/* Does a function harm, judged by its name? */
enum rs_verdict { RS_UNKNOWN, RS_HARMLESS, RS_AGGREGATE, RS_WINDOW, RS_ROWS, RS_CHANGES, RS_SYSTEM };
enum rs_verdict rs_function(struct str name);
/* A type that turns a text into an object of the database. */
bool rs_object_type(struct str name);

#endif
