#include "db/internal.h"

#include <stdio.h>

int db_code_(const char *s, bool *retry)
{
	static const struct {
		const char *prefix; /* the first that fits counts */
		int code;
		bool retry;
	} table[] = {
		{ "57P04", MST_UNAVAILABLE, false },
		{ "57P", MST_UNAVAILABLE, true },
		{ "57014", MST_CANCELLED, false },
		{ "57", MST_UNAVAILABLE, true },
		{ "08", MST_UNAVAILABLE, true },
		{ "53300", MST_UNAVAILABLE, true },
		{ "53100", MST_IO, false },
		{ "53", MST_LIMIT, false },
		{ "54", MST_LIMIT, false },
		{ "25006", MST_UNAVAILABLE, false },
		{ "25P03", MST_UNAVAILABLE, true },
		{ "25", MST_BUG, false },
		{ "28", MST_DENIED, false },
		{ "42501", MST_DENIED, false },
		{ "3D000", MST_UNAVAILABLE, false },
		{ "40001", MST_CONFLICT, true },
		{ "40P01", MST_CONFLICT, true },
		{ "55P03", MST_CONFLICT, true },
		{ "55", MST_CONFLICT, false },
		{ "23505", MST_CONFLICT, false },
		{ "42P04", MST_CONFLICT, false },
		{ "42P06", MST_CONFLICT, false },
		{ "42P07", MST_CONFLICT, false },
		{ "42710", MST_CONFLICT, false },
		{ "42723", MST_CONFLICT, false },
		{ "58", MST_IO, false },
		{ "XX001", MST_IO, false },
		{ "XX002", MST_IO, false },
		{ "XX", MST_REMOTE, false },
		{ "F0", MST_REMOTE, false },
		{ "HV", MST_REMOTE, false },
		{ "0", MST_DATA, false },
		{ "2", MST_DATA, false },
		{ "3", MST_DATA, false },
		{ "4", MST_DATA, false },
		{ "P0002", MST_NOT_FOUND, false },
		{ "P0", MST_DATA, false },
	};
	*retry = false;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (strncmp(s, table[i].prefix, strlen(table[i].prefix)) == 0) {
			*retry = table[i].retry;
			return table[i].code;
		}
	return MST_REMOTE;
}

static const char *field(struct db *db, const PGresult *r, int code)
{
	const char *s = PQresultErrorField(r, code);
	return s ? pool_strdup(db->diag_pool, s) : "";
}

/* The server counts characters from 1. */
static size_t offset(const struct db *db, struct str text, const char *position)
{
	size_t chars = 0;
	for (const char *p = position; *p >= '0' && *p <= '9' && chars < SIZE_MAX / 20; p++)
		chars = chars * 10 + (size_t)(*p - '0');
	if (chars == 0)
		return DB_NO_OFFSET;
	const char *enc = PQparameterStatus(db->c, "server_encoding");
	if (enc && strcmp(enc, "SQL_ASCII") == 0)
		return chars - 1 <= text.n ? chars - 1 : DB_NO_OFFSET;
	size_t at = 0;
	for (size_t left = chars - 1; left; left--) {
		if (at >= text.n)
			return DB_NO_OFFSET;
		at++;
		while (at < text.n && ((unsigned char)text.p[at] & 0xc0) == 0x80)
			at++;
	}
	return at;
}

static struct str without_stop(const char *s)
{
	struct str t = str_trim(str_of(s));
	if (t.n > 1 && t.p[t.n - 1] == '.' && t.p[t.n - 2] != '.')
		t.n--;
	return t;
}

static void fill(struct db *db, const PGresult *r, const char *state)
{
	struct db_diag *d = &db->diag;
	pool_clear(db->diag_pool);
	*d = (struct db_diag){
		.message = field(db, r, PG_DIAG_MESSAGE_PRIMARY),
		.detail = field(db, r, PG_DIAG_MESSAGE_DETAIL),
		.hint = field(db, r, PG_DIAG_MESSAGE_HINT),
		.context = field(db, r, PG_DIAG_CONTEXT),
		.schema = field(db, r, PG_DIAG_SCHEMA_NAME),
		.table = field(db, r, PG_DIAG_TABLE_NAME),
		.column = field(db, r, PG_DIAG_COLUMN_NAME),
		.constraint = field(db, r, PG_DIAG_CONSTRAINT_NAME),
		.inner_query = field(db, r, PG_DIAG_INTERNAL_QUERY),
	};
	snprintf(d->sqlstate, sizeof d->sqlstate, "%s", state);
	d->offset = offset(db, db->text, field(db, r, PG_DIAG_STATEMENT_POSITION));
	d->inner_offset = offset(db, str_of(d->inner_query), field(db, r, PG_DIAG_INTERNAL_POSITION));
}

int db_fail_result_(struct db *db, const PGresult *r, struct mst_error *err)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	if (!state)
		return db_fail_connection_(db, err);
	fill(db, r, state);
	const struct db_diag *d = &db->diag;
	bool retry;
	int code = db_code_(state, &retry);
	/* 57014 is also what a statement time-out gives; only the text tells */
	if (code == MST_CANCELLED && !db->cancel_asked && strstr(d->message, "timeout"))
		code = MST_TIMEOUT;
	if (code == MST_CANCELLED && db->late) {
		mst_fail(err, MST_TIMEOUT, "timed out");
		return err->code;
	}
	if (code == MST_CANCELLED && db->streamless)
		code = MST_DATA;
	if (code == MST_UNAVAILABLE && PQstatus(db->c) == CONNECTION_BAD)
		mst_fail(err, code, "lost the connection to %s: %s", db->name, d->message);
	else if (*d->detail) {
		struct str detail = without_stop(d->detail);
		mst_fail(err, code, "%s: %.*s", d->message, STR_FMT(detail));
	} else
		mst_fail(err, code, "%s", d->message);
	if (*d->hint) {
		struct str hint = without_stop(d->hint);
		mst_hint(err, "%.*s", STR_FMT(hint));
	} else if (strcmp(state, "25006") == 0)
		mst_hint(err, "the server is read-only (a standby?); name its primary");
	snprintf(err->sqlstate, sizeof err->sqlstate, "%s", state);
	err->retry = retry;
	return code;
}

char *db_tidy_(struct pool *pool, const char *msg)
{
	struct buf b;
	buf_init(&b, pool);
	bool quoted = false;
	for (const char *p = msg; *p; p++) {
		if (*p == '\n') {
			struct str so_far = str_trim(buf_view(&b));
			/* a second attempt (another host or address) is a line of its own; the
			 * indented lines are libpq's advice */
			while (*p == '\n' || *p == '\t')
				p++;
			if (!*p || p[-1] == '\t' || strncmp(p, "LOCATION:", 9) == 0)
				break;
			b.n = so_far.n;
			buf_z(&b, "; ");
		}
		if (*p == '"') {
			quoted = !quoted;
			buf_char(&b, '"');
			continue;
		}
		/* libpq quotes what it could not read of a connection string: where that
		 * holds an @, it may be the end of a password */
		if (quoted) {
			size_t n = strcspn(p, "\"\n");
			if (memchr(p, '@', n))
				buf_z(&b, "***");
			else
				buf_add(&b, p, n);
			p += n - 1;
			continue;
		}
		if ((strncmp(p, "FATAL:  ", 8) == 0 || strncmp(p, "ERROR:  ", 8) == 0)) {
			p += 7;
			if (strlen(p + 1) > 7 && strspn(p + 1, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 && p[6] == ':')
				p += 7;
			continue;
		}
		buf_char(&b, *p);
	}
	struct str s = without_stop(buf_cstr(&b));
	return str_z(pool, s);
}

int db_fail_connection_(struct db *db, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const char *said = db_tidy_(tmp, PQerrorMessage(db->c));
	if (PQstatus(db->c) == CONNECTION_BAD) {
		mst_fail(err, MST_UNAVAILABLE, "lost the connection to %s%s%s", db->name, *said ? ": " : "", said);
		err->retry = true;
	} else
		mst_fail(err, MST_REMOTE, "%s", *said ? said : "the server gave no answer");
	snprintf(err->sqlstate, sizeof err->sqlstate, "%s", "08006");
	return err->code;
}

const struct db_diag *db_diag(const struct db *db)
{
	return &db->diag;
}
