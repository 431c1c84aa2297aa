#!/usr/bin/env bats
# Whose runs, jobs and use they are where a run takes tables of several teams from the catalogue.
load ../cmd/helpers

setup_file() {
	home
	mst-db psql -Xq >/dev/null 2>&1 3>&- <<-'SQL'
		CREATE ROLE ann LOGIN; CREATE ROLE will LOGIN; CREATE ROLE rita LOGIN; CREATE ROLE olaf LOGIN;
		GRANT CREATE ON DATABASE mst TO PUBLIC;
	SQL
	SERVER="host=$(mst-db status | jq -r .socket) port=5432"
	MST_WAREHOUSE="$SERVER dbname=warehouse user=warehouse"
	export SERVER MST_WAREHOUSE
	{
		for u in ann will rita olaf; do mst-user add $u; done
		for t in sales ops; do mst-team put $t; done
		mst-team join sales will --role write
		mst-team join sales rita
		mst-team join sales ann --role write
		mst-team join ops olaf --role write
		mst-team join ops ann --role write
	} >/dev/null 3>&-
	as will mst-table put sales.t - --team sales <<<'SELECT 1 AS x' >/dev/null
	as olaf mst-table put ops.t - --team ops <<<'SELECT 2 AS x' >/dev/null
	as ann mst-table put ann.t - <<<'SELECT 3 AS x' >/dev/null
}
teardown_file() { home_stop; }
setup() {
	scratch
	export MST_WAREHOUSE="$SERVER dbname=warehouse user=warehouse"
}

as() { MST_DB="$SERVER dbname=mst user=$1" "${@:2}" 3>&-; }
sees() { as "$1" mst-ps -l 1 | jq -c '[.id, .team]'; }

@test "a run of tables of one team is the team's: its members see it and use it, a reader runs none" {
	as will mst-run --catalogue -s sales.t >/dev/null
	n=$(as will mst-ps -l 1 | jq .id)
	[ "$(sees rita)" = "[$n,\"sales\"]" ]
	[ -z "$(sees olaf)" ]
	[ "$(as rita mst-ps last | jq -c '[.name, .state]')" = '["sales.t","succeeded"]' ]
	[ "$(as rita mst-ps --usage team | jq -c '[.key, .jobs]')" = '["sales",1]' ]
	run --separate-stderr as rita mst-run --catalogue -s sales.t
	status 6
	complains 'mst-run: rita may not run sales.t: it is of team sales
  an admin of the team lets you: mst-team join sales rita --role write'
	[ "$(as rita mst-ps -l 1 | jq .id)" = "$n" ]
}

@test "a run of tables of several teams is seen by each, with the jobs that are theirs alone" {
	as ann mst-run --catalogue -s ann.t -s sales.t -s ops.t >/dev/null
	n=$(as ann mst-ps -l 1 | jq .id)
	[ "$(sees ann)" = "[$n,null]" ]
	[ "$(as ann mst-ps last | jq -r .name | sort | paste -sd' ')" = 'ann.t ops.t sales.t' ]
	[ "$(sees rita)" = "[$n,null]" ]
	[ "$(as rita mst-ps "$n" | jq -r .name)" = sales.t ]
	[ "$(as rita mst-ps -l 1 | jq -c '[.state, .jobs, .succeeded]')" = '["succeeded",3,3]' ]
	[ "$(as olaf mst-ps "$n" | jq -r .name)" = ops.t ]
	[ "$(as rita mst-log "$n" | jq -r 'select(.job).job' | sort -u)" = sales.t ]
	run --separate-stderr as rita mst-ps "$n" --sql
	lacks 'SELECT 3'
	lacks 'SELECT 2'
	[ "$(as ann mst-ps --usage team | jq -c '[.key, .jobs]' | sort)" = '["ops",1]
["sales",2]
[null,1]' ]
	# the name is not whose it was: a team made later sees nothing of it
	st="mst-db psql -qAtX -v ON_ERROR_STOP=1"
	$st -c "UPDATE mst.team SET name = 'works' WHERE name = 'ops'"
	[ "$(as olaf mst-ps "$n" | jq -r .name)" = ops.t ]
	[ "$($st -c "SELECT teams FROM mst.run WHERE id = $n")" = '{works,sales}' ]
	$st -c "BEGIN" -c "DELETE FROM mst.catalogue WHERE team = 'works'" -c "DELETE FROM mst.team WHERE name = 'works'" \
		-c "SELECT teams FROM mst.run WHERE id = $n" -c ROLLBACK >out
	[ "$(<out)" = '{sales}' ]
	$st -c "UPDATE mst.team SET name = 'ops' WHERE name = 'works'"
}

@test "in a run of the catalogue a connection that leads nowhere fails its own job and what is below" {
	unset MST_WAREHOUSE
	mst-table put shop.a - <<-'SQL' >/dev/null
		-- mst: kind: import
		-- mst: source: nosuch
		SELECT 1 AS x
	SQL
	mst-table put shop.below - <<<'SELECT x FROM shop.a' >/dev/null
	mst-table put shop.other - <<<'SELECT 1 AS x' >/dev/null
	mst-secret put shop.pw --env NOT_THERE_AT_ALL >/dev/null
	mst-connection put shop.db host=/nowhere dbname=x --password-secret shop.pw >/dev/null
	mst-table put shop.b - <<-'SQL' >/dev/null
		-- mst: kind: import
		-- mst: source: shop.db
		SELECT 1 AS x
	SQL
	run --separate-stderr mst-run --catalogue -s 'shop.*'
	status 1
	[ "$(mst-ps last | jq -c '[.name, .state, .error.code]' | sort)" = '["shop.a","failed","not found"]
["shop.b","failed","not found"]
["shop.below","blocked",null]
["shop.other","succeeded",null]' ] || { mst-ps last && return 1; }
	[[ $stderr == *"mst-run: shop.a: unknown connection 'nosuch'"* ]]
	[[ $stderr == *"mst-run: shop.b: connection 'shop.db': "* ]]
	# by lines it is refused before anything runs
	n=$(mst-ps -l 1 | jq .id)
	run --separate-stderr mst-run <<<'{"type":"job","name":"shop.a","kind":"import","sql":"SELECT 1","attrs":{"source":"nosuch"}}'
	status 1
	[ "$(mst-ps -l 1 | jq .id)" = "$n" ]
	run --separate-stderr mst-run --catalogue -s shop.a --dry-run
	status 1
	[[ $stderr == *"mst-run: shop.a: unknown connection 'nosuch'"* ]]
	# once it is there the run goes on
	mst-db psql --warehouse -qc 'CREATE TABLE given AS SELECT 7 AS x'
	mst-connection put nosuch "host=${SERVER#host=}" dbname=warehouse >/dev/null 2>&1 || :
	run --separate-stderr mst-run --retry "$n"
	status 1
	[ "$(mst-ps "$n" | jq -c '[.name, .attempt]' | sort)" = '["shop.a",2]
["shop.b",2]
["shop.below",0]
["shop.other",1]' ]
}
