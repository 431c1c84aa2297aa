#include "base/time.h"
#include "private.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static const struct db_result *query(struct pool *pool, struct db *db, const char *sql)
{
	struct mst_error err;
	const struct db_result *r;
	if (db_query(pool, db, str_of(sql), NULL, 0, &r, &err))
		fail_msg("%s: %s", sql, err.msg);
	return r;
}

static const char *one(struct pool *pool, struct db *db, const char *sql)
{
	return db_text(query(pool, db, sql), 0, 0).p;
}

static void ok(struct db *db, const char *sql)
{
	struct mst_error err;
	if (db_exec(db, str_of(sql), &err))
		fail_msg("%s: %s", sql, err.msg);
}

static void refused(struct db *db, const char *sql, int code, const char *state, const char *msg)
{
	struct mst_error err;
	assert_int_equal(db_exec(db, str_of(sql), &err), code);
	assert_string_equal(err.msg, msg);
	assert_string_equal(err.sqlstate, state);
}

static void values_come_and_go(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct db *db = private_db(pool);
	struct mst_error err;
	const struct db_result *r;
	const struct str list[] = { STR("a\"b\\c"), STR(""), DB_NULL, STR("{,}") };
	const struct str params[] = {
		STR("it's \xc3\xa4"), DB_NULL, db_param_int(pool, INT64_MIN), db_param_bool(true), db_param_texts(pool, list, 4),
	};
	assert_int_equal(db_query(pool, db,
				  STR("SELECT $1::text AS t, $2::int, $3::bigint, NOT $4::bool, ($5::text[])[1], ($5::text[])[2],"
				      " ($5::text[])[3] IS NULL, ($5::text[])[4]"),
				  params, 5, &r, &err),
			 0);
	assert_int_equal(db_rows(r), 1);
	assert_int_equal(db_cols(r), 8);
	assert_string_equal(db_col_name(r, 0), "t");
	assert_string_equal(db_text(r, 0, 0).p, "it's \xc3\xa4");
	assert_int_equal(db_text(r, 0, 0).n, 7);
	assert_true(db_is_null(r, 0, 1));
	assert_int_equal(db_int(r, 0, 2), INT64_MIN);
	assert_false(db_bool(r, 0, 3));
	assert_string_equal(db_text(r, 0, 4).p, "a\"b\\c");
	assert_string_equal(db_text(r, 0, 5).p, "");
	assert_true(db_bool(r, 0, 6));
	assert_string_equal(db_text(r, 0, 7).p, "{,}");
	struct str nul = { "a\0b", 3 };
	assert_int_equal(db_query(pool, db, STR("SELECT $1::text"), &nul, 1, &r, &err), MST_DATA);
	assert_string_equal(err.msg, "a value holds a NUL byte, which PostgreSQL cannot store");
	assert_int_equal(db_exec(db, nul, &err), MST_DATA);
	assert_string_equal(err.msg, "the SQL text holds a NUL byte");
}

static void rows_affected_are_counted(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct db *db = private_db(pool);
	struct mst_error err;
	int64_t n;
	ok(db, "CREATE TEMP TABLE t (a int)");
	assert_int_equal(db_run(db, STR("INSERT INTO t SELECT generate_series(1, 7)"), NULL, 0, &n, &err), 0);
	assert_int_equal(n, 7);
	const struct str two = STR("2");
	assert_int_equal(db_run(db, STR("DELETE FROM t WHERE a > $1"), &two, 1, &n, &err), 0);
	assert_int_equal(n, 5);
}

static void the_session_is_utc_and_iso_whatever_the_role_says(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct db *db = private_db(pool);
	ok(db, "DROP ROLE IF EXISTS odd; CREATE ROLE odd SUPERUSER LOGIN;"
	       "ALTER ROLE odd SET timezone TO 'Asia/Tokyo'; ALTER ROLE odd SET datestyle TO 'SQL, DMY';"
	       "ALTER ROLE odd SET standard_conforming_strings TO off; ALTER ROLE odd SET intervalstyle TO 'sql_standard';"
	       "ALTER ROLE odd SET client_encoding TO 'LATIN1'");
	struct mst_error err;
	const char *as_odd;
	struct db *odd;
	assert_int_equal(db_conninfo_with(pool, private_conninfo("mst"), "user", "odd", &as_odd, &err), 0);
	assert_int_equal(db_open(pool, as_odd, "test", NULL, &odd, &err), 0);
	assert_string_equal(one(pool, odd, "SELECT to_timestamp(0)"), "1970-01-01 00:00:00+00");
	assert_string_equal(one(pool, odd, "SELECT '1 day 1 s'::interval"), "1 day 00:00:01");
	assert_string_equal(one(pool, odd, "SHOW client_encoding"), "UTF8");
	assert_string_equal(one(pool, odd, "SELECT length('\\n')"), "2");
	assert_string_equal(one(pool, odd, "SHOW application_name"), "test");
	db_close(odd);
}

static void a_text_seen_twice_is_prepared(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct db *db = private_db(pool);
	const char *count = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT 17%'";
	one(pool, db, "SELECT 17");
	assert_string_equal(one(pool, db, count), "0");
	one(pool, db, "SELECT 17");
	assert_string_equal(one(pool, db, count), "1");
	one(pool, db, "SELECT 17");
	assert_string_equal(one(pool, db, count), "1");
	/* pgbouncer, or a careless script */
	ok(db, "DISCARD ALL");
	assert_string_equal(one(pool, db, "SELECT 17"), "17");
	assert_string_equal(one(pool, db, "SELECT 17"), "17");
}

static void a_prepared_text_survives_a_change_of_its_table(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct db *db = private_db(pool);
	ok(db, "CREATE TEMP TABLE t AS SELECT 1 AS a");
	for (int i = 0; i < 3; i++)
		assert_int_equal(db_cols(query(pool, db, "SELECT * FROM t")), 1);
	ok(db, "ALTER TABLE t ADD b int");
	assert_int_equal(db_cols(query(pool, db, "SELECT * FROM t")), 2);
}

static void errors_have_code_state_and_place(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct db *db = private_db(pool);
	refused(db, "SELECT '\xc3\xa4\xf0\x9f\x98\x80', foo", MST_DATA, "42703", "column \"foo\" does not exist");
	assert_int_equal(db_diag(db)->offset, strlen("SELECT '\xc3\xa4\xf0\x9f\x98\x80', "));
	refused(db, "SELECT 1;\nSELEKT 2", MST_DATA, "42601", "syntax error at or near \"SELEKT\"");
	assert_int_equal(db_diag(db)->offset, 10);
	refused(db, "SELECT 1/0", MST_DATA, "22012", "division by zero");
	assert_true(db_diag(db)->offset == DB_NO_OFFSET);
	ok(db, "CREATE TEMP TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1)");
	refused(db, "INSERT INTO t VALUES (1)", MST_CONFLICT, "23505",
		"duplicate key value violates unique constraint \"t_pkey\": Key (a)=(1) already exists");
	assert_string_equal(db_diag(db)->constraint, "t_pkey");
	refused(db, "CREATE TEMP TABLE t (a int)", MST_CONFLICT, "42P07", "relation \"t\" already exists");
	refused(db, "DO $$ BEGIN RAISE 'no way' USING ERRCODE = '40001'; END $$", MST_CONFLICT, "40001", "no way");
	refused(db, "SET statement_timeout TO 50; SELECT pg_sleep(20)", MST_TIMEOUT, "57014",
		"canceling statement due to statement timeout");
	refused(db, "COPY t FROM STDIN", MST_DATA, "57014", "COPY from stdin failed: nothing is streamed to this statement");
	ok(db, "COPY t TO STDOUT");
	ok(db, "COPY (SELECT generate_series(1, 300000)) TO STDOUT; SELECT 1");
	refused(db, "SET TRANSACTION READ ONLY; CREATE TABLE x (a int)", MST_UNAVAILABLE, "25006",
		"cannot execute CREATE TABLE in a read-only transaction");
}

static void an_inner_error_has_its_own_text(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct db *db = private_db(pool);
	refused(db, "DO $$ BEGIN EXECUTE 'SELECT nix'; END $$", MST_DATA, "42703", "column \"nix\" does not exist");
	assert_true(db_diag(db)->offset == DB_NO_OFFSET);
	assert_string_equal(db_diag(db)->inner_query, "SELECT nix");
	assert_int_equal(db_diag(db)->inner_offset, 7);
}

static void a_failed_transaction_is_rolled_back(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct db *db = private_db(pool);
	struct mst_error err;
	assert_int_equal(db_begin(db, &err), 0);
	ok(db, "CREATE TABLE gone (a int)");
	assert_true(db_in_transaction(db));
	refused(db, "nonsense", MST_DATA, "42601", "syntax error at or near \"nonsense\"");
	assert_int_equal(db_commit(db, &err), MST_BUG);
	assert_false(db_in_transaction(db));
	/* the diagnostics outlive the rollback */
	assert_string_equal(db_diag(db)->sqlstate, "42601");
	assert_string_equal(one(pool, db, "SELECT to_regclass('gone') IS NULL"), "t");
}

static int third_time(struct db *db, void *arg, struct mst_error *err)
{
	int *tries = arg;
	if (++*tries < 3)
		return db_exec(db, STR("DO $$ BEGIN RAISE 'deadlock' USING ERRCODE = '40P01'; END $$"), err);
	return db_exec(db, STR("CREATE TEMP TABLE lucky (a int)"), err);
}

static int never(struct db *db, void *arg, struct mst_error *err)
{
	++*(int *)arg;
	return db_exec(db, STR("DO $$ BEGIN RAISE 'serial' USING ERRCODE = '40001'; END $$"), err);
}

static void deadlocks_are_tried_again(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct db *db = private_db(pool);
	struct mst_error err;
	int tries = 0;
	assert_int_equal(db_transact(db, third_time, &tries, &err), 0);
	assert_int_equal(tries, 3);
	assert_string_equal(one(pool, db, "SELECT to_regclass('lucky') IS NOT NULL"), "t");
	tries = 0;
	assert_int_equal(db_transact(db, never, &tries, &err), MST_CONFLICT);
	assert_int_equal(tries, DB_TRIES);
	assert_string_equal(err.msg, "serial");
	assert_false(db_in_transaction(db));
}

static stop_flag stop;
static void on_alarm(int sig)
{
	stop = sig;
}

static void a_signal_cancels_on_the_server(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct db *db = private_db(pool), *other = private_db(pool);
	struct mst_error err;
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval t = { .it_value = { .tv_usec = 100000 } };
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &t, NULL);
	db_on_stop(db, &stop);
	int64_t begin = time_mono_us();
	assert_int_equal(db_exec(db, STR("SELECT pg_sleep(60)"), &err), MST_CANCELLED);
	assert_true(time_mono_us() - begin < 20 * US_PER_S);
	stop = 0;
	assert_string_equal(one(pool, other, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND state = 'active'"),
			    "0");
	assert_string_equal(one(pool, db, "SELECT 1"), "1");
}

static void many_run_at_once_in_one_loop(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	enum { N = 4 };
	struct db *db[N];
	struct mst_error err;
	const struct db_result *r;
	static const char *const sql[N] = {
		"SELECT pg_sleep(0.3), 'slow'", "SELECT 1, 'quick'", "SELECT 1/0", "SELECT pg_sleep(60)",
	};
	for (int i = 0; i < N; i++) {
		db[i] = private_db(pool);
		assert_int_equal(db_send(db[i], str_of(sql[i]), NULL, 0, &err), 0);
	}
	assert_int_equal(db_exec(db[0], STR("SELECT 1"), &err), MST_BUG);
	int order[N], n = 0;
	bool done[N] = { false };
	int64_t begin = time_mono_us();
	while (n < N) {
		struct pollfd f[N];
		for (int i = 0; i < N; i++)
			f[i] = (struct pollfd){ done[i] ? -1 : db_fd(db[i]), db_events(db[i]), 0 };
		assert_true(poll(f, N, 20000) > 0);
		for (int i = 0; i < N; i++)
			if (!done[i] && f[i].revents && db_poll(db[i], &err) == 1) {
				done[i] = true;
				order[n++] = i;
				if (i == 0)
					assert_int_equal(db_cancel(db[3], &err), 0);
			}
	}
	assert_true(time_mono_us() - begin < 20 * US_PER_S);
	assert_int_equal(order[N - 2], 0);
	assert_int_equal(order[N - 1], 3);
	assert_int_equal(db_take(pool, db[0], &r, &err), 0);
	assert_string_equal(db_text(r, 0, 1).p, "slow");
	assert_int_equal(db_take(pool, db[1], &r, &err), 0);
	assert_string_equal(db_text(r, 0, 1).p, "quick");
	assert_int_equal(db_take(pool, db[2], &r, &err), MST_DATA);
	assert_string_equal(err.msg, "division by zero");
	assert_int_equal(db_take(pool, db[3], &r, &err), MST_CANCELLED);
	assert_string_equal(err.msg, "canceling statement due to user request");
	assert_string_equal(one(pool, db[3], "SELECT 2"), "2");
}

static void rows_are_copied_in(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct db *db = private_db(pool);
	struct mst_error err;
	int64_t n;
	ok(db, "CREATE TEMP TABLE t (a int, b text)");
	assert_int_equal(db_copy_in(db, STR("COPY t FROM STDIN"), &err), 0);
	for (int i = 0; i < 20000; i++)
		assert_int_equal(db_copy_put(db, STR("1\tsome text that takes room\n"), &err), 0);
	assert_int_equal(db_copy_put(db, STR("2\tcut any"), &err), 0);
	assert_int_equal(db_copy_put(db, STR("where\n"), &err), 0);
	assert_int_equal(db_copy_end(db, &n, &err), 0);
	assert_int_equal(n, 20001);
	assert_string_equal(one(pool, db, "SELECT b FROM t WHERE a = 2"), "cut anywhere");
	assert_int_equal(db_copy_in(db, STR("COPY t FROM STDIN"), &err), 0);
	assert_int_equal(db_copy_put(db, STR("9\tx\n"), &err), 0);
	db_copy_abort(db, "no more");
	assert_string_equal(one(pool, db, "SELECT count(*) FROM t WHERE a = 9"), "0");
	assert_int_equal(db_copy_in(db, STR("SELECT 1"), &err), MST_BUG);
	assert_string_equal(err.msg, "the statement is not a COPY FROM STDIN");
}

static void a_bad_row_ends_an_endless_copy(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct db *db = private_db(pool);
	struct mst_error err;
	ok(db, "CREATE TEMP TABLE t (a int)");
	assert_int_equal(db_copy_in(db, STR("COPY t FROM STDIN"), &err), 0);
	assert_int_equal(db_copy_put(db, STR("1\nx2\n"), &err), 0);
	int rc = 0;
	int64_t begin = time_mono_us();
	while (!rc && time_mono_us() - begin < 20 * US_PER_S)
		rc = db_copy_put(db, STR("3\n"), &err);
	assert_int_equal(rc, MST_DATA);
	assert_string_equal(err.msg, "invalid input syntax for type integer: \"x2\"");
	assert_string_equal(db_diag(db)->context, "COPY t, line 2, column a: \"x2\"");
	assert_string_equal(one(pool, db, "SELECT count(*) FROM t"), "0");
}

static int gather(void *arg, struct str bytes, struct mst_error *err)
{
	struct buf *b = arg;
	buf_str(b, bytes);
	return b->n > 100 ? mst_fail(err, MST_IO, "the sink is full") : 0;
}

static void rows_are_copied_out(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct db *db = private_db(pool);
	struct mst_error err;
	struct buf b;
	buf_init(&b, pool);
	assert_int_equal(db_copy_out(db, STR("COPY (VALUES (1, 'a'), (2, NULL)) TO STDOUT (FORMAT csv)"), gather, &b, &err), 0);
	assert_string_equal(buf_cstr(&b), "1,a\n2,\n");
	assert_int_equal(db_copy_out(db, STR("COPY (SELECT generate_series(1, 100000000)) TO STDOUT"), gather, &b, &err), MST_IO);
	assert_string_equal(err.msg, "the sink is full");
	assert_string_equal(one(pool, db, "SELECT 3"), "3");
}

static void names_and_literals_are_quoted(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct db *db = private_db(pool);
	assert_string_equal(str_z(pool, db_quote_ident(pool, STR("a\"b; DROP"))), "\"a\"\"b; DROP\"");
	assert_string_equal(str_z(pool, db_quote_literal(pool, STR("it's"))), "'it''s'");
	assert_string_equal(str_z(pool, db_quote_literal(pool, STR("a\\'b"))), "E'a\\\\''b'");
	const char *nasty = "\\'; SELECT 1; -- \"\n$$";
	struct str lit = db_quote_literal(pool, str_of(nasty));
	assert_string_equal(one(pool, db, pool_printf(pool, "SELECT %.*s", STR_FMT(lit))), nasty);
}

static void notices_are_collected(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct db *db = private_db(pool);
	ok(db, "DO $$ BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two'; END $$");
	struct db_notices n = db_notices(pool, db);
	assert_int_equal(n.n, 2);
	assert_string_equal(n.v[0], "NOTICE: one");
	assert_string_equal(n.v[1], "WARNING: two");
	assert_int_equal(db_notices(pool, db).n, 0);
	ok(db, "DROP TABLE IF EXISTS nothing_a");
	struct mst_error err = { 0 };
	assert_int_equal(db_exec_quietly(db, STR("DROP TABLE IF EXISTS nothing_b; DROP TABLE IF EXISTS nothing_c"), &err), 0);
	n = db_notices(pool, db);
	assert_int_equal(n.n, 1);
	assert_string_equal(n.v[0], "NOTICE: table \"nothing_a\" does not exist, skipping");
}

static void a_lost_connection_is_said(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct db *db = private_db(pool);
	struct mst_error err;
	char want[300];
	snprintf(want, sizeof want, "lost the connection to %s: terminating connection due to administrator command", db_name(db));
	refused(db, "SELECT pg_terminate_backend(pg_backend_pid())", MST_UNAVAILABLE, "57P01", want);
	assert_int_equal(db_exec(db, STR("SELECT 1"), &err), MST_UNAVAILABLE);
	assert_true(err.retry);
	db_rollback(db);
}

/* --- connecting */

static void no_connection(const char *conninfo, int code, const char *msg)
{
	POOL_SCRATCH(pool);
	struct mst_error err;
	struct db *db = NULL;
	assert_int_equal(db_open(pool, conninfo, "test", NULL, &db, &err), code);
	assert_string_equal(err.msg, msg);
	assert_null(db);
}

static void what_cannot_be_connected_to_says_why(void **state)
{
	(void)state;
	no_connection("host=/nonexistent dbname=x user=y", MST_UNAVAILABLE,
		      "cannot connect to x at /nonexistent: connection to server on socket \"/nonexistent/.s.PGSQL.5432\" failed: "
		      "No such file or directory");
	no_connection("host=127.0.0.1 port=1 dbname=x user=y", MST_UNAVAILABLE,
		      "cannot connect to x at 127.0.0.1:1: connection to server at \"127.0.0.1\", port 1 failed: Connection refused");
	no_connection("dbname", MST_USAGE,
		      "the connection string cannot be read: missing \"=\" after \"dbname\" in connection info string");
	no_connection("host=h password=s3c ret", MST_USAGE,
		      "the connection string cannot be read: missing \"=\" after \"***\" in connection info string");
	no_connection("host=h dnbame=x", MST_USAGE, "the connection string cannot be read: invalid connection option \"dnbame\"");
	no_connection("postgresql://u:s3c@ret@h/x", MST_USAGE, "the connection string cannot be read: its host name holds an '@'");
	no_connection("postgresql://u:s3c ret", MST_USAGE, "the connection string cannot be read: its port is no number");
	no_connection("postgresql://u:s3cret@h/x?nix=s3cret", MST_USAGE,
		      "the connection string cannot be read: invalid URI query parameter: \"***\"");
}

/* A server that takes the connection and says nothing. */
static void a_signal_ends_the_wait_for_a_connection(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct db *db = NULL;
	struct mst_error err;
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval t = { .it_value = { .tv_usec = 100000 } };
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &t, NULL);
	const char *c = pool_printf(pool, "host=127.0.0.1 port=%d dbname=x user=y connect_timeout=0", ntohs(at.sin_port));
	assert_int_equal(db_open(pool, c, "test", &stop, &db, &err), MST_CANCELLED);
	assert_string_equal(err.msg, "interrupted");
	assert_null(db);
	stop = 0;
	close(fd);
}

static void what_the_server_refuses_says_why(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct mst_error err;
	const char *c = private_conninfo("nix"), *odd;
	char want[300];
	snprintf(want, sizeof want, "cannot connect to nix at %s: database \"nix\" does not exist", private_state.socket_dir);
	no_connection(c, MST_UNAVAILABLE, want);
	assert_int_equal(db_conninfo_with(pool, private_conninfo("mst"), "user", "no'body", &odd, &err), 0);
	snprintf(want, sizeof want, "cannot connect to mst at %s: role \"no'body\" does not exist", private_state.socket_dir);
	no_connection(odd, MST_DENIED, want);
}

/* A server that says it is of another version, or nothing at all. */
struct fake {
	int fd;
	const char *version;
};

static void put_message(struct buf *b, char type, const void *p, uint32_t n)
{
	n += 4;
	buf_char(b, type);
	buf_add(b, (char[]){ (char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n }, 4);
	buf_add(b, p, n - 4);
}

static void *serve(void *arg)
{
	struct fake *f = arg;
	char in[4096];
	POOL_SCRATCH(pool);
	struct buf b;
	int c = accept(f->fd, NULL, NULL);
	if (c < 0)
		return NULL;
	ssize_t n = read(c, in, sizeof in);
	if (f->version && n > 0) {
		buf_init(&b, pool);
		put_message(&b, 'R', "\0\0\0\0", 4);
		char pair[64] = "server_version";
		strncpy(pair + 15, f->version, 40);
		put_message(&b, 'S', pair, (uint32_t)(16 + strlen(f->version)));
		put_message(&b, 'K', "\0\0\0\1\0\0\0\1", 8);
		put_message(&b, 'Z', "I", 1);
		n = write(c, b.p, b.n);
	}
	while (n > 0 && read(c, in, sizeof in) > 0)
		;
	close(c);
	return NULL;
}

static void fake_server(const char *version, const char *more, int code, const char *says)
{
	char dir[] = "/tmp/mst-fake.XXXXXX";
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct fake f = { socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), version };
	pthread_t thread;
	char conninfo[200], want[300];
	assert_non_null(mkdtemp(dir));
	snprintf(a.sun_path, sizeof a.sun_path, "%s/.s.PGSQL.5432", dir);
	assert_int_equal(bind(f.fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(f.fd, 1), 0);
	pthread_create(&thread, NULL, serve, &f);
	snprintf(conninfo, sizeof conninfo, "host=%s user=u dbname=d %s", dir, more);
	snprintf(want, sizeof want, says, dir);
	no_connection(conninfo, code, want);
	pthread_join(thread, NULL);
	close(f.fd);
	unlink(a.sun_path);
	rmdir(dir);
}

static void a_server_of_another_version_is_refused(void **state)
{
	(void)state;
	fake_server("14.9", "", MST_UNAVAILABLE, "d at %s is PostgreSQL 14.9; this mst needs 15 to 17");
	fake_server("18beta1", "", MST_UNAVAILABLE, "d at %s is PostgreSQL 18beta1; this mst needs 15 to 17");
}

static void a_server_that_is_silent_is_given_up(void **state)
{
	(void)state;
	fake_server(NULL, "connect_timeout=1", MST_UNAVAILABLE, "cannot connect to d at %s: no answer within 1 s");
}

static void a_password_is_split_off(void **state)
{
	(void)state;
	POOL_SCRATCH(pool);
	struct mst_error err;
	const char *bare, *password;
	assert_int_equal(db_conninfo_split(pool, "postgresql://u:p%20w@h:5433/d", &bare, &password, &err), 0);
	assert_string_equal(bare, "user='u' dbname='d' host='h' port='5433'");
	assert_string_equal(password, "p w");
	assert_int_equal(db_conninfo_split(pool, "host='it\\'s'", &bare, &password, &err), 0);
	assert_string_equal(bare, "host='it\\'s'");
	assert_null(password);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_come_and_go),
		cmocka_unit_test(rows_affected_are_counted),
		cmocka_unit_test(the_session_is_utc_and_iso_whatever_the_role_says),
		cmocka_unit_test(a_text_seen_twice_is_prepared),
		cmocka_unit_test(a_prepared_text_survives_a_change_of_its_table),
		cmocka_unit_test(errors_have_code_state_and_place),
		cmocka_unit_test(an_inner_error_has_its_own_text),
		cmocka_unit_test(a_failed_transaction_is_rolled_back),
		cmocka_unit_test(deadlocks_are_tried_again),
		cmocka_unit_test(a_signal_cancels_on_the_server),
		cmocka_unit_test(many_run_at_once_in_one_loop),
		cmocka_unit_test(rows_are_copied_in),
		cmocka_unit_test(a_bad_row_ends_an_endless_copy),
		cmocka_unit_test(rows_are_copied_out),
		cmocka_unit_test(names_and_literals_are_quoted),
		cmocka_unit_test(notices_are_collected),
		cmocka_unit_test(a_lost_connection_is_said),
		cmocka_unit_test(what_cannot_be_connected_to_says_why),
		cmocka_unit_test(a_signal_ends_the_wait_for_a_connection),
		cmocka_unit_test(what_the_server_refuses_says_why),
		cmocka_unit_test(a_server_of_another_version_is_refused),
		cmocka_unit_test(a_server_that_is_silent_is_given_up),
		cmocka_unit_test(a_password_is_split_off),
	};
	return cmocka_run_group_tests(tests, NULL, private_end);
}
