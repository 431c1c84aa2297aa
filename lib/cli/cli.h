/* The command line: one option table per command gives parsing, --help, the man
 * page and the completions.  cli_main is the only place that prints an error and
 * chooses an exit status. */
#ifndef MST_CLI_CLI_H
#define MST_CLI_CLI_H

#include "base/error.h"
#include "base/pool.h"
#include "base/stop.h"
#include "base/str.h"

#include <signal.h>

struct config;

enum cli_kind {
	CLI_FLAG,     /* bool */
	CLI_STRING,   /* const char * */
	CLI_PATH,     /* const char *; completes file names */
	CLI_INT,      /* int64_t */
	CLI_DURATION, /* int64_t, microseconds */
	CLI_ENUM,     /* const char *, one of `values` ("a|b|c") */
	CLI_LIST,     /* struct cli_list: may be given several times */
};

struct cli_list {
	const char **v;
	size_t n;
};

struct cli_opt {
	const char *name; /* without dashes; NULL ends the table */
	char letter;      /* 0: none */
	enum cli_kind kind;
	size_t offset;         /* into the command's args struct */
	const char *metavar;   /* "FILE"; NULL for flags */
	const char *values;    /* CLI_ENUM */
	const char *key;       /* configuration key that gives the default, or NULL */
	const char *complete;  /* completer of the value: "path", "dir", or a kind of names, see cli_completer */
	const char *help;      /* one sentence without full stop; ≤ 52 columns */
	const char *def;       /* the value where neither the flag nor the key gives one, or NULL */
	int64_t min, max;      /* CLI_INT and CLI_DURATION: the allowed range; both 0: from 0 up */
};

struct cli_example {
	const char *command; /* as typed; the tests run those of `mst-deps`, `mst-plan`, `mst-db`, `mst-run` */
	const char *says;    /* one line: what it does */
};

struct cli;
typedef int cli_run(struct cli *, struct mst_error *);

struct cli_sub {
	const char *name; /* NULL ends the table */
	const char *args; /* "[NAME]" */
	const char *summary;
	int min_args, max_args; /* max -1: any number */
	const struct cli_opt *opts; /* of this subcommand alone, or NULL */
	const char *complete;       /* completer of the operands, or NULL */
	cli_run *run;
	bool verbatim;              /* all that stands behind the name is an operand, options too */
};

enum {
	CLI_OUTPUT = 1, /* --json --table --csv */
	CLI_DB = 2,     /* --db: the state database */
	CLI_ANY_CONFIG = 4, /* a broken configuration is no error: cli->config is NULL then */
	CLI_DISPATCH = 8, /* mst itself: the other commands are listed and completed, too */
};

struct cli_cmd {
	const char *name;    /* "mst-deps" */
	const char *summary; /* "infer table references from SQL": the NAME line */
	const char *args;    /* synopsis of the operands; NULL with subcommands */
	int min_args, max_args;
	size_t args_size;    /* sizeof of the args struct, zeroed and filled by the table */
	unsigned groups;     /* CLI_OUTPUT | CLI_DB */
	const struct cli_opt *opts;
	const struct cli_sub *subs; /* or NULL */
	const struct cli_example *examples; /* command NULL ends */
	const char *reads, *writes;         /* line types, for the man page: "table", "plan, job" */
	const char *talks_to;               /* "files", "the state database and the warehouse" */
	const char *exits;                  /* used statuses besides 0 2 7: "1 3 130" */
	const char *see_also;               /* "mst-plan(1), mst-json(5)" */
	const char *complete;               /* completer of the operands */
	cli_run *run;                       /* NULL with subcommands */
};

enum cli_format { CLI_JSON, CLI_TABLE, CLI_CSV };

struct cli {
	struct pool *pool; /* lives as long as the command */
	const struct cli_cmd *cmd;
	const struct cli_sub *sub;
	void *args; /* the command's args struct */
	int argc;   /* operands */
	char **argv;
	struct config *config;
	enum cli_format format; /* table on a terminal, else JSON, unless forced */
	bool tty_out, tty_err, color_out, color_err;
	int columns;            /* of the terminal, 80 where there is none */
	const char *profile;    /* --profile, or NULL */
};

/* Parses, runs, prints the error, returns the exit status.  cmd->run returns 0, a
 * negative mst_code with `err` set, or a positive exit status that needs no
 * message.  Also answers --help, --version, --introspect[=man|bash|zsh|fish] and
 * --complete KIND PREFIX.
 *
 * An option's value comes from the flag, else from its configuration key, else
 * from `def`, else it is zero.  Options may stand before and behind operands;
 * of a flag given twice the last counts.
 *
 * stdin, stdout and stderr are open in cmd->run whatever the caller closed (a
 * closed stdout is one that cannot be written to).  A reader that went away ends
 * a filter by SIGPIPE, without a word.  What was written with stdio is flushed
 * and checked at the end: a full disk gives status 7. */
int cli_main(int argc, char **argv, const struct cli_cmd *cmd);

/* Checks a command's tables (names and letters unique, offsets within the args
 * struct, keys known, texts within their columns): MST_BUG says what is wrong.
 * --introspect calls it, so the lints see it for every command. */
int cli_check(const struct cli_cmd *, struct mst_error *);

/* Set by SIGINT, SIGTERM and SIGHUP once cli_catch_signals was called; before that
 * they kill, as anyone expects of a filter. cli_signal is the number or 0; a command
 * that returns MST_CANCELLED ends with status 128 + number.  Another one a second
 * or more after the first kills: whatever the command waits for may never come.  A signal that was
 * ignored when the command started (nohup) stays so.  The handlers are installed
 * without SA_RESTART.  SIGPIPE no longer kills either: writing gives MST_IO, the
 * command clears up, and cli_main then ends it by SIGPIPE.  Handlers, not SIG_IGN:
 * a child that is executed has the defaults. */
extern stop_flag cli_signal;
void cli_catch_signals(void);

/* Talk on stderr: "NAME: text".  Notes are silent where stderr is no terminal;
 * warnings, and what cli_say says (something lasting was made), are not. */
void cli_say(struct cli *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void cli_note(struct cli *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void cli_warn(struct cli *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* An error that does not end the command, in the form cli_main prints. */
void cli_report(struct cli *, const struct mst_error *);
/* Called before anything is written to a terminal, where set: live progress takes
 * itself away (progress.h). */
extern void (*cli_before_talk)(void);
/* Prints the names of a kind ("run", "table", ...) that begin with `prefix`, one
 * a line, for completion: set by commands that can reach the database (lib/cli
 * knows none).  It never speaks of errors.  The room itself answers "config-key",
 * "profile", "connection" and "command". */
extern void (*cli_completer)(struct cli *, const char *kind, const char *prefix);

#endif
