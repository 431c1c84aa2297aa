#include "model/provider.h"

static const struct provider_field postgres_fields[] = {
	{ "host", PROVIDER_TEXT, .required = true, .help = "host name, address, or folder of a unix socket" },
	{ "port", PROVIDER_INT, .min = 1, .max = 65535, .many = true, .def = "5432", .help = "port of the server" },
	{ "dbname", PROVIDER_TEXT, .required = true, .help = "name of the database" },
	{ "user", PROVIDER_TEXT, .def = "the user who connects", .help = "role to log in as" },
	{ "password", PROVIDER_TEXT, .secret = true, .help = "password of the role" },
	{ "sslmode", PROVIDER_WORD, "disable|allow|prefer|require|verify-ca|verify-full", .def = "prefer",
	  .help = "how far the connection is encrypted and the server checked" },
	{ "sslrootcert", PROVIDER_PATH, .def = "~/.postgresql/root.crt",
	  .help = "certificates that the server's is held against" },
	{ "sslcert", PROVIDER_PATH, .def = "~/.postgresql/postgresql.crt", .help = "certificate of the user" },
	{ "sslkey", PROVIDER_PATH, .def = "~/.postgresql/postgresql.key", .help = "key of that certificate" },
	{ "channel_binding", PROVIDER_WORD, "disable|prefer|require", .def = "prefer",
	  .help = "whether the password is bound to the encryption" },
	{ "gssencmode", PROVIDER_WORD, "disable|prefer|require", .def = "prefer", .help = "encryption by Kerberos" },
	{ "target_session_attrs", PROVIDER_WORD, "any|read-write|read-only|primary|standby|prefer-standby", .def = "any",
	  .help = "which of several hosts will do" },
	{ "connect_timeout", PROVIDER_INT, .min = 1, .max = 3600, .def = "10", .help = "seconds to wait for an answer" },
	{ "application_name", PROVIDER_TEXT, .def = "the command", .help = "what the server's lists show" },
	{ "search_path", PROVIDER_TEXT, .help = "schemas of names without one, with commas in between" },
	{ 0 },
};

const struct provider providers[] = {
	{ "postgres", "PostgreSQL, or any engine that speaks its protocol", postgres_fields },
	{ 0 },
};

const struct provider *provider_of(struct str name)
{
	for (const struct provider *p = providers; p->name; p++)
		if (str_eqz(name, p->name))
			return p;
	return NULL;
}

const struct provider_field *provider_field_of(const struct provider *p, struct str key)
{
	for (const struct provider_field *f = p->fields; f->key; f++)
		if (str_eqz(key, f->key))
			return f;
	return NULL;
}

static bool is_int(struct str s, int64_t min, int64_t max)
{
	int64_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || s.n > 9)
			return false;
		n = n * 10 + s.p[i] - '0';
	}
	return s.n && n >= min && n <= max;
}

static bool is_word(struct str s, const char *values)
{
	struct str word, rest = str_of(values);
	bool more = true, found = false;
	while (more && !found) {
		more = str_cut(rest, '|', &word, &rest);
		found = str_eq(s, word);
	}
	return found;
}

static int fail_key(const struct provider *p, struct str key, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	VEC(const char *) names = { 0 };
	struct buf b;
	buf_init(&b, tmp);
	for (const struct provider_field *f = p->fields; f->key; f++)
		if (!f->secret) {
			buf_printf(&b, "%s%s", b.n ? ", " : "", f->key);
			*vec_push(tmp, &names) = f->key;
		}
	const char *near = str_nearest(key, names.v, names.n);
	if (near)
		mst_fail(err, MST_USAGE, "unknown field '%.*s' (did you mean '%s'?)", STR_FMT(key), near);
	else
		mst_fail(err, MST_USAGE, "unknown field '%.*s'", STR_FMT(key));
	return mst_hint(err, "%s knows: %s", p->name, buf_cstr(&b));
}

int provider_check_value(const struct provider *p, struct str key, struct str value, struct mst_error *err)
{
	const struct provider_field *f = provider_field_of(p, key);
	if (!f)
		return fail_key(p, key, err);
	if (f->secret) {
		mst_fail(err, MST_USAGE, "%s: it is kept as a secret, not among the fields", f->key);
		return mst_hint(err, "mst-secret put NAME, then --%s-secret NAME", f->key);
	}
	for (size_t i = 0; i < value.n; i++)
		if ((unsigned char)value.p[i] < 32 || value.p[i] == 127)
			return mst_fail(err, MST_USAGE, "%s: the value has a control character", f->key);
	if (value.n > 4096)
		return mst_fail(err, MST_USAGE, "%s: the value is longer than 4096 bytes", f->key);
	if (!value.n)
		return mst_fail(err, MST_USAGE, "%s: the value is empty", f->key);
	if (f->kind == PROVIDER_INT) {
		struct str one = value, rest = value;
		bool more = true, good = true;
		while (more) {
			more = f->many && str_cut(rest, ',', &one, &rest);
			good &= is_int(one, f->min, f->max);
		}
		if (!good)
			return mst_fail(err, MST_USAGE, "%s: '%.*s' is no whole number of %lld to %lld", f->key, STR_FMT(value),
					(long long)f->min, (long long)f->max);
	} else if (f->kind == PROVIDER_WORD && !is_word(value, f->values)) {
		mst_fail(err, MST_USAGE, "%s: unknown value '%.*s'", f->key, STR_FMT(value));
		return mst_hint(err, "one of: %s", f->values);
	} else if (f->kind == PROVIDER_PATH && value.p[0] != '/' && !str_has_prefix(value, STR("~/"))) {
		mst_fail(err, MST_USAGE, "%s: '%.*s' is no absolute path", f->key, STR_FMT(value));
		return mst_hint(err, "~/ is the home folder of whoever connects");
	}
	return 0;
}

int provider_check(struct pool *pool, const struct provider *p, struct json_val fields, struct mst_error *err)
{
	json_members m = { 0 };
	if (fields.type != JSON_OBJECT || json_scan_object(pool, fields.raw, &m, err))
		return mst_fail(err, MST_USAGE, "the fields are no JSON object");
	for (size_t i = 0; i < m.n; i++) {
		if (m.v[i].val.type != JSON_STRING)
			return mst_fail(err, MST_USAGE, "%.*s: the value is no text", STR_FMT(m.v[i].key));
		if (provider_check_value(p, m.v[i].key, json_str(pool, m.v[i].val), err))
			return err->code;
	}
	for (const struct provider_field *f = p->fields; f->key; f++)
		if (f->required && json_get(&m, f->key).type == JSON_NONE) {
			mst_fail(err, MST_USAGE, "%s is lacking: %s", f->key, f->help);
			return mst_hint(err, "write %s=...", f->key);
		}
	return 0;
}

void provider_conninfo_add(struct buf *b, const char *key, struct str value)
{
	buf_printf(b, "%s%s='", b->n ? " " : "", key);
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '\'' || value.p[i] == '\\')
			buf_char(b, '\\');
		buf_char(b, value.p[i]);
	}
	buf_char(b, '\'');
}

const char *provider_conninfo(struct pool *pool, struct json_val fields, const char *home)
{
	struct buf b;
	struct str raw;
	struct json_val v;
	buf_init(&b, pool);
	for (struct json_iter it = json_iter(fields); json_next(&it, &raw, &v);) {
		struct str key = json_str(pool, (struct json_val){ raw, JSON_STRING }), value = json_str(pool, v);
		const struct provider_field *f = provider_field_of(&providers[0], key);
		if (f && f->kind == PROVIDER_PATH && str_has_prefix(value, STR("~/")) && home)
			value = str_of(pool_printf(pool, "%s/%.*s", home, (int)value.n - 2, value.p + 2));
		if (str_eqz(key, "search_path")) {
			/* blanks part options, and a backslash keeps them */
			struct buf path;
			buf_init(&path, pool);
			buf_z(&path, "-csearch_path=");
			for (size_t i = 0; i < value.n; i++) {
				if (value.p[i] == ' ' || value.p[i] == '\\')
					buf_char(&path, '\\');
				buf_char(&path, value.p[i]);
			}
			provider_conninfo_add(&b, "options", buf_view(&path));
			continue;
		}
		provider_conninfo_add(&b, str_z(pool, key), value);
	}
	return buf_cstr(&b);
}
