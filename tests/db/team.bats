load ../cmd/helpers

# A team of three shares one catalogue on one server, each from a home of his own: ada keeps it, will writes
# and runs, rita reads.  The server is nobody's private cluster to them: they log in with passwords.

setup_file() {
	home
	SHARE=$(mktemp -d /tmp/mst-share.XXXXXX)
	export SHARE
	mst-db start 3>&-
	# passwords count from now on, but for the administrator of the server
	{
		echo 'local all mst trust'
		echo 'local all warehouse scram-sha-256'
		echo 'local all all scram-sha-256'
	} >"$BATS_FILE_TMPDIR/hba"
	cat "$BATS_FILE_TMPDIR/hba" >"$MST_HOME/data/pg_hba.conf"
	mst-db psql -q <<-'SQL'
		SELECT pg_reload_conf() \g /dev/null
		CREATE ROLE ada LOGIN PASSWORD 'ada''s word';
		CREATE ROLE will LOGIN PASSWORD 'will''s word';
		CREATE ROLE rita LOGIN PASSWORD 'rita''s word';
		CREATE DATABASE team OWNER ada;
		REVOKE ALL ON DATABASE team FROM PUBLIC;
		GRANT CONNECT ON DATABASE team TO will, rita;
		CREATE DATABASE mart OWNER will;
	SQL
	SOCKET=$(mst-db status | jq -r .socket)
	export SOCKET ADMIN_HOME=$MST_HOME
	for who in ada will rita; do
		mkdir -p "$SHARE/$who/.config/mst"
		cat >"$SHARE/$who/.config/mst/config" <<-CONFIG
			db = host=$SOCKET port=5432 dbname=team user=$who
			warehouse = host=$SOCKET port=5432 dbname=mart user=$who
			dialect = postgres
		CONFIG
		echo "*:*:*:$who:$who's word" >"$SHARE/$who/.pgpass"
		chmod 600 "$SHARE/$who/.pgpass"
	done
}
teardown_file() {
	export MST_HOME=$ADMIN_HOME
	home_stop
	case $SHARE in /tmp/mst-share.*) rm -rf "$SHARE" ;; esac
}

setup() { cd "$SHARE" || return; }

# A command in somebody's home; nothing of the home of the tests is left
at() { # WHO COMMAND ...
	local who=$1
	shift
	(
		cd "$SHARE/$who" || exit
		export HOME=$PWD XDG_CONFIG_HOME=$PWD/.config XDG_DATA_HOME=$PWD/.data MST_HOME=$PWD/.home
		unset PGPASSWORD
		exec "$@" 3>&-
	)
}
sql() { # WHO SQL
	at "$1" mst-db psql -qAt --set=VERBOSITY=terse -c "$2"
}

@test "the admin makes the schema, the users and the team" {
	run --separate-stderr at rita mst-ps
	status 4
	[[ $stderr == 'mst-ps: the database (team at '*') has no mst schema yet
  run mst-db migrate (mst-db migrate --dry-run shows what it would do)' ]]
	run at ada mst-db migrate
	status 0
	run --separate-stderr at will mst-user whoami
	status 6
	complains 'mst-user: role "will" is unknown to this mst
  ask an admin for: mst-user add will; or, where he was disabled: mst-user set will --enabled'
	run at ada mst-user whoami
	[ "$(json '[.name, .admin]')" = '["ada",true]' ]
	at ada mst-user add will
	at ada mst-user add rita
	at ada mst-team put mart --description 'who makes the marts'
	at ada mst-team join mart will --role write
	run at ada mst-team join mart rita
	[ "$(json .members)" = '{"rita":"read","will":"write"}' ]
	# nobody has a private cluster
	[ ! -e ada/.home ] && [ ! -e will/.home ] && [ ! -e ada/.data ]
}

@test "the writer imports a folder and runs it" {
	mkdir -p will/sql/raw will/sql/mart
	printf -- '-- mst: team: mart\nSELECT n, n %% 7 AS shop FROM generate_series(1, 100) AS n\n' >will/sql/raw/sales.sql
	printf -- '-- mst: team: mart\n-- mst: description: what each shop sold\nSELECT shop, count(*) AS sales FROM raw.sales GROUP BY shop\n' \
		>will/sql/mart/shop.sql
	run at will mst-table import sql
	status 0
	run bash -c "$(declare -f at); at will mst-run --catalogue --team mart | jq -rs 'map(select(.event == \"job_finished\") | .job + \" \" + .state) | join(\", \")'"
	says 'raw.sales succeeded, mart.shop succeeded'
	[ "$(PGPASSWORD="will's word" psql -qAt "host=$SOCKET dbname=mart user=will" -c 'SELECT sum(sales) FROM mart.shop')" = 100 ]
}

@test "the reader lists the tables and the runs, and reads what they said" {
	run at rita mst-table list
	status 0
	[ "$(json '[.name, .team]')" = '["mart.shop","mart"]
["raw.sales","mart"]' ]
	run at rita mst-table get mart.shop --sql
	says "$(cat will/sql/mart/shop.sql)"
	run at rita mst-table log mart.shop
	[ "$(json '[.revision, .by]')" = '[1,"will"]' ]
	run at rita mst-ps
	[ "$(json '[.state, .user]')" = '["succeeded","will"]' ]
	run at rita mst-ps last
	[ "$(json '[.name, .state]')" = '["raw.sales","succeeded"]
["mart.shop","succeeded"]' ]
}

@test "the reader changes nothing, by mst or by SQL" {
	echo 'SELECT 1 AS mine' >rita/mine.sql
	run at rita mst-table put mart.shop mine.sql
	status 6
	run at rita mst-table rm mart.shop
	status 6
	run at rita mst-run --catalogue --team mart
	status 6
	run at rita mst-team join mart rita --role write
	status 6
	run at rita mst-user set rita --admin
	status 6
	run at rita mst-db check
	status 6
	run sql rita "UPDATE mst.catalogue SET sql = ''; DELETE FROM mst.catalogue; SELECT count(*) FROM mst.catalogue"
	says 2
	run sql rita "INSERT INTO mst.catalogue (name, sql, owner, team) VALUES ('mart.x', '', 'rita', 'mart')"
	status 1
	says 'ERROR:  new row violates row-level security policy for table "catalogue"'
	run at ada mst-table get mart.shop --sql
	says "$(cat will/sql/mart/shop.sql)"
}

@test "what the writer does is seen by the others at once, and who did it" {
	printf -- '-- mst: team: mart\nSELECT shop, count(*) AS sales, sum(n) AS sum FROM raw.sales GROUP BY shop\n' >will/sql/mart/shop.sql
	run at will mst-table import sql
	status 0
	run at rita mst-table log mart.shop
	[ "$(json '[.revision, .by]' | sort)" = '[1,"will"]
[2,"will"]' ]
	# the same folder from another home changes nothing
	cp -r will/sql ada/
	run at ada mst-table diff sql
	status 0
	says ''
}

@test "a member who may write is one the moment that the team's admin says so" {
	at ada mst-team join mart will --role admin
	run at will mst-team join mart rita --role write
	status 0
	run at rita mst-table put mart.extra <<<'SELECT 1 AS extra'
	status 0
	run at will mst-team leave mart rita
	status 0
	run at rita mst-table list
	lacks mart.shop
	run at will mst-team join mart rita
	status 0
}

@test "a user who is disabled has lost everything, also in a session that is open" {
	coproc PSQL { at will mst-db psql -qAt --set=VERBOSITY=terse 2>&1; }
	local ask=${PSQL[1]} told=${PSQL[0]} line
	say() { printf '%s\n' "$1" >&"$ask"; read -r -t 10 line <&"$told"; echo "$line"; }
	[ "$(say 'SELECT count(*) > 1 FROM mst.catalogue;')" = t ]
	at ada mst-user disable will
	[[ "$(say 'SELECT count(*) FROM mst.catalogue;')" == 'ERROR:  permission denied for schema mst'* ]]
	printf '\\q\n' >&"$ask"
	for c in 'mst-table list' mst-ps 'mst-run --catalogue' 'mst-team list' 'mst-user whoami'; do
		# shellcheck disable=SC2086
		run --separate-stderr at will $c
		status 6
		complains "${c%% *}: role \"will\" is unknown to this mst
  ask an admin for: mst-user add will; or, where he was disabled: mst-user set will --enabled"
	done
	at ada mst-user set will --enabled
	run at will mst-table list
	status 0
	holds mart.shop
}

@test "a run of a user who is disabled in its midst records nothing more" {
	at will mst-run --name mart.slow --team mart - <<<"SELECT 1 AS a FROM (SELECT pg_sleep(3)) AS s" >events 2>errors 3>&- &
	pid=$!
	for _ in $(seq 100); do
		grep -q job_started events && break
		sleep 0.05
	done
	at ada mst-user disable will
	rc=0
	wait "$pid" || rc=$?
	at ada mst-user set will --enabled
	[ "$rc" = 6 ] || { echo "exit status $rc" && cat errors events && return 1; }
	run at ada mst-ps --limit 1
	[ "$(json '.state')" = '"failed"' ]
	run at ada mst-db check
	status 0
}
