#include "store/run_internal.h"

#include "base/jsonl.h"

#include <unistd.h>

#define PIECE_JOBS 4000
#define PIECE_BYTES (1 << 20)
#define PIECE_EDGES 50000

struct str store_ints(struct pool *pool, const void *items, size_t n, int64_t (*get)(const void *items, size_t i))
{
	struct buf b;
	buf_init(&b, pool);
	buf_char(&b, '{');
	for (size_t i = 0; i < n; i++) {
		int64_t v = get(items, i);
		buf_z(&b, i ? "," : "");
		if (v < 0)
			buf_z(&b, "NULL");
		else
			buf_printf(&b, "%lld", (long long)v);
	}
	buf_char(&b, '}');
	return buf_view(&b);
}

struct str store_host(struct pool *pool)
{
	char host[256] = "";
	gethostname(host, sizeof host - 1);
	return str_of(pool_strdup(pool, host));
}

int store_by_keys(struct db *db, struct mst_error *err)
{
	return db_exec(db, STR("SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;"
			       " SET jit = off; SET plan_cache_mode = force_generic_plan"),
		       err);
}

struct create {
	const struct store_run *run;
	size_t at; /* of the piece */
	int64_t *id;
};

static int64_t get_waiting(const void *items, size_t i)
{
	const struct create *c = items;
	return c->run->graph->waiting[c->at + i];
}

static int64_t get_priority(const void *items, size_t i)
{
	const struct create *c = items;
	return c->run->jobs->v[c->at + i].priority;
}

/* A line of the catalogue says whose the row is, whatever its text says; another has the word of its text. */
struct str store_job_team(struct pool *pool, const struct job *j)
{
	static const struct str key = STR("team");
	struct mst_error ignored;
	struct json_val v;
	if (json_pick(j->line, &key, 1, &v, &ignored) || v.type != JSON_STRING)
		v = job_attr(pool, j, "team");
	struct str team = v.type == JSON_STRING ? json_str(pool, v) : (struct str){ NULL, 0 };
	return team.n ? team : DB_NULL;
}

static int add_jobs(struct db *db, int64_t id, struct create *c, struct mst_error *err)
{
	const job_list *jobs = c->run->jobs;
	for (c->at = 0; c->at < jobs->n;) {
		POOL_SCRATCH(tmp);
		const struct job *j = &jobs->v[c->at];
		size_t n = 0, left = jobs->n - c->at;
		for (size_t bytes = 0; n < left && n < PIECE_JOBS && bytes < PIECE_BYTES; n++)
			bytes += j[n].line.n + j[n].sql.n;
		struct str *texts[5];
		for (size_t k = 0; k < 5; k++)
			texts[k] = pool_array(tmp, n, sizeof **texts);
		for (size_t i = 0; i < n; i++) {
			texts[0][i] = j[i].name;
			texts[1][i] = j[i].kind.p ? j[i].kind : STR("");
			texts[2][i] = j[i].line;
			texts[3][i] = j[i].sql;
			texts[4][i] = store_job_team(tmp, &j[i]);
		}
		struct str params[] = {
			db_param_int(tmp, id),
			db_param_int(tmp, (int64_t)c->at + 1),
			db_param_texts(tmp, texts[0], n),
			db_param_texts(tmp, texts[1], n),
			store_ints(tmp, c, n, get_waiting),
			store_ints(tmp, c, n, get_priority),
			db_param_texts(tmp, texts[2], n),
			db_param_texts(tmp, texts[3], n),
			db_param_texts(tmp, texts[4], n),
		};
		int rc = db_run(db, STR("SELECT mst.run_add_jobs($1, $2, $3, $4, $5, $6, $7, $8, $9)"), params, 9, NULL, err);
		if (rc)
			return rc;
		c->at += n;
	}
	return 0;
}

struct edge {
	uint32_t after, job;
};

static int64_t get_after(const void *items, size_t i)
{
	return ((const struct edge *)items)[i].after;
}

static int64_t get_job(const void *items, size_t i)
{
	return ((const struct edge *)items)[i].job;
}

static int put_edges(struct db *db, int64_t id, const struct edge *edges, size_t n, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct str params[] = { db_param_int(tmp, id), store_ints(tmp, edges, n, get_after),
				store_ints(tmp, edges, n, get_job) };
	return n ? db_run(db, STR("SELECT mst.run_add_edges($1, $2, $3)"), params, 3, NULL, err) : 0;
}

static int add_edges(struct db *db, int64_t id, const struct store_run *run, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct job_graph *g = run->graph;
	struct edge *edges = pool_array(tmp, g->edges < PIECE_EDGES ? g->edges + 1 : PIECE_EDGES, sizeof *edges);
	size_t n = 0;
	int rc = 0;
	for (uint32_t i = 0; !rc && i < run->jobs->n; i++)
		for (uint32_t e = g->first[i]; !rc && e < g->first[i + 1]; e++) {
			edges[n++] = (struct edge){ i + 1, g->downstream[e] + 1 };
			if (n == PIECE_EDGES) {
				rc = put_edges(db, id, edges, n, err);
				n = 0;
			}
		}
	return rc ? rc : put_edges(db, id, edges, n, err);
}

static int create(struct db *db, void *arg, struct mst_error *err)
{
	struct create *c = arg;
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str params[] = {
		c->run->name.p ? c->run->name : STR(""),
		c->run->plan.n ? c->run->plan : DB_NULL,
		db_param_int(tmp, (int64_t)c->run->jobs->n),
		store_host(tmp),
		db_param_int(tmp, getpid()),
		STR(MST_VERSION),
		c->run->team.n ? c->run->team : DB_NULL,
		c->run->labels.n ? c->run->labels : DB_NULL,
	};
	int rc = db_query(tmp, db, STR("SELECT mst.run_create($1, $2, $3, $4, $5, $6, $7, $8)"), params, 8, &r, err);
	if (rc)
		return rc;
	*c->id = db_int(r, 0, 0);
	rc = add_jobs(db, *c->id, c, err);
	return rc ? rc : add_edges(db, *c->id, c->run, err);
}

int store_run_create(struct db *db, const struct store_run *run, int64_t *id, struct mst_error *err)
{
	int64_t made;
	struct create c = { .run = run, .id = &made };
	int rc = db_transact(db, create, &c, err);
	if (!rc)
		rc = store_by_keys(db, err);
	if (!rc)
		*id = made;
	return rc;
}

int store_run_finish(struct db *db, int64_t run, enum run_state state, const char *error, int64_t *duration_us,
		     struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str params[] = { db_param_int(tmp, run), str_of(run_state_name(state)),
				error ? str_of(error) : DB_NULL };
	int rc = db_query(tmp, db, STR("SELECT mst.run_finish($1, $2, $3)"), params, 3, &r, err);
	if (!rc && duration_us && !db_is_null(r, 0, 0))
		*duration_us = db_int(r, 0, 0);
	return rc;
}

int store_run_reap(struct db *db, int64_t *n, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	int rc = db_query(tmp, db, STR("SELECT mst.run_reap()"), NULL, 0, &r, err);
	if (n && !rc)
		*n = db_int(r, 0, 0);
	return rc;
}

/* One number for each job by its name, in the order of the list; -1 where there is none. */
static int of_names(struct db *db, struct str sql, const job_list *jobs, int64_t *out, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str *names = pool_array(tmp, jobs->n + 1, sizeof *names);
	for (size_t i = 0; i < jobs->n; i++) {
		names[i] = jobs->v[i].name;
		out[i] = -1;
	}
	struct str list = db_param_texts(tmp, names, jobs->n);
	int rc = db_query(tmp, db, sql, &list, 1, &r, err);
	for (size_t i = 0; !rc && i < db_rows(r); i++)
		if (!db_is_null(r, i, 1))
			out[db_int(r, i, 0)] = db_int(r, i, 1);
	return rc;
}

#define LAST_SUCCESS(what) \
	"SELECT u.i - 1, h.v FROM pg_catalog.unnest($1::text[]) WITH ORDINALITY u(name, i)" \
	" CROSS JOIN LATERAL (SELECT " what " AS v" \
	"   FROM mst.job j JOIN mst.attempt a ON a.run_id = j.run_id AND a.job = j.no AND a.attempt = j.attempt" \
	"  WHERE j.name = u.name AND j.state = 'succeeded' ORDER BY j.run_id DESC LIMIT 1) h"

int store_job_history(struct db *db, const job_list *jobs, int64_t *duration_us, struct mst_error *err)
{
	return of_names(db, STR(LAST_SUCCESS("(extract(epoch FROM a.finished_at - a.started_at) * 1000000)::bigint")), jobs,
			duration_us, err);
}

int store_job_rows(struct db *db, const job_list *jobs, int64_t *rows, struct mst_error *err)
{
	return of_names(db, STR(LAST_SUCCESS("a.rows")), jobs, rows, err);
}

int store_run_mark(struct pool *pool, struct db *db, int64_t run, struct str *out, struct mst_error *err)
{
	const struct db_result *r;
	struct str param = db_param_int(pool, run);
	int rc = db_query(pool, db,
			  STR("SELECT r.created_by || '/' || (extract(epoch FROM r.created_at) * 1000000)::bigint || '/' || r.id"
			      "  FROM mst.run r WHERE r.id = $1"),
			  &param, 1, &r, err);
	if (!rc && db_rows(r) == 0)
		rc = mst_fail(err, MST_NOT_FOUND, "there is no run %lld", (long long)run);
	if (!rc)
		*out = db_text(r, 0, 0);
	return rc;
}
