/* Inside of lib/db: the connection, its waiting and its errors. */
#ifndef MST_DB_INTERNAL_H
#define MST_DB_INTERNAL_H

#include "base/map.h"
#include "db/db.h"

#include <libpq-fe.h>

struct db {
	struct pool *pool;
	PGconn *c;
	const char *name;
	struct map texts; /* statement text -> DB_SEEN, or the number of its prepared statement */
	size_t prepared;
	struct pool *diag_pool;
	struct db_diag diag;
	struct pool *notice_pool;
	VEC(const char *) notices;
	size_t notices_seen; /* also those that were not kept */
	const stop_flag *stop;
	bool cancel_asked;
	int64_t deadline_us; /* 0: none */
	bool late;         /* the running statement met the deadline */
	bool running;      /* between db_send and db_take */
	bool copying;      /* between db_copy_in and its end */
	size_t copy_unseen; /* bytes put since the socket was looked at */
	bool streamless;   /* a COPY FROM STDIN was sent where nothing can be streamed */
	struct str text;   /* of the running statement, for positions */
	PGresult *result;  /* of the running statement: its first error, else its last result */
};

struct db_result {
	PGresult *r;
};

#define DB_SEEN 1

/* Starts a new statement: forgets the last one's diagnostics and results. */
void db_reset_(struct db *, struct str sql);
/* Waits for the socket; honours db_on_stop.  `write` asks for POLLOUT too. */
int db_wait_(struct db *, bool write, struct mst_error *);
/* Milliseconds to the deadline, at most an hour; -1 where there is none. */
int64_t db_left_ms_(const struct db *);
/* Sends everything that is buffered. */
int db_flush_(struct db *, struct mst_error *);
/* Reads all results of what was sent; the verdict is in db->result. */
int db_collect_(struct db *, struct mst_error *);
/* Hands out db->result: 0 and the result (out may be NULL), or its error. */
int db_verdict_(struct pool *, struct db *, const struct db_result **out, struct mst_error *);
/* Keeps a result as db->result by the rule above; ends a COPY nobody asked for. */
void db_keep_(struct db *, PGresult *);

/* The error of a result (also fills db->diag), or of the connection. */
int db_fail_result_(struct db *, const PGresult *, struct mst_error *);
int db_fail_connection_(struct db *, struct mst_error *);
/* By SQLSTATE, see db.h; sets *retry. */
int db_code_(const char *sqlstate, bool *retry);
/* One line of a libpq message: no LINE/LOCATION parts, no prefix, no full stop, no
 * text in quotes that might be half a password. */
char *db_tidy_(struct pool *, const char *msg);
/* 0, or MST_DATA where the text holds a NUL byte. */
int db_check_text_(struct str sql, struct mst_error *);

#endif
