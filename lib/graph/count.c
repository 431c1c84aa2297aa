#include "graph/graph.h"

#include <math.h>
#include <string.h>

/* Downstream rows in topological positions: both counts walk them again and
 * again, and neighbours in the order lie near each other in memory. */
struct placed {
	uint32_t n;
	uint32_t *at, *to;
};

static struct placed place(struct pool *pool, const struct graph *g, const struct graph_order *o)
{
	struct placed p = { g->n, pool_array(pool, (size_t)g->n + 1, sizeof *p.at),
			    pool_array(pool, g->m, sizeof *p.to) };
	uint32_t *pos = pool_array(pool, g->n, sizeof *pos), k = 0;
	for (uint32_t i = 0; i < g->n; i++)
		pos[o->node[i]] = i;
	for (uint32_t i = 0; i < g->n; i++) {
		uint32_t u = o->node[i];
		p.at[i] = k;
		for (uint32_t e = g->out_at[u]; e < g->out_at[u + 1]; e++)
			p.to[k++] = pos[g->out[e]];
	}
	p.at[g->n] = k;
	return p;
}

#define WORDS 8
#define COLUMNS (WORDS * 64)
#define AHEAD 24

struct row {
	uint64_t w[WORDS];
};

/* bits[i]: what position i reaches within the block of columns, itself included. */
static inline __attribute__((always_inline)) void block(const struct placed *p, const uint32_t *column,
	uint32_t first, uint32_t end, struct row *bits, uint32_t *count)
{
	for (uint32_t i = end; i-- > 0;) {
		struct row r = { { 0 } };
		for (uint32_t e = p->at[i]; e < p->at[i + 1]; e++) {
			uint32_t v = p->to[e];
			/* rows lie far apart: those of the next nodes are asked for early */
			__builtin_prefetch(&bits[p->to[e > AHEAD ? e - AHEAD : 0]]);
			if (v >= end)
				continue;
			for (unsigned k = 0; k < WORDS; k++)
				r.w[k] |= bits[v].w[k];
		}
		unsigned sum = 0;
		for (unsigned k = 0; k < WORDS; k++)
			sum += (unsigned)__builtin_popcountll(r.w[k]);
		count[i] += sum;
		if (column[i] >= first && column[i] != UINT32_MAX) {
			uint32_t c = column[i] - first;
			r.w[c / 64] |= UINT64_C(1) << (c % 64);
		}
		bits[i] = r;
	}
}

static void count_plain(const struct placed *p, const uint32_t *column, uint32_t first, uint32_t end,
			struct row *bits, uint32_t *count)
{
	block(p, column, first, end, bits, count);
}

#if defined(__x86_64__)
/* The same text for processors of the last ten years, which count bits and work on 256
 * of them at once: half the time. */
__attribute__((target("avx2,popcnt"))) static void count_avx2(const struct placed *p, const uint32_t *column,
							      uint32_t first, uint32_t end, struct row *bits,
							      uint32_t *count)
{
	block(p, column, first, end, bits, count);
}
#endif

void graph_count_exact(const struct graph *g, const struct graph_order *o, const uint8_t *counted,
		       uint32_t *count)
{
	POOL_SCRATCH(tmp);
	struct placed p = place(tmp, g, o);
	struct row *bits = pool_array(tmp, g->n, sizeof *bits);
	uint32_t *column = pool_array(tmp, g->n, sizeof *column), *sum = pool_array(tmp, g->n, sizeof *sum);
	uint32_t columns = 0;
	void (*count_block)(const struct placed *, const uint32_t *, uint32_t, uint32_t, struct row *,
			    uint32_t *) = count_plain;
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt"))
		count_block = count_avx2;
#endif
	memset(sum, 0, g->n * sizeof *sum);
	for (uint32_t i = 0; i < g->n; i++)
		column[i] = !counted || counted[o->node[i]] ? columns++ : UINT32_MAX;
	/* columns rise along the order: what stands behind the block cannot reach it */
	uint32_t end = 0;
	for (uint32_t first = 0; first < columns; first += COLUMNS) {
		while (end < g->n && (column[end] == UINT32_MAX || column[end] < first + COLUMNS))
			end++;
		count_block(&p, column, first, end, bits, sum);
	}
	for (uint32_t i = 0; i < g->n; i++)
		count[o->node[i]] = sum[i];
}

#define REGISTERS 64

struct sketch {
	uint8_t r[REGISTERS];
};

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static void sketch_add(struct sketch *s, uint32_t node)
{
	uint64_t h = mix(node + UINT64_C(0x6d73742d706c616e));
	unsigned at = h % REGISTERS, rank = 1 + (unsigned)__builtin_ctzll(h >> 6 | UINT64_C(1) << 57);
	if (rank > s->r[at])
		s->r[at] = (uint8_t)rank;
}

static uint32_t sketch_size(const struct sketch *s, const uint32_t *small)
{
	/* 2^-r is the float with exponent 127 - r */
	float sum = 0;
	unsigned zeros = 0;
	for (unsigned k = 0; k < REGISTERS; k++) {
		uint32_t bits = (uint32_t)(127 - s->r[k]) << 23;
		float f;
		memcpy(&f, &bits, sizeof f);
		sum += f;
		zeros += s->r[k] == 0;
	}
	double estimate = 0.709 * REGISTERS * REGISTERS / (double)sum;
	if (zeros && estimate <= 2.5 * REGISTERS)
		return small[zeros];
	return estimate >= UINT32_MAX ? UINT32_MAX : (uint32_t)(estimate + 0.5);
}

void graph_count_estimate(const struct graph *g, const struct graph_order *o, const uint8_t *counted,
			  uint32_t *count)
{
	POOL_SCRATCH(tmp);
	uint32_t small[REGISTERS + 1] = { 0 };
	for (unsigned z = 1; z <= REGISTERS; z++)
		small[z] = (uint32_t)(REGISTERS * log((double)REGISTERS / z) + 0.5);
	struct placed p = place(tmp, g, o);
	struct sketch *sketch = pool_array(tmp, g->n, sizeof *sketch);
	uint32_t *size = pool_array(tmp, g->n, sizeof *size);
	for (uint32_t i = g->n; i-- > 0;) {
		uint32_t u = o->node[i], n = p.at[i + 1] - p.at[i];
		uint64_t all = 0, most = 0;
		struct sketch s = { { 0 } };
		for (uint32_t e = p.at[i]; e < p.at[i + 1]; e++) {
			uint32_t v = p.to[e], next = p.to[e > AHEAD ? e - AHEAD : 0];
			const struct sketch *t = &sketch[v];
			__builtin_prefetch(&sketch[next]);
			__builtin_prefetch(&size[next]);
			for (unsigned k = 0; k < REGISTERS; k++)
				s.r[k] = s.r[k] > t->r[k] ? s.r[k] : t->r[k];
			/* the top bit says that the node itself counts */
			uint64_t below = (size[v] & INT32_MAX) + (size[v] >> 31);
			all += below;
			if (below > most)
				most = below;
		}
		/* between the largest child with what is below it, and the sum of all */
		uint64_t guess = n < 2 || all == most ? all : sketch_size(&s, small);
		guess = guess < most ? most : guess > all ? all : guess;
		count[u] = guess > g->n ? g->n : (uint32_t)guess;
		size[i] = count[u];
		if (!counted || counted[u]) {
			sketch_add(&s, u);
			size[i] |= UINT32_C(1) << 31;
		}
		sketch[i] = s;
	}
}
