#include "model/condition.h"
#include "model/incremental.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
/* cmocka wants some of the above */
#include <cmocka.h>

static struct json_val value(const char *json)
{
	struct json_val v;
	struct mst_error err;
	assert_int_equal(json_scan(str_of(json), &v, &err), 0);
	return v;
}

static const char *said(const char *(*check)(struct pool *, struct json_val), struct pool *pool, const char *json)
{
	const char *what = check(pool, value(json));
	return what ? what : "ok";
}

static void each_row_of_the_check_table_is_judged_so(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{ "[]", "ok" },
		{ "[{}]", "a condition needs one of weekdays, months, days, hours" },
		{ "[{\"weekdays\":[]}]", "ok" },
		{ "7", "it must be a list of maps" },
		{ "[{\"weekdays\":[7]}]", "'weekdays' holds 7; they go from 0 to 6" },
		{ "[{\"weekday\":[1]}]", "a condition needs one of weekdays, months, days, hours" },
		{ "[{\"weekdays\":[1],\"colour\":\"red\"}]", "ok" },
		{ "{\"weekdays\":[1]}", "it must be a list of maps" },
		{ "[7]", "it must be a list of maps" },
		{ "[{\"weekdays\":1}]", "'weekdays' must be a list of whole numbers" },
		{ "[{\"weekdays\":[\"1\"]}]", "'weekdays' holds \"1\"; they go from 0 to 6" },
		{ "[{\"weekdays\":[1.5]}]", "'weekdays' holds 1.5; they go from 0 to 6" },
		{ "[{\"weekdays\":[-1]}]", "'weekdays' holds -1; they go from 0 to 6" },
		{ "[{\"weekdays\":[0,6]},{\"months\":[1,12],\"days\":[1,31],\"hours\":[0,23]}]", "ok" },
		{ "[{\"months\":[0]}]", "'months' holds 0; they go from 1 to 12" },
		{ "[{\"months\":[13]}]", "'months' holds 13; they go from 1 to 12" },
		{ "[{\"days\":[0]}]", "'days' holds 0; they go from 1 to 31" },
		{ "[{\"days\":[32]}]", "'days' holds 32; they go from 1 to 31" },
		{ "[{\"hours\":[24]}]", "'hours' holds 24; they go from 0 to 23" },
	};
	POOL_SCRATCH(pool);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(said(condition_check, pool, rows[i][0]), rows[i][1]);
}

/* Sunday, 1 March 2026, 23:05. */
static const struct tm sunday = { .tm_wday = 0, .tm_mon = 2, .tm_mday = 1, .tm_hour = 23 };

static void values_are_alternatives_lists_hold_together_maps_are_alternatives(void **state)
{
	(void)state;
	static const struct {
		const char *list;
		bool holds;
	} rows[] = {
		{ "[{\"weekdays\":[0]}]", true },
		{ "[{\"weekdays\":[1,2]}]", false },
		{ "[{\"weekdays\":[1,0]}]", true },
		{ "[{\"weekdays\":[0],\"hours\":[22]}]", false },
		{ "[{\"weekdays\":[0],\"hours\":[22,23]}]", true },
		{ "[{\"weekdays\":[],\"months\":[3]}]", true },
		{ "[{\"weekdays\":[],\"months\":[2]}]", false },
		{ "[{\"weekdays\":[1]},{\"days\":[1]}]", true },
		{ "[{\"weekdays\":[1]},{\"days\":[2]}]", false },
		{ "[{\"weekdays\":[]}]", true },
		{ "[{\"weekdays\":[0],\"colour\":\"red\"}]", true },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(condition_holds(value(rows[i].list), &sunday, false), rows[i].holds);
		assert_int_equal(condition_holds(value(rows[i].list), &sunday, true), rows[i].holds);
	}
}

static void an_empty_list_lets_run_and_does_not_reimport(void **state)
{
	(void)state;
	assert_true(condition_holds(value("[]"), &sunday, true));
	assert_false(condition_holds(value("[]"), &sunday, false));
	assert_false(condition_holds((struct json_val){ 0 }, &sunday, false));
}

static void incremental_wants_a_column_and_a_key(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{ "{\"column\":\"id\",\"key\":[\"id\"]}", "ok" },
		{ "{\"column\":\"at\",\"key\":\"id\",\"overlap\":\"1h30m\"}", "ok" },
		{ "{\"column\":\"id\",\"key\":[\"a\",\"b\"],\"overlap\":100}", "ok" },
		{ "7", "it must be a map: {column: NAME, key: [NAME], overlap: 1h}" },
		{ "{}", "it needs 'column'" },
		{ "{\"column\":\"id\"}", "it needs 'key'" },
		{ "{\"column\":\"id\",\"key\":[]}", "'key' is empty" },
		{ "{\"column\":\"id\",\"key\":[1]}", "'key' must be a column or a list of columns" },
		{ "{\"column\":\"\",\"key\":[\"id\"]}", "'column' must be the name of a column" },
		{ "{\"column\":\"id\",\"key\":\"id\",\"overlap\":-1}",
		  "'overlap' must be a whole number, 0 or more, or a duration" },
		{ "{\"column\":\"id\",\"key\":\"id\",\"overlap\":true}",
		  "'overlap' must be a number or a duration such as 1h30m" },
		{ "{\"colum\":\"id\",\"key\":\"id\"}", "unknown key 'colum' (did you mean 'column'?)" },
	};
	POOL_SCRATCH(pool);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(said(incremental_check, pool, rows[i][0]), rows[i][1]);
}

static void incremental_is_read(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct incremental i;
	incremental_read(pool, value("{\"column\":\"at\",\"key\":[\"a\",\"b\"],\"overlap\":\"1h\"}"), &i);
	assert_string_equal(str_z(pool, i.column), "at");
	assert_int_equal(i.overlap, 3600000000);
	assert_true(i.overlap_time);
	assert_int_equal(i.n_keys, 2);
	assert_string_equal(str_z(pool, i.keys[1]), "b");
	incremental_read(pool, value("{\"column\":\"id\",\"key\":\"id\",\"overlap\":100}"), &i);
	assert_int_equal(i.overlap, 100);
	assert_false(i.overlap_time);
	assert_int_equal(i.n_keys, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_of_the_check_table_is_judged_so),
		cmocka_unit_test(values_are_alternatives_lists_hold_together_maps_are_alternatives),
		cmocka_unit_test(an_empty_list_lets_run_and_does_not_reimport),
		cmocka_unit_test(incremental_wants_a_column_and_a_key),
		cmocka_unit_test(incremental_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
