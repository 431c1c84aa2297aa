#include "sql/read.h"

#include <stdio.h>

enum sql_dialect_names { DIALECTS = 4 };
static const char *const dialects[DIALECTS] = {
	[SQL_BIGQUERY] = "bigquery",
	[SQL_BIGQUERY_LEGACY] = "legacy",
	[SQL_POSTGRES] = "postgres",
	[SQL_ANSI] = "ansi",
};

int sql_dialect_of(struct str name)
{
	for (int i = 0; i < DIALECTS; i++)
		if (str_eqz(name, dialects[i]))
			return i;
	return -1;
}

const char *sql_dialect_name(enum sql_dialect d)
{
	return dialects[d];
}

void rd_diag(struct reader *r, enum sql_severity severity, const char *at, const char *fmt, ...)
{
	if (r->diags.n > SQL_DIAGS_MAX)
		return;
	va_list ap;
	va_start(ap, fmt);
	char *msg = pool_vprintf(r->pool, fmt, ap);
	va_end(ap);
	*vec_push(r->scratch, &r->diags) = (struct diag){
		.at = r->fixed_at ? r->fixed_at : at,
		.severity = (uint8_t)severity,
		.msg = str_of(msg),
	};
}

static void complain(struct reader *r)
{
	static const char *const what[] = { NULL, "a string is not closed", "a quoted name is not closed", NULL };
	if (r->t.bad && what[r->t.bad])
		rd_diag(r, SQL_ERROR, r->t.start, "%s", what[r->t.bad]);
	if (r->lx.comment_bad) {
		rd_diag(r, SQL_ERROR, r->lx.comment_bad, "a comment is not closed");
		r->lx.comment_bad = NULL;
	}
}

/* {% else %} and its like. */
static bool is_branch(struct tok t)
{
	const char *p = t.start + 2;
	while (p < t.end && (*p == '-' || *p == '+' || *p == ' '))
		p++;
	return t.end - p > 4 && memcmp(p, "el", 2) == 0;
}

/* The rare tokens: templates, and what is broken.  False: the next one counts. */
static bool next_special(struct reader *r, bool *branch)
{
	if (r->t.bad || r->lx.comment_bad)
		complain(r);
	if (r->t.kind != T_BLOCK && r->t.kind != T_TEMPLATE)
		return true;
	template_refs(r, (struct str){ r->t.start, (size_t)(r->t.end - r->t.start) }, NULL);
	if (r->t.kind == T_TEMPLATE)
		return true;
	*branch |= is_branch(r->t);
	return false;
}

void rd_next(struct reader *r)
{
	bool branch = false;
	r->before = r->t;
	do
		lex_next(&r->lx, &r->t);
	while ((r->t.kind == T_BLOCK || r->t.kind == T_TEMPLATE || r->t.bad || r->lx.comment_bad) &&
	       !next_special(r, &branch));
	r->t.branch = branch;
}

struct tok rd_peek(const struct reader *r)
{
	struct lex l = r->lx;
	struct tok t;
	do
		lex_next(&l, &t);
	while (t.kind == T_BLOCK);
	return t;
}

bool rd_is(const struct reader *r, enum kw k)
{
	return r->t.kind == T_WORD && r->t.kw == k;
}

bool rd_ch(const struct reader *r, char c)
{
	return r->t.kind == T_PUNCT && r->t.ch == (uint8_t)c;
}

bool rd_take(struct reader *r, enum kw k)
{
	if (!rd_is(r, k))
		return false;
	rd_next(r);
	return true;
}

bool rd_take_ch(struct reader *r, char c)
{
	if (!rd_ch(r, c))
		return false;
	rd_next(r);
	return true;
}

bool rd_word(const struct reader *r, const char *upper)
{
	return r->t.kind == T_WORD &&
	       str_ieq((struct str){ r->t.start, (size_t)(r->t.end - r->t.start) }, str_of(upper));
}

bool rd_take_word(struct reader *r, const char *upper)
{
	if (!rd_word(r, upper))
		return false;
	rd_next(r);
	return true;
}

/* #legacySQL in the comments before the first statement. */
static bool has_legacy_mark(struct str text)
{
	const char *p = text.p, *end = text.p + text.n;
	while (p < end) {
		while (p < end && (lex_class[(unsigned char)*p] & CC_SPACE))
			p++;
		if (p >= end || (*p != '#' && !(end - p > 1 && p[0] == '-' && p[1] == '-')))
			return false;
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		struct str line = { p, (size_t)((nl ? nl : end) - p) };
		line = str_trim(line);
		if (line.n >= 10 && str_ieq((struct str){ line.p, 10 }, STR("#legacysql")))
			return true;
		p = nl ? nl + 1 : end;
	}
	return false;
}

/* The text of a literal with its escapes and doubled quotes undone. */
static struct str decode(struct reader *r, struct str s, bool escapes, char quote)
{
	struct buf b;
	buf_init(&b, r->pool);
	buf_reserve(&b, s.n + 1);
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (quote && c == quote && i + 1 < s.n && s.p[i + 1] == quote)
			i++;
		else if (c == '\\' && escapes && i + 1 < s.n) {
			c = s.p[++i];
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
		}
		buf_char(&b, c);
	}
	return buf_view(&b);
}

void rd_literal(struct reader *r, struct tok string, bool plpgsql)
{
	bool plain;
	struct str tok = { string.start, (size_t)(string.end - string.start) };
	struct str body = lex_string_body(r->dialect, tok, &plain);
	if (r->bodies >= 8) {
		rd_diag(r, SQL_ERROR, string.start, "SQL in strings is nested too deep: it is not read");
		return;
	}
	struct reader keep = *r;
	if (!plain) {
		bool bq = r->dialect == SQL_BIGQUERY || r->dialect == SQL_BIGQUERY_LEGACY;
		body = decode(r, body, bq || (tok.p[0] | 32) == 'e', bq ? 0 : '\'');
		if (!r->fixed_at)
			r->fixed_at = string.start;
		r->template_seen = NULL;
	}
	r->bodies++;
	r->plpgsql = plpgsql;
	lex_init(&r->lx, r->dialect, body);
	r->t = (struct tok){ .kind = T_EOF };
	r->nest = (typeof(r->nest)){ 0 };
	r->depth = 0;
	rd_next(r);
	rd_statements(r);
	r->lx = keep.lx;
	r->t = keep.t;
	r->before = keep.before;
	r->nest = keep.nest;
	r->depth = keep.depth;
	r->bodies = keep.bodies;
	r->plpgsql = keep.plpgsql;
	r->fixed_at = keep.fixed_at;
	if (!plain)
		r->template_seen = keep.template_seen;
}

void sql_read(struct pool *pool, enum sql_dialect dialect, struct str text, struct sql_refs *out)
{
	POOL_SCRATCH(scratch);
	if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
		text = (struct str){ text.p + 3, text.n - 3 };
	if (dialect == SQL_BIGQUERY && has_legacy_mark(text))
		dialect = SQL_BIGQUERY_LEGACY;
	struct reader r = { .pool = pool, .scratch = scratch, .text = text, .dialect = dialect };
	map_init(&r.aliases, scratch, 0);
	map_init(&r.ctes, scratch, 0);
	map_init(&r.temps, scratch, 0);
	buf_init(&r.key, scratch);
	buf_init(&r.name, scratch);
	lex_init(&r.lx, dialect, text);
	*out = (struct sql_refs){ .dialect = dialect };
	rd_next(&r);
	rd_statements(&r);
	ref_finish(&r, out);
	if (r.statements == 0)
		out->form = SQL_FORM_EMPTY;
	else if (r.others || r.views + r.queries != 1)
		out->form = SQL_FORM_SCRIPT;
	else if (r.views)
		out->form = r.materialized ? SQL_FORM_MATERIALIZED : SQL_FORM_VIEW;
	else
		out->form = SQL_FORM_QUERY;
}
