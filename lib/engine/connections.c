#include "engine/connections.h"

#include "base/fs.h"
#include "model/provider.h"
#include "store/connection.h"

#include <stdlib.h>

struct wanted {
	struct connection c;
	bool known;
	struct str job; /* the first that wants it */
	struct mst_error fault; /* code 0: none */
};

struct connections {
	struct pool *pool; /* wiped */
	const struct connections_opts *opts;
	VEC(struct wanted *) wanted;
};

struct connections *connections_new(struct pool *parent, const struct connections_opts *opts)
{
	struct pool *pool = pool_new_wiped(parent);
	struct connections *c = pool_zalloc(pool, sizeof *c);
	c->pool = pool;
	c->opts = opts;
	return c;
}

static struct wanted *find(const struct connections *c, const char *name)
{
	for (size_t i = 0; i < c->wanted.n; i++)
		if (strcmp(c->wanted.v[i]->c.name, name) == 0)
			return c->wanted.v[i];
	return NULL;
}

static int frame(const struct wanted *w, struct mst_error *err)
{
	return w->job.n ? mst_wrap(err, "%.*s", STR_FMT(w->job)) : err->code;
}

/* Keeps the error for those that want the connection.  Not of a session that is lost, or stopped. */
static bool put_off(const struct connections *c, struct wanted *w, const struct mst_error *err)
{
	if (!c->opts->later || err->code == MST_UNAVAILABLE || err->code == MST_CANCELLED || err->code == MST_BUG)
		return false;
	w->fault = *err;
	return true;
}

int connections_want(struct connections *c, const char *name, struct str job, struct mst_error *err)
{
	if (find(c, name))
		return 0;
	struct wanted *w = pool_zalloc(c->pool, sizeof *w);
	struct connection found = { .provider = "postgres", .restricted = true };
	w->job = job;
	int rc = c->opts->config ? c->opts->config(c->opts->arg, name, &found, err) : MST_NOT_FOUND;
	if (rc && rc != MST_NOT_FOUND && !put_off(c, w, err))
		return frame(w, err);
	w->known = rc == 0;
	if (w->known)
		w->c = found;
	w->c.name = pool_strdup(c->pool, name);
	*vec_push(c->pool, &c->wanted) = w;
	return 0;
}

bool connections_need_state(const struct connections *c)
{
	for (size_t i = 0; i < c->wanted.n; i++)
		if (!c->wanted.v[i]->known && !c->wanted.v[i]->fault.code)
			return true;
	return false;
}

static int fail_unknown(const struct connections *c, const char *name, const store_connections *all,
			struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	VEC(const char *) names = { 0 };
	for (size_t i = 0; i < all->n; i++)
		*vec_push(tmp, &names) = str_z(tmp, all->v[i].name);
	const char *near = str_nearest(str_of(name), names.v, names.n);
	if (!near && c->opts->config)
		return c->opts->config(c->opts->arg, name, &(struct connection){ 0 }, err);
	if (!near)
		return mst_fail(err, MST_NOT_FOUND, "unknown connection '%s'", name);
	mst_fail(err, MST_NOT_FOUND, "unknown connection '%s' (did you mean '%s'?)", name, near);
	return mst_hint(err, "mst-connection list shows them");
}

static int open_row(struct connections *c, struct db *state, struct keyring *keys, const struct store_connection *row,
		    const char **conninfo, struct mst_error *err)
{
	POOL_SCRATCH_WIPED(tmp);
	struct json_val fields;
	struct store_secret sealed;
	struct secret password = { 0 };
	const struct provider *p = provider_of(row->provider);
	int rc = 0;
	if (!row->use) {
		mst_fail(err, MST_DENIED, "connection '%.*s' is for those that may write what is team %.*s's",
			 STR_FMT(row->name), STR_FMT(row->team));
		return mst_hint(err, "an admin of the team makes you one: mst-team join %.*s USER --role write",
				STR_FMT(row->team));
	}
	if (!p)
		rc = mst_fail(err, MST_DATA, "this mst does not know its provider '%.*s'", STR_FMT(row->provider));
	if (!rc)
		rc = json_scan(row->fields, &fields, err);
	if (!rc)
		rc = provider_check(tmp, p, fields, err);
	if (!rc && row->secret.p)
		rc = store_secret_get(tmp, state, row->secret, &sealed, err);
	if (!rc && row->secret.p)
		rc = keyring_open(keys, tmp, &sealed, state, &password, err);
	if (!rc && !row->secret.p && !row->mine && getenv("PGPASSWORD")) {
		rc = mst_fail(err, MST_DENIED, "PGPASSWORD would be sent to a server that %.*s chose", STR_FMT(row->updated_by));
		mst_hint(err, "unset it; ~/.pgpass holds passwords by their server");
	}
	if (rc)
		return mst_wrap(err, "connection '%.*s'", STR_FMT(row->name));
	struct buf b;
	buf_init(&b, c->pool);
	buf_z(&b, provider_conninfo(tmp, fields, fs_home(tmp)));
	if (password.bytes)
		provider_conninfo_add(&b, "password", secret_reveal(password));
	*conninfo = buf_cstr(&b);
	return 0;
}

static int look_up(struct connections *c, struct db *state, struct keyring *keys, struct wanted *w,
		   const store_connections *all, bool secrets, struct mst_error *err)
{
	const struct store_connection *row = NULL;
	if (w->known)
		/* of those that the configuration knows the warehouse of the private cluster alone has none */
		return secrets && !w->c.conninfo ? state_conninfo(c->pool, &c->opts->where, true, &w->c.conninfo, err) : 0;
	for (size_t i = 0; i < all->n && !row; i++)
		if (str_eqz(all->v[i].name, w->c.name))
			row = &all->v[i];
	if (!row)
		return fail_unknown(c, w->c.name, all, err);
	struct connection found = { .name = w->c.name, .provider = str_z(c->pool, row->provider),
				    .restricted = row->restricted, .stored = true, .origin = "the state database" };
	found.secret = row->secret.p ? str_z(c->pool, row->secret) : NULL;
	int rc = secrets ? open_row(c, state, keys, row, &found.conninfo, err) : 0;
	if (rc)
		return rc;
	w->c = found;
	w->known = true;
	return 0;
}

int connections_look_up(struct connections *c, struct db *state, bool secrets, struct mst_error *err)
{
	POOL_SCRATCH_WIPED(tmp);
	store_connections all = { 0 };
	struct keyring *keys = keyring_new(tmp, &c->opts->keys);
	int rc = 0;
	if (connections_need_state(c))
		rc = store_connection_list(tmp, state, DB_NULL, &all, err);
	for (size_t i = 0; !rc && i < c->wanted.n; i++) {
		struct wanted *w = c->wanted.v[i];
		if (w->fault.code)
			continue;
		rc = look_up(c, state, keys, w, &all, secrets, err);
		if (rc && put_off(c, w, err))
			rc = 0;
		else if (rc)
			frame(w, err);
	}
	return rc;
}

int connections_refused(const struct connection *c, struct mst_error *err)
{
	if (c && c->stored && strcmp(err->sqlstate, "28P01") == 0) {
		if (c->secret)
			mst_hint(err, "its password is the secret '%s': mst-secret put %s", c->secret, c->secret);
		else
			mst_hint(err, "keep the password as a secret: mst-secret put NAME, then mst-connection put %s "
				      "--password-secret NAME; or give it in ~/.pgpass", c->name);
	}
	return err->code;
}

int connections_fault(const struct connections *c, const char *name, struct mst_error *err)
{
	const struct wanted *w = find(c, name);
	if (!w || !w->fault.code)
		return 0;
	*err = w->fault;
	return err->code;
}

const struct connection *connections_get(const struct connections *c, const char *name)
{
	const struct wanted *w = find(c, name);
	return w && w->known ? &w->c : NULL;
}
