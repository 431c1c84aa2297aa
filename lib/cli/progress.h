/* Live progress on a terminal's stderr: a few lines (what runs now) and a status
 * line below them, redrawn in place and gone at the end.  Silent where stderr is
 * no terminal, or one without cursor movement.  Anything written by cli_note,
 * cli_warn, cli_report and by out.h goes above it. */
#ifndef MST_CLI_PROGRESS_H
#define MST_CLI_PROGRESS_H

#include "cli/cli.h"

struct progress;

/* `lines` of them; what does not fit on the screen is not shown.  Only one may be
 * open.  Never NULL; closed when the pool of the command goes, too. */
struct progress *progress_open(struct cli *, unsigned lines);
/* Line i from 0; NULL or "" takes it away.  The text may hold anything: it is
 * made harmless and cut to the width.  Seen when the status is set next, so that one
 * look shows lines that belong together. */
void progress_set_line(struct progress *, unsigned i, const char *text);
void progress_status(struct progress *, const char *text);
/* A line that stays, above the live ones.  Written to a pipe too: it is talk. */
void progress_print_above(struct progress *, const char *text);
/* Draws what has changed if the last drawing is at least 100 ms ago; progress_status
 * calls it.  A loop that waits calls it too, after at most progress_due_ms. */
void progress_tick(struct progress *);
/* Milliseconds until there is something to draw, -1 where there is nothing. */
int progress_due_ms(const struct progress *);
/* Whether anybody sees it: else texts need not be made. */
bool progress_is_live(const struct progress *);
/* Takes the lines away.  May be called twice. */
void progress_close(struct progress *);

#endif
