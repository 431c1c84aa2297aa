/* How a run finds its connections: by name in the configuration of the user, else in the state
 * database (mst-connection), there with the password that its secret holds.
 *
 *     connections_want()     of each name, before the run; asks the configuration
 *     connections_look_up()  once, on the thread that has the state database
 *     connections_get()      from any thread from then on
 *
 * What holds a password lives in a pool of its own, which is wiped when it is freed. */
#ifndef MST_ENGINE_CONNECTIONS_H
#define MST_ENGINE_CONNECTIONS_H

#include "engine/keyring.h"
#include "engine/state.h"
#include "model/connection.h"

struct connections_opts {
	struct state_opts where;
	/* Fills what the configuration says of that name; MST_NOT_FOUND where it says nothing.  NULL: there
	 * is no configuration. */
	int (*config)(void *arg, const char *name, struct connection *out, struct mst_error *);
	void *arg;
	struct keyring_opts keys;
	/* What cannot be found, or opened, is no error of these functions: it is one of those that
	 * want it, see connections_fault. */
	bool later;
};

struct connections;
/* `opts` must live as long. */
struct connections *connections_new(struct pool *, const struct connections_opts *);
/* Notes that a name is needed, and for which job: errors name the first.  Errors of opts.config but
 * MST_NOT_FOUND. */
int connections_want(struct connections *, const char *name, struct str job, struct mst_error *);
/* Whether some name is left that the configuration does not know. */
bool connections_need_state(const struct connections *);
/* Finds all that are wanted: `state` is needed where connections_need_state.  Without `secrets` they lead
 * nowhere, which does for looking at names.  MST_NOT_FOUND with the nearest name; MST_DENIED for one that
 * the caller sees but may not use; errors of keyring_open. */
int connections_look_up(struct connections *, struct db *state, bool secrets, struct mst_error *);
/* After an error of connecting by it (or NULL: by none of these): where the server wants another password, the hint
 * says where this one's stands.  Returns the code. */
int connections_refused(const struct connection *, struct mst_error *);
/* Why a name leads nowhere, as it was noted: its error, or 0. */
int connections_fault(const struct connections *, const char *name, struct mst_error *);
/* NULL where it was not looked up. */
const struct connection *connections_get(const struct connections *, const char *name);

#endif
