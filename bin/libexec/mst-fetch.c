/* libs: -lcurl */
/* mst-fetch [-c SECONDS] [-s SECONDS] [-t TRIES]: GETs the http or https address that stands on its
 * stdin (it may hold a secret, so it is no argument) and writes the body to stdout.  Status 0: all of
 * it.  Else the last line of stderr is {"code":N,"message":"..","hint":"..","http":N,"retry":BOOL},
 * code as enum mst_code, and nothing may be made of what was written.  Lines before are remarks. */
#include "base/fs.h"
#include "base/jsonl.h"
#include "net/http.h"
#include "net/url.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int body(void *arg, struct str bytes, struct mst_error *err)
{
	(void)arg;
	return fs_write_all(STDOUT_FILENO, bytes.p, bytes.n, "stdout", err);
}

static void note(void *arg, const char *line)
{
	(void)arg;
	fprintf(stderr, "%s\n", line);
}

static int fetch(struct pool *pool, const struct http_opts *o, struct mst_error *err)
{
	struct str url;
	int rc = fs_read_fd(pool, STDIN_FILENO, "stdin", URL_MAX + 16, &url, err);
	return rc ? rc : http_get(pool, str_trim(url), o, body, NULL, err);
}

static int say_error(struct pool *pool, const struct mst_error *err)
{
	struct buf b;
	struct jw w;
	buf_init(&b, pool);
	jw_init(&w, &b);
	jw_object(&w);
	jw_key_i(&w, "code", err->code);
	jw_key_z(&w, "message", err->msg);
	if (err->hint[0])
		jw_key_z(&w, "hint", err->hint);
	if (err->http)
		jw_key_i(&w, "http", err->http);
	jw_key_b(&w, "retry", err->retry);
	jw_end(&w);
	fprintf(stderr, "%s\n", buf_cstr(&b));
	return mst_code_exit(err->code);
}

int main(int argc, char **argv)
{
	POOL_SCRATCH(pool);
	struct http_opts o = { .note = note };
	struct mst_error err = { 0 };
	for (int c; (c = getopt(argc, argv, "c:s:t:")) != -1;) {
		int *to = c == 'c' ? &o.connect_s : c == 's' ? &o.stall_s : c == 't' ? &o.tries : NULL;
		long v = to ? strtol(optarg, NULL, 10) : 0;
		if (v < 1 || v > 86400) {
			mst_fail(&err, MST_USAGE, "mst-fetch [-c SECONDS] [-s SECONDS] [-t TRIES] <ADDRESS");
			return say_error(pool, &err);
		}
		*to = (int)v;
	}
	/* the reader is gone: nobody is left to be told */
	signal(SIGPIPE, SIG_DFL);
	return fetch(pool, &o, &err) ? say_error(pool, &err) : 0;
}
