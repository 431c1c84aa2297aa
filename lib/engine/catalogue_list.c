#include "engine/catalogue.h"

#include <stdlib.h>

enum { PIECE_NAMES = 200 };

struct listing {
	struct pool *pool;
	struct db *db;
	bool sql;
	catalogue_told *tell;
	void *arg;
	struct buf line;
	uint64_t rows;
	VEC(struct str) anew; /* names of rows whose text has to be read again */
	/* with selectors: */
	struct plan *plan;
	VEC(struct str) lines;
};

static int tell_row(void *arg, const struct store_table *t, struct mst_error *err)
{
	struct listing *l = arg;
	POOL_SCRATCH(tmp);
	buf_reset(&l->line);
	int rc = catalogue_line(tmp, t, l->sql, &l->line, err);
	if (!rc) {
		l->rows++;
		rc = l->tell(l->arg, buf_view(&l->line), err);
	}
	return rc;
}

/* Rows without their text; those that cannot be told without it are put off. */
static int gather_row(void *arg, const struct store_table *t, struct mst_error *err)
{
	struct listing *l = arg;
	POOL_SCRATCH(tmp);
	buf_reset(&l->line);
	int rc = catalogue_line(tmp, t, false, &l->line, err);
	if (rc == MST_NOT_FOUND && !t->sql.p) {
		*vec_push(l->pool, &l->anew) = str_dup(l->pool, t->name);
		return 0;
	}
	if (!rc)
		*vec_push(l->pool, &l->lines) = str_dup(l->pool, buf_view(&l->line));
	return rc;
}

static int each_name(struct listing *l, const struct str *names, size_t n, bool sql, store_table_told *tell,
		     struct mst_error *err)
{
	int rc = 0;
	for (size_t i = 0; !rc && i < n; i += PIECE_NAMES)
		rc = store_catalogue_get(l->db, names + i, n - i < PIECE_NAMES ? n - i : PIECE_NAMES, sql, tell, l, err);
	return rc;
}

static int by_name_of_line(const void *a, const void *b)
{
	static const struct str key = STR("name");
	const struct str *la = a, *lb = b;
	struct json_val va, vb;
	struct mst_error ignored;
	POOL_SCRATCH(tmp);
	if (json_pick(*la, &key, 1, &va, &ignored) || json_pick(*lb, &key, 1, &vb, &ignored))
		return 0;
	return str_cmp(json_str(tmp, va), json_str(tmp, vb));
}

static int gather(struct listing *l, struct mst_error *err)
{
	int rc = store_catalogue_each(l->db, false, gather_row, l, err);
	size_t before = l->lines.n;
	if (!rc && l->anew.n)
		rc = each_name(l, l->anew.v, l->anew.n, true, gather_row, err);
	if (!rc && l->lines.n > before)
		qsort(l->lines.v, l->lines.n, sizeof *l->lines.v, by_name_of_line);
	return rc;
}

static int plan_all(struct listing *l, struct mst_error *err)
{
	int rc = gather(l, err);
	struct buf all;
	if (rc)
		return rc;
	buf_init(&all, l->pool);
	for (size_t i = 0; i < l->lines.n; i++) {
		buf_str(&all, l->lines.v[i]);
		buf_char(&all, '\n');
	}
	l->plan = plan_new(l->pool);
	l->plan->rows = true;
	return plan_add(l->plan, buf_view(&all), "catalogue", err);
}

static int list_selected(struct listing *l, const struct plan_options *o, select_values *empty, struct mst_error *err)
{
	uint8_t *picked;
	VEC(struct str) names = { 0 };
	int rc = plan_all(l, err);
	if (!rc)
		rc = plan_pick(l->plan, o, &picked, empty, err);
	for (size_t i = 0; !rc && i < l->lines.n; i++) {
		if (!picked[i])
			continue;
		if (l->sql) {
			*vec_push(l->pool, &names) = plan_task(l->plan, (uint32_t)i).name;
		} else {
			l->rows++;
			rc = l->tell(l->arg, l->lines.v[i], err);
		}
	}
	return rc ? rc : each_name(l, names.v, names.n, true, tell_row, err);
}

/* Without selectors and texts the lines go straight through, but for those to be read anew, which come
 * in their place all the same: a row of that kind makes the rest wait. */
static int pass_row(void *arg, const struct store_table *t, struct mst_error *err)
{
	struct listing *l = arg;
	if (l->anew.n == 0) {
		int rc = tell_row(arg, t, err);
		if (rc != MST_NOT_FOUND || t->sql.p)
			return rc;
	}
	return gather_row(arg, t, err);
}

static int list_all(struct listing *l, struct mst_error *err)
{
	int rc = store_catalogue_each(l->db, l->sql, pass_row, l, err);
	if (rc || !l->anew.n)
		return rc;
	rc = each_name(l, l->anew.v, l->anew.n, true, gather_row, err);
	if (!rc)
		qsort(l->lines.v, l->lines.n, sizeof *l->lines.v, by_name_of_line);
	for (size_t i = 0; !rc && i < l->lines.n; i++) {
		l->rows++;
		rc = l->tell(l->arg, l->lines.v[i], err);
	}
	return rc;
}

int catalogue_list(struct pool *pool, struct db *db, const char *const *select, size_t n, bool sql,
		catalogue_told *tell,
		   void *arg, struct catalogue_listing *out, struct mst_error *err)
{
	struct pool *own = pool_new(pool);
	struct listing l = { .pool = own, .db = db, .sql = sql, .tell = tell, .arg = arg };
	struct plan_options o = { .select = select, .nselect = n };
	struct catalogue_listing found = { 0 };
	buf_init(&l.line, own);
	int rc = n ? list_selected(&l, &o, &found.empty, err) : list_all(&l, err);
	found.rows = l.rows;
	for (size_t i = 0; i < found.empty.n; i++)
		found.empty.v[i] = str_dup(pool, found.empty.v[i]);
	if (found.empty.n)
		found.empty.v = (struct str *)(void *)pool_memdup(pool, found.empty.v, found.empty.n * sizeof *found.empty.v);
	pool_free(own);
	if (!rc)
		*out = found;
	return rc;
}

static int by_bytes(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* The one of these that is meant. */
static int find_among(struct pool *pool, struct str *names, size_t n, struct str word, struct str *name,
		      struct mst_error *err)
{
	struct graph none = { .n = (uint32_t)n };
	uint32_t at;
	if (n)
		qsort(names, n, sizeof *names, by_bytes);
	int rc = select_one(&(struct select_source){ .graph = &none, .name = names }, word, &at, err);
	if (!rc)
		*name = str_dup(pool, names[at]);
	return rc;
}

int catalogue_find(struct pool *pool, struct db *db, struct str word, struct str *name, struct mst_error *err)
{
	store_briefs all;
	POOL_SCRATCH(tmp);
	int rc = store_catalogue_brief(tmp, db, NULL, 0, &all, err);
	if (rc)
		return rc;
	struct str *names = pool_array(tmp, all.n, sizeof *names);
	for (size_t i = 0; i < all.n; i++)
		names[i] = all.v[i].name;
	return find_among(pool, names, all.n, word, name, err);
}

int catalogue_find_ever(struct pool *pool, struct db *db, struct str word, struct str *name, struct mst_error *err)
{
	store_catalogue_name_list all;
	POOL_SCRATCH(tmp);
	int rc = store_catalogue_names(tmp, db, &all, err);
	for (size_t i = 0; !rc && i < all.n; i++)
		if (str_eq(all.v[i], word)) {
			*name = word;
			return 0;
		}
	if (rc)
		return rc;
	rc = catalogue_find(pool, db, word, name, err);
	return rc == MST_NOT_FOUND ? find_among(pool, all.v, all.n, word, name, err) : rc;
}

int catalogue_cycles(struct pool *pool, struct db *db, const struct str *names, size_t n,
		     void (*tell)(void *arg, const char *cycle), void *arg, struct mst_error *err)
{
	struct pool *own = pool_new(pool);
	struct listing l = { .pool = own, .db = db };
	buf_init(&l.line, own);
	int rc = n ? plan_all(&l, err) : 0;
	if (!rc && n)
		rc = plan_cycles_through(l.plan, names, n, err);
	for (size_t i = 0; l.plan && i < l.plan->cycles.n; i++)
		tell(arg, l.plan->cycles.v[i]);
	if (rc == MST_DATA && l.plan && l.plan->cycles.n)
		rc = 0;
	pool_free(own);
	return rc;
}
