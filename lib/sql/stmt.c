#include "sql/read.h"

static const struct env no_env = { 0 };
static const struct str nothing = { "", 0 };

static bool target(struct reader *r, struct name *n)
{
	if (!name_starts(r))
		return false;
	name_read(r, n);
	ref_write(r, n);
	return true;
}

static void if_exists(struct reader *r)
{
	if (!rd_take(r, KW_IF))
		return;
	rd_take(r, KW_NOT);
	rd_take(r, KW_EXISTS);
}

static void insert(struct reader *r, uint32_t outer, struct env env)
{
	struct name n = { .last = nothing };
	rd_next(r);
	while (rd_is(r, KW_OR) || rd_is(r, KW_REPLACE) || rd_word(r, "IGNORE") || rd_is(r, KW_INTO) ||
	       rd_is(r, KW_OVERWRITE) || rd_is(r, KW_TABLE) || rd_is(r, KW_UPDATE))
		rd_next(r);
	target(r, &n);
	uint32_t scope = scope_new(r, outer);
	if (rd_take(r, KW_AS) && r->t.kind != T_EOF)
		rd_next(r);
	query_group(r, scope, env);
	if (rd_is(r, KW_TABLE))
		query_read(r, outer, env);
	query_tail(r, outer, env, 0);
	/* ON CONFLICT .. DO UPDATE SET x = (SELECT ..), RETURNING */
	query_body(r, scope, env);
}

static void update(struct reader *r, uint32_t outer, struct env env)
{
	struct name n = { .last = nothing };
	rd_next(r);
	if (rd_is(r, KW_ONLY))
		rd_next(r);
	uint32_t scope = scope_new(r, outer);
	target(r, &n);
	if (r->dialect == SQL_POSTGRES)
		rd_take_ch(r, '*');
	query_alias(r, scope, n.last);
	query_joins(r, scope, env);
	rd_take(r, KW_SET);
	query_body(r, scope, env);
}

static void delete(struct reader *r, uint32_t outer, struct env env)
{
	struct name n = { .last = nothing };
	rd_next(r);
	rd_take(r, KW_FROM);
	if (rd_is(r, KW_ONLY))
		rd_next(r);
	uint32_t scope = scope_new(r, outer);
	target(r, &n);
	if (r->dialect == SQL_POSTGRES)
		rd_take_ch(r, '*');
	query_alias(r, scope, n.last);
	if (rd_take(r, KW_USING))
		query_from(r, scope, env);
	query_body(r, scope, env);
}

static void merge(struct reader *r, uint32_t outer, struct env env)
{
	struct name n = { .last = nothing };
	rd_next(r);
	rd_take(r, KW_INTO);
	rd_take(r, KW_ONLY);
	uint32_t scope = scope_new(r, outer);
	target(r, &n);
	query_alias(r, scope, n.last);
	if (rd_take(r, KW_USING)) {
		/* the source does not see the target */
		r->scopes.v[scope].floor = r->scopes.v[scope].n;
		query_item(r, scope, env);
		r->scopes.v[scope].floor = 0;
		query_joins(r, scope, env);
	}
	/* WHEN MATCHED THEN UPDATE SET ..: its subqueries */
	for (;;) {
		query_expr(r, scope, env, 0);
		if (r->t.kind != T_WORD)
			return;
		rd_next(r);
	}
}

bool stmt_dml(struct reader *r, uint32_t outer, struct env env)
{
	struct tok n = rd_peek(r);
	if (tok_opens(&n))
		return false; /* REPLACE(x, ..), INSERT(..) as functions */
	switch (r->t.kw) {
	case KW_INSERT:
	case KW_REPLACE:
		insert(r, outer, env);
		return true;
	case KW_UPDATE:
		update(r, outer, env);
		return true;
	case KW_DELETE:
		delete(r, outer, env);
		return true;
	case KW_MERGE:
		merge(r, outer, env);
		return true;
	default:
		return false;
	}
}

struct made {
	bool temp, external, materialized, snapshot, graph;
	enum kw what; /* TABLE, VIEW, FUNCTION ...; KW_NONE for what is of no interest */
};

/* From behind CREATE, DROP or ALTER to the kind of object, which is taken. */
static struct made kind(struct reader *r)
{
	struct made m = { 0 };
	for (; r->t.kind == T_WORD; rd_next(r)) {
		switch (r->t.kw) {
		case KW_TEMP:
		case KW_TEMPORARY:
			m.temp = true;
			continue;
		case KW_MATERIALIZED:
			m.materialized = true;
			continue;
		case KW_SNAPSHOT:
			m.snapshot = true;
			continue;
		case KW_EXTERNAL:
		case KW_OR:
		case KW_REPLACE:
		case KW_RECURSIVE:
		case KW_AGGREGATE:
		case KW_ROW:
			continue;
		case KW_TABLE:
			m.what = KW_TABLE;
			rd_next(r);
			if (rd_is(r, KW_FUNCTION)) {
				m.what = KW_FUNCTION;
				rd_next(r);
			}
			return m;
		case KW_VIEW:
		case KW_FUNCTION:
		case KW_PROCEDURE:
		case KW_INDEX:
		case KW_MODEL:
		case KW_TRIGGER:
		case KW_RULE:
		case KW_POLICY:
		case KW_SCHEMA:
		case KW_SEQUENCE:
		case KW_TYPE:
			m.what = r->t.kw;
			rd_next(r);
			return m;
		default:
			if (rd_word(r, "GRAPH") && r->dialect == SQL_BIGQUERY) {
				m.graph = true;
				rd_next(r);
				return m;
			}
			if (r->t.kw || rd_word(r, "EVENT") || rd_word(r, "DATABASE") || rd_word(r, "ROLE") || rd_word(r, "USER") ||
			    rd_word(r, "EXTENSION") || rd_word(r, "DOMAIN") || rd_word(r, "CAST"))
				return m;
			continue; /* UNLOGGED, FOREIGN, UNIQUE, CONSTRAINT, ACCESS, SEARCH ... */
		}
	}
	return m;
}

/* INHERITS (a, b) */
static void parents(struct reader *r)
{
	struct name n;
	if (!rd_take_ch(r, '('))
		return;
	do {
		if (!name_starts(r))
			break;
		name_read(r, &n);
		ref_table(r, &n, 0, no_env);
	} while (rd_take_ch(r, ','));
	rd_take_ch(r, ')');
}

/* What stands behind the name of a new table: columns, LIKE, CLONE, COPY, AS query. */
static void table_source(struct reader *r)
{
	for (;;) {
		query_tail(r, 0, no_env, STOP_LIKE | STOP_AS | KF_CREATE);
		enum kw k = r->t.kind == T_WORD ? r->t.kw : KW_NONE;
		if (r->t.kind == T_EOF || rd_ch(r, ';') || k == KW_CREATE)
			return;
		rd_next(r);
		if (k == KW_AS && (rd_ch(r, '(') || rd_is(r, KW_TABLE) || rd_is(r, KW_VALUES)))
			query_read(r, 0, no_env);
		if (k == KW_INHERITS)
			parents(r);
		if (k == KW_REPLICA)
			rd_take_word(r, "OF");
		if ((k == KW_LIKE || k == KW_CLONE || k == KW_COPY || k == KW_REPLICA) && name_starts(r)) {
			struct name n;
			name_read(r, &n);
			ref_table(r, &n, 0, no_env);
		}
	}
}

static void create_table(struct reader *r, struct made m)
{
	struct name n = { 0 };
	if_exists(r);
	if (rd_is(r, KW_ON) || !name_starts(r)) {
		table_source(r);
		return;
	}
	name_read(r, &n);
	if (!m.temp)
		ref_write(r, &n);
	/* PARTITION OF p, INHERITS (p): the parent must be there first */
	if (rd_take(r, KW_PARTITION) && rd_take_word(r, "OF") && name_starts(r)) {
		struct name p;
		name_read(r, &p);
		ref_table(r, &p, 0, no_env);
	}
	table_source(r);
	if (m.temp)
		temp_name(r, &n);
}

static void create_view(struct reader *r, struct made m)
{
	struct name n;
	if_exists(r);
	if (name_starts(r)) {
		name_read(r, &n);
		if (m.temp)
			temp_name(r, &n);
		else
			ref_write(r, &n);
	}
	table_source(r);
}

/* Parameters of type TABLE are names of the body. */
static uint32_t table_params(struct reader *r)
{
	uint32_t w = 0;
	size_t depth = 0;
	if (!rd_ch(r, '('))
		return 0;
	struct tok name = r->t;
	do {
		if (rd_ch(r, '('))
			depth++;
		else if (rd_ch(r, ')'))
			depth--;
		struct tok before = r->before;
		if (depth == 1 && rd_is(r, KW_TABLE) && (before.kind == T_WORD || before.kind == T_QUOTED)) {
			struct str word = { before.start, (size_t)(before.end - before.start) };
			struct tok param = str_ieq(word, STR("any")) ? name : before;
			if (!w)
				w = with_new(r, no_env, true);
			with_name(r, w, name_bare(r, param));
		}
		name = before;
		rd_next(r);
	} while (depth && r->t.kind != T_EOF && !rd_ch(r, ';'));
	return w;
}

/* A body in a string: SQL or PL/pgSQL by the LANGUAGE clause. */
static void body_string(struct reader *r, struct tok body, struct tok language)
{
	struct str l = { language.start, language.start ? (size_t)(language.end - language.start) : 0 };
	if (l.n > 1 && (*l.p == '\'' || *l.p == '"'))
		l = (struct str){ l.p + 1, l.n - 2 };
	if (str_ieq(l, STR("plpgsql")))
		rd_literal(r, body, true);
	else if (str_ieq(l, STR("sql")))
		rd_literal(r, body, false);
}

static void create_routine(struct reader *r, struct made m)
{
	struct name n;
	struct tok body = { 0 }, language = { 0 };
	if_exists(r);
	if (name_starts(r)) {
		name_read(r, &n);
		if (!m.temp)
			ref_write(r, &n);
	}
	uint32_t w = table_params(r);
	struct env env = { w, ALL_NAMES };
	if (!w)
		env = no_env;
	while (r->t.kind != T_EOF && !rd_ch(r, ';')) {
		if (rd_take(r, KW_LANGUAGE)) {
			language = r->t;
		} else if (rd_is(r, KW_AS) || rd_is(r, KW_RETURN)) {
			rd_next(r);
			if (r->t.kind == T_STRING) {
				body = r->t;
				rd_next(r);
				continue;
			}
			query_tail(r, 0, env, 0);
			continue;
		} else if (rd_is(r, KW_BEGIN)) {
			return; /* the body's statements follow */
		} else if (rd_is(r, KW_WITH) || rd_is(r, KW_SELECT)) {
			if (query_starts(r)) {
				query_tail(r, 0, env, 0);
				continue;
			}
		}
		rd_next(r);
	}
	if (body.start && r->dialect == SQL_POSTGRES)
		body_string(r, body, language);
}

/* CREATE INDEX i ON t, TRIGGER .. ON t, POLICY p ON t: they change the table. */
static void create_on(struct reader *r, enum kw what)
{
	struct name n;
	while (r->t.kind != T_EOF && !rd_ch(r, ';') && !rd_is(r, KW_ON))
		rd_next(r);
	if (what == KW_RULE) /* AS ON INSERT TO t DO .. */
		while (r->t.kind != T_EOF && !rd_ch(r, ';') && !rd_is(r, KW_TO))
			rd_next(r);
	if (r->t.kind != T_WORD)
		return;
	rd_next(r);
	rd_take(r, KW_ONLY);
	target(r, &n);
}

static void create_rule(struct reader *r)
{
	create_on(r, KW_RULE);
	while (r->t.kind != T_EOF && !rd_ch(r, ';') && !rd_is(r, KW_DO))
		rd_next(r);
	rd_take(r, KW_DO);
	if (!rd_take_word(r, "INSTEAD"))
		rd_take_word(r, "ALSO");
	if (!rd_take_ch(r, '(')) {
		rd_statement(r);
		return;
	}
	while (r->t.kind != T_EOF && !rd_ch(r, ')')) {
		const char *at = r->t.start;
		if (!stmt_dml(r, 0, no_env))
			query_read(r, 0, no_env);
		rd_take_ch(r, ';');
		if (r->t.start == at)
			break;
	}
}

void stmt_create(struct reader *r)
{
	rd_next(r);
	struct made m = kind(r);
	switch (m.what) {
	case KW_TABLE:
		create_table(r, m);
		break;
	case KW_VIEW:
		if (r->others && !m.temp) {
			r->others--;
			r->views++;
			r->materialized = m.materialized;
		}
		create_view(r, m);
		break;
	case KW_MODEL:
		if_exists(r);
		create_view(r, m);
		break;
	case KW_FUNCTION:
	case KW_PROCEDURE:
		if (m.temp)
			r->others--;
		create_routine(r, m);
		return;
	case KW_INDEX:
	case KW_TRIGGER:
	case KW_POLICY:
		create_on(r, m.what);
		query_tail(r, 0, no_env, 0);
		break;
	case KW_RULE:
		create_rule(r);
		break;
	case KW_SCHEMA:
		if_exists(r);
		while (r->t.kind != T_EOF && !rd_ch(r, ';') && !rd_is(r, KW_CREATE))
			rd_next(r);
		break;
	default:
		if (m.graph)
			graph_create(r);
		query_tail(r, 0, no_env, 0);
		break;
	}
	if (m.what != KW_SCHEMA)
		while (r->t.kind != T_EOF && !rd_ch(r, ';') && !rd_is(r, KW_CREATE))
			rd_next(r);
}

void stmt_alter(struct reader *r)
{
	struct name n;
	rd_next(r);
	struct made m = kind(r);
	switch (m.what) {
	case KW_TABLE:
	case KW_VIEW:
	case KW_MODEL:
	case KW_FUNCTION:
	case KW_PROCEDURE:
		break;
	case KW_TRIGGER:
	case KW_POLICY:
		create_on(r, m.what);
		return;
	default:
		return;
	}
	if_exists(r);
	rd_take(r, KW_ONLY);
	target(r, &n);
	query_group(r, 0, no_env);
	if (!rd_word(r, "RENAME")) {
		query_tail(r, 0, no_env, STOP_LIKE); /* ADD FOREIGN KEY .. REFERENCES t, AS SELECT */
		return;
	}
	/* RENAME TO new: the new name is written too */
	if (rd_take_word(r, "RENAME") && rd_take(r, KW_TO) && name_starts(r)) {
		struct name to;
		struct str dataset = n.canon;
		name_read(r, &to);
		if (to.parts == 1 && n.parts > 1 && dataset.n > n.last.n) {
			struct buf b;
			buf_init(&b, r->pool);
			buf_add(&b, dataset.p, dataset.n - n.last.n);
			buf_str(&b, to.canon);
			to.canon = buf_view(&b);
			to.parts = n.parts;
		}
		ref_write(r, &to);
	}
}

void stmt_drop(struct reader *r)
{
	struct name n;
	rd_next(r);
	struct made m = kind(r);
	if (m.graph)
		m.what = KW_VIEW;
	if (m.what == KW_SCHEMA || m.what == KW_NONE || m.what == KW_SEQUENCE || m.what == KW_TYPE)
		return;
	if (m.what == KW_INDEX || m.what == KW_TRIGGER || m.what == KW_POLICY || m.what == KW_RULE) {
		create_on(r, m.what == KW_RULE ? KW_NONE : m.what);
		return;
	}
	rd_take_word(r, "CONCURRENTLY");
	if_exists(r);
	while (target(r, &n)) {
		query_group(r, 0, no_env);
		if (!rd_take_ch(r, ','))
			return;
	}
}

void stmt_truncate(struct reader *r)
{
	struct name n;
	rd_next(r);
	rd_take(r, KW_TABLE);
	rd_take(r, KW_ONLY);
	while (target(r, &n)) {
		rd_take_ch(r, '*');
		if (!rd_take_ch(r, ','))
			return;
		rd_take(r, KW_ONLY);
	}
}

/* LOAD DATA {INTO|OVERWRITE} [TEMP TABLE] t ... FROM FILES (..) */
void stmt_load(struct reader *r)
{
	struct name n;
	rd_next(r);
	if (!rd_take(r, KW_DATA))
		return;
	while (r->t.kind == T_WORD && !rd_is(r, KW_INTO) && !rd_is(r, KW_OVERWRITE))
		rd_next(r);
	rd_next(r);
	bool temp = rd_take(r, KW_TEMP) || rd_take(r, KW_TEMPORARY);
	rd_take(r, KW_TABLE);
	if (!name_starts(r))
		return;
	name_read(r, &n);
	if (temp)
		temp_name(r, &n);
	else
		ref_write(r, &n);
}

/* The rows that psql sends behind COPY .. FROM STDIN, up to "\.". */
static void copy_rows(struct reader *r)
{
	const char *p = r->lx.p, *end = r->lx.end;
	if (r->rows_open)
		return;
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			break;
		p = nl + 1;
		if (end - p >= 2 && p[0] == '\\' && p[1] == '.' && (end - p == 2 || p[2] == '\n' || p[2] == '\r')) {
			r->lx.p = p + 2;
			rd_next(r);
			return;
		}
	}
	r->rows_open = true;
}

void stmt_copy(struct reader *r)
{
	struct name n;
	rd_next(r);
	if (rd_ch(r, '(')) {
		query_group(r, 0, no_env);
	} else if (name_starts(r)) {
		name_read(r, &n);
		query_group(r, 0, no_env);
		if (rd_is(r, KW_FROM))
			ref_write(r, &n);
		else
			ref_table(r, &n, 0, no_env);
	}
	bool from = rd_take(r, KW_FROM);
	bool in = from && rd_word(r, "STDIN");
	while (r->t.kind != T_EOF && !rd_ch(r, ';'))
		rd_next(r);
	if (in && rd_ch(r, ';'))
		copy_rows(r);
}
