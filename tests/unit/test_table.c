#include "base/fs.h"
#include "model/table.h"
#include "model/table_names.h"
#include "model/table_par.h"
#include "model/table_walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
/* cmocka wants some of the above */
#include <cmocka.h>

/* ---- lines ---- */

/* The line of a text at /x/mart/t.sql, without its hash. */
static void check_line(struct table_source src, const char *want)
{
	POOL_SCRATCH(pool);
	struct table_opts o = { .dialect = SQL_BIGQUERY };
	struct table t;
	struct buf b;
	size_t end;
	table_infer(pool, &o, &src, &t);
	buf_init(&b, pool);
	table_write(&b, &t, false, &end);
	assert_int_equal(b.p[end], ']');
	char *hash = strstr(buf_cstr(&b), ",\"sql_sha256\":");
	assert_non_null(hash);
	*hash = 0;
	assert_string_equal(b.p, want);
}

static void a_line_has_every_key_in_order(void **state)
{
	(void)state;
	check_line((struct table_source){ .text = STR("SELECT 1"), .path = "/x/mart/t.sql", .file = "t.sql" },
		   "{\"type\":\"table\",\"name\":\"mart.t\",\"file\":\"t.sql\",\"dialect\":\"bigquery\",\"kind\":\"summary\","
		   "\"reads\":[],\"writes\":[],\"calls\":[],\"refs\":[],\"diagnostics\":[],\"attrs\":{}");
	check_line((struct table_source){ .text = STR("SELECT 1"), .name = STR("a.b") },
		   "{\"type\":\"table\",\"name\":\"a.b\",\"dialect\":\"bigquery\",\"kind\":\"summary\","
		   "\"reads\":[],\"writes\":[],\"calls\":[],\"refs\":[],\"diagnostics\":[],\"attrs\":{}");
}

static void quotes_of_a_name_follow_the_dialect(void **state)
{
	(void)state;
	check_line((struct table_source){ .text = STR("-- mst: dialect: postgres\nSELECT 1"), .path = "/x/my mart/t.sql" },
		   "{\"type\":\"table\",\"name\":\"\\\"my mart\\\".t\",\"dialect\":\"postgres\",\"kind\":\"summary\","
		   "\"reads\":[],\"writes\":[],\"calls\":[],\"refs\":[],\"diagnostics\":[],"
		   "\"attrs\":{\"dialect\":\"postgres\"}");
}

static void an_attribute_of_another_kind_is_a_warning(void **state)
{
	(void)state;
	check_line((struct table_source){ .text = STR("-- mst: kind: view\n-- mst: header: true\nSELECT 1"),
					  .path = "/x/mart/t.sql" },
		   "{\"type\":\"table\",\"name\":\"mart.t\",\"dialect\":\"bigquery\",\"kind\":\"view\","
		   "\"reads\":[],\"writes\":[],\"calls\":[],\"refs\":[],\"diagnostics\":[{\"severity\":\"warning\",\"line\":2,"
		   "\"col\":9,\"message\":\"attribute 'header' belongs to kind import or external; this table is of kind view\"}],"
		   "\"attrs\":{\"kind\":\"view\",\"header\":true}");
}

static void an_error_can_be_put_into_a_line(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct buf b;
	buf_init(&b, pool);
	buf_z(&b, "{\"diagnostics\":[]}");
	table_write_error(&b, 16, 3, STR("one"));
	assert_string_equal(buf_cstr(&b),
			    "{\"diagnostics\":[{\"severity\":\"error\",\"line\":3,\"col\":1,\"message\":\"one\"}]}");
	table_write_error(&b, b.n - 2, 4, STR("two"));
	assert_string_equal(buf_cstr(&b),
			    "{\"diagnostics\":[{\"severity\":\"error\",\"line\":3,\"col\":1,\"message\":\"one\"},"
			    "{\"severity\":\"error\",\"line\":4,\"col\":1,\"message\":\"two\"}]}");
}

/* ---- names ---- */

static void the_first_place_of_a_name_is_kept(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct table_names t;
	table_names_init(&t, pool);
	for (int i = 0; i < 5000; i++) {
		char *name = pool_printf(pool, "d.t%d", i), *path = pool_printf(pool, "/d%d/t%d.sql", i / 100, i);
		assert_null(table_names_put(&t, pool, str_of(name), path, 1));
	}
	assert_string_equal(table_names_put(&t, pool, STR("d.t4321"), "/x", 9), "/d43/t4321.sql:1");
	assert_string_equal(table_names_put(&t, pool, STR("d.t0"), "/x", 9), "/d0/t0.sql:1");
	assert_null(table_names_put(&t, pool, STR("d.t5000"), "stdin", 7));
	assert_string_equal(table_names_put(&t, pool, STR("d.t5000"), "stdin", 8), "stdin:7");
}

/* ---- walk ---- */

/* Operands stand between blanks. */
static char *walk_all(struct pool *pool, const char *operands)
{
	VEC(char *) list = { 0 };
	struct str rest = str_of(operands), one;
	for (bool more = true; more;) {
		more = str_cut(rest, ' ', &one, &rest);
		*vec_push(pool, &list) = str_z(pool, one);
	}
	struct walk *w = walk_new(pool, list.v, list.n);
	struct walk_item it;
	struct mst_error err;
	struct buf b;
	int rc;
	buf_init(&b, pool);
	while ((rc = walk_next(w, &it, &err)) != 0)
		buf_printf(&b, "%s%s\n", rc < 0 ? "! " : it.named ? "= " : "", rc < 0 ? err.msg : it.shown);
	return buf_cstr(&b);
}

static void touch(struct pool *pool, const char *path)
{
	struct mst_error err;
	char *folder = pool_strdup(pool, path);
	*strrchr(folder, '/') = 0;
	assert_int_equal(fs_mkdirs(folder, 0755, &err), 0);
	assert_int_equal(fs_write_file(path, STR("x"), 0644, &err), 0);
}

static void the_walk_goes_in_byte_order_of_the_paths(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	char folder[] = "/tmp/test-table.XXXXXX";
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	static const char *const files[] = { "./s/a/x.sql", "./s/a.sql", "./s/a-b.sql", "./s/B.SQL", "./s/.h.sql",
					     "./s/a/.g/y.sql", "./s/n.txt", "./s/a/b/c/d.sql" };
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		touch(pool, files[i]);
	assert_string_equal(walk_all(pool, "s"),
			    "s/B.SQL\ns/a-b.sql\ns/a.sql\ns/a/b/c/d.sql\ns/a/x.sql\n");
	/* operands inside each other, twice, in any order; a file that only its name brings */
	assert_string_equal(walk_all(pool, "s/a/ s/n.txt ./s s/a/x.sql s/a/b"),
			    "./s/B.SQL\n./s/a-b.sql\n./s/a.sql\n./s/a/b/c/d.sql\n./s/a/x.sql\n= s/n.txt\n");
	assert_string_equal(walk_all(pool, "nosuch"), "= nosuch\n");
	/* links: one upwards, one to a sibling that is read twice then, one to itself */
	assert_int_equal(symlink("../..", "s/a/b/up"), 0);
	assert_int_equal(symlink("a", "s/side"), 0);
	assert_int_equal(symlink("self", "s/self"), 0);
	assert_string_equal(walk_all(pool, "s"),
			    "s/B.SQL\ns/a-b.sql\ns/a.sql\ns/a/b/c/d.sql\n"
			    "! s/a/b/up/: a link to a folder that is read already, left out\n"
			    "s/a/x.sql\ns/side/b/c/d.sql\n"
			    "! s/side/b/up/: a link to a folder that is read already, left out\n"
			    "s/side/x.sql\n");
	assert_int_equal(chdir("/"), 0);
	static const char *const gone[] = { "s/a/b/up", "s/side", "s/self", "s/a/x.sql", "s/a.sql", "s/a-b.sql", "s/B.SQL",
					    "s/.h.sql", "s/a/.g/y.sql", "s/n.txt", "s/a/b/c/d.sql", "s/a/b/c", "s/a/b",
					    "s/a/.g", "s/a", "s", "" };
	for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
		assert_int_equal(remove(pool_printf(pool, "%s/%s", folder, gone[i])), 0);
}

/* ---- ring ---- */

struct sum {
	int next, limit, taken, fail_fill, fail_take;
};

static int fill(void *arg, void *slot, struct mst_error *err)
{
	struct sum *s = arg;
	if (s->next == s->fail_fill)
		return mst_fail(err, MST_DATA, "no %d", s->next);
	if (s->next == s->limit)
		return 0;
	*(int *)slot = s->next++;
	return 1;
}

static void work(void *arg, void *slot)
{
	(void)arg;
	/* later ones are done sooner */
	if (*(int *)slot % 7 == 0)
		usleep(500);
	*(int *)slot *= 2;
}

static int take(void *arg, void *slot, struct mst_error *err)
{
	struct sum *s = arg;
	assert_int_equal(*(int *)slot, 2 * s->taken);
	if (s->taken == s->fail_take)
		return mst_fail(err, MST_IO, "full at %d", s->taken);
	s->taken++;
	return 0;
}

static int run(struct sum *s, unsigned threads, struct mst_error *err)
{
	int value[5];
	void *slots[5];
	for (int i = 0; i < 5; i++)
		slots[i] = &value[i];
	struct par p = { fill, work, take, s, threads, slots, 5 };
	return par_run(&p, err);
}

static void results_come_in_order_whatever_the_threads(void **state)
{
	(void)state;
	struct mst_error err;
	for (unsigned threads = 1; threads < 5; threads++)
		for (int limit = 0; limit < 100; limit += 33) {
			struct sum s = { .limit = limit, .fail_fill = -1, .fail_take = -1 };
			assert_int_equal(run(&s, threads, &err), 0);
			assert_int_equal(s.taken, limit);
		}
}

static void an_error_ends_the_ring(void **state)
{
	(void)state;
	struct mst_error err;
	for (unsigned threads = 1; threads < 5; threads++) {
		struct sum s = { .limit = 50, .fail_fill = 20, .fail_take = -1 };
		assert_int_equal(run(&s, threads, &err), MST_DATA);
		assert_string_equal(err.msg, "no 20");
		assert_int_equal(s.taken, 20);
		s = (struct sum){ .limit = 50, .fail_fill = -1, .fail_take = 30 };
		assert_int_equal(run(&s, threads, &err), MST_IO);
		assert_string_equal(err.msg, "full at 30");
		assert_int_equal(s.taken, 30);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_every_key_in_order),
		cmocka_unit_test(quotes_of_a_name_follow_the_dialect),
		cmocka_unit_test(an_attribute_of_another_kind_is_a_warning),
		cmocka_unit_test(an_error_can_be_put_into_a_line),
		cmocka_unit_test(the_first_place_of_a_name_is_kept),
		cmocka_unit_test(the_walk_goes_in_byte_order_of_the_paths),
		cmocka_unit_test(results_come_in_order_whatever_the_threads),
		cmocka_unit_test(an_error_ends_the_ring),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
