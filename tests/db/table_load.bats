#!/usr/bin/env bats
# External tables: somebody brings the rows, and what waits for them goes on.
load ../cmd/helpers

setup_file() {
	home
	mst-db start 2>/dev/null
}
teardown_file() { home_stop; }
setup() { scratch; }

wh() { mst-db psql --warehouse -qAtX -v ON_ERROR_STOP=1 -c "$1"; }
st() { mst-db psql -qAtX -v ON_ERROR_STOP=1 -c "$1"; }
external() { # external NAME LINE... : into the catalogue
	local name=$1 line
	shift
	{
		echo '-- mst: kind: external'
		for line; do echo "-- mst: $line"; done
	} | mst-table put "$name" - >/dev/null
}
until_says() { # until_says EXPECTED CMD...
	local want=$1 i
	shift
	for i in {1..100}; do
		[ "$("$@" 2>/dev/null)" = "$want" ] && return
		sleep 0.1
	done
	echo "never said $want: $*, but $("$@" 2>&1)"
	return 1
}

@test "rows of a file or of the standard input become the table, as its attributes say" {
	external raw.sale 'columns: {fruit: text, pieces: int}'
	printf 'pears,3\napples,5\n' | gzip >f.gz
	run --separate-stderr mst-table load raw.sale f.gz
	status 0
	[ "$(jq -c '[.type, .name, .rows, .woken]' <<<"$output")" = '["load","raw.sale",2,0]' ]
	[ "$(wh 'TABLE raw.sale')" = 'pears|3
apples|5' ]
	run --separate-stderr mst-table load sale - <<<'plums,1'
	status 0
	[ "$(wh 'TABLE raw.sale')" = 'plums|1' ]
	[ "$(st "SELECT string_agg(kind || ' ' || (data ->> 'name') || ' ' || (data ->> 'rows'), ', ' ORDER BY id) FROM mst.event WHERE kind = 'table_loaded'")" = \
		'table_loaded raw.sale 2, table_loaded raw.sale 1' ]
	# types are inferred of what comes through a pipe too, and of a file that is open half-way
	external raw.guess 'format: jsonl'
	printf '{"a": 1}\n{"a": 2.5}\n' | mst-table load raw.guess >out
	[ "$(wh 'SELECT a, pg_typeof(a) FROM raw.guess')" = '1|numeric
2.5|numeric' ]
	printf 'not json\n{"a": 7}\n' >half
	{ read -r _ && mst-table load raw.guess; } <half >out
	[ "$(wh 'TABLE raw.guess')" = 7 ]
}

@test "append and merge, tests and bad rows are those of an import" {
	external raw.more 'columns: {k: int, v: text}' 'disposition: merge' 'key: k' 'max_errors: 1' 'tests: [unique: k]'
	printf '1,a\n2,b\n' | mst-table load raw.more >out
	run --separate-stderr mst-table load raw.more - < <(printf '2,B\nx,y\n3,c\n')
	status 0
	[ "$(jq -c '[.rows, .rows_bad]' <<<"$output")" = '[2,1]' ]
	complains 'mst-table: warning: 1 bad rows were put aside in raw.more__mst_errors'
	[ "$(wh 'SELECT * FROM raw.more ORDER BY k')" = '1|a
2|B
3|c' ]
	[ "$(wh 'SELECT file, line, row FROM raw.more__mst_errors')" = 'stdin|2|x,y' ]
	run --separate-stderr mst-table load raw.more - < <(printf 'x,y\nz,\n')
	status 3
	[ "$(wh 'SELECT count(*) FROM raw.more')" = 3 ]
	# who failed is no event
	[ "$(st "SELECT count(*) FROM mst.event WHERE kind = 'table_loaded' AND data ->> 'name' = 'raw.more'")" = 2 ]
}

@test "nothing at all is no header: the table stays" {
	external raw.empty 'header: true'
	mst-table load raw.empty <<<$'a\n1' >/dev/null
	run --separate-stderr mst-table load raw.empty </dev/null
	status 3
	complains "mst-table: stdin:1:1: it is empty: there is no header line
  a header line alone makes an empty table; so does nothing at all with '-- mst: header: false'"
	[ "$(wh 'TABLE raw.empty')" = 1 ]
	run --separate-stderr mst-table load raw.empty <<<a
	status 0
	complains 'mst-table: warning: no row came; the rows that raw.empty had are gone'
}

@test "only external tables are loaded, and only from what is there" {
	echo 'SELECT 1 AS n' | mst-table put mart.one - >/dev/null
	run --separate-stderr mst-table load mart.one - <<<1
	status 3
	complains 'mst-table: mart.one is of kind summary; only external tables are loaded
  -- mst: kind: external'
	run --separate-stderr mst-table load no.such - <<<1
	status 1
	external raw.gone 'columns: [a]'
	run --separate-stderr mst-table load raw.gone no-such-file
	status 1
	complains 'mst-table: no-such-file: No such file or directory'
	run --separate-stderr mst-table load raw.gone /
	status 2
	external raw.both 'file: x.csv'
	run --separate-stderr mst-table load raw.both - <<<1
	status 3
	complains "mst-table: raw.both: an external table has no command, file or url of its own
  mst-table load fills it; a table that fetches its rows is '-- mst: kind: import'"
	[ "$(wh "SELECT to_regclass('raw.gone') IS NULL")" = t ]
}

@test "whoever may not write the table may not load it" {
	mst-team put raws >out
	external raw.team 'columns: {n: int}' 'team: raws'
	st 'CREATE ROLE visitor LOGIN'
	mst-user add visitor >out
	mst-team join raws visitor >out
	MST_DB="host=$(mst-db status | jq -r .socket) port=5432 dbname=mst user=visitor"
	export MST_DB
	run --separate-stderr mst-table load raw.team - <<<'1'
	status 6
	complains "mst-table: you may not write table raw.team
  whoever may change it may load it: its owner, its team's writers, an admin"
	run --separate-stderr mst-db psql -qAtX -c "SELECT mst.table_loaded('raw.team', 1, 1, 0)"
	grep -q 'visitor may not write table raw.team' <<<"$stderr"
	run --separate-stderr mst-db psql -qAtX -c "SELECT mst.event_add('table_loaded', '{}', 'visitor', NULL)"
	grep -q 'permission denied' <<<"$stderr"
}

@test "a run that waits for the table goes on when it is loaded" {
	external raw.ext 'columns: {n: int}' 'wait: 1m'
	wh 'CREATE SCHEMA IF NOT EXISTS raw; DROP TABLE IF EXISTS raw.ext; CREATE TABLE raw.ext AS SELECT 1 AS n'
	printf '%s\n' '{"type":"job","name":"raw.ext","kind":"external","attrs":{"kind":"external","columns":{"n":"int"},"wait":"1m"}}' \
		'{"type":"job","name":"mart.twice","after":["raw.ext"],"sql":"SELECT n * 2 AS n FROM raw.ext"}' \
		'{"type":"job","name":"mart.other","sql":"SELECT 1 AS n"}' >jobs
	"$MST_BIN/mst-run" <jobs >events 2>talk 3>&- &
	local pid=$!
	until_says parked st "SELECT state FROM mst.job WHERE name = 'raw.ext' ORDER BY run_id DESC LIMIT 1"
	# what does not depend on it is done meanwhile
	until_says succeeded st "SELECT state FROM mst.job WHERE name = 'mart.other' ORDER BY run_id DESC LIMIT 1"
	run --separate-stderr mst-table load raw.ext - <<<'21'
	status 0
	[ "$(jq .woken <<<"$output")" = 1 ]
	wait $pid
	[ "$(wh 'TABLE mart.twice')" = 42 ]
	# a load that fails wakes nobody
	[ "$(st "SELECT count(*) FROM mst.event WHERE kind = 'job_woken'")" = 1 ]
}

@test "a wait that is over fails its own subtree only" {
	printf '%s\n' '{"type":"job","name":"raw.late","kind":"external","attrs":{"kind":"external","wait":"1s"}}' \
		'{"type":"job","name":"mart.late","after":["raw.late"],"sql":"SELECT 1 AS n"}' \
		'{"type":"job","name":"mart.free","sql":"SELECT 1 AS n"}' >jobs
	run --separate-stderr mst-run <jobs
	status 1
	[ "$(mst-ps last | jq -r '.name + " " + .state' | sort)" = 'mart.free succeeded
mart.late blocked
raw.late failed' ]
	# without wait it is taken as it is
	run --separate-stderr mst-run <<<'{"type":"job","name":"raw.late","kind":"external","attrs":{"kind":"external"}}'
	status 0
}

@test "kill -9 in mid-load leaves the table and wakes nobody" {
	external raw.cut 'columns: {n: int}'
	mst-table load raw.cut - <<<'1' >out
	{ seq 100000 && sleep 30; } | "$MST_BIN/mst-table" load raw.cut >out 2>&1 3>&- &
	local pid=$!
	until_says 1 wh "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%cut%' AND pid <> pg_backend_pid()"
	kill -9 $pid
	wait $pid || :
	[ "$(wh 'TABLE raw.cut')" = 1 ]
	[ "$(st "SELECT count(*) FROM mst.event WHERE kind = 'table_loaded' AND data ->> 'name' = 'raw.cut'")" = 1 ]
	# the next one works
	run --separate-stderr timeout 60 mst-table load raw.cut - <<<'2'
	status 0
	[ "$(wh 'TABLE raw.cut')" = 2 ]
}
