#include "base/unpack.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define MAGIC 4

enum form { UNKNOWN, PLAIN, GZIP, ZSTD };

struct unpack {
	enum form form;
	unsigned char head[MAGIC]; /* the first bytes, until they say what it is */
	size_t head_n, head_at;
	const char *in;
	size_t in_n;
	bool eof;
	bool between; /* behind the end of a member or frame */
	bool padding; /* zero bytes behind the last member were seen */
	z_stream z;
	ZSTD_DStream *zstd;
};

static void release(void *arg)
{
	struct unpack *u = arg;
	if (u->form == GZIP)
		inflateEnd(&u->z);
	ZSTD_freeDStream(u->zstd);
}

struct unpack *unpack_new(struct pool *pool)
{
	struct unpack *u = pool_zalloc(pool, sizeof *u);
	pool_on_free(pool, release, u);
	return u;
}

void unpack_feed(struct unpack *u, const char *p, size_t n)
{
	u->in = p;
	u->in_n = n;
	u->eof |= n == 0;
}

static enum form form_of(const unsigned char *p, size_t n)
{
	if (n >= 2 && p[0] == 0x1f && p[1] == 0x8b)
		return GZIP;
	/* a frame, or one that is to be passed over (pzstd begins so) */
	bool zstd = n == MAGIC && (memcmp(p, "\x28\xb5\x2f\xfd", 4) == 0 ||
				   ((p[0] & 0xf0) == 0x50 && memcmp(p + 1, "\x2a\x4d\x18", 3) == 0));
	return zstd ? ZSTD : PLAIN;
}

/* False where more input is needed to know. */
static bool know_form(struct unpack *u)
{
	while (u->head_n < MAGIC && u->in_n) {
		u->head[u->head_n++] = (unsigned char)*u->in++;
		u->in_n--;
	}
	if (u->head_n < MAGIC && !u->eof)
		return false;
	u->form = form_of(u->head, u->head_n);
	if (u->form == GZIP && inflateInit2(&u->z, 16 + MAX_WBITS) != Z_OK)
		mst_out_of_memory();
	if (u->form == ZSTD) {
		u->zstd = ZSTD_createDStream();
		if (!u->zstd || ZSTD_isError(ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax, 27)))
			mst_out_of_memory();
	}
	return true;
}

/* The bytes that come next: those that told the form go first. */
static const char *next_input(struct unpack *u, size_t *n)
{
	bool head = u->head_at < u->head_n;
	*n = head ? u->head_n - u->head_at : u->in_n < UINT_MAX ? u->in_n : UINT_MAX;
	return head ? (const char *)u->head + u->head_at : u->in;
}

static void took(struct unpack *u, size_t n)
{
	if (u->head_at < u->head_n) {
		u->head_at += n;
	} else {
		u->in += n;
		u->in_n -= n;
	}
}

static int cut_short(const char *what, struct mst_error *err)
{
	mst_fail(err, MST_DATA, "the %s data ends in its middle", what);
	return mst_hint(err, "it was cut off on its way: fetch it again");
}

static int next_gzip(struct unpack *u, char *out, size_t room, size_t *got, struct mst_error *err)
{
	*got = 0;
	while (*got == 0) {
		size_t n;
		const char *p = next_input(u, &n);
		if (n == 0)
			return u->eof && !u->between ? cut_short("gzip", err) : 0;
		if (u->between && (u->padding || *p == 0)) {
			u->padding = true;
			if (*p)
				return mst_fail(err, MST_DATA, "something else stands behind the gzip data");
			took(u, 1);
			continue;
		}
		if (u->between && *p != 0x1f)
			return mst_fail(err, MST_DATA, "something else stands behind the gzip data");
		if (u->between)
			inflateReset(&u->z);
		u->between = false;
		u->z.next_in = (Bytef *)(uintptr_t)p;
		u->z.avail_in = (uInt)n;
		u->z.next_out = (Bytef *)out;
		u->z.avail_out = room < UINT_MAX ? (uInt)room : UINT_MAX;
		uInt out_n = u->z.avail_out;
		int rc = inflate(&u->z, Z_NO_FLUSH);
		took(u, n - u->z.avail_in);
		*got = out_n - u->z.avail_out;
		if (rc == Z_MEM_ERROR)
			mst_out_of_memory();
		if (rc == Z_STREAM_END)
			u->between = true;
		else if (rc != Z_OK && rc != Z_BUF_ERROR)
			return mst_fail(err, MST_DATA, "the gzip data is broken: %s", u->z.msg ? u->z.msg : "no such format");
	}
	return 0;
}

static int next_zstd(struct unpack *u, char *out, size_t room, size_t *got, struct mst_error *err)
{
	ZSTD_outBuffer o = { out, room, 0 };
	while (o.pos == 0) {
		size_t n;
		const char *p = next_input(u, &n);
		ZSTD_inBuffer i = { p, n, 0 };
		/* without input there may still be text inside, but not behind the end of a frame */
		if (n == 0 && u->between)
			break;
		size_t rc = ZSTD_decompressStream(u->zstd, &o, &i);
		took(u, i.pos);
		if (ZSTD_isError(rc)) {
			int code = ZSTD_getErrorCode(rc) == ZSTD_error_frameParameter_windowTooLarge ? MST_LIMIT : MST_DATA;
			return mst_fail(err, code, "the zstd data %s: %s", code == MST_LIMIT ? "asks for too much" : "is broken",
					ZSTD_getErrorName(rc));
		}
		u->between = rc == 0;
		if (n == 0 && o.pos == 0) {
			if (u->eof && !u->between)
				return cut_short("zstd", err);
			break;
		}
	}
	*got = o.pos;
	return 0;
}

int unpack_next(struct unpack *u, char *out, size_t room, size_t *got, struct mst_error *err)
{
	*got = 0;
	if (u->form == UNKNOWN && !know_form(u))
		return 0;
	if (u->form == GZIP)
		return next_gzip(u, out, room, got, err);
	if (u->form == ZSTD)
		return next_zstd(u, out, room, got, err);
	size_t n;
	const char *p = next_input(u, &n);
	n = n < room ? n : room;
	if (n) {
		memcpy(out, p, n);
		took(u, n);
	}
	*got = n;
	return 0;
}
