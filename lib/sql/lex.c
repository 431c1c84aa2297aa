#include "sql/lex.h"

enum { W = CC_WORD, D = CC_DIGIT, S = CC_SPACE };
/* clang-format off */
const uint8_t lex_class[256] = {
	['\t'] = S, ['\n'] = S, ['\v'] = S, ['\f'] = S, ['\r'] = S, [' '] = S, [0] = S,
	['0'] = D, D, D, D, D, D, D, D, D, D,
	['A'] = W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
	['_'] = W,
	['a'] = W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
	[0x80] = W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
	W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
	W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
	W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
};
/* clang-format on */

static inline uint8_t class_of(const char *p)
{
	return lex_class[(unsigned char)*p];
}

void lex_init(struct lex *l, enum sql_dialect d, struct str text)
{
	*l = (struct lex){ .p = text.p, .end = text.p + text.n, .dialect = (uint8_t)d };
}

static bool is_bigquery(const struct lex *l)
{
	return l->dialect == SQL_BIGQUERY || l->dialect == SQL_BIGQUERY_LEGACY;
}

/* The end behind the next two closing bytes from p, or NULL; each stretch of the
 * text is searched once. */
static const char *closing(struct lex *l, int which, const char *p)
{
	static const char *const marks[3] = { "}}", "%}", "#}" };
	if (!l->closed[which] || l->closed[which] < p) {
		const char *f = memmem(p, (size_t)(l->end - p), marks[which], 2);
		l->closed[which] = f ? f : l->end;
	}
	return l->end - l->closed[which] < 2 ? NULL : l->closed[which] + 2;
}

/* The end of {{ }} or {% %} in whose strings and {dicts} the closing mark may stand. */
static const char *closing_quoted(struct lex *l, const char *p, char a, char b)
{
	size_t braces = 0;
	while (p < l->end) {
		char c = *p++;
		if (c == '{' && a == b) {
			braces++;
		} else if (c == '}' && braces) {
			braces--;
		} else if (c == a && p < l->end && *p == b) {
			return p + 1;
		} else if (c == '\'' || c == '"') {
			while (p < l->end && *p != c)
				p += *p == '\\' && p + 1 < l->end ? 2 : 1;
			p++;
		}
	}
	return NULL;
}

const char *lex_template(struct lex *l, const char *p)
{
	if (l->end - p < 2 || l->exact)
		return NULL;
	if (p[0] == '$' && p[1] == '{') {
		const char *e = memchr(p, '}', (size_t)(l->end - p < 256 ? l->end - p : 256));
		return e ? e + 1 : NULL;
	}
	if (p[0] != '{' || (p[1] != '{' && p[1] != '%' && p[1] != '#'))
		return NULL;
	int which = p[1] == '{' ? 0 : p[1] == '%' ? 1 : 2;
	const char *e = closing(l, which, p + 2);
	if (!e || which == 2)
		return e;
	size_t n = (size_t)(e - p);
	if (l->quoting > 16 || (!memchr(p, '\'', n) && !memchr(p, '"', n) && !memchr(p + 2, '{', n - 2)))
		return e;
	const char *q = closing_quoted(l, p + 2, which ? '%' : '}', '}');
	/* past the next template: quotes or braces did not match */
	if (!q || (q > e && (memmem(e, (size_t)(q - e), "{{", 2) || memmem(e, (size_t)(q - e), "{%", 2)))) {
		l->quoting++;
		return e;
	}
	return q;
}

static const char *line_comment(struct lex *l, const char *p)
{
	if (l->exact) { /* PostgreSQL ends it at a CR, too */
		while (p < l->end && *p != '\n' && *p != '\r')
			p++;
		return p;
	}
	const char *e = memchr(p, '\n', (size_t)(l->end - p));
	return e ? e + 1 : l->end;
}

static const char *block_comment(struct lex *l, const char *p)
{
	const char *start = p;
	unsigned depth = 1;
	for (p += 2; p < l->end; p++) {
		if (l->dialect != SQL_POSTGRES) {
			p = memchr(p, '*', (size_t)(l->end - p));
			if (!p)
				break;
		}
		if (*p == '*' && p + 1 < l->end && p[1] == '/') {
			p++;
			if (--depth == 0)
				return p + 1;
		} else if (*p == '/' && p + 1 < l->end && p[1] == '*') {
			p++;
			depth++;
		}
	}
	l->comment_bad = start;
	return l->end;
}

const char *lex_blank(struct lex *l, const char *p)
{
	for (;;) {
		while (p < l->end && (class_of(p) & CC_SPACE))
			p++;
		if (p >= l->end)
			return p;
		char c = *p;
		if (c == '-' && p + 1 < l->end && p[1] == '-')
			p = line_comment(l, p);
		else if (c == '/' && p + 1 < l->end && p[1] == '*')
			p = block_comment(l, p);
		else if (c == '#' && is_bigquery(l))
			p = line_comment(l, p);
		else if (c == '{' && p + 1 < l->end && p[1] == '#') {
			const char *e = lex_template(l, p);
			if (!e)
				return p;
			p = e;
		} else
			return p;
	}
}

/* What stands at p, "{{" or "{%", in a string that q closes: a template, or the
 * text '{{' itself, as in REPLACE(x, '{{', '')? */
static bool is_template(const struct lex *l, const char *p, char q)
{
	bool block = p[1] == '%';
	p += 2;
	while (p < l->end && (*p == '-' || *p == '+' || (class_of(p) & CC_SPACE)))
		p++;
	if (p >= l->end)
		return false;
	if (block) {
		const char *w = p;
		while (p < l->end && lex_is_word(*p))
			p++;
		return p > w && p < l->end && (*p == '%' || *p == '-' || (class_of(p) & CC_SPACE));
	}
	if (class_of(p) & CC_WORD)
		return true;
	if (*p == q)
		return p + 1 < l->end && lex_is_word(p[1]);
	return *p == '\'' || *p == '"' || *p == '(' || *p == '[';
}

/* p is behind the opening quote; the end of the token, or NULL. */
static const char *single_line(struct lex *l, const char *p, char q, bool escapes, bool newline, bool doubled)
{
	while (p < l->end) {
		char c = *p;
		if (c == q) {
			if (doubled && p + 1 < l->end && p[1] == q) {
				p += 2;
				continue;
			}
			return p + 1;
		}
		if (c == '\\' && escapes) {
			p += p + 1 < l->end ? 2 : 1;
			continue;
		}
		if (c == '\n' && !newline)
			return NULL;
		if (c == '{' && p + 1 < l->end && (p[1] == '{' || p[1] == '%') && !l->exact &&
		    is_template(l, p, q)) {
			/* quotes in a template are not ours; it ends in the same line */
			const char *e = closing(l, p[1] == '{' ? 0 : 1, p + 2);
			if (e && e - p < 4096 && !memchr(p, '\n', (size_t)(e - p))) {
				p = e;
				continue;
			}
		}
		p++;
	}
	return NULL;
}

static const char *triple(struct lex *l, const char *p, char q)
{
	while (p < l->end) {
		if (*p == '\\')
			p += 2;
		else if (*p == q && l->end - p >= 3 && p[1] == q && p[2] == q)
			return p + 3;
		else
			p++;
	}
	return NULL;
}

/* q points at the quote. */
static void string_token(struct lex *l, struct tok *t, const char *q, bool escapes)
{
	bool bq = is_bigquery(l);
	const char *e;
	t->kind = T_STRING;
	if (bq && l->end - q >= 3 && q[1] == *q && q[2] == *q)
		e = triple(l, q + 3, *q);
	else
		e = single_line(l, q + 1, *q, escapes || bq, !bq, !bq);
	if (!e) {
		t->bad = BAD_STRING;
		/* in BigQuery a string cannot pass the end of its line: go on behind it */
		bool line = bq && !(l->end - q >= 3 && q[1] == *q && q[2] == *q);
		e = line ? memchr(q, '\n', (size_t)(l->end - q)) : NULL;
		if (!e)
			e = l->end;
	}
	t->end = e;
}

static void quoted_name(struct lex *l, struct tok *t, const char *q, char close)
{
	const char *e = single_line(l, q + 1, close, false, close != '`' && close != ']', l->dialect == SQL_POSTGRES);
	t->kind = T_QUOTED;
	if (!e) {
		t->bad = BAD_NAME;
		e = close == '"' ? l->end : memchr(q, '\n', (size_t)(l->end - q));
		if (!e)
			e = l->end;
	}
	t->end = e;
}

static bool dollar_string(struct lex *l, struct tok *t)
{
	const char *p = t->start + 1;
	if (p < l->end && (class_of(p) & CC_DIGIT))
		return false;
	while (p < l->end && p - t->start < 128 && lex_is_word(*p))
		p++;
	if (p >= l->end || *p != '$')
		return false;
	size_t n = (size_t)(p + 1 - t->start);
	const char *e = memmem(p + 1, (size_t)(l->end - p - 1), t->start, n);
	t->kind = T_STRING;
	if (!e)
		t->bad = BAD_STRING;
	t->end = e ? e + n : l->end;
	return true;
}

/* Words that are string prefixes where a quote follows at once. */
static bool string_prefix(struct lex *l, struct tok *t)
{
	size_t n = (size_t)(t->end - t->start);
	const char *q = t->end;
	char a = t->start[0] | 32, b = n == 2 ? t->start[1] | 32 : 0;
	if (is_bigquery(l)) {
		if (*q != '\'' && *q != '"')
			return false;
		if ((n == 1 && (a == 'r' || a == 'b')) || (n == 2 && a + b == 'r' + 'b' && a != b)) {
			string_token(l, t, q, true);
			return true;
		}
		return false;
	}
	if (l->dialect == SQL_POSTGRES && n == 1 && a == 'u' && *q == '&' && q + 1 < l->end) {
		if (q[1] == '\'')
			string_token(l, t, q + 1, false);
		else if (q[1] == '"')
			quoted_name(l, t, q + 1, '"');
		else
			return false;
		return true;
	}
	if (n != 1 || *q != '\'' || (a != 'e' && a != 'b' && a != 'x' && a != 'n'))
		return false;
	string_token(l, t, q, a == 'e');
	return true;
}

static void word_token(struct lex *l, struct tok *t, bool dot)
{
	const char *p = t->start + 1;
	while (p < l->end && lex_is_word(*p))
		p++;
	if (l->dialect == SQL_POSTGRES)
		while (p < l->end && (lex_is_word(*p) || *p == '$'))
			p++;
	t->end = p;
	t->kind = T_WORD;
	if (p - t->start <= 2 && p < l->end && (*p == '\'' || *p == '"' || *p == '&') && string_prefix(l, t))
		return;
	if (!dot)
		t->kw = (uint8_t)kw_find(t->start, (size_t)(p - t->start));
}

static void number_token(struct lex *l, struct tok *t)
{
	const char *p = t->start + 1;
	while (p < l->end && (lex_is_word(*p) || *p == '.'))
		p++;
	t->kind = T_NUMBER;
	t->end = p;
}

static void param_token(struct lex *l, struct tok *t, const char *p)
{
	while (p < l->end && lex_is_word(*p))
		p++;
	t->kind = T_PARAM;
	t->end = p;
}

static void other_token(struct lex *l, struct tok *t)
{
	const char *p = t->start;
	char c = *p, d = p + 1 < l->end ? p[1] : 0;
	const char *e;
	switch (c) {
	case '\'':
		string_token(l, t, p, false);
		return;
	case '"':
		if (is_bigquery(l))
			string_token(l, t, p, true);
		else
			quoted_name(l, t, p, '"');
		return;
	case '`':
		if (l->exact)
			break;
		quoted_name(l, t, p, '`');
		return;
	case '[':
		if (l->dialect == SQL_BIGQUERY_LEGACY) {
			quoted_name(l, t, p, ']');
			return;
		}
		break;
	case '{':
		e = d == '{' || d == '%' ? lex_template(l, p) : NULL;
		if (e) {
			t->kind = d == '{' ? T_TEMPLATE : T_BLOCK;
			t->end = e;
			return;
		}
		break;
	case '$':
		if (l->dialect == SQL_POSTGRES && dollar_string(l, t))
			return;
		e = d == '{' ? lex_template(l, p) : NULL;
		if (e) {
			t->kind = T_TEMPLATE;
			t->end = e;
			return;
		}
		if (lex_is_word(d)) {
			param_token(l, t, p + 1);
			return;
		}
		break;
	case '@':
		if (l->exact)
			break;
		if (d == '@')
			p++;
		if (p + 1 < l->end && lex_is_word(p[1])) {
			param_token(l, t, p + 1);
			return;
		}
		break;
	case ':':
		if (d == ':' || d == '=') {
			t->end = p + 2;
			t->kind = T_PUNCT;
			t->ch = ':';
			return;
		}
		if ((lex_class[(unsigned char)d] & CC_WORD) && (p == t->start) && !l->exact) {
			param_token(l, t, p + 1);
			return;
		}
		break;
	case '?':
		if (l->exact)
			break;
		t->kind = T_PARAM;
		t->end = p + 1;
		return;
	case '|':
		if (d == '>' && l->dialect != SQL_POSTGRES) {
			t->kind = T_PIPE;
			t->end = p + 2;
			return;
		}
		break;
	default:
		break;
	}
	t->kind = T_PUNCT;
	t->ch = (uint8_t)c;
	t->end = t->start + 1;
}

void lex_next(struct lex *l, struct tok *t)
{
	const char *p = l->p;
	bool dot = l->dot;
	while (p < l->end && (class_of(p) & CC_SPACE))
		p++;
	if (p < l->end && (*p == '-' || *p == '/' || *p == '#' || *p == '{'))
		p = lex_blank(l, p);
	*t = (struct tok){ .start = p };
	l->dot = 0;
	if (p >= l->end) {
		t->kind = T_EOF;
		t->end = l->end;
		t->start = l->end;
		l->p = l->end;
		return;
	}
	uint8_t c = class_of(p);
	if (c & CC_WORD)
		word_token(l, t, dot);
	else if (c & CC_DIGIT)
		number_token(l, t);
	else if (*p == '.') {
		t->kind = T_PUNCT;
		t->ch = '.';
		t->end = p + 1;
		l->dot = 1;
	} else
		other_token(l, t);
	l->p = t->end;
}

struct str lex_string_body(enum sql_dialect d, struct str token, bool *plain)
{
	const char *p = token.p, *end = token.p + token.n;
	bool raw = false, bq = d == SQL_BIGQUERY || d == SQL_BIGQUERY_LEGACY;
	*plain = true;
	if (p < end && *p == '$') {
		const char *q = memchr(p + 1, '$', (size_t)(end - p - 1));
		size_t n = q ? (size_t)(q + 1 - p) : 0;
		if (!q || token.n < 2 * n)
			return (struct str){ end, 0 };
		return (struct str){ p + n, token.n - 2 * n };
	}
	bool escape = bq;
	while (p < end && *p != '\'' && *p != '"') {
		raw |= (*p | 32) == 'r';
		escape |= (*p | 32) == 'e';
		p++;
	}
	size_t q = bq && end - p >= 6 && p[1] == *p && p[2] == *p ? 3 : 1;
	if ((size_t)(end - p) < 2 * q)
		return (struct str){ end, 0 };
	char quote = *p;
	struct str s = { p + q, (size_t)(end - p) - 2 * q };
	if (escape && !raw && memchr(s.p, '\\', s.n))
		*plain = false;
	if (!bq && memchr(s.p, quote, s.n))
		*plain = false;
	return s;
}
