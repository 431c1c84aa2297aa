/* What the files of the source share. */
#ifndef MST_PROVIDER_POSTGRES_SOURCE_INTERNAL_H
#define MST_PROVIDER_POSTGRES_SOURCE_INTERNAL_H

#include "provider/postgres/source.h"

struct pg_source_column {
	struct str name;
	uint32_t type;
	int modifier;
	struct str formatted; /* the base type without modifier, as the source writes it */
	char category;        /* of the base type, as pg_type has it; 0 for what comes over as text */
	struct str cast;      /* the text of the column is that of this type; empty: its own */
};

struct pg_source {
	struct source base;
	struct pool *pool;
	struct db *db;
	bool begun;
	struct pg_source_column *columns; /* since describe */
	size_t n_columns;
};

/* Asks the database about the names that the text uses. */
int pg_source_check(struct pg_source *, const struct source_query *, struct mst_error *);
/* The types of s->columns as a warehouse writes them. */
int pg_source_types(struct pool *, struct pg_source *, struct source_column *out, struct mst_error *);

#endif
