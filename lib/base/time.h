/* Time: microseconds since 1970-01-01 UTC in memory, ISO 8601 at the edges. */
#ifndef MST_BASE_TIME_H
#define MST_BASE_TIME_H

#include "base/error.h"
#include "base/str.h"

#include <stdint.h>

#define US_PER_S INT64_C(1000000)

/* The machine's clock; what decides something asks the database instead. */
int64_t time_now_us(void);
/* A clock that never steps, for durations and time-outs. */
int64_t time_mono_us(void);

#define TIME_ISO_MAX 40
/* "2026-11-22T09:30:00.123456Z"; trailing zeros of the fraction are dropped. */
char *time_iso(char out[TIME_ISO_MAX], int64_t us);
/* Parses ISO 8601 / RFC 3339 ("T" or blank, optional fraction, "Z" or an offset;
 * PostgreSQL's "+00" too).  MST_DATA. */
int time_parse_iso(struct str, int64_t *out_us, struct mst_error *);

#define TIME_SHORT_MAX 24
/* A duration for people: "312 us", "4.2 ms", "1.3 s", "2m05s", "3h07m", "2d04h". */
char *time_short(char out[TIME_SHORT_MAX], int64_t us);
/* "10s", "1h30m", "500ms", "2d", "1w"; a bare number is seconds.  MST_DATA. */
int time_parse_duration(struct str, int64_t *out_us, struct mst_error *);

#endif
