#include "model/table.h"

#include "base/strsort.h"
#include "base/utf8.h"
#include "model/spec.h"
#include "model/tests.h"
#include "sql/restricted.h"

const char *sql_severity_name(enum sql_severity s)
{
	static const char *const names[] = { "note", "warning", "error" };
	return names[s];
}

static char quote_of(enum sql_dialect d)
{
	return d == SQL_BIGQUERY || d == SQL_BIGQUERY_LEGACY ? '`' : '"';
}

/* Line and column of a byte. */
static struct attr_place place_of(struct str text, size_t at)
{
	struct attr_place r = { 1, 1 };
	const char *p = text.p, *end = text.p + at;
	for (const char *nl; (nl = memchr(p, '\n', (size_t)(end - p)));) {
		p = nl + 1;
		r.line++;
	}
	r.col = (uint32_t)(end - p) + 1;
	return r;
}

static void check_bytes(struct pool *pool, struct table *t)
{
	struct str s = t->text;
	if (s.n >= 2 && (memcmp(s.p, "\xff\xfe", 2) == 0 || memcmp(s.p, "\xfe\xff", 2) == 0)) {
		diag_add(pool, &t->diags, SQL_ERROR, 1, 1, "the text is UTF-16; save it as UTF-8");
		return;
	}
	size_t bad = utf8_valid(s);
	if (bad < s.n) {
		struct attr_place at = place_of(s, bad);
		diag_add(pool, &t->diags, SQL_WARNING, at.line, at.col,
			 "byte 0x%02x is not UTF-8; such bytes are written as U+FFFD",
				 (unsigned char)s.p[bad]);
	}
	const char *nul = s.n ? memchr(s.p, 0, s.n) : NULL;
	if (nul) {
		struct attr_place at = place_of(s, (size_t)(nul - s.p));
		diag_add(pool, &t->diags, SQL_WARNING, at.line, at.col, "a NUL byte in the text");
	}
}

static void find_name(struct pool *pool, const struct table_opts *o, const struct table_source *src,
		      struct table *t)
{
	static const struct str pattern_parts[] = { { "DATASET", 7 }, { "TABLE.sql", 9 } };
	struct name_pattern def = { .text = NAME_PATTERN_DEFAULT };
	struct mst_error err;
	char quote = quote_of(t->refs.dialect);
	def.parts.v = (struct str *)pattern_parts;
	def.parts.n = 2;
	t->name_line = 1;
	if (src->name.n) {
		t->name = src->name;
		return;
	}
	struct str written = attrs_text(pool, &t->attrs, "name");
	if (written.n && name_parse(pool, written, quote, &t->name, &err) == 0) {
		t->name_line = attrs_place(&t->attrs, "name").line;
		return;
	}
	if (!src->path) {
		t->name = STR("stdin");
		return;
	}
	if (utf8_valid(str_of(src->path)) < strlen(src->path))
		diag_add(pool, &t->diags, SQL_ERROR, 1, 1,
			 "the path is not UTF-8; the line cannot name the file");
	if (name_of_path(pool, o->pattern ? o->pattern : &def, src->path, quote, &t->name))
		return;
	t->name = name_of_any_path(pool, src->path, quote);
	if (o->pattern)
		diag_add(pool, &t->diags, SQL_WARNING, 1, 1,
			 "the path does not fit %s; named %.*s after folder and file",
			 o->pattern->text, STR_FMT(t->name));
}

static enum sql_dialect find_dialect(struct pool *pool, const struct table_opts *o,
				     const struct table_source *src,
				     const struct attrs *a)
{
	int d = sql_dialect_of(attrs_text(pool, a, "dialect"));
	if (d < 0 && src->line)
		d = sql_dialect_of(json_str(pool, json_get(src->line, "dialect")));
	return d < 0 ? o->dialect : (enum sql_dialect)d;
}

/* Of the attributes that say where rows come from: the one that is there after `skip` others, or NULL. */
static const char *import_source(const json_members *m, int skip)
{
	static const char *const keys[] = { "command", "file", "url", "source" };
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (json_get(m, keys[i]).type && skip-- == 0)
			return keys[i];
	return NULL;
}

/* What the tests on the result read is read by the job. */
static void add_reads(struct pool *pool, struct table *t)
{
	test_tables more = { 0 };
	VEC(struct str) all = { 0 };
	tests_tables(pool, json_get(&t->attrs.members, "tests"), &more);
	if (!more.n)
		return;
	for (size_t i = 0; i < t->refs.reads.n; i++)
		*vec_push(pool, &more) = t->refs.reads.v[i];
	const uint32_t *order = str_sort_order(pool, more.v, more.n);
	for (size_t i = 0; i < more.n; i++)
		if (!all.n || !str_eq(all.v[all.n - 1], more.v[order[i]]))
			*vec_push(pool, &all) = more.v[order[i]];
	t->refs.reads.v = all.v;
	t->refs.reads.n = t->refs.reads.cap = all.n;
}

/* The text of an import with a source is another database's: nothing of it is read here. */
static void read_source(struct pool *pool, struct table *t)
{
	struct sql_restricted r;
	struct mst_error err;
	struct buf b;
	t->from_source = true;
	t->refs = (struct sql_refs){ .form = t->refs.form, .dialect = SQL_POSTGRES };
	if (sql_restricted_read(pool, t->text, &r, &err)) {
		/* whether it may be more than that is known where the connection is */
		diag_add(pool, &t->diags, SQL_WARNING, err.line, err.col, "%s", err.msg);
		return;
	}
	if (!r.query.n) {
		t->source_reads = t->name;
		return;
	}
	buf_init(&b, pool);
	if (r.schema.n) {
		name_put_part(&b, r.schema, '"');
		buf_char(&b, '.');
	}
	name_put_part(&b, r.table, '"');
	t->source_reads = buf_view(&b);
}

static const char *find_kind(struct pool *pool, const struct table *t)
{
	static const char *const kinds[] = { "summary", "view", "materialized", "import", "external", "script" };
	struct str s = attrs_text(pool, &t->attrs, "kind");
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (str_eqz(s, kinds[i]))
			return kinds[i];
	if (import_source(&t->attrs.members, 0))
		return "import";
	/* what no SQL can tell stays as a line has it */
	if (t->line)
		s = json_str(pool, json_get(t->line, "kind"));
	if (str_eqz(s, "import") || str_eqz(s, "external"))
		return str_eqz(s, "import") ? "import" : "external";
	switch (t->refs.form) {
	case SQL_FORM_VIEW: return "view";
	case SQL_FORM_MATERIALIZED: return "materialized";
	case SQL_FORM_SCRIPT: return "script";
	default: return "summary";
	}
}

/* "import|external" as people write it. */
static const char *of_words(struct pool *pool, const char *of)
{
	const char *bar = strchr(of, '|');
	return bar ? pool_printf(pool, "%.*s or %s", (int)(bar - of), of, of_words(pool, bar + 1)) : of;
}

/* Attributes and SQL against the kind. */
static void check_kind(struct pool *pool, struct table *t)
{
	const json_members *m = &t->attrs.members;
	bool import = strcmp(t->kind, "import") == 0;
	const char *first = import_source(m, 0), *second = import_source(m, 1);
	struct attr_place at = attrs_place(&t->attrs, "kind");
	if (import && !first)
		diag_add(pool, &t->diags, SQL_ERROR, at.line, at.col,
			 "an import needs the attribute 'command', 'file', 'url' or 'source'");
	if (import && second) {
		at = attrs_place(&t->attrs, second);
		diag_add(pool, &t->diags, SQL_ERROR, at.line, at.col, "an import has '%s' or '%s', not both", first,
			 second);
	}
	for (size_t i = 0; i < m->n; i++) {
		const struct attr_field *f = attr_field_of(m->v[i].key);
		if (!f || !f->of || attr_belongs(f, t->kind))
			continue;
		at = attrs_place(&t->attrs, f->key);
		diag_add(pool, &t->diags, SQL_WARNING, at.line, at.col,
			 "attribute '%s' belongs to kind %s; this table is of kind %s", f->key,
			 of_words(pool, f->of), t->kind);
	}
	const char *key, *what = spec_complaint(pool, t->kind, m, &key);
	if (what) {
		at = attrs_place(&t->attrs, key);
		diag_add(pool, &t->diags, SQL_ERROR, at.line, at.col, "attribute '%s': %s", key, what);
	}
	if (t->refs.form == SQL_FORM_EMPTY && !import && strcmp(t->kind, "external") != 0)
		diag_add(pool, &t->diags, SQL_WARNING, 1, 1, "no SQL statement in the text");
}

void table_infer(struct pool *pool, const struct table_opts *o, const struct table_source *src,
		 struct table *out)
{
	struct table t = { .text = src->text, .file = str_of(src->file), .line = src->line };
	sha256_hex(t.sha256, src->text);
	attrs_read(pool, src->text, &t.attrs, &t.diags);
	struct json_val old = src->line ? json_get(src->line, "attrs") : (struct json_val){ 0 };
	struct mst_error err;
	/* what is stored with the text holds where the text itself says nothing */
	if (!t.attrs.lines && old.type == JSON_OBJECT && json_scan_object(pool, old.raw, &t.attrs.members,
									  &err) == 0) {
		t.attrs.json = old.raw;
		attrs_check(pool, &t.attrs, &t.diags);
	}
	sql_read(pool, find_dialect(pool, o, src, &t.attrs), src->text, &t.refs);
	find_name(pool, o, src, &t);
	t.kind = find_kind(pool, &t);
	if (strcmp(t.kind, "import") == 0 && json_get(&t.attrs.members, "source").type)
		read_source(pool, &t);
	add_reads(pool, &t);
	check_kind(pool, &t);
	check_bytes(pool, &t);
	for (size_t i = 0; i < t.refs.diags.n; i++)
		*vec_push(pool, &t.diags) = t.refs.diags.v[i];
	if (t.refs.refs.n > TABLE_REFS_MAX)
		diag_add(pool, &t.diags, SQL_NOTE, 1, 1, "%zu references; the first %d are listed",
			 t.refs.refs.n,
			 TABLE_REFS_MAX);
	if (o->second && t.refs.dialect == SQL_POSTGRES && !t.from_source)
		o->second(o->second_arg, pool, src->text, &t.refs, &t.diags);
	for (size_t i = 0; i < t.diags.n; i++) {
		t.errors += t.diags.v[i].severity == SQL_ERROR;
		t.warnings += t.diags.v[i].severity == SQL_WARNING;
	}
	*out = t;
}
