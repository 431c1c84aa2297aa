#!/usr/bin/env bats
# Imports: commands and files, CSV, TSV and JSON Lines, types, rows that are wrong.
load ../cmd/helpers

setup_file() {
	home
	mst-db start 2>/dev/null
}
teardown_file() { home_stop; }
setup() {
	scratch
	mkdir -p s/raw
}

wh() { mst-db psql --warehouse -qAtX -v ON_ERROR_STOP=1 -c "$1"; }
import() { # import NAME LINE... : a catalogue of one import
	local name=$1 line
	shift
	{
		echo '-- mst: kind: import'
		for line; do echo "-- mst: $line"; done
	} >"s/raw/$name.sql"
}
failure() { jq -c 'select(.event == "job_finished") | .error | [.file, .line, .col, .message]' <<<"$output"; }
types() { wh "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'raw.$1'::regclass AND attnum > 0"; }

@test "a command's CSV with a header becomes a table, its types inferred from all rows" {
	import a 'command: cat data.csv'
	cat >s/raw/data.csv <<-'EOD'
		i,n,f,b,d,t,z,code,s,e
		1,1.5,1e3,true,2026-01-31,2026-01-31 10:00:00,2026-01-31T10:00:00Z,007,"a ""b"", c",
		-9223372036854775807,12345678901234567890,2,FALSE,2026-02-28,2026-02-28,2026-02-28 10:00+02:00,1,,
		,,,,,,,,"",
	EOD
	run --separate-stderr mst-run s
	status 0
	[ "$(types a)" = 'i bigint, n numeric, f double precision, b boolean, d date, t timestamp without time zone, z timestamp with time zone, code text, s text, e text' ]
	[ "$(wh "SELECT i, n, f, b, d, t, code, s, s IS NULL, e IS NULL FROM raw.a")" = '1|1.5|1000|t|2026-01-31|2026-01-31 10:00:00|007|a "b", c|f|t
-9223372036854775807|12345678901234567890|2|f|2026-02-28|2026-02-28 00:00:00|1||t|t
||||||||f|t' ]
	[ "$(jq 'select(.event == "job_finished").rows' <<<"$output")" = 3 ]
}

@test "declared columns want no header; a list of names leaves types to be inferred" {
	import b 'columns: {k: text, v: integer}' "command: printf '01,2\n02,\n'"
	import c 'columns: [k, v]' "command: printf '1,x\n2,y\n'"
	run --separate-stderr mst-run s
	status 0
	[ "$(types b)" = 'k text, v integer' ]
	[ "$(wh 'SELECT k, v IS NULL FROM raw.b')" = '01|f
02|t' ]
	[ "$(types c)" = 'k bigint, v text' ]
}

@test "a header is held against declared columns by name" {
	import b 'columns: {k: text, v: integer}' 'header: true' "command: printf 'v,k\n1,a\n'"
	run --separate-stderr mst-run s
	status 0
	[ "$(wh 'TABLE raw.b')" = 'a|1' ]
	import b 'columns: {k: text, v: integer}' 'header: true' "command: printf 'w,k\n1,a\n'"
	run --separate-stderr mst-run s
	status 1
	[ "$(failure)" = '["output of raw.b",1,1,"the header names '"'w'"', which is no column of the table"]' ]
}

@test "files lie beside the SQL file; a glob takes them in order, each with its header" {
	import f 'file: part-*.csv'
	printf 'a,b\n3,z\n' >s/raw/part-2.csv
	printf 'b,a\nx,1\ny,2\n' >s/raw/part-1.csv
	run --separate-stderr mst-run s
	status 0
	[ "$(wh 'TABLE raw.f')" = 'x|1
y|2
z|3' ]
	printf 'a,b\n3,z\n4\n' >s/raw/part-3.csv
	run --separate-stderr mst-run s
	status 1
	[ "$(failure)" = "[\"$PWD/s/raw/part-3.csv\",3,1,\"1 fields where there are 2 columns\"]" ]
	[ "$(wh 'SELECT count(*) FROM raw.f')" = 3 ]
	rm s/raw/part-*
	run --separate-stderr mst-run s
	status 1
	[ "$(failure)" = "[\"$PWD/s/raw/f.sql\",null,null,\"no file matches $PWD/s/raw/part-*.csv\"]" ]
}

@test "TSV has no quotes and no escapes" {
	import t 'format: tsv' 'columns: {a: text, b: text}' "command: printf '\"x\\t\\\\n\\n'"
	run --separate-stderr mst-run s
	status 0
	[ "$(wh 'TABLE raw.t')" = '"x|\n' ]
}

@test "JSON Lines: keys become columns as they come, nested values jsonb" {
	import j 'format: jsonl' 'file: x.jsonl'
	cat >s/raw/x.jsonl <<-'EOD'
		{"id": 1, "name": "a\tb", "tags": ["x"], "at": "2026-01-01"}

		{"id": 2.5, "extra": true, "tags": null, "name": "007"}
	EOD
	run --separate-stderr mst-run s
	status 0
	[ "$(types j)" = 'id numeric, name text, tags jsonb, at date, extra boolean' ]
	[ "$(wh "SELECT id, name, tags ->> 0, extra FROM raw.j")" = '1|a	b|x|
2.5|007||t' ]
	echo '{"id": 1, "id": 2}' >>s/raw/x.jsonl
	run --separate-stderr mst-run s
	status 1
	[ "$(failure | jq -c '.[:3]')" = "[\"$PWD/s/raw/x.jsonl\",4,11]" ]
	import j 'format: jsonl' 'file: x.jsonl' 'columns: {id: int}'
	printf '{"id": 1}\n{"id": 2, "more": 3}\n' >s/raw/x.jsonl
	run --separate-stderr mst-run s
	status 1
	[ "$(failure)" = "[\"$PWD/s/raw/x.jsonl\",2,19,\"the key 'more' is no column of the table\"]" ]
}

@test "a bad row fails the job with its place, and nothing of it lands" {
	import b 'columns: {k: text, v: integer}' "command: printf 'a,1\nb,2\n'"
	mst-run s
	import b 'columns: {k: text, v: integer}' "command: printf '\"a\n\",1\n\nb,2\nc,three\nd,4\n'"
	run --separate-stderr mst-run s
	status 1
	[ "$(failure)" = '["output of raw.b",5,1,"column v: invalid input syntax for type integer: \"three\""]' ]
	import b 'columns: {k: text, v: integer}' "command: printf 'a,1\nb\"x,2\n'"
	run --separate-stderr mst-run s
	status 1
	[ "$(failure)" = '["output of raw.b",2,2,"a quote inside a field that does not begin with one"]' ]
	import b "command: printf 'a,a\n1,2\n'"
	run --separate-stderr mst-run s
	[ "$(failure)" = '["output of raw.b",1,3,"two columns are named '"'a'"'"]' ]
	[ "$(wh 'TABLE raw.b')" = 'a|1
b|2' ]
}

@test "a command that fails fails the job, whatever it wrote" {
	import w 'columns: {k: text}' "command: echo good; echo 'no such thing' >&2; exit 3"
	run --separate-stderr mst-run s
	status 1
	[ "$(failure)" = "[\"$PWD/s/raw/w.sql\",null,null,\"the command ended with exit status 3: no such thing\"]" ]
	[ "${stderr_lines[0]}" = "mst-run: $PWD/s/raw/w.sql: raw.w: the command ended with exit status 3: no such thing" ]
	[ "$(wh "SELECT to_regclass('raw.w') IS NULL")" = t ]
	# shellcheck disable=SC2016
	import w 'columns: [k]' 'command: echo good; kill -9 $$'
	run --separate-stderr mst-run s
	status 1
	holds 'the command was killed by SIGKILL'
	import w 'columns: [k]' 'command: no-such-command-at-all'
	run --separate-stderr mst-run s
	status 1
	holds 'exit status 127'
}

@test "a command may leave something behind, but not with its output open" {
	import() { jq -nc --arg c "$1" '{type: "job", name: "raw.left", kind: "import", attrs: {command: $c}}'; }
	import 'echo a; (sleep 1; echo 7) & (while :; do echo noise >&2 || exit; done) >/dev/null & exit 0' >job
	run --separate-stderr timeout 60 mst-run <job
	status 0
	[ "$(wh 'TABLE raw.left')" = 7 ]
	import 'echo a; echo 8; setsid sleep 15 & exit 0' >job
	run --separate-stderr timeout 60 mst-run <job
	status 1
	[ "$(jq -r 'select(.error).error | .message, .hint' <<<"$output")" = 'the command has ended, but something that it started keeps its output open
let the command wait for it, or send its output elsewhere: daemon >/dev/null 2>&1 &' ]
	[ "$(wh 'TABLE raw.left')" = 7 ]
}

@test "a header alone is an empty table; nothing at all has no header and no columns" {
	import e "command: echo a,b"
	run --separate-stderr mst-run s
	status 0
	[ "$(wh 'SELECT count(*) FROM raw.e')" = 0 ]
	import e "command: ':'"
	run --separate-stderr mst-run s
	status 1
	[ "$(failure)" = '["output of raw.e",1,1,"it is empty: there is no header line"]' ]
	import e 'format: jsonl' "command: ':'"
	run --separate-stderr mst-run s
	status 1
	[ "$(failure)" = '["output of raw.e",1,1,"nothing came, so there is no column"]' ]
	import e 'columns: [a]' "command: ':'"
	run --separate-stderr mst-run s
	status 0
}

@test "what is empty by mistake empties no table; what may be empty says what went" {
	import z 'command: cat rows'
	printf 'a\n1\n2\n' >s/raw/rows
	mst-run s >/dev/null
	: >s/raw/rows
	run --separate-stderr mst-run s
	status 1
	[ "$(failure)" = '["output of raw.z",1,1,"it is empty: there is no header line"]' ]
	[ "$(wh 'SELECT count(*) FROM raw.z')" = 2 ]
	: >s/raw/none.csv
	# a header that is asked for; one of several files
	for attrs in 'columns: {a: int}' 'max_errors: 5'; do
		import z "$attrs" 'header: true' 'file: none.csv'
		run --separate-stderr mst-run s
		status 1
		[ "$(failure)" = '["'"$PWD"'/s/raw/none.csv",1,1,"it is empty: there is no header line"]' ]
	done
	printf 'a\n3\n' >s/raw/many.csv
	import z "file: '*.csv'"
	run --separate-stderr mst-run s
	status 1
	[ "$(wh 'SELECT count(*) FROM raw.z')" = 2 ]
	# no row is an answer where no header is due, but not one to pass over
	import z 'columns: {a: int}' 'file: none.csv'
	run --separate-stderr mst-run s
	status 0
	[ "$(wh 'SELECT count(*) FROM raw.z')" = 0 ]
	[ "$(mst-log last --json | jq -r 'select(.stream == "warning").text')" = 'no row came; the rows that raw.z had are gone' ]
	run --separate-stderr mst-run s
	status 0
	[ "$(mst-log last --json | jq -r 'select(.stream == "warning").text')" = '' ]
}

@test "attributes that make no sense are refused before anything runs" {
	job() { run --separate-stderr mst-run <<<"{\"type\":\"job\",\"name\":\"raw.x\",\"kind\":\"import\",\"attrs\":$1}"; }
	job '{}'
	status 3
	complains 'mst-run: raw.x: an import needs a command, a file, a url or a source
  -- mst: command: ... or -- mst: file: ... or -- mst: url: ...'
	job '{"command":"a","file":"b"}'
	complains 'mst-run: raw.x: an import needs one of command, file and url, not several
  -- mst: command: ... or -- mst: file: ... or -- mst: url: ...'
	job '{"command":"a","format":"xml"}'
	complains "mst-run: raw.x: attribute 'format' is none of csv, tsv, jsonl"
	job '{"command":"a","columns":["a","a"]}'
	complains "mst-run: raw.x: column 'a' is declared twice"
	job '{"command":"a","header":false}'
	complains "mst-run: raw.x: nothing names the columns
  declare them ('-- mst: columns: [a, b]'), or let the first line do it"
	job '{"command":"a","delimiter":"||"}'
	complains "mst-run: raw.x: attribute 'delimiter' is not one ASCII character that can part fields"
}

@test "a declared type is no way in for other statements" {
	wh 'CREATE SCHEMA IF NOT EXISTS raw; CREATE TABLE raw.victim (n int)'
	import x "columns: {k: 'text); DROP TABLE raw.victim; --'}" 'command: echo 1'
	run --separate-stderr mst-run s
	status 1
	wh 'TABLE raw.victim'
}

@test "--no-commands refuses before anything runs, and so does the configuration" {
	import c 'columns: [k]' 'command: touch ran'
	printf -- '-- mst: dialect: postgres\nSELECT 1 AS n\n' >s/raw/other.sql
	run --separate-stderr mst-run --no-commands s
	status 6
	says ''
	complains 'mst-run: raw.c runs a shell command, which is not allowed here
  --dry-run shows it; --no-commands or the key '"'commands'"' forbids it'
	MST_COMMANDS=no run --separate-stderr mst-run s
	status 6
	[ ! -e s/raw/ran ]
	[ "$(wh "SELECT to_regclass('raw.other') IS NULL")" = t ]
}

@test "a command may be shown without being run" {
	import c 'columns: {k: text}' 'command: touch ran'
	run --separate-stderr mst-run --dry-run --table s
	status 0
	has_line '--   touch ran'
	has_line 'CREATE TABLE "raw"."c__mst_new" ("k" text);'
	run --separate-stderr mst-run --dry-run s
	[ "$(jq -r 'select(.event == "command") | .command' <<<"$output")" = 'touch ran' ]
	[ ! -e s/raw/ran ]
}

@test "the last words of a command that said much are what it failed for" {
	run bash -c "jq -nc '{type: \"job\", name: \"r.words\", kind: \"import\", attrs: {columns: [\"a\"], command: \"head -c 40000 /dev/zero | tr \\\\\\\\0 x | fold >&2; echo >&2; echo FATAL: disk >&2; exit 1\"}}' | mst-run 2>/dev/null | jq -r 'select(.event == \"job_finished\").error.message'"
	says 'the command ended with exit status 1: FATAL: disk'
}

@test "a folder that cannot be looked into fails a pattern: half of the files is not all" {
	[ "$(id -u)" != 0 ] || skip 'root looks into every folder'
	mkdir -p two/a two/b
	echo 1 >two/a/x.csv
	echo 2 >two/b/x.csv
	job='{"type":"job","name":"r.half","kind":"import","attrs":{"columns":["a"],"file":"'$PWD'/two/*/*.csv"}}'
	mst-run <<<"$job"
	chmod 0 two/b
	run mst-run <<<"$job"
	chmod 700 two/b
	status 1
	holds 'not every folder can be looked into'
	[ "$(mst-db psql --warehouse -qAtXc 'SELECT count(*) FROM r.half')" = 2 ]
}
