#include "cli/config.h"
#include "base/str.h"

/* Ends a libpq value: a blank, or the closing quote where it began with one. */
static const char *value_end(const char *p)
{
	char quote = *p == '\'' ? *p++ : 0;
	while (*p && (quote ? *p != '\'' : *p != ' ' && *p != '\t')) {
		if (*p == '\\' && p[1])
			p++;
		p++;
	}
	return quote && *p ? p + 1 : p;
}

/* Behind the "://" of a URI, or NULL: a keyword's value may hold one, too. */
static const char *authority(const char *value)
{
	const char *p = value;
	while ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (p > value && *p >= '0' && *p <= '9'))
		p++;
	return p > value && strncmp(p, "://", 3) == 0 ? p + 3 : NULL;
}

/* "scheme://user:PASSWORD@host": everything between the first ':' of the
 * authority and its last '@', since unescaped passwords are seen in the wild. */
static void mask_authority(struct buf *b, const char **at, const char *p)
{
	size_t n = strcspn(p, "/?#");
	const char *end = p + n, *sign = NULL;
	for (const char *q = p; *q; q++)
		if (*q == '@' && (q < end || !sign))
			sign = q;
	const char *colon = sign ? memchr(p, ':', (size_t)(sign - p)) : NULL;
	if (!colon)
		return;
	buf_add(b, *at, (size_t)(colon + 1 - *at));
	buf_z(b, "***");
	*at = sign;
}

const char *config_shown(struct pool *pool, const struct config_key *key, const char *value)
{
	static const char *const words[] = { "password", "passwd", "sslpassword" };
	struct buf b;
	if (!value)
		return NULL;
	if (key && key->secret)
		return "***";
	const char *p = value;
	buf_init(&b, pool);
	const char *uri = authority(value);
	if (uri)
		mask_authority(&b, &p, uri);
	while (*p) {
		size_t hit = 0;
		bool start = p == value || strchr(uri ? "?&" : " \t'", p[-1]);
		for (size_t i = 0; start && i < 3 && !hit; i++) {
			size_t n = strlen(words[i]);
			if (strncmp(p, words[i], n) == 0) {
				size_t blanks = uri ? 0 : strspn(p + n, " \t");
				if (p[n + blanks] == '=')
					hit = n + blanks + 1;
			}
		}
		if (!hit) {
			buf_char(&b, *p++);
			continue;
		}
		buf_add(&b, p, hit);
		p += hit;
		for (; !uri && (*p == ' ' || *p == '\t'); p++)
			buf_char(&b, *p);
		buf_z(&b, "***");
		p = uri ? p + strcspn(p, "&#") : value_end(p);
	}
	return buf_cstr(&b);
}
