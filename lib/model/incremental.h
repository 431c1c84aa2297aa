/* The attribute `incremental` of an import from a database.
 *
 *     incremental: {column: changed_at, overlap: 1h, key: [id]}
 *
 * Read are rows whose `column` is at least the highest value so far minus `overlap`; they are merged on
 * `key`. */
#ifndef MST_MODEL_INCREMENTAL_H
#define MST_MODEL_INCREMENTAL_H

#include "base/jsonl.h"

struct incremental {
	struct str column;
	int64_t overlap;   /* microseconds where it was written as a duration, else a number */
	bool overlap_time;
	const struct str *keys;
	size_t n_keys;
};

/* What is wrong with a value, in the pool, or NULL. */
const char *incremental_check(struct pool *, struct json_val);
/* Of a checked value. */
void incremental_read(struct pool *, struct json_val, struct incremental *out);

#endif
