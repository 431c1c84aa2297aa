/* Glue: --since, a time or how long ago. */
#ifndef MST_BIN_SINCE_H
#define MST_BIN_SINCE_H

#include "base/time.h"

/* Either *ago_us or *at, an ISO 8601 time; -1 and NULL where `text` is NULL. MST_USAGE. */
static inline int since_read(struct pool *pool, const char *text, int64_t *ago_us, const char **at,
			     struct mst_error *err)
{
	struct mst_error ignored;
	char iso[TIME_ISO_MAX];
	int64_t us;
	*ago_us = -1;
	*at = NULL;
	if (!text)
		return 0;
	struct str s = str_of(text);
	if (s.n == 10 && s.p[4] == '-' && s.p[7] == '-')
		s = str_of(pool_printf(pool, "%sT00:00:00Z", text));
	if (time_parse_iso(s, &us, &ignored) == 0) {
		*at = pool_strdup(pool, time_iso(iso, us));
		return 0;
	}
	if (time_parse_duration(s, ago_us, &ignored) == 0 && *ago_us >= 0)
		return 0;
	mst_fail(err, MST_USAGE, "--since %s is neither a time nor a duration", text);
	return mst_hint(err, "for example 2d, 90m, 2026-11-22 or 2026-11-22T09:30:00Z");
}

#endif
