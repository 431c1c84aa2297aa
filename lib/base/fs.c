#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int fs_read_fd(struct pool *pool, int fd, const char *name, size_t max, struct str *out, struct mst_error *err)
{
	struct stat st;
	struct buf b;
	buf_init(&b, pool);
	size_t guess = 65536;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		if (max && (uintmax_t)st.st_size > max)
			return mst_fail(err, MST_LIMIT, "%s: larger than %zu bytes", name, max);
		guess = (size_t)st.st_size + 2;
	}
	buf_reserve(&b, guess);
	for (;;) {
		if (b.cap - b.n < 2)
			buf_reserve(&b, b.cap);
		ssize_t r = read(fd, b.p + b.n, b.cap - b.n - 1);
		if (r == 0)
			break;
		if (r < 0) {
			if (errno == EINTR)
				continue;
			return mst_fail_errno(err, MST_IO, "%s: cannot read", name);
		}
		b.n += (size_t)r;
		if (max && b.n > max)
			return mst_fail(err, MST_LIMIT, "%s: larger than %zu bytes", name, max);
	}
	b.p[b.n] = 0;
	*out = buf_view(&b);
	return 0;
}

int fs_read_file(struct pool *pool, const char *path, size_t max, struct str *out, struct mst_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return mst_fail_errno(err, 0, "%s: cannot open", path);
	int rc = fs_read_fd(pool, fd, path, max, out, err);
	close(fd);
	return rc;
}

int fs_write_all(int fd, const void *p, size_t n, const char *name, struct mst_error *err)
{
	const char *s = p;
	while (n) {
		ssize_t w = write(fd, s, n);
		if (w < 0) {
			if (errno == EINTR)
				continue;
			return mst_fail_errno(err, MST_IO, "%s: cannot write", name);
		}
		s += w;
		n -= (size_t)w;
	}
	return 0;
}

int fs_write_file(const char *path, struct str data, mode_t mode, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	char *beside = pool_printf(tmp, "%s.%ld.new", path, (long)getpid());
	int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return mst_fail_errno(err, 0, "%s: cannot create", beside);
	int rc = fs_write_all(fd, data.p, data.n, beside, err);
	if (rc == 0 && fsync(fd) < 0)
		rc = mst_fail_errno(err, MST_IO, "%s: cannot write", beside);
	if (close(fd) < 0 && rc == 0)
		rc = mst_fail_errno(err, MST_IO, "%s: cannot write", beside);
	if (rc == 0 && rename(beside, path) < 0)
		rc = mst_fail_errno(err, 0, "%s: cannot rename to %s", beside, path);
	if (rc)
		unlink(beside);
	return rc;
}

int fs_mkdirs(const char *path, mode_t mode, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	char *p = pool_strdup(tmp, path);
	if (!*p)
		return mst_fail(err, MST_USAGE, "a folder without a name cannot be created");
	for (char *s = p + 1;; s++) {
		if (*s && *s != '/')
			continue;
		char c = *s;
		*s = 0;
		if (mkdir(p, mode) < 0 && errno != EEXIST)
			return mst_fail_errno(err, 0, "%s: cannot create the folder", p);
		*s = c;
		if (!c)
			break;
	}
	if (!fs_is_dir(path))
		return mst_fail(err, MST_IO, "%s: exists and is not a folder", path);
	return 0;
}

static int order(const void *pa, const void *pb)
{
	const struct fs_entry *a = pa, *b = pb;
	const unsigned char *s = (const void *)a->name, *t = (const void *)b->name;
	while (*s && *s == *t)
		s++, t++;
	int x = *s ? *s : a->is_dir ? '/' : 0;
	int y = *t ? *t : b->is_dir ? '/' : 0;
	return x - y;
}

int fs_list(struct pool *pool, const char *path, fs_entries *out, struct mst_error *err)
{
	DIR *d = opendir(path);
	if (!d)
		return mst_fail_errno(err, 0, "%s: cannot read the folder", path);
	fs_entries list = { 0 };
	errno = 0;
	for (struct dirent *e; (e = readdir(d)); errno = 0) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		bool is_dir = e->d_type == DT_DIR;
		if (e->d_type == DT_LNK || e->d_type == DT_UNKNOWN) {
			struct stat st;
			is_dir = fstatat(dirfd(d), e->d_name, &st, 0) == 0 && S_ISDIR(st.st_mode);
		}
		*vec_push(pool, &list) = (struct fs_entry){ pool_strdup(pool, e->d_name), is_dir };
	}
	int rc = errno ? mst_fail_errno(err, MST_IO, "%s: cannot read the folder", path) : 0;
	closedir(d);
	if (rc)
		return rc;
	if (list.n)
		qsort(list.v, list.n, sizeof *list.v, order);
	*out = list;
	return 0;
}

bool fs_exists(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0;
}

bool fs_is_dir(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

char *fs_join(struct pool *pool, const char *a, const char *b)
{
	size_t n = strlen(a);
	if (b[0] == '/' || n == 0)
		return pool_strdup(pool, b);
	return pool_printf(pool, a[n - 1] == '/' ? "%s%s" : "%s/%s", a, b);
}

char *fs_absolute(struct pool *pool, const char *path)
{
	POOL_SCRATCH(tmp);
	struct buf in, out;
	buf_init(&in, tmp);
	buf_init(&out, pool);
	if (path[0] != '/') {
		char *cwd = getcwd(NULL, 0);
		buf_z(&in, cwd ? cwd : "");
		free(cwd);
		buf_char(&in, '/');
	}
	buf_z(&in, path);
	struct str rest = buf_view(&in), part;
	while (rest.n) {
		str_cut(rest, '/', &part, &rest);
		if (part.n == 0 || str_eq(part, STR(".")))
			continue;
		if (str_eq(part, STR(".."))) {
			while (out.n && out.p[--out.n] != '/')
				;
			continue;
		}
		buf_char(&out, '/');
		buf_str(&out, part);
	}
	if (!out.n)
		buf_char(&out, '/');
	return buf_cstr(&out);
}

char *fs_home(struct pool *pool)
{
	const char *home = getenv("HOME");
	if (!home || home[0] != '/') {
		struct passwd *pw = getpwuid(geteuid());
		home = pw ? pw->pw_dir : NULL;
	}
	return home && home[0] == '/' ? pool_strdup(pool, home) : NULL;
}
