/* Selectors over one small graph:
 *
 *     raw.a   raw.b      p.raw.c
 *        \    /  \          |
 *        stg.a   stg.b   stg.c
 *           \    /  \
 *          mart.x   mart.y -- mart.z
 */
#include "engine/select.h"
#include "pooled.h"

static const struct str names[] = { STR("`my p`.raw.d,e"), STR("mart.x"), STR("mart.y"), STR("mart.z"),
				    STR("p.raw.c"), STR("raw.a"), STR("raw.b"), STR("stg.a"),
				    STR("stg.b"), STR("stg.c") };
enum { N = sizeof names / sizeof *names };

static void values(void *ctx, uint32_t node, enum select_by by, struct pool *to, select_values *out)
{
	(void)ctx;
	bool stage = node >= 7;
	if (by == SELECT_TAG) {
		*vec_push(to, out) = stage ? STR("stage") : STR("other");
		*vec_push(to, out) = STR("all");
	} else if (by == SELECT_FREQ && !stage) {
		*vec_push(to, out) = STR("daily");
	} else if (by == SELECT_KIND) {
		*vec_push(to, out) = node == 2 ? STR("view") : STR("summary");
	} else if (by == SELECT_PATH) {
		*vec_push(to, out) = stage ? STR("sql/stg/s.sql") : STR("/abs/sql/mart/m.sql");
	}
}

static int select_into(const char *const *expr, size_t n, uint8_t *mark, select_values *empty, struct mst_error *err)
{
	static const struct graph_edge edge[] = { { 5, 7 }, { 6, 7 }, { 6, 8 }, { 4, 9 }, { 7, 1 },
						  { 8, 1 }, { 8, 2 }, { 2, 3 } };
	struct graph g;
	assert_int_equal(graph_build(pool, N, edge, sizeof edge / sizeof *edge, &g, err), 0);
	struct select_source s = { &g, names, NULL, values };
	memset(mark, 0, N);
	return select_mark(pool, &s, expr, n, mark, empty, err);
}

/* "mart.x mart.y", with " | empty: X" for what took nothing, or the error and its hint. */
static const char *taken(const char *expr)
{
	uint8_t mark[N];
	select_values empty = { 0 };
	struct mst_error err;
	struct buf b;
	buf_init(&b, pool);
	if (select_into(&expr, 1, mark, &empty, &err)) {
		buf_printf(&b, "%s: %s; %s", mst_code_name(err.code), err.msg, err.hint);
		return buf_cstr(&b);
	}
	for (unsigned i = 0; i < N; i++)
		if (mark[i])
			buf_printf(&b, "%s%.*s", b.n ? " " : "", STR_FMT(names[i]));
	for (size_t i = 0; i < empty.n; i++)
		buf_printf(&b, " | empty: %.*s", STR_FMT(empty.v[i]));
	return buf_cstr(&b);
}

static void a_name_is_full_or_its_last_parts(void **state)
{
	(void)state;
	assert_string_equal(taken("mart.x"), "mart.x");
	assert_string_equal(taken("x"), "mart.x");
	assert_string_equal(taken("a"), "raw.a stg.a");
	assert_string_equal(taken("raw.c"), "p.raw.c");
	assert_string_equal(taken("name:raw.c"), "p.raw.c");
	assert_string_equal(taken("`my p`.raw.d,x"), "not found: no table or task is named '`my p`.raw.d'; "
						     "did you mean '`my p`.raw.d,e'?");
}

static void blanks_are_unions_and_commas_intersections(void **state)
{
	(void)state;
	assert_string_equal(taken(" x\ty  "), "mart.x mart.y");
	assert_string_equal(taken("tag:stage,kind:summary"), "stg.a stg.b stg.c");
	assert_string_equal(taken("+x,+y"), "raw.b stg.b");
	assert_string_equal(taken("mart.*,+z x"), "mart.x mart.y mart.z");
	const char *two[] = { "x", "y" };
	uint8_t mark[N];
	select_values empty = { 0 };
	struct mst_error err;
	assert_int_equal(select_into(two, 2, mark, &empty, &err), 0);
	assert_memory_equal(mark, ((uint8_t[N]){ 0, 1, 1 }), N);
}

static void plus_takes_what_lies_up_and_down(void **state)
{
	(void)state;
	assert_string_equal(taken("+mart.x"), "mart.x raw.a raw.b stg.a stg.b");
	assert_string_equal(taken("stg.b+"), "mart.x mart.y mart.z stg.b");
	assert_string_equal(taken("+stg.b+"), "mart.x mart.y mart.z raw.b stg.b");
	assert_string_equal(taken("1+mart.x"), "mart.x stg.a stg.b");
	assert_string_equal(taken("raw.b+1"), "raw.b stg.a stg.b");
	assert_string_equal(taken("1+stg.b+1"), "mart.x mart.y raw.b stg.b");
	assert_string_equal(taken("0+stg.b+0"), "stg.b");
	assert_string_equal(taken("99999999999999999999+mart.x"), "mart.x raw.a raw.b stg.a stg.b");
}

static void at_takes_what_the_followers_need_too(void **state)
{
	(void)state;
	assert_string_equal(taken("@stg.a"), "mart.x raw.a raw.b stg.a stg.b");
	assert_string_equal(taken("@raw.c"), "p.raw.c stg.c");
}

static void stars_stay_within_a_part(void **state)
{
	(void)state;
	assert_string_equal(taken("mart.*"), "mart.x mart.y mart.z");
	assert_string_equal(taken("*.a"), "raw.a stg.a");
	assert_string_equal(taken("raw.*"), "`my p`.raw.d,e p.raw.c raw.a raw.b");
	assert_string_equal(taken("m*"), " | empty: m*");
	assert_string_equal(taken("?"), "mart.x mart.y mart.z p.raw.c raw.a raw.b stg.a stg.b stg.c");
	assert_string_equal(taken("p.*.c"), "p.raw.c");
	assert_string_equal(taken("*+"), taken("*"));
}

static void methods_ask_attributes(void **state)
{
	(void)state;
	assert_string_equal(taken("tag:stage"), "stg.a stg.b stg.c");
	assert_string_equal(taken("tag:st*,c"), "stg.c");
	assert_string_equal(taken("kind:view"), "mart.y");
	assert_string_equal(taken("+kind:view"), "mart.y raw.b stg.b");
	assert_string_equal(taken("freq:daily,mart.*"), "mart.x mart.y mart.z");
	assert_string_equal(taken("freq:weekly"), " | empty: freq:weekly");
}

static void paths_are_files_or_folders(void **state)
{
	(void)state;
	assert_string_equal(taken("path:sql/stg"), "stg.a stg.b stg.c");
	assert_string_equal(taken("path:./sql/stg/"), "stg.a stg.b stg.c");
	assert_string_equal(taken("path:sql/stg/s.sql,c"), "stg.c");
	assert_string_equal(taken("path:sql/st"), " | empty: path:sql/st");
	assert_string_equal(taken("path:/abs/*/mart,x"), "mart.x");
	assert_string_equal(taken("path:/abs/sql/mart/../mart,x"), "mart.x");
	assert_string_equal(taken("path:/abs,x"), "mart.x");
	assert_string_equal(taken("path:.,c"), "stg.c");
}

static void what_is_no_selector_is_told(void **state)
{
	(void)state;
#define HINT "; write a name, +name, name+, 2+name+1, @name, tag:x, path:dir, freq:x, kind:x, team:x or owner:x"
	assert_string_equal(taken(""), "usage: selector '': there is no name in it" HINT);
	assert_string_equal(taken("+"), "usage: selector '+': there is no name in it" HINT);
	assert_string_equal(taken("x,,y"), "usage: selector '': there is no name in it" HINT);
	assert_string_equal(taken("x,"), "usage: selector '': there is no name in it" HINT);
	assert_string_equal(taken("++x"), "usage: selector '++x': a '+' or '@' too many" HINT);
	assert_string_equal(taken("@+x"),
			    "usage: selector '@+x': '@' takes everything around already, '+' cannot stand with it" HINT);
	assert_string_equal(taken("x,`y z"), "usage: selector '`y z': a quote is not closed" HINT);
	assert_string_equal(taken("tag:"), "usage: selector 'tag:': nothing stands behind the ':'" HINT);
	assert_string_equal(taken("tags:x"), "usage: selector 'tags:x': unknown method 'tags'; did you mean 'tag:'?");
	assert_string_equal(taken("source_status:x"), "usage: selector 'source_status:x': unknown method "
						      "'source_status'; the methods are name:, tag:, path:, freq:, "
						      "kind:, team: and owner:");
}

static void a_name_that_is_not_there_gets_the_nearest(void **state)
{
	(void)state;
	assert_string_equal(taken("mart.yy"), "not found: no table or task is named 'mart.yy'; did you mean 'mart.y'?");
	assert_string_equal(taken("rawb"), "not found: no table or task is named 'rawb'; did you mean 'raw.b'?");
	assert_string_equal(taken("nothing_like_it"), "not found: no table or task is named 'nothing_like_it'; ");
}

static void globs_with_many_stars_are_quick(void **state)
{
	(void)state;
	static char pattern[4001], text[20001];
	for (size_t i = 0; i < 4000; i++)
		pattern[i] = i % 2 ? 'a' : '*';
	memset(text, 'a', 20000);
	text[19999] = 'b';
	assert_false(select_glob(str_of(pattern), str_of(text), 0));
	assert_true(select_glob(STR("*b"), str_of(text), 0));
	assert_true(select_glob(STR("a**"), STR("a"), 0));
	assert_true(select_glob(STR(""), STR(""), 0));
	assert_false(select_glob(STR("?"), STR(""), 0));
	assert_false(select_glob(STR("a*c"), STR("a/c"), '/'));
	assert_true(select_glob(STR("a*/*c"), STR("ab/bc"), '/'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_name_is_full_or_its_last_parts, setup, teardown),
		cmocka_unit_test_setup_teardown(blanks_are_unions_and_commas_intersections, setup, teardown),
		cmocka_unit_test_setup_teardown(plus_takes_what_lies_up_and_down, setup, teardown),
		cmocka_unit_test_setup_teardown(at_takes_what_the_followers_need_too, setup, teardown),
		cmocka_unit_test_setup_teardown(stars_stay_within_a_part, setup, teardown),
		cmocka_unit_test_setup_teardown(methods_ask_attributes, setup, teardown),
		cmocka_unit_test_setup_teardown(paths_are_files_or_folders, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_selector_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_name_that_is_not_there_gets_the_nearest, setup, teardown),
		cmocka_unit_test_setup_teardown(globs_with_many_stars_are_quick, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
