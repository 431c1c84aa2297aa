/* libs: -lgit2 */
/* mst-git: what git knows of a folder, and the SQL files of a repository.  A child of mst-table.
 *
 *     mst-git look FOLDER
 *         {"commit","author","dirty","origin","path"} of the work tree that holds the folder, or nothing
 *         where none does
 *     mst-git fetch URL REF PATH DEST
 *         writes the SQL files below PATH at REF into DEST/tree, and the same line
 *
 * A repository is somebody else's: no hook, filter or submodule of it is run or entered, links are passed
 * over, sizes and numbers are bounded.  Errors are one line on stderr, status 1. */
#include "base/fs.h"
#include "base/jsonl.h"

#include <errno.h>
#include <fcntl.h>
#include <git2.h>
/* from 1.8 on those that set and clear errors stand apart */
#if __has_include(<git2/sys/errors.h>)
#include <git2/sys/errors.h>
#endif
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX ((git_object_size_t)64 << 20)
#define TOTAL_MAX ((uint64_t)2 << 30)
enum { FILES_MAX = 1000000, FOLDERS_MAX = 100000, FOLDER_DEPTH_MAX = 128, LOGINS_MAX = 4 };

static _Noreturn void fail(const char *what)
{
	const git_error *e = git_error_last();
	char text[700];
	snprintf(text, sizeof text, "%s%s%s", what, e && e->message ? ": " : "", e && e->message ? e->message : "");
	mst_harmless(text, strlen(text));
	fprintf(stderr, "%s\n", text);
	exit(1);
}

static void need(int rc, const char *what)
{
	if (rc < 0)
		fail(what);
}

/* The URL without who logs in. */
static const char *bare_url(struct pool *pool, const char *url)
{
	const char *start = strstr(url, "://");
	if (!start)
		return url;
	start += 3;
	const char *end = start + strcspn(start, "/"), *at = memrchr(start, '@', (size_t)(end - start));
	return at ? pool_printf(pool, "%.*s%s", (int)(start - url), url, at + 1) : url;
}

static void write_line(const git_commit *commit, bool dirty, const char *origin, const char *path)
{
	POOL_SCRATCH(pool);
	struct buf b;
	struct jw w;
	struct mst_error err;
	char hex[GIT_OID_HEXSZ + 1];
	buf_init(&b, pool);
	jw_init(&w, &b);
	jw_object(&w);
	if (commit) {
		const git_signature *a = git_commit_author(commit);
		jw_key_z(&w, "commit", git_oid_tostr(hex, sizeof hex, git_commit_id(commit)));
		jw_key_z(&w, "author", pool_printf(pool, "%s <%s>", a->name, a->email));
	}
	jw_key_b(&w, "dirty", dirty);
	if (origin)
		jw_key_z(&w, "origin", bare_url(pool, origin));
	jw_key_z(&w, "path", path);
	jw_end(&w);
	buf_char(&b, '\n');
	if (fs_write_all(STDOUT_FILENO, b.p, b.n, "stdout", &err)) {
		fprintf(stderr, "%s\n", err.msg);
		exit(1);
	}
}

static bool is_sql(const char *name)
{
	size_t n = strlen(name);
	return n > 4 && str_ieq((struct str){ name + n - 4, 4 }, STR(".sql"));
}

/* --- look ----------------------------------------------------------------------------------- */

static int on_status(const char *path, unsigned flags, void *arg)
{
	bool *dirty = arg;
	if ((flags & ~(unsigned)GIT_STATUS_WT_NEW & ~(unsigned)GIT_STATUS_IGNORED) != 0 || is_sql(path))
		*dirty = true;
	return *dirty;
}

static int look(const char *folder)
{
	git_repository *repo;
	git_object *head = NULL;
	git_remote *remote = NULL;
	char real[PATH_MAX];
	bool dirty = false;
	POOL_SCRATCH(pool);
	if (!realpath(folder, real)) {
		fprintf(stderr, "%s: %s\n", folder, strerror(errno));
		return 1;
	}
	int rc = git_repository_open_ext(&repo, real, 0, NULL);
	if (rc == GIT_ENOTFOUND)
		return 0;
	need(rc, "cannot open the repository");
	const char *work = git_repository_workdir(repo);
	size_t n = work ? strlen(work) : 0;
	if (!work || (strncmp(real, work, n) != 0 && strncmp(pool_printf(pool, "%s/", real), work, n + 1) != 0))
		return 0;
	const char *path = strlen(real) > n ? real + n : "";
	git_status_options o;
	char *spec[] = { pool_strdup(pool, path) };
	need(git_status_options_init(&o, GIT_STATUS_OPTIONS_VERSION), "cannot begin");
	o.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS |
			GIT_STATUS_OPT_EXCLUDE_SUBMODULES |
		  GIT_STATUS_OPT_DISABLE_PATHSPEC_MATCH;
	if (*path)
		o.pathspec = (git_strarray){ spec, 1 };
	rc = git_status_foreach_ext(repo, &o, on_status, &dirty);
	need(rc > 0 ? 0 : rc, "cannot compare with the last commit");
	rc = git_revparse_single(&head, repo, "HEAD^{commit}");
	if (rc < 0)
		dirty = true; /* nothing is committed yet */
	if (git_remote_lookup(&remote, repo, "origin") < 0)
		remote = NULL;
	write_line(rc < 0 ? NULL : (git_commit *)head, dirty, remote ? git_remote_url(remote) : NULL, path);
	return 0;
}

/* --- fetch ------------------------------------------------------------------------------------- */

static int on_login(git_credential **out, const char *url, const char *user, unsigned allowed, void *arg)
{
	unsigned *tries = arg;
	const char *name = getenv("MST_GIT_USER"), *word = getenv("MST_GIT_PASSWORD");
	(void)url;
	/* what was refused is asked for again, for ever */
	if (++*tries > LOGINS_MAX)
		return GIT_EAUTH;
	if (allowed & GIT_CREDENTIAL_SSH_KEY)
		return git_credential_ssh_key_from_agent(out, user ? user : "git");
	if (allowed & GIT_CREDENTIAL_USERNAME)
		return git_credential_username_new(out, user ? user : "git");
	if ((allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) && word)
		return git_credential_userpass_plaintext_new(out, user ? user : name ? name : "git", word);
	git_error_set_str(GIT_ERROR_NET, "it asks for a login; MST_GIT_USER and MST_GIT_PASSWORD, or an SSH agent, give one");
	return GIT_EAUTH;
}

static int on_progress(const git_indexer_progress *p, void *arg)
{
	(void)arg;
	if (p->received_bytes <= TOTAL_MAX)
		return 0;
	git_error_set_str(GIT_ERROR_NET, "the repository is larger than 2 GiB");
	return -1;
}

/* The full name of a ref of the remote, or NULL. */
static const char *remote_ref(struct pool *pool, git_remote *remote, const char *ref)
{
	static const char *const forms[] = { "%s", "refs/heads/%s", "refs/tags/%s", "refs/%s" };
	const git_remote_head **heads;
	size_t n;
	need(git_remote_ls(&heads, &n, remote), "cannot list the branches");
	for (size_t k = 0; k < sizeof forms / sizeof *forms; k++)
		for (size_t i = 0; i < n; i++)
			if (strcmp(heads[i]->name, pool_printf(pool, forms[k], ref)) == 0)
				return pool_strdup(pool, heads[i]->name);
	return NULL;
}

/* A copy of what is needed, beside the tree that is to be written. */
static git_repository *fetch_remote(struct pool *pool, const char *url, const char **ref, const char *dest)
{
	git_repository *repo;
	git_remote *remote;
	unsigned tries = 0;
	git_remote_callbacks calls;
	git_fetch_options o;
	need(git_remote_init_callbacks(&calls, GIT_REMOTE_CALLBACKS_VERSION), "cannot begin");
	need(git_fetch_options_init(&o, GIT_FETCH_OPTIONS_VERSION), "cannot begin");
	need(git_repository_init(&repo, pool_printf(pool, "%s/repo", dest), true), "cannot make a repository");
	need(git_remote_create_anonymous(&remote, repo, url), "cannot read the address");
	calls.credentials = on_login;
	calls.transfer_progress = on_progress;
	calls.payload = &tries;
	o.callbacks = calls;
	o.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
	need(git_remote_connect(remote, GIT_DIRECTION_FETCH, &calls, NULL, NULL), "cannot connect");
	const char *full = remote_ref(pool, remote, *ref);
	/* the hash of a commit is found among all branches and tags */
	char *want[] = { full ? pool_printf(pool, "+%s:refs/mst/wanted", full) : pool_strdup(pool,
			"+refs/heads/*:refs/heads/*"),
			 pool_strdup(pool, "+refs/tags/*:refs/tags/*") };
	git_strarray specs = { want, full ? 1 : 2 };
#if LIBGIT2_VER_MAJOR > 1 || LIBGIT2_VER_MINOR >= 7
	o.depth = full ? 1 : 0;
#endif
	need(git_remote_fetch(remote, &specs, &o, NULL), "cannot fetch");
	if (full)
		*ref = "refs/mst/wanted";
	git_remote_free(remote);
	return repo;
}

struct copy {
	git_repository *repo;
	git_odb *odb;
	uint64_t bytes;
	unsigned files, folders;
};

static void copy_blob(struct copy *c, const git_oid *id, int dir, const char *name, const char *shown)
{
	size_t size;
	git_object_t type;
	git_blob *blob;
	struct mst_error err;
	POOL_SCRATCH(pool);
	need(git_odb_read_header(&size, &type, c->odb, id), shown);
	if (size > FILE_MAX || (c->bytes += size) > TOTAL_MAX || ++c->files > FILES_MAX) {
		git_error_clear();
		fail(pool_printf(pool, size > FILE_MAX ? "%s: larger than 64 MiB" : "%s: the files are too many or too large",
				shown));
	}
	need(git_blob_lookup(&blob, c->repo, id), shown);
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || fs_write_all(fd, git_blob_rawcontent(blob), size, shown, &err) || close(fd)) {
		fprintf(stderr, "%s: %s\n", shown, fd < 0 ? strerror(errno) : "cannot write");
		exit(1);
	}
	git_blob_free(blob);
}

/* Names in a tree are anything but a slash and NUL: those that begin with a dot, "..", too, are left out. */
static void copy_tree(struct copy *c, const git_tree *tree, int dir, const char *at, unsigned depth)
{
	/* folders cost, too, and one tree may be named many times; what is left out would count as removed */
	if (depth > FOLDER_DEPTH_MAX || ++c->folders > FOLDERS_MAX) {
		POOL_SCRATCH(pool);
		git_error_clear();
		fail(pool_printf(pool, "%s: the folders are too many or too deep", at));
	}
	for (size_t i = 0; i < git_tree_entrycount(tree); i++) {
		POOL_SCRATCH(pool);
		const git_tree_entry *e = git_tree_entry_byindex(tree, i);
		const char *name = git_tree_entry_name(e), *shown = pool_printf(pool, "%s%s%s", at, *at ? "/" : "", name);
		git_filemode_t mode = git_tree_entry_filemode(e);
		if (*name == '.' || !*name || strchr(name, '/'))
			continue;
		if (mode == GIT_FILEMODE_TREE) {
			git_tree *below;
			need(git_tree_lookup(&below, c->repo, git_tree_entry_id(e)), shown);
			int fd = mkdirat(dir, name, 0700) ? -1 : openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (fd < 0) {
				fprintf(stderr, "%s: %s\n", shown, strerror(errno));
				exit(1);
			}
			copy_tree(c, below, fd, shown, depth + 1);
			close(fd);
			git_tree_free(below);
		} else if ((mode == GIT_FILEMODE_BLOB || mode == GIT_FILEMODE_BLOB_EXECUTABLE) && is_sql(name)) {
			copy_blob(c, git_tree_entry_id(e), dir, name, shown);
		}
	}
}

static int fetch(const char *url, const char *ref, const char *path, const char *dest)
{
	git_repository *repo;
	git_object *object;
	git_tree *tree, *sub;
	git_tree_entry *entry = NULL;
	struct copy c = { 0 };
	POOL_SCRATCH(pool);
	bool file = strncmp(url, "file://", 7) == 0;
	if (file || *url == '/') {
		need(git_repository_open_ext(&repo, file ? url + 7 : url, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL),
		     "cannot open the repository");
	} else {
		repo = fetch_remote(pool, url, &ref, dest);
	}
	need(git_revparse_single(&object, repo, pool_printf(pool, "%s^{commit}", ref)), pool_printf(pool, "no commit '%s'",
			ref));
	git_commit *commit = (git_commit *)object;
	need(git_commit_tree(&tree, commit), "cannot read the commit");
	while (*path == '/')
		path++;
	if (*path) {
		need(git_tree_entry_bypath(&entry, tree, path), pool_printf(pool, "no folder '%s'", path));
		if (git_tree_entry_type(entry) != GIT_OBJECT_TREE) {
			git_error_clear();
			fail(pool_printf(pool, "'%s' is no folder", path));
		}
		need(git_tree_lookup(&sub, repo, git_tree_entry_id(entry)), path);
		tree = sub;
	}
	/* the last part of the address names what lies in no folder of its own */
	struct str name = str_of(*path ? path : url);
	while (name.n && name.p[name.n - 1] == '/')
		name.n--;
	const char *slash = memrchr(name.p, '/', name.n);
	if (slash)
		name = (struct str){ slash + 1, name.n - (size_t)(slash + 1 - name.p) };
	if (str_has_suffix(name, STR(".git")))
		name.n -= 4;
	const char *top = name.n && *name.p != '.' ? str_z(pool, name) : "tree";
	struct mst_error err;
	const char *target = pool_printf(pool, "%s/tree/%s", dest, top);
	if (fs_mkdirs(target, 0700, &err)) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	int dir = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	c.repo = repo;
	need(git_repository_odb(&c.odb, repo), "cannot read the objects");
	copy_tree(&c, tree, dir, "", 0);
	write_line(commit, false, url, path);
	return 0;
}

int main(int argc, char **argv)
{
	/* whoever asked is gone: nobody wants the answer */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	git_libgit2_init();
	if (argc == 3 && strcmp(argv[1], "look") == 0)
		return look(argv[2]);
	if (argc == 6 && strcmp(argv[1], "fetch") == 0)
		return fetch(argv[2], argv[3], argv[4], argv[5]);
	fprintf(stderr, "usage: mst-git look FOLDER | fetch URL REF PATH DEST\n");
	return 2;
}
