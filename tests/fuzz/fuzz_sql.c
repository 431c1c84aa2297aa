/* The reader of SQL: any text in any dialect gives names and places inside it. */
#include "sql/params.h"
#include "sql/sql.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static uint32_t lines_of(struct str text)
{
	uint32_t lines = 1;
	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	return lines;
}

static void check(struct str text, enum sql_dialect d)
{
	POOL_SCRATCH(pool);
	struct sql_refs r;
	sql_read(pool, d, text, &r);
	if (r.diags.n > SQL_DIAGS_MAX)
		abort();
	uint32_t line = 1;
	for (size_t i = 0; i < r.refs.n; i++) {
		const struct sql_ref *ref = &r.refs.v[i];
		if (ref->name.n == 0 || ref->line < line || ref->col == 0 || ref->line > lines_of(text))
			abort();
		line = ref->line;
	}
	const struct str *v[] = { r.reads.v, r.writes.v, r.calls.v };
	size_t k[] = { r.reads.n, r.writes.n, r.calls.n };
	for (int i = 0; i < 3; i++)
		for (size_t j = 1; j < k[i]; j++)
			if (str_cmp(v[i][j - 1], v[i][j]) >= 0)
				abort();
}

static void check_params(struct str text, enum sql_dialect d)
{
	POOL_SCRATCH(pool);
	sql_params found;
	size_t end = 0;
	sql_params_find(pool, d, text, &found);
	for (size_t i = 0; i < found.n; i++) {
		const struct sql_param *p = &found.v[i];
		if (p->at < end || p->n < 2 || p->at + p->n > text.n || text.p[p->at] != '@' || p->name.n != p->n - 1)
			abort();
		end = p->at + p->n;
	}
	struct str head = sql_without_end(d, text);
	if (head.p != text.p || head.n > text.n || (head.n < text.n && text.p[head.n] != ';'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	POOL_SCRATCH(pool);
	if (n == 0)
		return 0;
	/* a copy of just that size, so that a step behind its end is seen */
	struct str text = { pool_memdup(pool, data + 1, n - 1), n - 1 };
	check(text, data[0] & 3);
	check_params(text, data[0] & 3);
	return 0;
}
