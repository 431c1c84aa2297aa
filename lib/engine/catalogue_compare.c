#include "engine/catalogue_scan.h"

#include "base/fs.h"
#include "store/account.h"

#include <stdlib.h>

struct compare {
	struct pool *pool;
	const struct catalogue_opts *opts;
	const struct catalogue_folder *folders;
	size_t folder;
	store_briefs rows;
	struct catalogue_index index;
	struct store_caller caller;
	uint8_t *seen;     /* of rows */
	struct map places; /* name -> "PATH:LINE" of the file that has it */
	struct map teams;  /* that are to be made */
	struct catalogue_changes out;
};

static void error_diag(struct compare *c, const char *about, uint32_t line, const char *text)
{
	struct sql_diag d = { SQL_ERROR, line, 1, str_of(text) };
	c->opts->diag(c->opts->arg, about, &d);
	c->out.errors++;
}

/* A name that another file has too is an error of the second. */
static bool is_double(struct compare *c, const struct catalogue_file *f, struct str name, uint32_t line)
{
	bool is_new;
	uint64_t *place = map_put(&c->places, name, &is_new);
	if (is_new) {
		*place = (uint64_t)(uintptr_t)pool_printf(c->pool, "%s:%u", f->path, line);
		return false;
	}
	error_diag(c, f->shown, line,
		   pool_printf(c->pool, "'%.*s' is defined at %s too", STR_FMT(name), (const char *)(uintptr_t)*place));
	return true;
}

static bool same_text(struct str a, struct str b)
{
	return (a.p != NULL) == (b.p != NULL) && (!a.p || str_eq(a, b));
}

static void take_same(struct compare *c, const struct store_brief *b)
{
	const struct catalogue_folder *f = &c->folders[c->folder];
	c->seen[b - c->rows.v] = 1;
	c->out.unchanged++;
	if (f->origin.p && !same_text(b->origin, f->origin)) {
		*vec_push(c->pool, &c->out.moved) = b->name;
		*vec_push(c->pool, &c->out.moved_to) = c->folder;
	}
}

static int on_file(void *arg, const struct catalogue_file *f, struct mst_error *err)
{
	struct compare *c = arg;
	const struct catalogue_folder *folder = &c->folders[c->folder];
	if (f->same) {
		/* an error of names is told by the file that was read, whichever comes first */
		if (!is_double(c, f, f->same->name, 1))
			take_same(c, f->same);
		return 0;
	}
	const struct catalogue_found *found = f->found;
	for (size_t i = 0; i < found->diags.n; i++)
		c->opts->diag(c->opts->arg, f->shown, &found->diags.v[i]);
	c->out.errors += found->errors;
	struct catalogue_change change = { .def = found->def, .folder = c->folder };
	if (is_double(c, f, change.def.name, found->name_line))
		return 0;
	const struct store_brief *now = catalogue_index_name(&c->index, change.def.name);
	memcpy(change.sha256, f->sha256, sizeof change.sha256);
	change.kind = now ? CATALOGUE_CHANGED : CATALOGUE_ADDED;
	if (!change.def.file.p)
		/* one file says nothing of the folder that it belongs to */
		change.def.file = now && now->file.p ? now->file : DB_NULL;
	bool to_team = c->opts->team && !change.def.team.p && now && !same_text(now->team, str_of(c->opts->team));
	if (now && str_eqz(now->sha256, f->sha256) && same_text(now->file, change.def.file) &&
	    same_text(now->dialect, change.def.dialect) && !to_team) {
		take_same(c, now);
		return 0;
	}
	bool make;
	struct mst_error wrong;
	if (catalogue_team(c->opts, &c->caller, &change.def, now, &make, &wrong)) {
		mst_place(&wrong, f->shown, 0, 0);
		if (wrong.code == MST_DENIED) {
			*err = wrong;
			return wrong.code;
		}
		c->opts->fail(c->opts->arg, &wrong);
		c->out.errors++;
		return 0;
	}
	if (make) {
		bool is_new;
		map_put(&c->teams, change.def.team, &is_new);
		if (is_new)
			*vec_push(c->pool, &c->out.new_teams) = change.def.team;
	}
	change.def.origin = folder->origin;
	if (now) {
		c->seen[now - c->rows.v] = 1;
		change.def.revision = now->revision;
		change.old_file = now->file;
		change.old_sha256 = now->sha256;
		change.old_dialect = now->dialect;
		change.old_team = now->team;
		if (!folder->origin.p)
			change.def.origin = now->origin;
	}
	c->out.added += !now;
	c->out.changed += now != NULL;
	*vec_push(c->pool, &c->out.v) = change;
	return 0;
}

static void on_fail(void *arg, const struct mst_error *err)
{
	struct compare *c = arg;
	if (err->code != MST_CONFLICT && !c->out.failed)
		c->out.failed = err->code;
	c->opts->fail(c->opts->arg, err);
}

/* What came from this folder and is not in it any more. */
static void find_removed(struct compare *c)
{
	for (size_t i = 0; i < c->rows.n; i++) {
		const struct store_brief *b = &c->rows.v[i];
		if (c->seen[i] || !b->origin.p)
			continue;
		for (size_t k = 0; k < c->folder; k++) {
			if (!c->folders[k].origin.p || !str_eq(c->folders[k].origin, b->origin))
				continue;
			*vec_push(c->pool, &c->out.v) = (struct catalogue_change){
				.kind = CATALOGUE_REMOVED,
				.def = { .name = b->name, .file = b->file, .team = b->team, .revision = b->revision },
				.old_file = b->file,
				.old_sha256 = b->sha256,
				.folder = k,
			};
			c->out.removed++;
			break;
		}
	}
}

int catalogue_compare(struct pool *pool, struct db *db, const struct catalogue_opts *opts,
		      const struct catalogue_folder *folders, size_t n, struct catalogue_changes *out, struct mst_error *err)
{
	struct compare c = { .pool = pool, .opts = opts, .folders = folders };
	int rc = store_caller(pool, db, &c.caller, err);
	if (!rc)
		rc = store_catalogue_brief(pool, db, NULL, 0, &c.rows, err);
	if (!rc && opts->team && !catalogue_among(str_of(opts->team), c.caller.teams, c.caller.nteams))
		rc = catalogue_no_team(str_of(opts->team), err);
	if (rc)
		return rc;
	catalogue_index_init(&c.index, pool, &c.rows);
	c.seen = pool_zalloc(pool, c.rows.n + 1);
	map_init(&c.places, pool, c.rows.n);
	map_init(&c.teams, pool, 0);
	for (; !rc && c.folder < n; c.folder++) {
		struct catalogue_scan scan = { opts, &c.index, folders[c.folder].path, on_file, on_fail, &c };
		rc = catalogue_scan(pool, &scan, err);
	}
	if (rc)
		return rc;
	find_removed(&c);
	c.out.pool = pool;
	*out = c.out;
	return 0;
}

const char *catalogue_change_words(struct pool *pool, const struct catalogue_change *c)
{
	const struct {
		const char *what;
		struct str was, is;
	} v[] = {
		{ "file", c->old_file, c->def.file },
		{ "dialect", c->old_dialect, c->def.dialect },
		{ "team", c->old_team, c->def.team },
	};
	struct buf b;
	buf_init(&b, pool);
	for (size_t i = 0; c->kind == CATALOGUE_CHANGED && i < sizeof v / sizeof *v; i++)
		if (!same_text(v[i].was, v[i].is))
			buf_printf(&b, "%s%s: %.*s -> %.*s", b.n ? ", " : "", v[i].what, STR_FMT(v[i].was.p ? v[i].was : STR("none")),
				   STR_FMT(v[i].is.p ? v[i].is : STR("none")));
	return buf_cstr(&b);
}

/* --- doing it ---------------------------------------------------------------------------------- */

struct apply {
	const struct catalogue_folder *folders;
	const struct catalogue_changes *c;
	bool prune;
};

static int apply_folder(struct db *db, const struct apply *a, size_t folder, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	VEC(struct store_definition) added = { 0 }, changed = { 0 };
	VEC(struct str) removed = { 0 }, moved = { 0 };
	for (size_t i = 0; i < a->c->v.n; i++) {
		const struct catalogue_change *c = &a->c->v.v[i];
		if (c->folder != folder)
			continue;
		if (c->kind == CATALOGUE_ADDED)
			*vec_push(tmp, &added) = c->def;
		else if (c->kind == CATALOGUE_CHANGED)
			*vec_push(tmp, &changed) = c->def;
		else if (a->prune)
			*vec_push(tmp, &removed) = c->def.name;
	}
	for (size_t i = 0; i < a->c->moved.n; i++)
		if (a->c->moved_to.v[i] == folder)
			*vec_push(tmp, &moved) = a->c->moved.v[i];
	int rc = store_catalogue_begin(db, STORE_IMPORT, a->folders[folder].source, err);
	if (!rc && removed.n)
		rc = store_catalogue_remove(db, removed.v, removed.n, err);
	if (!rc)
		rc = store_catalogue_put(db, changed.v, changed.n, err);
	if (!rc)
		rc = store_catalogue_put(db, added.v, added.n, err);
	if (!rc && moved.n)
		rc = store_catalogue_origin(db, moved.v, moved.n, a->folders[folder].origin, err);
	return rc;
}

int catalogue_apply(struct db *db, const struct catalogue_folder *folders, const struct catalogue_changes *c,
		bool prune,
		    struct mst_error *err)
{
	struct apply a = { folders, c, prune };
	size_t last = 0;
	if (!c->moved.n && !c->added && !c->changed && !(prune && c->removed))
		return 0;
	for (size_t i = 0; i < c->v.n; i++)
		last = c->v.v[i].folder > last ? c->v.v[i].folder : last;
	for (size_t i = 0; i < c->moved.n; i++)
		last = c->moved_to.v[i] > last ? c->moved_to.v[i] : last;
	int rc = db_begin(db, err);
	for (size_t i = 0; !rc && i < c->new_teams.n; i++)
		rc = store_team_put(db, str_z(c->pool, c->new_teams.v[i]), "", err);
	for (size_t k = 0; !rc && k <= last; k++)
		rc = apply_folder(db, &a, k, err);
	if (!rc)
		rc = db_commit(db, err);
	if (rc)
		db_rollback(db);
	return rc;
}
