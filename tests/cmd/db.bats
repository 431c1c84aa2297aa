#!/usr/bin/env bats
# mst-db as a command; tests/db/cluster.bats has what the cluster itself does.
# shellcheck disable=SC2016  # meant for the inner shell

load helpers

setup_file() { home; }
teardown_file() { home_stop; }
setup() { scratch; }

@test "without a command: status 2 and the way to the help" {
	run mst-db
	status 2
	run mst-db strat
	status 2
	holds "did you mean 'start'?"
	run mst-db start now
	status 2
}

@test "a dry run on a fresh home lists every migration and makes nothing" {
	run --separate-stderr mst-db migrate --dry-run
	status 0
	[ "$(json '[.version, .applied]' | head -1)" = '[1,false]' ]
	[ "${#lines[@]}" = "$(find "$ROOT/lib/store/schema" -name '*.sql' | wc -l)" ]
	[ -z "$(ls "$MST_HOME")" ]
	run mst-db status
	status 1
	[ -z "$(ls "$MST_HOME")" ]
}

@test "psql gets its arguments as they are" {
	run --separate-stderr mst-db psql -qAt --set=x="it's" -c 'SELECT 1' --csv -c "SELECT 2, 'b'"
	status 0
	says '1
2,b'
	run mst-db psql --version
	[[ $output == 'psql (PostgreSQL) '* ]]
	run mst-db psql -c 'nonsense'
	status 1
	run bash -c "echo 'SELECT 5' | mst-db psql --warehouse -At"
	says 5
}

@test "psql that is not on PATH is taken from the folder of the server" {
	mst-db start
	mkdir bin
	ln -s "$(type -P setpriv)" "$(type -P test)" bin/
	run env PATH="$PWD/bin" "$MST_BIN/mst-db" psql -At -c 'SELECT 3'
	status 0
	says 3
}

@test "status as table and CSV" {
	mst-db start
	run mst-db status --csv
	status 0
	[ "${lines[0]}" = 'running,name,version,schema_version,connections,data_bytes,started,home' ]
	[[ ${lines[1]} == "true,mst at "*",$MST_HOME" ]]
	run tty mst-db status
	status 0
	holds RUNNING
}

@test "--db and MST_DB name a server, and what is wrong with it is said" {
	run mst-db --db 'host=/nonexistent dbname=x user=y' status
	status 1
	holds 'mst-db: cannot connect to x at /nonexistent: '
	holds '"private":false,"running":false'
	run mst-db --db 'host=/nonexistent dbname=x user=y' migrate
	status 4
	MST_DB='host' run mst-db migrate
	status 2
	says "mst-db: the connection string cannot be read: missing \"=\" after \"host\" in connection info string
  write postgresql://USER@HOST:PORT/DATABASE or 'host=... dbname=...'"
	# what is no secret is shown, what may be one is not
	MST_DB='gar bage' run mst-db migrate
	holds 'missing "=" after "gar" in'
	MST_DB='password=a bage' run mst-db migrate
	holds 'missing "=" after "***" in'
	lacks bage
	MST_DB='password=a "bage' run mst-db migrate
	holds 'missing "=" after "***" in'
	lacks bage
	MST_DB='postgresql://u@h/d?bage"bage' run mst-db migrate
	holds 'cannot be read'
	lacks bage
	run mst-db --db service=nowhere migrate
	status 4
	holds 'mst-db: cannot connect to a database at the default socket: definition of service "nowhere" not found'
}

@test "a server beside the private cluster: one line for each" {
	mst-db start
	socket=$(mst-db status | jq -r .socket)
	run --separate-stderr mst-db --db "host=$socket user=mst dbname=warehouse" status
	status 0
	[ "$(jq -c '[.private, .running, .schema_version]' <<<"${lines[0]}")" = '[false,true,0]' ]
	[ "$(jq -c '[.private, .running]' <<<"${lines[1]}")" = '[true,true]' ]
}

@test "a full standard output is an error" {
	mst-db start
	run bash -c '"$MST_BIN/mst-db" status >/dev/full'
	status 7
}
