/* A warehouse in PostgreSQL.  A dataset is a schema, made where it is missing; a
 * name without a dataset lies in `public`; of `project.dataset.table` the project is
 * dropped: a connection is one database.  Names are taken as they are, quoted.
 *
 * One target is made in one transaction: nothing of it is seen before the commit, and
 * a killed client leaves nothing.  What is built stands beside the target as
 * TABLE__mst_new; then, under locks on the views that depend on it and on itself, the
 * old one is dropped, the new one renamed, and the views are made again with owner,
 * options, grants and comments.  A wait for those locks is cut into slices, so that
 * readers do not queue up behind it.  What cannot follow fails the job. */
#ifndef MST_PROVIDER_POSTGRES_POSTGRES_H
#define MST_PROVIDER_POSTGRES_POSTGRES_H

#include "db/db.h"
#include "model/warehouse.h"

extern const struct warehouse_ops postgres_ops;

/* A warehouse on a connection; both live in the pool. */
struct warehouse *postgres_warehouse(struct pool *, struct db *);

#define POSTGRES_NAME_MAX 63

#endif
