/* Puts a table into the catalogue, makes it, shows what became of it:
 *     cc hello.c $(pkg-config --cflags --libs mst) -o hello && ./hello */
#include <mst.h>
#include <stdio.h>

static int show(void *arg, const char *json, size_t n)
{
	(void)arg;
	return fwrite(json, 1, n, stdout) != n || putchar('\n') == EOF;
}

int main(int argc, char **argv)
{
	struct mst_options options = { .home = argc > 1 ? argv[1] : NULL };
	mst_handle *m;
	int64_t revision, run = 0;
	int rc = mst_open(&options, &m);
	if (!rc)
		rc = mst_table_put(m, "demo.hello", "-- mst: dialect: postgres\nSELECT 'hello' AS world", &revision);
	if (!rc)
		rc = mst_run(m, (const char *[]){ "demo.hello" }, 1, &run);
	if (!rc)
		rc = mst_run_get(m, run, show, NULL);
	if (!rc)
		rc = mst_run_jobs(m, run, show, NULL);
	if (rc < 0)
		fprintf(stderr, "hello: %s\n%s\n", mst_message(m), mst_hint_text(m));
	mst_close(m);
	return rc != 0;
}
