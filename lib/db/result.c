#include "db/internal.h"

#include <errno.h>
#include <stdlib.h>

size_t db_rows(const struct db_result *r)
{
	return (size_t)PQntuples(r->r);
}

size_t db_cols(const struct db_result *r)
{
	return (size_t)PQnfields(r->r);
}

int64_t db_affected(const struct db_result *r)
{
	return strtoll(PQcmdTuples(r->r), NULL, 10);
}

const char *db_col_name(const struct db_result *r, size_t col)
{
	return PQfname(r->r, (int)col);
}

uint32_t db_col_type(const struct db_result *r, size_t col)
{
	return PQftype(r->r, (int)col);
}

int db_col_modifier(const struct db_result *r, size_t col)
{
	return PQfmod(r->r, (int)col);
}

struct str db_text(const struct db_result *r, size_t row, size_t col)
{
	const char *p = PQgetvalue(r->r, (int)row, (int)col);
	return p ? (struct str){ p, (size_t)PQgetlength(r->r, (int)row, (int)col) } : STR("");
}

bool db_is_null(const struct db_result *r, size_t row, size_t col)
{
	return PQgetisnull(r->r, (int)row, (int)col);
}

int64_t db_int(const struct db_result *r, size_t row, size_t col)
{
	struct str s = db_text(r, row, col);
	char *end;
	errno = 0;
	long long v = strtoll(s.p, &end, 10);
	return errno || end == s.p || *end ? 0 : v;
}

bool db_bool(const struct db_result *r, size_t row, size_t col)
{
	return str_eqz(db_text(r, row, col), "t");
}

struct str db_param_int(struct pool *pool, int64_t v)
{
	return str_of(pool_printf(pool, "%lld", (long long)v));
}

struct str db_param_bool(bool v)
{
	return v ? STR("t") : STR("f");
}

struct str db_param_texts(struct pool *pool, const struct str *v, size_t n)
{
	struct buf b;
	buf_init(&b, pool);
	buf_char(&b, '{');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_char(&b, ',');
		if (!v[i].p) {
			buf_z(&b, "NULL");
			continue;
		}
		buf_char(&b, '"');
		for (size_t k = 0; k < v[i].n; k++) {
			if (v[i].p[k] == '"' || v[i].p[k] == '\\')
				buf_char(&b, '\\');
			buf_char(&b, v[i].p[k]);
		}
		buf_char(&b, '"');
	}
	buf_char(&b, '}');
	return buf_view(&b);
}

struct str db_quote_ident(struct pool *pool, struct str name)
{
	struct buf b;
	buf_init(&b, pool);
	buf_reserve(&b, name.n + 2);
	buf_char(&b, '"');
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == 0)
			continue;
		if (name.p[i] == '"')
			buf_char(&b, '"');
		buf_char(&b, name.p[i]);
	}
	buf_char(&b, '"');
	return buf_view(&b);
}

struct str db_quote_literal(struct pool *pool, struct str text)
{
	struct buf b;
	buf_init(&b, pool);
	/* E: right whatever standard_conforming_strings says */
	if (str_find(text, '\\') >= 0)
		buf_char(&b, 'E');
	buf_char(&b, '\'');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == 0)
			continue;
		if (text.p[i] == '\'' || text.p[i] == '\\')
			buf_char(&b, text.p[i]);
		buf_char(&b, text.p[i]);
	}
	buf_char(&b, '\'');
	return buf_view(&b);
}
