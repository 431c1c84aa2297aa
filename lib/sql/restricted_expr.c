/* Expressions of a restricted SELECT.  Which operator binds closer makes no difference here: an
 * expression is operands with operators between them. */
#include "sql/restricted_internal.h"

static bool opens_query(const struct restricted *s)
{
	return rs_is(s, "select") || rs_is(s, "with") || rs_is(s, "values") || rs_is(s, "table");
}

static int no_subquery(struct restricted *s)
{
	return rs_refuse(s, s->t.start, "a restricted SELECT has no subqueries");
}

int rs_exprs(struct restricted *s, unsigned depth)
{
	int rc = rs_expr(s, depth);
	while (!rc && rs_op(s, ",")) {
		rc = rs_next(s);
		if (!rc)
			rc = rs_expr(s, depth);
	}
	return rc;
}

/* From behind the opening parenthesis to behind the closing one. */
static int inside(struct restricted *s, unsigned depth)
{
	if (opens_query(s))
		return no_subquery(s);
	int rc = rs_exprs(s, depth + 1);
	return rc ? rc : rs_expect(s, ")");
}

static int parenthesised(struct restricted *s, unsigned depth)
{
	int rc = rs_expect(s, "(");
	return rc ? rc : inside(s, depth);
}

/* 12, 1.5, 1e10, and 1e of 1e-5: what an older server would cut in two is refused. */
static int number(struct restricted *s)
{
	const char *p = s->t.start, *end = s->t.end;
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	if (p < end && *p == '.')
		p++;
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	if (p < end && (*p | 32) == 'e') {
		p++;
		if (p == end && !(end < s->lx.end && (*end == '-' || *end == '+')))
			p = NULL;
		while (p && p < end && *p >= '0' && *p <= '9')
			p++;
	}
	if (p != end)
		return rs_refuse(s, s->t.start, "a number that is none");
	return rs_next(s);
}

static bool is_clock_word(struct str body)
{
	static const char *const words[] = { "now", "today", "tomorrow", "yesterday" };
	body = str_trim(body);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_ieq(body, str_of(words[i])))
			return true;
	return false;
}

static bool is_time_type(struct str type)
{
	return str_has_prefix(type, STR("timestamp")) || str_eqz(type, "date") || str_eqz(type, "timetz") ||
	       str_eqz(type, "time");
}

/* DATE 'today' is another date tomorrow. */
static int check_clock(struct restricted *s, struct tok text, struct str type)
{
	bool plain;
	if (text.kind == T_STRING && is_time_type(type) &&
	    is_clock_word(lex_string_body(SQL_POSTGRES, (struct str){ text.start, (size_t)(text.end - text.start) }, &plain)))
		return rs_refuse(s, text.start, "a restricted SELECT has no clock: this text is another time in each run");
	return 0;
}

static int string(struct restricted *s)
{
	int rc = rs_next(s);
	/* a string that goes on behind a line break has the escapes of the first part */
	if (!rc && s->t.kind == T_STRING)
		rc = rs_refuse(s, s->t.start, "two strings side by side; write them as one");
	else if (!rc && rs_is(s, "uescape"))
		rc = rs_unexpected(s, "an operator");
	return rc;
}

/* "(10)", "(10, 2)" of a type. */
static int modifiers(struct restricted *s)
{
	int rc = rs_next(s);
	while (!rc && (s->t.kind == T_NUMBER || s->t.kind == T_WORD || rs_op(s, "-"))) {
		rc = rs_next(s);
		if (!rc && rs_op(s, ","))
			rc = rs_next(s);
	}
	return rc ? rc : rs_expect(s, ")");
}

static int zone_words(struct restricted *s)
{
	int rc = 0;
	if (rs_is(s, "with") || rs_is(s, "without")) {
		rc = rs_next(s);
		if (!rc && !rs_is(s, "time"))
			return rs_unexpected(s, "TIME ZONE");
		if (!rc)
			rc = rs_next(s);
		if (!rc && !rs_is(s, "zone"))
			return rs_unexpected(s, "ZONE");
		if (!rc)
			rc = rs_next(s);
	}
	return rc;
}

static bool is_interval_field(const struct tok *t)
{
	static const char *const words[] = { "year", "month", "day", "hour", "minute", "second" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (tok_is(t, words[i]))
			return true;
	return false;
}

static int interval_fields(struct restricted *s)
{
	int rc = 0;
	if (is_interval_field(&s->t)) {
		rc = rs_next(s);
		if (!rc && rs_is(s, "to")) {
			rc = rs_next(s);
			if (!rc && !is_interval_field(&s->t))
				return rs_unexpected(s, "a field of an interval");
			if (!rc)
				rc = rs_next(s);
		}
	}
	if (!rc && rs_op(s, "("))
		rc = modifiers(s);
	return rc;
}

/* Types whose names are words of SQL itself. */
static bool is_sql_type(struct str word)
{
	static const char *const words[] = { "bigint", "bit", "boolean", "char", "character", "dec", "decimal", "double",
					     "float", "int", "integer", "interval", "national", "nchar", "numeric",
					     "real", "smallint", "time", "timestamp", "varchar" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_eqz(word, words[i]))
			return true;
	return false;
}

/* What may stand behind the first word of a type: double precision, timestamp(3) with time zone. */
static int type_rest(struct restricted *s, struct str first)
{
	int rc = 0;
	if (str_eqz(first, "interval"))
		return interval_fields(s);
	if (str_eqz(first, "double") && rs_is(s, "precision"))
		rc = rs_next(s);
	if (str_eqz(first, "national") && (rs_is(s, "character") || rs_is(s, "char")))
		rc = rs_next(s);
	if (!rc && rs_is(s, "varying"))
		rc = rs_next(s);
	if (!rc && rs_op(s, "("))
		rc = modifiers(s);
	return rc ? rc : zone_words(s);
}

static int note_type(struct restricted *s, bool quoted, struct str schema, struct str name, const char *at)
{
	if (rs_object_type(name))
		return rs_refuse(s, at, "a restricted SELECT has no casts to %.*s, which looks into the database",
				 STR_FMT(name));
	if (quoted || schema.n || !is_sql_type(name))
		rs_use(s, SQL_USE_TYPE, schema, name, false, at);
	return 0;
}

static int type(struct restricted *s, struct str *first)
{
	struct str schema = { "", 0 }, name;
	const char *at = s->t.start;
	bool quoted = s->t.kind == T_QUOTED;
	int rc = rs_name(s, true, &name);
	if (!rc && rs_op(s, ".")) {
		schema = name;
		rc = rs_next(s);
		quoted = s->t.kind == T_QUOTED;
		if (!rc)
			rc = rs_name(s, true, &name);
	}
	if (!rc)
		rc = note_type(s, quoted, schema, name, at);
	if (!rc)
		rc = type_rest(s, name);
	while (!rc && rs_op(s, "[")) {
		rc = rs_next(s);
		if (!rc && s->t.kind == T_NUMBER)
			rc = rs_next(s);
		if (!rc)
			rc = rs_expect(s, "]");
	}
	*first = name;
	return rc;
}

static int cast(struct restricted *s, unsigned depth)
{
	struct str to;
	int rc = rs_expect(s, "(");
	if (!rc && opens_query(s))
		return no_subquery(s);
	struct tok text = s->t;
	if (!rc)
		rc = rs_expr(s, depth + 1);
	if (!rc && !rs_is(s, "as"))
		return rs_unexpected(s, "AS");
	if (!rc)
		rc = rs_next(s);
	if (!rc)
		rc = type(s, &to);
	if (!rc)
		rc = check_clock(s, text, to);
	return rc ? rc : rs_expect(s, ")");
}

static int case_expr(struct restricted *s, unsigned depth)
{
	int rc = rs_is(s, "when") ? 0 : rs_expr(s, depth + 1);
	if (!rc && !rs_is(s, "when"))
		return rs_unexpected(s, "WHEN");
	while (!rc && (rs_is(s, "when") || rs_is(s, "then") || rs_is(s, "else"))) {
		rc = rs_next(s);
		if (!rc)
			rc = rs_expr(s, depth + 1);
	}
	if (!rc && !rs_is(s, "end"))
		return rs_unexpected(s, "END");
	return rc ? rc : rs_next(s);
}

static int array_items(struct restricted *s, unsigned depth)
{
	int rc = 0;
	if (depth > SQL_RESTRICTED_DEPTH)
		return rs_refuse(s, s->t.start, "expressions nested deeper than %d", SQL_RESTRICTED_DEPTH);
	rc = rs_expect(s, "[");
	while (!rc && !rs_op(s, "]")) {
		rc = rs_op(s, "[") ? array_items(s, depth + 1) : rs_expr(s, depth + 1);
		if (!rc && !rs_op(s, ","))
			break;
		if (!rc)
			rc = rs_next(s);
	}
	return rc ? rc : rs_expect(s, "]");
}

/* The words between the arguments of functions that SQL writes as sentences. */
static bool is_argument_word(const struct restricted *s)
{
	return rs_is(s, "from") || rs_is(s, "for") || rs_is(s, "placing") || rs_is(s, "similar") || rs_is(s, "escape");
}

/* substring(x FROM 1 FOR 2), extract(year FROM t), trim(BOTH 'x' FROM y), overlay(x PLACING y FROM 1) */
static int sentence(struct restricted *s, unsigned depth)
{
	int rc = rs_expect(s, "(");
	if (!rc && (rs_is(s, "both") || rs_is(s, "leading") || rs_is(s, "trailing")))
		rc = rs_next(s);
	bool more = !rc && !rs_op(s, ")");
	while (more && !rc) {
		if (opens_query(s))
			return no_subquery(s);
		if (!is_argument_word(s))
			rc = rs_expr(s, depth + 1);
		more = !rc && (is_argument_word(s) || rs_op(s, ","));
		if (more)
			rc = rs_next(s);
	}
	return rc ? rc : rs_expect(s, ")");
}

static int judge(struct restricted *s, struct str schema, struct str name, const char *at)
{
	bool ours = !schema.n || str_eqz(schema, "pg_catalog");
	enum rs_verdict v = ours ? rs_function(name) : RS_UNKNOWN;
	if (rs_object_type(name))
		return rs_refuse(s, at, "a restricted SELECT has no casts to %.*s, which looks into the database",
				 STR_FMT(name));
	switch (v) {
	case RS_AGGREGATE: return rs_refuse(s, at, "a restricted SELECT has no aggregates: %.*s", STR_FMT(name));
	case RS_WINDOW: return rs_refuse(s, at, "a restricted SELECT has no window functions: %.*s", STR_FMT(name));
	case RS_ROWS: return rs_refuse(s, at, "a restricted SELECT has no functions that give rows: %.*s", STR_FMT(name));
	case RS_CHANGES:
		return rs_refuse(s, at, "a restricted SELECT takes only what is immutable: %.*s is not", STR_FMT(name));
	case RS_SYSTEM: return rs_refuse(s, at, "a restricted SELECT has no functions of the system: %.*s", STR_FMT(name));
	case RS_HARMLESS:
	case RS_UNKNOWN: break;
	}
	rs_use(s, SQL_USE_FUNCTION, schema, name, v == RS_HARMLESS, at);
	return 0;
}

static int argument(struct restricted *s, unsigned depth)
{
	int rc = 0;
	if (rs_is(s, "variadic"))
		rc = rs_next(s);
	struct tok behind = rs_peek(s);
	if (!rc && s->t.kind == T_WORD && (tok_op(&behind, "=>") || tok_op(&behind, ":="))) {
		rc = rs_next(s);
		if (!rc)
			rc = rs_next(s);
	}
	return rc ? rc : rs_expr(s, depth + 1);
}

/* From the opening parenthesis on. */
static int arguments(struct restricted *s, struct str name, unsigned depth)
{
	int rc = rs_expect(s, "(");
	if (!rc && opens_query(s))
		return no_subquery(s);
	if (!rc && (rs_op(s, "*") || rs_is(s, "distinct") || rs_is(s, "all")))
		return rs_refuse(s, s->t.start, "a restricted SELECT has no aggregates: %.*s", STR_FMT(name));
	if (!rc && !rs_op(s, ")")) {
		rc = argument(s, depth);
		while (!rc && rs_op(s, ",")) {
			rc = rs_next(s);
			if (!rc)
				rc = argument(s, depth);
		}
	}
	if (!rc && (rs_is(s, "order") || rs_is(s, "separator")))
		return rs_refuse(s, s->t.start, "a restricted SELECT has no aggregates: %.*s", STR_FMT(name));
	if (!rc)
		rc = rs_expect(s, ")");
	if (!rc && (rs_is(s, "filter") || rs_is(s, "within")))
		return rs_refuse(s, s->t.start, "a restricted SELECT has no aggregates: %.*s", STR_FMT(name));
	if (!rc && (rs_is(s, "over") || rs_is(s, "ignore") || rs_is(s, "respect")))
		return rs_refuse(s, s->t.start, "a restricted SELECT has no window functions: %.*s", STR_FMT(name));
	return rc;
}

/* DATE '2026-01-01': the string is under the eye. */
static int typed_string(struct restricted *s, bool quoted, struct str schema, struct str name, const char *at)
{
	int rc = note_type(s, quoted, schema, name, at);
	if (!rc)
		rc = check_clock(s, s->t, name);
	if (!rc)
		rc = string(s);
	return rc || !str_eqz(name, "interval") ? rc : interval_fields(s);
}

/* A column, a call, or a type before a string. */
static int named(struct restricted *s, unsigned depth)
{
	struct str part[4];
	const char *at = s->t.start, *last_at = at;
	size_t n = 0;
	bool quoted = false;
	int rc = 0;
	do {
		if (n)
			rc = rs_next(s);
		if (!rc && n && rs_op(s, "*"))
			return n < 3 ? rs_next(s) : rs_unexpected(s, "a column");
		if (n == 4)
			return rs_refuse(s, at, "a name of too many parts");
		quoted = s->t.kind == T_QUOTED;
		last_at = s->t.start;
		struct tok behind = rs_peek(s);
		bool side = (rs_is(s, "left") || rs_is(s, "right")) && tok_op(&behind, "(");
		if (!rc)
			rc = rs_name(s, n > 0 || side, &part[n]);
		n++;
	} while (!rc && rs_op(s, "."));
	if (rc)
		return rc;
	struct str schema = n == 2 ? part[0] : STR(""), name = part[n - 1];
	if (n == 1 && !quoted && is_sql_type(name) && s->t.kind != T_STRING) {
		struct tok behind = rs_peek(s);
		bool typed = rs_is(s, "precision") || rs_is(s, "varying") || rs_is(s, "character") || rs_is(s, "char") ||
			     ((rs_is(s, "with") || rs_is(s, "without")) && tok_is(&behind, "time")) ||
			     (rs_op(s, "(") && behind.kind == T_NUMBER);
		if (typed) {
			rc = type_rest(s, name);
			if (!rc && s->t.kind != T_STRING)
				return rs_unexpected(s, "the text of a value");
		}
	}
	if (!rc && s->t.kind == T_STRING) {
		if (n > 2)
			return rs_unexpected(s, "an operator");
		return typed_string(s, quoted, schema, name, at);
	}
	if (!rc && rs_op(s, "(")) {
		if (n > 2)
			return rs_refuse(s, at, "a function is called by its schema and its name");
		rc = judge(s, schema, name, at);
		return rc ? rc : arguments(s, name, depth);
	}
	if (!rc && n > 1)
		rs_use(s, SQL_USE_MEMBER, STR(""), name, n == 2, last_at);
	return rc;
}

/* Words that are values, or begin one, by the grammar of SQL. */
static int keyword(struct restricted *s, unsigned depth, bool *taken)
{
	static const char *const clock[] = { "current_catalog", "current_date", "current_role", "current_time",
					     "current_timestamp", "current_user", "localtime", "localtimestamp",
					     "session_user", "system_user", "user", "current_schema" };
	static const char *const spoken[] = { "extract", "overlay", "position", "substring", "trim" };
	static const char *const plain[] = { "coalesce", "greatest", "least", "nullif", "row" };
	struct tok behind = rs_peek(s);
	bool call = tok_op(&behind, "(");
	int rc;
	*taken = true;
	if (rs_is(s, "null") || rs_is(s, "true") || rs_is(s, "false"))
		return rs_next(s);
	for (size_t i = 0; i < sizeof clock / sizeof *clock; i++)
		if (rs_is(s, clock[i]))
			return rs_refuse(s, s->t.start, "a restricted SELECT takes only what is immutable: %s is not", clock[i]);
	if (opens_query(s) || (rs_is(s, "exists") && call))
		return no_subquery(s);
	if (rs_is(s, "case")) {
		rc = rs_next(s);
		return rc ? rc : case_expr(s, depth);
	}
	if (rs_is(s, "cast")) {
		rc = rs_next(s);
		return rc ? rc : cast(s, depth);
	}
	if (rs_is(s, "array")) {
		rc = rs_next(s);
		if (!rc && rs_op(s, "("))
			return no_subquery(s);
		return rc ? rc : array_items(s, depth + 1);
	}
	for (size_t i = 0; call && i < sizeof spoken / sizeof *spoken; i++)
		if (rs_is(s, spoken[i])) {
			rc = rs_next(s);
			return rc ? rc : sentence(s, depth);
		}
	for (size_t i = 0; call && i < sizeof plain / sizeof *plain; i++)
		if (rs_is(s, plain[i])) {
			rc = rs_next(s);
			struct tok first = rs_peek(s);
			if (!rc && str_eqz(str_of(plain[i]), "row") && tok_op(&first, ")")) {
				rc = rs_next(s);
				return rc ? rc : rs_next(s);
			}
			return rc ? rc : parenthesised(s, depth);
		}
	*taken = false;
	return 0;
}

static int primary(struct restricted *s, unsigned depth)
{
	bool taken = false;
	int rc;
	switch (s->t.kind) {
	case T_NUMBER: return number(s);
	case T_STRING: return string(s);
	case T_QUOTED: return named(s, depth);
	case T_WORD:
		rc = keyword(s, depth, &taken);
		return rc || taken ? rc : named(s, depth);
	case T_PUNCT: break;
	default: return rs_unexpected(s, "a value");
	}
	struct tok behind = rs_peek(s);
	if (rs_op(s, ".") && behind.kind == T_NUMBER && behind.start == s->t.end) {
		rc = rs_next(s);
		return rc ? rc : number(s);
	}
	if (!rs_op(s, "("))
		return rs_unexpected(s, "a value");
	rc = rs_next(s);
	return rc ? rc : inside(s, depth);
}

static int use_operator(struct restricted *s)
{
	struct str op = { s->t.start, (size_t)(s->t.end - s->t.start) };
	rs_use(s, SQL_USE_OPERATOR, STR(""), op, false, s->t.start);
	return rs_next(s);
}

static int prefixes(struct restricted *s)
{
	int rc = 0;
	while (!rc && (rs_is_operator(s) || rs_is(s, "not"))) {
		if (rs_op(s, "*"))
			return rs_unexpected(s, "a value");
		rc = rs_is(s, "not") ? rs_next(s) : use_operator(s);
	}
	return rc;
}

static int subscript(struct restricted *s, unsigned depth)
{
	int rc = rs_next(s);
	if (!rc && !rs_op(s, ":") && !rs_op(s, "]"))
		rc = rs_expr(s, depth + 1);
	if (!rc && rs_op(s, ":")) {
		rc = rs_next(s);
		if (!rc && !rs_op(s, "]"))
			rc = rs_expr(s, depth + 1);
	}
	return rc ? rc : rs_expect(s, "]");
}

static int is_what(struct restricted *s, bool *operand)
{
	static const char *const words[] = { "null", "true", "false", "unknown", "normalized", "document" };
	int rc = rs_next(s);
	if (!rc && rs_is(s, "not"))
		rc = rs_next(s);
	if (rc)
		return rc;
	if (rs_is(s, "distinct")) {
		rc = rs_next(s);
		if (!rc && !rs_is(s, "from"))
			return rs_unexpected(s, "FROM");
		*operand = true;
		return rc ? rc : rs_next(s);
	}
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (rs_is(s, words[i]))
			return rs_next(s);
	return rs_unexpected(s, "NULL, TRUE or FALSE");
}

/* ANY (array) behind an operator or LIKE. */
static int any_of(struct restricted *s, unsigned depth, bool *operand)
{
	*operand = !(rs_is(s, "any") || rs_is(s, "some") || rs_is(s, "all"));
	if (*operand)
		return 0;
	int rc = rs_next(s);
	return rc ? rc : parenthesised(s, depth);
}

static bool one_of(const struct restricted *s, const char *const *words)
{
	for (; *words; words++)
		if (rs_is(s, *words))
			return true;
	return false;
}

/* What may follow a value: *more, and whether it wants another *operand. */
static int follow(struct restricted *s, unsigned depth, struct tok value, bool *more, bool *operand)
{
	static const char *const between[] = { "and", "or", "escape", "overlaps", NULL };
	static const char *const likes[] = { "like", "ilike", "similar", "between", "in", NULL };
	struct str name;
	int rc;
	*more = true;
	*operand = false;
	if (rs_op(s, "::")) {
		rc = rs_next(s);
		if (!rc)
			rc = type(s, &name);
		return rc ? rc : check_clock(s, value, name);
	}
	if (rs_op(s, "["))
		return subscript(s, depth);
	if (rs_op(s, ".")) {
		rc = rs_next(s);
		if (!rc && rs_op(s, "*"))
			return rs_next(s);
		const char *at = s->t.start;
		if (!rc)
			rc = rs_name(s, true, &name);
		if (!rc)
			rs_use(s, SQL_USE_MEMBER, STR(""), name, false, at);
		return rc;
	}
	if (rs_is_operator(s)) {
		rc = use_operator(s);
		return rc ? rc : any_of(s, depth, operand);
	}
	if (one_of(s, between)) {
		*operand = true;
		return rs_next(s);
	}
	if (rs_is(s, "is"))
		return is_what(s, operand);
	if (rs_is(s, "isnull") || rs_is(s, "notnull"))
		return rs_next(s);
	if (rs_is(s, "collate")) {
		rc = rs_next(s);
		if (!rc)
			rc = rs_name(s, true, &name);
		if (!rc && rs_op(s, ".")) {
			rc = rs_next(s);
			if (!rc)
				rc = rs_name(s, true, &name);
		}
		return rc;
	}
	struct tok behind = rs_peek(s);
	if (rs_is(s, "at") && tok_is(&behind, "time")) {
		rc = rs_next(s);
		if (!rc)
			rc = rs_next(s);
		if (!rc && !rs_is(s, "zone"))
			return rs_unexpected(s, "ZONE");
		*operand = true;
		return rc ? rc : rs_next(s);
	}
	if (rs_is(s, "operator") && tok_op(&behind, "("))
		return rs_refuse(s, s->t.start, "a restricted SELECT has no OPERATOR(...)");
	rc = 0;
	if (rs_is(s, "not"))
		rc = rs_next(s);
	if (rc || !one_of(s, likes)) {
		*more = false;
		return rc;
	}
	bool in = rs_is(s, "in"), similar = rs_is(s, "similar"), ranges = rs_is(s, "between");
	rc = rs_next(s);
	if (!rc && in && rs_op(s, "("))
		return parenthesised(s, depth);
	if (!rc && in) /* position(x IN y) */
		*operand = true;
	if (!rc && similar && !rs_is(s, "to"))
		return rs_unexpected(s, "TO");
	if (!rc && (similar || (ranges && (rs_is(s, "symmetric") || rs_is(s, "asymmetric")))))
		rc = rs_next(s);
	return rc || *operand ? rc : any_of(s, depth, operand);
}

int rs_expr(struct restricted *s, unsigned depth)
{
	if (depth > SQL_RESTRICTED_DEPTH)
		return rs_refuse(s, s->t.start, "expressions nested deeper than %d", SQL_RESTRICTED_DEPTH);
	for (;;) {
		int rc = prefixes(s);
		struct tok value = s->t;
		if (!rc)
			rc = primary(s, depth);
		bool more = true, operand = false;
		while (!rc && more && !operand)
			rc = follow(s, depth, value, &more, &operand);
		if (rc || !operand)
			return rc;
	}
}
