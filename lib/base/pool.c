#include "base/pool.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Under ASan every allocation is a block of its own, so that an overrun of one
 * byte is seen. */
#if defined(__SANITIZE_ADDRESS__)
#define LARGE_MIN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LARGE_MIN 1
#endif
#endif
#ifndef LARGE_MIN
#define LARGE_MIN 8192
#endif

#define HUGE_MIN ((size_t)4 << 20)
#define FIRST_BLOCK 4000
#define BLOCK_MAX (256 * 1024)
#define ALIGN(n) (((n) + 15) & ~(size_t)15)

struct block {
	struct block *next;
	size_t cap;
	_Alignas(16) char data[];
};

struct large {
	struct large *prev, *next;
	size_t n;
	_Alignas(16) char data[];
};

struct release {
	struct release *next;
	void (*fn)(void *);
	void *arg;
};

struct pool {
	struct pool *parent, *child, *prev, *next;
	struct block *block; /* newest first */
	size_t used, block_size, bytes;
	struct large *large;
	struct release *release;
	bool wipe;
};

void mst_out_of_memory(void)
{
	static const char text[] = ": out of memory\n";
	const char *name = program_invocation_short_name;
	ssize_t r = write(2, name, strlen(name));
	r = write(2, text, sizeof text - 1);
	(void)r;
	_exit(7);
}

static void *raw_alloc(size_t n)
{
	void *p = malloc(n);
	if (!p)
		mst_out_of_memory();
	return p;
}

struct pool *pool_new(struct pool *parent)
{
	struct pool *p = raw_alloc(sizeof *p);
	*p = (struct pool){ .parent = parent, .block_size = FIRST_BLOCK, .wipe = parent && parent->wipe };
	if (parent) {
		p->next = parent->child;
		if (p->next)
			p->next->prev = p;
		parent->child = p;
	}
	return p;
}

struct pool *pool_new_wiped(struct pool *parent)
{
	struct pool *p = pool_new(parent);
	p->wipe = true;
	return p;
}

static void free_block(struct pool *p, struct block *b)
{
	if (p->wipe)
		explicit_bzero(b->data, b->cap);
	free(b);
}

static void free_large(struct pool *p, struct large *l)
{
	if (p->wipe)
		explicit_bzero(l->data, l->n);
	free(l);
}

/* Children, callbacks and large blocks; the plain blocks stay. */
static void empty(struct pool *p)
{
	while (p->child)
		pool_free(p->child);
	while (p->release) {
		struct release *r = p->release;
		p->release = r->next;
		r->fn(r->arg);
	}
	while (p->large) {
		struct large *l = p->large;
		p->large = l->next;
		free_large(p, l);
	}
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	empty(p);
	while (p->block) {
		struct block *b = p->block;
		p->block = b->next;
		free_block(p, b);
	}
	if (p->parent && p->parent->child == p)
		p->parent->child = p->next;
	if (p->prev)
		p->prev->next = p->next;
	if (p->next)
		p->next->prev = p->prev;
	free(p);
}

void pool_clear(struct pool *p)
{
	empty(p);
	while (p->block && p->block->next) {
		struct block *b = p->block;
		p->block = b->next;
		free_block(p, b);
	}
	if (p->wipe && p->block)
		explicit_bzero(p->block->data, p->block->cap);
	p->used = 0;
	p->bytes = 0;
}

/* A graph of a million nodes takes a third of its time in page faults and misses of the
 * address cache where pages are small.  Where the kernel knows no large ones, nothing
 * is lost. */
static void large_pages(struct large *l, size_t n)
{
	uintptr_t from = ((uintptr_t)l->data + 4095) & ~(uintptr_t)4095, to = ((uintptr_t)l->data + n) & ~(uintptr_t)4095;
	if (n >= HUGE_MIN)
		madvise((void *)from, to - from, MADV_HUGEPAGE);
}

static void *large_alloc(struct pool *p, size_t n)
{
	if (n > PTRDIFF_MAX - sizeof(struct large))
		mst_out_of_memory();
	struct large *l = raw_alloc(sizeof *l + n);
	l->n = n;
	l->prev = NULL;
	l->next = p->large;
	if (l->next)
		l->next->prev = l;
	p->large = l;
	p->bytes += n;
	large_pages(l, n);
	return l->data;
}

void *pool_alloc(struct pool *p, size_t n)
{
	if (n == 0)
		n = 1;
	if (n >= LARGE_MIN)
		return large_alloc(p, n);
	size_t need = ALIGN(n);
	if (!p->block || p->block->cap - p->used < need) {
		size_t cap = p->block_size;
		if (cap < need)
			cap = need;
		struct block *b = raw_alloc(sizeof *b + cap);
		b->next = p->block;
		b->cap = cap;
		p->block = b;
		p->used = 0;
		if (p->block_size < BLOCK_MAX)
			p->block_size *= 2;
	}
	void *r = p->block->data + p->used;
	p->used += need;
	p->bytes += need;
	return r;
}

void *pool_zalloc(struct pool *p, size_t n)
{
	return memset(pool_alloc(p, n), 0, n);
}

void *pool_realloc(struct pool *p, void *old_p, size_t old, size_t n)
{
	if (!old_p || old == 0)
		return pool_alloc(p, n);
	if (old >= LARGE_MIN && n >= LARGE_MIN && !p->wipe) {
		if (n > PTRDIFF_MAX - sizeof(struct large))
			mst_out_of_memory();
		struct large *l = (struct large *)(void *)((char *)old_p - offsetof(struct large, data));
		struct large *m = realloc(l, sizeof *l + n);
		if (!m)
			mst_out_of_memory();
		m->n = n;
		if (m->prev)
			m->prev->next = m;
		else
			p->large = m;
		if (m->next)
			m->next->prev = m;
		p->bytes += n - old;
		large_pages(m, n);
		return m->data;
	}
	if (old < LARGE_MIN) {
		size_t was = ALIGN(old), need = ALIGN(n ? n : 1);
		/* a size of LARGE_MIN says that the piece is a large one, so it must become one */
		if (need <= was && n < LARGE_MIN)
			return old_p;
		/* the newest piece grows where it stands */
		if (n < LARGE_MIN && p->block && (char *)old_p + was == p->block->data + p->used &&
		    p->block->cap - p->used >= need - was) {
			p->used += need - was;
			p->bytes += need - was;
			return old_p;
		}
	}
	void *r = pool_alloc(p, n);
	memcpy(r, old_p, old < n ? old : n);
	if (p->wipe)
		pool_give_back(p, old_p, old);
	return r;
}

void pool_give_back(struct pool *p, void *old, size_t n)
{
	if (!old || n < LARGE_MIN)
		return;
	struct large *l = (struct large *)(void *)((char *)old - offsetof(struct large, data));
	if (l->prev)
		l->prev->next = l->next;
	else
		p->large = l->next;
	if (l->next)
		l->next->prev = l->prev;
	p->bytes -= n;
	free_large(p, l);
}

void *pool_array(struct pool *p, size_t n, size_t size)
{
	size_t total;
	if (__builtin_mul_overflow(n, size, &total))
		mst_out_of_memory();
	return pool_alloc(p, total);
}

char *pool_memdup(struct pool *p, const void *s, size_t n)
{
	if (n == SIZE_MAX)
		mst_out_of_memory();
	char *r = pool_alloc(p, n + 1);
	if (n)
		memcpy(r, s, n);
	r[n] = 0;
	return r;
}

char *pool_strdup(struct pool *p, const char *s)
{
	return pool_memdup(p, s, strlen(s));
}

char *pool_vprintf(struct pool *p, const char *fmt, va_list ap)
{
	va_list copy;
	va_copy(copy, ap);
	int n = vsnprintf(NULL, 0, fmt, copy);
	va_end(copy);
	if (n < 0)
		mst_out_of_memory();
	char *r = pool_alloc(p, (size_t)n + 1);
	vsnprintf(r, (size_t)n + 1, fmt, ap);
	return r;
}

char *pool_printf(struct pool *p, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *r = pool_vprintf(p, fmt, ap);
	va_end(ap);
	return r;
}

void pool_on_free(struct pool *p, void (*fn)(void *), void *arg)
{
	struct release *r = pool_alloc(p, sizeof *r);
	*r = (struct release){ p->release, fn, arg };
	p->release = r;
}

size_t pool_bytes(const struct pool *p)
{
	return p->bytes;
}

void pool_scope_end_(struct pool **p)
{
	pool_free(*p);
}
