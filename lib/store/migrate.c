#include "store/migrate.h"

#include "store/account.h"
#include "store/internal.h"

static const char *known(struct pool *pool, const struct store_migrations *m)
{
	return pool_printf(pool, "version %zu", m->n);
}

static int fail_newer(struct db *db, const struct store_migrations *m, int version, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	mst_fail(err, MST_UNAVAILABLE, "the database (%s) is of a newer mst: its schema has version %d, this mst knows %s",
		 db_name(db), version, known(tmp, m));
	return mst_hint(err, "upgrade mst on this machine");
}

static bool is_stranger(struct db *db)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct mst_error ignored;
	return db_query(tmp, db, STR("SELECT mst.me() IS NULL"), NULL, 0, &r, &ignored) == 0 && db_bool(r, 0, 0);
}

int store_schema_version(struct db *db, int *version, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct mst_error why;
	int rc = db_query(tmp, db, STR("SELECT max(version) FROM mst.migration"), NULL, 0, &r, &why);
	bool none = rc && (strcmp(why.sqlstate, "42P01") == 0 || strcmp(why.sqlstate, "3F000") == 0);
	/* the schema is for users alone; and who came to the right to look into it by another way sees no row */
	if (rc && strcmp(why.sqlstate, "42501") == 0)
		return store_fail_unknown(db, err);
	if (!rc && db_is_null(r, 0, 0) && is_stranger(db))
		return store_fail_unknown(db, err);
	if (rc && !none) {
		*err = why;
		return rc;
	}
	*version = none ? 0 : (int)db_int(r, 0, 0);
	return 0;
}

int store_schema_check(struct db *db, const struct store_migrations *m, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	int version, rc = store_schema_version(db, &version, err);
	if (rc || version == (int)m->n)
		return rc;
	if (version > (int)m->n)
		return fail_newer(db, m, version, err);
	if (version == 0)
		mst_fail(err, MST_UNAVAILABLE, "the database (%s) has no mst schema yet", db_name(db));
	else
		mst_fail(err, MST_UNAVAILABLE, "the database (%s) is of an older mst: its schema has version %d, this mst needs %s",
			 db_name(db), version, known(tmp, m));
	return mst_hint(err, "run mst-db migrate (mst-db migrate --dry-run shows what it would do)");
}

struct ask {
	const struct store_migrations *m;
	size_t upto;
	bool dry_run;
	store_migrate_told *told;
	void *arg;
};

static int make_table(struct db *db, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	/* CREATE SCHEMA IF NOT EXISTS asks for the right to create it even where it exists */
	int rc = db_query(tmp, db, STR("SELECT to_regnamespace('mst') IS NULL"), NULL, 0, &r, err);
	if (!rc && db_bool(r, 0, 0))
		rc = db_exec(db, STR("CREATE SCHEMA mst"), err);
	if (!rc)
		rc = db_exec(db, STR("CREATE TABLE mst.migration ("
				     " version int PRIMARY KEY CHECK (version > 0),"
				     " name text NOT NULL,"
				     " sha256 text NOT NULL CHECK (length(sha256) = 64),"
				     " applied_at timestamptz NOT NULL DEFAULT now(),"
				     " mst_version text NOT NULL)"), err);
	return rc;
}

/* What is applied must be the first `*n` of what is known. */
static int check_applied(struct db *db, const struct store_migrations *m, size_t *n, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	*n = 0;
	int rc = db_query(tmp, db, STR("SELECT to_regclass('mst.migration') IS NOT NULL"), NULL, 0, &r, err);
	if (rc || !db_bool(r, 0, 0))
		return rc;
	rc = db_query(tmp, db, STR("SELECT version, name, sha256 FROM mst.migration ORDER BY version"), NULL, 0, &r, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < db_rows(r); i++) {
		int64_t version = db_int(r, i, 0);
		if (version > (int64_t)m->n)
			return fail_newer(db, m, (int)db_int(r, db_rows(r) - 1, 0), err);
		if (version != (int64_t)i + 1) {
			mst_fail(err, MST_CONFLICT, "the database (%s) lacks migration %zu but has %lld", db_name(db), i + 1,
				 (long long)version);
			return mst_hint(err, "rows of mst.migration were changed by hand; restore a backup");
		}
		char sha[SHA256_HEX];
		sha256_hex(sha, m->v[i].sql);
		if (!str_eqz(db_text(r, i, 2), sha)) {
			mst_fail(err, MST_CONFLICT, "migration %s of the database (%s) is not the %s of this mst: its checksum differs",
				 db_text(r, i, 1).p, db_name(db), m->v[i].name);
			return mst_hint(err, "the database was made by another build; use that build, or start with a new database");
		}
	}
	*n = db_rows(r);
	return 0;
}

static int fail_migration(struct db *db, const struct store_migration *mig, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	size_t at = db_diag(db)->offset;
	uint32_t line = 1, col = 1;
	for (size_t i = 0; at != DB_NO_OFFSET && i < at && i < mig->sql.n; i++) {
		col = mig->sql.p[i] == '\n' ? 1 : col + 1;
		line += mig->sql.p[i] == '\n';
	}
	mst_wrap(err, "migration %s", mig->name);
	if (at != DB_NO_OFFSET)
		mst_place(err, pool_printf(tmp, "%s.sql", mig->name), line, col);
	return err->code;
}

static int apply(struct db *db, const struct store_migration *mig, const char *sha, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	int rc = db_exec(db, mig->sql, err);
	if (rc)
		return fail_migration(db, mig, err);
	const struct str row[] = { db_param_int(tmp, mig->version), str_of(mig->name), str_of(sha), str_of(MST_VERSION) };
	return db_run(db, STR("INSERT INTO mst.migration (version, name, sha256, mst_version) VALUES ($1, $2, $3, $4)"), row,
		      4, NULL, err);
}

/* Whoever is let, a superuser for one, acts as the owner, so that all of the schema stays one role's:
 * its functions could not work on another's tables. */
static int become_owner(struct db *db, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	int rc = db_query(tmp, db,
			  STR("SELECT o.rolname, o.rolname = current_user, pg_catalog.pg_has_role(o.oid, 'MEMBER')"
			      "  FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles o ON o.oid = n.nspowner"
			      " WHERE n.nspname = 'mst'"), NULL, 0, &r, err);
	if (rc || db_rows(r) == 0 || db_bool(r, 0, 1))
		return rc;
	struct str owner = db_text(r, 0, 0);
	if (!db_bool(r, 0, 2)) {
		mst_fail(err, MST_DENIED,
			 "the schema mst of the database (%s) belongs to role \"%s\", who alone migrates it",
			 db_name(db), owner.p);
		return mst_hint(err, "run mst-db migrate as that role");
	}
	struct str quoted = db_quote_ident(tmp, owner);
	return db_exec(db, str_of(pool_printf(tmp, "SET LOCAL ROLE %.*s", STR_FMT(quoted))), err);
}

static int migrate(struct db *db, void *arg, struct mst_error *err)
{
	const struct ask *j = arg;
	size_t n;
	int rc = db_exec(db, STR("SET LOCAL search_path TO mst, pg_temp;"
				 " SELECT pg_advisory_xact_lock(" STORE_LOCK_MIGRATE ")"), err);
	if (!rc)
		rc = check_applied(db, j->m, &n, err);
	if (!rc && n == 0 && !j->dry_run && j->upto)
		rc = make_table(db, err);
	else if (!rc && n < j->upto && !j->dry_run)
		rc = become_owner(db, err);
	for (size_t i = rc ? j->upto : n; !rc && i < j->upto; i++) {
		char sha[SHA256_HEX];
		sha256_hex(sha, j->m->v[i].sql);
		if (j->told)
			j->told(j->arg, &j->m->v[i], sha);
		if (!j->dry_run)
			rc = apply(db, &j->m->v[i], sha, err);
	}
	return rc;
}

int store_schema_migrate(struct db *db, const struct store_migrations *m, int upto, bool dry_run,
			 store_migrate_told *told, void *arg, struct mst_error *err)
{
	struct ask j = { m, upto > 0 && (size_t)upto < m->n ? (size_t)upto : m->n, dry_run, told, arg };
	/* who is refused is told why before a transaction is there to be broken */
	int version, rc = store_schema_version(db, &version, err);
	/* not db_transact: what was told cannot be untold */
	if (!rc)
		rc = db_begin(db, err);
	if (rc)
		return rc;
	rc = migrate(db, &j, err);
	if (!rc)
		rc = db_commit(db, err);
	if (rc)
		db_rollback(db);
	return rc;
}
