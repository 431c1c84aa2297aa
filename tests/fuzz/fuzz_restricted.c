/* Restricted SELECTs: any text is refused with a place in it, or accepted; what is accepted is a view into the
 * text, is accepted again by itself with nothing around it, and holds no word that could be a second query. */
#include "sql/restricted.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static size_t lines(struct str text)
{
	size_t k = 1;
	for (size_t i = 0; i < text.n; i++)
		k += text.p[i] == '\n';
	return k;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	POOL_SCRATCH(pool);
	struct str text = { (const char *)data, n };
	struct sql_restricted r, again;
	struct mst_error err = { 0 };
	struct str span = sql_query_span(text);
	if (span.n > n)
		abort();
	if (sql_restricted_read(pool, text, &r, &err)) {
		if (err.code != MST_DATA || !err.msg[0] || err.line < 1 || err.line > lines(text) || err.col < 1 || err.col > n + 1)
			abort();
		return 0;
	}
	if (!r.query.n)
		return 0;
	if (r.query.p < text.p || r.query.p + r.query.n > text.p + n || !r.table.p)
		abort();
	if (span.p != r.query.p || span.n != r.query.n)
		abort();
	if (sql_restricted_read(pool, r.query, &again, &err) || again.uses.n != r.uses.n || !str_eq(again.table, r.table))
		abort();
	for (size_t i = 0; i < r.uses.n; i++)
		if (r.uses.v[i].line < 1 || r.uses.v[i].name.n == 0)
			abort();
	/* in parentheses, as it is sent: it must not close them */
	char *twice = pool_printf(pool, "%.*s\n FROM %.*s", STR_FMT(r.query), STR_FMT(r.query));
	if (sql_restricted_read(pool, str_of(twice), &again, &err) == 0)
		abort();
	return 0;
}
