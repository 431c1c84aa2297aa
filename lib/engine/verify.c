#include "engine/verify.h"

#include "base/fs.h"
#include "proc/spawn.h"

#include <stdlib.h>
#include <unistd.h>

static const char child_name[] = "mst-sql-oracle";

enum { ANSWER_MAX = 64 << 20 };

int verify_open(struct pool *pool, struct verify *out, struct mst_error *err)
{
	char self[4096];
	const char *dir = getenv("MST_LIBEXEC");
	if (!dir || !*dir) {
		ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
		if (n <= 0)
			return mst_fail_errno(err, MST_IO, "/proc/self/exe: cannot read");
		self[n] = 0;
		dir = fs_absolute(pool, pool_printf(pool, "%s/../../libexec/mst", self));
	}
	const char *child = fs_join(pool, dir, child_name);
	if (access(child, X_OK) != 0) {
		mst_fail(err, MST_NOT_FOUND, "%s: not there, or not executable", child);
		return mst_hint(err, "--verify needs it; MST_LIBEXEC names its folder");
	}
	out->child = child;
	return 0;
}

/* The line of the first reference to a name, for the place of a warning. */
static struct attr_place place_of(const struct sql_refs *r, struct str name)
{
	for (size_t i = 0; i < r->refs.n; i++)
		if (r->refs.v[i].mode == SQL_READ && str_eq(r->refs.v[i].name, name))
			return (struct attr_place){ r->refs.v[i].line, r->refs.v[i].col };
	return (struct attr_place){ 1, 1 };
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Both lists are sorted. */
static void compare(struct pool *pool, const struct sql_refs *ours, const struct str *theirs, size_t n,
		    sql_diags *diags)
{
	size_t i = 0, k = 0;
	while (i < ours->reads.n || k < n) {
		int c = i == ours->reads.n ? 1 : k == n ? -1 : str_cmp(ours->reads.v[i], theirs[k]);
		if (c < 0) {
			struct attr_place at = place_of(ours, ours->reads.v[i]);
			diag_add(pool, diags, SQL_WARNING, at.line, at.col, "libpg_query does not read '%.*s'",
				 STR_FMT(ours->reads.v[i]));
		} else if (c > 0) {
			diag_add(pool, diags, SQL_WARNING, 1, 1, "libpg_query reads '%.*s' too", STR_FMT(theirs[k]));
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
	struct proc_opts opts = { .argv = argv, .err = PROC_NULL };
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
	struct json_val why = json_get(&m, "error"), reads = json_get(&m, "reads"), e;
	if (why.type == JSON_STRING) {
		diag_add(pool, diags, SQL_NOTE, 1, 1, "libpg_query cannot read the text: %.*s",
			 STR_FMT(json_str(pool, why)));
		return;
	}
	if (reads.type != JSON_ARRAY) {
		no_answer(pool, diags, "no list of reads");
		return;
	}
	VEC(struct str) names = { 0 };
	for (struct json_iter it = json_iter(reads); json_next(&it, NULL, &e);)
		*vec_push(pool, &names) = json_str(pool, e);
	if (names.n)
		qsort(names.v, names.n, sizeof *names.v, by_name);
	compare(pool, refs, names.v, names.n, diags);
}
