/* libs: -lpg_query -ljansson */
/* mst-sql-oracle: what libpg_query makes of PostgreSQL text.  SQL on stdin, one
 * JSON line on stdout: {"reads":[..],"writes":[..],"calls":[..]}, sorted, by the
 * conventions of mst-sql(7), or {"error":"message","line":N,"col":N}.  A program
 * of its own so that a crash or a hang over there harms nobody. */
#include "base/fs.h"
#include "base/map.h"

#include <jansson.h>
#include <pg_query.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX ((size_t)64 << 20)
#define BODIES_MAX 8

/* WITH names in sight, innermost first. */
struct ctes {
	const struct ctes *outer;
	const char *name;
};

struct names {
	struct map seen;
	VEC(struct str) v;
};

struct oracle {
	struct pool *pool;
	struct names reads, writes, calls;
	struct map temps;
	unsigned bodies;
};

static void walk(struct oracle *, json_t *, const struct ctes *);
static bool special(struct oracle *, const char *type, json_t *, const struct ctes *);
static const char *parse(struct oracle *, const char *sql, const struct ctes *, int *at);

static void add(struct oracle *o, struct names *to, struct str name)
{
	bool is_new;
	map_put(&to->seen, name, &is_new);
	if (is_new)
		*vec_push(o->pool, &to->v) = name;
}

static void put_part(struct buf *b, const char *part)
{
	bool keep = strpbrk(part, ". \t\n\v\f\r") != NULL;
	if (b->n)
		buf_char(b, '.');
	if (!keep) {
		buf_z(b, part);
		return;
	}
	buf_char(b, '"');
	for (; *part; part++) {
		if (*part == '"')
			buf_char(b, '"');
		buf_char(b, *part);
	}
	buf_char(b, '"');
}

static const char *string_of(const json_t *obj, const char *key)
{
	const char *s = json_string_value(json_object_get(obj, key));
	return s && *s ? s : NULL;
}

static struct str range_name(struct oracle *o, const json_t *range)
{
	static const char *const keys[] = { "catalogname", "schemaname", "relname" };
	struct buf b;
	buf_init(&b, o->pool);
	for (int i = 0; i < 3; i++) {
		const char *part = string_of(range, keys[i]);
		if (part)
			put_part(&b, part);
	}
	return buf_view(&b);
}

/* A list of String nodes: a dotted name. */
static struct str list_name(struct oracle *o, const json_t *list)
{
	struct buf b;
	size_t i;
	json_t *e;
	buf_init(&b, o->pool);
	json_array_foreach(list, i, e) {
		const char *s = string_of(json_object_get(e, "String"), "sval");
		if (!s)
			s = string_of(json_object_get(e, "String"), "str");
		if (s)
			put_part(&b, s);
	}
	return buf_view(&b);
}

static bool is_temporary(struct oracle *o, const json_t *range)
{
	const char *schema = string_of(range, "schemaname"), *name = string_of(range, "relname");
	if (schema)
		return strcmp(schema, "pg_temp") == 0;
	return name && map_get(&o->temps, str_of(name));
}

static void read_range(struct oracle *o, const json_t *range, const struct ctes *ctes)
{
	const char *name = string_of(range, "relname");
	if (!name || is_temporary(o, range))
		return;
	if (!string_of(range, "schemaname"))
		for (; ctes; ctes = ctes->outer)
			if (strcmp(ctes->name, name) == 0)
				return;
	add(o, &o->reads, range_name(o, range));
}

static void write_range(struct oracle *o, const json_t *range)
{
	if (range && string_of(range, "relname") && !is_temporary(o, range))
		add(o, &o->writes, range_name(o, range));
}

/* The target of a CREATE. */
static void create_range(struct oracle *o, const json_t *range)
{
	const char *persistence = string_of(range, "relpersistence"), *name = string_of(range, "relname");
	if (name && persistence && *persistence == 't')
		*map_put(&o->temps, str_of(pool_strdup(o->pool, name)), NULL) = 1;
	else
		write_range(o, range);
}

static void children(struct oracle *o, json_t *node, const struct ctes *ctes, const char *const *skip)
{
	const char *key;
	json_t *child;
	json_object_foreach(node, key, child) {
		const char *const *s = skip;
		while (s && *s && strcmp(*s, key) != 0)
			s++;
		if (s && *s)
			continue;
		/* both sides of a set operation come without their type */
		if ((strcmp(key, "larg") == 0 || strcmp(key, "rarg") == 0) && json_object_get(child, "op"))
			special(o, "SelectStmt", child, ctes);
		else
			walk(o, child, ctes);
	}
}

/* The WITH clause of a statement, then the statement. */
static void with_then(struct oracle *o, json_t *stmt, const struct ctes *ctes, const char *const *skip)
{
	json_t *with = json_object_get(stmt, "withClause"), *list = json_object_get(with, "ctes"), *e;
	bool recursive = json_is_true(json_object_get(with, "recursive"));
	size_t i, n = json_array_size(list);
	struct ctes *frames = pool_array(o->pool, n + 1, sizeof *frames);
	const struct ctes *all = ctes;
	json_array_foreach(list, i, e) {
		const char *name = string_of(json_object_get(e, "CommonTableExpr"), "ctename");
		frames[i] = (struct ctes){ .outer = all, .name = name ? name : "" };
		all = &frames[i];
	}
	json_array_foreach(list, i, e) {
		json_t *q = json_object_get(json_object_get(e, "CommonTableExpr"), "ctequery");
		walk(o, q, recursive ? all : frames[i].outer);
	}
	children(o, stmt, all, skip);
}

/* The body of CREATE FUNCTION .. LANGUAGE sql. */
static void function_body(struct oracle *o, json_t *stmt)
{
	json_t *options = json_object_get(stmt, "options"), *e, *body = NULL;
	const char *language = NULL;
	size_t i;
	json_array_foreach(options, i, e) {
		json_t *def = json_object_get(e, "DefElem"), *arg = json_object_get(def, "arg");
		const char *name = string_of(def, "defname");
		if (name && strcmp(name, "language") == 0)
			language = string_of(json_object_get(arg, "String"), "sval");
		else if (name && strcmp(name, "as") == 0)
			body = json_object_get(json_object_get(json_array_get(
				json_object_get(json_object_get(arg, "List"), "items"), 0), "String"), "sval");
	}
	int at;
	if (body && language && strcasecmp(language, "sql") == 0 && o->bodies < BODIES_MAX)
		parse(o, json_string_value(body), NULL, &at);
}

static void drop(struct oracle *o, json_t *stmt)
{
	const char *type = string_of(stmt, "removeType");
	json_t *e;
	size_t i;
	bool relation = type && (strcmp(type, "OBJECT_TABLE") == 0 || strcmp(type, "OBJECT_VIEW") == 0 ||
				 strcmp(type, "OBJECT_MATVIEW") == 0 || strcmp(type, "OBJECT_FOREIGN_TABLE") == 0);
	if (relation)
		json_array_foreach(json_object_get(stmt, "objects"), i, e)
			add(o, &o->writes, list_name(o, json_object_get(json_object_get(e, "List"), "items")));
}

/* Statements and nodes that mean more than the sum of their children; false for
 * any other. */
static bool special(struct oracle *o, const char *type, json_t *n, const struct ctes *ctes)
{
	static const char *const query[] = { "withClause", "intoClause", "lockingClause", NULL };
	static const char *const dml[] = { "withClause", "relation", NULL };
	static const char *const made[] = { "relation", "into", "view", "rel", "relations", NULL };
	json_t *rel = json_object_get(n, "relation");
	if (strcmp(type, "SelectStmt") == 0) {
		json_t *into = json_object_get(json_object_get(n, "intoClause"), "rel");
		if (into)
			create_range(o, into);
		with_then(o, n, ctes, query);
	} else if (strcmp(type, "InsertStmt") == 0 || strcmp(type, "UpdateStmt") == 0 ||
		   strcmp(type, "DeleteStmt") == 0 || strcmp(type, "MergeStmt") == 0) {
		write_range(o, rel);
		with_then(o, n, ctes, dml);
	} else if (strcmp(type, "RangeVar") == 0) {
		read_range(o, n, ctes);
	} else if (strcmp(type, "RangeFunction") == 0 || strcmp(type, "FuncCall") == 0) {
		json_t *name = json_object_get(n, "funcname");
		if (json_array_size(name) > 1) {
			struct str s = list_name(o, name);
			if (!str_has_prefix(s, STR("pg_catalog.")))
				add(o, &o->calls, s);
		}
		children(o, n, ctes, NULL);
	} else if (strcmp(type, "CreateStmt") == 0) {
		children(o, n, ctes, made);
		create_range(o, rel);
	} else if (strcmp(type, "CreateForeignTableStmt") == 0) {
		write_range(o, json_object_get(json_object_get(n, "base"), "relation"));
	} else if (strcmp(type, "CreateTableAsStmt") == 0) {
		children(o, n, ctes, made);
		create_range(o, json_object_get(json_object_get(n, "into"), "rel"));
	} else if (strcmp(type, "ViewStmt") == 0) {
		children(o, n, ctes, made);
		create_range(o, json_object_get(n, "view"));
	} else if (strcmp(type, "TableLikeClause") == 0) {
		read_range(o, rel, NULL);
	} else if (strcmp(type, "Constraint") == 0) {
		read_range(o, json_object_get(n, "pktable"), NULL);
		children(o, n, ctes, NULL);
	} else if (strcmp(type, "CopyStmt") == 0) {
		if (json_is_true(json_object_get(n, "is_from")))
			write_range(o, rel);
		else if (rel)
			read_range(o, rel, NULL);
		children(o, n, ctes, made);
	} else if (strcmp(type, "TruncateStmt") == 0) {
		size_t i;
		json_t *e;
		json_array_foreach(json_object_get(n, "relations"), i, e)
			write_range(o, json_object_get(e, "RangeVar"));
	} else if (strcmp(type, "DropStmt") == 0) {
		drop(o, n);
	} else if (strcmp(type, "RefreshMatViewStmt") == 0 || strcmp(type, "IndexStmt") == 0 ||
		   strcmp(type, "CreateTrigStmt") == 0 || strcmp(type, "AlterTableStmt") == 0 ||
		   strcmp(type, "RuleStmt") == 0 || strcmp(type, "CreatePolicyStmt") == 0) {
		write_range(o, rel ? rel : json_object_get(n, "table"));
		children(o, n, ctes, made);
	} else if (strcmp(type, "CreateFunctionStmt") == 0) {
		children(o, n, ctes, NULL);
		function_body(o, n);
	} else if (strcmp(type, "LockStmt") == 0 || strcmp(type, "VacuumStmt") == 0 ||
		   strcmp(type, "GrantStmt") == 0 || strcmp(type, "CommentStmt") == 0 ||
		   strcmp(type, "RenameStmt") == 0) {
		return true;
	} else
		return false;
	return true;
}

static void walk(struct oracle *o, json_t *node, const struct ctes *ctes)
{
	size_t i;
	json_t *e;
	const char *key;
	if (json_is_array(node)) {
		json_array_foreach(node, i, e)
			walk(o, e, ctes);
		return;
	}
	if (!json_is_object(node))
		return;
	json_object_foreach(node, key, e) {
		if (json_is_object(e) && special(o, key, e, ctes))
			continue;
		/* both sides of a set operation come without their type */
		if ((strcmp(key, "larg") == 0 || strcmp(key, "rarg") == 0) && json_object_get(e, "op"))
			special(o, "SelectStmt", e, ctes);
		else
			walk(o, e, ctes);
	}
}

static void release(void *tree)
{
	json_decref(tree);
}

/* NULL, or the parser's message and the place of the error. */
static const char *parse(struct oracle *o, const char *sql, const struct ctes *ctes, int *at)
{
	PgQueryParseResult r = pg_query_parse(sql);
	const char *why = NULL;
	*at = 0;
	if (r.error) {
		why = pool_strdup(o->pool, r.error->message ? r.error->message : "syntax error");
		*at = r.error->cursorpos;
	} else {
		json_error_t e;
		json_t *tree = json_loads(r.parse_tree, 0, &e);
		if (tree) {
			pool_on_free(o->pool, release, tree);
			o->bodies++;
			walk(o, tree, ctes);
			o->bodies--;
		} else
			why = pool_printf(o->pool, "the parse tree cannot be read: %s", e.text);
	}
	pg_query_free_parse_result(r);
	return why;
}

static int by_str(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static json_t *list_of(struct names *n)
{
	json_t *list = json_array();
	if (n->v.n)
		qsort(n->v.v, n->v.n, sizeof *n->v.v, by_str);
	for (size_t i = 0; i < n->v.n; i++)
		json_array_append_new(list, json_stringn(n->v.v[i].p, n->v.v[i].n));
	return list;
}

static json_t *error_of(struct str text, const char *why, int at)
{
	json_int_t line = 1, col = 1;
	for (int i = 0; i + 1 < at && (size_t)i < text.n; i++) {
		col = text.p[i] == '\n' ? 1 : col + 1;
		line += text.p[i] == '\n';
	}
	json_t *message = json_string(why);
	return json_pack("{s:o, s:I, s:I}", "error", message ? message : json_string("syntax error"), "line", line,
			 "col", col);
}

static int run(struct pool *pool, struct mst_error *err)
{
	struct str text;
	struct oracle o = { .pool = pool };
	const char *why = NULL;
	int at = 0;
	if (fs_read_fd(pool, 0, "stdin", TEXT_MAX, &text, err))
		return err->code;
	map_init(&o.reads.seen, pool, 0);
	map_init(&o.writes.seen, pool, 0);
	map_init(&o.calls.seen, pool, 0);
	map_init(&o.temps, pool, 0);
	if (memchr(text.p, 0, text.n))
		why = "libpg_query stops at a NUL byte";
	else
		why = parse(&o, str_z(pool, text), NULL, &at);
	json_t *line = why ? error_of(text, why, at) :
			     json_pack("{s:o, s:o, s:o}", "reads", list_of(&o.reads), "writes", list_of(&o.writes),
				       "calls", list_of(&o.calls));
	if (!line)
		return mst_fail(err, MST_BUG, "the answer cannot be written as JSON");
	pool_on_free(pool, release, line);
	if (json_dumpfd(line, 1, JSON_COMPACT) < 0)
		return mst_fail_errno(err, 0, "stdout");
	return fs_write_all(1, "\n", 1, "stdout", err);
}

int main(void)
{
	POOL_SCRATCH(pool);
	struct mst_error err;
	if (run(pool, &err) == 0)
		return 0;
	fprintf(stderr, "mst-sql-oracle: %s\n", err.msg);
	return mst_code_exit(err.code);
}
