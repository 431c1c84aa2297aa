/* A private cluster for the tests of one program: made on first use, gone at its end.
 * Tests that need it begin with  struct db *db = private_db(pool);  which skips them
 * where there is no PostgreSQL. */
#ifndef MST_TESTS_PRIVATE_H
#define MST_TESTS_PRIVATE_H

#include "base/error.h"
#include "db/db.h"
#include "proc/cluster.h"
#include "proc/spawn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <cmocka.h>

static struct pool *private_pool;
static struct cluster *private_cluster;
static struct cluster_state private_state;

/* The connection string of one of its databases. */
static inline const char *private_conninfo(const char *database)
{
	struct mst_error err = { 0 };
	if (!private_cluster) {
		char *home = pool_strdup((private_pool = pool_new(NULL)), "/tmp/mst-unit.XXXXXX");
		assert_non_null(mkdtemp(home));
		assert_int_equal(chmod(home, 0755), 0);
		struct cluster_opts o = { .home = home };
		assert_int_equal(cluster_open(private_pool, &o, &private_cluster, &err), 0);
		if (cluster_start(private_pool, private_cluster, &private_state, &err) == MST_NOT_FOUND)
			skip();
		if (err.code)
			fail_msg("%s", err.msg);
	} else if (!private_state.ready)
		skip();
	return cluster_conninfo(private_pool, &private_state, database);
}

static inline struct db *private_open(struct pool *pool, const char *database)
{
	struct mst_error err;
	struct db *db;
	if (db_open(pool, private_conninfo(database), "test", NULL, &db, &err))
		fail_msg("%s", err.msg);
	return db;
}

/* As the superuser; the schema of mst is not there. */
static inline struct db *private_db(struct pool *pool)
{
	return private_open(pool, CLUSTER_DB_STATE);
}

/* For cmocka_run_group_tests. */
static inline int private_end(void **state)
{
	(void)state;
	struct mst_error err;
	struct proc_output out;
	if (!private_cluster)
		return 0;
	cluster_stop(private_cluster, NULL, &err);
	struct proc_opts rm = { .argv = (const char *const[]){ "rm", "-rf", "--", cluster_home(private_cluster), NULL } };
	proc_capture(private_pool, &rm, STR(""), 4096, 0, NULL, &out, &err);
	pool_free(private_pool);
	return 0;
}

#endif
