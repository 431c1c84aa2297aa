/* The catalogue in the state database, by the store's functions; places of files and addresses of repositories. */
#include "engine/catalogue_git.h"
#include "private.h"
#include "store/migrate.h"

static struct db *state(struct pool *pool)
{
	static bool made;
	struct mst_error err;
	struct db *db = private_db(pool);
	if (!made && (db_exec(db, STR("CREATE DATABASE catalogue"), &err)))
		fail_msg("%s", err.msg);
	made = true;
	db_close(db);
	db = private_open(pool, "catalogue");
	if (store_schema_migrate(db, &store_schema, 0, false, NULL, NULL, &err) ||
	    db_exec(db, STR("DELETE FROM mst.catalogue; DELETE FROM mst.catalogue_revision"), &err))
		fail_msg("%s", err.msg);
	return db;
}

static int put(struct db *db, const char *name, const char *sql, int64_t revision, struct mst_error *err)
{
	struct store_definition d = { .name = str_of(name), .sql = str_of(sql), .revision = revision };
	if (db_begin(db, err) || store_catalogue_begin(db, STORE_PUT, DB_NULL, err))
		fail_msg("%s", err->msg);
	int rc = store_catalogue_put(db, &d, 1, err);
	if (rc)
		db_rollback(db);
	else
		rc = db_commit(db, err);
	return rc;
}

static void a_put_is_held_against_its_revision(void **unused)
{
	(void)unused;
	POOL_SCRATCH(pool);
	struct db *db = state(pool);
	struct mst_error err;
	assert_int_equal(put(db, "d.t", "SELECT 1", 0, &err), 0);
	assert_int_equal(put(db, "d.t", "SELECT 2", 0, &err), MST_CONFLICT);
	assert_string_equal(err.msg, "table 'd.t' is there already");
	assert_int_equal(put(db, "d.t", "SELECT 2", 1, &err), 0);
	assert_int_equal(put(db, "d.t", "SELECT 3", 1, &err), MST_CONFLICT);
	assert_string_equal(err.msg, "table 'd.t' has changed: it has revision 2, by mst, not 1");
	assert_int_equal(put(db, "d.u", "SELECT 3", 1, &err), MST_CONFLICT);
	assert_string_equal(err.msg, "table 'd.u' was never in the catalogue, so it has no revision 1");
}

static void a_put_of_the_same_makes_no_revision(void **unused)
{
	(void)unused;
	POOL_SCRATCH(pool);
	struct db *db = state(pool);
	struct mst_error err;
	store_briefs rows;
	assert_int_equal(put(db, "d.t", "SELECT 1", 0, &err), 0);
	assert_int_equal(put(db, "d.t", "SELECT 1", 1, &err), 0);
	assert_int_equal(store_catalogue_brief(pool, db, NULL, 0, &rows, &err), 0);
	assert_int_equal(rows.n, 1);
	assert_int_equal(rows.v[0].revision, 1);
	char hex[SHA256_HEX];
	assert_true(str_eqz(rows.v[0].sha256, sha256_hex(hex, STR("SELECT 1"))));
}

static void removing_names_what_is_not_there_and_takes_nothing(void **unused)
{
	(void)unused;
	POOL_SCRATCH(pool);
	struct db *db = state(pool);
	struct mst_error err;
	store_briefs rows;
	struct str names[] = { STR("d.t"), STR("d.nosuch") };
	assert_int_equal(put(db, "d.t", "SELECT 1", 0, &err), 0);
	assert_int_equal(db_begin(db, &err), 0);
	assert_int_equal(store_catalogue_remove(db, names, 2, &err), MST_NOT_FOUND);
	assert_string_equal(err.msg, "there is no table 'd.nosuch' in the catalogue");
	db_rollback(db);
	assert_int_equal(store_catalogue_brief(pool, db, names, 1, &rows, &err), 0);
	assert_int_equal(rows.n, 1);
}

static int count_revision(void *arg, const struct store_revision *r, struct mst_error *err)
{
	struct buf *b = arg;
	(void)err;
	buf_printf(b, "%lld %.*s %.*s;", (long long)r->revision, STR_FMT(r->action), STR_FMT(r->sql));
	return 0;
}

static void a_table_that_is_gone_comes_back_with_its_history(void **unused)
{
	(void)unused;
	POOL_SCRATCH(pool);
	struct db *db = state(pool);
	struct mst_error err;
	struct str name = STR("d.t");
	int64_t revision = 0;
	struct buf b;
	buf_init(&b, pool);
	assert_int_equal(put(db, "d.t", "SELECT 1", 0, &err), 0);
	assert_int_equal(store_catalogue_remove(db, &name, 1, &err), 0);
	assert_int_equal(store_catalogue_restore(db, name, 9, DB_NULL, &revision, &err), MST_NOT_FOUND);
	assert_int_equal(store_catalogue_restore(db, name, 1, DB_NULL, &revision, &err), 0);
	assert_int_equal(revision, 3);
	assert_int_equal(store_catalogue_log(db, name, count_revision, &b, &err), 0);
	assert_string_equal(buf_cstr(&b), "1 put SELECT 1;2 rm SELECT 1;3 put SELECT 1;");
	assert_int_equal(store_catalogue_log(db, STR("d.never"), count_revision, &b, &err), MST_NOT_FOUND);
}

static void a_table_without_a_place_gets_one_that_an_import_finds(void **unused)
{
	(void)unused;
	POOL_SCRATCH(pool);
	static const char *const pairs[][2] = {
		{ "d.t", "d/t.sql" },
		{ "p.d.t", "d/t.sql" },
		{ "t", "t.sql" },
		{ "d.`a/b`", "d/a_b.sql" },
		{ "`..`.`..`", "_./_..sql" },
		{ "d.\"\x01x\"", "d/_x.sql" },
	};
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct str file = catalogue_file_of(pool, str_of(pairs[i][0]));
		assert_string_equal(str_z(pool, file), pairs[i][1]);
		assert_true(catalogue_file_is_safe(file));
	}
	static const char *const bad[] = { "/x.sql", "../x.sql", "a/../x.sql", ".x.sql", "a/.x.sql", "a//x.sql", "x.txt", ".sql",
					   "a/" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(catalogue_file_is_safe(str_of(bad[i])));
}

static void addresses_are_cut_at_the_right_signs(void **unused)
{
	(void)unused;
	POOL_SCRATCH(pool);
	static const char *const cases[][4] = {
		{ "https://example.com/x.git", "https://example.com/x.git", "HEAD", "" },
		{ "https://example.com/x.git@main", "https://example.com/x.git", "main", "" },
		{ "ssh://git@example.com:22/x@feature/y:sql/a", "ssh://git@example.com:22/x", "feature/y", "sql/a" },
		{ "git@example.com:x.git@v1", "git@example.com:x.git", "v1", "" },
		{ "git@example.com:x.git", "git@example.com:x.git", "HEAD", "" },
		{ "/srv/x@:sql", "/srv/x", "HEAD", "sql" },
	};
	struct mst_error err;
	struct catalogue_git g;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(catalogue_git_parse(pool, cases[i][0], &g, &err), 0);
		assert_string_equal(g.url, cases[i][1]);
		assert_string_equal(g.ref, cases[i][2]);
		assert_string_equal(g.path, cases[i][3]);
	}
	assert_int_equal(catalogue_git_parse(pool, "https://me:word@example.com/x", &g, &err), MST_USAGE);
	assert_int_equal(catalogue_git_parse(pool, "--upload-pack=x", &g, &err), MST_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_put_is_held_against_its_revision),
		cmocka_unit_test(a_put_of_the_same_makes_no_revision),
		cmocka_unit_test(removing_names_what_is_not_there_and_takes_nothing),
		cmocka_unit_test(a_table_that_is_gone_comes_back_with_its_history),
		cmocka_unit_test(a_table_without_a_place_gets_one_that_an_import_finds),
		cmocka_unit_test(addresses_are_cut_at_the_right_signs),
	};
	return cmocka_run_group_tests(tests, NULL, private_end);
}
