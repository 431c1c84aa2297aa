/* Glue of the commands that open secrets: from configuration to keyring_opts and connections. */
#ifndef MST_BIN_KEYS_H
#define MST_BIN_KEYS_H

#include "cli/cli.h"
#include "cli/config.h"
#include "engine/connections.h"

/* Pointers live as long as the command. */
static inline struct keyring_opts key_options(struct cli *cli)
{
	return (struct keyring_opts){
		.key_file = config_get(cli->config, "key_file"),
		.key_command = config_get(cli->config, "key_command"),
		.usual_file = keyring_usual_file(cli->pool),
		.refs = config_get(cli->config, "secret_refs"),
		.stop = &cli_signal,
	};
}

/* What connections_opts.config asks; arg is the configuration. */
static inline int config_says(void *arg, const char *name, struct connection *out, struct mst_error *err)
{
	const struct config *config = arg;
	out->origin = config_connection_origin(config, name);
	out->restricted = config_connection_is_restricted(config, name);
	return config_connection(config, name, &out->conninfo, err);
}

#endif
