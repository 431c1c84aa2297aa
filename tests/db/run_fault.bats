#!/usr/bin/env bats
# What a run leaves behind when something dies: mst-run, a backend, the server, the user's patience.
load ../cmd/helpers

setup_file() {
	home
	mst-db start 2>/dev/null
}
teardown_file() { home_stop; }
setup() { scratch; }

wh() { mst-db psql --warehouse -qAtX -v ON_ERROR_STOP=1 -c "$1"; }
st() { mst-db psql -qAtX -v ON_ERROR_STOP=1 -c "$1"; }
# waits up to ten seconds until a command says what is expected
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
sleepers() { wh "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3%' AND state = 'active' AND pid <> pg_backend_pid()"; }
slow='{"type":"job","name":"demo.slow","sql":"SELECT 1 AS n, pg_sleep(30)::text AS x"}'
start() { # start LINES: mst-run in the background, as itself; its events in ./events
	printf '%s\n' "$1" >lines.jsonl
	# a shell starts what runs in the background deaf to Ctrl-C
	env --default-signal=INT "$MST_BIN/mst-run" <lines.jsonl >events 2>talk 3>&- &
	pid=$!
}
ended() { # ended STATUS: mst-run ends within twenty seconds, so
	local i rc=0
	for i in {1..200}; do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	kill -9 "$pid" 2>/dev/null && echo 'it hung'
	wait "$pid" || rc=$?
	[ "$rc" = "$1" ] || { echo "exit status $rc, expected $1" && cat talk && return 1; }
}

@test "Ctrl-C cancels the statements on the server, leaves nothing half, exits 130" {
	wh 'CREATE SCHEMA IF NOT EXISTS demo; CREATE TABLE demo.slow AS SELECT 0 AS n'
	start "$slow"
	until_says 1 sleepers
	kill -INT $pid
	ended 130
	[ "$(sleepers)" = 0 ]
	[ "$(tail -1 events | jq -c '[.event, .state, .cancelled]')" = '["run_finished","cancelled",1]' ]
	[ "$(tail -1 talk)" = "mst-run: warning: run $(jq -r .run events | tail -1) was interrupted: 1 cancelled" ]
	[ "$(mst-ps --limit 1 | jq -c '[.state, .error]')" = '["cancelled","interrupted"]' ]
	[ "$(mst-ps last | jq -r .state)" = cancelled ]
	[ "$(wh "SELECT n FROM demo.slow")" = 0 ]
	[ "$(wh "SELECT count(*) FROM pg_class WHERE relname LIKE '%mst_new%'")" = 0 ]
}

@test "SIGTERM does the same and exits 143" {
	start "$slow"
	until_says 1 sleepers
	kill -TERM $pid
	ended 143
	[ "$(sleepers)" = 0 ]
}

@test "Ctrl-C kills a command that hangs, and what it started" {
	start '{"type":"job","name":"demo.hang","kind":"import","attrs":{"columns":["a"],"command":"sleep 77777 | cat"}}'
	until_says 1 bash -c 'pgrep -cx -f "sleep 77777"'
	kill -INT $pid
	ended 130
	until_says 0 bash -c 'pgrep -cx -f "sleep 77777"'
}

@test "kill -9 takes a silent command along, and what it started" {
	start '{"type":"job","name":"demo.hang","kind":"import","attrs":{"columns":["a"],"command":"sleep 77778 | cat"}}'
	until_says 1 bash -c 'pgrep -cx -f "sleep 77778"'
	kill -9 $pid
	wait $pid || :
	until_says 0 bash -c 'pgrep -cx -f "sleep 77778"'
}

@test "kill -9: nothing half stays, the run is failed for its owner is lost" {
	wh 'DROP TABLE IF EXISTS demo.slow; CREATE SCHEMA IF NOT EXISTS demo'
	start "$(printf '%s\n' '{"type":"job","name":"demo.slow","sql":"SELECT 1 AS n, pg_sleep(300)::text AS x"}' \
		'{"type":"job","name":"demo.after","after":["demo.slow"],"sql":"SELECT 1 AS x"}')"
	until_says 1 sleepers
	[ "$(mst-ps --limit 1 | jq -r .state)" = running ]
	kill -9 $pid
	wait $pid || :
	until_says failed bash -c 'mst-ps --limit 1 | jq -r .state'
	[ "$(mst-ps --limit 1 | jq -r .error)" = 'owner lost: its mst-run ended without a word' ]
	[ "$(mst-ps last | jq -r '.name + " " + .state')" = 'demo.slow failed
demo.after cancelled' ]
	# the server looks after its clients every five seconds
	until_says 0 sleepers
	[ "$(wh "SELECT to_regclass('demo.slow') IS NULL, to_regclass('demo.slow__mst_new') IS NULL")" = 't|t' ]
	# and the next run works
	run --separate-stderr mst-run <<<'{"type":"job","name":"demo.slow","sql":"SELECT 1 AS n"}'
	status 0
}

@test "a run that is at work is not taken for lost" {
	start '{"type":"job","name":"demo.mine","sql":"SELECT pg_sleep(3)::text AS x"}'
	until_says 1 sleepers
	mst-ps >/dev/null
	mst-run </dev/null
	[ "$(st "SELECT state FROM mst.run WHERE pid = $pid")" = running ]
	ended 0
	[ "$(st "SELECT state FROM mst.run WHERE pid = $pid")" = succeeded ]
}

@test "a warehouse connection that is lost fails its job, not the others" {
	start "$(printf '%s\n' "$slow" '{"type":"job","name":"demo.other","after":[],"sql":"SELECT 1 AS x"}' \
		'{"type":"job","name":"demo.below","after":["demo.slow"],"sql":"SELECT 1 AS x"}')"
	until_says 1 sleepers
	wh "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3%' AND state = 'active' AND pid <> pg_backend_pid()"
	ended 1
	[ "$(mst-ps last | jq -r '.name + " " + .state')" = 'demo.slow failed
demo.other succeeded
demo.below blocked' ]
	[ "$(mst-ps last | jq -r 'select(.name == "demo.slow").error.code')" = unavailable ]
}

@test "more workers than the server takes: those that get a connection do all the work" {
	st 'ALTER DATABASE warehouse CONNECTION LIMIT 3'
	for i in $(seq 30); do
		echo "{\"type\":\"job\",\"name\":\"q.t$i\",\"sql\":\"SELECT 1 AS x FROM pg_sleep(0.02)\"}"
		[ $((i % 3)) != 0 ] || echo "{\"type\":\"job\",\"name\":\"q.s$i\",\"kind\":\"script\",\"sql\":\"SELECT 1\"}"
	done >jobs
	run --separate-stderr timeout 60 mst-run -j 20 <jobs
	st 'ALTER DATABASE warehouse CONNECTION LIMIT -1'
	status 0
	[ "$(jq -c 'select(.event == "run_finished") | [.jobs, .succeeded]' <<<"$output")" = '[40,40]' ]
	complains ''
}

@test "the state database lost in mid-run: exit 4, no hang, statements stopped" {
	start "$slow"
	until_says 1 sleepers
	st "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'mst' AND application_name = 'mst-run' AND pid <> pg_backend_pid()"
	ended 4
	[[ $(cat talk) == 'mst-run: the state database was lost in run '* ]]
	until_says 0 sleepers
	until_says failed bash -c 'mst-ps --limit 1 | jq -r .state'
}

@test "kill -9 of the server: exit 4, and the next run starts it again" {
	start "$slow"
	until_says 1 sleepers
	kill -9 "$(head -1 "$MST_HOME/data/postmaster.pid")"
	ended 4
	until_says failed bash -c 'mst-ps --limit 1 | jq -r .state'
	[ "$(mst-ps last | jq -r .state)" = failed ]
	run --separate-stderr mst-run <<<'{"type":"job","name":"demo.slow","sql":"SELECT 1 AS n"}'
	status 0
}

@test "two runs that write one table: the second waits for the first" {
	start '{"type":"job","name":"demo.two","sql":"SELECT 1 AS n, pg_sleep(3)::text AS x"}'
	first=$pid
	until_says 1 sleepers
	run --separate-stderr mst-run <<<'{"type":"job","name":"demo.two","sql":"SELECT 2 AS n"}'
	status 0
	run ! kill -0 "$first"
	wait $first
	[ "$(wh 'SELECT n FROM demo.two')" = 2 ]
}

@test "readers, also through views, never see a missing or a half table" {
	one() { printf '{"type":"job","name":"demo.swap","sql":"SELECT %d AS k FROM generate_series(1, 1000)"}\n' "$1"; }
	one 0 | mst-run
	wh 'CREATE VIEW demo.swap_v AS SELECT k FROM demo.swap; CREATE VIEW demo.swap_w AS SELECT k FROM demo.swap_v'
	for what in swap swap_v swap_w; do
		{
			while [ ! -e stop ]; do
				echo "SELECT count(*), count(DISTINCT k) FROM demo.$what;"
			done | mst-db psql --warehouse -qAtX >"$what.out" 2>&1 3>&-
		} &
	done
	for i in {1..15}; do one "$i" | mst-run; done
	touch stop
	wait
	for what in swap swap_v swap_w; do
		[ "$(sort -u "$what.out")" = '1000|1' ]
		[ "$(wc -l <"$what.out")" -gt 50 ]
	done
	[ "$(wh 'SELECT DISTINCT k FROM demo.swap_w')" = 15 ]
}

@test "a reader who holds the table delays the swap and no other reader" {
	echo '{"type":"job","name":"demo.held","sql":"SELECT 1 AS n"}' | mst-run
	(echo 'BEGIN; SELECT n FROM demo.held; SELECT pg_sleep(4);' | mst-db psql --warehouse -qAtX >/dev/null 3>&-) &
	until_says 1 wh "SELECT count(*) FROM pg_locks WHERE relation = 'demo.held'::regclass"
	start '{"type":"job","name":"demo.held","sql":"SELECT 2 AS n"}'
	for _ in {1..5}; do
		run timeout 3 mst-db psql --warehouse -qAtX -c 'SELECT n FROM demo.held'
		status 0
		sleep 0.2
	done
	wait
	[ "$(wh 'TABLE demo.held')" = 2 ]
}

@test "a full temporary folder fails the import and says so" {
	[ "$(id -u)" = 0 ] || skip 'a small file system wants root'
	mkdir small
	mount -t tmpfs -o size=64k none small 2>/dev/null || skip 'no tmpfs here'
	TMPDIR=$PWD/small run --separate-stderr mst-run <<<'{"type":"job","name":"demo.full","kind":"import","attrs":{"columns":["a"],"command":"seq 100000"}}'
	umount small
	status 1
	[[ $(jq -r 'select(.event == "job_finished").error.message' <<<"$output") == *'No space left on device' ]]
}

@test "the reader of the events goes away: the run is stopped and recorded" {
	run bash -c "printf '%s\n' '$slow' | timeout 20 mst-run | head -1"
	[ "$(jq -r .event <<<"${lines[0]}")" = run_started ]
	until_says 0 sleepers
	[ "$(mst-ps --limit 1 | jq -r .state)" != running ]
}
