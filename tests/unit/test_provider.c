/* Fields of connections: what is refused, and that whatever is in them comes to libpq as it is. */
#include "db/db.h"
#include "model/provider.h"
#include "pooled.h"

static const struct provider *postgres(void)
{
	return provider_of(STR("postgres"));
}

static void the_table_says_what_is_known(void **state)
{
	(void)state;
	struct mst_error err;
	assert_null(provider_of(STR("postgre")));
	assert_string_equal(postgres()->name, "postgres");
	for (const struct provider_field *f = postgres()->fields; f->key; f++) {
		assert_true(f->help && strlen(f->help) <= 72 && f->help[strlen(f->help) - 1] != '.');
		assert_int_equal(f->kind == PROVIDER_WORD, f->values != NULL);
		assert_int_equal(f->kind == PROVIDER_INT, f->max > 0);
		assert_ptr_equal(provider_field_of(postgres(), str_of(f->key)), f);
		if (f->secret)
			assert_int_equal(provider_check_value(postgres(), str_of(f->key), STR("x"), &err), MST_USAGE);
	}
}

/* key, value, error ("" where it is taken) */
static void values_are_held_against_the_table(void **state)
{
	(void)state;
	static const char *const v[][3] = {
		{ "host", "db.example.org", "" },
		{ "host", "", "host: the value is empty" },
		{ "host", "a\nb", "host: the value has a control character" },
		{ "port", "5432", "" },
		{ "port", "5432,5433", "" },
		{ "port", "5432,", "port: '5432,' is no whole number of 1 to 65535" },
		{ "port", "65536", "port: '65536' is no whole number of 1 to 65535" },
		{ "port", "99999999999999999999", "port: '99999999999999999999' is no whole number of 1 to 65535" },
		{ "connect_timeout", "1,2", "connect_timeout: '1,2' is no whole number of 1 to 3600" },
		{ "sslmode", "verify-full", "" },
		{ "sslmode", "verify", "sslmode: unknown value 'verify'" },
		{ "sslmode", "disable|allow", "sslmode: unknown value 'disable|allow'" },
		{ "sslkey", "~/key", "" },
		{ "sslkey", "~other/key", "sslkey: '~other/key' is no absolute path" },
		{ "password", "x", "password: it is kept as a secret, not among the fields" },
		{ "service", "x", "unknown field 'service'" },
		{ "", "x", "unknown field ''" },
		{ "dbnam", "x", "unknown field 'dbnam' (did you mean 'dbname'?)" },
	};
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		struct mst_error err = { 0 };
		int rc = provider_check_value(postgres(), str_of(v[i][0]), str_of(v[i][1]), &err);
		assert_string_equal(err.msg, v[i][2]);
		assert_int_equal(rc, *v[i][2] ? MST_USAGE : 0);
	}
}

static void whole_objects_lack_nothing(void **state)
{
	(void)state;
	static const char *const v[][2] = {
		{ "{\"host\":\"h\",\"dbname\":\"d\"}", "" },
		{ "{\"host\":\"h\"}", "dbname is lacking: name of the database" },
		{ "{}", "host is lacking: host name, address, or folder of a unix socket" },
		{ "[]", "the fields are no JSON object" },
		{ "{\"host\":\"h\",\"dbname\":\"d\",\"port\":5432}", "port: the value is no text" },
		{ "{\"host\":\"h\",\"dbname\":\"\\u0000\"}", "dbname: the value has a control character" },
	};
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		struct mst_error err = { 0 };
		struct json_val fields;
		assert_int_equal(json_scan(str_of(v[i][0]), &fields, &err), 0);
		int rc = provider_check(pool, postgres(), fields, &err);
		assert_string_equal(err.msg, v[i][1]);
		assert_int_equal(rc, *v[i][1] ? MST_USAGE : 0);
	}
}

static int gather(void *arg, const char *keyword, const char *value, struct mst_error *err)
{
	(void)err;
	buf_printf(arg, "%s=%s\n", keyword, value);
	return 0;
}

/* Whatever stands in a field cannot become another one. */
static void libpq_reads_what_was_written(void **state)
{
	(void)state;
	struct mst_error err = { 0 };
	struct json_val fields;
	struct buf b, told;
	buf_init(&b, pool);
	buf_init(&told, pool);
	assert_int_equal(json_scan(STR("{\"host\":\"a' password='x\",\"dbname\":\"d\\\\\",\"user\":\"\\u00e4 ' \\\\' =\","
				       "\"sslkey\":\"~/k\",\"search_path\":\"a b, \\\"c\\\\d\\\" -c role=evil\"}"),
				   &fields, &err),
			 0);
	buf_z(&b, provider_conninfo(pool, fields, "/home/ada"));
	provider_conninfo_add(&b, "password", STR("p' sslmode='disable\\"));
	assert_int_equal(db_conninfo_each(buf_cstr(&b), gather, &told, &err), 0);
	assert_string_equal(buf_cstr(&told), "user=\xc3\xa4 ' \\' =\n"
					     "password=p' sslmode='disable\\\n"
					     "dbname=d\\\n"
					     "host=a' password='x\n"
					     "options=-csearch_path=a\\ b,\\ \"c\\\\d\"\\ -c\\ role=evil\n"
					     "sslkey=/home/ada/k\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_table_says_what_is_known, setup, teardown),
		cmocka_unit_test_setup_teardown(values_are_held_against_the_table, setup, teardown),
		cmocka_unit_test_setup_teardown(whole_objects_lack_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(libpq_reads_what_was_written, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
