/* The files of a folder, read on all cores and held against the rows of the catalogue. */
#ifndef MST_ENGINE_CATALOGUE_SCAN_H
#define MST_ENGINE_CATALOGUE_SCAN_H

#include "base/map.h"
#include "engine/catalogue.h"

/* The rows, to be found by name and by place.  Only read while threads look. */
struct catalogue_index {
	const store_briefs *rows;
	struct map by_name, by_file; /* values: index into rows */
};
void catalogue_index_init(struct catalogue_index *, struct pool *, const store_briefs *);
const struct store_brief *catalogue_index_name(const struct catalogue_index *, struct str name);

/* One file.  Valid until the callback returns, but for `found`, which lives in the pool of the scan. */
struct catalogue_file {
	const char *shown;              /* as the folder was given, with what lies below it */
	const char *path;
	const struct store_brief *same; /* the row that it is, or NULL: then `found` */
	const struct catalogue_found *found;
	char sha256[SHA256_HEX];
};
struct catalogue_scan {
	const struct catalogue_opts *opts;
	const struct catalogue_index *index;
	const char *path; /* a folder or one file */
	int (*file)(void *arg, const struct catalogue_file *, struct mst_error *);
	void (*fail)(void *arg, const struct mst_error *); /* a file or folder that cannot be read */
	void *arg;
};
/* Files in byte order of their paths.  Results that are kept live in the pool. */
int catalogue_scan(struct pool *, const struct catalogue_scan *, struct mst_error *);

#endif
