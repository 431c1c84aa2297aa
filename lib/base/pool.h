/* Memory pools.
 *
 * Everything lives in a pool; pools form a tree.  Freeing or clearing a pool
 * frees its children first, then runs its release callbacks in reverse order
 * of registration, then gives the memory back.  Out of memory (or a size that
 * overflows) ends the process with a message and status 7: no function here
 * returns NULL.  A pool belongs to one thread at a time. */
#ifndef MST_BASE_POOL_H
#define MST_BASE_POOL_H

#include <stdarg.h>
#include <stddef.h>

struct pool;

/* A new pool; `parent` may be NULL.  A child dies with its parent. */
struct pool *pool_new(struct pool *parent);
/* A pool for secrets: its memory, and that of its children, is overwritten before it is given back. */
struct pool *pool_new_wiped(struct pool *parent);
/* Frees the pool, its children and all memory; NULL is allowed. */
void pool_free(struct pool *);
/* As pool_free, but the pool itself stays usable and keeps one block. */
void pool_clear(struct pool *);

/* `n` bytes, aligned to 16; the content is undefined (alloc) or zero (zalloc). */
void *pool_alloc(struct pool *, size_t n);
void *pool_zalloc(struct pool *, size_t n);
/* Grows or shrinks `p`, which holds `old` bytes of this same pool (NULL when
 * old is 0).  In place where it can be. */
void *pool_realloc(struct pool *, void *p, size_t old, size_t n);
/* Gives `n` bytes back before their time: at once where they are a large piece; small
 * pieces wait for the pool.  For tables that grow by copying. */
void pool_give_back(struct pool *, void *p, size_t n);
/* n * size with a check for overflow. */
void *pool_array(struct pool *, size_t n, size_t size);
char *pool_strdup(struct pool *, const char *s);
/* Copies exactly n bytes and adds a NUL. */
char *pool_memdup(struct pool *, const void *p, size_t n);
char *pool_printf(struct pool *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *pool_vprintf(struct pool *, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* Calls fn(arg) when the pool is freed or cleared. */
void pool_on_free(struct pool *, void (*fn)(void *arg), void *arg);
/* Bytes handed out by this pool alone, for tests and limits. */
size_t pool_bytes(const struct pool *);

void pool_scope_end_(struct pool **);
/* A scratch pool that is freed at the end of the scope. */
#define POOL_SCRATCH(name) \
	struct pool *name __attribute__((cleanup(pool_scope_end_))) = pool_new(NULL)

/* The same for secrets. */
#define POOL_SCRATCH_WIPED(name) \
	struct pool *name __attribute__((cleanup(pool_scope_end_))) = pool_new_wiped(NULL)

/* Ends the process with "PROGRAM: out of memory", status 7. */
void mst_out_of_memory(void) __attribute__((noreturn));

#endif
