#!/usr/bin/env bats
# Secrets: put, listed, used, rotated and lost, by one user and by a team on one server.
load ../cmd/helpers

setup_file() {
	home
	mst-db psql -Xq >/dev/null 2>&1 3>&- <<-'SQL'
		CREATE ROLE ann LOGIN; CREATE ROLE will LOGIN; CREATE ROLE rita LOGIN; CREATE ROLE max LOGIN; CREATE ROLE eve LOGIN;
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
setup() {
	scratch
	KEY=$BATS_FILE_TMPDIR/key
	[ -e "$KEY" ] || mst-secret key "$KEY" 2>/dev/null
	export MST_KEY_FILE=$KEY
}

# as ROLE COMMAND...
as() { MST_DB="host=$SOCKET dbname=mst user=$1" "${@:2}"; }
# what ROLE sees by SQL
sql() { psql -XAtq "host=$SOCKET dbname=mst user=$1" -c "$2" 2>&1; }
line() { jq -c 'del(.updated_at, .key)' <<<"$output"; }

@test "without a key the first secret says how to make one, before it reads anything" {
	unset MST_KEY_FILE
	run --separate-stderr mst-secret put crm </dev/null
	status 2
	says ''
	complains "mst-secret: there is no key for secrets
  mst-secret key makes one in $XDG_CONFIG_HOME/mst/key; or set key_file (MST_KEY_FILE) or key_command"
}

@test "mst-secret key makes a file for its owner alone, once, and it is the key from then on" {
	unset MST_KEY_FILE
	run --separate-stderr mst-secret key
	status 0
	says ''
	complains "mst-secret: made $XDG_CONFIG_HOME/mst/key; keep a copy elsewhere: without it what it sealed is lost"
	[ "$(stat -c %a "$XDG_CONFIG_HOME/mst/key")" = 600 ]
	grep -qxE '[0-9a-f]{64}' "$XDG_CONFIG_HOME/mst/key"
	before=$(cat "$XDG_CONFIG_HOME/mst/key")
	run --separate-stderr mst-secret key
	status 1
	complains "mst-secret: $XDG_CONFIG_HOME/mst/key is there already
  mst-secret rotate goes over to another key; mst-secret key FILE makes one elsewhere"
	[ "$before" = "$(cat "$XDG_CONFIG_HOME/mst/key")" ]
	mst-secret put own.key --new-key <<<x >/dev/null
	[ "$(mst-secret list | jq 'select(.name == "own.key").opens')" = true ]
	mst-secret rm own.key
}

@test "a key that others can read, that is short, or that is none is refused" {
	chmod 640 "$KEY"
	run --separate-stderr mst-secret put crm <<<x
	chmod 600 "$KEY"
	status 6
	complains "mst-secret: the key file $KEY is open to others (mode 0640)
  chmod 600 $KEY"
	(umask 077 && echo 'fifteen bytes..' >short)
	MST_KEY_FILE=short run --separate-stderr mst-secret put crm <<<x
	status 2
	complains "mst-secret: the key of short has 15 bytes, which is too short: 16 at least
  mst-secret key makes a good one"
	MST_KEY_FILE=/dev/null run --separate-stderr mst-secret put crm <<<x
	status 2
	complains "mst-secret: the key file /dev/null is no regular file"
	MST_KEY_FILE='' MST_KEY_COMMAND='exit 3' run --separate-stderr mst-secret put crm <<<x
	status 5
	complains "mst-secret: the key_command: exit status 3"
}

@test "a value comes from stdin or a file, and no line shows it" {
	run mst-secret put one <<<hunter2-one
	status 0
	[ "$(line)" = '{"type":"secret","name":"one","kind":"sealed","opens":true,"owner":"mst","set_by":"mst"}' ]
	echo hunter2-two >two
	run mst-secret put two --from two
	status 0
	lacks hunter2
	run mst-secret list
	[ "$(jq -r .name <<<"$output" | paste -sd' ')" = 'one two' ]
	lacks hunter2
	run mst-secret list --table
	lacks hunter2
	[ "$(sql mst "SELECT count(*) FROM mst.secret s WHERE s::text ~ 'hunter2' OR convert_from(value, 'LATIN1') ~ 'hunter2'")" = 0 ]
}

@test "the terminal is asked twice, and shows nothing" {
	run script -qec 'mst-secret put typed --json' /dev/null < <(sleep 1; echo hunter2-typed; sleep 0.3; echo hunter2-typed; sleep 0.5)
	status 0
	holds 'the secret (it is not shown): '
	holds 'once more: '
	lacks hunter2
	run script -qec 'mst-secret put typed2 --json' /dev/null < <(sleep 1; echo hunter2-typed; sleep 0.3; echo hunter2-tpyed; sleep 0.5)
	status 3
	holds 'mst-secret: the two are not the same'
	lacks hunter2
	mst-secret rm typed
}

@test "what may be the secret itself is not repeated" {
	run --separate-stderr mst-secret put 'hunter2!' <<<x
	status 2
	complains "mst-secret: the first operand is not the name of a secret
  a name has 1 to 63 letters, digits, '_', '-' and '.'; the value comes on stdin"
	for value in '' $'\n' $'a\\0b'; do
		run --separate-stderr mst-secret put bad < <(printf '%b' "$value")
		status 3
	done
	complains 'mst-secret: the secret has a NUL byte'
	run --separate-stderr mst-secret put bad < <(head -c 70000 /dev/zero | tr '\0' x)
	[[ $stderr == "mst-secret: stdin: larger than 65538 bytes"* ]]
	run --separate-stderr mst-secret put bad --env A --cmd b
	status 2
	complains "mst-secret: --from, --env, --file and --cmd do not go together"
}

@test "rows that were exchanged or changed in the database do not open" {
	mst-secret put swap.a <<<hunter2-a >/dev/null
	mst-secret put swap.b <<<hunter2-b >/dev/null
	sql mst "UPDATE mst.secret a SET nonce = '\\x000000000000000000000000' WHERE name = 'swap.a';
		UPDATE mst.secret b SET value = a.value FROM mst.secret a WHERE a.name = 'swap.a' AND b.name = 'swap.b'"
	run --separate-stderr mst-secret list
	[ "$(jq -c 'select(.name | startswith("swap")) | .opens' <<<"$output" | paste -sd' ')" = 'false false' ]
	complains "mst-secret: warning: secret 'swap.b' was changed in the state database since it was sealed"
	run --separate-stderr mst-secret rotate
	status 0
	[ "$(jq -r .name <<<"$output" | paste -sd' ')" = 'one two' ]
	[[ $stderr == *"warning: left as they are (not yours to change, or this key does not open them): swap.a, ..." ]]
	mst-connection put swap host=127.0.0.1 port=1 dbname=x --password-secret swap.b >/dev/null
	run --separate-stderr mst-connection test swap
	status 3
	complains "mst-connection: connection 'swap': secret 'swap.b' was changed in the state database since it was sealed
  put it anew, and ask who may write there"
	mst-connection rm swap
	mst-secret rm swap.a swap.b
}

@test "a lost key is named, with all that it takes along" {
	mst-secret put lost.a <<<hunter2-a >/dev/null
	mst-connection put lost host=127.0.0.1 port=1 dbname=x --password-secret lost.a >/dev/null
	mst-secret key other 2>/dev/null
	export MST_KEY_FILE=$PWD/other
	id=$(mst-secret list | jq -r 'select(.name == "lost.a").key')
	run mst-secret list
	[ "$(jq -c '.opens' <<<"$output" | sort -u)" = false ]
	run --separate-stderr mst-connection test lost
	status 6
	complains "mst-connection: connection 'lost': secret 'lost.a' was sealed with another key ($id) than that of $PWD/other
  where that key is lost, so are these: lost.a, one, two; put them anew"
	run --separate-stderr mst-secret put lost.a <<<hunter2-new
	status 6
	complains "mst-secret: your other secrets are sealed with another key
  take that key, or say --new-key to begin another one; mst-secret list shows them"
	mst-secret put lost.a --new-key <<<hunter2-new >/dev/null
	run --separate-stderr mst-connection test lost
	status 5
	run mst-secret list
	[ "$(jq -c 'select(.opens) | .name' <<<"$output")" = '"lost.a"' ]
	run --separate-stderr mst-secret rotate
	status 0
	complains "mst-secret: warning: left as they are (not yours to change, or this key does not open them): one, ..."
	mst-connection rm lost
	mst-secret rm lost.a
}

@test "rotate seals all of them with the new key, and the old one opens none" {
	before=$(mst-secret list | jq -r .key | sort -u)
	mst-secret key next 2>/dev/null
	run --separate-stderr mst-secret rotate --new-key-file "$PWD/next"
	status 0
	[ "$(jq -c '[.name, .opens]' <<<"$output" | paste -sd' ')" = '["one",true] ["two",true]' ]
	complains "mst-secret: from now on the key is that of $PWD/next: set key_file (MST_KEY_FILE) to it"
	[ "$(mst-secret list | jq -c .opens | sort -u)" = false ]
	export MST_KEY_FILE=$PWD/next
	[ "$(mst-secret list | jq -c .opens | sort -u)" = true ]
	[ "$(mst-secret list | jq -r .key | sort -u)" != "$before" ]
	[ "$(sql mst "SELECT count(*) FROM mst.secret_key WHERE id = '$before'")" = 0 ]
	# back, for the tests that follow
	mst-secret rotate --new-key-file "$KEY" >/dev/null 2>&1
	run --separate-stderr mst-secret rotate
	status 1
	complains "mst-secret: no secret that you keep is sealed with the present key
  mst-secret list shows which key each of them wants"
}

@test "a rotation that is killed in the middle changes nothing" {
	mst-secret key next 2>/dev/null
	for kill in 'kill -9 $pid' 'sql mst "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '"'mst-secret'"'" >/dev/null'; do
		# it has added its key and locked "one" when it comes to wait for this
		sql mst "BEGIN; SELECT FROM mst.secret WHERE name = 'two' FOR UPDATE; SELECT pg_sleep(60)" >/dev/null 3>&- &
		until [ "$(sql mst "SELECT count(*) FROM pg_stat_activity WHERE query ~ '^BEGIN; SELECT FROM' AND wait_event = 'PgSleep'")" = 1 ]; do sleep 0.05; done
		mst-secret rotate --new-key-file "$PWD/next" >out 2>&1 3>&- &
		pid=$!
		until [ "$(sql mst "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'mst-secret' AND wait_event_type = 'Lock'")" = 1 ]; do sleep 0.05; done
		eval "$kill"
		sql mst "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'" >/dev/null
		wait
		# whatever the server was still at has ended
		sql mst 'BEGIN; LOCK TABLE mst.secret IN ACCESS EXCLUSIVE MODE; COMMIT' >/dev/null
		[ "$(mst-secret list | jq -c .opens | paste -sd' ')" = 'true true' ]
	done
	grep -q '^mst-secret: ' out
	[ "$(MST_KEY_FILE=$PWD/next mst-secret list | jq -c .opens | paste -sd' ')" = 'false false' ]
	[ "$(sql mst 'SELECT count(*) FROM mst.secret_key')" = 1 ]
}

@test "two that rotate at once: one of them finds that there is nothing left" {
	mst-secret key next 2>/dev/null
	mst-secret rotate --new-key-file "$PWD/next" >out.1 2>&1 3>&- &
	mst-secret rotate --new-key-file "$PWD/next" >out.2 2>&1 3>&- &
	wait
	[ "$(MST_KEY_FILE=$PWD/next mst-secret list | jq -c .opens | sort -u)" = true ]
	MST_KEY_FILE=$PWD/next mst-secret rotate --new-key-file "$KEY" >/dev/null 2>&1
	[ "$(mst-secret list | jq -c .opens | sort -u)" = true ]
}

@test "references are looked up where they are used" {
	mst-secret put by.env --env CRM_PASSWORD >/dev/null
	mst-connection put ref host=127.0.0.1 port=1 dbname=x --password-secret by.env >/dev/null
	run --separate-stderr mst-connection test ref
	status 1
	complains "mst-connection: connection 'ref': secret 'by.env': the environment has no CRM_PASSWORD"
	CRM_PASSWORD=hunter2 run --separate-stderr mst-connection test ref
	status 5
	mst-secret put by.env --cmd 'echo hunter2 >&2; exit 4' >/dev/null
	run --separate-stderr mst-connection test ref
	status 5
	[[ $stderr == *"mst-connection: connection 'ref': secret 'by.env': its command: exit status 4" ]]
	mst-secret put by.env --cmd 'touch was.run; echo hunter2' >/dev/null
	run mst-connection test ref
	status 5
	lacks hunter2
	[ -e was.run ]
	mst-secret put by.env --file nowhere >/dev/null
	run --separate-stderr mst-connection test ref
	status 1
	[[ $stderr == "mst-connection: connection 'ref': secret 'by.env': $PWD/nowhere: "* ]]
	MST_SECRET_REFS=none run --separate-stderr mst-connection test ref
	status 6
	mst-connection rm ref
	mst-secret rm by.env
}

# --- a team ------------------------------------------------------------------------

@test "an admin of a team puts; who writes uses; who reads sees the name; others see nothing" {
	run as will mst-secret put shared --team crew <<<hunter2
	status 6
	holds "mst-secret: only an admin of team \"crew\" keeps its secrets; \"will\" is none"
	as ann mst-secret put shared --team crew <<<hunter2 >/dev/null
	run as will mst-secret list
	[ "$(line)" = '{"type":"secret","name":"shared","kind":"sealed","opens":true,"owner":"ann","team":"crew","set_by":"ann"}' ]
	run as rita mst-secret list
	[ "$(line)" = '{"type":"secret","name":"shared","kind":"sealed","owner":"ann","team":"crew","set_by":"ann"}' ]
	run as max mst-secret list
	says ''
	run as eve mst-secret list
	status 6
	run as max mst-secret put shared <<<x
	status 1
	holds 'mst-secret: the secret "shared" is somebody else'"'"'s'
	run as max mst-secret rm shared
	status 1
	holds 'mst-secret: there is no secret "shared"'
}

@test "through psql a reader gets no ciphertext, a writer no right to change, whatever he tries" {
	for column in nonce value ref 'secret.*'; do
		run sql rita "SELECT $column FROM mst.secret"
		holds 'permission denied for table secret'
	done
	[ "$(sql rita "SELECT count(*) FROM mst.secret_open(NULL)")" = 0 ]
	[ "$(sql rita "SELECT count(*) FROM mst.secret_open('{shared}')")" = 0 ]
	[ "$(sql will "SELECT name FROM mst.secret_open(NULL)")" = shared ]
	[ "$(sql max "SELECT count(*) FROM mst.secret")" = 0 ]
	[ "$(sql max "SET ROLE ann")" = 'ERROR:  permission denied to set role "ann"' ]
	for who in rita will max; do
		for statement in "INSERT INTO mst.secret (name, kind, ref, owner, set_by) VALUES ('x', 'env', 'X', '$who', '$who')" \
			"UPDATE mst.secret SET team = NULL" "DELETE FROM mst.secret" "TRUNCATE mst.secret" \
			"UPDATE mst.secret SET set_by = 'will'" "DELETE FROM mst.secret_key" "COPY mst.secret TO STDOUT" \
			"CREATE TRIGGER t BEFORE UPDATE ON mst.secret EXECUTE FUNCTION suppress_redundant_updates_trigger()" \
			"CREATE RULE r AS ON SELECT TO mst.secret DO INSTEAD NOTHING" "SELECT mst.secret_sweep()"; do
			run sql $who "$statement"
			[[ $output == 'ERROR:  '* ]] || { echo "$who: $statement: $output" && return 1; }
		done
		for call in "secret_rm('shared')" "secret_move('shared', NULL)" \
			"secret_put('shared', 'env', 'X', NULL, NULL, NULL, 'crew', false)" \
			"secret_rotate((SELECT id FROM mst.secret_key LIMIT 1), '{shared}', '{\"\\\\x00\"}', '{\"\\\\x00\"}', '{\"\\\\x00\"}')"; do
			run sql $who "SELECT mst.$call"
			[[ $output == 'ERROR:  '* ]] || { echo "$who: $call: $output" && return 1; }
		done
	done
	run as ann mst-secret list
	[ "$(jq -c '[.name, .opens]' <<<"$output")" = '["shared",true]' ]
}

@test "keys that somebody adds in heaps make nobody else work, and are swept away" {
	key="'\\x00000000000000000000000000000000'"
	run sql rita "SELECT mst.secret_key_add(repeat('f', 16), $key, 131072, 16, 16, $key)"
	holds 'violates check constraint "secret_key_work"'
	sql rita "SELECT mst.secret_key_add(lpad(i::text, 16, 'f'), $key, 131072, 8, 1, $key) FROM generate_series(1, 99) i" >/dev/null
	# each of them takes half a second to try
	SECONDS=0
	as max mst-secret put max.own --new-key <<<x >/dev/null
	[ "$SECONDS" -le 4 ]
	as max mst-secret put max.own <<<y >/dev/null
	[ "$(sql mst "SELECT count(*) FROM mst.secret_key WHERE added_by = 'rita'")" = 0 ]
	as max mst-secret rm max.own >/dev/null
}

@test "a definer function of a user gets him nothing: what counts is who logged in" {
	sql mst 'GRANT CREATE ON SCHEMA public TO will' >/dev/null
	sql will "CREATE FUNCTION public.trap() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS
		\$\$ SELECT count(*) FROM mst.secret_open(NULL) \$\$"
	[ "$(sql will 'SELECT public.trap()')" = 1 ]
	[ "$(sql rita 'SELECT public.trap()')" = 0 ]
	# names that hide those of the system
	run sql will "CREATE TEMP TABLE account (name text); INSERT INTO account VALUES ('will'); SET search_path = pg_temp, mst, public;
		SELECT mst.is_admin()"
	says f
	sql mst 'DROP FUNCTION public.trap(); REVOKE CREATE ON SCHEMA public FROM will' >/dev/null
}

@test "a writer reads what another keeps, and follows no reference of his" {
	as ann mst-secret put theirs --team crew --cmd 'touch was.run; echo x' >/dev/null
	as ann mst-connection put theirs --team crew host=127.0.0.1 port=1 dbname=x --password-secret theirs >/dev/null
	run --separate-stderr as will mst-connection test theirs
	status 6
	complains "mst-connection: connection 'theirs': secret 'theirs' is a reference (cmd) that ann set: it is not followed here
  the key secret_refs says whose references are followed: none, own or all"
	[ ! -e was.run ]
	[ "$(as will mst-secret list | jq 'select(.name == "theirs").opens')" = false ]
	MST_SECRET_REFS=all run as will mst-connection test theirs
	status 5
	[ -e was.run ]
	run --separate-stderr as rita mst-connection test theirs
	status 6
	complains "mst-connection: connection 'theirs' is for those that may write what is team crew's
  an admin of the team makes you one: mst-team join crew USER --role write"
	# whoever changes a reference is the one who set it
	mst-secret put theirs --cmd 'touch evil; echo x' >/dev/null
	run as ann mst-connection test theirs
	status 6
	[ ! -e evil ]
}

@test "a secret goes to another team with the connections that use it, and to none alone" {
	mst-team put other >/dev/null
	mst-team join other ann --role admin >/dev/null
	run as ann mst-secret move theirs --team other
	status 0
	[ "$(as ann mst-connection get theirs | jq -r .team)" = other ]
	run as will mst-connection get theirs
	status 1
	run --separate-stderr as ann mst-connection put theirs --team crew
	status 1
	complains 'mst-connection: secret "theirs" belongs to team other, connection "theirs" to team crew
  both must be one team'"'"'s or one user'"'"'s; mst-secret move takes a secret to another team'
	run as ann mst-secret move theirs --team nobody
	status 1
	holds 'mst-secret: there is no team "nobody"'
	run as will mst-secret move theirs --team crew
	status 1
	# by SQL, as the owner of the schema: the constraint holds
	run sql mst "UPDATE mst.connection SET team = 'crew' WHERE name = 'theirs'"
	holds 'violates foreign key constraint "connection_secret"'
	as ann mst-secret move theirs --team - >/dev/null
	[ "$(as ann mst-connection get theirs | jq -c '[.owner, .team]')" = '["ann",null]' ]
}

@test "who is disabled or taken out of the team loses all at once" {
	[ "$(as will mst-secret list | jq -r .name | paste -sd' ')" = shared ]
	mst-team leave crew will >/dev/null
	run as will mst-secret list
	says ''
	[ "$(sql will 'SELECT count(*) FROM mst.secret_open(NULL)')" = 0 ]
	mst-team join crew will --role write >/dev/null
	mst-user disable will 2>/dev/null
	run as will mst-secret list
	status 6
	mst-user set will --enabled >/dev/null
	run as will mst-secret list
	holds shared
}
