#!/usr/bin/env bats
# Names that live in the database are completed, and a key press starts nothing.
load ../cmd/helpers

setup_file() { home; }
teardown_file() { home_stop; }
setup() { scratch; }

@test "no cluster is made for a completion" {
	run mst-ps --complete run ''
	status 0
	says ''
	[ -z "$(ls -A "$MST_HOME")" ]
}

@test "runs and tables are completed, also for commands that do not talk to the database" {
	echo 'SELECT 1 AS x' | mst-run --name demo.hello -
	echo 'SELECT 2 AS x' | mst-run --name demo.world -
	run mst-ps --complete run ''
	says 'last
2
1'
	run mst-ps --complete run 2
	says 2
	run mst-ps --complete table demo.
	says 'demo.hello
demo.world'
	run mst-ps --complete table +demo.h
	says +demo.hello
	run mst-ps --complete table tag:x,2+demo.w
	says tag:x,2+demo.world
	run mst-ps --complete table @demo.w
	says @demo.world
	run mst-ps --complete table "'; DROP"
	says ''
	run bash --norc -c '
		source "$ROOT/completions/bash/mst-plan"
		COMP_WORDS=(mst-plan --select demo.w) COMP_CWORD=2
		_mst_plan
		printf "%s\n" "${COMPREPLY[@]}"'
	says demo.world
}

@test "a server that is not there gives no names and no words" {
	MST_DB='host=127.0.0.1 port=1' run mst-ps --complete run ''
	status 0
	says ''
}

@test "a cluster that is stopped stays so" {
	mst-db stop
	run mst-ps --complete run ''
	says ''
	run mst-db status
	holds '"running":false'
}
