#include "engine/catalogue.h"

#include "base/utf8.h"
#include "model/job.h"

#include <stdio.h>

/* Keys of a line that are the row's, not the text's. */
static const char *const row_keys[] = { "sql", "file", "owner", "team", "origin", "revision", "created_at",
		"created_by",
					"updated_at", "updated_by", "source", "action", "refs", "diagnostics", NULL };

static bool is_row_key(struct str key)
{
	for (size_t i = 0; row_keys[i]; i++)
		if (str_eqz(key, row_keys[i]))
			return true;
	return false;
}

static int check_text(const struct catalogue_text *t, struct mst_error *err)
{
	char about[512];
	uint32_t line, col;
	struct str name = t->file.n ? t->file : t->name;
	snprintf(about, sizeof about, "%.*s", (int)(name.n < sizeof about ? name.n : sizeof about - 1), name.p ? name.p : "");
	if (t->path)
		snprintf(about, sizeof about, "%s", t->path);
	if (t->text.n > CATALOGUE_SQL_MAX)
		return mst_fail(err, MST_LIMIT, "%s: the text is larger than %zu bytes", about, CATALOGUE_SQL_MAX);
	size_t bad = utf8_valid(t->text);
	const char *nul = t->text.n ? memchr(t->text.p, 0, t->text.n) : NULL;
	if (nul && (size_t)(nul - t->text.p) < bad)
		bad = (size_t)(nul - t->text.p);
	if (bad == t->text.n)
		return 0;
	text_place(t->text, bad, &line, &col);
	if (t->text.p[bad])
		mst_fail(err, MST_DATA, "byte 0x%02x is not UTF-8", (unsigned char)t->text.p[bad]);
	else
		mst_fail(err, MST_DATA, "a NUL byte in the text");
	mst_place(err, about, line, col);
	return mst_hint(err, "the catalogue holds UTF-8 text; iconv(1) makes it of other encodings");
}

int catalogue_define(struct pool *pool, const struct catalogue_opts *opts, const struct catalogue_text *src,
		     struct catalogue_found *out, struct mst_error *err)
{
	struct table_opts o = { .dialect = opts->dialect, .pattern = opts->pattern };
	struct table_source from = { .text = src->text, .path = src->path, .name = src->name };
	struct catalogue_found f = { 0 };
	json_members own = { 0 };
	struct table t;
	struct buf line;
	int rc = check_text(src, err);
	if (rc)
		return rc;
	for (size_t i = 0; src->line && i < src->line->n; i++)
		if (!is_row_key(src->line->v[i].key))
			*vec_push(pool, &own) = src->line->v[i];
	from.line = src->line ? &own : NULL;
	table_infer(pool, &o, &from, &t);
	buf_init(&line, pool);
	table_write_bare(&line, &t);
	f.def = (struct store_definition){
		.name = t.name,
		.file = src->file.n ? src->file : DB_NULL,
		.sql = src->text,
		.kind = str_of(t.kind),
		.dialect = str_of(sql_dialect_name(t.refs.dialect)),
		.attrs = t.attrs.json,
		.line = buf_view(&line),
		.reads = t.refs.reads.v,
		.writes = t.refs.writes.v,
		.calls = t.refs.calls.v,
		.nreads = t.refs.reads.n,
		.nwrites = t.refs.writes.n,
		.ncalls = t.refs.calls.n,
	};
	struct str team = attrs_text(pool, &t.attrs, "team");
	f.def.team = team.n ? team : DB_NULL;
	f.name_line = t.name_line;
	f.diags.v = t.diags.v;
	f.diags.n = t.diags.n;
	f.errors = t.errors;
	*out = f;
	return 0;
}

/* --- rows to lines -------------------------------------------------------------------------- */

enum { L_TYPE, L_NAME, L_SHA256, L_OWN, L_KEYS = L_OWN + 14 };

static bool is_text(struct pool *pool, struct json_val v, struct str want)
{
	return want.n ? v.type == JSON_STRING && str_eq(json_str(pool, v), want) : v.type == JSON_NONE;
}

/* Whether a stored line is what mst-deps would say of this row, as far as a look tells. */
static bool line_fits(struct pool *pool, const struct store_table *t)
{
	static const struct str keys[L_KEYS] = {
		STR("type"), STR("name"), STR("sql_sha256"), STR("sql"), STR("file"), STR("owner"), STR("team"), STR("origin"),
		STR("revision"), STR("created_at"), STR("created_by"), STR("updated_at"), STR("updated_by"), STR("source"),
		STR("action"), STR("refs"), STR("diagnostics"),
	};
	struct json_val v[L_KEYS];
	struct mst_error ignored;
	if (!t->line.p || json_pick(t->line, keys, L_KEYS, v, &ignored) || !str_eqz(v[L_TYPE].raw, "\"table\"") ||
	    !is_text(pool, v[L_NAME], t->name) ||
	    !is_text(pool, v[L_SHA256], t->sha256))
		return false;
	for (int k = L_OWN; k < L_KEYS; k++)
		if (v[k].type != JSON_NONE)
			return false;
	return true;
}

static void key_text(struct buf *b, const char *key, struct str s)
{
	if (!s.p)
		return;
	buf_z(b, key);
	json_quote(b, s);
}

int catalogue_line(struct pool *pool, const struct store_table *t, bool with_sql, struct buf *b, struct mst_error *err)
{
	struct str line = t->line;
	if (!line_fits(pool, t)) {
		struct catalogue_opts opts = { .dialect = SQL_BIGQUERY };
		struct catalogue_text text = { .text = t->sql, .name = t->name, .file = t->file };
		struct catalogue_found f;
		int d = sql_dialect_of(t->dialect);
		if (!t->sql.p)
			return mst_fail(err, MST_NOT_FOUND, "the text of table '%.*s' is wanted", STR_FMT(t->name));
		opts.dialect = d < 0 ? SQL_BIGQUERY : (enum sql_dialect)d;
		int rc = catalogue_define(pool, &opts, &text, &f, err);
		if (rc)
			return rc;
		line = f.def.line;
	}
	buf_add(b, line.p, line.n - 1);
	key_text(b, ",\"file\":", t->file);
	key_text(b, ",\"owner\":", t->owner);
	key_text(b, ",\"team\":", t->team);
	buf_printf(b, ",\"revision\":%lld", (long long)t->revision);
	key_text(b, ",\"created_at\":", t->created_at);
	key_text(b, ",\"created_by\":", t->created_by);
	key_text(b, ",\"updated_at\":", t->updated_at);
	key_text(b, ",\"updated_by\":", t->updated_by);
	if (t->source.p) {
		buf_z(b, ",\"source\":");
		buf_str(b, t->source);
	}
	if (with_sql)
		key_text(b, ",\"sql\":", t->sql);
	buf_char(b, '}');
	return 0;
}

/* --- teams ------------------------------------------------------------------------------------ */

bool catalogue_among(struct str name, const struct str *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(v[i], name))
			return true;
	return false;
}

int catalogue_no_team(struct str team, struct mst_error *err)
{
	mst_fail(err, MST_DATA, "there is no team '%.*s'", STR_FMT(team));
	return mst_hint(err, "an admin makes it: mst-team put %.*s", STR_FMT(team));
}

int catalogue_team(const struct catalogue_opts *o, const struct store_caller *c, struct store_definition *def,
		   const struct store_brief *now, bool *make, struct mst_error *err)
{
	struct str team = def->team;
	*make = false;
	if (!team.p && o->team)
		team = str_of(o->team);
	if (!team.p && now)
		team = now->team;
	else if (!team.p && o->default_team)
		team = str_of(o->default_team);
	else if (!team.p && c->nwrite == 1)
		team = c->write[0];
	def->team = team;
	if (!team.p || (now && now->team.p && str_eq(now->team, team)))
		return 0;
	if (!catalogue_among(team, c->teams, c->nteams)) {
		if (o->make_teams && c->admin) {
			*make = true;
			return 0;
		}
		catalogue_no_team(team, err);
		return mst_wrap(err, "%.*s", STR_FMT(def->name));
	}
	if (c->name.p && !c->admin && !catalogue_among(team, c->write, c->nwrite)) {
		mst_fail(err, MST_DENIED, "%.*s: no permission to put tables into team '%.*s'", STR_FMT(def->name), STR_FMT(team));
		return mst_hint(err, "it takes role write there; mst-user whoami shows yours");
	}
	return 0;
}
