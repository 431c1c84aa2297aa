/* Manual pages in mdoc(7): what the tables know, and prose from a file. */
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>

/* of the pages; changes with the version */
#define MAN_DATE "November 22, 2026"

/* Text of a macro's or a text line: what the formatter would obey is escaped, and
 * '-' stays the character that can be copied to a shell. */
static void text(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (i == 0 && (c == '.' || c == '\''))
			buf_z(b, "\\&");
		if (c == '\\')
			buf_z(b, "\\e");
		else if (c == '-')
			buf_z(b, "\\-");
		else if (c == '\'')
			buf_z(b, "\\(aq");
		else if (c == '`')
			buf_z(b, "\\(ga");
		else if (c == '^')
			buf_z(b, "\\(ha");
		else if (c == '~')
			buf_z(b, "\\(ti");
		else
			buf_char(b, c);
	}
}

static void text_z(struct buf *b, const char *s)
{
	text(b, str_of(s));
}

/* One word as the argument of a macro: never a macro itself. */
static void word(struct buf *b, struct str s)
{
	buf_z(b, " \\&");
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			buf_z(b, "\\(dq");
		else
			text(b, (struct str){ s.p + i, 1 });
	}
}

static void sentence(struct buf *b, const char *s)
{
	if (*s >= 'a' && *s <= 'z') {
		buf_char(b, (char)(*s - 32));
		s++;
	}
	text_z(b, s);
	buf_z(b, ".\n");
}

/* A synopsis of operands, "[FILE ...] NAME", as macros of one line: " Oo Ar FILE
 * ... Oc Ar NAME". */
static void operands(struct buf *b, const char *args)
{
	struct str rest = str_of(args), w;
	while (rest.n) {
		str_cut(rest, ' ', &w, &rest);
		while (w.n && w.p[0] == '[') {
			buf_z(b, " Oo");
			w = (struct str){ w.p + 1, w.n - 1 };
		}
		size_t close = 0;
		while (w.n && w.p[w.n - 1] == ']') {
			close++;
			w.n--;
		}
		if (str_eqz(w, "|") || str_eqz(w, "...")) {
			buf_printf(b, str_eqz(w, "|") ? " %.*s" : " No %.*s", STR_FMT(w));
		} else if (w.n > 1 && w.p[0] == '-') {
			buf_z(b, " Fl");
			word(b, (struct str){ w.p + 1, w.n - 1 });
		} else if (w.n) {
			/* capitals stand for something, small letters for themselves */
			buf_z(b, w.p[0] >= 'a' && w.p[0] <= 'z' ? " Cm" : " Ar");
			word(b, w);
		}
		while (close--)
			buf_z(b, " Oc");
	}
}

static void synopsis(struct buf *b, const struct cli_cmd *cmd)
{
	buf_z(b, ".Sh SYNOPSIS\n");
	if (!cmd->subs) {
		buf_z(b, ".Nm\n.Op Ar option ...\n");
		if (cmd->args && *cmd->args) {
			size_t dot = b->n;
			operands(b, cmd->args);
			b->p[dot] = '.';
			buf_char(b, '\n');
		}
		return;
	}
	for (const struct cli_sub *s = cmd->subs; s->name; s++) {
		buf_printf(b, ".Nm\n.Cm %s Oo Ar option ... Oc", s->name);
		operands(b, s->args ? s->args : "");
		buf_char(b, '\n');
	}
	if (cmd->groups & CLI_DISPATCH)
		buf_z(b, ".Nm\n.Ar command\n.Op Ar argument ...\n");
}

static void option(struct buf *b, const struct cli_opt *o)
{
	buf_z(b, ".It");
	if (o->letter)
		buf_printf(b, " Fl %c ,", o->letter);
	buf_z(b, " Fl");
	word(b, str_of(pool_printf(b->pool, "-%s", o->name)));
	if (o->metavar) {
		buf_z(b, " Ar");
		word(b, str_of(o->metavar));
	}
	buf_char(b, '\n');
	sentence(b, o->help);
	if (o->kind == CLI_ENUM) {
		cli_words w;
		cli_split(b->pool, o->values, &w);
		buf_z(b, "One of");
		for (size_t i = 0; i < w.n; i++) {
			buf_printf(b, "\n.Cm");
			word(b, str_of(w.v[i]));
			buf_z(b, i + 1 < w.n ? " ," : " .");
		}
		buf_char(b, '\n');
	}
	if (o->def) {
		buf_z(b, "The default is\n.Cm");
		word(b, str_of(o->def));
		buf_z(b, " .\n");
	}
	const struct config_key *k = o->key ? config_key_find(o->key) : NULL;
	if (k)
		buf_printf(b, "The configuration key\n.Cm %s\n.Pq Ev %s\ngives the default.\n", k->name, k->env);
}

static void list(struct buf *b, const cli_optrefs *o, const struct cli_sub *sub)
{
	buf_z(b, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < o->n; i++)
		if (o->v[i].sub == sub)
			option(b, o->v[i].opt);
	buf_z(b, ".El\n");
}

static void options(struct buf *b, const struct cli_cmd *cmd)
{
	cli_optrefs o;
	cli_options(b->pool, cmd, NULL, true, &o);
	if (cmd->subs) {
		buf_z(b, ".Sh COMMANDS\n.Bl -tag -width Ds\n");
		for (const struct cli_sub *s = cmd->subs; s->name; s++) {
			buf_printf(b, ".It Cm %s", s->name);
			operands(b, s->args ? s->args : "");
			buf_char(b, '\n');
			sentence(b, s->summary);
			if (s->opts)
				list(b, &o, s);
		}
		buf_z(b, ".El\n");
	}
	buf_z(b, ".Sh OPTIONS\nOptions may stand before and behind operands;\n.Fl \\&-\nends them.\n");
	list(b, &o, NULL);
}

static void streams(struct buf *b, const struct cli_cmd *cmd)
{
	if (!cmd->reads && !cmd->writes && !cmd->talks_to)
		return;
	buf_z(b, ".Sh INPUT AND OUTPUT\n.Bl -tag -width Ds\n");
	if (cmd->reads) {
		buf_z(b, ".It Reads\n");
		text_z(b, cmd->reads);
		buf_z(b, ".\n");
	}
	if (cmd->writes) {
		buf_z(b, ".It Writes\n");
		text_z(b, cmd->writes);
		buf_z(b, ".\n");
	}
	if (cmd->talks_to) {
		buf_z(b, ".It Talks to\n");
		text_z(b, cmd->talks_to);
		buf_z(b, ".\n");
	}
	buf_z(b, ".El\n.Pp\nThe lines are described in\n.Xr mst-json 5 .\n");
}

static void environment(struct buf *b, const struct cli_cmd *cmd)
{
	const struct cli_command *c = cli_command_find(str_of(cmd->name));
	struct str rest = str_of(c ? c->keys : ""), key;
	buf_z(b, ".Sh ENVIRONMENT\n.Bl -tag -width Ds\n");
	while (rest.n) {
		str_cut(rest, ' ', &key, &rest);
		const struct config_key *k = config_key_find(str_z(b->pool, key));
		if (!k)
			continue;
		buf_printf(b, ".It Ev %s\n", k->env);
		sentence(b, k->help);
	}
	buf_z(b, ".It Ev MST_CONFIG\nThe configuration file.\n"
		 ".It Ev MST_PROFILE\nThe profile of the configuration.\n"
		 ".It Ev NO_COLOR\nNo colours, where it is not empty.\n.El\n.Pp\nSee\n.Xr mst-config 5 .\n");
}

static const struct {
	int status;
	const char *says;
} statuses[] = {
	{ 0, "done; nothing to do is done, too" },
	{ 1, "a job failed, something was not found or is in conflict, or the answer is no" },
	{ 2, "the command line or the configuration is wrong" },
	{ 3, "bad input, or a limit was passed" },
	{ 4, "the database is unavailable or of the wrong version" },
	{ 5, "a remote service failed or timed out" },
	{ 6, "permission denied" },
	{ 7, "input, output or memory failed, or a bug" },
	{ 129, "the terminal is gone (SIGHUP)" },
	{ 130, "interrupted (SIGINT)" },
	{ 143, "asked to end (SIGTERM)" },
};

static bool used(const char *exits, int status)
{
	char s[12];
	struct str rest = str_of(exits ? exits : ""), w;
	snprintf(s, sizeof s, "%d", status);
	while (rest.n) {
		str_cut(rest, ' ', &w, &rest);
		if (str_eqz(w, s))
			return true;
	}
	return false;
}

/* All of them where `exits` is NULL. */
static void exit_status(struct buf *b, const char *exits)
{
	buf_z(b, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		int n = statuses[i].status;
		if (exits && n != 0 && n != 2 && n != 7 && !used(exits, n > 128 ? 130 : n))
			continue;
		buf_printf(b, ".It %d\n", n);
		sentence(b, statuses[i].says);
	}
	buf_z(b, ".El\n");
}

static void examples(struct buf *b, const struct cli_cmd *cmd)
{
	if (!cmd->examples || !cmd->examples->command)
		return;
	buf_z(b, ".Sh EXAMPLES\n");
	for (const struct cli_example *e = cmd->examples; e->command; e++) {
		if (e != cmd->examples)
			buf_z(b, ".Pp\n");
		sentence(b, e->says);
		b->n -= strlen(".\n");
		buf_z(b, ":\n.Pp\n.Dl");
		word(b, str_of(e->command));
		buf_char(b, '\n');
	}
}

struct ref {
	struct str name, section;
};

static int by_section(const void *a, const void *b)
{
	const struct ref *x = a, *y = b;
	int c = str_cmp(x->section, y->section);
	return c ? c : str_cmp(x->name, y->name);
}

/* "NAME(SECTION), ...", in the order of mdoc(7): by section, then by name. */
static void see_also(struct buf *b, const char *list)
{
	struct str rest = str_of(list ? list : ""), one;
	VEC(struct ref) refs = { 0 };
	while (rest.n) {
		struct ref r;
		str_cut(rest, ',', &one, &rest);
		str_cut(str_trim(one), '(', &r.name, &r.section);
		if (r.section.n && r.section.p[r.section.n - 1] == ')')
			r.section.n--;
		*vec_push(b->pool, &refs) = r;
	}
	if (!refs.n)
		return;
	qsort(refs.v, refs.n, sizeof *refs.v, by_section);
	buf_z(b, ".Sh SEE ALSO\n");
	for (size_t i = 0; i < refs.n; i++)
		buf_printf(b, ".Xr %.*s %.*s%s\n", STR_FMT(refs.v[i].name), STR_FMT(refs.v[i].section),
			   i + 1 < refs.n ? " ," : "");
}

/* The list of mst(1). */
static void commands(struct buf *b)
{
	buf_z(b, ".Bl -tag -width Ds\n");
	for (const struct cli_command *c = cli_commands; c->name; c++) {
		buf_printf(b, ".It Xr %s 1\n", c->name);
		sentence(b, c->summary);
		buf_z(b, "It talks to ");
		text_z(b, c->talks_to);
		if (*c->keys) {
			struct str rest = str_of(c->keys), key;
			buf_z(b, ".\nIts configuration keys are");
			while (rest.n) {
				str_cut(rest, ' ', &key, &rest);
				buf_printf(b, "\n.Cm %.*s%s", STR_FMT(key), rest.n ? " ," : " .");
			}
			buf_char(b, '\n');
		} else {
			buf_z(b, ".\n");
		}
	}
	buf_z(b, ".El\n");
}

static void keys(struct buf *b)
{
	buf_z(b, ".Bl -tag -width Ds\n");
	for (const struct config_key *k = config_keys; k->name; k++) {
		buf_printf(b, ".It Cm %s Pq Ev %s\n", k->name, k->env);
		sentence(b, k->help);
		if (strchr(k->kind, '|')) {
			cli_words w;
			cli_split(b->pool, k->kind, &w);
			buf_z(b, "One of");
			for (size_t i = 0; i < w.n; i++) {
				buf_z(b, "\n.Cm");
				word(b, str_of(w.v[i]));
				buf_z(b, i + 1 < w.n ? " ," : " .");
			}
			buf_char(b, '\n');
		} else if (strcmp(k->kind, "string") != 0) {
			buf_printf(b, "Kind: %s.\n",
				   strcmp(k->kind, "int") == 0	  ? "whole number"
				   : strcmp(k->kind, "bool") == 0 ? "yes or no"
								  : k->kind);
		}
		if (k->def) {
			buf_z(b, "The default is\n.Cm");
			word(b, str_of(k->def));
			buf_z(b, " .\n");
		}
	}
	buf_z(b, ".El\n");
}

/* Fills in the placeholders: @VERSION@ and @DATE@ anywhere, the tables on lines
 * of their own. */
static int fill(struct buf *b, struct str prose, struct mst_error *err)
{
	struct str line, head, rest;
	uint32_t n = 0;
	while (prose.n) {
		n++;
		str_cut(prose, '\n', &line, &prose);
		if (str_eqz(line, "@COMMANDS@")) {
			commands(b);
			continue;
		}
		if (str_eqz(line, "@CONFIG_KEYS@")) {
			keys(b);
			continue;
		}
		if (str_eqz(line, "@EXIT_STATUS@")) {
			exit_status(b, NULL);
			continue;
		}
		while (str_cut(line, '@', &head, &rest)) {
			struct str name;
			buf_str(b, head);
			if (str_has_prefix(rest, STR("VERSION@")))
				buf_z(b, MST_VERSION);
			else if (str_has_prefix(rest, STR("DATE@")))
				buf_z(b, MAN_DATE);
			else if (rest.n > 2 && rest.p[0] >= 'A' && rest.p[0] <= 'Z' && str_find(rest, '@') > 0) {
				str_cut(rest, '@', &name, &rest);
				mst_fail(err, MST_DATA, "unknown placeholder '@%.*s@'", STR_FMT(name));
				return mst_place(err, "", n, 0);
			} else {
				buf_char(b, '@');
				line = rest;
				continue;
			}
			str_cut(rest, '@', &name, &line);
		}
		buf_str(b, line);
		buf_char(b, '\n');
	}
	return 0;
}

int cli_introspect_page(struct buf *b, struct str prose, struct mst_error *err)
{
	return fill(b, prose, err);
}

/* The sections of the prose: .Sh TITLE and what follows. */
struct section {
	struct str title, body;
	bool done;
};
typedef VEC(struct section) sections;

static int split(struct pool *pool, struct str prose, sections *out, struct mst_error *err)
{
	struct str line;
	const char *end = prose.p + prose.n;
	*out = (sections){ 0 };
	while (prose.n) {
		str_cut(prose, '\n', &line, &prose);
		if (str_has_prefix(line, STR(".Sh ")))
			*vec_push(pool, out) = (struct section){ .title = { line.p + 4, line.n - 4 },
								 .body = { prose.p, 0 } };
		else if (out->n)
			out->v[out->n - 1].body.n = (size_t)((prose.n ? prose.p : end) - out->v[out->n - 1].body.p);
		else if (line.n && !str_has_prefix(line, STR(".\\\"")))
			return mst_fail(err, MST_DATA, "text before the first .Sh");
	}
	return 0;
}

static int take(struct buf *b, sections *s, const char *title, bool with_title, struct mst_error *err)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].done || (title && !str_eqz(s->v[i].title, title)))
			continue;
		s->v[i].done = true;
		if (with_title)
			buf_printf(b, ".Sh %.*s\n", STR_FMT(s->v[i].title));
		if (fill(b, s->v[i].body, err))
			return err->code;
	}
	return 0;
}

int cli_introspect_man(struct buf *b, const struct cli_cmd *cmd, struct str prose, struct mst_error *err)
{
	/* in the order of mdoc(7); those of the prose that are not named here come behind OPTIONS */
	static const char *const late[] = { "FILES", "DIAGNOSTICS", "STANDARDS", "HISTORY", "CAVEATS", "BUGS" };
	sections s, tail = { 0 };
	struct buf upper;
	if (split(b->pool, prose, &s, err))
		return err->code;
	for (size_t i = 0; i < s.n; i++)
		for (size_t j = 0; j < sizeof late / sizeof *late; j++)
			if (str_eqz(s.v[i].title, late[j])) {
				*vec_push(b->pool, &tail) = s.v[i];
				s.v[i].done = true;
			}
	buf_init(&upper, b->pool);
	for (const char *p = cmd->name; *p; p++)
		buf_char(&upper, *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p);
	buf_printf(b, ".\\\" made from the option table of %s and man/%s.1.in by \"make man\"\n", cmd->name, cmd->name);
	buf_printf(b, ".Dd %s\n.Dt %s 1\n.Os\n", MAN_DATE, buf_cstr(&upper));
	buf_printf(b, ".Sh NAME\n.Nm %s\n.Nd ", cmd->name);
	text_z(b, cmd->summary);
	buf_char(b, '\n');
	synopsis(b, cmd);
	buf_z(b, ".Sh DESCRIPTION\n");
	size_t before = b->n;
	if (take(b, &s, "DESCRIPTION", false, err))
		return err->code;
	if (b->n == before) {
		buf_z(b, ".Nm ,\nin short: ");
		text_z(b, cmd->summary);
		buf_z(b, ".\n");
	}
	options(b, cmd);
	if (take(b, &s, "OPTIONS", false, err))
		return err->code;
	/* sections of the generated page that the prose adds to come in their places */
	for (size_t i = 0; i < s.n; i++)
		if (str_eqz(s.v[i].title, "ENVIRONMENT") || str_eqz(s.v[i].title, "EXIT STATUS") ||
		    str_eqz(s.v[i].title, "EXAMPLES") || str_eqz(s.v[i].title, "SEE ALSO")) {
			*vec_push(b->pool, &tail) = s.v[i];
			s.v[i].done = true;
		}
	if (take(b, &s, NULL, true, err))
		return err->code;
	streams(b, cmd);
	environment(b, cmd);
	if (take(b, &tail, "ENVIRONMENT", false, err) || take(b, &tail, "FILES", true, err))
		return err->code;
	buf_z(b, ".Sh EXIT STATUS\n");
	exit_status(b, cmd->exits ? cmd->exits : "");
	if (take(b, &tail, "EXIT STATUS", false, err))
		return err->code;
	examples(b, cmd);
	if (take(b, &tail, "EXAMPLES", !cmd->examples || !cmd->examples->command, err) ||
	    take(b, &tail, "DIAGNOSTICS", true, err))
		return err->code;
	see_also(b, cmd->see_also);
	return take(b, &tail, "SEE ALSO", !cmd->see_also, err) || take(b, &tail, NULL, true, err) ? err->code : 0;
}
