/* mst-team: teams, their members and what these may do. */
#include "cli/out.h"
#include "state.h"
#include "store/account.h"

struct args {
	const char *description, *role;
};

static const struct out_col columns[] = {
	{ "name", "TEAM", OUT_TEXT, false },
	{ "members", "MEMBERS", OUT_MAP, OUT_SHRINK },
	{ "description", "DESCRIPTION", OUT_TEXT, OUT_SHRINK_FIRST },
	{ NULL, NULL, OUT_TEXT, false },
};

/* The line of the team as it is now; NULL: of all. */
static int show(struct cli *cli, struct db *db, const char *name, struct mst_error *err)
{
	struct out *out = out_open(cli, "team", columns);
	int rc = store_team_list(db, name, out_told, out, err);
	return rc ? rc : out_close(out, err);
}

static int put(struct cli *cli, struct mst_error *err)
{
	const struct args *a = cli->args;
	struct db *db;
	int rc = state_ready(cli, &db, err);
	if (!rc)
		rc = store_team_put(db, cli->argv[0], a->description, err);
	return rc ? rc : show(cli, db, cli->argv[0], err);
}

static int get(struct cli *cli, struct mst_error *err)
{
	struct db *db;
	int rc = state_ready(cli, &db, err);
	return rc ? rc : show(cli, db, cli->argc ? cli->argv[0] : NULL, err);
}

static int rm(struct cli *cli, struct mst_error *err)
{
	struct db *db;
	int rc = state_ready(cli, &db, err);
	if (!rc)
		rc = store_team_rm(db, cli->argv[0], err);
	if (!rc)
		cli_note(cli, "removed team %s", cli->argv[0]);
	return rc;
}

static int join(struct cli *cli, struct mst_error *err)
{
	const struct args *a = cli->args;
	struct db *db;
	int rc = state_ready(cli, &db, err);
	if (!rc)
		rc = store_team_join(db, cli->argv[0], cli->argv[1], a->role, err);
	return rc ? rc : show(cli, db, cli->argv[0], err);
}

static int leave(struct cli *cli, struct mst_error *err)
{
	struct db *db;
	int rc = state_ready(cli, &db, err);
	if (!rc)
		rc = store_team_leave(db, cli->argv[0], cli->argv[1], err);
	return rc ? rc : show(cli, db, cli->argv[0], err);
}

static const struct cli_opt put_opts[] = {
	{ .name = "description", .kind = CLI_STRING, .offset = offsetof(struct args, description), .metavar = "TEXT",
	  .help = "what it does, for people" },
	{ .name = NULL },
};

static const struct cli_opt join_opts[] = {
	{ .name = "role", .letter = 'r', .kind = CLI_ENUM, .offset = offsetof(struct args, role), .metavar = "ROLE",
	  .values = "read|write|admin", .def = "read", .help = "what the member may do" },
	{ .name = NULL },
};

static const struct cli_sub subs[] = {
	{ "put", "NAME", "make a team, or change its description", 1, 1, .opts = put_opts, .complete = "team", .run = put },
	{ "join", "TEAM USER", "make a user a member, or change his role", 2, 2, .opts = join_opts, .complete = "member",
	  .run = join },
	{ "leave", "TEAM USER", "take a member out", 2, 2, .complete = "member", .run = leave },
	{ "list", NULL, "all teams and their members", 0, 0, .run = get },
	{ "get", "TEAM", "one team", 1, 1, .complete = "team", .run = get },
	{ "rm", "TEAM", "remove a team that owns nothing", 1, 1, .complete = "team", .run = rm },
	{ NULL, NULL, NULL, 0, 0, .run = NULL },
};

static const struct cli_example examples[] = {
	{ "mst-team put mart --description 'who makes the marts'", "a new team; an admin does that" },
	{ "mst-team join mart carol --role write", "she changes and runs what is the team's" },
	{ "mst-team get mart | jq .members", "who is in it" },
	{ NULL, NULL },
};

static const struct cli_cmd cmd = {
	.name = "mst-team",
	.summary = "keep the teams and their members",
	.args_size = sizeof(struct args),
	.groups = CLI_OUTPUT | CLI_DB,
	.subs = subs,
	.examples = examples,
	.reads = "nothing",
	.writes = "team",
	.talks_to = "the state database",
	.exits = "1 3 4 6 130",
	.see_also = "mst-user(1), mst-json(5), mst-catalogue(7)",
};

int main(int argc, char **argv)
{
	return cli_main(argc, argv, &cmd);
}
