#include "engine/select.h"

#include "base/fs.h"
#include "engine/match.h"

struct atom {
	struct str text; /* as written */
	enum select_by by;
	struct str value;
	bool around; /* @ */
	bool up, down;
	uint32_t up_depth, down_depth;
};

static const struct {
	const char *name;
	enum select_by by;
} methods[] = {
	{ "name", SELECT_NAME }, { "tag", SELECT_TAG }, { "freq", SELECT_FREQ },
	{ "kind", SELECT_KIND }, { "path", SELECT_PATH },
	{ "team", SELECT_TEAM }, { "owner", SELECT_OWNER },
};
#define METHODS (sizeof methods / sizeof *methods)

/* Greedy with one place to come back to: at worst pattern times text. */
bool select_glob(struct str p, struct str t, char stop)
{
	size_t i = 0, j = 0, star = SIZE_MAX, mark = 0;
	while (j < t.n) {
		if (i < p.n && p.p[i] == '*') {
			star = i++;
			mark = j;
		} else if (i < p.n && (p.p[i] == t.p[j] || (p.p[i] == '?' && t.p[j] != stop))) {
			i++;
			j++;
		} else if (star != SIZE_MAX && (!stop || t.p[mark] != stop)) {
			i = star + 1;
			j = ++mark;
		} else {
			return false;
		}
	}
	while (i < p.n && p.p[i] == '*')
		i++;
	return i == p.n;
}

static bool has_glob(struct str s)
{
	return str_find(s, '*') >= 0 || str_find(s, '?') >= 0;
}

static uint32_t depth_of(struct str digits)
{
	uint64_t v = 0;
	for (size_t i = 0; i < digits.n; i++)
		if ((v = v * 10 + (uint64_t)(digits.p[i] - '0')) >= GRAPH_ANY_DEPTH)
			return GRAPH_ANY_DEPTH;
	return digits.n ? (uint32_t)v : GRAPH_ANY_DEPTH;
}

static int bad(struct mst_error *err, struct str text, const char *what)
{
	mst_fail(err, MST_USAGE, "selector '%.*s': %s", (int)(text.n > 200 ? 200 : text.n), text.p, what);
	return mst_hint(err,
			"write a name, +name, name+, 2+name+1, @name, tag:x, path:dir, freq:x, kind:x, team:x or owner:x");
}

static int method(struct atom *a, struct mst_error *err)
{
	size_t i = 0;
	while (i < a->value.n && ((a->value.p[i] >= 'a' && a->value.p[i] <= 'z') || a->value.p[i] == '_'))
		i++;
	if (i == 0 || i == a->value.n || a->value.p[i] != ':')
		return 0;
	struct str word = { a->value.p, i };
	const char *names[METHODS];
	for (size_t k = 0; k < METHODS; k++) {
		names[k] = methods[k].name;
		if (str_eqz(word, methods[k].name)) {
			a->by = methods[k].by;
			a->value = (struct str){ a->value.p + i + 1, a->value.n - i - 1 };
			return a->value.n ? 0 : bad(err, a->text, "nothing stands behind the ':'");
		}
	}
	const char *near = str_nearest(word, names, METHODS);
	mst_fail(err, MST_USAGE, "selector '%.*s': unknown method '%.*s'", (int)(a->text.n > 200 ? 200 : a->text.n),
		 a->text.p, (int)(i > 60 ? 60 : i), word.p);
	return near ? mst_hint(err, "did you mean '%s:'?", near)
		    : mst_hint(err, "the methods are name:, tag:, path:, freq:, kind:, team: and owner:");
}

static int parse(struct str text, struct atom *out, struct mst_error *err)
{
	struct atom a = { .text = text, .value = text, .by = SELECT_NAME };
	struct str *v = &a.value;
	if (v->n && v->p[0] == '@') {
		a.around = true;
		v->p++, v->n--;
	}
	size_t i = 0;
	while (i < v->n && v->p[i] >= '0' && v->p[i] <= '9')
		i++;
	if (i < v->n && v->p[i] == '+') {
		a.up = true;
		a.up_depth = depth_of((struct str){ v->p, i });
		v->p += i + 1, v->n -= i + 1;
	}
	i = v->n;
	while (i && v->p[i - 1] >= '0' && v->p[i - 1] <= '9')
		i--;
	if (i && v->p[i - 1] == '+') {
		a.down = true;
		a.down_depth = depth_of((struct str){ v->p + i, v->n - i });
		v->n = i - 1;
	}
	if (!v->n)
		return bad(err, text, "there is no name in it");
	if (v->p[0] == '+' || v->p[0] == '@' || v->p[v->n - 1] == '+')
		return bad(err, text, "a '+' or '@' too many");
	if (a.around && (a.up || a.down))
		return bad(err, text, "'@' takes everything around already, '+' cannot stand with it");
	int rc = method(&a, err);
	if (rc == 0)
		*out = a;
	return rc;
}

static bool name_fits(struct str pattern, unsigned parts, bool glob, struct str name)
{
	struct str tail = match_tail(name, parts);
	return glob ? select_glob(pattern, tail, '.') && match_parts(tail) == parts : str_eq(pattern, tail);
}

uint32_t select_exact(const struct select_source *s, struct str name)
{
	uint32_t lo = 0, hi = s->graph->n;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int c = str_cmp(s->name[mid], name);
		if (c == 0)
			return mid;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return UINT32_MAX;
}

/* Every node's full name and last part is compared, and only these: two passes at most. */
static int not_found(const struct select_source *s, struct str name, struct mst_error *err)
{
	unsigned best = 1 + (unsigned)(name.n / 3);
	struct str near = { NULL, 0 };
	for (uint32_t u = 0; u < s->graph->n; u++)
		for (unsigned k = 0; k < 2; k++) {
			struct str t = k ? match_tail(s->name[u], match_parts(name)) : s->name[u];
			size_t gap = t.n > name.n ? t.n - name.n : name.n - t.n;
			unsigned d = gap > best ? 1000 : str_distance(name, t);
			if (d < best) {
				best = d;
				near = s->name[u];
			}
		}
	mst_fail(err, MST_NOT_FOUND, "no table or task is named '%.*s'", (int)(name.n > 200 ? 200 : name.n), name.p);
	if (near.p)
		return mst_hint(err, "did you mean '%.*s'?", (int)(near.n > 200 ? 200 : near.n), near.p);
	return s->graph->n ? MST_NOT_FOUND : mst_hint(err, "there are no tables in the input");
}

static bool path_fits(struct pool *pool, struct str pattern, struct str file)
{
	POOL_SCRATCH(tmp);
	(void)pool;
	char *p = str_z(tmp, pattern);
	while (p[0] == '.' && p[1] == '/')
		p += 2;
	if (file.n && file.p[0] == '/')
		p = fs_absolute(tmp, p);
	struct str want = str_of(p);
	while (want.n > 1 && want.p[want.n - 1] == '/')
		want.n--;
	if (str_eqz(want, ".") || str_eqz(want, "") || str_eqz(want, "/"))
		return true;
	while (file.n > 1 && file.p[0] == '.' && file.p[1] == '/')
		file = (struct str){ file.p + 2, file.n - 2 };
	/* the file, and every folder that it lies in */
	for (size_t i = 1; i <= file.n; i++)
		if ((i == file.n || file.p[i] == '/') && select_glob(want, (struct str){ file.p, i }, '/'))
			return true;
	return false;
}

static int atom_mark(struct pool *pool, const struct select_source *s, const struct atom *a, uint8_t *mark,
		     select_values *empty, struct mst_error *err)
{
	uint32_t n = s->graph->n, taken = 0;
	bool glob = has_glob(a->value);
	if (a->by == SELECT_NAME) {
		uint32_t u = glob ? UINT32_MAX : select_exact(s, a->value);
		unsigned parts = match_parts(a->value);
		if (u != UINT32_MAX)
			mark[u] = 1, taken = 1;
		for (uint32_t i = 0; !taken && i < n; i++)
			mark[i] = name_fits(a->value, parts, glob, s->name[i]);
		for (uint32_t i = 0; !taken && i < n; i++)
			taken |= mark[i];
		if (!taken && !glob)
			return not_found(s, a->value, err);
	} else {
		struct pool *tmp = pool_new(pool);
		for (uint32_t u = 0; u < n; u++) {
			select_values v = { 0 };
			s->values(s->ctx, u, a->by, tmp, &v);
			for (size_t i = 0; i < v.n && !mark[u]; i++)
				mark[u] = a->by == SELECT_PATH ? path_fits(tmp, a->value, v.v[i])
							       : select_glob(a->value, v.v[i], 0);
			taken |= mark[u];
			pool_clear(tmp);
		}
		pool_free(tmp);
	}
	if (!taken)
		*vec_push(pool, empty) = a->text;
	if (a->around) {
		graph_closure(s->graph, GRAPH_DOWN, GRAPH_ANY_DEPTH, mark);
		graph_closure(s->graph, GRAPH_UP, GRAPH_ANY_DEPTH, mark);
	}
	if (a->up && a->down) {
		POOL_SCRATCH(other);
		uint8_t *below = (uint8_t *)pool_memdup(other, mark, n);
		graph_closure(s->graph, GRAPH_UP, a->up_depth, mark);
		graph_closure(s->graph, GRAPH_DOWN, a->down_depth, below);
		for (uint32_t u = 0; u < n; u++)
			mark[u] |= below[u];
	} else if (a->up) {
		graph_closure(s->graph, GRAPH_UP, a->up_depth, mark);
	} else if (a->down) {
		graph_closure(s->graph, GRAPH_DOWN, a->down_depth, mark);
	}
	return 0;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Up to the next blank (or comma) outside of quotes; *open where a quote is not closed. */
static struct str cut(struct str *rest, bool at_comma, bool *open)
{
	size_t i = 0;
	char quote = 0;
	for (; i < rest->n; i++) {
		char c = rest->p[i];
		if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '`' || c == '"')
			quote = c;
		else if (at_comma ? c == ',' : blank(c))
			break;
	}
	struct str head = { rest->p, i };
	*open = quote != 0;
	*rest = (struct str){ rest->p + i, rest->n - i };
	return head;
}

/* One member of a union: atoms joined by commas. */
static int term_mark(struct pool *pool, const struct select_source *s, struct str term, uint8_t *mark,
		     select_values *empty, struct mst_error *err)
{
	uint32_t n = s->graph->n;
	POOL_SCRATCH(tmp);
	uint8_t *all = pool_array(tmp, n, 1), *one = pool_array(tmp, n, 1);
	struct str rest = term;
	for (bool first = true;; first = false) {
		struct atom a = { 0 };
		bool open;
		struct str text = cut(&rest, true, &open);
		int rc = open ? bad(err, text, "a quote is not closed") : parse(text, &a, err);
		if (rc)
			return rc;
		memset(first ? all : one, 0, n);
		if ((rc = atom_mark(pool, s, &a, first ? all : one, empty, err)))
			return rc;
		for (uint32_t u = 0; !first && u < n; u++)
			all[u] &= one[u];
		if (!rest.n)
			break;
		rest.p++, rest.n--;
	}
	for (uint32_t u = 0; u < n; u++)
		mark[u] |= all[u];
	return 0;
}

int select_mark(struct pool *pool, const struct select_source *s, const char *const *expr, size_t n, uint8_t *mark,
		select_values *empty, struct mst_error *err)
{
	for (size_t i = 0; i < n; i++) {
		struct str rest = str_trim(str_of(expr[i]));
		if (!rest.n)
			return bad(err, rest, "there is no name in it");
		while (rest.n) {
			bool open;
			struct str term = cut(&rest, false, &open);
			int rc = term_mark(pool, s, term, mark, empty, err);
			if (rc)
				return rc;
			rest = str_trim(rest);
		}
	}
	return 0;
}

int select_one(const struct select_source *s, struct str name, uint32_t *out, struct mst_error *err)
{
	uint32_t u = select_exact(s, name), found = 0, at = 0;
	unsigned parts = match_parts(name);
	if (u != UINT32_MAX) {
		*out = u;
		return 0;
	}
	for (uint32_t i = 0; i < s->graph->n; i++)
		if (name_fits(name, parts, false, s->name[i])) {
			if (++found == 2) {
				mst_fail(err, MST_CONFLICT, "'%.*s' may be '%.*s' or '%.*s'", STR_FMT(name),
					 STR_FMT(s->name[at]), STR_FMT(s->name[i]));
				return mst_hint(err, "write more of the name");
			}
			at = i;
		}
	if (!found)
		return not_found(s, name, err);
	*out = at;
	return 0;
}
