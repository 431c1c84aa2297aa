/* The commands of the toolkit, one row each, sorted by name: `mst help`, mst(1),
 * `mst X` and its completion are made from it.  A lint holds each row against the
 * option table of its command. */
#ifndef MST_CLI_COMMANDS_H
#define MST_CLI_COMMANDS_H

#include "base/str.h"

struct cli_command {
	const char *name;     /* "mst-deps" */
	const char *summary;  /* as in its option table */
	const char *talks_to; /* as in its option table */
	const char *keys;     /* configuration keys, blanks between, or "" */
};
extern const struct cli_command cli_commands[]; /* name NULL ends */

/* The row of "deps" or "mst-deps", or NULL. */
const struct cli_command *cli_command_find(struct str name);
/* The nearest name without "mst-", or NULL. */
const char *cli_command_nearest(struct str name);

#endif
