/* The catalogue: texts, lines as they may stand in a row, what is put, addresses of repositories, places of files,
 * and the one expression of mst-table read.  The first byte chooses. */
#include "engine/catalogue_git.h"
#include "sql/one.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void on_diag(void *arg, const char *about, const struct sql_diag *d)
{
	(void)arg;
	if (!about || !d->msg.n)
		abort();
}

static const struct catalogue_opts opts = { .dialect = SQL_POSTGRES, .threads = 1, .diag = on_diag };

/* Whatever stands in a row, its line is one object on one line, of that name. */
static void row(struct pool *pool, struct str text, struct str line)
{
	struct store_table t = { .name = STR("d.t"), .sql = text, .line = line, .owner = STR("o"), .revision = 1,
				 .created_at = STR("c"), .created_by = STR("c"), .updated_at = STR("u"),
				 .updated_by = STR("u") };
	static char hex[SHA256_HEX];
	struct mst_error err;
	struct buf b;
	json_members m;
	buf_init(&b, pool);
	t.sha256 = str_of(sha256_hex(hex, text));
	if (catalogue_line(pool, &t, true, &b, &err))
		return;
	if (json_scan_object(pool, buf_view(&b), &m, &err) || !str_eqz(json_str(pool, json_get(&m, "name")), "d.t") ||
	    !str_eq(json_str(pool, json_get(&m, "sql")), text) || memchr(b.p, '\n', b.n))
		abort();
}

static void define(struct pool *pool, struct str text)
{
	struct catalogue_text src = { .text = text, .name = STR("d.t") };
	struct catalogue_found f;
	struct mst_error err;
	if (catalogue_define(pool, &opts, &src, &f, &err))
		return;
	if (!str_eq(f.def.sql, text))
		abort();
	row(pool, text, f.def.line);
}

static void expression(struct pool *pool, struct str text)
{
	struct mst_error err;
	if (sql_one_expression(SQL_POSTGRES, text, &err)) {
		if (!err.line || !err.col)
			abort();
		return;
	}
	/* it stays one where it is put */
	const char *inside = pool_printf(pool, "(%.*s\n)", STR_FMT(text));
	if (sql_one_expression(SQL_POSTGRES, str_of(inside), &err))
		abort();
}

static void place(struct pool *pool, struct str s)
{
	if (!s.n)
		return;
	struct str made = catalogue_file_of(pool, s);
	if (!catalogue_file_is_safe(made))
		abort();
	if (catalogue_file_is_safe(s) && (memmem(s.p, s.n, "..", 2) == s.p || s.p[0] == '/' || memmem(s.p, s.n, "/..", 3)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	POOL_SCRATCH(pool);
	struct mst_error err;
	if (n == 0)
		return 0;
	struct str rest = { pool_memdup(pool, data + 1, n - 1), n - 1 };
	catalogue_puts puts = { 0 };
	struct catalogue_git git;
	switch (data[0]) {
	case 't':
		define(pool, rest);
		break;
	case 'l':
		/* what PostgreSQL keeps in a column of JSON has no line break here */
		if (!memchr(rest.p, '\n', rest.n))
			row(pool, STR("SELECT 1"), rest);
		break;
	case 'p':
		catalogue_read_puts(pool, &opts, rest, (struct str){ "", 0 }, NULL, "stdin", &puts, &err);
		break;
	case 'g':
		if (!memchr(rest.p, 0, rest.n) && catalogue_git_parse(pool, rest.p, &git, &err) == 0 &&
		    (!git.url || !*git.ref || !git.path))
			abort();
		break;
	case 'f':
		place(pool, rest);
		break;
	default:
		expression(pool, rest);
	}
	return 0;
}
