/* mst-db: the state database and the private cluster. */
#include "base/fs.h"
#include "base/jsonl.h"
#include "base/time.h"
#include "cli/out.h"
#include "engine/backup.h"
#include "state.h"
#include "store/check.h"
#include "store/migrate.h"
#include "store/server.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

struct args {
	bool dry_run, force;
};

static int start(struct cli *cli, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct state_opts o = state_options(cli);
	struct cluster *c;
	struct cluster_state before, s;
	struct db *db;
	cli_catch_signals();
	int rc = cluster_open(tmp, &o.cluster, &c, err);
	if (rc)
		return rc;
	cluster_look(tmp, c, &before);
	rc = cluster_start(tmp, c, &s, err);
	/* its own schema is kept up whatever MST_DB names */
	o.db = NULL;
	if (!rc)
		rc = state_open(tmp, &o, &db, err);
	if (!rc)
		cli_note(cli, before.ready ? "PostgreSQL %d runs already in %s" : "PostgreSQL %d runs in %s", s.major,
			 cluster_home(c));
	return rc;
}

static int stop(struct cli *cli, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct state_opts o = state_options(cli);
	struct cluster *c;
	bool ran;
	cli_catch_signals();
	int rc = cluster_open(tmp, &o.cluster, &c, err);
	if (!rc)
		rc = cluster_stop(c, &ran, err);
	if (!rc)
		cli_note(cli, ran ? "stopped the PostgreSQL in %s" : "no PostgreSQL runs in %s", cluster_home(c));
	return rc;
}

/* --- status */

static const struct out_col status_cols[] = {
	{ "running", "RUNNING", OUT_OK, OUT_WHOLE },
	{ "name", "DATABASE", OUT_TEXT, true },
	{ "version", "VERSION", OUT_TEXT, false },
	{ "schema_version", "SCHEMA", OUT_NUMBER, false },
	{ "connections", "CONNECTIONS", OUT_NUMBER, false },
	{ "data_bytes", "DATA", OUT_BYTES, false },
	{ "started", "STARTED", OUT_TIME, false },
	{ "home", "HOME", OUT_TEXT, OUT_SHRINK },
	{ 0 },
};

static void put_server(struct pool *pool, struct jw *w, struct db *db, struct mst_error *err)
{
	struct store_server v;
	int schema;
	char iso[TIME_ISO_MAX];
	if (store_server_look(pool, db, &v, err))
		return;
	jw_key_s(w, "version", v.version);
	jw_key_z(w, "started", time_iso(iso, v.started_us));
	jw_key_i(w, "data_bytes", v.data_bytes);
	jw_key_i(w, "connections", v.connections);
	if (store_schema_version(db, &schema, err) == 0) {
		jw_key_i(w, "schema_version", schema);
		jw_key_i(w, "schema_known", (int64_t)store_schema.n);
	}
}

/* A server that MST_DB names. */
static int put_named(struct cli *cli, const struct state_opts *o, struct out *out, bool *running,
		     struct mst_error *err)
{
	struct pool *pool = cli->pool;
	struct mst_error why = { 0 };
	struct db *db = NULL;
	struct buf b;
	struct jw w;
	int rc = db_open(pool, o->db, o->app, o->cluster.stop, &db, &why);
	if (rc == MST_USAGE || rc == MST_CANCELLED) {
		*err = why;
		return rc;
	}
	*running = rc == 0;
	buf_init(&b, pool);
	jw_init(&w, &b);
	jw_object(&w);
	jw_key_z(&w, "type", "cluster");
	jw_key_b(&w, "private", false);
	jw_key_b(&w, "running", *running);
	if (*running) {
		jw_key_z(&w, "name", db_name(db));
		put_server(pool, &w, db, &why);
	}
	if (why.code)
		jw_key_z(&w, "error", why.msg);
	jw_end(&w);
	if (why.code)
		cli_report(cli, &why);
	return out_line(out, buf_view(&b), err);
}

static int put_private(struct cli *cli, const struct state_opts *o, struct cluster *c, struct out *out, bool *running,
		       struct mst_error *err)
{
	struct pool *pool = cli->pool;
	struct mst_error why = { 0 };
	struct cluster_state s;
	struct db *db = NULL;
	struct buf b;
	struct jw w;
	char iso[TIME_ISO_MAX];
	cluster_look(pool, c, &s);
	/* "ready" may be stale by a moment: what counts is whether it answers */
	if (s.ready && db_open(pool, cluster_conninfo(pool, &s, CLUSTER_DB_STATE), o->app, o->cluster.stop, &db, &why))
		db = NULL;
	*running = db != NULL;
	buf_init(&b, pool);
	jw_init(&w, &b);
	jw_object(&w);
	jw_key_z(&w, "type", "cluster");
	jw_key_b(&w, "private", true);
	jw_key_b(&w, "running", *running);
	jw_key_z(&w, "home", cluster_home(c));
	if (cluster_runs_as(c))
		jw_key_z(&w, "user", cluster_runs_as(c));
	jw_key_z(&w, "log", cluster_log(c));
	if (s.socket_dir)
		jw_key_z(&w, "socket", s.socket_dir);
	if (s.pid)
		jw_key_i(&w, "pid", s.pid);
	if (db) {
		jw_key_z(&w, "name", db_name(db));
		put_server(pool, &w, db, &why);
	} else {
		if (s.major)
			jw_key_z(&w, "version", pool_printf(pool, "%d", s.major));
		if (s.started_us)
			jw_key_z(&w, "started", time_iso(iso, s.started_us));
	}
	if (why.code)
		jw_key_z(&w, "error", why.msg);
	jw_end(&w);
	if (why.code)
		cli_report(cli, &why);
	else if (!s.exists)
		cli_note(cli, "no private PostgreSQL yet in %s; the first command that needs it makes it", cluster_home(c));
	return out_line(out, buf_view(&b), err);
}

static int status(struct cli *cli, struct mst_error *err)
{
	struct state_opts o = state_options(cli);
	struct cluster *c;
	struct cluster_state s;
	bool named = o.db && *o.db, running = false, ignored;
	struct out *out = out_open_upright(cli, "cluster", status_cols);
	int rc = 0;
	if (named)
		rc = put_named(cli, &o, out, &running, err);
	if (!rc)
		rc = cluster_open(cli->pool, &o.cluster, &c, err);
	if (!rc) {
		cluster_look(cli->pool, c, &s);
		/* beside a server it matters only where it holds the warehouse */
		if (!named || s.exists)
			rc = put_private(cli, &o, c, out, named ? &ignored : &running, err);
	}
	if (!rc)
		rc = out_close(out, err);
	return rc ? rc : running ? 0 : 1;
}

/* --- migrate */

static const struct out_col migration_cols[] = {
	{ "version", "VERSION", OUT_NUMBER, false },
	{ "name", "MIGRATION", OUT_TEXT, false },
	{ "applied", "APPLIED", OUT_TEXT, false },
	{ "sha256", "SHA256", OUT_TEXT, true },
	{ 0 },
};

struct told {
	struct buf lines;
	bool applied;
	size_t n;
};

static void tell(void *arg, const struct store_migration *m, const char *sha256)
{
	struct told *t = arg;
	struct jw w;
	jw_init(&w, &t->lines);
	jw_object(&w);
	jw_key_z(&w, "type", "migration");
	jw_key_i(&w, "version", m->version);
	jw_key_z(&w, "name", m->name);
	jw_key_z(&w, "sha256", sha256);
	jw_key_b(&w, "applied", t->applied);
	jw_end(&w);
	buf_char(&t->lines, '\n');
	t->n++;
}

static bool nothing_there(struct cli *cli, const struct state_opts *o, struct mst_error *err)
{
	struct cluster *c;
	struct cluster_state s;
	if ((o->db && *o->db) || cluster_open(cli->pool, &o->cluster, &c, err))
		return false;
	cluster_look(cli->pool, c, &s);
	return !s.exists;
}

static int migrate(struct cli *cli, struct mst_error *err)
{
	const struct args *a = cli->args;
	struct state_opts o = state_options(cli);
	struct told t = { .applied = !a->dry_run };
	struct db *db;
	int rc = 0;
	buf_init(&t.lines, cli->pool);
	cli_catch_signals();
	/* a dry run makes nothing, so not a cluster either */
	if (a->dry_run && nothing_there(cli, &o, err)) {
		char sha[SHA256_HEX];
		for (size_t i = 0; i < store_schema.n; i++)
			tell(&t, &store_schema.v[i], sha256_hex(sha, store_schema.v[i].sql));
	} else {
		rc = state_connect(cli->pool, &o, &db, err);
		if (!rc)
			rc = store_schema_migrate(db, &store_schema, 0, a->dry_run, tell, &t, err);
	}
	if (rc)
		return rc;
	/* only now: what is told as applied is committed */
	struct out *out = out_open(cli, "migration", migration_cols);
	if (t.n)
		rc = out_lines(out, buf_view(&t.lines), err);
	if (!rc)
		rc = out_close(out, err);
	if (!rc && !t.n)
		cli_note(cli, "nothing to do: the schema has version %zu, the newest", store_schema.n);
	return rc;
}

/* --- psql */

static int psql(struct cli *cli, struct mst_error *err)
{
	struct state_opts o = state_options(cli);
	const char *conninfo, *bare, *password;
	char **rest = cli->argv;
	int n = cli->argc;
	bool warehouse = n > 0 && strcmp(rest[0], "--warehouse") == 0;
	if (warehouse) {
		rest++;
		n--;
	}
	int rc = state_conninfo(cli->pool, &o, warehouse, &conninfo, err);
	if (!rc)
		rc = db_conninfo_split(cli->pool, conninfo, &bare, &password, err);
	if (rc)
		return rc;
	char **argv = pool_array(cli->pool, (size_t)n + 3, sizeof *argv);
	argv[0] = (char[]){ "psql" };
	argv[1] = pool_printf(cli->pool, "--dbname=%s", bare);
	for (int i = 0; i < n; i++)
		argv[i + 2] = rest[i];
	argv[n + 2] = NULL;
	if (password)
		setenv("PGPASSWORD", password, 1);
	execvp(argv[0], argv);
	const char *bin;
	struct cluster *c;
	struct mst_error ignored;
	int major, e = errno;
	if (e == ENOENT && cluster_open(cli->pool, &o.cluster, &c, &ignored) == 0 &&
	    cluster_find_bin(cli->pool, c, 0, &bin, &major, &ignored) == 0) {
		argv[0] = fs_join(cli->pool, bin, "psql"); /* it looks for its neighbours by this name */
		execv(argv[0], argv);
	}
	errno = e;
	mst_fail_errno(err, 0, "psql: cannot start");
	return mst_hint(err, "it is in the package postgresql-client");
}

/* --- backup, restore */

static int backup(struct cli *cli, struct mst_error *err)
{
	const struct args *a = cli->args;
	struct state_opts o = state_options(cli);
	int64_t bytes;
	cli_catch_signals();
	int rc = strcmp(cli->argv[0], "-") == 0 && isatty(STDOUT_FILENO)
			 ? mst_fail(err, MST_USAGE, "a backup is not for a terminal")
			 : backup_write(&o, cli->argv[0], a->force, &bytes, err);
	if (!rc)
		cli_note(cli, "wrote %s, %lld bytes", cli->argv[0], (long long)bytes);
	return rc;
}

static int restore(struct cli *cli, struct mst_error *err)
{
	const struct args *a = cli->args;
	struct state_opts o = state_options(cli);
	struct backup_restored done;
	struct buf b;
	cli_catch_signals();
	int rc = backup_restore(cli->pool, &o, cli->argv[0], a->force, &done, err);
	if (rc)
		return rc;
	buf_init(&b, cli->pool);
	for (size_t i = 0; i < done.missing.n; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", done.missing.v[i]);
	if (b.n)
		cli_warn(cli, "users without a role on this server: %s; make them (CREATE ROLE ... LOGIN), then: "
			 "mst-user set NAME --enabled", buf_cstr(&b));
	if (done.admin)
		cli_say(cli, "made %s an admin, for the schema belongs to him now", done.admin);
	if (done.from < done.to)
		cli_say(cli, "migrated from version %d to %d", done.from, done.to);
	cli_note(cli, "restored %s", cli->argv[0]);
	return 0;
}

/* --- upgrade */

static int ignore_line(void *arg, struct str line, struct mst_error *err)
{
	(void)arg, (void)line, (void)err;
	return 0;
}

static int upgrade(struct cli *cli, struct mst_error *err)
{
	struct state_opts o = state_options(cli);
	struct cluster_upgraded u;
	struct cluster *c;
	struct db *db;
	size_t broken;
	if (o.db && *o.db) {
		mst_fail(err, MST_USAGE, "MST_DB names a server; this upgrades the private PostgreSQL alone");
		return mst_hint(err, "its administrator upgrades that");
	}
	cli_catch_signals();
	int rc = cluster_open(cli->pool, &o.cluster, &c, err);
	if (!rc)
		rc = cluster_upgrade(cli->pool, c, &u, err);
	/* the proof */
	if (!rc)
		rc = state_open(cli->pool, &o, &db, err);
	if (!rc)
		rc = store_check(db, ignore_line, NULL, &broken, err);
	if (rc)
		return rc;
	if (u.kept && broken)
		cli_warn(cli, "not all is in order: see mst-db check; the data as it was is in %s", u.kept);
	else if (u.kept)
		cli_say(cli, "the data as it was before is kept in %s; remove it when you miss nothing", u.kept);
	cli_note(cli, u.from == u.to ? "nothing to do: the data is of PostgreSQL %d" : "the data is of PostgreSQL %d now",
		 u.to);
	return 0;
}

/* --- check */

static const struct out_col check_cols[] = {
	{ "ok", "OK", OUT_OK, OUT_WHOLE },
	{ "name", "CHECK", OUT_TEXT, false },
	{ "found", "FOUND", OUT_NUMBER, OUT_SPARE },
	{ "says", "WHAT MUST HOLD", OUT_TEXT, true },
	{ "example", "EXAMPLE", OUT_TEXT, OUT_SHRINK_FIRST | OUT_SPARE },
	{ 0 },
};

static int check(struct cli *cli, struct mst_error *err)
{
	struct state_opts o = state_options(cli);
	struct db *db;
	size_t broken;
	cli_catch_signals();
	int rc = state_open(cli->pool, &o, &db, err);
	if (rc)
		return rc;
	struct out *out = out_open(cli, "check", check_cols);
	out_usual(out, "found", "0");
	rc = store_check(db, out_told, out, &broken, err);
	if (!rc)
		rc = out_close(out, err);
	return rc ? rc : broken ? 1 : 0;
}

static const struct cli_opt backup_opts[] = {
	{ "force", 'f', CLI_FLAG, offsetof(struct args, force), .help = "replace the file where it exists" },
	{ 0 },
};

static const struct cli_opt restore_opts[] = {
	{ "force", 'f', CLI_FLAG, offsetof(struct args, force), .help = "drop the schema that is there" },
	{ 0 },
};

static const struct cli_opt migrate_opts[] = {
	{ "dry-run", 'n', CLI_FLAG, offsetof(struct args, dry_run), .help = "only print what would be applied" },
	{ 0 },
};

static const struct cli_sub subs[] = {
	{ "start", NULL, "make the private cluster if need be and start it", 0, 0, .run = start },
	{ "stop", NULL, "stop the private cluster", 0, 0, .run = stop },
	{ "status", NULL, "what runs, where, since when, how large", 0, 0, .run = status },
	{ "migrate", NULL, "bring the schema of the state database up", 0, 0, .opts = migrate_opts, .run = migrate },
	{ "check", NULL, "look whether everything in it is in order", 0, 0, .run = check },
	{ "backup", "FILE | -", "write all of the state to a file", 1, 1, .opts = backup_opts, .complete = "path",
	  .run = backup },
	{ "restore", "FILE | -", "bring a backup back, whole or not at all", 1, 1, .opts = restore_opts, .complete = "path",
	  .run = restore },
	{ "upgrade", NULL, "bring the data to a newer PostgreSQL", 0, 0, .run = upgrade },
	{ "psql", "[--warehouse] [ARG ...]", "psql on the state database or the warehouse", 0, -1, .run = psql,
	  .verbatim = true },
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "mst-db start", "make and start the private PostgreSQL; any command does so by itself" },
	{ "mst-db status", "is it running, where, which version, how large" },
	{ "mst-db migrate --dry-run", "the migrations that a server still needs" },
	{ "mst-db backup state.dump", "everything that mst knows, in one file" },
	{ "mst-db check | jq 'select(.ok | not)'", "what is out of order" },
	{ "mst-db psql --warehouse -c '\\dn'", "the datasets of the warehouse" },
	{ "mst-db stop", "stop it; the next command starts it again" },
	{ 0 },
};

static const struct cli_cmd cmd = {
	.name = "mst-db",
	.summary = "keep the state database",
	.args_size = sizeof(struct args),
	.groups = CLI_OUTPUT | CLI_DB,
	.subs = subs,
	.examples = examples,
	.writes = "cluster, migration, check",
	.talks_to = "the private cluster, the state database",
	.exits = "1 3 4 5 6 130",
	.see_also = "mst(1), mst-run(1), mst-config(5), mst-json(5), psql(1)",
};

int main(int argc, char **argv)
{
	return cli_main(argc, argv, &cmd);
}
