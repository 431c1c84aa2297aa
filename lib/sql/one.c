#include "sql/one.h"

#include "sql/lex.h"

static int refuse(struct str text, const char *at, const char *what, struct mst_error *err)
{
	uint32_t line = 1;
	const char *start = text.p;
	for (const char *nl; (nl = memchr(start, '\n', (size_t)(at - start)));) {
		start = nl + 1;
		line++;
	}
	mst_fail(err, MST_DATA, "%s", what);
	mst_place(err, "", line, (uint32_t)(at - start) + 1);
	return mst_hint(err, "it takes one SQL expression, such as: n > 5 AND kind = 'x'");
}

int sql_one_expression(enum sql_dialect dialect, struct str text, struct mst_error *err)
{
	enum { DEPTH_MAX = 1000 };
	char open[DEPTH_MAX];
	size_t depth = 0, n = 0;
	struct lex l;
	struct tok t;
	if (memchr(text.p ? text.p : "", 0, text.n))
		return refuse(text, memchr(text.p, 0, text.n), "a NUL byte", err);
	lex_init(&l, dialect, text);
	for (;; n++) {
		lex_next(&l, &t);
		if (l.comment_bad)
			return refuse(text, l.comment_bad, "a comment without an end", err);
		if (t.kind == T_EOF)
			break;
		if (t.bad)
			return refuse(text, t.start, t.bad == BAD_STRING ? "a string without an end" : "a quoted name without an end",
				      err);
		if (t.kind == T_TEMPLATE || t.kind == T_BLOCK)
			return refuse(text, t.start, "a template", err);
		char c = t.kind == T_PUNCT ? (char)t.ch : 0;
		if (c == ';')
			return refuse(text, t.start, "a semicolon", err);
		if (c == '(' || c == '[') {
			if (depth == DEPTH_MAX)
				return refuse(text, t.start, "brackets nested too deep", err);
			open[depth++] = c;
		} else if (c == ')' || c == ']') {
			if (!depth || open[depth - 1] != (c == ')' ? '(' : '['))
				return refuse(text, t.start, "a bracket that nothing opened", err);
			depth--;
		}
	}
	if (!n)
		return refuse(text, text.p ? text.p : "", "an empty expression", err);
	return depth ? refuse(text, text.p + text.n, "a bracket that stays open", err) : 0;
}
