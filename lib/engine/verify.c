#include "engine/verify.h"

#include "proc/libexec.h"
#include "proc/spawn.h"

#include <stdlib.h>

static const char child_name[] = "mst-sql-oracle";

enum { ANSWER_MAX = 64 << 20 };

int verify_open(struct pool *pool, struct verify *out, struct mst_error *err)
{
	int rc = libexec_path(pool, child_name, &out->child, err);
	return rc == MST_NOT_FOUND ? mst_hint(err, "--verify needs it; MST_LIBEXEC names its folder") : rc;
}

static uint32_t number(const json_members *m, const char *key)
{
	int64_t v;
	return json_int(json_get(m, key), &v) && v > 0 && v <= UINT32_MAX ? (uint32_t)v : 1;
}

/* The place of the first reference to a name. */
static struct attr_place place_of(const struct sql_refs *r, enum sql_mode mode, struct str name)
{
	for (size_t i = 0; i < r->refs.n; i++)
		if (r->refs.v[i].mode == mode && str_eq(r->refs.v[i].name, name))
			return (struct attr_place){ r->refs.v[i].line, r->refs.v[i].col };
	return (struct attr_place){ 1, 1 };
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Our sorted names against the child's list of them. */
static void compare(struct pool *pool, const struct sql_refs *refs, enum sql_mode mode, struct json_val list,
		    sql_diags *diags)
{
	const char *verb = mode == SQL_READ ? "read" : "write";
	const struct str *ours = mode == SQL_READ ? refs->reads.v : refs->writes.v;
	size_t n = mode == SQL_READ ? refs->reads.n : refs->writes.n, i = 0, k = 0;
	VEC(struct str) theirs = { 0 };
	struct json_val e;
	for (struct json_iter it = json_iter(list); json_next(&it, NULL, &e);)
		*vec_push(pool, &theirs) = json_str(pool, e);
	if (theirs.n)
		qsort(theirs.v, theirs.n, sizeof *theirs.v, by_name);
	while (i < n || k < theirs.n) {
		int c = i == n ? 1 : k == theirs.n ? -1 : str_cmp(ours[i], theirs.v[k]);
		if (c < 0) {
			struct attr_place at = place_of(refs, mode, ours[i]);
			diag_add(pool, diags, SQL_WARNING, at.line, at.col, "libpg_query does not %s '%.*s'", verb,
				 STR_FMT(ours[i]));
		} else if (c > 0) {
			diag_add(pool, diags, SQL_WARNING, 1, 1, "libpg_query %ss '%.*s' too", verb,
				 STR_FMT(theirs.v[k]));
		}
		i += c <= 0;
		k += c >= 0;
	}
}

static void no_answer(struct pool *pool, sql_diags *diags, const char *why)
{
	diag_add(pool, diags, SQL_WARNING, 1, 1, "no second opinion of libpg_query: %s", why);
}

void verify_text(void *arg, struct pool *pool, struct str sql, const struct sql_refs *refs, sql_diags *diags)
{
	const struct verify *v = arg;
	const char *const argv[] = { v->child, NULL };
	struct proc_opts opts = { .argv = argv };
	struct proc_output got;
	struct mst_error err;
	if (proc_capture(pool, &opts, sql, ANSWER_MAX, VERIFY_TIMEOUT_US, NULL, &got, &err)) {
		no_answer(pool, diags, err.msg);
		return;
	}
	if (got.status.code != 0 || got.cut) {
		no_answer(pool, diags, got.cut ? "too long" : proc_status_words(pool, &got.status));
		return;
	}
	json_members m;
	if (json_scan_object(pool, str_trim(got.out), &m, &err)) {
		no_answer(pool, diags, err.msg);
		return;
	}
	struct json_val why = json_get(&m, "error"), reads = json_get(&m, "reads"), writes = json_get(&m, "writes");
	if (why.type == JSON_STRING) {
		diag_add(pool, diags, SQL_NOTE, number(&m, "line"), number(&m, "col"),
			 "libpg_query cannot read the text: %.*s", STR_FMT(json_str(pool, why)));
		return;
	}
	if (reads.type != JSON_ARRAY || writes.type != JSON_ARRAY) {
		no_answer(pool, diags, "no lists of names");
		return;
	}
	compare(pool, refs, SQL_READ, reads, diags);
	compare(pool, refs, SQL_WRITE, writes, diags);
}
