/* The catalogue between SQL texts, `table` lines and the state database.
 *
 *     catalogue_define()     a text becomes a row
 *     catalogue_line()       a row becomes a line
 *     catalogue_compare()    folders against the rows: what an import would change
 *     catalogue_apply()      and does
 *     catalogue_export()     rows become files
 *
 * A row holds the text byte for byte, so what is imported comes out as it went in. */
#ifndef MST_ENGINE_CATALOGUE_H
#define MST_ENGINE_CATALOGUE_H

#include "base/stop.h"
#include "engine/plan.h"
#include "engine/select.h"
#include "model/table.h"
#include "store/catalogue.h"

/* A larger text is MST_LIMIT. */
#define CATALOGUE_SQL_MAX ((size_t)64 << 20)

struct catalogue_opts {
	enum sql_dialect dialect;           /* where the header says none */
	const struct name_pattern *pattern; /* of paths, or NULL */
	unsigned threads;                   /* at least 1 */
	const char *team;                   /* of tables whose header names none, or NULL */
	const char *default_team;           /* the same, for new tables alone */
	bool make_teams;                    /* an admin's import makes teams that headers name */
	/* A diagnostic, with the file or table it is about; a file that cannot be read; a remark. */
	void (*diag)(void *arg, const char *about, const struct sql_diag *);
	void (*fail)(void *arg, const struct mst_error *);
	void (*note)(void *arg, const char *text);
	void *arg;
	const stop_flag *stop; /* may be NULL */
};

/* --- texts and lines to rows --------------------------------------------------------------- */

struct catalogue_text {
	struct str text;
	struct str name;          /* forced, or empty */
	struct str file;          /* below its folder, or empty */
	const char *path;         /* absolute, to be named by, or NULL */
	const json_members *line; /* a `table` line that the text came in, or NULL */
};
struct catalogue_found {
	struct store_definition def; /* team is what the attribute says; origin and revision are not set */
	uint32_t name_line;
	sql_diags diags;
	unsigned errors;
};
/* Everything in *out points into the text or the pool.  MST_DATA for a text that is not UTF-8 or holds a
 * NUL, with its place; MST_LIMIT. */
int catalogue_define(struct pool *, const struct catalogue_opts *, const struct catalogue_text *,
		     struct catalogue_found *out, struct mst_error *);

/* The line of a row, without a line break: as mst-deps makes it without refs and diagnostics, with owner, team,
 * revision, created_at, created_by, updated_at, updated_by, source, and sql where it is wanted.  Where what is
 * stored does not fit the row (somebody changed it by hand) it is read anew: MST_NOT_FOUND where that takes the
 * text, and it is not there. */
int catalogue_line(struct pool *, const struct store_table *, bool with_sql, struct buf *, struct mst_error *);
/* All rows that the caller may see, or those that are selected (engine/select.h), as lines. */
typedef int catalogue_told(void *arg, struct str line, struct mst_error *);
struct catalogue_listing {
	uint64_t rows;
	select_values empty; /* selectors that took nothing */
};
int catalogue_list(struct pool *, struct db *, const char *const *select, size_t n, bool sql, catalogue_told *,
		   void *arg, struct catalogue_listing *out, struct mst_error *);
/* One table: its name, or the last parts of it.  MST_NOT_FOUND with the nearest name, MST_CONFLICT. */
int catalogue_find(struct pool *, struct db *, struct str word, struct str *name, struct mst_error *);

/* --- teams ----------------------------------------------------------------------------------- */

/* Sets def->team by the rules of mst-table(1); `now` is the row as it stands, or NULL. MST_DENIED, MST_DATA
 * for a team that is not known; *make is set where it is to be made. */
int catalogue_team(const struct catalogue_opts *, const struct store_caller *, struct store_definition *def,
		   const struct store_brief *now, bool *make, struct mst_error *);

/* The same among all that are there or were; what is there goes before what was. */
int catalogue_find_ever(struct pool *, struct db *, struct str word, struct str *name, struct mst_error *);
/* Tells of the cycles of the catalogue that go through one of these tables: "a -> b -> a". */
int catalogue_cycles(struct pool *, struct db *, const struct str *names, size_t n,
		     void (*tell)(void *arg, const char *cycle), void *arg, struct mst_error *);

bool catalogue_among(struct str name, const struct str *v, size_t n);
/* MST_DATA: nobody made that team. */
int catalogue_no_team(struct str team, struct mst_error *err);

/* --- putting ------------------------------------------------------------------------------------- */

struct catalogue_put {
	struct catalogue_found found;
	int64_t expected; /* the revision that it is based on; -1: whatever is there */
	/* set by catalogue_put_all: */
	int64_t revision;
	enum { CATALOGUE_PUT_NEW, CATALOGUE_PUT_CHANGED, CATALOGUE_PUT_SAME } done;
};
/* Reads SQL text, or `table` lines with their texts (`what` begins with {" then), into puts.  `name` forces the name
 * of a text, `path` (absolute, or NULL) gives it where nothing else does; `about` is for errors.  Diagnostics
 * are told by opts; MST_DATA where there are errors among them. */
typedef VEC(struct catalogue_put) catalogue_puts;
int catalogue_read_puts(struct pool *, const struct catalogue_opts *, struct str what, struct str name,
		const char *path,
			const char *about, catalogue_puts *out, struct mst_error *);
/* All of them in one transaction. */
int catalogue_put_all(struct pool *, struct db *, const struct catalogue_opts *, catalogue_puts *, struct mst_error *);

/* --- folders ----------------------------------------------------------------------------------- */

struct catalogue_folder {
	const char *path;   /* a folder, or one file */
	struct str origin;  /* what it is called from wherever it is seen; or p NULL: no folder */
	struct str source;  /* JSON for the revisions, or p NULL */
};

enum catalogue_kind { CATALOGUE_ADDED, CATALOGUE_CHANGED, CATALOGUE_REMOVED };
struct catalogue_change {
	enum catalogue_kind kind;
	struct store_definition def; /* of a removed one only name, file, team, revision */
	struct str old_file, old_sha256, old_dialect, old_team;
	char sha256[SHA256_HEX];
	size_t folder;
};
struct catalogue_changes {
	struct pool *pool;
	VEC(struct catalogue_change) v; /* those of one folder together, the removed ones last */
	VEC(struct str) moved;          /* unchanged, but from elsewhere before */
	VEC(size_t) moved_to;           /* the folder of each */
	VEC(struct str) new_teams;
	size_t added, changed, removed, unchanged;
	uint64_t errors;                /* diagnostics: nothing of it may be applied */
	int failed;                     /* code of the first file that could not be read, or 0 */
};
/* Reads the folders (files whose name, place and hash are those of their row are not read as SQL) and holds
 * them against all rows that the caller sees.  What is wrong with a file is told by opts. */
int catalogue_compare(struct pool *, struct db *, const struct catalogue_opts *, const struct catalogue_folder *,
		      size_t n, struct catalogue_changes *out, struct mst_error *);
/* Does it, in one transaction; `prune`: removes too. */
int catalogue_apply(struct db *, const struct catalogue_folder *, const struct catalogue_changes *, bool prune,
		    struct mst_error *);

struct catalogue_export_counts {
	size_t written, unchanged, removed;
};
/* Writes each table's text below the folder, which is made where it is not there.  Nothing is written outside
 * of it, through no link, whatever the rows say.  `prune`: SQL files that no row has are removed. */
int catalogue_export(struct db *, const struct catalogue_opts *, const char *folder, const char *const *select,
		size_t n,
		     bool prune, struct catalogue_export_counts *out, struct mst_error *);
/* Whether an import would find it again: below the folder, not hidden, a name that ends in .sql. */
bool catalogue_file_is_safe(struct str file);
/* Where a table without a place of its own goes: "DATASET/TABLE.sql". */
struct str catalogue_file_of(struct pool *, struct str name);

/* What of a changed table is another beside its text: "dialect: bigquery -> postgres, team: none -> shop", or "". */
const char *catalogue_change_words(struct pool *, const struct catalogue_change *);

/* --- texts ----------------------------------------------------------------------------------------- */

/* What diff -u says of two texts, "" where they are equal; MST_NOT_FOUND without diff(1). */
int catalogue_diff(struct pool *, struct str old, struct str new, const char *old_label, const char *new_label,
		   struct str *out, struct mst_error *);

#endif
