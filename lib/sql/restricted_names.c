/* What is known of names.  The lists are sorted.
 *
 * Reserved words: PostgreSQL 15 to 17, appendix C, "reserved" and "reserved (can be function or
 * type)".  Harmless functions are immutable, or stable only for a setting that the session of an
 * import fixes (time zone, styles of dates and intervals, encoding): date_trunc, to_char, concat. */
#include "sql/restricted_internal.h"

#include <stdlib.h>

static const char *const reserved[] = {
	"all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization",
	"binary", "both", "case", "cast", "check", "collate", "collation", "column", "concurrently",
	"constraint", "create", "cross", "current_catalog", "current_date", "current_role", "current_schema",
	"current_time", "current_timestamp", "current_user", "default", "deferrable", "desc", "distinct", "do",
	"else", "end", "except", "false", "fetch", "for", "foreign", "freeze", "from", "full", "grant",
	"group", "having", "ilike", "in", "initially", "inner", "intersect", "into", "is", "isnull", "join",
	"lateral", "leading", "left", "like", "limit", "localtime", "localtimestamp", "natural", "not",
	"notnull", "null", "offset", "on", "only", "or", "order", "outer", "overlaps", "placing", "primary",
	"references", "returning", "right", "select", "session_user", "similar", "some", "symmetric",
	"system_user", "table", "tablesample", "then", "to", "trailing", "true", "union", "unique", "user",
	"using", "variadic", "verbose", "when", "where", "window", "with",
};

/* Words that do not name a value that they follow at once. */
static const char *const no_label[] = {
	"array", "as", "at", "between", "char", "character", "collate", "create", "day", "escape", "except",
	"fetch", "filter", "for", "from", "grant", "group", "having", "hour", "ilike", "in", "intersect",
	"into", "is", "isnull", "like", "limit", "minute", "month", "notnull", "offset", "on", "operator",
	"order", "over", "overlaps", "precision", "returning", "second", "to", "uescape", "union", "varying",
	"where", "window", "with", "within", "without", "year",
};

static const char *const harmless[] = {
	"abs", "acos", "acosd", "acosh", "array_append", "array_cat", "array_dims", "array_length",
	"array_lower", "array_ndims", "array_position", "array_positions", "array_prepend", "array_remove",
	"array_replace", "array_to_json", "array_to_string", "array_upper", "ascii", "asin", "asind", "asinh",
	"atan", "atan2", "atan2d", "atand", "atanh", "bit_count", "bit_length", "btrim", "cardinality", "cbrt",
	"ceil", "ceiling", "char_length", "character_length", "chr", "concat", "concat_ws", "convert_from",
	"convert_to", "cos", "cosd", "cosh", "cot", "cotd", "date_bin", "date_part", "date_trunc", "decode",
	"degrees", "div", "encode", "exp", "factorial", "family", "floor", "format", "gcd", "get_bit",
	"get_byte", "host", "hostmask", "initcap", "isempty", "isfinite", "json_array_length",
	"json_build_array", "json_build_object", "json_extract_path", "json_extract_path_text", "json_object",
	"json_strip_nulls", "json_typeof", "jsonb_array_length", "jsonb_build_array", "jsonb_build_object",
	"jsonb_extract_path", "jsonb_extract_path_text", "jsonb_object", "jsonb_path_exists",
	"jsonb_path_match", "jsonb_path_query_array", "jsonb_path_query_first", "jsonb_pretty", "jsonb_set",
	"jsonb_strip_nulls", "jsonb_typeof", "justify_days", "justify_hours", "justify_interval", "lcm",
	"left", "length", "ln", "log", "log10", "lower", "lower_inc", "lower_inf", "lpad", "ltrim",
	"make_date", "make_interval", "make_time", "make_timestamp", "make_timestamptz", "masklen", "md5",
	"min_scale", "mod", "netmask", "network", "normalize", "num_nonnulls", "num_nulls", "octet_length",
	"parse_ident", "pi", "power", "quote_ident", "quote_literal", "quote_nullable", "radians",
	"range_merge", "regexp_count", "regexp_instr", "regexp_like", "regexp_match", "regexp_replace",
	"regexp_split_to_array", "regexp_substr", "repeat", "replace", "reverse", "right", "round",
	"row_to_json", "rpad", "rtrim", "scale", "set_bit", "set_byte", "sha224", "sha256", "sha384", "sha512",
	"sign", "sin", "sind", "sinh", "split_part", "sqrt", "starts_with", "string_to_array", "strpos",
	"substr", "substring", "tan", "tand", "tanh", "to_ascii", "to_char", "to_date", "to_hex", "to_json",
	"to_jsonb", "to_number", "to_timestamp", "translate", "trim", "trim_array", "trim_scale", "trunc",
	"unistr", "upper", "upper_inc", "upper_inf", "width_bucket",
};

static const char *const aggregates[] = {
	"any_value", "array_agg", "avg", "bit_and", "bit_or", "bit_xor", "bool_and", "bool_or", "corr",
	"count", "covar_pop", "covar_samp", "every", "grouping", "json_agg", "json_agg_strict",
	"json_arrayagg", "json_object_agg", "json_objectagg", "jsonb_agg", "jsonb_object_agg", "max", "min",
	"mode", "percentile_cont", "percentile_disc", "range_agg", "range_intersect_agg", "regr_avgx",
	"regr_avgy", "regr_count", "regr_intercept", "regr_r2", "regr_slope", "regr_sxx", "regr_sxy",
	"regr_syy", "stddev", "stddev_pop", "stddev_samp", "string_agg", "sum", "var_pop", "var_samp",
	"variance", "xmlagg",
};

static const char *const windows[] = {
	"cume_dist", "dense_rank", "first_value", "lag", "last_value", "lead", "nth_value", "ntile",
	"percent_rank", "rank", "row_number",
};

static const char *const giving_rows[] = {
	"aclexplode", "generate_series", "generate_subscripts", "json_array_elements",
	"json_array_elements_text", "json_each", "json_each_text", "json_object_keys",
	"json_populate_recordset", "json_table", "json_to_recordset", "jsonb_array_elements",
	"jsonb_array_elements_text", "jsonb_each", "jsonb_each_text", "jsonb_object_keys", "jsonb_path_query",
	"jsonb_populate_recordset", "jsonb_to_recordset", "regexp_matches", "regexp_split_to_table",
	"string_to_table", "unnest", "xmltable",
};

static const char *const changing[] = {
	"clock_timestamp", "current_database", "current_schemas", "current_setting", "gen_random_bytes",
	"gen_random_uuid", "inet_client_addr", "inet_client_port", "inet_server_addr", "inet_server_port",
	"now", "random", "random_normal", "statement_timestamp", "timeofday", "transaction_timestamp",
	"uuid_generate_v1", "uuid_generate_v4", "version",
};

static const char *const system_functions[] = {
	"currval", "cursor_to_xml", "database_to_xml", "dblink", "dblink_connect", "dblink_exec",
	"has_schema_privilege", "has_table_privilege", "lastval", "lo_creat", "lo_create", "lo_export",
	"lo_from_bytea", "lo_get", "lo_import", "lo_open", "lo_put", "lo_unlink", "nextval", "query_to_xml",
	"schema_to_xml", "set_config", "setseed", "setval", "table_to_xml", "ts_stat", "txid_current",
	"txid_current_snapshot", "txid_status",
};

static int by_name(const void *key, const void *element)
{
	return str_cmp(*(const struct str *)key, str_of(*(const char *const *)element));
}

#define IN(list, word) (bsearch(&(word), list, sizeof(list) / sizeof *(list), sizeof *(list), by_name) != NULL)

bool rs_reserved(struct str word)
{
	return IN(reserved, word);
}

bool rs_label(struct str word)
{
	return !IN(reserved, word) && !IN(no_label, word);
}

enum rs_verdict rs_function(struct str name)
{
	if (IN(harmless, name))
		return RS_HARMLESS;
	if (IN(aggregates, name))
		return RS_AGGREGATE;
	if (IN(windows, name))
		return RS_WINDOW;
	if (IN(giving_rows, name))
		return RS_ROWS;
	if (IN(changing, name))
		return RS_CHANGES;
	if (IN(system_functions, name) || str_has_prefix(name, STR("pg_")) || str_has_prefix(name, STR("dblink_")))
		return RS_SYSTEM;
	return RS_UNKNOWN;
}

bool rs_object_type(struct str name)
{
	static const char *const types[] = { "aclitem", "regclass", "regcollation", "regconfig", "regdictionary",
					     "regnamespace", "regoper", "regoperator", "regproc", "regprocedure",
					     "regrole", "regtype" };
	return IN(types, name);
}
