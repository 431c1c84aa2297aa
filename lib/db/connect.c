#include "base/time.h"
#include "db/internal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

static void close_handle(void *arg)
{
	struct db *db = arg;
	PQclear(db->result);
	PQfinish(db->c);
	db->result = NULL;
	db->c = NULL;
}

static void on_notice(void *arg, const PGresult *r)
{
	struct db *db = arg;
	const char *severity = PQresultErrorField(r, PG_DIAG_SEVERITY);
	const char *msg = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	db->notices_seen++;
	if (db->notices.n < 100)
		*vec_push(db->notice_pool, &db->notices) =
			pool_printf(db->notice_pool, "%s: %s", severity ? severity : "NOTICE", msg ? msg : "");
}

struct db_notices db_notices(struct pool *pool, struct db *db)
{
	struct db_notices out = { pool_array(pool, db->notices.n + 1, sizeof *out.v), db->notices.n };
	for (size_t i = 0; i < out.n; i++)
		out.v[i] = pool_strdup(pool, db->notices.v[i]);
	pool_clear(db->notice_pool);
	db->notices.v = NULL;
	db->notices.n = db->notices.cap = 0;
	return out;
}

static void free_options(void *arg)
{
	for (PQconninfoOption *o = arg; o->keyword; o++)
		if (o->val && *o->dispchar == '*')
			explicit_bzero(o->val, strlen(o->val));
	PQconninfoFree(arg);
}

/* Whether what libpq quotes of a connection string may be a password. */
static bool may_hold_secret(const char *conninfo)
{
	return conninfo && (strcasestr(conninfo, "pass") || strchr(conninfo, '@') || strstr(conninfo, "://"));
}

static int parse(struct pool *pool, const char *conninfo, PQconninfoOption **out, struct mst_error *err)
{
	char *said = NULL;
	PQconninfoOption *o = PQconninfoParse(conninfo ? conninfo : "", &said);
	if (!o) {
		struct str why = str_trim(str_of(said ? said : "out of memory"));
		/* what is quoted may hold quotes itself */
		const char *from = memchr(why.p, '"', why.n), *to = memrchr(why.p, '"', why.n);
		if (from && from + 3 < to && strncmp(from, "\"=\"", 3) == 0)
			from = memchr(from + 3, '"', (size_t)(to - from - 2));
		if (from && may_hold_secret(conninfo))
			mst_fail(err, MST_USAGE, "the connection string cannot be read: %.*s\"***%s", (int)(from - why.p), why.p,
				 pool_printf(pool, "%.*s", (int)(why.p + why.n - to), to));
		else
			mst_fail(err, MST_USAGE, "the connection string cannot be read: %.*s", STR_FMT(why));
		PQfreemem(said);
		return mst_hint(err, "write postgresql://USER@HOST:PORT/DATABASE or 'host=... dbname=...'");
	}
	pool_on_free(pool, free_options, o);
	*out = o;
	return 0;
}

static void add_quoted(struct buf *b, const char *keyword, const char *value)
{
	if (b->n)
		buf_char(b, ' ');
	buf_printf(b, "%s='", keyword);
	for (const char *p = value; *p; p++) {
		if (*p == '\'' || *p == '\\')
			buf_char(b, '\\');
		buf_char(b, *p);
	}
	buf_char(b, '\'');
}

int db_conninfo_with(struct pool *pool, const char *conninfo, const char *keyword, const char *value,
		     const char **out, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	PQconninfoOption *o;
	int rc = parse(tmp, conninfo, &o, err);
	if (rc)
		return rc;
	struct buf b;
	buf_init(&b, pool);
	for (; o->keyword; o++)
		if (o->val && strcmp(o->keyword, keyword) != 0)
			add_quoted(&b, o->keyword, o->val);
	add_quoted(&b, keyword, value);
	*out = buf_cstr(&b);
	return 0;
}

int db_conninfo_split(struct pool *pool, const char *conninfo, const char **bare, const char **password,
		      struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	PQconninfoOption *o;
	int rc = parse(tmp, conninfo, &o, err);
	if (rc)
		return rc;
	struct buf b;
	buf_init(&b, pool);
	const char *secret = NULL;
	for (; o->keyword; o++)
		if (o->val && strcmp(o->keyword, "password") == 0)
			secret = pool_strdup(pool, o->val);
		else if (o->val)
			add_quoted(&b, o->keyword, o->val);
	*bare = buf_cstr(&b);
	*password = secret;
	return 0;
}

int db_conninfo_each(const char *conninfo, db_setting *tell, void *arg, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	PQconninfoOption *o;
	int rc = parse(tmp, conninfo, &o, err);
	for (; !rc && o->keyword; o++)
		if (o->val && *o->val)
			rc = tell(arg, o->keyword, o->val, err);
	return rc;
}

struct settings {
	const char *keys[64], *values[64];
	size_t n;
};

static void set(struct settings *s, const char *key, const char *value)
{
	if (s->n + 1 < sizeof s->keys / sizeof *s->keys) {
		s->keys[s->n] = key;
		s->values[s->n++] = value;
	}
	s->keys[s->n] = s->values[s->n] = NULL;
}

static const char *option(const PQconninfoOption *o, const char *key)
{
	for (; o->keyword; o++)
		if (strcmp(o->keyword, key) == 0)
			return o->val && *o->val ? o->val : NULL;
	return NULL;
}

static int fail_connect(PGconn *c, const char *name, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const char *raw = PQerrorMessage(c);
	const char *fatal = strstr(raw, "FATAL:  ");
	char state[6] = "";
	if (fatal && strlen(fatal) > 14 && fatal[13] == ':')
		snprintf(state, sizeof state, "%.5s", fatal + 8);
	bool retry = false;
	int code = *state ? db_code_(state, &retry) : MST_UNAVAILABLE;
	if (code != MST_DENIED)
		code = MST_UNAVAILABLE;
	/* "connection to server at ... failed: FATAL: ..." names the place once more */
	mst_fail(err, code, "cannot connect to %s: %s", name, db_tidy_(tmp, *state ? fatal : raw));
	if (!*state && strstr(raw, "no password supplied"))
		snprintf(state, sizeof state, "28P01");
	if (strcmp(state, "28P01") == 0)
		mst_hint(err, "give the password in ~/.pgpass, PGPASSWORD or the connection string");
	else if (strcmp(state, "3D000") == 0)
		mst_hint(err, "create it with: createdb %s", PQdb(c) ? PQdb(c) : "NAME");
	snprintf(err->sqlstate, sizeof err->sqlstate, "%s", *state ? state : "08001");
	err->retry = retry || !*state;
	return code;
}

/* connect_timeout is PQconnectdb's alone: PQconnectPoll leaves the clock to us. */
static int finish_connect(PGconn *c, const char *name, int64_t limit_us, const stop_flag *stop,
			  struct mst_error *err)
{
	int64_t end = time_mono_us() + limit_us;
	PostgresPollingStatusType want = PGRES_POLLING_WRITING;
	while (want != PGRES_POLLING_OK) {
		if (want == PGRES_POLLING_FAILED)
			return fail_connect(c, name, err);
		struct pollfd p = { PQsocket(c), want == PGRES_POLLING_READING ? POLLIN : POLLOUT, 0 };
		int64_t left = end - time_mono_us();
		if (limit_us && left <= 0) {
			mst_fail(err, MST_UNAVAILABLE, "cannot connect to %s: no answer within %lld s", name,
				 (long long)(limit_us / US_PER_S));
			err->retry = true;
			return err->code;
		}
		int ms = limit_us && left < 250000 ? (int)(left / 1000 + 1) : 250;
		int n = poll(&p, 1, ms);
		if (stop && *stop)
			return mst_fail(err, MST_CANCELLED, "interrupted");
		if (n < 0 && errno != EINTR)
			return mst_fail_errno(err, MST_IO, "poll");
		if (n > 0)
			want = PQconnectPoll(c);
	}
	return 0;
}

static const char *describe(struct pool *pool, PGconn *c)
{
	const char *host = PQhost(c), *port = PQport(c), *dbname = PQdb(c);
	if (!host || !*host)
		host = "the default socket";
	if (!dbname || !*dbname) /* libpq gave up before it knew */
		dbname = "a database";
	if (*host == '/' || !port || !*port || strchr(host, ' '))
		return pool_printf(pool, "%s at %s", dbname, host);
	return pool_printf(pool, "%s at %s:%s", dbname, host, port);
}

/* What roles and databases may have set otherwise; the server reports these, so
 * that nothing is sent where all is right. */
static int session(struct db *db, struct mst_error *err)
{
	static const char *const wanted[][2] = {
		{ "TimeZone", "UTC" },
		{ "DateStyle", "ISO, MDY" },
		{ "IntervalStyle", "postgres" },
		{ "standard_conforming_strings", "on" },
	};
	POOL_SCRATCH(tmp);
	struct buf b;
	buf_init(&b, tmp);
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		const char *now = PQparameterStatus(db->c, wanted[i][0]);
		if (!now || strcmp(now, wanted[i][1]) != 0)
			buf_printf(&b, "SET %s TO %s%s%s;", wanted[i][0], strchr(wanted[i][1], ',') ? "" : "'",
				   wanted[i][1], strchr(wanted[i][1], ',') ? "" : "'");
	}
	return b.n ? db_exec(db, buf_view(&b), err) : 0;
}

static int check_version(struct db *db, struct mst_error *err)
{
	int v = PQserverVersion(db->c);
	if (v >= DB_SERVER_MIN * 10000 && v < (DB_SERVER_MAX + 1) * 10000)
		return 0;
	const char *text = PQparameterStatus(db->c, "server_version");
	mst_fail(err, MST_UNAVAILABLE, "%s is PostgreSQL %s; this mst needs %d to %d", db->name, text ? text : "?",
		 DB_SERVER_MIN, DB_SERVER_MAX);
	return mst_hint(err, "name another server, or use an mst that supports this one");
}

static int64_t timeout_us(const PQconninfoOption *o)
{
	const char *s = option(o, "connect_timeout");
	if (!s)
		return DB_CONNECT_TIMEOUT_S * US_PER_S;
	long v = strtol(s, NULL, 10);
	return v <= 0 ? 0 : v > 86400 ? 86400 * US_PER_S : v * US_PER_S;
}

static int open_checked(struct pool *parent, const char *conninfo, const char *app, const stop_flag *stop, bool any,
			struct db **out, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	PQconninfoOption *o;
	int rc = parse(tmp, conninfo, &o, err);
	if (rc)
		return rc;
	const char *port = option(o, "port");
	if (port && port[strspn(port, "0123456789,")]) {
		/* postgresql://u:pass word: what stands there may be a password */
		mst_fail(err, MST_USAGE, "the connection string cannot be read: its port is no number");
		return mst_hint(err, "write postgresql://USER:PASSWORD@HOST:PORT/DATABASE");
	}
	struct settings s = { .n = 0 };
	for (PQconninfoOption *i = o; i->keyword; i++)
		if (i->val && strcmp(i->keyword, "client_encoding") != 0)
			set(&s, i->keyword, i->val);
	set(&s, "client_encoding", "UTF8");
	if (!option(o, "fallback_application_name") && app)
		set(&s, "fallback_application_name", app);

	struct pool *pool = pool_new(parent);
	struct db *db = pool_zalloc(pool, sizeof *db);
	db->pool = pool;
	db->stop = stop;
	pool_on_free(pool, close_handle, db);
	db->c = PQconnectStartParams(s.keys, s.values, 0);
	if (!db->c)
		mst_out_of_memory();
	PQconninfoOption *all = PQconninfo(db->c);
	if (all)
		pool_on_free(tmp, free_options, all);
	const char *host = all ? option(all, "host") : NULL, *hostaddr = all ? option(all, "hostaddr") : NULL;
	int64_t limit = all ? timeout_us(all) : DB_CONNECT_TIMEOUT_S * US_PER_S;
	db->name = describe(pool, db->c);
	if (host && strchr(host, '@')) {
		/* postgresql://u:p@ss@host: the rest of the password is taken for the host */
		rc = mst_fail(err, MST_USAGE, "the connection string cannot be read: its host name holds an '@'");
		mst_hint(err, "write %%40 for an '@' in a user name or password");
	} else if (PQstatus(db->c) == CONNECTION_BAD) {
		rc = fail_connect(db->c, db->name, err);
	} else if ((host && strchr(host, ',')) || (hostaddr && strchr(hostaddr, ','))) {
		/* several hosts: only the blocking call goes on to the next one on a time-out */
		char seconds[24];
		snprintf(seconds, sizeof seconds, "%lld", (long long)(limit / US_PER_S));
		if (!option(o, "connect_timeout"))
			set(&s, "connect_timeout", seconds);
		PQfinish(db->c);
		db->c = PQconnectdbParams(s.keys, s.values, 0);
		if (!db->c)
			mst_out_of_memory();
		if (PQstatus(db->c) != CONNECTION_OK)
			rc = fail_connect(db->c, db->name, err);
		db->name = describe(pool, db->c);
	} else {
		PQsetErrorVerbosity(db->c, PQERRORS_VERBOSE); /* for the SQLSTATE of a refusal */
		rc = finish_connect(db->c, db->name, limit, stop, err);
		PQsetErrorVerbosity(db->c, PQERRORS_DEFAULT);
	}
	if (!rc) {
		map_init(&db->texts, pool, 0);
		db->diag_pool = pool_new(pool);
		db->notice_pool = pool_new(pool);
		db_reset_(db, STR(""));
		PQsetNoticeReceiver(db->c, on_notice, db);
		PQsetnonblocking(db->c, 1);
		rc = any ? 0 : check_version(db, err);
	}
	if (!rc)
		rc = session(db, err);
	if (rc) {
		pool_free(pool);
		return rc;
	}
	*out = db;
	return 0;
}

int db_open(struct pool *parent, const char *conninfo, const char *app, const stop_flag *stop, struct db **out,
	    struct mst_error *err)
{
	return open_checked(parent, conninfo, app, stop, false, out, err);
}

int db_open_any(struct pool *parent, const char *conninfo, const char *app, const stop_flag *stop, struct db **out,
		struct mst_error *err)
{
	return open_checked(parent, conninfo, app, stop, true, out, err);
}

bool db_is_encrypted(const struct db *db)
{
	return PQsslInUse(db->c);
}

void db_close(struct db *db)
{
	if (db)
		pool_free(db->pool);
}

const char *db_name(const struct db *db)
{
	return db->name;
}

void db_on_stop(struct db *db, const stop_flag *flag)
{
	db->stop = flag;
}
