/* Jobs at work, drawn on a terminal's stderr: a line for each that runs, with its time, and
 * below them what is done and how long the rest will take.  Silent where stderr is no
 * terminal (progress.h). */
#ifndef MST_CLI_LIVE_H
#define MST_CLI_LIVE_H

#include "cli/progress.h"

struct live;

/* For `jobs` jobs, `workers` of which run at once. */
struct live *live_open(struct cli *, size_t jobs, size_t workers);
/* How long each job took last time (-1: not known), and the longest way from its start to the
 * end through what waits for it.  Both live as long as the display. */
void live_expect(struct live *, const int64_t *duration_us, const int64_t *path_us);
/* A job by its number; `name` lives as long as the display. */
void live_start(struct live *, size_t job, struct str name);
/* It waits again: for its next attempt, or for something outside. */
void live_wait(struct live *, size_t job);
/* It has come to its end; duration_us -1 where it never ran. */
void live_end(struct live *, size_t job, int64_t duration_us, bool failed);
/* Draws; returns after how many milliseconds again, -1 where nobody looks. */
int live_draw(struct live *);
void live_close(struct live *);

#endif
