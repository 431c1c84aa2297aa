/* The new relation takes the place of the old one; its dependent views follow. */
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

static int back(struct pg *pg, struct mst_error *err)
{
	return db_exec(pg->db, STR("ROLLBACK TO SAVEPOINT mst_swap"), err);
}

/* Runs `sql` under a savepoint with a short lock time-out, again and again while
 * somebody else holds what it needs. */
static int exec_patiently(struct pg *pg, struct pool *pool, struct str sql, struct mst_error *err)
{
	struct str text = str_of(pool_printf(pool, "SAVEPOINT mst_swap; SET LOCAL lock_timeout = '%dms'; %.*s; "
						   "SET LOCAL lock_timeout = 0", LOCK_SLICE_MS, STR_FMT(sql)));
	int64_t end = time_mono_us() + LOCK_PATIENCE_US;
	for (long wait = 50;; wait = wait < 1000 ? wait * 2 : wait) {
		int rc = db_exec(pg->db, text, err);
		if (!rc || (!is_state(err, "55P03") && !is_state(err, "40P01")) || time_mono_us() > end)
			return rc;
		rc = back(pg, err);
		if (rc)
			return rc;
		struct timespec t = { wait / 1000, wait % 1000 * 1000000 };
		nanosleep(&t, NULL);
	}
}

/* The last column: nothing depends on the old relation and nothing of it must be kept. */
static const char relation_sql[] =
	"SELECT c.oid, c.relkind,"
	"       CASE WHEN b.relkind = 'r' THEN pg_catalog.pg_table_size(b.oid) ELSE -1 END,"
	"       c.relkind = 'r' AND c.relacl IS NULL AND c.relowner = b.relowner"
	"       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d"
	"         WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = c.oid"
	"           AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass)"
	"       AND NOT EXISTS (SELECT FROM pg_catalog.pg_description s"
	"         WHERE s.objoid = c.oid AND s.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass)"
	"  FROM pg_catalog.pg_namespace n"
	"  LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = $2"
	"  LEFT JOIN pg_catalog.pg_class b ON b.relnamespace = n.oid AND b.relname = $3"
	" WHERE n.nspname = $1";

/* What hangs on relation $1, nearest first, and the statements that make it again.
 * Row 0 is the relation itself: owner, grants, comments, to be given to $2.  `stuck`
 * says what cannot be carried over. */
static const char dependents_sql[] =
	"WITH RECURSIVE dep(oid, depth) AS ("
	"  SELECT $1::pg_catalog.oid, 0"
	"  UNION"
	"  SELECT r.ev_class, dep.depth + 1"
	"    FROM dep"
	"    JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass"
	"      AND d.refobjid = dep.oid AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass"
	"    JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid AND r.ev_class <> dep.oid"
	"   WHERE dep.depth < 100"
	"), last AS (SELECT dep.oid, pg_catalog.max(depth) AS depth FROM dep GROUP BY dep.oid)"
	"SELECT last.depth, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,"
	"  CASE WHEN last.depth > 0 AND c.relkind = 'v' THEN"
	"    pg_catalog.format(E'CREATE VIEW %I.%I%s AS\\n%s', n.nspname, c.relname,"
	"    ' WITH (' || pg_catalog.array_to_string(c.reloptions, ', ') || ')', pg_catalog.pg_get_viewdef(c.oid)) END,"
	"  pg_catalog.concat("
	"    CASE WHEN c.relowner <> (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = current_user) THEN"
	"      pg_catalog.format(E'ALTER TABLE %I.%I OWNER TO %I;\\n', n.nspname, c.relname,"
	"        pg_catalog.pg_get_userbyid(c.relowner)) END,"
	"    (SELECT pg_catalog.string_agg(pg_catalog.format(E'GRANT %s ON %I.%I TO %s%s;\\n', a.privilege_type,"
	"       n.nspname, c.relname, CASE WHEN a.grantee = 0 THEN 'PUBLIC'"
	"         ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,"
	"       CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END), '')"
	"       FROM pg_catalog.aclexplode(c.relacl) a WHERE a.grantee <> c.relowner),"
	"    (SELECT pg_catalog.string_agg(CASE WHEN s.objsubid = 0 THEN"
	"        pg_catalog.format(E'COMMENT ON %s %I.%I IS %L;\\n',"
	"          CASE k.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, n.nspname, c.relname, s.description)"
	"      ELSE pg_catalog.format(E'COMMENT ON COLUMN %I.%I.%I IS %L;\\n', n.nspname, c.relname, a.attname,"
	"          s.description) END, '')"
	"       FROM pg_catalog.pg_description s"
	"       LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = s.objsubid"
	"      WHERE s.objoid = c.oid AND s.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass"
	"        AND (s.objsubid = 0 OR last.depth > 0 OR EXISTS (SELECT FROM pg_catalog.pg_attribute b"
	"          WHERE b.attrelid = k.oid AND b.attname = a.attname AND b.attnum > 0 AND NOT b.attisdropped)))),"
	"  CASE WHEN last.depth = 0 THEN NULL"
	"    WHEN c.relkind <> 'v' THEN 'it is not a plain view'"
	"    WHEN EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)"
	"      THEN 'it has triggers'"
	"    WHEN EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN')"
	"      THEN 'it has rules'"
	"    WHEN EXISTS (SELECT FROM pg_catalog.pg_attrdef d WHERE d.adrelid = c.oid) THEN 'it has defaults' END,"
	"  c.oid"
	"  FROM last JOIN pg_catalog.pg_class c ON c.oid = last.oid"
	"  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	/* the relation that will bear this name afterwards */
	"  JOIN pg_catalog.pg_class k ON k.oid = CASE WHEN last.depth > 0 THEN c.oid ELSE $2::pg_catalog.regclass END"
	" ORDER BY last.depth, 2";

enum { D_DEPTH, D_NAME, D_CREATE, D_CARRY, D_STUCK, D_OID };

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

static int dependents(struct pg *pg, struct pool *pool, struct str oid, const struct pg_names *n,
		      const struct db_result **out, struct mst_error *err)
{
	struct str params[] = { oid, n->build };
	return db_query(pool, pg->db, str_of(dependents_sql), params, 2, out, err);
}

static bool same_oids(const struct db_result *a, const struct db_result *b)
{
	if (db_rows(a) != db_rows(b))
		return false;
	for (size_t i = 0; i < db_rows(a); i++)
		if (!str_eq(db_text(a, i, D_OID), db_text(b, i, D_OID)))
			return false;
	return true;
}

/* Drops the old relation with its views, outermost first, renames, makes the views again. */
static int replace(struct pg *pg, struct pool *pool, const struct pg_names *n, const struct db_result *deps,
		   char relkind, struct mst_error *err)
{
	struct buf b;
	buf_init(&b, pool);
	for (size_t i = db_rows(deps); i-- > 1;)
		buf_printf(&b, "DROP VIEW %.*s; ", STR_FMT(db_text(deps, i, D_NAME)));
	buf_printf(&b, "DROP %s %.*s; ALTER TABLE %.*s RENAME TO %.*s; %.*s", drop_word(relkind), STR_FMT(n->full),
		   STR_FMT(n->build), STR_FMT(n->table), STR_FMT(db_text(deps, 0, D_CARRY)));
	int rc = db_exec(pg->db, buf_view(&b), err);
	for (size_t i = 1; !rc && i < db_rows(deps); i++) {
		buf_reset(&b);
		buf_printf(&b, "%.*s\n%.*s", STR_FMT(db_text(deps, i, D_CREATE)), STR_FMT(db_text(deps, i, D_CARRY)));
		rc = db_exec(pg->db, buf_view(&b), err);
		if (rc) {
			mst_wrap(err, "the view %.*s reads %.*s and cannot be made again",
				 STR_FMT(db_text(deps, i, D_NAME)), STR_FMT(n->full));
			if (rc == MST_DATA)
				mst_hint(err, "the table is as it was; change the view first, or drop it");
		}
	}
	return rc;
}

static int locked(const struct pg_names *n, struct mst_error *err)
{
	mst_fail(err, MST_CONFLICT, "%.*s has been locked by somebody else for too long", STR_FMT(n->full));
	return mst_hint(err, "pg_locks and pg_stat_activity of the warehouse say by whom");
}

static int lock_all(struct pg *pg, struct pool *pool, const struct pg_names *n, const struct db_result *deps,
		    char relkind, struct mst_error *err)
{
	struct buf b;
	buf_init(&b, pool);
	/* from the outermost view inwards, as a reader takes them: he then waits by name,
	 * and finds the new relation */
	for (size_t i = db_rows(deps); i-- > 1;)
		buf_printf(&b, "%s%.*s", b.n ? ", " : "LOCK TABLE ", STR_FMT(db_text(deps, i, D_NAME)));
	if (relkind == 'r' || relkind == 'p' || relkind == 'v')
		buf_printf(&b, "%s%.*s", b.n ? ", " : "LOCK TABLE ", STR_FMT(n->full));
	if (!b.n)
		return db_exec(pg->db, STR("SAVEPOINT mst_swap"), err);
	buf_z(&b, " IN ACCESS EXCLUSIVE MODE");
	int rc = exec_patiently(pg, pool, buf_view(&b), err);
	return rc && is_state(err, "55P03") ? locked(n, err) : rc;
}

static int find_stuck(const struct pg_names *n, const struct db_result *deps, struct mst_error *err)
{
	for (size_t i = 0; i < db_rows(deps); i++)
		if (!db_is_null(deps, i, D_STUCK)) {
			mst_fail(err, MST_CONFLICT, "%.*s depends on %.*s and cannot follow it: %.*s",
				 STR_FMT(db_text(deps, i, D_NAME)), STR_FMT(n->full),
				 STR_FMT(db_text(deps, i, D_STUCK)));
			return mst_hint(err, "the table is as it was; drop that object, or name another target");
		}
	return 0;
}

/* The usual case in one trip: a table that nothing hangs on.  1 where something does after all. */
static int replace_plain(struct pg *pg, struct pool *pool, const struct pg_names *n, struct mst_error *err)
{
	struct mst_error why;
	struct str sql = str_of(pool_printf(pool, "DROP TABLE %.*s; ALTER TABLE %.*s RENAME TO %.*s", STR_FMT(n->full),
					    STR_FMT(n->build), STR_FMT(n->table)));
	int rc = exec_patiently(pg, pool, sql, &why);
	if (!rc)
		return 0;
	/* a view was made just now (2BP01), or the table was taken away or became a view */
	if (is_state(&why, "2BP01") || is_state(&why, "42P01") || is_state(&why, "42809")) {
		rc = back(pg, err);
		return rc ? rc : 1;
	}
	*err = why;
	return is_state(err, "55P03") ? locked(n, err) : rc;
}

int pg_swap(struct pg *pg, struct pool *pool, const struct pg_names *n, int64_t *bytes, struct mst_error *err)
{
	for (int tries = 1;; tries++) {
		const struct db_result *rel, *deps, *again;
		struct str names[] = { n->schema_text, n->table_text, n->build_text };
		int rc = db_query(pool, pg->db, str_of(relation_sql), names, 3, &rel, err);
		if (rc)
			return rc;
		*bytes = db_int(rel, 0, 2);
		if (db_is_null(rel, 0, 0))
			return db_exec(pg->db,
				       str_of(pool_printf(pool, "ALTER TABLE %.*s RENAME TO %.*s", STR_FMT(n->build),
							  STR_FMT(n->table))),
				       err);
		if (tries == 1 && db_bool(rel, 0, 3)) {
			rc = replace_plain(pg, pool, n, err);
			if (rc <= 0)
				return rc;
			continue;
		}
		struct str oid = db_text(rel, 0, 0);
		char relkind = db_text(rel, 0, 1).p[0];
		if (!drop_word(relkind))
			return mst_fail(err, MST_CONFLICT, "%.*s is there already and is no table or view",
					STR_FMT(n->full));
		/* so that pg_get_viewdef writes every name in full */
		rc = db_exec(pg->db, STR("SET LOCAL search_path TO pg_catalog"), err);
		if (!rc)
			rc = dependents(pg, pool, oid, n, &deps, err);
		if (!rc)
			rc = find_stuck(n, deps, err);
		if (!rc)
			rc = lock_all(pg, pool, n, deps, relkind, err);
		if (!rc)
			rc = db_query(pool, pg->db, str_of(relation_sql), names, 3, &rel, err);
		if (!rc)
			rc = dependents(pg, pool, oid, n, &again, err);
		if (rc)
			return rc;
		/* between the look and the lock somebody may have made a view, or another table */
		if (str_eq(db_text(rel, 0, 0), oid) && same_oids(deps, again))
			return replace(pg, pool, n, again, relkind, err);
		if (tries == SWAP_TRIES)
			return mst_fail(err, MST_CONFLICT, "the views of %.*s change all the time", STR_FMT(n->full));
		rc = back(pg, err);
		if (rc)
			return rc;
	}
}
