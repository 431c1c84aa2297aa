#include "cli/commands.h"
#include "cli/options.h"

#include <stdio.h>

enum { HELP_COL = 27, WIDTH = 80 };

void cli_synopsis(struct buf *b, const struct cli_cmd *cmd, const struct cli_sub *sub)
{
	const char *args = sub ? sub->args : cmd->subs ? "COMMAND ..." : cmd->args;
	if (sub)
		buf_printf(b, " %s", sub->name);
	buf_z(b, " [OPTION ...]");
	if (args && *args)
		buf_printf(b, " %s", args);
}

void cli_opt_head(struct buf *b, const struct cli_opt *o)
{
	if (o->letter)
		buf_printf(b, "-%c, ", o->letter);
	buf_printf(b, "--%s", o->name);
	if (o->metavar)
		buf_printf(b, " %s", o->metavar);
}

static void pad_to(struct buf *b, size_t start, size_t col)
{
	if (b->n - start + 2 > col) {
		buf_char(b, '\n');
		start = b->n;
	}
	while (b->n - start < col)
		buf_char(b, ' ');
}

static void show_option(struct buf *b, const struct cli_opt *o)
{
	size_t start = b->n;
	buf_z(b, o->letter ? "  " : "      ");
	cli_opt_head(b, o);
	pad_to(b, start, HELP_COL);
	buf_printf(b, "%s\n", o->help);
	if (o->kind != CLI_ENUM)
		return;
	size_t line = b->n;
	cli_words w;
	cli_split(b->pool, o->values, &w);
	for (size_t i = 0; i < w.n; i++) {
		bool wrap = i && b->n - line + strlen(w.v[i]) + 2 > WIDTH - 1;
		if (i)
			buf_z(b, wrap ? ",\n" : ", ");
		if (!i || wrap) {
			line = b->n;
			pad_to(b, line, HELP_COL);
		}
		buf_z(b, w.v[i]);
	}
	buf_char(b, '\n');
}

void cli_help(struct buf *b, const struct cli_cmd *cmd, const struct cli_sub *sub)
{
	cli_optrefs opts;
	buf_printf(b, "usage: %s", cmd->name);
	cli_synopsis(b, cmd, sub);
	buf_printf(b, "\n%s\n", sub ? sub->summary : cmd->summary);
	if (cmd->subs && !sub) {
		buf_z(b, "\ncommands:\n");
		for (const struct cli_sub *s = cmd->subs; s->name; s++) {
			size_t start = b->n;
			buf_printf(b, "  %s%s%s", s->name, s->args && *s->args ? " " : "", s->args ? s->args : "");
			pad_to(b, start, HELP_COL);
			buf_printf(b, "%s\n", s->summary);
		}
	}
	cli_options(b->pool, cmd, sub, true, &opts);
	buf_z(b, "\noptions:\n");
	for (size_t i = 0; i < opts.n; i++)
		if (!opts.v[i].sub || sub)
			show_option(b, opts.v[i].opt);
	const struct cli_sub *of = NULL;
	for (size_t i = 0; i < opts.n; i++) {
		if (!opts.v[i].sub || sub)
			continue;
		if (opts.v[i].sub != of)
			buf_printf(b, "\noptions of %s:\n", opts.v[i].sub->name);
		of = opts.v[i].sub;
		show_option(b, opts.v[i].opt);
	}
	if (sub)
		return;
	if (cmd->groups & CLI_DISPATCH)
		buf_z(b, "\nother commands (mst X runs mst-X):\n");
	for (const struct cli_command *c = cli_commands; cmd->groups & CLI_DISPATCH && c->name; c++) {
		size_t start = b->n;
		buf_printf(b, "  %s", c->name);
		pad_to(b, start, HELP_COL);
		buf_printf(b, "%s\n", c->summary);
	}
	if (cmd->examples && cmd->examples->command)
		buf_z(b, "\nexamples:\n");
	for (const struct cli_example *e = cmd->examples; e && e->command; e++)
		buf_printf(b, "  %s\n      %s\n", e->command, e->says);
	buf_printf(b, "\nsee %s(1)\n", cmd->name);
}
