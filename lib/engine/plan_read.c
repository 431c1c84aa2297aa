#include "engine/plan_state.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	K_TYPE, K_NAME, K_READS, K_WRITES, K_CALLS, K_AFTER, K_RUN, K_ATTRS, K_KIND, K_SHA, K_FILE,
	K_REFS, K_DIAGNOSTICS, K_LEVEL, K_PRIORITY, KEYS
};

static const struct str keys[KEYS] = {
	[K_TYPE] = STR("type"), [K_NAME] = STR("name"), [K_READS] = STR("reads"), [K_WRITES] = STR("writes"),
	[K_CALLS] = STR("calls"), [K_AFTER] = STR("after"), [K_RUN] = STR("run"), [K_ATTRS] = STR("attrs"),
	[K_KIND] = STR("kind"), [K_SHA] = STR("sql_sha256"), [K_FILE] = STR("file"), [K_REFS] = STR("refs"),
	[K_DIAGNOSTICS] = STR("diagnostics"), [K_LEVEL] = STR("level"), [K_PRIORITY] = STR("priority"),
};

enum { TO_LINE, TO_DEP, TO_WRITE };

struct plan *plan_new(struct pool *pool)
{
	struct plan *p = pool_zalloc(pool, sizeof *p);
	p->pool = pool;
	p->state = pool_zalloc(pool, sizeof *p->state);
	map_init(&p->state->names, pool, 0);
	return p;
}

void plan_warn(struct plan *p, const char *fmt, ...)
{
	if (p->warned++ >= PLAN_WARNINGS_MAX)
		return;
	va_list ap;
	va_start(ap, fmt);
	*vec_push(p->pool, &p->warnings) = pool_vprintf(p->pool, fmt, ap);
	va_end(ap);
}

const char *plan_place(const struct plan *p, struct pool *pool, uint32_t line)
{
	const struct line *l = &p->state->line.v[line];
	const char *source = p->state->source.v[l->source];
	struct str file = l->extra == NONE ? (struct str){ "", 0 } : p->state->extra.v[l->extra].file;
	if (p->rows && (file.n < 3 || file.p[0] != '"'))
		return source;
	if (file.n < 3 || file.p[0] != '"')
		return pool_printf(pool, "%s:%llu", source, (unsigned long long)l->at);
	file = json_str(pool, (struct json_val){ file, JSON_STRING });
	if (p->rows)
		return pool_printf(pool, "%s (%.*s)", source, STR_FMT(file));
	return pool_printf(pool, "%s:%llu (%.*s)", source, (unsigned long long)l->at, STR_FMT(file));
}

static int twice(struct plan *p, struct str name, uint32_t first, uint32_t second, struct mst_error *err)
{
	const struct line *l = &p->state->line.v[second];
	POOL_SCRATCH(tmp);
	mst_fail(err, MST_DATA, "'%.*s' is defined twice: %s and %s", (int)(name.n > 200 ? 200 : name.n), name.p,
		 plan_place(p, tmp, first), plan_place(p, tmp, second));
	mst_place(err, p->state->source.v[l->source], (uint32_t)l->at, 0);
	return mst_hint(err, "a name has one line; rename one of the two, or filter one out");
}

/* The slots of the map were asked for when the names were met; by now they are there, so
 * a million names do not wait for memory one by one. */
int plan_flush(struct plan *p, struct mst_error *err)
{
	struct plan_state *s = p->state;
	unsigned n = s->npending;
	s->npending = 0;
	for (unsigned i = 0; i < n; i++)
		map_prefetch_key(&s->names, s->pending[i].hash);
	for (unsigned i = 0; i < n; i++) {
		const struct pending *q = &s->pending[i];
		bool is_new, is_near = q->key.n <= NEAR_NAME;
		if (is_near && s->near_left < NEAR_NAME) {
			s->near_left = (size_t)1 << 20;
			s->near = pool_alloc(p->pool, s->near_left);
		}
		struct str key = is_near ? (struct str){ memcpy(s->near, q->key.p, q->key.n), q->key.n } : q->key;
		uint64_t *v = map_put_hashed(&s->names, key, q->hash, &is_new);
		if (is_new) {
			if (is_near) {
				s->near += key.n;
				s->near_left -= key.n;
			}
			if (s->symbol.n > DEP_SYMBOL)
				return mst_fail(err, MST_LIMIT, "more than %u different names", DEP_SYMBOL);
			*v = s->symbol.n;
			uint32_t size = (uint32_t)q->key.n | (match_is_pattern(q->key) ? SYMBOL_PATTERN : 0);
			*vec_push(p->pool, &s->symbol) = (struct symbol){ key.p, size, NONE };
		}
		uint32_t symbol = (uint32_t)*v;
		if (q->what == TO_DEP) {
			s->dep.v[q->to] |= symbol;
		} else if (q->what == TO_WRITE) {
			s->write.v[q->to].symbol = symbol;
		} else {
			struct symbol *y = &s->symbol.v[symbol];
			if (y->line != NONE)
				return twice(p, q->key, y->line, q->to, err);
			y->line = q->to;
			s->line.v[q->to].symbol = symbol;
		}
	}
	return 0;
}

static int intern(struct plan *p, struct str key, unsigned what, size_t to, struct mst_error *err)
{
	struct plan_state *s = p->state;
	if (to > DEP_SYMBOL || key.n >= UINT32_MAX)
		return mst_fail(err, MST_LIMIT, "too many names, or too long a name");
	int rc = s->npending == PENDING ? plan_flush(p, err) : 0;
	uint32_t hash = map_hash(&s->names, key);
	map_prefetch(&s->names, hash);
	s->pending[s->npending++] = (struct pending){ key, hash, (uint32_t)to, what };
	return rc;
}

static int names_of(struct plan *p, struct json_val list, const char *key, unsigned what, uint32_t bits,
		    uint32_t line, struct mst_error *err)
{
	struct plan_state *s = p->state;
	struct json_val v;
	int rc;
	if (list.type == JSON_NONE || list.type == JSON_NULL)
		return 0;
	if (list.type != JSON_ARRAY)
		return mst_fail(err, MST_DATA, "'%s' is not an array of names", key);
	for (struct json_iter it = json_iter(list); json_next(&it, NULL, &v);) {
		if (v.type != JSON_STRING)
			return mst_fail(err, MST_DATA, "'%s' is not an array of names", key);
		size_t to = what == TO_DEP ? s->dep.n : s->write.n;
		if (what == TO_DEP)
			*vec_push(p->pool, &s->dep) = bits;
		else
			*vec_push(p->pool, &s->write) = (struct written){ .line = line };
		if ((rc = intern(p, json_str(p->pool, v), what, to, err)))
			return rc;
	}
	return 0;
}

static struct str raw(struct json_val v)
{
	return v.type == JSON_NONE ? (struct str){ "", 0 } : v.raw;
}

static int add_line(struct plan *p, struct str text, uint64_t at, struct mst_error *err)
{
	struct plan_state *s = p->state;
	struct json_val v[KEYS];
	text = str_trim(text);
	int rc = json_pick(text, keys, KEYS, v, err);
	if (rc)
		return rc;
	if (v[K_TYPE].type != JSON_STRING)
		return mst_fail(err, MST_DATA, "the line has no type");
	POOL_SCRATCH(tmp);
	struct str type = json_str(tmp, v[K_TYPE]);
	bool table = str_eq(type, STR("table")), task = str_eq(type, STR("task")), job = str_eq(type, STR("job"));
	if (!table && !task && !job) {
		p->ignored += !str_eq(type, STR("plan"));
		return 0;
	}
	if (v[K_NAME].type != JSON_STRING || v[K_NAME].raw.n == 2)
		return mst_fail(err, MST_DATA, "the %.*s line has no name", STR_FMT(type));
	struct line l = { .p = text.p, .at = at, .n = (uint32_t)text.n, .dep = (uint32_t)s->dep.n, .extra = NONE,
			  .source = (uint16_t)(s->source.n - 1) };
	bool spliced = false;
	for (unsigned k = 0; k < KEYS; k++)
		spliced |= (k >= K_REFS || k == K_AFTER || k == K_RUN) && v[k].type != JSON_NONE;
	if (!spliced && str_has_prefix(text, STR("{\"type\":")) && text.p[8 + v[K_TYPE].raw.n] == ',' &&
	    v[K_TYPE].raw.n < 200) {
		l.flags |= LINE_COMPACT;
		l.type_end = (uint8_t)(8 + v[K_TYPE].raw.n);
	}
	if (job && v[K_RUN].type == JSON_BOOL && !json_is_true(v[K_RUN]))
		l.flags |= LINE_HELD;
	if (v[K_ATTRS].type || v[K_KIND].type || v[K_SHA].type || v[K_FILE].type) {
		l.extra = (uint32_t)s->extra.n;
		*vec_push(p->pool, &s->extra) =
			(struct extra){ raw(v[K_ATTRS]), raw(v[K_KIND]), raw(v[K_SHA]), raw(v[K_FILE]) };
	}
	uint32_t self = (uint32_t)s->line.n;
	*vec_push(p->pool, &s->line) = l;
	if ((rc = intern(p, json_str(p->pool, v[K_NAME]), TO_LINE, self, err)) ||
	    (rc = names_of(p, v[K_READS], "reads", TO_DEP, 0, self, err)) ||
	    (rc = names_of(p, v[K_CALLS], "calls", TO_DEP, DEP_QUIET, self, err)) ||
	    (rc = names_of(p, v[K_WRITES], "writes", TO_WRITE, 0, self, err)) ||
	    (!table && (rc = names_of(p, v[K_AFTER], "after", TO_DEP, DEP_PLAIN, self, err))))
		return rc;
	return 0;
}

static int add_text(struct plan *p, struct str text, uint64_t *at, const char *name, struct mst_error *err)
{
	struct str line;
	while (jsonl_cut(&text, at, &line)) {
		int rc = add_line(p, line, *at, err);
		/* names are looked up a little later than read: such an error has its place */
		if (rc)
			return err->line ? rc : mst_place(err, name, (uint32_t)*at, err->col);
	}
	return 0;
}

static int begin(struct plan *p, const char *name, struct mst_error *err)
{
	if (p->state->source.n == UINT16_MAX)
		return mst_fail(err, MST_LIMIT, "more than %u inputs", UINT16_MAX);
	*vec_push(p->pool, &p->state->source) = name;
	return 0;
}

int plan_add(struct plan *p, struct str text, const char *name, struct mst_error *err)
{
	uint64_t at = 0;
	int rc = begin(p, name, err);
	return rc ? rc : add_text(p, text, &at, name, err);
}

/* Lines stay where they were read, so each piece of input is a piece of memory of its
 * own; only a line that is cut off by the end of one is copied to the next. */
int plan_add_fd(struct plan *p, int fd, const char *name, struct mst_error *err)
{
	struct stat st;
	size_t cap = 1 << 18, have = 0;
	uint64_t at = 0;
	bool end = false;
	int rc = begin(p, name, err);
	if (rc)
		return rc;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && (uintmax_t)st.st_size < SIZE_MAX / 2)
		cap = (size_t)st.st_size + 1;
	char *buf = pool_alloc(p->pool, cap);
	while (!end) {
		ssize_t r = read(fd, buf + have, cap - have);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return mst_fail_errno(err, MST_IO, "%s: cannot read", name);
		end = r == 0;
		size_t fresh = have;
		have += (size_t)r;
		const char *nl = end ? NULL : memrchr(buf + fresh, '\n', (size_t)r);
		size_t whole = end ? have : nl ? (size_t)(nl - buf) + 1 : 0;
		if (whole) {
			if ((rc = add_text(p, (struct str){ buf, whole }, &at, name, err)))
				return rc;
			buf += whole;
			cap -= whole;
			have -= whole;
		}
		if (!end && cap - have < 4096) {
			size_t more = have < 1 << 21 ? 1 << 22 : have * 2;
			char *next = pool_alloc(p->pool, more);
			memcpy(next, buf, have);
			buf = next;
			cap = more;
		}
	}
	return 0;
}

struct plan_task plan_task(const struct plan *p, uint32_t i)
{
	const struct plan_state *s = p->state;
	const struct line *l = &s->line.v[i];
	struct plan_task t = { .line = { l->p, l->n }, .name = plan_symbol_name(s, l->symbol),
			       .source = s->source.v[l->source], .at = l->at };
	if (l->extra != NONE) {
		const struct extra *x = &s->extra.v[l->extra];
		t.attrs = x->attrs;
		t.kind = x->kind;
		t.sql_sha256 = x->sql_sha256;
		t.file = x->file;
	}
	return t;
}
