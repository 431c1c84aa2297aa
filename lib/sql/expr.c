#include "sql/read.h"

/* Behind WITH stands [RECURSIVE] name [(columns)] AS [[NOT] MATERIALIZED] (. */
static bool with_follows(const struct reader *r)
{
	struct lex l = r->lx;
	struct tok t;
	do
		lex_next(&l, &t);
	while (t.kind == T_BLOCK || (t.kind == T_PUNCT && t.ch == ','));
	if (t.kind == T_WORD && t.kw == KW_RECURSIVE)
		return true;
	if (!name_token(&t))
		return false;
	struct tok name = t;
	do
		lex_next(&l, &t);
	while (t.kind == T_BLOCK || name_grow(&name, &t));
	if (name.kind == T_TEMPLATE && (t.kind == T_PUNCT ? t.ch == ',' : t.kw == KW_SELECT))
		return true;
	if (tok_opens(&t))
		return true;
	if (t.kind != T_WORD || t.kw != KW_AS)
		return false;
	do
		lex_next(&l, &t);
	while (t.kind == T_BLOCK);
	return tok_opens(&t) || t.kind == T_TEMPLATE || t.kw == KW_NOT || t.kw == KW_MATERIALIZED;
}

bool query_starts(const struct reader *r)
{
	if (r->t.kind != T_WORD)
		return false;
	if (r->t.kw == KW_SELECT)
		return true;
	if (r->t.kw == KW_FROM) /* FROM-first; TRIM(FROM x) is of the other dialects */
		return r->dialect == SQL_BIGQUERY;
	return r->t.kw == KW_WITH && with_follows(r);
}

/* EXCEPT as a set operation, not as a list of columns. */
bool query_is_except(const struct reader *r)
{
	struct lex l = r->lx;
	struct tok t;
	do
		lex_next(&l, &t);
	while (t.kind == T_BLOCK);
	if (!tok_opens(&t))
		return t.kind == T_WORD && (t.kw == KW_ALL || t.kw == KW_DISTINCT || t.kw == KW_SELECT ||
					    t.kw == KW_VALUES || t.kw == KW_TABLE || t.kw == KW_CORRESPONDING);
	do
		lex_next(&l, &t);
	while (t.kind == T_BLOCK);
	return tok_opens(&t) || t.kw == KW_SELECT || t.kw == KW_WITH || t.kw == KW_FROM || t.kw == KW_VALUES;
}

/* Names whose functions are the engine's own. */
static bool builtin(const struct reader *r, struct str first)
{
	static const char *const bq[] = { "net", "hll_count", "keys", "aead", "ml", "ai", "kll_quantiles", "d3a_count",
					  "obj", "bq", "proto", "vector", NULL };
	static const char *const pg[] = { "pg_catalog", "information_schema", NULL };
	for (const char *const *n = r->dialect == SQL_POSTGRES ? pg : bq; *n; n++)
		if (first.n && (first.p[0] | 32) == **n && str_ieq(first, str_of(*n)))
			return true;
	return false;
}

/* The dotted name before the current "(" is a routine. */
static void call_before(struct reader *r, const char *path)
{
	struct name n;
	const char *end = r->before.end;
	if (end - path > 5 && str_ieq((struct str){ path, 5 }, STR("safe.")))
		path += 5;
	name_of(r, (struct str){ path, (size_t)(end - path) }, &n);
	if (n.parts >= 2 && !builtin(r, n.first))
		ref_call(r, &n);
}

struct walk {
	size_t base;      /* nesting at the start */
	unsigned cases;   /* CASE without END at the level of the start */
	unsigned parts;   /* of the dotted name that ends before the token */
	const char *path; /* its start, or NULL */
	bool is;          /* the token before is DISTINCT behind IS [NOT] */
};

static bool stops_at(const struct reader *r, const struct walk *w, unsigned stop)
{
	enum kw k = r->t.kw;
	unsigned f = rd_flags(r, k);
	if (k == KW_LIKE || k == KW_CLONE || k == KW_COPY || k == KW_REPLICA || k == KW_INHERITS)
		return stop & STOP_LIKE;
	if (k == KW_AS)
		return stop & STOP_AS;
	if (k == KW_TABLE) /* CREATE TABLE x AS TABLE y */
		return (stop & STOP_WITH) && r->before.kw == KW_AS;
	if (k == KW_WITH && (stop & STOP_WITH))
		return with_follows(r);
	if (r->plpgsql && (k == KW_LOOP || (k == KW_THEN && w->cases == 0)))
		return true; /* FOR r IN SELECT .. LOOP, IF x FROM t THEN */
	if (!(f & stop))
		return false;
	if (k == KW_GROUP && r->before.kind == T_WORD &&
	    str_ieq((struct str){ r->before.start, (size_t)(r->before.end - r->before.start) }, STR("within")))
		return false;
	if (f & (KF_THEN | KF_DO))
		return w->cases == 0 && (k != KW_LOOP || r->plpgsql);
	if (k == KW_FROM)
		return !w->is;
	if (k == KW_EXCEPT)
		return query_is_except(r);
	if (f & KF_JOIN) {
		if (k == KW_LEFT || k == KW_RIGHT) {
			struct tok n = rd_peek(r);
			return !tok_opens(&n);
		}
		return true;
	}
	return true;
}

static bool after_open_or_comma(const struct reader *r)
{
	return r->before.kind == T_PUNCT && (r->before.ch == '(' || r->before.ch == ',');
}

/* TABLE t behind UNION [ALL] and the like is a query. */
static bool after_set(const struct reader *r)
{
	enum kw k = r->before.kw;
	return r->t.kw == KW_TABLE && r->dialect != SQL_BIGQUERY &&
	       ((kw_flags[k] & KF_SET) || k == KW_ALL || k == KW_DISTINCT);
}

/* ADD COLUMN references INT64, STRUCT<references INT64> */
static bool is_column(struct tok t)
{
	return (t.kind == T_PUNCT && t.ch == '<') ||
	       str_ieq((struct str){ t.start, (size_t)(t.end - t.start) }, STR("column"));
}

/* TABLE t, MODEL m as arguments; (TABLE t) as a query. */
static bool argument(struct reader *r, struct env env)
{
	enum kw k = r->t.kw;
	struct tok next = rd_peek(r);
	bool only = r->dialect == SQL_POSTGRES && next.kw == KW_ONLY;
	if (next.kind != T_QUOTED && next.kind != T_TEMPLATE && (next.kind != T_WORD || rd_flags(r, next.kw)))
		return false;
	rd_next(r);
	if (only)
		rd_next(r);
	struct name n;
	name_read(r, &n);
	if (k == KW_MODEL)
		ref_call(r, &n);
	else if (rd_ch(r, '('))
		ref_call(r, &n);
	else
		ref_table(r, &n, 0, env); /* never an array of an alias */
	return true;
}

/* STRUCT<a INT64, b ARRAY<STRING>>: its commas part no FROM items. */
static bool type_arguments(struct reader *r)
{
	if (r->dialect != SQL_BIGQUERY || (!rd_is(r, KW_ARRAY) && !rd_word(r, "STRUCT")))
		return false;
	struct tok n = rd_peek(r);
	if (n.kind != T_PUNCT || n.ch != '<')
		return false;
	size_t depth = 0;
	do {
		rd_next(r);
		if (rd_ch(r, '<'))
			depth++;
		else if (rd_ch(r, '>'))
			depth--;
	} while (depth && r->t.kind != T_EOF && !rd_ch(r, ';'));
	rd_take_ch(r, '>');
	return true;
}

static void walk(struct reader *r, uint32_t scope, struct env env, unsigned stop, bool group)
{
	struct walk w = { .base = r->nest.n };
	for (;;) {
		struct tok *t = &r->t;
		bool inside = r->nest.n > w.base;
		bool dotted = r->before.kind == T_PUNCT && r->before.ch == '.';
		switch (t->kind) {
		case T_EOF:
			r->nest.n = w.base;
			return;
		case T_WORD:
			if (!inside && (stop & STOP_COMMA) && type_arguments(r)) {
				w.path = NULL;
				continue;
			}
			if (t->kw) {
				if (!inside && stops_at(r, &w, stop))
					return;
				if (t->kw == KW_SELECT || (inside && t->kw == KW_WITH && with_follows(r))) {
					if (!inside && !(stop & KF_SELECT))
						break;
					query_read(r, scope, env);
					w.path = NULL;
					continue;
				}
				if (!inside && t->kw == KW_CASE)
					w.cases++;
				else if (!inside && t->kw == KW_END && w.cases)
					w.cases--;
				else if ((t->kw == KW_TABLE || t->kw == KW_MODEL) &&
					 ((inside && after_open_or_comma(r) && !(stop & STOP_LIKE)) || after_set(r)) &&
					 argument(r, env)) {
					w.path = NULL;
					continue;
				} else if ((stop & STOP_LIKE) &&
					   ((t->kw == KW_REFERENCES && !after_open_or_comma(r) &&
					     !is_column(r->before)) ||
					    (t->kw == KW_LIKE && inside && after_open_or_comma(r)))) {
					rd_next(r); /* CREATE TABLE x (LIKE y, a int REFERENCES z) */
					struct name n;
					if (name_starts(r)) {
						name_read(r, &n);
						ref_table(r, &n, 0, env);
					}
					continue;
				}
				if (t->kw == KW_AS && !inside && stop == STOP_BODY && r->dialect == SQL_POSTGRES) {
					rd_next(r); /* SELECT x AS from: any word may be a label */
					if (r->t.kind == T_WORD)
						r->t.kw = KW_NONE;
					w.path = NULL;
					continue;
				}
				w.is = t->kw == KW_DISTINCT && (r->before.kw == KW_IS || r->before.kw == KW_NOT);
			} else
				w.is = false;
			/* fall through */
		case T_QUOTED:
		case T_TEMPLATE:
			if (dotted && w.path)
				w.parts++;
			else {
				w.path = dotted ? NULL : t->start;
				w.parts = 1;
			}
			rd_next(r);
			continue;
		case T_PIPE:
			if (!inside)
				return;
			break;
		case T_PUNCT:
			switch (t->ch) {
			case '.':
				rd_next(r);
				continue;
			case ';':
				r->nest.n = w.base;
				return;
			case ',':
				if (!inside && (stop & STOP_COMMA))
					return;
				break;
			case '(':
				if (w.path && (w.parts > 1 || r->before.kind == T_QUOTED) &&
				    r->before.kind != T_PUNCT)
					call_before(r, w.path);
				w.path = NULL;
				*vec_push(r->scratch, &r->nest) = '(';
				rd_next(r);
				if (query_starts(r))
					query_read(r, scope, env);
				continue;
			case '[':
				*vec_push(r->scratch, &r->nest) = '[';
				break;
			case ']':
				if (inside && r->nest.v[r->nest.n - 1] == '[')
					r->nest.n--;
				break;
			case ')':
				while (r->nest.n > w.base && r->nest.v[r->nest.n - 1] == '[')
					r->nest.n--;
				if (r->nest.n == w.base)
					return;
				r->nest.n--;
				if (group && r->nest.n == w.base) {
					rd_next(r);
					return;
				}
				break;
			default:
				break;
			}
			break;
		default:
			break;
		}
		w.path = NULL;
		rd_next(r);
	}
}

void query_expr(struct reader *r, uint32_t scope, struct env env, unsigned stop)
{
	walk(r, scope, env, stop, false);
}

void query_group(struct reader *r, uint32_t scope, struct env env)
{
	if (rd_ch(r, '('))
		walk(r, scope, env, 0, true);
}

