/* Header attributes: what stands in the leading comment lines of a SQL file.
 *
 *     -- mst: description: Sizes by section
 *     -- mst: tags: [daily, packages]
 *     -- mst: columns:
 *     -- mst:   name: text
 *
 * `# mst:` does as well.  Leading means before the first line that is neither
 * blank nor a comment.  What stands behind "mst:" and one blank is put together
 * as one YAML 1.2 mapping (core schema) and becomes a JSON object.  Refused:
 * anchors, aliases, tags, a key that stands twice, keys that are no plain text,
 * nesting past ATTRS_DEPTH_MAX, headers past ATTRS_SIZE_MAX. */
#ifndef MST_MODEL_ATTRS_H
#define MST_MODEL_ATTRS_H

#include "base/jsonl.h"
#include "sql/sql.h"

#define ATTRS_DEPTH_MAX 16
#define ATTRS_SIZE_MAX 65536

enum attr_kind {
	ATTR_TEXT,     /* any scalar, kept as it is written */
	ATTR_WORD,     /* one of `values` */
	ATTR_NAME,     /* the name of a table */
	ATTR_TEXTS,    /* a text or a list of texts */
	ATTR_COLUMNS,  /* "name: type" map, or a list of names or of such maps */
	ATTR_BYTE,     /* one ASCII character */
	ATTR_BOOL,
	ATTR_INT,      /* a whole number from 0 up */
	ATTR_DURATION, /* "10s", "1h30m", "2d", see time_parse_duration; kept as it is written */
	ATTR_SHAPE,    /* a value of several parts, YAML scalars inside: `check` knows it */
};

/* One known attribute.  This table checks headers and prints the manual. */
struct attr_field {
	const char *key; /* NULL ends the table */
	enum attr_kind kind;
	const char *values; /* "a|b|c" for ATTR_WORD */
	const char *of;     /* the table kinds it belongs to, "a|b", or NULL: all */
	const char *def;    /* in words, or NULL */
	const char *help;   /* one sentence without full stop */
	/* What is wrong with a value of ATTR_SHAPE, in the pool, or NULL. */
	const char *(*check)(struct pool *, struct json_val);
};
extern const struct attr_field attr_fields[];
/* NULL where the key is not known. */
const struct attr_field *attr_field_of(struct str key);
bool attr_belongs(const struct attr_field *, const char *kind);
/* What is wrong with a value of the attribute, or NULL. */
const char *attr_complaint(struct pool *, const struct attr_field *, struct json_val);

typedef VEC(struct sql_diag) sql_diags;

struct attr_place {
	uint32_t line, col;
};

struct attrs {
	struct str json;       /* "{}" where there is no header */
	json_members members;  /* of json */
	VEC(struct attr_place) places; /* of members: of the key */
	uint32_t lines;        /* header lines found */
	struct attr_place first; /* of the first of them */
};

/* Never fails: what is wrong goes to diags (errors for what cannot be read and
 * for wrong values of known keys, warnings for keys nobody knows).  Attributes
 * that cannot be read at all give "{}". */
void attrs_read(struct pool *, struct str text, struct attrs *out, sql_diags *diags);
/* The same checks for attributes that came as a JSON object; `place` is used for
 * every diagnostic. */
void attrs_check(struct pool *, struct attrs *, sql_diags *diags);

/* The text of an attribute, or an empty view where it is absent or no text. */
struct str attrs_text(struct pool *, const struct attrs *, const char *key);
/* Where a key stands; {1, 1} where it is absent. */
struct attr_place attrs_place(const struct attrs *, const char *key);

/* Adds a diagnostic, formatted. */
void diag_add(struct pool *, sql_diags *, enum sql_severity, uint32_t line, uint32_t col, const char *fmt,
	      ...)
	__attribute__((format(printf, 6, 7)));

#endif
