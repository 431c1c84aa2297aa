#include "base/error.h"

#include "base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int exit;
} codes[] = {
	[-MST_OK] = { "ok", 0 },
	[-MST_USAGE] = { "usage", 2 },
	[-MST_DATA] = { "data", 3 },
	[-MST_NOT_FOUND] = { "not found", 1 },
	[-MST_CONFLICT] = { "conflict", 1 },
	[-MST_DENIED] = { "denied", 6 },
	[-MST_UNAVAILABLE] = { "unavailable", 4 },
	[-MST_TIMEOUT] = { "timeout", 5 },
	[-MST_CANCELLED] = { "cancelled", 130 },
	[-MST_REMOTE] = { "remote", 5 },
	[-MST_LIMIT] = { "limit", 3 },
	[-MST_IO] = { "io", 7 },
	[-MST_BUG] = { "bug", 7 },
	[-MST_FAILED] = { "failed", 1 },
};

const char *mst_code_name(int code)
{
	return code > 0 || code < MST_CODE_LAST ? "bug" : codes[-code].name;
}

int mst_code_exit(int code)
{
	return code > 0 || code < MST_CODE_LAST ? 7 : codes[-code].exit;
}

void mst_harmless(char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		unsigned char c = (unsigned char)s[i];
		unsigned k = utf8_seq(s + i, n - i);
		bool c1 = c == 0xc2 && k == 2 && (unsigned char)s[i + 1] < 0xa0;
		if (c < 32 || c == 127 || !k || c1)
			memset(s + i, c == '\n' || c == '\t' ? ' ' : '?', k ? k : 1);
		i += k ? k : 1;
	}
}

static void clean(char *s)
{
	mst_harmless(s, strlen(s));
}

static void set(struct mst_error *err, int code, const char *fmt, va_list ap)
{
	/* the arguments may point into the error itself */
	char msg[sizeof err->msg];
	vsnprintf(msg, sizeof msg, fmt, ap);
	clean(msg);
	*err = (struct mst_error){ .code = code };
	memcpy(err->msg, msg, strlen(msg) + 1);
}

int mst_fail(struct mst_error *err, int code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	set(err, code, fmt, ap);
	va_end(ap);
	return code;
}

int mst_fail_errno(struct mst_error *err, int code, const char *fmt, ...)
{
	int e = errno;
	va_list ap;
	if (!code)
		code = e == ENOENT ? MST_NOT_FOUND : e == EACCES || e == EPERM ? MST_DENIED : MST_IO;
	va_start(ap, fmt);
	set(err, code, fmt, ap);
	va_end(ap);
	size_t n = strlen(err->msg);
	snprintf(err->msg + n, sizeof err->msg - n, ": %s", strerror(e));
	errno = e;
	return code;
}

int mst_wrap(struct mst_error *err, const char *fmt, ...)
{
	char old[sizeof err->msg];
	memcpy(old, err->msg, sizeof old);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof err->msg, fmt, ap);
	va_end(ap);
	clean(err->msg);
	size_t n = strlen(err->msg);
	snprintf(err->msg + n, sizeof err->msg - n, ": %s", old);
	return err->code;
}

int mst_place(struct mst_error *err, const char *file, uint32_t line, uint32_t col)
{
	snprintf(err->file, sizeof err->file, "%s", file ? file : "");
	clean(err->file);
	err->line = line;
	err->col = col;
	return err->code;
}

int mst_hint(struct mst_error *err, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof err->hint, fmt, ap);
	va_end(ap);
	clean(err->hint);
	return err->code;
}
