/* What the server under the state database says about itself. */
#ifndef MST_STORE_SERVER_H
#define MST_STORE_SERVER_H

#include "db/db.h"

struct store_server {
	struct str version;   /* "15.18" */
	int64_t started_us;
	int64_t data_bytes;   /* of all databases that this user may connect to */
	int64_t connections;  /* of clients, this one not counted */
};

int store_server_look(struct pool *, struct db *, struct store_server *out, struct mst_error *);

#endif
