#include "engine/catalogue_scan.h"

#include "base/fs.h"
#include "model/attrs_header.h"
#include "model/table_par.h"
#include "model/table_walk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SLOTS = 48, BATCH = 16, ALONE = 64 };

struct item {
	const char *path, *shown, *rel; /* rel: below the folder, or NULL */
	bool named;
	char sha256[SHA256_HEX];
	const struct store_brief *same;
	struct catalogue_found found;
	struct mst_error *err;
};

struct slot {
	struct pool *pool; /* what must stay where an item is kept moves to `kept` */
	struct pool *kept;
	bool any_kept;
	VEC(struct item) items;
};

struct scan {
	struct pool *pool;
	const struct catalogue_scan *what;
	struct name_pattern pattern;
	struct walk *walk;
	size_t root_n; /* of the folder as shown, with its slash; 0: a file */
	uint64_t filled;
};

void catalogue_index_init(struct catalogue_index *x, struct pool *pool, const store_briefs *rows)
{
	x->rows = rows;
	map_init(&x->by_name, pool, rows->n);
	map_init(&x->by_file, pool, rows->n);
	for (size_t i = 0; i < rows->n; i++) {
		*map_put(&x->by_name, rows->v[i].name, NULL) = i;
		if (rows->v[i].file.p)
			*map_put(&x->by_file, rows->v[i].file, NULL) = i;
	}
}

const struct store_brief *catalogue_index_name(const struct catalogue_index *x, struct str name)
{
	const uint64_t *at = map_get(&x->by_name, name);
	return at ? &x->rows->v[*at] : NULL;
}

/* --- work, on any thread ------------------------------------------------------------------------ */

static int read_text(struct pool *pool, const struct item *it, struct str *out, struct mst_error *err)
{
	struct stat st;
	int fd = open(it->shown, O_RDONLY | O_CLOEXEC | O_NOCTTY | (it->named ? 0 : O_NONBLOCK));
	if (fd < 0)
		return mst_fail_errno(err, 0, "%s: cannot open", it->shown);
	int rc = 0;
	if (!it->named && (fstat(fd, &st) || !S_ISREG(st.st_mode)))
		rc = mst_fail(err, MST_CONFLICT, "%s: not a regular file, left out", it->shown);
	if (!rc)
		rc = fs_read_fd(pool, fd, it->shown, CATALOGUE_SQL_MAX, out, err);
	close(fd);
	return rc;
}

/* Whether the header's YAML may say something of a key: a flow mapping may say anything. */
static bool header_says(const struct header *h, const char *key)
{
	struct str rest = buf_view(&h->yaml), line;
	size_t n = strlen(key);
	for (bool more = rest.n > 0; more;) {
		more = str_cut(rest, '\n', &line, &rest);
		while (line.n && (*line.p == '"' || *line.p == '\'' || *line.p == ' ' || *line.p == '?'))
			line = (struct str){ line.p + 1, line.n - 1 };
		if (str_has_prefix(line, (struct str){ key, n }) || (line.n && *line.p == '{'))
			return true;
	}
	return false;
}

/* The row that has this text in this place, and would be read from it the same today. */
static const struct store_brief *known(struct scan *s, struct pool *tmp, const struct item *it, struct str text)
{
	const struct catalogue_opts *o = s->what->opts;
	struct header h = { 0 };
	struct str name;
	const struct store_brief *b = NULL;
	if (!it->rel)
		return NULL;
	header_collect(tmp, text, &h);
	if (header_says(&h, "name")) {
		const uint64_t *at = map_get(&s->what->index->by_file, str_of(it->rel));
		b = at ? &s->what->index->rows->v[*at] : NULL;
	} else {
		char quote = o->dialect == SQL_POSTGRES || o->dialect == SQL_ANSI ? '"' : '`';
		if (!name_of_path(tmp, &s->pattern, it->path, quote, &name))
			name = name_of_any_path(tmp, it->path, quote);
		b = catalogue_index_name(s->what->index, name);
	}
	if (!b || !b->file.p || !str_eqz(b->file, it->rel) || !str_eqz(b->sha256, it->sha256) || !b->dialect.p)
		return NULL;
	if (o->team && !header_says(&h, "team") && (!b->team.p || !str_eqz(b->team, o->team)))
		return NULL;
	return header_says(&h, "dialect") || str_eqz(b->dialect, sql_dialect_name(o->dialect)) ? b : NULL;
}

static void keep_error(struct slot *slot, struct item *it, const struct mst_error *err)
{
	it->err = (struct mst_error *)(void *)pool_memdup(slot->pool, err, sizeof *err);
}

static void work_item(struct scan *s, struct slot *slot, struct item *it)
{
	struct mst_error err;
	struct catalogue_text t = { .path = it->path };
	struct str text;
	POOL_SCRATCH(tmp);
	if (read_text(tmp, it, &text, &err)) {
		keep_error(slot, it, &err);
		return;
	}
	sha256_hex(it->sha256, text);
	it->same = known(s, tmp, it, text);
	if (it->same)
		return;
	slot->any_kept = true;
	t.text = str_dup(slot->kept, text);
	t.file = it->rel ? str_dup(slot->kept, str_of(it->rel)) : (struct str){ "", 0 };
	t.path = pool_strdup(slot->kept, it->path);
	if (catalogue_define(slot->kept, s->what->opts, &t, &it->found, &err)) {
		/* the place as people know it */
		if (strcmp(err.file, it->path) == 0)
			mst_place(&err, it->shown, err.line, err.col);
		keep_error(slot, it, &err);
	}
}

static void work(void *arg, void *slot_arg)
{
	struct slot *slot = slot_arg;
	for (size_t i = 0; i < slot->items.n; i++)
		if (!slot->items.v[i].err)
			work_item(arg, slot, &slot->items.v[i]);
}

/* --- filling and taking, on the calling thread ------------------------------------------------------- */

static int fill(void *arg, void *slot_arg, struct mst_error *err)
{
	struct scan *s = arg;
	struct slot *slot = slot_arg;
	struct walk_item w;
	size_t most = s->filled < ALONE ? 1 : BATCH;
	if (s->what->opts->stop && *s->what->opts->stop)
		return mst_fail(err, MST_CANCELLED, "interrupted");
	pool_clear(slot->pool);
	slot->items.v = NULL;
	slot->items.n = slot->items.cap = 0;
	if (slot->any_kept)
		slot->kept = pool_new(s->pool);
	slot->any_kept = false;
	while (slot->items.n < most) {
		int rc = walk_next(s->walk, &w, err);
		if (rc == 0)
			break;
		struct item *it = vec_push(slot->pool, &slot->items);
		*it = (struct item){ 0 };
		if (rc < 0) {
			keep_error(slot, it, err);
			continue;
		}
		it->path = pool_strdup(slot->pool, w.path);
		it->shown = pool_strdup(slot->pool, w.shown);
		it->rel = s->root_n ? it->shown + s->root_n : NULL;
		it->named = w.named;
	}
	s->filled += slot->items.n;
	return slot->items.n > 0;
}

static int take(void *arg, void *slot_arg, struct mst_error *err)
{
	struct scan *s = arg;
	struct slot *slot = slot_arg;
	int rc = 0;
	for (size_t i = 0; !rc && i < slot->items.n; i++) {
		struct item *it = &slot->items.v[i];
		if (it->err) {
			s->what->fail(s->what->arg, it->err);
			continue;
		}
		struct catalogue_file f = { .shown = it->shown, .path = it->path, .same = it->same };
		memcpy(f.sha256, it->sha256, sizeof f.sha256);
		if (!it->same)
			f.found = (struct catalogue_found *)(void *)pool_memdup(slot->kept, &it->found, sizeof it->found);
		rc = s->what->file(s->what->arg, &f, err);
	}
	return rc;
}

int catalogue_scan(struct pool *pool, const struct catalogue_scan *what, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct scan s = { .pool = pool, .what = what };
	void *slots[SLOTS];
	char *operand[] = { pool_strdup(tmp, what->path) };
	struct par par = { .fill = fill, .work = work, .take = take, .arg = &s, .threads = what->opts->threads,
			   .slots = slots, .n = what->opts->threads > 1 ? SLOTS : 1 };
	int rc = 0;
	if (what->opts->pattern)
		s.pattern = *what->opts->pattern;
	else
		rc = name_pattern_parse(tmp, NAME_PATTERN_DEFAULT, &s.pattern, err);
	if (rc)
		return rc;
	if (fs_is_dir(what->path)) {
		size_t n = strlen(what->path);
		s.root_n = n + (what->path[n - 1] != '/');
	}
	s.walk = walk_new(tmp, operand, 1);
	for (size_t i = 0; i < par.n; i++) {
		struct slot *slot = pool_zalloc(tmp, sizeof *slot);
		slot->pool = pool_new(tmp);
		slot->kept = pool_new(pool);
		slots[i] = slot;
	}
	return par_run(&par, err);
}
