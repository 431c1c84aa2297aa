load ../cmd/helpers

# mst-db backup, restore, check, upgrade.

setup_file() {
	home
	{
		mst-db start
		mst-db psql -qc 'CREATE ROLE carol LOGIN' -c 'CREATE ROLE "o""dd; name" LOGIN' -c 'CREATE ROLE erin LOGIN'
		mst-user add carol --description 'makes marts'
		mst-user add 'o"dd; name'
		mst-user add erin
		mst-user disable erin
		mst-team put mart
		mst-team join mart carol --role write
		printf 'SELECT 1 AS a\n' | mst-run --name d.one -
		printf "INSERT INTO mst.catalogue (name, sql, owner, team) VALUES ('mart.t', E'SELECT ''a\\\\\\\\b\\\\tc'' AS x\\\\n', 'carol', 'mart')" |
			mst-db psql -q
	} >/dev/null 3>&-
}
teardown_file() { home_stop; }
setup() {
	scratch
	# another server, empty
	OTHER=$(mktemp -d /tmp/mst-test.XXXXXX)
	chmod 755 "$OTHER"
}
teardown() {
	MST_HOME=$OTHER "$MST_BIN/mst-db" stop >/dev/null 2>&1 3>&- || :
	rm -rf "$OTHER"
}

# All rows and rights, but for when it was migrated and the number of the database
everything() {
	mst-db psql -qAt <<-'SQL' 3>&-
		SELECT c.relname, c.relrowsecurity, c.relacl, (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n,
			md5(string_agg(t::text, chr(10) ORDER BY t::text)) AS m FROM mst.%I t', c.relname), false, true, '')))[1],
			CASE WHEN c.relname NOT IN ('state', 'account') THEN (xpath('/row/m/text()', query_to_xml(format('SELECT count(*) AS n,
			md5(string_agg(t::text, chr(10) ORDER BY t::text)) AS m FROM mst.%I t', c.relname), false, true, '')))[1] END
			FROM pg_class c WHERE c.relnamespace = 'mst'::regnamespace AND c.relkind = 'r' ORDER BY 1;
		SELECT tablename, policyname, cmd, qual, with_check FROM pg_policies WHERE schemaname = 'mst' ORDER BY 1, 2;
		SELECT oid::regprocedure::text, prosecdef, proconfig, md5(prosrc), proacl FROM pg_proc WHERE pronamespace = 'mst'::regnamespace ORDER BY 1;
		SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM pg_class
			WHERE relnamespace = 'mst'::regnamespace) AND NOT tgisinternal ORDER BY 1, 2;
		SELECT conrelid::regclass::text, conname, translate(pg_get_constraintdef(oid), '()', '') FROM pg_constraint WHERE connamespace = 'mst'::regnamespace ORDER BY 1, 2;
		SELECT x.grantee::regrole::text, x.privilege_type FROM pg_namespace n, aclexplode(n.nspacl) x WHERE n.nspname = 'mst' ORDER BY 1, 2;
		SELECT name, admin, disabled, description, role = quote_ident(name)::regrole, added_at FROM mst.account ORDER BY name;
	SQL
}

@test "a backup comes back as it was: rows, row security, functions, grants" {
	everything >before
	run mst-db backup b
	status 0
	says ''
	[ "$(stat -c %a b)" = 600 ]
	[ ! -e b.tmp ]
	PGOPTIONS='-c client_min_messages=error' mst-db psql -qc 'DROP SCHEMA mst CASCADE'
	run --separate-stderr mst-db restore b
	status 0
	complains ''
	everything >after
	diff before after
	run mst-db check
	status 0
	run mst-ps last
	[ "$(json '[.name, .state]')" = '["d.one","succeeded"]' ]
	# runs are numbered on
	printf 'SELECT 1 AS a\n' | mst-run --name d.two - >/dev/null
	run mst-ps
	[ "$(json .id | tail -n 1)" -lt "$(json .id | head -n 1)" ]
}

@test "the number of the state database is its own again" {
	mst-db backup b
	was=$(mst-db psql -qAtc 'SELECT id FROM mst.state')
	mst-db restore --force b
	[ "$(mst-db psql -qAtc 'SELECT id FROM mst.state')" != "$was" ]
}

@test "on another server users without a role are named, and who restores is an admin" {
	mst-db backup b
	export MST_HOME=$OTHER
	mst-db start
	PGOPTIONS='-c client_min_messages=error' mst-db psql -qc 'DROP SCHEMA mst CASCADE' -c 'CREATE ROLE boss LOGIN' -c 'ALTER DATABASE mst OWNER TO boss' \
		-c 'CREATE ROLE carol LOGIN'
	server="host=$(mst-db status | jq -r .socket) port=5432 dbname=mst"
	MST_DB="$server user=boss" run --separate-stderr mst-db restore b
	status 0
	complains 'mst-db: warning: users without a role on this server: o"dd; name; make them (CREATE ROLE ... LOGIN), then: mst-user set NAME --enabled
mst-db: made boss an admin, for the schema belongs to him now'
	MST_DB="$server user=boss" run mst-user list
	[ "$(json '[.name, .admin, .disabled, .gone]')" = '["boss",true,false,null]
["carol",false,false,null]
["erin",false,true,true]
["mst",true,false,null]
["o\"dd; name",false,false,true]' ]
	MST_DB="$server user=carol" run mst-user whoami
	[ "$(json '.teams')" = '{"mart":"write"}' ]
}

@test "by pipe, and again from stdin" {
	mst-db backup - >b
	everything >before
	run bash -c 'mst-db restore --force - <b'
	status 0
	everything >after
	diff before after
}

@test "pg_restore reads it, too" {
	mst-db backup b
	run bash -c 'pg_restore --list b | grep -c "TABLE DATA mst"'
	[ "$output" -gt 5 ]
}

@test "a file that is there stays, unless --force" {
	echo mine >b
	run --separate-stderr mst-db backup b
	status 1
	complains 'mst-db: b exists already
  --force puts the new backup in its place'
	[ "$(cat b)" = mine ]
	run mst-db backup --force b
	status 0
	run mst-db backup .
	status 2
	run --separate-stderr mst-db backup no/such/b
	status 1
	complains 'mst-db: no/such/b.tmp: cannot open: No such file or directory'
	[ -z "$(ls ./*.tmp 2>/dev/null)" ]
}

@test "a schema that is there stays, unless --force" {
	mst-db backup b
	run --separate-stderr mst-db restore b
	status 1
	[[ $stderr == 'mst-db: the database (mst at '*') has an mst schema already
  --force drops it, with all that it holds, in favour of the backup' ]]
}

@test "whatever is cut off or changed in it is seen, and changes nothing" {
	mst-db backup b
	everything >before
	size=$(stat -c %s b)
	for n in 0 1 100 $((size / 2)) $((size - 1)); do
		head -c "$n" b >cut
		run --separate-stderr mst-db restore --force cut
		status 3
		complains 'mst-db: cut is no whole backup: its last line, with the checksum, is not there
  it was cut off, or not written by mst-db backup; what pg_dump wrote goes by pg_restore'
	done
	for at in 3 200 $((size / 2)) $((size - 100)); do
		cp b bad
		printf '\377' | dd of=bad bs=1 seek="$at" conv=notrunc status=none
		run --separate-stderr mst-db restore --force bad
		status 3
		complains 'mst-db: bad is damaged: its checksum does not fit what is in it
  nothing was changed; take another backup'
	done
	# damaged, with a checksum that fits
	head -c $((size - 85)) b >inner
	dd if=/dev/zero of=inner bs=1 seek=$((size / 2)) count=200 conv=notrunc status=none
	{ cat inner; printf '\nmst-backup 1 sha256=%s\n' "$(sha256sum inner | cut -d' ' -f1)"; } >bad
	run mst-db restore --force bad
	[ "$status" != 0 ]
	everything >after
	diff before after
}

@test "a full disk leaves no half file" {
	[ "$(id -u)" = 0 ] || skip 'a small file system takes root'
	mkdir small
	mount -t tmpfs -o size=16k none small 2>/dev/null || skip 'no mount here'
	run --separate-stderr mst-db backup small/b
	ls -la small >left
	umount small
	status 7
	[[ $stderr == *'No space left on device'* ]]
	lacks b.tmp
	[ "$(wc -l <left)" = 3 ]
}

@test "an older backup is migrated, a newer one refused" {
	mst-db backup now
	# a database of the version before there were users, as an older mst has left it
	mst-db psql -qc 'CREATE DATABASE old'
	old="host=$(mst-db status | jq -r .socket) port=5432 dbname=old user=mst"
	MST_DB=$old mst-db migrate >/dev/null
	mst-db psql -qAtc "SELECT 1" >/dev/null
	MST_DB=$old mst-db psql -q <<-SQL
		DROP SCHEMA mst CASCADE;
		CREATE SCHEMA mst;
		$(mst-db psql -qAtc "SELECT 'CREATE TABLE mst.migration (version int PRIMARY KEY CHECK (version > 0), name text NOT NULL,
			sha256 text NOT NULL CHECK (length(sha256) = 64), applied_at timestamptz NOT NULL DEFAULT now(), mst_version text NOT NULL)'");
		SET search_path TO mst;
		$(cat "$ROOT/lib/store/schema/0001_state.sql" "$ROOT/lib/store/schema/0002_run.sql")
		$(mst-db psql -qAtc "SELECT format('INSERT INTO migration VALUES (%L, %L, %L, %L, %L);', version, name, sha256, applied_at, mst_version)
			FROM mst.migration WHERE version < 3")
		$(cat "$ROOT/tests/db/data/0002.sql")
	SQL
	MST_DB=$old mst-db backup older
	run --separate-stderr mst-db restore --force older
	status 0
	complains "mst-db: migrated from version 2 to $(find "$ROOT/lib/store/schema" -name '*.sql' | wc -l)"
	run mst-ps
	status 0
	[ "${#lines[@]}" -gt 0 ]
	mst-db restore --force now
	mst-db psql -qc "INSERT INTO mst.migration SELECT 999, 'later', repeat('0', 64), now(), '9'"
	mst-db backup newer
	mst-db psql -qc 'DELETE FROM mst.migration WHERE version = 999'
	everything >before
	run --separate-stderr mst-db restore --force newer
	status 4
	complains "mst-db: the backup is of a newer mst: its schema has version 999, this mst knows version $(find "$ROOT/lib/store/schema" -name '*.sql' | wc -l)
  upgrade mst on this machine"
	everything >after
	diff before after
}

@test "a run that is under way is not pulled away from under it" {
	mst-db backup b
	echo 'SELECT pg_sleep(60)::text AS a' | mst-run --name d.slow - >events 2>&1 3>&- &
	pid=$!
	for _ in $(seq 100); do
		[ -n "$(mst-ps --state running)" ] && break
		sleep 0.1
	done
	run --separate-stderr mst-db restore --force b
	kill -INT "$pid"
	wait "$pid" || :
	status 1
	[[ $stderr == 'mst-db: run '*' is under way in the database (mst at '* ]]
}

@test "who does not see every row takes no backup and looks for nothing" {
	server="host=$(mst-db status | jq -r .socket) port=5432 dbname=mst"
	MST_DB="$server user=carol" run --separate-stderr mst-db backup b
	status 6
	complains 'mst-db: row security keeps rows from this user, so a backup would not be whole
  do it as role mst, which owns the schema mst'
	[ ! -e b ] && [ ! -e b.tmp ]
	MST_DB="$server user=carol" run --separate-stderr mst-db check
	status 6
	[ "$(head -n 1 <<<"$stderr")" = 'mst-db: only an admin may check the database; "carol" is none' ]
}

@test "a password is on no command line" {
	mst-db psql -qc "ALTER ROLE mst PASSWORD 'geheim'"
	mkdir bin
	printf '#!/bin/sh\necho "$*" >>%s/argv\necho "$PGPASSWORD" >>%s/env\nexec %s "$@"\n' "$PWD" "$PWD" \
		"$(ls /usr/lib/postgresql/*/bin/pg_dump | tail -n 1)" >bin/pg_dump
	chmod +x bin/pg_dump
	ln -s "$(dirname "$(ls /usr/lib/postgresql/*/bin/pg_dump | tail -n 1)")"/* bin/ 2>/dev/null || :
	server="host=$(mst-db status | jq -r .socket) port=5432 dbname=mst user=mst password=geheim"
	MST_PG_BIN=$PWD/bin MST_DB=$server run mst-db backup b
	status 0
	[ "$(cat env)" = geheim ]
	run grep -c geheim argv
	says 0
	mst-db psql -qc 'ALTER ROLE mst PASSWORD NULL'
}

# --- check

@test "each thing that must hold is looked at, and what does not is named" {
	mst-db backup b
	mst-db psql -q <<-'SQL'
		UPDATE mst.run SET jobs = 2, succeeded = 7 WHERE id = 1;
		INSERT INTO mst.edge VALUES (1, 5, 6);
		INSERT INTO mst.attempt (run_id, job, attempt, state, started_at, finished_at) VALUES (1, 1, 2, 'succeeded', now(), now()),
			(1, 9, 1, 'succeeded', now(), now());
		INSERT INTO mst.job (run_id, no, name, kind, state, waiting, priority, line) VALUES (99, 1, 'lost', 'summary', 'waiting', 1, 0, '{}');
		ALTER TABLE mst.catalogue DISABLE TRIGGER ALL;
		UPDATE mst.catalogue SET sql = 'SELECT 0';
		INSERT INTO mst.catalogue_revision SELECT (r).* FROM (SELECT r FROM mst.catalogue_revision r LIMIT 1) x;
		GRANT USAGE ON SCHEMA mst TO erin;
		ALTER TABLE mst.job DISABLE ROW LEVEL SECURITY;
	SQL
	run mst-db check
	status 1
	run jq -r 'select(.ok | not) | [.name, .found, .example] | join(" | ")' <<<"$output"
	mst-db restore --force b
	says 'run_jobs | 1 | run 1: 1 of 2 jobs
job_run | 1 | run 99, job lost
edge_jobs | 1 | run 1, edge 5 to 6
attempt_job | 1 | run 1, job 9, attempt 1
one_success | 1 | run 1, job d.one
attempt_numbers | 1 | run 1, job d.one, attempt 1, recorded 2
counters | 1 | run 99, job lost counts 1, not done 0
none_left_waiting | 1 | run 99, job lost
run_counts | 1 | run 1
catalogue_revision | 1 | mart.t, revision 1
users_let_in | 1 | erin is disabled and let in
row_security | 1 | job'
	run mst-db check
	status 0
}

# --- upgrade

@test "without an older version there is nothing to upgrade, and a server is not ours to" {
	run --separate-stderr mst-db upgrade
	status 0
	says ''
	MST_DB='host=x' run --separate-stderr mst-db upgrade
	status 2
	complains 'mst-db: MST_DB names a server; this upgrades the private PostgreSQL alone
  its administrator upgrades that'
	MST_HOME=$OTHER run --separate-stderr mst-db upgrade
	status 1
	complains "mst-db: no private PostgreSQL yet in $OTHER
  the first command that needs it makes it, of the newest version"
}

@test "data whose version is not installed any more says what to install" {
	export MST_HOME=$OTHER
	mkdir "$OTHER/data"
	chmod 700 "$OTHER/data"
	chown --reference="$(mst-db status | jq -r .log | xargs dirname)" "$OTHER/data"
	echo 13 >"$OTHER/data/PG_VERSION"
	run --separate-stderr mst-db upgrade
	status 4
	[ "$(head -n 1 <<<"$stderr")" = "mst-db: cannot upgrade from 13 to $(find /usr/lib/postgresql -maxdepth 1 -name '1[567]' | sort | tail -n 1 | grep -o '[0-9]*$'): the programs of PostgreSQL 13 are not installed, and the data is its" ]
	[ "$(tail -n 1 <<<"$stderr")" = '  install PostgreSQL 13 beside it for this once: the package postgresql-13, or the like' ]
	[ "$(ls "$OTHER/data")" = PG_VERSION ]
}

# two versions: those of the distribution, or one that PG_TEST_BIN names
versions() {
	new=${PG_TEST_BIN:-$(find /usr/lib/postgresql -maxdepth 2 -path '*/1[567]/bin' | sort | tail -n 1)}
	old=$(find /usr/lib/postgresql -maxdepth 2 -path '*/1[567]/bin' | sort | head -n 1)
	[ "$("$old/postgres" --version)" != "$("$new/postgres" --version)" ] || skip 'only one version of PostgreSQL is here'
	[ -x "$old/pg_upgrade" ] && [ -x "$new/pg_upgrade" ] || skip 'pg_upgrade is not here'
}

@test "an upgrade keeps state, warehouse and settings, and the old data" {
	versions
	export MST_HOME=$OTHER
	MST_PG_BIN=$old mst-run --name d.one - <<<'SELECT 1 AS a' >/dev/null
	echo "work_mem = '7MB'" >>"$OTHER/data/postgresql.conf"
	mst-team put mart >/dev/null
	was=$(cat "$OTHER/data/PG_VERSION")
	export MST_PG_BIN=$new
	run mst-db upgrade
	status 0
	[ "$(cat "$OTHER/data.$was/PG_VERSION")" = "$was" ]
	[ "$(cat "$OTHER/data/PG_VERSION")" -gt "$was" ]
	[ ! -e "$OTHER/data.upgrade" ]
	run mst-db psql -qAtc 'SHOW work_mem'
	says 7MB
	run mst-db psql --warehouse -qAtc 'SELECT a FROM d.one'
	says 1
	run mst-team get mart
	status 0
	run mst-db check
	status 0
	run --separate-stderr mst-db upgrade
	status 0
	complains "mst-db: the data as it was before is kept in $OTHER/data.$was; remove it when you miss nothing"
}

@test "an upgrade that is killed is begun anew" {
	versions
	export MST_HOME=$OTHER
	MST_PG_BIN=$old mst-run --name d.one - <<<'SELECT 1 AS a' >/dev/null
	export MST_PG_BIN=$new
	for after in 0.2 1 2.5; do
		setsid mst-db upgrade >/dev/null 2>&1 3>&- &
		pid=$!
		sleep "$after"
		# the whole machine, as it were
		for p in $(pgrep -f -- "$OTHER/data"); do kill -9 "$p" 2>/dev/null || :; done
		kill -9 "$pid" 2>/dev/null || :
		wait "$pid" || :
		[ -e "$OTHER/data/PG_VERSION" ]
	done
	run mst-db upgrade
	status 0
	run mst-db psql --warehouse -qAtc 'SELECT a FROM d.one'
	says 1
}
