#include "engine/run_said.h"

#include "base/time.h"
#include "base/utf8.h"

#include <stdio.h>

#define LINE_MAX_BYTES ((size_t)8 << 10)

void run_said_init(struct run_said *s, void (*wake)(void *arg), void *arg)
{
	*s = (struct run_said){ .wake = wake, .arg = arg };
	pthread_mutex_init(&s->lock, NULL);
}

void run_said_release(struct run_said *s)
{
	pool_free(s->pool);
	pthread_mutex_destroy(&s->lock);
}

struct pool *run_said_take(struct run_said *s, run_lines *out)
{
	pthread_mutex_lock(&s->lock);
	struct pool *pool = s->pool;
	*out = s->lines;
	s->pool = NULL;
	s->lines = (run_lines){ 0 };
	pthread_mutex_unlock(&s->lock);
	return pool;
}

/* Whatever the bytes are, the database takes them. */
static struct str clean(struct pool *pool, struct str s)
{
	if (utf8_valid(s) == s.n && !memchr(s.p, 0, s.n))
		return str_dup(pool, s);
	struct buf b;
	buf_init(&b, pool);
	while (s.n) {
		unsigned n = utf8_seq(s.p, s.n);
		if (n && *s.p)
			buf_add(&b, s.p, n);
		else
			utf8_put(&b, 0xFFFD);
		n = n ? n : 1;
		s = (struct str){ s.p + n, s.n - n };
	}
	return buf_view(&b);
}

static void hand_on(struct run_said *s, const struct run_line *line)
{
	pthread_mutex_lock(&s->lock);
	if (!s->pool)
		s->pool = pool_new(NULL);
	struct run_line *l = vec_push(s->pool, &s->lines);
	*l = *line;
	l->text = clean(s->pool, line->text);
	pthread_mutex_unlock(&s->lock);
}

static void keep(struct run_mouth *m, const struct run_line *line)
{
	if (m->late[1].bytes > RUN_SAID_TAIL / 2) {
		m->left += m->late[0].lines.n;
		pool_free(m->late[0].pool);
		m->late[0] = m->late[1];
		memset(&m->late[1], 0, sizeof m->late[1]);
	}
	if (!m->late[1].pool)
		m->late[1].pool = pool_new(NULL);
	struct run_line *l = vec_push(m->late[1].pool, &m->late[1].lines);
	*l = *line;
	l->text = str_dup(m->late[1].pool, line->text);
	/* an empty line takes its place, too */
	m->late[1].bytes += line->text.n + sizeof *l;
}

void run_mouth_open(struct run_mouth *m, struct run_said *said, uint32_t job, int attempt)
{
	*m = (struct run_mouth){ .said = said, .job = job, .attempt = attempt };
}

void run_mouth_say(void *mouth, const char *stream, struct str text)
{
	struct run_mouth *m = mouth;
	struct run_line line = { .job = m->job, .attempt = m->attempt, .at_us = time_mono_us(), .stream = stream };
	bool handed = false;
	while (text.n) {
		struct str rest;
		if (!str_cut(text, '\n', &line.text, &rest))
			rest = (struct str){ "", 0 };
		if (line.text.n > LINE_MAX_BYTES) {
			line.text.n = LINE_MAX_BYTES;
			/* not in the middle of a character */
			while (line.text.n > LINE_MAX_BYTES - 3 && (text.p[line.text.n] & 0xC0) == 0x80)
				line.text.n--;
			rest = (struct str){ text.p + line.text.n, text.n - line.text.n };
		}
		text = rest;
		if (line.text.n && line.text.p[line.text.n - 1] == '\r')
			line.text.n--;
		if (m->head < RUN_SAID_HEAD) {
			hand_on(m->said, &line);
			m->head += line.text.n + sizeof line;
			handed = true;
		} else {
			keep(m, &line);
		}
	}
	if (handed)
		m->said->wake(m->said->arg);
}

void run_mouth_close(struct run_mouth *m)
{
	char words[64];
	if (m->left) {
		snprintf(words, sizeof words, "... %zu lines left out ...", m->left);
		hand_on(m->said, &(struct run_line){ m->job, m->attempt, time_mono_us(), "note", str_of(words) });
	}
	for (int i = 0; i < 2; i++) {
		for (size_t k = 0; k < m->late[i].lines.n; k++)
			hand_on(m->said, &m->late[i].lines.v[k]);
		pool_free(m->late[i].pool);
	}
}
