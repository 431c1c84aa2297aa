#include "base/jsonl.h"
#include "cli/commands.h"
#include "cli/options.h"

static const char *kind_name(enum cli_kind k)
{
	static const char *const names[] = { "flag", "string", "path", "int", "duration", "enum", "list" };
	return names[k];
}

static void write_options(struct jw *w, const struct cli_cmd *cmd, const struct cli_sub *sub)
{
	cli_optrefs o;
	cli_options(w->b->pool, cmd, sub, false, &o);
	jw_key(w, "options");
	jw_array(w);
	for (size_t i = 0; i < o.n; i++) {
		const struct cli_opt *p = o.v[i].opt;
		char letter[2] = { p->letter, 0 };
		jw_object(w);
		jw_key_z(w, "name", p->name);
		if (p->letter)
			jw_key_z(w, "letter", letter);
		jw_key_z(w, "kind", kind_name(p->kind));
		if (p->metavar)
			jw_key_z(w, "metavar", p->metavar);
		if (p->values)
			jw_key_z(w, "values", p->values);
		if (p->key)
			jw_key_z(w, "key", p->key);
		if (p->def)
			jw_key_z(w, "default", p->def);
		jw_key_z(w, "help", p->help);
		jw_key_b(w, "common", o.v[i].common);
		jw_end(w);
	}
	jw_end(w);
}

void cli_introspect_json(struct buf *b, const struct cli_cmd *cmd)
{
	struct jw w;
	jw_init(&w, b);
	jw_object(&w);
	jw_key_z(&w, "type", "command");
	jw_key_z(&w, "name", cmd->name);
	jw_key_z(&w, "summary", cmd->summary);
	jw_key_z(&w, "args", cmd->args);
	jw_key_z(&w, "reads", cmd->reads);
	jw_key_z(&w, "writes", cmd->writes);
	jw_key_z(&w, "talks_to", cmd->talks_to);
	write_options(&w, cmd, NULL);
	if (cmd->subs) {
		jw_key(&w, "commands");
		jw_array(&w);
		for (const struct cli_sub *s = cmd->subs; s->name; s++) {
			jw_object(&w);
			jw_key_z(&w, "name", s->name);
			jw_key_z(&w, "args", s->args);
			jw_key_z(&w, "summary", s->summary);
			jw_key_b(&w, "verbatim", s->verbatim);
			write_options(&w, cmd, s);
			jw_end(&w);
		}
		jw_end(&w);
	}
	jw_key(&w, "examples");
	jw_array(&w);
	for (const struct cli_example *e = cmd->examples; e && e->command; e++) {
		jw_object(&w);
		jw_key_z(&w, "command", e->command);
		jw_key_z(&w, "says", e->says);
		jw_end(&w);
	}
	jw_end(&w);
	jw_end(&w);
	buf_char(b, '\n');
}

void cli_introspect_commands(struct buf *b)
{
	for (const struct cli_command *c = cli_commands; c->name; c++) {
		struct jw w;
		jw_init(&w, b);
		jw_object(&w);
		jw_key_z(&w, "type", "row");
		jw_key_z(&w, "name", c->name);
		jw_key_z(&w, "summary", c->summary);
		jw_key_z(&w, "talks_to", c->talks_to);
		jw_key_z(&w, "keys", c->keys);
		jw_end(&w);
		buf_char(b, '\n');
	}
}
