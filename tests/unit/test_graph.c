/* Graphs: rows, order, counts, closure, cycles; small ones by hand, many by chance
 * against plain and slow ways to the same answer. */
#include "base/str.h"
#include "graph/graph.h"
#include "pooled.h"

/* "0>1 0>2": edges by number. */
static struct graph graph_of(size_t n, const char *text)
{
	struct graph_edge edge[256];
	struct mst_error err;
	struct graph g;
	size_t m = 0;
	for (const char *p = text; *p;) {
		char *end;
		edge[m].from = (uint32_t)strtoul(p, &end, 10);
		edge[m++].to = (uint32_t)strtoul(end + 1, &end, 10);
		p = end + (*end == ' ');
	}
	assert_int_equal(graph_build(pool, n, edge, m, &g, &err), 0);
	return g;
}

static const char *numbers(const uint32_t *v, size_t n)
{
	struct buf b;
	buf_init(&b, pool);
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s%u", i ? " " : "", v[i]);
	return buf_cstr(&b);
}

static const char *counts(const struct graph *g, const uint8_t *counted)
{
	struct graph_order o;
	uint32_t *count = pool_array(pool, g->n, sizeof *count);
	graph_order(pool, g, &o);
	assert_int_equal(o.placed, g->n);
	graph_count_exact(g, &o, counted, count);
	return numbers(count, g->n);
}

static void rows_are_sorted_without_doubles_and_loops(void **state)
{
	(void)state;
	struct graph g = graph_of(4, "2>3 0>3 2>3 1>1 0>1 0>3");
	assert_int_equal(g.m, 3);
	assert_string_equal(numbers(g.out_at, 5), "0 2 2 3 3");
	assert_string_equal(numbers(g.out, g.m), "1 3 3");
	assert_string_equal(numbers(g.in_at, 5), "0 0 1 1 3");
	assert_string_equal(numbers(g.in, g.m), "0 0 2");
}

static void a_graph_of_nothing_is_one(void **state)
{
	(void)state;
	struct graph g = graph_of(0, "");
	struct graph_order o;
	uint64_t total;
	size_t cycles;
	graph_order(pool, &g, &o);
	assert_int_equal(o.placed, 0);
	assert_int_equal(o.levels, 0);
	graph_count_exact(&g, &o, NULL, NULL);
	graph_count_estimate(&g, &o, NULL, NULL);
	assert_int_equal(graph_longest(pool, &g, &o, NULL, &total).n, 0);
	graph_cycles(pool, &g, 10, &cycles);
	assert_int_equal(cycles, 0);
}

static void an_edge_to_nowhere_is_refused(void **state)
{
	(void)state;
	struct graph g;
	struct mst_error err;
	assert_int_equal(graph_build(pool, 1, &(struct graph_edge){ 0, 1 }, 1, &g, &err), MST_BUG);
	assert_string_equal(err.msg, "edge 0 names a node that is not there");
}

static void levels_are_longest_ways(void **state)
{
	(void)state;
	struct graph g = graph_of(6, "0>1 1>2 0>2 3>2 2>4");
	struct graph_order o;
	graph_order(pool, &g, &o);
	assert_string_equal(numbers(o.level, 6), "0 1 2 0 3 0");
	assert_string_equal(numbers(o.node, 6), "0 3 5 1 2 4");
	assert_int_equal(o.levels, 4);
}

static void the_longest_path_takes_the_lowest_of_equals(void **state)
{
	(void)state;
	struct graph g = graph_of(7, "1>3 2>3 3>5 0>4 4>6");
	struct graph_order o;
	uint64_t total;
	graph_order(pool, &g, &o);
	struct graph_path p = graph_longest(pool, &g, &o, NULL, &total);
	assert_string_equal(numbers(p.node, p.n), "0 4 6");
	assert_int_equal(total, 3);
	static const uint8_t weight[] = { 1, 1, 1, 1, 0, 1, 1 };
	p = graph_longest(pool, &g, &o, weight, &total);
	assert_string_equal(numbers(p.node, p.n), "1 3 5");
}

static void scores_are_distinct_descendants(void **state)
{
	(void)state;
	/* 1 -> 2, 1 -> 3, 2 -> 4, 3 -> 4, 5 alone; 0 is not there */
	struct graph g = graph_of(6, "1>2 1>3 2>4 3>4");
	assert_string_equal(counts(&g, NULL), "0 3 1 1 0 0");
	/* two sources over one hub: 7 and 6, the hub 5, three of 1, leaves 0 */
	g = graph_of(9, "0>2 1>2 1>8 2>3 2>4 2>5 3>6 4>6 5>7");
	assert_string_equal(counts(&g, NULL), "6 7 5 1 1 1 0 0 0");
	static const uint8_t counted[] = { 1, 1, 1, 0, 1, 1, 0, 1, 1 };
	assert_string_equal(counts(&g, counted), "4 5 3 0 0 1 0 0 0");
}

static void closures_stop_at_their_depth(void **state)
{
	(void)state;
	struct graph g = graph_of(6, "0>1 1>2 2>3 1>4");
	uint8_t mark[6] = { 0, 1 };
	graph_closure(&g, GRAPH_DOWN, 1, mark);
	assert_memory_equal(mark, ((uint8_t[]){ 0, 1, 1, 0, 1, 0 }), 6);
	graph_closure(&g, GRAPH_UP, GRAPH_ANY_DEPTH, mark);
	assert_memory_equal(mark, ((uint8_t[]){ 1, 1, 1, 0, 1, 0 }), 6);
	graph_closure(&g, GRAPH_DOWN, 0, mark);
	assert_memory_equal(mark, ((uint8_t[]){ 1, 1, 1, 0, 1, 0 }), 6);
}

static const char *cycles(const struct graph *g, size_t max)
{
	struct buf b;
	size_t n;
	struct graph_path *p = graph_cycles(pool, g, max, &n);
	buf_init(&b, pool);
	for (size_t i = 0; i < n && i < max; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", numbers(p[i].node, p[i].n));
	buf_printf(&b, " (%zu)", n);
	return buf_cstr(&b);
}

static void each_component_gives_its_shortest_cycle(void **state)
{
	(void)state;
	struct graph g = graph_of(9, "1>2 2>3 3>1 3>4 4>2 4>5 5>4 6>7 7>8 8>6 0>1");
	assert_string_equal(cycles(&g, 10), "4 5, 6 7 8 (2)");
	assert_string_equal(cycles(&g, 1), "4 5 (2)");
	g = graph_of(4, "3>2 2>1 1>3 0>1");
	assert_string_equal(cycles(&g, 10), "1 3 2 (1)");
	g = graph_of(3, "0>1 1>2");
	assert_string_equal(cycles(&g, 10), " (0)");
}

static void nodes_behind_a_cycle_are_not_placed(void **state)
{
	(void)state;
	struct graph g = graph_of(4, "0>1 1>2 2>1 2>3");
	struct graph_order o;
	graph_order(pool, &g, &o);
	assert_int_equal(o.placed, 1);
	assert_string_equal(cycles(&g, 10), "1 2 (1)");
}

static uint32_t below(uint32_t n)
{
	static uint64_t state = 42;
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((state >> 33) % n);
}

static struct graph by_chance(uint32_t n, size_t m, bool cyclic)
{
	struct graph_edge *edge = pool_array(pool, m, sizeof *edge);
	uint32_t *name = pool_array(pool, n, sizeof *name);
	struct mst_error err;
	struct graph g;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t j = below(i + 1);
		name[i] = name[j];
		name[j] = i;
	}
	for (size_t i = 0; i < m; i++) {
		uint32_t a = below(n), b = below(n);
		edge[i] = a < b || cyclic ? (struct graph_edge){ name[a], name[b] } : (struct graph_edge){ name[b], name[a] };
	}
	assert_int_equal(graph_build(pool, n, edge, m, &g, &err), 0);
	return g;
}

static void counts_agree_with_a_walk_from_each_node(void **state)
{
	(void)state;
	for (uint32_t n = 1; n < 1400; n = n * 2 + 3) {
		struct graph g = by_chance(n, (size_t)n * 2, false);
		struct graph_order o;
		uint32_t *count = pool_array(pool, n, sizeof *count);
		uint8_t *mark = pool_array(pool, n, 1), *counted = pool_array(pool, n, 1);
		for (uint32_t u = 0; u < n; u++)
			counted[u] = below(3) > 0;
		graph_order(pool, &g, &o);
		assert_int_equal(o.placed, n);
		graph_count_exact(&g, &o, counted, count);
		for (uint32_t u = 0; u < n; u++) {
			uint32_t sum = 0;
			memset(mark, 0, n);
			mark[u] = 1;
			graph_closure(&g, GRAPH_DOWN, GRAPH_ANY_DEPTH, mark);
			for (uint32_t v = 0; v < n; v++)
				sum += v != u && mark[v] && counted[v];
			assert_int_equal(count[u], sum);
		}
	}
}

static void estimates_are_near_and_rise_along_the_order(void **state)
{
	(void)state;
	uint32_t n = 20000, far = 0;
	struct graph g = by_chance(n, 50000, false);
	struct graph_order o;
	uint32_t *exact = pool_array(pool, n, sizeof *exact), *guess = pool_array(pool, n, sizeof *guess);
	graph_order(pool, &g, &o);
	graph_count_exact(&g, &o, NULL, exact);
	graph_count_estimate(&g, &o, NULL, guess);
	for (uint32_t u = 0; u < n; u++) {
		double off = exact[u] ? (double)guess[u] / exact[u] - 1 : guess[u];
		far += off > 0.4 || off < -0.4;
		assert_int_equal(guess[u] == 0, exact[u] == 0);
		for (uint32_t e = g.out_at[u]; e < g.out_at[u + 1]; e++)
			assert_true(guess[u] > guess[g.out[e]] || guess[u] == n);
	}
	/* three standard errors */
	assert_true(far < n / 50);
}

static void an_estimate_below_single_children_is_exact(void **state)
{
	(void)state;
	struct graph g = graph_of(5, "4>3 3>2 2>1 1>0");
	struct graph_order o;
	uint32_t count[5];
	graph_order(pool, &g, &o);
	graph_count_estimate(&g, &o, NULL, count);
	assert_string_equal(numbers(count, 5), "0 1 2 3 4");
}

static void every_listed_cycle_is_one(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		uint32_t n = 2 + below(60);
		struct graph g = by_chance(n, below(2 * n) + 1, true);
		struct graph_order o;
		size_t count;
		graph_order(pool, &g, &o);
		struct graph_path *p = graph_cycles(pool, &g, 100, &count);
		assert_int_equal(count == 0, o.placed == n);
		for (size_t i = 0; i < count; i++) {
			assert_true(p[i].n >= 2);
			for (uint32_t k = 0; k < p[i].n; k++) {
				uint32_t u = p[i].node[k], v = p[i].node[(k + 1) % p[i].n];
				bool edge = false;
				for (uint32_t e = g.out_at[u]; e < g.out_at[u + 1]; e++)
					edge |= g.out[e] == v;
				assert_true(edge);
				assert_true(u >= p[i].node[0]);
			}
		}
	}
}

static void a_million_in_one_line_or_one_ring_take_no_stack(void **state)
{
	(void)state;
	uint32_t n = 1000000;
	struct graph_edge *edge = pool_array(pool, n, sizeof *edge);
	struct mst_error err;
	struct graph g;
	struct graph_order o;
	uint64_t total;
	size_t count;
	for (uint32_t i = 0; i < n; i++)
		edge[i] = (struct graph_edge){ i, (i + 1) % n };
	assert_int_equal(graph_build(pool, n, edge, n - 1, &g, &err), 0);
	graph_order(pool, &g, &o);
	assert_int_equal(o.levels, n);
	assert_int_equal(graph_longest(pool, &g, &o, NULL, &total).n, n);
	assert_int_equal(graph_build(pool, n, edge, n, &g, &err), 0);
	struct graph_path *p = graph_cycles(pool, &g, 10, &count);
	assert_int_equal(count, 1);
	assert_int_equal(p[0].n, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows_are_sorted_without_doubles_and_loops, setup, teardown),
		cmocka_unit_test_setup_teardown(a_graph_of_nothing_is_one, setup, teardown),
		cmocka_unit_test_setup_teardown(an_edge_to_nowhere_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(levels_are_longest_ways, setup, teardown),
		cmocka_unit_test_setup_teardown(the_longest_path_takes_the_lowest_of_equals, setup, teardown),
		cmocka_unit_test_setup_teardown(scores_are_distinct_descendants, setup, teardown),
		cmocka_unit_test_setup_teardown(closures_stop_at_their_depth, setup, teardown),
		cmocka_unit_test_setup_teardown(each_component_gives_its_shortest_cycle, setup, teardown),
		cmocka_unit_test_setup_teardown(nodes_behind_a_cycle_are_not_placed, setup, teardown),
		cmocka_unit_test_setup_teardown(counts_agree_with_a_walk_from_each_node, setup, teardown),
		cmocka_unit_test_setup_teardown(estimates_are_near_and_rise_along_the_order, setup, teardown),
		cmocka_unit_test_setup_teardown(an_estimate_below_single_children_is_exact, setup, teardown),
		cmocka_unit_test_setup_teardown(every_listed_cycle_is_one, setup, teardown),
		cmocka_unit_test_setup_teardown(a_million_in_one_line_or_one_ring_take_no_stack, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
