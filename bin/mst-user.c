/* mst-user: who may use this mst. */
#include "cli/out.h"
#include "state.h"
#include "store/account.h"

struct args {
	bool admin, no_admin, enabled;
	const char *description;
};

static const struct out_col columns[] = {
	{ "name", "USER", OUT_TEXT, false },
	{ "admin", "ADMIN", OUT_TEXT, false },
	{ "disabled", "DISABLED", OUT_TEXT, false },
	{ "teams", "TEAMS", OUT_MAP, OUT_SHRINK },
	{ "description", "DESCRIPTION", OUT_TEXT, OUT_SHRINK_FIRST },
	{ NULL, NULL, OUT_TEXT, false },
};

/* The line of the user as he is now. */
static int show(struct cli *cli, struct db *db, const char *name, struct mst_error *err)
{
	struct out *out = out_open(cli, "user", columns);
	int rc = store_account_list(db, name, out_told, out, err);
	return rc ? rc : out_close(out, err);
}

static int add(struct cli *cli, struct mst_error *err)
{
	const struct args *a = cli->args;
	struct db *db;
	struct store_account who = {
		.name = cli->argv[0],
		.admin = a->admin ? STORE_YES : STORE_KEEP,
		.description = a->description,
	};
	int rc = state_ready(cli, &db, err);
	if (!rc)
		rc = store_account_add(db, &who, err);
	return rc ? rc : show(cli, db, who.name, err);
}

static int change(struct cli *cli, const struct store_account *who, struct mst_error *err)
{
	struct db *db;
	int rc = state_ready(cli, &db, err);
	if (!rc)
		rc = store_account_set(db, who, err);
	return rc ? rc : show(cli, db, who->name, err);
}

static int set(struct cli *cli, struct mst_error *err)
{
	const struct args *a = cli->args;
	struct store_account who = {
		.name = cli->argv[0],
		.admin = a->admin ? STORE_YES : a->no_admin ? STORE_NO : STORE_KEEP,
		.disabled = a->enabled ? STORE_NO : STORE_KEEP,
		.description = a->description,
	};
	if (a->admin && a->no_admin)
		return mst_fail(err, MST_USAGE, "--admin and --no-admin contradict each other");
	if (!who.admin && !who.disabled && !who.description) {
		mst_fail(err, MST_USAGE, "nothing is said that is to change");
		return mst_hint(err, "--admin, --no-admin, --enabled, --description");
	}
	return change(cli, &who, err);
}

static int disable(struct cli *cli, struct mst_error *err)
{
	return change(cli, &(struct store_account){ .name = cli->argv[0], .disabled = STORE_YES }, err);
}

static int list(struct cli *cli, struct mst_error *err)
{
	struct db *db;
	int rc = state_ready(cli, &db, err);
	return rc ? rc : show(cli, db, NULL, err);
}

static int whoami(struct cli *cli, struct mst_error *err)
{
	struct db *db;
	int rc = state_ready(cli, &db, err);
	if (rc)
		return rc;
	struct out *out = out_open(cli, "user", columns);
	rc = store_account_me(db, out_told, out, err);
	return rc ? rc : out_close(out, err);
}

#define ADMIN_OPT \
	{ .name = "admin", .kind = CLI_FLAG, .offset = offsetof(struct args, admin), .help = "may do everything" }
#define DESCRIPTION_OPT \
	{ .name = "description", .kind = CLI_STRING, .offset = offsetof(struct args, description), .metavar = "TEXT", \
	  .help = "who that is, for people" }

static const struct cli_opt add_opts[] = {
	ADMIN_OPT,
	DESCRIPTION_OPT,
	{ .name = NULL },
};

static const struct cli_opt set_opts[] = {
	ADMIN_OPT,
	{ .name = "no-admin", .kind = CLI_FLAG, .offset = offsetof(struct args, no_admin),
	  .help = "may do what his teams let him" },
	{ .name = "enabled", .kind = CLI_FLAG, .offset = offsetof(struct args, enabled), .help = "is let in again" },
	DESCRIPTION_OPT,
	{ .name = NULL },
};

static const struct cli_sub subs[] = {
	{ "add", "ROLE", "make a role of the server a user", 1, 1, .opts = add_opts, .run = add },
	{ "disable", "NAME", "take everything from a user, at once", 1, 1, .complete = "user", .run = disable },
	{ "set", "NAME", "change a user, or let him in again", 1, 1, .opts = set_opts, .complete = "user", .run = set },
	{ "list", NULL, "all users and their teams", 0, 0, .run = list },
	{ "whoami", NULL, "who I am here and what I may do", 0, 0, .run = whoami },
	{ NULL, NULL, NULL, 0, 0, .run = NULL },
};

static const struct cli_example examples[] = {
	{ "mst-user whoami", "who I am here, and my teams" },
	{ "mst-user add carol --description 'the one of the marts'", "the role carol may come in" },
	{ "mst-user list | jq -r 'select(.admin).name'", "who are the admins" },
	{ "mst-user disable carol", "she has lost everything, also where she is connected" },
	{ NULL, NULL },
};

static const struct cli_cmd cmd = {
	.name = "mst-user",
	.summary = "keep the users",
	.args_size = sizeof(struct args),
	.groups = CLI_OUTPUT | CLI_DB,
	.subs = subs,
	.examples = examples,
	.reads = "nothing",
	.writes = "user",
	.talks_to = "the state database",
	.exits = "1 3 4 6 130",
	.see_also = "mst-team(1), mst-db(1), mst-json(5), mst-catalogue(7)",
};

int main(int argc, char **argv)
{
	return cli_main(argc, argv, &cmd);
}
