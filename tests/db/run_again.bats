#!/usr/bin/env bats
# What is made again, waits, or takes too long: attempts, time-outs, --retry, parked tables.
load ../cmd/helpers

setup_file() {
	home
	mst-db start 2>/dev/null
}
teardown_file() { home_stop; }
setup() { scratch; }

wh() { mst-db psql --warehouse -qAtX -v ON_ERROR_STOP=1 -c "$1"; }
st() { mst-db psql -qAtX -v ON_ERROR_STOP=1 -c "$1"; }
jobs() { mst-ps "${1:-last}" | jq -r '[.name, .state, .attempt] | join(" ")'; }
events() { jq -r 'select(.job) | [.event, .job, .state, .attempt] | map(tostring) | join(" ")' <<<"$output"; }
last() { mst-ps --limit 1 | jq -r "${1:-.id}"; }
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

# --- attempts ---------------------------------------------------------------------

@test "a failed attempt is made again after a while, other jobs go on meanwhile" {
	wh 'CREATE SCHEMA r'
	run --separate-stderr mst-run -j 1 <<'E'
{"type":"job","name":"r.shy","priority":9,"sql":"SELECT * FROM r.later","attrs":{"retries":3}}
{"type":"job","name":"r.below","after":["r.shy"],"sql":"SELECT * FROM r.shy"}
{"type":"job","name":"r.later","sql":"SELECT 1 AS n"}
E
	status 0
	# what begins is told at once, what ends when it is recorded
	[ "$(events)" = 'job_started r.shy running 1
job_started r.later running 1
job_retried r.shy ready 1
job_finished r.later succeeded 1
job_started r.shy running 2
job_finished r.shy succeeded 2
job_started r.below running 1
job_finished r.below succeeded 1' ]
	wait_us=$(jq 'select(.event == "job_retried").wait_us' <<<"$output")
	[ "$wait_us" -ge 500000 ] && [ "$wait_us" -le 1000000 ]
	[ "$(sed -E 's/in [0-9.]+ m?s/in T/' <<<"$stderr")" = \
		'mst-run: warning: r.shy: attempt 1 failed, again in T: relation "r.later" does not exist' ]
	[ "$(st "SELECT a.attempt, a.state, a.error->>'sqlstate' FROM mst.attempt a JOIN mst.job j ON j.run_id = a.run_id AND j.no = a.job
		WHERE j.name = 'r.shy' AND a.run_id = $(last) ORDER BY a.attempt")" = $'1|failed|42P01\n2|succeeded|' ]
}

@test "when all attempts have failed the job has; what is below is blocked once" {
	run --separate-stderr mst-run <<'E'
{"type":"job","name":"r.never","sql":"SELECT 1/0 AS n","attrs":{"retries":1}}
{"type":"job","name":"r.under","after":["r.never"],"sql":"SELECT 1 AS n"}
E
	status 1
	[ "$(events)" = 'job_started r.never running 1
job_retried r.never ready 1
job_started r.never running 2
job_finished r.never failed 2
job_blocked r.under blocked null' ]
	[ "$(jobs)" = $'r.never failed 2\nr.under blocked 0' ]
}

@test "--fail-fast counts the last attempt only" {
	run --separate-stderr mst-run -j 1 --fail-fast <<'E'
{"type":"job","name":"r.never","priority":5,"sql":"SELECT 1/0 AS n","attrs":{"retries":1}}
{"type":"job","name":"r.quick","priority":4,"sql":"SELECT 1 AS n"}
E
	status 1
	[ "$(jobs)" = $'r.never failed 2\nr.quick succeeded 1' ]
}

@test "Ctrl-C ends a back-off at once" {
	env --default-signal=INT "$MST_BIN/mst-run" >events 2>talk 3>&- \
		<<<'{"type":"job","name":"r.never","sql":"SELECT 1/0 AS n","attrs":{"retries":900}}' &
	pid=$!
	until_says 2 bash -c 'grep -c job_retried events'
	kill -INT $pid
	rc=0
	wait $pid || rc=$?
	[ $rc = 130 ]
	[ "$(jobs)" = 'r.never cancelled 2' ]
	[ "$(last .state)" = cancelled ]
}

@test "retries that are no number are refused before anything runs" {
	run --separate-stderr mst-run <<<'{"type":"job","name":"r.x","sql":"SELECT 1 AS n","attrs":{"retries":"often"}}'
	status 3
	complains "mst-run: r.x: 'retries' is a whole number from 0 to 1000"
}

# --- time-outs ---------------------------------------------------------------------

@test "an attempt that takes too long is stopped on the server and fails" {
	run --separate-stderr mst-run <<<'{"type":"job","name":"r.long","sql":"SELECT pg_sleep(60)::text AS x","attrs":{"timeout":"300ms"}}'
	status 1
	[ "$(jq -c 'select(.event == "job_finished") | [.state, .error.code, .error.message]' <<<"$output")" = \
		'["failed","timeout","the attempt took longer than 300 ms"]' ]
	[ "$(jq 'select(.event == "job_finished").duration_us < 5000000' <<<"$output")" = true ]
	[ "$(wh "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60%' AND state = 'active' AND pid <> pg_backend_pid()")" = 0 ]
}

@test "so is a command that hangs, and the worker goes on with other jobs" {
	run --separate-stderr mst-run -j 1 <<'E'
{"type":"job","name":"r.hang","priority":2,"kind":"import","attrs":{"columns":["a"],"command":"sleep 7654","timeout":"300ms","retries":1}}
{"type":"job","name":"r.next","sql":"SELECT 1 AS n"}
E
	status 1
	[ "$(jobs)" = $'r.hang failed 2\nr.next succeeded 1' ]
	[ "$(jq -r 'select(.event == "job_finished" and .job == "r.hang").error.message' <<<"$output")" = 'the attempt took longer than 300 ms' ]
	run ! pgrep -xf 'sleep 7654'
}

# --- --retry ------------------------------------------------------------------------

@test "--retry makes what did not succeed, with the text of then" {
	mkdir -p s/a
	printf -- '-- mst: dialect: postgres\nSELECT 1 AS n\n' >s/a/good.sql
	printf -- '-- mst: dialect: postgres\nSELECT k AS n FROM a.missing\n' >s/a/bad.sql
	printf -- '-- mst: dialect: postgres\nSELECT n FROM a.bad\n' >s/a/last.sql
	run -1 --separate-stderr mst-run s
	id=$(last)
	echo 'SELECT 99 AS n' >s/a/bad.sql
	rm s/a/last.sql
	wh 'CREATE TABLE a.missing AS SELECT 5 AS k'
	run --separate-stderr mst-run --retry last
	status 0
	[ "$(events)" = 'job_started a.bad running 2
job_finished a.bad succeeded 2
job_started a.last running 1
job_finished a.last succeeded 1' ]
	[ "$(jq -c 'select(.event == "run_started") | [.run, .jobs, .again]' <<<"$output")" = "[$id,3,true]" ]
	[ "$(jq -c 'select(.event == "run_finished") | [.run, .jobs, .succeeded, .failed]' <<<"$output")" = "[$id,3,3,0]" ]
	[ "$(wh 'SELECT n FROM a.last')" = 5 ]
	[ "$(jobs "$id")" = 'a.bad succeeded 2
a.good succeeded 1
a.last succeeded 1' ]
	[ "$(last .state)" = succeeded ]
}

@test "--retry of a run that has succeeded does nothing, and says so" {
	mst-run <<<'{"type":"job","name":"r.done","sql":"SELECT 1 AS n"}' >/dev/null
	id=$(last)
	before=$(st "SELECT finished_at FROM mst.run WHERE id = $id")
	run --separate-stderr mst-run --retry "$id"
	status 0
	[ "$output" = '' ]
	complains "mst-run: warning: run $id has succeeded: there is nothing left to do"
	[ "$(st "SELECT finished_at FROM mst.run WHERE id = $id")" = "$before" ]
}

@test "--retry of a run under way is refused, of none too" {
	"$MST_BIN/mst-run" <<<'{"type":"job","name":"r.slow","sql":"SELECT pg_sleep(3)::text AS x"}' >/dev/null 3>&- &
	until_says 1 wh "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3)%' AND state = 'active' AND pid <> pg_backend_pid()"
	run --separate-stderr mst-run --retry last
	status 1
	[[ $stderr == *"run $(last) is under way"* ]]
	wait
	[ "$(last .state)" = succeeded ]
	run --separate-stderr mst-run --retry 99999
	status 1
	run --separate-stderr mst-run --retry last --select x
	status 2
	complains 'mst-run: --retry and --select do not go together
  a run that goes on has the jobs, the name and the labels that it was begun with'
	run --separate-stderr mst-run --current
	status 2
}

@test "--retry of a run whose mst-run was killed, while that one's server still works" {
	"$MST_BIN/mst-run" <<'E' >/dev/null 3>&- &
{"type":"job","name":"r.killed","sql":"SELECT pg_sleep(1)::text AS x","attrs":{"disposition":"append"}}
E
	pid=$!
	until_says 1 wh "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(1)%' AND state = 'active' AND pid <> pg_backend_pid()"
	kill -9 $pid
	run --separate-stderr mst-run --retry last
	status 0
	[ "$(jobs)" = 'r.killed succeeded 2' ]
	[ "$(wh 'SELECT count(*) FROM r.killed')" = 1 ]
	[ "$(wh "SELECT count(*) FROM pg_class WHERE relname LIKE '%mst_new%'")" = 0 ]
}

@test "a retry that fails again can be retried again; order that is only carried stays" {
	wh 'CREATE SCHEMA IF NOT EXISTS r'
	run -1 --separate-stderr mst-run <<'E'
{"type":"job","name":"r.one","sql":"SELECT * FROM r.wanted"}
{"type":"job","name":"r.carried","run":false,"after":["r.one"]}
{"type":"job","name":"r.two","after":["r.carried"],"sql":"SELECT * FROM r.one"}
E
	run -1 --separate-stderr mst-run --retry last
	[ "$(jobs)" = $'r.one failed 2\nr.carried blocked 0\nr.two blocked 0' ]
	wh 'CREATE TABLE r.wanted AS SELECT 1 AS n'
	run -0 --separate-stderr mst-run --retry last
	[ "$(jobs)" = $'r.one succeeded 3\nr.carried skipped 0\nr.two succeeded 1' ]
}

@test "a retry that cannot begin leaves the run failed, not under way" {
	run -1 --separate-stderr mst-run <<<'{"type":"job","name":"r.fails","sql":"SELECT 1/0 AS n"}'
	MST_WAREHOUSE='host=/nowhere dbname=x' run --separate-stderr mst-run --retry last
	status 4
	[ "$(last .state)" = failed ]
	[ "$(jobs)" = 'r.fails cancelled 1' ]
	run -1 --separate-stderr mst-run --retry last
	[ "$(jobs)" = 'r.fails failed 2' ]
}

@test "--retry --current: the text of now, as the catalogue has it; what is gone there is named" {
	mkdir -p s/c
	printf -- '-- mst: dialect: postgres\nSELECT 1 AS n\n' >s/c/first.sql
	printf -- '-- mst: dialect: postgres\nSELECT missing AS n FROM c.first\n' >s/c/second.sql
	printf -- '-- mst: dialect: postgres\nSELECT n FROM c.second\n' >s/c/third.sql
	mst-table import s >/dev/null
	run -1 --separate-stderr mst-run --catalogue
	printf -- '-- mst: dialect: postgres\nSELECT n + 40 AS n FROM c.first\n' >s/c/second.sql
	mst-table import s >/dev/null
	run -1 --separate-stderr mst-run --retry last
	[ "$(jobs)" = $'c.first succeeded 1\nc.second failed 2\nc.third blocked 0' ]
	run -0 --separate-stderr mst-run --retry last --current
	[ "$(jobs)" = $'c.first succeeded 1\nc.second succeeded 3\nc.third succeeded 1' ]
	[ "$(wh 'SELECT n FROM c.third')" = 41 ]
	[ "$(st "SELECT sql FROM mst.job WHERE run_id = $(last) AND name = 'c.second'")" = \
		$'-- mst: dialect: postgres\nSELECT n + 40 AS n FROM c.first' ]
	# a table that the catalogue does not hold any more
	printf -- '-- mst: dialect: postgres\nSELECT 1/0 AS n\n' >s/c/second.sql
	mst-table import s >/dev/null
	run -1 --separate-stderr mst-run --catalogue
	mst-table rm c.second >/dev/null
	run --separate-stderr mst-run --retry last --current
	status 1
	complains 'mst-run: the catalogue does not hold c.second
  without --current the run goes on with the text that it was begun with'
	[ "$(last .state)" = failed ]
}

@test "tests that fail are told of, those that only warn in the end, too" {
	run --separate-stderr mst-run <<'E'
{"type":"job","name":"t.warns","sql":"SELECT 1 AS n","attrs":{"tests":[{"rows":{"min":2},"severity":"warn"},{"unique":["n"]}]}}
{"type":"job","name":"t.fails","sql":"SELECT 1 AS n","attrs":{"tests":[{"rows":{"min":2}},{"unique":["n"]}]}}
E
	status 1
	[ "$(jq -c 'select(.event == "test") | [.job, .attempt, .name, .severity, .message]' <<<"$output" | sort)" = \
		'["t.fails",1,"rows","error","1 rows, fewer than 2"]
["t.warns",1,"rows","warn","1 rows, fewer than 2"]' ]
	[ "$(jq -c 'select(.event == "job_finished") | [.job, (.tests | map(.state))]' <<<"$output" | sort)" = \
		'["t.fails",["failed","passed"]]
["t.warns",["failed","passed"]]' ]
	grep -qxF "mst-run: warning: t.warns: test 'rows': 1 rows, fewer than 2" <<<"$stderr"
	grep -qxF "mst-run: run $(last) failed: 1 succeeded, 1 failed, 1 test warned" <<<"$stderr"
}

# --- what waits for somebody else ----------------------------------------------------

parked='{"type":"job","name":"x.given","kind":"external","attrs":{"wait":"WAIT"}}
{"type":"job","name":"x.reads","after":["x.given"],"sql":"SELECT n FROM x.given"}
{"type":"job","name":"x.other","sql":"SELECT 1 AS n"}'

@test "an external table with a wait parks its job; a word about it wakes it" {
	wh 'CREATE SCHEMA x; CREATE TABLE x.given AS SELECT 3 AS n'
	"$MST_BIN/mst-run" -j 1 <<<"${parked/WAIT/1h}" >events 2>talk 3>&- &
	pid=$!
	until_says 'x.given parked 1
x.reads waiting 0
x.other succeeded 1' jobs
	[ "$(jq -c 'select(.event == "job_parked") | [.job, .state, .attempt, .wait_us]' events)" = '["x.given","parked",1,3600000000]' ]
	[ "$(st "SELECT mst.wake('x.given')")" = 1 ]
	wait $pid
	[ "$(jobs)" = $'x.given succeeded 1\nx.reads succeeded 1\nx.other succeeded 1' ]
	[ "$(wh 'SELECT n FROM x.reads')" = 3 ]
}

@test "mst-table load brings the rows and wakes the run" {
	mkdir -p s/y
	printf -- '-- mst: kind: external\n-- mst: wait: 1h\n-- mst: columns: {n: int}\n' >s/y/given.sql
	printf -- '-- mst: dialect: postgres\nSELECT sum(n) AS n FROM y.given\n' >s/y/reads.sql
	mst-table import s >/dev/null
	"$MST_BIN/mst-run" --catalogue --select y.given+ >events 2>talk 3>&- &
	pid=$!
	until_says $'y.given parked 1\ny.reads waiting 0' jobs
	printf '20\n22\n' | mst-table load y.given - >loaded
	[ "$(jq -c '[.rows, .woken]' loaded)" = '[2,1]' ]
	wait $pid
	[ "$(jobs)" = $'y.given succeeded 1\ny.reads succeeded 1' ]
	[ "$(wh 'SELECT n FROM y.reads')" = 42 ]
}

@test "a load that comes before the job waits for it counts, as one does that comes before --retry" {
	mkdir -p s/z
	printf -- '-- mst: kind: external\n-- mst: wait: 1s\n-- mst: columns: {n: int}\n' >s/z/given.sql
	mst-table import s >/dev/null
	wh 'CREATE SCHEMA z'
	two='{"type":"job","name":"z.first","sql":"SELECT 1 AS n, pg_sleep(2)::text AS x"}
{"type":"job","name":"z.given","kind":"external","attrs":{"wait":"1s"},"after":["z.first"]}'
	"$MST_BIN/mst-run" <<<"$two" >events 2>talk 3>&- &
	pid=$!
	until_says $'z.first running 1\nz.given waiting 0' jobs
	mst-table load z.given - <<<7 >loaded
	[ "$(jq -c .woken loaded)" = 0 ]
	wait $pid
	[ "$(jobs)" = $'z.first succeeded 1\nz.given succeeded 1' ]
	run -1 mst-run <<<"$two"
	[ "$(jobs)" = $'z.first succeeded 1\nz.given failed 1' ]
	mst-table load z.given - <<<8 >loaded
	run -0 mst-run --retry last
	[ "$(jobs)" = $'z.first succeeded 1\nz.given succeeded 2' ]
}

@test "when nobody brings the rows in time the job fails, what is below is blocked, the rest goes on" {
	wh 'CREATE SCHEMA IF NOT EXISTS x; CREATE TABLE IF NOT EXISTS x.given AS SELECT 3 AS n' 2>/dev/null
	run --separate-stderr mst-run <<<"${parked/WAIT/4s}"
	status 1
	[ "$(jobs)" = $'x.given failed 1\nx.reads blocked 0\nx.other succeeded 1' ]
	[ "$(jq -c 'select(.event == "job_finished" and .job == "x.given").error | [.code, .message]' <<<"$output")" = \
		'["timeout","nobody loaded it within 4.0 s"]' ]
	# and may be waited for again
	"$MST_BIN/mst-run" --retry last >events 2>talk 3>&- &
	until_says 'x.given parked 2' bash -c 'mst-ps last | jq -r "select(.name == \"x.given\") | [.name, .state, .attempt] | join(\" \")"'
	st "SELECT mst.wake('x.given')"
	wait $!
	[ "$(last .state)" = succeeded ]
}

@test "Ctrl-C ends a wait" {
	env --default-signal=INT "$MST_BIN/mst-run" <<<"${parked/WAIT/1h}" >events 2>talk 3>&- &
	pid=$!
	until_says 'x.given parked 1
x.reads waiting 0
x.other succeeded 1' jobs
	kill -INT $pid
	rc=0
	wait $pid || rc=$?
	[ $rc = 130 ]
	[ "$(jobs | head -1)" = 'x.given cancelled 1' ]
}

# --- whose run it is, what it said ---------------------------------------------------

@test "labels are recorded; a word that is none is refused" {
	run -0 mst-run --label env=prod --label 'of=a "b" c=d' <<<'{"type":"job","name":"r.l","sql":"SELECT 1 AS n"}'
	[ "$(st "SELECT labels FROM mst.run WHERE id = $(last)" | jq -cS .)" = '{"env":"prod","of":"a \"b\" c=d"}' ]
	run --separate-stderr mst-run --label nothing </dev/null
	status 2
	complains "mst-run: a label is KEY=VALUE, 'nothing' is none"
	run --separate-stderr mst-run --label a=1 --label a=2 </dev/null
	status 2
	complains "mst-run: the label 'a' is given twice"
}

@test "what the server and a command say stands in the log of the job" {
	run -0 mst-run <<'E'
{"type":"job","name":"r.talks","kind":"script","sql":"DO $$ BEGIN RAISE NOTICE 'half of it'; RAISE WARNING 'careful'; END $$"}
{"type":"job","name":"r.mutters","kind":"import","attrs":{"columns":["a"],"command":"echo first >&2; echo 1; printf '\\377 last' >&2"}}
E
	[ "$(st "SELECT j.name, l.attempt, l.stream, l.text FROM mst.log l JOIN mst.job j ON j.run_id = l.run_id AND j.no = l.job
		WHERE l.run_id = $(last) ORDER BY j.no, l.id")" = 'r.talks|1|notice|NOTICE: half of it
r.talks|1|notice|WARNING: careful
r.mutters|1|stderr|first
r.mutters|1|stderr|� last' ]
}

@test "the processor time of an attempt is recorded: the server's, and that of commands" {
	run -0 --separate-stderr mst-run <<'E'
{"type":"job","name":"r.busy","sql":"SELECT count(*) AS n FROM generate_series(1, 2000000) g WHERE md5(g::text) < 'a'"}
{"type":"job","name":"r.shell","kind":"import","attrs":{"columns":["a"],"command":"i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo $i"}}
{"type":"job","name":"r.sleeps","sql":"SELECT pg_sleep(0.5)::text AS x"}
E
	[ "$(jq -c 'select(.event == "job_finished") | [.job, .cpu_us > 100000]' <<<"$output" | sort | paste -sd' ')" = \
		'["r.busy",true] ["r.shell",true] ["r.sleeps",false]' ]
	[ "$(st "SELECT count(*) FROM mst.attempt WHERE run_id = $(last) AND cpu_us > 0")" = 3 ]
}

@test "the run belongs to its team; one that is not there is refused" {
	mst-team put sales >/dev/null
	MST_TEAM=sales run -0 mst-run <<<'{"type":"job","name":"r.team","sql":"SELECT 1 AS n"}'
	[ "$(st "SELECT team FROM mst.run WHERE id = $(last)")" = sales ]
	[ "$(mst-ps --limit 1 | jq -r .team)" = sales ]
	run --separate-stderr mst-run --team nobodys <<<'{"type":"job","name":"r.team","sql":"SELECT 1 AS n"}'
	status 1
	[[ $stderr == *nobodys* ]]
}

@test "--no-wait, or when_busy: fail, does not wait for another run that writes the table" {
	"$MST_BIN/mst-run" <<<'{"type":"job","name":"r.both","sql":"SELECT pg_sleep(4)::text AS x"}' >/dev/null 3>&- &
	until_says 1 wh "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(4)%' AND state = 'active' AND pid <> pg_backend_pid()"
	run --separate-stderr mst-run --no-wait <<<'{"type":"job","name":"r.both","sql":"SELECT 1 AS n"}'
	status 1
	[[ $(jq -r 'select(.event == "job_finished").error | .code + ": " + .message' <<<"$output") == 'conflict: "r"."both" is being written by mst-run '* ]]
	run --separate-stderr mst-run <<<'{"type":"job","name":"r.both","sql":"SELECT 1 AS n","attrs":{"when_busy":"fail"}}'
	status 1
	run -0 --separate-stderr mst-run <<<'{"type":"job","name":"r.both","sql":"SELECT 1 AS n"}'
	wait
	[ "$(wh 'SELECT n FROM r.both')" = 1 ]
}

@test "where mst_effect cannot be made a warning says so, once for each connection" {
	st 'CREATE DATABASE narrow'
	st 'GRANT CREATE ON DATABASE narrow TO warehouse'
	mkdir -p .config/mst
	where=$(st "SELECT 'host=' || current_setting('unix_socket_directories') || ' port=' || current_setting('port')")
	printf '[connection narrow]\nurl = %s dbname=narrow user=warehouse\n' "$where" >.config/mst/config
	run --separate-stderr mst-run -j 1 <<'E'
{"type":"job","name":"n.one","sql":"SELECT 1 AS n","attrs":{"connection":"narrow"}}
{"type":"job","name":"n.two","sql":"SELECT 1 AS n","attrs":{"connection":"narrow"}}
E
	status 0
	complains "mst-run: warning: effects are at-least-once on connection 'narrow': cannot create mst_effect"
	[ "$(jq -c 'select(.event == "job_finished").at_least_once' <<<"$output")" = $'true\ntrue' ]
}
