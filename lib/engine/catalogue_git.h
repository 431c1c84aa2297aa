/* Folders in git work trees, and repositories elsewhere, through the child mst-git. */
#ifndef MST_ENGINE_CATALOGUE_GIT_H
#define MST_ENGINE_CATALOGUE_GIT_H

#include "engine/catalogue.h"

/* Sets the folder's origin and source.  Where the folder is in no work tree, or there is no child (libgit2 was
 * not there when mst was built), the origin is its absolute path and there is no source.  What git refuses to
 * look at is told by opts->note. */
int catalogue_git_look(struct pool *, const struct catalogue_opts *, struct catalogue_folder *, struct mst_error *);

/* "URL[@REF[:PATH]]" of file://, https://, ssh://, HOST:PATH or a path; REF defaults to HEAD, PATH to all. */
struct catalogue_git {
	const char *url, *ref, *path;
};
/* MST_USAGE for what is none, and for one with a password in it. */
int catalogue_git_parse(struct pool *, const char *spec, struct catalogue_git *out, struct mst_error *);
/* Fetches; the folder lies below $TMPDIR and goes with the pool.  MST_REMOTE, MST_TIMEOUT, MST_CANCELLED;
 * MST_NOT_FOUND without the child. */
int catalogue_git_fetch(struct pool *, const struct catalogue_git *, const stop_flag *stop,
		struct catalogue_folder *out,
			struct mst_error *);

#endif
