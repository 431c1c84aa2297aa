#include "store/backup.h"

#include "store/account.h"
#include "store/internal.h"
#include "store/migrate.h"

#include <stdlib.h>

int store_backup_look(struct db *db, int *version, int *major, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	int v, rc = store_schema_version(db, &v, err);
	if (!rc && v == 0)
		rc = mst_fail(err, MST_UNAVAILABLE, "the database (%s) has no mst schema yet", db_name(db));
	if (!rc)
		rc = db_query(tmp, db,
			      STR("SELECT o.rolname, pg_catalog.pg_has_role(o.oid, 'USAGE') OR me.rolsuper OR me.rolbypassrls,"
				  " pg_catalog.current_setting('server_version_num')::int / 10000"
				  "  FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles o ON o.oid = n.nspowner"
				  "  JOIN pg_catalog.pg_roles me ON me.rolname = current_user WHERE n.nspname = 'mst'"),
			      NULL, 0, &r, err);
	if (rc)
		return rc;
	if (db_rows(r) == 0 || !db_bool(r, 0, 1)) {
		mst_fail(err, MST_DENIED, "row security keeps rows from this user, so a backup would not be whole");
		return mst_hint(err, "do it as role %s, which owns the schema mst", db_rows(r) ? db_text(r, 0, 0).p : "?");
	}
	*version = v;
	*major = (int)db_int(r, 0, 2);
	return 0;
}

static const struct store_migration *known(int64_t version)
{
	return version > 0 && (size_t)version <= store_schema.n ? &store_schema.v[version - 1] : NULL;
}

int store_backup_version(struct str text, int *version, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct str line;
	bool rows = false;
	int64_t newest = 0;
	const char *other = NULL;
	while (text.n) {
		if (!str_cut(text, '\n', &line, &text))
			text.n = 0;
		if (!rows) {
			rows = str_has_prefix(line, STR("COPY mst.migration (version, name, sha256, "));
			continue;
		}
		if (str_eqz(line, "\\."))
			break;
		struct str number, name, sha, rest;
		char want[SHA256_HEX];
		str_cut(line, '\t', &number, &rest);
		str_cut(rest, '\t', &name, &rest);
		str_cut(rest, '\t', &sha, &rest);
		int64_t v = strtoll(str_z(tmp, number), NULL, 10);
		newest = v > newest ? v : newest;
		if (known(v) && !str_eqz(sha, sha256_hex(want, known(v)->sql)) && !other)
			other = str_z(tmp, name);
	}
	if (newest == 0)
		return mst_fail(err, MST_DATA, "the backup holds no mst schema");
	if (newest > (int64_t)store_schema.n) {
		mst_fail(err, MST_UNAVAILABLE,
			 "the backup is of a newer mst: its schema has version %lld, this mst knows version %zu",
			 (long long)newest, store_schema.n);
		return mst_hint(err, "upgrade mst on this machine");
	}
	if (other) {
		mst_fail(err, MST_CONFLICT, "migration %s of the backup is not that of this mst: its checksum differs", other);
		return mst_hint(err, "the backup was made by another build; use that build");
	}
	*version = (int)newest;
	return 0;
}

/* A run that is under way would go on in rows that are not its own. */
static int check_runs(struct db *db, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	int rc = db_query(tmp, db, STR("SELECT to_regprocedure('mst.run_has_owner(bigint)') IS NOT NULL"), NULL, 0, &r, err);
	if (rc || !db_bool(r, 0, 0))
		return rc;
	rc = db_query(tmp, db,
		      STR("SELECT id FROM mst.run WHERE finished_at IS NULL AND owned AND mst.run_has_owner(id) ORDER BY id LIMIT 1"),
		      NULL, 0, &r, err);
	if (rc || db_rows(r) == 0)
		return rc;
	mst_fail(err, MST_CONFLICT, "run %s is under way in the database (%s)", db_text(r, 0, 0).p, db_name(db));
	return mst_hint(err, "wait for it: mst-ps shows it, or stop it with Ctrl-C");
}

int store_restore_begin(struct db *db, bool force, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	int rc = db_exec(db, STR("SET LOCAL lock_timeout = '10s'; SELECT pg_advisory_xact_lock(" STORE_LOCK_MIGRATE ")"), err);
	if (!rc)
		rc = db_query(tmp, db, STR("SELECT n.oid IS NOT NULL, coalesce(pg_catalog.pg_has_role(n.nspowner, 'USAGE'), true),"
					   " pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')"
					   "  FROM (VALUES (1)) one LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = 'mst'"),
			      NULL, 0, &r, err);
	if (rc)
		return rc;
	if (db_bool(r, 0, 0) && !force) {
		mst_fail(err, MST_CONFLICT, "the database (%s) has an mst schema already", db_name(db));
		return mst_hint(err, "--force drops it, with all that it holds, in favour of the backup");
	}
	if (!db_bool(r, 0, 1) || !db_bool(r, 0, 2)) {
		mst_fail(err, MST_DENIED, "this user may not make the schema mst in the database (%s)", db_name(db));
		return mst_hint(err, "the owner of the database restores it");
	}
	if (!db_bool(r, 0, 0))
		return 0;
	rc = check_runs(db, err);
	return rc ? rc : db_exec(db, STR("DROP SCHEMA mst CASCADE"), err);
}

/* The role behind TO or FROM: `name`, `"na""me"`, `PUBLIC` (which is NULL).  A role may be called
 * anything, so the search begins at the end. */
static bool role_of(struct pool *pool, struct str line, const char **role)
{
	static const char option[] = " WITH GRANT OPTION;";
	struct buf b;
	buf_init(&b, pool);
	line.n -= str_has_suffix(line, str_of(option)) ? strlen(option) : 1;
	size_t at = line.n;
	bool quoted = at && line.p[at - 1] == '"';
	if (quoted) {
		for (at--; at > 0; at--) {
			if (line.p[at - 1] != '"')
				continue;
			if (at > 1 && line.p[at - 2] == '"')
				at--;
			else
				break;
		}
		if (at == 0)
			return false;
		for (size_t i = at; i + 1 < line.n; i++) {
			buf_char(&b, line.p[i]);
			i += line.p[i] == '"';
		}
	} else {
		while (at > 0 && line.p[at - 1] != ' ')
			at--;
		buf_add(&b, line.p + at, line.n - at);
	}
	*role = !quoted && str_eqz(buf_view(&b), "PUBLIC") ? NULL : buf_cstr(&b);
	return true;
}

static void add_name(struct pool *pool, store_names_list *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->v[i], name) == 0)
			return;
	*vec_push(pool, names) = pool_strdup(pool, name);
}

int store_restore_grants(struct pool *pool, struct db *db, struct str script, store_names_list *missing,
			 struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str line;
	struct buf b;
	int rc = 0;
	buf_init(&b, tmp);
	while (!rc && script.n) {
		const char *role;
		if (!str_cut(script, '\n', &line, &script))
			script.n = 0;
		if (!str_has_prefix(line, STR("GRANT ")) && !str_has_prefix(line, STR("REVOKE ")))
			continue;
		if (!str_has_suffix(line, STR(";")) || !role_of(tmp, line, &role))
			return mst_fail(err, MST_DATA, "the backup grants something in a way that is not understood: %.*s",
					STR_FMT(line));
		bool here = true;
		if (role) {
			struct str param = str_of(role);
			rc = db_query(tmp, db, STR("SELECT FROM pg_catalog.pg_roles WHERE rolname = $1"), &param, 1, &r, err);
			here = !rc && db_rows(r) > 0;
		}
		if (rc)
			return rc;
		if (here) {
			buf_str(&b, line);
			buf_char(&b, '\n');
		} else if (str_has_prefix(line, STR("GRANT ")))
			add_name(pool, missing, role);
	}
	return b.n ? db_exec(db, buf_view(&b), err) : 0;
}

int store_restore_end(struct pool *pool, struct db *db, store_names_list *missing, const char **made,
		      struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	/* a backup of before there were users */
	int rc = db_query(tmp, db, STR("SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute"
				       " WHERE attrelid = pg_catalog.to_regclass('mst.account') AND attname = 'role'"),
			  NULL, 0, &r, err);
	*made = NULL;
	if (rc || db_int(r, 0, 0) == 0)
		return rc;
	rc = db_query(tmp, db, STR("SELECT pg_catalog.to_regclass('mst.state') IS NOT NULL"), NULL, 0, &r, err);
	if (!rc && db_bool(r, 0, 0))
		rc = db_run(db, STR("UPDATE mst.state SET id = pg_catalog.gen_random_uuid()"), NULL, 0, NULL, err);
	if (rc)
		return rc;
	rc = db_run(db, STR("UPDATE mst.account a SET role ="
			    " (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = a.name)"), NULL, 0, NULL, err);
	if (!rc)
		rc = db_query(tmp, db, STR("SELECT name, role IS NULL FROM mst.account WHERE NOT disabled ORDER BY name"),
			      NULL, 0, &r, err);
	for (size_t i = 0; !rc && i < db_rows(r); i++) {
		struct str role = db_quote_ident(tmp, db_text(r, i, 0));
		if (db_bool(r, i, 1))
			add_name(pool, missing, db_text(r, i, 0).p);
		else
			rc = db_exec(db, str_of(pool_printf(tmp, "GRANT USAGE ON SCHEMA mst TO %.*s", STR_FMT(role))), err);
	}
	if (!rc)
		rc = db_query(tmp, db,
			      STR("INSERT INTO mst.account AS a (name, admin, role)"
				  " SELECT rolname, true, oid FROM pg_catalog.pg_roles WHERE rolname = session_user"
				  " ON CONFLICT (name) DO UPDATE SET admin = true, disabled = false"
				  " WHERE NOT a.admin OR a.disabled RETURNING a.name"), NULL, 0, &r, err);
	if (!rc && db_rows(r))
		*made = pool_strdup(pool, db_text(r, 0, 0).p);
	return rc;
}
