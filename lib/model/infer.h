/* The type of a column from all of its values: the narrowest that takes every one. */
#ifndef MST_MODEL_INFER_H
#define MST_MODEL_INFER_H

#include "base/str.h"

/* What a value can be, as bits; a column can be what all its values can be. */
enum {
	INFER_BOOL = 1,       /* true, false (any case) */
	INFER_INT = 2,        /* 64 bits, no plus sign, no leading zero: 007 is text */
	INFER_NUMERIC = 4,    /* with a decimal point (.5 too), or longer */
	INFER_FLOAT = 8,      /* with an exponent */
	INFER_DATE = 16,      /* 2026-11-22 */
	INFER_TIMESTAMP = 32, /* 2026-11-22T09:30[:00[.5]], or with a blank */
	INFER_TIMESTAMPTZ = 64, /* the same with Z or an offset */
	INFER_JSON = 128,
	INFER_TEXT = 256,     /* always */
	INFER_ANY = 511
};

unsigned infer_value(struct str);
/* The type's name in PostgreSQL: "boolean", "bigint", "numeric", "double precision",
 * "date", "timestamp", "timestamptz", "jsonb" or "text"; INFER_ANY (no value at all)
 * is text. */
const char *infer_type(unsigned mask);

#endif
