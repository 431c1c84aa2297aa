/* Configuration: the file, profiles, the environment, connections, masks. */
#include "base/fs.h"
#include "cli/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static char path[64];

static int load(struct pool *pool, struct str text, const char *profile, struct config **cfg, struct mst_error *err)
{
	unlink(path);
	assert_int_equal(fs_write_file(path, text, 0600, err), 0);
	*err = (struct mst_error){ 0 };
	return config_load(pool, profile, cfg, err);
}

/* "LINE: MESSAGE / HINT" */
static void refuses_bytes(struct str text, const char *profile, const char *message)
{
	POOL_SCRATCH(pool);
	struct mst_error err;
	struct config *cfg = NULL;
	assert_int_equal(load(pool, text, profile, &cfg, &err), MST_USAGE);
	assert_null(cfg);
	assert_string_equal(pool_printf(pool, "%u: %s%s%s", err.line, err.msg, err.hint[0] ? " / " : "", err.hint), message);
}

static void refuses(const char *text, const char *message)
{
	refuses_bytes(str_of(text), NULL, message);
}

/* The value and where it is from, with PATH for the file's. */
static void gives(const char *text, const char *profile, const char *key, const char *value, const char *origin)
{
	POOL_SCRATCH(pool);
	struct mst_error err;
	struct config *cfg;
	assert_int_equal(load(pool, str_of(text), profile, &cfg, &err), 0);
	if (value)
		assert_string_equal(config_get(cfg, key), value);
	else
		assert_null(config_get(cfg, key));
	const char *was = config_origin(cfg, key), *at = strstr(was, path);
	char *shown = at ? pool_printf(pool, "%.*sPATH%s", (int)(at - was), was, at + strlen(path)) : pool_strdup(pool, was);
	assert_string_equal(shown, origin);
}

static void the_table_is_sorted_and_complete(void **state)
{
	(void)state;
	for (const struct config_key *k = config_keys; k->name; k++) {
		assert_non_null(k->env);
		assert_non_null(k->kind);
		assert_true(strlen(k->help) > 0 && strlen(k->help) <= 72);
		assert_memory_equal(k->env, "MST_", 4);
		if (k[1].name)
			assert_true(strcmp(k->name, k[1].name) < 0);
	}
}

static void a_later_place_wins(void **state)
{
	(void)state;
	const char *file = "# comment\n\n jobs =  4 \n[profile work]\njobs = 8\n";
	gives("", NULL, "color", "auto", "default");
	gives("", NULL, "db", NULL, "unset");
	gives(file, NULL, "jobs", "4", "file PATH:3");
	gives(file, "work", "jobs", "8", "profile work PATH:5");
	setenv("MST_JOBS", "16", 1);
	gives(file, "work", "jobs", "16", "environment MST_JOBS");
	unsetenv("MST_JOBS");
	setenv("MST_PROFILE", "work", 1);
	gives(file, NULL, "jobs", "8", "profile work PATH:5");
	gives(file, NULL, "profile", "work", "environment MST_PROFILE");
	unsetenv("MST_PROFILE");
	gives("profile = work\n[profile work]\njobs = 3", NULL, "jobs", "3", "profile work PATH:3");
	gives(file, "work", "profile", "work", "flag --profile");
}

static void a_flag_wins_over_all(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct mst_error err;
	struct config *cfg;
	setenv("MST_JOBS", "16", 1);
	assert_int_equal(load(pool, STR(""), NULL, &cfg, &err), 0);
	assert_int_equal(config_set(cfg, "jobs", "2", "--jobs", &err), 0);
	assert_string_equal(config_get(cfg, "jobs"), "2");
	assert_string_equal(config_origin(cfg, "jobs"), "flag --jobs");
	assert_int_equal(config_set(cfg, "jobs", "x", "--jobs", &err), MST_USAGE);
	assert_string_equal(err.msg, "option '--jobs': jobs: 'x' is not a whole number");
	assert_string_equal(config_get(cfg, "jobs"), "2");
	unsetenv("MST_JOBS");
}

static void values_are_taken_as_they_stand(void **state)
{
	(void)state;
	gives("db = host=x  dbname=y # no comment \r\n", NULL, "db", "host=x  dbname=y # no comment", "file PATH:1");
	gives("db = \" host=x \"\n", NULL, "db", " host=x ", "file PATH:1");
	gives("\xef\xbb\xbfname_from=p", NULL, "name_from", "p", "file PATH:1");
	gives("name_from =\n", NULL, "name_from", "", "file PATH:1");
	setenv("HOME", "/home/ada", 1);
	gives("home = ~/state", NULL, "home", "/home/ada/state", "file PATH:1");
	gives("name_from = ~/state", NULL, "name_from", "~/state", "file PATH:1");
	setenv("MST_NAME_FROM", "", 1);
	gives("", NULL, "name_from", NULL, "unset");
	unsetenv("MST_NAME_FROM");
}

static void unknown_names_are_errors_with_a_suggestion(void **state)
{
	(void)state;
	refuses("\njbs = 3", "2: unknown key 'jbs' (did you mean 'jobs'?)");
	refuses("zzzzzzzzz = 3", "1: unknown key 'zzzzzzzzz' / mst config list shows every key");
	refuses("[profle x]", "1: unknown section 'profle' (did you mean 'profile'?) / "
			      "write [profile NAME] or [connection NAME]");
	refuses("[connection x]\nurll = y", "2: unknown key 'urll' of a connection (did you mean 'url'?)");
	refuses_bytes(STR("[profile work]"), "wrok", "0: unknown profile 'wrok' (did you mean 'work'?)");
	POOL_SCRATCH(pool);
	refuses_bytes(STR(""), "x", pool_printf(pool, "0: unknown profile 'x' / %s has no section [profile x]", path));
}

static void wrong_values_are_errors_even_in_a_profile_not_in_force(void **state)
{
	(void)state;
	refuses("[profile a]\njobs = many", "2: jobs: 'many' is not a whole number");
	refuses("jobs = -1", "1: jobs: '-1' is not a whole number");
	refuses("jobs = 99999999999999999999", "1: jobs: '99999999999999999999' is not a whole number");
	refuses("commands = perhaps", "1: commands: 'perhaps' is neither yes nor no / write yes or no");
	refuses("color = alwys",
		"1: color: unknown value 'alwys' (did you mean 'always'?) / one of: auto, always, never");
}

static void broken_lines_are_errors(void **state)
{
	(void)state;
	refuses("jobs 3", "1: no '=' behind 'jobs' / "
			  "write KEY = VALUE, [profile NAME], [connection NAME] or # and a comment");
	refuses("[profile x", "1: a section line ends in ']' / write [profile NAME] or [connection NAME]");
	refuses("[", "1: a section line ends in ']' / write [profile NAME] or [connection NAME]");
	refuses("[]", "1: unknown section '' / write [profile NAME] or [connection NAME]");
	refuses("[profile]", "1: '' is not a name of a profile / a name has 1 to 63 letters, digits, '_', '-' and '.'");
	refuses("[profile a b]",
		"1: 'a b' is not a name of a profile / a name has 1 to 63 letters, digits, '_', '-' and '.'");
	refuses("jobs = 1\njobs = 2", "2: jobs stands in line 1 already");
	refuses("[profile a]\n[profile a]", "2: profile 'a' stands here a second time");
	refuses("[connection a]\nurl = x\n[connection a]", "3: connection 'a' stands in line 1 already");
	refuses("[connection a]\n", "1: connection 'a' has no url");
	refuses("[profile a]\nprofile = b", "2: a profile cannot choose a profile");
}

static void a_connection_string_in_the_wrong_place_is_not_quoted(void **state)
{
	(void)state;
	refuses("db postgresql://u:s3cret@h/d", "1: no '=' behind 'db' / "
		"write KEY = VALUE, [profile NAME], [connection NAME] or # and a comment");
	refuses("postgresql://u:s3cret@h/d", "1: no '=' behind '...' / "
		"write KEY = VALUE, [profile NAME], [connection NAME] or # and a comment");
	refuses("postgresql://u:s3cret@h/d?sslmode=require", "1: unknown key '...' / mst config list shows every key");
	refuses("[connection w]\npostgresql://u:s3cret@h/d?sslmode=require",
		"2: unknown key '...' of a connection / a connection has the keys url and restricted");
	refuses("[postgresql://u:s3cret@h/d]",
		"1: unknown section '...' / write [profile NAME] or [connection NAME]");
	refuses("[connection postgresql://u:s3cret@h/d]",
		"1: '...' is not a name of a connection / a name has 1 to 63 letters, digits, '_', '-' and '.'");
}

static void hostile_bytes_are_errors(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct buf b;
	refuses_bytes(STR("db = a\0b"), NULL, "1: the line has a NUL byte");
	refuses("db = \xff", "1: the line is not valid UTF-8");
	refuses("db = a\033[2Jb", "1: db: the value has a control character");
	buf_init(&b, pool);
	buf_z(&b, "db = ");
	for (int i = 0; i < 4097; i++)
		buf_char(&b, 'x');
	refuses_bytes(buf_view(&b), NULL, "1: db: the value is longer than 4096 bytes");
	buf_reset(&b);
	for (int i = 0; i < 100000; i++)
		buf_char(&b, 'k');
	buf_z(&b, "=1");
	refuses_bytes(buf_view(&b), NULL,
		      "1: unknown key '...' / mst config list shows every key");
	buf_reset(&b);
	for (int i = 0; i < 1001; i++)
		buf_printf(&b, "[profile p%d]\n", i);
	refuses_bytes(buf_view(&b), NULL, "1001: more than 1000 sections");
	buf_reset(&b);
	for (int i = 0; i <= 1 << 20; i++)
		buf_char(&b, '\n');
	refuses_bytes(buf_view(&b), NULL,
		      pool_printf(pool, "0: configuration: %s: larger than 1048576 bytes", path));
	setenv("MST_DB", "a\xff", 1);
	refuses("", "0: environment MST_DB: db: the value is not valid UTF-8");
	unsetenv("MST_DB");
}

static void a_named_file_must_exist_and_another_need_not(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct mst_error err;
	struct config *cfg;
	setenv("MST_CONFIG", "/nonexistent/x", 1);
	assert_int_equal(config_load(pool, NULL, &cfg, &err), MST_USAGE);
	assert_string_equal(err.msg, "/nonexistent/x: no such file");
	unsetenv("MST_CONFIG");
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	assert_int_equal(config_load(pool, NULL, &cfg, &err), 0);
	const char *where;
	assert_int_equal(config_path(pool, &where, &err), 0);
	assert_string_equal(where, "/nonexistent/mst/config");
	unsetenv("XDG_CONFIG_HOME");
	setenv("HOME", "/home/ada", 1);
	assert_int_equal(config_path(pool, &where, &err), 0);
	assert_string_equal(where, "/home/ada/.config/mst/config");
	setenv("MST_CONFIG", path, 1);
}

static void a_slip_in_the_environment_is_remarked(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct mst_error err;
	struct config *cfg;
	setenv("MST_JOB", "3", 1);
	setenv("MST_SOMETHING_ELSE", "3", 1);
	assert_int_equal(load(pool, STR(""), NULL, &cfg, &err), 0);
	assert_int_equal(config_remarks(cfg)->n, 1);
	assert_string_equal(config_remarks(cfg)->v[0],
			    "the environment variable MST_JOB is unknown (did you mean 'MST_JOBS'?)");
	unsetenv("MST_JOB");
	unsetenv("MST_SOMETHING_ELSE");
}

static void connections_have_names(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct mst_error err;
	struct config *cfg;
	const char *url = "untouched";
	config_names names;
	assert_int_equal(load(pool, STR("[connection prod]\nurl = host=p\n[connection dev]\nurl=host=d\nrestricted=no\n"), NULL, &cfg, &err),
			 0);
	config_connections(cfg, pool, &names);
	assert_int_equal(names.n, 2);
	assert_string_equal(names.v[0], "dev");
	assert_int_equal(config_connection(cfg, "prdo", &url, &err), MST_NOT_FOUND);
	assert_string_equal(err.msg, "unknown connection 'prdo' (did you mean 'prod'?)");
	assert_string_equal(url, "untouched");
	assert_int_equal(config_connection(cfg, "prod", &url, &err), 0);
	assert_string_equal(url, "host=p");
	assert_true(config_connection_is_restricted(cfg, "prod"));
	assert_false(config_connection_is_restricted(cfg, "dev"));
	assert_true(config_connection_is_restricted(cfg, "warehouse"));
	assert_int_equal(config_connection(cfg, "warehouse", &url, &err), 0);
	assert_null(url);
	assert_int_equal(load(pool, STR("warehouse = host=w\n[connection warehouse]\nurl = host=p\n"), NULL, &cfg, &err), 0);
	assert_int_equal(config_connection(cfg, "warehouse", &url, &err), 0);
	assert_string_equal(url, "host=w");
}

static void shows(const char *value, const char *shown)
{
	POOL_SCRATCH(pool);
	assert_string_equal(config_shown(pool, NULL, value), shown);
}

static void passwords_are_never_shown(void **state)
{
	(void)state;
	shows("host=x password=geheim user=y", "host=x password=*** user=y");
	shows("password='a b\\'c' host=x", "password=*** host=x");
	shows("password = geheim host=x", "password = *** host=x");
	shows("password=a\\ b host=x", "password=*** host=x");
	shows("password=", "password=***");
	shows("host=mypassword=1", "host=mypassword=1");
	shows("postgresql://ada:geheim@host/db", "postgresql://ada:***@host/db");
	shows("postgres://ada:ge@he:im@host:5432/db?x=1", "postgres://ada:***@host:5432/db?x=1");
	shows("postgresql://ada:ge/he@host/db", "postgresql://ada:***@host/db");
	shows("postgresql://ada@host:5432/db", "postgresql://ada@host:5432/db");
	shows("postgresql:///db?user=a&password=geheim&x=1", "postgresql:///db?user=a&password=***&x=1");
	shows("postgresql://h/db?sslpassword=geheim", "postgresql://h/db?sslpassword=***");
	shows("service=warehouse", "service=warehouse");
	shows("host=h password=abc://def:ghi@k", "host=h password=***");
	shows("host='h'password=geheim", "host='h'password=***");
	const struct config_key secret = { .name = "token", .secret = true };
	POOL_SCRATCH(pool);
	assert_string_equal(config_shown(pool, &secret, "geheim"), "***");
	assert_null(config_shown(pool, &secret, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_sorted_and_complete),
		cmocka_unit_test(a_later_place_wins),
		cmocka_unit_test(a_flag_wins_over_all),
		cmocka_unit_test(values_are_taken_as_they_stand),
		cmocka_unit_test(unknown_names_are_errors_with_a_suggestion),
		cmocka_unit_test(wrong_values_are_errors_even_in_a_profile_not_in_force),
		cmocka_unit_test(broken_lines_are_errors),
		cmocka_unit_test(a_connection_string_in_the_wrong_place_is_not_quoted),
		cmocka_unit_test(hostile_bytes_are_errors),
		cmocka_unit_test(a_named_file_must_exist_and_another_need_not),
		cmocka_unit_test(a_slip_in_the_environment_is_remarked),
		cmocka_unit_test(connections_have_names),
		cmocka_unit_test(passwords_are_never_shown),
	};
	for (const struct config_key *k = config_keys; k->name; k++)
		unsetenv(k->env);
	snprintf(path, sizeof path, "/tmp/mst-config-%ld", (long)getpid());
	setenv("MST_CONFIG", path, 1);
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return rc;
}
