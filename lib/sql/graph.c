#include "sql/read.h"

static const struct env no_env = { 0 };

bool graph_table(struct reader *r, struct str function, uint32_t scope, struct env env)
{
	if (r->dialect != SQL_BIGQUERY || !str_ieq(function, STR("graph_table")))
		return false;
	rd_next(r);
	if (name_starts(r)) {
		struct name n;
		name_read(r, &n);
		ref_table(r, &n, 0, no_env);
	}
	query_close(r, scope, env);
	return true;
}

bool graph_query(struct reader *r)
{
	struct tok next = rd_peek(r);
	if (r->dialect != SQL_BIGQUERY || !rd_word(r, "GRAPH") || (next.kind != T_WORD && next.kind != T_QUOTED))
		return false;
	rd_next(r);
	struct name n;
	name_read(r, &n);
	ref_table(r, &n, 0, no_env);
	return true;
}

void graph_create(struct reader *r)
{
	struct name n;
	if (rd_take(r, KW_IF)) {
		rd_take(r, KW_NOT);
		rd_take(r, KW_EXISTS);
	}
	if (!name_starts(r))
		return;
	name_read(r, &n);
	ref_write(r, &n);
	/* NODE TABLES (d.a AS x KEY (..) .., d.b) EDGE TABLES (..) */
	while (r->t.kind == T_WORD) {
		while (r->t.kind == T_WORD)
			rd_next(r);
		if (!rd_take_ch(r, '('))
			return;
		do {
			if (name_starts(r)) {
				name_read(r, &n);
				ref_table(r, &n, 0, no_env);
			}
			query_expr(r, 0, no_env, STOP_COMMA);
		} while (rd_take_ch(r, ','));
		rd_take_ch(r, ')');
	}
}
