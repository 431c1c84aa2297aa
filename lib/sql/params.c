#include "sql/params.h"

#include "sql/lex.h"

void sql_params_find(struct pool *pool, enum sql_dialect dialect, struct str text, sql_params *out)
{
	struct lex lx;
	struct tok t;
	*out = (sql_params){ 0 };
	if (!text.n || !memchr(text.p, '@', text.n))
		return;
	for (lex_init(&lx, dialect, text), lex_next(&lx, &t); t.kind != T_EOF; lex_next(&lx, &t)) {
		if (t.kind != T_PARAM || *t.start != '@' || t.end - t.start < 2 || t.start[1] == '@')
			continue;
		if (dialect == SQL_POSTGRES && t.start > text.p && t.start[-1] == '<')
			continue;
		*vec_push(pool, out) = (struct sql_param){
			.at = (size_t)(t.start - text.p),
			.n = (size_t)(t.end - t.start),
			.name = { t.start + 1, (size_t)(t.end - t.start - 1) },
		};
	}
}

struct str sql_without_end(enum sql_dialect dialect, struct str text)
{
	struct lex lx;
	struct tok t;
	const char *end = NULL; /* of the first of the semicolons that nothing follows */
	for (lex_init(&lx, dialect, text), lex_next(&lx, &t); t.kind != T_EOF; lex_next(&lx, &t)) {
		if (t.kind != T_PUNCT || t.ch != ';')
			end = NULL;
		else if (!end)
			end = t.start;
	}
	return end ? (struct str){ text.p, (size_t)(end - text.p) } : text;
}
