/* Header attributes: any text gives one valid JSON object and places inside it. */
#include "model/attrs.h"

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
	return 0;
}
