#!/usr/bin/env bats
# Bad rows: nothing lands, unless max_errors lets so many go to the side table.
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
failure() { jq -c 'select(.event == "job_finished") | .error | [.file, .line, .message]' <<<"$output"; }
finished() { jq -c 'select(.event == "job_finished") | [.state, .rows, .rows_bad]' <<<"$output"; }

@test "up to max_errors bad rows go to the side table, with file, line, reason and text" {
	import b 'file: b*.csv' 'max_errors: 6' 'columns: {k: text, v: integer, d: date}' 'header: true'
	cat >s/raw/b1.csv <<-'EOD'
		k,v,d
		a,1,2026-01-01
		b,two,2026-01-02
		c,3
		"d
		d",4,2026-02-30
		e,5,2026-01-05
	EOD
	printf 'k,v,d\nf,6,\n"g,7,\nh\xff,8,\ni\\j,99999999999,\nj,10,2026-01-10\n' | gzip >s/raw/b2.csv
	run --separate-stderr mst-run s
	status 0
	[ "$(finished)" = '["succeeded",4,6]' ]
	[ "$(wh 'SELECT * FROM raw.b ORDER BY v')" = 'a|1|2026-01-01
e|5|2026-01-05
f|6|
j|10|2026-01-10' ]
	[ "$(wh "SELECT replace(file, '$PWD/s/raw/', ''), line, reason, replace(row, E'\n', '~'), at <= now() FROM raw.b__mst_errors ORDER BY file, line")" = \
		'b1.csv|3|column v: invalid input syntax for type integer: "two"|b,two,2026-01-02|t
b1.csv|4|2 fields where there are 3 columns|c,3|t
b1.csv|5|column d: date/time field value out of range: "2026-02-30"|"d~d",4,2026-02-30|t
b2.csv|3|the quote that opens here is never closed|"g,7,|t
b2.csv|4|invalid UTF-8|h\xff,8,|t
b2.csv|5|column v: value "99999999999" is out of range for type integer|i\j,99999999999,|t' ]
	# each load replaces it, and views on it stay
	wh 'CREATE VIEW raw.wrong AS SELECT reason FROM raw.b__mst_errors'
	printf 'k,v,d\na,1,2026-01-01\nb,x,\n' >s/raw/b1.csv
	rm s/raw/b2.csv
	run --separate-stderr mst-run s
	status 0
	[ "$(wh 'TABLE raw.wrong')" = 'column v: invalid input syntax for type integer: "x"' ]
	sed -i '$d' s/raw/b1.csv
	run --separate-stderr mst-run s
	status 0
	[ "$(finished)" = '["succeeded",1,null]' ]
	[ "$(wh 'SELECT count(*) FROM raw.wrong')" = 0 ]
}

@test "one more than max_errors: nothing lands, the side table is as it was, the first are named" {
	wh 'CREATE SCHEMA IF NOT EXISTS raw; DROP TABLE IF EXISTS raw.m, raw.m__mst_errors'
	import m 'file: m.csv' 'max_errors: 1' 'columns: {v: integer}'
	printf '1\nx\n' >s/raw/m.csv
	mst-run s
	printf '1\n2\ny\n3\n4,4\nz\n' >s/raw/m.csv
	run --separate-stderr mst-run s
	status 1
	# what the reader sees comes before what the server says
	[ "$(failure)" = "[\"$PWD/s/raw/m.csv\",5,\"more bad rows than max_errors allows (1): $PWD/s/raw/m.csv:5: 2 fields where there are 1 columns; $PWD/s/raw/m.csv:3: column v: invalid input syntax for type integer: \\\"y\\\"\"]" ]
	[ "$(wh 'TABLE raw.m')" = 1 ]
	[ "$(wh 'SELECT line, row FROM raw.m__mst_errors')" = '2|x' ]
}

@test "types are inferred from the good rows; a broken quote costs one line" {
	import i 'file: i.csv' 'max_errors: 10'
	{
		echo a,b
		seq 1 1000 | sed 's/$/,x/'
		echo '"oops,1'
		seq 1001 2000 | sed 's/$/,"y"/'
		echo 'x,y,z'
	} >s/raw/i.csv
	run --separate-stderr mst-run s
	status 0
	[ "$(finished)" = '["succeeded",2000,2]' ]
	[ "$(wh 'SELECT sum(a), min(pg_typeof(a)::text) FROM raw.i')" = '2001000|bigint' ]
	[ "$(wh 'SELECT line, row FROM raw.i__mst_errors ORDER BY 1')" = '1002|"oops,1
2003|x,y,z' ]
	# too many are seen before anything is sent
	import i 'file: i.csv' 'max_errors: 1'
	run --separate-stderr mst-run s
	status 1
	[ "$(failure | jq -r '.[1]')" = 1002 ]
}

@test "JSON Lines: a bad line makes no column" {
	import j 'file: j.jsonl' 'format: jsonl' 'max_errors: 5'
	printf '%s\n' '{"a": 1}' '{"a": 2, "b": "\u0000"}' '{"a": 3' 'nonsense' '{"a": 4, "a": 5}' '{"a": 6}' >s/raw/j.jsonl
	run --separate-stderr mst-run s
	status 0
	[ "$(wh 'SELECT * FROM raw.j')" = '1
6' ]
	[ "$(wh 'SELECT line, row FROM raw.j__mst_errors ORDER BY 1')" = '2|{"a": 2, "b": "\u0000"}
3|{"a": 3
4|nonsense
5|{"a": 4, "a": 5}' ]
}

@test "many bad rows among many, in any pattern, are found one by one" {
	import n 'file: n.csv' 'max_errors: 100000' 'columns: {v: integer, t: text}'
	# every third, then a hundred in a row, then none, then the last
	awk 'BEGIN { for (i = 1; i <= 60000; i++) print (i <= 3000 && i % 3 == 0 || i > 5000 && i <= 5100 || i == 60000 ? "x" : i) "," i }' >s/raw/n.csv
	run --separate-stderr timeout 120 mst-run s
	status 0
	[ "$(finished)" = '["succeeded",58899,1101]' ]
	[ "$(wh 'SELECT count(*), count(DISTINCT v), bool_and(v = t::int) FROM raw.n')" = '58899|58899|t' ]
	[ "$(wh "SELECT count(*), count(DISTINCT line), bool_and(row = 'x,' || line) FROM raw.n__mst_errors")" = '1101|1101|t' ]
}

@test "a constraint of a declared type counts, a full disk or a lost command does not" {
	wh 'CREATE SCHEMA IF NOT EXISTS raw; DROP DOMAIN IF EXISTS raw.small CASCADE; CREATE DOMAIN raw.small AS int CHECK (VALUE < 10)'
	import c 'command: seq 1 12' 'max_errors: 5' 'columns: {v: raw.small}'
	run --separate-stderr mst-run s
	status 0
	[ "$(finished)" = '["succeeded",9,3]' ]
	import c 'command: seq 1 12; exit 3' 'max_errors: 5' 'columns: {v: raw.small}'
	run --separate-stderr mst-run s
	status 1
	[ "$(wh 'SELECT count(*) FROM raw.c')" = 9 ]
	import c 'command: seq 1 12' 'max_errors: 5' 'columns: {v: no_such_type}'
	run --separate-stderr mst-run s
	status 1
	[ "$(failure | jq -r '.[2]')" = 'type "no_such_type" does not exist' ]
}

@test "a wrong header is no bad row" {
	import h 'file: h.csv' 'max_errors: 5' 'columns: {v: int}' 'header: true'
	printf 'w\n1\n' >s/raw/h.csv
	run --separate-stderr mst-run s
	status 1
	[ "$(failure | jq -r '.[2]')" = "the header names 'w', which is no column of the table" ]
}
