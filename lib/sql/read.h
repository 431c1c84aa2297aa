/* The clause-level reader: what its files share.  For lib/sql only.
 *
 * A recursive descent over queries, clauses and FROM items; expressions are
 * walked token by token and only their subqueries are entered.  Whether a name
 * is a table is settled at the end of its statement, when all WITH names and
 * aliases are known (resolve.c).  read.c holds statements and the entry,
 * stmt.c DML and DDL, query.c queries, from.c FROM items,
 * expr.c expressions, name.c names, template.c ref and source. */
#ifndef MST_SQL_READ_H
#define MST_SQL_READ_H

#include "base/map.h"
#include "sql/lex.h"

#define ALL_NAMES UINT32_MAX

/* A FROM clause: its aliases stand in reader.aliases under its number. */
struct scope {
	uint32_t parent; /* whose aliases it sees too; 0: none */
	uint32_t low, high; /* which of them: in a FROM clause those to the left */
	uint32_t n;      /* aliases so far */
	uint32_t floor;  /* a parenthesised join sees its own aliases only: those from here on */
	uint32_t from;   /* nesting of FROM clauses under way */
};

/* A WITH clause: its names stand in reader.ctes under its number. */
struct with {
	uint32_t parent, parent_limit; /* the WITH around it, and how many of its names are seen */
	uint32_t n;
	bool recursive;
};

/* What a place sees of WITH clauses: the first `limit` names of `with` and on. */
struct env {
	uint32_t with, limit;
};

/* A reference in the making. */
struct item {
	struct str name; /* p NULL: not a table after all */
	struct str text;
	const char *at; /* where line and column are counted */
	uint8_t mode;
	bool lone;   /* a lone name, to be warned of when it stays */
	bool settled; /* a template's ref() and the like */
};

/* A name that is settled at the end of the statement. */
struct pending {
	uint32_t item;
	uint32_t scope;   /* the FROM clause it stands in: those around may know the alias */
	struct env env;
	struct str key;   /* first part, folded */
	bool single;      /* a WITH name may match; else an alias */
};

/* A table name as written and as it is. */
struct name {
	struct str canon, text;
	struct str first, last; /* parts without quotes, decorators and folding */
	unsigned parts;
	bool whole;    /* parts came out of one pair of quotes: no alias can be meant */
	bool template; /* holds one */
	bool refs;     /* a template that gave its own references: not a name */
};

struct diag {
	const char *at;
	uint8_t severity;
	struct str msg;
};

struct reader {
	struct lex lx;
	struct tok t;           /* the token to be read next */
	struct tok before;      /* the one before it */
	struct pool *pool;
	struct pool *scratch;
	struct str text;
	enum sql_dialect dialect;
	VEC(struct item) items;
	VEC(struct diag) diags;
	VEC(struct pending) pendings;
	VEC(struct scope) scopes; /* [0] is none */
	VEC(struct with) withs;
	struct map aliases, ctes, temps;
	struct buf key, name;
	VEC(char) nest; /* open ( and [ of the expressions under way */
	const char *template_seen; /* templates before it gave their references */
	const char *fixed_at;      /* text decoded from a literal: every place is this one */
	unsigned depth, bodies;
	struct env top; /* what the WITH clause of the statement made known */
	bool plpgsql;
	bool rows_open; /* no "\\." ends the rows of a COPY from here on */
	unsigned statements, queries, views, others;
	bool materialized; /* the last of the views */
};

/* What the keyword does in this dialect. */
static inline unsigned rd_flags(const struct reader *r, unsigned kw)
{
	if (r->dialect == SQL_POSTGRES && (kw == KW_QUALIFY || kw == KW_BY || kw == KW_IF || kw == KW_ROWS))
		return 0; /* names like any other there */
	return kw_flags[kw];
}

static inline bool tok_opens(const struct tok *t)
{
	return t->kind == T_PUNCT && t->ch == '(';
}

/* read.c */
void rd_next(struct reader *);
struct tok rd_peek(const struct reader *);
bool rd_is(const struct reader *, enum kw);
bool rd_ch(const struct reader *, char c);
/* Takes the keyword / the byte where it stands there. */
bool rd_take(struct reader *, enum kw);
bool rd_take_ch(struct reader *, char c);
/* A word without a keyword of its own, compared in any case. */
bool rd_word(const struct reader *, const char *upper);
bool rd_take_word(struct reader *, const char *upper);
void rd_diag(struct reader *, enum sql_severity, const char *at, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* One statement, up to its ";", or a part of a block. */
void rd_statement(struct reader *);
void rd_statements(struct reader *);
/* SQL in a string literal: the statements of an EXECUTE IMMEDIATE or a body. */
void rd_literal(struct reader *, struct tok string, bool plpgsql);

/* resolve.c */
uint32_t scope_new(struct reader *, uint32_t parent);
void scope_alias(struct reader *, uint32_t scope, struct str name);
uint32_t with_new(struct reader *, struct env around, bool recursive);
void with_name(struct reader *, uint32_t with, struct str name);
void temp_name(struct reader *, const struct name *);
bool temp_has(struct reader *, const struct name *);
/* Records a table of a FROM item. */
void ref_table(struct reader *, const struct name *, uint32_t scope, struct env);
/* Records a target, unless it is a temporary table. */
void ref_write(struct reader *, const struct name *);
void ref_call(struct reader *, const struct name *);
/* Settles what is pending from number `first` on, at the end of a statement. */
void ref_settle(struct reader *, size_t first);
void ref_finish(struct reader *, struct sql_refs *out);

/* name.c */
/* The token may start a table name. */
bool name_starts(const struct reader *);
/* Reads the dotted name that starts at the current token, byte by byte, and goes
 * on behind it. */
void name_read(struct reader *, struct name *out);
/* The name in `text`, which name_read would take as a whole. */
void name_of(struct reader *, struct str text, struct name *out);
/* A part as compared: folded where the dialect does not tell case apart. */
struct str name_fold(struct reader *, struct str part);
/* An identifier token as the name that it is. */
struct str name_bare(struct reader *, struct tok);
/* Whether a name may begin with this token. */
bool name_token(const struct tok *);
/* {{ x }}_y and y_{{ x }} are one name, as FROM reads them: t grows over n where that
 * stands right behind it and one of them is a template. */
bool name_grow(struct tok *t, const struct tok *n);

/* template.c */
/* Records the ref() and source() in a template, once; how many there are, and the
 * table part of the last (where wanted). */
unsigned template_refs(struct reader *, struct str template, struct str *last);

/* query.c */
enum { /* what ends an expression besides ')', ';', '|>' and the end */
	STOP_BODY = KF_FROM | KF_SET | KF_SELECT | KF_INTO | KF_JOIN,
	STOP_FROM = STOP_BODY | KF_CLAUSE | KF_ITEM,
	STOP_COMMA = 1 << 12, /* bits above those of enum kw_flag */
	STOP_LIKE = 1 << 13, /* LIKE, CLONE, COPY, REPLICA */
	STOP_AS = 1 << 14,
	STOP_WITH = 1 << 15, /* a WITH clause */
};
void query_expr(struct reader *, uint32_t scope, struct env, unsigned stop);
/* A query up to what cannot belong to it. */
void query_read(struct reader *, uint32_t outer, struct env);
/* The token starts a query (WITH only where a WITH clause follows). */
bool query_starts(const struct reader *);
/* Behind FROM: items, their joins, commas. */
void query_from(struct reader *, uint32_t scope, struct env);
/* The same from behind an item. */
void query_from_rest(struct reader *, uint32_t scope, struct env);
/* One operand of a set operation; the rest of a query behind one. */
void query_primary(struct reader *, uint32_t outer, struct env, uint32_t scope);
void query_more(struct reader *, uint32_t outer, struct env);
/* UNION, INTERSECT, EXCEPT as set operations; EXCEPT may be a list of columns. */
bool query_is_set(const struct reader *);
bool query_is_except(const struct reader *);
/* Past the words of a set operation. */
void query_skip_set(struct reader *);
/* One level deeper; false (with a diagnostic, and at the closing parenthesis)
 * where that is too deep. */
bool query_enter(struct reader *);
/* The rest of a parenthesis that was opened, and its end. */
void query_close(struct reader *, uint32_t scope, struct env);
/* The rest of a SELECT, DML statement or the like: expressions, FROM clauses and
 * joins in the scope. */
void query_body(struct reader *, uint32_t scope, struct env);
/* The token goes on with a list of WITH names that lost its WITH to a template:
 * [,] name AS (. */
bool query_continues(const struct reader *);
/* Reads such a list and the query behind it. */
void query_continue(struct reader *);
/* Expressions and whole queries up to the end of the statement. */
void query_tail(struct reader *, uint32_t scope, struct env, unsigned stop);
/* [AS] alias behind a FROM item or target; `implied` stands where there is none. */
void query_alias(struct reader *, uint32_t scope, struct str implied);
/* The parenthesised group that starts at the current token, as expressions. */
void query_group(struct reader *, uint32_t scope, struct env);
/* One FROM item with its alias, without joins. */
void query_item(struct reader *, uint32_t scope, struct env);
/* What may follow a FROM item: joins, ON, PIVOT, TABLESAMPLE ... */
void query_joins(struct reader *, uint32_t scope, struct env);

/* stmt.c */
/* INSERT, UPDATE, DELETE, MERGE; false where the token is none of them. */
bool stmt_dml(struct reader *, uint32_t outer, struct env);
/* CREATE, ALTER, DROP, TRUNCATE, LOAD, EXPORT and smaller ones. */
void stmt_create(struct reader *);
void stmt_alter(struct reader *);
void stmt_drop(struct reader *);
void stmt_truncate(struct reader *);
void stmt_load(struct reader *);
void stmt_copy(struct reader *);

/* graph.c: property graphs of BigQuery are read like views */
/* GRAPH_TABLE(graph MATCH ..) from its parenthesis; false where `function` is another. */
bool graph_table(struct reader *, struct str function, uint32_t scope, struct env);
/* GRAPH name at the start of a statement; false where none stands. */
bool graph_query(struct reader *);
/* CREATE PROPERTY GRAPH from behind these words. */
void graph_create(struct reader *);

#endif
