/* The rows of a table of the catalogue. */
#ifndef MST_ENGINE_CATALOGUE_READ_H
#define MST_ENGINE_CATALOGUE_READ_H

#include "engine/catalogue.h"
#include "engine/connections.h"
#include "model/warehouse.h"

/* From the connection that the table names, else the warehouse.  Errors of connections_look_up and of a
 * warehouse's `read`; of `tell` too, which ends it. */
int catalogue_read(struct pool *, struct db *state, const struct connections_opts *, struct str name,
		   const struct warehouse_read *, warehouse_sink *tell, void *arg, struct mst_error *);

#endif
