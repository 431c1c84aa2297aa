/* A load that may put some bad rows aside: the rows go to the warehouse in pieces, and a row that it
 * refuses is taken out of its piece. */
#include "task/internal.h"

#include "base/utf8.h"

#define PIECE_MAX ((size_t)1 << 20)
#define PIECE_MIN ((size_t)1 << 10)
#define PIECE_ROWS 20000
#define TEXT_MAX 1000 /* of a bad row, in bytes */
#define ASIDE_MAX 200 /* bad rows that wait to be written */
#define SHOWN 3       /* of them, in an error */

/* A row of the piece. */
struct row {
	size_t at;   /* in `piece` */
	size_t text, text_n; /* in `texts`: as it stood, cut */
	const char *file;
	uint32_t line;
};

struct import_careful {
	struct task_ctx *ctx;
	int64_t max, bad; /* how many may be bad, how many were */
	struct buf first; /* the first of them, for an error */
	const char *first_file;
	uint32_t first_line;
	/* bad rows that are to be written */
	struct pool *aside_pool;
	VEC(struct warehouse_bad) aside;
	/* rows that are to be sent */
	struct buf piece, texts;
	VEC(struct row) rows;
	size_t limit; /* bytes of a piece: less where rows are bad, more where all is well */
};

struct import_careful *import_careful_new(struct task_ctx *ctx, int64_t max)
{
	struct import_careful *c = pool_zalloc(ctx->pool, sizeof *c);
	*c = (struct import_careful){ .ctx = ctx, .max = max, .limit = PIECE_MAX };
	c->aside_pool = pool_new(ctx->pool);
	buf_init(&c->first, ctx->pool);
	buf_init(&c->piece, ctx->pool);
	buf_init(&c->texts, ctx->pool);
	return c;
}

int64_t import_careful_bad(const struct import_careful *c)
{
	return c->bad;
}

static struct str cut(struct str s)
{
	size_t n = s.n < TEXT_MAX ? s.n : TEXT_MAX;
	while (n < s.n && n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	return (struct str){ s.p, n };
}

/* What is no text is shown as \xNN: the side table is text. */
static struct str as_text(struct pool *pool, struct str s)
{
	struct buf b;
	buf_init(&b, pool);
	for (size_t i = 0; i < s.n;) {
		unsigned n = utf8_seq(s.p + i, s.n - i);
		if (n && s.p[i]) {
			buf_add(&b, s.p + i, n);
			i += n;
		} else {
			buf_printf(&b, "\\x%02x", (unsigned)(unsigned char)s.p[i++]);
		}
	}
	return buf_view(&b);
}

int import_careful_count(struct import_careful *c, const char *file, uint32_t line, const char *reason,
			 struct mst_error *err)
{
	if (c->bad == 0) {
		c->first_file = file;
		c->first_line = line;
	}
	if (c->bad++ < SHOWN)
		buf_printf(&c->first, "%s%s:%u: %s", c->first.n ? "; " : "", file, line, reason);
	if (c->bad <= c->max)
		return 0;
	mst_fail(err, MST_DATA, "more bad rows than max_errors allows (%lld): %s", (long long)c->max, buf_cstr(&c->first));
	return mst_place(err, c->first_file, c->first_line, 0);
}

static int write_aside(struct import_careful *c, struct mst_error *err)
{
	struct warehouse *w = c->ctx->warehouse;
	int rc = c->aside.n ? w->ops->load_aside(w, c->aside.v, c->aside.n, err) : 0;
	pool_free(c->aside_pool);
	c->aside_pool = pool_new(c->ctx->pool);
	c->aside.v = NULL;
	c->aside.n = c->aside.cap = 0;
	return rc;
}

int import_careful_aside(struct import_careful *c, const char *file, uint32_t line, const char *reason, struct str text,
			 struct mst_error *err)
{
	int rc = import_careful_count(c, file, line, reason, err);
	if (rc) {
		c->ctx->warehouse->ops->load_abort(c->ctx->warehouse);
		return rc;
	}
	*vec_push(c->aside_pool, &c->aside) = (struct warehouse_bad){
		.file = as_text(c->aside_pool, str_of(file)),
		.line = line,
		.reason = str_dup(c->aside_pool, str_of(reason)),
		.text = as_text(c->aside_pool, cut(text)),
	};
	return c->aside.n < ASIDE_MAX ? 0 : write_aside(c, err);
}

static size_t end_of(const struct import_careful *c, size_t row)
{
	return row + 1 < c->rows.n ? c->rows.v[row + 1].at : c->piece.n;
}

/* The warehouse took none of the rows for the sake of one: those before it are good, so each row is
 * sent three times at most for one that is bad. */
static int send(struct import_careful *c, struct mst_error *err)
{
	struct warehouse *w = c->ctx->warehouse;
	size_t from = 0, good = 0; /* rows before `good` are known to be good */
	int rc = 0;
	while (!rc && from < c->rows.n) {
		size_t to = from + 1, start = c->rows.v[from].at;
		while (to < (good > from ? good : c->rows.n) && end_of(c, to) - start <= c->limit)
			to++;
		uint32_t bad = 0;
		rc = w->ops->load_try(w, (struct str){ c->piece.p + start, end_of(c, to - 1) - start }, &bad, err);
		if (rc == 0) {
			from = to;
			if (c->limit < PIECE_MAX)
				c->limit *= 2;
		} else if (rc == 1) {
			size_t k = from + bad - 1;
			if (bad == 0 || k >= to) {
				w->ops->load_abort(w);
				return mst_fail(err, MST_BUG, "the warehouse refuses row %u of %zu", bad, to - from);
			}
			if (c->limit > PIECE_MIN)
				c->limit /= 2;
			const struct row *r = &c->rows.v[k];
			rc = import_careful_aside(c, r->file, r->line, err->msg,
						  (struct str){ c->texts.p + r->text, r->text_n }, err);
			/* the row is taken out by moving those before it up to it */
			size_t gap = end_of(c, k) - r->at;
			memmove(c->piece.p + start + gap, c->piece.p + start, r->at - start);
			for (size_t i = k; i > from; i--) {
				c->rows.v[i] = c->rows.v[i - 1];
				c->rows.v[i].at += gap;
			}
			from++;
			good = k + 1;
		}
	}
	buf_reset(&c->piece);
	buf_reset(&c->texts);
	c->rows.n = 0;
	return rc;
}

struct buf *import_careful_row(struct import_careful *c, const char *file, uint32_t line, struct str text)
{
	text = cut(text);
	*vec_push(c->ctx->pool, &c->rows) = (struct row){ c->piece.n, c->texts.n, text.n, file, line };
	buf_str(&c->texts, text);
	return &c->piece;
}

int import_careful_put(struct import_careful *c, struct mst_error *err)
{
	return c->piece.n < PIECE_MAX && c->rows.n < PIECE_ROWS ? 0 : send(c, err);
}

int import_careful_end(struct import_careful *c, struct mst_error *err)
{
	int rc = send(c, err);
	return rc ? rc : write_aside(c, err);
}
