/* mst-connection: the databases that jobs connect to, by name. */
#include "base/fs.h"
#include "base/jsonl.h"
#include "cli/out.h"
#include "keys.h"
#include "model/provider.h"
#include "provider/postgres/probe.h"
#include "state.h"
#include "store/connection.h"

#include <stdio.h>

struct args {
	const char *provider, *secret, *team, *restricted;
	bool force;
};

static const struct out_col columns[] = {
	{ "name", "CONNECTION", OUT_TEXT, false },
	{ "fields.host", "HOST", OUT_TEXT, true },
	{ "fields.dbname", "DATABASE", OUT_TEXT, true },
	{ "fields.user", "USER", OUT_TEXT, true },
	{ "password_secret", "SECRET", OUT_TEXT, false },
	{ "restricted", "RESTRICTED", OUT_TEXT, false },
	{ "team", "TEAM", OUT_TEXT, false },
	{ "origin", "ORIGIN", OUT_TEXT, OUT_SHRINK_FIRST | OUT_SPARE },
	{ NULL, NULL, OUT_TEXT, false },
};

static struct out *open_lines(struct cli *cli)
{
	struct out *out = out_open(cli, "connection", columns);
	out_usual(out, "origin", "the state database");
	return out;
}

static int check_name(struct str name, struct mst_error *err)
{
	if (str_eqz(name, "warehouse")) {
		mst_fail(err, MST_USAGE, "'warehouse' is the name of the one that jobs run on by themselves");
		return mst_hint(err, "the key 'warehouse' of the configuration says where it is");
	}
	if (store_is_name(name))
		return 0;
	mst_fail(err, MST_USAGE, "the first operand is not the name of a connection");
	return mst_hint(err, "a name has 1 to %d letters, digits, '_', '-' and '.'", SECRET_NAME_MAX);
}

/* --- lines -------------------------------------------------------------------------- */

static int put_line(struct out *out, const struct store_connection *c, const char *origin, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct json_val fields;
	struct buf b;
	struct jw j;
	if (json_scan(c->fields, &fields, err))
		return err->code;
	buf_init(&b, tmp);
	jw_init(&j, &b);
	jw_object(&j);
	jw_key_z(&j, "type", "connection");
	jw_key_s(&j, "name", c->name);
	jw_key_s(&j, "provider", c->provider);
	jw_key(&j, "fields");
	struct buf canonical; /* jsonb has an order and blanks of its own */
	buf_init(&canonical, tmp);
	json_canonical(&canonical, fields);
	jw_raw(&j, buf_view(&canonical));
	if (c->secret.p)
		jw_key_s(&j, "password_secret", c->secret);
	jw_key_b(&j, "restricted", c->restricted);
	if (c->team.p)
		jw_key_s(&j, "team", c->team);
	if (c->owner.p) {
		jw_key_s(&j, "owner", c->owner);
		jw_key_i(&j, "revision", c->revision);
		jw_key_s(&j, "updated_at", c->updated_at);
		jw_key_s(&j, "updated_by", c->updated_by);
	}
	jw_key_z(&j, "origin", origin);
	jw_end(&j);
	return out_line(out, buf_view(&b), err);
}

/* What a connection string says, but for passwords. */
static int add_setting(void *arg, const char *keyword, const char *value, struct mst_error *err)
{
	(void)err;
	if (!strstr(keyword, "password"))
		jw_key_z(arg, keyword, value);
	return 0;
}

static int put_config_line(struct cli *cli, struct out *out, const char *name, struct mst_error *err)
{
	struct connection c;
	struct mst_error ignored;
	struct buf b;
	struct jw j;
	if (config_says(cli->config, name, &c, err))
		return err->code;
	buf_init(&b, cli->pool);
	jw_init(&j, &b);
	jw_object(&j);
	/* one that cannot be read has no fields; whoever uses it is told */
	(void)db_conninfo_each(c.conninfo, add_setting, &j, &ignored);
	jw_end(&j);
	struct store_connection row = { .name = str_of(name), .provider = STR("postgres"), .fields = buf_view(&b),
					.restricted = c.restricted };
	return put_line(out, &row, c.origin ? c.origin : config_origin(cli->config, "warehouse"), err);
}

static bool in_config(struct cli *cli, struct str name)
{
	return config_connection_origin(cli->config, str_z(cli->pool, name)) != NULL;
}

static int list(struct cli *cli, struct mst_error *err)
{
	struct out *out = open_lines(cli);
	store_connections all = { 0 };
	config_names names;
	struct db *db;
	size_t i = 0, k = 0;
	int rc = state_ready(cli, &db, err);
	if (!rc)
		rc = store_connection_list(cli->pool, db, DB_NULL, &all, err);
	config_connections(cli->config, cli->pool, &names);
	/* both are in byte order; of one name that of the configuration counts */
	while (!rc && (i < names.n || k < all.n)) {
		int order = i == names.n ? 1 : k == all.n ? -1 : str_cmp(str_of(names.v[i]), all.v[k].name);
		if (order > 0) {
			rc = put_line(out, &all.v[k++], "the state database", err);
			continue;
		}
		k += order == 0;
		rc = put_config_line(cli, out, names.v[i++], err);
	}
	return rc ? rc : out_close(out, err);
}

static int show(struct cli *cli, struct db *db, const char *name, struct mst_error *err)
{
	struct out *out = open_lines(cli);
	store_connections one = { 0 };
	int rc = store_connection_list(cli->pool, db, str_of(name), &one, err);
	if (!rc)
		rc = put_line(out, &one.v[0], "the state database", err);
	return rc ? rc : out_close(out, err);
}

static int get(struct cli *cli, struct mst_error *err)
{
	struct db *db;
	const char *name = cli->argv[0];
	int rc;
	if (in_config(cli, str_of(name)) || (strcmp(name, "warehouse") == 0 && config_get(cli->config, name))) {
		struct out *out = open_lines(cli);
		rc = put_config_line(cli, out, name, err);
		return rc ? rc : out_close(out, err);
	}
	rc = state_ready(cli, &db, err);
	return rc ? rc : show(cli, db, name, err);
}

/* --- put ---------------------------------------------------------------------------- */

/* Fields as they come together; the last of one key counts. */
struct draft {
	struct pool *pool;
	const struct provider *provider;
	VEC(struct json_member) set; /* val.raw: the text, not JSON */
};

static void set_field(struct draft *d, struct str key, struct str value)
{
	*vec_push(d->pool, &d->set) = (struct json_member){ key, { value, JSON_STRING } };
}

static int fail_password(struct mst_error *err)
{
	mst_fail(err, MST_USAGE, "a password does not belong here: it would be seen in lists, dumps and histories");
	return mst_hint(err, "put it into a secret: mst-secret put NAME, then --password-secret NAME");
}

static int set_from_url(void *arg, const char *keyword, const char *value, struct mst_error *err)
{
	struct draft *d = arg;
	if (strstr(keyword, "password"))
		return fail_password(err);
	struct str key = str_of(pool_strdup(d->pool, keyword)), text = str_of(pool_strdup(d->pool, value));
	int rc = provider_check_value(d->provider, key, text, err);
	if (!rc)
		set_field(d, key, text);
	return rc;
}

static int set_operand(struct draft *d, const char *operand, struct mst_error *err)
{
	struct str key, value;
	if (!str_cut(str_of(operand), '=', &key, &value)) {
		/* what it is nobody knows: it is not repeated */
		mst_fail(err, MST_USAGE, "an operand behind the name has no '='");
		return mst_hint(err, "write KEY=VALUE, such as host=db.example.org dbname=crm");
	}
	if (str_eqz(key, "password") || str_eqz(key, "passwd") || str_eqz(key, "sslpassword"))
		return fail_password(err);
	if (str_eqz(key, "url") || str_eqz(key, "uri"))
		return db_conninfo_each(value.p, set_from_url, d, err);
	/* nothing behind the '=': it goes back to the default */
	if (value.n && provider_check_value(d->provider, key, value, err))
		return err->code;
	if (!provider_field_of(d->provider, key))
		return provider_check_value(d->provider, key, value, err);
	set_field(d, key, value);
	return 0;
}

/* The object of all that is set, in the order of the table. */
static struct str fields_of(struct draft *d)
{
	struct buf b;
	struct jw j;
	buf_init(&b, d->pool);
	jw_init(&j, &b);
	jw_object(&j);
	for (const struct provider_field *f = d->provider->fields; f->key; f++) {
		struct str value = { 0 };
		for (size_t i = 0; i < d->set.n; i++)
			if (str_eqz(d->set.v[i].key, f->key))
				value = d->set.v[i].val.raw;
		if (value.n)
			jw_key_s(&j, f->key, value);
	}
	jw_end(&j);
	return buf_view(&b);
}

static int set_all(struct draft *d, struct str object, struct mst_error *err)
{
	json_members m = { 0 };
	int rc = json_scan_object(d->pool, object, &m, err);
	for (size_t i = 0; !rc && i < m.n; i++)
		set_field(d, m.v[i].key, json_str(d->pool, m.v[i].val));
	return rc;
}

static int find_provider(const char *name, const struct provider **out, struct mst_error *err)
{
	const char *names[8];
	size_t n = 0;
	*out = provider_of(str_of(name));
	if (*out)
		return 0;
	while (n < sizeof names / sizeof *names && providers[n].name) {
		names[n] = providers[n].name;
		n++;
	}
	const char *near = str_nearest(str_of(name), names, n);
	mst_fail(err, MST_USAGE, "unknown provider '%s'", name);
	return mst_hint(err, "did you mean '%s'?", near ? near : names[0]);
}

static int store(struct db *db, struct draft *d, struct store_connection *c, struct mst_error *err)
{
	struct json_val fields;
	c->provider = str_of(d->provider->name);
	c->fields = fields_of(d);
	int rc = json_scan(c->fields, &fields, err);
	if (!rc)
		rc = provider_check(d->pool, d->provider, fields, err);
	return rc ? rc : store_connection_put(db, c, err);
}

/* What is there already, or a new one. */
static int look(struct cli *cli, struct db *db, struct str name, struct store_connection *out, struct mst_error *err)
{
	store_connections one = { 0 };
	struct mst_error e;
	int rc = store_connection_list(cli->pool, db, name, &one, &e);
	if (rc && rc != MST_NOT_FOUND) {
		*err = e;
		return rc;
	}
	*out = rc ? (struct store_connection){ .name = name, .restricted = true } : one.v[0];
	return 0;
}

/* "-" for none. */
static struct str or_none(const char *s)
{
	return strcmp(s, "-") == 0 ? DB_NULL : str_of(s);
}

static int put_operands(struct cli *cli, struct mst_error *err)
{
	const struct args *a = cli->args;
	struct draft d = { .pool = cli->pool };
	struct store_connection c;
	struct db *db;
	if (check_name(str_of(cli->argv[0]), err) || find_provider(a->provider, &d.provider, err))
		return err->code;
	for (int i = 1; i < cli->argc; i++)
		if (set_operand(&d, cli->argv[i], err))
			return err->code;
	int rc = state_ready(cli, &db, err);
	if (!rc)
		rc = look(cli, db, str_of(cli->argv[0]), &c, err);
	if (rc)
		return rc;
	if (c.revision) {
		struct draft was = { .pool = cli->pool };
		rc = set_all(&was, c.fields, err);
		for (size_t i = 0; i < d.set.n; i++)
			*vec_push(cli->pool, &was.set) = d.set.v[i];
		was.provider = d.provider;
		d = was;
	}
	if (a->secret)
		c.secret = or_none(a->secret);
	if (a->team)
		c.team = or_none(a->team);
	if (a->restricted)
		c.restricted = strcmp(a->restricted, "yes") == 0;
	if (!rc)
		rc = store(db, &d, &c, err);
	if (!rc && in_config(cli, c.name))
		cli_warn(cli, "the configuration has a connection '%.*s', too, and goes before (%s)", STR_FMT(c.name),
			 config_connection_origin(cli->config, cli->argv[0]));
	return rc ? rc : show(cli, db, cli->argv[0], err);
}

enum { L_TYPE, L_NAME, L_PROVIDER, L_FIELDS, L_SECRET, L_RESTRICTED, L_TEAM, L_N };

static int put_one_line(struct cli *cli, struct db *db, struct str line, struct out *out, struct mst_error *err)
{
	static const struct str keys[] = { { "type", 4 }, { "name", 4 }, { "provider", 8 }, { "fields", 6 },
					   { "password_secret", 15 }, { "restricted", 10 }, { "team", 4 } };
	struct json_val v[L_N];
	struct draft d = { .pool = cli->pool };
	struct store_connection c;
	store_connections now = { 0 };
	if (json_pick(line, keys, L_N, v, err))
		return err->code;
	if (v[L_TYPE].type != JSON_STRING || !str_eqz(json_str(cli->pool, v[L_TYPE]), "connection"))
		return mst_fail(err, MST_DATA, "the line is of no type 'connection'");
	for (size_t i = L_NAME; i < L_N; i++)
		if (v[i].type != JSON_NONE &&
		    v[i].type != (i == L_FIELDS ? JSON_OBJECT : i == L_RESTRICTED ? JSON_BOOL : JSON_STRING))
			return mst_fail(err, MST_DATA, "the key '%s' is of the wrong kind", keys[i].p);
	if (v[L_NAME].type == JSON_NONE || v[L_FIELDS].type == JSON_NONE)
		return mst_fail(err, MST_DATA, "the keys 'name' and 'fields' are needed");
	struct str name = json_str(cli->pool, v[L_NAME]);
	const char *provider = v[L_PROVIDER].type ? str_z(cli->pool, json_str(cli->pool, v[L_PROVIDER])) : "postgres";
	if (check_name(name, err) || find_provider(provider, &d.provider, err) || look(cli, db, name, &c, err))
		return err->code;
	json_members m = { 0 };
	if (json_scan_object(cli->pool, v[L_FIELDS].raw, &m, err))
		return err->code;
	for (size_t i = 0; i < m.n; i++)
		if (strstr(str_z(cli->pool, m.v[i].key), "password"))
			return fail_password(err);
	if (provider_check(cli->pool, d.provider, v[L_FIELDS], err) || set_all(&d, v[L_FIELDS].raw, err))
		return err->code;
	/* a line says all of it */
	c.secret = v[L_SECRET].type ? json_str(cli->pool, v[L_SECRET]) : DB_NULL;
	c.team = v[L_TEAM].type ? json_str(cli->pool, v[L_TEAM]) : DB_NULL;
	c.restricted = v[L_RESTRICTED].type == JSON_NONE || json_is_true(v[L_RESTRICTED]);
	int rc = store(db, &d, &c, err);
	if (!rc)
		rc = store_connection_list(cli->pool, db, name, &now, err);
	return rc ? rc : put_line(out, &now.v[0], "the state database", err);
}

static int put_lines(struct cli *cli, struct mst_error *err)
{
	const struct args *a = cli->args;
	struct jsonl_reader in;
	struct str line;
	struct db *db;
	if (cli->argc > 1 || a->secret || a->team || a->restricted)
		return mst_fail(err, MST_USAGE, "a line on stdin says all of it: no fields or flags beside");
	int rc = state_ready(cli, &db, err), more = 0;
	struct out *out = open_lines(cli);
	jsonl_open(&in, cli->pool, 0, "stdin");
	while (!rc && (more = jsonl_next(&in, &line, err)) > 0)
		if ((rc = put_one_line(cli, db, str_dup(cli->pool, line), out, err))) {
			/* what is wrong in a line is bad input */
			rc = err->code = rc == MST_USAGE ? MST_DATA : rc;
			jsonl_place(&in, err);
		}
	if (!rc)
		rc = more;
	return rc ? rc : out_close(out, err);
}

static int put(struct cli *cli, struct mst_error *err)
{
	return strcmp(cli->argv[0], "-") == 0 ? put_lines(cli, err) : put_operands(cli, err);
}

/* --- test --------------------------------------------------------------------------- */

static const struct out_col test_columns[] = {
	{ "name", "CONNECTION", OUT_TEXT, false },
	{ "ok", "OK", OUT_OK, OUT_WHOLE },
	{ "server", "SERVER", OUT_TEXT, false },
	{ "database", "DATABASE", OUT_TEXT, true },
	{ "user", "USER", OUT_TEXT, true },
	{ "encrypted", "ENCRYPTED", OUT_TEXT, false },
	{ "connect_us", "CONNECT", OUT_DURATION_US, false },
	{ "latency_us", "LATENCY", OUT_DURATION_US, false },
	{ NULL, NULL, OUT_TEXT, false },
};

static int put_test_line(struct out *out, const char *name, const struct postgres_probe *p, const struct mst_error *why,
			 struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct buf b;
	struct jw j;
	buf_init(&b, tmp);
	jw_init(&j, &b);
	jw_object(&j);
	jw_key_z(&j, "type", "connection_test");
	jw_key_z(&j, "name", name);
	jw_key_b(&j, "ok", !why);
	if (why) {
		jw_key_z(&j, "error", why->msg);
	} else {
		jw_key_s(&j, "server", p->server);
		jw_key_s(&j, "database", p->database);
		jw_key_s(&j, "user", p->user);
		jw_key_b(&j, "encrypted", p->encrypted);
		jw_key_i(&j, "connect_us", p->connect_us);
		jw_key_i(&j, "latency_us", p->latency_us);
	}
	jw_end(&j);
	return out_line(out, buf_view(&b), err);
}

static int test(struct cli *cli, struct mst_error *err)
{
	struct connections_opts o = { state_options(cli), config_says, cli->config, key_options(cli), false };
	struct connections *connections = connections_new(cli->pool, &o);
	struct db *db = NULL;
	int rc = 0, status = 0;
	cli_catch_signals();
	for (int i = 0; !rc && i < cli->argc; i++)
		rc = connections_want(connections, cli->argv[i], (struct str){ 0 }, err);
	if (!rc && connections_need_state(connections))
		rc = state_open(cli->pool, &o.where, &db, err);
	if (!rc)
		rc = connections_look_up(connections, db, true, err);
	struct out *out = out_open(cli, "connection_test", test_columns);
	for (int i = 0; !rc && i < cli->argc; i++) {
		const struct connection *c = connections_get(connections, cli->argv[i]);
		struct mst_error why = { 0 };
		struct postgres_probe p;
		int bad = postgres_probe(cli->pool, c->conninfo, o.where.app, &cli_signal, &p, &why);
		if (bad == MST_CANCELLED) {
			*err = why;
			return bad;
		}
		if (bad) {
			connections_refused(c, &why);
			mst_wrap(&why, "connection '%s'", c->name);
			cli_report(cli, &why);
			status = mst_code_exit(MST_REMOTE);
		}
		rc = put_test_line(out, c->name, &p, bad ? &why : NULL, err);
	}
	if (!rc)
		rc = out_close(out, err);
	return rc ? rc : status;
}

/* ------------------------------------------------------------------------------------ */

static int rm(struct cli *cli, struct mst_error *err)
{
	const struct args *a = cli->args;
	struct db *db;
	int rc = state_ready(cli, &db, err);
	for (int i = 0; !rc && !a->force && i < cli->argc; i++) {
		struct str tables;
		rc = store_connection_tables(cli->pool, db, str_of(cli->argv[i]), &tables, err);
		if (!rc && tables.n) {
			rc = mst_fail(err, MST_CONFLICT, "connection '%s' is used by: %.*s", cli->argv[i], STR_FMT(tables));
			mst_hint(err, "give these tables another connection first; --force removes it all the same");
		}
	}
	for (int i = 0; !rc && i < cli->argc; i++) {
		rc = store_connection_rm(db, str_of(cli->argv[i]), err);
		if (!rc)
			cli_note(cli, "removed connection %s", cli->argv[i]);
	}
	return rc;
}

static void complete(struct cli *cli, const char *kind, const char *prefix)
{
	struct mst_error ignored;
	struct buf b;
	buf_init(&b, cli->pool);
	if (strcmp(kind, "connection-field") != 0)
		return;
	for (const struct provider *p = providers; p->name; p++)
		for (const struct provider_field *f = p->fields; f->key; f++)
			if (!f->secret && strncmp(f->key, prefix, strlen(prefix)) == 0)
				buf_printf(&b, "%s=\n", f->key);
	(void)out_text(cli, buf_view(&b), &ignored);
}

static const struct cli_opt put_opts[] = {
	{ .name = "provider", .kind = CLI_ENUM, .offset = offsetof(struct args, provider), .metavar = "NAME",
	  .values = "postgres", .def = "postgres", .help = "kind of the database" },
	{ .name = "password-secret", .kind = CLI_STRING, .offset = offsetof(struct args, secret), .metavar = "SECRET",
	  .complete = "secret", .help = "secret that holds the password; '-': none" },
	{ .name = "team", .letter = 't', .kind = CLI_STRING, .offset = offsetof(struct args, team), .metavar = "TEAM",
	  .complete = "team", .help = "who may use it; '-': its owner alone" },
	{ .name = "restricted", .kind = CLI_ENUM, .offset = offsetof(struct args, restricted), .metavar = "WORD",
	  .values = "yes|no", .help = "imports read it by restricted SELECTs only" },
	{ .name = NULL },
};

static const struct cli_opt rm_opts[] = {
	{ .name = "force", .letter = 'f', .kind = CLI_FLAG, .offset = offsetof(struct args, force),
	  .help = "remove what tables of the catalogue use, too" },
	{ .name = NULL },
};

static const struct cli_sub subs[] = {
	{ "put", "NAME [KEY=VALUE...]", "add one, or change what is named", 1, -1, .opts = put_opts,
	  .complete = "connection-field", .run = put },
	{ "get", "NAME", "one connection", 1, 1, .complete = "connection", .run = get },
	{ "list", NULL, "all that a run would find", 0, 0, .run = list },
	{ "test", "NAME...", "connect, and tell who answers", 1, -1, .complete = "connection", .run = test },
	{ "rm", "NAME...", "remove connections", 1, -1, .opts = rm_opts, .complete = "connection", .run = rm },
	{ NULL, NULL, NULL, 0, 0, .run = NULL },
};

static const struct cli_example examples[] = {
	{ "mst-connection put crm host=db.example.org dbname=crm user=reader", "a database" },
	{ "mst-connection put crm --password-secret crm", "its password is in this secret" },
	{ "mst-connection put crm url=postgresql://reader@db.example.org/crm", "the same from a URL" },
	{ "mst-connection put crm sslmode=verify-full port=", "set one field, take another away" },
	{ "mst-connection test crm", "does it answer, and who is it" },
	{ "mst-connection get crm | jq -c '.fields.host=\"db2\"' | mst-connection put -", "change it as a line" },
	{ NULL, NULL },
};

static const struct cli_cmd cmd = {
	.name = "mst-connection",
	.summary = "keep the databases that jobs connect to",
	.args_size = sizeof(struct args),
	.groups = CLI_OUTPUT | CLI_DB,
	.subs = subs,
	.examples = examples,
	.reads = "connection",
	.writes = "connection, connection_test",
	.talks_to = "the state database and what is connected to",
	.exits = "1 3 4 5 6 130",
	.see_also = "mst-secret(1), mst-run(1), mst-config(5), mst-json(5)",
	.run = NULL,
};

int main(int argc, char **argv)
{
	cli_completer = complete;
	return cli_main(argc, argv, &cmd);
}
