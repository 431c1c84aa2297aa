#include "cli/config.h"
#include "base/fs.h"
#include "base/time.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20, VALUE_MAX = 4096, NAME_LEN_MAX = 63, SECTIONS_MAX = 1000 };

struct value {
	const char *text, *origin;
};

struct connection {
	const char *name, *url, *origin, *restricted;
	uint32_t line;
};

struct config {
	struct pool *pool;
	struct value *value; /* one for each of config_keys */
	const char *profile;
	VEC(struct connection) connections;
	config_names profiles, remarks;
};

/* One `key = value` of the file. */
struct setting {
	const char *section; /* the profile, or NULL */
	size_t key;
	const char *text;
	uint32_t line;
};

struct file {
	const char *path;
	VEC(struct setting) settings;
};

static size_t count(void)
{
	size_t n = 0;
	while (config_keys[n].name)
		n++;
	return n;
}

static size_t find(struct str name)
{
	size_t i = 0;
	while (config_keys[i].name && !str_eqz(name, config_keys[i].name))
		i++;
	return i;
}

const struct config_key *config_key_find(const char *name)
{
	size_t i = find(str_of(name));
	return config_keys[i].name ? &config_keys[i] : NULL;
}

bool config_is_yes(const char *v)
{
	return v && (strcmp(v, "yes") == 0 || strcmp(v, "true") == 0 || strcmp(v, "on") == 0 || strcmp(v, "1") == 0);
}

static bool is_no(const char *v)
{
	return strcmp(v, "no") == 0 || strcmp(v, "false") == 0 || strcmp(v, "off") == 0 || strcmp(v, "0") == 0;
}

static bool is_whole(const char *v)
{
	char *end;
	if (*v < '0' || *v > '9')
		return false;
	long long n = strtoll(v, &end, 10);
	return *end == 0 && n < INT64_MAX;
}

/* The words of an enum kind, by index; empty at the end. */
static struct str word_at(const char *kind, size_t i)
{
	struct str rest = str_of(kind), w = { 0 };
	for (size_t k = 0; k <= i; k++) {
		if (!rest.n)
			return (struct str){ 0 };
		str_cut(rest, '|', &w, &rest);
	}
	return w;
}

static int check_enum(const struct config_key *k, const char *v, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	config_names words = { 0 };
	struct buf b;
	buf_init(&b, tmp);
	for (size_t i = 0; word_at(k->kind, i).n; i++) {
		struct str w = word_at(k->kind, i);
		if (str_eqz(w, v))
			return 0;
		*vec_push(tmp, &words) = str_z(tmp, w);
		buf_printf(&b, "%s%.*s", i ? ", " : "", STR_FMT(w));
	}
	const char *near = str_nearest(str_of(v), words.v, words.n);
	if (near)
		mst_fail(err, MST_USAGE, "%s: unknown value '%s' (did you mean '%s'?)", k->name, v, near);
	else
		mst_fail(err, MST_USAGE, "%s: unknown value '%s'", k->name, v);
	return mst_hint(err, "one of: %s", buf_cstr(&b));
}

static int check(const struct config_key *k, const char *v, struct mst_error *err)
{
	int64_t us;
	struct mst_error e;
	if (strlen(v) > VALUE_MAX)
		return mst_fail(err, MST_USAGE, "%s: the value is longer than %d bytes", k->name, VALUE_MAX);
	if (strcmp(k->kind, "path") != 0 && utf8_valid(str_of(v)) != strlen(v))
		return mst_fail(err, MST_USAGE, "%s: the value is not valid UTF-8", k->name);
	for (const char *p = v; *p; p++)
		if ((unsigned char)*p < 32 || *p == 127)
			return mst_fail(err, MST_USAGE, "%s: the value has a control character", k->name);
	if (strcmp(k->kind, "int") == 0 && !is_whole(v))
		return mst_fail(err, MST_USAGE, "%s: '%s' is not a whole number", k->name, v);
	if (strcmp(k->kind, "bool") == 0 && !config_is_yes(v) && !is_no(v)) {
		mst_fail(err, MST_USAGE, "%s: '%s' is neither yes nor no", k->name, v);
		return mst_hint(err, "write yes or no");
	}
	if (strcmp(k->kind, "duration") == 0 && time_parse_duration(str_of(v), &us, &e)) {
		mst_fail(err, MST_USAGE, "%s: '%s' is not a duration", k->name, v);
		return mst_hint(err, "write 500ms, 10s, 5m, 1h30m, 2d or 1w");
	}
	return strchr(k->kind, '|') ? check_enum(k, v, err) : 0;
}

/* "~/x" of a path is below the home folder: no shell has seen the file. */
static const char *expand(struct pool *pool, const struct config_key *k, const char *v)
{
	if (strcmp(k->kind, "path") != 0 || v[0] != '~' || (v[1] && v[1] != '/'))
		return v;
	const char *home = fs_home(pool);
	return home ? pool_printf(pool, "%s%s", home, v + 1) : v;
}

int config_path(struct pool *pool, const char **out, struct mst_error *err)
{
	const char *p = getenv("MST_CONFIG"), *xdg = getenv("XDG_CONFIG_HOME");
	if (p && *p) {
		*out = pool_strdup(pool, p);
		return 0;
	}
	if (xdg && xdg[0] == '/') {
		*out = fs_join(pool, xdg, "mst/config");
		return 0;
	}
	const char *home = fs_home(pool);
	if (!home) {
		mst_fail(err, MST_USAGE, "there is no home folder to look for the configuration in");
		return mst_hint(err, "set HOME or MST_CONFIG");
	}
	*out = fs_join(pool, home, ".config/mst/config");
	return 0;
}

static bool is_name(struct str s)
{
	if (!s.n || s.n > NAME_LEN_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
		      c == '.'))
			return false;
	}
	return true;
}

/* What a message may quote of a line that cannot be read: names, for all else may be
 * half of a connection string with its password. */
static struct str quotable(struct str s)
{
	bool ok = s.n <= NAME_LEN_MAX;
	for (size_t i = 0; ok && i < s.n; i++)
		ok = s.p[i] == ' ' || is_name((struct str){ s.p + i, 1 });
	return ok ? s : STR("...");
}

/* Where the reader stands in the file. */
struct reader {
	struct config *cfg;
	struct file *file;
	const char *profile;           /* of the section, or NULL */
	struct connection *connection; /* of the section, or NULL */
	uint32_t line;
	size_t sections;
};

static int read_section(struct reader *r, struct str s, struct mst_error *err)
{
	static const char *const kinds[] = { "profile", "connection" };
	struct config *cfg = r->cfg;
	struct str kind, name;
	if (s.p[s.n - 1] != ']') {
		mst_fail(err, MST_USAGE, "a section line ends in ']'");
		return mst_hint(err, "write [profile NAME] or [connection NAME]");
	}
	str_cut(str_trim((struct str){ s.p + 1, s.n - 2 }), ' ', &kind, &name);
	name = str_trim(name);
	r->profile = NULL;
	r->connection = NULL;
	if (!str_eqz(kind, "profile") && !str_eqz(kind, "connection")) {
		const char *near = str_nearest(kind, kinds, 2);
		struct str said = quotable(kind);
		if (near)
			mst_fail(err, MST_USAGE, "unknown section '%.*s' (did you mean '%s'?)", STR_FMT(said), near);
		else
			mst_fail(err, MST_USAGE, "unknown section '%.*s'", STR_FMT(said));
		return mst_hint(err, "write [profile NAME] or [connection NAME]");
	}
	if (!is_name(name)) {
		struct str said = quotable(name);
		mst_fail(err, MST_USAGE, "'%.*s' is not a name of a %.*s", STR_FMT(said), STR_FMT(kind));
		return mst_hint(err, "a name has 1 to %d letters, digits, '_', '-' and '.'", NAME_LEN_MAX);
	}
	/* what follows compares each with each */
	if (++r->sections > SECTIONS_MAX)
		return mst_fail(err, MST_USAGE, "more than %d sections", SECTIONS_MAX);
	if (str_eqz(kind, "profile")) {
		for (size_t i = 0; i < cfg->profiles.n; i++)
			if (str_eqz(name, cfg->profiles.v[i]))
				return mst_fail(err, MST_USAGE, "profile '%.*s' stands here a second time", STR_FMT(name));
		r->profile = *vec_push(cfg->pool, &cfg->profiles) = str_z(cfg->pool, name);
		return 0;
	}
	for (size_t i = 0; i < cfg->connections.n; i++)
		if (str_eqz(name, cfg->connections.v[i].name))
			return mst_fail(err, MST_USAGE, "connection '%.*s' stands in line %u already", STR_FMT(name),
					cfg->connections.v[i].line);
	r->connection = vec_push(cfg->pool, &cfg->connections);
	*r->connection = (struct connection){
		.name = str_z(cfg->pool, name),
		.origin = pool_printf(cfg->pool, "file %s:%u", r->file->path, r->line),
		.line = r->line,
	};
	return 0;
}

static int read_connection(struct reader *r, struct str key, const char *text, struct mst_error *err)
{
	static const char *const keys[] = { "url", "restricted" };
	static const struct config_key kinds[] = { { .name = "url", .kind = "string" },
						   { .name = "restricted", .kind = "bool" } };
	bool restricted = str_eqz(key, "restricted");
	if (!restricted && !str_eqz(key, "url")) {
		const char *near = str_nearest(key, keys, 2);
		struct str said = quotable(key);
		if (near)
			return mst_fail(err, MST_USAGE, "unknown key '%.*s' of a connection (did you mean '%s'?)",
					STR_FMT(said), near);
		mst_fail(err, MST_USAGE, "unknown key '%.*s' of a connection", STR_FMT(said));
		return mst_hint(err, "a connection has the keys url and restricted");
	}
	const char **value = restricted ? &r->connection->restricted : &r->connection->url;
	if (*value)
		return mst_fail(err, MST_USAGE, "%s stands here a second time", kinds[restricted].name);
	if (check(&kinds[restricted], text, err))
		return err->code;
	*value = text;
	return 0;
}

static int read_setting(struct reader *r, struct str s, struct mst_error *err)
{
	struct config *cfg = r->cfg;
	struct str key, text;
	if (!str_cut(s, '=', &key, &text)) {
		str_cut(s, ' ', &key, &text);
		key = quotable(key);
		mst_fail(err, MST_USAGE, "no '=' behind '%.*s'", STR_FMT(key));
		return mst_hint(err, "write KEY = VALUE, [profile NAME], [connection NAME] or # and a comment");
	}
	key = str_trim(key);
	text = str_trim(text);
	if (text.n >= 2 && text.p[0] == '"' && text.p[text.n - 1] == '"')
		text = (struct str){ text.p + 1, text.n - 2 };
	const char *v = str_z(cfg->pool, text);
	if (r->connection)
		return read_connection(r, key, v, err);
	size_t k = find(key);
	if (!config_keys[k].name) {
		config_names names = { 0 };
		for (size_t i = 0; config_keys[i].name; i++)
			*vec_push(cfg->pool, &names) = config_keys[i].name;
		const char *near = str_nearest(key, names.v, names.n);
		struct str said = quotable(key);
		if (near)
			return mst_fail(err, MST_USAGE, "unknown key '%.*s' (did you mean '%s'?)",
					STR_FMT(said), near);
		mst_fail(err, MST_USAGE, "unknown key '%.*s'", STR_FMT(said));
		return mst_hint(err, "mst config list shows every key");
	}
	if (r->profile && strcmp(config_keys[k].name, "profile") == 0)
		return mst_fail(err, MST_USAGE, "a profile cannot choose a profile");
	if (check(&config_keys[k], v, err))
		return err->code;
	for (size_t i = r->file->settings.n; i > 0; i--) {
		const struct setting *o = &r->file->settings.v[i - 1];
		if (o->section != r->profile)
			break;
		if (o->key == k)
			return mst_fail(err, MST_USAGE, "%s stands in line %u already", config_keys[k].name, o->line);
	}
	*vec_push(cfg->pool, &r->file->settings) = (struct setting){ r->profile, k, v, r->line };
	return 0;
}

static int read_line(struct reader *r, struct str line, struct mst_error *err)
{
	struct str s = str_trim(line);
	if (str_find(line, 0) >= 0)
		return mst_fail(err, MST_USAGE, "the line has a NUL byte");
	if (!s.n || s.p[0] == '#')
		return 0;
	if (utf8_valid(s) != s.n)
		return mst_fail(err, MST_USAGE, "the line is not valid UTF-8");
	return s.p[0] == '[' ? read_section(r, s, err) : read_setting(r, s, err);
}

static int read_file(struct config *cfg, struct file *f, struct mst_error *err)
{
	struct reader r = { .cfg = cfg, .file = f };
	struct str rest, line;
	if (!fs_exists(f->path)) {
		const char *named = getenv("MST_CONFIG");
		if (!named || !*named)
			return 0;
		mst_fail(err, MST_USAGE, "%s: no such file", f->path);
		return mst_hint(err, "MST_CONFIG names it");
	}
	if (fs_read_file(cfg->pool, f->path, FILE_MAX, &rest, err)) {
		if (err->code != MST_DENIED)
			err->code = MST_USAGE;
		return mst_wrap(err, "configuration");
	}
	if (str_has_prefix(rest, STR("\xef\xbb\xbf")))
		rest = (struct str){ rest.p + 3, rest.n - 3 };
	while (rest.n) {
		r.line++;
		str_cut(rest, '\n', &line, &rest);
		if (read_line(&r, line, err))
			return mst_place(err, f->path, r.line, 0);
	}
	for (size_t i = 0; i < cfg->connections.n; i++)
		if (!cfg->connections.v[i].url) {
			mst_fail(err, MST_USAGE, "connection '%s' has no url", cfg->connections.v[i].name);
			return mst_place(err, f->path, cfg->connections.v[i].line, 0);
		}
	return 0;
}

static void apply(struct config *cfg, const struct file *f, const char *section)
{
	for (size_t i = 0; i < f->settings.n; i++) {
		const struct setting *s = &f->settings.v[i];
		if (s->section ? !section || strcmp(s->section, section) != 0 : section != NULL)
			continue;
		cfg->value[s->key] = (struct value){
			expand(cfg->pool, &config_keys[s->key], s->text),
			section ? pool_printf(cfg->pool, "profile %s %s:%u", section, f->path, s->line)
				: pool_printf(cfg->pool, "file %s:%u", f->path, s->line),
		};
	}
}

static int choose_profile(struct config *cfg, const struct file *f, const char *flag, struct mst_error *err)
{
	size_t k = find(STR("profile"));
	const char *env = getenv("MST_PROFILE");
	if (flag)
		cfg->value[k] = (struct value){ pool_strdup(cfg->pool, flag), "flag --profile" };
	else if (env && *env)
		cfg->value[k] = (struct value){ pool_strdup(cfg->pool, env), "environment MST_PROFILE" };
	const char *name = cfg->profile = cfg->value[k].text;
	if (!name)
		return 0;
	for (size_t i = 0; i < cfg->profiles.n; i++)
		if (strcmp(cfg->profiles.v[i], name) == 0)
			return 0;
	const char *near = str_nearest(str_of(name), cfg->profiles.v, cfg->profiles.n);
	if (near)
		return mst_fail(err, MST_USAGE, "unknown profile '%s' (did you mean '%s'?)", name, near);
	mst_fail(err, MST_USAGE, "unknown profile '%s'", name);
	return mst_hint(err, "%s has no section [profile %s]", f->path, name);
}

static int read_environment(struct config *cfg, struct mst_error *err)
{
	for (size_t i = 0; config_keys[i].name; i++) {
		const struct config_key *k = &config_keys[i];
		const char *v = k->env ? getenv(k->env) : NULL;
		if (!v || !*v || strcmp(k->name, "profile") == 0)
			continue;
		if (check(k, v, err))
			return mst_wrap(err, "environment %s", k->env);
		cfg->value[i] = (struct value){ expand(cfg->pool, k, pool_strdup(cfg->pool, v)),
						pool_printf(cfg->pool, "environment %s", k->env) };
	}
	return 0;
}

/* The variables of other programs may begin with MST_ too: only a near miss is
 * worth a word. */
static void remark(struct config *cfg)
{
	config_names names = { 0 };
	for (size_t i = 0; config_keys[i].name; i++)
		if (config_keys[i].env)
			*vec_push(cfg->pool, &names) = config_keys[i].env;
	*vec_push(cfg->pool, &names) = "MST_CONFIG";
	for (char **e = environ; e && *e; e++) {
		struct str name;
		if (strncmp(*e, "MST_", 4) != 0 || !str_cut(str_of(*e), '=', &name, &(struct str){ 0 }))
			continue;
		bool known = false;
		unsigned best = 3;
		const char *near = NULL;
		for (size_t i = 0; i < names.n && !known; i++) {
			unsigned d = str_distance(name, str_of(names.v[i]));
			known = str_eqz(name, names.v[i]);
			if (d < best) {
				best = d;
				near = names.v[i];
			}
		}
		/* in a short name two letters make another word */
		if (!known && near && (best == 1 || name.n > 8))
			*vec_push(cfg->pool, &cfg->remarks) =
				pool_printf(cfg->pool, "the environment variable %.*s is unknown (did you mean '%s'?)",
					    STR_FMT(name), near);
	}
}

int config_load(struct pool *pool, const char *profile, struct config **out, struct mst_error *err)
{
	struct config *cfg = pool_zalloc(pool, sizeof *cfg);
	struct file f = { 0 };
	cfg->pool = pool;
	cfg->value = pool_zalloc(pool, count() * sizeof *cfg->value);
	for (size_t i = 0; config_keys[i].name; i++)
		cfg->value[i] = (struct value){ config_keys[i].def, config_keys[i].def ? "default" : "unset" };
	if (config_path(pool, &f.path, err) || read_file(cfg, &f, err))
		return err->code;
	apply(cfg, &f, NULL);
	if (choose_profile(cfg, &f, profile, err))
		return err->code;
	if (cfg->profile)
		apply(cfg, &f, cfg->profile);
	if (read_environment(cfg, err))
		return err->code;
	remark(cfg);
	*out = cfg;
	return 0;
}

static const struct value *value_of(const struct config *cfg, const char *key)
{
	size_t i = find(str_of(key));
	if (!config_keys[i].name) {
		fprintf(stderr, "bug: unknown configuration key '%s'\n", key);
		abort();
	}
	return &cfg->value[i];
}

const char *config_get(const struct config *cfg, const char *key)
{
	return value_of(cfg, key)->text;
}

const char *config_origin(const struct config *cfg, const char *key)
{
	return value_of(cfg, key)->origin;
}

int config_set(struct config *cfg, const char *key, const char *value, const char *flag, struct mst_error *err)
{
	struct value *v = (struct value *)value_of(cfg, key);
	const struct config_key *k = &config_keys[v - cfg->value];
	if (check(k, value, err))
		return mst_wrap(err, "option '%s'", flag);
	*v = (struct value){ pool_strdup(cfg->pool, value), pool_printf(cfg->pool, "flag %s", flag) };
	return 0;
}

const config_names *config_remarks(const struct config *cfg)
{
	return &cfg->remarks;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void config_connections(const struct config *cfg, struct pool *pool, config_names *out)
{
	*out = (config_names){ 0 };
	for (size_t i = 0; i < cfg->connections.n; i++)
		*vec_push(pool, out) = cfg->connections.v[i].name;
	if (out->n)
		qsort(out->v, out->n, sizeof *out->v, by_name);
}

void config_profiles(const struct config *cfg, struct pool *pool, config_names *out)
{
	*out = (config_names){ 0 };
	for (size_t i = 0; i < cfg->profiles.n; i++)
		*vec_push(pool, out) = cfg->profiles.v[i];
	if (out->n)
		qsort(out->v, out->n, sizeof *out->v, by_name);
}

const char *config_connection_origin(const struct config *cfg, const char *name)
{
	for (size_t i = 0; i < cfg->connections.n; i++)
		if (strcmp(cfg->connections.v[i].name, name) == 0)
			return cfg->connections.v[i].origin;
	return NULL;
}

bool config_connection_is_restricted(const struct config *cfg, const char *name)
{
	for (size_t i = 0; i < cfg->connections.n; i++)
		if (strcmp(cfg->connections.v[i].name, name) == 0)
			return !cfg->connections.v[i].restricted || config_is_yes(cfg->connections.v[i].restricted);
	return true;
}

int config_connection(const struct config *cfg, const char *name, const char **url, struct mst_error *err)
{
	POOL_SCRATCH(tmp);
	config_names names;
	bool warehouse = strcmp(name, "warehouse") == 0;
	if (warehouse && config_get(cfg, "warehouse")) {
		*url = config_get(cfg, "warehouse");
		return 0;
	}
	for (size_t i = 0; i < cfg->connections.n; i++)
		if (strcmp(cfg->connections.v[i].name, name) == 0) {
			*url = cfg->connections.v[i].url;
			return 0;
		}
	if (warehouse) {
		*url = NULL;
		return 0;
	}
	config_connections(cfg, tmp, &names);
	*vec_push(tmp, &names) = "warehouse";
	const char *near = str_nearest(str_of(name), names.v, names.n);
	if (near)
		mst_fail(err, MST_NOT_FOUND, "unknown connection '%s' (did you mean '%s'?)", name, near);
	else
		mst_fail(err, MST_NOT_FOUND, "unknown connection '%s'", name);
	return mst_hint(err, "mst-connection put %s host=... dbname=... makes one", name);
}
