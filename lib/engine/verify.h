/* A second opinion on PostgreSQL texts: libpg_query, in the child mst-sql-oracle
 * with a limit of time, so that what crashes or hangs there does so alone. */
#ifndef MST_ENGINE_VERIFY_H
#define MST_ENGINE_VERIFY_H

#include "model/table.h"

#define VERIFY_TIMEOUT_US (10 * INT64_C(1000000))

struct verify {
	const char *child;
};

/* Finds the child in $MST_LIBEXEC, else in ../libexec/mst as seen from the running
 * program.  MST_NOT_FOUND. */
int verify_open(struct pool *, struct verify *out, struct mst_error *);

/* A table_second whose argument is a struct verify: a warning for each name that
 * one of the two reads or writes and the other does not, a note where libpg_query cannot
 * read the text, a warning where the child gives no answer. */
table_second verify_text;

#endif
