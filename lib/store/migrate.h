/* The schema of the state database: numbered migrations, embedded from schema/NNNN_name.sql, each
 * applied once and never edited afterwards.  They are kept in mst.migration with their checksum; all
 * that are pending go in one transaction under an advisory lock, so that the schema is always one
 * whole version.  A migration runs with search_path mst and holds no BEGIN or COMMIT. */
#ifndef MST_STORE_MIGRATE_H
#define MST_STORE_MIGRATE_H

#include "base/sha256.h"
#include "db/db.h"

struct store_migration {
	int version; /* from 1, without gaps */
	const char *name; /* "0001_state" */
	struct str sql;
};

struct store_migrations {
	const struct store_migration *v;
	size_t n;
};

/* What this binary knows. */
extern const struct store_migrations store_schema;

/* The version of the database, 0 where it has no mst schema: one small query. */
int store_schema_version(struct db *, int *version, struct mst_error *);
/* 0 where the database is of exactly the version that this binary knows; MST_UNAVAILABLE with what to
 * do about it where it is older, newer or empty. */
int store_schema_check(struct db *, const struct store_migrations *, struct mst_error *);

/* Told of each migration, in order, before it is applied (or that would be). */
typedef void store_migrate_told(void *arg, const struct store_migration *, const char *sha256);
/* Brings the database to version `upto` (0: the newest known); with dry_run only tells.  MST_CONFLICT
 * where an applied migration is not the one known by its number; MST_UNAVAILABLE where the database
 * is newer.  An error inside a migration has its file, line and column. */
int store_schema_migrate(struct db *, const struct store_migrations *, int upto, bool dry_run,
			 store_migrate_told *told, void *arg, struct mst_error *);

#endif
