/* The head of a CREATE VIEW statement: as much of it as must be read to put another
 * name there. */
#include "provider/postgres/internal.h"

#include "model/job.h"

#include <ctype.h>

struct scan {
	const char *p, *end;
};

static bool at(const struct scan *s, char a, char b)
{
	return s->end - s->p >= 2 && s->p[0] == a && s->p[1] == b;
}

static void skip_blank(struct scan *s)
{
	while (s->p < s->end) {
		if (isspace((unsigned char)*s->p)) {
			s->p++;
		} else if (at(s, '-', '-')) {
			const char *nl = memchr(s->p, '\n', (size_t)(s->end - s->p));
			s->p = nl ? nl : s->end;
		} else if (at(s, '/', '*')) {
			size_t depth = 0;
			do {
				bool open = at(s, '/', '*'), close = at(s, '*', '/');
				depth = depth + open - close;
				s->p += open || close ? 2 : 1;
			} while (depth && s->p < s->end);
		} else {
			return;
		}
	}
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (c & 0x80);
}

/* Passes over the next word where it is `word` (any case). */
static bool take(struct scan *s, const char *word)
{
	skip_blank(s);
	size_t n = strlen(word);
	if ((size_t)(s->end - s->p) < n || !str_ieq((struct str){ s->p, n }, str_of(word)))
		return false;
	if (s->p + n < s->end && is_word(s->p[n]))
		return false;
	s->p += n;
	return true;
}

/* One part of a name, unquoted; folded as PostgreSQL does. */
static bool take_ident(struct pool *pool, struct scan *s, struct str *out)
{
	struct buf b;
	buf_init(&b, pool);
	skip_blank(s);
	if (s->p < s->end && *s->p == '"') {
		for (s->p++; s->p < s->end; s->p++) {
			if (*s->p == '"' && (s->p + 1 == s->end || s->p[1] != '"'))
				break;
			s->p += *s->p == '"';
			buf_char(&b, *s->p);
		}
		if (s->p < s->end)
			s->p++;
	} else {
		for (; s->p < s->end && is_word(*s->p); s->p++)
			buf_char(&b, *s->p >= 'A' && *s->p <= 'Z' ? (char)(*s->p + 32) : *s->p);
	}
	*out = buf_view(&b);
	return out->n > 0;
}

static int place(const struct warehouse_target *t, const char *p, struct mst_error *err)
{
	uint32_t line, col;
	text_place(t->sql, (size_t)(p - t->sql.p), &line, &col);
	return mst_place(err, t->file, line, col);
}

int pg_view_text(struct pool *pool, const struct warehouse_target *t, bool materialized, struct pg_view_text *out,
		 struct mst_error *err)
{
	struct scan s = { t->sql.p, t->sql.p + t->sql.n };
	struct pg_view_text v = { .body = t->sql };
	skip_blank(&s);
	const char *start = s.p;
	if (!take(&s, "create")) {
		*out = v;
		return 0;
	}
	if (take(&s, "or"))
		take(&s, "replace");
	if (take(&s, "temp") || take(&s, "temporary")) {
		mst_fail(err, MST_DATA, "a temporary view would be gone at once");
		return place(t, start, err);
	}
	v.recursive = take(&s, "recursive");
	if (materialized && !take(&s, "materialized")) {
		mst_fail(err, MST_DATA, "a materialized view is a query or one CREATE MATERIALIZED VIEW statement");
		return place(t, start, err);
	}
	bool other = take(&s, "materialized");
	if (!take(&s, "view") || other) {
		mst_fail(err, MST_DATA, "a view is a query or one CREATE VIEW statement");
		mst_hint(err, other ? "a materialized one has '-- mst: kind: materialized'" :
				      "write the query alone with '-- mst: kind: summary', or use kind: script");
		return place(t, start, err);
	}
	if (take(&s, "if") && take(&s, "not"))
		take(&s, "exists");
	skip_blank(&s);
	const char *name_at = s.p;
	struct str part[3];
	size_t n = 0;
	while (n < 3 && take_ident(pool, &s, &part[n])) {
		struct scan behind = s;
		n++;
		skip_blank(&behind);
		if (behind.p == behind.end || *behind.p != '.')
			break;
		s.p = behind.p + 1;
	}
	struct str dataset = t->dataset.n ? t->dataset : STR("public");
	if (n == 0 || !str_eq(part[n - 1], t->table) || (n > 1 && !str_eq(part[n - 2], dataset))) {
		mst_fail(err, MST_DATA, "the statement makes another view than %.*s", STR_FMT(t->name));
		mst_hint(err, "give the file the view's name, or write the query alone");
		return place(t, name_at, err);
	}
	v.statement = true;
	v.body = (struct str){ s.p, (size_t)(s.end - s.p) };
	*out = v;
	return 0;
}
