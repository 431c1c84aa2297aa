/* cmocka, and one pool a test: cmocka_unit_test_setup_teardown(f, setup, teardown). */
#ifndef MST_TESTS_POOLED_H
#define MST_TESTS_POOLED_H

#include "base/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct pool *pool;

static int setup(void **state)
{
	(void)state;
	pool = pool_new(NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pool_free(pool);
	return 0;
}

#endif
