/* A connection as a job uses it: a database that has a name. */
#ifndef MST_MODEL_CONNECTION_H
#define MST_MODEL_CONNECTION_H

#include <stdbool.h>

struct connection {
	const char *name;
	const char *provider; /* "postgres" */
	/* For db_open; with the password, so that it is shown to nobody.  NULL in a dry run. */
	const char *conninfo;
	const char *secret;   /* of the state database, that holds its password; or NULL */
	bool restricted;      /* imports read it by restricted SELECTs only */
	bool stored;          /* it is one of the state database */
	const char *origin;   /* "file PATH:LINE" of the configuration, or "the state database" */
};

#endif
