#include "store/log.h"

#include "base/jsonl.h"
#include "base/utf8.h"
#include "store/run_internal.h"

#define LINE_MAX 65536
#define PIECE_LINES 2000
#define PIECE_BYTES (1 << 20)

static const struct store_log_entry *entry(const void *items, size_t i)
{
	return (const struct store_log_entry *)items + i;
}

static int64_t get_job(const void *items, size_t i)
{
	return entry(items, i)->job == STORE_LOG_OF_RUN ? 0 : (int64_t)entry(items, i)->job + 1;
}

static int64_t get_attempt(const void *items, size_t i)
{
	return entry(items, i)->job == STORE_LOG_OF_RUN ? 0 : entry(items, i)->attempt;
}

static int64_t get_ago(const void *items, size_t i)
{
	return entry(items, i)->ago_us < 0 ? 0 : entry(items, i)->ago_us;
}

/* As PostgreSQL takes it, and no longer than a line may be. */
static struct str log_text(struct pool *pool, struct str s)
{
	struct buf b;
	buf_init(&b, pool);
	size_t cut = 0;
	if (s.n > LINE_MAX) {
		cut = s.n - LINE_MAX;
		s.n = LINE_MAX;
	}
	for (size_t i = 0; i < s.n;) {
		unsigned n = utf8_seq(s.p + i, s.n - i);
		if (n && s.p[i])
			buf_add(&b, s.p + i, n);
		else
			buf_z(&b, "\xef\xbf\xbd");
		i += n ? n : 1;
	}
	if (cut)
		buf_printf(&b, " [%zu more bytes]", cut);
	return b.n ? buf_view(&b) : STR("");
}

int store_log_add(struct db *db, int64_t run, const struct store_log_entry *entries, size_t n, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	VEC(struct store_log_entry) lines = { 0 };
	for (size_t i = 0; i < n; i++) {
		struct str rest = entries[i].text, line;
		for (bool more = true; more;) {
			more = str_cut(rest, '\n', &line, &rest) && rest.n;
			if (line.n && line.p[line.n - 1] == '\r')
				line.n--;
			struct store_log_entry *e = vec_push(tmp, &lines);
			*e = entries[i];
			e->text = log_text(tmp, line);
		}
	}
	for (size_t at = 0; at < lines.n;) {
		POOL_SCRATCH(part);
		const struct store_log_entry *e = &lines.v[at];
		size_t k = 0;
		struct str *streams = pool_array(part, PIECE_LINES, sizeof *streams);
		struct str *texts = pool_array(part, PIECE_LINES, sizeof *texts);
		for (size_t bytes = 0; k < lines.n - at && k < PIECE_LINES && bytes < PIECE_BYTES; k++) {
			streams[k] = str_of(e[k].stream);
			texts[k] = e[k].text;
			bytes += e[k].text.n;
		}
		struct str params[] = {
			db_param_int(part, run),
			store_ints(part, e, k, get_job),
			store_ints(part, e, k, get_attempt),
			store_ints(part, e, k, get_ago),
			db_param_texts(part, streams, k),
			db_param_texts(part, texts, k),
		};
		int rc = db_run(db, STR("SELECT mst.log_add($1, $2, $3, $4, $5, $6)"), params, 6, NULL, err);
		if (rc)
			return rc;
		at += k;
	}
	return 0;
}
