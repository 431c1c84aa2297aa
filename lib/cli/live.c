#include "cli/live.h"

#include "base/time.h"
#include "base/vec.h"
#include "render/width.h"

#include <stdio.h>

#define LIVE_LINES 12
#define DRAW_US 90000

struct live {
	struct cli *cli;
	struct progress *progress;
	size_t jobs, workers, done, failed;
	VEC(size_t) running;  /* the longest at it first */
	struct str *names;
	int64_t *since_us;    /* of each job: when it began, while it runs, or 0 */
	bool *ended;
	const int64_t *expect_us, *path_us;
	int64_t spent_us, drawn_us;
	size_t spent_n;
};

struct live *live_open(struct cli *cli, size_t jobs, size_t workers)
{
	struct live *l = pool_zalloc(cli->pool, sizeof *l);
	*l = (struct live){ .cli = cli, .jobs = jobs, .workers = workers ? workers : 1 };
	l->names = pool_zalloc(cli->pool, (jobs + 1) * sizeof *l->names);
	l->since_us = pool_zalloc(cli->pool, (jobs + 1) * sizeof *l->since_us);
	l->ended = pool_zalloc(cli->pool, jobs + 1);
	l->progress = progress_open(cli, LIVE_LINES);
	return l;
}

void live_expect(struct live *l, const int64_t *duration_us, const int64_t *path_us)
{
	l->expect_us = duration_us;
	l->path_us = path_us;
}

void live_start(struct live *l, size_t job, struct str name)
{
	*vec_push(l->cli->pool, &l->running) = job;
	l->names[job] = name;
	l->since_us[job] = time_mono_us();
}

void live_wait(struct live *l, size_t job)
{
	l->since_us[job] = 0;
	for (size_t i = 0; i < l->running.n; i++)
		if (l->running.v[i] == job) {
			memmove(&l->running.v[i], &l->running.v[i + 1], (l->running.n - i - 1) * sizeof *l->running.v);
			l->running.n--;
			break;
		}
}

void live_end(struct live *l, size_t job, int64_t duration_us, bool failed)
{
	live_wait(l, job);
	l->done++;
	l->ended[job] = true;
	l->failed += failed;
	if (duration_us >= 0) {
		l->spent_us += duration_us;
		l->spent_n++;
	}
}

/* Seconds that run do not jump between units. */
static const char *clock_words(char out[TIME_SHORT_MAX], int64_t us)
{
	if (us >= 60 * US_PER_S)
		return time_short(out, us);
	snprintf(out, TIME_SHORT_MAX, "%.1f s", (double)(us / 100000) / 10);
	return out;
}

/* What is left takes as long as all of it with every worker busy, and no less than the longest
 * chain of jobs that wait for each other; -1 where no job is known. */
static int64_t time_left(const struct live *l, int64_t now)
{
	int64_t mean = l->spent_n ? l->spent_us / (int64_t)l->spent_n : 0, sum = 0, longest = 0;
	bool known = false;
	for (size_t i = 0; l->expect_us && i < l->jobs; i++) {
		if (l->ended[i])
			continue;
		known |= l->expect_us[i] >= 0;
		int64_t all = l->expect_us[i] >= 0 ? l->expect_us[i] : mean;
		int64_t gone = l->since_us[i] ? now - l->since_us[i] : 0;
		gone = gone < all ? gone : all;
		sum += all - gone;
		longest = l->path_us[i] - gone > longest ? l->path_us[i] - gone : longest;
	}
	sum /= (int64_t)l->workers;
	return !known ? -1 : sum > longest ? sum : longest;
}

/* The longest name that is shown, as far as there is room for the time behind it. */
static size_t names_width(const struct live *l)
{
	size_t room = l->cli->columns > 24 ? (size_t)l->cli->columns - 14 : 10, width = 0;
	for (unsigned i = 0; i < LIVE_LINES && i < l->running.n; i++) {
		size_t w = width_of(l->names[l->running.v[i]]);
		width = w > width ? w : width;
	}
	return width < room ? width : room;
}

static void draw(struct live *l)
{
	int64_t now = time_mono_us();
	if (now - l->drawn_us < DRAW_US)
		return;
	POOL_SCRATCH(tmp);
	char took[TIME_SHORT_MAX];
	struct buf b;
	size_t width = names_width(l);
	buf_init(&b, tmp);
	l->drawn_us = now;
	for (unsigned i = 0; i < LIVE_LINES; i++) {
		if (i >= l->running.n) {
			progress_set_line(l->progress, i, NULL);
			continue;
		}
		size_t job = l->running.v[i];
		buf_reset(&b);
		buf_z(&b, "  ");
		size_t w = width_cut(&b, l->names[job], width);
		buf_printf(&b, "%*s %8s", (int)(width - w), "", clock_words(took, now - l->since_us[job]));
		progress_set_line(l->progress, i, buf_cstr(&b));
	}
	buf_reset(&b);
	buf_printf(&b, "%zu of %zu done, %zu running", l->done, l->jobs, l->running.n);
	if (l->failed)
		buf_printf(&b, ", %zu failed", l->failed);
	int64_t left = time_left(l, now);
	if (left > 0)
		/* rounded up: the last second is a second */
		buf_printf(&b, ", about %s left", left < 59 * US_PER_S ? pool_printf(tmp, "%d s", (int)(left / US_PER_S) + 1) :
								       time_short(took, left));
	progress_status(l->progress, buf_cstr(&b));
}

int live_draw(struct live *l)
{
	if (!progress_is_live(l->progress))
		return -1;
	draw(l);
	return 100;
}

void live_close(struct live *l)
{
	progress_close(l->progress);
}
