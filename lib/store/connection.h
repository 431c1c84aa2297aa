/* Connections in the state database: where databases are, without their passwords, which are secrets
 * (store/secret.h).  Errors as there. */
#ifndef MST_STORE_CONNECTION_H
#define MST_STORE_CONNECTION_H

#include "db/db.h"

struct store_connection {
	struct str name, provider;
	struct str fields;      /* a JSON object of texts, by the provider's table (model/provider.h) */
	struct str secret;      /* name of that with its password; p NULL: none */
	bool restricted;
	struct str owner, team; /* team p NULL: the owner's alone */
	int64_t revision;       /* 0: not there yet */
	struct str updated_at, updated_by;
	bool use;               /* the caller may connect by it */
	bool mine;              /* the caller changed it last */
};
typedef VEC(struct store_connection) store_connections;

/* All that the caller may see, by name; `name` p NULL, else that one: MST_NOT_FOUND with the nearest. */
int store_connection_list(struct pool *, struct db *, struct str name, store_connections *out, struct mst_error *);
/* Adds or changes one: revision is what was read, owner and what is behind it do not count.  MST_CONFLICT
 * where it was changed since. */
int store_connection_put(struct db *, const struct store_connection *, struct mst_error *);
/* The tables of the catalogue, as far as the caller sees them, that read from a connection or run on it, in byte order
 * with a comma between, the first ten; "" where there is none. */
int store_connection_tables(struct pool *, struct db *, struct str name, struct str *out, struct mst_error *);
int store_connection_rm(struct db *, struct str name, struct mst_error *);

#endif
