#!/usr/bin/env bats
# Imports from files as they are found: packed, in other encodings and dialects, in folders, pipes.
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
hint() { jq -r 'select(.event == "job_finished") | .error.hint' <<<"$output"; }

@test "gzip and zstd are told by their bytes, whatever the name, one file at a time" {
	import p 'file: part-*'
	printf 'a,b\n1,x\n' | gzip >s/raw/part-1.csv
	printf 'a,b\n2,y\n' | zstd -q >s/raw/part-2
	printf 'a,b\n3,z\n' >s/raw/part-3.csv.gz
	{ printf 'a,b\n4,' | gzip && printf 'w\n5,v\n' | gzip; } >s/raw/part-4.gz
	{ printf 'b,a\n"u' | zstd -q && printf '",6\n' | zstd -q; } >s/raw/part-5.zst
	run --separate-stderr mst-run s
	status 0
	[ "$(wh 'TABLE raw.p')" = '1|x
2|y
3|z
4|w
5|v
6|u' ]
	rm s/raw/p.sql
	printf '{"a": 1}\n{"a": 2.5}\n' >s/raw/j.jsonl
	import j 'format: jsonl' 'command: gzip <j.jsonl'
	import t 'format: tsv' 'columns: {a: int}' 'command: echo 7 | zstd -q'
	run --separate-stderr mst-run s
	status 0
	[ "$(wh 'SELECT sum(a) FROM raw.j')" = 3.5 ]
	[ "$(wh 'TABLE raw.t')" = 7 ]
}

@test "packed data that is cut or broken fails the job, and the table stays" {
	import p 'file: p.gz' 'columns: {a: text}'
	wh 'CREATE SCHEMA IF NOT EXISTS raw; DROP TABLE IF EXISTS raw.p; CREATE TABLE raw.p AS SELECT 0 AS was'
	# the cut falls behind the end of a row
	{ seq 100000; echo end; } | gzip >whole.gz
	head -c -8 whole.gz >s/raw/p.gz
	run --separate-stderr mst-run s
	status 1
	[ "$(failure)" = "[\"$PWD/s/raw/p.gz\",null,null,\"the gzip data ends in its middle\"]" ]
	[ "$(hint)" = 'it was cut off on its way: fetch it again' ]
	{ cat whole.gz && echo more; } >s/raw/p.gz
	run --separate-stderr mst-run s
	[ "$(failure)" = "[\"$PWD/s/raw/p.gz\",null,null,\"something else stands behind the gzip data\"]" ]
	seq 100000 | zstd -q >whole.zst
	head -c -3 whole.zst >s/raw/p.gz
	run --separate-stderr mst-run s
	status 1
	[ "$(failure)" = "[\"$PWD/s/raw/p.gz\",null,null,\"the zstd data ends in its middle\"]" ]
	import p 'command: cat whole.gz | head -c -8' 'columns: {a: text}'
	cp whole.gz s/raw
	run --separate-stderr mst-run s
	status 1
	[ "$(failure)" = '["output of raw.p",null,null,"the gzip data ends in its middle"]' ]
	[ "$(wh 'TABLE raw.p')" = 0 ]
}

@test "a line number is that of the unpacked text" {
	import p 'file: p.gz' 'columns: {a: int}'
	{ seq 5000; echo x; } | gzip >s/raw/p.gz
	run --separate-stderr mst-run s
	status 1
	[ "$(failure | jq -c '.[:2]')" = "[\"$PWD/s/raw/p.gz\",5001]" ]
}

@test "folders, devices and pipes are what they are" {
	import p 'file: d'
	mkdir s/raw/d
	run --separate-stderr mst-run s
	status 1
	[ "$(failure | jq -r '.[3]')" = "$PWD/s/raw/d is a folder" ]
	[ "$(hint)" = "a pattern names the files in it: '$PWD/s/raw/d/*.csv'" ]
	import p 'file: /dev/zero'
	run --separate-stderr mst-run s
	status 1
	[ "$(failure | jq -r '.[3]')" = '/dev/zero is a device' ]
	import p 'file: gone.csv'
	run --separate-stderr mst-run s
	status 1
	[ "$(failure | jq -r '.[3]')" = "$PWD/s/raw/gone.csv: No such file or directory" ]
	# a pipe is read once, though types are inferred from all rows
	import p 'file: pipe'
	mkfifo s/raw/pipe
	{ printf 'a\n1\n' >s/raw/pipe && sleep 0.5 && echo; } 3>&- &
	run --separate-stderr timeout 60 mst-run s
	status 0
	[ "$(wh 'SELECT a, pg_typeof(a) FROM raw.p')" = '1|bigint' ]
}

@test "dialects of CSV: quote, escape, comment, lines to skip, null" {
	import d 'delimiter: ";"' "quote: \"'\"" 'escape: "\\"' 'comment: "#"' 'skip: 2' 'null: "\\N"' 'file: d.csv'
	cat >s/raw/d.csv <<-'EOD'
		Report of the "day
		made by hand
		k;v;n
		# it's a remark
		'it\'s';a\;b;1
		'two ''quotes''';\N;\N
	EOD
	run --separate-stderr mst-run s
	status 0
	[ "$(wh 'SELECT k, v, n, pg_typeof(n) FROM raw.d')" = "it's|a;b|1|bigint
two 'quotes'|||bigint" ]
	run --separate-stderr mst-run <<<'{"type":"job","name":"raw.x","kind":"import","attrs":{"file":"a","quote":",","format":"csv"}}'
	status 3
	complains "mst-run: raw.x: attribute 'quote' stands for the quote as well as between fields"
	run --separate-stderr mst-run <<<'{"type":"job","name":"raw.x","kind":"import","attrs":{"file":"a","escape":"\\","format":"tsv"}}'
	complains "mst-run: raw.x: attribute 'escape' is for the format csv alone"
	run --separate-stderr mst-run <<<'{"type":"job","name":"raw.x","kind":"import","attrs":{"file":"a","skip":1,"format":"jsonl"}}'
	complains "mst-run: raw.x: attribute 'skip' is not for the format jsonl"
}

@test "other encodings are asked for; what is not UTF-8 says how" {
	import e 'file: e.csv'
	printf 'k\ncaf\xe9 \x80\n' >s/raw/e.csv
	run --separate-stderr mst-run s
	status 1
	[ "$(failure)" = "[\"$PWD/s/raw/e.csv\",2,4,\"invalid UTF-8\"]" ]
	[ "$(hint)" = "text of another encoding wants '-- mst: encoding: windows-1252' (or latin1, utf-16)" ]
	import e 'file: e.csv' 'encoding: windows-1252'
	run --separate-stderr mst-run s
	status 0
	[ "$(wh 'TABLE raw.e')" = 'café €' ]
	import e 'file: e.csv' 'encoding: utf-16' 'format: tsv'
	printf 'k\tv\n1\tcafé\n' | iconv -t UTF-16 | gzip >s/raw/e.csv
	run --separate-stderr mst-run s
	status 0
	[ "$(wh 'TABLE raw.e')" = '1|café' ]
	run --separate-stderr mst-run <<<'{"type":"job","name":"raw.x","kind":"import","attrs":{"file":"a","encoding":"sjis"}}'
	status 3
	complains "mst-run: raw.x: attribute 'encoding' is none of utf-8, utf-16, latin1, windows-1252
  a command can recode: iconv -f SHIFT_JIS -t UTF-8 file.csv"
}
