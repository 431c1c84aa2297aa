/* All that hangs on a relation, as the statements that give it to another one. */
#include "provider/postgres/internal.h"

/* $1 the old relation, $2 the new one ("ds"."t__mst_new", or the same again for a view that is
 * made anew), $3 its name in the end.  pg_dump and its pg_get_*def functions are the model.
 *
 * Rows: phase (enum pg_phase), what it is, the statement; in the order in which they run. */
static const char carry_sql[] =
	"WITH o AS (SELECT c.*, n.nspname, pg_catalog.format('%I', n.nspname) AS schema,"
	"    pg_catalog.pg_get_userbyid(c.relowner) AS owner"
	"  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	"  WHERE c.oid = $1::pg_catalog.oid),"
	" k AS (SELECT c.* FROM pg_catalog.pg_class c WHERE c.oid = $2::text::pg_catalog.regclass),"
	/* columns that both have */
	" col AS (SELECT a.*, pg_catalog.format('%I', a.attname) AS name, t.typstorage"
	"  FROM o JOIN pg_catalog.pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped"
	"  JOIN k ON true JOIN pg_catalog.pg_attribute b ON b.attrelid = k.oid AND b.attname = a.attname"
	"    AND b.attnum > 0 AND NOT b.attisdropped"
	"  JOIN pg_catalog.pg_type t ON t.oid = b.atttypid),"
	" ix AS (SELECT x.*, i.relname, i.reltablespace, pg_catalog.format('%I', i.relname) AS name,"
	"    pg_catalog.format('%I', CASE WHEN k.oid = o.oid THEN i.relname::text"
	"      ELSE 'mst_' || i.oid || '__mst_new' END) AS tmp,"
	"    con.contype, con.conname, con.condeferrable, con.condeferred, con.oid AS conoid"
	"  FROM o JOIN k ON true JOIN pg_catalog.pg_index x ON x.indrelid = o.oid AND x.indisvalid"
	"  JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid"
	"  LEFT JOIN pg_catalog.pg_constraint con ON con.conindid = i.oid AND con.conrelid = o.oid"
	"    AND con.contype IN ('p', 'u', 'x')),"
	" seq AS (SELECT d.deptype, d.refobjsubid, s.oid, pg_catalog.format('%I.%I', n.nspname, s.relname) AS name"
	"  FROM o JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass"
	"    AND d.refobjid = o.oid AND d.refobjsubid > 0 AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass"
	"    AND d.deptype IN ('a', 'i')"
	"  JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'"
	"  JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace)"
	"SELECT phase, what, sql FROM ("
	/* --- what cannot follow */
	" SELECT 0 AS phase, 1 AS part, '' AS sub, '' AS what, 'it is partitioned' AS sql FROM o WHERE o.relkind = 'p'"
	" UNION ALL SELECT 0, 1, '', '', 'it is a foreign table' FROM o WHERE o.relkind = 'f'"
	" UNION ALL SELECT 0, 1, '', '', 'it is of the type ' || pg_catalog.format_type(o.reloftype, NULL)"
	"  FROM o WHERE o.reloftype <> 0"
	" UNION ALL SELECT 0, 2, '', '', CASE WHEN o.relispartition THEN 'it is a partition of '"
	"    ELSE 'it inherits from ' END || i.inhparent::pg_catalog.regclass"
	"  FROM o JOIN pg_catalog.pg_inherits i ON i.inhrelid = o.oid"
	" UNION ALL SELECT 0, 2, '', '', i.inhrelid::pg_catalog.regclass || ' inherits from it'"
	"  FROM o JOIN pg_catalog.pg_inherits i ON i.inhparent = o.oid WHERE o.relkind <> 'p'"
	" UNION ALL SELECT 0, 3, f.conname, '', pg_catalog.format('the foreign key %I of %s refers to it', f.conname,"
	"    f.conrelid::pg_catalog.regclass)"
	"  FROM o JOIN pg_catalog.pg_constraint f ON f.confrelid = o.oid AND f.contype = 'f' AND f.conrelid <> o.oid"
	"    AND f.conparentid = 0"
	" UNION ALL SELECT 0, 4, a.attname, '', pg_catalog.format('its column %I is generated', a.attname)"
	"  FROM o JOIN pg_catalog.pg_attribute a ON a.attrelid = o.oid AND a.attgenerated <> '' AND NOT a.attisdropped"
	/* --- the relation itself */
	" UNION ALL SELECT 1, 10, '', 'the access method', pg_catalog.format('ALTER TABLE %s SET ACCESS METHOD"
	" %I', $2::text, m.amname)"
	"  FROM o JOIN k ON k.relam <> o.relam AND k.relkind = o.relkind JOIN pg_catalog.pg_am m ON m.oid = o.relam"
	" UNION ALL SELECT 1, 11, '', 'the tablespace', pg_catalog.format('ALTER TABLE %s SET TABLESPACE %I',"
	" $2::text, s.spcname)"
	"  FROM o JOIN k ON k.relkind = o.relkind JOIN pg_catalog.pg_tablespace s ON s.oid = o.reltablespace"
	" UNION ALL SELECT 1, 12, '', 'that it is unlogged', 'ALTER TABLE ' || $2::text || ' SET UNLOGGED'"
	"  FROM o JOIN k ON k.relkind = 'r' AND k.relpersistence = 'p' WHERE o.relpersistence = 'u'"
	" UNION ALL SELECT 1, 13, '', 'the storage parameters', pg_catalog.format('ALTER TABLE %s SET (%s)', $2::text,"
	"    (SELECT pg_catalog.string_agg(pg_catalog.format('%s=%L', pre || pg_catalog.split_part(opt, '=', 1),"
	"      pg_catalog.substr(opt, pg_catalog.strpos(opt, '=') + 1)), ', ') FROM ("
	"      SELECT '' AS pre, pg_catalog.unnest(o.reloptions) AS opt UNION ALL"
	"      SELECT 'toast.', pg_catalog.unnest(t.reloptions)) u))"
	"  FROM o JOIN k ON k.relkind = o.relkind"
	"  LEFT JOIN pg_catalog.pg_class t ON t.oid = o.reltoastrelid"
	"  WHERE o.relkind IN ('r', 'm') AND (o.reloptions IS NOT NULL OR t.reloptions IS NOT NULL)"
	/* --- columns */
	" UNION ALL SELECT 1, 20, col.attname, 'the storage of the column ' || col.name,"
	"    pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s SET STORAGE %s', $2::text, col.name, CASE col.attstorage"
	"      WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END)"
	"  FROM col, k WHERE k.relkind IN ('r', 'm') AND col.attstorage <> col.typstorage AND col.typstorage <> 'p'"
	" UNION ALL SELECT 1, 21, col.attname, 'the compression of the column ' || col.name,"
	"    pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s SET COMPRESSION %s', $2::text, col.name,"
	"      CASE col.attcompression WHEN 'l' THEN 'lz4' ELSE 'pglz' END)"
	"  FROM col, k WHERE k.relkind IN ('r', 'm') AND col.attcompression <> '' AND col.typstorage <> 'p'"
	" UNION ALL SELECT 1, 22, col.attname, 'the statistics target of the column ' || col.name,"
	"    pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s SET STATISTICS %s', $2::text, col.name, col.attstattarget)"
	"  FROM col, k WHERE k.relkind IN ('r', 'm') AND COALESCE(col.attstattarget, -1) >= 0"
	" UNION ALL SELECT 1, 23, col.attname, 'the options of the column ' || col.name,"
	"    pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s SET (%s)', $2::text, col.name,"
	"      pg_catalog.array_to_string(col.attoptions, ', '))"
	"  FROM col, k WHERE k.relkind IN ('r', 'm') AND col.attoptions IS NOT NULL"
	" UNION ALL SELECT 1, 24, col.attname, 'the default of the column ' || col.name,"
	"    pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s', $2::text, col.name,"
	"      pg_catalog.pg_get_expr(d.adbin, d.adrelid))"
	"  FROM col JOIN pg_catalog.pg_attrdef d ON d.adrelid = col.attrelid AND d.adnum = col.attnum"
	"  WHERE col.attgenerated = ''"
	" UNION ALL SELECT 1, 25, '', 'NOT NULL', 'ALTER TABLE ' || $2::text || pg_catalog.string_agg("
	"    ' ALTER COLUMN ' || col.name || ' SET NOT NULL', ',' ORDER BY col.attnum) FROM col WHERE col.attnotnull"
	"    HAVING pg_catalog.count(*) > 0"
	/* --- indexes, under a name for the time being */
	" UNION ALL SELECT 1, 30, ix.relname, CASE WHEN ix.contype = 'p' THEN 'the primary key '"
	"      WHEN ix.contype = 'u' THEN 'the unique constraint ' WHEN ix.indisunique THEN 'the unique index '"
	"      ELSE 'the index ' END || ix.name,"
	"    pg_catalog.format('SET LOCAL default_tablespace = %L; ', COALESCE((SELECT s.spcname"
	"      FROM pg_catalog.pg_tablespace s WHERE s.oid = ix.reltablespace), ''))"
	"    || pg_catalog.format('CREATE %sINDEX %s ON %s ', u, ix.tmp, $2::text)"
	"    || pg_catalog.substr(pg_catalog.pg_get_indexdef(ix.indexrelid), pg_catalog.length(pg_catalog.format("
	"      'CREATE %sINDEX %I ON %I.%I ', u, ix.relname, o.nspname, o.relname)) + 1)"
	"  FROM o, ix, LATERAL (SELECT CASE WHEN ix.indisunique THEN 'UNIQUE ' ELSE '' END AS u) s"
	"  WHERE ix.contype IS DISTINCT FROM 'x'"
	" UNION ALL SELECT 1, 31, ix.relname, 'the statistics of the index ' || ix.name,"
	"    pg_catalog.format('ALTER INDEX %s.%s ALTER COLUMN %s SET STATISTICS %s', o.schema, ix.tmp, a.attnum,"
	"      a.attstattarget)"
	"  FROM o, ix JOIN pg_catalog.pg_attribute a ON a.attrelid = ix.indexrelid"
	"  WHERE COALESCE(a.attstattarget, -1) >= 0 AND ix.contype IS DISTINCT FROM 'x'"
	" UNION ALL SELECT 1, 32, ix.relname, CASE ix.contype WHEN 'p' THEN 'the primary key '"
	"      WHEN 'u' THEN 'the unique constraint ' ELSE 'the exclusion constraint ' END || ix.name,"
	"    pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %s ', $2::text, ix.tmp) || CASE ix.contype"
	"      WHEN 'x' THEN pg_catalog.pg_get_constraintdef(ix.conoid)"
	"      ELSE CASE ix.contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END || ' USING INDEX ' || ix.tmp"
	"        || CASE WHEN ix.condeferrable THEN ' DEFERRABLE' ELSE '' END"
	"        || CASE WHEN ix.condeferred THEN ' INITIALLY DEFERRED' ELSE '' END END"
	"  FROM ix WHERE ix.contype IS NOT NULL"
	" UNION ALL SELECT 1, 33, x.conname, CASE x.contype WHEN 'c' THEN 'the check constraint '"
	"      ELSE 'the foreign key ' END || pg_catalog.quote_ident(x.conname),"
	"    pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', $2::text, x.conname,"
	"      pg_catalog.pg_get_constraintdef(x.oid))"
	"  FROM o JOIN pg_catalog.pg_constraint x ON x.conrelid = o.oid AND (x.contype = 'c'"
	"    OR (x.contype = 'f' AND x.confrelid <> o.oid))"
	" UNION ALL SELECT 1, 34, ix.relname, 'the clustering', pg_catalog.format('ALTER TABLE %s CLUSTER ON"
	" %s', $2::text, ix.tmp)"
	"  FROM ix WHERE ix.indisclustered"
	" UNION ALL SELECT 1, 35, '', 'the replica identity', pg_catalog.format('ALTER TABLE %s REPLICA"
	" IDENTITY %s', $2::text,"
	"    CASE o.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' ELSE 'USING INDEX '"
	"      || (SELECT ix.tmp FROM ix WHERE ix.indisreplident) END)"
	"  FROM o WHERE o.relkind IN ('r', 'm') AND o.relreplident <> 'd'"
	"    AND (o.relreplident <> 'i' OR EXISTS (SELECT FROM ix WHERE ix.indisreplident))"
	/* --- under the lock */
	" UNION ALL SELECT 2, 1, '', 'the owner ' || o.owner, pg_catalog.format('ALTER TABLE %s OWNER TO %I',"
	" $2::text, o.owner)"
	"  FROM o JOIN k ON k.oid = o.oid OR k.relowner <> o.relowner WHERE o.owner <> current_user"
	" UNION ALL SELECT 2, 2, seq.name, 'the sequence ' || seq.name,"
	"    pg_catalog.format('ALTER SEQUENCE %s OWNED BY %s', seq.name, COALESCE($2::text || '.' || col.name, 'NONE'))"
	"  FROM o, seq LEFT JOIN col ON col.attnum = seq.refobjsubid, k WHERE seq.deptype = 'a' AND k.oid <> o.oid"
	/* --- when it has its name */
	" UNION ALL SELECT 3, 10, ix.relname, 'the index ' || ix.name, CASE WHEN ix.contype IS NULL"
	"    THEN pg_catalog.format('ALTER INDEX %s.%s RENAME TO %s', o.schema, ix.tmp, ix.name)"
	"    ELSE pg_catalog.format('ALTER TABLE %s RENAME CONSTRAINT %s TO %s', $3::text, ix.tmp, ix.name) END"
	"  FROM o, ix, k WHERE k.oid <> o.oid"
	" UNION ALL SELECT 3, 20, col.attname, 'the identity column ' || col.name,"
	"    pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s ADD GENERATED %s AS IDENTITY (SEQUENCE NAME %s START WITH %s"
	" INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s%s)', $3::text, col.name,"
	"      CASE col.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, seq.name, q.seqstart, q.seqincrement,"
	"      q.seqmin, q.seqmax, q.seqcache, CASE WHEN q.seqcycle THEN ' CYCLE' ELSE '' END)"
	"    || CASE WHEN pg_catalog.pg_sequence_last_value(seq.oid) IS NULL THEN '' ELSE pg_catalog.format("
	"      '; SELECT pg_catalog.setval(%L, %s)', seq.name, pg_catalog.pg_sequence_last_value(seq.oid)) END"
	"  FROM col JOIN seq ON seq.refobjsubid = col.attnum AND seq.deptype = 'i'"
	"  JOIN pg_catalog.pg_sequence q ON q.seqrelid = seq.oid WHERE col.attidentity <> ''"
	" UNION ALL SELECT 3, 21, seq.name || pg_catalog.to_char(e.i, '000000'), 'the grants on the sequence ' || seq.name,"
	"    pg_catalog.format('GRANT %s ON SEQUENCE %s TO %s%s', e.privilege_type, seq.name, CASE WHEN e.grantee = 0"
	"      THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(e.grantee)) END,"
	"      CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)"
	"  FROM col JOIN seq ON seq.refobjsubid = col.attnum AND seq.deptype = 'i' AND col.attidentity <> ''"
	"  JOIN pg_catalog.pg_class s ON s.oid = seq.oid, LATERAL pg_catalog.aclexplode(s.relacl) WITH ORDINALITY"
	"    AS e(grantor, grantee, privilege_type, is_grantable, i) WHERE e.grantee <> s.relowner"
	" UNION ALL SELECT 3, 22, seq.name, 'the comment on the sequence ' || seq.name,"
	"    pg_catalog.format('COMMENT ON SEQUENCE %s IS %L', seq.name, s.description)"
	"  FROM col JOIN seq ON seq.refobjsubid = col.attnum AND seq.deptype = 'i' AND col.attidentity <> ''"
	"  JOIN pg_catalog.pg_description s ON s.objoid = seq.oid AND s.objsubid = 0"
	"    AND s.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass"
	" UNION ALL SELECT 3, 30, x.conname, 'the foreign key ' || pg_catalog.quote_ident(x.conname),"
	"    pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', $3::text, x.conname,"
	" pg_catalog.pg_get_constraintdef(x.oid))"
	"  FROM o JOIN pg_catalog.pg_constraint x ON x.conrelid = o.oid AND x.contype = 'f' AND x.confrelid = o.oid"
	" UNION ALL SELECT 3, 31, s.stxname, 'the statistics ' || n.name,"
	"    pg_catalog.pg_get_statisticsobjdef(s.oid) || CASE WHEN COALESCE(s.stxstattarget, -1) >= 0"
	"      THEN pg_catalog.format('; ALTER STATISTICS %s SET STATISTICS %s', n.name, s.stxstattarget) ELSE '' END"
	"    || CASE WHEN pg_catalog.pg_get_userbyid(s.stxowner) <> current_user"
	"      THEN pg_catalog.format('; ALTER STATISTICS %s OWNER TO %I', n.name, pg_catalog.pg_get_userbyid(s.stxowner))"
	"      ELSE '' END"
	"  FROM o JOIN pg_catalog.pg_statistic_ext s ON s.stxrelid = o.oid, LATERAL (SELECT pg_catalog.format('%I.%I',"
	"    (SELECT p.nspname FROM pg_catalog.pg_namespace p WHERE p.oid = s.stxnamespace), s.stxname) AS name) n"
	" UNION ALL SELECT 3, 32, t.tgname, 'the trigger ' || pg_catalog.quote_ident(t.tgname),"
	"    pg_catalog.pg_get_triggerdef(t.oid) || CASE WHEN t.tgenabled = 'O' THEN '' ELSE pg_catalog.format("
	"      '; ALTER TABLE %s %s TRIGGER %I', $3::text, CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R'"
	" THEN 'ENABLE REPLICA'"
	"        ELSE 'ENABLE ALWAYS' END, t.tgname) END"
	"  FROM o JOIN pg_catalog.pg_trigger t ON t.tgrelid = o.oid AND NOT t.tgisinternal"
	" UNION ALL SELECT 3, 33, r.rulename, 'the rule ' || pg_catalog.quote_ident(r.rulename),"
	"    pg_catalog.rtrim(pg_catalog.pg_get_ruledef(r.oid), ';') || CASE WHEN r.ev_enabled = 'O' THEN ''"
	"      ELSE pg_catalog.format('; ALTER TABLE %s %s RULE %I', $3::text, CASE r.ev_enabled WHEN 'D' THEN 'DISABLE'"
	"        WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, r.rulename) END"
	"  FROM o JOIN pg_catalog.pg_rewrite r ON r.ev_class = o.oid AND r.rulename <> '_RETURN'"
	" UNION ALL SELECT 3, 34, p.polname, 'the policy ' || pg_catalog.quote_ident(p.polname),"
	"    pg_catalog.format('CREATE POLICY %I ON %s AS %s FOR %s TO %s', p.polname, $3::text,"
	"      CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,"
	"      CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'"
	"        ELSE 'ALL' END,"
	"      (SELECT pg_catalog.string_agg(CASE WHEN r = 0 THEN 'PUBLIC'"
	"        ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(r)) END, ', ' ORDER BY i)"
	"        FROM pg_catalog.unnest(p.polroles) WITH ORDINALITY AS u(r, i)))"
	"    || COALESCE(' USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')', '')"
	"    || COALESCE(' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')"
	"  FROM o JOIN pg_catalog.pg_policy p ON p.polrelid = o.oid"
	" UNION ALL SELECT 3, 35, '', 'the row security', 'ALTER TABLE ' || $3::text || ' ENABLE ROW LEVEL SECURITY'"
	"  FROM o WHERE o.relrowsecurity"
	" UNION ALL SELECT 3, 36, '', 'the row security', 'ALTER TABLE ' || $3::text || ' FORCE ROW LEVEL SECURITY'"
	"  FROM o WHERE o.relforcerowsecurity"
	" UNION ALL SELECT 3, 37, p.pubname, 'the publication ' || pg_catalog.quote_ident(p.pubname),"
	"    pg_catalog.format('ALTER PUBLICATION %I ADD TABLE ONLY %s', p.pubname, $3::text)"
	"    || COALESCE((SELECT ' (' || pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY u.i) || ')'"
	"        FROM pg_catalog.unnest(r.prattrs) WITH ORDINALITY AS u(n, i)"
	"        JOIN pg_catalog.pg_attribute a ON a.attrelid = o.oid AND a.attnum = u.n), '')"
	"    || COALESCE(' WHERE (' || pg_catalog.pg_get_expr(r.prqual, r.prrelid) || ')', '')"
	"  FROM o JOIN pg_catalog.pg_publication_rel r ON r.prrelid = o.oid"
	"  JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid"
	/* --- comments */
	" UNION ALL SELECT 3, 40, '', 'the comment', pg_catalog.format('COMMENT ON %s %s IS %L', CASE k.relkind"
	"    WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, $3::text, s.description)"
	"  FROM o JOIN k ON true JOIN pg_catalog.pg_description s ON s.objoid = o.oid AND s.objsubid = 0"
	"    AND s.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass"
	" UNION ALL SELECT 3, 41, col.attname, 'the comment on the column ' || col.name,"
	"    pg_catalog.format('COMMENT ON COLUMN %s.%s IS %L', $3::text, col.name, s.description)"
	"  FROM col JOIN pg_catalog.pg_description s ON s.objoid = col.attrelid AND s.objsubid = col.attnum"
	"    AND s.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass"
	" UNION ALL SELECT 3, 42, ix.relname, 'the comment on the index ' || ix.name,"
	"    pg_catalog.format('COMMENT ON INDEX %s.%s IS %L', o.schema, ix.name, s.description)"
	"  FROM o, ix JOIN pg_catalog.pg_description s ON s.objoid = ix.indexrelid"
	"    AND s.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass"
	" UNION ALL SELECT 3, 43, c.name, pg_catalog.format('the comment on the %s %I', pg_catalog.lower(c.kind), c.name),"
	"    pg_catalog.format('COMMENT ON %s %I ON %s IS %L', c.kind, c.name, $3::text, s.description)"
	"  FROM (SELECT 'CONSTRAINT' AS kind, x.conname AS name, x.oid,"
	" 'pg_catalog.pg_constraint'::pg_catalog.regclass AS class"
	"      FROM pg_catalog.pg_constraint x WHERE x.conrelid = $1::pg_catalog.oid UNION ALL"
	"    SELECT 'TRIGGER', t.tgname, t.oid, 'pg_catalog.pg_trigger'::pg_catalog.regclass"
	"      FROM pg_catalog.pg_trigger t WHERE t.tgrelid = $1::pg_catalog.oid UNION ALL"
	"    SELECT 'RULE', r.rulename, r.oid, 'pg_catalog.pg_rewrite'::pg_catalog.regclass"
	"      FROM pg_catalog.pg_rewrite r WHERE r.ev_class = $1::pg_catalog.oid UNION ALL"
	"    SELECT 'POLICY', p.polname, p.oid, 'pg_catalog.pg_policy'::pg_catalog.regclass"
	"      FROM pg_catalog.pg_policy p WHERE p.polrelid = $1::pg_catalog.oid) c"
	"  JOIN pg_catalog.pg_description s ON s.objoid = c.oid AND s.classoid = c.class"
	" UNION ALL SELECT 3, 44, x.stxname, 'the comment on the statistics ' || pg_catalog.quote_ident(x.stxname),"
	"    pg_catalog.format('COMMENT ON STATISTICS %I.%I IS %L', n.nspname, x.stxname, s.description)"
	"  FROM o JOIN pg_catalog.pg_statistic_ext x ON x.stxrelid = o.oid"
	"  JOIN pg_catalog.pg_namespace n ON n.oid = x.stxnamespace"
	"  JOIN pg_catalog.pg_description s ON s.objoid = x.oid"
	"    AND s.classoid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass"
	/* --- grants: what default privileges gave goes, what the old one had comes */
	" UNION ALL SELECT 3, 50, d.grantee::pg_catalog.text, 'the grants', pg_catalog.format('REVOKE ALL ON %s"
	" FROM %s', $3::text,"
	"    CASE WHEN d.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(d.grantee)) END)"
	"  FROM o, LATERAL (SELECT DISTINCT e.grantee FROM pg_catalog.pg_default_acl a,"
	"    LATERAL pg_catalog.aclexplode(a.defaclacl) e"
	"    WHERE a.defaclobjtype = 'r' AND a.defaclnamespace IN (0, o.relnamespace) AND a.defaclrole ="
	"      (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = current_user) AND e.grantee <> o.relowner) d"
	" UNION ALL SELECT 3, 51, m.privilege_type, 'the grants', pg_catalog.format('REVOKE %s ON %s FROM %I',"
	" m.privilege_type,"
	"    $3::text, o.owner)"
	"  FROM o, LATERAL (SELECT e.privilege_type FROM pg_catalog.aclexplode(pg_catalog.acldefault('r', o.relowner)) e"
	"    WHERE e.grantee = o.relowner EXCEPT SELECT e.privilege_type FROM pg_catalog.aclexplode(o.relacl) e"
	"    WHERE e.grantee = o.relowner) m WHERE o.relacl IS NOT NULL"
	" UNION ALL SELECT 3, 52, pg_catalog.to_char(e.i, '000000'), 'the grants',"
	"    pg_catalog.format('GRANT %s ON %s TO %s%s', e.privilege_type, $3::text, CASE WHEN e.grantee = 0 THEN 'PUBLIC'"
	"      ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(e.grantee)) END,"
	"      CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)"
	"  FROM o, LATERAL pg_catalog.aclexplode(o.relacl) WITH ORDINALITY AS e(grantor, grantee, privilege_type,"
	"    is_grantable, i) WHERE e.grantee <> o.relowner"
	" UNION ALL SELECT 3, 53, pg_catalog.to_char(col.attnum, '000000') || pg_catalog.to_char(e.i, '000000'),"
	"    'the grants on the column ' || col.name,"
	"    pg_catalog.format('GRANT %s (%s) ON %s TO %s%s', e.privilege_type, col.name, $3::text,"
	"      CASE WHEN e.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(e.grantee)) END,"
	"      CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)"
	"  FROM col, LATERAL pg_catalog.aclexplode(col.attacl) WITH ORDINALITY AS e(grantor, grantee, privilege_type,"
	"    is_grantable, i)"
	") x ORDER BY phase, part, sub";

int pg_carry_read(struct pg_job *j, struct str oid, struct str build, struct str full, pg_carries *out,
		  struct mst_error *err)
{
	const struct db_result *r;
	struct str params[] = { oid, build, full };
	int rc = db_query(j->pool, j->pg->db, str_of(carry_sql), params, 3, &r, err);
	*out = (pg_carries){ 0 };
	for (size_t i = 0; !rc && i < db_rows(r); i++)
		*vec_push(j->pool, out) = (struct pg_carry){
			.phase = (enum pg_phase)db_int(r, i, 0),
			.what = db_text(r, i, 1),
			.sql = db_text(r, i, 2),
		};
	return rc;
}

/* The new rows, or the new columns, do not take what the old table had. */
static int refused(struct pg_job *j, const struct pg_carry *c, struct str full, struct mst_error *err)
{
	struct mst_error was = *err;
	const struct db_diag *d = db_diag(j->pg->db);
	if (strncmp(was.sqlstate, "23", 2) == 0) {
		struct str why = str_of(*d->detail ? d->detail : d->message);
		if (why.n && why.p[why.n - 1] == '.')
			why.n--;
		mst_fail(err, MST_DATA, "the new rows break %.*s of %.*s: %.*s", STR_FMT(c->what), STR_FMT(full),
			 STR_FMT(why));
		memcpy(err->sqlstate, was.sqlstate, sizeof err->sqlstate);
	} else {
		mst_wrap(err, "%.*s of %.*s cannot follow", STR_FMT(c->what), STR_FMT(full));
		if (was.code == MST_UNAVAILABLE || was.code == MST_CANCELLED || was.code == MST_TIMEOUT || was.retry)
			return err->code;
	}
	mst_hint(err, "the table is as it was");
	return mst_place(err, j->t->file, 0, 0);
}

int pg_carry_run(struct pg_job *j, const pg_carries *list, enum pg_phase phase, struct str full, struct mst_error *err)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct pg_carry *c = &list->v[i];
		if (c->phase != phase)
			continue;
		/* a foreign key locks the table it refers to */
		bool locks = phase == PG_BUILD && str_has_prefix(c->what, STR("the foreign key"));
		int rc = locks ? pg_exec_patiently(j->pg, j->pool, c->sql, err) : db_exec(j->pg->db, c->sql, err);
		if (rc)
			return refused(j, c, full, err);
	}
	return 0;
}
