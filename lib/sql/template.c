#include "sql/read.h"

struct call {
	struct str at;      /* the call as written */
	struct str arg[2];  /* its literal positional arguments */
	unsigned n;
	bool other;         /* something before them that is no literal */
};

static const char *blanks(const char *p, const char *end)
{
	while (p < end && (lex_class[(unsigned char)*p] & CC_SPACE))
		p++;
	return p;
}

/* The arguments from behind the parenthesis; p of the end. */
static const char *arguments(const char *p, const char *end, struct call *c)
{
	for (;;) {
		p = blanks(p, end);
		if (p >= end || (*p != '\'' && *p != '"'))
			break;
		const char *e = memchr(p + 1, *p, (size_t)(end - p - 1));
		if (!e)
			return NULL;
		if (c->n < 2)
			c->arg[c->n++] = (struct str){ p + 1, (size_t)(e - p - 1) };
		p = blanks(e + 1, end);
		if (p < end && *p == ')')
			return p + 1;
		if (p >= end || *p != ',') {
			c->other = true; /* 'a' ~ b */
			break;
		}
		p++;
	}
	if (c->n == 0)
		c->other = true;
	const char *e = memchr(p, ')', (size_t)(end - p));
	return e ? e + 1 : NULL;
}

static void part(struct buf *b, struct str s)
{
	bool keep = false;
	for (size_t i = 0; i < s.n; i++)
		keep |= s.p[i] == '.' || s.p[i] == ' ';
	if (keep)
		buf_char(b, '`');
	buf_str(b, s);
	if (keep)
		buf_char(b, '`');
}

static void record(struct reader *r, const struct call *c, bool source, bool dataform)
{
	struct buf b;
	buf_init(&b, r->pool);
	if (c->n == 2 && (source || dataform)) {
		part(&b, c->arg[0]);
		buf_char(&b, '.');
	}
	part(&b, c->arg[c->n - 1]);
	*vec_push(r->scratch, &r->items) = (struct item){
		.name = buf_view(&b),
		.text = c->at,
		.at = r->fixed_at ? r->fixed_at : c->at.p,
		.mode = SQL_READ,
		.settled = true,
	};
}

unsigned template_refs(struct reader *r, struct str tpl, struct str *last)
{
	const char *p = tpl.p, *end = tpl.p + tpl.n;
	bool fresh = tpl.p >= r->template_seen;
	bool dataform = *p == '$';
	unsigned found = 0;
	while (p < end) {
		if (*p == '\'' || *p == '"') {
			const char *e = memchr(p + 1, *p, (size_t)(end - p - 1));
			if (!e)
				break;
			p = e + 1;
			continue;
		}
		if (!lex_is_word(*p)) {
			p++;
			continue;
		}
		const char *w = p;
		while (p < end && lex_is_word(*p))
			p++;
		size_t n = (size_t)(p - w);
		bool source = n == 6 && memcmp(w, "source", 6) == 0;
		bool is_ref = n == 3 && memcmp(w, "ref", 3) == 0;
		if (!source && !is_ref)
			continue;
		if (w > tpl.p && w[-1] == '.' && !(w - tpl.p > 9 && memcmp(w - 9, "builtins.", 9) == 0))
			continue;
		const char *q = blanks(p, end);
		if (q >= end || *q != '(')
			continue;
		struct call c = { 0 };
		const char *e = arguments(q + 1, end, &c);
		if (!e)
			continue;
		c.at = (struct str){ w, (size_t)(e - w) };
		bool blank = c.n == 0 || c.arg[c.n - 1].n == 0;
		if (blank || (c.other && c.n < (source ? 2u : 1u)) || (source && c.n < 2)) {
			if (fresh)
				rd_diag(r, SQL_WARNING, w, "the argument of %s() is no literal: the table cannot be known",
					source ? "source" : "ref");
			continue;
		}
		found++;
		if (last)
			*last = c.arg[c.n - 1];
		if (fresh)
			record(r, &c, source, dataform);
		p = e;
	}
	if (fresh)
		r->template_seen = end;
	return found;
}
