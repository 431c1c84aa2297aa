#!/usr/bin/env bats
# The private cluster: made on first use, found again, and every way it can be in a bad state.

# shellcheck disable=SC2016,SC2030,SC2031  # meant for the inner shell; each test is a shell of its own

load ../cmd/helpers

# a cluster to copy: making one takes a second
setup_file() {
	home
	export TEMPLATE=$MST_HOME
	mst-db start 2>/dev/null 3>&-
	mst-db stop
	unset MST_HOME
}

teardown_file() {
	rm -rf "$TEMPLATE"
}

setup() {
	scratch
	home
	V=15
	for v in 15 16 17; do [ ! -x /usr/lib/postgresql/$v/bin/postgres ] || V=$v; done
	unset XDG_RUNTIME_DIR
	AS=()
	[ "$(id -u)" != 0 ] || AS=(setpriv "--reuid=$(id -u postgres)" "--regid=$(id -g postgres)" --init-groups --)
}

teardown() {
	[ -z "${OTHER:-}" ] || MST_HOME=$OTHER "$MST_BIN/mst-db" stop >/dev/null 2>&1 || :
	if [ -n "${MOUNT:-}" ]; then
		"$MST_BIN/mst-db" stop >/dev/null 2>&1 || :
		umount "$MOUNT" || :
	fi
	home_stop
	[ -z "${SLEEPER:-}" ] || kill "$SLEEPER" || :
}

made() {
	cp -a "$TEMPLATE/data" "$MST_HOME/data"
	mst-db start
}

needs_root() {
	[ "$(id -u)" = 0 ] || skip 'only root can do that'
}

# of the running server
pid() {
	head -1 "$MST_HOME/data/postmaster.pid"
}
socket() {
	sed -n 5p "$MST_HOME/data/postmaster.pid"
}
works() {
	run --separate-stderr mst-db psql -Atc 'SELECT 41 + 1'
	status 0
	says 42
}
wait_for() {
	for _ in $(seq 500); do
		! "$@" || return 0
		sleep 0.02
	done
	echo "never: $*"
	return 1
}
not() { ! "$@"; }
as_root_says() {
	[ "$(id -u)" != 0 ] || echo '; it runs as user postgres, for PostgreSQL refuses root'
}

@test "the first command makes the cluster and says so in one line" {
	rmdir "$MST_HOME"
	run --separate-stderr mst-db start
	status 0
	says ''
	complains "mst-db: created a private PostgreSQL $V in $MST_HOME$(as_root_says)"
	run --separate-stderr mst-db start
	status 0
	complains ''
	works
	run mst-db psql --warehouse -Atc 'SELECT current_database()'
	says warehouse
}

@test "status: exit 1 and running false before, 0 and the figures after" {
	run --separate-stderr mst-db status
	status 1
	[ "$(json '[.type, .private, .running, .home]')" = "[\"cluster\",true,false,\"$MST_HOME\"]" ]
	[ ! -e "$MST_HOME/data" ]
	mst-db start
	run --separate-stderr mst-db status
	status 0
	[ "$(json '[.running, .private, .connections, .schema_version == .schema_known, .data_bytes > 10000000]')" = '[true,true,0,true,true]' ]
	[ "$(json .pid)" = "$(pid)" ]
	[ "$(json .socket)" = "\"$(socket)\"" ]
	run mst-db stop
	status 0
	run --separate-stderr mst-db status
	status 1
	[ "$(json '[.running, .version]')" = "[false,\"$V\"]" ]
	run mst-db stop
	status 0
}

@test "no TCP, a socket that only its owner can open" {
	made
	run mst-db psql -Atc 'SHOW listen_addresses' -c 'SHOW fsync' -c 'SHOW timezone' -c 'SHOW data_checksums'
	[ "${lines[*]}" = 'on UTC on' ]
	[ "$(stat -c %a "$(socket)")" = 700 ]
	[ "$(stat -c %a "$(socket)/.s.PGSQL.5432")" = 700 ]
	[ "$(stat -c %a "$MST_HOME/data")" = 700 ]
}

@test "SQL on the warehouse neither runs programs nor reads files as the server's user" {
	made
	mkdir -p sql/d
	cat >sql/d/x.sql <<-'SQL'
		-- mst: kind: script
		-- mst: dialect: postgres
		COPY (SELECT 1) TO PROGRAM 'touch /tmp/mst-test-was-here';
	SQL
	run mst-run --no-commands sql
	status 1
	holds '"code":"denied"'
	holds 'to COPY to or from an external program'
	[ ! -e /tmp/mst-test-was-here ]
	run mst-db psql --warehouse -Atc "SELECT pg_read_file('/etc/passwd')"
	status 1
	holds 'permission denied for function pg_read_file'
	run mst-db psql --warehouse -Atc 'SELECT current_user, usesuper FROM pg_user WHERE usename = current_user'
	says 'warehouse|f'
}

@test "ten commands at once on a fresh home all work, one makes it" {
	rmdir "$MST_HOME"
	for i in 1 2 3 4 5 6 7 8 9 10; do mst-db psql -Atc 'SELECT 7' >out.$i 2>err.$i & done
	wait
	[ "$(cat out.*)" = "$(printf '7\n%.0s' 1 2 3 4 5 6 7 8 9 10)" ]
	[ "$(cat err.* | wc -l)" = 1 ]
}

@test "starting in a pipe ends, and the server outlives its session" {
	run timeout 60 bash -c 'setsid "$MST_BIN/mst-db" start 2>&1 | cat'
	status 0
	[ "$(ps -o sid= -p "$(pid)" | tr -d ' ')" = "$(pid)" ]
	[ "$(ps -o tty= -p "$(pid)" | tr -d ' ')" = '?' ]
	works
}

@test "a server that was killed is started again by the next command" {
	made
	kill -9 "$(pid)"
	works
}

@test "a process number that lives again as another program's is no server" {
	made
	mst-db stop
	"${AS[@]}" sleep 300 3>&- &
	SLEEPER=$!
	printf '%s\n' "$SLEEPER" "$MST_HOME/data" 1700000000 5432 /nowhere '' '' 'ready   ' >"$MST_HOME/data/postmaster.pid"
	works
	kill -0 "$SLEEPER"
}

@test "a socket and its lock that a crash left behind are no obstacle" {
	made
	S=$(socket)
	mst-db stop
	"${AS[@]}" sleep 300 3>&- &
	SLEEPER=$!
	mkdir -m 700 "$S"
	[ "$(id -u)" != 0 ] || chown postgres "$S"
	python3 -c 'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$S/.s.PGSQL.5432"
	printf '%s\n' "$SLEEPER" "$MST_HOME/data" 1700000000 5432 "$S" >"$S/.s.PGSQL.5432.lock"
	works
}

@test "a creation that was killed half-way is begun anew" {
	"$MST_BIN/mst-db" start 3>&- &
	P=$!
	wait_for test -e "$MST_HOME/data.new/PG_VERSION"
	kill -9 $P
	wait $P || :
	[ ! -e "$MST_HOME/data" ]
	works
	[ ! -e "$MST_HOME/data.new" ]
}

@test "an interrupted creation clears up and exits 143" {
	"$MST_BIN/mst-db" start 3>&- &
	P=$!
	wait_for test -e "$MST_HOME/data.new/PG_VERSION"
	kill -TERM $P
	wait $P && s=0 || s=$?
	[ "$s" = 143 ]
	[ ! -e "$MST_HOME/data.new" ]
	[ ! -e "$MST_HOME/data" ]
	works
}

@test "stop while others are connected and in the middle of a statement" {
	made
	mst-db psql -c 'SELECT pg_sleep(300)' >/dev/null 2>&1 3>&- &
	wait_for sh -c '[ "$(mst-db status | jq .connections)" = 1 ]'
	run timeout 60 mst-db stop
	status 0
	run mst-db status
	status 1
}

@test "a full disk: said, nothing half is left, and it works when there is room" {
	needs_root
	mount -t tmpfs -o size=20m,mode=755 none "$MST_HOME" || skip 'no file system can be mounted here'
	MOUNT=$MST_HOME
	run mst-db start
	status 7
	says "mst-db: cannot create the private PostgreSQL in $MST_HOME: no space left on device
  free about 100 MB there, or set MST_HOME to a folder on another disk"
	[ ! -e "$MST_HOME/data" ]
	[ ! -e "$MST_HOME/data.new" ]
	mount -o remount,size=300m "$MST_HOME"
	works
}

@test "a disk that fills up later: start says so" {
	needs_root
	mount -t tmpfs -o size=300m,mode=755 none "$MST_HOME" || skip 'no file system can be mounted here'
	MOUNT=$MST_HOME
	made
	mst-db stop
	dd if=/dev/zero of="$MST_HOME/ballast" bs=1M 2>/dev/null || :
	run mst-db start
	status 7
	says "mst-db: cannot start the private PostgreSQL in $MST_HOME: no space left on device
  free some space there and try again"
	rm "$MST_HOME/ballast"
	works
}

@test "root in a container, who may not look into another user's processes" {
	needs_root
	caged=(setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace --)
	run timeout 60 "${caged[@]}" "$MST_BIN/mst-db" psql -Atc 'SELECT 8'
	has_line 8
	status 0
	P=$(pid)
	run "${caged[@]}" "$MST_BIN/mst-db" psql -Atc 'SELECT 9'
	says 9
	[ "$(pid)" = "$P" ]
	run "${caged[@]}" "$MST_BIN/mst-db" stop
	status 0
	run "${caged[@]}" "$MST_BIN/mst-db" status
	status 1
	"${AS[@]}" sleep 300 3>&- &
	SLEEPER=$!
	printf '%s\n' "$SLEEPER" "$MST_HOME/data" 1700000000 5432 /nowhere '' '' 'ready   ' >"$MST_HOME/data/postmaster.pid"
	run timeout 60 "${caged[@]}" "$MST_BIN/mst-db" psql -Atc 'SELECT 10'
	says 10
	kill -0 "$SLEEPER"
}

@test "data of another owner" {
	needs_root
	made
	mst-db stop
	chown root "$MST_HOME/data"
	run mst-db start
	status 6
	says "mst-db: $MST_HOME/data belongs to user root; user postgres runs the server
  give it back with chown -R, or set MST_HOME to another folder"
	run "${AS[@]}" "$MST_BIN/mst-db" start
	status 6
	says "mst-db: $MST_HOME/data belongs to user root, not to you
  set MST_HOME to a folder of your own, or run mst as that user"
}

@test "a home that cannot be written" {
	needs_root
	run "${AS[@]}" "$MST_BIN/mst-db" start
	status 6
	says "mst-db: $MST_HOME/lock: cannot open: Permission denied
  set MST_HOME to a folder that you can write to, or MST_DB to a server"
	MST_HOME=$MST_HOME/deeper run "${AS[@]}" "$MST_BIN/mst-db" start
	status 6
	says "mst-db: cannot keep a private PostgreSQL in $MST_HOME/deeper: $MST_HOME/deeper: cannot create the folder: Permission denied
  set MST_HOME to a folder that you can write to, or MST_DB to a server"
}

@test "a home below a current folder that is gone" {
	mkdir gone
	cd gone
	rmdir ../gone
	MST_HOME=near run "$MST_BIN/mst-db" start
	status 2
	says "mst-db: MST_HOME is 'near', and the current folder cannot be told: No such file or directory
  set MST_HOME to an absolute path"
}

@test "root: a home that the server's user cannot reach" {
	needs_root
	mkdir -m 700 closed
	chmod 700 .
	MST_HOME=$PWD/closed/home run mst-db start
	status 6
	says "mst-db: user postgres, who runs the server for root, cannot reach $PWD/closed/home
  set MST_HOME to a folder below one that everybody may enter, such as /var/lib/mst"
}

@test "root in a user's home runs the server as that user, who finds it" {
	needs_root
	chown games "$MST_HOME"
	cd /
	run mst-db start
	status 0
	[ "$(stat -c %U "$MST_HOME/data")" = games ]
	run setpriv --reuid=games --regid=games --clear-groups -- "$MST_BIN/mst-db" psql -Atc 'SELECT 1'
	status 0
	says 1
	run setpriv --reuid=games --regid=games --clear-groups -- "$MST_BIN/mst-db" stop
	status 0
	run setpriv --reuid=games --regid=games --clear-groups -- "$MST_BIN/mst-db" psql -Atc 'SELECT 2'
	says 2
}

@test "a folder in /tmp that another user put in the way" {
	needs_root
	chown games "$MST_HOME"
	trap_dir=/tmp/mst-$(id -u games)
	rm -rf "$trap_dir"
	install -d -m 777 -o nobody "$trap_dir"
	run setpriv --reuid=games --regid=games --clear-groups -- "$MST_BIN/mst-db" start
	rm -rf "$trap_dir"
	status 6
	says "mst-db: $trap_dir: it belongs to user nobody, so the socket would not be safe there
  remove it, or set XDG_RUNTIME_DIR to a folder of your own"
	ln -s / "$trap_dir"
	run setpriv --reuid=games --regid=games --clear-groups -- "$MST_BIN/mst-db" start
	rm -rf "$trap_dir"
	status 6
	holds "mst-db: $trap_dir: it is not a folder, so the socket would not be safe there"
}

@test "the runtime folder is cleared at logout: the next command starts the server anew" {
	cd /
	user=()
	[ "$(id -u)" != 0 ] || {
		chown games "$MST_HOME"
		user=(setpriv --reuid=games --regid=games --clear-groups --)
	}
	export XDG_RUNTIME_DIR=$MST_HOME/run
	"${user[@]}" mkdir -m 700 "$XDG_RUNTIME_DIR"
	run "${user[@]}" "$MST_BIN/mst-db" start
	status 0
	[[ $(socket) == "$XDG_RUNTIME_DIR/mst/"* ]]
	P=$(pid)
	rm -rf "$XDG_RUNTIME_DIR"
	unset XDG_RUNTIME_DIR
	run "${user[@]}" "$MST_BIN/mst-db" psql -Atc 'SELECT 5'
	status 0
	says 5
	[ "$(pid)" != "$P" ]
}

@test "a running server is found whatever the environment says by now" {
	cd /
	user=()
	[ "$(id -u)" != 0 ] || {
		chown games "$MST_HOME"
		user=(setpriv --reuid=games --regid=games --clear-groups --)
	}
	"${user[@]}" mkdir -m 700 "$MST_HOME/run"
	XDG_RUNTIME_DIR=$MST_HOME/run run "${user[@]}" "$MST_BIN/mst-db" start
	status 0
	P=$(pid)
	PGHOST=nowhere PGPORT=1 PGUSER=nobody PGDATABASE=none PGSSLMODE=require \
		run "${user[@]}" "$MST_BIN/mst-db" psql -Atc 'SELECT 6'
	says 6
	[ "$(pid)" = "$P" ]
}

@test "a deep home works, one too deep is refused" {
	OTHER=$MST_HOME/$(printf 'a%.0s' $(seq 200))/$(printf 'b%.0s' $(seq 200))/"it's a \"home\" with \$blanks"
	MST_HOME=$OTHER works
	MST_HOME=$MST_HOME/$(printf 'a%.0s' $(seq 250))/$(printf 'b%.0s' $(seq 250))/$(printf 'c%.0s' $(seq 250))/$(printf 'd%.0s' $(seq 250)) \
		run mst-db start
	status 3
	holds 'bytes; PostgreSQL takes no more than 900'
	holds '  set MST_HOME to a shorter path'
}

@test "a home that was copied while it ran is a cluster of its own" {
	made
	mst-db psql -qc 'CHECKPOINT'
	OTHER=$MST_HOME/copy
	mkdir "$OTHER"
	chmod 755 "$OTHER"
	cp -a "$MST_HOME/data" "$OTHER/data"
	MST_HOME=$OTHER works
	[ "$(sed -n 5p "$OTHER/data/postmaster.pid")" != "$(socket)" ]
	works
}

@test "data of an older, a newer and an unknown PostgreSQL" {
	made
	mst-db stop
	echo 14 >"$MST_HOME/data/PG_VERSION"
	run mst-db start
	status 4
	says "mst-db: the data in $MST_HOME is of PostgreSQL 14; this mst needs 15 to 17
  mst-db upgrade converts it; or set MST_HOME to another folder"
	echo 18 >"$MST_HOME/data/PG_VERSION"
	run mst-db start
	status 4
	holds 'is of PostgreSQL 18; this mst needs 15 to 17'
	for v in 15 16 17; do
		[ ! -e /usr/lib/postgresql/$v/bin/postgres ] || continue
		echo $v >"$MST_HOME/data/PG_VERSION"
		run mst-db start
		status 4
		holds "mst-db: the programs of PostgreSQL $v are not installed, and the data is its"
		holds "postgresql-$v"
	done
	rm "$MST_HOME/data/PG_VERSION"
	run mst-db start
	status 4
	says "mst-db: $MST_HOME/data holds no PostgreSQL cluster (no PG_VERSION)
  move it away, or set MST_HOME to another folder"
}

@test "programs of a PostgreSQL outside the range, and none" {
	mkdir bin
	chmod 755 . bin
	for p in postgres initdb; do
		printf '#!/bin/sh\necho "%s (PostgreSQL) 14.9"\n' $p >bin/$p
		chmod 755 bin/$p
	done
	MST_PG_BIN=$PWD/bin run mst-db start
	status 4
	holds "mst-db: $PWD/bin holds PostgreSQL 14; this mst needs 15 to 17"
	MST_PG_BIN=$PWD run mst-db start
	status 1
	says "mst-db: $PWD: no programs postgres and initdb there
  pg_bin (MST_PG_BIN) names a folder such as /usr/lib/postgresql/15/bin"
	[ ! -e "$MST_HOME/data" ]
}

@test "a missing server package: the error names it" {
	needs_root
	unshare -m true 2>/dev/null || skip 'no name space of its own can be had here'
	run unshare -m sh -c 'mount -t tmpfs none /usr/lib/postgresql && PATH=/usr/bin:/bin exec "$MST_BIN/mst-db" start'
	status 1
	says "mst-db: the PostgreSQL server is not installed
  apt-get install postgresql, or set MST_DB to a server"
}

@test "a setting that the server refuses: its words and the log" {
	made
	mst-db stop
	echo 'shared_buffers = banana' >>"$MST_HOME/data/postgresql.conf"
	run mst-db start
	status 4
	says "mst-db: cannot start the private PostgreSQL in $MST_HOME: configuration file \"$MST_HOME/data/postgresql.conf\" contains errors
  see $MST_HOME/postgres.log"
}

@test "a schema of a newer mst is refused, one that is gone is made again" {
	made
	known=$(mst-db status | jq .schema_known)
	mst-db psql -qc "INSERT INTO mst.migration VALUES (99, '0099_x', repeat('0', 64), now(), '9.9')"
	run mst-db start
	status 4
	says "mst-db: the database (mst at $(socket)) is of a newer mst: its schema has version 99, this mst knows version $known
  upgrade mst on this machine"
	run mst-db migrate
	status 4
	mst-db psql -qc 'SET client_min_messages TO error' -c 'DROP SCHEMA mst CASCADE'
	run mst-db start
	status 0
	[ "$(mst-db status | jq .schema_version)" = "$known" ]
}

@test "an applied migration that is not the known one is a conflict" {
	made
	mst-db psql -qc "UPDATE mst.migration SET sha256 = repeat('0', 64) WHERE version = 1"
	run mst-db migrate
	status 1
	says "mst-db: migration 0001_state of the database (mst at $(socket)) is not the 0001_state of this mst: its checksum differs
  the database was made by another build; use that build, or start with a new database"
}

@test "a server is migrated only when asked, and a dry run changes nothing" {
	made
	mst-db psql -qc 'CREATE DATABASE team'
	MST_DB="host=$(socket) user=mst dbname=team"
	export MST_DB
	run --separate-stderr mst-db status
	status 0
	[ "$(jq -sc 'map([.private, .running, .schema_version])' <<<"$output" | head -c 17)" = '[[false,true,0],[' ]
	run --separate-stderr mst-db migrate --dry-run
	status 0
	[ "$(json '[.type, .version, .name, .applied]' | head -1)" = '["migration",1,"0001_state",false]' ]
	run mst-db psql -Atc "SELECT to_regnamespace('mst') IS NULL"
	says t
	run --separate-stderr mst-db migrate
	status 0
	[ "$(json '[.version, .applied]' | head -1)" = '[1,true]' ]
	run --separate-stderr mst-db migrate
	status 0
	says ''
}

@test "no password is ever shown" {
	export MST_DB='postgresql://someone:s3cret@127.0.0.1:1/x'
	run mst-db status
	status 1
	lacks s3cret
	export MST_DB='postgresql://someone:s3c@ret@127.0.0.1:1/x'
	run mst-db status
	status 2
	lacks ret@
	MST_DB='postgresql://someone:s3c ret' run mst-db status
	status 2
	lacks 's3c ret'
	made
	MST_DB="host=$(socket) user=mst dbname=mst password=s3cret" \
		run mst-db psql -Atc "\\! tr '\\0' ' ' </proc/\$PPID/cmdline" -c 'SELECT 1'
	status 0
	lacks s3cret
}
