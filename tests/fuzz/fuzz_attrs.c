/* Header attributes and the line made of them: any text gives one valid JSON object, with places
 * inside the text. */
#include "model/table.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7 leaks two kilobytes on some quoted scalars that it refuses */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	POOL_SCRATCH(pool);
	struct str text = { pool_memdup(pool, data, n), n };
	struct attrs a;
	sql_diags diags = { 0 };
	struct mst_error err;
	struct json_val v;
	attrs_read(pool, text, &a, &diags);
	if (json_scan(a.json, &v, &err) || v.type != JSON_OBJECT || a.places.n != a.members.n)
		abort();
	for (size_t i = 0; i < diags.n; i++)
		if (diags.v[i].line == 0 || diags.v[i].col == 0 || diags.v[i].line > n + 1)
			abort();
	struct table_opts o = { .dialect = n % 2 ? SQL_BIGQUERY : SQL_POSTGRES };
	struct table_source src = { .text = text, .path = "/a/b.sql", .file = "b.sql" };
	struct table t;
	struct buf line;
	size_t end;
	buf_init(&line, pool);
	table_infer(pool, &o, &src, &t);
	table_write(&line, &t, true, &end);
	if (line.p[line.n - 1] != '\n' || line.p[end] != ']')
		abort();
	if (json_scan((struct str){ line.p, line.n - 1 }, &v, &err) || t.name.n == 0)
		abort();
	return 0;
}
