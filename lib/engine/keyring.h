/* Opens secrets and seals them.
 *
 * What the user keeps (the contents of a key file, or what a command prints) is the passphrase.  For each
 * key id of the state database scrypt makes of it a key of AES-256-GCM and a check value, by which the
 * wrong passphrase is known before anything is opened.  A sealed text is bound to the name of its secret
 * and to its key id: rows cannot be exchanged.
 *
 * A secret by reference is looked up here and now: a variable of the environment, a file, a shell command
 * of whoever uses it.  So that nobody has another's machine run commands or hand out files, the references
 * that others have set are refused unless the configuration takes them (key `secret_refs`). */
#ifndef MST_ENGINE_KEYRING_H
#define MST_ENGINE_KEYRING_H

#include "base/secret.h"
#include "base/stop.h"
#include "store/secret.h"

#define KEYRING_PASSPHRASE_MIN 16
#define KEYRING_COST 32768
#define KEYRING_BLOCK 8
#define KEYRING_PARALLEL 1
#define KEYRING_COMMAND_S 60

struct keyring_opts {
	const char *key_file;    /* NULL: key_command, else the file below where it is there */
	const char *key_command; /* a shell command; NULL: none */
	const char *usual_file;  /* $XDG_CONFIG_HOME/mst/key; or NULL */
	const char *refs;        /* "none", "own" or "all": whose references are looked up; NULL: "own" */
	const stop_flag *stop;
};

struct keyring;
/* `opts` must live as long.  Nothing is read before it is needed. */
struct keyring *keyring_new(struct pool *, const struct keyring_opts *);

/* $XDG_CONFIG_HOME/mst/key, else ~/.config/mst/key; NULL where there is no home folder. */
const char *keyring_usual_file(struct pool *);
/* Makes a new key file of random letters that only its owner can read; MST_CONFLICT where it is there. */
int keyring_make_file(const char *path, struct mst_error *);

/* The secret behind a row that store_secret_get gave; `out` lives in the pool, a wiped one.  MST_DENIED
 * where the key does not open it (db, may be NULL: it is asked what else is lost with that key), where it
 * is another's reference; MST_USAGE where there is no key; MST_NOT_FOUND for a variable or file that is
 * not there, MST_REMOTE for a command that fails. */
int keyring_open(struct keyring *, struct pool *, const struct store_secret *, struct db *db, struct secret *out,
		 struct mst_error *);
/* Reads the passphrase now, so that there is no error of it later. */
int keyring_look(struct keyring *, struct mst_error *);
/* Whether the present key is that one: 0 or 1.  Errors of reading it. */
int keyring_is_key(struct keyring *, const struct store_key *, struct mst_error *);

/* A new key id for the present passphrase; its texts live in the pool. */
int keyring_new_key(struct keyring *, struct pool *, struct store_key *out, struct mst_error *);
/* Sets nonce, value and key of a secret that has its name; `key` is one of this keyring. */
int keyring_seal(struct keyring *, struct pool *, struct store_secret *, const struct store_key *key,
		 struct secret plain, struct mst_error *);

/* Takes the line break at the end away.  MST_DATA: empty, longer than SECRET_VALUE_MAX, a NUL byte. */
int keyring_check_value(struct str *value, struct mst_error *);

#endif
