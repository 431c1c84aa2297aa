/* A PostgreSQL that rows are read from, or an engine that speaks its protocol.
 *
 * One transaction, REPEATABLE READ and READ ONLY, from describe to close: columns, the
 * highest value and the rows are of one state.  Time zone, date and interval styles, float
 * digits and bytea output are those of the warehouse's session, so that text is exact. */
#ifndef MST_PROVIDER_POSTGRES_SOURCE_H
#define MST_PROVIDER_POSTGRES_SOURCE_H

#include "db/db.h"
#include "model/source.h"

/* Connects; the source ends with the pool, or with its close.  Errors of db_open_any. */
int postgres_source_open(struct pool *, const char *conninfo, const char *name, bool restricted, const char *app,
			 const stop_flag *stop, struct source **out, struct mst_error *);

#endif
