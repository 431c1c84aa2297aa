/* Errors: every function that can fail returns 0 or a negative enum mst_code and
 * fills the caller's struct mst_error, which is never NULL and is written only
 * on failure.  Codes are chosen by what the caller can do about it.  Libraries
 * never print: cli_main alone turns an error into words and an exit status. */
#ifndef MST_BASE_ERROR_H
#define MST_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mst_code {
	MST_OK = 0,
	MST_USAGE = -1,       /* the command line or configuration is wrong */
	MST_DATA = -2,        /* bad input: SQL, JSON, YAML, CSV */
	MST_NOT_FOUND = -3,
	MST_CONFLICT = -4,    /* it exists, it is locked, it has changed */
	MST_DENIED = -5,      /* no permission */
	MST_UNAVAILABLE = -6, /* the database is not there or of the wrong version */
	MST_TIMEOUT = -7,
	MST_CANCELLED = -8,   /* asked to stop */
	MST_REMOTE = -9,      /* a remote service failed */
	MST_LIMIT = -10,      /* too large, too deep, too many */
	MST_IO = -11,         /* read, write, disk full */
	MST_BUG = -12,        /* ours */
	MST_FAILED = -13,     /* a job failed, the answer is no */
	MST_CODE_LAST = MST_FAILED
};

struct mst_error {
	int code;          /* enum mst_code */
	char msg[1024];    /* one line, lower case, no full stop; frames in front */
	char hint[768];    /* what to do about it, or empty */
	char file[512];    /* place, or empty */
	uint32_t line, col; /* 1-based; 0 where unknown; col counts bytes */
	char sqlstate[6];
	int http;
	bool retry;        /* the same call may succeed later */
};

/* Sets the error and returns `code`; clears place and hint. The text is made
 * harmless. */
int mst_fail(struct mst_error *, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The same with ": strerror(errno)" behind it; ENOSPC, EACCES and ENOENT keep
 * their meaning in the code where `code` is 0 (else MST_IO). */
int mst_fail_errno(struct mst_error *, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Adds a frame in front: "FRAME: message".  Returns the code as it was. */
int mst_wrap(struct mst_error *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Adds the place / the hint.  Both return the code as it was. */
int mst_place(struct mst_error *, const char *file, uint32_t line, uint32_t col);
int mst_hint(struct mst_error *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* For text from files and servers that goes to a terminal, n bytes in place: line
 * breaks and tabs become blanks (a line break would make two lines of one error);
 * other control characters, C1 too, and what is not UTF-8 become '?'. */
void mst_harmless(char *, size_t n);

/* "usage", "data", "not found" ...: stable words for JSON. */
const char *mst_code_name(int code);
/* The one table of exit statuses: 0 done, 1 failed or no, 2 usage, 3 bad input,
 * 4 database, 5 remote or time-out, 6 denied, 7 I/O or bug, 130 cancelled. */
int mst_code_exit(int code);

#endif
