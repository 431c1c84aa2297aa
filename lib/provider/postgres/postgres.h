/* A warehouse in PostgreSQL.  A dataset is a schema, made where it is missing; a
 * name without a dataset lies in `public`; of `project.dataset.table` the project is
 * dropped: a connection is one database.  Names are taken as they are, quoted.
 *
 * One target is made in one transaction: nothing of it is seen before the commit, and
 * a killed client leaves nothing.  What is built stands beside the target as
 * TABLE__mst_new, with the old one's indexes and constraints; then, under locks on the
 * views that depend on it and on itself, the old one is dropped, the new one renamed, and
 * the views are made again.  pg_dump --schema-only says the same before and after: what is
 * carried is all that it shows of a table and of views, but for security labels, and for
 * who granted a grant (the owner did afterwards).  What belongs to a column goes with the
 * column.  Identity columns and owned sequences go on counting.  A wait for locks is cut
 * into slices, so that readers do not queue up behind it.  What cannot follow fails the job:
 * a view whose column is gone or of another type, an index or constraint of a column that is
 * gone, a foreign key onto the table, a materialized view that mst did not make or a function
 * that depends on it, a generated column, inheritance, partitions, a type.
 *
 * A materialized view that mst made (the last effect on its name says its oid) is dropped and
 * made again like a view, in its order among them; its query runs under the locks, with the
 * rights of its owner.  mst_effect then knows the new oid.  The advisory lock of its name keeps
 * its own job away meanwhile.  After a dump and restore the oid is another one, and nothing
 * tells it from one that somebody made by hand.
 *
 * append and merge build beside, too, and then insert or MERGE into the table that is
 * there; the other sessions' rows of it are not locked beyond that.  merge needs no unique
 * index; rows whose values are the same bytes are left alone.
 *
 * A materialized view is refreshed concurrently where it stands if its text is the one of
 * the last time (mst_effect.made knows its oid and the hash of the text) and it has a
 * unique index; a refresh without one would lock its readers out, so it is then built beside
 * and swapped, too.
 *
 * public.mst_effect is made by whoever comes first and may.  It is used where its owner is the
 * session's role (or one it is a member of), a superuser or the owner of the database: a
 * stranger's triggers would run with our rights.  A second role needs SELECT, INSERT and
 * DELETE on it from the database's owner; nothing is granted to PUBLIC. */
#ifndef MST_PROVIDER_POSTGRES_POSTGRES_H
#define MST_PROVIDER_POSTGRES_POSTGRES_H

#include "db/db.h"
#include "model/warehouse.h"

extern const struct warehouse_ops postgres_ops;

/* A warehouse on a connection; both live in the pool. */
struct warehouse *postgres_warehouse(struct pool *, struct db *);

#define POSTGRES_NAME_MAX 63

#endif
