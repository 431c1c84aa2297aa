/* Conditions: hours, days, weekdays and months in which something is done (reference 2.3).
 *
 *     conditions: [{weekdays: [1, 2, 3, 4, 5], hours: [6]}, {days: [1]}]
 *
 * A list of maps of lists of whole numbers: weekdays 0 (Sunday) to 6, months 1 to 12, days 1 to 31,
 * hours 0 to 23.  Values of one list are alternatives, lists of one map hold together, maps of the
 * list are alternatives; an empty list of numbers allows any.  A map needs one of the four keys;
 * keys beside them that nobody knows do no harm. */
#ifndef MST_MODEL_CONDITION_H
#define MST_MODEL_CONDITION_H

#include "base/jsonl.h"

#include <time.h>

/* What is wrong with a value, in the pool, or NULL. */
const char *condition_check(struct pool *, struct json_val);
/* Whether a checked list holds at that time of the clock (tm_wday, tm_mon, tm_mday, tm_hour).
 * `empty` is what a list without a map says. */
bool condition_holds(struct json_val, const struct tm *, bool empty);

#endif
