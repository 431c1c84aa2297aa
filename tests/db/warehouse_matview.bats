#!/usr/bin/env bats
# A table is replaced while materialized views read it: those that mst made follow, others do not.
load ../cmd/helpers

setup_file() {
	home
	mst-db start 2>/dev/null
}
teardown_file() { home_stop; }

setup() {
	scratch
	wh "SET client_min_messages = warning; DROP SCHEMA IF EXISTS d CASCADE; CREATE SCHEMA d"
	mkdir d
}

# wh SQL: what the warehouse answers, unaligned
wh() { mst-db psql --warehouse -qAtX -v ON_ERROR_STOP=1 -c "$1"; }
# su SQL: as the superuser
su() { mst-db psql -qAtX -v ON_ERROR_STOP=1 -c '\c warehouse' -c "$1" | sed 1d; }
# sql NAME [KEY: VALUE]... SQL: the file of d.NAME
sql() {
	local name=$1 key
	shift
	{
		echo '-- mst: dialect: postgres'
		for key in "${@:1:$#-1}"; do echo "-- mst: $key"; done
		echo "${!#}"
	} >"d/$name.sql"
}
mstrun() { run --separate-stderr mst-run "$@" .; }
# the error and the hint of a job of the last run
error() { jq -r --arg job "d.$1" 'select(.event == "job_finished" and .job == $job) | .error.message' <<<"$output"; }
hint() { jq -r --arg job "d.$1" 'select(.event == "job_finished" and .job == $job) | .error.hint' <<<"$output"; }
is() { # is WAS EXPECTED
	[ "$1" = "$2" ] || {
		diff <(echo "$2") <(echo "$1")
		return 1
	}
}
oid() { wh "SELECT 'd.$1'::regclass::oid"; }
# the schema d as pg_dump writes it, without its random marks
dump() {
	pg_dump --schema-only -h "$(mst-db status --json | jq -r .socket)" -U mst -n d warehouse | grep -v '^\\'
}

@test "a catalogue with a materialized view runs again and again" {
	sql t "SELECT g AS k, g * 10 AS n FROM generate_series(1, 3) g"
	sql m 'kind: materialized' 'SELECT k, n FROM d.t'
	mstrun
	status 0
	before=$(oid m)
	sql t "SELECT g AS k, g * 100 AS n FROM generate_series(1, 4) g"
	mstrun
	status 0
	is "$(wh 'SELECT sum(n), count(*) FROM d.m')" '1000|4'
	[ "$(oid m)" != "$before" ]
	mstrun
	status 0
	is "$(wh "SELECT relname FROM pg_class WHERE relname LIKE '%mst_new%' OR relname LIKE '%mst_old%'")" ''
}

@test "what hangs on it is kept: pg_dump says the same before and after, and its next job refreshes it" {
	su "DO \$\$BEGIN CREATE ROLE ann; CREATE ROLE bob; EXCEPTION WHEN duplicate_object THEN NULL; END\$\$"
	sql t "SELECT g AS k, g AS n, 'w' || g AS w FROM generate_series(1, 3) g"
	sql m 'kind: materialized' 'SELECT k, n * 2 AS n, w FROM d.t WHERE k > 0'
	mstrun
	status 0
	wh "CREATE UNIQUE INDEX m_k ON d.m (k); CREATE INDEX \"M 'odd\"\" n\" ON d.m ((n + 1) DESC) WITH (fillfactor = 70) WHERE n > 1;
		CREATE INDEX m_expr ON d.m ((k + n)); ALTER INDEX d.m_expr ALTER COLUMN 1 SET STATISTICS 33;
		ALTER MATERIALIZED VIEW d.m CLUSTER ON m_k; ALTER MATERIALIZED VIEW d.m RENAME COLUMN w TO \"the Word\";
		ALTER MATERIALIZED VIEW d.m SET (fillfactor = 90, autovacuum_enabled = off, toast.autovacuum_enabled = off);
		ALTER MATERIALIZED VIEW d.m ALTER \"the Word\" SET STORAGE EXTERNAL, ALTER \"the Word\" SET COMPRESSION pglz,
			ALTER k SET STATISTICS 77, ALTER k SET (n_distinct = -0.5);
		CREATE STATISTICS d.m_stat (ndistinct) ON k, n FROM d.m;
		GRANT SELECT ON d.m TO ann WITH GRANT OPTION; GRANT SELECT (k) ON d.m TO bob; REVOKE TRUNCATE ON d.m FROM CURRENT_USER;
		COMMENT ON MATERIALIZED VIEW d.m IS 'it''s kept'; COMMENT ON COLUMN d.m.n IS 'twice'; COMMENT ON INDEX d.m_k IS 'key';
		COMMENT ON STATISTICS d.m_stat IS 'stat'"
	dump >before
	grep -q "CREATE INDEX \"M 'odd\"\" n\" ON d.m" before
	first=$(oid m)
	mstrun --select d.t
	status 0
	second=$(oid m)
	[ "$first" != "$second" ]
	dump >after
	diff before after
	is "$(wh "SELECT indisclustered, indisvalid FROM pg_index WHERE indexrelid = 'd.m_k'::regclass; SELECT sum(n) FROM d.m")" $'t|t\n12'
	is "$(wh "SELECT made LIKE $second || ' %' FROM mst_effect WHERE target = '\"d\".\"m\"' ORDER BY id DESC LIMIT 1")" t
	# it has a unique index: it is refreshed where it stands
	mstrun --select d.m
	status 0
	[ "$(oid m)" = "$second" ]
	dump >after
	diff before after
}

@test "an owner that it was given to keeps it, and its query runs with his rights" {
	su "DO \$\$BEGIN CREATE ROLE keeper; EXCEPTION WHEN duplicate_object THEN NULL; END\$\$; GRANT keeper TO warehouse"
	wh 'GRANT USAGE, CREATE ON SCHEMA d TO keeper'
	wh "CREATE FUNCTION d.who() RETURNS text LANGUAGE sql VOLATILE AS 'SELECT current_user::text'"
	sql t 'SELECT 1 AS k'
	sql m 'kind: materialized' 'SELECT k, d.who() AS who FROM d.t'
	mstrun
	status 0
	is "$(wh 'TABLE d.m')" '1|warehouse'
	wh 'ALTER MATERIALIZED VIEW d.m OWNER TO keeper; GRANT SELECT ON d.t TO keeper; CREATE UNIQUE INDEX m_k ON d.m (k)'
	dump >before
	mstrun --select d.t
	status 0
	is "$(wh 'TABLE d.m')" '1|keeper'
	dump >after
	diff before after
}

@test "a chain of views and materialized views is made again in its order" {
	sql t 'SELECT 1 AS k, 5 AS n'
	sql a_last 'kind: materialized' 'SELECT v.k, v.n, t.n AS n0, f.n AS n1 FROM d.v JOIN d.t USING (k) JOIN d.first f USING (k)'
	sql first 'kind: materialized' 'SELECT k, n + 1 AS n FROM d.t'
	sql v 'kind: view' 'SELECT k, n + 1 AS n FROM d.first'
	sql 'odd "name"' 'kind: materialized' 'name: d."odd ""name"""' 'SELECT n FROM d.a_last'
	mstrun
	status 0
	wh 'CREATE UNIQUE INDEX ON d.a_last (k); CREATE VIEW d.z AS SELECT n, n0 FROM d.a_last'
	dump >before
	sql t 'SELECT 1 AS k, 50 AS n'
	mstrun --select d.t
	status 0
	is "$(wh 'TABLE d.a_last; TABLE d.z; TABLE d."odd ""name"""')" $'1|52|50|51\n52|50\n52'
	dump >after
	diff before after
	mstrun
	status 0
	dump >after
	diff before after
}

@test "one that mst did not make fails the job and is named; so does one that was restored" {
	sql t 'SELECT 1 AS k'
	sql m 'kind: materialized' 'SELECT k FROM d.t'
	mstrun
	status 0
	t=$(oid t) m=$(oid m)
	wh 'CREATE MATERIALIZED VIEW d.mine AS SELECT k FROM d.t'
	mstrun
	status 1
	is "$(error t)" 'd.mine depends on "d"."t" and cannot follow it: it is a materialized view'
	is "$(hint t)" 'the table is as it was; drop that object, or name another target'
	# above one that follows
	wh 'DROP MATERIALIZED VIEW d.mine; CREATE MATERIALIZED VIEW d.mine AS SELECT k FROM d.m'
	mstrun
	is "$(error t)" 'd.mine depends on "d"."t" and cannot follow it: it is a materialized view'
	[ "$(oid t) $(oid m)" = "$t $m" ]
	# a dump gives it another oid
	wh 'DROP MATERIALIZED VIEW d.m CASCADE; CREATE MATERIALIZED VIEW d.m AS SELECT k FROM d.t' 2>/dev/null
	mstrun
	status 1
	is "$(error t)" 'd.m depends on "d"."t" and cannot follow it: it is a materialized view, and not the one that mst made'
	is "$(hint t)" 'the table is as it was; drop the materialized view, and its own job makes it again'
	wh 'DROP MATERIALIZED VIEW d.m'
	mstrun
	status 0
	mstrun
	status 0
}

@test "one that cannot be made again fails the job, is named, and all stays as it was" {
	sql t 'SELECT 4 AS k, 2 AS n'
	sql m 'kind: materialized' 'SELECT k / n AS q FROM d.t'
	sql second 'kind: materialized' 'SELECT q FROM d.m'
	mstrun
	status 0
	wh 'CREATE UNIQUE INDEX m_q ON d.m (q)'
	is_kept() { is "$(wh 'TABLE d.t; TABLE d.m; TABLE d.second'; oid t; oid m; oid second)" "$kept"; }
	kept=$(wh 'TABLE d.t; TABLE d.m; TABLE d.second'; oid t; oid m; oid second)
	sql t 'SELECT 4 AS k'
	mstrun
	status 1
	is "$(error t)" 'd.m depends on "d"."t" and cannot follow it: the column n is gone'
	is_kept
	sql t "SELECT 4 AS k, '2' AS n"
	mstrun
	is "$(error t)" 'd.m depends on "d"."t" and cannot follow it: the column n would be text, not integer'
	is_kept
	sql t 'SELECT 4 AS k, 0 AS n'
	mstrun
	is "$(error t)" 'the materialized view d.m reads "d"."t" and cannot be made again: division by zero'
	is_kept
	sql t 'SELECT 4 AS k, g AS n FROM generate_series(3, 4) g'
	mstrun
	status 1
	is "$(error t)" 'the materialized view d.m reads "d"."t" and cannot be made again: could not create unique index "m_q": Key (q)=(1) is duplicated'
	is_kept
	is "$(wh "SELECT relname FROM pg_class WHERE relname LIKE '%mst_new%' OR relname LIKE '%mst_old%'")" ''
}

@test "who reads meanwhile sees the old rows or the new ones, never an error" {
	sql t 'SELECT g AS k, 1 AS gen FROM generate_series(1, 100) g'
	sql m 'kind: materialized' 'SELECT k, gen FROM d.t'
	sql v 'kind: view' 'SELECT k, gen FROM d.m'
	sql top 'kind: materialized' 'SELECT count(*) AS n, min(gen) AS low, max(gen) AS high FROM d.v'
	mstrun
	status 0
	printf '%s;\n' 'SELECT count(*), min(gen) = max(gen) FROM d.m' 'SELECT n, low = high FROM d.top' \
		'SELECT count(*), min(gen) = max(gen) FROM d.v' 'SELECT count(*), min(m.gen) = max(m.gen) FROM d.m JOIN d.t USING (k)' >reads
	for i in {1..3000}; do cat reads; done >many
	mst-db psql --warehouse -qAtX -v ON_ERROR_STOP=1 -f many >seen 2>broken 3>&- &
	reader=$!
	for gen in 2 3 4 5; do
		sql t "SELECT g AS k, $gen AS gen FROM generate_series(1, 100) g"
		mstrun --select d.t
		status 0
	done
	kill -0 "$reader" # it read all the time
	wait "$reader"
	is "$(cat broken)" ''
	is "$(sort -u seen)" '100|t'
	is "$(wh 'TABLE d.top')" '100|5|5'
}

@test "its own job and the one of its table do not come in each other's way" {
	sql t 'SELECT g AS k, random() AS x FROM generate_series(1, 2000) g'
	sql m 'kind: materialized' 'SELECT k, x FROM d.t'
	sql n 'kind: materialized' 'SELECT count(*) AS n FROM d.m JOIN d.t USING (k, x)'
	mstrun
	status 0
	wh 'CREATE UNIQUE INDEX m_k ON d.m (k); CREATE UNIQUE INDEX n_n ON d.n (n)'
	again() { for _ in {1..6}; do mst-run --select "$1" . >>"$1.out" 2>&1 3>&- || touch failed; done; }
	again d.t &
	again d.m &
	again d.n &
	wait
	cat d.?.out
	[ ! -e failed ]
	# what mst_effect says of them is true, so that the next jobs refresh them
	m=$(oid m) n=$(oid n)
	mstrun --select d.m --select d.n
	status 0
	is "$(oid m) $(oid n)" "$m $n"
	mstrun
	status 0
	is "$(wh 'TABLE d.n; SELECT count(*) FROM d.m JOIN d.t USING (k, x)')" $'2000\n2000'
}

@test "where mst_effect cannot be kept it is somebody else's" {
	sql t 'SELECT 1 AS k'
	sql m 'kind: materialized' 'SELECT k FROM d.t'
	su 'DROP TABLE IF EXISTS public.mst_effect; CREATE ROLE thief; CREATE TABLE public.mst_effect (x int); ALTER TABLE public.mst_effect OWNER TO thief'
	mstrun
	status 0
	mstrun
	su 'DROP TABLE public.mst_effect; DROP ROLE thief'
	is "$(error t)" 'd.m depends on "d"."t" and cannot follow it: it is a materialized view'
}
