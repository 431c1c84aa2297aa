#include "store/account.h"

#include "base/jsonl.h"
#include "store/internal.h"

#define AT(column) \
	"pg_catalog.to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"

static int call(struct db *db, struct str sql, const struct str *params, size_t n, struct mst_error *err)
{
	return db_run(db, sql, params, n, NULL, err) ? store_translate(err) : 0;
}

static struct str choice(enum store_choice c)
{
	return c == STORE_KEEP ? DB_NULL : db_param_bool(c == STORE_YES);
}

static struct str text(const char *s)
{
	return s ? str_of(s) : DB_NULL;
}

int store_account_add(struct db *db, const struct store_account *a, struct mst_error *err)
{
	struct str params[] = { str_of(a->name), choice(a->admin), text(a->description) };
	return call(db, STR("SELECT mst.account_add($1, $2, $3)"), params, 3, err);
}

int store_account_set(struct db *db, const struct store_account *a, struct mst_error *err)
{
	struct str params[] = { str_of(a->name), choice(a->admin), choice(a->disabled), text(a->description) };
	return call(db, STR("SELECT mst.account_set($1, $2, $3, $4)"), params, 4, err);
}

int store_team_put(struct db *db, const char *name, const char *description, struct mst_error *err)
{
	struct str params[] = { str_of(name), text(description) };
	return call(db, STR("SELECT mst.team_put($1, $2)"), params, 2, err);
}

int store_team_rm(struct db *db, const char *name, struct mst_error *err)
{
	struct str param = str_of(name);
	return call(db, STR("SELECT mst.team_rm($1)"), &param, 1, err);
}

int store_team_join(struct db *db, const char *team, const char *user, const char *role, struct mst_error *err)
{
	struct str params[] = { str_of(team), str_of(user), str_of(role) };
	return call(db, STR("SELECT mst.team_join($1, $2, $3)"), params, 3, err);
}

int store_team_leave(struct db *db, const char *team, const char *user, struct mst_error *err)
{
	struct str params[] = { str_of(team), str_of(user) };
	return call(db, STR("SELECT mst.team_leave($1, $2)"), params, 2, err);
}

/* Both lists: a row for each pair of user and team, those of one line behind each other. */
enum { NAME, OTHER, ROLE, DESCRIPTION, ADDED_BY, ADDED_AT, ADMIN, DISABLED, GONE };

static int tell_lines(const struct db_result *r, bool users, store_line *tell, void *arg, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct buf b;
	struct jw w;
	buf_init(&b, tmp);
	int rc = 0;
	for (size_t i = 0, next; !rc && i < db_rows(r); i = next) {
		struct str name = db_text(r, i, NAME);
		buf_reset(&b);
		jw_init(&w, &b);
		jw_object(&w);
		jw_key_z(&w, "type", users ? "user" : "team");
		jw_key_s(&w, "name", name);
		if (users) {
			jw_key_b(&w, "admin", db_bool(r, i, ADMIN));
			jw_key_b(&w, "disabled", db_bool(r, i, DISABLED));
			if (db_bool(r, i, GONE))
				jw_key_b(&w, "gone", true);
		}
		jw_key(&w, users ? "teams" : "members");
		jw_object(&w);
		for (next = i; next < db_rows(r) && str_eq(db_text(r, next, NAME), name); next++)
			if (!db_is_null(r, next, OTHER)) {
				jw_key_str(&w, db_text(r, next, OTHER));
				jw_str(&w, db_text(r, next, ROLE));
			}
		jw_end(&w);
		jw_key_s(&w, "description", db_text(r, i, DESCRIPTION));
		jw_key_s(&w, "added_by", db_text(r, i, ADDED_BY));
		jw_key_s(&w, "added_at", db_text(r, i, ADDED_AT));
		jw_end(&w);
		rc = tell(arg, buf_view(&b), err);
	}
	return rc;
}

#define USERS_SQL \
	"SELECT a.name, m.team, m.role, a.description, a.added_by, " AT("a.added_at") ", a.admin, a.disabled," \
	" NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = a.role AND r.rolname = a.name)" \
	"  FROM mst.account a LEFT JOIN mst.member m ON m.account = a.name"

int store_account_list(struct db *db, const char *name, store_line *tell, void *arg, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str param = text(name);
	int rc = db_query(tmp, db,
			  STR(USERS_SQL " WHERE $1::text IS NULL OR a.name = $1 ORDER BY a.name COLLATE \"C\", m.team COLLATE \"C\""),
			  &param, 1, &r, err);
	if (!rc && name && db_rows(r) == 0)
		rc = mst_fail(err, MST_NOT_FOUND, "there is no user \"%s\"", name);
	return rc ? rc : tell_lines(r, true, tell, arg, err);
}

int store_account_me(struct db *db, store_line *tell, void *arg, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	int rc = db_query(tmp, db, STR(USERS_SQL " WHERE a.name = mst.me() ORDER BY m.team COLLATE \"C\""), NULL, 0, &r, err);
	if (!rc && db_rows(r) == 0)
		return store_fail_unknown(db, err);
	return rc ? rc : tell_lines(r, true, tell, arg, err);
}

int store_team_list(struct db *db, const char *name, store_line *tell, void *arg, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str param = text(name);
	int rc = db_query(tmp, db,
			  STR("SELECT t.name, m.account, m.role, t.description, t.added_by, " AT("t.added_at")
			      "  FROM mst.team t LEFT JOIN mst.member m ON m.team = t.name"
			      " WHERE $1::text IS NULL OR t.name = $1"
			      " ORDER BY t.name COLLATE \"C\", m.account COLLATE \"C\""),
			  &param, 1, &r, err);
	if (!rc && name && db_rows(r) == 0)
		rc = mst_fail(err, MST_NOT_FOUND, "there is no team \"%s\"", name);
	return rc ? rc : tell_lines(r, false, tell, arg, err);
}

int store_fail_unknown(struct db *db, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	int rc = db_query(tmp, db, STR("SELECT session_user"), NULL, 0, &r, err);
	if (rc)
		return rc;
	const char *name = db_text(r, 0, 0).p;
	mst_fail(err, MST_DENIED, "role \"%s\" is unknown to this mst", name);
	return mst_hint(err, "ask an admin for: mst-user add %s; or, where he was disabled: mst-user set %s --enabled", name,
			name);
}
