#include "sql/read.h"

#include "base/utf8.h"

/* PostgreSQL cuts identifiers at this many bytes. */
#define PG_NAME_MAX 63

static bool folds(const struct reader *r)
{
	return r->dialect != SQL_POSTGRES;
}

struct str name_fold(struct reader *r, struct str part)
{
	if (!folds(r))
		return part;
	size_t i = 0;
	while (i < part.n && !(part.p[i] >= 'A' && part.p[i] <= 'Z'))
		i++;
	if (i == part.n)
		return part;
	char *c = pool_memdup(r->scratch, part.p, part.n);
	for (; i < part.n; i++)
		if (c[i] >= 'A' && c[i] <= 'Z')
			c[i] += 32;
	return (struct str){ c, part.n };
}

static struct str pg_cut(struct str s)
{
	if (s.n <= PG_NAME_MAX)
		return s;
	s.n = PG_NAME_MAX;
	while (s.n > 0 && (s.p[s.n] & 0xc0) == 0x80)
		s.n--;
	return s;
}

static struct str pg_lower(struct reader *r, struct str s)
{
	size_t i = 0;
	while (i < s.n && !(s.p[i] >= 'A' && s.p[i] <= 'Z'))
		i++;
	if (i == s.n)
		return pg_cut(s);
	char *c = pool_memdup(r->scratch, s.p, s.n);
	for (; i < s.n; i++)
		if (c[i] >= 'A' && c[i] <= 'Z')
			c[i] += 32;
	return pg_cut((struct str){ c, s.n });
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The content between quotes; doubled quotes count once, \XXXX and \+XXXXXX are
 * decoded where `unicode` (the default escape of U&"..."). */
static struct str unquote(struct reader *r, struct str s, char quote, bool unicode)
{
	if (!memchr(s.p, quote, s.n) && !(unicode && memchr(s.p, '\\', s.n)))
		return s;
	struct buf b;
	buf_init(&b, r->scratch);
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == quote && i + 1 < s.n && s.p[i + 1] == quote)
			i++;
		if (c == '\\' && unicode) {
			size_t digits = i + 1 < s.n && s.p[i + 1] == '+' ? 6 : 4;
			size_t at = i + (digits == 6 ? 2 : 1);
			uint32_t code = 0;
			size_t k = 0;
			while (k < digits && at + k < s.n && hex(s.p[at + k]) >= 0)
				code = code * 16 + (uint32_t)hex(s.p[at + k++]);
			if (k == digits && code && code < 0x110000) {
				utf8_put(&b, code);
				i = at + digits - 1;
				continue;
			}
			if (i + 1 < s.n && s.p[i + 1] == '\\')
				i++;
		}
		buf_char(&b, c);
	}
	return buf_view(&b);
}

/* A quoted identifier from its first byte (U included) to behind its end. */
static struct str quoted_part(struct reader *r, struct str tok)
{
	bool unicode = tok.p[0] == 'u' || tok.p[0] == 'U';
	size_t skip = unicode ? 3 : 1;
	if (tok.n < skip + 1)
		return (struct str){ tok.p, 0 };
	char close = tok.p[skip - 1] == '[' ? ']' : tok.p[skip - 1];
	struct str s = { tok.p + skip, tok.n - skip };
	if (s.p[s.n - 1] == close)
		s.n--;
	if (r->dialect != SQL_POSTGRES)
		return s;
	return pg_cut(unquote(r, s, '"', unicode));
}

struct str name_bare(struct reader *r, struct tok t)
{
	struct str s = { t.start, (size_t)(t.end - t.start) };
	if (t.kind == T_QUOTED)
		return quoted_part(r, s);
	return r->dialect == SQL_POSTGRES && t.kind != T_TEMPLATE ? pg_lower(r, s) : s;
}

bool name_token(const struct tok *t)
{
	return t->kind == T_WORD || t->kind == T_QUOTED || t->kind == T_TEMPLATE;
}

bool name_grow(struct tok *t, const struct tok *n)
{
	if (n->start != t->end || (n->kind != T_WORD && n->kind != T_TEMPLATE && n->kind != T_NUMBER) ||
	    (t->kind != T_TEMPLATE && n->kind != T_TEMPLATE))
		return false;
	t->end = n->end;
	t->kind = T_TEMPLATE;
	return true;
}

bool name_starts(const struct reader *r)
{
	switch (r->t.kind) {
	case T_WORD:
		return !(rd_flags(r, r->t.kw) & KF_NOALIAS);
	case T_QUOTED:
	case T_TEMPLATE:
		return true;
	case T_PUNCT:
		return r->t.ch == '{' && r->t.end < r->lx.end && lex_is_word(*r->t.end);
	default:
		return false;
	}
}

static bool has_template(struct str s)
{
	const char *p = memchr(s.p, '{', s.n);
	return p && (size_t)(s.p + s.n - p) > 2;
}

static void add_part(struct reader *r, struct name *out, struct str part, bool quoted)
{
	bool tpl = has_template(part);
	if (out->parts++)
		buf_char(&r->name, '.');
	else
		out->first = part;
	out->last = part;
	out->template |= tpl;
	bool keep = false;
	for (size_t i = 0; quoted && !tpl && i < part.n && !keep; i++)
		keep = part.p[i] == '.' || (lex_class[(unsigned char)part.p[i]] & CC_SPACE);
	char q = r->dialect == SQL_POSTGRES ? '"' : '`';
	if (!keep) {
		buf_str(&r->name, part);
		return;
	}
	buf_char(&r->name, q);
	for (size_t i = 0; i < part.n; i++) {
		if (part.p[i] == q)
			buf_char(&r->name, q);
		buf_char(&r->name, part.p[i]);
	}
	buf_char(&r->name, q);
}

/* The end of a template in s at i, or i where there is none. */
static size_t past_template(struct str s, size_t i)
{
	if (s.p[i] != '{' && !(s.p[i] == '$' && i + 1 < s.n && s.p[i + 1] == '{'))
		return i;
	bool two = s.p[i] == '{' && i + 1 < s.n && (s.p[i + 1] == '{' || s.p[i + 1] == '%' || s.p[i + 1] == '#');
	const char *mark = !two ? "}" : s.p[i + 1] == '{' ? "}}" : s.p[i + 1] == '%' ? "%}" : "#}";
	size_t n = two ? 2 : 1;
	const char *e = memmem(s.p + i + n, s.n - i - n, mark, n);
	return e ? (size_t)(e - s.p) + n : i;
}

/* Without a decorator: $20190101, @-3600000-. */
static struct str undecorated(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		size_t e = past_template(s, i);
		if (e > i) {
			i = e - 1;
			continue;
		}
		if (i > 0 && (s.p[i] == '$' || s.p[i] == '@'))
			return (struct str){ s.p, i };
	}
	return s;
}

/* A BigQuery path in one string: `p.d.t`, p:d.t, domain.com:p:d.t. */
static void split_path(struct reader *r, struct name *out, struct str s, bool quoted)
{
	/* a project ends behind its last colon: at that colon in legacy SQL, at the
	 * dot behind it in standard SQL */
	size_t colon = 0;
	bool has_colon = false, tpl = memchr(s.p, '{', s.n) != NULL;
	for (size_t i = 0; i < s.n; i++) {
		size_t e = tpl ? past_template(s, i) : i;
		if (e > i)
			i = e - 1;
		else if (s.p[i] == ':') {
			colon = i;
			has_colon = true;
		}
	}
	size_t start = 0;
	size_t min = has_colon && r->dialect != SQL_BIGQUERY_LEGACY ? colon : 0;
	if (has_colon && r->dialect == SQL_BIGQUERY_LEGACY) {
		add_part(r, out, (struct str){ s.p, colon }, true);
		start = colon + 1;
	}
	for (size_t i = start; i <= s.n; i++) {
		size_t e = tpl && i < s.n ? past_template(s, i) : i;
		if (e > i) {
			i = e - 1;
			continue;
		}
		if (i < s.n && (s.p[i] != '.' || i < min))
			continue;
		struct str part = { s.p + start, i - start };
		if (i == s.n)
			part = undecorated(part);
		if (part.n > 0)
			add_part(r, out, part, quoted || has_colon);
		start = i + 1;
	}
}

/* The block template at p goes on with the part that is being read: glued to it,
 * or open inside it. */
static bool block_inside(const char *p, const char *e, const char *end, bool after_dot, int *open)
{
	const char *w = p + 2;
	while (w < e && (*w == '-' || *w == '+' || (lex_class[(unsigned char)*w] & CC_SPACE)))
		w++;
	size_t n = (size_t)(e - w);
	bool opens = (n > 2 && memcmp(w, "if", 2) == 0) || (n > 3 && memcmp(w, "for", 3) == 0);
	bool closes = n > 3 && memcmp(w, "end", 3) == 0;
	bool branch = n > 2 && memcmp(w, "el", 2) == 0;
	if ((branch || closes) && *open == 0)
		return false; /* it was opened in front of the whole name */
	bool in = *open > 0 || after_dot || (e < end && (lex_is_word(*e) || *e == '{'));
	if (in && opens)
		++*open;
	if (in && closes && *open > 0)
		--*open;
	return in;
}

/* A bare part from p; templates are part of it. */
static const char *bare_part(struct reader *r, const char *p)
{
	const char *start = p, *end = r->lx.end;
	bool bq = r->dialect == SQL_BIGQUERY, legacy = r->dialect == SQL_BIGQUERY_LEGACY;
	int open = 0;
	while (p < end) {
		char c = *p, d = p + 1 < end ? p[1] : 0;
		if (lex_is_word(c)) {
			p++;
			continue;
		}
		if (c == '{' || (c == '$' && d == '{')) {
			const char *e = lex_template(&r->lx, p);
			if (e && d == '%' && !block_inside(p, e, end, p == start, &open))
				break;
			if (!e && c == '{' && lex_is_word(d)) {
				e = p + 1;
				while (e < end && (lex_is_word(*e) || *e == '.'))
					e++;
				e = e < end && *e == '}' ? e + 1 : NULL;
			}
			if (!e)
				break;
			p = e;
			continue;
		}
		if (legacy && (c == ':' || c == '.') && p > start && (lex_is_word(d) || d == '{')) {
			p++;
			continue;
		}
		if ((bq || legacy) && p > start) {
			if (c == '-' && (lex_is_word(d) || d == '{')) {
				p++;
				continue;
			}
			if (c == '*' && (lex_is_word(p[-1]) || p[-1] == '}'))
				return p + 1;
			if (c == '$' && lex_is_word(d)) {
				p++;
				continue;
			}
			if (legacy && c == '@') {
				while (p < end && (*p == '@' || *p == '-' || lex_is_word(*p)))
					p++;
				return p;
			}
		} else if (c == '$' && p > start && !bq && !legacy) {
			p++;
			continue;
		}
		break;
	}
	return p;
}

/* The quoted identifier at p, or NULL. */
static const char *quoted_end(struct reader *r, const char *p)
{
	struct lex l = r->lx;
	struct tok t;
	l.p = p;
	l.dot = 1;
	lex_next(&l, &t);
	return t.kind == T_QUOTED && t.start == p ? t.end : NULL;
}

static const char *read_parts(struct reader *r, const char *p, struct name *out)
{
	const char *end = r->lx.end;
	bool split = r->dialect == SQL_BIGQUERY || r->dialect == SQL_BIGQUERY_LEGACY || r->dialect == SQL_ANSI;
	const char *stop = p;
	for (;;) {
		const char *q = quoted_end(r, p);
		if (q) {
			struct str part = quoted_part(r, (struct str){ p, (size_t)(q - p) });
			unsigned before = out->parts;
			if (split && *p != '"')
				split_path(r, out, part, true);
			else
				add_part(r, out, part, true);
			if (before == 0 && out->parts > 1)
				out->whole = true;
		} else {
			q = bare_part(r, p);
			if (q == p && p < end && *p == '*' && out->parts)
				q = p + 1;
			if (q == p)
				break;
			struct str part = { p, (size_t)(q - p) };
			if (r->dialect == SQL_BIGQUERY_LEGACY)
				split_path(r, out, part, false);
			else if (r->dialect == SQL_POSTGRES)
				add_part(r, out, has_template(part) ? part : pg_lower(r, part), false);
			else
				add_part(r, out, r->dialect == SQL_BIGQUERY ? undecorated(part) : part, false);
		}
		stop = q;
		const char *dot = lex_blank(&r->lx, q);
		if (dot >= end || *dot != '.')
			break;
		p = lex_blank(&r->lx, dot + 1);
		if (p >= end)
			break;
	}
	return stop;
}

static void finish(struct reader *r, const char *start, const char *stop, struct name *out)
{
	out->text = (struct str){ start, (size_t)(stop - start) };
	struct str canon = buf_view(&r->name);
	if (str_eq(canon, out->text))
		out->canon = out->text;
	else
		out->canon = (struct str){ pool_memdup(r->pool, canon.p, canon.n), canon.n };
	if (out->parts == 1 && out->template && out->text.n > 4) {
		struct str last, inner = out->text;
		if (*inner.p == '`' || *inner.p == '"' || *inner.p == '[')
			inner = (struct str){ inner.p + 1, inner.n - 2 };
		if (template_refs(r, inner, &last)) {
			out->refs = true;
			out->last = last;
		}
	}
}

void name_read(struct reader *r, struct name *out)
{
	*out = (struct name){ 0 };
	buf_reset(&r->name);
	const char *start = r->t.start;
	const char *stop = read_parts(r, start, out);
	if (stop < r->t.end)
		stop = r->t.end;
	r->lx.p = stop;
	r->lx.dot = 0;
	finish(r, start, stop, out);
	r->t.end = stop;
	rd_next(r);
}

void name_of(struct reader *r, struct str text, struct name *out)
{
	*out = (struct name){ 0 };
	buf_reset(&r->name);
	struct lex keep = r->lx;
	r->lx.end = text.p + text.n;
	read_parts(r, text.p, out);
	r->lx = keep;
	finish(r, text.p, text.p + text.n, out);
}
