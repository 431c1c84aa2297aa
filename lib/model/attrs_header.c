#include "model/attrs_header.h"

struct cursor {
	const char *p, *end, *line_start;
	uint32_t line;
};

/* The line feed that ends this line, or NULL. */
static const char *line_feed(const struct cursor *c)
{
	return c->p < c->end ? memchr(c->p, '\n', (size_t)(c->end - c->p)) : NULL;
}

static void next_line(struct cursor *c)
{
	const char *nl = line_feed(c);
	c->p = nl ? nl + 1 : c->end;
	c->line_start = c->p;
	c->line++;
}

static bool has(const struct cursor *c, const char *z, size_t n)
{
	return (size_t)(c->end - c->p) >= n && memcmp(c->p, z, n) == 0;
}

/* Behind the comment sign: blanks and "mst:"?  Moves behind it and one blank. */
static bool marker(struct cursor *c)
{
	const char *p = c->p;
	while (p < c->end && (*p == ' ' || *p == '\t'))
		p++;
	if (c->end - p < 4 || memcmp(p, "mst:", 4) != 0)
		return false;
	p += 4;
	if (p < c->end && *p == ' ')
		p++;
	c->p = p;
	return true;
}

static void add_line(struct pool *pool, struct cursor *c, struct header *out)
{
	const char *nl = line_feed(c);
	const char *end = nl ? nl : c->end;
	if (end > c->p && end[-1] == '\r')
		end--;
	if (out->yaml.n + (size_t)(end - c->p) > ATTRS_SIZE_MAX) {
		out->too_large = true;
		return;
	}
	*vec_push(pool, &out->lines) = (struct header_line){
		.line = c->line,
		.col = (uint32_t)(c->p - c->line_start) + 1,
		.at = out->yaml.n,
	};
	buf_add(&out->yaml, c->p, (size_t)(end - c->p));
	buf_char(&out->yaml, '\n');
}

/* Moves behind a block comment; false where it is not closed. */
static bool block_comment(struct cursor *c)
{
	for (c->p += 2; c->p < c->end; c->p++) {
		if (has(c, "*/", 2)) {
			c->p += 2;
			return true;
		}
		if (*c->p == '\n') {
			c->line_start = c->p + 1;
			c->line++;
		}
	}
	return false;
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* An attribute line too late is a mistake worth a word.  Looking for the colon is
 * many times faster than looking for the word. */
static uint32_t find_stray(struct cursor c)
{
	const char *colon, *seen = c.p;
	while (seen < c.end && (colon = memchr(seen, ':', (size_t)(c.end - seen)))) {
		seen = colon + 1;
		if (colon - c.p < 4 || memcmp(colon - 3, "mst", 3) != 0)
			continue;
		for (const char *nl; (nl = memchr(c.p, '\n', (size_t)(colon - c.p)));) {
			c.p = c.line_start = nl + 1;
			c.line++;
		}
		c.p = seen;
		const char *p = skip_blanks(c.line_start, colon);
		if (*p == '#')
			p++;
		else if (colon - p > 2 && p[0] == '-' && p[1] == '-')
			p += 2;
		else
			continue;
		if (skip_blanks(p, colon) == colon - 3)
			return c.line;
	}
	return 0;
}

void header_collect(struct pool *pool, struct str text, struct header *out)
{
	*out = (struct header){ 0 };
	buf_init(&out->yaml, pool);
	struct cursor c = { text.p, text.p + text.n, text.p, 1 };
	if (has(&c, "\xef\xbb\xbf", 3))
		c.p += 3;
	bool fresh = true; /* nothing but blanks on this line so far */
	while (c.p < c.end) {
		char ch = *c.p;
		if (ch == '\n') {
			next_line(&c);
			fresh = true;
		} else if (ch == ' ' || ch == '\t' || ch == '\r' || ch == '\f' || ch == '\v') {
			c.p++;
		} else if (ch == '#' || has(&c, "--", 2)) {
			c.p += ch == '#' ? 1 : 2;
			if (fresh && marker(&c))
				add_line(pool, &c, out);
			next_line(&c);
			fresh = true;
		} else if (has(&c, "/*", 2)) {
			fresh = false;
			if (!block_comment(&c))
				return;
		} else {
			break;
		}
	}
	if (text.n)
		out->stray = find_stray(c);
}

struct attr_place header_place(const struct header *h, size_t at)
{
	size_t lo = 0, hi = h->lines.n;
	if (hi == 0)
		return (struct attr_place){ 1, 1 };
	while (hi - lo > 1) {
		size_t mid = (lo + hi) / 2;
		if (h->lines.v[mid].at <= at)
			lo = mid;
		else
			hi = mid;
	}
	const struct header_line *l = &h->lines.v[lo];
	size_t end = lo + 1 < h->lines.n ? h->lines.v[lo + 1].at : h->yaml.n;
	if (at > end)
		at = end;
	return (struct attr_place){ l->line, l->col + (uint32_t)(at - l->at) };
}
