/* Secrets in the state database: sealed, or by reference.  Nothing here opens one.  All is kept by
 * functions of the database, which ask who calls: MST_DENIED where he may not, MST_NOT_FOUND for a secret
 * or team that is not there, MST_CONFLICT for a name that is taken and for a secret that is in use. */
#ifndef MST_STORE_SECRET_H
#define MST_STORE_SECRET_H

#include "db/db.h"

#define SECRET_NAME_MAX 63
#define SECRET_VALUE_MAX 65536

/* How a key is made of what the user keeps (engine/keyring.h). */
struct store_key {
	struct str id;          /* 16 hexadecimal digits; empty: none */
	struct str salt, check; /* 16 bytes each */
	int64_t cost, block, parallel;
};

struct store_secret {
	struct str name;
	struct str kind;        /* "sealed", "env", "file", "cmd" */
	struct str ref;         /* of the last three; the caller may not see it: p NULL */
	struct str owner, team; /* team p NULL: the owner's alone */
	struct str set_by;      /* who gave the value or the reference */
	struct str updated_at;  /* ISO 8601; store_secret_list alone */
	bool mine;              /* set by the caller */
	bool open;              /* the caller may use it: what is below is there */
	bool keeper;            /* the caller may change it */
	struct str nonce, value; /* bytes */
	struct store_key key;
};
typedef VEC(struct store_secret) store_secrets;
typedef VEC(struct store_key) store_keys;

/* Whether it may be the name of a secret or connection: 1 to 63 letters, digits, '_', '-' and '.'. */
bool store_is_name(struct str);

/* All that the caller may see, by name; those that he may use with all that it takes. */
int store_secret_list(struct pool *, struct db *, store_secrets *out, struct mst_error *);
/* One that the caller may use.  MST_NOT_FOUND with the nearest name, MST_DENIED where he only sees it. */
int store_secret_get(struct pool *, struct db *, struct str name, struct store_secret *out, struct mst_error *);
/* The keys that seal something which the caller sees, those of the secrets of this team (p NULL: of the
 * caller alone) first and *n_here of them; the latest first.  Not all of them: anybody may add a key, and
 * to try one costs what it says. */
int store_key_list(struct pool *, struct db *, struct str team, store_keys *out, size_t *n_here, struct mst_error *);
/* Adds or changes one: name, kind, ref or nonce, value and key.id count, and where `move`, team. */
int store_secret_put(struct db *, const struct store_secret *, bool move, struct mst_error *);
int store_key_add(struct db *, const struct store_key *, struct mst_error *);
/* team p NULL: to its owner alone.  The connections that use it go along. */
int store_secret_move(struct db *, struct str name, struct str team, struct mst_error *);
int store_secret_rm(struct db *, struct str name, struct mst_error *);
/* The new nonces and values of those that were read; all or none.  MST_CONFLICT with err->retry where one
 * has changed since. */
struct store_resealed {
	struct str name, was_nonce, nonce, value;
};
int store_secret_rotate(struct db *, struct str key_id, const struct store_resealed *, size_t n, struct mst_error *);

#endif
