#include "cli/commands.h"

#include <stddef.h>

const struct cli_command cli_commands[] = {
	{ "mst-connection", "keep the databases that jobs connect to", "the state database and what is connected to",
	  "db home key_command key_file pg_bin secret_refs warehouse" },
	{ "mst-db", "keep the state database", "the private cluster, the state database", "db home pg_bin warehouse" },
	{ "mst-deps", "infer table references from SQL", "files", "dialect name_from" },
	{ "mst-log", "show what runs and jobs said, and what happened", "the state database", "db home pg_bin" },
	{ "mst-plan", "put tables and tasks into an order", "nothing but its input", "" },
	{ "mst-ps", "list runs and their jobs", "the state database", "db home pg_bin" },
	{ "mst-run", "execute a plan", "the state database and the warehouse",
	  "commands db dialect home jobs key_command key_file pg_bin secret_refs team timezone warehouse" },
	{ "mst-secret", "keep passwords, sealed or by reference", "the state database",
	  "db home key_command key_file pg_bin secret_refs" },
	{ "mst-table", "keep the catalogue of tables", "files, the state database, the warehouse",
	  "db dialect home key_command key_file name_from pg_bin secret_refs team warehouse" },
	{ "mst-team", "keep the teams and their members", "the state database", "db home pg_bin" },
	{ "mst-user", "keep the users", "the state database", "db home pg_bin" },
	{ 0 },
};

static struct str bare(struct str s)
{
	return str_has_prefix(s, STR("mst-")) ? (struct str){ s.p + 4, s.n - 4 } : s;
}

const struct cli_command *cli_command_find(struct str name)
{
	for (const struct cli_command *c = cli_commands; c->name; c++)
		if (str_eq(bare(str_of(c->name)), bare(name)))
			return c;
	return NULL;
}

const char *cli_command_nearest(struct str name)
{
	enum { N = sizeof cli_commands / sizeof *cli_commands - 1 };
	const char *names[N];
	for (size_t i = 0; i < N; i++)
		names[i] = cli_commands[i].name + 4;
	return str_nearest(bare(name), names, N);
}
