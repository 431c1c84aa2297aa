#include "cli/out.h"
#include "base/jsonl.h"
#include "cli/out_table.h"
#include "cli/stdout.h"

enum { BUFFER = 128 * 1024 };

struct out {
	struct buf b;             /* JSON and CSV that is not written yet */
	enum cli_format format;
	struct out_table *table;  /* of the two other formats */
};

struct out *out_open(struct cli *cli, const char *type, const struct out_col *cols)
{
	struct out *o = pool_zalloc(cli->pool, sizeof *o);
	buf_init(&o->b, cli->pool);
	o->format = cli->format;
	if (o->format != CLI_JSON)
		o->table = out_table_new(cli, type, cols);
	return o;
}

struct out *out_open_upright(struct cli *cli, const char *type, const struct out_col *cols)
{
	struct out *o = out_open(cli, type, cols);
	if (o->table)
		out_table_upright(o->table);
	return o;
}

void out_usual(struct out *o, const char *key, const char *value)
{
	if (o->table)
		out_table_usual(o->table, key, value);
}

int out_flush(struct out *o, struct mst_error *err)
{
	int rc = stdout_write(o->b.p, o->b.n, err);
	buf_reset(&o->b);
	return rc;
}

int out_line(struct out *o, struct str json, struct mst_error *err)
{
	if (o->format != CLI_JSON) {
		if (out_table_line(o->table, &o->b, json, err))
			return err->code;
	} else {
		buf_reserve(&o->b, json.n + 1);
		buf_str(&o->b, json);
		buf_char(&o->b, '\n');
	}
	return o->b.n >= BUFFER ? out_flush(o, err) : 0;
}

int out_told(void *arg, struct str json, struct mst_error *err)
{
	return out_line(arg, json, err);
}

int out_lines(struct out *o, struct str lines, struct mst_error *err)
{
	struct str line;
	if (o->format != CLI_JSON) {
		while (lines.n) {
			str_cut(lines, '\n', &line, &lines);
			if (line.n && out_line(o, line, err))
				return err->code;
		}
		return 0;
	}
	if (o->b.n + lines.n < BUFFER) {
		buf_str(&o->b, lines);
		return 0;
	}
	/* a large block is not copied */
	if (out_flush(o, err))
		return err->code;
	return stdout_write(lines.p, lines.n, err);
}

int out_text(struct cli *cli, struct str text, struct mst_error *err)
{
	(void)cli;
	return stdout_write(text.p, text.n, err);
}

int out_close(struct out *o, struct mst_error *err)
{
	if (o->table && out_table_end(o->table, &o->b, err))
		return err->code;
	return out_flush(o, err);
}
