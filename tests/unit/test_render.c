/* Tables, CSV fields, widths, output formats and live progress, byte for byte. */
#include "base/fs.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "cli/stdout.h"
#include "render/csv.h"
#include "render/table.h"
#include "render/width.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char path[64];

/* What is written to `fd` from here on goes into a file, until told. */
static int divert(int fd)
{
	int old = dup(fd), file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(old >= 0 && file >= 0);
	fflush(stdout);
	dup2(file, fd);
	close(file);
	return old;
}

static const char *told(struct pool *pool, int fd, int old)
{
	struct str text;
	struct mst_error err;
	dup2(old, fd);
	close(old);
	assert_int_equal(fs_read_file(pool, path, 0, &text, &err), 0);
	return text.p;
}

static void csv(const char *text, const char *want)
{
	POOL_SCRATCH(pool);
	struct buf b;
	buf_init(&b, pool);
	csv_field(&b, str_of(text));
	assert_string_equal(buf_cstr(&b), want);
}

static void a_csv_field_is_quoted_where_it_must_be(void **state)
{
	(void)state;
	csv("plain", "plain");
	csv("", "");
	csv("a,b", "\"a,b\"");
	csv("say \"hi\"", "\"say \"\"hi\"\"\"");
	csv("two\nlines", "\"two\nlines\"");
	csv("cr\r", "\"cr\r\"");
	csv(" blank", "\" blank\"");
	csv("a b", "a b");
}

static void cut(const char *text, size_t cells, const char *want, size_t taken)
{
	POOL_SCRATCH(pool);
	struct buf b;
	buf_init(&b, pool);
	assert_int_equal(width_cut(&b, str_of(text), cells), taken);
	assert_string_equal(buf_cstr(&b), want);
}

static void text_is_cut_by_cells_and_made_harmless(void **state)
{
	(void)state;
	cut("hello", 5, "hello", 5);
	cut("hello", 4, "hel…", 4);
	cut("hello", 1, "…", 1);
	cut("hello", 0, "", 0);
	cut("日本語", 6, "日本語", 6);
	cut("日本語", 5, "日本…", 5);
	cut("日本語", 4, "日…", 3);
	cut("e\xcc\x81t\xc3\xa9", 3, "e\xcc\x81t\xc3\xa9", 2 + 1);
	cut("a\033[31mb\x7f", 20, "a?[31mb?", 8);
	cut("a\nb\tc", 20, "a b c", 5);
	cut("\xff\xfe", 20, "\xef\xbf\xbd\xef\xbf\xbd", 2);
	cut("\xc2\x9b""31m", 20, "?31m", 4);
}

static void a_table_is_aligned_by_cells(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct buf b;
	struct mst_error err;
	const struct table_col col[] = { { .title = "NAME" }, { .title = "ROWS", .right = true }, { .title = "NOTE" } };
	const struct table_cell cells[] = {
		{ .text = STR("日本") }, { .text = STR("5") },	 { .text = STR("a\033[2Jb") },
		{ .text = STR("ab") },	 { .text = STR("12345") }, { .text = STR("") },
	};
	buf_init(&b, pool);
	assert_int_equal(table_draw(&b, col, 3, cells, 2, 0, false, true, &err), 0);
	assert_string_equal(buf_cstr(&b), "NAME  ROWS NOTE\n"
					  "日本     5 a?[2Jb\n"
					  "ab   12345 \n");
}

static void a_table_shrinks_to_the_terminal(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct buf b;
	struct mst_error err;
	const struct table_col col[] = { { .title = "NAME" }, { .title = "VALUE", .shrink = true } };
	const struct table_cell cells[] = { { .text = STR("name") },
					    { .text = STR("a value that is far too long for the terminal") } };
	buf_init(&b, pool);
	assert_int_equal(table_draw(&b, col, 2, cells, 1, 20, false, true, &err), 0);
	struct str rest = buf_view(&b), line;
	while (rest.n) {
		str_cut(rest, '\n', &line, &rest);
		assert_true(width_of(line) <= 20);
	}
	assert_string_equal(buf_cstr(&b), "NAME VALUE\nname a value that i…\n");
}

static void colours_stand_around_states_only_where_asked_for(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct buf b;
	struct mst_error err;
	const struct table_col col[] = { { .title = "STATE" } };
	const struct table_cell cells[] = { { .text = STR("failed"), .color = TABLE_BAD } };
	buf_init(&b, pool);
	assert_int_equal(table_draw(&b, col, 1, cells, 1, 0, true, false, &err), 0);
	assert_string_equal(buf_cstr(&b), "\033[31mfailed\033[0m\n");
}

static const struct out_col cols[] = {
	{ .key = "name", .title = "NAME" },
	{ .key = "a.b", .title = "INNER", .kind = OUT_NUMBER },
	{ .key = "size", .title = "SIZE", .kind = OUT_BYTES },
	{ .key = "took", .title = "TOOK", .kind = OUT_DURATION_US },
	{ .key = "at", .title = "AT", .kind = OUT_TIME },
	{ .key = "list", .title = "LIST", .kind = OUT_LIST },
	{ 0 },
};

#define LINES                                                                                                      \
	"{\"type\":\"t\",\"name\":\"x,\\u00e9\",\"a\":{\"b\":1.50},\"size\":1536,\"took\":1500000,"                \
	"\"at\":\"2026-11-22T09:30:00.5Z\",\"list\":[\"p\",\"q\"]}\n"                                              \
	"{\"type\":\"other\",\"name\":\"z\"}\n"                                                                    \
	"{\"type\":\"t\",\"name\":null,\"more\":  [1, 2]}\n"

static const char *written(struct pool *pool, enum cli_format format, const struct out_col *c)
{
	struct cli cli = { .pool = pool, .format = format, .columns = 80 };
	struct mst_error err;
	int old = divert(STDOUT_FILENO);
	struct out *out = out_open(&cli, c ? "t" : NULL, c);
	int rc = out_lines(out, STR(LINES), &err);
	int rc2 = out_close(out, &err);
	const char *text = told(pool, STDOUT_FILENO, old);
	assert_int_equal(rc, 0);
	assert_int_equal(rc2, 0);
	return text;
}

static void json_passes_through_byte_for_byte(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	assert_string_equal(written(pool, CLI_JSON, cols), LINES);
}

static void csv_shows_the_values_as_they_are(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	assert_string_equal(written(pool, CLI_CSV, cols), "name,a.b,size,took,at,list\n"
							  "\"x,é\",1.50,1536,1500000,2026-11-22T09:30:00.5Z,\"p, q\"\n"
							  ",,,,,\n");
}

static void a_table_shows_them_for_people(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	setenv("TZ", "UTC", 1);
	assert_string_equal(written(pool, CLI_TABLE, cols),
			    "NAME INNER    SIZE  TOOK AT                  LIST\n"
			    "x,é   1.50 1.5 KiB 1.5 s 2026-11-22 09:30:00 p, q\n"
			    "                                             \n");
}

static const char *drawn(struct pool *pool, int columns, bool upright, const struct out_col *c, const char *lines)
{
	struct cli cli = { .pool = pool, .format = CLI_TABLE, .columns = columns, .tty_out = true };
	struct mst_error err;
	int old = divert(STDOUT_FILENO);
	struct out *out = upright ? out_open_upright(&cli, "t", c) : out_open(&cli, "t", c);
	out_usual(out, "found", "0");
	int rc = out_lines(out, str_of(lines), &err);
	int rc2 = out_close(out, &err);
	const char *text = told(pool, STDOUT_FILENO, old);
	assert_int_equal(rc, 0);
	assert_int_equal(rc2, 0);
	return text;
}

static const struct out_col who[] = {
	{ .key = "ok", .title = "OK", .kind = OUT_OK },
	{ .key = "found", .title = "FOUND", .kind = OUT_NUMBER, .may = OUT_SPARE },
	{ .key = "in", .title = "IN", .kind = OUT_MAP, .may = OUT_SHRINK },
	{ .key = "note", .title = "NOTE", .may = OUT_SHRINK_FIRST },
	{ 0 },
};

static void an_object_is_shown_in_words_and_a_column_that_says_nothing_is_left_out(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	assert_string_equal(drawn(pool, 80, false, who,
				  "{\"type\":\"t\",\"ok\":true,\"found\":0,\"in\":{\"rita\":\"read\",\"w\\u00e9\":\"write\"}}\n"
				  "{\"type\":\"t\",\"ok\":true,\"found\":0,\"in\":{},\"note\":\"n\"}\n"),
			    "OK  IN                      NOTE\n"
			    "yes rita (read), wé (write) \n"
			    "yes                         n\n");
	assert_string_equal(drawn(pool, 80, false, who,
				  "{\"type\":\"t\",\"ok\":true,\"found\":0}\n{\"type\":\"t\",\"ok\":false,\"found\":3}\n"),
			    "OK  FOUND IN NOTE\n"
			    "yes          \n"
			    "no      3    \n");
}

static void what_says_least_is_cut_first(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	static const char line[] = "{\"type\":\"t\",\"ok\":true,\"in\":{\"rita\":\"read\",\"will\":\"write\"},"
				   "\"note\":\"a note of many words\"}\n";
	assert_string_equal(drawn(pool, 42, false, who, line), "OK  IN                        NOTE\n"
							       "yes rita (read), will (write) a note of m…\n");
	assert_string_equal(drawn(pool, 30, false, who, line), "OK  IN                NOTE\n"
							       "yes rita (read), wil… a note …\n");
}

static void a_line_of_many_columns_can_stand_upright(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	assert_string_equal(drawn(pool, 20, true, who, "{\"type\":\"t\",\"ok\":true,\"note\":\"a note of many words\"}\n"),
			    "OK   yes\n"
			    "NOTE a note of many…\n");
}

static void without_columns_the_first_lines_say_them(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	assert_string_equal(written(pool, CLI_CSV, NULL), "name,a,size,took,at,list,more\n"
							  "\"x,é\",\"{\"\"b\"\":1.50}\",1536,1500000,"
							  "2026-11-22T09:30:00.5Z,\"p, q\",\n"
							  "z,,,,,,\n"
							  ",,,,,,\"1, 2\"\n");
}

static void a_long_table_is_drawn_in_parts(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct cli cli = { .pool = pool, .format = CLI_TABLE, .columns = 80 };
	struct mst_error err;
	static const struct out_col one[] = { { .key = "n", .title = "N", .kind = OUT_NUMBER }, { 0 } };
	int old = divert(STDOUT_FILENO);
	struct out *out = out_open(&cli, NULL, one);
	int rc = 0;
	for (int i = 0; i < 10001 && rc == 0; i++)
		rc = out_line(out, str_of(pool_printf(pool, "{\"n\":%d}", i)), &err);
	struct stat before, after;
	rc = rc ? rc : out_flush(out, &err);
	fstat(STDOUT_FILENO, &before);
	rc = rc ? rc : out_close(out, &err);
	fstat(STDOUT_FILENO, &after);
	const char *text = told(pool, STDOUT_FILENO, old);
	assert_int_equal(rc, 0);
	assert_int_equal(before.st_size, 10001 * 5);
	assert_int_equal(after.st_size, 10001 * 5 + 6);
	assert_memory_equal(text, "   N\n   0\n", 10);
	assert_string_equal(text + 10001 * 5, "10000\n");
}

static void a_full_stdout_is_an_error(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct cli cli = { .pool = pool, .format = CLI_JSON };
	struct mst_error err;
	int old = dup(STDOUT_FILENO), full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	fflush(stdout);
	dup2(full, STDOUT_FILENO);
	close(full);
	struct out *out = out_open(&cli, NULL, NULL);
	int rc = out_line(out, STR("{}"), &err), rc2 = out_close(out, &err);
	dup2(old, STDOUT_FILENO);
	close(old);
	assert_int_equal(rc, 0);
	assert_int_equal(rc2, MST_IO);
	assert_string_equal(err.msg, "stdout: cannot write: No space left on device");
}

static void progress_is_redrawn_in_place_and_goes(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct cli cli = { .pool = pool, .tty_err = true, .columns = 12 };
	int old = divert(STDERR_FILENO);
	setenv("TERM", "xterm", 1);
	struct progress *p = progress_open(&cli, 2);
	progress_set_line(p, 0, "job a");
	progress_status(p, "0/2");
	/* too soon: nothing is drawn, but it is due */
	progress_set_line(p, 1, "a job with a long name");
	int due = progress_due_ms(p);
	usleep(110000);
	progress_tick(p);
	int idle = progress_due_ms(p);
	progress_print_above(p, "done\033 b");
	progress_status(p, "1/2");
	usleep(110000);
	/* lines are seen together with the status that belongs to them */
	progress_set_line(p, 0, NULL);
	progress_status(p, "2/2");
	progress_close(p);
	progress_close(p);
	progress_status(p, "late");
	const char *text = told(pool, STDERR_FILENO, old);
	assert_true(due > 0 && due <= 101);
	assert_int_equal(idle, -1);
	assert_string_equal(text, "job a\033[K\n0/2\033[K\n\033[J"
				  "\033[2A\rjob a\033[K\na job with…\033[K\n0/2\033[K\n\033[J"
				  "\033[3A\r\033[J"
				  "done? b\n"
				  "a job with…\033[K\n2/2\033[K\n\033[J"
				  "\033[2A\r\033[J");
}

static void progress_is_silent_in_a_pipe_but_for_what_stays(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct cli cli = { .pool = pool, .columns = 80 };
	int old = divert(STDERR_FILENO);
	struct progress *p = progress_open(&cli, 2);
	bool live = progress_is_live(p);
	progress_set_line(p, 0, "job a");
	progress_status(p, "1/2");
	progress_print_above(p, "done");
	progress_close(p);
	assert_string_equal(told(pool, STDERR_FILENO, old), "done\n");
	assert_false(live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_csv_field_is_quoted_where_it_must_be),
		cmocka_unit_test(text_is_cut_by_cells_and_made_harmless),
		cmocka_unit_test(a_table_is_aligned_by_cells),
		cmocka_unit_test(a_table_shrinks_to_the_terminal),
		cmocka_unit_test(colours_stand_around_states_only_where_asked_for),
		cmocka_unit_test(json_passes_through_byte_for_byte),
		cmocka_unit_test(csv_shows_the_values_as_they_are),
		cmocka_unit_test(a_table_shows_them_for_people),
		cmocka_unit_test(an_object_is_shown_in_words_and_a_column_that_says_nothing_is_left_out),
		cmocka_unit_test(what_says_least_is_cut_first),
		cmocka_unit_test(a_line_of_many_columns_can_stand_upright),
		cmocka_unit_test(without_columns_the_first_lines_say_them),
		cmocka_unit_test(a_long_table_is_drawn_in_parts),
		cmocka_unit_test(a_full_stdout_is_an_error),
		cmocka_unit_test(progress_is_redrawn_in_place_and_goes),
		cmocka_unit_test(progress_is_silent_in_a_pipe_but_for_what_stays),
	};
	snprintf(path, sizeof path, "/tmp/mst-render-%ld", (long)getpid());
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return rc;
}
