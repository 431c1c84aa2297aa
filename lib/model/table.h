/* The `table` line: what one SQL text says about itself.  See mst-json(5). */
#ifndef MST_MODEL_TABLE_H
#define MST_MODEL_TABLE_H

#include "base/sha256.h"
#include "model/attrs.h"
#include "model/name.h"

/* refs beyond this many are counted in a note and left out of the line */
#define TABLE_REFS_MAX 1000000

/* A second opinion on a text: appends to the diagnostics.  Runs on any thread. */
typedef void table_second(void *arg, struct pool *, struct str sql, const struct sql_refs *, sql_diags *);

struct table_opts {
	enum sql_dialect dialect;           /* where the header says nothing */
	const struct name_pattern *pattern; /* of paths; NULL: NAME_PATTERN_DEFAULT, and no warning where it
					     * does not fit */
	bool with_sql;                      /* the text goes into the line */
	table_second *second;               /* asked for PostgreSQL texts, or NULL */
	void *second_arg;
};

struct table_source {
	struct str text;    /* raw bytes */
	const char *path;   /* absolute; NULL: not from a file */
	const char *file;   /* the path as the line shows it, or NULL */
	struct str name;    /* forced, or empty */
	const json_members *line; /* a `table` line that is inferred anew, or NULL */
};

struct table {
	struct str name;       /* canonical */
	uint32_t name_line;    /* of the text: where the name is from, 1 for a path */
	const char *kind;      /* summary, view, materialized, import, external, script */
	struct str text, file; /* file is empty where there is none */
	struct attrs attrs;
	struct sql_refs refs;
	bool from_source;        /* an import from a database: refs are none, for they lie there */
	struct str source_reads; /* the relation there; empty where the text does not say it clearly */
	sql_diags diags;
	unsigned errors, warnings; /* in diags */
	char sha256[SHA256_HEX];
	const json_members *line;
};

/* Never fails: what is wrong is in out->diags.  *out points into the source and
 * the pool. */
void table_infer(struct pool *, const struct table_opts *, const struct table_source *, struct table *out);

/* Appends the line with its line break.  Of a line that is inferred anew every
 * key keeps its place, and keys that are not ours keep their bytes.
 * *diags_end gets the offset in the buffer of the bracket that closes the
 * diagnostics. */
void table_write(struct buf *, const struct table *, bool with_sql, size_t *diags_end);

/* The line as the catalogue keeps it: without refs, diagnostics and sql, and without a line break. */
void table_write_bare(struct buf *, const struct table *);

/* Puts one more error into a line that stands in the buffer from `start`. */
void table_write_error(struct buf *, size_t diags_end, uint32_t line, struct str msg);

const char *sql_severity_name(enum sql_severity);

#endif
