#include "sql/read.h"

/* SELECT .. INTO table; in PL/pgSQL and scripts INTO names variables. */
static void into(struct reader *r, struct env env)
{
	rd_next(r);
	if (r->plpgsql || r->dialect == SQL_BIGQUERY || r->dialect == SQL_BIGQUERY_LEGACY)
		return;
	bool temp = false;
	while (rd_is(r, KW_TEMP) || rd_is(r, KW_TEMPORARY) || rd_word(r, "UNLOGGED") || rd_is(r, KW_TABLE)) {
		temp |= rd_is(r, KW_TEMP) || rd_is(r, KW_TEMPORARY);
		rd_next(r);
	}
	(void)env;
	if (!name_starts(r))
		return;
	struct name n;
	name_read(r, &n);
	if (temp)
		temp_name(r, &n);
	else
		ref_write(r, &n);
}

void query_body(struct reader *r, uint32_t scope, struct env env)
{
	for (;;) {
		query_expr(r, scope, env, STOP_BODY);
		if (r->t.kind != T_WORD)
			return;
		unsigned f = rd_flags(r, r->t.kw);
		if (f & KF_FROM) {
			rd_next(r);
			query_from(r, scope, env);
		} else if (f & KF_JOIN) {
			const char *at = r->t.start;
			query_joins(r, scope, env);
			if (query_is_set(r))
				return;
			if (r->t.start == at)
				rd_next(r);
			else
				query_from_rest(r, scope, env);
		} else if (f & KF_INTO)
			into(r, env);
		else
			return;
	}
}

/* name AS (query), ... into the WITH clause w. */
static void with_list(struct reader *r, uint32_t outer, uint32_t w)
{
	bool recursive = r->withs.v[w].recursive;
	for (;;) {
		if (!name_token(&r->t))
			break;
		if (r->t.kind == T_WORD && (r->t.kw == KW_SELECT || r->t.kw == KW_FROM))
			break; /* a comma too many */
		struct tok name = r->t;
		do
			rd_next(r);
		while (name_grow(&name, &r->t));
		query_group(r, 0, (struct env){ 0 });
		if (!rd_take(r, KW_AS)) {
			if (name.kind == T_TEMPLATE && (rd_take_ch(r, ',') || r->t.kind == T_WORD))
				continue;
			break;
		}
		rd_take(r, KW_NOT);
		rd_take(r, KW_MATERIALIZED);
		struct env inner = { w, recursive ? ALL_NAMES : r->withs.v[w].n };
		if (rd_take_ch(r, '(')) {
			query_read(r, outer, inner);
			query_close(r, outer, inner);
		} else if (r->t.kind == T_TEMPLATE)
			rd_next(r);
		with_name(r, w, name_bare(r, name));
		/* SEARCH .. SET .., CYCLE .. of PostgreSQL */
		while (rd_word(r, "SEARCH") || rd_word(r, "CYCLE"))
			do
				rd_next(r);
			while ((r->t.kind == T_WORD && !query_starts(r) && !rd_word(r, "CYCLE") && !rd_is(r, KW_INSERT) &&
				!rd_is(r, KW_UPDATE) && !rd_is(r, KW_DELETE)) ||
			       r->t.kind == T_STRING);
		if (rd_take_ch(r, ','))
			continue;
		/* a comma that a template would write */
		struct tok n = rd_peek(r);
		if ((r->t.kind == T_WORD || r->t.kind == T_QUOTED) && n.kw == KW_AS && !query_starts(r))
			continue;
		break;
	}
}

static struct env with_clause(struct reader *r, uint32_t outer, struct env env)
{
	rd_next(r);
	bool recursive = rd_is(r, KW_RECURSIVE) && rd_peek(r).kw != KW_AS;
	if (recursive)
		rd_next(r);
	while (rd_take_ch(r, ',')) /* {% if first %} WITH {% else %} , {% endif %} */
		;
	uint32_t w = with_new(r, env, recursive);
	if (!outer && r->depth == 1)
		r->top = (struct env){ w, ALL_NAMES };
	with_list(r, outer, w);
	return (struct env){ w, r->withs.v[w].n };
}

bool query_continues(const struct reader *r)
{
	struct lex l = r->lx;
	struct tok t = r->t;
	for (int i = 0; i < 3; i++) {
		bool fits = i == 0 ? name_token(&t) :
			    i == 1 ? t.kind == T_WORD && t.kw == KW_AS :
				     tok_opens(&t);
		if (i == 0 && t.kind == T_PUNCT && t.ch == ',')
			i--;
		else if (!fits)
			return false;
		struct tok name = t;
		do
			lex_next(&l, &t);
		while (t.kind == T_BLOCK || (i == 0 && name_grow(&name, &t)));
	}
	return true;
}

void query_continue(struct reader *r)
{
	uint32_t w = r->top.with ? r->top.with : with_new(r, (struct env){ 0 }, false);
	r->top = (struct env){ w, ALL_NAMES };
	while (rd_take_ch(r, ','))
		;
	r->depth++;
	with_list(r, 0, w);
	r->depth--;
	query_read(r, 0, r->top);
}

/* The operands of |> UNION ALL (..), (..). */
static void pipe_set(struct reader *r, uint32_t outer, struct env env)
{
	query_skip_set(r);
	do {
		if (!rd_take_ch(r, '('))
			return;
		query_read(r, outer, env);
		query_close(r, outer, env);
	} while (rd_take_ch(r, ','));
}

static struct env pipe_operator(struct reader *r, uint32_t scope, struct env env)
{
	uint32_t outer = r->scopes.v[scope].parent;
	struct name n;
	rd_next(r);
	if (query_is_set(r)) {
		pipe_set(r, outer, env);
	} else if (rd_is(r, KW_CALL)) {
		rd_next(r);
		if (name_starts(r)) {
			name_read(r, &n);
			ref_call(r, &n);
			query_group(r, scope, env);
			query_alias(r, scope, (struct str){ "", 0 });
		}
	} else if (rd_is(r, KW_AS)) {
		query_alias(r, scope, (struct str){ "", 0 });
	} else if (rd_is(r, KW_WITH) && query_starts(r)) {
		env = with_clause(r, outer, env);
	} else if (rd_is(r, KW_CREATE)) {
		stmt_create(r);
	} else if (rd_is(r, KW_INSERT)) {
		stmt_dml(r, outer, env);
	} else {
		query_joins(r, scope, env);
		if (query_is_set(r))
			pipe_set(r, outer, env);
	}
	query_expr(r, scope, env, 0);
	return env;
}

static void query_rest(struct reader *r, uint32_t outer, struct env env, uint32_t scope)
{
	for (;;) {
		if (scope)
			query_body(r, scope, env); /* ORDER BY, LIMIT */
		while (r->t.kind == T_PIPE) {
			if (!scope)
				scope = scope_new(r, outer);
			env = pipe_operator(r, scope, env);
		}
		if (query_is_set(r))
			query_skip_set(r);
		else if (!rd_is(r, KW_SELECT))
			return;
		scope = scope_new(r, outer);
		query_primary(r, outer, env, scope);
	}
}

void query_more(struct reader *r, uint32_t outer, struct env env)
{
	query_rest(r, outer, env, 0);
}

/* One operand of a set operation, from its first token. */
void query_primary(struct reader *r, uint32_t outer, struct env env, uint32_t scope)
{
	struct name n;
	struct tok next;
	switch (r->t.kind) {
	case T_PUNCT:
		if (!rd_ch(r, '('))
			return;
		rd_next(r);
		query_read(r, outer, env);
		query_close(r, outer, env);
		return;
	case T_WORD:
		break;
	default:
		return;
	}
	switch (r->t.kw) {
	case KW_SELECT:
		rd_next(r);
		return;
	case KW_FROM:
		rd_next(r);
		query_from(r, scope, env);
		return;
	case KW_WITH:
		if (query_starts(r))
			query_read(r, outer, env);
		return;
	case KW_TABLE:
		next = rd_peek(r);
		if (next.kind != T_WORD && next.kind != T_QUOTED)
			return;
		rd_next(r);
		rd_take(r, KW_ONLY);
		if (!name_starts(r))
			return;
		name_read(r, &n);
		if (r->dialect == SQL_POSTGRES)
			rd_take_ch(r, '*');
		ref_table(r, &n, scope, env);
		return;
	case KW_INSERT:
	case KW_UPDATE:
	case KW_DELETE:
	case KW_MERGE:
		stmt_dml(r, outer, env);
		return;
	default:
		return;
	}
}

void query_read(struct reader *r, uint32_t outer, struct env env)
{
	if (!query_enter(r))
		return;
	if (query_starts(r) && rd_is(r, KW_WITH))
		env = with_clause(r, outer, env);
	uint32_t scope = scope_new(r, outer);
	query_primary(r, outer, env, scope);
	query_rest(r, outer, env, scope);
	r->depth--;
}

void query_tail(struct reader *r, uint32_t scope, struct env env, unsigned stop)
{
	for (;;) {
		query_expr(r, scope, env, stop | KF_SELECT | KF_FROM | KF_JOIN | STOP_WITH);
		if (r->t.kind != T_WORD)
			return;
		if (!query_starts(r) && !rd_is(r, KW_TABLE)) {
			const char *at = r->t.start;
			if (!scope)
				scope = scope_new(r, 0);
			if (rd_flags(r, r->t.kw) & KF_JOIN)
				query_joins(r, scope, env);
			else if (rd_take(r, KW_FROM))
				query_from(r, scope, env);
			if (r->t.start == at)
				return;
			continue;
		}
		query_read(r, scope, env);
	}
}
