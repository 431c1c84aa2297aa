#include "model/table.h"

enum key {
	TYPE, NAME, FILE_, DIALECT, KIND, READS, WRITES, CALLS, SOURCE_READS, REFS, DIAGS, ATTRS, SHA256, SQL, KEYS
};

static const char *const key_names[KEYS] = {
	"type", "name", "file", "dialect", "kind", "reads", "writes",
	"calls", "source_reads", "refs", "diagnostics", "attrs", "sql_sha256", "sql",
};

struct writer {
	struct jw w;
	const struct table *t;
	bool with_sql, bare;
	size_t diags_end;
};

static void names(struct jw *w, const struct str *v, size_t n)
{
	jw_array(w);
	for (size_t i = 0; i < n; i++)
		jw_str(w, v[i]);
	jw_end(w);
}

/* jw_int goes through printf; these numbers are half of what a line is made of. */
static void small(struct jw *w, const char *key, uint32_t v)
{
	char tmp[10];
	size_t i = sizeof tmp;
	do
		tmp[--i] = (char)('0' + v % 10);
	while ((v /= 10));
	buf_z(w->b, key);
	buf_add(w->b, tmp + i, sizeof tmp - i);
}

static void refs(struct jw *w, const struct sql_refs *r)
{
	static const char *const modes[] = { "read", "write", "call" };
	size_t n = r->refs.n < TABLE_REFS_MAX ? r->refs.n : TABLE_REFS_MAX;
	struct buf *b = w->b;
	jw_array(w);
	for (size_t i = 0; i < n; i++) {
		const struct sql_ref *f = &r->refs.v[i];
		buf_z(b, i ? ",{\"name\":" : "{\"name\":");
		json_quote(b, f->name);
		buf_z(b, ",\"mode\":\"");
		buf_z(b, modes[f->mode]);
		small(w, "\",\"line\":", f->line);
		small(w, ",\"col\":", f->col);
		buf_z(b, ",\"text\":");
		json_quote(b, f->text);
		buf_char(b, '}');
	}
	jw_end(w);
}

static void one_diag(struct buf *b, enum sql_severity sev, uint32_t line, uint32_t col, struct str msg)
{
	buf_printf(b, "{\"severity\":\"%s\",\"line\":%u,\"col\":%u,\"message\":", sql_severity_name(sev),
		   line, col);
	json_quote(b, msg);
	buf_char(b, '}');
}

static void diags(struct writer *w)
{
	struct buf *b = w->w.b;
	jw_array(&w->w);
	for (size_t i = 0; i < w->t->diags.n; i++) {
		const struct sql_diag *d = &w->t->diags.v[i];
		if (i)
			buf_char(b, ',');
		one_diag(b, d->severity, d->line, d->col, d->msg);
	}
	w->diags_end = b->n;
	jw_end(&w->w);
}

/* The key with its value, or nothing where this table has none. */
static void put(struct writer *w, enum key k)
{
	const struct table *t = w->t;
	struct jw *j = &w->w;
	if ((k == FILE_ && !t->file.n) || (k == SQL && !w->with_sql) || (k == SOURCE_READS && !t->from_source) ||
	    (w->bare && (k == REFS || k == DIAGS)))
		return;
	jw_key(j, key_names[k]);
	switch (k) {
	case TYPE: jw_str(j, STR("table")); break;
	case NAME: jw_str(j, t->name); break;
	case FILE_: jw_str(j, t->file); break;
	case DIALECT: jw_z(j, sql_dialect_name(t->refs.dialect)); break;
	case KIND: jw_z(j, t->kind); break;
	case READS: names(j, t->refs.reads.v, t->refs.reads.n); break;
	case WRITES: names(j, t->refs.writes.v, t->refs.writes.n); break;
	case CALLS: names(j, t->refs.calls.v, t->refs.calls.n); break;
	case SOURCE_READS: names(j, &t->source_reads, t->source_reads.n > 0); break;
	case REFS: refs(j, &t->refs); break;
	case DIAGS: diags(w); break;
	case ATTRS: jw_raw(j, t->attrs.json); break;
	case SHA256: jw_z(j, t->sha256); break;
	case SQL: jw_str(j, t->text); break;
	case KEYS: break;
	}
}

static enum key key_of(struct str name)
{
	int k = 0;
	while (k < KEYS && !str_eqz(name, key_names[k]))
		k++;
	return (enum key)k;
}

static bool is_inferred(enum key k)
{
	return k != TYPE && k != FILE_ && k != SQL && k != KEYS;
}

static size_t write_line(struct buf *b, struct writer w)
{
	const struct table *t = w.t;
	bool done[KEYS] = { false };
	jw_init(&w.w, b);
	jw_object(&w.w);
	for (size_t i = 0; t->line && i < t->line->n; i++) {
		const struct json_member *m = &t->line->v[i];
		enum key k = key_of(m->key);
		if (is_inferred(k)) {
			put(&w, k);
		} else {
			jw_key_str(&w.w, m->key);
			jw_raw(&w.w, m->val.raw);
		}
		if (k < KEYS)
			done[k] = true;
	}
	for (int k = 0; k < KEYS; k++)
		if (!done[k])
			put(&w, (enum key)k);
	jw_end(&w.w);
	return w.diags_end;
}

void table_write(struct buf *b, const struct table *t, bool with_sql, size_t *diags_end)
{
	*diags_end = write_line(b, (struct writer){ .t = t, .with_sql = with_sql });
	buf_char(b, '\n');
}

void table_write_bare(struct buf *b, const struct table *t)
{
	write_line(b, (struct writer){ .t = t, .bare = true });
}

void table_write_error(struct buf *b, size_t diags_end, uint32_t line, struct str msg)
{
	POOL_SCRATCH(tmp);
	struct buf one;
	buf_init(&one, tmp);
	if (b->p[diags_end - 1] != '[')
		buf_char(&one, ',');
	one_diag(&one, SQL_ERROR, line, 1, msg);
	buf_reserve(b, one.n);
	memmove(b->p + diags_end + one.n, b->p + diags_end, b->n - diags_end);
	memcpy(b->p + diags_end, one.p, one.n);
	b->n += one.n;
}
