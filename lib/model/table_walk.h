/* The SQL files under some files and folders, in byte order of their absolute
 * paths, one folder at a time in memory.
 *
 * In a folder only files that end in ".sql" (in any case) count; names that start
 * with a dot are left out.  Links are followed, but a linked folder that holds the
 * walk already, or was entered through another link, is left out with a warning.
 * A file that is named twice, or lies in a folder that is named too, comes once. */
#ifndef MST_MODEL_TABLE_WALK_H
#define MST_MODEL_TABLE_WALK_H

#include "base/error.h"
#include "base/pool.h"

#include <stdbool.h>

struct walk;

struct walk_item {
	const char *path;  /* absolute */
	const char *shown; /* as given, with what lies below it */
	bool named;        /* given by itself, not found in a folder */
};

/* Operands must outlive the walk. */
struct walk *walk_new(struct pool *, char *const *operands, size_t n);
/* 1 and the next file (valid until the next call), 0 at the end, < 0 for a folder
 * that cannot be read, is left out or holds no file (both MST_CONFLICT): the walk
 * goes on behind it. */
int walk_next(struct walk *, struct walk_item *out, struct mst_error *);

#endif
