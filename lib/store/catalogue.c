#include "store/catalogue.h"

/* rows in a piece: the texts of so many tables, or so many lines, are held at once */
enum { PIECE = 4000, PIECE_SQL = 200, PIECE_LOG = 50 };

#define COLUMNS \
	"SELECT c.name, c.file, c.sha256, c.dialect, c.line, c.owner, c.team, c.origin, c.revision, c.created_at," \
	" c.created_by, c.updated_at, c.updated_by, c.source"

enum {
	C_NAME, C_FILE, C_SHA256, C_DIALECT, C_LINE, C_OWNER, C_TEAM, C_ORIGIN, C_REVISION, C_CREATED_AT, C_CREATED_BY,
	C_UPDATED_AT, C_UPDATED_BY, C_SOURCE, C_SQL
};

static struct str text(const struct db_result *r, size_t i, size_t col)
{
	return db_is_null(r, i, col) ? DB_NULL : db_text(r, i, col);
}

/* "2026-11-22 12:40:05.123+00" of a session in UTC, as ISO 8601: a fifth of the time of to_char. */
static struct str iso(struct pool *pool, struct str s)
{
	if (s.n < 20 || memcmp(s.p + s.n - 3, "+00", 3) != 0)
		return s;
	char *p = pool_memdup(pool, s.p, s.n);
	p[10] = 'T';
	p[s.n - 3] = 'Z';
	return (struct str){ p, s.n - 2 };
}

static int tell_tables(const struct db_result *r, bool sql, store_table_told *tell, void *arg, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	int rc = 0;
	for (size_t i = 0; !rc && i < db_rows(r); i++) {
		struct store_table t = {
			.name = text(r, i, C_NAME),
			.file = text(r, i, C_FILE),
			.sql = sql ? text(r, i, C_SQL) : DB_NULL,
			.sha256 = text(r, i, C_SHA256),
			.dialect = text(r, i, C_DIALECT),
			.line = text(r, i, C_LINE),
			.owner = text(r, i, C_OWNER),
			.team = text(r, i, C_TEAM),
			.origin = text(r, i, C_ORIGIN),
			.revision = db_int(r, i, C_REVISION),
			.created_at = iso(tmp, text(r, i, C_CREATED_AT)),
			.created_by = text(r, i, C_CREATED_BY),
			.updated_at = iso(tmp, text(r, i, C_UPDATED_AT)),
			.updated_by = text(r, i, C_UPDATED_BY),
			.source = text(r, i, C_SOURCE),
		};
		rc = tell(arg, &t, err);
	}
	return rc;
}

struct each {
	bool sql;
	store_table_told *tell;
	void *arg;
};

static int each_piece(struct db *db, const struct each *e, struct str *last, struct pool *kept, bool *more,
		      struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	size_t most = e->sql ? PIECE_SQL : PIECE;
	struct str params[] = { *last, db_param_int(tmp, (int64_t)most) };
	int rc = db_query(tmp, db,
			  e->sql ? STR(COLUMNS ", c.sql FROM mst.catalogue c WHERE c.name > $1 ORDER BY c.name LIMIT $2")
				 : STR(COLUMNS " FROM mst.catalogue c WHERE c.name > $1 ORDER BY c.name LIMIT $2"),
			  params, 2, &r, err);
	if (!rc)
		rc = tell_tables(r, e->sql, e->tell, e->arg, err);
	if (rc)
		return rc;
	*more = db_rows(r) == most;
	if (*more) {
		struct str name = db_text(r, most - 1, C_NAME);
		pool_clear(kept);
		*last = str_dup(kept, name);
	}
	return 0;
}

int store_catalogue_each(struct db *db, bool sql, store_table_told *tell, void *arg, struct mst_error *err)
{
	POOL_SCRATCH(kept);
	struct each e = { sql, tell, arg };
	struct str last = STR("");
	bool more = true;
	int rc = db_exec(db, STR("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"), err);
	while (!rc && more)
		rc = each_piece(db, &e, &last, kept, &more, err);
	db_rollback(db);
	return rc;
}

int store_catalogue_get(struct db *db, const struct str *names, size_t n, bool sql, store_table_told *tell, void *arg,
			struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str param = db_param_texts(tmp, names, n);
	int rc = db_query(tmp, db,
			  sql ? STR(COLUMNS ", c.sql FROM mst.catalogue c WHERE c.name = ANY ($1) ORDER BY c.name")
			      : STR(COLUMNS " FROM mst.catalogue c WHERE c.name = ANY ($1) ORDER BY c.name"),
			  &param, 1, &r, err);
	return rc ? rc : tell_tables(r, sql, tell, arg, err);
}

#define BRIEF "SELECT name, file, dialect, sha256, origin, team, revision FROM mst.catalogue"

int store_catalogue_brief(struct pool *pool, struct db *db, const struct str *names, size_t n, store_briefs *out,
			  struct mst_error *err)
{
	const struct db_result *r;
	struct str param = names ? db_param_texts(pool, names, n) : DB_NULL;
	int rc = db_query(pool, db, names ? STR(BRIEF " WHERE name = ANY ($1) ORDER BY name") : STR(BRIEF " ORDER BY name"),
			  &param, names != NULL, &r, err);
	if (rc)
		return rc;
	*out = (store_briefs){ 0 };
	for (size_t i = 0; i < db_rows(r); i++)
		*vec_push(pool, out) = (struct store_brief){
			.name = text(r, i, 0),
			.file = text(r, i, 1),
			.dialect = text(r, i, 2),
			.sha256 = text(r, i, 3),
			.origin = text(r, i, 4),
			.team = text(r, i, 5),
			.revision = db_int(r, i, 6),
		};
	return 0;
}

int store_catalogue_log(struct db *db, struct str name, store_revision_told *tell, void *arg, struct mst_error *err)
{
	int64_t last = 0;
	for (bool more = true; more;) {
		POOL_SCRATCH(tmp);
		const struct db_result *r;
		struct str params[] = { name, db_param_int(tmp, last), db_param_int(tmp, PIECE_LOG) };
		int rc = db_query(tmp, db,
				  STR("SELECT revision, action, at, by, owner, team, file, sql, sha256, source"
				      "  FROM mst.catalogue_revision WHERE name = $1 AND revision > $2 ORDER BY revision LIMIT $3"),
				  params, 3, &r, err);
		for (size_t i = 0; !rc && i < db_rows(r); i++) {
			last = db_int(r, i, 0);
			struct store_revision v = {
				.name = name,
				.revision = last,
				.action = text(r, i, 1),
				.at = iso(tmp, text(r, i, 2)),
				.by = text(r, i, 3),
				.owner = text(r, i, 4),
				.team = text(r, i, 5),
				.file = text(r, i, 6),
				.sql = text(r, i, 7),
				.sha256 = text(r, i, 8),
				.source = text(r, i, 9),
			};
			rc = tell(arg, &v, err);
		}
		if (rc)
			return rc;
		more = db_rows(r) == PIECE_LOG;
	}
	return last ? 0 : mst_fail(err, MST_NOT_FOUND, "table '%.*s' was never in the catalogue", STR_FMT(name));
}

int store_catalogue_names(struct pool *pool, struct db *db, store_catalogue_name_list *out, struct mst_error *err)
{
	const struct db_result *r;
	int rc = db_query(pool, db, STR("SELECT DISTINCT name FROM mst.catalogue_revision ORDER BY name"), NULL, 0, &r, err);
	if (rc)
		return rc;
	*out = (store_catalogue_name_list){ 0 };
	for (size_t i = 0; i < db_rows(r); i++)
		*vec_push(pool, out) = db_text(r, i, 0);
	return 0;
}

int store_caller(struct pool *pool, struct db *db, struct store_caller *out, struct mst_error *err)
{
	const struct db_result *r;
	struct store_caller c = { 0 };
	int rc = db_query(pool, db, STR("SELECT mst.me(), mst.is_admin()"), NULL, 0, &r, err);
	if (rc)
		return rc;
	c.name = text(r, 0, 0);
	c.admin = db_bool(r, 0, 1);
	rc = db_query(pool, db,
		      STR("SELECT t.name, t.name = ANY (mst.my_teams('write')) FROM mst.team t"
			  " ORDER BY t.name COLLATE \"C\""),
		      NULL, 0, &r, err);
	if (rc)
		return rc;
	struct str *teams = pool_array(pool, db_rows(r), sizeof *teams), *own = pool_array(pool, db_rows(r), sizeof *own);
	c.teams = teams;
	c.write = own;
	for (size_t i = 0; i < db_rows(r); i++) {
		teams[c.nteams++] = db_text(r, i, 0);
		if (db_bool(r, i, 1))
			own[c.nwrite++] = db_text(r, i, 0);
	}
	*out = c;
	return 0;
}
