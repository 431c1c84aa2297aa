/* Migrations: the machinery with made-up ones, then the real ones from each earlier
 * version, with data: tests/db/data/NNNN.sql fills a database of version NNNN.  Who
 * adds migration N adds data/N.sql; nothing here changes. */
#include "base/fs.h"
#include "private.h"
#include "store/migrate.h"

#include <stdio.h>

static const struct store_migration two[] = {
	{ 1, "0001_one", STR("CREATE TABLE one (a int);\nINSERT INTO one VALUES (1);\n") },
	{ 2, "0002_two", STR("ALTER TABLE one ADD b text NOT NULL DEFAULT '\xc3\xa4; \"';\n") },
};
static const struct store_migrations up_to_1 = { two, 1 }, up_to_2 = { two, 2 };

static struct db *fresh(struct pool *pool, const char *database)
{
	struct mst_error err;
	struct db *db = private_db(pool);
	if (db_exec(db, str_of(pool_printf(pool, "DROP DATABASE IF EXISTS %s WITH (FORCE)", database)), &err) ||
	    db_exec(db, str_of(pool_printf(pool, "CREATE DATABASE %s", database)), &err))
		fail_msg("%s", err.msg);
	db_close(db);
	return private_open(pool, database);
}

static const char *one(struct pool *pool, struct db *db, const char *sql)
{
	struct mst_error err;
	const struct db_result *r;
	if (db_query(pool, db, str_of(sql), NULL, 0, &r, &err))
		fail_msg("%s: %s", sql, err.msg);
	return db_rows(r) ? db_text(r, 0, 0).p : "nothing";
}

static void gather(void *arg, const struct store_migration *m, const char *sha256)
{
	struct buf *b = arg;
	assert_int_equal(strlen(sha256), 64);
	buf_printf(b, "%d %s;", m->version, m->name);
}

static int version(struct db *db)
{
	struct mst_error err;
	int v = -1;
	assert_int_equal(store_schema_version(db, &v, &err), 0);
	return v;
}

static void pending_ones_are_applied_once_and_in_order(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct db *db = fresh(pool, "migrate_a");
	struct mst_error err;
	struct buf told;
	buf_init(&told, pool);
	assert_int_equal(version(db), 0);
	assert_int_equal(store_schema_migrate(db, &up_to_2, 0, true, gather, &told, &err), 0);
	assert_string_equal(buf_cstr(&told), "1 0001_one;2 0002_two;");
	assert_string_equal(one(pool, db, "SELECT to_regnamespace('mst') IS NULL"), "t");
	buf_reset(&told);
	assert_int_equal(store_schema_migrate(db, &up_to_1, 0, false, gather, &told, &err), 0);
	assert_int_equal(version(db), 1);
	assert_int_equal(store_schema_migrate(db, &up_to_2, 0, false, gather, &told, &err), 0);
	assert_int_equal(store_schema_migrate(db, &up_to_2, 0, false, gather, &told, &err), 0);
	assert_string_equal(buf_cstr(&told), "1 0001_one;2 0002_two;");
	assert_int_equal(version(db), 2);
	assert_int_equal(store_schema_check(db, &up_to_2, &err), 0);
	assert_string_equal(one(pool, db, "SELECT b FROM mst.one"), "\xc3\xa4; \"");
	char sha[SHA256_HEX];
	assert_string_equal(one(pool, db, "SELECT sha256 FROM mst.migration WHERE name = '0002_two'"),
			    sha256_hex(sha, two[1].sql));
	assert_string_equal(one(pool, db, "SELECT mst_version FROM mst.migration LIMIT 1"), MST_VERSION);
	assert_string_equal(one(pool, db, "SELECT applied_at BETWEEN now() - interval '1 min' AND now() FROM mst.migration"), "t");
}

static void a_failing_one_leaves_everything_as_it_was(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct db *db = fresh(pool, "migrate_b");
	struct mst_error err;
	struct store_migration bad[] = { two[0], { 2, "0002_bad", STR("-- \xc3\xa4\nCREATE TABLE x (a nix);\n") } };
	struct store_migrations m = { bad, 2 };
	assert_int_equal(store_schema_migrate(db, &m, 0, false, NULL, NULL, &err), MST_DATA);
	assert_string_equal(err.msg, "migration 0002_bad: type \"nix\" does not exist");
	assert_string_equal(err.file, "0002_bad.sql");
	assert_int_equal(err.line, 2);
	assert_int_equal(err.col, 19);
	assert_int_equal(version(db), 0);
	assert_string_equal(one(pool, db, "SELECT to_regnamespace('mst') IS NULL"), "t");
}

static void says(struct db *db, int rc, const struct mst_error *err, const char *before, const char *after)
{
	char want[600];
	snprintf(want, sizeof want, "%s%s%s", before, db_name(db), after);
	assert_int_equal(rc, err->code);
	assert_string_equal(err->msg, want);
}

static void older_newer_and_empty_databases_are_told_apart(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct db *db = fresh(pool, "migrate_c");
	struct mst_error err;
	says(db, store_schema_check(db, &up_to_2, &err), &err, "the database (", ") has no mst schema yet");
	assert_int_equal(err.code, MST_UNAVAILABLE);
	assert_int_equal(store_schema_migrate(db, &up_to_2, 1, false, NULL, NULL, &err), 0);
	says(db, store_schema_check(db, &up_to_2, &err), &err, "the database (",
	     ") is of an older mst: its schema has version 1, this mst needs version 2");
	assert_string_equal(err.hint, "run mst-db migrate (mst-db migrate --dry-run shows what it would do)");
	assert_int_equal(store_schema_migrate(db, &up_to_2, 0, false, NULL, NULL, &err), 0);
	says(db, store_schema_check(db, &up_to_1, &err), &err, "the database (",
	     ") is of a newer mst: its schema has version 2, this mst knows version 1");
	says(db, store_schema_migrate(db, &up_to_1, 0, false, NULL, NULL, &err), &err, "the database (",
	     ") is of a newer mst: its schema has version 2, this mst knows version 1");
	assert_int_equal(err.code, MST_UNAVAILABLE);
}

static void a_changed_migration_is_a_conflict(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct db *db = fresh(pool, "migrate_d");
	struct mst_error err;
	struct store_migration other[] = { { 1, "0001_uno", STR("CREATE TABLE one (a int);\n") }, two[1] };
	struct store_migrations m = { other, 2 };
	assert_int_equal(store_schema_migrate(db, &up_to_1, 0, false, NULL, NULL, &err), 0);
	says(db, store_schema_migrate(db, &m, 0, false, NULL, NULL, &err), &err, "migration 0001_one of the database (",
	     ") is not the 0001_uno of this mst: its checksum differs");
	assert_int_equal(err.code, MST_CONFLICT);
	assert_int_equal(version(db), 1);
	assert_int_equal(db_exec(db, STR("UPDATE mst.migration SET version = 2"), &err), 0);
	says(db, store_schema_migrate(db, &up_to_2, 0, false, NULL, NULL, &err), &err, "the database (",
	     ") lacks migration 1 but has 2");
}

/* --- the real ones */

static void versions_are_numbered_without_gaps(void **state)
{
	(void)state;
	assert_true(store_schema.n > 0);
	for (size_t i = 0; i < store_schema.n; i++) {
		assert_int_equal(store_schema.v[i].version, i + 1);
		assert_int_equal(strtol(store_schema.v[i].name, NULL, 10), i + 1);
	}
}

/* Everything that the catalogue of PostgreSQL knows about schema mst. */
static const char *fingerprint(struct pool *pool, struct db *db)
{
	return one(pool, db,
		   "SELECT string_agg(line, E'\\n' ORDER BY line COLLATE \"C\") FROM ("
		   " SELECT format('column %s.%s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),"
		   "  a.attnotnull, pg_get_expr(d.adbin, d.adrelid)) AS line FROM pg_class c"
		   "  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
		   "  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum"
		   "  WHERE c.relnamespace = 'mst'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
		   " UNION ALL SELECT format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(oid))"
		   "  FROM pg_constraint WHERE connamespace = 'mst'::regnamespace"
		   " UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'mst'"
		   " UNION ALL SELECT format('view %s %s', viewname, definition) FROM pg_views WHERE schemaname = 'mst'"
		   " UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'mst'::regnamespace AND prokind <> 'a'"
		   " UNION ALL SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
		   "  WHERE c.relnamespace = 'mst'::regnamespace AND NOT t.tgisinternal"
		   " UNION ALL SELECT format('enum %s %s', e.enumtypid::regtype, e.enumlabel) FROM pg_enum e"
		   "  JOIN pg_type t ON t.oid = e.enumtypid WHERE t.typnamespace = 'mst'::regnamespace"
		   " UNION ALL SELECT format('policy %s.%s %s %s', tablename, policyname, qual, with_check)"
		   "  FROM pg_policies WHERE schemaname = 'mst') s");
}

/* "table rows" of each table of schema mst but the list of migrations. */
static const char *counts(struct pool *pool, struct db *db)
{
	return one(pool, db,
		   "SELECT coalesce(string_agg(format('%s %s', c.relname, (xpath('/row/n/text()', query_to_xml("
		   "  format('SELECT count(*) AS n FROM mst.%I', c.relname), false, true, '')))[1]), E'\\n'"
		   "  ORDER BY c.relname COLLATE \"C\"), '') FROM pg_class c"
		   " WHERE c.relnamespace = 'mst'::regnamespace AND c.relkind = 'r' AND c.relname <> 'migration'");
}

static void every_earlier_version_is_brought_up_with_its_data(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct mst_error err;
	struct db *new = fresh(pool, "migrate_new");
	assert_int_equal(store_schema_migrate(new, &store_schema, 0, false, NULL, NULL, &err), 0);
	const char *want = fingerprint(pool, new);
	for (size_t v = 1; v <= store_schema.n; v++) {
		struct db *db = fresh(pool, "migrate_old");
		struct str data;
		const char *file = pool_printf(pool, "tests/db/data/%04zu.sql", v);
		if (store_schema_migrate(db, &store_schema, (int)v, false, NULL, NULL, &err))
			fail_msg("%s", err.msg);
		assert_int_equal(version(db), v);
		if (fs_read_file(pool, file, 0, &data, &err) || db_exec(db, data, &err))
			fail_msg("%s: %s", file, err.msg);
		const char *before = counts(pool, db);
		if (store_schema_migrate(db, &store_schema, 0, false, NULL, NULL, &err))
			fail_msg("from version %zu: %s", v, err.msg);
		assert_string_equal(fingerprint(pool, db), want);
		/* a migration may add tables; the rows of those that were there stay */
		const char *after = counts(pool, db);
		if (v == store_schema.n)
			assert_string_equal(after, before);
		struct str line, rest = str_of(before);
		while (rest.n) {
			if (!str_cut(rest, '\n', &line, &rest))
				rest.n = 0;
			if (!strstr(pool_printf(pool, "\n%s\n", after), pool_printf(pool, "\n%.*s\n", STR_FMT(line))))
				fail_msg("from version %zu: before: %.*s, after: %s", v, STR_FMT(line), after);
		}
		db_close(db);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pending_ones_are_applied_once_and_in_order),
		cmocka_unit_test(a_failing_one_leaves_everything_as_it_was),
		cmocka_unit_test(older_newer_and_empty_databases_are_told_apart),
		cmocka_unit_test(a_changed_migration_is_a_conflict),
		cmocka_unit_test(versions_are_numbered_without_gaps),
		cmocka_unit_test(every_earlier_version_is_brought_up_with_its_data),
	};
	return cmocka_run_group_tests(tests, NULL, private_end);
}
