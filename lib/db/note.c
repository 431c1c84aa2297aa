#include "base/time.h"
#include "db/internal.h"

#include <errno.h>
#include <poll.h>

static bool drop(struct db *db)
{
	bool any = false;
	for (PGnotify *n; (n = PQnotifies(db->c)); any = true)
		PQfreemem(n);
	return any;
}

bool db_notes_drop(struct db *db)
{
	return db->c && drop(db);
}

int db_notes_wait(struct db *db, int64_t timeout_us, bool *told, struct mst_error *err)
{
	int64_t end = time_mono_us() + timeout_us;
	if (db->running || db->copying)
		return mst_fail(err, MST_BUG, "a statement is running on this connection already");
	for (;;) {
		if (drop(db)) {
			*told = true;
			return 0;
		}
		if (db->stop && *db->stop)
			return mst_fail(err, MST_CANCELLED, "interrupted");
		int64_t left = end - time_mono_us();
		if (left <= 0) {
			*told = false;
			return 0;
		}
		/* a signal between the check and the poll must not be slept over */
		struct pollfd p = { PQsocket(db->c), POLLIN, 0 };
		int n = poll(&p, 1, left > 200000 ? 200 : (int)(left / 1000) + 1);
		if (n < 0 && errno != EINTR)
			return mst_fail_errno(err, MST_IO, "poll");
		if (n > 0 && !PQconsumeInput(db->c))
			return db_fail_connection_(db, err);
	}
}
