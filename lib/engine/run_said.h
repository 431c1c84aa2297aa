/* What jobs say while they run: collected by the workers, taken by the thread that
 * records.  Of what one attempt says the beginning goes on at once; of what comes beyond, the
 * end is kept until the attempt is over. */
#ifndef MST_ENGINE_RUN_SAID_H
#define MST_ENGINE_RUN_SAID_H

#include "base/str.h"
#include "base/vec.h"

#include <pthread.h>

#define RUN_SAID_HEAD ((size_t)256 << 10)
#define RUN_SAID_TAIL ((size_t)64 << 10)

struct run_line {
	uint32_t job;
	int attempt;
	int64_t at_us;      /* monotonic clock */
	const char *stream; /* "notice", "stderr", "warning", "note" */
	struct str text;    /* one line, valid UTF-8 */
};
typedef VEC(struct run_line) run_lines;

struct run_said {
	pthread_mutex_t lock;
	struct pool *pool; /* of what waits to be taken */
	run_lines lines;
	void (*wake)(void *arg);
	void *arg;
};
void run_said_init(struct run_said *, void (*wake)(void *arg), void *arg);
void run_said_release(struct run_said *);
/* Moves the lines to `out`; they live in the pool that is returned, which is the caller's; NULL where
 * there are none. */
struct pool *run_said_take(struct run_said *, run_lines *out);

/* One attempt's mouth. */
struct run_mouth {
	struct run_said *said;
	uint32_t job;
	int attempt;
	size_t head, left;        /* bytes that went on; lines that were dropped */
	struct {                  /* what was kept of the rest: the older half, the newer half */
		struct pool *pool;
		run_lines lines;
		size_t bytes;
	} late[2];
};
void run_mouth_open(struct run_mouth *, struct run_said *, uint32_t job, int attempt);
/* One line or several; as task_ctx.say. */
void run_mouth_say(void *mouth, const char *stream, struct str text);
/* Hands on what was kept. */
void run_mouth_close(struct run_mouth *);

#endif
