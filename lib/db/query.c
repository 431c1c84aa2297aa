#include "base/time.h"
#include "db/internal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define TEXTS_MAX 256
#define TEXT_MAX 32768
#define CANCEL_GRACE_US (10 * US_PER_S)

int db_check_text_(struct str sql, struct mst_error *err)
{
	if (sql.n && memchr(sql.p, 0, sql.n))
		return mst_fail(err, MST_DATA, "the SQL text holds a NUL byte");
	if (sql.n > INT32_MAX)
		return mst_fail(err, MST_LIMIT, "the SQL text is longer than 2 GiB");
	return 0;
}

void db_reset_(struct db *db, struct str sql)
{
	PQclear(db->result);
	db->result = NULL;
	pool_clear(db->diag_pool);
	db->diag = (struct db_diag){
		.offset = DB_NO_OFFSET, .inner_offset = DB_NO_OFFSET,
		.message = "", .detail = "", .hint = "", .context = "", .schema = "",
		.table = "", .column = "", .constraint = "", .inner_query = "",
	};
	db->cancel_asked = db->streamless = db->late = false;
	db->text = sql;
}

void db_deadline(struct db *db, int64_t mono_us)
{
	db->deadline_us = mono_us;
}

int64_t db_left_ms_(const struct db *db)
{
	if (!db->deadline_us)
		return -1;
	int64_t us = db->deadline_us - time_mono_us();
	return us <= 0 ? 0 : us > INT64_C(3600000000) ? 3600000 : us / 1000 + 1;
}

int db_wait_(struct db *db, bool write, struct mst_error *err)
{
	struct pollfd p = { PQsocket(db->c), (short)(POLLIN | (write ? POLLOUT : 0)), 0 };
	int64_t end = 0;
	for (;;) {
		if (p.fd < 0)
			return db_fail_connection_(db, err);
		int64_t left = db_left_ms_(db);
		if (left == 0 && !db->cancel_asked)
			db->late = true;
		if (((db->stop && *db->stop) || left == 0) && !db->cancel_asked) {
			struct mst_error ignored;
			db_cancel(db, &ignored);
		}
		if (db->cancel_asked && !end)
			end = time_mono_us() + CANCEL_GRACE_US;
		/* a signal between the check and the poll must not be slept over */
		int ms = db->stop || db->cancel_asked ? 200 : -1;
		if (left > 0 && (ms < 0 || left < ms))
			ms = (int)left;
		int n = poll(&p, 1, ms);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return mst_fail_errno(err, MST_IO, "poll");
		if (end && time_mono_us() > end)
			return mst_fail(err, db->late ? MST_TIMEOUT : MST_CANCELLED, "%s; %s did not answer",
					db->late ? "timed out" : "interrupted", db->name);
	}
}

int db_flush_(struct db *db, struct mst_error *err)
{
	for (;;) {
		int left = PQflush(db->c);
		if (left == 0)
			return 0;
		if (left < 0)
			return db_fail_connection_(db, err);
		int rc = db_wait_(db, true, err);
		if (rc)
			return rc;
		if (!PQconsumeInput(db->c))
			return db_fail_connection_(db, err);
	}
}

static bool is_error(const PGresult *r)
{
	ExecStatusType s = PQresultStatus(r);
	return s == PGRES_FATAL_ERROR || s == PGRES_BAD_RESPONSE || s == PGRES_NONFATAL_ERROR;
}

void db_keep_(struct db *db, PGresult *r)
{
	ExecStatusType s = PQresultStatus(r);
	if (s == PGRES_COPY_IN || s == PGRES_COPY_BOTH) {
		PQputCopyEnd(db->c, "nothing is streamed to this statement");
		db->streamless = true;
		PQclear(r);
	} else if (s == PGRES_COPY_OUT || (db->result && is_error(db->result))) {
		PQclear(r);
	} else {
		PQclear(db->result);
		db->result = r;
	}
}

/* Rows of a COPY TO STDOUT that nobody asked for; false where more of them must be read. */
static bool drain_copy(struct db *db)
{
	char *p;
	int n;
	while ((n = PQgetCopyData(db->c, &p, 1)) > 0)
		PQfreemem(p);
	return n != 0;
}

int db_collect_(struct db *db, struct mst_error *err)
{
	int rc = db_flush_(db, err);
	while (!rc) {
		if (PQisBusy(db->c)) {
			rc = db_wait_(db, false, err);
			if (!rc && !PQconsumeInput(db->c))
				rc = db_fail_connection_(db, err);
			continue;
		}
		PGresult *r = PQgetResult(db->c);
		if (!r)
			return 0;
		bool out = PQresultStatus(r) == PGRES_COPY_OUT;
		db_keep_(db, r);
		if (out && !drain_copy(db)) {
			rc = db_wait_(db, false, err);
			if (!rc && !PQconsumeInput(db->c))
				rc = db_fail_connection_(db, err);
		}
	}
	/* an error that the server sent before it hung up says more than the hang-up */
	PGresult *r;
	while (PQstatus(db->c) == CONNECTION_BAD && (r = PQgetResult(db->c)))
		db_keep_(db, r);
	if (db->result && is_error(db->result) && PQresultErrorField(db->result, PG_DIAG_SQLSTATE))
		return 0;
	return rc;
}

static void clear_result(void *arg)
{
	struct db_result *r = arg;
	PQclear(r->r);
}

int db_verdict_(struct pool *pool, struct db *db, const struct db_result **out, struct mst_error *err)
{
	PGresult *r = db->result;
	if (!r)
		return db_fail_connection_(db, err);
	if (is_error(r)) {
		int rc = db_fail_result_(db, r, err);
		PQclear(r);
		db->result = NULL;
		return rc;
	}
	db->result = NULL;
	if (out) {
		struct db_result *res = pool_alloc(pool, sizeof *res);
		res->r = r;
		pool_on_free(pool, clear_result, res);
		*out = res;
	} else
		PQclear(r);
	return 0;
}

static int idle(struct db *db, struct mst_error *err)
{
	if (db->running || db->copying)
		return mst_fail(err, MST_BUG, "a statement is running on this connection already");
	return 0;
}

int db_exec(struct db *db, struct str sql, struct mst_error *err)
{
	int rc = idle(db, err);
	if (!rc)
		rc = db_check_text_(sql, err);
	if (rc)
		return rc;
	POOL_SCRATCH(tmp);
	db_reset_(db, sql);
	if (!PQsendQuery(db->c, str_z(tmp, sql)))
		return db_fail_connection_(db, err);
	rc = db_collect_(db, err);
	return rc ? rc : db_verdict_(NULL, db, NULL, err);
}

int db_exec_quietly(struct db *db, struct str sql, struct mst_error *err)
{
	size_t kept = db->notices.n;
	int rc = db_exec(db, sql, err);
	if (db->notices.n > kept)
		db->notices.n = kept;
	return rc;
}

static int values(struct pool *pool, const struct str *params, size_t n, const char *const **out,
		  struct mst_error *err)
{
	if (n > 65535)
		return mst_fail(err, MST_LIMIT, "%zu parameters; a statement takes at most 65535", n);
	const char **v = pool_array(pool, n + 1, sizeof *v);
	for (size_t i = 0; i < n; i++) {
		if (params[i].p && memchr(params[i].p, 0, params[i].n))
			return mst_fail(err, MST_DATA, "a value holds a NUL byte, which PostgreSQL cannot store");
		v[i] = params[i].p ? str_z(pool, params[i]) : NULL;
	}
	*out = v;
	return 0;
}

static void statement_name(char out[24], uint64_t number)
{
	snprintf(out, 24, "mst_%llu", (unsigned long long)number);
}

/* 0 where the text is not prepared (yet). */
static uint64_t prepared(struct db *db, struct str sql)
{
	uint64_t *v = map_get(&db->texts, sql);
	return v && *v > DB_SEEN ? *v : 0;
}

/* The second time a text is seen it is prepared: a statement used once costs no
 * extra round trip. */
static int prepare(struct db *db, struct str sql, const char *text, uint64_t *number, struct mst_error *err)
{
	*number = 0;
	uint64_t *v = map_get(&db->texts, sql);
	if (!v) {
		if (sql.n <= TEXT_MAX && db->texts.n < TEXTS_MAX)
			*map_put(&db->texts, str_dup(db->pool, sql), NULL) = DB_SEEN;
		return 0;
	}
	if (*v == DB_SEEN) {
		uint64_t next = DB_SEEN + 1 + db->prepared;
		char name[24];
		statement_name(name, next);
		if (!PQsendPrepare(db->c, name, text, 0, NULL))
			return db_fail_connection_(db, err);
		int rc = db_collect_(db, err);
		if (!rc)
			rc = db_verdict_(NULL, db, NULL, err);
		if (rc)
			return rc;
		db->prepared++;
		*map_get(&db->texts, sql) = next;
	}
	*number = *map_get(&db->texts, sql);
	return 0;
}

static int send(struct db *db, const char *text, uint64_t number, const char *const *v, size_t n,
		struct mst_error *err)
{
	char name[24];
	statement_name(name, number);
	int ok = number ? PQsendQueryPrepared(db->c, name, (int)n, v, NULL, NULL, 0)
			: PQsendQueryParams(db->c, text, (int)n, NULL, v, NULL, NULL, 0);
	return ok ? 0 : db_fail_connection_(db, err);
}

/* A prepared statement that the server lost (DISCARD ALL) or whose tables changed. */
static bool stale(const struct db *db)
{
	return strcmp(db->diag.sqlstate, "26000") == 0 || strcmp(db->diag.sqlstate, "0A000") == 0;
}

int db_query(struct pool *pool, struct db *db, struct str sql, const struct str *params, size_t n,
	     const struct db_result **out, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const char *const *v;
	int rc = idle(db, err);
	if (!rc)
		rc = db_check_text_(sql, err);
	if (!rc)
		rc = values(tmp, params, n, &v, err);
	if (rc)
		return rc;
	const char *text = str_z(tmp, sql);
	uint64_t number;
	db_reset_(db, sql);
	rc = prepare(db, sql, text, &number, err);
	for (int tries = 0; !rc; tries++) {
		rc = send(db, text, number, v, n, err);
		if (!rc)
			rc = db_collect_(db, err);
		if (!rc)
			rc = db_verdict_(pool, db, out, err);
		if (!rc || !number || tries || !stale(db))
			break;
		*map_get(&db->texts, sql) = DB_SEEN;
		if (PQtransactionStatus(db->c) != PQTRANS_IDLE) {
			err->retry = true; /* the transaction is lost, the next one fares better */
			break;
		}
		number = 0;
		db_reset_(db, sql);
		rc = 0;
	}
	return rc;
}

int db_run(struct db *db, struct str sql, const struct str *params, size_t n, int64_t *rows, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	int rc = db_query(tmp, db, sql, params, n, &r, err);
	if (!rc && rows)
		*rows = db_affected(r);
	return rc;
}

int db_send(struct db *db, struct str sql, const struct str *params, size_t n, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const char *const *v;
	int rc = idle(db, err);
	if (!rc)
		rc = db_check_text_(sql, err);
	if (!rc)
		rc = values(tmp, params, n, &v, err);
	if (rc)
		return rc;
	db_reset_(db, sql);
	db->text = str_dup(db->diag_pool, sql);
	const char *text = str_z(tmp, sql);
	if (n == 0)
		rc = PQsendQuery(db->c, text) ? 0 : db_fail_connection_(db, err);
	else
		rc = send(db, text, prepared(db, sql), v, n, err);
	if (rc)
		return rc;
	if (PQflush(db->c) < 0)
		return db_fail_connection_(db, err);
	db->running = true;
	return 0;
}

int db_fd(const struct db *db)
{
	return PQsocket(db->c);
}

short db_events(const struct db *db)
{
	return (short)(POLLIN | (PQflush(db->c) > 0 ? POLLOUT : 0));
}

int db_poll(struct db *db, struct mst_error *err)
{
	if (!db->running)
		return 1;
	bool alive = PQflush(db->c) >= 0;
	alive = PQconsumeInput(db->c) && alive;
	while (!alive || !PQisBusy(db->c)) {
		PGresult *r = PQgetResult(db->c);
		if (!r) {
			if (alive || db->result)
				return 1;
			db->running = false;
			return db_fail_connection_(db, err);
		}
		bool out = PQresultStatus(r) == PGRES_COPY_OUT;
		db_keep_(db, r);
		if (out && !drain_copy(db) && alive)
			return 0;
		alive = PQstatus(db->c) == CONNECTION_OK && alive;
	}
	return 0;
}

int db_take(struct pool *pool, struct db *db, const struct db_result **out, struct mst_error *err)
{
	int rc = 0;
	if (!db->running)
		return mst_fail(err, MST_BUG, "no statement was sent");
	rc = db_collect_(db, err);
	db->running = false;
	return rc ? rc : db_verdict_(pool, db, out, err);
}

int db_cancel(struct db *db, struct mst_error *err)
{
	char why[256] = "";
	db->cancel_asked = true;
	PGcancel *c = PQgetCancel(db->c);
	if (!c)
		return db_fail_connection_(db, err);
	int ok = PQcancel(c, why, sizeof why);
	PQfreeCancel(c);
	if (!ok)
		return mst_fail(err, MST_UNAVAILABLE, "cannot cancel on %s: %s", db->name, why);
	return 0;
}

/* --- transactions */

int db_begin(struct db *db, struct mst_error *err)
{
	return db_exec(db, STR("BEGIN"), err);
}

int db_commit(struct db *db, struct mst_error *err)
{
	/* COMMIT of a transaction that has failed says ROLLBACK and no error */
	if (PQtransactionStatus(db->c) == PQTRANS_INERROR) {
		db_rollback(db);
		return mst_fail(err, MST_BUG, "the transaction had failed before its commit");
	}
	return db_exec(db, STR("COMMIT"), err);
}

void db_rollback(struct db *db)
{
	struct mst_error ignored;
	PGTransactionStatusType s = PQtransactionStatus(db->c);
	if (s != PQTRANS_INTRANS && s != PQTRANS_INERROR)
		return;
	/* the caller still wants to read what went wrong */
	struct db_diag diag = db->diag;
	struct pool *kept = db->diag_pool;
	const stop_flag *stop = db->stop;
	int64_t deadline = db->deadline_us;
	db->diag_pool = pool_new(db->pool);
	db->stop = NULL;
	db->deadline_us = 0;
	db_exec(db, STR("ROLLBACK"), &ignored);
	pool_free(db->diag_pool);
	db->stop = stop;
	db->deadline_us = deadline;
	db->diag_pool = kept;
	db->diag = diag;
}

bool db_in_transaction(const struct db *db)
{
	PGTransactionStatusType s = PQtransactionStatus(db->c);
	return s == PQTRANS_INTRANS || s == PQTRANS_INERROR;
}

static void pause_ms(unsigned ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };
	nanosleep(&t, NULL);
}

int db_transact(struct db *db, db_body *body, void *arg, struct mst_error *err)
{
	for (unsigned tries = 1;; tries++) {
		int rc = db_begin(db, err);
		if (rc)
			return rc;
		rc = body(db, arg, err);
		if (!rc)
			rc = db_commit(db, err);
		if (!rc)
			return 0;
		db_rollback(db);
		bool again = strcmp(err->sqlstate, "40001") == 0 || strcmp(err->sqlstate, "40P01") == 0 ||
			     (err->retry && strcmp(err->sqlstate, "26000") == 0) ||
			     (err->retry && strcmp(err->sqlstate, "0A000") == 0);
		if (!again || tries >= DB_TRIES || PQstatus(db->c) != CONNECTION_OK || (db->stop && *db->stop))
			return rc;
		/* two that met once would meet again at equal pauses */
		uint64_t dice = hash_bytes(hash_seed() ^ (uint64_t)getpid(), &tries, sizeof tries) ^ (uint64_t)time_mono_us();
		pause_ms((unsigned)(dice % (5u << (tries < 6 ? tries : 6))) + 1);
	}
}
