#include "engine/catalogue.h"

#include "base/fs.h"
#include "base/map.h"
#include "model/job.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NAME_BYTES = 255 };

struct export {
	struct pool *pool;
	struct db *db;
	const char *folder;
	int fd;
	struct map files;  /* that rows have, below the folder: number of the row in `rows` and 1 */
	store_briefs rows;
	struct catalogue_export_counts counts;
	/* the folder last written to */
	struct buf dir;
	int dir_fd;
};

static void put_part(struct buf *b, struct str part)
{
	size_t from = b->n;
	for (size_t i = 0; i < part.n; i++) {
		char c = part.p[i];
		buf_char(b, c == '/' || (unsigned char)c < 32 || c == 127 || (c == '.' && i == 0) ? '_' : c);
	}
	if (b->n - from > NAME_BYTES - 4)
		b->n = from + NAME_BYTES - 4;
	if (b->n == from)
		buf_char(b, '_');
	/* not in the middle of a character */
	while (b->n > from + 1 && part.n > b->n - from && ((unsigned char)part.p[b->n - from] & 0xc0) == 0x80)
		b->n--;
}

struct str catalogue_file_of(struct pool *pool, struct str name)
{
	struct buf b;
	struct str dataset, table;
	struct mst_error ignored;
	buf_init(&b, pool);
	if (job_target(pool, name, &dataset, &table, &ignored)) {
		dataset = (struct str){ "", 0 };
		table = name;
	}
	if (dataset.n) {
		put_part(&b, dataset);
		buf_char(&b, '/');
	}
	put_part(&b, table);
	buf_z(&b, ".sql");
	return buf_view(&b);
}

bool catalogue_file_is_safe(struct str file)
{
	struct str rest = file, part;
	if (!file.p || file.n < 5 || file.n > 4096 || memchr(file.p, 0, file.n) ||
	    !str_ieq((struct str){ file.p + file.n - 4, 4 }, STR(".sql")))
		return false;
	for (bool more = true; more;) {
		more = str_cut(rest, '/', &part, &rest);
		if (!part.n || part.n > NAME_BYTES || part.p[0] == '.')
			return false;
	}
	return true;
}

static void close_dir(struct export *x)
{
	if (x->dir_fd >= 0)
		close(x->dir_fd);
	x->dir_fd = -1;
}

/* A folder below ours, through no link; beneath(7) holds against one that is put there meanwhile. */
static int open_below(int fd, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	return (int)syscall(SYS_openat2, fd, path, &how, sizeof how);
}

/* The folder of a file, made where it is not there. */
static int enter(struct export *x, struct str dir, struct mst_error *err)
{
	if (x->dir_fd >= 0 && str_eq(buf_view(&x->dir), dir))
		return 0;
	POOL_SCRATCH(tmp);
	close_dir(x);
	buf_reset(&x->dir);
	buf_str(&x->dir, dir);
	const char *path = dir.n ? str_z(tmp, dir) : ".";
	x->dir_fd = open_below(x->fd, path);
	for (size_t i = 1; x->dir_fd < 0 && errno == ENOENT && i <= dir.n; i++) {
		if (i < dir.n && dir.p[i] != '/')
			continue;
		/* each parent is reached through no link either */
		struct str upto = { dir.p, i }, head, last = upto;
		const char *slash = memrchr(upto.p, '/', upto.n);
		head = slash ? (struct str){ upto.p, (size_t)(slash - upto.p) } : (struct str){ ".", 1 };
		if (slash)
			last = (struct str){ slash + 1, upto.n - (size_t)(slash + 1 - upto.p) };
		int parent = open_below(x->fd, str_z(tmp, head));
		if (parent < 0)
			break;
		int made = mkdirat(parent, str_z(tmp, last), 0777), e = errno;
		close(parent);
		if (made && e != EEXIST) {
			errno = e;
			break;
		}
		if (i == dir.n)
			x->dir_fd = open_below(x->fd, path);
		errno = x->dir_fd < 0 && i < dir.n ? ENOENT : errno;
	}
	if (x->dir_fd >= 0)
		return 0;
	if (errno == ELOOP || errno == EXDEV)
		return mst_fail(err, MST_CONFLICT, "%s/%s: a symbolic link, which export does not follow", x->folder, path);
	return mst_fail_errno(err, 0, "%s/%s: cannot make the folder", x->folder, path);
}

/* Whether the file holds these bytes already. */
static bool is_written(int dir, const char *name, struct str text)
{
	struct stat st;
	struct mst_error ignored;
	struct str now;
	POOL_SCRATCH(tmp);
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return false;
	bool same = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size == text.n &&
		    fs_read_fd(tmp, fd, name, text.n + 1, &now, &ignored) == 0 && str_eq(now, text);
	close(fd);
	return same;
}

static int write_file(struct export *x, const char *name, struct str file, struct str text, struct mst_error *err)
{
	/* short: the name of the file may take all that the file system allows */
	char fresh[64];
	snprintf(fresh, sizeof fresh, ".mst-export-%d", (int)getpid());
	unlinkat(x->dir_fd, fresh, 0);
	int fd = openat(x->dir_fd, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		return mst_fail_errno(err, 0, "%s/%.*s: cannot write", x->folder, STR_FMT(file));
	POOL_SCRATCH(tmp);
	const char *shown = pool_printf(tmp, "%s/%.*s", x->folder, STR_FMT(file));
	int rc = fs_write_all(fd, text.p, text.n, shown, err);
	if (close(fd) && !rc)
		rc = mst_fail_errno(err, 0, "%s: cannot write", shown);
	if (!rc && renameat(x->dir_fd, fresh, x->dir_fd, name))
		rc = mst_fail_errno(err, 0, "%s: cannot replace", shown);
	if (rc)
		unlinkat(x->dir_fd, fresh, 0);
	return rc;
}

/* Files belong to the rows that name them, the first where several do, before any place is made up. */
static int reserve(struct export *x, struct mst_error *err)
{
	int rc = store_catalogue_brief(x->pool, x->db, NULL, 0, &x->rows, err);
	for (size_t i = 0; !rc && i < x->rows.n; i++) {
		bool is_new = false;
		uint64_t *owner = catalogue_file_is_safe(x->rows.v[i].file) ? map_put(&x->files, x->rows.v[i].file, &is_new) : NULL;
		if (is_new)
			*owner = i + 1;
	}
	return rc;
}

static int place_of(struct export *x, const struct store_table *t, struct str *file, struct mst_error *err)
{
	bool is_new = false;
	if (t->file.p && catalogue_file_is_safe(t->file)) {
		uint64_t *owner = map_put(&x->files, str_dup(x->pool, t->file), &is_new);
		if (is_new || (*owner && str_eq(x->rows.v[*owner - 1].name, t->name))) {
			*file = t->file;
			return 0;
		}
	}
	*file = catalogue_file_of(x->pool, t->name);
	map_put(&x->files, *file, &is_new);
	if (is_new)
		return 0;
	mst_fail(err, MST_CONFLICT, "table '%.*s' would overwrite another one's file %.*s", STR_FMT(t->name),
		 STR_FMT(*file));
	return mst_hint(err, "export the two into folders of their own, by selectors");
}

static int on_table(void *arg, const struct store_table *t, struct mst_error *err)
{
	struct export *x = arg;
	struct str file;
	POOL_SCRATCH(tmp);
	int rc = place_of(x, t, &file, err);
	if (rc)
		return rc;
	const char *slash = memrchr(file.p, '/', file.n);
	struct str dir = { file.p, slash ? (size_t)(slash - file.p) : 0 };
	const char *name = str_z(tmp, slash ? (struct str){ slash + 1, file.n - dir.n - 1 } : file);
	rc = enter(x, dir, err);
	if (rc)
		return rc;
	if (is_written(x->dir_fd, name, t->sql)) {
		x->counts.unchanged++;
		return 0;
	}
	rc = write_file(x, name, file, t->sql, err);
	x->counts.written += rc == 0;
	return rc;
}

/* --- pruning ------------------------------------------------------------------------------------ */

/* Folders through no link, so that nothing elsewhere is removed. */
static int prune(struct export *x, int dir, struct str at, unsigned depth, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	fs_entries list;
	struct stat st;
	int rc = fs_list(tmp, pool_printf(tmp, "/proc/self/fd/%d", dir), &list, err);
	for (size_t i = 0; !rc && i < list.n; i++) {
		const char *name = list.v[i].name;
		struct str file = str_of(at.n ? pool_printf(tmp, "%.*s/%s", STR_FMT(at), name) : name);
		if (name[0] == '.' || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (S_ISDIR(st.st_mode) && depth < 128) {
			int below = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (below < 0)
				continue;
			rc = prune(x, below, file, depth + 1, err);
			close(below);
		} else if (S_ISREG(st.st_mode) && catalogue_file_is_safe(file) && !map_get(&x->files, file)) {
			if (unlinkat(dir, name, 0))
				rc = mst_fail_errno(err, 0, "%s/%.*s: cannot remove", x->folder, STR_FMT(file));
			else
				x->counts.removed++;
		}
	}
	return rc;
}

/* --------------------------------------------------------------------------------------------------- */

struct chosen {
	struct pool *pool;
	VEC(struct str) names;
};

static int on_line(void *arg, struct str line, struct mst_error *err)
{
	static const struct str key = STR("name");
	struct chosen *c = arg;
	struct json_val v;
	int rc = json_pick(line, &key, 1, &v, err);
	if (!rc)
		*vec_push(c->pool, &c->names) = str_dup(c->pool, json_str(c->pool, v));
	return rc;
}

static int write_all(struct export *x, const struct catalogue_opts *opts, const char *const *select, size_t n,
		     struct mst_error *err)
{
	if (!n)
		return store_catalogue_each(x->db, true, on_table, x, err);
	struct chosen c = { .pool = x->pool };
	struct catalogue_listing found;
	int rc = catalogue_list(x->pool, x->db, select, n, false, on_line, &c, &found, err);
	for (size_t i = 0; !rc && i < found.empty.n; i++)
		opts->note(opts->arg, pool_printf(x->pool, "selector '%.*s' takes nothing", STR_FMT(found.empty.v[i])));
	for (size_t i = 0; !rc && i < c.names.n; i += 200)
		rc = store_catalogue_get(x->db, c.names.v + i, c.names.n - i < 200 ? c.names.n - i : 200, true, on_table, x, err);
	return rc;
}

int catalogue_export(struct db *db, const struct catalogue_opts *opts, const char *folder, const char *const *select,
		     size_t n, bool prune_too, struct catalogue_export_counts *out, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct export x = { .pool = tmp, .db = db, .folder = folder, .dir_fd = -1 };
	map_init(&x.files, tmp, 0);
	buf_init(&x.dir, tmp);
	int rc = fs_mkdirs(folder, 0777, err);
	if (rc)
		return rc;
	x.fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (x.fd < 0)
		return mst_fail_errno(err, 0, "%s: cannot open the folder", folder);
	rc = reserve(&x, err);
	if (!rc)
		rc = write_all(&x, opts, select, n, err);
	if (!rc && prune_too)
		rc = prune(&x, x.fd, (struct str){ "", 0 }, 0, err);
	/* one sync for all of them: thousands of files would wait for the disk one by one */
	if (!rc && (x.counts.written || x.counts.removed) && syncfs(x.fd))
		rc = mst_fail_errno(err, 0, "%s: cannot write to the disk", folder);
	close_dir(&x);
	close(x.fd);
	if (!rc)
		*out = x.counts;
	return rc;
}
