/* Invariants of the state database: what must hold whenever nobody is in the middle of a statement. */
#ifndef MST_STORE_CHECK_H
#define MST_STORE_CHECK_H

#include "db/db.h"
#include "store/run.h"

/* Looks at all of them in one snapshot and tells a line "type":"check" each: name, ok, says (what must hold),
 * found (how often it does not) and example.  *broken counts those that do not hold.  Writes nothing.
 * MST_DENIED for who is no admin: he would not see every row. */
int store_check(struct db *, store_line *, void *arg, size_t *broken, struct mst_error *);

#endif
