#include "task/internal.h"

#include "base/fs.h"
#include "net/url.h"

static int bad(const struct job *job, const char *key, const char *what, struct mst_error *err)
{
	return mst_fail(err, MST_DATA, "%.*s: attribute '%s' %s", STR_FMT(job->name), key, what);
}

static int text_attr(struct pool *pool, const struct job *job, const char *key, struct str *out,
		     struct mst_error *err)
{
	struct json_val v = job_attr(pool, job, key);
	if (v.type == JSON_NONE)
		return 0;
	if (v.type == JSON_ARRAY || v.type == JSON_OBJECT)
		return bad(job, key, "is not a text", err);
	*out = v.type == JSON_STRING ? json_str(pool, v) : v.raw;
	if (memchr(out->p, 0, out->n))
		return bad(job, key, "holds a NUL byte", err);
	return 0;
}

static int byte_attr(struct pool *pool, const struct job *job, const char *key, char *out, struct mst_error *err)
{
	struct str s = { "", 0 };
	int rc = text_attr(pool, job, key, &s, err);
	if (rc || s.n == 0)
		return rc;
	if (s.n > 1 || (s.p[0] & 0x80) || s.p[0] == '\n' || s.p[0] == '\r')
		return bad(job, key, "is not one ASCII character that can part fields", err);
	*out = s.p[0];
	return 0;
}

static int number_attr(struct pool *pool, const struct job *job, const char *key, int64_t max, int64_t *out,
		       struct mst_error *err)
{
	struct json_val v = job_attr(pool, job, key);
	if (v.type == JSON_NONE)
		return 0;
	if (!json_int(v, out) || *out < 0 || *out > max) {
		*out = 0;
		return mst_fail(err, MST_DATA, "%.*s: attribute '%s' is no whole number from 0 to %lld", STR_FMT(job->name),
				key, (long long)max);
	}
	return 0;
}

/* How the text is written. */
static int read_dialect(struct pool *pool, const struct job *job, struct import_spec *s, struct mst_error *err)
{
	struct str encoding = STR("utf-8");
	int64_t skip = 0;
	int rc = byte_attr(pool, job, "delimiter", &s->delimiter, err);
	if (!rc)
		rc = byte_attr(pool, job, "quote", &s->quote, err);
	if (!rc)
		rc = byte_attr(pool, job, "escape", &s->escape, err);
	if (!rc)
		rc = byte_attr(pool, job, "comment", &s->comment, err);
	if (!rc)
		rc = number_attr(pool, job, "skip", UINT32_MAX - 1, &skip, err);
	if (!rc)
		rc = number_attr(pool, job, "max_errors", INT64_MAX, &s->max_errors, err);
	if (!rc)
		rc = text_attr(pool, job, "null", &s->null, err);
	if (!rc)
		rc = text_attr(pool, job, "encoding", &encoding, err);
	if (rc)
		return rc;
	s->skip = (uint32_t)skip;
	int from = recode_of(encoding);
	if (from < 0) {
		bad(job, "encoding", "is none of utf-8, utf-16, latin1, windows-1252", err);
		return mst_hint(err, "a command can recode: iconv -f SHIFT_JIS -t UTF-8 file.csv");
	}
	s->encoding = (enum recode_from)from;
	const char *key = s->quote ? "quote" : s->escape ? "escape" : NULL;
	if (key && s->format != IMPORT_CSV)
		return bad(job, key, "is for the format csv alone", err);
	key = s->delimiter ? "delimiter" : s->comment ? "comment" : s->skip ? "skip" : NULL;
	if (key && s->format == IMPORT_JSONL)
		return bad(job, key, "is not for the format jsonl", err);
	char delimiter = s->delimiter ? s->delimiter : s->format == IMPORT_TSV ? '\t' : ',';
	char quote = s->format == IMPORT_TSV ? 0 : s->quote ? s->quote : '"';
	if (delimiter == quote)
		return bad(job, s->delimiter ? "delimiter" : "quote", "stands for the quote as well as between fields", err);
	if (s->escape && s->escape == delimiter)
		return bad(job, "escape", "stands between fields too", err);
	if (s->comment && (s->comment == delimiter || s->comment == quote || s->comment == s->escape))
		return bad(job, "comment", "begins fields too", err);
	return 0;
}

static int add_column(struct pool *pool, const struct job *job, struct import_spec *spec, struct str name,
		      struct json_val type, struct mst_error *err)
{
	if (type.type != JSON_NULL && type.type != JSON_STRING && type.type != JSON_NONE)
		return bad(job, "columns", "is not a map of names and types", err);
	if (name.n == 0)
		return bad(job, "columns", "has an empty name", err);
	for (size_t i = 0; i < spec->columns.n; i++)
		if (str_eq(spec->columns.v[i].name, name))
			return mst_fail(err, MST_DATA, "%.*s: column '%.*s' is declared twice", STR_FMT(job->name),
					STR_FMT(name));
	*vec_push(pool, &spec->columns) = (struct warehouse_column){
		.name = name,
		.type = type.type == JSON_STRING ? json_str(pool, type) : (struct str){ "", 0 },
	};
	return 0;
}

static int add_map(struct pool *pool, const struct job *job, struct import_spec *spec, struct json_val map,
		   struct mst_error *err)
{
	struct str key;
	struct json_val v;
	int rc = 0;
	for (struct json_iter it = json_iter(map); !rc && json_next(&it, &key, &v);)
		rc = add_column(pool, job, spec, json_str(pool, (struct json_val){ key, JSON_STRING }), v, err);
	return rc;
}

static int read_columns(struct pool *pool, const struct job *job, struct import_spec *spec, struct mst_error *err)
{
	struct json_val v = job_attr(pool, job, "columns"), e;
	int rc = 0;
	if (v.type == JSON_NONE)
		return 0;
	if (v.type == JSON_OBJECT) {
		rc = add_map(pool, job, spec, v, err);
	} else if (v.type == JSON_ARRAY) {
		for (struct json_iter it = json_iter(v); !rc && json_next(&it, NULL, &e);)
			rc = e.type == JSON_OBJECT ? add_map(pool, job, spec, e, err) :
			     e.type == JSON_STRING ?
						     add_column(pool, job, spec, json_str(pool, e), (struct json_val){ 0 }, err) :
						     bad(job, "columns", "holds something that is no column", err);
	} else {
		return bad(job, "columns", "is neither a map nor a list", err);
	}
	spec->declared = spec->columns.n > 0;
	return rc;
}

int import_spec_read(struct pool *pool, const struct job *job, struct import_spec *out, struct mst_error *err)
{
	struct import_spec s = { .null = { "", 0 } };
	struct str file = { NULL, 0 }, format = STR("csv");
	int rc = text_attr(pool, job, "command", &s.command, err);
	if (!rc)
		rc = text_attr(pool, job, "file", &file, err);
	if (!rc)
		rc = text_attr(pool, job, "url", &s.url, err);
	if (!rc)
		rc = text_attr(pool, job, "format", &format, err);
	if (!rc)
		rc = read_columns(pool, job, &s, err);
	if (rc)
		return rc;
	int sources = (s.command.n > 0) + (file.n > 0) + (s.url.n > 0);
	if (str_eqz(job->kind, "external") && sources) {
		mst_fail(err, MST_DATA, "%.*s: an external table has no command, file or url of its own", STR_FMT(job->name));
		return mst_hint(err, "mst-table load fills it; a table that fetches its rows is '-- mst: kind: import'");
	}
	if (!str_eqz(job->kind, "external") && sources != 1) {
		mst_fail(err, MST_DATA, "%.*s: an import needs %s", STR_FMT(job->name),
			 sources ? "one of command, file and url, not several" : "a command, a file, a url or a source");
		return mst_hint(err, "-- mst: command: ... or -- mst: file: ... or -- mst: url: ...");
	}
	if (s.url.n && url_check(s.url, err)) {
		mst_wrap(err, "%.*s: attribute 'url'", STR_FMT(job->name));
		return err->code;
	}
	if (str_eqz(format, "tsv"))
		s.format = IMPORT_TSV;
	else if (str_eqz(format, "jsonl"))
		s.format = IMPORT_JSONL;
	else if (!str_eqz(format, "csv"))
		return bad(job, "format", "is none of csv, tsv, jsonl", err);
	rc = read_dialect(pool, job, &s, err);
	if (rc)
		return rc;
	struct json_val header = job_attr(pool, job, "header");
	if (header.type != JSON_NONE && header.type != JSON_BOOL)
		return bad(job, "header", "is neither true nor false", err);
	s.header = header.type == JSON_NONE ? !s.declared : json_is_true(header);
	if (!s.header && !s.declared && s.format != IMPORT_JSONL) {
		mst_fail(err, MST_DATA, "%.*s: nothing names the columns", STR_FMT(job->name));
		return mst_hint(err, "declare them ('-- mst: columns: [a, b]'), or let the first line do it");
	}
	const char *slash = job->file.n ? memrchr(job->file.p, '/', job->file.n) : NULL;
	if (slash)
		s.folder = slash == job->file.p ? "/" :
						  pool_memdup(pool, job->file.p, (size_t)(slash - job->file.p));
	if (file.n)
		s.file = s.folder ? fs_join(pool, s.folder, str_z(pool, file)) : str_z(pool, file);
	*out = s;
	return 0;
}
