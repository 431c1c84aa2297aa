/* mst-table: the catalogue of tables. */
#include "base/fs.h"
#include "base/map.h"
#include "cli/out.h"
#include "engine/catalogue_git.h"
#include "engine/catalogue_read.h"
#include "engine/catalogue_show.h"
#include "engine/load.h"
#include "keys.h"
#include "state.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

struct args {
	const char *team, *dialect, *name_from, *git, *where;
	int64_t if_revision, limit;
	bool sql, prune, patch;
};

/* What the subcommands have in common. */
struct table_cmd {
	struct cli *cli;
	const struct args *a;
	struct db *db;
	struct catalogue_opts opts;
	struct name_pattern pattern;
	struct out *out;
};

static void on_diag(void *arg, const char *about, const struct sql_diag *d)
{
	struct cli *cli = arg;
	struct mst_error e = { 0 };
	if (d->severity == SQL_ERROR) {
		mst_fail(&e, MST_DATA, "%.*s", STR_FMT(d->msg));
		mst_place(&e, about, d->line, d->col);
		cli_report(cli, &e);
	} else if (d->severity == SQL_WARNING) {
		cli_warn(cli, "%s:%u:%u: %.*s", about, d->line, d->col, STR_FMT(d->msg));
	}
}

static void on_fail(void *arg, const struct mst_error *err)
{
	if (err->code == MST_CONFLICT)
		cli_warn(arg, "%s", err->msg);
	else
		cli_report(arg, err);
}

static void on_note(void *arg, const char *text)
{
	cli_warn(arg, "%s", text);
}

static int begin(struct cli *cli, struct table_cmd *t, struct mst_error *err)
{
	const struct args *a = cli->args;
	struct state_opts where = state_options(cli);
	const char *dialect = a->dialect ? a->dialect : config_get(cli->config, "dialect");
	const char *from = a->name_from ? a->name_from : config_get(cli->config, "name_from");
	cpu_set_t cores;
	int d = sql_dialect_of(str_of(dialect));
	*t = (struct table_cmd){ .cli = cli, .a = a };
	t->opts = (struct catalogue_opts){
		.dialect = d < 0 ? SQL_BIGQUERY : (enum sql_dialect)d,
		.threads = sched_getaffinity(0, sizeof cores, &cores) == 0 ? (unsigned)CPU_COUNT(&cores) : 1,
		.team = a->team,
		.default_team = config_get(cli->config, "team"),
		.diag = on_diag,
		.fail = on_fail,
		.note = on_note,
		.arg = cli,
		.stop = &cli_signal,
	};
	if (from) {
		if (name_pattern_parse(cli->pool, from, &t->pattern, err))
			return err->code;
		t->opts.pattern = &t->pattern;
	}
	cli_catch_signals();
	return state_open(cli->pool, &where, &t->db, err);
}

static int on_line(void *arg, struct str line, struct mst_error *err)
{
	struct table_cmd *t = arg;
	return out_line(t->out, line, err);
}

static int on_text(void *arg, struct str text, struct mst_error *err)
{
	return out_text(arg, text, err);
}

static const struct out_col change_columns[] = {
	{ "change", "CHANGE", OUT_TEXT, false },
	{ "name", "TABLE", OUT_TEXT, true },
	{ "revision", "REVISION", OUT_NUMBER, false },
	{ "file", "FILE", OUT_TEXT, true },
	{ 0 },
};

/* One `change` line of put, rm and restore. */
static int tell_change(struct table_cmd *t, const char *change, struct str name, int64_t revision,
		struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct buf b;
	struct jw w;
	buf_init(&b, tmp);
	jw_init(&w, &b);
	jw_object(&w);
	jw_key_z(&w, "type", "change");
	jw_key_z(&w, "change", change);
	jw_key_s(&w, "name", name);
	if (revision)
		jw_key_i(&w, "revision", revision);
	jw_end(&w);
	return out_line(t->out, buf_view(&b), err);
}

/* A name as people write it, in the form it has in the catalogue. */
static int canonical(const struct table_cmd *t, const char *word, struct str *out, struct mst_error *err)
{
	bool double_quotes = t->opts.dialect == SQL_POSTGRES || t->opts.dialect == SQL_ANSI;
	int rc = name_parse(t->cli->pool, str_of(word), double_quotes ? '"' : '`', out, err);
	if (rc)
		err->code = MST_USAGE;
	return rc ? err->code : 0;
}

/* The table that is meant: that very name, or one that ends so. */
static int find(struct table_cmd *t, const char *word, struct str *out, struct mst_error *err)
{
	store_briefs rows;
	struct str name = str_of(word);
	int rc = store_catalogue_brief(t->cli->pool, t->db, &name, 1, &rows, err);
	if (rc || rows.n) {
		*out = name;
		return rc;
	}
	return catalogue_find(t->cli->pool, t->db, name, out, err);
}

static void on_cycle(void *arg, const char *cycle)
{
	cli_warn(arg, "a cycle: %s: a run of these tables will fail", cycle);
}

/* --- put, get, list, rm ---------------------------------------------------------------------------- */

#define TEXT_MAX ((size_t)1 << 30)
#define REMARKS_SHOWN 10

static int put(struct cli *cli, struct mst_error *err)
{
	struct table_cmd t;
	const struct args *a = cli->args;
	catalogue_puts puts = { 0 };
	struct str text, name = { "", 0 };
	const char *file = "-", *word = NULL;
	if (cli->argc == 2)
		word = cli->argv[0];
	if (cli->argc == 2)
		file = cli->argv[1];
	else if (cli->argc == 1 && (strcmp(cli->argv[0], "-") == 0 || fs_exists(cli->argv[0])))
		file = cli->argv[0];
	else if (cli->argc == 1)
		word = cli->argv[0];
	bool is_stdin = strcmp(file, "-") == 0;
	if (fs_is_dir(file)) {
		mst_fail(err, MST_USAGE, "%s is a folder", file);
		return mst_hint(err, "mst-table import %s takes all that is in it", file);
	}
	int rc = begin(cli, &t, err);
	if (!rc && word)
		rc = canonical(&t, word, &name, err);
	if (rc)
		return rc;
	if (is_stdin && isatty(0))
		cli_note(cli, "reading SQL from the terminal, up to Ctrl-D");
	rc = is_stdin ? fs_read_fd(cli->pool, 0, "stdin", TEXT_MAX, &text, err)
		      : fs_read_file(cli->pool, file, TEXT_MAX, &text, err);
	if (!rc)
		rc = catalogue_read_puts(cli->pool, &t.opts, text, name, is_stdin ? NULL : fs_absolute(cli->pool, file),
					 is_stdin ? "stdin" : file, &puts, err);
	if (!rc && a->if_revision && puts.n != 1)
		rc = mst_fail(err, MST_USAGE, "--if-revision goes with one table; lines have a key 'revision'");
	if (!rc && a->if_revision)
		puts.v[0].expected = a->if_revision;
	if (!rc)
		rc = catalogue_put_all(cli->pool, t.db, &t.opts, &puts, err);
	if (rc)
		return rc;
	static const char *const words[] = { "added", "changed", "unchanged" };
	t.out = out_open(cli, "change", change_columns);
	struct str *names = pool_array(cli->pool, puts.n, sizeof *names);
	size_t n = 0;
	for (size_t i = 0; i < puts.n; i++)
		if (puts.v[i].done != CATALOGUE_PUT_SAME)
			names[n++] = puts.v[i].found.def.name;
	rc = catalogue_cycles(cli->pool, t.db, names, n, on_cycle, cli, err);
	for (size_t i = 0; !rc && i < puts.n; i++)
		rc = tell_change(&t, words[puts.v[i].done], puts.v[i].found.def.name, puts.v[i].revision, err);
	return rc ? rc : out_close(t.out, err);
}

static const struct out_col table_columns[] = {
	{ "name", "TABLE", OUT_TEXT, true },
	{ "kind", "KIND", OUT_TEXT, false },
	{ "owner", "OWNER", OUT_TEXT, false },
	{ "team", "TEAM", OUT_TEXT, false },
	{ "attrs.freq", "FREQ", OUT_TEXT, false },
	{ "attrs.tags", "TAGS", OUT_LIST, true },
	{ "updated_at", "UPDATED", OUT_TIME, false },
	{ 0 },
};

static int tell_row(void *arg, const struct store_table *row, struct mst_error *err)
{
	struct table_cmd *t = arg;
	POOL_SCRATCH(tmp);
	struct buf b;
	if (t->a->sql)
		return out_text(t->cli, row->sql, err);
	buf_init(&b, tmp);
	int rc = catalogue_line(tmp, row, true, &b, err);
	return rc ? rc : out_line(t->out, buf_view(&b), err);
}

static int show_row(void *arg, const struct store_table *row, struct mst_error *err)
{
	struct table_cmd *t = arg;
	return catalogue_show_table(row, (struct catalogue_text_sink){ t->cli, on_text }, err);
}

static int get(struct cli *cli, struct mst_error *err)
{
	struct table_cmd t;
	struct str name;
	int rc = begin(cli, &t, err);
	if (!rc)
		rc = find(&t, cli->argv[0], &name, err);
	if (rc)
		return rc;
	if (!t.a->sql && cli->format == CLI_TABLE)
		return store_catalogue_get(t.db, &name, 1, true, show_row, &t, err);
	if (!t.a->sql)
		t.out = out_open(cli, "table", table_columns);
	rc = store_catalogue_get(t.db, &name, 1, true, tell_row, &t, err);
	return rc || t.a->sql ? rc : out_close(t.out, err);
}

static int list(struct cli *cli, struct mst_error *err)
{
	struct table_cmd t;
	struct catalogue_listing found;
	int rc = begin(cli, &t, err);
	if (rc)
		return rc;
	t.out = out_open(cli, "table", table_columns);
	rc = catalogue_list(cli->pool, t.db, (const char *const *)cli->argv, (size_t)cli->argc, t.a->sql, on_line, &t, &found,
			    err);
	if (rc)
		return rc;
	for (size_t i = 0; i < found.empty.n; i++)
		cli_warn(cli, "selector '%.*s' takes nothing", STR_FMT(found.empty.v[i]));
	if (!found.rows && !cli->argc)
		cli_note(cli, "the catalogue is empty; mst-table import DIR fills it");
	return out_close(t.out, err);
}

static int rm(struct cli *cli, struct mst_error *err)
{
	struct table_cmd t;
	size_t n = (size_t)cli->argc;
	int rc = begin(cli, &t, err);
	if (rc)
		return rc;
	struct str *names = pool_array(cli->pool, n, sizeof *names);
	for (size_t i = 0; i < n; i++)
		names[i] = str_of(cli->argv[i]);
	rc = db_begin(t.db, err);
	if (!rc)
		rc = store_catalogue_remove(t.db, names, n, err);
	if (!rc)
		rc = db_commit(t.db, err);
	if (rc) {
		db_rollback(t.db);
		struct str near;
		struct mst_error other;
		if (rc == MST_NOT_FOUND && catalogue_find(cli->pool, t.db, names[0], &near, &other) == 0)
			mst_hint(err, "nothing was removed; a name is given whole: did you mean '%.*s'?", STR_FMT(near));
		else if (rc == MST_NOT_FOUND)
			mst_hint(err, "nothing was removed; mst-table list shows the names");
		return rc;
	}
	t.out = out_open(cli, "change", change_columns);
	for (size_t i = 0; !rc && i < n; i++)
		rc = tell_change(&t, "removed", names[i], 0, err);
	return rc ? rc : out_close(t.out, err);
}

/* --- folders --------------------------------------------------------------------------------------- */

struct folders {
	struct catalogue_folder *v;
	size_t n;
};

static int read_folders(struct table_cmd *t, struct folders *f, struct mst_error *err)
{
	struct cli *cli = t->cli;
	f->n = (size_t)cli->argc + (t->a->git != NULL);
	f->v = pool_zalloc(cli->pool, (f->n + 1) * sizeof *f->v);
	if (!f->n) {
		mst_fail(err, MST_USAGE, "no folder is given");
		return mst_hint(err, "mst-table %s FOLDER, or --git URL@REF", cli->sub->name);
	}
	for (int i = 0; i < cli->argc; i++) {
		f->v[i].path = cli->argv[i];
		if (!fs_exists(cli->argv[i]))
			return mst_fail(err, MST_NOT_FOUND, "%s: there is no such file or folder", cli->argv[i]);
		int rc = fs_is_dir(cli->argv[i]) ? catalogue_git_look(cli->pool, &t->opts, &f->v[i], err) : 0;
		if (rc)
			return rc;
	}
	if (!t->a->git)
		return 0;
	struct catalogue_git g;
	int rc = catalogue_git_parse(cli->pool, t->a->git, &g, err);
	return rc ? rc : catalogue_git_fetch(cli->pool, &g, &cli_signal, &f->v[cli->argc], err);
}

static int compare(struct table_cmd *t, struct folders *f, struct catalogue_changes *c, struct mst_error *err)
{
	int rc = read_folders(t, f, err);
	if (!rc)
		rc = catalogue_compare(t->cli->pool, t->db, &t->opts, f->v, f->n, c, err);
	if (rc)
		return rc;
	if (c->failed)
		return mst_fail(err, c->failed, "not all could be read, so nothing was %s",
				strcmp(t->cli->sub->name, "diff") ? "imported" : "compared");
	if (c->errors) {
		mst_fail(err, MST_DATA, "%llu error%s in the SQL, so nothing was %s", (unsigned long long)c->errors,
			 c->errors == 1 ? "" : "s", strcmp(t->cli->sub->name, "diff") ? "imported" : "compared");
		return err->code;
	}
	return 0;
}

static const struct out_col import_columns[] = {
	{ "added", "ADDED", OUT_NUMBER, false },
	{ "changed", "CHANGED", OUT_NUMBER, false },
	{ "removed", "REMOVED", OUT_NUMBER, false },
	{ "unchanged", "UNCHANGED", OUT_NUMBER, false },
	{ 0 },
};

static int tell_import(struct cli *cli, const struct catalogue_changes *c, const struct folders *f, bool prune,
		       struct mst_error *err)
{
	struct buf b;
	struct jw w;
	struct out *out = out_open(cli, "import", import_columns);
	buf_init(&b, cli->pool);
	jw_init(&w, &b);
	jw_object(&w);
	jw_key_z(&w, "type", "import");
	jw_key_i(&w, "added", (int64_t)c->added);
	jw_key_i(&w, "changed", (int64_t)c->changed);
	jw_key_i(&w, "removed", prune ? (int64_t)c->removed : 0);
	jw_key_i(&w, "unchanged", (int64_t)c->unchanged);
	if (f->n == 1 && f->v[0].source.p)
		jw_key_raw(&w, "source", f->v[0].source);
	jw_end(&w);
	int rc = out_line(out, buf_view(&b), err);
	return rc ? rc : out_close(out, err);
}

/* What an import changed beside texts, each kind of change once; and cycles that it closed. */
static int tell_remarks(struct table_cmd *t, const struct catalogue_changes *c, struct mst_error *err)
{
	struct pool *pool = t->cli->pool;
	struct str *names = pool_array(pool, c->v.n, sizeof *names);
	size_t n = 0;
	struct map seen;
	VEC(struct str) words = { 0 };
	map_init(&seen, pool, 0);
	for (size_t i = 0; i < c->v.n; i++) {
		const struct catalogue_change *v = &c->v.v[i];
		if (v->kind != CATALOGUE_REMOVED)
			names[n++] = v->def.name;
		struct str key = str_of(catalogue_change_words(pool, v));
		bool is_new;
		if (!key.n)
			continue;
		++*map_put(&seen, key, &is_new);
		if (is_new)
			*vec_push(pool, &words) = key;
	}
	for (size_t i = 0; i < words.n && i < REMARKS_SHOWN; i++) {
		uint64_t times = *map_get(&seen, words.v[i]);
		cli_say(t->cli, "%llu table%s changed: %.*s", (unsigned long long)times, times == 1 ? "" : "s",
			STR_FMT(words.v[i]));
	}
	if (words.n > REMARKS_SHOWN)
		cli_say(t->cli, "and %zu more changes beside texts", words.n - REMARKS_SHOWN);
	return catalogue_cycles(pool, t->db, names, n, on_cycle, t->cli, err);
}

static int import(struct cli *cli, struct mst_error *err)
{
	struct table_cmd t;
	struct folders f;
	struct catalogue_changes c;
	int rc = begin(cli, &t, err);
	t.opts.make_teams = true;
	if (!rc)
		rc = compare(&t, &f, &c, err);
	if (!rc)
		rc = catalogue_apply(t.db, f.v, &c, t.a->prune, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < c.new_teams.n; i++)
		cli_say(cli, "made team '%.*s'; mst-team join puts users into it", STR_FMT(c.new_teams.v[i]));
	if (c.removed && !t.a->prune)
		cli_note(cli, "%zu table%s of this folder %s no file any more (--prune removes)", c.removed,
			 c.removed == 1 ? "" : "s", c.removed == 1 ? "has" : "have");
	rc = tell_remarks(&t, &c, err);
	return rc ? rc : tell_import(cli, &c, &f, t.a->prune, err);
}

static int diff(struct cli *cli, struct mst_error *err)
{
	struct table_cmd t;
	struct folders f;
	struct catalogue_changes c;
	int rc = begin(cli, &t, err);
	t.opts.make_teams = true;
	if (!rc)
		rc = compare(&t, &f, &c, err);
	if (rc)
		return rc;
	if (cli->format == CLI_TABLE) {
		rc = catalogue_show_changes(t.db, &c, cli->color_out, (struct catalogue_text_sink){ cli, on_text },
					    err);
	} else {
		t.out = out_open(cli, "change", change_columns);
		rc = catalogue_tell_changes(t.db, &c, t.a->patch, on_line, &t, err);
		if (!rc)
			rc = out_close(t.out, err);
	}
	return rc ? rc : c.v.n > 0;
}

static const struct out_col export_columns[] = {
	{ "written", "WRITTEN", OUT_NUMBER, false },
	{ "unchanged", "UNCHANGED", OUT_NUMBER, false },
	{ "removed", "REMOVED", OUT_NUMBER, false },
	{ 0 },
};

static int export(struct cli *cli, struct mst_error *err)
{
	struct table_cmd t;
	struct catalogue_export_counts n;
	struct buf b;
	struct jw w;
	int rc = begin(cli, &t, err);
	if (!rc)
		rc = catalogue_export(t.db, &t.opts, cli->argv[0], (const char *const *)cli->argv + 1, (size_t)cli->argc - 1,
				      t.a->prune, &n, err);
	if (rc)
		return rc;
	struct out *out = out_open(cli, "export", export_columns);
	buf_init(&b, cli->pool);
	jw_init(&w, &b);
	jw_object(&w);
	jw_key_z(&w, "type", "export");
	jw_key_i(&w, "written", (int64_t)n.written);
	jw_key_i(&w, "unchanged", (int64_t)n.unchanged);
	jw_key_i(&w, "removed", (int64_t)n.removed);
	jw_end(&w);
	rc = out_line(out, buf_view(&b), err);
	return rc ? rc : out_close(out, err);
}

/* --- history --------------------------------------------------------------------------------------------- */

static const struct out_col revision_columns[] = {
	{ "revision", "REVISION", OUT_NUMBER, false },
	{ "action", "ACTION", OUT_TEXT, false },
	{ "at", "AT", OUT_TIME, false },
	{ "by", "BY", OUT_TEXT, false },
	{ 0 },
};

static int history(struct cli *cli, struct mst_error *err)
{
	struct table_cmd t;
	struct str name = str_of(cli->argv[0]);
	int rc = begin(cli, &t, err);
	if (rc)
		return rc;
	bool text = cli->format == CLI_TABLE;
	struct catalogue_text_sink to = { cli, on_text };
	if (!text)
		t.out = out_open(cli, "revision", revision_columns);
	rc = text ? catalogue_show_log(t.db, name, cli->color_out, to, err) : catalogue_tell_log(t.db, name, on_line, &t, err);
	if (rc == MST_NOT_FOUND) {
		struct mst_error other;
		if (catalogue_find_ever(cli->pool, t.db, name, &name, &other))
			return rc;
		rc = text ? catalogue_show_log(t.db, name, cli->color_out, to, err)
			  : catalogue_tell_log(t.db, name, on_line, &t, err);
	}
	return rc || text ? rc : out_close(t.out, err);
}

static int restore(struct cli *cli, struct mst_error *err)
{
	struct table_cmd t;
	struct str name = str_of(cli->argv[0]), number = str_of(cli->argv[1]);
	int64_t from, revision;
	if (!json_int((struct json_val){ number, JSON_NUMBER }, &from) || from < 1)
		return mst_fail(err, MST_USAGE, "'%s' is no revision: a number from 1 up", cli->argv[1]);
	int rc = begin(cli, &t, err);
	if (rc)
		return rc;
	rc = catalogue_find_ever(cli->pool, t.db, name, &name, err);
	if (!rc)
		rc = db_begin(t.db, err);
	if (!rc)
		rc = store_catalogue_begin(t.db, STORE_RESTORE, str_of(pool_printf(cli->pool, "{\"revision\":%lld}",
				(long long)from)),
					   err);
	if (!rc)
		rc = store_catalogue_restore(t.db, name, from, str_of(t.a->team), &revision, err);
	if (!rc)
		rc = db_commit(t.db, err);
	if (rc) {
		db_rollback(t.db);
		return rc;
	}
	t.out = out_open(cli, "change", change_columns);
	rc = tell_change(&t, "restored", name, revision, err);
	return rc ? rc : out_close(t.out, err);
}

/* --- rows -------------------------------------------------------------------------------------------------- */

static int read_rows(struct cli *cli, struct mst_error *err)
{
	struct table_cmd t;
	struct str name;
	int rc = begin(cli, &t, err);
	if (!rc)
		rc = find(&t, cli->argv[0], &name, err);
	if (rc)
		return rc;
	struct connections_opts o = { state_options(cli), config_says, cli->config, key_options(cli), false };
	struct warehouse_read what = {
		.where = t.a->where ? str_of(t.a->where) : (struct str){ "", 0 },
		.limit = t.a->limit ? t.a->limit : -1,
		.csv = cli->format == CLI_CSV,
	};
	if (t.a->where && !*t.a->where)
		return mst_fail(err, MST_USAGE, "--where is empty");
	if (!what.csv)
		t.out = out_open(cli, NULL, NULL);
	rc = catalogue_read(cli->pool, t.db, &o, name, &what, what.csv ? on_text : on_line, what.csv ? (void *)cli : &t, err);
	return rc || what.csv ? rc : out_close(t.out, err);
}

static const struct out_col load_columns[] = {
	{ "name", "TABLE", OUT_TEXT, true },
	{ "rows", "ROWS", OUT_NUMBER, false },
	{ "rows_bad", "BAD", OUT_NUMBER, false },
	{ "bytes", "SIZE", OUT_BYTES, false },
	{ "woken", "WOKEN", OUT_NUMBER, false },
	{ 0 },
};

static int tell_load(struct table_cmd *t, struct str name, const struct load_done *done, struct mst_error *err)
{
	struct buf b;
	struct jw w;
	t->out = out_open(t->cli, "load", load_columns);
	buf_init(&b, t->cli->pool);
	jw_init(&w, &b);
	jw_object(&w);
	jw_key_z(&w, "type", "load");
	jw_key_s(&w, "name", name);
	if (done->result.rows >= 0)
		jw_key_i(&w, "rows", done->result.rows);
	if (done->result.rows_bad)
		jw_key_i(&w, "rows_bad", done->result.rows_bad);
	if (done->result.bytes >= 0)
		jw_key_i(&w, "bytes", done->result.bytes);
	jw_key_i(&w, "woken", done->woken);
	if (done->result.tests.n)
		jw_key_raw(&w, "tests", done->result.tests);
	jw_end(&w);
	int rc = out_line(t->out, buf_view(&b), err);
	return rc ? rc : out_close(t->out, err);
}

static void said(void *arg, const char *stream, struct str text)
{
	if (strcmp(stream, "warning") == 0)
		cli_warn(arg, "%.*s", STR_FMT(str_trim(text)));
}

static int load(struct cli *cli, struct mst_error *err)
{
	struct table_cmd t;
	struct str name;
	struct load_done done;
	const char *file = cli->argc > 1 ? cli->argv[1] : "-";
	bool is_stdin = strcmp(file, "-") == 0;
	struct task_input input = { STDIN_FILENO, is_stdin ? "stdin" : file };
	if (fs_is_dir(file))
		return mst_fail(err, MST_USAGE, "%s is a folder", file);
	if (!is_stdin) {
		/* not blocking: a named pipe without a writer must not hold up Ctrl-C */
		input.fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (input.fd < 0)
			return mst_fail_errno(err, 0, "%s", file);
	}
	int rc = begin(cli, &t, err);
	if (!rc)
		rc = find(&t, cli->argv[0], &name, err);
	if (!rc && is_stdin && isatty(STDIN_FILENO))
		cli_note(cli, "reading rows from the terminal, up to Ctrl-D");
	struct connections_opts c = { state_options(cli), config_says, cli->config, key_options(cli), false };
	struct load_opts o = { .connections = &c, .stop = &cli_signal, .say = said, .say_arg = cli };
	if (!rc)
		rc = load_external(cli->pool, t.db, &o, name, &input, &done, err);
	if (!is_stdin)
		close(input.fd);
	return rc ? rc : tell_load(&t, name, &done, err);
}

/* --------------------------------------------------------------------------------------------------------- */

#define AT(field) offsetof(struct args, field)
#define TEAM \
	{ "team", 't', CLI_STRING, AT(team), "TEAM", .complete = "team", .help = "team of tables whose header names none" }
#define DIALECT \
	{ "dialect", 'd', CLI_ENUM, AT(dialect), "DIALECT", "bigquery|legacy|postgres|ansi", "dialect", \
	  .help = "dialect of texts whose header says none" }
#define NAME_FROM \
	{ "name-from", 0, CLI_STRING, AT(name_from), "PATTERN", NULL, "name_from", .help = "how paths give names" }
#define GIT \
	{ "git", 'g', CLI_STRING, AT(git), "URL", .help = "a repository: URL[@REF[:FOLDER]]" }

static const struct cli_opt put_opts[] = {
	DIALECT,
	{ "if-revision", 0, CLI_INT, AT(if_revision), "N", .help = "only where the table has this revision still", .min = 1,
	  .max = INT64_MAX },
	TEAM,
	{ 0 },
};
static const struct cli_opt get_opts[] = {
	{ "sql", 0, CLI_FLAG, AT(sql), .help = "only the text, byte for byte" },
	{ 0 },
};
static const struct cli_opt list_opts[] = {
	{ "sql", 0, CLI_FLAG, AT(sql), .help = "put the text into each line, as key sql" },
	{ 0 },
};
static const struct cli_opt import_opts[] = {
	DIALECT,
	GIT,
	NAME_FROM,
	{ "prune", 0, CLI_FLAG, AT(prune), .help = "remove tables of the folder that have no file" },
	TEAM,
	{ 0 },
};
static const struct cli_opt diff_opts[] = {
	DIALECT,
	GIT,
	NAME_FROM,
	{ "patch", 'p', CLI_FLAG, AT(patch), .help = "put a unified diff into each line" },
	{ 0 },
};
static const struct cli_opt export_opts[] = {
	{ "prune", 0, CLI_FLAG, AT(prune), .help = "remove SQL files that no table has" },
	{ 0 },
};

static const struct cli_opt restore_opts[] = {
	{ "team", 't', CLI_STRING, AT(team), "TEAM", .complete = "team", .help = "put it into this team" },
	{ 0 },
};

static const struct cli_opt read_opts[] = {
	{ "limit", 'l', CLI_INT, AT(limit), "N", .help = "so many rows", .min = 1, .max = INT64_MAX },
	{ "where", 'w', CLI_STRING, AT(where), "EXPRESSION", .help = "rows for which this SQL expression is true" },
	{ 0 },
};

static const struct cli_sub subs[] = {
	{ "put", "[NAME] [FILE | -]", "add or change tables", 0, 2, put_opts, "table", .run = put },
	{ "get", "NAME", "one table, with its text", 1, 1, get_opts, "table", .run = get },
	{ "list", "[SELECTOR ...]", "the tables", 0, -1, list_opts, "table", .run = list },
	{ "rm", "NAME ...", "remove tables; their history stays", 1, -1, NULL, "table", .run = rm },
	{ "import", "[FOLDER | FILE ...]", "take over what is in folders", 0, -1, import_opts, "path", .run = import },
	{ "export", "FOLDER [SELECTOR ...]", "write the texts as files", 1, -1, export_opts, "dir", .run = export },
	{ "diff", "[FOLDER | FILE ...]", "what import would change", 0, -1, diff_opts, "path", .run = diff },
	{ "load", "NAME [FILE | -]", "load an external table, for runs that wait for it", 1, 2, NULL, "table",
	  .run = load },
	{ "log", "NAME", "every revision of a table", 1, 1, NULL, "table", .run = history },
	{ "read", "NAME", "the rows of a table", 1, 1, read_opts, "table", .run = read_rows },
	{ "restore", "NAME REVISION", "make a revision the table as it is", 2, 2, restore_opts, "table", .run = restore },
	{ 0 },
};

static const struct cli_example examples[] = {
	{ "mst-table import sql/", "take a folder into the catalogue" },
	{ "mst-table list tag:daily", "the tables with a tag" },
	{ "mst-table list --sql | mst-plan | mst-run", "make all of them" },
	{ "mst-table diff sql/", "what has changed in the folder since" },
	{ "zcat sales.csv.gz | mst-table load raw.sales", "fill an external table" },
	{ "mst-table log mart.sizes", "who changed what, when" },
	{ 0 },
};

static const struct cli_cmd cmd = {
	.name = "mst-table",
	.summary = "keep the catalogue of tables",
	.args_size = sizeof(struct args),
	.groups = CLI_OUTPUT | CLI_DB,
	.subs = subs,
	.examples = examples,
	.reads = "table",
	.writes = "table, change, import, export, revision, load",
	.talks_to = "files, the state database, the warehouse",
	.exits = "1 3 4 5 6 130",
	.see_also = "mst-deps(1), mst-plan(1), mst-run(1), mst-team(1), mst-json(5)",
};

int main(int argc, char **argv)
{
	return cli_main(argc, argv, &cmd);
}
