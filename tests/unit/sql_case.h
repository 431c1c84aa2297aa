/* One text and what the reader makes of it: names joined by "; ", NULL where the
 * case does not look at them.  Diagnostics are "SEVERITY LINE:COL message". */
#ifndef MST_TESTS_SQL_CASE_H
#define MST_TESTS_SQL_CASE_H

#include "sql/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct sql_case {
	const char *sql, *reads, *writes, *calls, *diags;
};

static inline const char *sql_case_join(struct pool *pool, const struct str *v, size_t n)
{
	struct buf b;
	buf_init(&b, pool);
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_z(&b, "; ");
		buf_str(&b, v[i]);
	}
	return buf_cstr(&b);
}

static inline const char *sql_case_diags(struct pool *pool, const struct sql_refs *r)
{
	static const char *const severities[] = { "note", "warning", "error" };
	struct buf b;
	buf_init(&b, pool);
	for (size_t i = 0; i < r->diags.n; i++)
		buf_printf(&b, "%s%s %u:%u %.*s", i ? "; " : "", severities[r->diags.v[i].severity],
			   r->diags.v[i].line, r->diags.v[i].col, STR_FMT(r->diags.v[i].msg));
	return buf_cstr(&b);
}

static inline void sql_case_equal(const char *what, const struct sql_case *c, const char *want, const char *got)
{
	if (!want || strcmp(want, got) == 0)
		return;
	fail_msg("%s of\n%s\nare  '%s'\nnot  '%s'", what, c->sql, got, want);
}

static inline void sql_case_run(enum sql_dialect d, const struct sql_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct sql_case *c = &cases[i];
		POOL_SCRATCH(pool);
		struct sql_refs r;
		sql_read(pool, d, str_of(c->sql), &r);
		sql_case_equal("reads", c, c->reads, sql_case_join(pool, r.reads.v, r.reads.n));
		sql_case_equal("writes", c, c->writes, sql_case_join(pool, r.writes.v, r.writes.n));
		sql_case_equal("calls", c, c->calls, sql_case_join(pool, r.calls.v, r.calls.n));
		sql_case_equal("diagnostics", c, c->diags, sql_case_diags(pool, &r));
	}
}

#define SQL_CASES(dialect, cases) sql_case_run(dialect, cases, sizeof(cases) / sizeof *(cases))

#endif
