/* Glue of the commands that talk to a database: from configuration to state_opts. */
#ifndef MST_BIN_STATE_H
#define MST_BIN_STATE_H

#include "cli/cli.h"
#include "cli/config.h"
#include "engine/state.h"

static inline void state_said(void *arg, const char *line)
{
	cli_say(arg, "%s", line);
}

/* Pointers live as long as the command. */
static inline struct state_opts state_options(struct cli *cli)
{
	return (struct state_opts){
		.db = config_get(cli->config, "db"),
		.warehouse = config_get(cli->config, "warehouse"),
		.app = cli->cmd->name,
		.cluster = {
			.home = config_get(cli->config, "home"),
			.pg_bin = config_get(cli->config, "pg_bin"),
			.note = state_said,
			.arg = cli,
			.stop = &cli_signal,
		},
	};
}

/* The state database, for a command that a signal may end from here on. */
static inline int state_ready(struct cli *cli, struct db **db, struct mst_error *err)
{
	struct state_opts where = state_options(cli);
	cli_catch_signals();
	return state_open(cli->pool, &where, db, err);
}

#endif
