/* http and https addresses, as far as mst looks into them (RFC 3986). */
#ifndef MST_NET_URL_H
#define MST_NET_URL_H

#include "base/error.h"
#include "base/str.h"

#define URL_MAX 4000 /* bytes; it fits into a pipe at once */

/* MST_DATA where it is no address to load from: another scheme, no host, blanks or control
 * characters, longer than URL_MAX.  The message does not hold the text, for it may hold a secret. */
int url_check(struct str, struct mst_error *);
/* For people: what may be a secret, user and password and all behind a question mark, is "***". */
char *url_masked(struct pool *, struct str);

#endif
