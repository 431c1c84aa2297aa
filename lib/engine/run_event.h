/* The lines that tell of a run, one JSON object each, without a line break: `event` lines
 * as mst-json(5) has them. */
#ifndef MST_ENGINE_RUN_EVENT_H
#define MST_ENGINE_RUN_EVENT_H

#include "engine/run.h"

/* What happened, now. */
void run_event_write(struct buf *, const struct run_event *);
/* The last one. */
void run_outcome_write(struct buf *, const struct run_outcome *);
/* A statement or a shell command that --dry-run shows. */
void run_explain_write(struct buf *, const struct job *, bool command, struct str text);

#endif
