#include "model/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct pool *pool;

/* Rows as "[a|b][c|d]", quoted fields with a leading ', null as ~, then the error; with `recover`
 * errors as "{line: text}" where they come. */
static const char *rows_of(const char *text, size_t n, const struct csv_opts *opts, size_t width, size_t piece)
{
	struct csv_reader r;
	struct mst_error err = { 0 };
	struct buf out;
	buf_init(&out, pool);
	csv_init(&r, pool, "t.csv", opts);
	r.width = width;
	for (size_t at = 0;; at += piece) {
		size_t k = at >= n ? 0 : n - at < piece ? n - at : piece;
		csv_feed(&r, text + at, k);
		int rc;
		while ((rc = csv_next(&r, &err)) == 1 || (rc < 0 && opts->recover)) {
			if (rc < 0) {
				buf_printf(&out, "{%u: ", r.row_line);
				buf_str(&out, r.raw);
				buf_char(&out, '}');
				continue;
			}
			buf_printf(&out, "[");
			for (size_t i = 0; i < r.fields.n; i++) {
				buf_z(&out, i ? "|" : "");
				buf_z(&out, r.fields.v[i].quoted ? "'" : "");
				if (opts->null.n && r.fields.v[i].null)
					buf_char(&out, '~');
				else
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

static void expect_with(const struct csv_opts *o, const char *text, size_t n, size_t width, const char *want)
{
	for (size_t piece = 1; piece <= n + 1; piece++)
		assert_string_equal(rows_of(text, n, o, width, piece), want);
}

static void expect(const char *text, size_t n, bool quotes, size_t width, const char *want)
{
	expect_with(&(struct csv_opts){ .quotes = quotes }, text, n, width, want);
}

#define WITH(text, want, ...) \
	expect_with(&(struct csv_opts){ .quotes = true, __VA_ARGS__ }, text, sizeof(text) - 1, 0, want)
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
	assert_string_equal(rows_of("a;\"b;c\"\n", 8, &(struct csv_opts){ .quotes = true, .delimiter = ';' }, 0, 3), "[a|'b;c]");
}

static void reads_other_quotes_and_escapes(void **s)
{
	(void)s;
	WITH("'a,''b'''|\"c\"\n", "['a,'b'|\"c\"]", .quote = '\'', .delimiter = '|');
	WITH("\"a\\\"b\\\\\",c\n", "['a\"b\\|c]", .escape = '\\');
	WITH("\"a\"\"b\"\n", "['a\"b]", .escape = '\\');
	WITH("a\\,b,\\\"c\\\nd,e\n", "[a,b|\"c\nd|e]", .escape = '\\');
	WITH("\"x\\\ny\\z\"\n1\n", "['x\nyz][1]", .escape = '\\');
	WITH("a,\"b\"\"c\"\n", "[a|'b\"c]", .escape = '"');
	WITH("a\n1,b\\", "[a]t.csv:2:4: nothing stands behind the escape character", .escape = '\\');
	WITH("\"a\\\"\n", "t.csv:1:1: the quote that opens here is never closed", .escape = '\\');
	WITH("a\\\nb\"c\n", "t.csv:2:2: a quote inside a field that does not begin with one", .escape = '\\');
}

static void null_is_seen_before_escapes_are_undone(void **s)
{
	(void)s;
	WITH("\\N,N,\"\\N\",\\NN,\n", "[~|N|'N|NN|]", .escape = '\\', .null = STR("\\N"));
	WITH("NULL,\"NULL\",NUL,\n", "[~|'NULL|NUL|]", .null = STR("NULL"));
	WITH("NULL,NUL,\\NULL\n", "[~|NUL|NULL]", .escape = '\\', .null = STR("NULL"));
}

static void passes_over_lines(void **s)
{
	(void)s;
	WITH("a \"report\n\xff\nx,y\n1,2\n", "[x|y][1|2]", .skip = 2);
	WITH("one\n", "", .skip = 2);
	WITH("one", "", .skip = 1);
	WITH("# it's \"open\nx,y\n#\n\"#\",#\n# end", "[x|y]['#|#]", .comment = '#');
	WITH("\xef\xbb\xbf#\nx\n", "[x]", .comment = '#');
	WITH("\"a\n#b\"\n", "['a\n#b]", .comment = '#');
	WITH("#1\n#2\n#3\nx\ny\"\n", "[x]t.csv:5:2: a quote inside a field that does not begin with one", .skip = 1,
	     .comment = '#');
}

static void goes_on_behind_bad_rows(void **s)
{
	(void)s;
	WITH("a\nx\"y\nb\n", "[a]{2: x\"y}[b]", .recover = true);
	WITH("\"open\n1,2\n3,4\n", "{1: \"open}[1|2][3|4]", .recover = true);
	/* the quote of line 1 meets that of line 3: what it swallowed comes again, unescaped by nobody */
	WITH("\"a\n\"\"\"b\"\"\"\n\"c\nd\n", "{1: \"a}['\"b\"]{3: \"c}[d]", .recover = true);
	WITH("a\n\xff,\"x\ny\"\nb\n", "[a]{2: \xff,\"x\ny\"}[b]", .recover = true);
	WITH("\"a\n\xff\nb\n", "{1: \"a}{2: \xff}[b]", .recover = true);
	struct csv_opts o = { .quotes = true, .recover = true };
	expect_with(&o, "a,b\n1\n2,\"3\n\"\n4,5,6\n", 19, 2, "[a|b]{2: 1}[2|'3\n]{5: 4,5,6}");
}

static void a_lone_quote_in_each_line_is_linear(void **s)
{
	(void)s;
	struct buf b;
	struct csv_reader r;
	struct mst_error err;
	size_t bad = 0;
	buf_init(&b, pool);
	for (int i = 0; i < 200000; i++)
		buf_z(&b, "x\"\n");
	csv_init(&r, pool, "t.csv", &(struct csv_opts){ .quotes = true, .recover = true });
	csv_feed(&r, b.p, b.n);
	csv_feed(&r, NULL, 0);
	for (int rc; (rc = csv_next(&r, &err)) != 0; bad++)
		assert_int_equal(rc, MST_DATA);
	assert_int_equal(bad, 200000);
}

static void a_long_field_in_small_pieces_is_linear(void **s)
{
	(void)s;
	size_t n = 8 << 20;
	char *text = pool_alloc(pool, n);
	memset(text, 'x', n);
	text[0] = text[n - 1] = '"';
	const char *out = rows_of(text, n, &(struct csv_opts){ .quotes = true }, 0, 1000);
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
		cmocka_unit_test(reads_other_quotes_and_escapes),
		cmocka_unit_test(null_is_seen_before_escapes_are_undone),
		cmocka_unit_test(passes_over_lines),
		cmocka_unit_test(goes_on_behind_bad_rows),
		cmocka_unit_test(a_lone_quote_in_each_line_is_linear),
		cmocka_unit_test(a_long_field_in_small_pieces_is_linear),
	};
	return cmocka_run_group_tests_name("csv", tests, setup, teardown);
}
