#include "cli/options.h"
#include "base/time.h"
#include "cli/commands.h"
#include "cli/config.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static const struct cli_opt output_opts[] = {
	{ .name = "json", .kind = CLI_FLAG, .offset = offsetof(struct cli_common, json),
	  .help = "write JSON Lines (the default in a pipe)" },
	{ .name = "table", .kind = CLI_FLAG, .offset = offsetof(struct cli_common, table),
	  .help = "write a table (the default on a terminal)" },
	{ .name = "csv", .kind = CLI_FLAG, .offset = offsetof(struct cli_common, csv),
	  .help = "write CSV with a header line" },
	{ 0 },
};

static const struct cli_opt db_opts[] = {
	{ .name = "db", .kind = CLI_STRING, .offset = offsetof(struct cli_common, db), .metavar = "CONNINFO",
	  .key = "db", .help = "state database: libpq connection string or URI" },
	{ 0 },
};

static const struct cli_opt every_opts[] = {
	{ .name = "profile", .kind = CLI_STRING, .offset = offsetof(struct cli_common, profile), .metavar = "NAME",
	  .complete = "profile", .help = "use this profile of the configuration" },
	{ .name = "help", .letter = 'h', .kind = CLI_FLAG, .offset = offsetof(struct cli_common, help),
	  .help = "print this help and exit" },
	{ .name = "version", .kind = CLI_FLAG, .offset = offsetof(struct cli_common, version),
	  .help = "print the version and exit" },
	{ 0 },
};

static void add(struct pool *pool, const struct cli_opt *o, const struct cli_sub *sub, bool common, cli_optrefs *out)
{
	for (; o && o->name; o++)
		*vec_push(pool, out) = (struct cli_optref){ o, sub, common };
}

void cli_options(struct pool *pool, const struct cli_cmd *cmd, const struct cli_sub *sub, bool all, cli_optrefs *out)
{
	*out = (cli_optrefs){ 0 };
	add(pool, cmd->opts, NULL, false, out);
	if (sub)
		add(pool, sub->opts, sub, false, out);
	else if (all)
		for (const struct cli_sub *s = cmd->subs; s && s->name; s++)
			add(pool, s->opts, s, false, out);
	if (cmd->groups & CLI_OUTPUT)
		add(pool, output_opts, NULL, true, out);
	if (cmd->groups & CLI_DB)
		add(pool, db_opts, NULL, true, out);
	add(pool, every_opts, NULL, true, out);
}

void cli_split(struct pool *pool, const char *values, cli_words *out)
{
	struct str rest = str_of(values), word;
	*out = (cli_words){ 0 };
	while (rest.n) {
		str_cut(rest, '|', &word, &rest);
		*vec_push(pool, out) = str_z(pool, word);
	}
}

static int usage(const struct cli *cli, struct mst_error *err)
{
	return mst_hint(err, "try '%s%s%s --help'", cli->cmd->name, cli->sub ? " " : "",
			cli->sub ? cli->sub->name : "");
}

static int unknown(struct cli *cli, const cli_optrefs *opts, struct str word, struct mst_error *err)
{
	cli_words names = { 0 };
	struct str name;
	str_cut(word, '=', &name, &(struct str){ 0 });
	for (size_t i = 0; i < opts->n; i++)
		*vec_push(cli->pool, &names) = pool_printf(cli->pool, "--%s", opts->v[i].opt->name);
	const char *near = str_nearest(name, names.v, names.n);
	for (const struct cli_sub *s = cli->sub ? cli->cmd->subs : NULL; s && s->name; s++)
		for (const struct cli_opt *o = s->opts; o && o->name; o++)
			if (name.n > 2 && str_eqz((struct str){ name.p + 2, name.n - 2 }, o->name)) {
				mst_fail(err, MST_USAGE, "option '--%s' belongs to '%s', not to '%s'", o->name,
					 s->name, cli->sub->name);
				return usage(cli, err);
			}
	if (near)
		mst_fail(err, MST_USAGE, "unknown option '%.*s' (did you mean '%s'?)", STR_FMT(name), near);
	else
		mst_fail(err, MST_USAGE, "unknown option '%.*s'", STR_FMT(name));
	return usage(cli, err);
}

static int parse_int(const char *s, int64_t *out)
{
	char *end;
	if (!(*s >= '0' && *s <= '9') && !(*s == '-' && s[1] >= '0' && s[1] <= '9'))
		return -1;
	long long v = strtoll(s, &end, 10);
	if (*end)
		return -1;
	*out = v; /* strtoll ends at the limits, which a range check then refuses */
	return 0;
}

static int in_range(const struct cli_opt *o, int64_t v, const char *from, const char *s, struct mst_error *err)
{
	int64_t min = o->min, max = o->min || o->max ? o->max : INT64_MAX;
	char a[TIME_SHORT_MAX], b[TIME_SHORT_MAX];
	if (max < min)
		max = INT64_MAX;
	if (v >= min && v <= max && v != INT64_MAX)
		return 0;
	bool d = o->kind == CLI_DURATION;
	if (d) {
		time_short(a, min);
		time_short(b, max);
	} else {
		snprintf(a, sizeof a, "%lld", (long long)min);
		snprintf(b, sizeof b, "%lld", (long long)max);
	}
	if (max == INT64_MAX)
		return mst_fail(err, MST_USAGE, "%s: '%s' is out of range (%s or more)", from, s, a);
	return mst_fail(err, MST_USAGE, "%s: '%s' is out of range (%s to %s)", from, s, a, b);
}

/* `from` names where the value was written: "option '--jobs'". */
static int store(struct cli *cli, const struct cli_optref *r, void *base, const char *s, const char *from,
		 struct mst_error *err)
{
	const struct cli_opt *o = r->opt;
	void *at = (char *)base + o->offset;
	int64_t v;
	switch (o->kind) {
	case CLI_FLAG:
		*(bool *)at = s ? config_is_yes(s) : true;
		return 0;
	case CLI_STRING:
	case CLI_PATH:
		*(const char **)at = s;
		return 0;
	case CLI_INT:
		if (parse_int(s, &v))
			return mst_fail(err, MST_USAGE, "%s: '%s' is not a whole number", from, s);
		if (in_range(o, v, from, s, err))
			return err->code;
		*(int64_t *)at = v;
		return 0;
	case CLI_DURATION: {
		struct mst_error e;
		if (time_parse_duration(str_of(s), &v, &e)) {
			mst_fail(err, MST_USAGE, "%s: '%s' is not a duration", from, s);
			return mst_hint(err, "write 500ms, 10s, 5m, 1h30m, 2d or 1w");
		}
		if (in_range(o, v, from, s, err))
			return err->code;
		*(int64_t *)at = v;
		return 0;
	}
	case CLI_ENUM: {
		cli_words w;
		cli_split(cli->pool, o->values, &w);
		for (size_t i = 0; i < w.n; i++)
			if (strcmp(w.v[i], s) == 0) {
				*(const char **)at = w.v[i];
				return 0;
			}
		const char *near = str_nearest(str_of(s), w.v, w.n);
		if (near)
			mst_fail(err, MST_USAGE, "%s: unknown value '%s' (did you mean '%s'?)", from, s, near);
		else
			mst_fail(err, MST_USAGE, "%s: unknown value '%s'", from, s);
		struct buf b;
		buf_init(&b, cli->pool);
		for (size_t i = 0; i < w.n; i++)
			buf_printf(&b, "%s%s", i ? ", " : "", w.v[i]);
		return mst_hint(err, "one of: %s", buf_cstr(&b));
	}
	case CLI_LIST: {
		struct cli_list *l = at;
		/* doubled at powers of two: the struct has no room for a capacity */
		if ((l->n & (l->n - 1)) == 0) {
			size_t cap = l->n ? l->n * 2 : 1;
			const char **v2 = pool_array(cli->pool, cap, sizeof *v2);
			if (l->n)
				memcpy(v2, l->v, l->n * sizeof *v2);
			l->v = v2;
		}
		l->v[l->n++] = s;
		return 0;
	}
	}
	return mst_fail(err, MST_BUG, "option '--%s' has no kind", o->name);
}

/* The tables of getopt_long, made from the list. */
struct tables {
	struct option *longs;
	char *letters;
};

enum { LONG = 256 };

static struct tables tables(struct pool *pool, const cli_optrefs *opts, const char *mode)
{
	struct tables t;
	struct buf b;
	buf_init(&b, pool);
	buf_z(&b, mode);
	t.longs = pool_zalloc(pool, (opts->n + 1) * sizeof *t.longs);
	for (size_t i = 0; i < opts->n; i++) {
		const struct cli_opt *o = opts->v[i].opt;
		/* one that several subcommands have is one: its beginning is not ambiguous */
		size_t first = 0;
		while (strcmp(opts->v[first].opt->name, o->name) != 0)
			first++;
		t.longs[i] = (struct option){ o->name, o->kind == CLI_FLAG ? no_argument : required_argument, NULL,
					      LONG + (int)first };
		if (o->letter) {
			buf_char(&b, o->letter);
			if (o->kind != CLI_FLAG)
				buf_char(&b, ':');
		}
	}
	t.letters = buf_cstr(&b);
	return t;
}

/* One step: the index of the option, -1 at the end, -2 on an error. */
static int step(struct cli *cli, int argc, char **argv, const struct tables *t, const cli_optrefs *opts,
		struct mst_error *err)
{
	int c = getopt_long(argc, argv, t->letters, t->longs, NULL);
	if (c == -1)
		return -1;
	if (c >= LONG)
		return c - LONG;
	if (c != '?' && c != ':') {
		for (size_t i = 0; i < opts->n; i++)
			if (opts->v[i].opt->letter == c)
				return (int)i;
	}
	if (c == ':') {
		if (optopt >= LONG)
			mst_fail(err, MST_USAGE, "option '--%s' needs a value", opts->v[optopt - LONG].opt->name);
		else
			mst_fail(err, MST_USAGE, "option '-%c' needs a value", optopt);
		usage(cli, err);
		return -2;
	}
	const char *word = argv[optind - 1];
	if (optopt >= LONG) {
		mst_fail(err, MST_USAGE, "option '--%s' takes no value", opts->v[optopt - LONG].opt->name);
		usage(cli, err);
	} else if (optopt) {
		mst_fail(err, MST_USAGE, "unknown option '-%c'", optopt);
		usage(cli, err);
	} else {
		struct str name;
		size_t n = 0;
		str_cut(str_of(word), '=', &name, &(struct str){ 0 });
		for (size_t i = 0; i < opts->n; i++)
			n += name.n > 2 && strncmp(opts->v[i].opt->name, name.p + 2, name.n - 2) == 0;
		if (n > 1) {
			mst_fail(err, MST_USAGE, "option '%.*s' is ambiguous", STR_FMT(name));
			usage(cli, err);
		} else {
			unknown(cli, opts, str_of(word), err);
		}
	}
	return -2;
}

/* Finds the subcommand: the first operand, past options of any subcommand. */
static int find_sub(struct cli *cli, int argc, char **argv, struct cli_parsed *out, int *at, struct mst_error *err)
{
	const struct cli_cmd *cmd = cli->cmd;
	cli_optrefs all;
	cli_options(cli->pool, cmd, NULL, true, &all);
	struct tables t = tables(cli->pool, &all, "+:");
	cli_words names = { 0 };
	int i;
	optind = 0;
	while ((i = step(cli, argc, argv, &t, &all, err)) >= 0) {
		if (all.v[i].opt == &every_opts[1])
			out->common.help = true;
		if (all.v[i].opt == &every_opts[2])
			out->common.version = true;
	}
	if (i == -2)
		return err->code;
	*at = optind;
	if (optind == argc) {
		if (out->common.help || out->common.version)
			return 0;
		mst_fail(err, MST_USAGE, "which command of %s?", cmd->name);
	} else {
		for (const struct cli_sub *s = cmd->subs; s->name; s++) {
			if (strcmp(s->name, argv[optind]) == 0) {
				cli->sub = s;
				return 0;
			}
			*vec_push(cli->pool, &names) = s->name;
		}
		const char *near = str_nearest(str_of(argv[optind]), names.v, names.n);
		if (cmd->groups & CLI_DISPATCH && cli_command_find(str_of(argv[optind]))) {
			mst_fail(err, MST_USAGE, "an option stands before the command '%s'", argv[optind]);
			return mst_hint(err, "write mst %s and then its options", argv[optind]);
		}
		if (near)
			mst_fail(err, MST_USAGE, "unknown command '%s' (did you mean '%s'?)", argv[optind], near);
		else
			mst_fail(err, MST_USAGE, "unknown command '%s'", argv[optind]);
	}
	struct buf b;
	buf_init(&b, cli->pool);
	for (const struct cli_sub *s = cmd->subs; s->name; s++)
		buf_printf(&b, "%s%s", b.n ? ", " : "", s->name);
	return mst_hint(err, "one of: %s", buf_cstr(&b));
}

static int operands(struct cli *cli, struct mst_error *err)
{
	int min = cli->sub ? cli->sub->min_args : cli->cmd->min_args;
	int max = cli->sub ? cli->sub->max_args : cli->cmd->max_args;
	const char *args = cli->sub ? cli->sub->args : cli->cmd->args;
	if (cli->argc < min)
		mst_fail(err, MST_USAGE, "an operand is missing: %s", args ? args : "");
	else if (max >= 0 && cli->argc > max)
		mst_fail(err, MST_USAGE, "unexpected operand '%s'", cli->argv[max]);
	else
		return 0;
	return usage(cli, err);
}

int cli_parse(struct cli *cli, int argc, char **argv, struct cli_parsed *out, struct mst_error *err)
{
	const struct cli_cmd *cmd = cli->cmd;
	int n = argc, tail = 0;
	char **copy = pool_array(cli->pool, (size_t)argc + 1, sizeof *copy);
	memcpy(copy, argv, ((size_t)argc + 1) * sizeof *copy);
	opterr = 0;
	cli->args = pool_zalloc(cli->pool, cmd->args_size ? cmd->args_size : 1);
	if (cmd->subs) {
		int at = 0;
		if (find_sub(cli, argc, copy, out, &at, err))
			return err->code;
		if (!cli->sub)
			return 0;
		if (cli->sub->verbatim) {
			n = at;
			tail = argc - at - 1;
		} else {
			memmove(copy + at, copy + at + 1, (size_t)(argc - at) * sizeof *copy);
			n = argc - 1;
		}
	}
	cli_options(cli->pool, cmd, cli->sub, false, &out->opts);
	out->given = pool_zalloc(cli->pool, out->opts.n * sizeof *out->given);
	struct tables t = tables(cli->pool, &out->opts, ":");
	int i;
	optind = 0;
	while ((i = step(cli, n, copy, &t, &out->opts, err)) >= 0) {
		const struct cli_optref *r = &out->opts.v[i];
		char *from = pool_printf(cli->pool, "option '--%s'", r->opt->name);
		if (store(cli, r, r->common ? (void *)&out->common : cli->args, optarg, from, err)) {
			if (!err->hint[0])
				usage(cli, err);
			return err->code;
		}
		out->given[i] = optarg ? optarg : "yes";
		for (unsigned f = 0; output_opts[f].name; f++)
			if (r->opt == &output_opts[f]) {
				out->format_given = true;
				out->format = (enum cli_format)f;
			}
		/* as with everything that answers at once: what stands behind does not matter */
		if (out->common.help || out->common.version)
			return 0;
	}
	if (i == -2)
		return err->code;
	cli->profile = out->common.profile;
	cli->argc = n - optind + tail;
	cli->argv = pool_array(cli->pool, (size_t)cli->argc + 1, sizeof *cli->argv);
	memcpy(cli->argv, copy + optind, (size_t)(n - optind) * sizeof *copy);
	memcpy(cli->argv + (n - optind), argv + (argc - tail), ((size_t)tail + 1) * sizeof *copy);
	return operands(cli, err);
}

int cli_defaults(struct cli *cli, struct cli_parsed *p, struct mst_error *err)
{
	for (size_t i = 0; i < p->opts.n; i++) {
		const struct cli_optref *r = &p->opts.v[i];
		const struct cli_opt *o = r->opt;
		void *base = r->common ? (void *)&p->common : cli->args;
		const char *value, *from;
		if (p->given[i]) {
			if (o->key && cli->config && o->kind != CLI_LIST &&
			    config_set(cli->config, o->key, p->given[i], pool_printf(cli->pool, "--%s", o->name), err))
				return err->code;
			continue;
		}
		if (o->key && cli->config && (value = config_get(cli->config, o->key)))
			from = pool_printf(cli->pool, "%s (%s)", o->key, config_origin(cli->config, o->key));
		else if ((value = o->def))
			from = pool_printf(cli->pool, "option '--%s'", o->name);
		else
			continue;
		if (store(cli, r, base, value, from, err))
			return err->code;
	}
	return 0;
}
