/* The one user of libcurl.  Only children in libexec link it: it takes as long to load as all
 * the rest. */
#ifndef MST_NET_HTTP_H
#define MST_NET_HTTP_H

#include "base/error.h"
#include "base/str.h"

struct http_opts {
	int connect_s; /* longest wait for a connection; 0: 30 */
	int stall_s;   /* longest silence of the server; 0: 120.  There is no limit of the whole */
	int tries;     /* 0: 5 */
	/* A line about a try that failed and is made again; may be NULL. */
	void (*note)(void *arg, const char *line);
};

/* The bytes of the body in order, as they are: a packed one is not unpacked, since gzip is asked
 * for by nobody and known by its bytes. */
typedef int http_sink(void *arg, struct str bytes, struct mst_error *);

/* GETs an http or https address.
 *
 * The whole body or an error: MST_REMOTE where it is shorter than its Content-Length, where its chunks
 * break off, where nothing says how long it is (but for gzip and zstd, which know their own end), for a
 * status other than 2xx (err->http) and for any other failure over there; MST_TIMEOUT for a server
 * that does not answer or falls silent.  Redirects are followed to http and https, from https to https
 * alone, at most ten.  Certificates are verified, against $SSL_CERT_FILE where that is set.
 *
 * Failures of the connection, 429 and 5xx are tried again, with a growing pause or as Retry-After
 * says, but only until the first byte went to the sink: a body is never glued from two answers.
 * err->retry says that the same may work later.  No message holds the secret parts of the address. */
int http_get(struct pool *, struct str url, const struct http_opts *, http_sink *, void *arg, struct mst_error *);

#endif
