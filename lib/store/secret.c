#include "store/secret.h"

#include "store/internal.h"

#define AT(column) \
	"pg_catalog.to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"

bool store_is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
		      c == '.'))
			return false;
	}
	return s.n > 0 && s.n <= SECRET_NAME_MAX;
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 0;
}

static struct str from_hex(struct pool *pool, struct str hex)
{
	char *p = pool_alloc(pool, hex.n / 2 + 1);
	for (size_t i = 0; i < hex.n / 2; i++)
		p[i] = (char)(digit(hex.p[2 * i]) << 4 | digit(hex.p[2 * i + 1]));
	return (struct str){ p, hex.n / 2 };
}

/* The text form of bytea. */
static struct str to_bytea(struct pool *pool, struct str bytes)
{
	static const char hex[] = "0123456789abcdef";
	if (!bytes.p)
		return DB_NULL;
	char *p = pool_alloc(pool, 2 * bytes.n + 2);
	p[0] = '\\';
	p[1] = 'x';
	for (size_t i = 0; i < bytes.n; i++) {
		p[2 * i + 2] = hex[(unsigned char)bytes.p[i] >> 4];
		p[2 * i + 3] = hex[bytes.p[i] & 15];
	}
	return (struct str){ p, 2 * bytes.n + 2 };
}

#define KEY_COLUMNS(of) \
	of ".id, pg_catalog.encode(" of ".salt, 'hex'), pg_catalog.encode(" of ".check_value, 'hex'), " of ".cost, " of \
	   ".block, " of ".parallel"
enum { K_ID, K_SALT, K_CHECK, K_COST, K_BLOCK, K_PARALLEL, K_N };

static struct store_key read_key(struct pool *pool, const struct db_result *r, size_t row, size_t col)
{
	return (struct store_key){
		.id = str_dup(pool, db_text(r, row, col + K_ID)),
		.salt = from_hex(pool, db_text(r, row, col + K_SALT)),
		.check = from_hex(pool, db_text(r, row, col + K_CHECK)),
		.cost = db_int(r, row, col + K_COST),
		.block = db_int(r, row, col + K_BLOCK),
		.parallel = db_int(r, row, col + K_PARALLEL),
	};
}

#define SECRET_SQL \
	"SELECT s.name, s.kind, s.owner, s.team, s.set_by, " AT("s.updated_at") ", o.name IS NOT NULL, o.ref, o.mine," \
	" o.keeper, pg_catalog.encode(o.nonce, 'hex'), pg_catalog.encode(o.value, 'hex')," \
	" coalesce(o.key_id, s.key_id), pg_catalog.encode(o.salt, 'hex'), pg_catalog.encode(o.check_value, 'hex')," \
	" o.cost, o.block, o.parallel FROM mst.secret s LEFT JOIN mst.secret_open($1::text[]) o ON o.name = s.name"
enum { S_NAME, S_KIND, S_OWNER, S_TEAM, S_SET_BY, S_AT, S_OPEN, S_REF, S_MINE, S_KEEPER, S_NONCE, S_VALUE, S_KEY };

static struct store_secret read_secret(struct pool *pool, const struct db_result *r, size_t i)
{
	return (struct store_secret){
		.name = store_text(pool, r, i, S_NAME),
		.kind = store_text(pool, r, i, S_KIND),
		.ref = store_text(pool, r, i, S_REF),
		.owner = store_text(pool, r, i, S_OWNER),
		.team = store_text(pool, r, i, S_TEAM),
		.set_by = store_text(pool, r, i, S_SET_BY),
		.updated_at = store_text(pool, r, i, S_AT),
		.open = db_bool(r, i, S_OPEN),
		.mine = db_bool(r, i, S_MINE),
		.keeper = db_bool(r, i, S_KEEPER),
		.nonce = from_hex(pool, db_text(r, i, S_NONCE)),
		.value = from_hex(pool, db_text(r, i, S_VALUE)),
		.key = read_key(pool, r, i, S_KEY),
	};
}

int store_secret_list(struct pool *pool, struct db *db, store_secrets *out, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	store_secrets list = { 0 };
	int rc = db_query(tmp, db, STR(SECRET_SQL " ORDER BY s.name"), &DB_NULL, 1, &r, err);
	for (size_t i = 0; !rc && i < db_rows(r); i++)
		*vec_push(pool, &list) = read_secret(pool, r, i);
	if (!rc)
		*out = list;
	return rc;
}

int store_secret_get(struct pool *pool, struct db *db, struct str name, struct store_secret *out,
		     struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	struct str params[] = { db_param_texts(tmp, &name, 1), name };
	int rc = db_query(tmp, db, STR(SECRET_SQL " WHERE s.name = $2"), params, 2, &r, err);
	if (rc)
		return rc;
	if (!db_rows(r))
		return store_fail_nearest(db, "secret", STR("SELECT name FROM mst.secret ORDER BY 1 LIMIT 10000"), name, err);
	if (!db_bool(r, 0, S_OPEN)) {
		struct str team = db_text(r, 0, S_TEAM);
		mst_fail(err, MST_DENIED, "secret '%.*s' is for those that may write what is team %.*s's", STR_FMT(name),
			 STR_FMT(team));
		return mst_hint(err, "an admin of the team makes you one: mst-team join %.*s USER --role write", STR_FMT(team));
	}
	*out = read_secret(pool, r, 0);
	return 0;
}

int store_key_list(struct pool *pool, struct db *db, struct str team, store_keys *out, size_t *n_here,
		   struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	const struct db_result *r;
	store_keys list = { 0 };
	size_t here = 0;
	int rc = db_query(tmp, db,
			  STR("SELECT " KEY_COLUMNS("k") ", coalesce(pg_catalog.bool_or(s.team = $1"
			      "   OR (s.team IS NULL AND $1 IS NULL AND s.owner = mst.me())), false)"
			      "  FROM mst.secret_key k JOIN mst.secret s ON s.key_id = k.id"
			      " GROUP BY k.id ORDER BY 7 DESC, k.added_at DESC, k.id LIMIT 16"),
			  &team, 1, &r, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < db_rows(r); i++) {
		*vec_push(pool, &list) = read_key(pool, r, i, 0);
		here += db_bool(r, i, K_N);
	}
	*out = list;
	*n_here = here;
	return 0;
}

int store_key_add(struct db *db, const struct store_key *k, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct str params[] = { k->id, to_bytea(tmp, k->salt), db_param_int(tmp, k->cost), db_param_int(tmp, k->block),
				db_param_int(tmp, k->parallel), to_bytea(tmp, k->check) };
	int rc = db_run(db, STR("SELECT mst.secret_key_add($1, $2, $3, $4, $5, $6)"), params, 6, NULL, err);
	return rc ? store_translate(err) : 0;
}

int store_secret_put(struct db *db, const struct store_secret *s, bool move, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	bool sealed = str_eqz(s->kind, "sealed");
	struct str params[] = { s->name,
				s->kind,
				sealed ? DB_NULL : s->ref,
				sealed ? s->key.id : DB_NULL,
				sealed ? to_bytea(tmp, s->nonce) : DB_NULL,
				sealed ? to_bytea(tmp, s->value) : DB_NULL,
				s->team,
				db_param_bool(move) };
	int rc = db_run(db, STR("SELECT mst.secret_put($1, $2, $3, $4, $5, $6, $7, $8)"), params, 8, NULL, err);
	return rc ? store_translate(err) : 0;
}

int store_secret_move(struct db *db, struct str name, struct str team, struct mst_error *err)
{
	struct str params[] = { name, team };
	int rc = db_run(db, STR("SELECT mst.secret_move($1, $2)"), params, 2, NULL, err);
	return rc ? store_translate(err) : 0;
}

int store_secret_rm(struct db *db, struct str name, struct mst_error *err)
{
	int rc = db_run(db, STR("SELECT mst.secret_rm($1)"), &name, 1, NULL, err);
	return rc ? store_translate(err) : 0;
}

int store_secret_rotate(struct db *db, struct str key_id, const struct store_resealed *v, size_t n,
			struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	struct str *column[4], params[5] = { key_id };
	for (size_t c = 0; c < 4; c++)
		column[c] = pool_array(tmp, n + 1, sizeof *column[c]);
	for (size_t i = 0; i < n; i++) {
		column[0][i] = v[i].name;
		column[1][i] = to_bytea(tmp, v[i].was_nonce);
		column[2][i] = to_bytea(tmp, v[i].nonce);
		column[3][i] = to_bytea(tmp, v[i].value);
	}
	for (size_t c = 0; c < 4; c++)
		params[c + 1] = db_param_texts(tmp, column[c], n);
	int rc = db_run(db, STR("SELECT mst.secret_rotate($1, $2::text[], $3::bytea[], $4::bytea[], $5::bytea[])"), params, 5,
			NULL, err);
	return rc ? store_translate(err) : 0;
}
