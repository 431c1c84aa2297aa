/* Which table a name in SQL means: the one place that knows (lib/README.md, "Names").
 *
 * A name found in SQL says as much as its author wrote, a table is called what its line
 * calls it; both are dotted, and a dot within `...` or "..." parts nothing.  Tried in
 * this order, each by hash:
 *
 *   1. the equal name
 *   2. with a project, `p.d.t`: the table that is called `d.t`
 *   3. with a dataset, `d.t`: the table of the reader's project; else the one table that
 *      is called `X.d.t` with whatever project
 *   4. a lone name `t`: the table of the reader's dataset; else the one table whose
 *      last part it is
 *   5. ending in a star, `d.events_*`: every table whose name starts so, with 2 and 3 as
 *      above for the project; a lone `events_*` in the reader's dataset
 *
 * Where 3 or 4 end with several tables, the name is ambiguous and means none of them:
 * no guess is made, the caller warns.  Letters are compared as they stand. */
#ifndef MST_ENGINE_MATCH_H
#define MST_ENGINE_MATCH_H

#include "base/str.h"
#include "base/vec.h"

#include <stdint.h>

struct match;

/* An index over `n` different names in byte order, which must outlive it. Costs
 * nothing until the first question. */
struct match *match_new(struct pool *, const struct str *name, uint32_t n);

enum match_found { MATCH_NONE, MATCH_FOUND, MATCH_AMBIGUOUS };

typedef VEC(uint32_t) match_list;
/* Appends the numbers of the tables that `wanted` means in the SQL of `reader` to
 * *out, whose memory comes from `pool`.  MATCH_AMBIGUOUS appends nothing, but gives the
 * first two candidates in `two` where that is not NULL. */
enum match_found match_find(struct match *, struct pool *, struct str reader, struct str wanted, match_list *out,
			    uint32_t two[2]);

/* Whether a name ends in a star (also within its quotes). */
bool match_is_pattern(struct str name);

/* Where the last `parts` parts of a name start; the whole where it has no more. */
struct str match_tail(struct str name, unsigned parts);
/* Number of parts. */
unsigned match_parts(struct str name);

#endif
