/* PostgreSQL: the one user of libpq.
 *
 * A struct db is one connection; it hangs on the pool it was opened with and is
 * closed with it.  One thread, one statement at a time.  The session speaks
 * UTF-8, UTC and ISO dates whatever the server's or the user's settings are.
 * Calls block, but wake up for db_on_stop: a signal cancels the statement on the
 * server and the call ends with MST_CANCELLED.
 *
 * Errors carry the SQLSTATE; db_diag gives the rest.  Codes by SQLSTATE: class 08,
 * 57P0x, 53300, 25006 MST_UNAVAILABLE; 28 and 42501 MST_DENIED; 40001, 40P01, 55P03
 * MST_CONFLICT with err->retry; 23505 and "exists already" MST_CONFLICT; 57014
 * MST_CANCELLED or, by a statement time-out, MST_TIMEOUT; P0002 MST_NOT_FOUND; 53100, 58 and XX001/2
 * MST_IO; 53 and 54 MST_LIMIT; classes 22, 23, 42, P0 and the like MST_DATA; any
 * other MST_REMOTE.  No message ever holds a password. */
#ifndef MST_DB_DB_H
#define MST_DB_DB_H

#include "base/error.h"
#include "base/stop.h"
#include "base/str.h"
#include "base/vec.h"

#include <signal.h>

/* Major versions of the server that are supported. */
#define DB_SERVER_MIN 15
#define DB_SERVER_MAX 17

struct db;
struct db_result;

/* Connects.  `conninfo` is a libpq connection string or URI ("" and NULL: the PG*
 * environment); `app` becomes application_name where the string names none.
 * Without connect_timeout in the string it is DB_CONNECT_TIMEOUT_S.  MST_USAGE for
 * a string that cannot be read; MST_UNAVAILABLE (err->retry where the server is
 * just starting or full) and MST_DENIED as the server says; MST_UNAVAILABLE for a
 * version outside the range.  `stop` (may be NULL) is as for db_on_stop and holds from
 * the first packet on; where the string names several hosts, from the connection on. */
#define DB_CONNECT_TIMEOUT_S 10
int db_open(struct pool *, const char *conninfo, const char *app, const stop_flag *stop,
	    struct db **out, struct mst_error *);
/* The same for a server that is only read from: of any version, and of any make that speaks the protocol. */
int db_open_any(struct pool *, const char *conninfo, const char *app, const stop_flag *stop, struct db **out,
		struct mst_error *);
/* Closes before the pool does; NULL is allowed.  An open transaction is rolled back. */
void db_close(struct db *);
/* `conninfo` with the keyword set to `value`, quoted: "... dbname='x'".  MST_USAGE
 * as db_open. */
int db_conninfo_with(struct pool *, const char *conninfo, const char *keyword, const char *value,
		     const char **out, struct mst_error *);
/* `conninfo` without its password, for the command line of a child, and the password (NULL: none) for
 * its PGPASSWORD: others see command lines. */
int db_conninfo_split(struct pool *, const char *conninfo, const char **bare, const char **password,
		      struct mst_error *);
/* Tells of each keyword that `conninfo` itself sets, in libpq's order.  MST_USAGE as db_open; errors of
 * `tell`. */
typedef int db_setting(void *arg, const char *keyword, const char *value, struct mst_error *);
int db_conninfo_each(const char *conninfo, db_setting *tell, void *arg, struct mst_error *);
/* "mst at db.example.com:5432" or "mst at /run/user/1000/mst": for people. */
const char *db_name(const struct db *);
/* Whether what is sent is encrypted by TLS. */
bool db_is_encrypted(const struct db *);
/* CPU time of the server's process behind this connection, without what parallel workers did for it;
 * -1 where the server is not on this machine's socket or does not let us look. */
int64_t db_server_cpu_us(const struct db *);
/* From now on a blocking call ends with MST_CANCELLED when *flag is not 0 (a
 * signal handler sets it; the handler must not be installed with SA_RESTART). */
void db_on_stop(struct db *, const stop_flag *flag);
/* From this instant of time_mono_us() on (0: never) what runs is cancelled and what is called
 * ends with MST_TIMEOUT; a rollback is let through. */
void db_deadline(struct db *, int64_t mono_us);

/* --- statements ------------------------------------------------------------- */

/* Any number of statements, no parameters, results dropped (simple protocol: all
 * in one transaction unless the text says otherwise). */
int db_exec(struct db *, struct str sql, struct mst_error *);
/* The same; what the server remarks on it ("... already exists, skipping") is not kept for db_notices. */
int db_exec_quietly(struct db *, struct str sql, struct mst_error *);
/* One statement with text parameters $1..$n; params[i].p NULL is SQL null.  A text
 * that is seen again is prepared by itself and kept.  The result hangs on the
 * pool.  NUL bytes in a parameter are MST_DATA. */
int db_query(struct pool *, struct db *, struct str sql, const struct str *params, size_t n,
	     const struct db_result **out, struct mst_error *);
/* db_query for statements whose rows do not matter; *rows (may be NULL) gets the
 * number of rows affected. */
int db_run(struct db *, struct str sql, const struct str *params, size_t n, int64_t *rows, struct mst_error *);

/* Parameters. */
#define DB_NULL ((struct str){ NULL, 0 })
struct str db_param_int(struct pool *, int64_t);
struct str db_param_bool(bool);
/* An array literal of text[]: '{"a","b"}'; p NULL gives a null element. */
struct str db_param_texts(struct pool *, const struct str *v, size_t n);

size_t db_rows(const struct db_result *);
size_t db_cols(const struct db_result *);
/* Rows affected by INSERT, UPDATE, DELETE, MERGE, COPY, CREATE TABLE AS; else the
 * rows returned. */
int64_t db_affected(const struct db_result *);
const char *db_col_name(const struct db_result *, size_t col);
/* The type of a column in pg_type, and its modifier (-1: none). */
uint32_t db_col_type(const struct db_result *, size_t col);
int db_col_modifier(const struct db_result *, size_t col);
/* Empty for null; valid as long as the result. NUL behind. */
struct str db_text(const struct db_result *, size_t row, size_t col);
bool db_is_null(const struct db_result *, size_t row, size_t col);
/* 0 where it is null or no whole number. */
int64_t db_int(const struct db_result *, size_t row, size_t col);
bool db_bool(const struct db_result *, size_t row, size_t col);

/* --- transactions ----------------------------------------------------------- */

int db_begin(struct db *, struct mst_error *);
int db_commit(struct db *, struct mst_error *);
/* Never fails: where the connection is lost the server has rolled back. */
void db_rollback(struct db *);
bool db_in_transaction(const struct db *);

typedef int db_body(struct db *, void *arg, struct mst_error *);
/* BEGIN, body, COMMIT; rolls back where the body fails.  Serialisation failures
 * and deadlocks (40001, 40P01) run the body again, at most DB_TRIES times in all
 * with a random pause between: it must be able to start over. */
#define DB_TRIES 8
int db_transact(struct db *, db_body *body, void *arg, struct mst_error *);

/* --- many at once ------------------------------------------------------------ */

/* Starts a statement and returns; n == 0 sends the text by the simple protocol (it
 * may hold many statements; the last result counts).  Then, until db_poll says 1:
 * poll(2) for db_events on db_fd and call db_poll.  Then db_take. */
int db_send(struct db *, struct str sql, const struct str *params, size_t n, struct mst_error *);
int db_fd(const struct db *);
short db_events(const struct db *);
/* 1: finished, call db_take; 0: not yet; < 0: the connection is lost. */
int db_poll(struct db *, struct mst_error *);
/* The result, or the error of the statement.  `out` may be NULL. */
int db_take(struct pool *, struct db *, const struct db_result **out, struct mst_error *);
/* Asks the server to cancel what runs; the statement then ends with MST_CANCELLED
 * (or finishes all the same). Opens a short connection of its own. */
int db_cancel(struct db *, struct mst_error *);

/* --- notifications -------------------------------------------------------------- */

/* A session that LISTENs hears NOTIFY with the answers to its statements and, idle, by its socket
 * (db_fd).  They are hints: what a caller wants to know it looks up.  Whether one has come since
 * it was last asked; none is kept. */
bool db_notes_drop(struct db *);
/* Sleeps until one comes (*told) or the time is over.  MST_CANCELLED by db_on_stop, MST_UNAVAILABLE
 * where the connection is lost. */
int db_notes_wait(struct db *, int64_t timeout_us, bool *told, struct mst_error *);

/* --- COPY ---------------------------------------------------------------------- */

/* `sql` is a COPY ... FROM STDIN.  After a failure of any of these the copy is over
 * (db_copy_abort need not be called). */
int db_copy_in(struct db *, struct str sql, struct mst_error *);
/* Any bytes, cut anywhere.  A row that the server refuses is reported by one of the
 * next calls, at the latest by db_copy_end. */
int db_copy_put(struct db *, struct str bytes, struct mst_error *);
int db_copy_end(struct db *, int64_t *rows, struct mst_error *);
/* Nothing of it lands. */
void db_copy_abort(struct db *, const char *why);
/* `sql` is a COPY ... TO STDOUT; each line goes to sink(arg), whose failure stops it. */
typedef int db_sink(void *arg, struct str bytes, struct mst_error *);
int db_copy_out(struct db *, struct str sql, db_sink *sink, void *arg, struct mst_error *);

/* --- names, literals, diagnostics ---------------------------------------------- */

/* A quoted identifier: "x", with " doubled.  NUL bytes are dropped. */
struct str db_quote_ident(struct pool *, struct str name);
/* For utility statements that take no parameters, and only there; E'' where the
 * text holds a backslash.  NUL bytes are dropped. */
struct str db_quote_literal(struct pool *, struct str text);

#define DB_NO_OFFSET SIZE_MAX
struct db_diag {
	char sqlstate[6];
	size_t offset; /* bytes into the statement text as given, or DB_NO_OFFSET */
	const char *message, *detail, *hint, *context; /* "" where there is none */
	const char *schema, *table, *column, *constraint;
	const char *inner_query; /* of a function: what inner_offset counts in, or "" */
	size_t inner_offset;
};
/* Of the last statement that failed; valid until the next statement on this db. */
const struct db_diag *db_diag(const struct db *);

/* Notices of the server since the last call ("NOTICE: ..." lines, at most 100 are
 * kept). They are never printed. */
struct db_notices {
	const char **v;
	size_t n;
};
struct db_notices db_notices(struct pool *, struct db *);

#endif
