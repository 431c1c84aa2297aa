/* What the files of this room share. */
#ifndef MST_STORE_INTERNAL_H
#define MST_STORE_INTERNAL_H

/* Key of the advisory lock under which the schema is changed: any number that nobody else is likely
 * to use, "mst" and the purpose. */
#define STORE_LOCK_MIGRATE "7171700001"

#endif
