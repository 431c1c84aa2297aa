/* The new relation takes the place of the old one; all that hangs on that follows. */
#include "provider/postgres/internal.h"

#include "base/time.h"

#include <time.h>

/* Readers queue behind a waiting exclusive lock, so one wait is short. */
#define LOCK_SLICE_MS 500
#define LOCK_PATIENCE_US (10 * 60 * US_PER_S)
#define SWAP_TRIES 20

static bool is_state(const struct mst_error *err, const char *sqlstate)
{
	return strcmp(err->sqlstate, sqlstate) == 0;
}

static int back(struct pg *pg, const char *savepoint, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	return db_exec(pg->db, str_of(pool_printf(tmp, "ROLLBACK TO SAVEPOINT %s", savepoint)), err);
}

int pg_exec_patiently(struct pg *pg, struct pool *pool, struct str sql, struct mst_error *err)
{
	struct str text = str_of(pool_printf(pool, "SAVEPOINT mst_swap; SET LOCAL lock_timeout = '%dms'; %.*s; "
						   "SET LOCAL lock_timeout = 0", LOCK_SLICE_MS, STR_FMT(sql)));
	int64_t end = time_mono_us() + LOCK_PATIENCE_US;
	for (long wait = 50;; wait = wait < 1000 ? wait * 2 : wait) {
		int rc = db_exec(pg->db, text, err);
		if (!rc || (!is_state(err, "55P03") && !is_state(err, "40P01")) || time_mono_us() > end)
			return rc;
		struct mst_error why = *err;
		rc = back(pg, "mst_swap", err);
		if (rc)
			return rc;
		*err = why;
		struct timespec t = { wait / 1000, wait % 1000 * 1000000 };
		nanosleep(&t, NULL);
	}
}

/* The last column: nothing hangs on the old relation and nothing of it must be kept.  What hangs on a
 * table stands in pg_depend, save for its row type and its TOAST table. */
static const char relation_sql[] =
	"SELECT c.oid, c.relkind,"
	"       CASE WHEN b.relkind IN ('r', 'm') THEN pg_catalog.pg_table_size(b.oid) ELSE -1 END,"
	"       c.relkind = 'r' AND b.relkind = 'r' AND c.relowner = b.relowner AND c.relam = b.relam"
	"       AND c.relacl IS NOT DISTINCT FROM b.relacl AND c.reloptions IS NULL AND c.reltablespace = b.reltablespace"
	"       AND c.relpersistence = b.relpersistence AND NOT c.relrowsecurity AND NOT c.relforcerowsecurity"
	"       AND c.relreplident = 'd' AND c.reloftype = 0 AND NOT c.relispartition"
	"       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d"
	"         WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = c.oid"
	"           AND NOT (d.deptype = 'i' AND d.refobjsubid = 0 AND (d.objid = c.reltype OR d.objid = c.reltoastrelid)))"
	"       AND NOT EXISTS (SELECT FROM pg_catalog.pg_description s"
	"         WHERE s.objoid = c.oid AND s.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass)"
	"       AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a"
	"         JOIN pg_catalog.pg_type t ON t.oid = a.atttypid WHERE a.attrelid = c.oid AND a.attnum > 0"
	"           AND (a.attnotnull OR a.attacl IS NOT NULL OR a.attoptions IS NOT NULL OR a.attcompression <> ''"
	"             OR COALESCE(a.attstattarget, -1) >= 0 OR a.attstorage <> t.typstorage))"
	"       AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid)"
	"       AND NOT EXISTS (SELECT FROM pg_catalog.pg_class o WHERE o.oid = c.reltoastrelid AND o.reloptions IS NOT NULL)"
	"  FROM pg_catalog.pg_namespace n"
	"  LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = $2"
	"  LEFT JOIN pg_catalog.pg_class b ON b.relnamespace = n.oid AND b.relname = $3"
	" WHERE n.nspname = $1";
enum { R_OID, R_KIND, R_BYTES, R_PLAIN };

static const char *drop_word(char relkind)
{
	switch (relkind) {
	case 'r':
	case 'p':
		return "TABLE";
	case 'v':
		return "VIEW";
	case 'm':
		return "MATERIALIZED VIEW";
	case 'f':
		return "FOREIGN TABLE";
	default:
		return NULL;
	}
}

/* What is to follow, as it was at one moment. */
struct followers {
	pg_followers views; /* with what they carry at the second look */
	struct str lock;    /* keeps readers from them and from the relation */
	pg_carries own;
};

static int cannot(struct pg_job *j, struct str who, struct str why, struct mst_error *err)
{
	if (who.p)
		mst_fail(err, MST_CONFLICT, "%.*s depends on %.*s and cannot follow it: %.*s", STR_FMT(who),
			 STR_FMT(j->n.full), STR_FMT(why));
	else
		mst_fail(err, MST_CONFLICT, "%.*s cannot be replaced: %.*s", STR_FMT(j->n.full), STR_FMT(why));
	mst_hint(err, "the table is as it was; drop that object, or name another target");
	return mst_place(err, j->t->file, 0, 0);
}

static int look(struct pg_job *j, struct str oid, bool second, struct followers *out, struct mst_error *err)
{
	struct followers f = { 0 };
	int rc = pg_followers_read(j, oid, second, &f.views, &f.lock, err);
	for (size_t i = 0; !rc && i < f.views.n; i++) {
		const struct pg_follower *v = &f.views.v[i];
		if (!v->stuck.p)
			continue;
		rc = cannot(j, v->name, v->stuck, err);
		if (v->hint.p)
			mst_hint(err, "%.*s", STR_FMT(v->hint));
	}
	if (!rc)
		rc = pg_carry_read(j, oid, j->n.build, j->n.full, &f.own, err);
	for (size_t i = 0; !rc && i < f.own.n; i++)
		if (f.own.v[i].phase == PG_STUCK)
			rc = cannot(j, (struct str){ NULL, 0 }, f.own.v[i].sql, err);
	for (size_t i = 0; !rc && second && i < f.views.n; i++) {
		struct pg_follower *v = &f.views.v[i];
		rc = pg_carry_read(j, v->oid, v->name, v->name, &v->carries, err);
	}
	if (!rc)
		*out = f;
	return rc;
}

/* Whether what was locked and built by the first look holds at the second. */
static bool same(const struct followers *a, const struct followers *b)
{
	size_t k = 0;
	if (a->views.n != b->views.n)
		return false;
	for (size_t i = 0; i < a->views.n; i++)
		if (!str_eq(a->views.v[i].oid, b->views.v[i].oid))
			return false;
	for (size_t i = 0; i < a->own.n; i++) {
		if (a->own.v[i].phase != PG_BUILD)
			continue;
		while (k < b->own.n && b->own.v[k].phase != PG_BUILD)
			k++;
		if (k == b->own.n || !str_eq(a->own.v[i].sql, b->own.v[k].sql))
			return false;
		k++;
	}
	while (k < b->own.n && b->own.v[k].phase != PG_BUILD)
		k++;
	return k == b->own.n;
}

/* "function f() depends on table t", the first of what PostgreSQL lists. */
static int needed(struct pg_job *j, struct mst_error *err)
{
	struct str all = str_of(db_diag(j->pg->db)->detail), first, rest;
	if (!is_state(err, "2BP01") || !all.n)
		return err->code;
	str_cut(all, '\n', &first, &rest);
	return cannot(j, (struct str){ NULL, 0 }, str_dup(j->pool, first), err);
}

/* Drops the old relation with its views, outermost first, renames, makes the views again. */
static int replace(struct pg_job *j, const struct followers *f, char relkind, struct mst_error *err)
{
	struct db *db = j->pg->db;
	struct buf b;
	int rc = pg_carry_run(j, &f->own, PG_BEFORE, j->n.full, err);
	if (rc)
		return rc;
	buf_init(&b, j->pool);
	pg_followers_drop(&f->views, &b);
	buf_printf(&b, "DROP %s %.*s; ALTER TABLE %.*s RENAME TO %.*s", drop_word(relkind), STR_FMT(j->n.full),
		   STR_FMT(j->n.build), STR_FMT(j->n.table));
	if (db_exec(db, buf_view(&b), err))
		return needed(j, err);
	rc = pg_carry_run(j, &f->own, PG_AFTER, j->n.full, err);
	for (size_t i = 0; !rc && i < f->views.n; i++)
		rc = pg_follow(j, &f->views.v[i], err);
	return rc;
}

static int locked(struct pg_job *j, struct mst_error *err)
{
	mst_fail(err, MST_CONFLICT, "%.*s has been locked by somebody else for too long", STR_FMT(j->n.full));
	return mst_hint(err, "pg_locks and pg_stat_activity of the warehouse say by whom");
}

static int lock_all(struct pg_job *j, const struct followers *f, struct mst_error *err)
{
	int rc = pg_exec_patiently(j->pg, j->pool, f->lock, err);
	return rc && is_state(err, "55P03") ? locked(j, err) : rc;
}

/* The usual case in one trip: a table that nothing hangs on.  1 where something does after all. */
static int replace_plain(struct pg_job *j, struct mst_error *err)
{
	struct mst_error why;
	const struct pg_names *n = &j->n;
	struct str sql = str_of(pool_printf(j->pool, "DROP TABLE %.*s; ALTER TABLE %.*s RENAME TO %.*s", STR_FMT(n->full),
					    STR_FMT(n->build), STR_FMT(n->table)));
	int rc = pg_exec_patiently(j->pg, j->pool, sql, &why);
	if (!rc)
		return 0;
	/* a view was made just now (2BP01), or the table was taken away or became a view */
	if (is_state(&why, "2BP01") || is_state(&why, "42P01") || is_state(&why, "42809")) {
		rc = back(j->pg, "mst_swap", err);
		return rc ? rc : 1;
	}
	*err = why;
	return is_state(err, "55P03") ? locked(j, err) : rc;
}

static int read_relation(struct pg_job *j, const struct db_result **out, struct mst_error *err)
{
	struct str names[] = { j->n.schema_text, j->n.table_text, j->n.build_text };
	return db_query(j->pool, j->pg->db, str_of(relation_sql), names, 3, out, err);
}

/* 1 where something changed between the first look and the lock. */
static int replace_with_all(struct pg_job *j, const struct db_result *rel, struct mst_error *err)
{
	struct str oid = db_text(rel, 0, R_OID);
	char relkind = db_text(rel, 0, R_KIND).p[0];
	struct followers first, second;
	if (!drop_word(relkind)) {
		mst_fail(err, MST_CONFLICT, "%.*s is there already and is no table or view", STR_FMT(j->n.full));
		return mst_place(err, j->t->file, 0, 0);
	}
	/* so that definitions have every name in full; and one plan of a long query of small tables is enough */
	int rc = db_exec(j->pg->db,
			 STR("SAVEPOINT mst_carry; SET LOCAL search_path TO pg_catalog; SET LOCAL jit = off;"
			     "SET LOCAL plan_cache_mode = force_generic_plan"),
			 err);
	if (!rc)
		rc = look(j, oid, false, &first, err);
	if (!rc)
		rc = pg_carry_run(j, &first.own, PG_BUILD, j->n.full, err);
	if (!rc)
		rc = lock_all(j, &first, err);
	if (!rc)
		rc = read_relation(j, &rel, err);
	if (rc)
		return rc;
	/* somebody may have made a view or an index, or another table */
	if (!db_is_null(rel, 0, R_OID) && str_eq(db_text(rel, 0, R_OID), oid)) {
		rc = look(j, oid, true, &second, err);
		if (rc)
			return rc;
		if (same(&first, &second)) {
			rc = replace(j, &second, relkind, err);
			bool pub = str_eqz(j->n.schema_text, "public");
			struct str path = str_of(pool_printf(j->pool, "SET LOCAL search_path TO %.*s%s; SET LOCAL jit TO DEFAULT;"
						 "SET LOCAL plan_cache_mode TO DEFAULT", STR_FMT(j->n.schema),
							     pub ? "" : ", public"));
			return rc ? rc : db_exec(j->pg->db, path, err);
		}
	}
	rc = back(j->pg, "mst_carry", err);
	return rc ? rc : 1;
}

int pg_swap(struct pg_job *j, struct mst_error *err)
{
	for (int tries = 1; tries <= SWAP_TRIES; tries++) {
		const struct db_result *rel;
		int rc = read_relation(j, &rel, err);
		if (rc)
			return rc;
		j->result.bytes = db_int(rel, 0, R_BYTES);
		if (db_is_null(rel, 0, R_OID))
			return db_exec(j->pg->db,
				       str_of(pool_printf(j->pool, "ALTER TABLE %.*s RENAME TO %.*s", STR_FMT(j->n.build),
							  STR_FMT(j->n.table))),
				       err);
		rc = tries == 1 && db_bool(rel, 0, R_PLAIN) ? replace_plain(j, err) : replace_with_all(j, rel, err);
		if (rc <= 0)
			return rc;
	}
	return mst_fail(err, MST_CONFLICT, "what hangs on %.*s changes all the time", STR_FMT(j->n.full));
}

int pg_take_place(struct pg_job *j, struct mst_error *err)
{
	int64_t before = j->t->rows_before;
	int rc = pg_keys(j, err);
	if (!rc && before < 0)
		rc = pg_count_before(j, &before, err);
	if (!rc)
		rc = pg_tests(j, j->n.build, before, err);
	if (!rc)
		rc = pg_effect_write(j, j->n.build, err);
	return rc || j->done ? rc : pg_swap(j, err);
}
