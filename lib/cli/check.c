#include "cli/config.h"
#include "cli/options.h"

static size_t size_of(enum cli_kind k)
{
	switch (k) {
	case CLI_FLAG:
		return sizeof(bool);
	case CLI_INT:
	case CLI_DURATION:
		return sizeof(int64_t);
	case CLI_LIST:
		return sizeof(struct cli_list);
	default:
		return sizeof(const char *);
	}
}

/* A sentence for a column of the help: no full stop, no line break, not too wide. */
static int check_text(const char *what, const char *name, const char *s, size_t max, struct mst_error *err)
{
	if (!s || !*s)
		return mst_fail(err, MST_BUG, "%s %s has no text", what, name);
	if (strlen(s) > max)
		return mst_fail(err, MST_BUG, "%s %s: the text is longer than %zu bytes", what, name, max);
	if (s[strlen(s) - 1] == '.' || strchr(s, '\n'))
		return mst_fail(err, MST_BUG, "%s %s: the text ends in a full stop or has two lines", what, name);
	return 0;
}

static int check_option(const struct cli_cmd *cmd, const struct cli_optref *r, struct mst_error *err)
{
	const struct cli_opt *o = r->opt;
	if (check_text("option", o->name, o->help, 52, err))
		return err->code;
	if ((o->kind == CLI_FLAG) != !o->metavar)
		return mst_fail(err, MST_BUG, "option %s: a metavar is for options with a value", o->name);
	if ((o->kind == CLI_ENUM) != !!o->values)
		return mst_fail(err, MST_BUG, "option %s: values are for CLI_ENUM", o->name);
	if (o->key && !config_key_find(o->key))
		return mst_fail(err, MST_BUG, "option %s: unknown configuration key %s", o->name, o->key);
	if (!r->common && o->offset + size_of(o->kind) > cmd->args_size)
		return mst_fail(err, MST_BUG, "option %s lies outside of the args struct", o->name);
	return 0;
}

int cli_check(const struct cli_cmd *cmd, struct mst_error *err)
{
	POOL_SCRATCH(pool);
	cli_optrefs o;
	if (check_text("command", cmd->name, cmd->summary, 60, err))
		return err->code;
	if (!cmd->subs != !!cmd->run)
		return mst_fail(err, MST_BUG, "command %s has both run and subs, or neither", cmd->name);
	for (const struct cli_sub *s = cmd->subs; s && s->name; s++)
		if (check_text("command", s->name, s->summary, 52, err))
			return err->code;
	for (const struct cli_example *e = cmd->examples; e && e->command; e++)
		if (check_text("example", e->command, e->command, 78, err) ||
		    check_text("example", e->command, e->says, 73, err))
			return err->code;
	cli_options(pool, cmd, NULL, true, &o);
	for (size_t i = 0; i < o.n; i++) {
		if (check_option(cmd, &o.v[i], err))
			return err->code;
		for (size_t j = 0; j < i; j++) {
			const struct cli_opt *a = o.v[i].opt, *b = o.v[j].opt;
			bool same = strcmp(a->name, b->name) == 0;
			bool meet = o.v[i].sub == o.v[j].sub || !o.v[i].sub || !o.v[j].sub;
			if (meet && (same || (a->letter && a->letter == b->letter)))
				return mst_fail(err, MST_BUG, "options %s and %s clash", a->name, b->name);
			/* the first pass, which looks for the subcommand, reads both alike */
			if (same && (a->kind == CLI_FLAG) != (b->kind == CLI_FLAG))
				return mst_fail(err, MST_BUG, "option %s has a value in one command only", a->name);
		}
	}
	return 0;
}
