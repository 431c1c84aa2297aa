/* The header lines of a text, put together as YAML.  Used by attrs.c alone. */
#ifndef MST_MODEL_ATTRS_HEADER_H
#define MST_MODEL_ATTRS_HEADER_H

#include "model/attrs.h"

/* Where a line of the YAML stands in the SQL file. */
struct header_line {
	uint32_t line, col; /* of its first byte, 1-based */
	size_t at;          /* in yaml */
};

struct header {
	struct buf yaml;
	VEC(struct header_line) lines;
	bool too_large;
	uint32_t stray; /* line of the first attribute line behind the header, or 0 */
};

void header_collect(struct pool *, struct str text, struct header *out);
/* The place in the SQL file of a byte of the YAML. */
struct attr_place header_place(const struct header *, size_t at);
/* The YAML as JSON members; MST_DATA or MST_LIMIT with line and column. */
int header_parse(struct pool *, const struct header *, struct attrs *out, struct mst_error *);

#endif
