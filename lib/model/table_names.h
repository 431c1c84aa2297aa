/* Who defined a name first.  There may be millions of names, so what is kept for
 * each is a hash, a line and the last part of the path: some 30 bytes. */
#ifndef MST_MODEL_TABLE_NAMES_H
#define MST_MODEL_TABLE_NAMES_H

#include "base/str.h"
#include "base/vec.h"

struct names_folder {
	const char *path; /* with "/" behind it, or "" */
	uint32_t at;      /* of its first record */
};

struct table_names {
	struct pool *pool, *slot_pool;
	uint64_t seed;
	/* open addressing: hashes, and the record of each from 1 (0: free) */
	uint64_t *hash;
	uint32_t *at;
	size_t n, cap;
	struct buf records; /* line (LEB128) and last part of the path with its NUL, each */
	VEC(struct names_folder) folders;
};

void table_names_init(struct table_names *, struct pool *);
/* NULL where the name is new (it is kept then), else the place that has it:
 * "PATH:LINE" in `scratch`.  Names are told apart by 64 bits of a seeded hash.
 * Paths should come sorted: a folder is kept once for each run of files in it.
 * When 4 GiB of records are full no name is kept any more. */
const char *table_names_put(struct table_names *, struct pool *scratch, struct str name, const char *path,
			    uint32_t line);

#endif
