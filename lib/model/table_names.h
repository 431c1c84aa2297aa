/* Who defined a name first: what is kept for each is a hash, a line and the last
 * part of the path (some 40 bytes), for there may be millions. */
#ifndef MST_MODEL_TABLE_NAMES_H
#define MST_MODEL_TABLE_NAMES_H

#include "base/str.h"
#include "base/vec.h"

struct names_entry {
	uint64_t hash;
	uint32_t id; /* of places, from 1; 0: free */
};

struct names_place {
	uint32_t folder, at, line;
};

struct table_names {
	struct pool *pool, *slot_pool;
	uint64_t seed;
	struct names_entry *slot;
	size_t cap;
	VEC(struct names_place) places;
	struct buf files;          /* last parts of the paths, each with a NUL */
	VEC(const char *) folders; /* paths without their last part */
};

void table_names_init(struct table_names *, struct pool *);
/* NULL where the name is new (it is kept then), else the place that has it:
 * "PATH:LINE" in `scratch`.  Names are told apart by 64 bits of a seeded hash.
 * Paths should come sorted: a folder is kept once for each run of files in it. */
const char *table_names_put(struct table_names *, struct pool *scratch, struct str name, const char *path,
			    uint32_t line);

#endif
