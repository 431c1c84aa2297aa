/* What the files of this folder share. */
#ifndef MST_TASK_INTERNAL_H
#define MST_TASK_INTERNAL_H

#include "base/recode.h"
#include "task/task.h"

#include "base/vec.h"

extern const struct task_type task_external, task_import, task_materialized, task_script, task_summary, task_view;

enum import_format { IMPORT_CSV, IMPORT_TSV, IMPORT_JSONL };

/* The attributes of an import. */
struct import_spec {
	struct str command;   /* or empty */
	struct str url;       /* or empty */
	const char *file;     /* path or glob, absolute or from the caller's folder; or NULL */
	const char *folder;   /* of the SQL file, where the command runs; or NULL */
	enum import_format format;
	bool declared;        /* columns are declared; the types of some may be empty */
	VEC(struct warehouse_column) columns;
	bool header;
	char delimiter, quote, escape, comment; /* 0: the format's own, or none */
	uint32_t skip;        /* lines at the start of each file */
	enum recode_from encoding;
	int64_t max_errors;   /* so many bad rows are put aside */
	struct str null;      /* how NULL is written */
};
int import_spec_read(struct pool *, const struct job *, struct import_spec *out, struct mst_error *);

/* Imports with the attribute `source`: rows of another database. */
bool import_from_database(struct pool *, const struct job *);
int import_database_check(struct pool *, const struct job *, struct mst_error *);
int import_database_explain(struct pool *, const struct job *, const struct warehouse_ops *,
			    const struct warehouse_target *, warehouse_sink *, void *arg, struct mst_error *);
int import_database_run(struct task_ctx *, struct warehouse_result *, struct mst_error *);

/* Where the text comes from: files one after the other, the output of a command, a URL, or what was
 * handed over; unpacked and in UTF-8. */
struct import_source;
int import_source_open(struct task_ctx *, const struct import_spec *, struct import_source **out,
		       struct mst_error *);
/* Bytes read (at most n), 0 at the end of one file (the next call goes on with the next),
 * IMPORT_END at the end of all; < 0 on an error: also of the command. */
#define IMPORT_END 1
int import_source_read(struct import_source *, char *p, size_t n, size_t *got, struct mst_error *);
/* The file whose bytes were read last. */
const char *import_source_name(const struct import_source *);
/* Makes the source readable twice (what is no plain file goes into an unnamed one, packed as it
 * is), and reads it from the start again. */
int import_source_spool(struct import_source *, struct mst_error *);
int import_source_rewind(struct import_source *, struct mst_error *);
void import_source_close(struct import_source *);

/* One row: a value for each column. */
struct import_cell {
	struct str text;
	bool null;
	bool quoted_empty; /* "" : null in columns that are no text */
	unsigned mask;     /* what it can be (infer.h), where that was asked for */
};

struct import_rows;
/* Reads rows from where the source stands.  `infer`: look at what values can be, and let
 * columns grow (JSON Lines). */
struct import_rows *import_rows_open(struct pool *, const struct import_spec *, struct import_source *, bool infer);
/* 1 and the cells, n of them (valid until the next call); 0 at the end.  Where bad rows may be put
 * aside: IMPORT_BAD and the reason in err for one of them, then ask on. */
#define IMPORT_BAD 2
int import_rows_next(struct import_rows *, const struct import_cell **cells, size_t *n, struct mst_error *);
/* Names of the columns so far. */
const struct str *import_rows_names(const struct import_rows *, size_t *n);
/* Fixes the columns (before the first row). */
void import_rows_fix(struct import_rows *, const struct warehouse_column *, size_t n);
/* The place of row `no` (from 1) among those read, for an error found later. */
void import_rows_place(const struct import_rows *, uint64_t no, const char **file, uint32_t *line);

/* Where the last row, good or bad, stood, and its text as it stood (where bad rows may be put aside). */
void import_rows_here(const struct import_rows *, const char **file, uint32_t *line, struct str *text);

/* Counts bad rows, puts them aside, and takes those out that the warehouse refuses (max_errors).
 * After an error the load is over. */
struct import_careful;
struct import_careful *import_careful_new(struct task_ctx *, int64_t max);
/* One more bad row that the reader found: MST_DATA where it is one too many.  `reason` may be err's. */
int import_careful_count(struct import_careful *, const char *file, uint32_t line, const char *reason,
			 struct mst_error *);
/* The same while rows are loaded: it is put aside. */
int import_careful_aside(struct import_careful *, const char *file, uint32_t line, const char *reason, struct str text,
			 struct mst_error *);
/* A good row begins: its bytes for the warehouse go to the buffer, then import_careful_put. */
struct buf *import_careful_row(struct import_careful *, const char *file, uint32_t line, struct str text);
int import_careful_put(struct import_careful *, struct mst_error *);
/* Sends what is left. */
int import_careful_end(struct import_careful *, struct mst_error *);
int64_t import_careful_bad(const struct import_careful *);

#endif
