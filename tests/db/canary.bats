#!/usr/bin/env bats
# No plaintext anywhere.  A password and a key that stand nowhere else are used by all that uses secrets,
# on a server that logs all it hears; then everything that anybody could look at is looked at.
load ../cmd/helpers

CANARY=Canary-5e1f-Password
KEY_CANARY=Canary-77aa-Key-Of-Secrets

setup_file() {
	home
	{
		mst-db psql -Xq -c "CREATE ROLE reader LOGIN PASSWORD '$CANARY'" -c 'CREATE DATABASE crm' -c 'GRANT CREATE ON DATABASE crm TO reader'
		mst-db status | jq -r '.socket, .log, .home' >"$BATS_FILE_TMPDIR/where"
	} >/dev/null 2>&1 3>&-
	{ read -r SOCKET; read -r LOG; read -r AT; } <"$BATS_FILE_TMPDIR/where"
	export SOCKET LOG AT
	# the role needs its password now, and the server logs everything from here on
	hba=$(psql -XAtq "host=$SOCKET dbname=mst user=mst" -c 'SHOW hba_file')
	{ echo 'local all reader scram-sha-256' && cat "$hba"; } >"$BATS_FILE_TMPDIR/hba"
	cat "$BATS_FILE_TMPDIR/hba" >"$hba"
	for s in "log_statement = 'all'" "log_connections = on" "log_min_messages = debug1" "log_min_error_statement = debug1" \
		"log_error_verbosity = verbose" "log_parameter_max_length_on_error = -1"; do
		psql -Xq "host=$SOCKET dbname=mst user=mst" -c "ALTER SYSTEM SET $s"
	done
	psql -XAtq "host=$SOCKET dbname=mst user=mst" -c 'SELECT pg_reload_conf()' >/dev/null
	sleep 1
	: >"$LOG"
}
teardown_file() { home_stop; }
setup() { scratch; }

# whether anything of it is there; the texts that say it in other ways, too
canary_in() { # FILE...
	local pattern=$CANARY\|$KEY_CANARY text
	for text in "$CANARY" "$KEY_CANARY"; do
		pattern+=\|$(printf %s "$text" | base64 | cut -c1-20)\|$(printf %s "$text" | od -An -tx1 | tr -d ' \n')
	done
	grep -rlaEi -- "$pattern" "$@"
}
clean() {
	local found
	found=$(canary_in "$@") || return 0
	echo "the canary sits in: $found"
	return 1
}

@test "what is looked for is found where it is" {
	echo "x${CANARY}x" >plain
	printf %s "$CANARY" | base64 >coded
	printf %s "$KEY_CANARY" | od -An -tx1 | tr -d ' \n' >hex
	echo "Canary" >other
	[ "$(canary_in plain coded hex other | sort | paste -sd' ')" = 'coded hex plain' ]
}

@test "a password is used, and shows up nowhere" {
	mkdir said look
	(umask 077 && echo "$KEY_CANARY" >key && echo "$CANARY" >password)
	export MST_KEY_FILE=$PWD/key
	# everybody's command line, as often as it goes
	(
		exec 3>&-
		while [ ! -e over ]; do
			cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | grep -a -e Canary -e mst- >>look/cmdlines
		done
	) &
	watcher=$!
	mst-secret put crm <password >said/put 2>&1
	mst-connection put crm host="$SOCKET" dbname=crm user=reader --password-secret crm >said/connection 2>&1
	mst-connection test crm >said/test 2>&1
	grep -q '"ok":true' said/test
	grep -q '"user":"reader"' said/test
	mst-secret list >said/list 2>&1
	mst-secret list --table >said/list_table 2>&1
	mst-connection get crm >said/get 2>&1
	cat >jobs <<-'E'
		{"type":"job","name":"demo.one","attrs":{"connection":"crm"},"sql":"SELECT current_user::text AS x, pg_sleep(0.5)::text AS y"}
		{"type":"job","name":"demo.two","attrs":{"connection":"crm"},"after":["demo.one"],"sql":"SELECT x / 0 FROM (SELECT 1 AS x) t"}
	E
	mst-run --dry-run <jobs >said/dry 2>&1
	mst-run <jobs >said/run 2>&1 || [ $? = 1 ]
	grep -q 'division by zero' said/run
	[ "$(psql -XAtq "host=$SOCKET dbname=crm user=mst" -c 'SELECT x FROM demo.one')" = reader ]
	mst-ps last >said/ps 2>&1
	# what fails while it holds the password
	psql -Xq "host=$SOCKET dbname=mst user=mst" -c 'ALTER ROLE reader CONNECTION LIMIT 0'
	mst-connection test crm >said/limit 2>&1 || [ $? = 5 ]
	psql -Xq "host=$SOCKET dbname=mst user=mst" -c 'ALTER ROLE reader CONNECTION LIMIT -1'
	mst-connection put crm dbname=none >said/none 2>&1
	mst-connection test crm >>said/none 2>&1 || [ $? = 5 ]
	mst-connection put crm dbname=crm user=nobody >said/nobody 2>&1
	mst-connection test crm >>said/nobody 2>&1 || [ $? = 5 ]
	mst-secret key next 2>said/key
	mst-secret rotate --new-key-file next >said/rotate 2>&1
	mst-secret put crm --cmd "cat $PWD/password" >said/cmd 2>&1
	mst-connection test crm >>said/cmd 2>&1 || [ $? = 5 ]
	touch over
	wait $watcher

	psql -XAtq "host=$SOCKET dbname=mst user=mst" -c "SELECT count(*) FROM mst.event" >/dev/null 2>&1 || :
	pg_dump "host=$SOCKET dbname=mst user=mst" >look/dump
	pg_dump --inserts "host=$SOCKET dbname=mst user=mst" >look/dump_inserts
	pg_dump "host=$SOCKET dbname=crm user=mst" >look/dump_crm
	pg_dump "host=$SOCKET dbname=warehouse user=mst" >look/dump_warehouse
	cp "$LOG" look/log
	grep -q 'mst.secret_put' look/log
	grep -q 'connection authorized: user=reader' look/log
	grep -q 'COPY mst.secret ' look/dump
	grep -q 'mst-run' look/cmdlines
	clean said look
}

# it runs as somebody who is not root, for root may look at everything
someone() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid="$(stat -c %u "$AT/data")" --clear-groups "$@"
	else
		"$@"
	fi
}

@test "a process that holds a password cannot be looked into, and leaves no core" {
	# a folder that this somebody can reach
	mkdir -m 755 "$MST_HOME/his" && cd "$MST_HOME/his"
	(umask 077 && echo "$KEY_CANARY" >key && echo "$CANARY" >password)
	[ "$(id -u)" != 0 ] || chown -R "$(stat -c %u "$AT/data")" .
	export MST_DB="host=$SOCKET dbname=mst user=mst" MST_KEY_FILE=$PWD/key SOME_CANARY=$CANARY
	someone mst-secret put held <password >/dev/null
	mst-connection put held host="$SOCKET" dbname=crm user=reader --password-secret held >/dev/null
	echo '{"type":"job","name":"demo.slow","attrs":{"connection":"held"},"sql":"SELECT pg_sleep(30)::text AS x"}' >jobs
	ulimit -c unlimited
	# by its own path: the links of the tests are scripts
	someone "$MST_BIN/mst-run" <jobs >out 2>&1 3>&- &
	until [ "$(psql -XAtq "host=$SOCKET dbname=crm user=mst" -c "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND wait_event = 'PgSleep'")" = 1 ]; do sleep 0.1; done
	pid=$(psql -XAtq "host=$SOCKET dbname=mst user=mst" -c "SELECT pid FROM mst.run WHERE state = 'running' ORDER BY id DESC LIMIT 1")
	run someone dd if="/proc/$pid/environ" of=/dev/null bs=1 count=1
	status 1
	holds 'Permission denied'
	run someone dd if="/proc/$pid/mem" of=/dev/null bs=1 count=1
	status 1
	holds 'Permission denied'
	grep -q "^Max core file size  *0  *0 " "/proc/$pid/limits"
	if command -v gcore >/dev/null; then
		run someone gcore -o gcore "$pid"
		[ "$status" != 0 ]
	fi
	kill -SEGV "$pid"
	wait || :
	[ -z "$(find . -name 'core*' -o -name 'gcore*')" ]
	clean out
}
