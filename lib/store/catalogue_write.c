#include "store/catalogue.h"

#include <stdlib.h>

enum { BATCH = 500, BATCH_BYTES = 8 << 20 };

int store_catalogue_begin(struct db *db, enum store_action action, struct str source, struct mst_error *err)
{
	static const char *const words[] = { [STORE_PUT] = "put", [STORE_IMPORT] = "import", [STORE_RESTORE] = "restore" };
	struct str params[] = { str_of(words[action]), source.p ? source : STR("") };
	return db_run(db,
		      STR("SELECT pg_catalog.set_config('mst.action', $1, true), pg_catalog.set_config('mst.source', $2, true)"),
		      params, 2, NULL, err);
}

/* --- why a write did not happen ------------------------------------------------------- */

/* The row as the transaction sees it now; false where the caller sees none. */
static bool look(struct pool *pool, struct db *db, struct str name, int64_t *revision, struct str *by, bool *may)
{
	const struct db_result *r;
	struct mst_error ignored;
	if (db_query(pool, db,
		     STR("SELECT revision, updated_by, mst.may('write', owner, team) FROM mst.catalogue WHERE name = $1"), &name,
		     1, &r, &ignored) ||
	    db_rows(r) == 0)
		return false;
	*revision = db_int(r, 0, 0);
	*by = db_text(r, 0, 1);
	*may = db_bool(r, 0, 2);
	return true;
}

static int fail_denied(struct str name, struct mst_error *err)
{
	mst_fail(err, MST_DENIED, "no permission to change table '%.*s'", STR_FMT(name));
	return mst_hint(err, "it takes role write in its team; mst-table get shows the team");
}

/* A row that was not found with the revision that was expected. */
static int fail_missed(struct db *db, const struct store_definition *d, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	int64_t now;
	struct str by;
	bool may;
	if (!look(tmp, db, d->name, &now, &by, &may)) {
		const struct db_result *r;
		int rc = db_query(tmp, db, STR("SELECT FROM mst.catalogue_revision WHERE name = $1 LIMIT 1"), &d->name, 1, &r, err);
		if (rc)
			return rc;
		if (!db_rows(r)) {
			mst_fail(err, MST_CONFLICT, "table '%.*s' was never in the catalogue, so it has no revision %lld",
				 STR_FMT(d->name), (long long)d->revision);
			return mst_hint(err, "a new table is put without a revision: take the key 'revision' out of its line");
		}
		mst_fail(err, MST_CONFLICT, "table '%.*s' is gone: there was revision %lld", STR_FMT(d->name),
			 (long long)d->revision);
		return mst_hint(err, "mst-table log %.*s shows what happened", STR_FMT(d->name));
	}
	if (now == d->revision)
		return fail_denied(d->name, err);
	mst_fail(err, MST_CONFLICT, "table '%.*s' has changed: it has revision %lld, by %.*s, not %lld", STR_FMT(d->name),
		 (long long)now, STR_FMT(by), (long long)d->revision);
	return mst_hint(err, "mst-table log %.*s shows what changed; read it again and put your change on top",
			STR_FMT(d->name));
}

/* The error of the server, in words about tables. */
static int translate(struct db *db, const struct store_definition *d, size_t n, struct mst_error *err)
{
	const struct db_diag *diag = db_diag(db);
	if (strcmp(err->sqlstate, "23505") == 0) {
		/* the detail is "Key (name)=(x) already exists." */
		const char *from = strstr(diag->detail, ")=("), *to = strrchr(diag->detail, ')');
		struct str name = n == 1 ? d->name : (struct str){ "", 0 };
		if (n > 1 && from && to && to > from + 3)
			name = (struct str){ from + 3, (size_t)(to - from - 3) };
		char shown[256];
		size_t k = name.n < sizeof shown ? name.n : sizeof shown - 1;
		memcpy(shown, name.p, k);
		shown[k] = 0;
		mst_fail(err, MST_CONFLICT, "table '%s' is there already", shown);
		return mst_hint(err, "somebody made it just now, or it belongs to a team whose tables you do not see");
	}
	if (strcmp(err->sqlstate, "23503") == 0 && d->team.p && strstr(diag->constraint, "team")) {
		mst_fail(err, MST_NOT_FOUND, "there is no team '%.*s'%s%.*s%s", STR_FMT(d->team), n == 1 ? ", which table '" : "",
			 n == 1 ? (int)d->name.n : 0, d->name.p, n == 1 ? "' was of" : "");
		return mst_hint(err, "--team puts it into another; mst-team list shows them");
	}
	if (strcmp(err->sqlstate, "42501") == 0 && strstr(err->msg, "row-level security")) {
		struct str team = d->team.p ? d->team : (struct str){ "", 0 };
		if (n == 1 && team.n)
			mst_fail(err, MST_DENIED, "no permission to put table '%.*s' into team '%.*s'", STR_FMT(d->name),
				 STR_FMT(team));
		else
			mst_fail(err, MST_DENIED, "no permission to put %s%.*s%s", n == 1 ? "table '" : "these tables",
				 n == 1 ? (int)d->name.n : 0, d->name.p, n == 1 ? "'" : "");
		return mst_hint(err, "it takes role write in the team; mst-user whoami shows yours");
	}
	return err->code;
}

/* --- putting ----------------------------------------------------------------------------- */

enum {
	P_NAME, P_FILE, P_SQL, P_KIND, P_DIALECT, P_ATTRS, P_READS, P_WRITES, P_CALLS, P_LINE, P_TEAM, P_ORIGIN,
	P_REVISION, P_COLUMNS
};

#define UNNEST \
	" FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])," \
	" pg_catalog.unnest($4::text[]), pg_catalog.unnest($5::text[]), pg_catalog.unnest($6::text[])," \
	" pg_catalog.unnest($7::text[]), pg_catalog.unnest($8::text[]), pg_catalog.unnest($9::text[])," \
	" pg_catalog.unnest($10::text[]), pg_catalog.unnest($11::text[]), pg_catalog.unnest($12::text[])," \
	" pg_catalog.unnest($13::bigint[])) AS v(name, file, sql, kind, dialect, attrs, reads, writes, calls, line, team," \
	" origin, revision)"

static const char insert_sql[] =
	"INSERT INTO mst.catalogue (name, file, sql, kind, dialect, attrs, reads, writes, calls, line, team, origin)"
	" SELECT v.name, v.file, v.sql, v.kind, v.dialect, v.attrs::json, v.reads::text[], v.writes::text[],"
	" v.calls::text[], v.line::json, v.team, v.origin" UNNEST;

static const char update_sql[] =
	"UPDATE mst.catalogue c SET file = v.file, sql = v.sql, kind = v.kind, dialect = v.dialect, attrs = v.attrs::json,"
	" reads = v.reads::text[], writes = v.writes::text[], calls = v.calls::text[], line = v.line::json, team = v.team,"
	" origin = v.origin" UNNEST " WHERE c.name = v.name AND c.revision = v.revision RETURNING c.name";

static void params_of(struct pool *pool, const struct store_definition *d, size_t n, struct str out[P_COLUMNS])
{
	struct str *col = pool_array(pool, n, sizeof *col);
	for (int k = 0; k < P_COLUMNS; k++) {
		for (size_t i = 0; i < n; i++) {
			const struct store_definition *t = &d[i];
			switch (k) {
			case P_NAME: col[i] = t->name; break;
			case P_FILE: col[i] = t->file; break;
			case P_SQL: col[i] = t->sql; break;
			case P_KIND: col[i] = t->kind; break;
			case P_DIALECT: col[i] = t->dialect; break;
			case P_ATTRS: col[i] = t->attrs; break;
			case P_READS: col[i] = db_param_texts(pool, t->reads, t->nreads); break;
			case P_WRITES: col[i] = db_param_texts(pool, t->writes, t->nwrites); break;
			case P_CALLS: col[i] = db_param_texts(pool, t->calls, t->ncalls); break;
			case P_LINE: col[i] = t->line; break;
			case P_TEAM: col[i] = t->team; break;
			case P_ORIGIN: col[i] = t->origin; break;
			default: col[i] = db_param_int(pool, t->revision); break;
			}
		}
		out[k] = db_param_texts(pool, col, n);
	}
}

/* The first that the statement did not touch. */
static const struct store_definition *missed(const struct store_definition *d, size_t n, const struct db_result *done)
{
	for (size_t i = 0; db_rows(done) < n && i < n; i++) {
		size_t k = 0;
		while (k < db_rows(done) && !str_eq(db_text(done, k, 0), d[i].name))
			k++;
		if (k == db_rows(done))
			return &d[i];
	}
	return NULL;
}

/* All of one kind: new, or not. */
static int put_batch(struct db *db, const struct store_definition *d, size_t n, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str params[P_COLUMNS];
	bool is_new = d->revision == 0;
	params_of(tmp, d, n, params);
	if (is_new)
		params[P_REVISION] = db_param_texts(tmp, NULL, 0);
	int rc = db_query(tmp, db, str_of(is_new ? insert_sql : update_sql), params, P_COLUMNS, &r, err);
	if (rc)
		return translate(db, d, n, err);
	const struct store_definition *left = is_new ? NULL : missed(d, n, r);
	return left ? fail_missed(db, left, err) : 0;
}

int store_catalogue_put(struct db *db, const struct store_definition *d, size_t n, struct mst_error *err)
{
	int rc = 0;
	for (size_t i = 0, end; !rc && i < n; i = end) {
		size_t bytes = 0;
		for (end = i; end < n && end - i < BATCH && bytes < BATCH_BYTES; end++) {
			if ((d[end].revision == 0) != (d[i].revision == 0))
				break;
			bytes += d[end].sql.n + d[end].line.n;
		}
		rc = put_batch(db, d + i, end - i, err);
	}
	return rc;
}

int store_catalogue_remove(struct db *db, const struct str *names, size_t n, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str param = db_param_texts(tmp, names, n);
	int rc = db_query(tmp, db, STR("DELETE FROM mst.catalogue WHERE name = ANY ($1) RETURNING name"), &param, 1, &r, err);
	if (rc)
		return rc;
	for (size_t i = 0; db_rows(r) < n && i < n; i++) {
		size_t k = 0;
		int64_t revision;
		struct str by;
		bool may;
		while (k < db_rows(r) && !str_eq(db_text(r, k, 0), names[i]))
			k++;
		if (k < db_rows(r))
			continue;
		if (look(tmp, db, names[i], &revision, &by, &may))
			return fail_denied(names[i], err);
		return mst_fail(err, MST_NOT_FOUND, "there is no table '%.*s' in the catalogue", STR_FMT(names[i]));
	}
	return 0;
}

int store_catalogue_origin(struct db *db, const struct str *names, size_t n, struct str origin, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct str params[] = { db_param_texts(tmp, names, n), origin };
	return db_run(db, STR("UPDATE mst.catalogue SET origin = $2 WHERE name = ANY ($1)"), params, 2, NULL, err);
}

int store_catalogue_restore(struct db *db, struct str name, int64_t from, struct str team, int64_t *revision,
			    struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct store_definition d = { .name = name };
	struct str params[] = { name, db_param_int(tmp, from), team };
	int64_t now;
	struct str by;
	bool may;
	int rc = db_query(tmp, db, STR("SELECT team FROM mst.catalogue_revision WHERE name = $1 AND revision = $2"), params, 2,
			  &r, err);
	if (rc)
		return rc;
	if (db_rows(r) == 0) {
		mst_fail(err, MST_NOT_FOUND, "table '%.*s' has no revision %lld", STR_FMT(name), (long long)from);
		return mst_hint(err, "mst-table log %.*s shows them", STR_FMT(name));
	}
	d.team = team.p ? team : db_is_null(r, 0, 0) ? DB_NULL : db_text(r, 0, 0);
	rc = db_query(tmp, db,
		      STR("UPDATE mst.catalogue c SET file = r.file, origin = r.origin, sql = r.sql, kind = r.kind,"
			  " dialect = r.dialect, attrs = r.attrs, reads = r.reads, writes = r.writes, calls = r.calls, line = r.line,"
			  " team = coalesce($3, c.team)"
			  " FROM mst.catalogue_revision r WHERE c.name = $1 AND r.name = $1 AND r.revision = $2"
			  " RETURNING c.revision"),
		      params, 3, &r, err);
	if (rc)
		return translate(db, &d, 1, err);
	if (db_rows(r) == 0 && look(tmp, db, name, &now, &by, &may))
		return fail_denied(name, err);
	if (db_rows(r) == 0)
		rc = db_query(tmp, db,
			      STR("INSERT INTO mst.catalogue (name, file, sql, kind, dialect, attrs, reads, writes, calls, line,"
				  " owner, team, origin) SELECT r.name, r.file, r.sql, r.kind, r.dialect, r.attrs, r.reads, r.writes,"
				  " r.calls, r.line, r.owner, coalesce($3, r.team), r.origin FROM mst.catalogue_revision r"
				  " WHERE r.name = $1 AND r.revision = $2 RETURNING revision"),
			      params, 3, &r, err);
	if (rc)
		return translate(db, &d, 1, err);
	*revision = db_int(r, 0, 0);
	return 0;
}
