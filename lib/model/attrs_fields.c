#include "model/attrs.h"

const struct attr_field attr_fields[] = {
	{ "name", ATTR_NAME, .help = "name of the table", .def = "from the path" },
	{ "kind", ATTR_WORD, "summary|view|import|external|script", .def = "from the SQL",
	  .help = "what becomes of the text" },
	{ "dialect", ATTR_WORD, "bigquery|legacy|postgres|ansi", .def = "--dialect", .help = "dialect of the SQL" },
	{ "description", ATTR_TEXT, .help = "what the table holds, for people" },
	{ "owner", ATTR_TEXT, .help = "who answers for it" },
	{ "team", ATTR_TEXT, .help = "the team that answers for it" },
	{ "tags", ATTR_TEXTS, .help = "words to select by (tag:x)" },
	{ "freq", ATTR_TEXT, .help = "how often it is made, to select by (freq:x)" },
	{ "connection", ATTR_TEXT, .def = "warehouse", .help = "where it runs" },
	{ "command", ATTR_TEXT, .of = "import", .help = "shell command whose output is loaded" },
	{ "file", ATTR_TEXT, .of = "import", .help = "file that is loaded, beside the SQL file or absolute" },
	{ "format", ATTR_WORD, "csv|tsv|jsonl", .of = "import", .def = "csv", .help = "format of what is loaded" },
	{ "columns", ATTR_COLUMNS, .of = "import", .help = "columns and their types, as a map or a list" },
	{ "header", ATTR_BOOL, .of = "import", .def = "true without columns",
	  .help = "whether the first line names the columns" },
	{ "delimiter", ATTR_BYTE, .of = "import", .def = "a comma, or a tab in tsv",
	  .help = "what stands between two fields" },
	{ "null", ATTR_TEXT, .of = "import", .def = "the empty field", .help = "how NULL is written" },
	{ 0 },
};

const struct attr_field *attr_field_of(struct str key)
{
	for (const struct attr_field *f = attr_fields; f->key; f++)
		if (str_eqz(key, f->key))
			return f;
	return NULL;
}
