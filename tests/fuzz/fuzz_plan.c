/* Plans: any text is refused with its line or gives lines that are planned to the same lines again, each
 * job behind what it waits for. */
#include "base/jsonl.h"
#include "engine/plan.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int forget(void *ctx, struct str text, struct mst_error *err)
{
	(void)ctx;
	(void)text;
	(void)err;
	return 0;
}

static int planned(struct pool *pool, struct str text, struct buf *out, char hash[SHA256_HEX])
{
	struct mst_error err = { 0 };
	struct plan *p = plan_new(pool);
	int rc = plan_add(p, text, "in", &err);
	if (rc == 0)
		rc = plan_make(p, NULL, &err);
	if (rc) {
		if (rc != err.code || !err.msg[0])
			abort();
		return rc;
	}
	plan_write_header(p, out);
	plan_write_jobs(p, 0, p->jobs, out);
	memcpy(hash, p->hash, SHA256_HEX);
	for (uint32_t i = 0; i < p->jobs; i++) {
		struct buf b;
		buf_init(&b, pool);
		for (uint32_t k = 0; k < p->job[i].after_n; k++)
			if (p->job[i].after[k] >= i)
				abort();
		if (i < 8) {
			plan_explain_line(p, i, &b);
			plan_explain_text(p, i, &b);
		}
	}
	return plan_tree(p, true, forget, NULL, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	POOL_SCRATCH(pool);
	struct buf one, two;
	char hash[SHA256_HEX], again[SHA256_HEX];
	struct str line;
	struct json_val v;
	struct mst_error err;
	uint64_t at = 0;
	buf_init(&one, pool);
	buf_init(&two, pool);
	if (planned(pool, (struct str){ pool_memdup(pool, data, n), n }, &one, hash))
		return 0;
	for (struct str rest = buf_view(&one); jsonl_cut(&rest, &at, &line);)
		if (json_scan(line, &v, &err) || v.type != JSON_OBJECT)
			abort();
	if (planned(pool, buf_view(&one), &two, again) || memcmp(hash, again, sizeof hash) != 0)
		abort();
	/* blanks between members may go, but only once; the header counts names that are external anew */
	struct buf three;
	struct str head, rest_two, rest_three;
	buf_init(&three, pool);
	if (planned(pool, buf_view(&two), &three, again))
		abort();
	str_cut(buf_view(&two), '\n', &head, &rest_two);
	str_cut(buf_view(&three), '\n', &head, &rest_three);
	if (!str_eq(rest_two, rest_three))
		abort();
	return 0;
}
