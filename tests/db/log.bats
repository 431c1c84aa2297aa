#!/usr/bin/env bats
# mst-log, and mst-ps --wait, --label, --usage: what is seen of runs while they go on and afterwards.
# shellcheck disable=SC2016  # dollars are jq's
load ../cmd/helpers

setup_file() {
	home
	mst-db start 2>/dev/null
}
teardown_file() { home_stop; }
setup() { scratch; }

st() { mst-db psql -qAtX -v ON_ERROR_STOP=1 -c "$1"; }
until_says() { # until_says EXPECTED CMD...
	local want=$1
	shift
	for _ in {1..200}; do
		[ "$("$@" 2>/dev/null)" = "$want" ] && return
		sleep 0.1
	done
	echo "never said $want: $*, but $("$@" 2>&1)"
	return 1
}
# a run that goes on until its gate is opened; its number in $id
begin() { # begin NAME
	printf '%s\n' '{"type":"job","name":"'"$1"'.first","kind":"import","attrs":{"columns":["a"],"command":"echo 1; echo one more >&2"}}' \
		'{"type":"job","name":"'"$1"'.held","after":["'"$1"'.first"],"kind":"import","attrs":{"columns":["a"],"command":"until [ -e gate ]; do sleep 0.05; done; echo 1"}}' \
		'{"type":"job","name":"'"$1"'.last","after":["'"$1"'.held"],"sql":"SELECT 1 AS x FROM pg_sleep(0.5)"}' >lines.jsonl
	"$MST_BIN/mst-run" <lines.jsonl >events 2>talk 3>&- &
	runner=$!
	until_says running bash -c "mst-ps last | jq -r 'select(.name == \"$1.held\").state'"
	id=$(mst-ps -l 1 | jq .id)
}

@test "what happened and what jobs said stands in the order of time" {
	run mst-run <<'E'
{"type":"job","name":"l.i","kind":"import","attrs":{"columns":["a"],"command":"echo 1; echo said >&2"}}
{"type":"job","name":"l.bad","after":["l.i"],"sql":"SELECT nope"}
{"type":"job","name":"l.below","after":["l.bad"],"sql":"SELECT 1 AS x"}
E
	status 1
	run --separate-stderr mst-log last
	status 0
	[ "$(json 'select(.stream != "notice") | [.type, .event, .job, .attempt, .state, .text]')" = '["event","run_started",null,null,"running",null]
["event","job_started","l.i",1,"running",null]
["log",null,"l.i",1,null,"said"]
["event","job_finished","l.i",1,"succeeded",null]
["event","job_started","l.bad",1,"running",null]
["event","job_finished","l.bad",1,"failed",null]
["event","job_blocked","l.below",null,"blocked",null]
["event","run_finished",null,null,"failed",null]' ]
	[ "$(jq -r 'select(.job == "l.bad").error.message // empty' <<<"$output")" = 'column "nope" does not exist' ]
	[ "$(jq -r .user <<<"$output" | sort -u)" = "$(printf 'mst\nnull')" ]
	run mst-log --table last
	status 0
	output=$(sed -E 's/^[0-9-]+ [0-9:.]+  //; s/[0-9.]+ (m?s|us)\b/T/; /NOTICE/d' <<<"$output")
	n=$(mst-ps -l 1 | jq .id)
	says "run $n  started, 3 jobs, by mst
l.i  started
l.i  | said
l.i  succeeded, 1 row, T
l.bad  started
l.bad  failed, T: column \"nope\" does not exist
l.below  blocked
run $n  failed, 3 jobs, 1 succeeded, 1 failed, T"
}

@test "one job is RUN/JOB, or the name of the table: the latest" {
	mst-run <<<'{"type":"job","name":"l.one","sql":"SELECT 1 AS x"}' >/dev/null
	mst-run <<<'{"type":"job","name":"l.two","sql":"SELECT 1 AS x"}' >/dev/null
	n=$(mst-ps -l 1 | jq .id)
	run --separate-stderr mst-log l.one
	[ "$(json 'select(.event) | [.event, .run]')" = '["job_started",'$((n - 1))']
["job_finished",'$((n - 1))']' ]
	run --separate-stderr mst-log "$n/l.two"
	[ "$(json 'select(.event) | [.event, .run]')" = '["job_started",'$n']
["job_finished",'$n']' ]
	run --separate-stderr mst-log last/l.one
	status 1
	complains "mst-log: run $n has no job l.one"
	run --separate-stderr mst-log l.none
	status 1
	complains 'mst-log: no run has made l.none yet
  mst-ps lists the runs, mst-ps RUN its jobs'
	run --separate-stderr mst-log
	status 2
	complains 'mst-log: whose log?
  mst-log RUN, mst-log TABLE, or mst-log --events'
	run --separate-stderr mst-log --events --since yesterday
	status 2
	complains 'mst-log: --since yesterday is neither a time nor a duration
  for example 2d, 90m, 2026-11-22 or 2026-11-22T09:30:00Z'
}

@test "-f goes on to the end of the run" {
	begin f
	mst-log -f "$id" >followed 3>&- &
	follower=$!
	until_says 1 grep -c '"stream":"stderr"' followed
	kill -0 $follower
	touch gate
	wait $runner
	wait $follower
	[ "$(tail -n 1 followed | jq -r '.event + " " + .state')" = 'run_finished succeeded' ]
	[ "$(grep -c '"type":"event"' followed)" = 8 ]
	diff <(sort followed) <(mst-log "$id" | sort)
}

@test "--events -f tells of all runs from now on, until it is interrupted" {
	mst-run <<<'{"type":"job","name":"l.before","sql":"SELECT 1 AS x"}' >/dev/null
	env --default-signal=INT "$MST_BIN/mst-log" --events -f >all 3>&- &
	follower=$!
	until_says 1 st "SELECT least(count(*), 1) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted"
	for i in 1 2 3; do
		mst-run <<<'{"type":"job","name":"l.x'$i'","sql":"SELECT 1 AS x"}' >/dev/null 3>&- &
	done
	wait %- 2>/dev/null || :
	until_says 3 grep -c run_finished all
	mst-team put log_team >/dev/null
	until_says 1 grep -c '"event":"team_put"' all
	kill -INT $follower
	rc=0
	wait $follower || rc=$?
	[ $rc = 130 ]
	[ "$(jq -r 'select(.event == "job_finished").job' all | sort | paste -sd ' ')" = 'l.x1 l.x2 l.x3' ]
	[ "$(jq -c 'select(.event == "team_put") | [.user, .data.team]' all)" = '["mst","log_team"]' ]
}

@test "an event that is committed after one with a higher number is told all the same" {
	mst-log --events -f >all 3>&- &
	follower=$!
	until_says 1 st "SELECT least(count(*), 1) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted"
	st "BEGIN; SELECT mst.event_add('thing_slow', '{}', 'x', NULL); SELECT pg_sleep(1.5); COMMIT" >/dev/null 3>&- &
	sleep 0.5
	st "SELECT mst.event_add('thing_quick', '{}', 'x', NULL)" >/dev/null
	until_says 1 grep -c thing_quick all
	until_says 1 grep -c thing_slow all
	[ "$(jq -r .event all | tail -n 2 | paste -sd ' ')" = 'thing_quick thing_slow' ]
	kill $follower
	wait $follower 2>/dev/null || :
}

@test "--since: a time or how long ago" {
	st "INSERT INTO mst.event (at, kind, owner) VALUES ('2001-02-03', 'thing_old', 'x')" >/dev/null
	run --separate-stderr mst-log --events --since 2001-02-03
	[ "$(json 'select(.event == "thing_old") | .at')" = '"2001-02-03T00:00:00.000000Z"' ]
	run --separate-stderr mst-log --events --since 10d
	[ "$(json 'select(.event == "run_finished") | .state' | head -n 1)" = '"failed"' ]
	run --separate-stderr mst-log --events --since 2100-01-01
	says ''
}

@test "--wait ends with the outcome of a run, or of a table" {
	mst-run <<<'{"type":"job","name":"w.good","sql":"SELECT 1 AS x"}' >/dev/null
	run --separate-stderr mst-ps --wait last
	status 0
	[ "$(json '[.type, .state]')" = '["run","succeeded"]' ]
	run --separate-stderr mst-ps --wait w.good
	status 0
	[ "$(json '[.type, .name, .state]')" = '["job","w.good","succeeded"]' ]
	mst-run >/dev/null 2>&1 <<<'{"type":"job","name":"w.bad","sql":"SELECT nope"}' || :
	run --separate-stderr mst-ps --wait w.bad
	status 1
	run --separate-stderr mst-ps --wait last
	status 1
	complains ''
	run --separate-stderr mst-ps --wait w.nothing
	status 1
	complains 'mst-ps: no run has made w.nothing yet
  mst-ps lists the runs, mst-ps RUN its jobs'
	run --separate-stderr mst-ps --wait
	status 2
	run --separate-stderr mst-ps --timeout 1s last
	status 2
	complains 'mst-ps: --timeout goes with --wait'
}

@test "--wait hears of the end at once, of a table before its run ends" {
	begin w
	for what in "$id" w.held w.last; do
		{
			mst-ps --wait "$what" >/dev/null
			echo "$what $? $EPOCHREALTIME" >>ended
		} 3>&- &
	done
	until_says 3 st "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted"
	run --separate-stderr mst-ps --wait "$id" --timeout 300ms
	status 5
	complains "mst-ps: run $id is running still
  it goes on; mst-ps $id shows how far it is"
	# beyond the first looks: what comes now comes by the notification
	sleep 3
	[ ! -e ended ]
	touch gate
	wait $runner
	until_says 3 grep -c . ended
	[ "$(cut -d' ' -f1-2 ended | sort)" = "$(printf '%s\n' "$id 0" 'w.held 0' 'w.last 0' | sort)" ]
	[ "$(head -n 1 ended | cut -d' ' -f1)" = w.held ]
	# generous: a look by the clock alone would come two seconds later
	at=$(st "SELECT extract(epoch FROM finished_at) FROM mst.run WHERE id = $id")
	awk -v at="$at" -v id="$id" '$1 == id { late = $3 - at } END { print "late by", late; exit late > 1 }' ended
}

@test "--wait sees that mst-run was killed" {
	begin k
	mst-ps --wait "$id" >killed 3>&- &
	waiter=$!
	until_says 1 st "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted"
	kill -9 $runner
	wait $runner 2>/dev/null || :
	rc=0
	wait $waiter || rc=$?
	[ $rc = 1 ]
	[ "$(jq -r .error killed)" = 'owner lost: its mst-run ended without a word' ]
	touch gate
}

@test "--label chooses runs that have all of the labels" {
	mst-run --label env=prod --label month=10 </dev/null >/dev/null
	mst-run --label env=prod --label month=11 </dev/null >/dev/null
	run --separate-stderr mst-ps --label env=prod
	[ "$(json .labels)" = '{"env":"prod","month":"11"}
{"env":"prod","month":"10"}' ]
	run --separate-stderr mst-ps --label env=prod --label month=10
	[ "$(json .labels)" = '{"env":"prod","month":"10"}' ]
	run --separate-stderr mst-ps --label env=test
	says ''
	run --separate-stderr mst-ps --label env
	status 2
	complains 'mst-ps: --label env is no KEY=VALUE
  for example --label month=2026-11'
}

@test "usage by team, user, table and day is what a query by hand says" {
	mst-team put alpha >/dev/null
	mst-team put beta >/dev/null
	st "INSERT INTO mst.run (id, state, owned, name, jobs, host, pid, version, started_at, finished_at, team, labels, succeeded, failed)
		SELECT 100000 + n, 'succeeded', true, '', 3, 'h', 1, '0', now(), now(), CASE n % 3 WHEN 0 THEN 'alpha' WHEN 1 THEN 'beta' END,
			'{\"of\": \"usage\"}', 3, 0 FROM generate_series(1, 40) n;
	INSERT INTO mst.job (run_id, no, name, kind, state, waiting, priority, attempt, line, team)
		SELECT 100000 + n, k, 'u.t' || k, 'summary', 'succeeded', 0, 0, 1 + n % 2, '{\"type\":\"job\"}', CASE WHEN k = 2 THEN 'alpha' END
		FROM generate_series(1, 40) n, generate_series(1, 3) k;
	INSERT INTO mst.attempt (run_id, job, attempt, state, started_at, finished_at, rows, bytes, cpu_us, error, done_by)
		SELECT 100000 + n, k, a, CASE WHEN a <= n % 2 THEN 'failed' ELSE 'succeeded' END, '2026-01-01'::timestamptz + n * interval '1 hour',
			'2026-01-01'::timestamptz + n * interval '1 hour' + (n * k * a) * interval '1 millisecond', n * k, n * 1000,
			CASE WHEN k < 3 THEN n * 7 END, CASE WHEN a <= n % 2 THEN '{}'::json END, CASE WHEN k = 1 THEN 'alice' ELSE 'bob' END
		FROM generate_series(1, 40) n, generate_series(1, 3) k, LATERAL generate_series(1, 1 + n % 2) a"
	for by in "team|coalesce(j.team, r.team)" "user|a.done_by" "table|j.name" "day|to_char(a.finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')"; do
		run --separate-stderr mst-ps --usage "${by%%|*}" --label of=usage
		status 0
		[ "$(json '[.key, .jobs, .attempts, .rows, .bytes, .cpu_us, .duration_us]' | sort)" = "$(st "SELECT json_build_array(${by#*|},
			count(DISTINCT (a.run_id, a.job)), count(*), sum(rows), sum(bytes), sum(cpu_us),
			(extract(epoch FROM sum(a.finished_at - a.started_at)) * 1000000)::bigint)
			FROM mst.attempt a, mst.job j, mst.run r WHERE j.run_id = a.run_id AND j.no = a.job AND r.id = a.run_id AND r.id > 100000
			GROUP BY ${by#*|}" | jq -c . | sort)" ]
	done
	run --separate-stderr mst-ps --usage team --label of=usage --since 2026-01-02T15:00:00Z
	[ "$(jq -s 'map(.attempts) | add' <<<"$output")" = "$(st "SELECT count(*) FROM mst.attempt WHERE run_id > 100000 AND finished_at >= '2026-01-02 15:00Z'")" ]
	st 'DELETE FROM mst.run WHERE id > 100000; DELETE FROM mst.job WHERE run_id > 100000; DELETE FROM mst.attempt WHERE run_id > 100000'
	run --separate-stderr mst-ps --usage team --wait last
	status 2
}

# The private cluster trusts whoever reaches its socket: other roles of one server.
as() { # as USER CMD...
	MST_DB="host=$(mst-db status | jq -r .socket) dbname=mst user=$1" "${@:2}"
}

@test "a user of a server runs, and another sees and changes nothing of it without a team" {
	for u in alice bob; do
		st "CREATE ROLE $u LOGIN"
		mst-user add $u >/dev/null
	done
	wh="host=$(mst-db status | jq -r .socket) dbname=warehouse user=warehouse"
	MST_WAREHOUSE=$wh as alice mst-run --label of=alice <<<'{"type":"job","name":"alice.t","kind":"import","attrs":{"columns":["a"],"command":"echo 1; echo secret >&2"}}' >/dev/null
	n=$(as alice mst-ps -l 1 | jq .id)
	[ "$(as alice mst-ps -l 1 | jq -c '[.user, .state, .labels.of]')" = '["alice","succeeded","alice"]' ]
	[ "$(as alice mst-log last | jq -r 'select(.stream == "stderr").text')" = secret ]
	[ -z "$(as bob mst-ps)" ]
	run --separate-stderr as bob mst-ps "$n"
	status 1
	complains "mst-ps: there is no run $n
  mst-ps lists the runs"
	run --separate-stderr as bob mst-log --events
	lacks alice
	run --separate-stderr as bob mst-run --retry "$n"
	[ "$status" != 0 ]
	for sql in "UPDATE mst.run SET state = 'failed'" "DELETE FROM mst.job" "INSERT INTO mst.attempt DEFAULT VALUES" \
		"INSERT INTO mst.log (run_id) VALUES (1)" "TRUNCATE mst.event" "SELECT mst.run_end($n, 'failed', '')" \
		"SELECT mst.event_add('x', NULL, 'bob', NULL)" "SELECT mst.run_finish($n, 'failed', '')" \
		"SELECT * FROM mst.run_record($n, '{1}', '{2}', '{running}', '{0}', '{0}', '{0}', '{0}', '{0}', '{}', '{}', '{}', '{}', '{}')" \
		"SELECT mst.run_add_jobs($n, 2, '{x}', '{}', '{0}', '{0}', '{\"{}\"}', '{x}', '{NULL}')" \
		"SELECT mst.log_add($n, '{1}', '{1}', '{0}', '{note}', '{x}')" "SELECT * FROM mst.log_size"; do
		for who in bob alice; do
			case "$who $sql" in "alice SELECT mst.run_finish"* | "alice SELECT mst.log_add"* | "alice SELECT mst.run_add"*) continue ;; esac
			run as $who mst-db psql -qAtX -v ON_ERROR_STOP=1 -c "$sql"
			[ "$status" != 0 ] || { echo "$who may: $sql" && return 1; }
		done
	done
	[ "$(as bob mst-db psql -qAtX -c 'SELECT (SELECT count(*) FROM mst.job), (SELECT count(*) FROM mst.attempt), (SELECT count(*) FROM mst.edge), (SELECT count(*) FROM mst.log)')" = '0|0|0|0' ]
	[ "$(st "SELECT count(*), min(state) FROM mst.job WHERE run_id = $n")" = '1|succeeded' ]
	# with a team that both are in he sees it, and his usage has it
	mst-team put shared >/dev/null
	mst-team join shared alice --role write >/dev/null
	mst-team join shared bob >/dev/null
	MST_WAREHOUSE=$wh as alice mst-run --team shared <<<'{"type":"job","name":"alice.u","sql":"SELECT 1 AS x"}' >/dev/null
	[ "$(as bob mst-ps | jq -c '[.user, .team]')" = '["alice","shared"]' ]
	[ "$(as bob mst-ps --usage team | jq -c '[.key, .jobs]')" = '["shared",1]' ]
	run --separate-stderr as bob mst-run --retry last
	status 6
	run --separate-stderr as bob mst-run --team shared </dev/null
	status 6
	complains 'mst-run: bob may not write for team shared
  an admin of the team lets you: mst-team (shared)'
}

@test "a lock in a stranger's hand keeps no run alive" {
	st "CREATE ROLE mallory LOGIN"
	mst-user add mallory >/dev/null
	begin m
	as mallory mst-db psql -qAtX -c "SELECT pg_advisory_lock(mst.run_lock($id)), pg_sleep(30)" >/dev/null 2>&1 3>&- &
	kill -9 $runner
	wait $runner 2>/dev/null || :
	until_says failed bash -c "mst-ps -l 1 | jq -r .state"
	touch gate
	st "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'mallory'" >/dev/null
}
