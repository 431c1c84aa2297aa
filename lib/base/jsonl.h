/* The line codec: JSON Lines (RFC 8259 objects, one a line, UTF-8).
 *
 * Reading: a validating scanner finds the members of one object and keeps every
 * value as the bytes that stood there, so that a line can be passed on with
 * keys added or dropped and nothing else changed (no number is ever rewritten).
 * Refused with MST_DATA: broken JSON, invalid UTF-8, lone surrogates, a key
 * that stands twice in one object (at any depth); with MST_LIMIT: nesting past
 * JSON_DEPTH_MAX, a line past JSON_LINE_MAX.
 *
 * Writing: struct jw appends well-formed JSON to a buf. */
#ifndef MST_BASE_JSONL_H
#define MST_BASE_JSONL_H

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"

#define JSON_DEPTH_MAX 512
#define JSON_LINE_MAX ((size_t)1 << 30)

enum json_type { JSON_NONE = 0, JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* A value: its bytes as they stand in the line, without blanks around. */
struct json_val {
	struct str raw;
	enum json_type type; /* JSON_NONE: the key is not there */
};

struct json_member {
	struct str key; /* unescaped */
	struct json_val val;
};
typedef VEC(struct json_member) json_members;

/* One value with blanks around it and nothing else; checks everything above. */
int json_scan(struct str text, struct json_val *out, struct mst_error *);
/* One object: its members in order.  Keys with escapes are decoded into the
 * pool, all else points into `text`.  The column in `err` is set. */
int json_scan_object(struct pool *, struct str text, json_members *out, struct mst_error *);
/* Finds a member, or a value of type JSON_NONE. */
struct json_val json_get(const json_members *, const char *key);

/* The fast path of a filter: the values of `n` wanted keys of one object, out[i]
 * of type JSON_NONE where keys[i] is absent.  Checks the whole line. */
int json_pick(struct str text, const struct str *keys, size_t n, struct json_val *out, struct mst_error *);

/* Walks an array or object that has been scanned already:
 *     for (struct json_iter it = json_iter(v); json_next(&it, NULL, &e);) ... */
struct json_iter {
	const char *p, *end;
};
struct json_iter json_iter(struct json_val);
/* key (raw, with quotes) is set for objects where wanted; false at the end. */
bool json_next(struct json_iter *, struct str *key, struct json_val *);

/* The text of a scanned string; points into the line where it has no escape. */
struct str json_str(struct pool *, struct json_val);
/* A whole number in range; false for anything else. */
bool json_int(struct json_val, int64_t *out);
bool json_double(struct json_val, double *out);
bool json_is_true(struct json_val);

/* Lines of a file descriptor through one growing buffer. */
struct jsonl_reader {
	struct pool *pool;
	int fd;
	const char *name; /* for errors: "stdin" or a path */
	uint64_t line;    /* of the line last returned, from 1 */
	char *p;
	size_t start, n, cap;
	bool eof;
};
void jsonl_open(struct jsonl_reader *, struct pool *, int fd, const char *name);
/* 1 and the line without its line break (valid until the next call), 0 at the
 * end, < 0 on an error (with file and line).  Empty and blank lines are passed
 * over; a byte order mark at the start of the stream too. */
int jsonl_next(struct jsonl_reader *, struct str *line, struct mst_error *);
/* Puts the reader's file and line into an error of json_scan_object & co. */
int jsonl_place(const struct jsonl_reader *, struct mst_error *);

/* The same over a text in memory: cuts the next line that is not blank off *rest and
 * counts in *line; false at the end. *line is 0 before the first. */
bool jsonl_cut(struct str *rest, uint64_t *line, struct str *out);

/* One form for all ways to write the same value: no blanks, keys in byte order,
 * strings with the escapes of json_quote, numbers as they stand. For hashes.  The
 * value must have been scanned. */
void json_canonical(struct buf *, struct json_val);

/* Writer.  Nesting is at most 64 deep here.  jw_end closes what was opened last. */
struct jw {
	struct buf *b;
	uint64_t comma, object; /* one bit a level */
	unsigned depth;
};
void jw_init(struct jw *, struct buf *);
void jw_object(struct jw *);
void jw_array(struct jw *);
void jw_end(struct jw *);
void jw_key(struct jw *, const char *key);
void jw_key_str(struct jw *, struct str key);
/* Bytes that are not UTF-8 become U+FFFD: output is always valid. */
void jw_str(struct jw *, struct str);
void jw_z(struct jw *, const char *); /* NULL writes null */
void jw_int(struct jw *, int64_t);
void jw_double(struct jw *, double); /* shortest form that reads back; NaN and infinities: null */
void jw_bool(struct jw *, bool);
void jw_null(struct jw *);
/* Already JSON. */
void jw_raw(struct jw *, struct str json);
/* jw_key + value, for the common cases */
void jw_key_s(struct jw *, const char *key, struct str);
void jw_key_z(struct jw *, const char *key, const char *);
void jw_key_i(struct jw *, const char *key, int64_t);
void jw_key_b(struct jw *, const char *key, bool);
void jw_key_raw(struct jw *, const char *key, struct str json);

/* Appends a JSON string literal with its quotes. */
void json_quote(struct buf *, struct str);

#endif
