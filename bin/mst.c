/* mst: `mst X` executes mst-X; shows help and the configuration. */
#include "base/fs.h"
#include "base/jsonl.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/out.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

struct args {
	bool origin;
};

/* The folder of this program, or NULL. */
static char *own_folder(struct pool *pool)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	while (n > 0 && path[n - 1] != '/')
		n--;
	return n > 0 ? pool_memdup(pool, path, (size_t)n) : NULL;
}

/* Becomes mst-NAME: the one beside this program, else the one on PATH.  Returns
 * only where there is none. */
static void become(struct pool *pool, const char *name, char **argv)
{
	char *folder = own_folder(pool), *program = pool_printf(pool, "mst-%s", name);
	argv[0] = program;
	if (folder)
		execv(fs_join(pool, folder, program), argv);
	if (!folder || errno == ENOENT || errno == ENOTDIR)
		execvp(program, argv);
}

static int unknown_command(const char *name, struct mst_error *err)
{
	const char *near = cli_command_nearest(str_of(name));
	if (near)
		mst_fail(err, MST_USAGE, "unknown command '%s' (did you mean '%s'?)", name, near);
	else
		mst_fail(err, MST_USAGE, "unknown command '%s'", name);
	return mst_hint(err, "mst help lists the commands");
}

/* The pages that are no command's. */
static const struct {
	const char *topic, *page;
	char section;
} topics[] = {
	{ "catalogue", "mst-catalogue", '7' }, { "config", "mst-config", '5' }, { "json", "mst-json", '5' },
	{ "libmst", "libmst", '3' },	       { "mst", "mst", '1' },		{ "sql", "mst-sql", '7' },
};
enum { TOPICS = sizeof topics / sizeof *topics };

static int list_commands(struct cli *cli, struct mst_error *err)
{
	struct buf b;
	buf_init(&b, cli->pool);
	buf_z(&b, "usage: mst COMMAND [ARGUMENT ...]\n\ncommands:\n");
	for (const struct cli_command *c = cli_commands; c->name; c++)
		buf_printf(&b, "  %-10s %s\n", c->name + strlen("mst-"), c->summary);
	for (const struct cli_sub *s = cli->cmd->subs; s->name; s++)
		buf_printf(&b, "  %-10s %s\n", s->name, s->summary);
	buf_z(&b, "\nother pages:\n ");
	for (size_t i = 0; i < TOPICS; i++)
		buf_printf(&b, " %s", topics[i].topic);
	buf_z(&b, "\n\nmst help COMMAND or PAGE opens it; mst COMMAND --help lists its options\n");
	return out_text(cli, buf_view(&b), err);
}

/* The page as it is installed, or as it lies in the source tree. */
static char *find_page(struct pool *pool, const char *page, char section)
{
	char *folder = own_folder(pool);
	const char *const places[] = {
		pool_printf(pool, "../share/man/man%c/%s.%c", section, page, section),
		pool_printf(pool, "../../man/%s.%c", page, section),
	};
	for (size_t i = 0; folder && i < sizeof places / sizeof *places; i++) {
		char *path = fs_absolute(pool, fs_join(pool, folder, places[i]));
		if (fs_exists(path))
			return path;
	}
	return NULL;
}

static int unknown_topic(const char *topic, struct mst_error *err)
{
	POOL_SCRATCH(pool);
	config_names names = { 0 };
	for (const struct cli_command *c = cli_commands; c->name; c++)
		*vec_push(pool, &names) = c->name + strlen("mst-");
	for (size_t i = 0; i < TOPICS; i++)
		*vec_push(pool, &names) = topics[i].topic;
	const char *near = str_nearest(str_of(topic), names.v, names.n);
	if (near)
		mst_fail(err, MST_USAGE, "there is no page '%s' (did you mean '%s'?)", topic, near);
	else
		mst_fail(err, MST_USAGE, "there is no page '%s'", topic);
	return mst_hint(err, "mst help lists the commands and the other pages");
}

static int run_help(struct cli *cli, struct mst_error *err)
{
	const char *topic = cli->argc ? cli->argv[0] : NULL, *page = NULL;
	char section = '1';
	if (!topic)
		return list_commands(cli, err);
	if (strncmp(topic, "mst-", 4) == 0)
		topic += 4;
	const struct cli_command *c = cli_command_find(str_of(topic));
	if (c)
		page = c->name;
	for (size_t i = 0; i < TOPICS && !page; i++)
		if (strcmp(topic, topics[i].topic) == 0) {
			page = topics[i].page;
			section = topics[i].section;
		}
	if (!page)
		return unknown_topic(topic, err);
	char *path = find_page(cli->pool, page, section);
	/* a path with a slash is a file to man and mandoc */
	execlp("man", "man", path ? path : page, (char *)NULL);
	if (path)
		execlp("mandoc", "mandoc", path, (char *)NULL);
	if (c)
		become(cli->pool, c->name + strlen("mst-"), (char *[]){ NULL, (char[]){ "--help" }, NULL });
	struct str text;
	if (!path)
		return mst_fail(err, MST_NOT_FOUND, "there is no page of %s", page);
	if (fs_read_file(cli->pool, path, 0, &text, err))
		return err->code;
	return out_text(cli, text, err);
}

static int put(struct cli *cli, struct out *out, const char *key, const char *value, const char *origin,
	       struct mst_error *err)
{
	struct buf b;
	struct jw w;
	buf_init(&b, cli->pool);
	jw_init(&w, &b);
	jw_object(&w);
	jw_key_z(&w, "type", "config");
	jw_key_z(&w, "key", key);
	jw_key_z(&w, "value", value);
	jw_key_z(&w, "origin", origin);
	jw_end(&w);
	return out_line(out, buf_view(&b), err);
}

static int config_list(struct cli *cli, struct mst_error *err)
{
	static const struct out_col cols[] = {
		{ .key = "key", .title = "KEY" },
		{ .key = "value", .title = "VALUE", .may = OUT_SHRINK },
		{ .key = "origin", .title = "ORIGIN", .may = OUT_SHRINK },
		{ 0 },
	};
	static const struct out_col two[] = {
		{ .key = "key", .title = "KEY" },
		{ .key = "value", .title = "VALUE", .may = OUT_SHRINK },
		{ 0 },
	};
	const struct args *args = cli->args;
	struct out *out = out_open(cli, "config", args->origin ? cols : two);
	config_names names;
	for (const struct config_key *k = config_keys; k->name; k++)
		if (put(cli, out, k->name, config_shown(cli->pool, k, config_get(cli->config, k->name)),
			config_origin(cli->config, k->name), err))
			return err->code;
	config_connections(cli->config, cli->pool, &names);
	for (size_t i = 0; i < names.n; i++) {
		const char *url;
		if (config_connection(cli->config, names.v[i], &url, err) ||
		    put(cli, out, pool_printf(cli->pool, "connection.%s.url", names.v[i]),
			config_shown(cli->pool, NULL, url), config_connection_origin(cli->config, names.v[i]), err))
			return err->code;
	}
	return out_close(out, err);
}

static int config_value(struct cli *cli, const char *key, struct mst_error *err)
{
	struct str name = str_of(key);
	if (str_has_prefix(name, STR("connection.")) && str_has_suffix(name, STR(".url")) && name.n > 15) {
		const char *url;
		if (config_connection(cli->config, str_z(cli->pool, (struct str){ key + 11, name.n - 15 }), &url, err))
			return err->code;
		return url ? out_text(cli, str_of(pool_printf(cli->pool, "%s\n", url)), err) : 1;
	}
	if (!config_key_find(key)) {
		config_names names = { 0 };
		for (const struct config_key *k = config_keys; k->name; k++)
			*vec_push(cli->pool, &names) = k->name;
		const char *near = str_nearest(str_of(key), names.v, names.n);
		if (near)
			mst_fail(err, MST_USAGE, "unknown key '%s' (did you mean '%s'?)", key, near);
		else
			mst_fail(err, MST_USAGE, "unknown key '%s'", key);
		return mst_hint(err, "mst config list shows every key");
	}
	const char *value = config_get(cli->config, key);
	return value ? out_text(cli, str_of(pool_printf(cli->pool, "%s\n", value)), err) : 1;
}

static int run_config(struct cli *cli, struct mst_error *err)
{
	static const char *const verbs[] = { "list", "get", "path" };
	const char *verb = cli->argc ? cli->argv[0] : "list";
	int rest = cli->argc ? cli->argc - 1 : 0;
	if (strcmp(verb, "path") == 0 && rest == 0) {
		const char *path;
		if (config_path(cli->pool, &path, err))
			return err->code;
		return out_text(cli, str_of(pool_printf(cli->pool, "%s\n", path)), err);
	}
	if (!cli->config && config_load(cli->pool, cli->profile, &cli->config, err))
		return err->code;
	if (strcmp(verb, "list") == 0 && rest == 0)
		return config_list(cli, err);
	if (strcmp(verb, "get") == 0 && rest == 1)
		return config_value(cli, cli->argv[1], err);
	const char *near = str_nearest(str_of(verb), verbs, 3);
	if (near && strcmp(near, verb) == 0)
		mst_fail(err, MST_USAGE, strcmp(verb, "get") == 0 ? "config get takes one key" : "config %s takes no operand",
			 verb);
	else if (near)
		mst_fail(err, MST_USAGE, "unknown word '%s' (did you mean '%s'?)", verb, near);
	else
		mst_fail(err, MST_USAGE, "unknown word '%s'", verb);
	return mst_hint(err, "write mst config list, mst config get KEY or mst config path");
}

static int run_version(struct cli *cli, struct mst_error *err)
{
	return out_text(cli, STR("mst " MST_VERSION "\n"), err);
}

static void complete_words(struct cli *cli, const char *kind, const char *prefix)
{
	static const char *const words[] = { "list", "get", "path" };
	struct buf b;
	struct mst_error ignored;
	buf_init(&b, cli->pool);
	if (strcmp(kind, "config") == 0) {
		for (size_t i = 0; i < 3; i++)
			if (strncmp(words[i], prefix, strlen(prefix)) == 0)
				buf_printf(&b, "%s\n", words[i]);
		for (const struct config_key *k = config_keys; k->name; k++)
			if (strncmp(k->name, prefix, strlen(prefix)) == 0)
				buf_printf(&b, "%s\n", k->name);
	} else if (strcmp(kind, "topic") == 0) {
		for (const struct cli_command *c = cli_commands; c->name; c++)
			if (strncmp(c->name + 4, prefix, strlen(prefix)) == 0)
				buf_printf(&b, "%s\n", c->name + 4);
		for (size_t i = 0; i < TOPICS; i++)
			if (strncmp(topics[i].topic, prefix, strlen(prefix)) == 0)
				buf_printf(&b, "%s\n", topics[i].topic);
	}
	(void)out_text(cli, buf_view(&b), &ignored);
}

static const struct cli_opt config_opts[] = {
	{ .name = "origin", .kind = CLI_FLAG, .offset = offsetof(struct args, origin),
	  .help = "list: a column that says where each value is from" },
	{ 0 },
};

static const struct cli_sub subs[] = {
	{ .name = "config", .args = "[list | path | get KEY]", .summary = "show the configuration", .max_args = 2,
	  .opts = config_opts, .complete = "config", .run = run_config },
	{ .name = "help", .args = "[COMMAND | PAGE]", .summary = "open a manual page, or list the commands", .max_args = 1,
	  .complete = "topic", .run = run_help },
	{ .name = "version", .args = "", .summary = "print the version", .run = run_version },
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "mst deps sql/ | mst plan | mst run", "do the main job: infer, plan and run a folder of SQL" },
	{ "mst config list --origin", "every configuration key, its value and where it comes from" },
	{ "mst help run", "the manual page of mst-run" },
	{ 0 },
};

static const struct cli_cmd cmd = {
	.name = "mst",
	.summary = "the maestro toolkit: run SQL catalogues",
	.args_size = sizeof(struct args),
	.groups = CLI_OUTPUT | CLI_ANY_CONFIG | CLI_DISPATCH,
	.subs = subs,
	.examples = examples,
	.writes = "config",
	.talks_to = "the configuration file",
	.exits = "1",
	.see_also = "mst-connection(1), mst-db(1), mst-deps(1), mst-log(1), mst-plan(1), mst-ps(1), mst-run(1), "
		    "mst-secret(1), mst-table(1), mst-team(1), mst-user(1), libmst(3), mst-config(5), mst-json(5), "
		    "mst-catalogue(7), mst-sql(7)",
};

/* Why the last program could not be executed. */
static int exec_errno;

static int run_unknown(struct cli *cli, struct mst_error *err)
{
	errno = exec_errno;
	if (errno && errno != ENOENT && errno != ENOTDIR)
		return mst_fail_errno(err, 0, "mst-%s: cannot execute", cli->argv[0]);
	return unknown_command(cli->argv[0], err);
}

int main(int argc, char **argv)
{
	static char mst[] = "mst", word[] = "help", *help[] = { mst, word, NULL };
	cli_completer = complete_words;
	if (argc < 2)
		return cli_main(2, help, &cmd);
	const char *name = argv[1];
	bool own = name[0] == '-';
	for (const struct cli_sub *s = subs; s->name; s++)
		own = own || strcmp(s->name, name) == 0;
	if (own)
		return cli_main(argc, argv, &cmd);
	if (*name && !strchr(name, '/')) {
		struct pool *pool = pool_new(NULL);
		char *program = argv[0];
		become(pool, name, argv + 1);
		exec_errno = errno;
		pool_free(pool);
		argv[0] = program;
		argv[1] = (char *)name;
	}
	static const struct cli_cmd none = { .name = "mst", .groups = CLI_ANY_CONFIG, .max_args = 1, .run = run_unknown };
	return cli_main(2, argv, &none);
}
