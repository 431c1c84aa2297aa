#!/usr/bin/env bats
# Imports of what is new: the watermark, ties and late rows, when all is read again, changes of columns.
load ../cmd/helpers
load source_server

setup_file() { source_setup; }
teardown_file() { source_teardown; }
setup() { source_scratch; }

inc='incremental: {column: id, key: [id]}'
ids() { wh "SELECT string_agg(id::text, ' ' ORDER BY id) FROM raw.$1"; }

@test "the first run reads all, the next ones what is new; the watermark stands with the rows" {
	sh_ "CREATE SCHEMA i; CREATE TABLE i.a AS SELECT i::bigint AS id, 'v' || i AS v FROM generate_series(1, 5) i"
	import a 'SELECT * FROM i.a' "$inc"
	run_ok s
	[ "$(rows)" = 5 ]
	[ "$(watermark a)" = 5 ]
	sh_ "INSERT INTO i.a VALUES (6, 'v6'), (7, 'v7'); UPDATE i.a SET v = 'changed' WHERE id IN (1, 5)"
	run_ok s
	# the row of the watermark is read again, and rows that were updated behind it are not
	[ "$(ids a)" = '1 2 3 4 5 6 7' ]
	[ "$(wh "SELECT string_agg(v, ' ' ORDER BY id) FROM raw.a WHERE id IN (1, 5, 6)")" = 'v1 changed v6' ]
	[ "$(watermark a)" = 7 ]
	run_ok s
	[ "$(ids a)" = '1 2 3 4 5 6 7' ]
	[ "$(watermark a)" = 7 ]
	[ "$(wh 'SELECT count(*) FROM raw.a')" = 7 ]
}

@test "the highest value is found by its type, not by its text" {
	sh_ "CREATE TABLE i.nine AS SELECT unnest(ARRAY[9, 10, 100]) AS id"
	import nine 'SELECT * FROM i.nine' "$inc"
	run_ok s
	[ "$(watermark nine)" = 100 ]
	sh_ 'INSERT INTO i.nine VALUES (99), (101)'
	run_ok s
	[ "$(ids nine)" = '9 10 100 101' ]
}

@test "11: ties and late rows within the overlap are found, and doubled by nothing" {
	sh_ "CREATE TABLE i.late (id int, at timestamptz, v text); INSERT INTO i.late VALUES
		(1, '2026-01-01 10:00+00', 'a'), (2, '2026-01-01 11:00:00.000001+00', 'a')"
	import late 'SELECT * FROM i.late' 'incremental: {column: at, key: id, overlap: 1h}'
	run_ok s
	[ "$(watermark late)" = '2026-01-01 11:00:00.000001+00' ]
	sh_ "INSERT INTO i.late VALUES (3, '2026-01-01 11:00:00.000001+00', 'tie'), (4, '2026-01-01 10:00:00.000001+00', 'late'),
		(5, '2026-01-01 10:00:00+00', 'too late'); UPDATE i.late SET v = 'b' WHERE id = 2"
	run_ok s
	[ "$(ids late)" = '1 2 3 4' ]
	[ "$(wh 'SELECT v FROM raw.late WHERE id = 2')" = b ]
	[ "$(rows)" = 3 ] || rows
}

@test "an overlap of numbers reaches back as far" {
	sh_ "CREATE TABLE i.num AS SELECT 10.5 AS id"
	import num 'SELECT * FROM i.num' 'incremental: {column: id, key: id, overlap: 3}'
	run_ok s
	sh_ 'INSERT INTO i.num VALUES (7.5), (7.4), (NULL), ($$NaN$$)'
	run_ok s
	[ "$(wh "SELECT string_agg(id::text, ' ' ORDER BY id) FROM raw.num")" = '7.5 10.5 NaN' ]
	[ "$(watermark num)" = 10.5 ]
}

@test "7: no word of the query takes part in the predicate, and stars stay stars" {
	sh_ "CREATE TABLE i.p AS SELECT i AS id, i % 2 = 0 AS even, i * i AS sq, 2 AS x, 3 AS y FROM generate_series(1, 4) i"
	import p 'SELECT p.*, x*y AS product, $$count(*)$$ AS c FROM i.p WHERE even OR id = 1 -- and' "$inc"
	run_ok s
	[ "$(ids p)" = '1 2 4' ]
	sh_ 'INSERT INTO i.p VALUES (6, true, 36, 2, 3), (7, false, 49, 2, 3); DELETE FROM i.p WHERE id < 3'
	run_ok s
	# a OR b AND id >= 4 would have read row 1 had it been changed, and 7 never
	[ "$(ids p)" = '1 2 4 6' ]
	[ "$(rows)" = 2 ] || rows
	[ "$(wh "SELECT DISTINCT product, c FROM raw.p")" = '6|count(*)' ]
	# nor of a query that has its own groups
	import groups 'SELECT x * id AS id, count(*) AS n, sum(x*y) AS s FROM i.p WHERE id = 1 OR id > 3 GROUP BY 1' \
		'source: free' "$inc"
	run_ok s
	[ "$(wh "SELECT string_agg(concat_ws('.', id, n, s), ' ' ORDER BY id) FROM raw.groups")" = '8.1.6 12.1.6 14.1.6' ]
	sh_ 'INSERT INTO i.p VALUES (1, false, 1, 2, 3), (9, false, 81, 2, 3)'
	run_ok s
	[ "$(wh "SELECT string_agg(concat_ws('.', id, n, s), ' ' ORDER BY id) FROM raw.groups")" = '8.1.6 12.1.6 14.1.6 18.1.6' ]
}

@test "rows without a value are read where all are; a table that was empty starts over" {
	sh_ "CREATE TABLE i.n (id int, k int); INSERT INTO i.n VALUES (NULL, 1)"
	import n 'SELECT * FROM i.n' 'incremental: {column: id, key: k}'
	run_ok s
	[ "$(wh 'SELECT count(*) FROM raw.n')" = 1 ]
	[ "$(watermark n)" = '' ]
	sh_ 'INSERT INTO i.n VALUES (NULL, 2), (-5, 3)'
	run_ok s
	[ "$(wh 'SELECT count(*) FROM raw.n')" = 3 ]
	[ "$(watermark n)" = -5 ]
	sh_ 'INSERT INTO i.n VALUES (NULL, 4)'
	run_ok s
	[ "$(wh 'SELECT count(*) FROM raw.n')" = 3 ]
}

@test "infinity is no watermark" {
	sh_ "CREATE TABLE i.inf AS SELECT 1 AS id, timestamp '2026-01-01' AS at UNION ALL SELECT 2, 'infinity'"
	import inf 'SELECT * FROM i.inf' 'incremental: {column: at, key: id}'
	run_ok s
	[ "$(watermark inf)" = '2026-01-01 00:00:00' ]
	sh_ "INSERT INTO i.inf VALUES (3, '2026-01-02')"
	run_ok s
	[ "$(ids inf)" = '1 2 3' ]
}

@test "--reimport reads all rows again and forgets what the source has forgotten" {
	sh_ "DELETE FROM i.a WHERE id IN (2, 7)"
	import a 'SELECT * FROM i.a' "$inc"
	run_ok --reimport raw.a s
	[ "$(ids a)" = '1 3 4 5 6' ]
	[ "$(watermark a)" = 6 ]
	run --separate-stderr mst-run --reimport raw.b s
	status 1
	complains "mst-run: no job 'raw.b' in this run, to be imported again
  did you mean 'raw.a'?"
	printf 'SELECT 1 AS x' >s/raw/x.sql
	run --separate-stderr mst-run --reimport raw.x s
	status 2
	complains "mst-run: raw.x is no import from a database: all its rows are read in any case"
}

@test "conditions say when all is read again: at their time, and never where the list is empty" {
	sh_ 'TRUNCATE i.a; INSERT INTO i.a VALUES (8, $$v8$$)'
	import a 'SELECT * FROM i.a' "$inc" 'reimport: []'
	run_ok s
	[ "$(ids a)" = '1 3 4 5 6 8' ]
	import a 'SELECT * FROM i.a' "$inc" "reimport: [{months: [$(TZ=Asia/Tokyo date +%-m)], weekdays: [7]}]"
	run --separate-stderr mst-run s
	status 3
	day=$(TZ=Pacific/Kiritimati date +%w)
	import a 'SELECT * FROM i.a' "$inc" "reimport: [{weekdays: [$(((day + 3) % 7))]}]"
	run_ok s
	[ "$(ids a)" = '1 3 4 5 6 8' ]
	# another day on the other side of the world
	import a 'SELECT * FROM i.a' "$inc" "reimport: [{weekdays: [$(TZ=Pacific/Pago_Pago date +%w)]}]"
	MST_TIMEZONE=Pacific/Kiritimati run_ok s
	[ "$(ids a)" = '1 3 4 5 6 8' ]
	MST_TIMEZONE=Pacific/Pago_Pago run_ok s
	[ "$(ids a)" = 8 ]
	sh_ 'TRUNCATE i.a; INSERT INTO i.a VALUES (9, $$v9$$)'
	TZ=Pacific/Pago_Pago run_ok s
	[ "$(ids a)" = 9 ]
	MST_TIMEZONE=Nowhere/Land run mst-run s
	status 1
	holds "no time zone is called 'Nowhere/Land'"
}

@test "4: whether all is read again is decided once, though the condition turns while rows come" {
	# clocks on which the hour of the condition ends, and begins, in a while
	turns() { # turns HOUR : sets zone and moment
		local secs=$(($(date -u +%s) % 86400 + 5)) off
		moment=$(date -u -d '5 seconds' '+%F %T+00')
		off=$(($1 * 3600 - secs))
		zone=$(printf '<X>%s%02d:%02d:%02d' "$([ $off -lt 0 ] || echo -)" $((${off#-} / 3600)) $((${off#-} / 60 % 60)) $((${off#-} % 60)))
	}
	slow() { # slow NAME : its last row comes when the hour has turned
		import "$1" "SELECT t.id FROM i.$1 t, LATERAL (SELECT CASE WHEN t.id > 2 THEN pg_sleep_until('$moment'::timestamptz + '200ms') END) z" \
			'source: free' "$inc" 'reimport: [{hours: [12]}]'
	}
	for name in ends begins; do
		turns "$([ $name = ends ] && echo 13 || echo 12)"
		sh_ "CREATE TABLE i.$name AS SELECT generate_series(1, 2) AS id"
		moment='2000-01-01 00:00+00' slow $name
		run_ok s
		sh_ "DELETE FROM i.$name WHERE id = 1; INSERT INTO i.$name VALUES (3), (4)"
		turns "$([ $name = ends ] && echo 13 || echo 12)"
		slow $name
		MST_TIMEZONE=$zone run_ok s
		[ "$(wh "SELECT now() > '$moment'")" = t ]
		[ "$(watermark $name)" = 4 ]
		rm "s/raw/$name.sql"
	done
	# all of them, or those that are new: nothing in between
	[ "$(ids ends)" = '2 3 4' ]
	[ "$(ids begins)" = '1 2 3 4' ]
}

@test "a changed source is noticed: new columns are added where they may be, else all is read again" {
	sh_ "CREATE TABLE i.c AS SELECT 1 AS id, 'a' AS v"
	import c 'SELECT * FROM i.c' "$inc" 'new_columns: add'
	run_ok s
	sh_ "ALTER TABLE i.c ADD w int; INSERT INTO i.c VALUES (2, 'b', 7); UPDATE i.c SET v = 'not seen' WHERE id = 1; INSERT INTO i.c VALUES (0, 'late', 1)"
	run_ok s
	[ "$(types c)" = 'id integer, v text, w integer' ]
	[ "$(wh "SELECT string_agg(concat_ws(' ', id, v, w), ', ' ORDER BY id) FROM raw.c")" = '1 not seen, 2 b 7' ]
	[ "$(notes)" = 'the columns at shop have changed: w is new' ]
	sh_ "ALTER TABLE i.c ALTER w TYPE bigint"
	run_ok s
	[ "$(types c)" = 'id integer, v text, w bigint' ]
	[ "$(ids c)" = '0 1 2' ]
	[ "$(notes)" = 'the columns at shop have changed: w is bigint, was integer; all rows are read again' ]
	sh_ "ALTER TABLE i.c DROP v"
	run_ok s
	[ "$(types c)" = 'id integer, w bigint' ]
	[ "$(notes)" = 'the columns at shop have changed: v is gone; all rows are read again' ]
	import c 'SELECT * FROM i.c' "$inc"
	sh_ "ALTER TABLE i.c ADD z text"
	run_ok s
	[ "$(types c)" = 'id integer, w bigint, z text' ]
	[ "$(notes)" = 'the columns at shop have changed: z is new; all rows are read again' ]
}

@test "append takes no column that it was not told to take" {
	sh_ "CREATE TABLE i.ap AS SELECT 1 AS id"
	import ap 'SELECT * FROM i.ap' 'disposition: append'
	run_ok s
	run_ok s
	[ "$(ids ap)" = '1 1' ]
	sh_ "ALTER TABLE i.ap ADD v int"
	run --separate-stderr mst-run s
	status 1
	[ "$(failure | jq -r '.[2]')" = 'the columns at shop have changed: v is new' ]
	import ap 'SELECT * FROM i.ap' 'disposition: append' 'new_columns: add'
	run_ok s
	[ "$(ids ap)" = '1 1 1' ]
	run_ok --reimport raw.ap s
	[ "$(ids ap)" = '1' ]
}

@test "attributes that make no sense are refused before anything is read" {
	bad() { # bad MESSAGE SQL ATTRIBUTE...
		local message=$1
		shift
		import bad "$@"
		run --separate-stderr mst-run s
		[ "$status" != 0 ]
		grep -qF -- "$message" <<<"$output$stderr" || { printf '%s\n' "$output" "$stderr" && return 1; }
	}
	bad 'an incremental import has no LIMIT' 'SELECT * FROM i.a LIMIT 5' "$inc"
	bad "it merges by itself; the attribute 'disposition' has no say" 'SELECT * FROM i.a' "$inc" 'disposition: append'
	bad "incremental: the query has no column nope" 'SELECT * FROM i.a' 'incremental: {column: nope, key: id}'
	bad "incremental: the query has no column nope" 'SELECT * FROM i.a' 'incremental: {column: id, key: nope}'
	bad "incremental: the column v is of type text" 'SELECT * FROM i.a' 'incremental: {column: v, key: id}'
	bad "incremental: the overlap of a column of type bigint is a number" 'SELECT * FROM i.a' \
		'incremental: {column: id, key: id, overlap: 1h}'
	bad "it belongs to imports with a source" '' 'command: "echo source:"' 'columns: [a]' "$inc"
	bad "unknown connection 'nosuch'" 'SELECT 1' 'source: nosuch' || bad nosuch 'SELECT 1' 'source: nosuch'
}

@test "a table of the same name that somebody made by hand has no watermark" {
	sh_ 'CREATE TABLE i.hand AS SELECT generate_series(1, 5) AS id'
	import hand 'SELECT * FROM i.hand' "$inc"
	run_ok s
	wh 'DROP TABLE raw.hand; CREATE TABLE raw.hand (id int)'
	run_ok s
	[ "$(ids hand)" = '1 2 3 4 5' ]
	# one that was put aside and came back has its own
	sh_ 'INSERT INTO i.hand VALUES (6)'
	wh 'ALTER TABLE raw.hand RENAME TO aside'
	run_ok s
	[ "$(rows)" = 6 ]
	wh 'DROP TABLE raw.hand; ALTER TABLE raw.aside RENAME TO hand'
	run_ok s
	[ "$(rows)" = 1 ]
	[ "$(ids hand)" = '1 2 3 4 5 6' ]
}

@test "a table that is dropped while rows come is made of all rows" {
	sh_ 'CREATE TABLE i.gone AS SELECT generate_series(1, 5) AS id'
	import gone 'SELECT g.id FROM i.gone g, LATERAL (SELECT pg_sleep(CASE WHEN g.id > 5 THEN 1 ELSE 0 END)) z' \
		'source: free' "$inc"
	run_ok s
	sh_ 'INSERT INTO i.gone VALUES (6), (7)'
	mst-run s >out 2>err 3>&- &
	for _ in {1..200}; do
		[ "$(wh "SELECT count(*) FROM pg_stat_progress_copy WHERE command = 'COPY FROM'")" = 0 ] || break
		sleep 0.05
	done
	wh 'DROP TABLE raw.gone'
	wait $!
	[ "$(ids gone)" = '1 2 3 4 5 6 7' ]
	[ "$(watermark gone)" = 7 ]
}

@test "a test of the change compares with what the table holds, not with the few rows of the last run" {
	sh_ 'CREATE TABLE i.few AS SELECT generate_series(1, 100) AS id'
	import few 'SELECT * FROM i.few' "$inc" 'tests: [{rows: {change: 50}}]'
	run_ok s
	sh_ 'INSERT INTO i.few VALUES (101), (102)'
	run_ok s
	run_ok --reimport raw.few s
	[ "$(rows)" = 102 ]
	sh_ 'DELETE FROM i.few WHERE id > 40'
	run --separate-stderr mst-run --reimport raw.few s
	status 1
	[ "$(jq -r 'select(.event == "job_finished").error.message' <<<"$output")" = \
		"test 'rows' failed: 40 rows after 102, a change of more than 50 %" ]
}

@test "the key holds for all rows, too: twice or null fails the first import and --reimport as it fails a merge" {
	sh_ "CREATE TABLE i.key AS SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (2, 'c')) v (id, v)"
	twice='[null,null,"the key (\"id\") of 1 new row stands more than once, such as 2"]'
	key_fails() {
		run --separate-stderr mst-run "$@" s
		status 1
		[ "$(failure)" = "$key_message" ] || { failure && false; }
	}
	import key 'SELECT * FROM i.key' "$inc"
	key_message=$twice
	key_fails
	[ "$(jq -r 'select(.event == "job_finished").error.hint' <<<"$output")" = 'the key must name all columns that tell one row from another' ]
	[ "$(wh "SELECT to_regclass('raw.key') IS NULL")" = t ]
	sh_ "DELETE FROM i.key WHERE v = 'c'; INSERT INTO i.key VALUES (NULL, 'n')"
	key_message='[null,null,"1 of the new rows has a null in the key (\"id\")"]'
	key_fails
	sh_ 'DELETE FROM i.key WHERE id IS NULL'
	run_ok s
	sh_ "INSERT INTO i.key VALUES (2, 'c')"
	key_message=$twice
	# a merge, --reimport, and all rows because a column has changed
	key_fails
	key_fails --reimport raw.key
	sh_ 'ALTER TABLE i.key ALTER id TYPE bigint'
	key_fails
	[ "$(wh "SELECT string_agg(concat(id, v), ' ' ORDER BY id) FROM raw.key")" = '1a 2b' ]
	# the table that is replaced may have had another type, and a key of several columns
	import key 'SELECT * FROM i.key' 'incremental: {column: id, key: [id, v]}'
	run_ok s
	[ "$(wh "SELECT string_agg(concat(id, v), ' ' ORDER BY id, v) FROM raw.key")" = '1a 2b 2c' ]
}
