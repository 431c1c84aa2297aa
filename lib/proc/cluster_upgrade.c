/* To a newer major version of PostgreSQL, by pg_upgrade, which copies.  The new cluster grows in
 * data.upgrade; when it is whole the two folders change places in one step of the file system, and the old
 * one becomes data.OLD, OLD being its version.  Killed at any moment, data is a whole cluster: the old one,
 * and the next call begins anew, or the new one, and the next call ends what is left to do. */
#include "base/fs.h"
#include "base/time.h"
#include "proc/cluster_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int major_of(struct pool *tmp, const char *folder)
{
	struct mst_error ignored;
	struct str text;
	if (fs_read_file(tmp, fs_join(tmp, folder, "PG_VERSION"), 64, &text, &ignored))
		return 0;
	return (int)strtol(text.p, NULL, 10);
}

/* As the server's user, who holds the lock as long as it runs, also where this process is killed. */
static int run(struct cluster *c, const char *const *args, const char *cwd, struct proc_output *got,
	       struct mst_error *err)
{
	struct proc_opts o = {
		.argv = cluster_argv_(c->pool, c, args), .env = cluster_env_(c->pool), .cwd = cwd,
		.keep_fd = c->lock_fd, .session = true,
	};
	return proc_capture(c->pool, &o, STR(""), 1 << 20, 0, c->opts.stop, got, err);
}

/* What pg_upgrade says last about a failure is an advice or where its log is; what fails stands in front. */
static struct str verdict(struct str text)
{
	struct str line, last = STR("no reason given"), fatal = STR("");
	while (text.n) {
		if (!str_cut(text, '\n', &line, &text))
			text.n = 0;
		line = str_trim(line);
		if (!line.n)
			continue;
		if (!fatal.n && (str_has_prefix(line, STR("could not")) || str_has_suffix(line, STR("fatal"))))
			fatal = line;
		else if (fatal.n && str_has_suffix(fatal, STR("fatal")))
			fatal = line;
		last = line;
	}
	return fatal.n ? fatal : last;
}

static int upgrade(struct cluster *c, const char *old_bin, const char *new_bin, int from, int to, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const char *socket_dir;
	struct proc_output got;
	int rc = cluster_make_socket_dir_(tmp, c, &socket_dir, err);
	if (rc)
		return rc;
	const char *const args[] = {
		fs_join(tmp, new_bin, "pg_upgrade"), "--old-bindir", old_bin, "--new-bindir", new_bin,
		"--old-datadir", c->data, "--new-datadir", c->fresh, "--socketdir", socket_dir,
		"--username", CLUSTER_USER, NULL,
	};
	if (access(args[0], X_OK) < 0) {
		mst_fail(err, MST_NOT_FOUND, "%s is not there", args[0]);
		return mst_hint(err, "it is in the package of the server, postgresql-%d", to);
	}
	rc = run(c, args, c->fresh, &got, err);
	if (rc)
		return rc;
	if (got.status.code != 0) {
		struct str why = got.status.signal ? str_of(proc_status_words(tmp, &got.status))
						   : verdict(got.out.n ? got.out : got.err);
		mst_fail(err, cluster_disk_full_(c->home) ? MST_IO : MST_UNAVAILABLE,
			 "pg_upgrade from %d to %d failed: %.*s", from, to, STR_FMT(why));
		return mst_hint(err, "the data is as it was; see %s/pg_upgrade_output.d", c->fresh);
	}
	unlink(fs_join(tmp, c->fresh, "delete_old_cluster.sh"));
	return 0;
}

/* What the user has added below our own settings, and who may come in. */
static int carry_settings(struct cluster *c, const char *new_bin, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	static const char *const files[] = { "pg_hba.conf", "pg_ident.conf", "postgresql.auto.conf" };
	static const char last_own[] = "log_autovacuum_min_duration = -1\n";
	const char *conf = fs_join(tmp, c->fresh, "postgresql.conf");
	struct str old, fresh, text;
	struct proc_output got;
	int rc = fs_read_file(tmp, fs_join(tmp, c->data, "postgresql.conf"), 1 << 24, &old, err);
	if (!rc)
		rc = fs_read_file(tmp, conf, 1 << 24, &fresh, err);
	for (size_t i = 0; !rc && i < sizeof files / sizeof *files; i++) {
		rc = fs_read_file(tmp, fs_join(tmp, c->data, files[i]), 1 << 24, &text, err);
		if (!rc)
			rc = fs_write_file(fs_join(tmp, c->fresh, files[i]), text, 0600, err);
		if (!rc && c->user && lchown(fs_join(tmp, c->fresh, files[i]), c->uid, c->gid) < 0)
			rc = mst_fail_errno(err, 0, "%s: cannot set the owner", files[i]);
	}
	const char *own = rc ? NULL : strstr(old.p, last_own), *added = own ? own + strlen(last_own) : "";
	if (rc || !*added)
		return rc;
	const char *both = pool_printf(tmp, "%.*s%s", STR_FMT(fresh), added);
	const char *const try[] = { fs_join(tmp, new_bin, "postgres"), "-D", c->fresh, "-C", "max_connections", NULL };
	rc = fs_write_file(conf, str_of(both), 0600, err);
	if (!rc && c->user && lchown(conf, c->uid, c->gid) < 0)
		rc = mst_fail_errno(err, 0, "%s: cannot set the owner", conf);
	if (!rc)
		rc = run(c, try, "/", &got, err);
	if (rc || got.status.code == 0)
		return rc;
	cluster_note_(c, "left out what was added to postgresql.conf: the new version does not take all of it");
	rc = fs_write_file(conf, fresh, 0600, err);
	if (!rc && c->user && lchown(conf, c->uid, c->gid) < 0)
		rc = mst_fail_errno(err, 0, "%s: cannot set the owner", conf);
	return rc;
}

static int exchange(struct cluster *c, struct mst_error *err)
{
	if (renameat2(AT_FDCWD, c->fresh, AT_FDCWD, c->data, RENAME_EXCHANGE) < 0) {
		mst_fail_errno(err, MST_IO, "cannot exchange %s and %s", c->fresh, c->data);
		return mst_hint(err, "its file system cannot do that; copy %s to another disk and set MST_HOME", c->home);
	}
	return cluster_sync_dir_(c->home, err);
}

/* What has changed places becomes data.OLD; *kept is its path where it is there, now or since a call before. */
static int keep_old(struct pool *pool, struct cluster *c, int major, const char **kept, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	int old = major_of(tmp, c->fresh);
	*kept = NULL;
	if (old > 0 && old < major) {
		const char *aside = pool_printf(pool, "%s.%d", c->data, old);
		int rc = cluster_remove_tree_(c, aside, err);
		if (!rc && rename(c->fresh, aside) < 0)
			rc = mst_fail_errno(err, 0, "%s: cannot rename to %s", c->fresh, aside);
		if (!rc)
			rc = cluster_sync_dir_(c->home, err);
		if (rc)
			return rc;
	}
	for (int v = major - 1; !*kept && v >= 9; v--)
		if (fs_is_dir(pool_printf(tmp, "%s.%d", c->data, v)))
			*kept = pool_printf(pool, "%s.%d", c->data, v);
	return 0;
}

/* Down, and in order: pg_upgrade takes nothing that crashed. */
static int rest_cleanly(struct cluster *c, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct cluster_state s;
	int rc = cluster_start_locked_(tmp, c, &s, err);
	return rc ? rc : cluster_stop_locked_(c, &s, err);
}

static int upgrade_locked(struct pool *pool, struct cluster *c, struct cluster_upgraded *out, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const char *old_bin, *new_bin;
	struct cluster_state s;
	struct cluster_upgraded u = { 0 };
	struct cluster on_path = *c;
	int found, rc;
	cluster_look(tmp, c, &s);
	if (!s.exists) {
		mst_fail(err, MST_NOT_FOUND, "no private PostgreSQL yet in %s", c->home);
		return mst_hint(err, "the first command that needs it makes it, of the newest version");
	}
	rc = cluster_find_bin(tmp, c, 0, &new_bin, &u.to, err);
	if (rc)
		return rc;
	u.from = s.major;
	if (u.from >= u.to) {
		u.to = u.from;
		rc = keep_old(pool, c, u.from, &u.kept, err);
		if (!rc)
			*out = u;
		return rc;
	}
	/* pg_bin names the new ones, if it is set */
	on_path.opts.pg_bin = NULL;
	rc = cluster_find_bin(tmp, &on_path, u.from, &old_bin, &found, err);
	if (rc) {
		mst_wrap(err, "cannot upgrade from %d to %d", u.from, u.to);
		return mst_hint(err, "install PostgreSQL %d beside it for this once: the package postgresql-%d, or the like", u.from,
				u.from);
	}
	cluster_note_(c, "upgrading the private PostgreSQL in %s from %d to %d", c->home, u.from, u.to);
	rc = cluster_remove_tree_(c, c->fresh, err);
	if (!rc)
		rc = rest_cleanly(&on_path, err);
	if (!rc)
		rc = cluster_init_(c, new_bin, err);
	if (!rc)
		rc = upgrade(c, old_bin, new_bin, u.from, u.to, err);
	if (!rc)
		rc = carry_settings(c, new_bin, err);
	if (!rc)
		rc = exchange(c, err);
	if (!rc)
		rc = keep_old(pool, c, u.to, &u.kept, err);
	if (!rc)
		*out = u;
	return rc;
}

int cluster_upgrade(struct pool *pool, struct cluster *c, struct cluster_upgraded *out, struct mst_error *err)
{
	struct cluster mine = *c;
	int rc = cluster_lock_(c, err);
	if (rc)
		return rc;
	mine.lock_fd = c->lock_fd;
	mine.fresh = pool_printf(c->pool, "%s.upgrade", c->data);
	rc = upgrade_locked(pool, &mine, out, err);
	cluster_unlock_(c);
	return rc;
}
