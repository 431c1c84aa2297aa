#include "engine/connections.h"

#include "base/vec.h"

struct wanted {
	struct connection c;
	bool known;
	struct str job;
};

struct connections {
	struct pool *pool;
	const struct connections_opts *opts;
	VEC(struct wanted *) wanted;
};

struct connections *connections_new(struct pool *pool, const struct connections_opts *opts)
{
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

int connections_want(struct connections *c, const char *name, struct str job, struct mst_error *err)
{
	if (find(c, name))
		return 0;
	struct wanted *w = pool_zalloc(c->pool, sizeof *w);
	struct connection found = { .provider = "postgres", .restricted = true };
	int rc = c->opts->config ? c->opts->config(c->opts->arg, name, &found, err) : MST_NOT_FOUND;
	if (rc && rc != MST_NOT_FOUND)
		return mst_wrap(err, "%.*s", STR_FMT(job));
	w->job = job;
	w->c = found;
	w->known = rc == 0;
	w->c.name = pool_strdup(c->pool, name);
	*vec_push(c->pool, &c->wanted) = w;
	return 0;
}

bool connections_need_state(const struct connections *c)
{
	for (size_t i = 0; i < c->wanted.n; i++)
		if (!c->wanted.v[i]->known)
			return true;
	return false;
}

int connections_look_up(struct connections *c, struct db *state, struct mst_error *err)
{
	(void)state;
	for (size_t i = 0; i < c->wanted.n; i++) {
		const struct wanted *w = c->wanted.v[i];
		if (w->known)
			continue;
		mst_fail(err, MST_NOT_FOUND, "unknown connection '%s'", w->c.name);
		if (c->opts->config)
			c->opts->config(c->opts->arg, w->c.name, &(struct connection){ 0 }, err);
		return mst_wrap(err, "%.*s", STR_FMT(w->job));
	}
	return 0;
}

const struct connection *connections_get(const struct connections *c, const char *name)
{
	const struct wanted *w = find(c, name);
	return w && w->known ? &w->c : NULL;
}
