#include "engine/catalogue_show.h"

enum { PIECE = 100 };

/* Text from a database goes to a terminal: line breaks and tabs are kept, nothing else that steers one. */
static void put_text(struct buf *b, struct str s)
{
	struct str line;
	for (bool more = s.n > 0; more;) {
		more = str_cut(s, '\n', &line, &s);
		size_t from = b->n;
		buf_str(b, line);
		mst_harmless(b->p + from, b->n - from);
		if (more || line.n)
			buf_char(b, '\n');
		more = more && s.n;
	}
}

static void put_diff(struct buf *b, struct str diff, bool color)
{
	struct str line;
	for (bool more = diff.n > 0; more;) {
		more = str_cut(diff, '\n', &line, &diff);
		char c = line.n ? line.p[0] : ' ';
		const char *on = !color ? "" : c == '+' ? "\033[32m" : c == '-' ? "\033[31m" : c == '@' ? "\033[36m" : "";
		buf_z(b, on);
		size_t from = b->n;
		buf_str(b, line);
		mst_harmless(b->p + from, b->n - from);
		buf_z(b, *on ? "\033[0m\n" : "\n");
		more = more && diff.n;
	}
}

/* --- changes ------------------------------------------------------------------------------------- */

/* Told of each change with the text that is there now, in pieces. */
typedef int change_told(void *arg, struct pool *, const struct catalogue_change *, struct str old, struct mst_error *);

struct texts {
	struct pool *pool;
	struct str name[PIECE], sql[PIECE];
	size_t n;
};

static int keep_text(void *arg, const struct store_table *t, struct mst_error *err)
{
	struct texts *x = arg;
	(void)err;
	x->name[x->n] = str_dup(x->pool, t->name);
	x->sql[x->n++] = str_dup(x->pool, t->sql);
	return 0;
}

static struct str text_of(const struct texts *x, struct str name)
{
	for (size_t i = 0; i < x->n; i++)
		if (str_eq(x->name[i], name))
			return x->sql[i];
	return STR("");
}

static int each_change(struct db *db, const struct catalogue_changes *c, bool texts, change_told *tell, void *arg,
		       struct mst_error *err)
{
	int rc = 0;
	for (size_t i = 0; !rc && i < c->v.n; i += PIECE) {
		POOL_SCRATCH(tmp);
		struct texts x = { .pool = tmp };
		struct str names[PIECE];
		size_t end = c->v.n - i < PIECE ? c->v.n : i + PIECE, n = 0;
		for (size_t k = i; k < end; k++)
			if (c->v.v[k].kind != CATALOGUE_ADDED)
				names[n++] = c->v.v[k].def.name;
		if (texts && n)
			rc = store_catalogue_get(db, names, n, true, keep_text, &x, err);
		for (size_t k = i; !rc && k < end; k++)
			rc = tell(arg, tmp, &c->v.v[k], text_of(&x, c->v.v[k].def.name), err);
	}
	return rc;
}

static const char *const change_words[] = { "added", "changed", "removed" };

static int diff_of(struct pool *pool, const struct catalogue_change *c, struct str old, struct str *out,
		   struct mst_error *err)
{
	const char *name = pool_printf(pool, "%.*s", STR_FMT(c->def.name));
	return catalogue_diff(pool, old, c->kind == CATALOGUE_REMOVED ? STR("") : c->def.sql,
			      c->kind == CATALOGUE_ADDED ? "/dev/null" : name, c->kind == CATALOGUE_REMOVED ? "/dev/null" : name,
			      out, err);
}

struct telling {
	bool diffs, color;
	catalogue_told *tell;
	void *arg;
};

static int tell_change(void *arg, struct pool *pool, const struct catalogue_change *c, struct str old,
		       struct mst_error *err)
{
	const struct telling *t = arg;
	struct buf b;
	struct jw w;
	struct str diff;
	buf_init(&b, pool);
	jw_init(&w, &b);
	jw_object(&w);
	jw_key_z(&w, "type", "change");
	jw_key_z(&w, "change", change_words[c->kind]);
	jw_key_s(&w, "name", c->def.name);
	if (c->def.file.p)
		jw_key_s(&w, "file", c->def.file);
	if (c->old_file.p && (!c->def.file.p || !str_eq(c->old_file, c->def.file)))
		jw_key_s(&w, "old_file", c->old_file);
	if (c->kind != CATALOGUE_REMOVED)
		jw_key_z(&w, "sql_sha256", c->sha256);
	if (c->old_sha256.p)
		jw_key_s(&w, "old_sha256", c->old_sha256);
	if (c->kind == CATALOGUE_CHANGED && !str_eq(c->old_dialect, c->def.dialect)) {
		jw_key_s(&w, "dialect", c->def.dialect);
		jw_key_s(&w, "old_dialect", c->old_dialect);
	}
	if (c->kind == CATALOGUE_CHANGED && !str_eq(c->old_team, c->def.team)) {
		if (c->def.team.p)
			jw_key_s(&w, "team", c->def.team);
		if (c->old_team.p)
			jw_key_s(&w, "old_team", c->old_team);
	}
	if (t->diffs) {
		int rc = diff_of(pool, c, old, &diff, err);
		if (rc)
			return rc;
		jw_key_s(&w, "diff", diff);
	}
	jw_end(&w);
	return t->tell(t->arg, buf_view(&b), err);
}

int catalogue_tell_changes(struct db *db, const struct catalogue_changes *c, bool diffs, catalogue_told *tell,
		void *arg,
			   struct mst_error *err)
{
	struct telling t = { .diffs = diffs, .tell = tell, .arg = arg };
	return each_change(db, c, diffs, tell_change, &t, err);
}

static int show_change(void *arg, struct pool *pool, const struct catalogue_change *c, struct str old,
		       struct mst_error *err)
{
	const struct telling *t = arg;
	struct buf b;
	struct str diff;
	int rc = diff_of(pool, c, old, &diff, err);
	if (rc)
		return rc;
	buf_init(&b, pool);
	buf_z(&b, t->color ? "\033[1m" : "");
	buf_printf(&b, "%s %.*s", change_words[c->kind], STR_FMT(c->def.name));
	const char *beside = catalogue_change_words(pool, c);
	if (*beside)
		buf_printf(&b, " (%s)", beside);
	mst_harmless(b.p + (t->color ? 4 : 0), b.n - (t->color ? 4 : 0));
	buf_z(&b, t->color ? "\033[0m\n" : "\n");
	put_diff(&b, diff, t->color);
	return t->tell(t->arg, buf_view(&b), err);
}

int catalogue_show_changes(struct db *db, const struct catalogue_changes *c, bool color, struct catalogue_text_sink to,
			   struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct telling t = { .color = color, .tell = to.write, .arg = to.arg };
	int rc = each_change(db, c, true, show_change, &t, err);
	const char *end = pool_printf(tmp, "%zu added, %zu changed, %zu removed, %zu unchanged\n", c->added, c->changed,
				      c->removed, c->unchanged);
	return rc ? rc : to.write(to.arg, str_of(end), err);
}

/* --- one table ---------------------------------------------------------------------------------- */

static void put_fact(struct buf *b, const char *what, struct str value)
{
	if (!value.n)
		return;
	buf_printf(b, "%-9s ", what);
	size_t from = b->n;
	buf_str(b, value);
	mst_harmless(b->p + from, b->n - from);
	buf_char(b, '\n');
}

/* Attributes that the row tells by itself. */
static bool is_row_fact(struct str key)
{
	return str_eqz(key, "name") || str_eqz(key, "kind") || str_eqz(key, "dialect") || str_eqz(key, "team");
}

int catalogue_show_table(const struct store_table *row, struct catalogue_text_sink to, struct mst_error *err)
{
	static const struct str keys[] = { STR("kind"), STR("reads"), STR("attrs") };
	POOL_SCRATCH(tmp);
	struct json_val v[3], item;
	struct buf line, b;
	buf_init(&line, tmp);
	buf_init(&b, tmp);
	int rc = catalogue_line(tmp, row, false, &line, err);
	if (!rc)
		rc = json_pick(buf_view(&line), keys, 3, v, err);
	if (rc)
		return rc;
	put_fact(&b, "table", row->name);
	put_fact(&b, "kind", json_str(tmp, v[0]));
	put_fact(&b, "dialect", row->dialect);
	put_fact(&b, "owner", row->owner);
	put_fact(&b, "team", row->team);
	put_fact(&b, "file", row->file);
	struct str words = str_of(pool_printf(tmp, "%lld, by %.*s at %.*s", (long long)row->revision, STR_FMT(row->updated_by),
					      STR_FMT(row->updated_at)));
	put_fact(&b, "revision", words);
	struct buf reads;
	buf_init(&reads, tmp);
	for (struct json_iter it = json_iter(v[1]); v[1].type == JSON_ARRAY && json_next(&it, NULL, &item);)
		buf_printf(&reads, "%s%.*s", reads.n ? ", " : "", STR_FMT(json_str(tmp, item)));
	put_fact(&b, "reads", buf_view(&reads));
	for (struct json_iter it = json_iter(v[2]); v[2].type == JSON_OBJECT && json_next(&it, &words, &item);)
		if (!is_row_fact(words = json_str(tmp, (struct json_val){ words, JSON_STRING })))
			put_fact(&b, pool_printf(tmp, "%.*s", STR_FMT(words)),
				 item.type == JSON_STRING ? json_str(tmp, item) : item.raw);
	buf_char(&b, '\n');
	rc = to.write(to.arg, buf_view(&b), err);
	buf_reset(&b);
	put_text(&b, row->sql);
	return rc ? rc : to.write(to.arg, buf_view(&b), err);
}

/* --- the log ------------------------------------------------------------------------------------------ */

struct log {
	struct telling t;
	bool text;
	struct pool *kept; /* of the revision before */
	struct str before;
	bool gone;
};

static int write_revision(const struct log *l, struct pool *pool, const struct store_revision *r, struct str diff,
			  struct mst_error *err)
{
	struct buf b;
	struct jw w;
	buf_init(&b, pool);
	jw_init(&w, &b);
	jw_object(&w);
	jw_key_z(&w, "type", "revision");
	jw_key_s(&w, "name", r->name);
	jw_key_i(&w, "revision", r->revision);
	jw_key_s(&w, "action", r->action);
	jw_key_s(&w, "at", r->at);
	jw_key_s(&w, "by", r->by);
	jw_key_s(&w, "owner", r->owner);
	if (r->team.p)
		jw_key_s(&w, "team", r->team);
	if (r->file.p)
		jw_key_s(&w, "file", r->file);
	if (r->source.p)
		jw_key_raw(&w, "source", r->source);
	jw_key_s(&w, "sql_sha256", r->sha256);
	jw_key_s(&w, "diff", diff);
	jw_end(&w);
	return l->t.tell(l->t.arg, buf_view(&b), err);
}

static void put_source(struct pool *pool, struct buf *b, struct str source)
{
	static const struct str keys[] = { STR("commit"), STR("author"), STR("dirty"), STR("from"), STR("revision") };
	struct json_val v[5];
	struct mst_error ignored;
	if (!source.p || json_pick(source, keys, 5, v, &ignored))
		return;
	if (v[0].type == JSON_STRING)
		buf_printf(b, "commit %.*s%s\n", STR_FMT(json_str(pool, v[0])), json_is_true(v[2]) ? " and changes on top" : "");
	if (v[1].type == JSON_STRING)
		buf_printf(b, "author %.*s\n", STR_FMT(json_str(pool, v[1])));
	if (v[3].type == JSON_STRING)
		buf_printf(b, "from   %.*s\n", STR_FMT(json_str(pool, v[3])));
	if (v[4].type == JSON_NUMBER)
		buf_printf(b, "from   revision %.*s\n", STR_FMT(v[4].raw));
}

static int write_text(const struct log *l, struct pool *pool, const struct store_revision *r, struct str diff,
		      struct mst_error *err)
{
	struct buf b, head;
	buf_init(&b, pool);
	buf_init(&head, pool);
	buf_printf(&head, "revision %lld: %.*s by %.*s at %.*s\n", (long long)r->revision, STR_FMT(r->action),
		   STR_FMT(r->by), STR_FMT(r->at));
	buf_z(&b, l->t.color ? "\033[33m" : "");
	put_text(&b, buf_view(&head));
	buf_z(&b, l->t.color ? "\033[0m" : "");
	buf_reset(&head);
	put_source(pool, &head, r->source);
	if (r->team.p)
		buf_printf(&head, "team   %.*s\n", STR_FMT(r->team));
	put_text(&b, buf_view(&head));
	put_diff(&b, diff, l->t.color);
	buf_char(&b, '\n');
	return l->t.tell(l->t.arg, buf_view(&b), err);
}

static int on_revision(void *arg, const struct store_revision *r, struct mst_error *err)
{
	struct log *l = arg;
	POOL_SCRATCH(tmp);
	struct str diff, now = str_eqz(r->action, "rm") ? STR("") : r->sql;
	const char *old_label = l->before.p ? pool_printf(tmp, "revision %lld", (long long)r->revision - 1) : "/dev/null";
	const char *new_label = str_eqz(r->action, "rm") ? "/dev/null" : pool_printf(tmp, "revision %lld",
			(long long)r->revision);
	int rc = catalogue_diff(tmp, l->before.p ? l->before : STR(""), now, old_label, new_label, &diff, err);
	if (!rc)
		rc = l->text ? write_text(l, tmp, r, diff, err) : write_revision(l, tmp, r, diff, err);
	if (rc)
		return rc;
	pool_clear(l->kept);
	l->before = str_eqz(r->action, "rm") ? DB_NULL : str_dup(l->kept, r->sql);
	return 0;
}

static int each_revision(struct db *db, struct str name, struct log *l, struct mst_error *err)
{
	POOL_SCRATCH(kept);
	l->kept = kept;
	return store_catalogue_log(db, name, on_revision, l, err);
}

int catalogue_tell_log(struct db *db, struct str name, catalogue_told *tell, void *arg, struct mst_error *err)
{
	struct log l = { .t = { .tell = tell, .arg = arg } };
	return each_revision(db, name, &l, err);
}

int catalogue_show_log(struct db *db, struct str name, bool color, struct catalogue_text_sink to, struct mst_error *err)
{
	struct log l = { .t = { .color = color, .tell = to.write, .arg = to.arg }, .text = true };
	return each_revision(db, name, &l, err);
}
