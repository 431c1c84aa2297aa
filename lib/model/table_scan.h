/* Many SQL texts to `table` lines: files on all cores, or the lines of a pipe. */
#ifndef MST_MODEL_TABLE_SCAN_H
#define MST_MODEL_TABLE_SCAN_H

#include "model/table.h"

/* A larger file is refused (MST_LIMIT). */
#define SCAN_FILE_MAX ((size_t)1 << 30)

struct scan_opts {
	struct table_opts table;
	unsigned threads; /* at least 1 */
	bool relative;    /* file as given, not absolute */
	struct str name;  /* for the only text, or empty */
};

/* What comes out, all on the calling thread and in order. */
struct scan_sink {
	/* whole lines; < 0 ends everything */
	int (*lines)(void *arg, struct str lines, struct mst_error *);
	/* a diagnostic of the line that comes next; file as given */
	void (*diag)(void *arg, const char *file, const struct sql_diag *);
	/* a file or folder that cannot be read; everything else goes on */
	void (*fail)(void *arg, const struct mst_error *);
	void *arg;
};

struct scan_counts {
	uint64_t tables, errors, warnings; /* lines of tables; diagnostics */
	int failed;                        /* code of the first file that could not be read, or 0 */
};

/* Files and folders (see table_walk.h). */
int scan_files(struct pool *, const struct scan_opts *, char *const *operands, size_t n,
	       const struct scan_sink *,
	       struct scan_counts *, struct mst_error *);
/* A pipe (`name` is for errors).  Where the first byte that is no blank is a brace
 * with a quote or a brace behind it the input is JSON Lines: `table` lines that
 * carry `sql` are inferred anew, all other lines pass byte for byte; a broken
 * line is MST_DATA with its number, when all before it are written.  Anything
 * else is one SQL text: its line always carries it as `sql`, has no `file`, and
 * is named by opts->name, its header, or "stdin". */
int scan_stream(struct pool *, const struct scan_opts *, int fd, const char *name, const struct scan_sink *,
		struct scan_counts *, struct mst_error *);

#endif
