#include "engine/catalogue.h"

#include "base/map.h"

/* Puts that somebody else came before, without a revision to hold them against, are put again; each time
 * somebody has got on, so that so many writers at once all do. */
enum { TRIES = 100 };

struct reading {
	struct pool *pool;
	const struct catalogue_opts *opts;
	const char *about;
	struct map names;
	uint64_t errors;
	catalogue_puts *out;
};

static int add(struct reading *r, const struct catalogue_text *t, uint64_t line, int64_t expected,
		struct mst_error *err)
{
	struct catalogue_put p = { .expected = expected };
	const char *about = line ? pool_printf(r->pool, "%s:%llu", r->about, (unsigned long long)line) : r->about;
	bool is_new;
	int rc = catalogue_define(r->pool, r->opts, t, &p.found, err);
	if (rc)
		return mst_place(err, about, err->line, err->col);
	for (size_t i = 0; i < p.found.diags.n; i++)
		r->opts->diag(r->opts->arg, about, &p.found.diags.v[i]);
	r->errors += p.found.errors;
	map_put(&r->names, p.found.def.name, &is_new);
	if (!is_new) {
		mst_fail(err, MST_DATA, "table '%.*s' stands there twice", STR_FMT(p.found.def.name));
		return mst_place(err, r->about, (uint32_t)line, 0);
	}
	*vec_push(r->pool, r->out) = p;
	return 0;
}

static int add_line(struct reading *r, struct str line, uint64_t at, struct str name, struct mst_error *err)
{
	json_members *m = pool_zalloc(r->pool, sizeof *m);
	struct catalogue_text t = { .line = m };
	int64_t expected = -1;
	int rc = json_scan_object(r->pool, line, m, err);
	if (rc)
		return mst_place(err, r->about, (uint32_t)at, err->col);
	struct json_val type = json_get(m, "type"), sql = json_get(m, "sql"), revision = json_get(m, "revision");
	t.name = json_str(r->pool, json_get(m, "name"));
	t.text = json_str(r->pool, sql);
	struct str file = json_str(r->pool, json_get(m, "file"));
	if (!str_eqz(type.raw, "\"table\"")) {
		mst_fail(err, MST_DATA, "this line is no table");
		mst_hint(err, "mst-table put takes lines of type 'table', with their texts");
	} else if (sql.type != JSON_STRING) {
		mst_fail(err, MST_DATA, "the line of table '%.*s' has no text", STR_FMT(t.name));
		mst_hint(err, "mst-deps --sql puts it in as key 'sql'");
	} else if (!t.name.n) {
		mst_fail(err, MST_DATA, "the line has no name");
	} else if (name.n && !str_eq(name, t.name)) {
		mst_fail(err, MST_DATA, "the line is of table '%.*s', not '%.*s'", STR_FMT(t.name), STR_FMT(name));
	} else if (revision.type != JSON_NONE && (!json_int(revision, &expected) || expected < 1)) {
		mst_fail(err, MST_DATA, "revision of table '%.*s' is no number from 1 up", STR_FMT(t.name));
	} else {
		/* a place on somebody's disk is none in the catalogue */
		t.file = catalogue_file_is_safe(file) ? file : (struct str){ "", 0 };
		return add(r, &t, at, expected, err);
	}
	return mst_place(err, r->about, (uint32_t)at, 0);
}

/* SQL never begins with a brace and a quote. */
static bool is_lines(struct str s)
{
	s = str_trim(s);
	if (str_has_prefix(s, STR("\xef\xbb\xbf")))
		s = str_trim((struct str){ s.p + 3, s.n - 3 });
	if (!s.n || s.p[0] != '{')
		return false;
	s = str_trim((struct str){ s.p + 1, s.n - 1 });
	return s.n && (s.p[0] == '"' || s.p[0] == '}');
}

int catalogue_read_puts(struct pool *pool, const struct catalogue_opts *opts, struct str what, struct str name,
			const char *path, const char *about, catalogue_puts *out, struct mst_error *err)
{
	struct reading r = { .pool = pool, .opts = opts, .about = about, .out = out };
	struct catalogue_text t = { .text = what, .name = name, .path = path };
	struct str line;
	uint64_t at = 0;
	int rc = 0;
	map_init(&r.names, pool, 0);
	if (!is_lines(what)) {
		if (!str_trim(what).n)
			return mst_fail(err, MST_DATA, "%s: there is no SQL", about);
		rc = add(&r, &t, 0, -1, err);
		if (!rc && !path && !name.n && str_eqz(out->v[0].found.def.name, "stdin")) {
			mst_fail(err, MST_USAGE, "the text has no name");
			return mst_hint(err, "mst-table put NAME, or a line '-- mst: name: NAME' at its top");
		}
	} else {
		if (str_has_prefix(what, STR("\xef\xbb\xbf")))
			what = (struct str){ what.p + 3, what.n - 3 };
		while (!rc && jsonl_cut(&what, &at, &line))
			rc = add_line(&r, line, at, name, err);
	}
	if (!rc && r.errors)
		rc = mst_fail(err, MST_DATA, "%llu error%s in the SQL, so nothing was put", (unsigned long long)r.errors,
			      r.errors == 1 ? "" : "s");
	return rc;
}

/* --- into the database ------------------------------------------------------------------------------- */

struct putting {
	struct pool *pool;
	const struct catalogue_opts *opts;
	catalogue_puts *puts;
	struct str *names;
};

static const struct store_brief *brief_of(const store_briefs *rows, struct str name)
{
	size_t lo = 0, hi = rows->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = str_cmp(rows->v[mid].name, name);
		if (c == 0)
			return &rows->v[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static int put_once(struct pool *pool, struct db *db, const struct putting *p, struct mst_error *err)
{
	struct store_caller caller;
	store_briefs before, after;
	bool make;
	size_t n = p->puts->n;
	struct store_definition *defs = pool_array(pool, n, sizeof *defs);
	int rc = store_caller(pool, db, &caller, err);
	if (!rc)
		rc = store_catalogue_brief(pool, db, p->names, n, &before, err);
	for (size_t i = 0; !rc && i < n; i++) {
		const struct catalogue_put *put = &p->puts->v[i];
		const struct store_brief *now = brief_of(&before, put->found.def.name);
		defs[i] = put->found.def;
		defs[i].revision = put->expected >= 0 ? put->expected : now ? now->revision : 0;
		defs[i].origin = now ? now->origin : DB_NULL;
		if (!defs[i].file.p && now)
			defs[i].file = now->file;
		rc = catalogue_team(p->opts, &caller, &defs[i], now, &make, err);
	}
	if (!rc)
		rc = store_catalogue_begin(db, STORE_PUT, DB_NULL, err);
	if (!rc)
		rc = store_catalogue_put(db, defs, n, err);
	if (!rc)
		rc = store_catalogue_brief(pool, db, p->names, n, &after, err);
	for (size_t i = 0; !rc && i < n; i++) {
		struct catalogue_put *put = &p->puts->v[i];
		const struct store_brief *was = brief_of(&before, put->found.def.name), *is = brief_of(&after, put->found.def.name);
		put->revision = is ? is->revision : 0;
		put->done = !was ? CATALOGUE_PUT_NEW : was->revision == put->revision ? CATALOGUE_PUT_SAME : CATALOGUE_PUT_CHANGED;
	}
	return rc;
}

int catalogue_put_all(struct pool *pool, struct db *db, const struct catalogue_opts *opts, catalogue_puts *puts,
		      struct mst_error *err)
{
	struct putting p = { pool, opts, puts, pool_array(pool, puts->n, sizeof *p.names) };
	bool held = false;
	int rc = 0;
	for (size_t i = 0; i < puts->n; i++) {
		p.names[i] = puts->v[i].found.def.name;
		held |= puts->v[i].expected >= 0;
	}
	for (int i = 0; puts->n && i < TRIES; i++) {
		POOL_SCRATCH(tmp);
		rc = db_begin(db, err);
		if (!rc)
			rc = put_once(tmp, db, &p, err);
		if (!rc)
			rc = db_commit(db, err);
		if (rc)
			db_rollback(db);
		if (rc != MST_CONFLICT || held)
			break;
	}
	return rc;
}
