#!/usr/bin/env bats
# The faults in the data of the tool that was here before: what went wrong there, done here.  Numbers
# are those of its list, and begin the names of their tests; those about imports from databases stand
# in import_fault.bats (1, 2), import_incremental.bats (4, 7, 11) and import_database.bats (5).
load ../cmd/helpers

setup_file() {
	home
	mst-db start 2>/dev/null
}
teardown_file() { home_stop; }
setup() { scratch; }
teardown() {
	[ -z "${proxy:-}" ] || kill "$proxy" 2>/dev/null || :
	[ -z "${proxy_dir:-}" ] || rm -rf "$proxy_dir"
}

wh() { mst-db psql --warehouse -qAtX -v ON_ERROR_STOP=1 -c "$1"; }
st() { mst-db psql -qAtX -v ON_ERROR_STOP=1 -c "$1"; }
table() { # table NAME 'text' : a file of the catalogue
	mkdir -p "s/${1%%.*}"
	printf -- '-- mst: dialect: postgres\n%s\n' "$2" >"s/${1/.//}.sql"
}
# a proxy that loses the answer to the COMMIT of a transaction which says WORD, TIMES times
cut_commits() { # cut_commits WORD [TIMES]
	local server
	server=$(st "SELECT current_setting('unix_socket_directories') || '/.s.PGSQL.' || current_setting('port')")
	rm -f cuts
	proxy_dir=$(mktemp -d /tmp/mst-test-cut.XXXXXX)
	chmod 755 "$proxy_dir"
	"$ROOT/tests/chaos/cut-commit.py" "$proxy_dir" "$server" "$@" >cuts 2>proxy.err 3>&- &
	proxy=$!
	for _ in {1..100}; do
		[ ! -s cuts ] || break
		sleep 0.05
	done
	export MST_WAREHOUSE="host=$proxy_dir dbname=warehouse user=warehouse"
}
cuts() { grep -c cut cuts; }

@test "each of the eleven faults has a test" {
	for n in {1..11}; do
		grep -q "^@test \"$n: " "$BATS_TEST_DIRNAME"/*.bats || { echo "fault $n has none" && return 1; }
	done
}

@test "3: a download that breaks off is not gone on with where it stopped: all of it, or nothing" {
	command -v python3 >/dev/null || skip 'no python3'
	cat >server.py <<'PY'
import http.server
class H(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        H.asked += 1
        body = b"n\n" + b"".join(b"%d\n" % i for i in range(1, 20001))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:len(body) // 2] if H.asked == 1 else body)
    def log_message(self, *a):
        pass
s = http.server.HTTPServer(("127.0.0.1", 0), H)
print(s.server_port, flush=True)
s.serve_forever()
PY
	python3 server.py >port 2>/dev/null 3>&- &
	proxy=$!
	for _ in {1..100}; do
		[ ! -s port ] || break
		sleep 0.05
	done
	job="{\"type\":\"job\",\"name\":\"h.rows\",\"kind\":\"import\",\"attrs\":{\"url\":\"http://127.0.0.1:$(cat port)/x.csv\",\"disposition\":\"append\",\"retries\":1}}"
	run --separate-stderr mst-run <<<"$job"
	status 0
	[ "$(jq -c 'select(.job) | [.event, .attempt]' <<<"$output" | paste -sd' ')" = \
		'["job_started",1] ["job_retried",1] ["job_started",2] ["job_finished",2]' ]
	[ "$(wh 'SELECT count(*), count(DISTINCT n), min(n), max(n) FROM h.rows')" = '20000|20000|1|20000' ]
}

@test "6: two tables of one name in different datasets keep their own parents" {
	table raw.orders 'SELECT 1 AS n'
	table eu.prepared 'SELECT n + 10 AS n FROM raw.orders'
	table us.prepared 'SELECT n + 20 AS n FROM raw.orders'
	table eu.totals 'SELECT n + 100 AS n FROM eu.prepared'
	table us.totals 'SELECT n + 200 AS n FROM us.prepared'
	mst-deps s | mst-plan >plan
	[ "$(jq -c 'select(.type == "job" and (.name | endswith("totals"))) | [.name, .after]' plan | sort)" = \
		'["eu.totals",["eu.prepared"]]
["us.totals",["us.prepared"]]' ]
	mst-run <plan >/dev/null
	[ "$(wh 'SELECT (SELECT n FROM eu.totals), (SELECT n FROM us.totals)')" = '111|221' ]
}

@test "8: what a view reads comes before what reads the view" {
	table a.base 'SELECT 7 AS n'
	table a.seen $'-- mst: kind: view\nSELECT n FROM a.base'
	table a.last 'SELECT n FROM a.seen'
	mst-run -j 4 s >/dev/null
	wh 'DROP TABLE a.last; DROP VIEW a.seen; DROP TABLE a.base'
	mst-run -j 4 s >events
	[ "$(jq -r 'select(.event == "job_started").job' events | paste -sd ' ')" = 'a.base a.seen a.last' ]
	[ "$(wh 'SELECT n FROM a.last')" = 7 ]
}

@test "8: order holds across frequencies, also through a table that is not selected" {
	table f.hourly $'-- mst: freq: hourly\nSELECT 1 AS n'
	table f.between $'-- mst: freq: weekly\nSELECT n FROM f.hourly'
	table f.daily $'-- mst: freq: daily\nSELECT n FROM f.between'
	mst-run s >/dev/null
	mst-run -j 4 --select freq:hourly --select freq:daily s >events
	[ "$(jq -c 'select(.event == "job_started" or .event == "job_finished") | [.event, .job, .state]' events)" = \
		'["job_started","f.hourly","running"]
["job_finished","f.hourly","succeeded"]
["job_finished","f.between","skipped"]
["job_started","f.daily","running"]
["job_finished","f.daily","succeeded"]' ]
}

@test "8: a wildcard waits for every table that it finds" {
	mkdir -p s/w
	for day in 01 02 03; do table "w.events_$day" "SELECT $day AS d, pg_sleep(0.1)::text AS x"; done
	printf 'SELECT count(*) AS n FROM `w.events_*`\n' >s/w/all_events.sql
	mst-deps s | mst-plan >plan
	[ "$(jq -c 'select(.name == "w.all_events").after' plan)" = '["w.events_01","w.events_02","w.events_03"]' ]
	# BigQuery's wildcard is no PostgreSQL: what is run is the order
	jq -c 'if .name == "w.all_events" then .sql = "SELECT (SELECT count(*) FROM w.events_01)
		+ (SELECT count(*) FROM w.events_02) + (SELECT count(*) FROM w.events_03) AS n" | del(.sql_sha256) else . end' \
		plan | mst-run -j 4 >/dev/null
	[ "$(wh 'SELECT n FROM w.all_events')" = 3 ]
}

@test "9: the answer to COMMIT is lost, the attempt is made again: rows once" {
	echo '{"type":"job","name":"e.counted","sql":"SELECT 0 AS n","attrs":{"disposition":"append"}}' | mst-run >/dev/null
	cut_commits counted
	run --separate-stderr mst-run <<<'{"type":"job","name":"e.counted","sql":"SELECT 1 AS n","attrs":{"disposition":"append","retries":1}}'
	status 0
	[ "$(cuts)" = 1 ]
	[ "$(jq -c 'select(.job) | [.event, .attempt, .state, .done_before]' <<<"$output")" = '["job_started",1,"running",null]
["job_retried",1,"ready",null]
["job_started",2,"running",null]
["job_finished",2,"succeeded",true]' ]
	unset MST_WAREHOUSE
	[ "$(wh 'SELECT array_agg(n ORDER BY n) FROM e.counted')" = '{0,1}' ]
	[ "$(mst-ps last | jq -c '[.state, .attempt]')" = '["succeeded",2]' ]
}

@test "9: the answer to COMMIT is lost, the run fails, --retry finds what was done: rows once" {
	wh 'CREATE SCHEMA IF NOT EXISTS e; CREATE TABLE e.book (n int)'
	cut_commits e.book
	run --separate-stderr mst-run <<'E'
{"type":"job","name":"e.entry","kind":"script","sql":"INSERT INTO e.book VALUES (1)"}
{"type":"job","name":"e.sum","after":["e.entry"],"sql":"SELECT sum(n) AS n FROM e.book"}
E
	status 1
	[ "$(cuts)" = 1 ]
	[ "$(mst-ps last | jq -r '.name + " " + .state')" = $'e.entry failed\ne.sum blocked' ]
	run --separate-stderr mst-run --retry last
	status 0
	[ "$(jq -c 'select(.event == "job_finished") | [.job, .attempt, .state, .done_before]' <<<"$output")" = \
		'["e.entry",2,"succeeded",true]
["e.sum",1,"succeeded",null]' ]
	unset MST_WAREHOUSE
	[ "$(wh 'SELECT n FROM e.sum')" = 1 ]
	[ "$(wh 'SELECT count(*) FROM e.book')" = 1 ]
}

@test "9: --retry finds what was done also where not even the beginning of the job was recorded" {
	echo '{"type":"job","name":"e.unseen","sql":"SELECT 0 AS n","attrs":{"disposition":"append"}}' | mst-run >/dev/null
	cut_commits unseen
	run -1 --separate-stderr mst-run <<<'{"type":"job","name":"e.unseen","sql":"SELECT 1 AS n","attrs":{"disposition":"append"}}'
	[ "$(cuts)" = 1 ]
	# as it stands where mst-run and the state database die while the job begins
	st "DELETE FROM mst.attempt WHERE run_id = (SELECT max(id) FROM mst.run);
		UPDATE mst.job SET attempt = 0, state = 'cancelled', started_at = NULL WHERE run_id = (SELECT max(id) FROM mst.run)"
	run -0 --separate-stderr mst-run --retry last
	[ "$(jq -c 'select(.event == "job_finished") | [.attempt, .state, .done_before]' <<<"$output")" = '[1,"succeeded",true]' ]
	unset MST_WAREHOUSE
	[ "$(wh 'SELECT array_agg(n ORDER BY n) FROM e.unseen')" = '{0,1}' ]
}

@test "9: so with a merge, an import and a table that is replaced" {
	for kind in merge append import replace; do
		case $kind in
		merge) job='{"sql":"SELECT 1 AS id, 5 AS n","attrs":{"disposition":"merge","key":["id"]}}' ;;
		append) job='{"sql":"SELECT 1 AS id, 5 AS n","attrs":{"disposition":"append"}}' ;;
		import) job='{"kind":"import","attrs":{"command":"echo 1,5","columns":{"id":"int","n":"int"},"disposition":"append","header":false}}' ;;
		replace) job='{"sql":"SELECT 1 AS id, 5 AS n"}' ;;
		esac
		jq -nc --arg name "e.once_$kind" --argjson job "$job" '{type: "job", name: $name} + $job' >"$kind"
		mst-run <"$kind" >/dev/null
		cut_commits "once_$kind"
		run --separate-stderr mst-run <"$kind"
		status 1
		[ "$(cuts)" = 1 ]
		run --separate-stderr mst-run --retry last
		status 0
		[ "$(jq -c 'select(.event == "job_finished").done_before' <<<"$output")" = true ]
		kill "$proxy"
		unset MST_WAREHOUSE
	done
	[ "$(wh 'SELECT (SELECT count(*) FROM e.once_merge), (SELECT count(*) FROM e.once_append),
		(SELECT count(*) FROM e.once_import), (SELECT count(*) FROM e.once_replace)')" = '1|2|2|1' ]
}

@test "9: an import that was done before is not read again" {
	job='{"type":"job","name":"e.unread","kind":"import","attrs":{"command":"echo x >>reads; echo 1","columns":{"id":"int"},"disposition":"append"}}'
	cut_commits unread
	run --separate-stderr mst-run <<<"$job"
	status 1
	[ "$(cuts)" = 1 ]
	run --separate-stderr mst-run --retry last
	status 0
	[ "$(jq -c 'select(.event == "job_finished") | [.done_before, .rows]' <<<"$output")" = '[true,1]' ]
	[ "$(wc -l <reads)" = 1 ]
}

@test "9: a state database that was put back to yesterday numbers its runs anew: their effects are new, too" {
	job='{"type":"job","name":"e.back","sql":"SELECT 1 AS n","attrs":{"disposition":"append"}}'
	mst-run <<<"$job" >/dev/null
	n=$(st 'SELECT max(id) FROM mst.run')
	# as it stands where its files were copied back
	for t in job attempt edge event log; do st "DELETE FROM mst.$t WHERE run_id = $n"; done
	st "DELETE FROM mst.run WHERE id = $n; SELECT setval('mst.run_id_seq', $n - 1)" >/dev/null
	run -0 --separate-stderr mst-run <<<"$job"
	[ "$(jq -c 'select(.event == "job_finished") | [.run, .done_before]' <<<"$output")" = "[$n,null]" ]
	[ "$(wh 'SELECT count(*) FROM e.back')" = 2 ]
}

@test "9: rows that were added are not added again by --retry with another text" {
	echo '{"type":"job","name":"e.edited","sql":"SELECT 0 AS n","attrs":{"disposition":"append"}}' | mst-run >/dev/null
	cut_commits edited
	run -1 --separate-stderr mst-run <<<'{"type":"job","name":"e.edited","sql":"SELECT 1 AS n","attrs":{"disposition":"append"}}'
	[ "$(cuts)" = 1 ]
	# as --current writes it
	st "UPDATE mst.job SET sql = 'SELECT 2 AS n' WHERE run_id = (SELECT max(id) FROM mst.run)"
	run -0 --separate-stderr mst-run --retry last
	[ "$(jq -c 'select(.event == "job_finished").done_before' <<<"$output")" = true ]
	unset MST_WAREHOUSE
	[ "$(wh 'SELECT array_agg(n ORDER BY n) FROM e.edited')" = '{0,1}' ]
}

@test "10: a definition that is edited while its job runs is not overwritten by the end of the run" {
	table d.slow 'SELECT 1 AS n, pg_sleep(1.5)::text AS x'
	mst-table import s >/dev/null
	"$MST_BIN/mst-run" --catalogue --select d.slow >/dev/null 2>&1 3>&- &
	pid=$!
	for _ in {1..100}; do
		[ "$(wh "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(1.5)%' AND state = 'active' AND pid <> pg_backend_pid()")" = 0 ] || break
		sleep 0.05
	done
	table d.slow 'SELECT 2 AS n'
	mst-table import s >/dev/null
	wait $pid
	[ "$(wh 'SELECT n FROM d.slow')" = 1 ]
	[ "$(mst-table get d.slow | jq -r .sql)" = "$(cat s/d/slow.sql)" ]
	[ "$(mst-table get d.slow | jq -r .revision)" = 2 ]
	mst-run --catalogue --select d.slow >/dev/null
	[ "$(wh 'SELECT n FROM d.slow')" = 2 ]
}
