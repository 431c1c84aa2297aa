#include "net/url.h"

static struct str scheme_of(struct str url)
{
	static const char *const schemes[] = { "http://", "https://" };
	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(schemes[i]);
		if (url.n >= n && str_ieq((struct str){ url.p, n }, str_of(schemes[i])))
			return (struct str){ url.p, n };
	}
	return (struct str){ url.p, 0 };
}

/* Index of the first byte from `at` on that is one of `set`, or url.n. */
static size_t next_of(struct str url, size_t at, const char *set)
{
	while (at < url.n && !strchr(set, url.p[at]))
		at++;
	return at;
}

/* Where the host begins and ends; user and password stand before it. */
static void find_host(struct str url, size_t scheme, size_t *host, size_t *end)
{
	*end = next_of(url, scheme, "/?#\\");
	const char *at = memrchr(url.p + scheme, '@', *end - scheme);
	*host = at ? (size_t)(at - url.p) + 1 : scheme;
}

int url_check(struct str url, struct mst_error *err)
{
	size_t host, end;
	for (size_t i = 0; i < url.n; i++)
		if ((unsigned char)url.p[i] <= ' ' || url.p[i] == 0x7f)
			return mst_fail(err, MST_DATA, "a blank or a control character (write %%20 for a blank)");
	if (url.n > URL_MAX)
		return mst_fail(err, MST_DATA, "longer than %d bytes", URL_MAX);
	size_t scheme = scheme_of(url).n;
	if (!scheme)
		return mst_fail(err, MST_DATA, "no address that begins with http:// or https://");
	find_host(url, scheme, &host, &end);
	return host == end || url.p[host] == ':' ? mst_fail(err, MST_DATA, "no host") : 0;
}

char *url_masked(struct pool *pool, struct str url)
{
	struct buf b;
	size_t host, end, scheme = scheme_of(url).n;
	buf_init(&b, pool);
	find_host(url, scheme, &host, &end);
	size_t query = next_of(url, end, "?#");
	buf_add(&b, url.p, scheme);
	if (host > scheme)
		buf_z(&b, "***@");
	buf_add(&b, url.p + host, query - host);
	if (query < url.n && url.p[query] == '?')
		buf_z(&b, "?***");
	return buf_cstr(&b);
}
