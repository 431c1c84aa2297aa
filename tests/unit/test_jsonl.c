/* The line codec: what it takes, what it refuses and where, what it hands back. */
#include "base/fs.h"
#include "base/jsonl.h"
#include "pooled.h"

#include <unistd.h>

static struct mst_error err;

/* The value's type, or "COL: message".  Every text is scanned in a block of its own
 * size, so that a look past its end is seen by the sanitizers. */
static const char *scan_n(const char *text, size_t n)
{
	static const char *const types[] = { "none", "null", "bool", "number", "string", "array", "object" };
	struct str s = { pool_memdup(pool, text, n), n };
	struct json_val v;
	if (json_scan(s, &v, &err))
		return pool_printf(pool, "%u: %s", err.col, err.msg);
	assert_true(v.raw.p >= s.p && v.raw.p + v.raw.n <= s.p + s.n);
	return types[v.type];
}

static const char *scan(const char *text)
{
	return scan_n(text, strlen(text));
}

static void values_of_each_type_are_taken(void **state)
{
	(void)state;
	assert_string_equal(scan("null"), "null");
	assert_string_equal(scan(" true\t"), "bool");
	assert_string_equal(scan("false"), "bool");
	assert_string_equal(scan("\r\n\"\""), "string");
	assert_string_equal(scan("[]"), "array");
	assert_string_equal(scan("[ [ ] , { } , 1 ]"), "array");
	assert_string_equal(scan("{ \"a\" : { \"b\" : [ ] } }"), "object");
}

static void numbers_are_those_of_the_rfc(void **state)
{
	(void)state;
	static const char *const good[] = { "0", "-0", "10", "1.0", "0.5e10", "1E+2", "1e-999999", "123456789012345678901234567890" };
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_string_equal(scan(good[i]), "number");
	assert_string_equal(scan("01"), "2: a number with a leading zero");
	assert_string_equal(scan("-"), "2: the line ends in the middle of a JSON value");
	assert_string_equal(scan("-x"), "2: a broken number");
	assert_string_equal(scan("1.x"), "3: a broken number");
	assert_string_equal(scan("1e]"), "3: a broken number");
	assert_string_equal(scan("1."), "3: the line ends in the middle of a JSON value");
	assert_string_equal(scan("+1"), "1: not JSON");
	assert_string_equal(scan(".5"), "1: not JSON");
	assert_string_equal(scan("NaN"), "1: not JSON");
	assert_string_equal(scan("0x10"), "2: something stands behind the JSON value");
}

static void broken_texts_are_refused_where_they_break(void **state)
{
	(void)state;
	assert_string_equal(scan(""), "1: the line ends in the middle of a JSON value");
	assert_string_equal(scan("nul"), "1: not JSON");
	assert_string_equal(scan("nullx"), "5: something stands behind the JSON value");
	assert_string_equal(scan("[1,]"), "4: not JSON");
	assert_string_equal(scan("[1 2]"), "4: a ',' or ']' is missing");
	assert_string_equal(scan("[1"), "3: the line ends in the middle of a JSON value");
	assert_string_equal(scan("{\"a\":1,}"), "8: a key in quotes is missing");
	assert_string_equal(scan("{a:1}"), "2: a key in quotes is missing");
	assert_string_equal(scan("{\"a\" 1}"), "6: a ':' is missing behind a key");
	assert_string_equal(scan("{\"a\":1]"), "7: a ',' or '}' is missing");
	assert_string_equal(scan("{\"a\":1"), "7: the line ends in the middle of a JSON value");
	assert_string_equal(scan("\"abc"), "5: the line ends in the middle of a JSON value");
	assert_string_equal(scan("'a'"), "1: not JSON");
	assert_string_equal(scan("[1]]"), "4: something stands behind the JSON value");
	assert_string_equal(scan("1 /* one */"), "3: something stands behind the JSON value");
	assert_string_equal(scan_n("1\0", 2), "2: something stands behind the JSON value");
}

static void strings_hold_utf8_and_known_escapes(void **state)
{
	(void)state;
	assert_string_equal(scan("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\""), "string");
	assert_string_equal(scan("\"a long string without any escape at all, \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""), "string");
	assert_string_equal(scan("\"\\x\""), "2: an unknown escape in a string");
	assert_string_equal(scan_n("\"\\\0\"", 4), "2: an unknown escape in a string");
	assert_string_equal(scan("\"\\u12g4\""), "2: a broken \\u escape");
	assert_string_equal(scan("\"\\u12"), "2: a broken \\u escape");
	assert_string_equal(scan("\"\\"), "3: the line ends in the middle of a JSON value");
	assert_string_equal(scan("\"\\ud83d\""), "2: half of a surrogate pair");
	assert_string_equal(scan("\"\\ude00\""), "2: half of a surrogate pair");
	assert_string_equal(scan("\"\\ud83d\\u0041\""), "2: half of a surrogate pair");
	assert_string_equal(scan("\"\\ud83dxxxxxx\""), "2: half of a surrogate pair");
	assert_string_equal(scan("\"a\tb\""), "3: a control character in a string (write it as \\u00XX)");
	assert_string_equal(scan("\"a\x7f\""), "string");
	assert_string_equal(scan("\"\xff\""), "2: invalid UTF-8");
	assert_string_equal(scan("\"\xc0\xaf\""), "2: invalid UTF-8");
	assert_string_equal(scan("\"\xed\xa0\x80\""), "2: invalid UTF-8");
	assert_string_equal(scan("\"\xf4\x90\x80\x80\""), "2: invalid UTF-8");
	assert_string_equal(scan("\"0123456789abcdef\xe2\x82"), "18: invalid UTF-8");
}

static void a_key_stands_once_at_any_depth(void **state)
{
	(void)state;
	assert_string_equal(scan("{\"a\":1,\"a\":2}"), "8: the key 'a' stands twice in one object");
	assert_string_equal(scan("{\"a\":1,\"\\u0061\":2}"), "8: the key 'a' stands twice in one object");
	assert_string_equal(scan("[{\"x\":{\"\":1,\"b\":{\"\":1},\"\":2}}]"), "24: the key '' stands twice in one object");
	assert_string_equal(scan("{\"a\":{\"a\":{\"a\":1}},\"b\":[{\"a\":1},{\"a\":1}]}"), "object");
	struct buf b;
	buf_init(&b, pool);
	for (int twice = 0; twice < 2; twice++) {
		buf_reset(&b);
		buf_char(&b, '{');
		for (int i = 0; i < 3000; i++)
			buf_printf(&b, "\"k%d\":%d,", i, i);
		buf_z(&b, twice ? "\"k1234\":0}" : "\"k\":0}");
		assert_string_equal(scan(buf_cstr(&b)),
				    twice ? "36782: the key 'k1234' stands twice in one object" : "object");
	}
}

static void depth_has_a_limit_and_costs_no_stack(void **state)
{
	(void)state;
	static char text[200001];
	memset(text, '[', 100000);
	memset(text + 100000, ']', 100000);
	assert_string_equal(scan_n(text + 100000 - 512, 1024), "array");
	assert_string_equal(scan_n(text + 100000 - 513, 1026), "513: JSON nested too deep");
	assert_int_equal(err.code, MST_LIMIT);
	assert_string_equal(scan_n(text, 200000), "513: JSON nested too deep");
}

static void members_come_in_order_and_untouched(void **state)
{
	(void)state;
	json_members m;
	assert_int_equal(json_scan_object(pool, STR(" {\"b\": 1.50 ,\"\\u0061\":\"x\\/\",\"c\":[ 1 ]} "), &m, &err), 0);
	assert_int_equal(m.n, 3);
	assert_true(str_eqz(m.v[0].key, "b") && str_eqz(m.v[0].val.raw, "1.50"));
	assert_true(str_eqz(m.v[1].key, "a") && str_eqz(m.v[1].val.raw, "\"x\\/\""));
	assert_true(str_eqz(m.v[2].key, "c") && str_eqz(m.v[2].val.raw, "[ 1 ]"));
	assert_int_equal(json_get(&m, "c").type, JSON_ARRAY);
	assert_int_equal(json_get(&m, "d").type, JSON_NONE);
	assert_int_equal(json_scan_object(pool, STR("[1]"), &m, &err), MST_DATA);
	assert_int_equal(m.n, 3);
}

static void picking_checks_the_whole_line(void **state)
{
	(void)state;
	static const struct str keys[] = { STR("name"), STR("none"), STR("n") };
	struct json_val v[3];
	assert_int_equal(json_pick(STR("{\"n\":1,\"x\":{\"name\":2},\"n\\u0061me\":\"t\"}"), keys, 3, v, &err), 0);
	assert_true(str_eqz(v[0].raw, "\"t\""));
	assert_int_equal(v[1].type, JSON_NONE);
	assert_true(str_eqz(v[2].raw, "1"));
	assert_int_equal(json_pick(STR("{\"name\":1,\"x\":{\"y\":[1,}}"), keys, 3, v, &err), MST_DATA);
	assert_int_equal(err.col, 23);
}

static void iterating_gives_each_item(void **state)
{
	(void)state;
	static const char text[] = " { \"a\" : [ 1 , \"x,]}\\\"\" ] , \"b\\\"\" : { } , \"c\" : -1.5e3 , \"d\" : null } ";
	struct json_val v, item;
	struct str key;
	struct buf b;
	buf_init(&b, pool);
	assert_int_equal(json_scan(str_of(text), &v, &err), 0);
	for (struct json_iter it = json_iter(v); json_next(&it, &key, &item);)
		buf_printf(&b, "%.*s=%.*s;", STR_FMT(key), STR_FMT(item.raw));
	assert_string_equal(buf_cstr(&b), "\"a\"=[ 1 , \"x,]}\\\"\" ];\"b\\\"\"={ };\"c\"=-1.5e3;\"d\"=null;");
	struct json_iter none = json_iter((struct json_val){ STR("1"), JSON_NUMBER });
	assert_false(json_next(&none, NULL, &item));
}

static void strings_are_decoded(void **state)
{
	(void)state;
	struct json_val v;
	assert_int_equal(json_scan(STR("\"\\u0041\\n\\/\\ud83d\\ude00 \\u0000\\u00e9\""), &v, &err), 0);
	struct str s = json_str(pool, v);
	assert_int_equal(s.n, 11);
	assert_memory_equal(s.p, "A\n/\xf0\x9f\x98\x80 \0\xc3\xa9", 11);
	assert_int_equal(json_str(pool, (struct json_val){ STR("1"), JSON_NUMBER }).n, 0);
}

static int64_t whole(const char *text)
{
	int64_t v = 4711;
	return json_int((struct json_val){ str_of(text), JSON_NUMBER }, &v) ? v : 4711;
}

static void whole_numbers_are_whole_and_in_range(void **state)
{
	(void)state;
	assert_true(whole("-12") == -12);
	assert_true(whole("9223372036854775807") == INT64_MAX);
	assert_true(whole("-9223372036854775808") == INT64_MIN);
	assert_true(whole("9223372036854775808") == 4711);
	assert_true(whole("1.0") == 4711);
	assert_true(whole("1e3") == 4711);
	double d;
	assert_true(json_double((struct json_val){ STR("-2.5e1"), JSON_NUMBER }, &d) && d == -25);
	assert_false(json_double((struct json_val){ STR("\"1\""), JSON_STRING }, &d));
}

static const char *lines_of(const char *text, size_t n)
{
	int fd[2];
	struct jsonl_reader r;
	struct str line;
	struct buf b;
	int rc;
	buf_init(&b, pool);
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(fs_write_all(fd[1], text, n, "pipe", &err), 0);
	close(fd[1]);
	jsonl_open(&r, pool, fd[0], "stdin");
	while ((rc = jsonl_next(&r, &line, &err)) == 1)
		buf_printf(&b, "%llu<%.*s>", (unsigned long long)r.line, STR_FMT(line));
	close(fd[0]);
	assert_int_equal(rc, 0);
	/* the same from memory */
	struct buf c;
	struct str rest = { text, n };
	uint64_t at = 0;
	buf_init(&c, pool);
	while (jsonl_cut(&rest, &at, &line))
		buf_printf(&c, "%llu<%.*s>", (unsigned long long)at, STR_FMT(line));
	assert_string_equal(buf_cstr(&b), buf_cstr(&c));
	return buf_cstr(&b);
}

static void lines_end_in_any_way(void **state)
{
	(void)state;
#define LINES(text) lines_of(text, sizeof text - 1)
	assert_string_equal(LINES("\xef\xbb\xbf{}\r\n\n  \t\r\n{1}\n{2}"), "1<{}>4<{1}>5<{2}>");
	assert_string_equal(LINES(""), "");
	assert_string_equal(LINES("\n"), "");
	assert_string_equal(LINES("\xef\xbb\xbf"), "");
	assert_string_equal(LINES("\xef\xbb\n\xef\xbb\xbf"), "1<\xef\xbb>2<\xef\xbb\xbf>");
	assert_string_equal(LINES("a\r\r\n"), "1<a\r>");
}

static void long_lines_come_whole(void **state)
{
	(void)state;
	char path[] = "/tmp/mst-test.XXXXXX";
	int fd = mkstemp(path);
	struct buf b;
	struct str line;
	struct jsonl_reader r;
	buf_init(&b, pool);
	unlink(path);
	for (unsigned i = 0; i < 5; i++) {
		for (unsigned k = 0; k < 400000 + i; k++)
			buf_char(&b, (char)('a' + i));
		buf_char(&b, '\n');
	}
	assert_int_equal(fs_write_all(fd, b.p, b.n, path, &err), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	jsonl_open(&r, pool, fd, "file");
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(jsonl_next(&r, &line, &err), 1);
		assert_int_equal(line.n, 400000 + i);
		assert_int_equal(line.p[0], 'a' + (int)i);
		assert_int_equal(line.p[line.n - 1], 'a' + (int)i);
	}
	assert_int_equal(jsonl_next(&r, &line, &err), 0);
	close(fd);
	jsonl_open(&r, pool, fd, "gone");
	assert_int_equal(jsonl_next(&r, &line, &err), MST_IO);
	assert_string_equal(err.msg, "gone: cannot read: Bad file descriptor");
}

static void an_error_gets_its_place(void **state)
{
	(void)state;
	struct jsonl_reader r = { .name = "stdin", .line = 7 };
	struct json_val v;
	assert_int_equal(json_scan(STR("[x"), &v, &err), MST_DATA);
	assert_int_equal(jsonl_place(&r, &err), MST_DATA);
	assert_string_equal(err.file, "stdin");
	assert_int_equal(err.line, 7);
	assert_int_equal(err.col, 2);
}

static void the_writer_makes_well_formed_lines(void **state)
{
	(void)state;
	struct buf b;
	struct jw w;
	struct json_val v;
	buf_init(&b, pool);
	jw_init(&w, &b);
	jw_object(&w);
	jw_key_z(&w, "a\"", "x\n\x01\\");
	jw_key_z(&w, "null", NULL);
	jw_key_i(&w, "i", INT64_MIN);
	jw_key_b(&w, "t", true);
	jw_key_raw(&w, "raw", STR("[1, 2]"));
	jw_key(&w, "list");
	jw_array(&w);
	jw_double(&w, 0.1);
	jw_double(&w, 1e300 * 1e300);
	jw_double(&w, 3);
	jw_str(&w, (struct str){ "\xc3\xa9\xff\xe2\x82", 5 });
	jw_object(&w);
	jw_end(&w);
	jw_bool(&w, false);
	jw_null(&w);
	jw_end(&w);
	jw_end(&w);
	assert_string_equal(buf_cstr(&b), "{\"a\\\"\":\"x\\n\\u0001\\\\\",\"null\":null,\"i\":-9223372036854775808,\"t\":true,"
					  "\"raw\":[1, 2],\"list\":[0.1,null,3,\"\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\",{},"
					  "false,null]}");
	assert_int_equal(json_scan(buf_view(&b), &v, &err), 0);
}

static const char *canonical(const char *text)
{
	struct json_val v;
	struct buf b;
	buf_init(&b, pool);
	assert_int_equal(json_scan(str_of(text), &v, &err), 0);
	json_canonical(&b, v);
	return buf_cstr(&b);
}

static void one_value_has_one_canonical_form(void **state)
{
	(void)state;
	assert_string_equal(canonical(" { \"b\" : [ 1.0 , { } ] , \"\\u0061\" : \"\\u00e9\\/\" } "),
			    "{\"a\":\"\xc3\xa9/\",\"b\":[1.0,{}]}");
	assert_string_equal(canonical("[]"), "[]");
	assert_string_equal(canonical(" null "), "null");
	assert_string_equal(canonical("{\"ab\":1,\"a\":2,\"B\":3}"), "{\"B\":3,\"a\":2,\"ab\":1}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(values_of_each_type_are_taken), T(numbers_are_those_of_the_rfc),
		T(broken_texts_are_refused_where_they_break), T(strings_hold_utf8_and_known_escapes),
		T(a_key_stands_once_at_any_depth), T(depth_has_a_limit_and_costs_no_stack),
		T(members_come_in_order_and_untouched), T(picking_checks_the_whole_line),
		T(iterating_gives_each_item), T(strings_are_decoded), T(whole_numbers_are_whole_and_in_range),
		T(lines_end_in_any_way), T(long_lines_come_whole), T(an_error_gets_its_place),
		T(the_writer_makes_well_formed_lines), T(one_value_has_one_canonical_form),
#undef T
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
