#include "engine/keyring.h"

#include "base/crypto.h"
#include "base/fs.h"
#include "base/time.h"
#include "proc/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHECK = 16, DERIVED = CRYPTO_KEY + CHECK, KEY_ID = 8, MADE_BYTES = 32 };

/* One that scrypt has made. */
struct derived {
	char id[2 * KEY_ID + 1];
	bool right;
	unsigned char key[CRYPTO_KEY];
};

struct keyring {
	struct pool *pool; /* wiped */
	const struct keyring_opts *opts;
	struct secret passphrase;
	const char *from;  /* where it came from */
	VEC(struct derived *) derived;
};

struct keyring *keyring_new(struct pool *parent, const struct keyring_opts *opts)
{
	struct pool *pool = pool_new_wiped(parent);
	struct keyring *k = pool_zalloc(pool, sizeof *k);
	k->pool = pool;
	k->opts = opts;
	return k;
}

const char *keyring_usual_file(struct pool *pool)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home;
	if (xdg && xdg[0] == '/')
		return fs_join(pool, xdg, "mst/key");
	home = fs_home(pool);
	return home ? fs_join(pool, home, ".config/mst/key") : NULL;
}

static void to_hex(char *out, const unsigned char *p, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = hex[p[i] >> 4];
		out[2 * i + 1] = hex[p[i] & 15];
	}
	out[2 * n] = 0;
}

int keyring_make_file(const char *path, struct mst_error *err)
{
	POOL_SCRATCH_WIPED(tmp);
	unsigned char *random = pool_alloc(tmp, MADE_BYTES);
	char *text = pool_alloc(tmp, 2 * MADE_BYTES + 1), *dir = pool_strdup(tmp, path), *slash = strrchr(dir, '/');
	secret_guard();
	if (slash && slash != dir) {
		*slash = 0;
		if (fs_mkdirs(dir, 0700, err))
			return err->code;
	}
	if (crypto_random(random, MADE_BYTES, err))
		return err->code;
	to_hex(text, random, MADE_BYTES);
	text[2 * MADE_BYTES] = '\n';
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 && errno == EEXIST) {
		mst_fail(err, MST_CONFLICT, "%s is there already", path);
		return mst_hint(err, "mst-secret rotate goes over to another key; mst-secret key FILE makes one elsewhere");
	}
	if (fd < 0)
		return mst_fail_errno(err, 0, "%s", path);
	int rc = fs_write_all(fd, text, 2 * MADE_BYTES + 1, path, err);
	if (!rc && fsync(fd))
		rc = mst_fail_errno(err, 0, "%s", path);
	if (close(fd) && !rc)
		rc = mst_fail_errno(err, 0, "%s", path);
	if (rc)
		unlink(path);
	return rc;
}

static struct str without_line_break(struct str s)
{
	if (s.n && s.p[s.n - 1] == '\n')
		s.n -= s.n > 1 && s.p[s.n - 2] == '\r' ? 2 : 1;
	return s;
}

int keyring_check_value(struct str *value, struct mst_error *err)
{
	struct str s = without_line_break(*value);
	if (!s.n)
		return mst_fail(err, MST_DATA, "the secret is empty");
	if (s.n > SECRET_VALUE_MAX)
		return mst_fail(err, MST_DATA, "the secret is longer than %d bytes", SECRET_VALUE_MAX);
	if (memchr(s.p, 0, s.n))
		return mst_fail(err, MST_DATA, "the secret has a NUL byte");
	*value = s;
	return 0;
}

static void close_file(void *arg)
{
	close((int)(intptr_t)arg);
}

/* As ssh does: a key that others can read is none. */
static int read_key_file(struct keyring *k, struct pool *tmp, const char *path, struct str *out, struct mst_error *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return mst_fail_errno(err, 0, "the key file %s", path);
	pool_on_free(tmp, close_file, (void *)(intptr_t)fd);
	if (fstat(fd, &st))
		return mst_fail_errno(err, 0, "the key file %s", path);
	if (!S_ISREG(st.st_mode))
		return mst_fail(err, MST_USAGE, "the key file %s is no regular file", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return mst_fail(err, MST_DENIED, "the key file %s belongs to another user", path);
	if (st.st_mode & 077) {
		mst_fail(err, MST_DENIED, "the key file %s is open to others (mode %04o)", path, (unsigned)st.st_mode & 07777);
		return mst_hint(err, "chmod 600 %s", path);
	}
	k->from = path;
	return fs_read_fd(tmp, fd, path, SECRET_VALUE_MAX, out, err);
}

static int run_command(struct keyring *k, struct pool *pool, const char *what, const char *command, struct str *out,
		       struct mst_error *err)
{
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };
	struct proc_opts o = { .argv = argv, .err = PROC_KEEP };
	struct proc_output got;
	int rc = proc_capture(pool, &o, STR(""), SECRET_VALUE_MAX + 2, KEYRING_COMMAND_S * US_PER_S, k->opts->stop, &got,
			      err);
	if (rc)
		return mst_wrap(err, "%s", what);
	if (got.status.code != 0)
		return mst_fail(err, MST_REMOTE, "%s: %s", what, proc_status_words(pool, &got.status));
	*out = got.out;
	return 0;
}

int keyring_look(struct keyring *k, struct mst_error *err)
{
	POOL_SCRATCH_WIPED(tmp);
	const struct keyring_opts *o = k->opts;
	struct str text;
	int rc;
	if (k->passphrase.bytes)
		return 0;
	secret_guard();
	bool usual = !(o->key_file && *o->key_file) && !(o->key_command && *o->key_command);
	if (usual && !(o->usual_file && fs_exists(o->usual_file))) {
		mst_fail(err, MST_USAGE, "there is no key for secrets");
		if (o->usual_file)
			mst_hint(err, "mst-secret key makes one in %s; or set key_file (MST_KEY_FILE) or key_command", o->usual_file);
		return err->code;
	}
	if (usual || (o->key_file && *o->key_file)) {
		rc = read_key_file(k, tmp, usual ? o->usual_file : o->key_file, &text, err);
	} else {
		k->from = "key_command";
		rc = run_command(k, tmp, "the key_command", o->key_command, &text, err);
	}
	if (rc)
		return rc;
	text = without_line_break(text);
	if (text.n < KEYRING_PASSPHRASE_MIN) {
		mst_fail(err, MST_USAGE, "the key of %s has %zu bytes, which is too short: %d at least", k->from, text.n,
			 KEYRING_PASSPHRASE_MIN);
		return mst_hint(err, "mst-secret key makes a good one");
	}
	k->passphrase = secret_new(k->pool, text.p, text.n);
	return 0;
}

static int derive(struct keyring *k, const struct store_key *key, unsigned char out[DERIVED], struct mst_error *err)
{
	if (keyring_look(k, err))
		return err->code;
	if (key->id.n != 2 * KEY_ID || key->cost < 0 || key->block < 0 || key->parallel < 0)
		return mst_fail(err, MST_DATA, "the state database has a key that is none");
	return crypto_scrypt(secret_reveal(k->passphrase), key->salt, (uint64_t)key->cost, (uint64_t)key->block,
			     (uint64_t)key->parallel, out, DERIVED, err);
}

/* The key of that id; it is the right one where ->right. */
static int key_of(struct keyring *k, const struct store_key *key, struct derived **out, struct mst_error *err)
{
	POOL_SCRATCH_WIPED(tmp);
	for (size_t i = 0; i < k->derived.n; i++)
		if (str_eqz(key->id, k->derived.v[i]->id)) {
			*out = k->derived.v[i];
			return 0;
		}
	unsigned char *bytes = pool_alloc(tmp, DERIVED);
	int rc = derive(k, key, bytes, err);
	if (rc)
		return rc;
	struct derived *d = pool_zalloc(k->pool, sizeof *d);
	memcpy(d->id, key->id.p, 2 * KEY_ID);
	memcpy(d->key, bytes, CRYPTO_KEY);
	d->right = key->check.n == CHECK && crypto_equal(bytes + CRYPTO_KEY, key->check.p, CHECK);
	*vec_push(k->pool, &k->derived) = d;
	*out = d;
	return 0;
}

int keyring_is_key(struct keyring *k, const struct store_key *key, struct mst_error *err)
{
	struct derived *d;
	int rc = key_of(k, key, &d, err);
	return rc ? rc : d->right;
}

int keyring_new_key(struct keyring *k, struct pool *pool, struct store_key *out, struct mst_error *err)
{
	POOL_SCRATCH_WIPED(tmp);
	unsigned char *bytes = pool_alloc(tmp, DERIVED), id[KEY_ID];
	char *salt = pool_alloc(pool, CHECK), *hex = pool_alloc(pool, 2 * KEY_ID + 1);
	struct store_key key = { .cost = KEYRING_COST, .block = KEYRING_BLOCK, .parallel = KEYRING_PARALLEL };
	if (crypto_random(id, sizeof id, err) || crypto_random(salt, CHECK, err))
		return err->code;
	to_hex(hex, id, sizeof id);
	key.id = str_of(hex);
	key.salt = (struct str){ salt, CHECK };
	if (derive(k, &key, bytes, err))
		return err->code;
	key.check = (struct str){ pool_memdup(pool, bytes + CRYPTO_KEY, CHECK), CHECK };
	*out = key;
	return 0;
}

/* What a sealed text is bound to; neither part can hold the byte between them. */
static struct str bound_to(struct pool *pool, struct str name, struct str key_id)
{
	struct buf b;
	buf_init(&b, pool);
	buf_z(&b, "mst.secret");
	buf_char(&b, 0);
	buf_str(&b, name);
	buf_char(&b, 0);
	buf_str(&b, key_id);
	return buf_view(&b);
}

int keyring_seal(struct keyring *k, struct pool *pool, struct store_secret *s, const struct store_key *key,
		 struct secret plain, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct derived *d;
	unsigned char *nonce = pool_alloc(pool, CRYPTO_NONCE), *out = pool_alloc(pool, plain.n + CRYPTO_TAG);
	if (key_of(k, key, &d, err) || crypto_random(nonce, CRYPTO_NONCE, err) ||
	    crypto_seal(d->key, nonce, bound_to(tmp, s->name, key->id), secret_reveal(plain), out, err))
		return err->code;
	s->kind = STR("sealed");
	s->nonce = (struct str){ (char *)nonce, CRYPTO_NONCE };
	s->value = (struct str){ (char *)out, plain.n + CRYPTO_TAG };
	s->key = *key;
	return 0;
}

/* The others that the same key seals. */
static const char *lost_with(struct pool *pool, struct db *db, const struct store_secret *s, size_t *n)
{
	store_secrets all = { 0 };
	struct mst_error ignored;
	struct buf b;
	buf_init(&b, pool);
	*n = 0;
	if (!db || store_secret_list(pool, db, &all, &ignored))
		return "";
	for (size_t i = 0; i < all.n; i++)
		if (str_eq(all.v[i].key.id, s->key.id)) {
			if (b.n < 400)
				buf_printf(&b, "%s%.*s", *n ? ", " : "", STR_FMT(all.v[i].name));
			else if (b.p[b.n - 1] != '.')
				buf_z(&b, ", ...");
			++*n;
		}
	return buf_cstr(&b);
}

static int open_sealed(struct keyring *k, struct pool *pool, const struct store_secret *s, struct db *db,
		       struct secret *out, struct mst_error *err)
{
	POOL_SCRATCH_WIPED(tmp);
	struct derived *d;
	int rc = key_of(k, &s->key, &d, err);
	if (rc)
		return mst_wrap(err, "secret '%.*s'", STR_FMT(s->name));
	if (!d->right) {
		size_t n;
		const char *names = lost_with(tmp, db, s, &n);
		mst_fail(err, MST_DENIED, "secret '%.*s' was sealed with another key (%.*s) than that of %s", STR_FMT(s->name),
			 STR_FMT(s->key.id), k->from);
		if (n)
			mst_hint(err, "where that key is lost, so %s: %s; put %s anew", n == 1 ? "is this" : "are these", names,
				 n == 1 ? "it" : "them");
		return err->code;
	}
	size_t n = s->value.n < CRYPTO_TAG ? 0 : s->value.n - CRYPTO_TAG;
	unsigned char *plain = pool_alloc(tmp, n + 1);
	if (s->nonce.n != CRYPTO_NONCE ||
	    crypto_open(d->key, (const unsigned char *)s->nonce.p, bound_to(tmp, s->name, s->key.id), s->value, plain, err)) {
		mst_fail(err, MST_DATA, "secret '%.*s' was changed in the state database since it was sealed", STR_FMT(s->name));
		return mst_hint(err, "put it anew, and ask who may write there");
	}
	*out = secret_new(pool, plain, n);
	return 0;
}

static bool may_look_up(const struct keyring *k, const struct store_secret *s)
{
	const char *refs = k->opts->refs ? k->opts->refs : "own";
	return strcmp(refs, "all") == 0 || (s->mine && strcmp(refs, "own") == 0);
}

static int open_ref(struct keyring *k, struct pool *pool, const struct store_secret *s, struct secret *out,
		    struct mst_error *err)
{
	POOL_SCRATCH_WIPED(tmp);
	const char *ref = str_z(tmp, s->ref);
	struct str text = { 0 };
	int rc = 0;
	if (!may_look_up(k, s)) {
		mst_fail(err, MST_DENIED, "secret '%.*s' is a reference (%.*s) that %.*s set: it is not followed here",
			 STR_FMT(s->name), STR_FMT(s->kind), STR_FMT(s->set_by));
		return mst_hint(err, "the key secret_refs says whose references are followed: none, own or all");
	}
	if (str_eqz(s->kind, "env")) {
		const char *v = getenv(ref);
		if (!v || !*v)
			rc = mst_fail(err, MST_NOT_FOUND, "the environment has no %s", ref);
		else
			text = str_of(v);
	} else if (str_eqz(s->kind, "file")) {
		rc = fs_read_file(tmp, ref, SECRET_VALUE_MAX + 2, &text, err);
	} else if (str_eqz(s->kind, "cmd")) {
		rc = run_command(k, tmp, "its command", ref, &text, err);
	} else {
		rc = mst_fail(err, MST_DATA, "its kind '%.*s' is unknown", STR_FMT(s->kind));
	}
	if (!rc)
		rc = keyring_check_value(&text, err);
	if (rc)
		return mst_wrap(err, "secret '%.*s'", STR_FMT(s->name));
	*out = secret_new(pool, text.p, text.n);
	return 0;
}

int keyring_open(struct keyring *k, struct pool *pool, const struct store_secret *s, struct db *db, struct secret *out,
		 struct mst_error *err)
{
	secret_guard();
	return str_eqz(s->kind, "sealed") ? open_sealed(k, pool, s, db, out, err) : open_ref(k, pool, s, out, err);
}
