#include "net/http.h"

#include "base/time.h"
#include "net/url.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define REDIRECTS_MAX 10
#define HEADERS_MAX ((size_t)256 << 10)
#define PAUSE_FIRST_MS 500
#define PAUSE_MAX_S 60

struct get {
	CURL *curl;
	const char *shown; /* the address without its secrets */
	http_sink *sink;
	void *arg;
	struct mst_error *err;
	int64_t stall_us;
	char said[CURL_ERROR_SIZE];
	/* of the answer that is read */
	char reason[64];
	char encoding[64];
	size_t headers;
	bool chunked;
	int64_t heard_us; /* when the server last said something */
	/* why it was broken off: in err already */
	bool failed, stalled, handed;
};

static struct str header_value(struct str line, const char *name)
{
	size_t n = strlen(name);
	if (line.n <= n || line.p[n] != ':' || !str_ieq((struct str){ line.p, n }, str_of(name)))
		return (struct str){ NULL, 0 };
	return str_trim((struct str){ line.p + n + 1, line.n - n - 1 });
}

static void keep(char *to, size_t size, struct str s)
{
	size_t n = s.n < size - 1 ? s.n : size - 1;
	memcpy(to, s.p, n);
	to[n] = 0;
	mst_harmless(to, n);
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
	struct get *g = arg;
	struct str line = { p, size * n }, first, rest;
	g->heard_us = time_mono_us();
	if (str_has_prefix(line, STR("HTTP/"))) {
		g->headers = 0;
		g->chunked = false;
		g->encoding[0] = 0;
		str_cut(str_trim(line), ' ', &first, &rest);
		if (!str_cut(rest, ' ', &first, &rest))
			rest.n = 0;
		keep(g->reason, sizeof g->reason, rest);
	}
	g->headers += line.n;
	if (g->headers > HEADERS_MAX) {
		mst_fail(g->err, MST_REMOTE, "%s: headers of more than %zu bytes", g->shown, HEADERS_MAX);
		g->failed = true;
		return 0;
	}
	struct str v = header_value(line, "transfer-encoding");
	if (v.p && v.n >= 7 && str_ieq((struct str){ v.p + v.n - 7, 7 }, STR("chunked")))
		g->chunked = true;
	v = header_value(line, "content-encoding");
	if (v.p)
		keep(g->encoding, sizeof g->encoding, v);
	return line.n;
}

static long status_of(const struct get *g)
{
	long status = 0;
	curl_easy_getinfo(g->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* 206 is a part of what nobody asked a part of. */
static bool good(long status)
{
	return status >= 200 && status <= 299 && status != 206;
}

/* Whether the end of the body can be told from a cut. */
static bool framed(const struct get *g)
{
	curl_off_t length = -1;
	long version = 0;
	curl_easy_getinfo(g->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	curl_easy_getinfo(g->curl, CURLINFO_HTTP_VERSION, &version);
	return g->chunked || length >= 0 || version >= CURL_HTTP_VERSION_2_0;
}

static int check_answer(struct get *g)
{
	static const char *const known[] = { "", "identity", "gzip", "x-gzip", "zstd" };
	size_t i = 0;
	while (i < 5 && !str_ieq(str_of(g->encoding), str_of(known[i])))
		i++;
	if (i == 5)
		return mst_fail(g->err, MST_REMOTE, "%s: the body is encoded as '%s', which nobody asked for", g->shown,
				g->encoding);
	/* what is packed does not know its end either: another member may have been to come */
	if (framed(g))
		return 0;
	mst_fail(g->err, MST_REMOTE, "%s: the server does not say how long the body is, so its end could be a cut", g->shown);
	return mst_hint(g->err, "to take it as it comes: -- mst: command: curl -fsS ADDRESS");
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct get *g = arg;
	struct str bytes = { p, size * n };
	/* what a server says about a failure is not the body */
	if (!good(status_of(g)))
		return 0;
	if (bytes.n && ((!g->handed && check_answer(g)) || (g->handed = true, g->sink(g->arg, bytes, g->err)))) {
		g->failed = true;
		return 0;
	}
	/* the time that the sink took is not the server's */
	g->heard_us = time_mono_us();
	return bytes.n;
}

static int on_progress(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up)
{
	struct get *g = arg;
	(void)total, (void)now, (void)up_total, (void)up;
	g->stalled = time_mono_us() - g->heard_us > g->stall_us;
	return g->stalled;
}

static int set_options(struct get *g, const char *url, const struct http_opts *o, struct curl_slist *headers)
{
	CURL *c = g->curl;
	bool tls = str_ieq((struct str){ url, 8 }, STR("https://"));
	const char *certificates = getenv("SSL_CERT_FILE");
	CURLcode rc = CURLE_OK;
#define SET(option, value) rc = rc ? rc : curl_easy_setopt(c, CURLOPT_##option, value)
	SET(URL, url);
	SET(PROTOCOLS_STR, "http,https");
	SET(REDIR_PROTOCOLS_STR, tls ? "https" : "http,https");
	SET(FOLLOWLOCATION, 1L);
	SET(MAXREDIRS, (long)REDIRECTS_MAX);
	SET(NOSIGNAL, 1L);
	SET(CONNECTTIMEOUT, o->connect_s ? (long)o->connect_s : 30L);
	SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(USERAGENT, "mst/" MST_VERSION);
	SET(HTTPHEADER, headers);
	SET(HTTP_CONTENT_DECODING, 0L);
	SET(HEADERFUNCTION, on_header);
	SET(HEADERDATA, g);
	SET(WRITEFUNCTION, on_body);
	SET(WRITEDATA, g);
	SET(NOPROGRESS, 0L);
	SET(XFERINFOFUNCTION, on_progress);
	SET(XFERINFODATA, g);
	SET(ERRORBUFFER, g->said);
	SET(BUFFERSIZE, 65536L);
	if (certificates && *certificates)
		SET(CAINFO, certificates);
#undef SET
	return rc ? mst_fail(g->err, MST_BUG, "libcurl: %s", curl_easy_strerror(rc)) : 0;
}

/* The error of a try; err->retry: another one may do. */
static int explain(struct get *g, CURLcode rc)
{
	struct mst_error *err = g->err;
	long status = status_of(g);
	if (g->failed)
		return err->code;
	if (status && !good(status) && (rc == CURLE_OK || rc == CURLE_WRITE_ERROR)) {
		mst_fail(err, MST_REMOTE, "%s: the server says %ld%s%s", g->shown, status, g->reason[0] ? " " : "", g->reason);
		err->http = (int)status;
		err->retry = status == 429 || status == 408 || (status >= 500 && status != 501 && status != 505);
		return MST_REMOTE;
	}
	/* libcurl's own words, unless they quote the address */
	const char *why = g->said[0] && !strpbrk(g->said, "?@") ? g->said : curl_easy_strerror(rc);
	int code = rc == CURLE_OPERATION_TIMEDOUT || g->stalled ? MST_TIMEOUT : MST_REMOTE;
	if (g->stalled)
		mst_fail(err, code, "%s: the server has said nothing for %d s", g->shown, (int)(g->stall_us / US_PER_S));
	else if (rc == CURLE_PARTIAL_FILE)
		mst_fail(err, code, "%s: the body was cut off: %s", g->shown, why);
	else
		mst_fail(err, code, "%s: %s", g->shown, why);
	switch (rc) {
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_ABORTED_BY_CALLBACK:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		err->retry = true;
		break;
	default:
		break;
	}
	if (rc == CURLE_PEER_FAILED_VERIFICATION)
		mst_hint(err, "SSL_CERT_FILE names the certificates of an authority of one's own");
	if (rc == CURLE_UNSUPPORTED_PROTOCOL)
		mst_hint(err, "redirects are followed to http and https only, and never from https to http");
	return code;
}

/* How long before the next try; -1: too long to wait here. */
static int64_t pause_ms(struct get *g, int try)
{
	curl_off_t after = 0;
	int64_t ms = (int64_t)PAUSE_FIRST_MS << try;
	curl_easy_getinfo(g->curl, CURLINFO_RETRY_AFTER, &after);
	if (after > PAUSE_MAX_S)
		return -1;
	/* up to a quarter more, so that many who failed at once do not come back at once */
	ms += (int64_t)((uint64_t)time_mono_us() % (uint64_t)(ms / 4));
	return after * 1000 > ms ? after * 1000 : ms;
}

static void tell(struct pool *pool, const struct get *g, const struct http_opts *o, int64_t ms)
{
	if (o->note)
		o->note(g->arg, pool_printf(pool, "%s; trying again in %.1f s", g->err->msg, (double)ms / 1000));
}

static int get(struct pool *pool, struct get *g, const struct http_opts *o)
{
	for (int try = 0;; try++) {
		g->failed = g->stalled = false;
		g->said[0] = g->reason[0] = 0;
		g->heard_us = time_mono_us();
		CURLcode rc = curl_easy_perform(g->curl);
		if (rc == CURLE_OK && good(status_of(g)))
			return g->handed ? 0 : check_answer(g);
		int code = explain(g, rc);
		int64_t ms = g->handed || !g->err->retry || try + 1 >= (o->tries ? o->tries : 5) ? -1 : pause_ms(g, try);
		if (ms < 0)
			return code;
		tell(pool, g, o, ms);
		struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
		nanosleep(&t, NULL);
	}
}

static void clean_up(void *curl)
{
	curl_easy_cleanup(curl);
}

static void free_list(void *list)
{
	curl_slist_free_all(list);
}

int http_get(struct pool *pool, struct str url, const struct http_opts *o, http_sink *sink, void *arg,
	     struct mst_error *err)
{
	int rc = url_check(url, err);
	if (rc)
		return rc;
	POOL_SCRATCH(tmp);
	struct get g = { .shown = url_masked(tmp, url), .sink = sink, .arg = arg, .err = err };
	g.stall_us = (o->stall_s ? o->stall_s : 120) * US_PER_S;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) || !(g.curl = curl_easy_init()))
		return mst_fail(err, MST_BUG, "libcurl cannot be set up");
	pool_on_free(tmp, clean_up, g.curl);
	struct curl_slist *headers = curl_slist_append(NULL, "Accept-Encoding: identity");
	if (!headers)
		mst_out_of_memory();
	pool_on_free(tmp, free_list, headers);
	rc = set_options(&g, str_z(tmp, url), o, headers);
	return rc ? rc : get(pool, &g, o);
}
