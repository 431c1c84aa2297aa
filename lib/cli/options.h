/* Inside of the room: the options a command understands, its own and those that
 * every command has, as one list.  Parsing, help, manual and completion walk it. */
#ifndef MST_CLI_OPTIONS_H
#define MST_CLI_OPTIONS_H

#include "base/vec.h"
#include "cli/cli.h"

/* What the common options are stored in. */
struct cli_common {
	bool help, version, json, table, csv;
	const char *db, *profile;
};

struct cli_optref {
	const struct cli_opt *opt;
	const struct cli_sub *sub; /* the only subcommand that has it, or NULL */
	bool common;               /* offset is into struct cli_common */
};
typedef VEC(struct cli_optref) cli_optrefs;

/* Options of the command, of `sub` (of all subcommands where it is NULL and
 * `all`), then the common ones. */
void cli_options(struct pool *, const struct cli_cmd *, const struct cli_sub *sub, bool all, cli_optrefs *out);

/* Fills cli->sub, args, argc and argv from the command line; the values that the
 * configuration gives come later, by cli_defaults. */
struct cli_parsed {
	struct cli_common common;
	cli_optrefs opts;
	const char **given; /* one for each of opts: the flag's text ("yes" for CLI_FLAG), or NULL */
	bool format_given;
	enum cli_format format;
};
int cli_parse(struct cli *, int argc, char **argv, struct cli_parsed *, struct mst_error *);
/* Flags go into the configuration, the configuration into options not given. */
int cli_defaults(struct cli *, struct cli_parsed *, struct mst_error *);

/* The words of "a|b|c". */
typedef VEC(const char *) cli_words;
void cli_split(struct pool *, const char *values, cli_words *out);

/* The texts behind --help and --introspect. */
void cli_help(struct buf *, const struct cli_cmd *, const struct cli_sub *);
void cli_introspect_json(struct buf *, const struct cli_cmd *);
/* The rows of commands.h, for the lints. */
void cli_introspect_commands(struct buf *);
void cli_introspect_bash(struct buf *, const struct cli_cmd *);
void cli_introspect_zsh(struct buf *, const struct cli_cmd *);
void cli_introspect_fish(struct buf *, const struct cli_cmd *);
/* The page of section 1; `prose` is the text of man/NAME.1.in or empty: its
 * sections, in mdoc(7), stand beside or behind those that are made here. */
int cli_introspect_man(struct buf *, const struct cli_cmd *, struct str prose, struct mst_error *);
/* A page of another section: the text with its placeholders filled in. */
int cli_introspect_page(struct buf *, struct str text, struct mst_error *);

/* What completes a value or an operand. */
enum cli_completer { COMPLETE_NOTHING, COMPLETE_FILES, COMPLETE_FOLDERS, COMPLETE_NAMES };
/* `kind` is the table's word; COMPLETE_NAMES: NAME --complete KIND PREFIX. */
enum cli_completer cli_completer_of(const char *kind);
/* The table's word for an option's value, CLI_PATH being "path". */
const char *cli_opt_complete(const struct cli_opt *);

/* "[OPTION ...] [FILE ...]": what stands behind the name in a synopsis. */
void cli_synopsis(struct buf *, const struct cli_cmd *, const struct cli_sub *);
/* "-j, --jobs N" */
void cli_opt_head(struct buf *, const struct cli_opt *);

#endif
