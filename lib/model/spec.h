/* What the attributes of a job ask of a warehouse. */
#ifndef MST_MODEL_SPEC_H
#define MST_MODEL_SPEC_H

#include "model/attrs.h"
#include "model/job.h"
#include "model/warehouse.h"

/* Sets disposition, keys, add_columns, pre, post, params, tests, busy_fails and timeout_us of
 * *target from the job's attributes and leaves all else alone.  What it sets points into the pool
 * and the job.  MST_DATA, with the attribute's name: a wrong value, or one that makes no
 * sense for the kind. */
int spec_read(struct pool *, const struct job *, struct warehouse_target *target, struct mst_error *);

/* What is wrong with attributes that are right each by itself, or NULL; *key gets the one to be
 * named. */
const char *spec_complaint(struct pool *, const char *kind, const json_members *attrs, const char **key);

/* The check of the attribute `parameters`: a map of names and scalars. */
const char *spec_check_parameters(struct pool *, struct json_val);

#endif
