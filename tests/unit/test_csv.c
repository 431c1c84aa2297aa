#include "model/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct pool *pool;

/* Rows as "[a|b][c|d]", quoted fields with a leading ', then the error. */
static const char *rows_of(const char *text, size_t n, bool quotes, char delim, size_t width, size_t piece)
{
	struct csv_reader r;
	struct mst_error err = { 0 };
	struct buf out;
	buf_init(&out, pool);
	csv_init(&r, pool, "t.csv", quotes, delim);
	r.width = width;
	for (size_t at = 0;; at += piece) {
		size_t k = at >= n ? 0 : n - at < piece ? n - at : piece;
		csv_feed(&r, text + at, k);
		int rc;
		while ((rc = csv_next(&r, &err)) == 1) {
			buf_printf(&out, "[");
			for (size_t i = 0; i < r.fields.n; i++) {
				buf_z(&out, i ? "|" : "");
				buf_z(&out, r.fields.v[i].quoted ? "'" : "");
				buf_str(&out, r.fields.v[i].text);
			}
			buf_printf(&out, "]");
		}
		if (rc < 0) {
			buf_printf(&out, "%s:%u:%u: %s", err.file, err.line, err.col, err.msg);
			break;
		}
		if (k == 0)
			break;
	}
	return buf_cstr(&out);
}

static void expect(const char *text, size_t n, bool quotes, size_t width, const char *want)
{
	for (size_t piece = 1; piece <= n + 1; piece++)
		assert_string_equal(rows_of(text, n, quotes, 0, width, piece), want);
}

#define CSV(text, want) expect(text, sizeof(text) - 1, true, 0, want)
#define TSV(text, want) expect(text, sizeof(text) - 1, false, 0, want)

static void reads_rows(void **s)
{
	(void)s;
	CSV("a,b\r\n1,2\r\n", "[a|b][1|2]");
	CSV("a,b\n1,2", "[a|b][1|2]");
	CSV("", "");
	CSV("\n\n", "");
	CSV("a,\n,b\n,\n", "[a|][|b][|]");
	CSV("\xef\xbb\xbf" "a,b\n", "[a|b]");
	CSV("a b, c \n", "[a b| c ]");
	expect("a\n\nb\n", 5, true, 1, "[a][][b]");
}

static void reads_quotes(void **s)
{
	(void)s;
	CSV("\"a\",\"\"\n", "['a|']");
	CSV("\"a \"\"b\"\"\",c\n", "['a \"b\"|c]");
	CSV("\"\"\"\"\n", "['\"]");
	CSV("\"a,b\nc\r\nd\",e\n", "['a,b\nc\r\nd|e]");
	CSV("\"a\"", "['a]");
}

static void refuses_what_has_no_meaning(void **s)
{
	(void)s;
	CSV("a,b\nx\"y,c\n", "[a|b]t.csv:2:2: a quote inside a field that does not begin with one");
	CSV("\"a\"b,c\n", "t.csv:1:4: text behind a closing quote (a quote inside quotes is doubled)");
	CSV("a\n\"x\ny\"z\n", "[a]t.csv:3:3: text behind a closing quote (a quote inside quotes is doubled)");
	CSV("a\nb,\"c\nd\n", "[a]t.csv:2:3: the quote that opens here is never closed");
	CSV("a,b\0c\n", "t.csv:1:4: a NUL byte");
	CSV("a\nb,\xff\n", "[a]t.csv:2:3: invalid UTF-8");
	CSV("\"a\n\xc3\"\n", "t.csv:2:1: invalid UTF-8");
	expect("a,b\n1\n", 6, true, 2, "[a|b]t.csv:2:1: 1 fields where there are 2 columns");
	expect("a,b\n\"1\n\",2\n3,4,5\n", 18, true, 2, "[a|b]['1\n|2]t.csv:4:1: 3 fields where there are 2 columns");
}

static void reads_tab_separated_values(void **s)
{
	(void)s;
	TSV("a\tb\n\"x\t\\n\n", "[a|b][\"x|\\n]");
	TSV("a\t\r\n", "[a|]");
	assert_string_equal(rows_of("a;\"b;c\"\n", 8, true, ';', 0, 3), "[a|'b;c]");
}

static void a_long_field_in_small_pieces_is_linear(void **s)
{
	(void)s;
	size_t n = 8 << 20;
	char *text = pool_alloc(pool, n);
	memset(text, 'x', n);
	text[0] = text[n - 1] = '"';
	const char *out = rows_of(text, n, true, 0, 0, 1000);
	assert_int_equal(strlen(out), n - 2 + 3);
}

static int setup(void **s)
{
	(void)s;
	pool = pool_new(NULL);
	return 0;
}

static int teardown(void **s)
{
	(void)s;
	pool_free(pool);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_rows),
		cmocka_unit_test(reads_quotes),
		cmocka_unit_test(refuses_what_has_no_meaning),
		cmocka_unit_test(reads_tab_separated_values),
		cmocka_unit_test(a_long_field_in_small_pieces_is_linear),
	};
	return cmocka_run_group_tests_name("csv", tests, setup, teardown);
}
