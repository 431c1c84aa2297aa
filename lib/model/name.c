#include "model/name.h"

enum word { PROJECT, DATASET, TABLE, WORDS };

static const struct str words[WORDS] = { { "PROJECT", 7 }, { "DATASET", 7 }, { "TABLE", 5 } };

/* The word that starts at `s`, or -1. */
static int word_at(struct str s)
{
	for (int w = 0; w < WORDS; w++)
		if (str_has_prefix(s, words[w]))
			return w;
	return -1;
}

static struct str skip(struct str s, size_t n)
{
	return (struct str){ s.p + n, s.n - n };
}

int name_pattern_parse(struct pool *pool, const char *pattern, struct name_pattern *out,
		       struct mst_error *err)
{
	struct name_pattern r = { .text = pool_strdup(pool, pattern) };
	unsigned seen[WORDS] = { 0 };
	struct str rest = str_of(r.text), part;
	bool more = true;
	while (more) {
		more = str_cut(rest, '/', &part, &rest);
		if (part.n == 0) {
			mst_fail(err, MST_USAGE, "empty component in the name pattern '%s'", pattern);
			return mst_hint(err, "a pattern looks like %s", NAME_PATTERN_DEFAULT);
		}
		*vec_push(pool, &r.parts) = part;
		while (part.n) {
			int w = word_at(part);
			if (w >= 0)
				seen[w]++;
			part = skip(part, w >= 0 ? words[w].n : 1);
		}
	}
	for (int w = 0; w < WORDS; w++)
		if (seen[w] > 1)
			return mst_fail(err, MST_USAGE, "%s stands twice in the name pattern '%s'",
					words[w].p, pattern);
	if (!seen[TABLE]) {
		mst_fail(err, MST_USAGE, "no TABLE in the name pattern '%s'", pattern);
		return mst_hint(err, "a pattern looks like PROJECT/DATASET/TABLE/query.sql");
	}
	if (seen[PROJECT] && !seen[DATASET])
		return mst_fail(err, MST_USAGE, "PROJECT without DATASET in the name pattern '%s'", pattern);
	*out = r;
	return 0;
}

/* One component against one component.  The shortest match of each wildcard
 * that lets the literal behind it fit; only the last one is ever tried again,
 * which is enough (as in any glob) and keeps the cost at n * m. */
static bool fits(struct str pat, struct str s, struct str got[WORDS])
{
	struct str retry_pat = { 0 }, retry_s = { 0 };
	int open = -1; /* the wildcard last seen: a word, or WORDS for `*` */
	bool have = false;
	for (;;) {
		int w = pat.n ? word_at(pat) : -1;
		if (w < 0 && pat.n && pat.p[0] == '*')
			w = WORDS;
		if (w >= 0) {
			/* a word takes at least one byte */
			size_t min = w == WORDS ? 0 : 1;
			if (s.n < min)
				return false;
			if (w < WORDS)
				got[w] = (struct str){ s.p, min };
			pat = skip(pat, w == WORDS ? 1 : words[w].n);
			s = skip(s, min);
			retry_pat = pat;
			retry_s = s;
			open = w;
			have = true;
			continue;
		}
		if (pat.n == 0 && s.n == 0)
			return true;
		if (pat.n && s.n && pat.p[0] == s.p[0]) {
			pat = skip(pat, 1);
			s = skip(s, 1);
			continue;
		}
		if (!have || retry_s.n == 0)
			return false;
		retry_s = skip(retry_s, 1);
		if (open < WORDS)
			got[open].n++;
		s = retry_s;
		pat = retry_pat;
	}
}

void name_put_part(struct buf *b, struct str part, char quote)
{
	bool plain = part.n > 0;
	for (size_t i = 0; i < part.n && plain; i++) {
		char c = part.p[i];
		plain = c != '.' && c != ' ' && !(c >= '\t' && c <= '\r');
	}
	if (plain) {
		buf_str(b, part);
		return;
	}
	buf_char(b, quote);
	for (size_t i = 0; i < part.n; i++) {
		if (part.p[i] == quote)
			buf_char(b, quote);
		buf_char(b, part.p[i]);
	}
	buf_char(b, quote);
}

static struct str join(struct pool *pool, const struct str part[WORDS], char quote)
{
	struct buf b;
	buf_init(&b, pool);
	for (int w = 0; w < WORDS; w++) {
		if (!part[w].n)
			continue;
		if (b.n)
			buf_char(&b, '.');
		name_put_part(&b, part[w], quote);
	}
	return buf_view(&b);
}

/* Cuts the last component off. */
static struct str last(struct str *path)
{
	size_t i = path->n;
	while (i && path->p[i - 1] != '/')
		i--;
	struct str r = { path->p + i, path->n - i };
	path->n = i ? i - 1 : 0;
	return r;
}

bool name_of_path(struct pool *pool, const struct name_pattern *pat, const char *path, char quote,
		  struct str *out)
{
	struct str rest = str_of(path), got[WORDS] = { 0 };
	for (size_t i = pat->parts.n; i-- > 0;) {
		struct str part = last(&rest);
		if (!part.n || !fits(pat->parts.v[i], part, got))
			return false;
	}
	*out = join(pool, got, quote);
	return true;
}

struct str name_of_any_path(struct pool *pool, const char *path, char quote)
{
	struct str rest = str_of(path), got[WORDS] = { 0 };
	got[TABLE] = last(&rest);
	got[DATASET] = last(&rest);
	size_t dot = got[TABLE].n;
	while (dot && got[TABLE].p[dot - 1] != '.')
		dot--;
	if (dot > 1)
		got[TABLE].n = dot - 1;
	return join(pool, got, quote);
}

/* One part from the start of *rest: its text without quotes. */
static int parse_part(struct pool *pool, struct str name, struct str *rest, struct str *out,
		      struct mst_error *err)
{
	struct buf b;
	char open = 0;
	size_t i = 0;
	buf_init(&b, pool);
	for (; i < rest->n; i++) {
		unsigned char c = (unsigned char)rest->p[i];
		if (c < 0x20 || c == 0x7f)
			return mst_fail(err, MST_DATA, "a control character in the name '%.*s'",
					STR_FMT(name));
		if (open && c == (unsigned char)open && i + 1 < rest->n && rest->p[i + 1] == open) {
			buf_char(&b, open);
			i++;
		} else if (open && c == (unsigned char)open) {
			open = 0;
		} else if (!open && (c == '`' || c == '"')) {
			open = (char)c;
		} else if (!open && c == '.') {
			break;
		} else if (!open && c == ' ') {
			mst_fail(err, MST_DATA, "a blank in the name '%.*s'", STR_FMT(name));
			return mst_hint(err, "a part that holds a blank stands in quotes");
		} else {
			buf_char(&b, (char)c);
		}
	}
	if (open)
		return mst_fail(err, MST_DATA, "a quote that is not closed in the name '%.*s'",
				STR_FMT(name));
	if (!b.n)
		return mst_fail(err, MST_DATA, "an empty part in the name '%.*s'", STR_FMT(name));
	*out = buf_view(&b);
	*rest = skip(*rest, i);
	return 0;
}

int name_parse(struct pool *pool, struct str name, char quote, struct str *out, struct mst_error *err)
{
	struct str rest = name, part;
	struct buf b;
	unsigned parts = 0;
	bool colon = str_find(name, ':') >= 0;
	buf_init(&b, pool);
	if (name.n == 0)
		return mst_fail(err, MST_DATA, "an empty name");
	if (name.n > 3 * 1024)
		return mst_fail(err, MST_LIMIT, "a name longer than 3072 bytes");
	for (;;) {
		int rc = parse_part(pool, name, &rest, &part, err);
		if (rc)
			return rc;
		parts++;
		name_put_part(&b, part, quote);
		if (!rest.n)
			break;
		buf_char(&b, '.');
		rest = skip(rest, 1);
	}
	if (parts > 3 && !colon) {
		mst_fail(err, MST_DATA, "%u parts in the name '%.*s'", parts, STR_FMT(name));
		return mst_hint(err, "a name is project.dataset.table at most");
	}
	*out = buf_view(&b);
	return 0;
}
