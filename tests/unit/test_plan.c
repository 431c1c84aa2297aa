/* Plans: what names mean, order, priority, selection, cycles, the lines that come out. */
#include "base/jsonl.h"
#include "engine/plan.h"
#include "pooled.h"

static struct plan *plan;
static struct mst_error err;

static int make(const char *lines, const char *select, const char *exclude)
{
	struct plan_options o = { &select, &exclude, select != NULL, exclude != NULL };
	plan = plan_new(pool);
	int rc = plan_add(plan, str_of(lines), "in", &err);
	return rc ? rc : plan_make(plan, &o, &err);
}

/* "name level/priority [after after]; ..." with "-" in front of what does not run, then
 * " | warning". */
static const char *plan_text(const char *lines, const char *select, const char *exclude)
{
	struct buf b;
	buf_init(&b, pool);
	if (make(lines, select, exclude)) {
		buf_printf(&b, "%s: %s", mst_code_name(err.code), err.msg);
		return buf_cstr(&b);
	}
	for (uint32_t i = 0; i < plan->jobs; i++) {
		const struct plan_job *j = &plan->job[i];
		buf_printf(&b, "%s%s%.*s %u/%u", i ? "; " : "", j->run ? "" : "-",
			   STR_FMT(plan_task(plan, j->task).name), j->level, j->priority);
		for (uint32_t k = 0; k < j->after_n; k++) {
			assert_true(j->after[k] < i);
			buf_printf(&b, "%s%.*s", k ? " " : " [",
				   STR_FMT(plan_task(plan, plan->job[j->after[k]].task).name));
		}
		buf_z(&b, j->after_n ? "]" : "");
	}
	for (size_t i = 0; i < plan->warnings.n; i++)
		buf_printf(&b, " | %s", plan->warnings.v[i]);
	return buf_cstr(&b);
}

/* "mart.x: stg.a raw.b; stg.a" as table lines. */
static const char *tables(const char *text)
{
	struct buf b;
	struct str rest = str_of(text), one, name, read;
	buf_init(&b, pool);
	while (rest.n) {
		str_cut(rest, ';', &one, &rest);
		name = str_trim(one);
		one.n = 0;
		for (size_t i = 0; i + 1 < name.n; i++)
			if (name.p[i] == ':' && name.p[i + 1] == ' ') {
				one = (struct str){ name.p + i + 1, name.n - i - 1 };
				name.n = i;
			}
		buf_z(&b, "{\"type\":\"table\",\"name\":");
		json_quote(&b, name);
		buf_z(&b, ",\"reads\":[");
		for (one = str_trim(one); one.n; one = str_trim(one)) {
			str_cut(one, ' ', &read, &one);
			json_quote(&b, read);
			buf_z(&b, one.n ? "," : "");
		}
		buf_z(&b, "]}\n");
	}
	return buf_cstr(&b);
}

static const char *order(const char *text)
{
	return plan_text(tables(text), NULL, NULL);
}

static const char *selected(const char *text, const char *select, const char *exclude)
{
	return plan_text(tables(text), select, exclude);
}

static void order_is_level_then_priority_then_name(void **state)
{
	(void)state;
	/* the worked examples of scores: 1 -> 2, 1 -> 3, 2 -> 4, 3 -> 4, 5 alone */
	assert_string_equal(order("5;4: 3 2;3: 1;2: 1;1"), "1 0/3; 5 0/0; 2 1/1 [1]; 3 1/1 [1]; 4 2/0 [2 3]");
	assert_string_equal(order("10;2;9"), "10 0/0; 2 0/0; 9 0/0");
	assert_string_equal(order(""), "");
}

static void a_reader_of_itself_is_no_cycle(void **state)
{
	(void)state;
	assert_string_equal(order("d.a: d.a d.b; d.b: d.*"), "data: a cycle: d.a (in:1) -> d.b (in:2) -> d.a");
	assert_string_equal(order("d.a: d.a; e.b: d.* e.*"), "d.a 0/1; e.b 1/0 [d.a]");
}

static void names_match_with_and_without_project(void **state)
{
	(void)state;
	assert_string_equal(order("d.t; e.x: p.d.t"), "d.t 0/1; e.x 1/0 [d.t]");
	assert_string_equal(order("p.d.t; e.x: d.t"), "p.d.t 0/1; e.x 1/0 [p.d.t]");
	assert_string_equal(order("p.d.t; q.d.t; p.e.x: d.t; q.e.x: d.t"),
			    "p.d.t 0/1; q.d.t 0/1; p.e.x 1/0 [p.d.t]; q.e.x 1/0 [q.d.t]");
	/* the same name again, from here, from elsewhere, and one that nobody gives */
	assert_string_equal(order("p.d.t; q.d.t; p.a.x: d.t z.z; p.a.y: d.t z.z; q.a.x: d.t; p.a.z: d.t"),
			    "p.d.t 0/3; q.d.t 0/1; p.a.x 1/0 [p.d.t]; p.a.y 1/0 [p.d.t]; p.a.z 1/0 [p.d.t]; "
			    "q.a.x 1/0 [q.d.t]");
	assert_int_equal(plan->external, 1);
	assert_string_equal(order("p.d.t; q.e.x: r.d.t"), "p.d.t 0/0; q.e.x 0/0");
	assert_string_equal(order("p.d.t; d.t; e.x: d.t"), "d.t 0/1; p.d.t 0/0; e.x 1/0 [d.t]");
	assert_string_equal(order("p.d.t; q.d.t; e.x: d.t"),
			    "e.x 0/0; p.d.t 0/0; q.d.t 0/0 | in:3: 'e.x' reads 'd.t', which may be 'p.d.t' or "
			    "'q.d.t': no order is implied; write the full name");
	assert_string_equal(order("d.T; e.x: d.t"), "d.T 0/0; e.x 0/0");
}

static void same_names_in_two_datasets_are_two_tables(void **state)
{
	(void)state;
	assert_string_equal(order("a.t; b.t; a.x: a.t; b.x: b.t"),
			    "a.t 0/1; b.t 0/1; a.x 1/0 [a.t]; b.x 1/0 [b.t]");
}

static void a_lone_name_is_sought_near_first(void **state)
{
	(void)state;
	assert_string_equal(order("a.t; b.t; b.x: t"), "b.t 0/1; a.t 0/0; b.x 1/0 [b.t]");
	assert_string_equal(order("a.t; b.x: t"), "a.t 0/1; b.x 1/0 [a.t]");
	assert_string_equal(order("t; a.t; a.x: t"), "t 0/1; a.t 0/0; a.x 1/0 [t]");
	assert_string_equal(order("p.a.t; q.a.t; q.a.x: t"), "q.a.t 0/1; p.a.t 0/0; q.a.x 1/0 [q.a.t]");
	assert_string_equal(order("p.a.t; a.x: t; b.t"), "p.a.t 0/1; b.t 0/0; a.x 1/0 [p.a.t]");
	assert_string_equal(order("a.t; b.t; c.x: t"), "a.t 0/0; b.t 0/0; c.x 0/0 | in:3: 'c.x' reads 't', which may "
						       "be 'a.t' or 'b.t': no order is implied; write the full name");
}

static void a_star_takes_every_table_of_the_prefix(void **state)
{
	(void)state;
	assert_string_equal(order("d.e_1; d.e_2; d.f; x.y: d.e_*"),
			    "d.e_1 0/1; d.e_2 0/1; d.f 0/0; x.y 1/0 [d.e_1 d.e_2]");
	assert_string_equal(order("p.d.e_1; d.e_2; x.y: p.d.e_*"),
			    "d.e_2 0/1; p.d.e_1 0/1; x.y 1/0 [d.e_2 p.d.e_1]");
	assert_string_equal(order("p.d.e_1; q.d.e_2; p.x.y: d.e_*"),
			    "p.d.e_1 0/1; q.d.e_2 0/0; p.x.y 1/0 [p.d.e_1]");
	assert_string_equal(order("p.d.e_1; q.d.e_2; x.y: d.e_*"),
			    "p.d.e_1 0/1; q.d.e_2 0/1; x.y 1/0 [p.d.e_1 q.d.e_2]");
	assert_string_equal(order("d.e_1; x.e_1; x.y: e_*"), "x.e_1 0/1; d.e_1 0/0; x.y 1/0 [x.e_1]");
	assert_string_equal(order("d.e_1; x.y: d.g_*"), "d.e_1 0/0; x.y 0/0");
	assert_int_equal(plan->external, 1);
}

static void quotes_keep_dots_within_a_part(void **state)
{
	(void)state;
	assert_string_equal(order("`x.com:p`.d.t; d.r: d.t"), "`x.com:p`.d.t 0/1; d.r 1/0 [`x.com:p`.d.t]");
	assert_string_equal(order("d.`t.u`; d.u; e.r: u"), "d.u 0/1; d.`t.u` 0/0; e.r 1/0 [d.u]");
	assert_string_equal(order("d.`e_1`; e.r: d.`e_*`"), "d.`e_1` 0/1; e.r 1/0 [d.`e_1`]");
}

static void a_reader_waits_for_those_who_write_its_table(void **state)
{
	(void)state;
	static const char scripts[] =
		"{\"type\":\"table\",\"name\":\"s.two\",\"writes\":[\"d.out\"],\"reads\":[\"d.out\"]}\n"
		"{\"type\":\"table\",\"name\":\"s.one\",\"writes\":[\"d.out\",\"d.known\"]}\n"
		"{\"type\":\"table\",\"name\":\"d.known\"}\n"
		"{\"type\":\"table\",\"name\":\"m.a\",\"reads\":[\"d.out\",\"d.known\"]}\n";
	assert_string_equal(plan_text(scripts, NULL, NULL), "s.one 0/2; d.known 0/1; s.two 1/1 [s.one]; m.a 2/0 [d.known s.one s.two]");
	assert_int_equal(plan->external, 0);
	/* two that add to one table, behind the one that makes it */
	assert_string_equal(plan_text("{\"type\":\"table\",\"name\":\"add1\",\"writes\":[\"d.o\"],\"reads\":[\"d.o\"]}\n"
				      "{\"type\":\"table\",\"name\":\"add2\",\"writes\":[\"d.o\"],\"reads\":[\"d.o\"]}\n"
				      "{\"type\":\"table\",\"name\":\"make\",\"writes\":[\"d.o\"]}\n", NULL, NULL),
			    "make 0/2; add1 1/0 [make]; add2 1/0 [make]");
	assert_string_equal(plan_text("{\"type\":\"table\",\"name\":\"s.one\",\"writes\":[\"d.f_1\"]}\n"
				      "{\"type\":\"table\",\"name\":\"d.f_2\"}\n"
				      "{\"type\":\"table\",\"name\":\"m.a\",\"reads\":[\"d.f_*\"]}\n", NULL, NULL),
			    "d.f_2 0/1; s.one 0/1; m.a 1/0 [d.f_2 s.one]");
}

static void a_routine_is_waited_for_and_never_external(void **state)
{
	(void)state;
	assert_string_equal(plan_text("{\"type\":\"table\",\"name\":\"fn.make\",\"writes\":[\"d.f\"]}\n"
				      "{\"type\":\"table\",\"name\":\"m.a\",\"calls\":[\"d.f\",\"d.g\"]}\n", NULL, NULL),
			    "fn.make 0/1; m.a 1/0 [fn.make]");
	assert_int_equal(plan->external, 0);
}

static void tasks_say_what_they_wait_for(void **state)
{
	(void)state;
	assert_string_equal(plan_text("{\"type\":\"task\",\"name\":\"b\",\"after\":[\"a\",\"nowhere\"]}\n"
				      "{\"type\":\"task\",\"name\":\"a\"}\n"
				      "{\"type\":\"table\",\"name\":\"c\",\"after\":[\"b\"]}\n"
				      "{\"type\":\"entity\",\"name\":\"z\"}\n{\"type\":\"plan\"}\n", NULL, NULL),
			    "a 0/1; c 0/0; b 1/0 [a]");
	assert_int_equal(plan->ignored, 1);
	assert_int_equal(plan->external, 1);
	assert_string_equal(plan_text("{\"type\":\"task\",\"name\":\"b\",\"after\":[\"a*\",\"c*\"]}\n"
				      "{\"type\":\"task\",\"name\":\"a*\"}\n"
				      "{\"type\":\"task\",\"name\":\"a1\"}\n", NULL, NULL), "a* 0/1; a1 0/0; b 1/0 [a*]");
}

static void selection_keeps_order_through_what_is_left_out(void **state)
{
	(void)state;
	static const char chain[] = "a; b: a; c: b; d: c; e: a";
	assert_string_equal(selected(chain, "a d", NULL), "a 0/1; -b 1/1 [a]; -c 2/1 [b]; d 3/0 [c]");
	assert_string_equal(selected(chain, "d", NULL), "d 0/0");
	assert_string_equal(selected(chain, NULL, "b"), "a 0/3; -b 1/2 [a]; e 1/0 [a]; c 2/1 [b]; d 3/0 [c]");
	assert_string_equal(selected(chain, "+d", "a b"), "c 0/1; d 1/0 [c]");
	assert_string_equal(selected(chain, "x*", NULL), " | selector 'x*' takes nothing");
	assert_string_equal(selected(chain, "f", NULL), "not found: no table or task is named 'f'");
	assert_string_equal(selected(chain, NULL, "f"), "not found: no table or task is named 'f'");
	assert_int_equal(make(tables(chain), "a d", NULL), 0);
	assert_int_equal(plan->critical.n, 2);
	assert_int_equal(plan->runs, 2);
	assert_int_equal(plan->tasks, 5);
}

static void an_external_parent_implies_no_order(void **state)
{
	(void)state;
	assert_string_equal(order("a; c: b; d: b a"), "a 0/1; c 0/0; d 1/0 [a]");
	assert_int_equal(plan->external, 1);
	plan_names names = { 0 };
	plan_externals(plan, pool, 2, &names);
	assert_int_equal(names.n, 1);
	assert_true(str_eq(names.v[0], STR("b")));
}

static void cycles_are_listed_with_their_places(void **state)
{
	(void)state;
	assert_int_equal(make("{\"type\":\"table\",\"name\":\"a\",\"reads\":[\"b\"],\"file\":\"sql/a.sql\","
			      "\"refs\":[{\"name\":\"x\",\"mode\":\"read\",\"line\":1,\"col\":1},"
			      "{\"name\":\"b\",\"mode\":\"read\",\"line\":7,\"col\":3}]}\n"
			      "{\"type\":\"table\",\"name\":\"b\",\"reads\":[\"c\"],\"file\":\"sql/b.sql\"}\n"
			      "{\"type\":\"table\",\"name\":\"c\",\"reads\":[\"a\"]}\n"
			      "{\"type\":\"task\",\"name\":\"t\",\"after\":[\"u\"]}\n"
			      "{\"type\":\"task\",\"name\":\"u\",\"after\":[\"t\"]}\n"
			      "{\"type\":\"table\",\"name\":\"z\",\"reads\":[\"a\"]}\n", NULL, NULL), MST_DATA);
	assert_int_equal(plan->cycles.n, 2);
	assert_string_equal(plan->cycles.v[0], "a (sql/a.sql:7) -> b (sql/b.sql) -> c (in:3) -> a");
	assert_string_equal(plan->cycles.v[1], "t (in:4) -> u (in:5) -> t");
	assert_string_equal(err.msg, "2 cycles, the first: a (sql/a.sql:7) -> b (sql/b.sql) -> c (in:3) -> a");
	assert_string_equal(err.hint, "'a -> b' says that a reads b: each waits for the next, so none can be first");
	/* the worked examples of the order: 0 -> 1, 1 <-> 2, and 3 alone */
	assert_string_equal(order("0;1: 0 2;2: 1;3"), "data: a cycle: 1 (in:2) -> 2 (in:3) -> 1");
}

static void a_cycle_counts_only_where_the_selection_meets_it(void **state)
{
	(void)state;
#define OPENED(name) " | '" name "' reads itself through others and is not selected: no order goes through it"
	const char *text = "a: b r; b: a; c; d: b; r";
	assert_string_equal(selected(text, "c", NULL), "c 0/0");
	assert_string_equal(selected(text, "r", NULL), "r 0/0");
	assert_string_equal(selected(text, "d", NULL), "d 0/0");
	assert_string_equal(selected(text, NULL, "a"), "b 0/1; c 0/0; r 0/0; d 1/0 [b]"
			    OPENED("a"));
	assert_string_equal(selected(text, "a", NULL), "a 0/0" OPENED("b"));
	assert_string_equal(selected(text, "+d", NULL), "data: a cycle: a (in:1) -> b (in:2) -> a");
	assert_string_equal(selected(text, "c", "c d"), "");
	assert_string_equal(selected(text, "r d", NULL), "d 0/0; r 0/0" OPENED("a") OPENED("b"));
}

static const char *cycles_through(const char *lines, const char *a, const char *b)
{
	static char out[500];
	struct plan *p = plan_new(pool);
	struct str names[] = { str_of(a), str_of(b) };
	p->rows = true;
	assert_int_equal(plan_add(p, str_of(lines), "catalogue", &err), 0);
	int rc = plan_cycles_through(p, names, b ? 2 : 1, &err);
	snprintf(out, sizeof out, "%d:", rc == MST_DATA);
	for (size_t i = 0; i < p->cycles.n; i++)
		snprintf(out + strlen(out), sizeof out - strlen(out), " %s", p->cycles.v[i]);
	return out;
}

static void cycles_through_a_table_name_it_and_no_line(void **state)
{
	(void)state;
	const char *lines = "{\"type\":\"table\",\"name\":\"a\",\"reads\":[\"b\",\"r\"]}\n"
			    "{\"type\":\"table\",\"name\":\"b\",\"reads\":[\"a\"],\"file\":\"s/b.sql\"}\n"
			    "{\"type\":\"table\",\"name\":\"d\",\"reads\":[\"b\"]}\n"
			    "{\"type\":\"table\",\"name\":\"r\"}\n";
	assert_string_equal(cycles_through(lines, "a", NULL), "1: a -> b (s/b.sql) -> a");
	assert_string_equal(cycles_through(lines, "d", "r"), "1: a -> b (s/b.sql) -> a");
	assert_string_equal(cycles_through(lines, "d", NULL), "0:");
	assert_string_equal(cycles_through(lines, "r", "nowhere"), "0:");
}

static const char *lines_out(void)
{
	struct buf b;
	buf_init(&b, pool);
	plan_write_jobs(plan, 0, plan->jobs, &b);
	return buf_cstr(&b);
}

static void keys_are_copied_byte_for_byte(void **state)
{
	(void)state;
	assert_int_equal(make("{\"type\":\"table\",\"name\":\"a\",\"reads\":[],\"big\":123456789012345678901234567890.10e+0}\r\n"
			      " { \"x\" : [ 1 , {} ] , \"refs\":[{\"name\":\"a\"}], \"name\":\"b\\u00e9\\/\",\t\"type\": \"table\","
			      "\"diagnostics\":[],\"level\":9,\"priority\":8,\"after\":[\"q\"],\"run\":false,"
			      "\"re\\u0061ds\":[\"a\"],\"k\\u0065y\":\"\\u0041\" } \n"
			      "{\"type\":\"table\",\"n\":0.10,\"name\":\"c\\\"\",\"reads\":[\"b\xc3\xa9/\"]}", NULL, NULL), 0);
	assert_string_equal(
		lines_out(),
		"{\"type\":\"job\",\"name\":\"a\",\"reads\":[],\"big\":123456789012345678901234567890.10e+0,"
		"\"level\":0,\"priority\":2,\"after\":[]}\n"
		"{\"type\":\"job\",\"x\":[ 1 , {} ],\"name\":\"b\\u00e9\\/\",\"re\\u0061ds\":[\"a\"],\"k\\u0065y\":\"\\u0041\","
		"\"level\":1,\"priority\":1,\"after\":[\"a\"]}\n"
		"{\"type\":\"job\",\"n\":0.10,\"name\":\"c\\\"\",\"reads\":[\"b\xc3\xa9/\"],"
		"\"level\":2,\"priority\":0,\"after\":[\"b\xc3\xa9/\"]}\n");
}

static void a_plan_planned_again_is_the_same(void **state)
{
	(void)state;
	assert_int_equal(make(tables("a; b: a x; c: b; d: c; e: d"), "a c e", NULL), 0);
	const char *first = lines_out();
	struct buf b;
	buf_init(&b, pool);
	plan_write_header(plan, &b);
	buf_z(&b, first);
	char hash[SHA256_HEX];
	memcpy(hash, plan->hash, sizeof hash);
	assert_int_equal(make(buf_cstr(&b), NULL, NULL), 0);
	assert_string_equal(lines_out(), first);
	assert_string_equal(plan->hash, hash);
	assert_non_null(strstr(first, "\"name\":\"b\",\"reads\":[\"a\",\"x\"],\"level\":1,\"priority\":2,\"after\":[\"a\"],\"run\":false}"));
}

static void the_header_counts(void **state)
{
	(void)state;
	assert_int_equal(make(tables("a: raw; b: a raw; c: b; d: c other"), "a c", NULL), 0);
	struct buf b;
	buf_init(&b, pool);
	plan_write_header(plan, &b);
	assert_string_equal(pool_printf(pool, "%.*s", (int)(b.n - 76), b.p),
			    "{\"type\":\"plan\",\"jobs\":2,\"order_only\":1,\"tables\":4,\"external\":1,\"edges\":2,"
			    "\"levels\":3,\"critical_path\":[\"a\",\"c\"],\"priority_exact\":true");
}

static const char *hash_of(const char *lines)
{
	assert_int_equal(make(lines, NULL, NULL), 0);
	return pool_strdup(pool, plan->hash);
}

static void the_hash_is_of_what_counts_alone(void **state)
{
	(void)state;
	const char *h = hash_of("{\"type\":\"table\",\"name\":\"a\",\"attrs\":{\"x\":[1,2],\"y\":\"é\"},\"sql_sha256\":\"00\"}\n"
				"{\"type\":\"table\",\"name\":\"b\",\"reads\":[\"a\",\"c\"]}\n");
	assert_string_equal(h, hash_of("{\"reads\":[\"c\",\"a\",\"a\"],\"name\":\"b\",\"file\":\"elsewhere\",\"type\":\"table\"}\n"
				       "{\"attrs\" : { \"y\":\"\\u00e9\", \"x\":[ 1,2 ] },\"sql_sha256\":\"\\u0030\\u0030\","
				       "\"type\":\"table\",\"name\":\"\\u0061\"}\n"));
	static const char *const others[] = {
		"{\"type\":\"table\",\"name\":\"a\",\"attrs\":{\"x\":[1,3],\"y\":\"é\"},\"sql_sha256\":\"00\"}\n"
		"{\"type\":\"table\",\"name\":\"b\",\"reads\":[\"a\",\"c\"]}\n",
		"{\"type\":\"table\",\"name\":\"a\",\"attrs\":{\"x\":[1,2],\"y\":\"é\"},\"sql_sha256\":\"01\"}\n"
		"{\"type\":\"table\",\"name\":\"b\",\"reads\":[\"a\",\"c\"]}\n",
		"{\"type\":\"table\",\"name\":\"a\",\"attrs\":{\"x\":[1,2],\"y\":\"é\"},\"sql_sha256\":\"00\"}\n"
		"{\"type\":\"table\",\"name\":\"b\",\"reads\":[\"c\"]}\n",
		"{\"type\":\"table\",\"name\":\"a\",\"attrs\":{\"x\":[1,2],\"y\":\"é\"},\"sql_sha256\":\"00\"}\n"
		"{\"type\":\"table\",\"name\":\"bb\",\"reads\":[\"a\",\"c\"]}\n",
	};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_string_not_equal(h, hash_of(others[i]));
}

static const char *fault(const char *lines)
{
	assert_int_not_equal(make(lines, NULL, NULL), 0);
	return pool_printf(pool, "%s:%u: %s", err.file, err.line, err.msg);
}

static void broken_lines_are_told_with_their_place(void **state)
{
	(void)state;
	assert_string_equal(fault("\n\n{\"type\":\"table\"}\n"), "in:3: the table line has no name");
	assert_string_equal(fault("{\"type\":\"table\",\"name\":\"\"}\n"), "in:1: the table line has no name");
	assert_string_equal(fault("{\"name\":\"a\"}"), "in:1: the line has no type");
	assert_string_equal(fault("{\"type\":\"table\",\"name\":\"a\",\"reads\":\"b\"}"), "in:1: 'reads' is not an array of names");
	assert_string_equal(fault("{\"type\":\"table\",\"name\":\"a\",\"writes\":[1]}"), "in:1: 'writes' is not an array of names");
	assert_string_equal(fault("{\"type\":\"table\",\"name\":\"a\",\"name\":\"b\"}"),
			    "in:1: the key 'name' stands twice in one object");
	assert_string_equal(fault("{\"type\":\"table\",\"name\":\"a\"}\nSELECT 1\n"), "in:2: a JSON object was expected");
	assert_string_equal(fault("{\"type\":\"table\",\"name\":\"a\",\"file\":\"x/a.sql\"}\n\n"
				  "{\"type\":\"task\",\"name\":\"a\"}\n{\"type\":\"table\",\"name\":\"b\"}\n"),
			    "in:3: 'a' is defined twice: in:1 (x/a.sql) and in:3");
}

static void explain_says_why(void **state)
{
	(void)state;
	uint32_t job;
	struct buf b;
	buf_init(&b, pool);
	assert_int_equal(make(tables("a; b: a; c: b x; e: c; f: c; g"), NULL, "b"), 0);
	assert_int_equal(plan_find(plan, STR("c"), &job, &err), 0);
	plan_explain_text(plan, job, &b);
	assert_string_equal(buf_cstr(&b), "c: job 4 of 6\n"
					  "  level     2: a -> b -> c\n"
					  "  priority  2: e, f wait for it\n"
					  "  after     b\n"
					  "  before    e, f\n"
					  "  external  x (no line in the input gives these: they imply no order)\n");
	buf_reset(&b);
	plan_explain_line(plan, job, &b);
	assert_string_equal(buf_cstr(&b), "{\"type\":\"explain\",\"name\":\"c\",\"position\":4,\"run\":true,\"level\":2,"
					  "\"chain\":[\"a\",\"b\",\"c\"],\"priority\":2,\"priority_exact\":true,"
					  "\"waiting\":[\"e\",\"f\"],\"after\":[\"b\"],\"before\":[\"e\",\"f\"],"
					  "\"external\":[\"x\"]}\n");
	buf_reset(&b);
	assert_int_equal(plan_find(plan, STR("b"), &job, &err), 0);
	plan_explain_text(plan, job, &b);
	assert_string_equal(buf_cstr(&b), "b: job 3 of 6\n"
					  "  run       no: not selected; it keeps the order between jobs that are\n"
					  "  level     1: a -> b\n"
					  "  priority  3: c, e, f wait for it\n"
					  "  after     a\n"
					  "  before    c\n");
	assert_int_equal(make(tables("a; b: a"), "b", NULL), 0);
	assert_int_equal(plan_find(plan, STR("a"), &job, &err), MST_NOT_FOUND);
	assert_string_equal(err.msg, "'a' is not part of the plan");
	assert_int_equal(make(tables("x.a; y.a"), NULL, NULL), 0);
	assert_int_equal(plan_find(plan, STR("a"), &job, &err), MST_CONFLICT);
	assert_string_equal(err.msg, "'a' may be 'x.a' or 'y.a'");
}

static int append(void *ctx, struct str text, struct mst_error *e)
{
	(void)e;
	buf_str(ctx, text);
	return 0;
}

static void the_tree_draws_each_branch_once(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, pool);
	assert_int_equal(make(tables("raw; a: raw; b: raw a; c: b; lone; d: b"), NULL, NULL), 0);
	assert_int_equal(plan_tree(plan, true, append, &b, &err), 0);
	assert_string_equal(buf_cstr(&b), "c\n"
					  "└── b\n"
					  "    ├── a\n"
					  "    │   └── raw\n"
					  "    └── raw (above)\n"
					  "d\n"
					  "└── b (above)\n"
					  "lone\n");
	buf_reset(&b);
	assert_int_equal(make(tables("raw; a: raw; c: a"), "raw c", NULL), 0);
	assert_int_equal(plan_tree(plan, false, append, &b, &err), 0);
	assert_string_equal(buf_cstr(&b), "c\n`-- a (not run)\n    `-- raw\n");
}

static void a_deep_tree_goes_on_below(void **state)
{
	(void)state;
	struct buf in, out;
	buf_init(&in, pool);
	buf_init(&out, pool);
	for (unsigned i = 0; i < 100; i++)
		buf_printf(&in, "{\"type\":\"table\",\"name\":\"n%u\",\"reads\":[\"n%u\"]}\n", i, i + 1);
	assert_int_equal(make(buf_cstr(&in), NULL, NULL), 0);
	assert_int_equal(plan_tree(plan, true, append, &out, &err), 0);
	buf_cstr(&out);
	assert_non_null(strstr(out.p, "└── n48 (below)\nn48\n└── n49\n"));
	assert_non_null(strstr(out.p, "└── n96 (below)\nn96\n"));
}

static void hostile_shapes_are_planned(void **state)
{
	(void)state;
	struct buf in;
	buf_init(&in, pool);
	/* one reads a hundred thousand, twice each, with a name of a megabyte among them */
	char *huge = pool_alloc(pool, 1 << 20);
	memset(huge, 'x', 1 << 20);
	buf_z(&in, "{\"type\":\"table\",\"name\":\"all\",\"reads\":[");
	json_quote(&in, (struct str){ huge, 1 << 20 });
	for (unsigned i = 0; i < 200000; i++)
		buf_printf(&in, ",\"n%u\"", i % 100000);
	buf_z(&in, "]}\n{\"type\":\"table\",\"name\":");
	json_quote(&in, (struct str){ huge, 1 << 20 });
	buf_z(&in, "}\n");
	for (unsigned i = 0; i < 100000; i++)
		buf_printf(&in, "{\"type\":\"table\",\"name\":\"n%u\"}\n", i);
	assert_int_equal(make(buf_cstr(&in), NULL, NULL), 0);
	assert_int_equal(plan->jobs, 100002);
	assert_false(plan->priority_exact);
	assert_int_equal(plan->edges, 100001);
	assert_int_equal(plan->job[100001].after_n, 100001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(order_is_level_then_priority_then_name), T(a_reader_of_itself_is_no_cycle),
		T(names_match_with_and_without_project), T(same_names_in_two_datasets_are_two_tables),
		T(a_lone_name_is_sought_near_first), T(a_star_takes_every_table_of_the_prefix),
		T(quotes_keep_dots_within_a_part), T(a_reader_waits_for_those_who_write_its_table),
		T(a_routine_is_waited_for_and_never_external), T(tasks_say_what_they_wait_for),
		T(selection_keeps_order_through_what_is_left_out), T(an_external_parent_implies_no_order),
		T(cycles_are_listed_with_their_places), T(a_cycle_counts_only_where_the_selection_meets_it),
		T(cycles_through_a_table_name_it_and_no_line),
		T(keys_are_copied_byte_for_byte), T(a_plan_planned_again_is_the_same), T(the_header_counts),
		T(the_hash_is_of_what_counts_alone), T(broken_lines_are_told_with_their_place), T(explain_says_why),
		T(the_tree_draws_each_branch_once), T(a_deep_tree_goes_on_below), T(hostile_shapes_are_planned),
#undef T
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
