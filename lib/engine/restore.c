#include "base/fs.h"
#include "engine/backup_internal.h"
#include "store/backup.h"
#include "store/migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX ((size_t)256 << 20)
#define PIECE (1 << 16)

struct restore {
	struct pool *pool;
	const struct state_opts *o;
	const char *name;       /* of the file, for people */
	int fd;
	const char *pg_restore;
	bool force;
	struct db *db;
	store_names_list missing;
	const char *admin;
};

static void close_fd(void *arg)
{
	close((int)(intptr_t)arg);
}

/* stdin is no file that can be read several times. */
static int spool(struct restore *r, struct mst_error *err)
{
	const char *dir = getenv("TMPDIR");
	char *path = pool_printf(r->pool, "%s/mst-backup.XXXXXX", dir && *dir == '/' ? dir : "/tmp");
	static char piece[PIECE];
	ssize_t n;
	r->name = "stdin";
	r->fd = mkostemp(path, O_CLOEXEC);
	if (r->fd < 0)
		return mst_fail_errno(err, 0, "%s: cannot create", path);
	unlink(path);
	pool_on_free(r->pool, close_fd, (void *)(intptr_t)r->fd);
	while ((n = read(STDIN_FILENO, piece, sizeof piece)) != 0) {
		if (n < 0 && errno == EINTR && !(r->o->cluster.stop && *r->o->cluster.stop))
			continue;
		if (n < 0)
			return errno == EINTR ? mst_fail(err, MST_CANCELLED, "interrupted")
					      : mst_fail_errno(err, MST_IO, "stdin: cannot read");
		int rc = fs_write_all(r->fd, piece, (size_t)n, path, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int open_file(struct restore *r, const char *path, struct mst_error *err)
{
	struct stat st;
	if (strcmp(path, "-") == 0)
		return spool(r, err);
	r->name = path;
	r->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0)
		return mst_fail_errno(err, 0, "%s: cannot open", path);
	pool_on_free(r->pool, close_fd, (void *)(intptr_t)r->fd);
	if (fstat(r->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return mst_fail(err, MST_DATA, "%s is no file; - reads from stdin", path);
	return 0;
}

static int fail_damaged(const struct restore *r, struct mst_error *err)
{
	mst_fail(err, MST_DATA, "%s is damaged: its checksum does not fit what is in it", r->name);
	return mst_hint(err, "nothing was changed; take another backup");
}

/* All of it is read once before anything is done. */
static int check_sum(const struct restore *r, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	static char piece[PIECE];
	char tail[BACKUP_TAIL], hex[SHA256_HEX];
	off_t size = lseek(r->fd, 0, SEEK_END), at = 0, end = size - (off_t)sizeof tail;
	if (end <= 0 || pread(r->fd, tail, sizeof tail, end) != (ssize_t)sizeof tail ||
	    memcmp(tail, BACKUP_MARK, sizeof BACKUP_MARK - 1) != 0 || tail[sizeof tail - 1] != '\n') {
		mst_fail(err, MST_DATA, "%s is no whole backup: its last line, with the checksum, is not there", r->name);
		return mst_hint(err, "it was cut off, or not written by mst-db backup; what pg_dump wrote goes by pg_restore");
	}
	struct sha256 *sum = sha256_new(tmp);
	while (at < end) {
		size_t want = end - at < PIECE ? (size_t)(end - at) : PIECE;
		ssize_t n = pread(r->fd, piece, want, at);
		if (n <= 0)
			return n < 0 ? mst_fail_errno(err, MST_IO, "%s: cannot read", r->name) : fail_damaged(r, err);
		sha256_add(sum, (struct str){ piece, (size_t)n });
		at += n;
	}
	return memcmp(tail + sizeof BACKUP_MARK - 1, sha256_end(sum, hex), SHA256_HEX - 1) ? fail_damaged(r, err) : 0;
}

/* The child opens what is open here, from its beginning: also where the name leads elsewhere by now. */
static int spawn(struct restore *r, struct pool *pool, const char *const *args, struct backup_child *child,
		 struct mst_error *err)
{
	size_t n = 0, k = 0;
	while (args[n])
		n++;
	const char **argv = pool_array(pool, n + 5, sizeof *argv);
	argv[k++] = r->pg_restore;
	argv[k++] = "--no-owner";
	argv[k++] = "--file=-";
	for (size_t i = 0; i < n; i++)
		argv[k++] = args[i];
	argv[k++] = pool_printf(pool, "/proc/%ld/fd/%d", (long)getpid(), r->fd);
	argv[k] = NULL;
	return backup_spawn_(pool, argv, NULL, PROC_PIPE, child, err);
}

static int next_piece(struct restore *r, struct backup_child *child, char *piece, ssize_t *n, struct mst_error *err)
{
	for (;;) {
		struct pollfd p = { proc_out(child->proc), POLLIN, 0 };
		int ready = poll(&p, 1, 250);
		if (r->o->cluster.stop && *r->o->cluster.stop)
			return mst_fail(err, MST_CANCELLED, "interrupted");
		if (ready <= 0)
			continue;
		*n = read(p.fd, piece, PIECE);
		if (*n >= 0)
			return 0;
		if (errno != EINTR)
			return mst_fail_errno(err, MST_IO, "%s: cannot read from it", child->name);
	}
}

/* What is short: definitions, grants, the list of what there is. */
static int text_of(struct restore *r, struct pool *pool, const char *const *args, struct str *out,
		   struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct backup_child child;
	struct buf b;
	char *piece = pool_alloc(tmp, PIECE);
	ssize_t n = 1;
	buf_init(&b, pool);
	int rc = spawn(r, tmp, args, &child, err);
	while (!rc && n) {
		rc = next_piece(r, &child, piece, &n, err);
		if (!rc)
			buf_add(&b, piece, (size_t)n);
		if (!rc && b.n > TEXT_MAX)
			rc = mst_fail(err, MST_LIMIT, "%s: more than %zu MB of definitions", r->name, TEXT_MAX >> 20);
	}
	if (!rc)
		rc = backup_wait_(&child, r->o->cluster.stop, err);
	if (!rc)
		*out = (struct str){ buf_cstr(&b), b.n };
	return rc ? mst_wrap(err, "%s", r->name) : 0;
}

/* Newer versions frame their scripts with commands of psql. */
static struct str without_commands(struct pool *pool, struct str text)
{
	struct buf b;
	struct str line;
	buf_init(&b, pool);
	while (text.n) {
		if (!str_cut(text, '\n', &line, &text))
			text.n = 0;
		if (str_has_prefix(line, STR("\\restrict ")) || str_has_prefix(line, STR("\\unrestrict ")))
			continue;
		buf_str(&b, line);
		buf_char(&b, '\n');
	}
	return buf_view(&b);
}

static int definitions(struct restore *r, const char *section, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct str text;
	const char *const args[] = { "--no-privileges", pool_printf(tmp, "--section=%s", section), NULL };
	int rc = text_of(r, tmp, args, &text, err);
	return rc ? rc : db_exec(r->db, without_commands(tmp, text), err);
}

/* --- rows: a stream of lines, of which those between COPY and \. go to the server as they are */

struct rows {
	struct restore *r;
	struct buf line; /* the beginning of one that goes on in the next piece */
	struct buf sql;  /* statements so far that are not COPY */
	struct buf data;
	bool copying;
};

static int flush_sql(struct rows *s, struct mst_error *err)
{
	int rc = s->sql.n ? db_exec(s->r->db, buf_view(&s->sql), err) : 0;
	buf_reset(&s->sql);
	return rc;
}

static int flush_data(struct rows *s, size_t full, struct mst_error *err)
{
	int rc = s->data.n > full ? db_copy_put(s->r->db, buf_view(&s->data), err) : 0;
	if (s->data.n > full)
		buf_reset(&s->data);
	return rc;
}

static int take_line(struct rows *s, struct str line, struct mst_error *err)
{
	int rc = 0;
	if (s->copying) {
		if (!str_eqz(line, "\\.")) {
			buf_str(&s->data, line);
			buf_char(&s->data, '\n');
			return flush_data(s, PIECE, err);
		}
		rc = flush_data(s, 0, err);
		s->copying = false;
		return rc ? rc : db_copy_end(s->r->db, NULL, err);
	}
	if (str_has_prefix(line, STR("COPY mst.")) && str_has_suffix(line, STR(" FROM stdin;"))) {
		rc = flush_sql(s, err);
		if (!rc)
			rc = db_copy_in(s->r->db, (struct str){ line.p, line.n - 1 }, err);
		s->copying = !rc;
		return rc;
	}
	if (!str_has_prefix(line, STR("\\"))) {
		buf_str(&s->sql, line);
		buf_char(&s->sql, '\n');
	}
	return 0;
}

static int take_piece(struct rows *s, struct str piece, struct mst_error *err)
{
	int rc = 0;
	ptrdiff_t end;
	while (!rc && (end = str_find(piece, '\n')) >= 0) {
		struct str line = { piece.p, (size_t)end };
		piece = (struct str){ piece.p + end + 1, piece.n - (size_t)end - 1 };
		if (s->line.n) {
			buf_str(&s->line, line);
			rc = take_line(s, buf_view(&s->line), err);
			buf_reset(&s->line);
		} else
			rc = take_line(s, line, err);
	}
	buf_str(&s->line, piece);
	return rc;
}

static int all_rows(struct restore *r, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct rows s = { .r = r };
	struct backup_child child;
	char *piece = pool_alloc(tmp, PIECE);
	const char *const args[] = { "--section=data", NULL };
	ssize_t n = 1;
	buf_init(&s.line, tmp);
	buf_init(&s.sql, tmp);
	buf_init(&s.data, tmp);
	int rc = spawn(r, tmp, args, &child, err);
	while (!rc && n) {
		rc = next_piece(r, &child, piece, &n, err);
		if (!rc)
			rc = take_piece(&s, (struct str){ piece, (size_t)n }, err);
	}
	if (!rc)
		rc = backup_wait_(&child, r->o->cluster.stop, err);
	if (!rc && s.copying)
		rc = fail_damaged(r, err);
	return rc ? rc : flush_sql(&s, err);
}

/* --- grants: by a list of these alone, so that every line of the script is one */

static int grants(struct restore *r, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct str text, line, rest;
	struct buf b;
	const char *const list[] = { "--list", NULL };
	buf_init(&b, tmp);
	int rc = text_of(r, tmp, list, &text, err);
	if (rc)
		return rc;
	for (rest = text; rest.n;) {
		if (!str_cut(rest, '\n', &line, &rest))
			rest.n = 0;
		/* "3460; 0 0 ACL mst TABLE run mst" */
		size_t digits = 0;
		while (digits < line.n && line.p[digits] >= '0' && line.p[digits] <= '9')
			digits++;
		if (digits && str_has_prefix((struct str){ line.p + digits, line.n - digits }, STR("; 0 0 ACL "))) {
			buf_str(&b, line);
			buf_char(&b, '\n');
		}
	}
	if (!b.n)
		return 0;
	char path[] = "/tmp/mst-grants.XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return mst_fail_errno(err, 0, "%s: cannot create", path);
	rc = fs_write_all(fd, b.p, b.n, path, err);
	close(fd);
	const char *const only[] = { pool_printf(tmp, "--use-list=%s", path), NULL };
	if (!rc)
		rc = text_of(r, tmp, only, &text, err);
	unlink(path);
	return rc ? rc : store_restore_grants(r->pool, r->db, text, &r->missing, err);
}

static int all(struct restore *r, struct mst_error *err)
{
	int rc = store_restore_begin(r->db, r->force, err);
	if (!rc)
		rc = definitions(r, "pre-data", err);
	if (!rc)
		rc = all_rows(r, err);
	if (!rc)
		rc = definitions(r, "post-data", err);
	if (!rc)
		rc = grants(r, err);
	return rc ? rc : store_restore_end(r->pool, r->db, &r->missing, &r->admin, err);
}

int backup_restore(struct pool *pool, const struct state_opts *o, const char *path, bool force,
		   struct backup_restored *out, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct restore r = { .pool = tmp, .o = o, .force = force };
	struct str text;
	int from, rc = open_file(&r, path, err);
	if (!rc)
		rc = check_sum(&r, err);
	if (rc)
		return rc;
	r.pg_restore = backup_tool_(tmp, o, "pg_restore", 0);
	const char *const migrations[] = { "--data-only", "--schema=mst", "--table=migration", NULL };
	rc = text_of(&r, tmp, migrations, &text, err);
	if (!rc)
		rc = store_backup_version(text, &from, err);
	if (!rc)
		rc = state_connect(tmp, o, &r.db, err);
	if (rc)
		return rc;
	rc = db_begin(r.db, err);
	if (!rc)
		rc = all(&r, err);
	if (!rc)
		rc = db_commit(r.db, err);
	if (rc) {
		db_rollback(r.db);
		return rc;
	}
	struct backup_restored done = { .from = from, .to = (int)store_schema.n };
	for (size_t i = 0; i < r.missing.n; i++)
		*vec_push(pool, &done.missing) = pool_strdup(pool, r.missing.v[i]);
	if (r.admin)
		done.admin = pool_strdup(pool, r.admin);
	/* the scripts of pg_restore have changed the settings of that session */
	db_close(r.db);
	rc = state_connect(tmp, o, &r.db, err);
	if (!rc)
		rc = store_schema_migrate(r.db, &store_schema, 0, false, NULL, NULL, err);
	if (rc)
		return mst_wrap(err, "the backup was restored, but not migrated from version %d", from);
	*out = done;
	return 0;
}
