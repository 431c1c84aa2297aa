/* Puts a table into the catalogue, makes it, shows what became of it. */
#include <mst.h>
#include <stdio.h>

static int show(void *arg, const char *json, size_t n)
{
	(void)arg;
	return fwrite(json, 1, n, stdout) != n || putchar('\n') == EOF;
}

int main(int argc, char **argv)
{
	struct mst_options o = { .home = argc > 1 ? argv[1] : NULL };
	const char *sql = "SELECT 'hello' AS world";
	mst_handle *m;
	int64_t run;
	int rc = mst_open(&o, &m);
	if (!rc)
		rc = mst_table_put(m, "demo.hello", sql, NULL);
	if (!rc)
		rc = mst_run(m, (const char *[]){ "demo.hello" }, 1, &run);
	if (!rc)
		rc = mst_run_get(m, run, show, NULL);
	if (!rc)
		rc = mst_run_jobs(m, run, show, NULL);
	if (rc < 0)
		fprintf(stderr, "%s\n", mst_message(m));
	mst_close(m);
	return rc != 0;
}
