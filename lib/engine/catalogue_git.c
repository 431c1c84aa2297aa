#include "engine/catalogue_git.h"

#include "base/fs.h"
#include "base/time.h"
#include "proc/libexec.h"
#include "proc/spawn.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FETCH_US (600 * US_PER_S)
#define LOOK_US (60 * US_PER_S)
enum { ANSWER_MAX = 1 << 20 };

/* Runs the child; its line, or its own words as an error. */
static int ask(struct pool *pool, const char *const *argv, int64_t timeout_us, const stop_flag *stop, struct str *line,
	       struct mst_error *err)
{
	struct proc_output out;
	int rc = proc_capture(pool, &(struct proc_opts){ .argv = argv }, (struct str){ "", 0 }, ANSWER_MAX, timeout_us, stop,
			      &out, err);
	if (rc)
		return rc;
	if (out.status.timed_out)
		return mst_fail(err, MST_TIMEOUT, "git: no answer within %lld s", (long long)(timeout_us / US_PER_S));
	struct str said = str_trim(out.err);
	if (out.status.code != 0)
		return mst_fail(err, MST_REMOTE, "git: %.*s", said.n ? (int)said.n : 40,
				said.n ? said.p : proc_status_words(pool, &out.status));
	*line = str_trim(out.out);
	return 0;
}

static void take(struct pool *pool, struct str line, const char *ref, struct catalogue_folder *f)
{
	static const struct str keys[] = { STR("commit"), STR("author"), STR("dirty"), STR("origin"), STR("path") };
	struct json_val v[5];
	struct mst_error ignored;
	struct buf b;
	struct jw w;
	if (!line.n || json_pick(line, keys, 5, v, &ignored))
		return;
	struct str path = json_str(pool, v[4]);
	if (v[3].type == JSON_STRING)
		f->origin = str_of(pool_printf(pool, "%.*s%s%.*s", STR_FMT(json_str(pool, v[3])), path.n ? ":" : "", STR_FMT(path)));
	buf_init(&b, pool);
	jw_init(&w, &b);
	jw_object(&w);
	for (int k = 0; k < 3; k++)
		if (v[k].type != JSON_NONE)
			jw_key_raw(&w, keys[k].p, v[k].raw);
	jw_key_s(&w, "from", f->origin);
	if (ref)
		jw_key_z(&w, "ref", ref);
	jw_end(&w);
	f->source = buf_view(&b);
}

int catalogue_git_look(struct pool *pool, const struct catalogue_opts *opts, struct catalogue_folder *f,
		       struct mst_error *err)
{
	const char *child;
	struct str line = { "", 0 };
	char real[PATH_MAX];
	f->origin = str_of(realpath(f->path, real) ? pool_strdup(pool, real) : fs_absolute(pool, f->path));
	f->source = DB_NULL;
	if (libexec_path(pool, "mst-git", &child, err))
		return 0;
	const char *argv[] = { child, "look", f->path, NULL };
	int rc = ask(pool, argv, LOOK_US, opts->stop, &line, err);
	if (rc == MST_CANCELLED)
		return rc;
	if (rc)
		opts->note(opts->arg, pool_printf(pool, "%s: %s; no commit is recorded", f->path, err->msg));
	else
		take(pool, line, NULL, f);
	return 0;
}

int catalogue_git_parse(struct pool *pool, const char *spec, struct catalogue_git *out, struct mst_error *err)
{
	struct catalogue_git g = { .ref = "HEAD", .path = "" };
	const char *scheme = strstr(spec, "://"), *colon = strchr(spec, ':'), *slash = strchr(spec, '/');
	/* an @ before the host ends belongs to who logs in */
	const char *host_end = scheme ? scheme + 3 + strcspn(scheme + 3, "/")
			      : colon && (!slash || colon < slash) && strchr(spec, '@') && strchr(spec, '@') < colon ? colon
														     : spec;
	const char *at = strrchr(host_end, '@');
	if (!*spec || *spec == '-') {
		mst_fail(err, MST_USAGE, "'%s' is no address of a repository", spec);
		return mst_hint(err, "it looks like https://example.com/team/sql.git@main:sql");
	}
	if (scheme) {
		const char *user_end = memchr(scheme + 3, '@', (size_t)(host_end - scheme - 3));
		if (user_end && memchr(scheme + 3, ':', (size_t)(user_end - scheme - 3))) {
			mst_fail(err, MST_USAGE, "a password in an address is for all to see");
			return mst_hint(err, "MST_GIT_USER and MST_GIT_PASSWORD give a login, or an SSH agent");
		}
	}
	g.url = at ? pool_memdup(pool, spec, (size_t)(at - spec)) : pool_strdup(pool, spec);
	if (at) {
		const char *path = strchr(at + 1, ':');
		size_t n = path ? (size_t)(path - at - 1) : strlen(at + 1);
		if (n)
			g.ref = pool_memdup(pool, at + 1, n);
		if (path)
			g.path = pool_strdup(pool, path + 1);
	}
	*out = g;
	return 0;
}

/* Everything below a folder that is ours alone, without following a link. */
static void remove_below(int dir, unsigned depth)
{
	POOL_SCRATCH(tmp);
	fs_entries list;
	struct mst_error ignored;
	struct stat st;
	if (fs_list(tmp, pool_printf(tmp, "/proc/self/fd/%d", dir), &list, &ignored))
		return;
	for (size_t i = 0; i < list.n; i++) {
		const char *name = list.v[i].name;
		if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (!S_ISDIR(st.st_mode)) {
			unlinkat(dir, name, 0);
			continue;
		}
		int below = depth < 300 ? openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
		if (below >= 0) {
			remove_below(below, depth + 1);
			close(below);
		}
		unlinkat(dir, name, AT_REMOVEDIR);
	}
}

static void remove_folder(void *arg)
{
	int dir = open(arg, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir >= 0) {
		remove_below(dir, 0);
		close(dir);
	}
	rmdir(arg);
}

int catalogue_git_fetch(struct pool *pool, const struct catalogue_git *g, const stop_flag *stop,
			struct catalogue_folder *out, struct mst_error *err)
{
	const char *child, *tmp = getenv("TMPDIR");
	struct str line;
	fs_entries list;
	int rc = libexec_path(pool, "mst-git", &child, err);
	if (rc)
		return rc == MST_NOT_FOUND ? mst_hint(err, "--git needs it: build mst where libgit2-dev is installed") : rc;
	char *dest = pool_printf(pool, "%s/mst-git-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
	if (!mkdtemp(dest))
		return mst_fail_errno(err, 0, "%s: cannot make the folder", dest);
	pool_on_free(pool, remove_folder, dest);
	const char *argv[] = { child, "fetch", g->url, g->ref, g->path, dest, NULL };
	rc = ask(pool, argv, FETCH_US, stop, &line, err);
	if (rc)
		return mst_wrap(err, "%s", g->url);
	const char *tree = pool_printf(pool, "%s/tree", dest);
	rc = fs_list(pool, tree, &list, err);
	if (rc)
		return rc;
	struct catalogue_folder f = { .path = fs_join(pool, tree, list.n ? list.v[0].name : "") };
	f.origin = str_of(g->url);
	take(pool, line, g->ref, &f);
	*out = f;
	return 0;
}
