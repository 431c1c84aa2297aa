/* The foundation: files and time. */
#include "base/fs.h"
#include "base/time.h"
#include "pooled.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct mst_error err;
static char dir[] = "/tmp/mst-test.XXXXXX";

static int enter(void **state)
{
	(void)state;
	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	(void)state;
	static const char *const files[] = { "a/b/c", "a/b", "a.x", "a", "file", "link", "up", "dangling" };
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (unlink(files[i]) < 0)
			rmdir(files[i]);
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static void a_written_file_is_read_back(void **state)
{
	(void)state;
	struct str s;
	assert_int_equal(fs_write_file("file", (struct str){ "one\0two", 7 }, 0640, &err), 0);
	assert_int_equal(fs_read_file(pool, "file", 0, &s, &err), 0);
	assert_int_equal(s.n, 7);
	assert_memory_equal(s.p, "one\0two", 8);
	assert_int_equal(fs_read_file(pool, "file", 7, &s, &err), 0);
	assert_int_equal(fs_read_file(pool, "file", 6, &s, &err), MST_LIMIT);
	assert_string_equal(err.msg, "file: larger than 6 bytes");
	assert_int_equal(fs_write_file("file", STR(""), 0640, &err), 0);
	assert_int_equal(fs_read_file(pool, "file", 1, &s, &err), 0);
	assert_int_equal(s.n, 0);
	struct stat st;
	assert_int_equal(stat("file", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
}

static void what_has_no_size_is_read_to_its_end(void **state)
{
	(void)state;
	int fd[2];
	struct str s;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(fs_write_all(fd[1], "abc", 3, "pipe", &err), 0);
	close(fd[1]);
	assert_int_equal(fs_read_fd(pool, fd[0], "pipe", 0, &s, &err), 0);
	assert_true(str_eqz(s, "abc"));
	close(fd[0]);
	fd[0] = open("/proc/self/status", O_RDONLY);
	assert_int_equal(fs_read_fd(pool, fd[0], "status", 0, &s, &err), 0);
	assert_true(s.n > 100);
	close(fd[0]);
	fd[0] = open("/dev/zero", O_RDONLY);
	assert_int_equal(fs_read_fd(pool, fd[0], "zero", 100000, &s, &err), MST_LIMIT);
	close(fd[0]);
}

static void what_cannot_be_opened_is_told(void **state)
{
	(void)state;
	struct str s = STR("as it was");
	assert_int_equal(fs_read_file(pool, "absent", 0, &s, &err), MST_NOT_FOUND);
	assert_string_equal(err.msg, "absent: cannot open: No such file or directory");
	assert_int_equal(fs_read_file(pool, ".", 0, &s, &err), MST_IO);
	assert_string_equal(err.msg, ".: cannot read: Is a directory");
	assert_true(str_eqz(s, "as it was"));
	assert_int_equal(fs_write_file("absent/file", STR("x"), 0600, &err), MST_NOT_FOUND);
	int fd = open("/dev/full", O_WRONLY);
	assert_int_equal(fs_write_all(fd, "x", 1, "stdout", &err), MST_IO);
	assert_string_equal(err.msg, "stdout: cannot write: No space left on device");
	close(fd);
}

static void folders_are_made_with_their_parents(void **state)
{
	(void)state;
	assert_int_equal(fs_mkdirs("a/b", 0755, &err), 0);
	assert_int_equal(fs_mkdirs("a/b", 0755, &err), 0);
	assert_int_equal(fs_mkdirs("a//b/", 0755, &err), 0);
	assert_true(fs_is_dir("a/b") && fs_exists("a"));
	assert_int_equal(fs_write_file("file", STR("x"), 0600, &err), 0);
	assert_int_equal(fs_mkdirs("file", 0755, &err), MST_IO);
	assert_string_equal(err.msg, "file: exists and is not a folder");
	assert_int_equal(fs_mkdirs("file/x", 0755, &err), MST_IO);
	assert_int_equal(fs_mkdirs("", 0755, &err), MST_USAGE);
	assert_false(fs_is_dir("file") || fs_exists("nothing"));
}

static void a_folder_is_listed_in_the_order_of_paths(void **state)
{
	(void)state;
	fs_entries e = { 0 };
	struct buf b;
	buf_init(&b, pool);
	assert_int_equal(fs_mkdirs("a/b", 0755, &err), 0);
	assert_int_equal(fs_write_file("a.x", STR("x"), 0600, &err), 0);
	assert_int_equal(symlink("a", "link"), 0);
	assert_int_equal(symlink("absent", "dangling"), 0);
	assert_int_equal(fs_list(pool, ".", &e, &err), 0);
	for (size_t i = 0; i < e.n; i++)
		buf_printf(&b, "%s%s ", e.v[i].name, e.v[i].is_dir ? "/" : "");
	/* "a.x" before "a/": a folder sorts as its paths do */
	assert_string_equal(buf_cstr(&b), "a.x a/ dangling file link/ ");
	assert_int_equal(fs_list(pool, "absent", &e, &err), MST_NOT_FOUND);
	assert_int_equal(e.n, 5);
}

static void paths_are_joined_and_made_absolute(void **state)
{
	(void)state;
	assert_string_equal(fs_join(pool, "a", "b"), "a/b");
	assert_string_equal(fs_join(pool, "a/", "b"), "a/b");
	assert_string_equal(fs_join(pool, "a", "/b"), "/b");
	assert_string_equal(fs_join(pool, "", "b"), "b");
	assert_string_equal(fs_absolute(pool, "/a/./b//c/../d/"), "/a/b/d");
	assert_string_equal(fs_absolute(pool, "/.."), "/");
	assert_string_equal(fs_absolute(pool, "/../../x"), "/x");
	assert_string_equal(fs_absolute(pool, "x/../y"), pool_printf(pool, "%s/y", dir));
}

static void home_is_a_folder_from_the_root(void **state)
{
	(void)state;
	setenv("HOME", "/somewhere", 1);
	assert_string_equal(fs_home(pool), "/somewhere");
	setenv("HOME", "relative", 1);
	const char *home = fs_home(pool);
	assert_true(!home || home[0] == '/');
}

static const char *iso(int64_t us)
{
	char out[TIME_ISO_MAX];
	return pool_strdup(pool, time_iso(out, us));
}

static void times_are_written_in_utc(void **state)
{
	(void)state;
	assert_string_equal(iso(0), "1970-01-01T00:00:00Z");
	assert_string_equal(iso(-1), "1969-12-31T23:59:59.999999Z");
	assert_string_equal(iso(INT64_C(1790325000123400)), "2026-09-25T08:30:00.1234Z");
	assert_string_equal(iso(INT64_C(951782400) * US_PER_S), "2000-02-29T00:00:00Z");
	assert_string_equal(iso(INT64_C(-62135596800) * US_PER_S), "0001-01-01T00:00:00Z");
	assert_true(strlen(iso(INT64_MAX)) < TIME_ISO_MAX && strlen(iso(INT64_MIN)) < TIME_ISO_MAX);
}

static const char *parsed(const char *text)
{
	int64_t us;
	return time_parse_iso(str_of(text), &us, &err) ? err.msg : iso(us);
}

static void times_are_read_with_their_zone(void **state)
{
	(void)state;
	assert_string_equal(parsed("2026-11-22T09:30:00Z"), "2026-11-22T09:30:00Z");
	assert_string_equal(parsed("2026-11-22 09:30:00.5+01"), "2026-11-22T08:30:00.5Z");
	assert_string_equal(parsed("2026-11-22T09:30:00-05:30"), "2026-11-22T15:00:00Z");
	assert_string_equal(parsed("2026-11-22T09:30:00.123456789+0000"), "2026-11-22T09:30:00.123456Z");
	assert_string_equal(parsed("2026-11-22"), "2026-11-22T00:00:00Z");
	assert_string_equal(parsed("2024-02-29T24:00:00Z"), "2024-03-01T00:00:00Z");
	static const char *const bad[] = { "", "2026-13-01", "2026-02-29", "2023-02-30", "2026-01-01T24:30:00Z",
					   "2026-01-01T10:60:00Z", "2026-01-01T10:00:00.Z", "2026-01-01T10:00:00Zx",
					   "2026-01-01T10:00:00+99", "26-01-01", "2026-1-1", "2026-00-10" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_string_equal(parsed(bad[i]), pool_printf(pool, "not a time: '%s'", bad[i]));
}

static void each_day_comes_back(void **state)
{
	(void)state;
	for (int64_t day = -800000; day < 1000000; day += 37) {
		int64_t us = day * 86400 * US_PER_S, back;
		const char *text = iso(us);
		if (text[0] == '-' || text[4] != '-')
			continue;
		assert_int_equal(time_parse_iso(str_of(text), &back, &err), 0);
		assert_true(back == us);
		pool_clear(pool);
	}
}

static const char *shortly(int64_t us)
{
	char out[TIME_SHORT_MAX];
	return pool_strdup(pool, time_short(out, us));
}

static void durations_are_short_for_people(void **state)
{
	(void)state;
	assert_string_equal(shortly(312), "312 us");
	assert_string_equal(shortly(4200), "4.2 ms");
	assert_string_equal(shortly(9960), "10 ms");
	assert_string_equal(shortly(999600), "1.0 s");
	assert_string_equal(shortly(1300000), "1.3 s");
	assert_string_equal(shortly(59960000), "1m00s");
	assert_string_equal(shortly(125 * US_PER_S), "2m05s");
	assert_string_equal(shortly((3 * 3600 + 7 * 60 + 59) * US_PER_S), "3h07m");
	assert_string_equal(shortly(52 * 3600 * US_PER_S), "2d04h");
	assert_string_equal(shortly(-1500), "-1.5 ms");
	assert_string_equal(shortly(INT64_MIN), "-106751991d04h");
}

static void durations_are_read_with_their_units(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t us;
	} good[] = { { "10s", 10 * US_PER_S },    { "1h30m", 5400 * US_PER_S },  { "500ms", 500000 },
		     { "2d", 172800 * US_PER_S }, { "1w", 604800 * US_PER_S },   { " 90 ", 90 * US_PER_S },
		     { "0", 0 },                  { "7us", 7 },                  { "2min", 120 * US_PER_S } };
	int64_t us;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_int_equal(time_parse_duration(str_of(good[i].text), &us, &err), 0);
		assert_true(us == good[i].us);
	}
	static const char *const bad[] = { "", "s", "1x", "-1s", "1.5h", "1 h", "99999999999999999999s", "300000000000w" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(time_parse_duration(str_of(bad[i]), &us, &err), MST_DATA);
		assert_string_equal(err.msg, pool_printf(pool, "not a duration: '%s'", bad[i]));
		assert_string_equal(err.hint, "write it as 500ms, 10s, 5m, 1h30m, 2d or 1w");
	}
}

static void clocks_go_forward(void **state)
{
	(void)state;
	int64_t a = time_mono_us(), b = time_mono_us();
	assert_true(a > 0 && b >= a);
	assert_true(time_now_us() > INT64_C(1700000000) * US_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(a_written_file_is_read_back), T(what_has_no_size_is_read_to_its_end), T(what_cannot_be_opened_is_told),
		T(folders_are_made_with_their_parents), T(a_folder_is_listed_in_the_order_of_paths),
		T(paths_are_joined_and_made_absolute), T(home_is_a_folder_from_the_root), T(times_are_written_in_utc),
		T(times_are_read_with_their_zone), T(each_day_comes_back), T(durations_are_short_for_people),
		T(durations_are_read_with_their_units), T(clocks_go_forward),
#undef T
	};
	return cmocka_run_group_tests(tests, enter, leave);
}
