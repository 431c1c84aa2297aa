#!/usr/bin/env bats
# mst-run on a real cluster: kinds, order, errors with their places, records.
# shellcheck disable=SC2016  # backquotes and dollars are SQL's
load ../cmd/helpers

setup_file() {
	home
	mst-db start 2>/dev/null
}
teardown_file() { home_stop; }

setup() {
	scratch
	mkdir -p s/raw s/mart
}

# wh SQL: what the warehouse answers, unaligned
wh() { mst-db psql --warehouse -qAtX -v ON_ERROR_STOP=1 -c "$1"; }
st() { mst-db psql -qAtX -v ON_ERROR_STOP=1 -c "$1"; }
table() { # table NAME 'text' : a file of the catalogue
	mkdir -p "s/${1%%.*}"
	printf -- '-- mst: dialect: postgres\n%s\n' "$2" >"s/${1/.//}.sql"
}
events() { jq -r 'select(.job) | "\(.event) \(.job) \(.state)"' <<<"$output"; }

@test "one query on stdin becomes a table" {
	run --separate-stderr bash -c "echo \"SELECT 'hello' AS world\" | mst-run --name demo.hello -"
	status 0
	complains ''
	[ "$(jq -r .event <<<"$output" | paste -sd ' ')" = 'run_started job_started job_finished run_finished' ]
	[ "$(jq -c 'select(.event == "job_finished") | [.job, .state, .attempt, .rows]' <<<"$output")" = '["demo.hello","succeeded",1,1]' ]
	[ "$(jq -c 'select(.event == "run_finished") | [.state, .jobs, .succeeded, .failed]' <<<"$output")" = '["succeeded",1,1,0]' ]
	[ "$(wh 'TABLE demo.hello')" = hello ]
}

@test "on a terminal the rows of the one query are the answer" {
	run bash -c "echo \"SELECT 'hello' AS world\" | mst-run --name demo.hello - --table"
	status 0
	says 'world
hello'
}

@test "the one query: what can be read by its name alone is said so, and what has no rows shows none" {
	run tty bash -c "echo 'SELECT 1 AS n' | mst-run --name demo.plain -"
	output=$(sed 's/, in [0-9.]* m*s/, in T/' <<<"$output")
	has_line "mst-run: demo.plain is made, in T; read it all: mst-db psql --warehouse -c 'TABLE demo.plain'"
	run tty bash -c "echo 'SELECT 1 AS n' | mst-run --name p.Demo.Plain -"
	output=$(sed 's/, in [0-9.]* m*s/, in T/' <<<"$output")
	has_line 'mst-run: p.Demo.Plain is made, in T'
	run --separate-stderr mst-run --table --name demo.far - <<<'-- mst: kind: external'
	status 0
	[ "$(head -n 2 <<<"$output" | tail -n 1 | xargs)" = 'demo.far skipped' ]
}

@test "a folder runs in the order of what reads what, and twice" {
	table raw.n 'SELECT g AS n FROM generate_series(1, 10) g;'
	table mart.big 'SELECT n FROM raw.n WHERE n > 5 -- the last comment'
	table mart.count 'WITH x AS (SELECT * FROM mart.big) SELECT count(*) AS c FROM x;'
	for _ in 1 2; do
		run --separate-stderr mst-run s
		status 0
		[ "$(events | grep job_started)" = 'job_started raw.n running
job_started mart.big running
job_started mart.count running' ]
		[ "$(wh 'TABLE mart.count')" = 5 ]
	done
}

@test "the pipe mst-deps | mst-plan | mst-run does the same, and jq may stand in between" {
	table raw.n 'SELECT 1 AS n'
	table mart.m 'SELECT n + 1 AS n FROM raw.n'
	run --separate-stderr bash -c 'mst-deps s | mst-plan | mst-run'
	status 0
	run --separate-stderr bash -c 'mst-deps s | mst-plan | jq -c . | mst-run'
	status 0
	run --separate-stderr bash -c 'mst-deps s | jq -c "select(.name == \"mart.m\")" | mst-plan | mst-run'
	status 0
	[ "$(events)" = 'job_started mart.m running
job_finished mart.m succeeded' ]
	run --separate-stderr bash -c 'mst-deps s | mst-run'
	status 0
	[ "$(events | grep -c started)" = 2 ]
	[ "$(wh 'TABLE mart.m')" = 2 ]
}

@test "blanks around a line are no part of it" {
	run --separate-stderr mst-run <<<'  {"type":"job","name":"demo.blank","sql":"SELECT 1 AS x"} '
	status 0
	[ "$(events)" = 'job_started demo.blank running
job_finished demo.blank succeeded' ]
}

@test "a job that waits for a job that is not in the input goes ahead" {
	run --separate-stderr mst-run <<<'{"type":"job","name":"demo.x","after":["demo.gone"],"sql":"SELECT 1 AS x"}'
	status 0
	[ "$(wh 'TABLE demo.x')" = 1 ]
}

@test "--select and --exclude choose, order goes on through what is left out" {
	table raw.a 'SELECT 1 AS n'
	table raw.b 'SELECT n FROM raw.a'
	table raw.c 'SELECT n FROM raw.b'
	run --separate-stderr mst-run s
	run --separate-stderr mst-run --select raw.a --select raw.c s
	status 0
	[ "$(events)" = 'job_started raw.a running
job_finished raw.a succeeded
job_finished raw.b skipped
job_started raw.c running
job_finished raw.c succeeded' ]
	run --separate-stderr mst-run --exclude raw.b+ s
	status 0
	[ "$(events)" = 'job_started raw.a running
job_finished raw.a succeeded' ]
}

@test "jobs of the highest priority go first" {
	run --separate-stderr mst-run -j 1 <<'EOL'
{"type":"job","name":"demo.low","priority":0,"sql":"SELECT 1"}
{"type":"job","name":"demo.high","priority":7,"sql":"SELECT 1"}
{"type":"job","name":"demo.mid","priority":3,"sql":"SELECT 1"}
EOL
	status 0
	[ "$(events | grep started)" = 'job_started demo.high running
job_started demo.mid running
job_started demo.low running' ]
}

@test "a failure blocks its descendants only; its place is file, line and column" {
	table raw.a 'SELECT 1 AS n'
	printf -- '-- mst: dialect: postgres\n-- h\303\251\303\251\nSELECT n,\n  \047\303\251\047, nope FROM raw.a\n' >s/mart/bad.sql
	table mart.below 'SELECT * FROM mart.bad'
	table mart.deeper 'SELECT * FROM mart.below'
	table mart.good 'SELECT n FROM raw.a'
	run --separate-stderr mst-run s
	status 1
	[ "$(events | grep -v started | sort)" = 'job_blocked mart.below blocked
job_blocked mart.deeper blocked
job_finished mart.bad failed
job_finished mart.good succeeded
job_finished raw.a succeeded' ]
	[ "$(jq -c 'select(.state == "failed" and .job) | .error | [.code, .sqlstate, .line, .col]' <<<"$output")" = '["data","42703",4,9]' ]
	n=$(jq -r 'select(.event == "run_started") | .run' <<<"$output")
	complains "mst-run: $PWD/s/mart/bad.sql:4:9: mart.bad: column \"nope\" does not exist
mst-run: run $n failed: 2 succeeded, 1 failed, 2 blocked
  mst-ps $n shows what became of each job; mst-run --retry $n goes on from there; files that changed want a new run"
}

@test "a failed job leaves yesterday's table" {
	table mart.t 'SELECT 1 AS n'
	mst-run s
	table mart.t 'SELECT 1 / (g - 50000) AS n FROM generate_series(1, 100000) g'
	run --separate-stderr mst-run s
	status 1
	[ "$(wh 'TABLE mart.t')" = 1 ]
	[ "$(wh "SELECT count(*) FROM pg_class WHERE relname LIKE '%mst_new%'")" = 0 ]
}

@test "--fail-fast cancels what runs and starts nothing more" {
	run --separate-stderr mst-run -j 2 --fail-fast <<'EOL'
{"type":"job","name":"demo.slow","priority":9,"sql":"SELECT pg_sleep(30)::text AS x"}
{"type":"job","name":"demo.bad","priority":8,"sql":"SELECT 1/0 AS x"}
{"type":"job","name":"demo.never","sql":"SELECT 1 AS x"}
EOL
	status 1
	[ "$(events | grep -v started | sort)" = 'job_finished demo.bad failed
job_finished demo.slow cancelled' ]
	[ "$(mst-ps last | jq -r '.name + " " + .state')" = 'demo.slow cancelled
demo.bad failed
demo.never cancelled' ]
	run --separate-stderr mst-run -j 1 --fail-fast --table <<'EOL'
{"type":"job","name":"demo.bad","priority":8,"sql":"SELECT 1/0 AS x"}
{"type":"job","name":"demo.never","sql":"SELECT 1 AS x"}
EOL
	status 1
	[ "$(awk '{ print $1, $2 }' <<<"$output")" = 'JOB STATE
demo.bad failed
demo.never cancelled' ]
}

@test "a text that is not the planned one is refused before anything runs" {
	table raw.a 'SELECT 1 AS n'
	table raw.b 'SELECT 2 AS n'
	mst-deps s | mst-plan >plan
	table raw.b 'SELECT 3 AS n'
	before=$(mst-ps --limit 1 | jq .id)
	run --separate-stderr mst-run <plan
	status 3
	says ''
	complains "mst-run: $PWD/s/raw/b.sql has changed since it was planned
  plan again: mst-deps FOLDER | mst-plan | mst-run"
	rm s/raw/b.sql
	run --separate-stderr mst-run <plan
	status 3
	[ "$(mst-ps --limit 1 | jq .id)" = "$before" ]
}

@test "a summary is one statement: what hides behind a semicolon is refused" {
	wh 'CREATE SCHEMA IF NOT EXISTS demo; CREATE TABLE demo.victim (n int)'
	run --separate-stderr mst-run <<<'{"type":"job","name":"demo.s","sql":"SELECT 1 AS x; DROP TABLE demo.victim"}'
	status 1
	[ "$(jq -c 'select(.error) | [.error.sqlstate, .error.message]' <<<"$output")" = '["42601","cannot insert multiple commands into a prepared statement"]' ]
	[ "${stderr_lines[1]}" = "  a summary is one query; several statements are '-- mst: kind: script'" ]
	wh 'TABLE demo.victim; DROP TABLE demo.victim'
}

@test "a job took as long in mst-ps as the run said" {
	mst-run <<<'{"type":"job","name":"demo.quick","sql":"SELECT 1 AS x"}' >events
	took=$(jq 'select(.job and .duration_us).duration_us' events)
	[ "$took" -gt 0 ]
	[ "$(mst-ps last | jq .duration_us)" = "$took" ]
}

@test "the hint of a syntax error is about the error, or there is none" {
	run --separate-stderr mst-run <<<'{"type":"job","name":"demo.s","sql":"SELECT * FROM `a.b`; "}'
	status 1
	[ "${stderr_lines[1]}" = '  the warehouse is a PostgreSQL: names stand in double quotes there, or in none' ]
	run --separate-stderr mst-run <<<'{"type":"job","name":"demo.s","sql":"SELEC 1"}'
	[ "${stderr_lines[0]}" = 'mst-run: demo.s:1:1: syntax error at or near "SELEC"' ]
	[ "${stderr_lines[1]}" = 'mst-run: run '"$(mst-ps -l 1 | jq .id)"' failed: 1 failed' ]
}

@test "names are quoted, whatever they hold" {
	run --separate-stderr mst-run <<<'{"type":"job","name":"De mo.`x\"; DROP TABLE y; --`","sql":"SELECT 1 AS x"}'
	status 0
	[ "$(wh 'TABLE "De mo"."x""; DROP TABLE y; --"')" = 1 ]
	run --separate-stderr mst-run <<<"{\"type\":\"job\",\"name\":\"demo.$(printf 'n%.0s' {1..63})\",\"sql\":\"SELECT 1 AS x\"}"
	status 0
	run --separate-stderr mst-run <<<"{\"type\":\"job\",\"name\":\"demo.$(printf 'n%.0s' {1..64})\",\"sql\":\"SELECT 1 AS x\"}"
	status 3
	complains "mst-run: the table of demo.$(printf 'n%.0s' {1..64}) has 64 bytes; PostgreSQL takes 63
  give it a shorter name (a file's name, or '-- mst: name: ...')"
	mkdir demo
	echo 'SELECT 1 AS x' >"demo/$(printf 'n%.0s' {1..64}).sql"
	run --separate-stderr mst-run demo
	status 3
	[[ ${stderr_lines[0]} == "mst-run: $PWD/demo/nnn"*"n.sql: the table of demo.nnn"* ]]
}

@test "the project of a name is dropped; two names of one table are refused" {
	run --separate-stderr mst-run <<<'{"type":"job","name":"proj.demo.p","sql":"SELECT 1 AS x"}'
	status 0
	[ "$(wh 'TABLE demo.p')" = 1 ]
	run --separate-stderr mst-run <<'EOL'
{"type":"job","name":"a.demo.p","sql":"SELECT 1 AS x"}
{"type":"job","name":"b.demo.p","sql":"SELECT 1 AS x"}
EOL
	status 3
	complains "mst-run: a.demo.p and b.demo.p would be one table of the warehouse
  a connection is one database: the project of a name is dropped"
}

@test "a view is a query or a CREATE VIEW statement, and may change its columns" {
	table raw.a 'SELECT 1 AS n, 2 AS m'
	table mart.v 'CREATE OR REPLACE VIEW mart.v (k) AS SELECT n FROM raw.a;'
	table mart.w $'-- mst: kind: view\nSELECT k FROM mart.v'
	run --separate-stderr mst-run s
	status 0
	[ "$(wh 'TABLE mart.w')" = 1 ]
	wh "CREATE VIEW mart.mine AS SELECT k + 1 AS l FROM mart.w; COMMENT ON VIEW mart.mine IS 'by hand'; GRANT SELECT ON mart.mine TO PUBLIC"
	table mart.v 'CREATE VIEW mart.v (extra, k) AS SELECT m, n FROM raw.a;'
	run --separate-stderr mst-run s
	status 0
	[ "$(wh 'SELECT extra, k FROM mart.v')" = '2|1' ]
	[ "$(wh 'TABLE mart.mine')" = 2 ]
	[ "$(wh "SELECT obj_description('mart.mine'::regclass), relacl::text LIKE '%=r/%' FROM pg_class WHERE oid = 'mart.mine'::regclass")" = 'by hand|t' ]
	table mart.v 'CREATE VIEW mart.other AS SELECT 1 AS k'
	run --separate-stderr mst-run --select mart.v s
	status 1
	holds '"message":"the statement makes another view than mart.v"'
}

@test "views on a table that is replaced live on; one that cannot leaves the table as it was" {
	table mart.t 'SELECT 1 AS n, 2 AS m'
	mst-run s
	wh "CREATE VIEW mart.t1 AS SELECT m FROM mart.t; CREATE VIEW mart.t2 AS SELECT m AS k FROM mart.t1;
		GRANT SELECT ON mart.t TO PUBLIC; COMMENT ON TABLE mart.t IS 'kept'"
	table mart.t 'SELECT 3 AS m, 4 AS o'
	run --separate-stderr mst-run s
	status 0
	[ "$(wh 'TABLE mart.t2')" = 3 ]
	[ "$(wh "SELECT obj_description('mart.t'::regclass), relacl::text LIKE '%=r/%' FROM pg_class WHERE oid = 'mart.t'::regclass")" = 'kept|t' ]
	table mart.t 'SELECT 5 AS o'
	run --separate-stderr mst-run s
	status 1
	[ "$(jq -r 'select(.error) | .error.message' <<<"$output")" = 'mart.t1 depends on "mart"."t" and cannot follow it: the column m is gone' ]
	[ "$(wh 'TABLE mart.t2')" = 3 ]
	wh 'DROP VIEW mart.t2; CREATE MATERIALIZED VIEW mart.t2 AS SELECT m FROM mart.t1'
	table mart.t 'SELECT 6 AS m'
	run --separate-stderr mst-run s
	status 1
	holds 'mart.t2 depends on \"mart\".\"t\" and cannot follow it: it is a materialized view'
	wh 'DROP MATERIALIZED VIEW mart.t2; DROP VIEW mart.t1'
}

@test "a table becomes a view and a view a table" {
	table mart.x 'SELECT 1 AS n'
	mst-run s
	table mart.x 'CREATE VIEW mart.x AS SELECT 2 AS n'
	run --separate-stderr mst-run s
	status 0
	[ "$(wh 'TABLE mart.x')" = 2 ]
	table mart.x 'SELECT 3 AS n'
	run --separate-stderr mst-run s
	status 0
	[ "$(wh 'TABLE mart.x')" = 3 ]
	[ "$(wh "SELECT relkind FROM pg_class WHERE oid = 'mart.x'::regclass")" = r ]
}

@test "a script runs its statements in one transaction" {
	table mart.s $'-- mst: kind: script\nCREATE TABLE IF NOT EXISTS mart.log (n int);\nINSERT INTO mart.log VALUES (1);\nINSERT INTO mart.log VALUES (2);'
	run --separate-stderr mst-run s
	status 0
	[ "$(wh 'SELECT count(*) FROM mart.log')" = 2 ]
	table mart.s $'-- mst: kind: script\nINSERT INTO mart.log VALUES (3);\nINSERT INTO mart.nolog VALUES (4);'
	run --separate-stderr mst-run s
	status 1
	[ "$(jq -c 'select(.error) | .error | [.line, .col]' <<<"$output")" = '[4,13]' ]
	[ "$(wh 'SELECT count(*) FROM mart.log')" = 2 ]
	wh 'DROP TABLE mart.log'
}

@test "what a script sets for its session ends with it" {
	run --separate-stderr mst-run -j 1 <<-'E'
		{"type":"job","name":"mart.seen","sql":"SELECT 1 AS x"}
		{"type":"job","name":"mart.s","kind":"script","sql":"CREATE TEMP TABLE seen (x int); SET TimeZone = 'Asia/Tokyo'","after":["mart.seen"]}
		{"type":"job","name":"mart.t","kind":"script","sql":"CREATE TEMP TABLE seen (x int)","after":["mart.s"]}
		{"type":"job","name":"mart.y","sql":"SELECT x, current_setting('TimeZone') AS zone FROM seen","after":["mart.t"]}
	E
	status 0
	[ "$(wh 'TABLE mart.y')" = '1|UTC' ]
}

@test "a script may stream rows to nobody, but not from nobody" {
	run --separate-stderr timeout 60 mst-run <<<'{"type":"job","name":"mart.out","kind":"script","sql":"COPY (SELECT generate_series(1, 300000)) TO STDOUT"}'
	status 0
	run --separate-stderr timeout 60 mst-run <<<'{"type":"job","name":"mart.in","kind":"script","sql":"CREATE TEMP TABLE t (n int); COPY t FROM STDIN"}'
	status 1
	[ "$(jq -r 'select(.error).error.message' <<<"$output")" = 'COPY from stdin failed: nothing is streamed to this statement' ]
}

@test "an unknown kind and an unknown connection are refused before anything runs" {
	run --separate-stderr mst-run <<<'{"type":"job","name":"demo.k","kind":"summery","sql":"SELECT 1"}'
	status 3
	complains "mst-run: demo.k: unknown kind 'summery'
  did you mean 'summary'?"
	run --separate-stderr mst-run <<<'{"type":"job","name":"demo.k","attrs":{"connection":"nowhere"},"sql":"SELECT 1"}'
	status 1
	says ''
	[[ $stderr == "mst-run: demo.k: "*nowhere* ]]
}

@test "lines that cannot be run are refused with their number" {
	run --separate-stderr mst-run <<<'{"type":"run","id":1,"state":"failed"}'
	status 3
	complains "mst-run: stdin:1: a line of type 'run' cannot be run
  mst-run reads what mst-plan writes; tables and tasks are planned first"
	run --separate-stderr mst-run <<<'SELECT 1'
	status 3
	complains "mst-run: stdin:1: this is no JSON line
  SQL text needs a name: mst-run --name demo.hello -"
	run --separate-stderr mst-run <<<'{"type":"job","sql":"SELECT 1"}'
	status 3
	complains 'mst-run: stdin:1: a job without a name'
	run --separate-stderr mst-run <<'EOL'
{"type":"job","name":"demo.a","sql":"SELECT 1"}
{"type":"job","name":"demo.a","sql":"SELECT 1"}
EOL
	status 3
	complains 'mst-run: two jobs are named demo.a (lines 1 and 2)'
	run --separate-stderr mst-run <<'EOL'
{"type":"job","name":"demo.a","after":["demo.b"],"sql":"SELECT 1"}
{"type":"job","name":"demo.b","after":["demo.c"],"sql":"SELECT 1"}
{"type":"job","name":"demo.c","after":["demo.a"],"sql":"SELECT 1"}
EOL
	status 3
	complains 'mst-run: jobs wait for each other: demo.a -> demo.b -> demo.c -> demo.a
  let mst-plan make the order: it names every cycle with its files'
}

@test "nothing to do is done" {
	run --separate-stderr mst-run </dev/null
	status 0
	[ "$(jq -r .event <<<"$output" | paste -sd ' ')" = 'run_started run_finished' ]
}

@test "--dry-run prints what would be sent and touches nothing" {
	table mart.d 'SELECT 1 AS n -- one'
	runs=$(mst-ps | wc -l)
	run --separate-stderr mst-run --dry-run --table s
	status 0
	says '-- mart.d (summary)
CREATE SCHEMA IF NOT EXISTS "mart";
BEGIN; SET LOCAL search_path TO "mart", public;
DROP TABLE IF EXISTS "mart"."d__mst_new";
CREATE TABLE "mart"."d__mst_new" AS
-- mst: dialect: postgres
SELECT 1 AS n -- one
;
DROP TABLE IF EXISTS "mart"."d";
ALTER TABLE "mart"."d__mst_new" RENAME TO "d";
COMMIT;'
	[ "$(mst-ps | wc -l)" = "$runs" ]
	[ "$(wh "SELECT to_regclass('mart.d') IS NULL")" = t ]
	run --separate-stderr bash -c 'mst-run --dry-run --table s | mst-db psql --warehouse -qX -v ON_ERROR_STOP=1 2>/dev/null'
	status 0
	[ "$(wh 'TABLE mart.d')" = 1 ]
	MST_HOME=$PWD/nohome run --separate-stderr mst-run --dry-run s
	status 0
	[ ! -e nohome ]
}

@test "the run is recorded with texts, attributes, rows and times of the database" {
	table raw.rec 'SELECT g FROM generate_series(1, 3) g'
	run --separate-stderr mst-run s
	n=$(jq -r 'select(.event == "run_started") | .run' <<<"$output")
	[ "$(st "SELECT state, owned, jobs, succeeded, failed, started_at <= finished_at FROM mst.run WHERE id = $n")" = 'succeeded|t|1|1|0|t' ]
	[ "$(st "SELECT name, kind, state, attempt, sql, line ->> 'sql_sha256' = encode(sha256(sql::bytea), 'hex') FROM mst.job WHERE run_id = $n")" = 'raw.rec|summary|succeeded|1|-- mst: dialect: postgres
SELECT g FROM generate_series(1, 3) g
|t' ]
	[ "$(st "SELECT attempt, state, rows, bytes > 0, error IS NULL FROM mst.attempt WHERE run_id = $n")" = '1|succeeded|3|t|t' ]
	[ "$(jq 'select(.event == "run_finished").duration_us' <<<"$output")" = "$(mst-ps -l 1 | jq .duration_us)" ]
}

@test "the rules stand in the database: a wrong row cannot be written by anyone" {
	mst-run </dev/null
	run st "INSERT INTO mst.run (state, owned, jobs, host, pid, version) VALUES ('lost', true, 0, '', 0, '')"
	holds 'violates check constraint "run_state"'
	run st "INSERT INTO mst.job (run_id, no, name, kind, state, waiting, priority, line) VALUES (0, 1, 'x', '', 'ready', 1, 0, '{}')"
	holds 'violates check constraint "job_waits"'
	run st "INSERT INTO mst.attempt (run_id, job, attempt, state, started_at, finished_at) VALUES (0, 1, 1, 'failed', now(), now())"
	holds 'violates check constraint'
}

@test "mst-ps lists runs, the latest first, and draws a run as a tree" {
	table raw.seen 'SELECT 1 AS n'
	table mart.seen 'SELECT n FROM raw.seen'
	mst-run s
	table mart.seen 'SELECT nope FROM raw.seen'
	run mst-run s
	run --separate-stderr mst-ps --limit 2
	status 0
	[ "$(json '[.type, .state, .jobs, .succeeded, .failed]')" = '["run","failed",2,1,1]
["run","succeeded",2,2,0]' ]
	run --separate-stderr mst-ps --limit 1 --state succeeded
	[ "$(json .state)" = '"succeeded"' ]
	run --separate-stderr mst-ps last --table
	status 0
	[ "$(grep -A1 '^mart.seen  ' <<<"$output" | sed -E 's/, [0-9.]+ (us|ms|s)//')" = 'mart.seen  failed
└── raw.seen  succeeded, 1 row' ]
	has_line "mart.seen: $PWD/s/mart/seen.sql:2:8: column \"nope\" does not exist"
	run --separate-stderr mst-ps last
	[ "$(json '[.type, .name, .state, .attempt]')" = '["job","raw.seen","succeeded",1]
["job","mart.seen","failed",1]' ]
	[ "$(mst-ps last --sql | jq -r 'select(.name == "mart.seen").sql')" = '-- mst: dialect: postgres
SELECT nope FROM raw.seen' ]
}

@test "mst-ps RUN goes into mst-run again" {
	mst-run <<<'{"type":"job","name":"demo.again","sql":"SELECT 1 AS x"}'
	run --separate-stderr bash -c 'mst-ps last | mst-run'
	status 0
	[ "$(events)" = 'job_started demo.again running
job_finished demo.again succeeded' ]
	run --separate-stderr bash -c 'mst-ps last | mst-plan | mst-run'
	status 0
}

@test "a NUL character in a key that nobody reads goes through" {
	run --separate-stderr mst-run <<<'{"type":"job","name":"demo.nul","sql":"SELECT 1 AS x","attrs":{"note":"\u0000 \\u0000"}}'
	status 0
	run --separate-stderr mst-ps last
	status 0
	[ "$(jq -c '[.name, .sql, .attrs.note]' <<<"$output")" = '["demo.nul","SELECT 1 AS x","\u0000 \\u0000"]' ]
}

@test "a run that is not there is exit 1" {
	run --separate-stderr mst-ps 999999
	status 1
	complains 'mst-ps: there is no run 999999
  mst-ps lists the runs'
	run --separate-stderr mst-ps nonsense
	status 2
	complains "mst-ps: 'nonsense' is no run
  give its number, or 'last'; mst-ps lists the runs"
}

@test "a full stdout is an error" {
	table raw.a 'SELECT 1 AS n'
	run --separate-stderr bash -c 'mst-run s > /dev/full'
	status 7
	holds ''
	[[ $stderr == 'mst-run: stdout: cannot write: No space left on device'* ]]
	[ "$(mst-ps --limit 1 | jq -r .state)" = failed ]
}

@test "a name in capital letters that PostgreSQL would fold is warned of, once" {
	wh 'CREATE SCHEMA IF NOT EXISTS raw; CREATE TABLE IF NOT EXISTS raw.sale AS SELECT 1 AS n'
	mkdir -p s/mart
	echo 'SELECT n FROM Raw.Sale' >s/mart/folded.sql
	run --separate-stderr mst-run s/mart/folded.sql
	status 0
	complains 'mst-run: warning: mart.folded reads Raw.Sale, which PostgreSQL takes for small letters: set the dialect to postgres'
	printf -- '-- mst: dialect: postgres\nSELECT n FROM Raw.Sale\n' >s/mart/folded.sql
	run --separate-stderr mst-run s/mart/folded.sql
	status 0
	complains ''
}
