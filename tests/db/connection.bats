#!/usr/bin/env bats
# Connections: put, changed, tested, and found by runs.
load ../cmd/helpers

setup_file() {
	home
	mst-db psql -Xq >/dev/null 2>&1 3>&- <<-'SQL'
		CREATE ROLE ann LOGIN; CREATE ROLE will LOGIN; CREATE ROLE rita LOGIN; CREATE ROLE max LOGIN;
		CREATE DATABASE crm;
	SQL
	{
		for u in ann will rita max; do mst-user add $u; done
		mst-team put crew
		mst-team join crew ann --role admin
		mst-team join crew will --role write
		mst-team join crew rita --role read
	} >/dev/null 3>&-
	SOCKET=$(mst-db status 3>&- | jq -r .socket)
	export SOCKET
}
teardown_file() { home_stop; }
setup() { scratch; }

as() { MST_DB="host=$SOCKET dbname=mst user=$1" "${@:2}"; }
sql() { psql -XAtq "host=$SOCKET dbname=mst user=$1" -c "$2" 2>&1; }
line() { jq -c 'del(.updated_at)' <<<"$output"; }

@test "a connection is put, changed field by field, and every change is kept" {
	run mst-connection put crm host="$SOCKET" dbname=crm port=5433
	status 0
	[ "$(line)" = '{"type":"connection","name":"crm","provider":"postgres","fields":{"dbname":"crm","host":"'"$SOCKET"'","port":"5433"},"restricted":true,"owner":"mst","revision":1,"updated_by":"mst","origin":"the state database"}' ]
	run mst-connection put crm port= user=mst connect_timeout=3
	status 0
	[ "$(jq -c .fields <<<"$output")" = '{"connect_timeout":"3","dbname":"crm","host":"'"$SOCKET"'","user":"mst"}' ]
	run mst-connection put crm 'url=postgresql://mst@/crm?host=%2Fnowhere&application_name=it'
	status 0
	[ "$(jq -c .fields <<<"$output")" = '{"application_name":"it","connect_timeout":"3","dbname":"crm","host":"/nowhere","user":"mst"}' ]
	run mst-connection put crm host="$SOCKET" application_name=
	run mst-connection get crm
	[ "$(line)" = '{"type":"connection","name":"crm","provider":"postgres","fields":{"connect_timeout":"3","dbname":"crm","host":"'"$SOCKET"'","user":"mst"},"restricted":true,"owner":"mst","revision":4,"updated_by":"mst","origin":"the state database"}' ]
	[ "$(sql mst "SELECT string_agg(revision || ' ' || action || ' ' || (fields ->> 'host'), ', ' ORDER BY revision) FROM mst.connection_revision WHERE name = 'crm'")" = \
		"1 put $SOCKET, 2 put $SOCKET, 3 put /nowhere, 4 put $SOCKET" ]
}

@test "a line says all of a connection" {
	mst-connection put tmp host=a dbname=b user=u >/dev/null
	mst-connection get tmp | jq -c 'del(.fields.user) | .fields.host = "c"' >lines
	mst-connection get tmp | jq -c '.name = "tmp2"' >>lines
	run mst-connection put - <lines
	status 0
	[ "$(jq -c '[.name, .fields, .revision]' <<<"$output" | paste -sd' ')" = '["tmp",{"dbname":"b","host":"c"},2] ["tmp2",{"dbname":"b","host":"a","user":"u"},1]' ]
	run --separate-stderr mst-connection put - <<<'{"type":"connection","name":"x","fields":{"host":"h","dbname":"d","password":"hunter2"}}'
	status 3
	complains "mst-connection: stdin:1: a password does not belong here: it would be seen in lists, dumps and histories
  put it into a secret: mst-secret put NAME, then --password-secret NAME"
	run --separate-stderr mst-connection put - <<<'{"type":"connection","name":"x","fields":{"host":5,"dbname":"d"}}'
	status 3
	complains "mst-connection: stdin:1: host: the value is no text"
	run --separate-stderr mst-connection put - <<<'{"type":"connection","name":"x","fields":["host"]}'
	status 3
	complains "mst-connection: stdin:1: the key 'fields' is of the wrong kind"
	mst-connection rm tmp tmp2
	run --separate-stderr mst-connection rm tmp
	status 1
	complains 'mst-connection: there is no connection "tmp"'
}

@test "what a connection cannot be is refused, with what would do" {
	refused() { # STATUS TEXT OPERANDS...
		run --separate-stderr mst-connection put "${@:3}"
		status "$1"
		complains "mst-connection: $2"
		says ''
	}
	refused 2 "a password does not belong here: it would be seen in lists, dumps and histories
  put it into a secret: mst-secret put NAME, then --password-secret NAME" x host=h dbname=d password=hunter2
	refused 2 "a password does not belong here: it would be seen in lists, dumps and histories
  put it into a secret: mst-secret put NAME, then --password-secret NAME" x url=postgresql://u:hunter2@h/d
	refused 2 "a password does not belong here: it would be seen in lists, dumps and histories
  put it into a secret: mst-secret put NAME, then --password-secret NAME" x 'url=host=h password=hunter2'
	refused 2 "an operand behind the name has no '='
  write KEY=VALUE, such as host=db.example.org dbname=crm" x hunter2
	refused 2 "unknown field 'sslmod' (did you mean 'sslmode'?)
  postgres knows: host, port, dbname, user, sslmode, sslrootcert, sslcert, sslkey, channel_binding, gssencmode, target_session_attrs, connect_timeout, application_name, search_path" x sslmod=a
	refused 2 "sslmode: unknown value 'full'
  one of: disable|allow|prefer|require|verify-ca|verify-full" x sslmode=full
	refused 2 "port: '0' is no whole number of 1 to 65535" x port=0
	refused 2 "sslcert: 'me.crt' is no absolute path
  ~/ is the home folder of whoever connects" x sslcert=me.crt
	refused 2 "host is lacking: host name, address, or folder of a unix socket
  write host=..." x dbname=d
	refused 2 "'warehouse' is the name of the one that jobs run on by themselves
  the key 'warehouse' of the configuration says where it is" warehouse host=h dbname=d
	refused 2 "unknown field 'passfile'
  postgres knows: host, port, dbname, user, sslmode, sslrootcert, sslcert, sslkey, channel_binding, gssencmode, target_session_attrs, connect_timeout, application_name, search_path" x 'url=host=h passfile=/etc/shadow'
	refused 1 'there is no secret "none"
  put it first: mst-secret put none' x host=h dbname=d --password-secret none
	# and by nobody, through psql either
	for fields in '{"password":"x"}' '{"passfile":"x"}' '{"port":5}' '[]'; do
		run sql mst "INSERT INTO mst.connection (name, provider, fields, owner) VALUES ('x', 'postgres', '$fields', 'mst')"
		holds 'violates check constraint'
	done
}

@test "test tells who answers, and ends with 5 where nobody does" {
	run mst-connection test crm
	status 0
	[ "$(jq -c '[.ok, .database, .user, .encrypted, (.server | startswith("PostgreSQL 1")), .latency_us > 0]' <<<"$output")" = '[true,"crm","mst",false,true,true]' ]
	mst-connection put away host=127.0.0.1 port=1 dbname=x >/dev/null
	run --separate-stderr mst-connection test crm away
	status 5
	[ "$(jq -c '[.name, .ok]' <<<"$output" | paste -sd' ')" = '["crm",true] ["away",false]' ]
	[[ $stderr == "mst-connection: connection 'away': cannot connect to x at 127.0.0.1:1: "* ]]
	run --separate-stderr mst-connection test cmr
	status 1
	complains "mst-connection: unknown connection 'cmr' (did you mean 'crm'?)
  mst-connection list shows them"
	mst-connection rm away
}

@test "the configuration goes before the state database" {
	mkdir -p .config/mst
	cat >.config/mst/config <<-E
		[connection crm]
		url = postgresql://mst:hunter2@/warehouse?host=$SOCKET
		restricted = no
		[connection broken]
		url = host=
	E
	run mst-connection list
	status 0
	lacks hunter2
	[ "$(jq -c '[.name, .fields.dbname, .restricted, .origin]' <<<"$output" | paste -sd' ')" = \
		'["broken",null,true,"file '"$PWD"'/.config/mst/config:4"] ["crm","warehouse",false,"file '"$PWD"'/.config/mst/config:1"]' ]
	run mst-connection test crm
	[ "$(jq -r .database <<<"$output")" = warehouse ]
	lacks hunter2
	run --separate-stderr mst-connection put crm user=mst
	status 0
	complains "mst-connection: warning: the configuration has a connection 'crm', too, and goes before (file $PWD/.config/mst/config:1)"
}

@test "a run finds a connection, and an unknown one before anything is recorded" {
	run mst-run <<<'{"type":"job","name":"demo.one","attrs":{"connection":"crm"},"sql":"SELECT current_database() AS x"}'
	status 0
	[ "$(psql -XAtq "host=$SOCKET dbname=crm user=mst" -c 'SELECT x FROM demo.one')" = crm ]
	before=$(sql mst 'SELECT count(*) FROM mst.run')
	for flag in --jobs=1 --dry-run; do
		run --separate-stderr mst-run $flag <<<'{"type":"job","name":"demo.one","attrs":{"connection":"crn"},"sql":"SELECT 1 AS x"}'
		status 1
		says ''
		complains "mst-run: demo.one: unknown connection 'crn' (did you mean 'crm'?)
  mst-connection list shows them"
	done
	[ "$(sql mst 'SELECT count(*) FROM mst.run')" = "$before" ]
}

@test "a dry run needs no secret" {
	(umask 077 && echo 0123456789abcdef >key && echo fedcba9876543210 >other)
	MST_KEY_FILE=key mst-secret put dry <<<hunter2 >/dev/null
	mst-connection put dry host="$SOCKET" dbname=crm user=mst --password-secret dry >/dev/null
	echo '{"type":"job","name":"demo.one","attrs":{"connection":"dry"},"sql":"SELECT 1 AS x"}' >job
	MST_KEY_FILE=nowhere run mst-run --dry-run <job
	status 0
	MST_KEY_FILE=other run --separate-stderr mst-run <job
	status 6
	[[ $stderr == "mst-run: demo.one: connection 'dry': secret 'dry' was sealed with another key ("*") than that of other"* ]]
	says ''
	MST_KEY_FILE=key run mst-run <job
	status 0
}

@test "a test ends with what is wrong: no key 1, no server 5, another key or one that others may read 6" {
	(umask 077 && echo 0123456789abcdef >key && echo fedcba9876543210 >other && install -m 644 key open)
	MST_KEY_FILE=key mst-secret put ends <<<hunter2 >/dev/null
	mst-connection put ends host=/nowhere dbname=crm user=mst --password-secret ends >/dev/null
	for case in nowhere=1 key=5 other=6 open=6; do
		MST_KEY_FILE=${case%=*} run mst-connection test ends
		status "${case#*=}"
	done
	MST_KEY_COMMAND=false run mst-connection test ends
	status 5
}

@test "a password that the server does not want: the hint says where it stands" {
	cat >server.py <<'PY'
import socket, struct, sys
s = socket.socket(socket.AF_UNIX)
s.bind(".s.PGSQL.5432")
s.listen(8)
print("ready", flush=True)
while True:
    c, _ = s.accept()
    c.recv(8192)
    c.sendall(b"R" + struct.pack(">ii", 8, 3))
    if c.recv(8192):
        text = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed\0\0"
        c.sendall(b"E" + struct.pack(">i", 4 + len(text)) + text)
    c.close()
PY
	command -v python3 >/dev/null || skip 'no python3'
	python3 server.py >ready 2>&1 3>&- &
	server=$!
	until [ -s ready ]; do sleep 0.05; done
	mst-secret key keyfile >/dev/null 2>&1 || :
	export MST_KEY_FILE=$PWD/keyfile
	mst-secret put wrong --new-key <<<hunter2 >/dev/null
	mst-connection put guarded host="$PWD" dbname=d user=u --password-secret wrong >/dev/null
	mst-connection put open host="$PWD" dbname=d user=u >/dev/null
	run --separate-stderr mst-connection test guarded open
	status 5
	hint="its password is the secret 'wrong': mst-secret put wrong"
	complains "mst-connection: connection 'guarded': cannot connect to d at $PWD: password authentication failed
  $hint
mst-connection: connection 'open': cannot connect to d at $PWD: connection to server on socket \"$PWD/.s.PGSQL.5432\" failed: fe_sendauth: no password supplied
  keep the password as a secret: mst-secret put NAME, then mst-connection put open --password-secret NAME; or give it in ~/.pgpass"
	for attrs in '"connection":"guarded"' '"source":"guarded"'; do
		kind=$([[ $attrs == *source* ]] && echo import || echo summary)
		run --separate-stderr mst-run <<<'{"type":"job","name":"demo.one","kind":"'$kind'","attrs":{'"$attrs"'},"sql":"SELECT 1 AS x FROM t"}'
		[ "$(jq -r 'select(.event == "job_finished").error.hint' <<<"$output")" = "$hint" ] || {
			printf '%s\n' "$output" "$stderr"
			return 1
		}
	done
	kill "$server"
}

@test "PGPASSWORD goes to no server that somebody else chose" {
	as ann mst-connection put chosen --team crew host="$SOCKET" dbname=crm user=will >/dev/null
	PGPASSWORD=hunter2 run --separate-stderr as will mst-connection test chosen
	status 6
	complains "mst-connection: connection 'chosen': PGPASSWORD would be sent to a server that ann chose
  unset it; ~/.pgpass holds passwords by their server"
	run as will mst-connection test chosen
	status 0
	PGPASSWORD=hunter2 run as ann mst-connection test chosen
	status 0
}

@test "an admin of a team puts; who writes uses; who reads looks; others see nothing" {
	for who in will rita; do
		run --separate-stderr as $who mst-connection put x --team crew host=h dbname=d
		status 6
		complains 'mst-connection: only an admin of team "crew" keeps its connections; "'$who'" is none'
	done
	[ "$(as rita mst-connection list | jq -r .name)" = chosen ]
	run --separate-stderr as rita mst-connection test chosen
	status 6
	complains "mst-connection: connection 'chosen' is for those that may write what is team crew's
  an admin of the team makes you one: mst-team join crew USER --role write"
	run --separate-stderr as rita mst-run <<<'{"type":"job","name":"demo.one","attrs":{"connection":"chosen"},"sql":"SELECT 1 AS x"}'
	status 6
	run as max mst-connection list
	says ''
	[ "$(sql max 'SELECT count(*) FROM mst.connection_revision')" = 0 ]
	run --separate-stderr as max mst-connection put chosen host=h dbname=d
	status 1
	complains "mst-connection: the connection \"chosen\" is somebody else's
  take another name"
	for who in will rita max; do
		for statement in "INSERT INTO mst.connection (name, provider, fields, owner, revision, updated_at, updated_by) VALUES ('x', 'postgres', '{}', '$who', 1, now(), '$who')" \
			"UPDATE mst.connection SET fields = '{}'" "DELETE FROM mst.connection" "DELETE FROM mst.connection_revision" \
			"SELECT mst.connection_rm('chosen')" "SELECT mst.connection_put('chosen', 1, 'postgres', '{}', NULL, 'crew', true)"; do
			run sql $who "$statement"
			[[ $output == 'ERROR:  '* ]] || { echo "$who: $statement: $output" && return 1; }
		done
	done
}

@test "only an admin of mst lifts the restriction, and only he changes one without" {
	run --separate-stderr as ann mst-connection put chosen --restricted no
	status 6
	complains 'mst-connection: connection "chosen" is unrestricted: only an admin of mst may make or change it so
  with --restricted yes anybody who keeps it may'
	run sql ann "SELECT mst.connection_put('chosen', 1, 'postgres', '{\"host\":\"h\",\"dbname\":\"d\"}', NULL, 'crew', false)"
	[[ $output == 'ERROR:  connection "chosen" is unrestricted'* ]]
	[ "$(mst-connection put chosen --restricted no | jq .restricted)" = false ]
	run as ann mst-connection put chosen host=evil.example.org
	status 6
	[ "$(as ann mst-connection put chosen host=other.example.org --restricted yes | jq .restricted)" = true ]
}

@test "two that change one connection at once: the second is told" {
	mst-connection put twice host=a dbname=d >/dev/null
	run sql mst "SELECT mst.connection_put('twice', 0, 'postgres', '{\"host\":\"h\",\"dbname\":\"d\"}', NULL, NULL, true)"
	[[ $output == 'ERROR:  connection "twice" was changed meanwhile'* ]]
	for i in 1 2 3 4; do mst-connection put twice host=h$i >out.$i 2>&1 3>&- & done
	wait
	good=$(grep -c '"type":"connection"' out.* | grep -c ':1$')
	[ "$good" -ge 1 ]
	[ "$(mst-connection get twice | jq .revision)" = $((good + 1)) ]
	for f in out.*; do grep -q -e '"type":"connection"' -e 'connection "twice" was changed meanwhile' $f; done
}

@test "every field of the provider's table stands in the manual, and is completed" {
	[ "$(mst-connection --complete connection-field ssl | paste -sd' ')" = 'sslmode= sslrootcert= sslcert= sslkey=' ]
	mst-connection --complete connection-field '' | tr -d = | while read -r field; do
		grep -qE "^\.It Cm (.* )?$field( |$)" "$ROOT/man/mst-connection.1.in" || { echo "$field" && return 1; }
	done
	run mst-ps --complete connection c
	says 'chosen
crm'
	run mst-ps --complete secret d
	says dry
}
