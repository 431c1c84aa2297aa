#include "model/attrs.h"

#include "model/condition.h"
#include "model/incremental.h"
#include "model/spec.h"
#include "model/tests.h"

#define LOADED "import|external"

const struct attr_field attr_fields[] = {
	{ "name", ATTR_NAME, .help = "name of the table", .def = "from the path" },
	{ "kind", ATTR_WORD, "summary|view|materialized|import|external|script", .def = "from the SQL",
	  .help = "what becomes of the text" },
	{ "dialect", ATTR_WORD, "bigquery|legacy|postgres|ansi", .def = "--dialect", .help = "dialect of the SQL" },
	{ "description", ATTR_TEXT, .help = "what the table holds, for people" },
	{ "owner", ATTR_TEXT, .help = "who answers for it" },
	{ "team", ATTR_TEXT, .help = "the team that answers for it" },
	{ "tags", ATTR_TEXTS, .help = "words to select by (tag:x)" },
	{ "freq", ATTR_TEXT, .help = "how often it is made, to select by (freq:x)" },
	{ "conditions", ATTR_SHAPE, .check = condition_check, .help = "when scheduled runs make it; recorded" },
	{ "connection", ATTR_TEXT, .def = "warehouse", .help = "where it runs" },
	{ "disposition", ATTR_WORD, "replace|append|merge", .def = "replace",
	  .help = "how new rows meet those that are there" },
	{ "key", ATTR_TEXTS, .help = "columns that tell one row from another, for merge" },
	{ "new_columns", ATTR_WORD, "refuse|add", .def = "refuse",
	  .help = "what append and merge do with columns that the table lacks" },
	{ "partition", ATTR_TEXT, .help = "column or expression to partition by; recorded" },
	{ "cluster", ATTR_TEXTS, .help = "columns to cluster by; recorded" },
	{ "parameters", ATTR_SHAPE, .check = spec_check_parameters,
	  .help = "names and values; @name in the SQL stands for the value" },
	{ "tests", ATTR_SHAPE, .check = tests_check, .help = "what must hold of the result before anybody sees it" },
	{ "pre", ATTR_TEXTS, .help = "statements before the build, in its transaction" },
	{ "post", ATTR_TEXTS, .help = "statements after the swap, in its transaction" },
	{ "timeout", ATTR_DURATION, .help = "an attempt that takes longer fails" },
	{ "retries", ATTR_INT, .def = "0", .help = "how often a failed attempt is made again" },
	{ "when_busy", ATTR_WORD, "wait|fail", .def = "wait",
	  .help = "what happens where another run is writing the table" },
	{ "notify", ATTR_TEXTS, .help = "who is told of the end; recorded" },
	{ "extract", ATTR_TEXT, .help = "where the rows are extracted to; recorded" },
	{ "wait", ATTR_DURATION, .of = "external", .def = "it is taken as it is",
	  .help = "how long a run waits for mst-table load" },
	{ "source", ATTR_TEXT, .of = "import", .help = "connection that the rows are read from, by the SQL text" },
	{ "incremental", ATTR_SHAPE, .of = "import", .check = incremental_check,
	  .help = "column, overlap and key by which a run reads from the source only what is new" },
	{ "reimport", ATTR_SHAPE, .of = "import", .check = condition_check,
	  .help = "conditions under which all rows are read again" },
	{ "url", ATTR_TEXT, .of = "import", .help = "http or https address that is loaded" },
	{ "max_errors", ATTR_INT, .of = LOADED, .def = "0",
	  .help = "so many bad rows go to TABLE__mst_errors instead of failing the load" },
	{ "command", ATTR_TEXT, .of = "import", .help = "shell command whose output is loaded" },
	{ "file", ATTR_TEXT, .of = "import", .help = "file that is loaded, beside the SQL file or absolute" },
	{ "format", ATTR_WORD, "csv|tsv|jsonl", .of = LOADED, .def = "csv", .help = "format of what is loaded" },
	{ "columns", ATTR_COLUMNS, .of = LOADED, .help = "columns and their types, as a map or a list" },
	{ "header", ATTR_BOOL, .of = LOADED, .def = "true without columns",
	  .help = "whether the first line names the columns" },
	{ "delimiter", ATTR_BYTE, .of = LOADED, .def = "a comma, or a tab in tsv",
	  .help = "what stands between two fields" },
	{ "quote", ATTR_BYTE, .of = LOADED, .def = "a double quote", .help = "what stands around quoted fields of csv" },
	{ "escape", ATTR_BYTE, .of = LOADED, .def = "none: a quote is doubled",
	  .help = "what makes the character behind it stand for itself in csv" },
	{ "comment", ATTR_BYTE, .of = LOADED, .def = "none",
	  .help = "lines of csv and tsv that begin with it are passed over" },
	{ "skip", ATTR_INT, .of = LOADED, .def = "0", .help = "lines that are passed over at the start of each file" },
	{ "encoding", ATTR_WORD, "utf-8|utf-16|latin1|windows-1252", .of = LOADED, .def = "utf-8",
	  .help = "encoding of the text" },
	{ "null", ATTR_TEXT, .of = LOADED, .def = "the empty field", .help = "how NULL is written" },
	{ 0 },
};

const struct attr_field *attr_field_of(struct str key)
{
	for (const struct attr_field *f = attr_fields; f->key; f++)
		if (str_eqz(key, f->key))
			return f;
	return NULL;
}

bool attr_belongs(const struct attr_field *f, const char *kind)
{
	struct str rest = str_of(f->of), one;
	for (bool more = f->of != NULL; more;) {
		more = str_cut(rest, '|', &one, &rest);
		if (str_eqz(one, kind))
			return true;
	}
	return !f->of;
}
