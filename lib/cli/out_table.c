#include "cli/out_table.h"
#include "base/jsonl.h"
#include "base/time.h"
#include "render/csv.h"
#include "render/table.h"

#include <stdio.h>
#include <time.h>

/* Where no column table is given, this many lines say what the columns are. */
enum { GUESS_LINES = 100, GUESS_COLS = 40 };

struct out_table {
	struct pool *pool;  /* lives as long as the output */
	struct pool *rows;  /* cleared with every part that is drawn */
	bool csv, color, header_done, upright;
	int columns;
	const char *type;
	const char *usual_key, *usual; /* may be NULL */
	const struct out_col *col;
	size_t cols;
	VEC(struct table_cell) cells;
	VEC(struct str) waiting; /* lines that came before the columns were known */
};

static void set_columns(struct out_table *t, const struct out_col *col)
{
	t->col = col;
	for (t->cols = 0; col[t->cols].key; t->cols++)
		;
}

struct out_table *out_table_new(struct cli *cli, const char *type, const struct out_col *col)
{
	struct out_table *t = pool_zalloc(cli->pool, sizeof *t);
	t->pool = cli->pool;
	t->rows = pool_new(cli->pool);
	t->csv = cli->format == CLI_CSV;
	t->color = cli->color_out;
	/* in a pipe nobody measures: --table there cuts nothing */
	t->columns = cli->tty_out ? cli->columns : 0;
	t->type = type;
	if (col)
		set_columns(t, col);
	return t;
}

void out_table_upright(struct out_table *t)
{
	t->upright = true;
}

void out_table_usual(struct out_table *t, const char *key, const char *value)
{
	t->usual_key = key;
	t->usual = value;
}

static struct json_val member(struct pool *pool, const json_members *m, const char *path)
{
	struct str head, rest;
	bool deeper = str_cut(str_of(path), '.', &head, &rest);
	struct json_val v = json_get(m, deeper ? str_z(pool, head) : path);
	if (!deeper || v.type != JSON_OBJECT)
		return deeper ? (struct json_val){ 0 } : v;
	json_members inner = { 0 };
	struct mst_error ignored;
	if (json_scan_object(pool, v.raw, &inner, &ignored))
		return (struct json_val){ 0 };
	return member(pool, &inner, rest.p);
}

static struct str bytes_short(struct pool *pool, double n)
{
	static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	unsigned u = 0;
	while (n >= 1024 && u < 5) {
		n /= 1024;
		u++;
	}
	return str_of(pool_printf(pool, u && n < 10 ? "%.1f %s" : "%.0f %s", n, unit[u]));
}

static struct str local_time(struct pool *pool, struct str iso)
{
	int64_t us;
	struct mst_error ignored;
	struct tm tm;
	char text[40];
	if (time_parse_iso(iso, &us, &ignored))
		return iso;
	time_t s = (time_t)(us / US_PER_S - (us % US_PER_S < 0));
	if (!localtime_r(&s, &tm) || !strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm))
		return iso;
	return str_of(pool_strdup(pool, text));
}

static struct str joined(struct pool *pool, struct json_val v)
{
	struct buf b;
	struct json_val item;
	buf_init(&b, pool);
	for (struct json_iter it = json_iter(v); json_next(&it, NULL, &item);) {
		if (b.n)
			buf_z(&b, ", ");
		buf_str(&b, item.type == JSON_STRING ? json_str(pool, item) : item.raw);
	}
	return buf_view(&b);
}

static struct str map(struct pool *pool, struct json_val v)
{
	struct buf b;
	struct str key;
	struct json_val item;
	buf_init(&b, pool);
	for (struct json_iter it = json_iter(v); json_next(&it, &key, &item);) {
		if (b.n)
			buf_z(&b, ", ");
		buf_str(&b, json_str(pool, (struct json_val){ key, JSON_STRING }));
		buf_z(&b, " (");
		buf_str(&b, item.type == JSON_STRING ? json_str(pool, item) : item.raw);
		buf_char(&b, ')');
	}
	return buf_view(&b);
}

static enum table_color state_color(struct str s)
{
	static const struct {
		const char *state;
		enum table_color color;
	} colors[] = {
		{ "succeeded", TABLE_GOOD }, { "running", TABLE_BUSY }, { "parked", TABLE_BUSY },
		{ "failed", TABLE_BAD },     { "error", TABLE_BAD },	{ "cancelled", TABLE_BAD },
		{ "warning", TABLE_BUSY },   { "blocked", TABLE_DIM },	{ "skipped", TABLE_DIM },
		{ "waiting", TABLE_DIM },    { "stopped", TABLE_DIM },
	};
	for (size_t i = 0; i < sizeof colors / sizeof *colors; i++)
		if (str_eqz(s, colors[i].state))
			return colors[i].color;
	return TABLE_PLAIN;
}

static struct table_cell cell(const struct out_table *t, const struct out_col *c, struct json_val v)
{
	struct table_cell out = { .text = STR("") };
	double n;
	char text[TIME_SHORT_MAX];
	if (v.type == JSON_NONE || v.type == JSON_NULL)
		return out;
	out.text = v.type == JSON_STRING ? json_str(t->rows, v) : v.type == JSON_ARRAY ? joined(t->rows, v) : v.raw;
	if (t->csv)
		return out;
	if (t->usual_key && strcmp(c->key, t->usual_key) == 0 && str_eqz(out.text, t->usual)) {
		out.text = STR("");
		return out;
	}
	switch (c->kind) {
	case OUT_BYTES:
		if (json_double(v, &n))
			out.text = bytes_short(t->rows, n);
		break;
	case OUT_DURATION_US:
		if (json_double(v, &n) && n < 9e18 && n > -9e18)
			out.text = str_of(pool_strdup(t->rows, time_short(text, (int64_t)n)));
		break;
	case OUT_TIME:
		if (v.type == JSON_STRING)
			out.text = local_time(t->rows, out.text);
		break;
	case OUT_MAP:
		if (v.type == JSON_OBJECT)
			out.text = map(t->rows, v);
		break;
	case OUT_OK:
		if (v.type == JSON_BOOL) {
			bool ok = str_eqz(v.raw, "true");
			out.text = ok ? STR("yes") : STR("no");
			out.color = ok ? TABLE_GOOD : TABLE_BAD;
		}
		break;
	case OUT_STATE:
		out.color = state_color(out.text);
		break;
	default:
		break;
	}
	return out;
}

static bool is_empty(const struct out_table *t, size_t col)
{
	for (size_t i = col; i < t->cells.n; i += t->cols)
		if (t->cells.v[i].text.n)
			return false;
	return true;
}

/* Without the spare columns, if these are all rows there are. */
static int draw_rows(struct out_table *t, struct buf *b, struct mst_error *err)
{
	struct table_col *col = pool_zalloc(t->rows, t->cols * sizeof *col);
	struct table_cell *cell = t->cells.v;
	size_t rows = t->cells.n / t->cols, cols = 0, *from = pool_zalloc(t->rows, t->cols * sizeof *from);
	for (size_t i = 0; i < t->cols; i++) {
		const struct out_col *c = &t->col[i];
		if ((c->may & OUT_SPARE) && !t->header_done && rows < OUT_TABLE_ROWS && is_empty(t, i))
			continue;
		from[cols] = i;
		col[cols++] = (struct table_col){
			.title = c->title,
			.right = c->kind == OUT_NUMBER || c->kind == OUT_BYTES || c->kind == OUT_DURATION_US,
			.shrink = c->may & (OUT_SHRINK | OUT_SHRINK_FIRST) };
	}
	if (cols < t->cols)
		for (size_t r = 0; r < rows; r++)
			for (size_t i = 0; i < cols; i++)
				cell[r * cols + i] = cell[r * t->cols + from[i]];
	return table_draw(b, col, cols, cell, rows, t->columns, t->color, !t->header_done, err);
}

static int draw_upright(struct out_table *t, struct buf *b, struct mst_error *err)
{
	static const struct table_col col[] = { { .title = "" }, { .title = "", .shrink = OUT_SHRINK } };
	VEC(struct table_cell) cells = { 0 };
	for (size_t i = 0; i < t->cells.n; i++)
		if (t->cells.v[i].text.n) {
			*vec_push(t->rows, &cells) = (struct table_cell){ .text = str_of(t->col[i % t->cols].title) };
			*vec_push(t->rows, &cells) = t->cells.v[i];
		}
	return cells.n ? table_draw(b, col, 2, cells.v, cells.n / 2, t->columns, t->color, false, err) : 0;
}

/* The rows drawn so far make room for the next. */
static int draw(struct out_table *t, struct buf *b, struct mst_error *err)
{
	if (!t->cells.n)
		return 0;
	int rc = t->upright ? draw_upright(t, b, err) : draw_rows(t, b, err);
	t->header_done = true;
	pool_clear(t->rows);
	t->cells.v = NULL;
	t->cells.n = t->cells.cap = 0;
	return rc;
}

static void csv_header(struct out_table *t, struct buf *b)
{
	for (size_t i = 0; i < t->cols; i++) {
		if (i)
			buf_char(b, ',');
		csv_field(b, str_of(t->col[i].key));
	}
	buf_char(b, '\n');
	t->header_done = true;
}

static int row(struct out_table *t, struct buf *b, struct str json, struct mst_error *err)
{
	json_members m = { 0 };
	if (json_scan_object(t->rows, json, &m, err))
		return mst_wrap(err, "output line");
	if (t->type) {
		struct json_val type = json_get(&m, "type");
		if (type.type != JSON_STRING || !str_eqz(json_str(t->rows, type), t->type))
			return 0;
	}
	if (t->csv && !t->header_done)
		csv_header(t, b);
	for (size_t i = 0; i < t->cols; i++) {
		struct table_cell c = cell(t, &t->col[i], member(t->rows, &m, t->col[i].key));
		if (t->csv) {
			if (i)
				buf_char(b, ',');
			csv_field(b, c.text);
			continue;
		}
		c.text = str_dup(t->rows, c.text);
		*vec_push(t->rows, &t->cells) = c;
	}
	if (t->csv) {
		buf_char(b, '\n');
		pool_clear(t->rows);
		return 0;
	}
	return t->cells.n >= OUT_TABLE_ROWS * t->cols ? draw(t, b, err) : 0;
}

/* Every key of the first lines, in the order in which they come up. */
static int guess(struct out_table *t, struct mst_error *err)
{
	VEC(struct out_col) col = { 0 };
	for (size_t i = 0; i < t->waiting.n; i++) {
		json_members m = { 0 };
		if (json_scan_object(t->pool, t->waiting.v[i], &m, err))
			return mst_wrap(err, "output line");
		for (size_t k = 0; k < m.n && col.n < GUESS_COLS; k++) {
			bool known = str_eqz(m.v[k].key, "type") || str_find(m.v[k].key, '.') >= 0;
			for (size_t j = 0; j < col.n && !known; j++)
				known = str_eqz(m.v[k].key, col.v[j].key);
			if (known)
				continue;
			char *key = str_z(t->pool, m.v[k].key);
			*vec_push(t->pool, &col) = (struct out_col){
				.key = key, .title = key, .may = m.v[k].val.type != JSON_NUMBER ? OUT_SHRINK : OUT_WHOLE,
				.kind = m.v[k].val.type == JSON_NUMBER ? OUT_NUMBER : OUT_TEXT };
		}
	}
	*vec_push(t->pool, &col) = (struct out_col){ 0 };
	set_columns(t, col.v);
	return 0;
}

static int settle(struct out_table *t, struct buf *b, struct mst_error *err)
{
	if (guess(t, err))
		return err->code;
	for (size_t i = 0; i < t->waiting.n && t->cols; i++)
		if (row(t, b, t->waiting.v[i], err))
			return err->code;
	return 0;
}

int out_table_line(struct out_table *t, struct buf *b, struct str json, struct mst_error *err)
{
	if (t->col)
		return t->cols ? row(t, b, json, err) : 0;
	*vec_push(t->pool, &t->waiting) = str_dup(t->pool, json);
	return t->waiting.n >= GUESS_LINES ? settle(t, b, err) : 0;
}

int out_table_end(struct out_table *t, struct buf *b, struct mst_error *err)
{
	if (!t->col && t->waiting.n && settle(t, b, err))
		return err->code;
	if (t->csv && !t->header_done && t->cols)
		csv_header(t, b);
	return t->csv ? 0 : draw(t, b, err);
}
