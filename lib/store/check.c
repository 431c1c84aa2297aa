#include "store/check.h"

#include "base/jsonl.h"

/* Each query gives a text for every case that must not be, the first ones in a stable order. */
struct check {
	const char *name, *says, *sql;
};

#define JOB(alias) "'run ' || " alias ".run_id || ', job ' || " alias ".name"
#define DONE "('succeeded', 'skipped')"
#define OPEN "('waiting', 'ready', 'running', 'parked')"

static const struct check checks[] = {
	{ "run_jobs", "a run has all the jobs that it was made with",
	  "SELECT 'run ' || r.id || ': ' || pg_catalog.count(j.no) || ' of ' || r.jobs || ' jobs'"
	  "  FROM mst.run r LEFT JOIN mst.job j ON j.run_id = r.id GROUP BY r.id"
	  " HAVING pg_catalog.count(j.no) <> r.jobs OR max(j.no) <> r.jobs ORDER BY r.id" },
	{ "job_run", "a job belongs to a run",
	  "SELECT " JOB("j") " FROM mst.job j WHERE NOT EXISTS (SELECT FROM mst.run r WHERE r.id = j.run_id)"
	  " ORDER BY j.run_id, j.no" },
	{ "edge_jobs", "an edge joins two jobs of its run",
	  "SELECT 'run ' || e.run_id || ', edge ' || e.after || ' to ' || e.job FROM mst.edge e"
	  " WHERE NOT EXISTS (SELECT FROM mst.job j WHERE j.run_id = e.run_id AND j.no = e.job)"
	  "    OR NOT EXISTS (SELECT FROM mst.job j WHERE j.run_id = e.run_id AND j.no = e.after)"
	  " ORDER BY e.run_id, e.after, e.job" },
	{ "attempt_job", "an attempt belongs to a job",
	  "SELECT 'run ' || a.run_id || ', job ' || a.job || ', attempt ' || a.attempt FROM mst.attempt a"
	  " WHERE NOT EXISTS (SELECT FROM mst.job j WHERE j.run_id = a.run_id AND j.no = a.job)"
	  " ORDER BY a.run_id, a.job, a.attempt" },
	{ "one_success", "no job succeeded twice",
	  "SELECT " JOB("j") " FROM mst.job j JOIN mst.attempt a ON a.run_id = j.run_id AND a.job = j.no"
	  " WHERE a.state = 'succeeded' GROUP BY j.run_id, j.no, j.name HAVING pg_catalog.count(*) > 1"
	  " ORDER BY j.run_id, j.no" },
	{ "attempt_numbers", "attempts count from 1, and their job knows the last one",
	  "SELECT " JOB("j") " || ', attempt ' || j.attempt || ', recorded ' || a.n FROM mst.job j"
	  "  CROSS JOIN LATERAL (SELECT pg_catalog.count(*) AS n, coalesce(max(a.attempt), 0) AS last FROM mst.attempt a"
	  "   WHERE a.run_id = j.run_id AND a.job = j.no) a"
	  " WHERE a.last <> a.n OR j.attempt <> a.n + (j.state IN ('running', 'parked'))::int ORDER BY j.run_id, j.no" },
	{ "job_result", "a job ended as its last attempt did",
	  "SELECT " JOB("j") " || ' ' || j.state FROM mst.job j LEFT JOIN mst.attempt a"
	  "    ON a.run_id = j.run_id AND a.job = j.no AND a.attempt = j.attempt"
	  " WHERE j.state IN ('succeeded', 'failed') AND a.state IS DISTINCT FROM j.state ORDER BY j.run_id, j.no" },
	{ "counters", "an open job counts the jobs before it that are not done",
	  "SELECT " JOB("j") " || ' counts ' || j.waiting || ', not done ' || u.n FROM mst.job j"
	  "  CROSS JOIN LATERAL (SELECT pg_catalog.count(*) FILTER (WHERE up.state NOT IN " DONE ") AS n FROM mst.edge e"
	  "   JOIN mst.job up ON up.run_id = e.run_id AND up.no = e.after WHERE e.run_id = j.run_id AND e.job = j.no) u"
	  " WHERE j.state IN " OPEN " AND j.waiting <> u.n ORDER BY j.run_id, j.no" },
	{ "none_left_waiting", "no job waits though all before it is done",
	  "SELECT " JOB("j") " FROM mst.job j WHERE j.state = 'waiting' AND NOT EXISTS (SELECT FROM mst.edge e"
	  "   JOIN mst.job up ON up.run_id = e.run_id AND up.no = e.after AND up.state NOT IN " DONE
	  "  WHERE e.run_id = j.run_id AND e.job = j.no) ORDER BY j.run_id, j.no" },
	{ "blocked_below", "no job waits for one that failed",
	  "SELECT " JOB("j") " FROM mst.job j WHERE j.state IN ('waiting', 'ready', 'running')"
	  "   AND EXISTS (SELECT FROM mst.edge e JOIN mst.job up ON up.run_id = e.run_id AND up.no = e.after"
	  "    AND up.state IN ('failed', 'cancelled', 'blocked') WHERE e.run_id = j.run_id AND e.job = j.no)"
	  " ORDER BY j.run_id, j.no" },
	{ "blocked_by", "a job is blocked by one before it that did not succeed",
	  "SELECT " JOB("j") " FROM mst.job j WHERE j.state = 'blocked' AND NOT EXISTS (SELECT FROM mst.edge e"
	  "   JOIN mst.job up ON up.run_id = e.run_id AND up.no = e.after AND up.state IN ('failed', 'cancelled', 'blocked')"
	  "  WHERE e.run_id = j.run_id AND e.job = j.no) ORDER BY j.run_id, j.no" },
	{ "run_ended", "a run that ended has no job that did not",
	  "SELECT " JOB("j") " || ' ' || j.state FROM mst.run r JOIN mst.job j ON j.run_id = r.id"
	  " WHERE r.finished_at IS NOT NULL AND j.state IN " OPEN " ORDER BY j.run_id, j.no" },
	{ "run_counts", "a run that ended knows how many jobs succeeded and failed",
	  "SELECT 'run ' || r.id FROM mst.run r CROSS JOIN LATERAL (SELECT"
	  "   pg_catalog.count(*) FILTER (WHERE j.state = 'succeeded') AS succeeded,"
	  "   pg_catalog.count(*) FILTER (WHERE j.state = 'failed') AS failed FROM mst.job j WHERE j.run_id = r.id) n"
	  " WHERE r.finished_at IS NOT NULL AND (r.succeeded, r.failed) IS DISTINCT FROM (n.succeeded, n.failed)"
	  " ORDER BY r.id" },
	{ "run_result", "in a run that succeeded jobs succeeded or were skipped",
	  "SELECT " JOB("j") " || ' ' || j.state FROM mst.run r JOIN mst.job j ON j.run_id = r.id"
	  " WHERE r.state = 'succeeded' AND j.state NOT IN " DONE " ORDER BY j.run_id, j.no" },
	{ "run_events", "a run ends once at most each time it is begun or resumed",
	  "SELECT 'run ' || r.id || ': ' || n.ends || ' ends of ' || r.retries + 1 FROM mst.run r"
	  "  CROSS JOIN LATERAL (SELECT pg_catalog.count(*) AS ends FROM mst.event e"
	  "   WHERE e.run_id = r.id AND e.kind = 'run_finished') n"
	  " WHERE r.finished_at IS NOT NULL AND n.ends > r.retries + 1 ORDER BY r.id" },
	{ "log_job", "a log line belongs to a job, or to a run itself",
	  "SELECT DISTINCT 'run ' || l.run_id || ', job ' || l.job FROM mst.log l"
	  " WHERE NOT EXISTS (SELECT FROM mst.job j WHERE j.run_id = l.run_id AND j.no = l.job)"
	  "   AND NOT (l.job = 0 AND EXISTS (SELECT FROM mst.run r WHERE r.id = l.run_id)) ORDER BY 1" },
	{ "catalogue_revision", "a table of the catalogue is what its last revision says",
	  "SELECT c.name || ', revision ' || c.revision FROM mst.catalogue c LEFT JOIN LATERAL ("
	  "   SELECT v.* FROM mst.catalogue_revision v WHERE v.name = c.name ORDER BY v.revision DESC LIMIT 1) v ON true"
	  " WHERE (c.revision, c.sql, c.sha256, c.owner, c.team, c.kind, c.dialect, c.file, c.attrs::text) IS DISTINCT FROM"
	  "   (v.revision, v.sql, v.sha256, v.owner, v.team, v.kind, v.dialect, v.file, v.attrs::text) OR v.action = 'rm'"
	  " ORDER BY c.name" },
	{ "catalogue_removed", "a table that is gone was removed by its last revision",
	  "SELECT v.name || ', revision ' || v.revision FROM (SELECT DISTINCT ON (name) name, revision, action"
	  "   FROM mst.catalogue_revision ORDER BY name, revision DESC) v"
	  " WHERE v.action <> 'rm' AND NOT EXISTS (SELECT FROM mst.catalogue c WHERE c.name = v.name) ORDER BY v.name" },
	{ "catalogue_sum", "the checksum of a text is its own",
	  "SELECT c.name || ', revision ' || c.revision FROM mst.catalogue_revision c"
	  " WHERE c.sha256 <> pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(c.sql, 'UTF8')), 'hex')"
	  " ORDER BY c.name, c.revision" },
	{ "an_admin", "there is an admin who can log in",
	  "SELECT 'none' WHERE NOT EXISTS (SELECT FROM mst.account a JOIN pg_catalog.pg_roles r"
	  "   ON r.oid = a.role AND r.rolname = a.name WHERE a.admin AND NOT a.disabled)" },
	{ "users_let_in", "users may look into the schema, unless they are disabled",
	  "SELECT a.name || CASE WHEN a.disabled THEN ' is disabled and let in' ELSE ' is not let in' END"
	  "  FROM mst.account a JOIN pg_catalog.pg_roles r ON r.oid = a.role AND r.rolname = a.name"
	  "  JOIN pg_catalog.pg_namespace n ON n.nspname = 'mst'"
	  " WHERE CASE WHEN a.disabled THEN EXISTS (SELECT FROM pg_catalog.aclexplode(n.nspacl) x WHERE x.grantee = r.oid)"
	  "   ELSE NOT pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE') END ORDER BY a.name" },
	{ "row_security", "a table that others may touch has row security",
	  "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	  " WHERE n.nspname = 'mst' AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity AND ("
	  "   EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) x WHERE x.grantee <> c.relowner)"
	  "   OR EXISTS (SELECT FROM pg_catalog.pg_attribute t CROSS JOIN pg_catalog.aclexplode(t.attacl) x"
	  "    WHERE t.attrelid = c.oid AND x.grantee <> c.relowner)) ORDER BY c.relname" },
};

static int look(struct db *db, const struct check *c, struct buf *b, size_t *broken, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct jw w;
	const char *sql = pool_printf(tmp,
				      "SELECT pg_catalog.count(*), (pg_catalog.array_agg(c.text))[1] FROM (%s) AS c(text)",
				      c->sql);
	int rc = db_query(tmp, db, str_of(sql), NULL, 0, &r, err);
	if (rc)
		return mst_wrap(err, "check %s", c->name);
	int64_t found = db_int(r, 0, 0);
	buf_reset(b);
	jw_init(&w, b);
	jw_object(&w);
	jw_key_z(&w, "type", "check");
	jw_key_z(&w, "name", c->name);
	jw_key_b(&w, "ok", found == 0);
	jw_key_z(&w, "says", c->says);
	jw_key_i(&w, "found", found);
	if (found)
		jw_key_s(&w, "example", db_text(r, 0, 1));
	jw_end(&w);
	*broken += found > 0;
	return 0;
}

int store_check(struct db *db, store_line *tell, void *arg, size_t *broken, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct buf b;
	size_t bad = 0;
	buf_init(&b, tmp);
	int rc = db_exec(db, STR("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
				 " SELECT mst.need_admin('check the database')"), err);
	for (size_t i = 0; !rc && i < sizeof checks / sizeof *checks; i++) {
		rc = look(db, &checks[i], &b, &bad, err);
		if (!rc)
			rc = tell(arg, buf_view(&b), err);
	}
	db_rollback(db);
	if (!rc)
		*broken = bad;
	return rc;
}
