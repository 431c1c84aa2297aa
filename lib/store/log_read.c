#include "store/log.h"

#include "base/jsonl.h"
#include "base/time.h"

#include <stdlib.h>

#define PIECE 2000
/* Numbers that were passed by and may still turn up, when their transaction commits. */
#define GAPS_MAX 200
#define GAP_US (30 * US_PER_S)

struct gap {
	int64_t lo, hi, since_us;
};

struct store_follow {
	struct pool *pool;
	struct db *db;
	struct store_follow_opts opts;
	int64_t last;
	bool begun;
	VEC(struct gap) gaps;
};

int store_watch(struct db *db, int64_t run, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str param = db_param_int(tmp, run);
	int rc = db_exec(db, STR("LISTEN mst_event"), err);
	/* whoever records holds it for a moment; a stranger who keeps it makes us deaf, not blocked */
	for (int tries = 0; !rc && tries < 5; tries++) {
		rc = db_query(tmp, db, STR("SELECT pg_catalog.pg_try_advisory_lock_shared(mst.watch_lock($1))"), &param, 1, &r,
			      err);
		if (!rc && db_bool(r, 0, 0))
			break;
	}
	return rc;
}

struct store_follow *store_follow_open(struct pool *pool, struct db *db, const struct store_follow_opts *opts)
{
	struct store_follow *f = pool_zalloc(pool, sizeof *f);
	*f = (struct store_follow){ .pool = pool, .db = db, .opts = *opts };
	return f;
}

enum { E_ID, E_AT, E_KIND, E_RUN, E_JOB, E_ATTEMPT, E_USER, E_TEAM, E_DATA, E_STREAM, E_TEXT };

/* Those of runs are written here alone: their keys are no others. */
static void tell_data(struct pool *pool, struct jw *w, struct str data)
{
	json_members members = { 0 };
	struct mst_error ignored;
	if (!data.n || json_scan_object(pool, data, &members, &ignored))
		return;
	for (size_t i = 0; i < members.n; i++)
		if (members.v[i].val.type != JSON_NULL) {
			jw_key_str(w, members.v[i].key);
			jw_raw(w, members.v[i].val.raw);
		}
}

static int tell_row(const struct db_result *r, size_t i, store_line *tell, void *arg, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct buf b;
	struct jw w;
	bool log = db_is_null(r, i, E_KIND);
	buf_init(&b, tmp);
	jw_init(&w, &b);
	jw_object(&w);
	jw_key_z(&w, "type", log ? "log" : "event");
	if (!log)
		jw_key_s(&w, "event", db_text(r, i, E_KIND));
	jw_key_s(&w, "at", db_text(r, i, E_AT));
	if (!db_is_null(r, i, E_RUN))
		jw_key_i(&w, "run", db_int(r, i, E_RUN));
	if (!db_is_null(r, i, E_JOB))
		jw_key_s(&w, "job", db_text(r, i, E_JOB));
	if (!db_is_null(r, i, E_ATTEMPT) && db_int(r, i, E_ATTEMPT))
		jw_key_i(&w, "attempt", db_int(r, i, E_ATTEMPT));
	if (log) {
		jw_key_s(&w, "stream", db_text(r, i, E_STREAM));
		jw_key_s(&w, "text", db_text(r, i, E_TEXT));
	} else {
		jw_key_s(&w, "user", db_text(r, i, E_USER));
		if (!db_is_null(r, i, E_TEAM))
			jw_key_s(&w, "team", db_text(r, i, E_TEAM));
		if (!db_is_null(r, i, E_RUN))
			tell_data(tmp, &w, db_text(r, i, E_DATA));
		else if (!db_is_null(r, i, E_DATA))
			jw_key_raw(&w, "data", db_text(r, i, E_DATA));
	}
	jw_end(&w);
	return tell(arg, buf_view(&b), err);
}

#define AT "pg_catalog.to_char(x.at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
#define EVENTS \
	"SELECT e.id, e.at, e.kind, e.run_id, e.job, e.attempt, e.by_user, e.team, e.data::text AS data," \
	" NULL AS stream, NULL AS text FROM mst.event e"
#define LOGS \
	"SELECT l.id, l.at, NULL AS kind, l.run_id, nullif(l.job, 0) AS job, l.attempt, NULL AS by_user, NULL AS team," \
	" NULL AS data, l.stream, l.text FROM mst.log l"
/* $1 the last number that was told, $2 run, $3 job or 0; a piece is cut by number and told by time */
#define PIECE_OF(rows) \
	"SELECT x.id, " AT ", x.kind, x.run_id, j.name, x.attempt, x.by_user, x.team, x.data, x.stream, x.text" \
	" FROM (" rows ") x LEFT JOIN mst.job j ON j.run_id = x.run_id AND j.no = x.job ORDER BY x.at, x.id"
#define GAPS "ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($4::bigint[])) g(lo, hi)"
#define OF_RUN " AND run_id = $2::bigint AND ($3::integer = 0 OR job = $3)"
#define NEXT(rows) "(" rows " ORDER BY id LIMIT 2000)"

static const char all_sql[] = PIECE_OF(NEXT(EVENTS " WHERE e.id > $1 AND $2::bigint IS NULL AND $3::integer = 0"));
static const char run_sql[] = PIECE_OF("SELECT * FROM (" NEXT(EVENTS " WHERE e.id > $1" OF_RUN) " UNION ALL "
				       NEXT(LOGS " WHERE l.id > $1" OF_RUN) ") u ORDER BY id LIMIT 2000");
static const char all_gap_sql[] =
	PIECE_OF(EVENTS " JOIN " GAPS " ON e.id BETWEEN g.lo AND g.hi"
			" WHERE $2::bigint IS NULL AND $3::integer = 0");
static const char run_gap_sql[] =
	PIECE_OF(EVENTS " JOIN " GAPS " ON e.id BETWEEN g.lo AND g.hi"
			" WHERE true" OF_RUN " UNION ALL "
		 LOGS " JOIN " GAPS " ON l.id BETWEEN g.lo AND g.hi"
			" WHERE true" OF_RUN);

static void add_gap(struct store_follow *f, int64_t lo, int64_t hi, int64_t since_us)
{
	if (lo <= hi && f->gaps.n < GAPS_MAX)
		*vec_push(f->pool, &f->gaps) = (struct gap){ lo, hi, since_us };
}

/* The number has come: what is left of its gap stays one. */
static void fill_gap(struct store_follow *f, int64_t id)
{
	for (size_t i = 0; i < f->gaps.n; i++) {
		struct gap g = f->gaps.v[i];
		if (id < g.lo || id > g.hi)
			continue;
		f->gaps.v[i] = f->gaps.v[--f->gaps.n];
		add_gap(f, g.lo, id - 1, g.since_us);
		add_gap(f, id + 1, g.hi, g.since_us);
		return;
	}
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

/* Steps over the piece: what its numbers leave out may come later. */
static void pass(struct store_follow *f, const struct db_result *r)
{
	POOL_SCRATCH(tmp);
	size_t n = db_rows(r);
	int64_t *ids = pool_array(tmp, n + 1, sizeof *ids), now = time_mono_us();
	for (size_t i = 0; i < n; i++)
		ids[i] = db_int(r, i, E_ID);
	qsort(ids, n, sizeof *ids, by_number);
	for (size_t i = 0; i < n; i++) {
		if (f->opts.again && f->last)
			add_gap(f, f->last + 1, ids[i] - 1, now);
		f->last = ids[i];
	}
}

static int tell_all(const struct db_result *r, store_line *tell, void *arg, struct mst_error *err)
{
	int rc = 0;
	for (size_t i = 0; !rc && i < db_rows(r); i++)
		rc = tell_row(r, i, tell, arg, err);
	return rc;
}

static struct str ends(struct pool *pool, const struct store_follow *f, bool hi)
{
	struct buf b;
	buf_init(&b, pool);
	buf_char(&b, '{');
	for (size_t i = 0; i < f->gaps.n; i++)
		buf_printf(&b, "%s%lld", i ? "," : "", (long long)(hi ? f->gaps.v[i].hi : f->gaps.v[i].lo));
	buf_char(&b, '}');
	return buf_view(&b);
}

static int read_gaps(struct store_follow *f, store_line *tell, void *arg, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	int64_t now = time_mono_us();
	for (size_t i = 0; i < f->gaps.n;)
		if (now - f->gaps.v[i].since_us > GAP_US)
			f->gaps.v[i] = f->gaps.v[--f->gaps.n];
		else
			i++;
	if (f->gaps.n == 0)
		return 0;
	struct str params[] = { ends(tmp, f, false), f->opts.run ? db_param_int(tmp, f->opts.run) : DB_NULL,
				db_param_int(tmp, f->opts.job), ends(tmp, f, true) };
	int rc = db_query(tmp, f->db, str_of(f->opts.run ? run_gap_sql : all_gap_sql), params, 4, &r, err);
	for (size_t i = 0; !rc && i < db_rows(r); i++)
		fill_gap(f, db_int(r, i, E_ID));
	return rc ? rc : tell_all(r, tell, arg, err);
}

/* The last number before the time that was asked for. */
static int begin(struct store_follow *f, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	f->begun = true;
	if (f->opts.since_ago_us < 0 && !f->opts.since_at)
		return 0;
	struct str params[] = { f->opts.since_at ? str_of(f->opts.since_at) : DB_NULL,
				f->opts.since_ago_us >= 0 ? db_param_int(tmp, f->opts.since_ago_us) : DB_NULL };
	int rc = db_query(tmp, f->db,
			  STR("SELECT coalesce((SELECT min(e.id) - 1 FROM mst.event e WHERE e.at >= s.at),"
			      " (SELECT max(e.id) FROM mst.event e), 0) FROM (SELECT coalesce($1::timestamptz,"
			      " pg_catalog.clock_timestamp() - $2::bigint * interval '1 microsecond') AS at) s"),
			  params, 2, &r, err);
	if (!rc)
		f->last = db_int(r, 0, 0);
	return rc;
}

int store_follow_read(struct store_follow *f, store_line *tell, void *arg, struct mst_error *err)
{
	int rc = f->begun ? 0 : begin(f, err);
	if (!rc)
		rc = read_gaps(f, tell, arg, err);
	for (size_t n = PIECE; !rc && n == PIECE;) {
		POOL_SCRATCH(tmp);
		const struct db_result *r;
		struct str params[] = { db_param_int(tmp, f->last), f->opts.run ? db_param_int(tmp, f->opts.run) : DB_NULL,
					db_param_int(tmp, f->opts.job) };
		rc = db_query(tmp, f->db, str_of(f->opts.run ? run_sql : all_sql), params, 3, &r, err);
		if (rc)
			return rc;
		n = db_rows(r);
		pass(f, r);
		rc = tell_all(r, tell, arg, err);
	}
	return rc;
}
