#include "sql/read.h"

/* The rest of a parenthesis that was opened, and its end. */
void query_close(struct reader *r, uint32_t scope, struct env env)
{
	query_expr(r, scope, env, 0);
	while (r->t.kind == T_PIPE) {
		rd_next(r);
		query_expr(r, scope, env, 0);
	}
	rd_take_ch(r, ')');
}

/* Raw, up to the ")" that closes what is open, without it. */
static void skip(struct reader *r)
{
	size_t depth = 0;
	while (r->t.kind != T_EOF && !rd_ch(r, ';')) {
		if (rd_ch(r, '('))
			depth++;
		else if (rd_ch(r, ')') && depth-- == 0)
			return;
		rd_next(r);
	}
}

bool query_enter(struct reader *r)
{
	if (r->depth < SQL_DEPTH_MAX) {
		r->depth++;
		return true;
	}
	rd_diag(r, SQL_ERROR, r->t.start, "queries are nested deeper than %d: what stands here is not read", SQL_DEPTH_MAX);
	skip(r);
	return false;
}

static bool can_be_alias(const struct reader *r)
{
	const struct tok *t = &r->t;
	if (t->branch)
		return false;
	if (t->kind == T_QUOTED)
		return true;
	if (t->kind != T_WORD || (rd_flags(r, t->kw) & KF_NOALIAS))
		return false;
	bool bq = r->dialect == SQL_BIGQUERY || r->dialect == SQL_BIGQUERY_LEGACY;
	struct tok n;
	switch (t->kw) {
	case KW_PIVOT:
	case KW_UNPIVOT:
	case KW_MATCH_RECOGNIZE:
		n = rd_peek(r);
		if (tok_opens(&n))
			return false;
		return !str_ieq((struct str){ n.start, (size_t)(n.end - n.start) }, STR("include")) &&
		       !str_ieq((struct str){ n.start, (size_t)(n.end - n.start) }, STR("exclude"));
	case KW_OFFSET:
	case KW_RETURNING:
		return bq;
	case KW_LOOP:
		return !r->plpgsql;
	case KW_SEMI:
	case KW_ANTI:
	case KW_ASOF:
	case KW_MINUS:
		n = rd_peek(r);
		return n.kw != KW_JOIN && n.kw != KW_SELECT;
	case KW_STRAIGHT_JOIN:
		return r->dialect != SQL_ANSI;
	default:
		return true;
	}
}

void query_alias(struct reader *r, uint32_t scope, struct str implied)
{
	bool as = rd_take(r, KW_AS);
	if (as ? name_token(&r->t) : can_be_alias(r)) {
		struct tok name = r->t;
		do
			rd_next(r);
		while (name_grow(&name, &r->t));
		scope_alias(r, scope, name_bare(r, name));
	} else if (!as) {
		scope_alias(r, scope, implied);
		return;
	}
	if (rd_ch(r, '('))
		query_group(r, 0, (struct env){ 0 });
}

/* Legacy SQL: TABLE_DATE_RANGE([p:d.t_], ...), TABLE_QUERY(d, '...'), FLATTEN(t, f).
 * The current token is the parenthesis; false where `fn` is none of them. */
static bool legacy_function(struct reader *r, struct str fn, uint32_t scope, struct env env)
{
	bool range = str_ieq(fn, STR("table_date_range")) || str_ieq(fn, STR("table_date_range_strict"));
	bool all = str_ieq(fn, STR("table_query"));
	if (!range && !all && !str_ieq(fn, STR("flatten")))
		return false;
	rd_next(r);
	struct name n;
	if (!range && !all) {
		query_item(r, scope, env);
		query_joins(r, scope, env);
	} else if (name_starts(r)) {
		name_read(r, &n);
		/* TABLE_DATE_RANGE([d.], ..): tables that are named by their day alone */
		size_t last = n.text.n;
		while (last > 0 && (n.text.p[last - 1] == ']' || n.text.p[last - 1] == '`'))
			last--;
		all |= last > 0 && n.text.p[last - 1] == '.';
		struct buf b;
		buf_init(&b, r->pool);
		buf_str(&b, n.canon);
		if (n.canon.n == 0 || n.canon.p[n.canon.n - 1] != '*')
			buf_z(&b, all ? ".*" : "*");
		n.canon = buf_view(&b);
		n.parts += all;
		n.whole = true;
		ref_table(r, &n, scope, env);
	}
	query_close(r, scope, env);
	return true;
}

/* @{hint} */
static void hint(struct reader *r)
{
	if (!rd_take_ch(r, '@'))
		return;
	while (r->t.kind != T_EOF && !rd_ch(r, '}') && !rd_ch(r, ';'))
		rd_next(r);
	rd_take_ch(r, '}');
}

static void named_item(struct reader *r, uint32_t scope, struct env env)
{
	struct name n;
	struct tok first = r->t;
	name_read(r, &n);
	if (rd_ch(r, '(') && !n.refs) {
		if (!graph_table(r, n.canon, scope, env) &&
		    (r->dialect != SQL_BIGQUERY_LEGACY || !legacy_function(r, n.canon, scope, env))) {
			if (first.kind != T_TEMPLATE || n.parts > 1)
				ref_call(r, &n);
			/* as a subquery, arguments see no other item of this FROM clause */
			query_group(r, scope ? r->scopes.v[scope].parent : 0, env);
		}
		query_alias(r, scope, (struct str){ "", 0 });
		return;
	}
	if (r->dialect == SQL_POSTGRES)
		rd_take_ch(r, '*');
	ref_table(r, &n, scope, env);
	hint(r);
	if (n.template && !n.refs && n.parts > 0)
		rd_diag(r, SQL_NOTE, n.text.p, "the table's name holds a template: it is kept as written");
	query_alias(r, scope, n.last);
}

/* ROWS FROM (f(..), g(..)) */
static void rows_from(struct reader *r, uint32_t scope, struct env env)
{
	rd_next(r);
	rd_take(r, KW_FROM);
	if (!rd_take_ch(r, '('))
		return;
	while (name_starts(r)) {
		struct name n;
		name_read(r, &n);
		ref_call(r, &n);
		query_group(r, scope, env);
		query_alias(r, 0, n.last);
		if (!rd_take_ch(r, ','))
			break;
	}
	query_close(r, scope, env);
}

static void paren_item(struct reader *r, uint32_t scope, struct env env)
{
	uint32_t outer = scope ? r->scopes.v[scope].parent : 0;
	rd_next(r);
	struct tok next = rd_peek(r);
	if (r->t.kind == T_TEMPLATE && next.kind == T_PUNCT && next.ch == ')') {
		if (!template_refs(r, (struct str){ r->t.start, (size_t)(r->t.end - r->t.start) }, NULL))
			rd_diag(r, SQL_NOTE, r->t.start, "a template stands for a query: what it reads cannot be known");
		rd_next(r);
	} else if (query_starts(r) || rd_is(r, KW_VALUES) || (rd_is(r, KW_TABLE) && !tok_opens(&next))) {
		query_read(r, outer, env);
	} else if (query_enter(r)) {
		uint32_t floor = r->scopes.v[scope].floor;
		r->scopes.v[scope].floor = r->scopes.v[scope].n;
		query_from(r, scope, env);
		r->scopes.v[scope].floor = floor;
		/* ((SELECT ..) UNION ALL (SELECT ..)): the item was a query */
		if (!rd_ch(r, ')'))
			query_more(r, outer, env);
		r->depth--;
	}
	query_close(r, scope, env);
}

/* FROM "d"."t" where double quotes make strings: text of another dialect, most likely. */
static void string_item(struct reader *r)
{
	rd_diag(r, SQL_WARNING, r->t.start, "a string stands for a table: what it reads cannot be known%s",
		*r->t.start == '"' ? " (names in double quotes: dialect postgres or ansi)" : "");
	rd_next(r);
	while (rd_take_ch(r, '.'))
		if (r->t.kind == T_STRING || name_starts(r))
			rd_next(r);
}

static void one_item(struct reader *r, uint32_t scope, struct env env)
{
	while (rd_is(r, KW_LATERAL) || rd_is(r, KW_EACH) || (rd_is(r, KW_ONLY) && r->dialect == SQL_POSTGRES)) {
		bool each = rd_is(r, KW_EACH);
		struct tok n = rd_peek(r);
		if (each && n.kind != T_WORD && n.kind != T_QUOTED && !tok_opens(&n) && n.kind != T_TEMPLATE)
			break;
		rd_next(r);
	}
	switch (r->t.kind) {
	case T_PUNCT:
		if (rd_ch(r, '(')) {
			paren_item(r, scope, env);
			query_alias(r, scope, (struct str){ "", 0 });
			return;
		}
		break;
	case T_PARAM:
		if (r->t.end < r->lx.end && *r->t.end == '.')
			break;
		rd_diag(r, SQL_WARNING, r->t.start, "a parameter stands for a table: what it reads cannot be known");
		rd_next(r);
		query_alias(r, scope, (struct str){ "", 0 });
		return;
	case T_STRING:
		string_item(r);
		query_alias(r, scope, (struct str){ "", 0 });
		return;
	case T_WORD:
		if (rd_is(r, KW_UNNEST)) {
			rd_next(r);
			query_group(r, scope, env);
			query_alias(r, scope, (struct str){ "", 0 });
			return;
		}
		if (rd_is(r, KW_ROWS) && rd_peek(r).kw == KW_FROM) {
			rows_from(r, scope, env);
			query_alias(r, scope, (struct str){ "", 0 });
			return;
		}
		if (rd_is(r, KW_TABLE) || rd_is(r, KW_VALUES)) {
			struct tok n = rd_peek(r);
			if (tok_opens(&n)) {
				rd_next(r);
				query_group(r, scope, env);
				while (rd_ch(r, ',') && n.kind == T_PUNCT && (n = rd_peek(r), tok_opens(&n))) {
					rd_next(r);
					query_group(r, scope, env);
				}
				query_alias(r, scope, (struct str){ "", 0 });
				return;
			}
		}
		break;
	default:
		break;
	}
	if (name_starts(r))
		named_item(r, scope, env);
}

void query_item(struct reader *r, uint32_t scope, struct env env)
{
	one_item(r, scope, env);
	/* FROM {% if .. %} a {% else %} b {% endif %} */
	while (r->t.branch && (name_starts(r) || rd_ch(r, '(')))
		one_item(r, scope, env);
}

/* UNION [ALL] and the words behind it, up to the next query. */
void query_skip_set(struct reader *r)
{
	rd_next(r);
	while (r->t.kind == T_WORD) {
		if (rd_is(r, KW_ALL) || rd_is(r, KW_DISTINCT) || rd_word(r, "NAME") || rd_word(r, "STRICT") ||
		    rd_is(r, KW_CORRESPONDING))
			rd_next(r);
		else if (rd_is(r, KW_BY) || rd_is(r, KW_ON)) {
			rd_next(r);
			query_group(r, 0, (struct env){ 0 });
		} else
			return;
	}
}

bool query_is_set(const struct reader *r)
{
	return r->t.kind == T_WORD && (rd_flags(r, r->t.kw) & KF_SET) && (r->t.kw != KW_EXCEPT || query_is_except(r));
}

static bool join_word(const struct reader *r)
{
	if (r->t.kind != T_WORD)
		return false;
	if (rd_flags(r, r->t.kw) & KF_JOIN)
		return true;
	struct tok n;
	switch (r->t.kw) {
	case KW_SEMI:
	case KW_ANTI:
	case KW_ASOF:
		n = rd_peek(r);
		return n.kw == KW_JOIN;
	case KW_STRAIGHT_JOIN:
		return r->dialect == SQL_ANSI;
	default:
		return false;
	}
}

/* From LEFT, INNER, JOIN ... to behind the joined item; false where a set
 * operation stands behind the words (FULL OUTER UNION ALL). */
static bool join(struct reader *r, uint32_t scope, struct env env)
{
	bool joined = false;
	while (join_word(r) || rd_is(r, KW_ALL) || rd_word(r, "HASH") || rd_word(r, "LOOKUP")) {
		joined = rd_is(r, KW_JOIN) || (rd_is(r, KW_STRAIGHT_JOIN) && r->dialect == SQL_ANSI);
		rd_next(r);
		if (joined)
			break;
	}
	if (!joined && rd_word(r, "APPLY") && r->dialect == SQL_ANSI) {
		rd_next(r);
		joined = true;
	}
	if (!joined)
		return !query_is_set(r);
	hint(r);
	query_item(r, scope, env);
	return true;
}

static void lateral_view(struct reader *r, uint32_t scope, struct env env)
{
	rd_next(r);
	rd_next(r);
	rd_take(r, KW_OUTER);
	if (r->t.kind == T_WORD)
		rd_next(r);
	query_group(r, scope, env);
	query_alias(r, scope, (struct str){ "", 0 });
	if (rd_take(r, KW_AS))
		while (r->t.kind == T_WORD && !rd_flags(r, r->t.kw)) {
			rd_next(r);
			if (!rd_ch(r, ','))
				break;
			rd_next(r);
		}
}

void query_joins(struct reader *r, uint32_t scope, struct env env)
{
	static const struct str none = { "", 0 };
	hint(r);
	while (r->t.kind == T_WORD) {
		struct tok n;
		switch (r->t.kw) {
		case KW_ON:
			rd_next(r);
			query_expr(r, scope, env, STOP_FROM | STOP_COMMA);
			continue;
		case KW_USING:
			n = rd_peek(r);
			if (!tok_opens(&n) && n.kind != T_TEMPLATE)
				return; /* DELETE .. USING, MERGE .. USING */
			rd_next(r);
			query_group(r, scope, env);
			continue;
		case KW_WITH:
			n = rd_peek(r);
			if (n.kw == KW_OFFSET || tok_opens(&n) ||
			    (n.kind == T_WORD && str_ieq((struct str){ n.start, (size_t)(n.end - n.start) }, STR("ordinality")))) {
				rd_next(r);
				if (!rd_ch(r, '('))
					rd_next(r);
				query_group(r, scope, env);
				query_alias(r, scope, none);
				continue;
			}
			return;
		case KW_TABLESAMPLE:
			rd_next(r);
			if (r->t.kind == T_WORD)
				rd_next(r);
			query_group(r, scope, env);
			if (rd_take_word(r, "REPEATABLE"))
				query_group(r, scope, env);
			query_alias(r, scope, none);
			continue;
		case KW_FOR:
			n = rd_peek(r);
			if (n.kw != KW_SYSTEM_TIME && !(r->dialect == SQL_ANSI && n.kind == T_WORD && n.kw != KW_UPDATE))
				return;
			rd_next(r);
			rd_next(r);
			rd_take(r, KW_AS);
			query_expr(r, scope, env, STOP_FROM | STOP_COMMA | STOP_AS);
			if (rd_is(r, KW_AS))
				query_alias(r, scope, none);
			continue;
		case KW_PIVOT:
		case KW_UNPIVOT:
		case KW_MATCH_RECOGNIZE:
			rd_next(r);
			while (r->t.kind == T_WORD)
				rd_next(r);
			if (!rd_ch(r, '('))
				return;
			query_group(r, scope, env);
			query_alias(r, scope, none);
			continue;
		case KW_LATERAL:
			n = rd_peek(r);
			if (n.kw != KW_VIEW)
				return;
			lateral_view(r, scope, env);
			continue;
		default:
			if (!join_word(r))
				return;
			if (!join(r, scope, env))
				return;
			continue;
		}
	}
}

void query_from_rest(struct reader *r, uint32_t scope, struct env env)
{
	r->scopes.v[scope].from++;
	while (rd_take_ch(r, ',')) {
		query_item(r, scope, env);
		query_joins(r, scope, env);
	}
	r->scopes.v[scope].from--;
}

void query_from(struct reader *r, uint32_t scope, struct env env)
{
	r->scopes.v[scope].from++;
	query_item(r, scope, env);
	query_joins(r, scope, env);
	query_from_rest(r, scope, env);
	r->scopes.v[scope].from--;
}
