/* Tests on the result of a job: the attribute `tests`.
 *
 *     tests:
 *       - not_null: [id, name]
 *       - unique: [id]
 *       - accepted: {column: state, values: [new, done]}
 *         severity: warn
 *       - range: {column: price, min: 0, max: 1000}
 *       - rows: {min: 1, max: 1000000, change: 50%}
 *       - foreign_key: {column: customer, table: raw.customers, to: id}
 *       - freshness: {column: at, within: 1d}
 *       - sql: SELECT * FROM @table WHERE a > b
 *         name: a stays below b
 *
 * A list of maps, or one map.  A map may hold several kinds, which then share `name` and
 * `severity` (error, or warn).  not_null makes one test of each column.  accepted, range and
 * foreign_key pass over nulls; unique does not count rows with a null among its columns. */
#ifndef MST_MODEL_TESTS_H
#define MST_MODEL_TESTS_H

#include "base/error.h"
#include "base/jsonl.h"
#include "base/str.h"
#include "base/vec.h"

/* More tests of one table are refused. */
#define TESTS_MAX 500

enum test_kind {
	TEST_NOT_NULL,
	TEST_UNIQUE,
	TEST_ACCEPTED,
	TEST_RANGE,
	TEST_ROWS,
	TEST_FOREIGN_KEY,
	TEST_FRESHNESS,
	TEST_SQL,
};

struct test {
	enum test_kind kind;
	struct str name;         /* as given, or made of kind and columns */
	bool warn;
	const struct str *columns; /* of not_null, accepted, range, freshness one */
	size_t n_columns;
	const struct str *values; /* accepted */
	size_t n_values;
	struct str min, max;     /* range, rows; p NULL: not given */
	int64_t change;          /* rows: per cent, or -1 */
	struct str table;        /* foreign_key: a canonical name */
	const struct str *to;    /* foreign_key: as many as columns */
	int64_t within_us;       /* freshness */
	struct str sql;          /* sql */
};
typedef VEC(struct test) test_list;

/* What is wrong with the value of the attribute, or NULL. */
const char *tests_check(struct pool *, struct json_val);
/* Reads a value that tests_check has no complaint about; JSON_NONE gives no test. */
void tests_read(struct pool *, struct json_val, test_list *out);
/* Adds the tables that the tests read besides the one they test: canonical names, not sorted,
 * perhaps twice. */
typedef VEC(struct str) test_tables;
void tests_tables(struct pool *, struct json_val, test_tables *out);
const char *test_kind_name(enum test_kind);

#endif
