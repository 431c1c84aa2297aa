/* What a backup of the state database asks of it, and a restored one needs. */
#ifndef MST_STORE_BACKUP_H
#define MST_STORE_BACKUP_H

#include "db/db.h"

/* Whether the caller can take every row along, *version of what is there and *major of the server.
 * MST_DENIED, MST_UNAVAILABLE where there is no schema yet. */
int store_backup_look(struct db *, int *version, int *major, struct mst_error *);

/* The rows of mst.migration as pg_restore writes them: which version the backup has.  MST_UNAVAILABLE for
 * one of a newer mst, MST_CONFLICT for one of another build, MST_DATA where there is none. */
int store_backup_version(struct str copy_text, int *version, struct mst_error *);

/* In a transaction, before anything of the backup: nothing else migrates, and the schema is not there, or
 * with `force` no longer.  MST_CONFLICT where it is there, or a run is under way in it; MST_DENIED. */
int store_restore_begin(struct db *, bool force, struct mst_error *);
/* Executes the GRANT and REVOKE lines of `script` whose role is here; *missing gets the names of the
 * others, each once. */
typedef VEC(const char *) store_names_list;
int store_restore_grants(struct pool *, struct db *, struct str script, store_names_list *missing,
			 struct mst_error *);
/* Gives the database a number of its own (see mst.state): its runs are numbered on from the backup, and
 * must not be taken for those that were lost.  Ties the users to the roles that have their names here, lets
 * them in, and makes an admin of the caller, who owns the schema now (*made: his name, where he was none).
 * Users without a role are added to `missing`. */
int store_restore_end(struct pool *, struct db *, store_names_list *missing, const char **made, struct mst_error *);

#endif
