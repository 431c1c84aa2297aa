#!/usr/bin/env bats
# What mst-ps and mst-log say to people of a run and of what happened.
load ../cmd/helpers

setup_file() {
	home
	mst-db start 2>/dev/null
}
teardown_file() { home_stop; }
setup() { scratch; }

st() { mst-db psql -qAtX -v ON_ERROR_STOP=1 -c "$1"; }
plain() { sed -E 's/^[0-9-]+ [0-9:.]+  //; s/[0-9.]+ (m?s|us)\b/T/g'; }

@test "tests that warned and tests that failed stand in the log, and mst-ps marks the job" {
	run --separate-stderr mst-run <<'E'
{"type":"job","name":"t.warned","sql":"SELECT 1 AS a, 1 AS b","attrs":{"tests":[{"sql":"SELECT * FROM @table WHERE a < 2","name":"big","severity":"warn"},{"sql":"SELECT * FROM @table WHERE b < 2","name":"large","severity":"warn"}]}}
{"type":"job","name":"t.failed","sql":"SELECT 1 AS a","attrs":{"tests":[{"sql":"SELECT * FROM @table WHERE a < 2","name":"huge"}]}}
E
	status 1
	[ "$(mst-log last | jq -r 'select(.type == "log") | [.job, .stream, .text] | join(" | ")' | sort)" = "t.failed | test | test 'huge' failed: 1 row, such as {\"a\":1}
t.warned | test | test 'big' warned: 1 row, such as {\"a\":1,\"b\":1}
t.warned | test | test 'large' warned: 1 row, such as {\"a\":1,\"b\":1}" ] || { mst-log last && return 1; }
	mst-log last/t.warned --table >said
	[[ $(<said) == *"t.warned  | test 'big' warned: 1 row, such as"* ]]
	mst-ps last --table | plain >said
	grep -q 't.warned  succeeded, 1 row, T, 2 tests warned$' said
	grep -q 't.failed  failed, T$' said
}

@test "no remark on a statement of our own stands in the log of a job, those on the user's do" {
	mst-run <<'E' >/dev/null
{"type":"job","name":"fresh.a","sql":"SELECT 1 AS x"}
{"type":"job","name":"fresh.b","after":["fresh.a"],"sql":"SELECT 1 AS x"}
{"type":"job","name":"fresh.c","after":["fresh.b"],"kind":"script","sql":"DROP TABLE IF EXISTS fresh.nothing"}
E
	mst-run <<'E' >/dev/null
{"type":"job","name":"fresh.a","sql":"SELECT 2 AS x"}
E
	[ "$(st "SELECT l.text FROM mst.log l JOIN mst.job j ON j.run_id = l.run_id AND j.no = l.job WHERE j.name LIKE 'fresh.%'")" = \
		'NOTICE: table "nothing" does not exist, skipping' ]
}

@test "after a failed run of files the hint says what a retry does not see" {
	mkdir -p s/m
	printf -- '-- mst: dialect: postgres\nSELECT nope\n' >s/m/bad.sql
	run --separate-stderr mst-run s
	status 1
	n=$(mst-ps -l 1 | jq .id)
	[[ $stderr == *"mst-ps $n shows what became of each job; mst-run --retry $n goes on from there; files that changed want a new run"* ]]
	mst-deps s | mst-plan >plan
	run --separate-stderr mst-run <plan
	[[ $stderr == *"mst-run --retry $((n + 1)) goes on from there" ]]
}

@test "a column that no run has anything for takes no room" {
	mst-run <<<'{"type":"job","name":"p.one","sql":"SELECT 1 AS x"}' >/dev/null
	run mst-ps -l 1 --table
	lacks ERROR
	st "INSERT INTO mst.run (id, state, owned, name, jobs, host, pid, version, started_at, finished_at, error, succeeded, failed)
		VALUES (100000, 'failed', true, 'lost', 0, 'h', 1, '0', now(), now(), 'owner lost', 0, 0)"
	run mst-ps -l 2 --table
	[[ ${lines[0]} == *'OF'*'ERROR' && ${lines[1]} == *'owner lost' ]]
	# in CSV columns stay where they are
	run bash -c 'mst-ps -l 2 --csv | tail -n 1'
	[[ $output == *,-, ]]
	st 'DELETE FROM mst.run WHERE id = 100000'
}

@test "usage of no team has a name on the terminal" {
	mst-run <<<'{"type":"job","name":"p.two","sql":"SELECT 1 AS x"}' >/dev/null
	run mst-ps --usage team --table
	[[ ${lines[1]} == '- '* ]]
	[ "$(mst-ps --usage team | jq -c .key)" = null ]
}

@test "what happened to definitions is said in words" {
	st 'CREATE ROLE ann LOGIN'
	mst-user add ann >/dev/null
	mst-team put sales >/dev/null
	mst-team join sales ann --role write >/dev/null
	mst-table put mart.new - <<<'SELECT 1 AS x' >/dev/null
	mst-table put mart.new - <<<'SELECT 2 AS x' >/dev/null
	mst-table rm mart.new >/dev/null
	mst-team leave sales ann >/dev/null
	mst-user disable ann >/dev/null
	mst-run <<<'{"type":"job","name":"p.three","sql":"SELECT 1 AS x"}' >/dev/null
	n=$(mst-ps -l 1 | jq .id)
	mst-log --events --table | plain >said
	[ "$(grep -v -e '^run' -e '^[pt]\.' -e '^fresh' -e '^m\.bad' said)" = 'user ann  added, by mst
team sales  put, by mst
team sales  ann joined as write, by mst
mart.new  added, revision 1, by mst
mart.new  changed, revision 2, by mst
mart.new  removed, revision 3, by mst
team sales  ann left, by mst
user ann  disabled, by mst' ] || { cat said && return 1; }
	grep -qx "run $n  started, 1 job, by mst" said
}
