/* Changes and revisions, as lines and as text for people. */
#ifndef MST_ENGINE_CATALOGUE_SHOW_H
#define MST_ENGINE_CATALOGUE_SHOW_H

#include "engine/catalogue.h"

struct catalogue_text_sink {
	void *arg;
	catalogue_told *write; /* any text */
};

/* `change` lines, with unified diffs as key `diff` where they are wanted. */
int catalogue_tell_changes(struct db *, const struct catalogue_changes *, bool diffs, catalogue_told *, void *arg,
			   struct mst_error *);
/* Unified diffs and a count. */
int catalogue_show_changes(struct db *, const struct catalogue_changes *, bool color, struct catalogue_text_sink,
			   struct mst_error *);

/* One table for people: what is known of it, and its text. */
int catalogue_show_table(const struct store_table *, struct catalogue_text_sink, struct mst_error *);

/* `revision` lines of a table, the oldest first, each with the unified diff against the one before. */
int catalogue_tell_log(struct db *, struct str name, catalogue_told *, void *arg, struct mst_error *);
int catalogue_show_log(struct db *, struct str name, bool color, struct catalogue_text_sink, struct mst_error *);

#endif
