/* Completion scripts, made from the option table.  Names that live in a database
 * or a configuration come from NAME --complete KIND PREFIX when they are asked
 * for. */
#include "cli/commands.h"
#include "cli/options.h"

enum cli_completer cli_completer_of(const char *kind)
{
	if (!kind)
		return COMPLETE_NOTHING;
	if (strcmp(kind, "path") == 0)
		return COMPLETE_FILES;
	return strcmp(kind, "dir") == 0 ? COMPLETE_FOLDERS : COMPLETE_NAMES;
}

const char *cli_opt_complete(const struct cli_opt *o)
{
	return o->complete ? o->complete : o->kind == CLI_PATH ? "path" : NULL;
}

/* Who is asked: mst-ps for what the database knows, since a filter such as mst-plan
 * does not talk to it; the command itself for the rest. */
static const char *asked(const struct cli_cmd *cmd, const char *kind)
{
	static const char *const known[] = { "run", "table", "user", "team", "member", "secret", "connection" };
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(kind, known[i]) == 0)
			return "mst-ps";
	return cmd->name;
}

/* mst-db -> mst_db: a name for a shell function */
static char *function_name(struct pool *pool, const char *name)
{
	char *s = pool_strdup(pool, name);
	for (char *p = s; *p; p++)
		if (*p == '-')
			*p = '_';
	return s;
}

/* The words of "a|b", blanks between. */
static void values(struct buf *b, const char *s)
{
	for (; *s; s++)
		buf_char(b, *s == '|' ? ' ' : *s);
}

static void heading(struct buf *b, const struct cli_cmd *cmd, const char *first, const char *shell)
{
	buf_printf(b, "%s# %s completion of %s, made from its option table by \"make completions\"\n", first, shell,
		   cmd->name);
}

static void bash_action(struct buf *b, const struct cli_cmd *cmd, const char *kind, const char *words)
{
	switch (cli_completer_of(kind)) {
	case COMPLETE_FILES:
		buf_z(b, "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")");
		break;
	case COMPLETE_FOLDERS:
		buf_z(b, "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")");
		break;
	case COMPLETE_NAMES:
		buf_printf(b, "mapfile -t COMPREPLY < <(%s --complete %s \"$cur\" 2>/dev/null)", asked(cmd, kind), kind);
		break;
	case COMPLETE_NOTHING:
		if (!words) {
			buf_z(b, ":");
			break;
		}
		buf_z(b, "mapfile -t COMPREPLY < <(compgen -W '");
		values(b, words);
		buf_z(b, "' -- \"$cur\")");
		break;
	}
}

static void bash_flags(struct buf *b, const cli_optrefs *o)
{
	buf_z(b, "words='");
	for (size_t i = 0; i < o->n; i++) {
		buf_printf(b, "%s--%s", i ? " " : "", o->v[i].opt->name);
		if (o->v[i].opt->letter)
			buf_printf(b, " -%c", o->v[i].opt->letter);
	}
	buf_char(b, '\'');
}

static void bash_sub_names(struct buf *b, const struct cli_cmd *cmd)
{
	for (const struct cli_sub *s = cmd->subs; s && s->name; s++)
		buf_printf(b, "%s%s", s == cmd->subs ? "" : " ", s->name);
	if (cmd->groups & CLI_DISPATCH)
		for (const struct cli_command *c = cli_commands; c->name; c++)
			buf_printf(b, " %s", c->name + strlen("mst-"));
}

static void bash_operands(struct buf *b, const struct cli_cmd *cmd)
{
	if (!cmd->subs) {
		buf_char(b, '\t');
		bash_action(b, cmd, cmd->complete, NULL);
		buf_char(b, '\n');
		return;
	}
	buf_z(b, "\tcase $sub in\n\t'') mapfile -t COMPREPLY < <(compgen -W '");
	bash_sub_names(b, cmd);
	buf_z(b, "' -- \"$cur\") ;;\n");
	for (const struct cli_sub *s = cmd->subs; s->name; s++) {
		if (!s->complete)
			continue;
		buf_printf(b, "\t%s) ", s->name);
		bash_action(b, cmd, s->complete, NULL);
		buf_z(b, " ;;\n");
	}
	buf_z(b, "\tesac\n");
}

/* `mst X ...` is completed as `mst-X ...`. */
static void bash_dispatch(struct buf *b)
{
	buf_z(b, "\tcase $sub in\n\t");
	for (const struct cli_command *c = cli_commands; c->name; c++)
		buf_printf(b, "%s%s", c == cli_commands ? "" : " | ", c->name + strlen("mst-"));
	buf_z(b, ")\n"
		 "\t\tlocal name=mst-$sub file=${BASH_SOURCE[0]%/*}/mst-$sub\n"
		 "\t\tCOMP_WORDS=(\"$name\" \"${COMP_WORDS[@]:at+1}\") COMP_CWORD=$((COMP_CWORD - at))\n"
		 "\t\t# shellcheck source=/dev/null\n"
		 "\t\tdeclare -F \"_${name//-/_}\" >/dev/null || [[ ! -r $file ]] || source \"$file\"\n"
		 "\t\t\"_${name//-/_}\"\n"
		 "\t\treturn ;;\n"
		 "\tesac\n");
}

/* Subcommands may share the name of an option. */
static bool named_before(const cli_optrefs *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(all->v[i].opt->name, all->v[n].opt->name) == 0)
			return true;
	return false;
}

void cli_introspect_bash(struct buf *b, const struct cli_cmd *cmd)
{
	const char *f = function_name(b->pool, cmd->name);
	cli_optrefs all, own;
	bool first = true;
	cli_options(b->pool, cmd, NULL, true, &all);
	heading(b, cmd, "", "bash");
	buf_z(b, "# shellcheck shell=bash disable=SC2034\n");
	buf_printf(b, "_%s()\n{\n", f);
	buf_z(b, "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} sub='' at=0 words='' i word\n"
		 "\t# --name=value comes as three words\n"
		 "\tif [[ $cur == = ]]; then\n\t\tcur=''\n"
		 "\telif [[ $prev == = ]] && ((COMP_CWORD > 1)); then\n\t\tprev=${COMP_WORDS[COMP_CWORD - 2]}\n\tfi\n"
		 "\tCOMPREPLY=()\n");
	if (cmd->subs) {
		buf_z(b, "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tword=${COMP_WORDS[i]}\n\t\tcase $word in\n\t\t");
		for (size_t i = 0; i < all.n; i++) {
			const struct cli_opt *o = all.v[i].opt;
			if (o->kind == CLI_FLAG || named_before(&all, i))
				continue;
			buf_printf(b, first ? "--%s" : " | --%s", o->name);
			if (o->letter)
				buf_printf(b, " | -%c", o->letter);
			first = false;
		}
		buf_z(b, ")\n\t\t\t[[ ${COMP_WORDS[i + 1]} == = ]] && i=$((i + 1))\n\t\t\ti=$((i + 1)) ;;\n"
			 "\t\t-*) ;;\n\t\t*)\n\t\t\tsub=$word at=$i\n\t\t\tbreak ;;\n\t\tesac\n\tdone\n");
		if (cmd->groups & CLI_DISPATCH)
			bash_dispatch(b);
	}
	buf_z(b, "\tcase $sub:$prev in\n");
	for (size_t i = 0; i < all.n; i++) {
		const struct cli_opt *o = all.v[i].opt;
		const char *sub = all.v[i].sub ? all.v[i].sub->name : "*";
		if (o->kind == CLI_FLAG)
			continue;
		buf_printf(b, "\t%s:--%s", sub, o->name);
		if (o->letter)
			buf_printf(b, " | %s:-%c", sub, o->letter);
		buf_z(b, ")\n\t\t");
		bash_action(b, cmd, cli_opt_complete(o), o->values);
		buf_z(b, "\n\t\treturn ;;\n");
	}
	buf_z(b, "\tesac\n\tif [[ $cur == -* ]]; then\n");
	if (cmd->subs) {
		buf_z(b, "\t\tcase $sub in\n");
		for (const struct cli_sub *s = cmd->subs; s->name; s++) {
			if (!s->opts)
				continue;
			cli_options(b->pool, cmd, s, false, &own);
			buf_printf(b, "\t\t%s) ", s->name);
			bash_flags(b, &own);
			buf_z(b, " ;;\n");
		}
		cli_options(b->pool, cmd, NULL, false, &own);
		buf_z(b, "\t\t*) ");
		bash_flags(b, &own);
		buf_z(b, " ;;\n\t\tesac\n");
	} else {
		buf_z(b, "\t\t");
		bash_flags(b, &all);
		buf_char(b, '\n');
	}
	buf_z(b, "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n\t\treturn\n\tfi\n");
	bash_operands(b, cmd);
	buf_printf(b, "}\ncomplete -F _%s %s\n", f, cmd->name);
}

/* Text between single quotes in a spec of _arguments. */
static void zsh_text(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '\'')
			buf_z(b, "'\\'");
		else if (strchr("[]:\\", *s))
			buf_char(b, '\\');
		buf_char(b, *s);
	}
}

static void zsh_action(struct buf *b, const struct cli_cmd *cmd, const char *kind, const char *words)
{
	switch (cli_completer_of(kind)) {
	case COMPLETE_FILES:
		buf_z(b, "_files");
		break;
	case COMPLETE_FOLDERS:
		buf_z(b, "_files -/");
		break;
	case COMPLETE_NAMES:
		/* the blank: called with these arguments alone */
		buf_printf(b, " _%s_names %s %s", function_name(b->pool, cmd->name), asked(cmd, kind), kind);
		break;
	case COMPLETE_NOTHING:
		if (words) {
			buf_char(b, '(');
			values(b, words);
			buf_char(b, ')');
		}
		break;
	}
}

static void zsh_options(struct buf *b, const struct cli_cmd *cmd, const cli_optrefs *o, const char *indent)
{
	for (size_t i = 0; i < o->n; i++) {
		const struct cli_opt *p = o->v[i].opt;
		const char *eq = p->kind == CLI_FLAG ? "" : "=", *plus = p->kind == CLI_FLAG ? "" : "+";
		buf_z(b, indent);
		if (p->kind == CLI_LIST)
			buf_z(b, p->letter ? "'*'" : "'*");
		else if (p->letter)
			buf_printf(b, "'(-%c --%s)'", p->letter, p->name);
		else
			buf_z(b, "'");
		if (p->letter)
			buf_printf(b, "{-%c%s,--%s%s}'[", p->letter, plus, p->name, eq);
		else
			buf_printf(b, "--%s%s[", p->name, eq);
		zsh_text(b, p->help);
		buf_char(b, ']');
		if (p->kind != CLI_FLAG) {
			buf_char(b, ':');
			zsh_text(b, p->metavar);
			buf_char(b, ':');
			zsh_action(b, cmd, cli_opt_complete(p), p->values);
		}
		buf_z(b, "' \\\n");
	}
}

static void zsh_operand(struct buf *b, const struct cli_cmd *cmd, const char *kind)
{
	buf_z(b, "'*:operand:");
	zsh_action(b, cmd, kind, NULL);
	buf_z(b, "'\n");
}

static void zsh_subs(struct buf *b, const struct cli_cmd *cmd)
{
	cli_optrefs own;
	buf_z(b, "\t\t'1:command:->command' \\\n\t\t'*::operand:->operand'\n"
		 "\tcase $state in\n\tcommand)\n\t\tlocal -a commands=(\n");
	for (const struct cli_sub *s = cmd->subs; s->name; s++) {
		buf_printf(b, "\t\t\t'%s:", s->name);
		zsh_text(b, s->summary);
		buf_z(b, "'\n");
	}
	for (const struct cli_command *c = cli_commands; cmd->groups & CLI_DISPATCH && c->name; c++) {
		buf_printf(b, "\t\t\t'%s:", c->name + strlen("mst-"));
		zsh_text(b, c->summary);
		buf_z(b, "'\n");
	}
	buf_z(b, "\t\t)\n\t\t_describe command commands ;;\n\toperand)\n\t\tcase $line[1] in\n");
	for (const struct cli_sub *s = cmd->subs; s->name; s++) {
		cli_options(b->pool, cmd, s, false, &own);
		buf_printf(b, "\t\t%s)\n\t\t\t_arguments -s -S \\\n", s->name);
		zsh_options(b, cmd, &own, "\t\t\t\t");
		buf_z(b, "\t\t\t\t");
		zsh_operand(b, cmd, s->complete);
		buf_z(b, "\t\t\t;;\n");
	}
	if (cmd->groups & CLI_DISPATCH)
		buf_z(b, "\t\t*)\n\t\t\twords[1]=mst-$line[1] service=mst-$line[1]\n"
			 "\t\t\t_call_function ret _mst-$line[1] ;;\n");
	buf_z(b, "\t\tesac ;;\n\tesac\n");
}

void cli_introspect_zsh(struct buf *b, const struct cli_cmd *cmd)
{
	const char *f = function_name(b->pool, cmd->name);
	cli_optrefs o;
	heading(b, cmd, pool_printf(b->pool, "#compdef %s\n", cmd->name), "zsh");
	buf_printf(b, "\n_%s_names() {\n\tlocal -a names=(${(f)\"$($1 --complete $2 \"$PREFIX\" 2>/dev/null)\"})\n"
		      "\tcompadd -a names\n}\n\n",
		   f);
	cli_options(b->pool, cmd, NULL, false, &o);
	buf_printf(b, "_%s() {\n\tlocal curcontext=\"$curcontext\" context state state_descr line ret=1\n"
		      "\ttypeset -A opt_args\n\t_arguments -s -S %s\\\n",
		   cmd->name, cmd->subs ? "-C " : "");
	zsh_options(b, cmd, &o, "\t\t");
	if (cmd->subs) {
		zsh_subs(b, cmd);
	} else {
		buf_z(b, "\t\t");
		zsh_operand(b, cmd, cmd->complete);
	}
	buf_printf(b, "}\n\n_%s \"$@\"\n", cmd->name);
}

static void fish_text(struct buf *b, const char *s)
{
	buf_char(b, '\'');
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			buf_char(b, '\\');
		buf_char(b, *s);
	}
	buf_char(b, '\'');
}

static void fish_action(struct buf *b, const struct cli_cmd *cmd, const char *kind, const char *words)
{
	switch (cli_completer_of(kind)) {
	case COMPLETE_FILES:
		buf_z(b, " -F");
		break;
	case COMPLETE_FOLDERS:
		buf_z(b, " -x -a '(__fish_complete_directories)'");
		break;
	case COMPLETE_NAMES:
		buf_printf(b, " -x -a '(%s --complete %s (commandline -ct) 2>/dev/null)'", asked(cmd, kind), kind);
		break;
	case COMPLETE_NOTHING:
		buf_z(b, " -x");
		if (words) {
			buf_z(b, " -a '");
			values(b, words);
			buf_char(b, '\'');
		}
		break;
	}
}

static void fish_seen(struct buf *b, const struct cli_sub *s)
{
	if (s)
		buf_printf(b, " -n '__fish_seen_subcommand_from %s'", s->name);
}

void cli_introspect_fish(struct buf *b, const struct cli_cmd *cmd)
{
	cli_optrefs o;
	heading(b, cmd, "", "fish");
	/* no files but where the table says so; -F brings them back */
	buf_printf(b, "complete -c %s -f\n", cmd->name);
	for (const struct cli_sub *s = cmd->subs; s && s->name; s++) {
		buf_printf(b, "complete -c %s -n __fish_use_subcommand -a %s -d ", cmd->name, s->name);
		fish_text(b, s->summary);
		buf_char(b, '\n');
	}
	for (const struct cli_command *c = cli_commands; cmd->groups & CLI_DISPATCH && c->name; c++) {
		buf_printf(b, "complete -c %s -n __fish_use_subcommand -a %s -d ", cmd->name, c->name + strlen("mst-"));
		fish_text(b, c->summary);
		buf_char(b, '\n');
	}
	cli_options(b->pool, cmd, NULL, true, &o);
	for (size_t i = 0; i < o.n; i++) {
		const struct cli_opt *p = o.v[i].opt;
		buf_printf(b, "complete -c %s", cmd->name);
		fish_seen(b, o.v[i].sub);
		if (p->letter)
			buf_printf(b, " -s %c", p->letter);
		buf_printf(b, " -l %s", p->name);
		if (p->kind != CLI_FLAG) {
			if (cli_completer_of(cli_opt_complete(p)) == COMPLETE_FILES)
				buf_z(b, " -r");
			fish_action(b, cmd, cli_opt_complete(p), p->values);
		}
		buf_z(b, " -d ");
		fish_text(b, p->help);
		buf_char(b, '\n');
	}
	for (const struct cli_sub *s = cmd->subs; s && s->name; s++)
		if (s->complete) {
			buf_printf(b, "complete -c %s", cmd->name);
			fish_seen(b, s);
			fish_action(b, cmd, s->complete, NULL);
			buf_char(b, '\n');
		}
	if (!cmd->subs && cmd->complete) {
		buf_printf(b, "complete -c %s", cmd->name);
		fish_action(b, cmd, cmd->complete, NULL);
		buf_char(b, '\n');
	}
	if (!(cmd->groups & CLI_DISPATCH))
		return;
	buf_z(b, "function __mst_of_command\n\tset -l words (commandline -opc)\n"
		 "\tcomplete -C \"mst-$words[2] $words[3..-1] \"(commandline -ct)\nend\n"
		 "complete -c mst -n '__fish_seen_subcommand_from");
	for (const struct cli_command *c = cli_commands; c->name; c++)
		buf_printf(b, " %s", c->name + strlen("mst-"));
	buf_z(b, "' -a '(__mst_of_command)'\n");
}
