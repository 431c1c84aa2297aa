#include "cli/progress.h"
#include "base/fs.h"
#include "base/time.h"
#include "render/width.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { INTERVAL_US = 100000, TEXT_MAX = 1024 };

struct progress {
	struct cli *cli;
	struct pool *pool;
	struct buf *text; /* lines, then the status */
	unsigned n;
	bool live, open, dirty;
	int64_t drawn_at;
	/* what stands on the screen: the cells of each row, for a resize folds rows */
	size_t *shown;
	unsigned rows;
};

static struct progress *current;

static void write_err(const struct buf *b)
{
	struct mst_error ignored;
	(void)fs_write_all(STDERR_FILENO, b->p, b->n, "stderr", &ignored);
}

static void size_of_terminal(const struct progress *p, size_t *columns, size_t *rows)
{
	struct winsize w;
	*columns = (size_t)p->cli->columns;
	*rows = 24;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0) {
		*columns = w.ws_col;
		*rows = w.ws_row > 1 ? w.ws_row : 24;
	}
}

/* To the first row of what stands there. */
static void go_back(struct progress *p, struct buf *b, size_t columns)
{
	size_t up = 0;
	for (unsigned i = 0; i < p->rows; i++)
		up += p->shown[i] > columns ? (p->shown[i] + columns - 1) / columns : 1;
	if (up)
		buf_printf(b, "\033[%zuA\r", up);
	p->rows = 0;
}

static void hide(struct progress *p)
{
	POOL_SCRATCH(tmp);
	struct buf b;
	size_t columns, rows;
	if (!p->rows)
		return;
	size_of_terminal(p, &columns, &rows);
	buf_init(&b, tmp);
	go_back(p, &b, columns);
	buf_z(&b, "\033[J");
	write_err(&b);
	p->dirty = true;
}

static void hide_current(void)
{
	if (current)
		hide(current);
}

static void draw(struct progress *p)
{
	POOL_SCRATCH(tmp);
	struct buf b;
	size_t columns, rows;
	size_of_terminal(p, &columns, &rows);
	buf_init(&b, tmp);
	go_back(p, &b, columns);
	size_t room = rows > 2 ? rows - 2 : 1; /* a row for the status, one for the cursor */
	for (unsigned i = 0; i <= p->n; i++) {
		if (!p->text[i].n || (i < p->n && !room))
			continue;
		room -= i < p->n;
		p->shown[p->rows++] = width_cut(&b, buf_view(&p->text[i]), columns > 1 ? columns - 1 : 1);
		buf_z(&b, "\033[K\n");
	}
	buf_z(&b, "\033[J");
	write_err(&b);
	p->dirty = false;
	p->drawn_at = time_mono_us();
}

static void close_at_end(void *arg)
{
	progress_close(arg);
}

struct progress *progress_open(struct cli *cli, unsigned lines)
{
	struct progress *p = pool_zalloc(cli->pool, sizeof *p);
	const char *term = getenv("TERM");
	p->cli = cli;
	p->n = lines;
	p->open = true;
	p->live = cli->tty_err && term && *term && strcmp(term, "dumb") != 0;
	p->pool = pool_new(cli->pool);
	p->text = pool_zalloc(p->pool, ((size_t)lines + 1) * sizeof *p->text);
	p->shown = pool_zalloc(p->pool, ((size_t)lines + 1) * sizeof *p->shown);
	for (unsigned i = 0; i <= lines; i++)
		buf_init(&p->text[i], p->pool);
	if (p->live) {
		current = p;
		cli_before_talk = hide_current;
		pool_on_free(p->pool, close_at_end, p);
	}
	return p;
}

static void set(struct progress *p, unsigned i, const char *text)
{
	struct str s = str_of(text ? text : "");
	if (!p->live || !p->open || i > p->n)
		return;
	if (s.n > TEXT_MAX)
		s.n = TEXT_MAX;
	if (str_eq(s, buf_view(&p->text[i])))
		return;
	buf_reset(&p->text[i]);
	buf_str(&p->text[i], s);
	p->dirty = true;
}

void progress_set_line(struct progress *p, unsigned i, const char *text)
{
	if (i < p->n)
		set(p, i, text);
}

void progress_status(struct progress *p, const char *text)
{
	set(p, p->n, text);
	progress_tick(p);
}

void progress_print_above(struct progress *p, const char *text)
{
	POOL_SCRATCH(tmp);
	struct buf b;
	buf_init(&b, tmp);
	width_harmless(&b, str_of(text));
	buf_char(&b, '\n');
	hide(p);
	write_err(&b);
	progress_tick(p);
}

int progress_due_ms(const struct progress *p)
{
	if (!p->live || !p->open || !p->dirty)
		return -1;
	int64_t left = p->drawn_at + INTERVAL_US - time_mono_us();
	return left <= 0 ? 0 : (int)(left / 1000 + 1);
}

void progress_tick(struct progress *p)
{
	if (progress_due_ms(p) == 0)
		draw(p);
}

bool progress_is_live(const struct progress *p)
{
	return p->live && p->open;
}

void progress_close(struct progress *p)
{
	if (!p->open)
		return;
	if (p->live)
		hide(p);
	p->open = false;
	if (current == p) {
		current = NULL;
		cli_before_talk = NULL;
	}
}
