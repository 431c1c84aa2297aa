/* The key table: one row a key, sorted by name.  The file, the environment,
 * `mst config`, completion and mst-config(5) are made from it. */
#include "cli/config.h"

#include <stddef.h>

const struct config_key config_keys[] = {
	{ .name = "color", .env = "MST_COLOR", .def = "auto", .kind = "auto|always|never",
	  .help = "colours; auto: on a terminal, unless NO_COLOR is set" },
	{ .name = "commands", .env = "MST_COMMANDS", .def = "yes", .kind = "bool",
	  .help = "let mst-run execute the shell commands of imports" },
	{ .name = "db", .env = "MST_DB", .kind = "string",
	  .help = "the state database; unset: the private cluster" },
	{ .name = "dialect", .env = "MST_DIALECT", .def = "bigquery", .kind = "bigquery|legacy|postgres|ansi",
	  .help = "SQL dialect of files that do not say theirs" },
	{ .name = "home", .env = "MST_HOME", .kind = "path",
	  .help = "folder of the private cluster; unset: $XDG_DATA_HOME/mst" },
	{ .name = "jobs", .env = "MST_JOBS", .kind = "int",
	  .help = "how many jobs run at once; unset: one for each core" },
	{ .name = "key_command", .env = "MST_KEY_COMMAND", .kind = "string",
	  .help = "shell command that prints the key of secrets" },
	{ .name = "key_file", .env = "MST_KEY_FILE", .kind = "path",
	  .help = "key of secrets; unset: key_command, else mst/key" },
	{ .name = "name_from", .env = "MST_NAME_FROM", .kind = "string",
	  .help = "pattern that makes table names from paths" },
	{ .name = "pg_bin", .env = "MST_PG_BIN", .kind = "path",
	  .help = "folder of the PostgreSQL programs; unset: the newest found" },
	{ .name = "profile", .env = "MST_PROFILE", .kind = "string",
	  .help = "the profile in force" },
	{ .name = "secret_refs", .env = "MST_SECRET_REFS", .def = "own", .kind = "none|own|all",
	  .help = "whose env:, file:, cmd: secrets are followed" },
	{ .name = "team", .env = "MST_TEAM", .kind = "string",
	  .help = "team of the runs and new tables that name none" },
	{ .name = "timezone", .env = "MST_TIMEZONE", .kind = "string",
	  .help = "time zone of conditions; unset: the system's own" },
	{ .name = "warehouse", .env = "MST_WAREHOUSE", .kind = "string",
	  .help = "the warehouse; unset: a database of the private cluster" },
	{ 0 },
};
