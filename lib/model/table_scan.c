#include "model/table_scan.h"

#include "base/fs.h"
#include "model/table_names.h"
#include "model/table_par.h"
#include "model/table_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SLOTS = 48,
	BATCH = 16,          /* things in a slot, ... */
	ALONE = 64,          /* ... but one by one at first, for few files may be large */
	BATCH_BYTES = 1 << 18,
};

/* One file or line, and what became of it. */
struct job {
	const char *path, *shown; /* of a file */
	bool named;
	struct str line; /* of a stream */
	uint64_t number;
	/* results */
	size_t start, end, diags_end; /* in the slot's output */
	bool is_table;
	struct str name;
	uint32_t name_line;
	unsigned errors, warnings;
	sql_diags diags;
	struct mst_error *err; /* could not be read */
};

struct slot {
	struct pool *pool;
	struct buf out;
	VEC(struct job) jobs;
};

struct scan {
	struct pool *pool;
	const struct scan_opts *opts;
	const struct scan_sink *sink;
	struct scan_counts *counts;
	struct table_names names;
	struct walk *walk;
	struct jsonl_reader *reader;
	const char *stream;
	uint64_t filled;
};

static struct mst_error *keep_error(struct pool *pool, const struct mst_error *err)
{
	return (struct mst_error *)(void *)pool_memdup(pool, err, sizeof *err);
}

/* ---- work, on any thread ---- */

/* A regular file in one read where it can be: a short read that ends at the size
 * of the file has met its end. */
static int read_regular(struct pool *pool, int fd, const char *shown, size_t size, struct str *out,
			struct mst_error *err)
{
	if (size > SCAN_FILE_MAX)
		return mst_fail(err, MST_LIMIT, "%s: larger than %zu bytes", shown, SCAN_FILE_MAX);
	struct buf b;
	buf_init(&b, pool);
	buf_reserve(&b, size + 1);
	while (b.n <= size) {
		ssize_t k = read(fd, b.p + b.n, size + 1 - b.n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return mst_fail_errno(err, MST_IO, "%s: cannot read", shown);
		b.n += (size_t)k;
		if (k == 0 || b.n == size) {
			*out = buf_view(&b);
			return 0;
		}
	}
	/* it has grown since */
	struct str rest;
	int rc = fs_read_fd(pool, fd, shown, SCAN_FILE_MAX, &rest, err);
	if (rc)
		return rc;
	buf_str(&b, rest);
	*out = buf_view(&b);
	return 0;
}

static int read_text(struct pool *pool, const struct job *j, struct str *out, struct mst_error *err)
{
	struct stat st = { 0 };
	int fd = open(j->shown, O_RDONLY | O_CLOEXEC | O_NOCTTY | (j->named ? 0 : O_NONBLOCK));
	if (fd < 0)
		return mst_fail_errno(err, 0, "%s: cannot open", j->shown);
	int rc;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		rc = read_regular(pool, fd, j->shown, (size_t)st.st_size, out, err);
	else if (j->named || S_ISREG(st.st_mode))
		rc = fs_read_fd(pool, fd, j->shown, SCAN_FILE_MAX, out, err);
	else
		rc = mst_fail(err, MST_CONFLICT, "%s: not a regular file, left out", j->shown);
	close(fd);
	return rc;
}

static void infer(struct scan *s, struct slot *slot, struct pool *tmp, struct job *j,
		  const struct table_source *src,
		  bool with_sql)
{
	struct table t;
	table_infer(tmp, &s->opts->table, src, &t);
	j->is_table = true;
	j->start = slot->out.n;
	table_write(&slot->out, &t, with_sql, &j->diags_end);
	j->end = slot->out.n;
	j->name = str_dup(slot->pool, t.name);
	j->name_line = t.name_line;
	j->errors = t.errors;
	j->warnings = t.warnings;
	for (size_t i = 0; (t.errors || t.warnings) && i < t.diags.n; i++) {
		struct sql_diag d = t.diags.v[i];
		d.msg = str_dup(slot->pool, d.msg);
		*vec_push(slot->pool, &j->diags) = d;
	}
}

static void work_file(struct scan *s, struct slot *slot, struct pool *tmp, struct job *j)
{
	struct mst_error err;
	struct table_source src = { .path = j->path, .name = s->opts->name };
	if (read_text(tmp, j, &src.text, &err)) {
		j->err = keep_error(slot->pool, &err);
		return;
	}
	src.file = s->opts->relative ? j->shown : j->path;
	infer(s, slot, tmp, j, &src, s->opts->table.with_sql);
}

static void work_line(struct scan *s, struct slot *slot, struct pool *tmp, struct job *j)
{
	struct mst_error err;
	json_members m;
	if (json_scan_object(tmp, j->line, &m, &err)) {
		mst_place(&err, s->stream, (uint32_t)j->number, err.col);
		j->err = keep_error(slot->pool, &err);
		return;
	}
	struct json_val sql = json_get(&m, "sql");
	if (sql.type != JSON_STRING || !str_eq(json_get(&m, "type").raw, STR("\"table\""))) {
		j->start = slot->out.n;
		buf_str(&slot->out, j->line);
		buf_char(&slot->out, '\n');
		j->end = slot->out.n;
		return;
	}
	struct table_source src = { .text = json_str(tmp, sql), .line = &m };
	struct json_val name = json_get(&m, "name");
	src.name = json_str(tmp, name);
	if (name.type != JSON_NONE && !src.name.n) {
		mst_fail(&err, MST_DATA, "the name of a table must be a text");
		mst_place(&err, s->stream, (uint32_t)j->number, 0);
		j->err = keep_error(slot->pool, &err);
		return;
	}
	struct str file = json_str(tmp, json_get(&m, "file"));
	if (file.n) {
		src.file = str_z(tmp, file);
		src.path = fs_absolute(tmp, src.file);
	}
	j->shown = pool_strdup(slot->pool, file.n ? src.file : s->stream);
	j->path = src.path ? pool_strdup(slot->pool, src.path) : s->stream;
	infer(s, slot, tmp, j, &src, false);
}

static void work(void *arg, void *slot_arg)
{
	struct scan *s = arg;
	struct slot *slot = slot_arg;
	POOL_SCRATCH(tmp);
	for (size_t i = 0; i < slot->jobs.n; i++) {
		struct job *j = &slot->jobs.v[i];
		if (j->err)
			continue;
		if (s->reader)
			work_line(s, slot, tmp, j);
		else
			work_file(s, slot, tmp, j);
		pool_clear(tmp);
	}
}

/* ---- filling and taking, on the calling thread ---- */

static int fill_file(struct scan *s, struct slot *slot, struct mst_error *err)
{
	struct walk_item it;
	int rc = walk_next(s->walk, &it, err);
	if (rc == 0)
		return 0;
	struct job *j = vec_push(slot->pool, &slot->jobs);
	*j = (struct job){ 0 };
	if (rc < 0) {
		j->err = keep_error(slot->pool, err);
		return 1;
	}
	j->path = pool_strdup(slot->pool, it.path);
	j->shown = pool_strdup(slot->pool, it.shown);
	j->named = it.named;
	return 1;
}

static int fill_line(struct scan *s, struct slot *slot, size_t *bytes, struct mst_error *err)
{
	struct str line;
	int rc = jsonl_next(s->reader, &line, err);
	if (rc == 0)
		return 0;
	struct job *j = vec_push(slot->pool, &slot->jobs);
	*j = (struct job){ 0 };
	if (rc < 0) {
		j->err = keep_error(slot->pool, err);
		return 0;
	}
	j->line = str_dup(slot->pool, line);
	j->number = s->reader->line;
	*bytes += line.n;
	return 1;
}

static int fill(void *arg, void *slot_arg, struct mst_error *err)
{
	struct scan *s = arg;
	struct slot *slot = slot_arg;
	size_t bytes = 0;
	pool_clear(slot->pool);
	slot->jobs.v = NULL;
	slot->jobs.n = slot->jobs.cap = 0;
	buf_init(&slot->out, slot->pool);
	size_t most = s->filled < ALONE ? 1 : BATCH;
	int more = 1;
	while (more && slot->jobs.n < most && bytes < BATCH_BYTES)
		more = s->reader ? fill_line(s, slot, &bytes, err) : fill_file(s, slot, err);
	s->filled += slot->jobs.n;
	return slot->jobs.n > 0;
}

static int write_out(struct scan *s, const char *p, size_t n, struct mst_error *err)
{
	return n ? s->sink->lines(s->sink->arg, (struct str){ p, n }, err) : 0;
}

/* A name that stands a second time: the line gets one more error. */
static int take_double(struct scan *s, struct slot *slot, struct job *j, const char *first,
		       struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct buf b;
	buf_init(&b, tmp);
	buf_add(&b, slot->out.p + j->start, j->end - j->start);
	struct sql_diag d = { SQL_ERROR, j->name_line, 1,
			      str_of(pool_printf(slot->pool, "'%.*s' is defined at %s too", STR_FMT(j->name),
						 first)) };
	table_write_error(&b, j->diags_end - j->start, d.line, d.msg);
	*vec_push(slot->pool, &j->diags) = d;
	j->errors++;
	return write_out(s, b.p, b.n, err);
}

static int take(void *arg, void *slot_arg, struct mst_error *err)
{
	struct scan *s = arg;
	struct slot *slot = slot_arg;
	size_t from = 0;
	for (size_t i = 0; i < slot->jobs.n; i++) {
		struct job *j = &slot->jobs.v[i];
		int rc = 0;
		if (j->err && s->reader) {
			rc = write_out(s, slot->out.p + from, slot->out.n - from, err);
			if (rc == 0)
				*err = *j->err;
			return rc ? rc : err->code;
		}
		if (j->err) {
			if (!s->counts->failed && j->err->code != MST_CONFLICT)
				s->counts->failed = j->err->code;
			s->sink->fail(s->sink->arg, j->err);
			continue;
		}
		if (!j->is_table)
			continue;
		POOL_SCRATCH(tmp);
		const char *path = s->opts->relative ? j->shown : j->path;
		const char *first = table_names_put(&s->names, tmp, j->name, path, j->name_line);
		if (first) {
			rc = write_out(s, slot->out.p + from, j->start - from, err);
			if (rc == 0)
				rc = take_double(s, slot, j, first, err);
			from = j->end;
		}
		if (rc)
			return rc;
		for (size_t k = 0; k < j->diags.n; k++)
			s->sink->diag(s->sink->arg, j->shown, &j->diags.v[k]);
		s->counts->tables++;
		s->counts->errors += j->errors;
		s->counts->warnings += j->warnings;
	}
	return write_out(s, slot->out.p + from, slot->out.n - from, err);
}

static int run(struct scan *s, struct mst_error *err)
{
	void *slots[SLOTS];
	struct par par = { .fill = fill, .work = work, .take = take, .arg = s, .threads = s->opts->threads,
			   .slots = slots, .n = s->opts->threads > 1 ? SLOTS : 1 };
	for (size_t i = 0; i < par.n; i++) {
		struct slot *slot = pool_zalloc(s->pool, sizeof *slot);
		slot->pool = pool_new(s->pool);
		slots[i] = slot;
	}
	return par_run(&par, err);
}

int scan_files(struct pool *pool, const struct scan_opts *opts, char *const *operands, size_t n,
	       const struct scan_sink *sink, struct scan_counts *counts, struct mst_error *err)
{
	struct scan s = { .pool = pool, .opts = opts, .sink = sink, .counts = counts };
	table_names_init(&s.names, pool);
	s.walk = walk_new(pool, operands, n);
	return run(&s, err);
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* SQL never begins with a brace and a quote; a template begins with {{, {% or {#. */
static int is_lines(struct str s)
{
	if (str_has_prefix(s, STR("\xef\xbb\xbf")))
		s = (struct str){ s.p + 3, s.n - 3 };
	size_t i = 0;
	while (i < s.n && blank(s.p[i]))
		i++;
	if (i == s.n)
		return -1;
	if (s.p[i] != '{')
		return 0;
	for (i++; i < s.n && blank(s.p[i]); i++)
		;
	return i == s.n ? -1 : s.p[i] == '"' || s.p[i] == '}';
}

static int one_text(struct scan *s, struct str text, struct mst_error *err)
{
	struct slot slot = { .pool = s->pool };
	struct table_source src = { .text = text, .name = s->opts->name };
	buf_init(&slot.out, s->pool);
	*vec_push(s->pool, &slot.jobs) = (struct job){ .path = s->stream, .shown = s->stream };
	infer(s, &slot, s->pool, slot.jobs.v, &src, true);
	return take(s, &slot, err);
}

int scan_stream(struct pool *pool, const struct scan_opts *opts, int fd, const char *name,
		const struct scan_sink *sink, struct scan_counts *counts, struct mst_error *err)
{
	struct scan s = { .pool = pool, .opts = opts, .sink = sink, .counts = counts, .stream = name };
	struct jsonl_reader r;
	jsonl_open(&r, pool, fd, name);
	table_names_init(&s.names, pool);
	int lines;
	while ((lines = is_lines((struct str){ r.p, r.n })) < 0 && r.n < r.cap) {
		ssize_t k = read(fd, r.p + r.n, r.cap - r.n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return mst_fail_errno(err, MST_IO, "%s: cannot read", name);
		if (k == 0)
			break;
		r.n += (size_t)k;
	}
	if (lines > 0) {
		s.reader = &r;
		return run(&s, err);
	}
	/* an empty pipe is a stream of no lines, unless a name says that a text was meant */
	if (lines < 0 && r.n < r.cap && !opts->name.n)
		return 0;
	struct str rest;
	struct buf all;
	int rc = fs_read_fd(pool, fd, name, SCAN_FILE_MAX, &rest, err);
	if (rc)
		return rc;
	buf_init(&all, pool);
	buf_reserve(&all, r.n + rest.n + 1);
	buf_add(&all, r.p, r.n);
	buf_str(&all, rest);
	return one_text(&s, buf_view(&all), err);
}
