#include "model/infer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* The type of a column that holds these values. */
static const char *type_of(const char *const *values)
{
	unsigned mask = INFER_ANY;
	for (; *values; values++)
		mask &= infer_value(str_of(*values));
	return infer_type(mask);
}
#define TYPE(want, ...) assert_string_equal(type_of((const char *const[]){ __VA_ARGS__, NULL }), want)

static void numbers(void **state)
{
	(void)state;
	TYPE("bigint", "0", "-1", "42", "9223372036854775807");
	TYPE("numeric", "9223372036854775808");
	TYPE("numeric", "1", "1.50");
	TYPE("double precision", "1", "1.5", "-2e10", "3.5E-07");
	TYPE("text", "007");
	TYPE("text", "+1");
	TYPE("text", "1.");
	TYPE("numeric", ".5", "-.25", "1");
	TYPE("double precision", ".5e3");
	TYPE("text", ".");
	TYPE("text", "-.");
	TYPE("text", ".e1");
	TYPE("text", "1e");
	TYPE("text", "1e999");
	TYPE("text", "-");
	TYPE("text", "1 2");
	TYPE("text", "1,5");
}

static void moments(void **state)
{
	(void)state;
	TYPE("date", "2026-01-31", "2024-02-29");
	TYPE("text", "2026-02-29");
	TYPE("text", "2026-13-01");
	TYPE("text", "31.01.2026");
	TYPE("timestamp", "2026-01-31", "2026-01-31 10:00");
	TYPE("timestamp", "2026-01-31T10:00:59.123456");
	TYPE("timestamptz", "2026-01-31T10:00:00Z", "2026-01-31 10:00+02", "2026-01-31 10:00:00.5-03:30");
	TYPE("text", "2026-01-31T10:00:00Z", "2026-01-31 10:00");
	TYPE("text", "2026-01-31T25:00");
	TYPE("text", "2026-01-31T10:00:00ZZ");
	TYPE("text", "0000-01-01");
}

static void words(void **state)
{
	(void)state;
	TYPE("boolean", "true", "FALSE");
	TYPE("text", "true", "yes");
	TYPE("text", "true", "1");
	TYPE("text", "");
	assert_string_equal(infer_type(INFER_ANY), "text");
	assert_string_equal(infer_type(INFER_JSON | INFER_TEXT), "jsonb");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(moments),
		cmocka_unit_test(words),
	};
	return cmocka_run_group_tests_name("infer", tests, NULL, NULL);
}
