#include "sql/restricted_internal.h"

#include <stdarg.h>

#define HINT \
	"import the rows as they are and let a table that reads them do the rest; an admin may lift the restriction of a " \
	"connection"

static void count_to(struct restricted *s, const char *at, uint32_t *line, uint32_t *col)
{
	if (at < s->counted) {
		s->counted = s->line_start = s->text.p;
		s->line = 1;
	}
	for (const char *nl; (nl = memchr(s->counted, '\n', (size_t)(at - s->counted)));) {
		s->counted = s->line_start = nl + 1;
		s->line++;
	}
	s->counted = at;
	*line = s->line;
	*col = (uint32_t)(at - s->line_start) + 1;
}

int rs_refuse(struct restricted *s, const char *at, const char *fmt, ...)
{
	uint32_t line, col;
	va_list ap;
	va_start(ap, fmt);
	char *msg = pool_vprintf(s->pool, fmt, ap);
	va_end(ap);
	count_to(s, at, &line, &col);
	mst_fail(s->err, MST_DATA, "%s", msg);
	mst_hint(s->err, HINT);
	return mst_place(s->err, "", line, col);
}

bool tok_is(const struct tok *t, const char *word)
{
	return t->kind == T_WORD && str_ieq((struct str){ t->start, (size_t)(t->end - t->start) }, str_of(word));
}

bool rs_is(const struct restricted *s, const char *word)
{
	return tok_is(&s->t, word);
}

bool tok_op(const struct tok *t, const char *op)
{
	size_t n = strlen(op);
	return t->kind == T_PUNCT && (size_t)(t->end - t->start) == n && memcmp(t->start, op, n) == 0;
}

bool rs_op(const struct restricted *s, const char *op)
{
	return tok_op(&s->t, op);
}

static bool op_char(char c)
{
	return c && strchr("~!@#^&|`?+-*/%<>=", c);
}

bool rs_is_operator(const struct restricted *s)
{
	return s->t.kind == T_PUNCT && op_char(*s->t.start);
}

/* The end of the operator at p, by PostgreSQL's rules: the longest run, which ends where a comment
 * starts, and which ends in + or - only where it holds one of ~!@#%^&|`? too. */
static const char *operator_end(const char *p, const char *end)
{
	const char *e = p;
	bool special = false;
	while (e < end && op_char(*e)) {
		if (e > p && e + 1 < end && ((*e == '-' && e[1] == '-') || (*e == '/' && e[1] == '*')))
			break;
		special |= strchr("~!@#%^&|`?", *e) != NULL;
		e++;
	}
	while (!special && e - p > 1 && (e[-1] == '+' || e[-1] == '-'))
		e--;
	return e;
}

static void step(struct lex *lx, struct tok *t)
{
	lex_next(lx, t);
	if (t->kind == T_PUNCT && op_char(*t->start))
		lx->p = t->end = operator_end(t->start, lx->end);
}

int rs_next(struct restricted *s)
{
	s->last_end = s->t.end;
	step(&s->lx, &s->t);
	if (s->lx.comment_bad)
		return rs_refuse(s, s->lx.comment_bad, "a comment that does not end");
	if (s->t.bad)
		return rs_refuse(s, s->t.start, "%s that does not end", s->t.bad == BAD_NAME ? "a name" : "a string");
	return 0;
}

struct tok rs_peek(const struct restricted *s)
{
	struct lex lx = s->lx;
	struct tok t;
	step(&lx, &t);
	return t;
}

static const struct {
	const char *word, *what;
} clauses[] = {
	{ "group", "GROUP BY" },
	{ "having", "HAVING" },
	{ "window", "WINDOW" },
	{ "over", "window functions" },
	{ "union", "set operations" },
	{ "intersect", "set operations" },
	{ "except", "set operations" },
	{ "for", "FOR UPDATE or the like" },
	{ "into", "INTO" },
	{ "offset", "OFFSET" },
	{ "fetch", "FETCH; write LIMIT" },
	{ "tablesample", "TABLESAMPLE" },
	{ "join", "joins" },
	{ "inner", "joins" },
	{ "cross", "joins" },
	{ "left", "joins" },
	{ "right", "joins" },
	{ "full", "joins" },
	{ "natural", "joins" },
	{ "lateral", "LATERAL" },
	{ "select", "subqueries" },
	{ "with", "WITH" },
	{ "values", "VALUES" },
	{ "table", "TABLE" },
	{ "distinct", "DISTINCT" },
	{ "exists", "subqueries" },
};

int rs_unexpected(struct restricted *s, const char *wanted)
{
	struct str word = { s->t.start, (size_t)(s->t.end - s->t.start) };
	for (size_t i = 0; i < sizeof clauses / sizeof *clauses; i++)
		if (rs_is(s, clauses[i].word))
			return rs_refuse(s, s->t.start, "a restricted SELECT has no %s", clauses[i].what);
	if (s->t.kind == T_EOF)
		return rs_refuse(s, s->t.start, "the SELECT ends where %s should stand", wanted);
	if (s->t.kind == T_PARAM)
		return rs_refuse(s, s->t.start, "a restricted SELECT has no parameters");
	if (word.n > 40)
		word.n = 40;
	return rs_refuse(s, s->t.start, "'%.*s' stands where %s should", STR_FMT(word), wanted);
}

int rs_expect(struct restricted *s, const char *op)
{
	if (!rs_op(s, op))
		return rs_unexpected(s, pool_printf(s->pool, "'%s'", op));
	return rs_next(s);
}

static struct str fold(struct pool *pool, struct tok t)
{
	size_t n = (size_t)(t.end - t.start);
	char *c = pool_memdup(pool, t.start, n);
	for (size_t i = 0; i < n; i++)
		if (c[i] >= 'A' && c[i] <= 'Z')
			c[i] += 32;
	return (struct str){ c, n };
}

static struct str unquote(struct pool *pool, struct tok t)
{
	struct buf b;
	buf_init(&b, pool);
	for (const char *p = t.start + 1; p < t.end - 1; p++) {
		buf_char(&b, *p);
		if (*p == '"')
			p++;
	}
	return buf_view(&b);
}

int rs_name(struct restricted *s, bool any, struct str *out)
{
	if (s->t.kind == T_QUOTED) {
		if (*s->t.start != '"')
			return rs_refuse(s, s->t.start, "a restricted SELECT has no names with escapes (U&\"...\")");
		*out = unquote(s->pool, s->t);
	} else if (s->t.kind == T_WORD) {
		*out = fold(s->pool, s->t);
		if (!any && rs_reserved(*out))
			return rs_unexpected(s, "a name");
	} else {
		return rs_unexpected(s, "a name");
	}
	/* the server cuts longer names, so that we would judge another one than it calls */
	if (out->n > 63)
		return rs_refuse(s, s->t.start, "a name of more than 63 bytes");
	return rs_next(s);
}

void rs_use(struct restricted *s, enum sql_use_kind kind, struct str schema, struct str name, bool known,
	    const char *at)
{
	bool is_new;
	buf_reset(&s->key);
	buf_printf(&s->key, "%d%d %zu ", (int)kind, known, schema.n);
	buf_str(&s->key, schema);
	buf_str(&s->key, name);
	if (map_get(&s->seen, buf_view(&s->key)))
		return;
	map_put(&s->seen, str_dup(s->pool, buf_view(&s->key)), &is_new);
	struct sql_use u = { kind, schema, name, known, 0, 0 };
	count_to(s, at, &u.line, &u.col);
	*vec_push(s->pool, &s->out->uses) = u;
}

/* Behind a value: [AS] label. */
static int label(struct restricted *s)
{
	struct str name;
	if (rs_is(s, "as")) {
		int rc = rs_next(s);
		return rc ? rc : rs_name(s, true, &name);
	}
	if (s->t.kind == T_QUOTED || (s->t.kind == T_WORD && rs_label(fold(s->pool, s->t))))
		return rs_name(s, true, &name);
	return 0;
}

static int columns(struct restricted *s)
{
	for (;;) {
		int rc = rs_op(s, "*") ? rs_next(s) : rs_expr(s, 0);
		if (!rc)
			rc = label(s);
		if (rc || !rs_op(s, ","))
			return rc;
		rc = rs_next(s);
		if (rc)
			return rc;
	}
}

static int alias(struct restricted *s)
{
	struct str name;
	bool as = rs_is(s, "as");
	int rc = as ? rs_next(s) : 0;
	if (rc)
		return rc;
	if (!as && s->t.kind != T_QUOTED && (s->t.kind != T_WORD || rs_reserved(fold(s->pool, s->t))))
		return 0;
	rc = rs_name(s, false, &name);
	if (rc || !rs_op(s, "("))
		return rc;
	do {
		rc = rs_next(s);
		if (!rc)
			rc = rs_name(s, false, &name);
	} while (!rc && rs_op(s, ","));
	return rc ? rc : rs_expect(s, ")");
}

static int relation(struct restricted *s)
{
	struct str part[2] = { { "", 0 }, { "", 0 } };
	const char *at;
	int rc = 0;
	if (rs_is(s, "only"))
		rc = rs_next(s);
	at = s->t.start;
	if (!rc && rs_op(s, "("))
		return rs_refuse(s, at, "a restricted SELECT has no subqueries and no joins");
	if (!rc)
		rc = rs_name(s, false, &part[1]);
	if (!rc && rs_op(s, ".")) {
		part[0] = part[1];
		rc = rs_next(s);
		if (!rc)
			rc = rs_name(s, true, &part[1]);
	}
	if (rc)
		return rc;
	if (rs_op(s, "."))
		return rs_refuse(s, at, "a relation is called by its schema and its name; a connection is one database");
	if (rs_op(s, "("))
		return rs_refuse(s, at, "a restricted SELECT has no functions in FROM");
	if (rs_is(s, "from")) /* ROWS FROM (...) */
		return rs_refuse(s, at, "a restricted SELECT has no functions in FROM");
	s->out->schema = part[0];
	s->out->table = part[1];
	if (rs_op(s, "*"))
		rc = rs_next(s);
	if (!rc)
		rc = alias(s);
	if (!rc && rs_op(s, ","))
		rc = rs_refuse(s, s->t.start, "a restricted SELECT has no second relation");
	return rc;
}

static int order(struct restricted *s)
{
	int rc = rs_next(s);
	if (!rc && !rs_is(s, "by"))
		return rs_unexpected(s, "BY");
	do {
		rc = rc ? rc : rs_next(s);
		if (!rc)
			rc = rs_expr(s, 0);
		if (!rc && (rs_is(s, "asc") || rs_is(s, "desc")))
			rc = rs_next(s);
		if (!rc && rs_is(s, "nulls")) {
			rc = rs_next(s);
			if (!rc && !rs_is(s, "first") && !rs_is(s, "last"))
				return rs_unexpected(s, "FIRST or LAST");
			if (!rc)
				rc = rs_next(s);
		}
	} while (!rc && rs_op(s, ","));
	return rc;
}

static int limit(struct restricted *s)
{
	int rc = rs_next(s);
	if (rc)
		return rc;
	if (rs_is(s, "all"))
		return rs_next(s);
	for (const char *p = s->t.start; s->t.kind == T_NUMBER && p < s->t.end; p++)
		if (*p < '0' || *p > '9')
			return rs_unexpected(s, "a whole number");
	if (s->t.kind != T_NUMBER)
		return rs_unexpected(s, "a whole number");
	s->out->limit = true;
	return rs_next(s);
}

static int statement(struct restricted *s)
{
	int rc = rs_next(s);
	if (!rc && rs_is(s, "all"))
		rc = rs_next(s);
	if (!rc && rs_is(s, "distinct"))
		return rs_unexpected(s, "");
	if (!rc)
		rc = columns(s);
	if (!rc && !rs_is(s, "from"))
		return rs_unexpected(s, "FROM and a relation");
	if (!rc)
		rc = rs_next(s);
	if (!rc)
		rc = relation(s);
	if (!rc && rs_is(s, "where")) {
		rc = rs_next(s);
		if (!rc)
			rc = rs_expr(s, 0);
	}
	if (!rc && rs_is(s, "order"))
		rc = order(s);
	if (!rc && rs_is(s, "limit"))
		rc = limit(s);
	return rc;
}

int sql_restricted_read(struct pool *pool, struct str text, struct sql_restricted *out, struct mst_error *err)
{
	struct sql_restricted made = { .query = { text.p, 0 }, .schema = { "", 0 }, .table = { "", 0 } };
	struct restricted s = { .pool = pool, .text = text, .out = &made, .err = err, .line = 1 };
	s.counted = s.line_start = text.p;
	map_init(&s.seen, pool, 0);
	buf_init(&s.key, pool);
	const char *nul = text.n ? memchr(text.p, 0, text.n) : NULL;
	if (nul)
		return rs_refuse(&s, nul, "a NUL byte in the text");
	struct str rest = text;
	if (str_has_prefix(rest, STR("\xef\xbb\xbf")))
		rest = (struct str){ rest.p + 3, rest.n - 3 };
	lex_init(&s.lx, SQL_POSTGRES, rest);
	s.lx.exact = true;
	int rc = rs_next(&s);
	while (!rc && rs_op(&s, ";"))
		rc = rs_next(&s);
	if (!rc && s.t.kind != T_EOF) {
		const char *start = s.t.start;
		if (!rs_is(&s, "select"))
			return rs_unexpected(&s, "SELECT");
		rc = statement(&s);
		made.query = (struct str){ start, rc ? 0 : (size_t)(s.last_end - start) };
		bool ended = !rc && rs_op(&s, ";");
		while (!rc && rs_op(&s, ";"))
			rc = rs_next(&s);
		if (!rc && s.t.kind != T_EOF)
			rc = ended ? rs_refuse(&s, s.t.start, "a second statement") : rs_unexpected(&s, "the end");
	}
	if (!rc)
		*out = made;
	return rc;
}

struct str sql_query_span(struct str text)
{
	struct lex lx;
	struct tok t;
	const char *start = NULL, *end = text.p;
	if (str_has_prefix(text, STR("\xef\xbb\xbf")))
		text = (struct str){ text.p + 3, text.n - 3 };
	lex_init(&lx, SQL_POSTGRES, text);
	lx.exact = true;
	for (lex_next(&lx, &t); t.kind != T_EOF; lex_next(&lx, &t)) {
		if (tok_op(&t, ";"))
			continue;
		if (!start)
			start = t.start;
		end = t.end;
	}
	return (struct str){ start ? start : end, start ? (size_t)(end - start) : 0 };
}
