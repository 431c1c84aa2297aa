#include "sql/read.h"

static const struct env no_env = { 0 };

/* Up to ";" with the subqueries on the way. */
static void rest(struct reader *r, unsigned stop)
{
	for (;;) {
		query_tail(r, 0, r->top, stop | KF_CREATE);
		if (r->t.kind == T_EOF || rd_ch(r, ';') || rd_is(r, KW_CREATE) ||
		    (r->t.kind == T_WORD && (rd_flags(r, r->t.kw) & stop)))
			return;
		rd_next(r); /* a parenthesis too many, a pipe */
		if (query_continues(r))
			query_continue(r);
	}
}

static void condition(struct reader *r, unsigned stop)
{
	rest(r, stop);
	if (r->t.kind == T_WORD)
		rd_next(r);
}

/* The argument of EXECUTE IMMEDIATE, or of EXECUTE in PL/pgSQL. */
static void dynamic(struct reader *r)
{
	unsigned open = 0;
	for (struct tok in = rd_peek(r); rd_ch(r, '(') && (in.kind == T_STRING || tok_opens(&in)); in = rd_peek(r)) {
		rd_next(r);
		open++;
	}
	struct tok n = rd_peek(r);
	bool alone = n.kind == T_EOF || (n.kind == T_PUNCT && (n.ch == ';' || n.ch == ')')) ||
		     (n.kind == T_WORD && (n.kw == KW_INTO || n.kw == KW_USING || n.kw == KW_LOOP || n.kw == KW_END));
	if (r->t.kind == T_STRING && alone) {
		struct tok s = r->t;
		rd_next(r);
		rd_literal(r, s, false);
		while (open && rd_take_ch(r, ')'))
			open--;
		return;
	}
	rd_diag(r, SQL_WARNING, r->t.start, "the SQL is made when it runs: what it reads and writes cannot be known");
}

/* The queries behind DECLARE c CURSOR FOR, OPEN c FOR, FOR x IN. */
static void for_loop(struct reader *r)
{
	rd_next(r);
	while (r->t.kind == T_WORD && !rd_is(r, KW_IN)) {
		rd_next(r);
		rd_take_ch(r, ',');
	}
	rd_take(r, KW_IN);
	if (rd_is(r, KW_EXECUTE)) {
		rd_next(r);
		dynamic(r);
	}
	condition(r, KF_DO);
}

static void declare(struct reader *r)
{
	rd_next(r);
	if (r->plpgsql)
		return; /* one declaration after the other, as statements */
	if (r->dialect == SQL_POSTGRES) { /* DECLARE c CURSOR FOR query */
		while (r->t.kind != T_EOF && !rd_ch(r, ';') && !rd_is(r, KW_FOR))
			rd_next(r);
		if (rd_take(r, KW_FOR))
			query_read(r, 0, no_env);
	}
	rest(r, 0);
}

static void call(struct reader *r)
{
	struct name n;
	rd_next(r);
	if (name_starts(r)) {
		name_read(r, &n);
		ref_call(r, &n);
	}
	rest(r, 0);
}

/* A DO block, or DO LANGUAGE x. */
static void do_block(struct reader *r)
{
	rd_next(r);
	while (r->t.kind == T_WORD)
		rd_next(r);
	if (r->t.kind == T_STRING) {
		struct tok s = r->t;
		rd_next(r);
		rd_literal(r, s, true);
	}
	rest(r, 0);
}

/* GRANT, REVOKE, COMMENT, SHOW: no table is read or written. */
static void pass(struct reader *r)
{
	while (r->t.kind != T_EOF && !rd_ch(r, ';'))
		rd_next(r);
}

/* VACUUM t, ANALYZE t, LOCK TABLE t, REFRESH MATERIALIZED VIEW v, CLUSTER t. */
static void refresh(struct reader *r)
{
	bool writes = rd_is(r, KW_REFRESH);
	rd_next(r);
	if (writes) {
		rd_take(r, KW_MATERIALIZED);
		rd_take(r, KW_VIEW);
		rd_take_word(r, "CONCURRENTLY");
		struct name n;
		if (name_starts(r)) {
			name_read(r, &n);
			ref_write(r, &n);
		}
	}
	pass(r);
}

static void end(struct reader *r)
{
	rd_next(r);
	while (rd_is(r, KW_IF) || rd_is(r, KW_LOOP) || rd_is(r, KW_WHILE) || rd_is(r, KW_FOR) || rd_is(r, KW_REPEAT) ||
	       rd_is(r, KW_CASE))
		rd_next(r);
	if (r->t.kind == T_QUOTED || (r->t.kind == T_WORD && !r->t.kw)) /* END LOOP label */
		rd_next(r);
}

static void prepare(struct reader *r)
{
	rd_next(r);
	if (r->t.kind == T_WORD)
		rd_next(r);
	query_group(r, 0, no_env);
	rd_take(r, KW_AS);
	rd_statement(r);
}

static void explain(struct reader *r)
{
	rd_next(r);
	query_group(r, 0, no_env);
	while (rd_is(r, KW_ANALYZE) || rd_word(r, "VERBOSE") || rd_word(r, "PLAN") || rd_is(r, KW_FOR) ||
	       rd_word(r, "EXTENDED"))
		rd_next(r);
	rd_statement(r);
}

/* psql: a line with a backslash; the rows behind COPY .. FROM STDIN end in "\." */
static void meta_line(struct reader *r)
{
	const char *e = memchr(r->t.start, '\n', (size_t)(r->lx.end - r->t.start));
	r->lx.p = e ? e : r->lx.end;
	rd_next(r);
}

static void query(struct reader *r)
{
	r->queries++;
	r->others--;
	query_read(r, 0, no_env);
	rest(r, 0);
}

/* A statement that starts with no keyword of ours: an assignment, a label, a
 * declaration of PL/pgSQL, or text that a template would complete. */
static void unknown(struct reader *r)
{
	if (graph_query(r)) {
		r->queries++;
		r->others--;
		rest(r, 0);
		return;
	}
	if (query_continues(r)) {
		query_continue(r);
		rest(r, 0);
		return;
	}
	if (r->t.kind == T_TEMPLATE) {
		rd_next(r);
		if (r->t.kind == T_WORD && r->t.kw) {
			r->others--;
			rd_statement(r);
			return;
		}
	}
	struct tok n = rd_peek(r);
	if (r->t.kind == T_WORD && !r->t.kw && n.kind == T_PUNCT && n.ch == ':' && n.end - n.start == 1) {
		rd_next(r); /* label: */
		rd_next(r);
		r->others--;
		rd_statement(r);
		return;
	}
	if (r->t.kind == T_PUNCT && r->t.ch == '<' && n.kind == T_PUNCT && n.ch == '<') {
		while (r->t.kind != T_EOF && !rd_ch(r, '>') && !rd_ch(r, ';'))
			rd_next(r);
		rd_take_ch(r, '>');
		rd_take_ch(r, '>');
		return;
	}
	rest(r, 0);
}

void rd_statement(struct reader *r)
{
	r->statements++;
	r->others++;
	if (r->t.kind != T_WORD) {
		if (rd_ch(r, '('))
			query(r);
		else if (rd_ch(r, '\\') && r->dialect == SQL_POSTGRES)
			meta_line(r);
		else
			unknown(r);
		return;
	}
	switch (r->t.kw) {
	case KW_SELECT:
	case KW_FROM:
	case KW_VALUES:
		query(r);
		return;
	case KW_WITH:
		query(r);
		return;
	case KW_TABLE:
		query(r);
		return;
	case KW_PERFORM: /* PL/pgSQL: a SELECT whose result is dropped */
		r->t.kw = KW_SELECT;
		query(r);
		return;
	case KW_INSERT:
	case KW_UPDATE:
	case KW_DELETE:
	case KW_MERGE:
	case KW_REPLACE:
		if (!stmt_dml(r, 0, no_env))
			rd_next(r);
		rest(r, 0);
		return;
	case KW_CREATE:
		stmt_create(r);
		return;
	case KW_ALTER:
		stmt_alter(r);
		rest(r, 0);
		return;
	case KW_DROP:
		stmt_drop(r);
		pass(r);
		return;
	case KW_TRUNCATE:
		stmt_truncate(r);
		pass(r);
		return;
	case KW_LOAD:
		stmt_load(r);
		pass(r);
		return;
	case KW_COPY:
		stmt_copy(r);
		return;
	case KW_CALL:
		call(r);
		return;
	case KW_EXECUTE:
		rd_next(r);
		if (rd_take(r, KW_IMMEDIATE) || r->plpgsql)
			dynamic(r);
		rest(r, KF_DO);
		return;
	case KW_BEGIN:
		rd_next(r);
		if (rd_word(r, "TRANSACTION") || rd_word(r, "WORK") || rd_word(r, "ATOMIC"))
			rd_next(r);
		return;
	case KW_DECLARE:
		declare(r);
		return;
	case KW_END:
		end(r);
		return;
	case KW_ELSE:
	case KW_LOOP:
	case KW_REPEAT:
		rd_next(r);
		return;
	case KW_DO:
		if (r->dialect == SQL_POSTGRES && !r->plpgsql)
			do_block(r);
		else
			rd_next(r);
		return;
	case KW_IF:
	case KW_ELSEIF:
	case KW_ELSIF:
	case KW_WHEN:
	case KW_CASE:
		rd_next(r);
		condition(r, KF_THEN);
		return;
	case KW_EXCEPTION:
		rd_next(r);
		return;
	case KW_WHILE:
		rd_next(r);
		condition(r, KF_DO);
		return;
	case KW_UNTIL:
		rd_next(r);
		query_tail(r, 0, no_env, 0);
		return;
	case KW_FOR:
	case KW_FOREACH:
		for_loop(r);
		return;
	case KW_RETURN:
		rd_next(r);
		if (rd_take(r, KW_QUERY) && rd_take(r, KW_EXECUTE))
			dynamic(r);
		rest(r, 0);
		return;
	case KW_OPEN:
		rd_next(r);
		while (r->t.kind == T_WORD && !rd_is(r, KW_FOR))
			rd_next(r);
		rd_take(r, KW_FOR);
		if (rd_take(r, KW_EXECUTE))
			dynamic(r);
		rest(r, 0);
		return;
	case KW_GRANT:
	case KW_REVOKE:
	case KW_COMMENT:
	case KW_FETCH:
		pass(r);
		return;
	case KW_ANALYZE:
	case KW_VACUUM:
	case KW_LOCK:
	case KW_CLUSTER:
	case KW_REFRESH:
		refresh(r);
		return;
	case KW_PREPARE:
		prepare(r);
		return;
	case KW_EXPLAIN:
		explain(r);
		return;
	case KW_SET:
		rest(r, 0);
		return;
	default:
		if (r->dialect == SQL_POSTGRES && (rd_word(r, "RAISE") || rd_word(r, "SECURITY") || rd_word(r, "MOVE") ||
						   rd_word(r, "IMPORT")))
			pass(r);
		else
			unknown(r);
		return;
	}
}

void rd_statements(struct reader *r)
{
	size_t pending = r->pendings.n;
	while (r->t.kind != T_EOF) {
		if (rd_take_ch(r, ';'))
			continue;
		const char *at = r->t.start;
		r->depth = 0;
		rd_statement(r);
		ref_settle(r, pending);
		if (r->t.start == at && r->t.kind != T_EOF)
			rd_next(r);
	}
}
