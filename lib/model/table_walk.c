#include "model/table_walk.h"

#include "base/fs.h"
#include "base/map.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

/* A folder that is being read. */
struct frame {
	struct pool *pool;
	fs_entries list;
	size_t next;
	size_t path_n, shown_n; /* lengths of the folder's own paths, with "/" */
	dev_t dev;
	ino_t ino;
};

/* One operand; its files come in order. */
struct root {
	const char *path, *shown;
	bool is_dir;
};

/* A root that has been begun: its next file is known. */
struct stream {
	struct pool *pool;
	struct buf path, shown;
	VEC(struct frame) frames;
	const char *given; /* the operand */
	bool named, done;
	bool stale;   /* its paths are not those of its next file */
	bool has_any; /* a file was found, or something that could not be read */
};

struct walk {
	struct pool *pool;
	struct root *roots;
	size_t nroots, begun;
	VEC(struct stream *) live; /* roots inside each other; nearly always one */
	struct map links;          /* folders entered through a link */
	struct buf previous;       /* path handed out last */
};

static int order(const void *pa, const void *pb)
{
	const struct root *a = pa, *b = pb;
	return strcmp(a->path, b->path);
}

static bool has_dot_dot(const char *path)
{
	struct str rest = str_of(path), part;
	for (bool more = true; more;) {
		more = str_cut(rest, '/', &part, &rest);
		if (str_eq(part, STR("..")))
			return true;
	}
	return false;
}

/* ".." behind a link is not what the name says: the kernel is asked then.  The
 * last part of a file's path stays, be it a link. */
static const char *absolute(struct pool *pool, const char *path, bool is_dir)
{
	char real[PATH_MAX];
	if (!has_dot_dot(path))
		return fs_absolute(pool, path);
	if (is_dir)
		return pool_strdup(pool, realpath(path, real) ? real : fs_absolute(pool, path));
	const char *slash = strrchr(path, '/');
	if (!slash || !realpath(pool_memdup(pool, path, (size_t)(slash + 1 - path)), real))
		return fs_absolute(pool, path);
	return fs_join(pool, real, slash + 1);
}

struct walk *walk_new(struct pool *pool, char *const *operands, size_t n)
{
	struct walk *w = pool_zalloc(pool, sizeof *w);
	w->pool = pool;
	w->nroots = n;
	w->roots = pool_array(pool, n, sizeof *w->roots);
	buf_init(&w->previous, pool);
	map_init(&w->links, pool, 0);
	for (size_t i = 0; i < n; i++) {
		struct root *r = &w->roots[i];
		r->shown = operands[i];
		r->is_dir = fs_is_dir(operands[i]);
		r->path = absolute(pool, operands[i], r->is_dir);
		if (r->is_dir && strcmp(r->path, "/") != 0)
			r->path = pool_printf(pool, "%s/", r->path);
	}
	if (n)
		qsort(w->roots, n, sizeof *w->roots, order);
	return w;
}

static void set_paths(struct stream *s, size_t path_n, size_t shown_n, const char *name, const char *end)
{
	s->path.n = path_n;
	s->shown.n = shown_n;
	buf_z(&s->path, name);
	buf_z(&s->shown, name);
	buf_z(&s->path, end);
	buf_z(&s->shown, end);
	buf_cstr(&s->path);
	buf_cstr(&s->shown);
}

/* May a linked folder be entered? */
static bool link_is_fresh(struct walk *w, const struct stream *s, const struct stat *st)
{
	for (size_t i = 0; i < s->frames.n; i++)
		if (s->frames.v[i].dev == st->st_dev && s->frames.v[i].ino == st->st_ino)
			return false;
	uint64_t id[2] = { st->st_dev, st->st_ino };
	struct str key = { (const char *)id, sizeof id };
	if (map_get(&w->links, key))
		return false;
	map_put(&w->links, str_dup(w->pool, key), NULL);
	return true;
}

/* Enters the folder that the paths of the stream name; `found`: inside another.
 * Folders and files are reached by the path as given, which means what the
 * kernel takes it for, ".." behind a link too. */
static int enter(struct walk *w, struct stream *s, bool found, struct mst_error *err)
{
	struct stat st;
	int rc = 0;
	bool link = false;
	if (found) {
		/* without the slash at the end, or lstat looks through the link */
		s->shown.p[s->shown.n - 1] = 0;
		rc = lstat(s->shown.p, &st);
		s->shown.p[s->shown.n - 1] = '/';
		link = rc == 0 && S_ISLNK(st.st_mode);
	}
	if (rc || ((link || !found) && stat(s->shown.p, &st)))
		return mst_fail_errno(err, 0, "%s: cannot read the folder", s->shown.p);
	if (link && !link_is_fresh(w, s, &st))
		return mst_fail(err, MST_CONFLICT, "%s: a link to a folder that is read already, left out", s->shown.p);
	struct frame f = { .pool = pool_new(s->pool), .path_n = s->path.n, .shown_n = s->shown.n, .dev = st.st_dev,
			   .ino = st.st_ino };
	rc = fs_list(f.pool, s->shown.p, &f.list, err);
	if (rc) {
		pool_free(f.pool);
		return rc;
	}
	*vec_push(s->pool, &s->frames) = f;
	return 0;
}

static bool is_sql(const char *name)
{
	size_t n = strlen(name);
	return n > 4 && str_ieq((struct str){ name + n - 4, 4 }, STR(".sql"));
}

/* Moves the stream to its next file: 0, also at its end; < 0 as walk_next. */
static int move(struct walk *w, struct stream *s, struct mst_error *err)
{
	while (s->frames.n) {
		struct frame *f = &s->frames.v[s->frames.n - 1];
		if (f->next == f->list.n) {
			pool_free(f->pool);
			s->frames.n--;
			continue;
		}
		const struct fs_entry *e = &f->list.v[f->next++];
		if (e->name[0] == '.')
			continue;
		set_paths(s, f->path_n, f->shown_n, e->name, e->is_dir ? "/" : "");
		if (e->is_dir) {
			int rc = enter(w, s, true, err);
			if (rc) {
				s->has_any = true;
				return rc;
			}
		} else if (is_sql(e->name)) {
			s->has_any = true;
			return 0;
		}
	}
	s->done = true;
	return s->has_any ? 0 : mst_fail(err, MST_CONFLICT, "%s: no file below it ends in .sql", s->given);
}

static int begin(struct walk *w, const struct root *r, struct mst_error *err)
{
	struct pool *pool = pool_new(w->pool);
	struct stream *s = pool_zalloc(pool, sizeof *s);
	s->pool = pool;
	s->given = r->shown;
	s->named = !r->is_dir;
	buf_init(&s->path, pool);
	buf_init(&s->shown, pool);
	size_t n = strlen(r->shown);
	bool slash = r->is_dir && n && r->shown[n - 1] != '/';
	set_paths(s, 0, 0, "", "");
	buf_z(&s->path, r->path);
	buf_z(&s->shown, r->shown);
	if (slash)
		buf_char(&s->shown, '/');
	buf_cstr(&s->path);
	buf_cstr(&s->shown);
	*vec_push(w->pool, &w->live) = s;
	if (!r->is_dir)
		return 0;
	int rc = enter(w, s, false, err);
	s->done = rc != 0;
	s->stale = true;
	return rc;
}

/* Every stream to its next file. */
static int settle(struct walk *w, struct mst_error *err)
{
	for (size_t i = 0; i < w->live.n; i++) {
		struct stream *s = w->live.v[i];
		if (!s->stale || s->done)
			continue;
		if (s->named) {
			s->done = true;
			continue;
		}
		int rc = move(w, s, err);
		if (rc)
			return rc;
		s->stale = false;
	}
	return 0;
}

static void drop_done(struct walk *w)
{
	size_t kept = 0;
	for (size_t i = 0; i < w->live.n; i++) {
		if (w->live.v[i]->done)
			pool_free(w->live.v[i]->pool);
		else
			w->live.v[kept++] = w->live.v[i];
	}
	w->live.n = kept;
}

int walk_next(struct walk *w, struct walk_item *out, struct mst_error *err)
{
	for (;;) {
		int rc = settle(w, err);
		if (rc)
			return rc;
		drop_done(w);
		struct stream *first = NULL;
		for (size_t i = 0; i < w->live.n; i++)
			if (!first || strcmp(w->live.v[i]->path.p, first->path.p) < 0)
				first = w->live.v[i];
		if (w->begun < w->nroots && (!first || strcmp(w->roots[w->begun].path, first->path.p) <= 0)) {
			rc = begin(w, &w->roots[w->begun++], err);
			if (rc)
				return rc;
			continue;
		}
		if (!first)
			return 0;
		first->stale = true;
		if (w->previous.n && str_eq(buf_view(&w->previous), buf_view(&first->path)))
			continue;
		buf_reset(&w->previous);
		buf_str(&w->previous, buf_view(&first->path));
		*out = (struct walk_item){ first->path.p, first->shown.p, first->named };
		return 1;
	}
}
