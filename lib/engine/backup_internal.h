/* What writing and reading of backups share. */
#ifndef MST_ENGINE_BACKUP_INTERNAL_H
#define MST_ENGINE_BACKUP_INTERNAL_H

#include "base/sha256.h"
#include "engine/backup.h"
#include "proc/spawn.h"

/* The last line: of a fixed length, behind what pg_dump wrote. */
#define BACKUP_MARK "\nmst-backup 1 sha256="
#define BACKUP_TAIL (sizeof BACKUP_MARK - 1 + SHA256_HEX) /* the digits and a line feed */

/* Path of a program of PostgreSQL: of this major version where it is here (0: of the newest), else the one on
 * PATH. */
const char *backup_tool_(struct pool *, const struct state_opts *, const char *name, int major);
/* The environment with the password for libpq's children; NULL: as it is. */
const char *const *backup_env_(struct pool *, const char *password);
/* A child whose stdout goes to `out` (as proc_opts) and whose stderr into a file without a name. */
struct backup_child {
	struct proc *proc;
	const char *name;
	int err_fd;
};
int backup_spawn_(struct pool *, const char *const *argv, const char *const *env, int out,
		  struct backup_child *, struct mst_error *);
/* Waits; MST_REMOTE with its last words where it failed, MST_IO for a full disk, MST_CANCELLED. */
int backup_wait_(struct backup_child *, const stop_flag *stop, struct mst_error *);

#endif
