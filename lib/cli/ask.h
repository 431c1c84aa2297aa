/* Asking on the terminal. */
#ifndef MST_CLI_ASK_H
#define MST_CLI_ASK_H

#include "base/secret.h"
#include "cli/cli.h"

/* Reads a line twice from the terminal of the process, whatever stdin is, without an echo; `what` is
 * "the secret" or the like.  The result lives in the pool, a wiped one.  After cli_catch_signals: a signal
 * puts the echo back and is MST_CANCELLED.  MST_USAGE where there is no terminal, MST_DATA where the two
 * differ. */
int cli_ask_secret(struct pool *, const char *what, struct secret *out, struct mst_error *);

#endif
