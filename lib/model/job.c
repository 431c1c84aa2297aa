#include "model/job.h"

#include "base/fs.h"
#include "base/map.h"
#include "base/sha256.h"

#include <string.h>

#define JOB_SQL_MAX ((size_t)64 << 20)

enum { K_TYPE, K_NAME, K_KIND, K_SQL, K_FILE, K_SHA, K_ATTRS, K_AFTER, K_PRIORITY, K_RUN, K_COUNT };

static const struct {
	const char *key;
	enum json_type type;
} keys[K_COUNT] = {
	[K_TYPE] = { "type", JSON_STRING },   [K_NAME] = { "name", JSON_STRING },
	[K_KIND] = { "kind", JSON_STRING },   [K_SQL] = { "sql", JSON_STRING },
	[K_FILE] = { "file", JSON_STRING },   [K_SHA] = { "sql_sha256", JSON_STRING },
	[K_ATTRS] = { "attrs", JSON_OBJECT }, [K_AFTER] = { "after", JSON_ARRAY },
	[K_PRIORITY] = { "priority", JSON_NUMBER }, [K_RUN] = { "run", JSON_BOOL },
};

static const char *const type_words[] = {
	[JSON_NULL] = "null",     [JSON_BOOL] = "true or false", [JSON_NUMBER] = "a number",
	[JSON_STRING] = "a string", [JSON_ARRAY] = "an array",   [JSON_OBJECT] = "an object",
};

/* What mst-ps adds to a job line says how it went, not what it is. */
static bool is_of_a_run(struct str key)
{
	static const char *const words[] = { "state", "attempt", "duration_us", "rows",   "bytes", "cpu_us", "tests",
					     "error", "run_id",  "started_at",  "finished_at" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_eqz(key, words[i]))
			return true;
	return false;
}

static struct str string_of(struct pool *pool, struct json_val v)
{
	return v.type == JSON_STRING ? str_dup(pool, json_str(pool, v)) : (struct str){ "", 0 };
}

int job_read(struct pool *pool, struct str line, const struct jsonl_reader *place, struct job *out,
	     struct mst_error *err)
{
	struct json_val v[K_COUNT] = { 0 };
	json_members members = { 0 };
	line = str_dup(pool, line);
	if (json_scan_object(pool, line, &members, err))
		return jsonl_place(place, err);
	struct buf kept;
	struct jw w;
	buf_init(&kept, pool);
	jw_init(&w, &kept);
	jw_object(&w);
	for (size_t i = 0; i < members.n; i++) {
		const struct json_member *m = &members.v[i];
		size_t k = 0;
		while (k < K_COUNT && !str_eqz(m->key, keys[k].key))
			k++;
		if (k < K_COUNT) {
			if (m->val.type != keys[k].type && m->val.type != JSON_NULL) {
				mst_fail(err, MST_DATA, "'%s' of a job is not %s", keys[k].key,
					 type_words[keys[k].type]);
				return jsonl_place(place, err);
			}
			if (m->val.type != JSON_NULL)
				v[k] = m->val;
		}
		if (k == K_SQL || is_of_a_run(m->key))
			continue;
		jw_key_str(&w, m->key);
		jw_raw(&w, m->val.raw);
	}
	jw_end(&w);
	struct job job = {
		.name = string_of(pool, v[K_NAME]),
		.kind = string_of(pool, v[K_KIND]),
		.line = buf_view(&kept),
		.file = string_of(pool, v[K_FILE]),
		.sha256 = string_of(pool, v[K_SHA]),
		.attrs = v[K_ATTRS],
		.after = v[K_AFTER],
		.run = v[K_RUN].type == JSON_NONE || json_is_true(v[K_RUN]),
		.line_no = (uint32_t)place->line,
	};
	if (v[K_SQL].type == JSON_STRING)
		job.sql = string_of(pool, v[K_SQL]);
	if (job.name.n == 0) {
		mst_fail(err, MST_DATA, "a job without a name");
		return jsonl_place(place, err);
	}
	if (memchr(job.name.p, 0, job.name.n)) {
		mst_fail(err, MST_DATA, "a NUL byte in the name of a job");
		return jsonl_place(place, err);
	}
	if (v[K_PRIORITY].type == JSON_NUMBER && !json_int(v[K_PRIORITY], &job.priority)) {
		double d = 0;
		json_double(v[K_PRIORITY], &d);
		job.priority = d > 9e18 ? INT64_MAX : d < -9e18 ? INT64_MIN : (int64_t)d;
	}
	struct json_val a;
	for (struct json_iter it = json_iter(job.after); job.after.type == JSON_ARRAY && json_next(&it, NULL, &a);)
		if (a.type != JSON_STRING) {
			mst_fail(err, MST_DATA, "'after' of a job holds something that is not a name");
			return jsonl_place(place, err);
		}
	job.connection = string_of(pool, job_attr(pool, &job, "connection"));
	*out = job;
	return 0;
}

struct json_val job_attr(struct pool *pool, const struct job *job, const char *key)
{
	struct str name;
	struct json_val v;
	if (job->attrs.type == JSON_OBJECT)
		for (struct json_iter it = json_iter(job->attrs); json_next(&it, &name, &v);)
			if (str_eqz(json_str(pool, (struct json_val){ name, JSON_STRING }), key) && v.type != JSON_NULL)
				return v;
	return (struct json_val){ { NULL, 0 }, JSON_NONE };
}

int job_load(struct pool *pool, struct job *job, struct mst_error *err)
{
	bool from_file = false;
	if (!job->sql.p && job->file.n) {
		if (fs_read_file(pool, str_z(pool, job->file), JOB_SQL_MAX, &job->sql, err)) {
			job->sql = (struct str){ NULL, 0 };
			mst_wrap(err, "%.*s", STR_FMT(job->name));
			mst_hint(err, "plan again: mst-deps FOLDER | mst-plan | mst-run");
			return err->code = err->code == MST_NOT_FOUND ? MST_DATA : err->code;
		}
		from_file = true;
	}
	if (!job->sql.p) {
		if (str_eqz(job->kind, "import"))
			return 0;
		mst_fail(err, MST_DATA, "%.*s has neither sql nor a file", STR_FMT(job->name));
		return mst_hint(err, "a job line holds 'sql', or 'file' and 'sql_sha256', as mst-deps writes them");
	}
	char hex[SHA256_HEX];
	if (job->sha256.n && !str_eqz(job->sha256, sha256_hex(hex, job->sql))) {
		if (from_file)
			mst_fail(err, MST_DATA, "%.*s has changed since it was planned", STR_FMT(job->file));
		else
			mst_fail(err, MST_DATA, "the sql of %.*s is not what was planned (sql_sha256 differs)",
				 STR_FMT(job->name));
		return mst_hint(err, "plan again: mst-deps FOLDER | mst-plan | mst-run");
	}
	if (memchr(job->sql.p, 0, job->sql.n)) {
		const char *nul = memchr(job->sql.p, 0, job->sql.n);
		uint32_t line, col;
		text_place(job->sql, (size_t)(nul - job->sql.p), &line, &col);
		mst_fail(err, MST_DATA, "a NUL byte in the SQL of %.*s", STR_FMT(job->name));
		return mst_place(err, str_z(pool, job->file.n ? job->file : job->name), line, col);
	}
	return 0;
}

void text_place(struct str text, size_t offset, uint32_t *line, uint32_t *col)
{
	if (offset > text.n)
		offset = text.n;
	const char *start = text.p;
	uint32_t n = 1;
	for (const char *p; (p = memchr(start, '\n', (size_t)(text.p + offset - start)));) {
		n++;
		start = p + 1;
	}
	*line = n;
	*col = (uint32_t)(text.p + offset - start) + 1;
}

int job_target(struct pool *pool, struct str name, struct str *dataset, struct str *table, struct mst_error *err)
{
	struct buf part;
	struct str before = { "", 0 }, last = { "", 0 };
	bool any = false;
	buf_init(&part, pool);
	for (size_t i = 0; i <= name.n; i++) {
		char c = i < name.n ? name.p[i] : '.';
		if ((c == '"' || c == '`') && i < name.n && part.n == 0) {
			size_t j = i + 1;
			for (;; j++) {
				if (j >= name.n)
					return mst_fail(err, MST_DATA, "the name %.*s has an open quote", STR_FMT(name));
				if (name.p[j] == c && (j + 1 == name.n || name.p[j + 1] != c))
					break;
				buf_char(&part, name.p[j]);
				j += name.p[j] == c;
			}
			i = j;
		} else if (c == '.') {
			if (part.n == 0)
				return mst_fail(err, MST_DATA, "the name %.*s has an empty part", STR_FMT(name));
			if (any)
				before = last;
			last = str_dup(pool, buf_view(&part));
			any = true;
			buf_reset(&part);
		} else {
			buf_char(&part, c);
		}
	}
	*dataset = before;
	*table = last;
	return 0;
}

/* Names one circle among the jobs that no order reaches. */
static int circle(struct pool *pool, const job_list *jobs, const struct job_graph *g, const uint32_t *left,
		  struct mst_error *err)
{
	/* walk upstream, which never ends among these jobs, until one comes again */
	uint32_t *up = pool_array(pool, jobs->n, sizeof *up);
	uint32_t *seen = pool_zalloc(pool, jobs->n * sizeof *seen);
	uint32_t start = 0;
	for (uint32_t i = 0; i < jobs->n; i++)
		for (uint32_t e = g->first[i]; left[i] && e < g->first[i + 1]; e++)
			up[g->downstream[e]] = i;
	while (!left[start])
		start++;
	for (; !seen[start]; start = up[start])
		seen[start] = 1;
	struct buf path;
	buf_init(&path, pool);
	uint32_t i = start;
	do {
		buf_printf(&path, "%.*s -> ", STR_FMT(jobs->v[i].name));
		i = up[i];
	} while (i != start && path.n < 700);
	buf_printf(&path, "%.*s", STR_FMT(jobs->v[i].name));
	mst_fail(err, MST_DATA, "jobs wait for each other: %s", buf_cstr(&path));
	return mst_hint(err, "let mst-plan make the order: it names every cycle with its files");
}

int job_graph_build(struct pool *pool, const job_list *jobs, struct job_graph *out, struct mst_error *err)
{
	struct map index;
	struct job_graph g = { 0 };
	VEC(uint32_t) from = { 0 }, to = { 0 };
	map_init(&index, pool, jobs->n);
	for (size_t i = 0; i < jobs->n; i++) {
		bool is_new;
		uint64_t *at = map_put(&index, jobs->v[i].name, &is_new);
		if (!is_new)
			return mst_fail(err, MST_DATA, "two jobs are named %.*s (lines %u and %u)",
					STR_FMT(jobs->v[i].name), jobs->v[*at].line_no, jobs->v[i].line_no);
		*at = i;
	}
	g.waiting = pool_zalloc(pool, (jobs->n + 1) * sizeof *g.waiting);
	g.first = pool_zalloc(pool, (jobs->n + 2) * sizeof *g.first);
	POOL_SCRATCH(scratch);
	uint32_t *last = pool_zalloc(scratch, (jobs->n + 1) * sizeof *last); /* job + 1 that was linked last */
	for (uint32_t i = 0; i < jobs->n; i++) {
		struct json_val v;
		if (jobs->v[i].after.type != JSON_ARRAY)
			continue;
		for (struct json_iter it = json_iter(jobs->v[i].after); json_next(&it, NULL, &v);) {
			uint64_t *up = map_get(&index, json_str(scratch, v));
			if (!up) {
				g.external++;
				continue;
			}
			if (last[*up] == i + 1)
				continue;
			last[*up] = i + 1;
			*vec_push(scratch, &from) = (uint32_t)*up;
			*vec_push(scratch, &to) = i;
			g.first[*up + 1]++;
			g.waiting[i]++;
		}
	}
	g.edges = from.n;
	g.downstream = pool_array(pool, from.n + 1, sizeof *g.downstream);
	for (size_t i = 0; i < jobs->n; i++)
		g.first[i + 1] += g.first[i];
	uint32_t *fill = pool_array(scratch, jobs->n + 1, sizeof *fill);
	memcpy(fill, g.first, jobs->n * sizeof *fill);
	for (size_t e = 0; e < from.n; e++)
		g.downstream[fill[from.v[e]]++] = to.v[e];

	uint32_t *left = pool_array(scratch, jobs->n + 1, sizeof *left);
	VEC(uint32_t) queue = { 0 };
	memcpy(left, g.waiting, jobs->n * sizeof *left);
	for (uint32_t i = 0; i < jobs->n; i++)
		if (!left[i])
			*vec_push(scratch, &queue) = i;
	for (size_t q = 0; q < queue.n; q++)
		for (uint32_t e = g.first[queue.v[q]]; e < g.first[queue.v[q] + 1]; e++)
			if (--left[g.downstream[e]] == 0)
				*vec_push(scratch, &queue) = g.downstream[e];
	if (queue.n < jobs->n)
		return circle(scratch, jobs, &g, left, err);
	*out = g;
	return 0;
}
