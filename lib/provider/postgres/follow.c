/* The views and materialized views that read a relation, and how they come to read the new one. */
#include "provider/postgres/internal.h"

/* What reads relation $1, nearest first: row 0 is the relation itself.  $2 is the new one.  $3: all of
 * them are locked; before that, to ask for the definition of one that is just being dropped is an error.  A
 * materialized view is ours while the last effect on its name says its oid. */
static const char dependents_head[] =
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
	"SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, c.relkind, t.target, e.made,"
	"  CASE WHEN last.depth = 0 OR NOT $3::pg_catalog.bool THEN NULL WHEN c.relkind = 'v' THEN"
	"    pg_catalog.format(E'CREATE VIEW %I.%I%s AS\\n%s', n.nspname, c.relname,"
	"    ' WITH (' || pg_catalog.array_to_string(c.reloptions, ', ') || ')', pg_catalog.pg_get_viewdef(c.oid))"
	"    WHEN c.relkind = 'm' THEN"
	"    pg_catalog.format(E'CREATE MATERIALIZED VIEW %I.%I USING %I AS\\n%s WITH NO DATA', n.nspname, c.relname,"
	"      (SELECT a.amname FROM pg_catalog.pg_am a WHERE a.oid = c.relam),"
	"      pg_catalog.rtrim(pg_catalog.pg_get_viewdef(c.oid), ';')) END,"
	/* LOCK TABLE would lock all else that a view reads, too, and takes no materialized view; the owner
	 * it has already locks it alone and changes nothing */
	"  CASE c.relkind WHEN 'r' THEN pg_catalog.format('LOCK TABLE %I.%I IN ACCESS EXCLUSIVE MODE; ',"
	"      n.nspname, c.relname)"
	"    ELSE pg_catalog.format('ALTER %s %I.%I OWNER TO %I; ', CASE c.relkind WHEN 'v' THEN 'VIEW'"
	"      WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, n.nspname, c.relname,"
	"      pg_catalog.pg_get_userbyid(c.relowner)) END,"
	/* it runs under the locks: with the search_path and the settings of its own job */
	"  pg_catalog.format('SET LOCAL search_path TO %I%s; SET LOCAL jit TO DEFAULT;"
	"    SET LOCAL plan_cache_mode TO DEFAULT; REFRESH MATERIALIZED VIEW %I.%I;"
	"    SET LOCAL search_path TO pg_catalog; SET LOCAL jit = off;"
	"    SET LOCAL plan_cache_mode = force_generic_plan', n.nspname,"
	"    CASE WHEN n.nspname <> 'public' THEN ', public' END, n.nspname, c.relname),"
	"  CASE WHEN last.depth = 0 THEN NULL"
	"    WHEN c.relkind = 'm' AND e.made IS NULL THEN 'it is a materialized view'"
	"    WHEN c.relkind = 'm' AND pg_catalog.split_part(e.made, ' ', 1) <> c.oid::pg_catalog.text THEN"
	"      'it is a materialized view, and not the one that mst made'"
	"    WHEN c.relkind NOT IN ('v', 'm') THEN 'it has a rule that needs it'"
	"    WHEN last.depth = 1 THEN (SELECT CASE WHEN b.attname IS NULL THEN"
	"        pg_catalog.format('the column %I is gone', a.attname)"
	"      ELSE pg_catalog.format('the column %I would be %s, not %s', a.attname,"
	"        pg_catalog.format_type(b.atttypid, b.atttypmod), pg_catalog.format_type(a.atttypid, a.atttypmod)) END"
	"      FROM pg_catalog.pg_rewrite r"
	"      JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass"
	"        AND d.objid = r.oid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass"
	"        AND d.refobjid = $1::pg_catalog.oid AND d.refobjsubid > 0"
	"      JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
	"      LEFT JOIN pg_catalog.pg_attribute b ON b.attrelid = $2::text::pg_catalog.regclass AND b.attname = a.attname"
	"        AND b.attnum > 0 AND NOT b.attisdropped"
	"      WHERE r.ev_class = c.oid AND (b.attname IS NULL OR (b.atttypid, b.atttypmod) <> (a.atttypid, a.atttypmod))"
	"      ORDER BY a.attnum LIMIT 1) END,"
	"  CASE WHEN c.relkind = 'm' AND e.made IS NOT NULL AND last.depth > 0"
	"    AND pg_catalog.split_part(e.made, ' ', 1) <> c.oid::pg_catalog.text THEN"
	"    'the table is as it was; drop the materialized view, and its own job makes it again' END"
	"  FROM last JOIN pg_catalog.pg_class c ON c.oid = last.oid"
	"  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	"  CROSS JOIN LATERAL (SELECT pg_catalog.format('\"%s\".\"%s\"', pg_catalog.replace(n.nspname::text, '\"', '\"\"'),"
	"    pg_catalog.replace(c.relname::text, '\"', '\"\"')) AS target) t"
	"  LEFT JOIN LATERAL (";
/* without mst_effect nobody knows who made it */
static const char made_unknown[] = "SELECT NULL::text AS made";
static const char made_known[] =
	"SELECT f.made FROM public.mst_effect f WHERE f.target = t.target AND f.made IS NOT NULL"
	"  ORDER BY f.id DESC LIMIT 1";
static const char dependents_tail[] = ") e ON c.relkind = 'm' ORDER BY last.depth, 2";
enum { D_OID, D_NAME, D_KIND, D_TARGET, D_MADE, D_CREATE, D_LOCK, D_FILL, D_STUCK, D_HINT };

static struct str optional(const struct db_result *r, size_t i, int col)
{
	return db_is_null(r, i, col) ? (struct str){ NULL, 0 } : db_text(r, i, col);
}

int pg_followers_read(struct pg_job *j, struct str oid, bool locked, pg_followers *out, struct str *lock,
		      struct mst_error *err)
{
	const struct db_result *r;
	struct buf b;
	struct str params[] = { oid, j->n.build, locked ? STR("t") : STR("f") };
	struct str sql = str_of(pool_printf(j->pool, "%s%s%s", dependents_head,
					    j->pg->effect == PG_EFFECT_KEPT ? made_known : made_unknown,
					    dependents_tail));
	*out = (pg_followers){ 0 };
	int rc = db_query(j->pool, j->pg->db, sql, params, 3, &r, err);
	/* row 0 is the relation itself */
	for (size_t i = 1; !rc && i < db_rows(r); i++)
		*vec_push(j->pool, out) = (struct pg_follower){
			.oid = db_text(r, i, D_OID),
			.name = db_text(r, i, D_NAME),
			.kind = db_text(r, i, D_KIND).p[0],
			.target = db_text(r, i, D_TARGET),
			.made = optional(r, i, D_MADE),
			.create = optional(r, i, D_CREATE),
			.fill = optional(r, i, D_FILL),
			.stuck = optional(r, i, D_STUCK),
			.hint = optional(r, i, D_HINT),
		};
	if (rc)
		return rc;
	buf_init(&b, j->pool);
	/* its own job must not look at one that is about to go */
	for (size_t i = db_rows(r); i-- > 1;)
		if (out->v[i - 1].kind == 'm')
			buf_printf(&b, "SELECT pg_catalog.pg_advisory_xact_lock(%lld); ",
				   (long long)pg_target_key(out->v[i - 1].target));
	/* from the outermost view inwards, as a reader takes them: he then waits by name,
	 * and finds the new relation */
	for (size_t i = db_rows(r); i-- > 0;)
		buf_str(&b, db_text(r, i, D_LOCK));
	*lock = buf_view(&b);
	return 0;
}

void pg_followers_drop(const pg_followers *all, struct buf *b)
{
	for (size_t i = all->n; i-- > 0;)
		buf_printf(b, "DROP %sVIEW %.*s; ", all->v[i].kind == 'm' ? "MATERIALIZED " : "",
			   STR_FMT(all->v[i].name));
}

/* The owner comes first and the rows last, so that the query runs with his rights, as it does when
 * he refreshes it; indexes are filled with it. */
static int fill(struct pg_job *j, const struct pg_follower *f, struct mst_error *err)
{
	int rc = pg_carry_run(j, &f->carries, PG_BEFORE, f->name, err);
	if (!rc)
		rc = pg_carry_run(j, &f->carries, PG_BUILD, f->name, err);
	if (!rc)
		rc = db_exec(j->pg->db, f->fill, err);
	if (!rc)
		rc = pg_carry_run(j, &f->carries, PG_AFTER, f->name, err);
	return rc ? rc : pg_effect_follow(j, f->target, f->made, err);
}

int pg_follow(struct pg_job *j, const struct pg_follower *f, struct mst_error *err)
{
	int rc = db_exec(j->pg->db, f->create, err);
	if (!rc && f->kind == 'm')
		rc = fill(j, f, err);
	else
		for (enum pg_phase p = PG_BUILD; !rc && p <= PG_AFTER; p++)
			rc = pg_carry_run(j, &f->carries, p, f->name, err);
	if (rc) {
		mst_wrap(err, "the %sview %.*s reads %.*s and cannot be made again",
			 f->kind == 'm' ? "materialized " : "", STR_FMT(f->name), STR_FMT(j->n.full));
		if (rc == MST_DATA)
			mst_hint(err, "the table is as it was; change the view first, or drop it");
	}
	return rc;
}
