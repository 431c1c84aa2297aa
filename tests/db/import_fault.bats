#!/usr/bin/env bats
# Imports from a database while something breaks: no part of a load is ever taken for the whole.
load ../cmd/helpers
load source_server

setup_file() {
	source_setup
	psql -h "$SRC" -U shop -d postgres -qXc "CREATE SCHEMA f; CREATE TABLE f.t AS
		SELECT i AS id, repeat(md5(i::text), 8) AS v FROM generate_series(1, 400000) i"
}
teardown_file() { source_teardown; }
setup() {
	source_scratch
	import t 'SELECT * FROM f.t'
	wh 'CREATE SCHEMA IF NOT EXISTS raw; DROP TABLE IF EXISTS raw.t; CREATE TABLE raw.t AS SELECT -1 AS old'
}
teardown() { [ -z "${proxy:-}" ] || kill "$proxy" 2>/dev/null || :; }

start() {
	env --default-signal=INT "$MST_BIN/mst-run" s >events 2>talk 3>&- &
	pid=$!
}
ended() { # ended STATUS
	local i rc=0
	for i in {1..300}; do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	kill -9 "$pid" 2>/dev/null && echo 'it hung'
	wait "$pid" || rc=$?
	[ "$rc" = "$1" ] || { echo "exit status $rc, expected $1" && cat talk && return 1; }
}
until_copies() {
	local i
	for i in {1..200}; do
		[ "$(sh_ "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY (%' AND state = 'active'")" = 0 ] || return 0
		sleep 0.02
	done
	cat events talk
	return 1
}
# the table that was there is there still, nothing lies beside it, and no watermark says otherwise
nothing_happened() {
	[ "$(wh 'TABLE raw.t')" = -1 ]
	[ "$(wh "SELECT count(*) FROM pg_class WHERE relname LIKE '%mst_new%'")" = 0 ]
	[ "$(watermark t)" = '' ]
	[ "$(sh_ "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY (%' AND state = 'active'")" = 0 ]
}
said() { jq -r 'select(.event == "job_finished").error.message' events; }
# a relay that hands on BYTES from the server and then ends as HOW says: fin or reset
relay() { # relay BYTES HOW
	mkdir -p relay
	cat >relay.py <<-'EOD'
	import os, select, socket, sys
	left, how, src = int(sys.argv[1]), sys.argv[2], sys.argv[3]
	listener = socket.socket(socket.AF_UNIX)
	listener.bind('relay/.s.PGSQL.5432')
	listener.listen(8)
	print('ready', flush=True)
	while True:
	    client, _ = listener.accept()
	    if os.fork():
	        client.close()
	        continue
	    server = socket.socket(socket.AF_UNIX)
	    server.connect(src + '/.s.PGSQL.5432')
	    total = 0
	    while True:
	        for s in select.select([client, server], [], [])[0]:
	            data = s.recv(8192)
	            if not data:
	                open('relay.total', 'w').write(str(total))
	                os._exit(0)
	            if s is client:
	                server.sendall(data)
	                continue
	            total += len(data)
	            data = data[:left]
	            client.sendall(data)
	            left -= len(data)
	            if left == 0:
	                if how == 'fin':
	                    client.shutdown(socket.SHUT_WR)
	                    server.close()
	                    while client.recv(8192):
	                        pass
	                os._exit(0)
	EOD
	python3 relay.py "$1" "$2" "$SRC" >relay.out 2>&1 3>&- &
	proxy=$!
	local i
	for i in {1..100}; do
		[ ! -s relay.out ] || break
		sleep 0.05
	done
	printf '%s\n' '[connection shop]' "url = host=$PWD/relay dbname=postgres user=shop sslmode=disable" >.config/mst/config
}

@test "1: a backend of the source that is killed in mid-stream fails the job" {
	start
	until_copies
	sh_ "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY (%'" >/dev/null
	ended 1
	[[ "$(said)" == "reading from shop: lost the connection to postgres at $SRC: "* ]] || { said && false; }
	nothing_happened
}

@test "1: a connection that ends cleanly in mid-stream fails the job" {
	relay 30000000 fin
	start
	ended 1
	[[ "$(said)" == 'reading from shop: '*'closed the connection unexpectedly'* ]] || { said && false; }
	nothing_happened
}

@test "1: a connection that ends cleanly between two rows, or behind the last of them, fails the job" {
	sh_ 'CREATE TABLE f.few AS SELECT i AS id FROM generate_series(1001, 3000) i'
	import t 'SELECT id FROM f.few'
	attempt() { # attempt BYTES
		rm -rf relay relay.total
		relay "$1" fin
		start
		wait "$pid" && rc=0 || rc=$?
		kill "$proxy"
		wait "$proxy" 2>/dev/null || :
	}
	attempt 100000000
	[ "$rc" = 0 ]
	for i in {1..50}; do [ ! -s relay.total ] || break; sleep 0.05; done
	total=$(cat relay.total)
	wh 'DROP TABLE raw.t; CREATE TABLE raw.t AS SELECT -1 AS old'
	# the server ends with "ready" (6 bytes), "COPY 2000" (15), the end of the copy (5), and rows of 10 bytes
	for less in 1 6 7 21 22 26 27 36 46 9000; do
		attempt $((total - less))
		[ "$rc" = 1 ] || { echo "$less bytes of $total were missing: $rc" && return 1; }
		nothing_happened
	done
}

@test "1: a server of the source that goes down in mid-stream fails the job" {
	start
	until_copies
	source_stop immediate
	ended 1
	source_start
	[[ "$(said)" == 'reading from shop: '* ]] || { said && false; }
	nothing_happened
}

@test "1: a reading that fails at the source in mid-stream fails the job, as the server words it" {
	sh_ 'CREATE VIEW f.late AS SELECT id, 1 / (399999 - id) AS q FROM f.t'
	import t 'SELECT * FROM f.late'
	start
	ended 1
	[ "$(said)" = 'reading from shop: division by zero' ] || { said && false; }
	nothing_happened
}

@test "2: a row that the warehouse refuses fails the job, and none of the others lands" {
	sh_ "CREATE TABLE f.big AS SELECT i AS id, CASE i WHEN 4321 THEN 99999 ELSE 1 END AS v FROM generate_series(1, 9999) i"
	wh 'DROP TABLE raw.t; CREATE TABLE raw.t (id int, v int CHECK (v < 10))'
	import t 'SELECT * FROM f.big' 'disposition: append'
	start
	ended 1
	[[ "$(said)" == *'violates check constraint'* ]] || { said && false; }
	[ "$(wh 'SELECT count(*) FROM raw.t')" = 0 ]
}

@test "Ctrl-C ends the reading and the writing" {
	start
	until_copies
	kill -INT $pid
	ended 130
	sleep 0.5
	nothing_happened
}

@test "2: kill -9: the source's backend ends too, and the watermark is not ahead of the rows" {
	import t 'SELECT * FROM f.t' 'incremental: {column: id, key: [id]}'
	start
	until_copies
	kill -9 $pid
	wait $pid || :
	local i
	for i in {1..100}; do
		[ "$(wh "SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' AND pid <> pg_backend_pid() AND backend_type = 'client backend'")" != 0 ] || break
		sleep 0.1
	done
	for i in {1..100}; do
		[ "$(sh_ "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY (%' AND state = 'active'")" != 0 ] || break
		sleep 0.1
	done
	nothing_happened
	run_ok s
	[ "$(rows)" = 400000 ]
	[ "$(watermark t)" = 400000 ]
	# the second load is killed between the rows and the commit
	sh_ 'INSERT INTO f.t SELECT i, $$new$$ FROM generate_series(400001, 800000) i'
	start
	until_copies
	kill -9 $pid
	wait $pid || :
	sleep 1
	[ "$(watermark t)" = 400000 ]
	run_ok s
	[ "$(wh 'SELECT count(*), count(DISTINCT id) FROM raw.t')" = '800000|800000' ]
	sh_ 'DELETE FROM f.t WHERE id > 400000'
}
