/* The catalogue in the state database: the definition of each table and its history.
 *
 * Who sees and changes what is row security's (schema 0003): every function works for whoever is
 * connected, on what he may see.  Revisions, times, names of people and the hash of the text are set
 * by triggers.  Texts are UTF-8 without NUL. */
#ifndef MST_STORE_CATALOGUE_H
#define MST_STORE_CATALOGUE_H

#include "db/db.h"

/* A row as it stands.  Texts point into the pool or the result; p NULL where the column is null. */
struct store_table {
	struct str name, file; /* file: below the folder it came from */
	struct str sql;        /* p NULL where it was not asked for */
	struct str sha256, dialect;
	struct str line;       /* the `table` line without sql and refs, as it is stored; p NULL: to be read anew */
	struct str owner, team, origin;
	int64_t revision;
	struct str created_at, created_by, updated_at, updated_by; /* times: ISO 8601, UTC */
	struct str source;     /* JSON: where this revision came from; or null */
};
/* Valid until it returns. */
typedef int store_table_told(void *arg, const struct store_table *, struct mst_error *);

/* All that the caller may see, in byte order of the names, out of one snapshot and in pieces: memory stays
 * flat.  Not inside a transaction. */
int store_catalogue_each(struct db *, bool sql, store_table_told *, void *arg, struct mst_error *);
/* The rows of these names, in byte order; names that are not there are passed over. */
int store_catalogue_get(struct db *, const struct str *names, size_t n, bool sql, store_table_told *, void *arg,
			struct mst_error *);

/* What tells whether a text has changed: of all rows that the caller may see, or those of some names
 * (names not NULL), in byte order. */
struct store_brief {
	struct str name, file, dialect, sha256, origin, team;
	int64_t revision;
};
typedef VEC(struct store_brief) store_briefs;
int store_catalogue_brief(struct pool *, struct db *, const struct str *names, size_t n, store_briefs *out,
			  struct mst_error *);

/* A row as it is to be. */
struct store_definition {
	struct str name, file, sql, kind, dialect, attrs, line;
	const struct str *reads, *writes, *calls;
	size_t nreads, nwrites, ncalls;
	struct str team, origin; /* p NULL: none */
	int64_t revision;        /* that is to be changed; 0: the table is new */
};
enum store_action { STORE_PUT, STORE_IMPORT, STORE_RESTORE };
/* Inside a transaction: says what it is for.  `source`: a JSON object or p NULL. */
int store_catalogue_begin(struct db *, enum store_action, struct str source, struct mst_error *);
/* Adds or changes rows.  MST_CONFLICT where one has another revision by now, or is there already (also where
 * the caller does not see it), or is gone; MST_DENIED where the caller may not write it or its new team.  The
 * message names the table.  The transaction is spoilt after any error. */
int store_catalogue_put(struct db *, const struct store_definition *, size_t n, struct mst_error *);
/* Removes rows; their history stays.  MST_DENIED, MST_NOT_FOUND for a name that is not there. */
int store_catalogue_remove(struct db *, const struct str *names, size_t n, struct mst_error *);
/* Says of tables where they come from now, which makes no revision; rows the caller may not write stay. */
int store_catalogue_origin(struct db *, const struct str *names, size_t n, struct str origin, struct mst_error *);
/* Makes a revision the table as it is, or makes the table again; *revision gets the new one (the
 * present one where that holds the same), of that team where `team` is not null.  MST_NOT_FOUND (also where the
 * team of a removed table is gone), MST_DENIED, MST_CONFLICT. */
int store_catalogue_restore(struct db *, struct str name, int64_t from, struct str team, int64_t *revision,
			    struct mst_error *);
/* Names with revisions that the caller may see, of tables that are there or were, in byte order. */
typedef VEC(struct str) store_catalogue_name_list;
int store_catalogue_names(struct pool *, struct db *, store_catalogue_name_list *out, struct mst_error *);

struct store_revision {
	struct str name, action, at, by, owner, team, file, sql, sha256, source;
	int64_t revision;
};
typedef int store_revision_told(void *arg, const struct store_revision *, struct mst_error *);
/* The revisions of a table, the oldest first, in pieces.  MST_NOT_FOUND where there is none. */
int store_catalogue_log(struct db *, struct str name, store_revision_told *, void *arg, struct mst_error *);

/* Who the caller is to mst. */
struct store_caller {
	struct str name;         /* p NULL: unknown or disabled */
	bool admin;
	const struct str *teams; /* all that he sees */
	const struct str *write; /* where he may write */
	size_t nteams, nwrite;
};
int store_caller(struct pool *, struct db *, struct store_caller *out, struct mst_error *);

#endif
