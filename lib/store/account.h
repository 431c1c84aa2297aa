/* Users and teams.  A user is a PostgreSQL role that stands in mst.account; he is who logged in
 * (session_user), whatever the session has become since.  All of it is kept by functions of the
 * database, which ask who calls: MST_DENIED where he may not, MST_NOT_FOUND for a user, team or role
 * that is not there, MST_CONFLICT for what is there already or must not go. */
#ifndef MST_STORE_ACCOUNT_H
#define MST_STORE_ACCOUNT_H

#include "db/db.h"
#include "store/run.h"

enum store_choice { STORE_KEEP = 0, STORE_YES, STORE_NO };

struct store_account {
	const char *name;
	enum store_choice admin, disabled;
	const char *description; /* NULL: as it is; for a new one empty */
};

/* The role must be there and be able to log in; it is let into the schema. */
int store_account_add(struct db *, const struct store_account *, struct mst_error *);
/* Enabling lets the role that has this name now into the schema, disabling puts it out. The last
 * admin stays one. */
int store_account_set(struct db *, const struct store_account *, struct mst_error *);

/* Lines "type":"user", by name: name, admin, disabled, description, teams {NAME: ROLE}, added_by,
 * added_at, and gone:true where no role of the server is this user any more. `name` NULL: all of
 * them; else MST_NOT_FOUND where there is none. */
int store_account_list(struct db *, const char *name, store_line *, void *arg, struct mst_error *);
/* The line of the caller. */
int store_account_me(struct db *, store_line *, void *arg, struct mst_error *);
/* MST_DENIED: whoever is logged in is no user, or disabled. */
int store_fail_unknown(struct db *, struct mst_error *);

int store_team_put(struct db *, const char *name, const char *description, struct mst_error *);
/* MST_CONFLICT where something belongs to it. */
int store_team_rm(struct db *, const char *name, struct mst_error *);
/* role: read, write or admin; whoever is a member already gets it instead of his own. */
int store_team_join(struct db *, const char *team, const char *user, const char *role, struct mst_error *);
int store_team_leave(struct db *, const char *team, const char *user, struct mst_error *);
/* Lines "type":"team", by name: name, description, members {NAME: ROLE}, added_by, added_at; `name` as
 * above. */
int store_team_list(struct db *, const char *name, store_line *, void *arg, struct mst_error *);

#endif
