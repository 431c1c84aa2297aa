#include "db/internal.h"

#include <errno.h>
#include <poll.h>

#define PIECE 8192

static int start(struct db *db, struct str sql, ExecStatusType want, const char *words, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	if (db->running || db->copying)
		return mst_fail(err, MST_BUG, "a statement is running on this connection already");
	int rc = db_check_text_(sql, err);
	if (rc)
		return rc;
	db_reset_(db, sql);
	db->text = str_dup(db->diag_pool, sql);
	db->copy_unseen = 0;
	if (!PQsendQuery(db->c, str_z(tmp, sql)))
		return db_fail_connection_(db, err);
	rc = db_flush_(db, err);
	while (!rc && PQisBusy(db->c)) {
		rc = db_wait_(db, false, err);
		if (!rc && !PQconsumeInput(db->c))
			rc = db_fail_connection_(db, err);
	}
	if (rc)
		return rc;
	PGresult *r = PQgetResult(db->c);
	if (r && PQresultStatus(r) == want) {
		PQclear(r);
		db->copying = true;
		return 0;
	}
	if (r)
		db_keep_(db, r);
	rc = db_collect_(db, err);
	if (!rc)
		rc = db_verdict_(NULL, db, NULL, err);
	return rc ? rc : mst_fail(err, MST_BUG, "the statement is not a %s", words);
}

static int finish(struct db *db, int64_t *rows, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	db->copying = false;
	int rc = db_collect_(db, err);
	if (!rc)
		rc = db_verdict_(tmp, db, &r, err);
	if (!rc && rows)
		*rows = db_affected(r);
	return rc;
}

/* PQputCopyEnd until it is taken. */
static int put_end(struct db *db, const char *why, struct mst_error *err)
{
	for (;;) {
		int n = PQputCopyEnd(db->c, why);
		if (n > 0)
			return 0;
		if (n < 0)
			return db_fail_connection_(db, err);
		int rc = db_flush_(db, err);
		if (rc)
			return rc;
	}
}

int db_copy_in(struct db *db, struct str sql, struct mst_error *err)
{
	return start(db, sql, PGRES_COPY_IN, "COPY FROM STDIN", err);
}

/* While we send, the server speaks only to give notices or up; libpq shows the
 * error no sooner than at the end, and an endless stream must not hide it.  So the
 * socket is looked at before each piece.  A piece is small enough that the socket
 * takes it whole once poll says so: else libpq would read by itself while it waits
 * to write, out of our sight. */
static int before_piece(struct db *db, struct mst_error *err)
{
	for (;;) {
		struct pollfd p = { PQsocket(db->c), POLLIN | POLLOUT, 0 };
		if (db->stop && *db->stop)
			return mst_fail(err, MST_CANCELLED, "interrupted");
		if (db_left_ms_(db) == 0)
			return mst_fail(err, MST_TIMEOUT, "timed out");
		int n = poll(&p, 1, db->stop || db->deadline_us ? 200 : -1);
		if (n < 0 && errno != EINTR)
			return mst_fail_errno(err, MST_IO, "poll");
		if (n <= 0)
			continue;
		if (p.revents & ~POLLOUT) {
			size_t before = db->notices_seen;
			if (!PQconsumeInput(db->c))
				return db_fail_connection_(db, err);
			PQputCopyData(db->c, "", 0); /* takes the notices out of the buffer */
			if (db->notices_seen == before)
				return mst_fail(err, MST_REMOTE, "the server ended the copy");
			continue;
		}
		int left = PQflush(db->c);
		if (left < 0)
			return db_fail_connection_(db, err);
		if (left == 0)
			return 0;
	}
}

/* Ends a copy that failed on our side; what the server says about it counts more,
 * unless it only repeats that we gave up. */
static int give_up(struct db *db, struct mst_error *err)
{
	struct mst_error said;
	db->copying = false;
	if (err->code == MST_CANCELLED)
		db->stop = NULL;
	int64_t deadline = db->deadline_us;
	db->deadline_us = 0;
	if (put_end(db, "the copy was given up", &said) == 0)
		said.code = 0;
	int rc = db_collect_(db, &said);
	db->deadline_us = deadline;
	if (rc || !db->result || db_verdict_(NULL, db, NULL, &said) == 0)
		return err->code;
	if (strcmp(said.sqlstate, "57014") != 0)
		*err = said;
	return err->code;
}

int db_copy_put(struct db *db, struct str bytes, struct mst_error *err)
{
	if (!db->copying)
		return mst_fail(err, MST_BUG, "no COPY is going on");
	const stop_flag *stop = db->stop;
	while (bytes.n) {
		size_t n = bytes.n < PIECE ? bytes.n : PIECE;
		int rc = 0;
		if (db->copy_unseen + n > PIECE) {
			rc = before_piece(db, err);
			db->copy_unseen = 0;
		}
		for (int put = 0; !rc && put == 0;) {
			put = PQputCopyData(db->c, bytes.p, (int)n);
			rc = put < 0 ? db_fail_connection_(db, err) : put == 0 ? before_piece(db, err) : 0;
		}
		if (rc) {
			rc = give_up(db, err);
			db->stop = stop;
			return rc;
		}
		db->copy_unseen += n;
		bytes.p += n;
		bytes.n -= n;
	}
	return 0;
}

int db_copy_end(struct db *db, int64_t *rows, struct mst_error *err)
{
	if (!db->copying)
		return mst_fail(err, MST_BUG, "no COPY is going on");
	int rc = put_end(db, NULL, err);
	if (rc) {
		db->copying = false;
		return rc;
	}
	return finish(db, rows, err);
}

void db_copy_abort(struct db *db, const char *why)
{
	struct mst_error ignored;
	if (!db->copying)
		return;
	const stop_flag *stop = db->stop;
	db->stop = NULL;
	if (put_end(db, why, &ignored) == 0)
		finish(db, NULL, &ignored);
	db->copying = false;
	db->stop = stop;
}

int db_copy_out(struct db *db, struct str sql, db_sink *sink, void *arg, struct mst_error *err)
{
	int rc = start(db, sql, PGRES_COPY_OUT, "COPY TO STDOUT", err), sunk = 0;
	if (rc)
		return rc;
	for (;;) {
		char *p = NULL;
		int n = PQgetCopyData(db->c, &p, 1);
		if (n > 0) {
			if (!sunk && (sunk = sink(arg, (struct str){ p, (size_t)n }, err))) {
				struct mst_error ignored;
				db_cancel(db, &ignored);
			}
			PQfreemem(p);
			continue;
		}
		if (n < 0)
			break;
		struct mst_error lost;
		rc = db_wait_(db, false, &lost);
		if (!rc && !PQconsumeInput(db->c))
			rc = db_fail_connection_(db, &lost);
		if (rc) {
			db->copying = false;
			if (!sunk)
				*err = lost;
			return sunk ? sunk : rc;
		}
	}
	struct mst_error ended;
	rc = finish(db, NULL, &ended);
	if (!sunk && rc)
		*err = ended;
	return sunk ? sunk : rc;
}
