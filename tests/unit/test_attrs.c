#include "base/fs.h"
#include "model/attrs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
/* cmocka wants some of the above */
#include <cmocka.h>

static const char *const severity[] = { "note", "warning", "error" };

/* The attributes as JSON, then one line for each diagnostic. */
static void check(const char *text, const char *want)
{
	POOL_SCRATCH(pool);
	struct attrs a;
	sql_diags d = { 0 };
	struct buf b;
	attrs_read(pool, str_of(text), &a, &d);
	buf_init(&b, pool);
	buf_str(&b, a.json);
	for (size_t i = 0; i < d.n; i++)
		buf_printf(&b, "\n%u:%u: %s: %.*s", d.v[i].line, d.v[i].col, severity[d.v[i].severity],
			   STR_FMT(d.v[i].msg));
	assert_string_equal(buf_cstr(&b), want);
}

static void leading_comment_lines_are_the_header(void **state)
{
	(void)state;
	check("SELECT 1", "{}");
	check("-- mst: owner: ann\nSELECT 1", "{\"owner\":\"ann\"}");
	check("#standardSQL\n# mst: owner: ann\n\n  --mst: team: data\nSELECT 1",
	      "{\"owner\":\"ann\",\"team\":\"data\"}");
	check("/* a licence\n-- mst: owner: no\n*/\r\n-- mst: owner: ann\r\nSELECT 1", "{\"owner\":\"ann\"}");
	check("\xef\xbb\xbf-- mst: owner: ann", "{\"owner\":\"ann\"}");
	check("/* not closed\n-- mst: owner: ann\n", "{}");
	check("-- mst:\nSELECT 1", "{}");
	check("-- about mst: owner: ann\nSELECT 1", "{}");
}

static void an_indented_line_goes_on_with_the_key_before(void **state)
{
	(void)state;
	check("-- mst: tags:\n-- mst:   - a\n-- a remark\n-- mst:   - b\n-- mst: owner: x\nSELECT 1",
	      "{\"tags\":[\"a\",\"b\"],\"owner\":\"x\"}");
	check("-- mst: columns:\n-- mst:   id: bigint\n-- mst:   name: text\n",
	      "{\"columns\":{\"id\":\"bigint\",\"name\":\"text\"}}");
	check("-- mst: description: |\n-- mst:   one\n-- mst:\n-- mst:   two\n",
	      "{\"description\":\"one\\n\\ntwo\\n\"}");
}

static void scalars_follow_the_core_schema(void **state)
{
	(void)state;
	check("-- mst: x: {a: ~, b: true, c: False, d: 12, e: -0o17, f: 0x1F, g: 1.50, h: .5, i: 1e3,"
	      " j: 'no', k: no}\n",
	      "{\"x\":{\"a\":null,\"b\":true,\"c\":false,\"d\":12,\"e\":\"-0o17\",\"f\":31,\"g\":1.50,\"h\":0.5,"
	      "\"i\":1e3,\"j\":\"no\",\"k\":\"no\"}}\n1:9: warning: unknown attribute 'x'");
	check("-- mst: x: [+007, -0, 123456789012345678901234567890, 1., .inf, 0o17, 1.2.3, \"12\"]\n",
	      "{\"x\":[7,-0,123456789012345678901234567890,1,\".inf\",15,\"1.2.3\",\"12\"]}\n"
	      "1:9: warning: unknown attribute 'x'");
}

static void known_texts_stay_as_written(void **state)
{
	(void)state;
	check("-- mst: description: 2024\n-- mst: null: NULL\n-- mst: tags: [1, true]\n-- mst: delimiter: \"\\t\"\n",
	      "{\"description\":\"2024\",\"null\":\"NULL\",\"tags\":[\"1\",\"true\"],\"delimiter\":\"\\t\"}");
	check("-- mst: header: true\n",
	      "{\"header\":true}");
}

static void unknown_keys_are_kept_with_a_warning(void **state)
{
	(void)state;
	check("-- mst: ownr: ann\nSELECT 1",
	      "{\"ownr\":\"ann\"}\n1:9: warning: unknown attribute 'ownr' (did you mean 'owner'?)");
	check("\n-- mst: our_ticket: 12\nSELECT 1",
	      "{\"our_ticket\":12}\n2:9: warning: unknown attribute 'our_ticket'");
}

static void wrong_values_are_errors_with_their_place(void **state)
{
	(void)state;
	check("-- mst: kind: sumary\n",
	      "{\"kind\":\"sumary\"}\n1:9: error: attribute 'kind': 'sumary' is not one of "
					"summary|view|materialized|import|external|script (did you mean 'summary'?)");
	check("-- mst: owner:\n", "{\"owner\":null}\n1:9: error: attribute 'owner': it has no value");
	check("-- mst: owner: [a]\n",
	      "{\"owner\":[\"a\"]}\n1:9: error: attribute 'owner': it must be a text");
	check("-- mst: header: yes\n",
	      "{\"header\":\"yes\"}\n1:9: error: attribute 'header': it must be true or false");
	check("-- mst: tags: {a: b}\n",
	      "{\"tags\":{\"a\":\"b\"}}\n1:9: error: attribute 'tags': it must be a text or a list of texts");
	check("-- mst: columns: 7\n",
	      "{\"columns\":\"7\"}\n"
	      "1:9: error: attribute 'columns': it must be a map of names and types, or a list");
	check("-- mst: delimiter: ab\n",
	      "{\"delimiter\":\"ab\"}\n1:9: error: attribute 'delimiter': it must be one ASCII character");
	check("-- mst: name: a..b\n",
	      "{\"name\":\"a..b\"}\n1:9: error: attribute 'name': an empty part in the name 'a..b'");
}

static void broken_yaml_is_an_error_with_its_place(void **state)
{
	(void)state;
	check("-- mst: just words\n", "{}\n1:9: error: attributes: attributes are written as key: value");
	check("-- mst: - a\n", "{}\n1:9: error: attributes: attributes are written as key: value");
	check("-- mst: owner: a\n-- hi\n-- mst: owner: b\n",
	      "{}\n3:9: error: attributes: key 'owner' stands twice");
	check("-- mst: x: {a: 1, a: 2}\n", "{}\n1:19: error: attributes: key 'a' stands twice");
	check("-- mst: a: &x [1]\n-- mst: b: *x\n",
	      "{}\n1:15: error: attributes: anchors and aliases are not allowed in attributes");
	check("-- mst: b: *x\n",
	      "{}\n1:13: error: attributes: anchors and aliases are not allowed in attributes");
	check("-- mst: a: !!str 1\n", "{}\n1:18: error: attributes: tags are not allowed in attributes");
	check("-- mst: ? [a]\n-- mst: : b\n", "{}\n1:11: error: attributes: a key must be a plain text");
	check("-- mst: ---\n-- mst: a: b\n",
	      "{}\n1:9: error: attributes: attributes are one mapping, without ---");
	check("-- mst: x: [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]\n",
	      "{}\n1:27: error: attributes: more than 16 levels");
	check("-- mst: owner: \"a\n",
	      "{}\n1:17: error: attributes: double-quoted scalar without closing quote");
	check("-- mst: kind: import\n-- mst: command: getent passwd | awk -F: '{print $1\": \"$3}'\n",
	      "{}\n2:40: error: attributes: invalid nested block mapping on the same line: "
	      "a value that holds ': ' wants quotes around it");
	check("-- mst: owner: a\xff\n", "{}\n1:17: error: attributes: not UTF-8");
}

static void a_header_has_a_limit(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct buf b;
	buf_init(&b, pool);
	for (int i = 0; i < 6000; i++)
		buf_printf(&b, "-- mst: key%d: xxxx\n", i);
	check(buf_cstr(&b), "{}\n1:9: error: attributes: larger than 65536 bytes");
}

static void late_attribute_lines_get_a_warning(void **state)
{
	(void)state;
	check("SELECT 1\n  -- mst: owner: ann\n",
	      "{}\n2:1: warning: an attribute line behind the first statement is not read");
	check("SELECT 1\n, 'mst: x' -- mst: owner: ann\n", "{}");
}

static void the_manual_lists_every_attribute(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct mst_error err;
	struct str page;
	const char *root = getenv("MST_TEST_ROOT");
	char *path = fs_join(pool, root ? root : ".", "man/mst-deps.1.in");
	assert_int_equal(fs_read_file(pool, path, 0, &page, &err), 0);
	for (const struct attr_field *f = attr_fields; f->key; f++) {
		const char *item = pool_printf(pool, "\n.It Cm %s\n", f->key);
		const char *at = strstr(page.p, item);
		assert_non_null(at);
		const char *next = strstr(at + 1, "\n.It ");
		const char *help = strstr(at, f->help);
		assert_non_null(help);
		if (next)
			assert_true(help < next);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leading_comment_lines_are_the_header),
		cmocka_unit_test(an_indented_line_goes_on_with_the_key_before),
		cmocka_unit_test(scalars_follow_the_core_schema),
		cmocka_unit_test(known_texts_stay_as_written),
		cmocka_unit_test(unknown_keys_are_kept_with_a_warning),
		cmocka_unit_test(wrong_values_are_errors_with_their_place),
		cmocka_unit_test(broken_yaml_is_an_error_with_its_place),
		cmocka_unit_test(a_header_has_a_limit),
		cmocka_unit_test(the_manual_lists_every_attribute),
		cmocka_unit_test(late_attribute_lines_get_a_warning),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
