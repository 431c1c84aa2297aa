/* Backups of the state database.  A backup is what pg_dump writes of the schema mst in its custom
 * format (pg_restore reads it), and behind that a line with its checksum, so that one that was cut off or
 * damaged is known before anything is changed.  Roles are the server's and not in it. */
#ifndef MST_ENGINE_BACKUP_H
#define MST_ENGINE_BACKUP_H

#include "base/vec.h"
#include "engine/state.h"

/* To `path`, by way of path.tmp: whole or not there; "-": stdout.  MST_CONFLICT where the file exists
 * and not `force`; MST_DENIED for who does not see every row; MST_IO.  The schema may be of an older mst. */
int backup_write(const struct state_opts *, const char *path, bool force, int64_t *bytes, struct mst_error *);

struct backup_restored {
	int from, to;               /* versions of the schema: of the backup, and now */
	VEC(const char *) missing;  /* roles that it grants something to, or that are users, and are not here */
	const char *admin;          /* who restored it and was made an admin by that, or NULL */
};
/* Into the state database, all in one transaction; then a backup of an older schema is migrated.
 * MST_CONFLICT where there is a schema and not `force`, which drops that, or a run under way;
 * MST_DATA for a file that is damaged or no backup: nothing is changed then; MST_UNAVAILABLE for one
 * of a newer mst. */
int backup_restore(struct pool *, const struct state_opts *, const char *path, bool force,
		   struct backup_restored *out, struct mst_error *);

#endif
