/* What the files of this room share. */
#ifndef MST_STORE_INTERNAL_H
#define MST_STORE_INTERNAL_H

#include "db/db.h"

/* Key of the advisory lock under which the schema is changed: any number that nobody else is likely
 * to use, "mst" and the purpose. */
#define STORE_LOCK_MIGRATE "7171700001"

/* The functions of the schema speak in conditions of PostgreSQL: undefined_object is MST_NOT_FOUND,
 * wrong_object_type, object_not_in_prerequisite_state and foreign_key_violation are MST_CONFLICT.
 * Returns the code. */
int store_translate(struct mst_error *);
/* A copy; p NULL where it is null. */
struct str store_text(struct pool *, const struct db_result *, size_t row, size_t col);
/* MST_NOT_FOUND with the nearest of the names that `sql` gives. */
int store_fail_nearest(struct db *, const char *what, struct str sql, struct str name, struct mst_error *);

#endif
