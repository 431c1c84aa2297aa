/* mst-secret: passwords and the like, sealed in the state database or found by reference. */
#include "base/fs.h"
#include "base/jsonl.h"
#include "cli/ask.h"
#include "cli/out.h"
#include "keys.h"
#include "state.h"

#include <unistd.h>

struct args {
	const char *from, *env, *file, *cmd, *team, *new_key_file, *new_key_command;
	bool new_key;
};

static const struct out_col columns[] = {
	{ "name", "SECRET", OUT_TEXT, false },
	{ "kind", "KIND", OUT_TEXT, false },
	{ "opens", "OPENS", OUT_TEXT, false },
	{ "team", "TEAM", OUT_TEXT, false },
	{ "owner", "OWNER", OUT_TEXT, false },
	{ "key", "KEY", OUT_TEXT, false },
	{ "ref", "REFERENCE", OUT_TEXT, OUT_SHRINK | OUT_SPARE },
	{ "updated_at", "SET", OUT_TIME, false },
	{ NULL, NULL, OUT_TEXT, false },
};

/* One command at work. */
struct work {
	struct cli *cli;
	const struct args *a;
	struct db *db;
	struct pool *secrets; /* wiped */
	struct keyring_opts opts, new_opts;
	struct keyring *keys;
	struct store_secret s; /* put */
	struct secret plain;
	store_secrets changed; /* rotate */
	VEC(const char *) kept;
};

static int begin(struct cli *cli, struct work *w, struct mst_error *err)
{
	struct state_opts where = state_options(cli);
	*w = (struct work){ .cli = cli, .a = cli->args, .secrets = pool_new_wiped(cli->pool), .opts = key_options(cli) };
	w->keys = keyring_new(w->secrets, &w->opts);
	cli_catch_signals();
	return state_open(cli->pool, &where, &w->db, err);
}

static int check_name(const char *name, struct mst_error *err)
{
	if (store_is_name(str_of(name)))
		return 0;
	/* what was typed may be the secret itself */
	mst_fail(err, MST_USAGE, "the first operand is not the name of a secret");
	return mst_hint(err, "a name has 1 to %d letters, digits, '_', '-' and '.'; the value comes on stdin",
			SECRET_NAME_MAX);
}

/* "-": nobody's but the owner's. */
static struct str team_of(const struct args *a)
{
	return a->team && strcmp(a->team, "-") != 0 ? str_of(a->team) : DB_NULL;
}

/* Whether it could be used here and now; a reference is not followed for that. */
static bool opens(struct work *w, const struct store_secret *s, struct mst_error *why)
{
	POOL_SCRATCH_WIPED(tmp);
	struct secret ignored;
	if (!str_eqz(s->kind, "sealed"))
		return strcmp(w->opts.refs, "all") == 0 || (s->mine && strcmp(w->opts.refs, "own") == 0);
	return keyring_open(w->keys, tmp, s, NULL, &ignored, why) == 0;
}

static int put_line(struct work *w, struct out *out, const struct store_secret *s, struct mst_error *why,
		    struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct buf b;
	struct jw j;
	buf_init(&b, tmp);
	jw_init(&j, &b);
	jw_object(&j);
	jw_key_z(&j, "type", "secret");
	jw_key_s(&j, "name", s->name);
	jw_key_s(&j, "kind", s->kind);
	if (s->ref.p)
		jw_key_s(&j, "ref", s->ref);
	if (s->key.id.n)
		jw_key_s(&j, "key", s->key.id);
	if (s->open)
		jw_key_b(&j, "opens", opens(w, s, why));
	jw_key_s(&j, "owner", s->owner);
	if (s->team.p)
		jw_key_s(&j, "team", s->team);
	jw_key_s(&j, "set_by", s->set_by);
	jw_key_s(&j, "updated_at", s->updated_at);
	jw_end(&j);
	return out_line(out, buf_view(&b), err);
}

/* All of them, or that one. */
static int show(struct work *w, const char *name, bool whether, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct out *out = out_open(w->cli, "secret", columns);
	store_secrets all = { 0 };
	struct mst_error why = { 0 };
	int rc = store_secret_list(tmp, w->db, &all, err);
	for (size_t i = 0; !rc && i < all.n; i++)
		if (!name || str_eqz(all.v[i].name, name))
			rc = put_line(w, out, &all.v[i], &why, err);
	if (!rc)
		rc = out_close(out, err);
	/* a key that is another's is what the list says; one that cannot be read is worth a word */
	if (!rc && whether && why.code && why.code != MST_DENIED)
		cli_warn(w->cli, "%s", why.msg);
	return rc;
}

static int list(struct cli *cli, struct mst_error *err)
{
	struct work w;
	int rc = begin(cli, &w, err);
	return rc ? rc : show(&w, NULL, true, err);
}

/* --- put ---------------------------------------------------------------------------- */

static int read_value(struct work *w, struct mst_error *err)
{
	POOL_SCRATCH_WIPED(tmp);
	const char *from = w->a->from;
	struct str text;
	int rc;
	secret_guard();
	if ((!from || strcmp(from, "-") == 0) && isatty(0)) {
		rc = cli_ask_secret(w->secrets, "the secret", &w->plain, err);
		if (rc)
			return rc;
		text = secret_reveal(w->plain);
		return keyring_check_value(&text, err);
	}
	if (!from || strcmp(from, "-") == 0)
		rc = fs_read_fd(tmp, 0, "stdin", SECRET_VALUE_MAX + 2, &text, err);
	else
		rc = fs_read_file(tmp, from, SECRET_VALUE_MAX + 2, &text, err);
	if (!rc)
		rc = keyring_check_value(&text, err);
	if (!rc)
		w->plain = secret_new(w->secrets, text.p, text.n);
	return rc;
}

static bool is_variable(const char *s)
{
	for (size_t i = 0; s[i]; i++)
		if (s[i] != '_' && !(s[i] >= 'a' && s[i] <= 'z') && !(s[i] >= 'A' && s[i] <= 'Z') &&
		    !(i && s[i] >= '0' && s[i] <= '9'))
			return false;
	return *s;
}

/* Kind and reference; MST_USAGE where more than one is given. */
static int read_ref(struct work *w, struct mst_error *err)
{
	const struct args *a = w->a;
	int given = !!a->env + !!a->file + !!a->cmd + !!a->from;
	if (given > 1)
		return mst_fail(err, MST_USAGE, "--from, --env, --file and --cmd do not go together");
	if (a->env && !is_variable(a->env))
		return mst_fail(err, MST_USAGE, "--env: that is no name of a variable");
	const char *ref = a->env ? a->env : a->file ? fs_absolute(w->cli->pool, a->file) : a->cmd;
	w->s.kind = str_of(a->env ? "env" : a->file ? "file" : a->cmd ? "cmd" : "sealed");
	w->s.ref = ref ? str_of(ref) : DB_NULL;
	return ref && !*ref ? mst_fail(err, MST_USAGE, "the reference is empty") : 0;
}

/* A key of this team that the present passphrase makes, or a new one. */
static int choose_key(struct work *w, struct db *db, struct pool *pool, struct store_key *out, struct mst_error *err)
{
	store_keys keys = { 0 };
	size_t here;
	int rc = store_key_list(pool, db, w->s.team, &keys, &here, err);
	for (size_t i = 0; !rc && i < keys.n; i++) {
		int is = keyring_is_key(w->keys, &keys.v[i], err);
		if (is < 0)
			return is;
		if (is) {
			*out = keys.v[i];
			return 0;
		}
	}
	if (rc)
		return rc;
	if (here && !w->a->new_key) {
		if (w->s.team.p)
			mst_fail(err, MST_DENIED, "the other secrets of team %.*s are sealed with another key", STR_FMT(w->s.team));
		else
			mst_fail(err, MST_DENIED, "your other secrets are sealed with another key");
		return mst_hint(err, "take that key, or say --new-key to begin another one; mst-secret list shows them");
	}
	rc = keyring_new_key(w->keys, pool, out, err);
	return rc ? rc : store_key_add(db, out, err);
}

static int put_body(struct db *db, void *arg, struct mst_error *err)
{
	struct work *w = arg;
	POOL_SCRATCH(tmp);
	struct store_key key;
	int rc = 0;
	if (w->plain.bytes) {
		rc = choose_key(w, db, tmp, &key, err);
		if (!rc)
			rc = keyring_seal(w->keys, tmp, &w->s, &key, w->plain, err);
	}
	return rc ? rc : store_secret_put(db, &w->s, w->a->team != NULL, err);
}

static int put(struct cli *cli, struct mst_error *err)
{
	struct work w;
	struct store_secret was;
	struct mst_error none;
	if (check_name(cli->argv[0], err))
		return err->code;
	int rc = begin(cli, &w, err);
	w.s.name = str_of(cli->argv[0]);
	w.s.team = team_of(w.a);
	if (!rc)
		rc = read_ref(&w, err);
	/* before anybody types anything */
	if (!rc && !w.s.ref.p)
		rc = keyring_look(w.keys, err);
	if (!rc && !w.s.ref.p)
		rc = read_value(&w, err);
	if (rc)
		return rc;
	/* one that is there stays with its team, and so with the keys of that */
	if (!w.a->team && store_secret_get(cli->pool, w.db, w.s.name, &was, &none) == 0)
		w.s.team = was.team;
	rc = db_transact(w.db, put_body, &w, err);
	return rc ? rc : show(&w, cli->argv[0], false, err);
}

/* --- rotate ------------------------------------------------------------------------- */

static int rotate_body(struct db *db, void *arg, struct mst_error *err)
{
	struct work *w = arg;
	POOL_SCRATCH_WIPED(tmp);
	struct pool *pool = w->cli->pool;
	struct keyring *new_keys = keyring_new(tmp, &w->new_opts);
	store_secrets all = { 0 };
	VEC(struct store_resealed) new = { 0 };
	struct store_key key;
	w->changed.n = w->kept.n = 0;
	int rc = keyring_new_key(new_keys, tmp, &key, err);
	if (!rc)
		rc = store_secret_list(pool, db, &all, err);
	for (size_t i = 0; !rc && i < all.n; i++) {
		struct store_secret *s = &all.v[i], sealed = *s;
		struct secret plain;
		if (!str_eqz(s->kind, "sealed"))
			continue;
		int is = s->open && s->keeper ? keyring_is_key(w->keys, &s->key, err) : 0;
		if (is < 0)
			return is;
		if (!is) {
			*vec_push(pool, &w->kept) = str_z(pool, s->name);
			continue;
		}
		rc = keyring_open(w->keys, tmp, s, NULL, &plain, err);
		/* broken is broken: the others are not held up by it */
		if (rc == MST_DATA) {
			cli_report(w->cli, err);
			*vec_push(pool, &w->kept) = str_z(pool, s->name);
			rc = 0;
			continue;
		}
		if (!rc)
			rc = keyring_seal(new_keys, tmp, &sealed, &key, plain, err);
		if (rc)
			break;
		*vec_push(tmp, &new) = (struct store_resealed){ s->name, s->nonce, sealed.nonce, sealed.value };
		*vec_push(pool, &w->changed) = *s;
	}
	if (!rc && !new.n) {
		mst_fail(err, MST_NOT_FOUND, "no secret that you keep is sealed with the present key");
		return mst_hint(err, "mst-secret list shows which key each of them wants");
	}
	if (!rc)
		rc = store_key_add(db, &key, err);
	return rc ? rc : store_secret_rotate(db, key.id, new.v, new.n, err);
}

static int rotate(struct cli *cli, struct mst_error *err)
{
	struct work w;
	struct mst_error why = { 0 };
	int rc = begin(cli, &w, err);
	if (rc)
		return rc;
	w.new_opts = w.opts;
	if (w.a->new_key_file || w.a->new_key_command) {
		w.new_opts.key_file = w.a->new_key_file;
		w.new_opts.key_command = w.a->new_key_file ? NULL : w.a->new_key_command;
		w.new_opts.usual_file = NULL;
	}
	rc = db_transact(w.db, rotate_body, &w, err);
	if (rc)
		return rc;
	if (w.kept.n)
		cli_warn(cli, "left as %s (not yours to change, or this key does not open %s): %s%s",
			 w.kept.n == 1 ? "it is" : "they are", w.kept.n == 1 ? "it" : "them", w.kept.v[0],
			 w.kept.n > 1 ? ", ..." : "");
	if (w.a->new_key_file)
		cli_say(cli, "from now on the key is that of %s: set key_file (MST_KEY_FILE) to it", w.a->new_key_file);
	/* as they are now */
	store_secrets all = { 0 };
	struct out *out = out_open(cli, "secret", columns);
	w.keys = keyring_new(w.secrets, &w.new_opts);
	rc = store_secret_list(cli->pool, w.db, &all, err);
	for (size_t i = 0, k = 0; !rc && i < all.n && k < w.changed.n; i++)
		if (str_eq(all.v[i].name, w.changed.v[k].name)) {
			rc = put_line(&w, out, &all.v[i], &why, err);
			k++;
		}
	return rc ? rc : out_close(out, err);
}

/* --- the rest ----------------------------------------------------------------------- */

static int move(struct cli *cli, struct mst_error *err)
{
	struct work w;
	const struct args *a = cli->args;
	if (!a->team) {
		mst_fail(err, MST_USAGE, "where to? --team is lacking");
		return mst_hint(err, "--team NAME, or --team - for its owner alone");
	}
	if (check_name(cli->argv[0], err))
		return err->code;
	int rc = begin(cli, &w, err);
	if (!rc)
		rc = store_secret_move(w.db, str_of(cli->argv[0]), team_of(a), err);
	return rc ? rc : show(&w, cli->argv[0], false, err);
}

static int rm(struct cli *cli, struct mst_error *err)
{
	struct work w;
	int rc = begin(cli, &w, err);
	for (int i = 0; !rc && i < cli->argc; i++) {
		rc = store_secret_rm(w.db, str_of(cli->argv[i]), err);
		if (!rc)
			cli_note(cli, "removed secret %s", cli->argv[i]);
	}
	return rc;
}

static int make_key(struct cli *cli, struct mst_error *err)
{
	const char *path = cli->argc ? cli->argv[0] : config_get(cli->config, "key_file");
	if (!path || !*path)
		path = keyring_usual_file(cli->pool);
	if (!path)
		return mst_fail(err, MST_USAGE, "there is no home folder to make a key in: name a file");
	int rc = keyring_make_file(path, err);
	if (!rc)
		cli_say(cli, "made %s; keep a copy elsewhere: without it what it sealed is lost", path);
	return rc;
}

static const struct cli_opt put_opts[] = {
	{ .name = "from", .kind = CLI_PATH, .offset = offsetof(struct args, from), .metavar = "FILE",
	  .help = "read the value from a file; '-': from stdin" },
	{ .name = "env", .kind = CLI_STRING, .offset = offsetof(struct args, env), .metavar = "VAR",
	  .help = "no value: look this variable up at each use" },
	{ .name = "file", .kind = CLI_PATH, .offset = offsetof(struct args, file), .metavar = "PATH",
	  .help = "no value: read this file at each use" },
	{ .name = "cmd", .kind = CLI_STRING, .offset = offsetof(struct args, cmd), .metavar = "COMMAND",
	  .help = "no value: run this at each use" },
	{ .name = "team", .letter = 't', .kind = CLI_STRING, .offset = offsetof(struct args, team), .metavar = "TEAM",
	  .complete = "team", .help = "who may use it; '-': its owner alone" },
	{ .name = "new-key", .kind = CLI_FLAG, .offset = offsetof(struct args, new_key),
	  .help = "begin with a key that opens none of the others" },
	{ .name = NULL },
};

static const struct cli_opt move_opts[] = {
	{ .name = "team", .letter = 't', .kind = CLI_STRING, .offset = offsetof(struct args, team), .metavar = "TEAM",
	  .complete = "team", .help = "who may use it; '-': its owner alone" },
	{ .name = NULL },
};

static const struct cli_opt rotate_opts[] = {
	{ .name = "new-key-file", .kind = CLI_PATH, .offset = offsetof(struct args, new_key_file), .metavar = "FILE",
	  .help = "the key to go over to; else the same, new salt" },
	{ .name = "new-key-command", .kind = CLI_STRING, .offset = offsetof(struct args, new_key_command),
	  .metavar = "COMMAND", .help = "shell command that prints the key to go over to" },
	{ .name = NULL },
};

static const struct cli_sub subs[] = {
	{ "put", "NAME", "seal a value, or keep a reference", 1, 1, .opts = put_opts, .complete = "secret", .run = put },
	{ "list", NULL, "all that you may see, without their values", 0, 0, .run = list },
	{ "move", "NAME", "give it to another team", 1, 1, .opts = move_opts, .complete = "secret", .run = move },
	{ "rm", "NAME...", "remove secrets that nothing uses", 1, -1, .complete = "secret", .run = rm },
	{ "rotate", NULL, "seal all of them with another key", 0, 0, .opts = rotate_opts, .run = rotate },
	{ "key", "[FILE]", "make a key file", 0, 1, .complete = "path", .run = make_key },
	{ NULL, NULL, NULL, 0, 0, .run = NULL },
};

static const struct cli_example examples[] = {
	{ "mst-secret key", "once: make the key that seals them" },
	{ "mst-secret put crm", "ask for a password and seal it" },
	{ "mst-secret put crm --team mart <password.txt", "the same for a team, from a file" },
	{ "mst-secret put crm --cmd 'pass show db/crm'", "leave it where it is, and look it up at each use" },
	{ "mst-secret list", "what there is, and what the present key opens" },
	{ NULL, NULL },
};

static const struct cli_cmd cmd = {
	.name = "mst-secret",
	.summary = "keep passwords, sealed or by reference",
	.args_size = sizeof(struct args),
	.groups = CLI_OUTPUT | CLI_DB,
	.subs = subs,
	.examples = examples,
	.reads = "nothing",
	.writes = "secret",
	.talks_to = "the state database",
	.exits = "1 3 4 5 6 130",
	.see_also = "mst-connection(1), mst-team(1), mst-config(5), mst-json(5)",
	.run = NULL,
};

int main(int argc, char **argv)
{
	return cli_main(argc, argv, &cmd);
}
