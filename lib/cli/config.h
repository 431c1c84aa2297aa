/* Configuration from one key table (config.c): default, file, profile,
 * environment, flag -- the later wins, and each value knows where it is from. */
#ifndef MST_CLI_CONFIG_H
#define MST_CLI_CONFIG_H

#include "base/error.h"
#include "base/pool.h"
#include "base/vec.h"

struct config_key {
	const char *name;    /* "db" */
	const char *env;     /* "MST_DB" */
	const char *def;     /* or NULL */
	const char *kind;    /* "string", "path", "int", "bool", "duration", "a|b|c" */
	const char *help;    /* one line */
	bool secret;         /* shown as *** */
};
extern const struct config_key config_keys[]; /* sorted by name; name NULL ends */

struct config;
/* Reads the file (MST_CONFIG, else $XDG_CONFIG_HOME/mst/config, else
 * ~/.config/mst/config; absent is fine) and the environment.  `profile` may be
 * NULL (then MST_PROFILE).  MST_USAGE with file:line for an unknown key (with the
 * nearest one), a bad value or an unknown profile. */
int config_load(struct pool *, const char *profile, struct config **out, struct mst_error *);
/* The value or NULL; an unknown key is a bug and aborts. */
const char *config_get(const struct config *, const char *key);
/* "default", "file PATH:LINE", "profile NAME PATH:LINE", "environment MST_DB",
 * "flag --db" or "unset". */
const char *config_origin(const struct config *, const char *key);
/* A flag's value; `flag` is kept for the origin. */
int config_set(struct config *, const char *key, const char *value, const char *flag, struct mst_error *);

/* The libpq connection string of a `[connection NAME]` section.  `warehouse` is
 * the key of that name, else the section, else NULL with success: the warehouse
 * of the private cluster.  MST_NOT_FOUND with the nearest name. */
int config_connection(const struct config *, const char *name, const char **url, struct mst_error *);
/* Whether imports read it by restricted SELECTs only: yes, unless its section says `restricted = no`. */
bool config_connection_is_restricted(const struct config *, const char *name);
/* "file PATH:LINE" of the section, or NULL. */
const char *config_connection_origin(const struct config *, const char *name);
/* Their names and those of the profiles, in byte order. */
typedef VEC(const char *) config_names;
void config_connections(const struct config *, struct pool *, config_names *out);

void config_profiles(const struct config *, struct pool *, config_names *out);

/* Where the file lies, whether it exists or not. */
int config_path(struct pool *, const char **out, struct mst_error *);
/* Remarks on the environment: one line each (a variable MST_JOB that looks like
 * a slip for MST_JOBS; an error would punish other programs' variables). */
const config_names *config_remarks(const struct config *);

/* The value as it may be shown: secret keys as ***, passwords inside connection
 * strings and URIs as ***. */
const char *config_shown(struct pool *, const struct config_key *, const char *value);
/* The key's row, or NULL. */
const struct config_key *config_key_find(const char *name);
/* "yes", "true", "on", "1": true. */
bool config_is_yes(const char *value);

#endif
