/* Names of tables: "project.dataset.table", from a path or from a person.
 * A part that holds a dot or a blank stands in quotes: `a.b`, or "a.b" in PostgreSQL;
 * a quote of that kind is doubled there.  (The names in a SQL text are made likewise
 * in sql/name.c.) */
#ifndef MST_MODEL_NAME_H
#define MST_MODEL_NAME_H

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"

/* How a path gives a name: "DATASET/TABLE.sql", "PROJECT/DATASET/TABLE/query.sql".
 * The words PROJECT, DATASET and TABLE stand for one or more bytes, `*` for any
 * number, all within one component; the rest is literal.  A pattern is held
 * against the end of a path, component by component. */
struct name_pattern {
	const char *text;
	VEC(struct str) parts; /* components, first to last */
};

#define NAME_PATTERN_DEFAULT "DATASET/TABLE.sql"

/* MST_USAGE where TABLE is missing, a word stands twice, PROJECT comes without
 * DATASET, or a component is empty. */
int name_pattern_parse(struct pool *, const char *pattern, struct name_pattern *out, struct mst_error *);

/* The name that `path` (absolute) gets, parts with a dot or a blank in `quote`s;
 * false where the pattern does not fit. */
bool name_of_path(struct pool *, const struct name_pattern *, const char *path, char quote, struct str *out);

/* The name of a path that fits no pattern: folder and file name without its last
 * extension; the file name alone where it lies in the root folder. */
struct str name_of_any_path(struct pool *, const char *path, char quote);

/* A name as a person writes it, in canonical form: one to three parts between
 * dots (a project may hold dots and a colon, as in example.com:proj), none empty,
 * no control bytes, quotes (` or ") closed, doubled within.  Quotes that are not
 * needed go.  MST_DATA. */
int name_parse(struct pool *, struct str name, char quote, struct str *out, struct mst_error *);

/* Appends one part, in quotes where it holds a dot or a blank or nothing. */
void name_put_part(struct buf *, struct str part, char quote);

#endif
