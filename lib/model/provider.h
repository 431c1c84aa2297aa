/* Kinds of databases that a connection can lead to: what may be said of each, as data.  The table
 * validates connections, prints the manual and feeds completion. */
#ifndef MST_MODEL_PROVIDER_H
#define MST_MODEL_PROVIDER_H

#include "base/error.h"
#include "base/jsonl.h"

enum provider_kind {
	PROVIDER_TEXT,
	PROVIDER_INT,  /* a whole number of min to max; several with commas in between where `many` */
	PROVIDER_WORD, /* one of `values` */
	PROVIDER_PATH, /* absolute, or beginning with "~/": a file of whoever connects */
};

struct provider_field {
	const char *key; /* NULL ends the table */
	enum provider_kind kind;
	const char *values; /* "a|b|c" */
	int64_t min, max;
	bool many;
	bool required;
	bool secret;      /* never a field: what holds it is a secret (mst-connection --KEY-secret) */
	const char *def;  /* in words, or NULL */
	const char *help; /* one sentence without full stop */
};

struct provider {
	const char *name; /* NULL ends the table */
	const char *summary;
	const struct provider_field *fields;
};

extern const struct provider providers[];
/* NULL where it is not known. */
const struct provider *provider_of(struct str name);
const struct provider_field *provider_field_of(const struct provider *, struct str key);

/* One value: MST_USAGE with what would do. */
int provider_check_value(const struct provider *, struct str key, struct str value, struct mst_error *);
/* All of them, a JSON object of texts: also what is lacking. */
int provider_check(struct pool *, const struct provider *, struct json_val fields, struct mst_error *);

/* The connection string of libpq that such fields mean, without a password; `home` stands for "~". */
const char *provider_conninfo(struct pool *, struct json_val fields, const char *home);
/* Appends " KEY='VALUE'" to one. */
void provider_conninfo_add(struct buf *, const char *key, struct str value);

#endif
