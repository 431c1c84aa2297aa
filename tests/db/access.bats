load ../cmd/helpers

# Who may do what: role x action x object, by plain SQL, and the ways round it that one might try.
#
#   stranger  a role of the server that is no user, but has found a way into the schema
#   disabled  was a writer of team mart
#   reader, writer, keeper   members of team mart: read, write, admin
#   other     admin of team ops
#   owner     owner of what belongs to no team, member of none
#   admin     an admin of mst, who does not own the schema

roles='stranger disabled reader writer keeper other owner admin'

setup_file() {
	home
	mst-db start 3>&-
	SERVER="host=$(mst-db status | jq -r .socket) port=5432 dbname=mst"
	export SERVER
	mst-db psql -q <<-SQL
		$(for r in $roles; do echo "CREATE ROLE $r LOGIN;"; done)
		GRANT USAGE ON SCHEMA mst TO stranger;
		GRANT CREATE ON DATABASE mst TO PUBLIC;
	SQL
	{
		for r in disabled reader writer keeper other owner; do mst-user add $r; done
		mst-user add admin --admin
		mst-team put mart
		mst-team put ops
		mst-team join mart reader
		mst-team join mart disabled --role write
		mst-team join mart writer --role write
		mst-team join mart keeper --role admin
		mst-team join ops other --role admin
		mst-user disable disabled
	} >/dev/null
	# the way round: the schema is let to one whose name is not in the list
	mst-db psql -qc 'GRANT USAGE ON SCHEMA mst TO disabled'
	as writer "INSERT INTO mst.catalogue (name, sql, owner, team) VALUES ('mart.t', 'SELECT 1 AS secret_column', 'writer', 'mart')"
	as other "INSERT INTO mst.catalogue (name, sql, owner, team) VALUES ('ops.t', 'SELECT 2', 'other', 'ops')"
	as owner "INSERT INTO mst.catalogue (name, sql, owner) VALUES ('own.t', 'SELECT 3', 'owner')"
	as keeper "SELECT mst.secret_put('mart.pw', 'env', 'MART_PW', NULL, NULL, NULL, 'mart', false),
		mst.connection_put('mart.db', 0, 'postgres', '{\"host\": \"db\"}', 'mart.pw', 'mart', true)"
	as owner "SELECT mst.secret_put('own.pw', 'env', 'OWN_PW', NULL, NULL, NULL, NULL, false)"
	as writer "SELECT mst.run_create('a run', NULL, 1, 'here', 1, '0', 'mart', '{}'),
			mst.run_add_jobs(1, 1, '{mart.t}', '{summary}', '{0}', '{0}', ARRAY['{\"type\":\"job\",\"name\":\"mart.t\",\"kind\":\"summary\",\"dialect\":\"postgres\"}'], '{SELECT 1}', '{NULL}'),
			mst.log_add(1, '{1}', '{1}', '{0}', '{notice}', '{a line}'), mst.run_finish(1, 'failed', 'no reason')"
	as owner "SELECT mst.run_create('own run', NULL, 0, 'here', 1, '0', NULL, '{}'), mst.run_finish(2, 'succeeded', NULL)"
}
teardown_file() { home_stop; }
setup() { scratch; }

as() { # ROLE SQL ...: each an answer, unaligned; errors to stderr without their place
	local role=$1
	shift
	MST_DB="$SERVER user=$role" mst-db psql -qAt --set=VERBOSITY=terse "${@/#/-c}" 3>&-
}

# Each action begins, is tried and is taken back: y where it gives t, else a dot.
actions() {
	cat <<-'ACTIONS'
		see a table of mart      | SELECT count(*) = 1 FROM mst.catalogue WHERE name = 'mart.t'
		see its history          | SELECT count(*) = 1 FROM mst.catalogue_revision WHERE name = 'mart.t'
		put one into mart        | INSERT INTO mst.catalogue (name, sql, owner, team) VALUES ('mart.x', '', session_user, 'mart') RETURNING true
		change it                | UPDATE mst.catalogue SET sql = 'SELECT 9' WHERE name = 'mart.t' RETURNING true
		take it into ops         | UPDATE mst.catalogue SET team = 'ops' WHERE name = 'mart.t' RETURNING true
		take it as one's own     | UPDATE mst.catalogue SET owner = session_user, team = NULL WHERE name = 'mart.t' AND owner <> session_user RETURNING true
		remove it                | DELETE FROM mst.catalogue WHERE name = 'mart.t' RETURNING true
		load it                  | SELECT mst.table_loaded('mart.t', 1, 1, 0) = 0
		see what is owner's      | SELECT count(*) = 1 FROM mst.catalogue WHERE name = 'own.t'
		change what is owner's   | UPDATE mst.catalogue SET sql = 'SELECT 9' WHERE name = 'own.t' RETURNING true
		put one of one's own     | INSERT INTO mst.catalogue (name, sql, owner) VALUES ('my.x', '', session_user) RETURNING true
		put one as somebody else | INSERT INTO mst.catalogue (name, sql, owner) VALUES ('my.x', '', 'reader') RETURNING owner = 'reader' AND session_user <> 'reader'
		see a connection of mart | SELECT count(*) = 1 FROM mst.connection WHERE name = 'mart.db'
		change it                | SELECT true FROM mst.connection_put('mart.db', 1, 'postgres', '{"host": "mine"}', 'mart.pw', 'mart', true)
		remove it                | SELECT true FROM mst.connection_rm('mart.db')
		lift its restriction     | SELECT true FROM mst.connection_put('mart.db', 1, 'postgres', '{"host": "db"}', 'mart.pw', 'mart', false)
		see a secret's name      | SELECT count(*) = 1 FROM mst.secret WHERE name = 'mart.pw'
		use the secret           | SELECT count(*) = 1 FROM mst.secret_open('{mart.pw}')
		change it                | SELECT true FROM mst.secret_put('mart.pw', 'env', 'X', NULL, NULL, NULL, 'mart', false)
		take it                  | SELECT true FROM mst.secret_move('mart.pw', NULL)
		use the secret of owner  | SELECT count(*) = 1 FROM mst.secret_open('{own.pw}')
		see a run of mart        | SELECT count(*) = 1 FROM mst.run WHERE id = 1
		see its job and text     | SELECT count(*) = 1 FROM mst.job WHERE run_id = 1 AND sql = 'SELECT 1'
		read its log             | SELECT count(*) = 1 FROM mst.log WHERE run_id = 1
		see its events           | SELECT count(*) > 0 FROM mst.event WHERE run_id = 1
		run for mart             | SELECT mst.run_create('x', NULL, 0, 'here', 2, '0', 'mart', '{}') > 0
		run for oneself          | SELECT mst.run_create('x', NULL, 0, 'here', 2, '0', NULL, '{}') > 0
		take the run up again    | SELECT mst.run_reopen(1, 'here', 2, '0') = 'open'
		end somebody's run       | SELECT mst.run_finish(1, 'succeeded', NULL) IS NOT NULL
		see owner's run          | SELECT count(*) = 1 FROM mst.run WHERE id = 2
		see users and teams      | SELECT (SELECT count(*) FROM mst.account) > 7 AND (SELECT count(*) FROM mst.team) = 2
		take a member into mart  | SELECT true FROM mst.team_join('mart', 'other', 'read')
		give oneself a role      | SELECT true FROM mst.team_join('mart', session_user, 'admin')
		put reader out           | SELECT true FROM mst.team_leave('mart', 'reader')
		make a team              | SELECT true FROM mst.team_put('new', NULL)
		remove one that owns     | SELECT true FROM mst.team_rm('ops')
		make oneself an admin    | SELECT true FROM mst.account_set(session_user, true, NULL, NULL)
		add a user               | SELECT true FROM mst.account_add('stranger', true, NULL)
		let a disabled one in    | SELECT true FROM mst.account_set('disabled', NULL, false, NULL)
		disable a user           | SELECT true FROM mst.account_set('owner', NULL, true, NULL)
		renew the state          | SELECT mst.state_renew() IS NOT NULL
	ACTIONS
}

# the names, and a column for each role, as wide as its name
table() {
	printf "%-${WIDE:-25}s %s\n" '' "$*"
	paste -d' ' names "$@" | awk -v roles="$*" -v wide="${WIDE:-25}" '{
		n = split(roles, role, " ")
		name = $1
		for (i = 2; i <= NF - n; i++) name = name " " $i
		printf "%-" wide "s", name
		for (i = 1; i <= n; i++) printf i < n ? " %-" length(role[i]) "s" : " %s", $(NF - n + i)
		print ""
	}'
}

@test "role x action x object, by plain SQL" {
	actions | while IFS='|' read -r name sql; do
		printf '\\echo ACTION\nBEGIN;\n%s;\nROLLBACK;\n' "$sql"
	done >script
	actions | sed 's/ *|.*//' >names
	for r in $roles; do
		as "$r" <script 2>"$r.err" | awk '/^ACTION/ { if (n++) print v; v = "."; next } $0 == "t" { v = "y" } END { print v }' >"$r"
		# nothing but refusals
		grep -v -e 'permission denied' -e 'row-level security' -e 'only ' -e 'is no user' -e 'is unknown' -e 'may not write' \
			-e 'there is no' -e "somebody else" -e 'is the last admin' -e 'no member' -e 'still owns' -e 'is disabled' -e 'is not worked on' \
			"$r.err" && return 1
	done
	# shellcheck disable=SC2086
	run table $roles
	says "                          stranger disabled reader writer keeper other owner admin
see a table of mart       .        .        y      y      y      .     .     y
see its history           .        .        y      y      y      .     .     y
put one into mart         .        .        .      y      y      .     .     y
change it                 .        .        .      y      y      .     .     y
take it into ops          .        .        .      .      .      .     .     y
take it as one's own      .        .        .      .      .      .     .     y
remove it                 .        .        .      y      y      .     .     y
load it                   .        .        .      y      y      .     .     y
see what is owner's       .        .        .      .      .      .     y     y
change what is owner's    .        .        .      .      .      .     y     y
put one of one's own      .        .        y      y      y      y     y     y
put one as somebody else  .        .        .      .      .      .     .     y
see a connection of mart  .        .        y      y      y      .     .     y
change it                 .        .        .      .      y      .     .     y
remove it                 .        .        .      .      y      .     .     y
lift its restriction      .        .        .      .      .      .     .     y
see a secret's name       .        .        y      y      y      .     .     y
use the secret            .        .        .      y      y      .     .     y
change it                 .        .        .      .      y      .     .     y
take it                   .        .        .      .      y      .     .     y
use the secret of owner   .        .        .      .      .      .     y     y
see a run of mart         .        .        y      y      y      .     .     y
see its job and text      .        .        y      y      y      .     .     y
read its log              .        .        y      y      y      .     .     y
see its events            .        .        y      y      y      .     .     y
run for mart              .        .        .      y      y      .     .     y
run for oneself           .        .        y      y      y      y     y     y
take the run up again     .        .        .      y      y      .     .     y
end somebody's run        .        .        .      .      .      .     .     .
see owner's run           .        .        .      .      .      .     y     y
see users and teams       .        .        y      y      y      y     y     y
take a member into mart   .        .        .      .      y      .     .     y
give oneself a role       .        .        .      .      y      .     .     y
put reader out            .        .        y      .      y      .     .     y
make a team               .        .        .      .      .      .     .     y
remove one that owns      .        .        .      .      .      .     .     .
make oneself an admin     .        .        .      .      .      .     .     y
add a user                .        .        .      .      .      .     .     y
let a disabled one in     .        .        .      .      .      .     .     y
disable a user            .        .        .      .      .      .     .     y
renew the state           .        .        .      .      .      .     .     y"
}

# --- ways round it

refused() { # ROLE SQL: and nothing is told but why
	run as "$@"
	[ "$status" != 0 ] || { echo "went through: $2"; echo "$output"; return 1; }
	[[ $output == *ERROR* ]] && lacks secret_column
}

@test "tables are written by nobody but their owner, or under row security" {
	for table in account team member migration run job edge attempt event log log_size state \
		catalogue_revision secret secret_key connection connection_revision; do
		for sql in "DELETE FROM mst.$table" "TRUNCATE mst.$table" "INSERT INTO mst.$table DEFAULT VALUES" \
			"COPY mst.$table FROM PROGRAM 'true'" "ALTER TABLE mst.$table DISABLE ROW LEVEL SECURITY" \
			"CREATE POLICY mine ON mst.$table USING (true)" "DROP TABLE mst.$table CASCADE" \
			"CREATE TRIGGER t AFTER INSERT ON mst.$table EXECUTE FUNCTION suppress_redundant_updates_trigger()" \
			"CREATE RULE r AS ON SELECT TO mst.$table DO INSTEAD SELECT 1"; do
			refused admin "$sql"
		done
	done
	refused writer 'TRUNCATE mst.catalogue'
	refused writer 'UPDATE mst.catalogue SET revision = 7'
	refused writer "UPDATE mst.catalogue SET updated_by = 'reader'"
	refused writer 'CREATE TABLE mst.mine ()'
	refused writer 'CREATE FUNCTION mst.me() RETURNS text LANGUAGE sql RETURN 1'
	refused writer 'ALTER FUNCTION mst.is_admin() OWNER TO writer'
}

@test "who speaks is the role that logged in, whatever the session says it is" {
	refused other 'SET ROLE writer'
	refused other 'SET SESSION AUTHORIZATION writer'
	refused other "SET row_security = off; SELECT * FROM mst.catalogue"
	for name in role session_user mst.who mst.me mst.admin mst.action application_name; do
		as other "SELECT set_config('$name', 'admin', false)" 2>/dev/null || :
		run as other "SET mst.who = 'admin'; SET mst.me = 'admin'; SET application_name = 'admin'; SELECT mst.me(), mst.is_admin(), mst.my_teams('read')"
		says 'other|f|{ops}'
	done
}

@test "a role that was granted another one stays who he is" {
	mst-db psql -qc 'GRANT writer, keeper, admin TO other'
	run as other "SET ROLE admin; SELECT mst.me(), mst.is_admin(), count(*) FROM mst.catalogue WHERE team = 'mart'"
	says 'other|f|0'
	refused other "SET ROLE keeper; SELECT mst.team_join('mart', 'other', 'admin')"
	mst-db psql -qc 'REVOKE writer, keeper, admin FROM other'
}

@test "functions of one's own see no row that is not shown" {
	as other 'CREATE SCHEMA IF NOT EXISTS spy; CREATE TABLE IF NOT EXISTS spy.seen (what text);
		CREATE OR REPLACE FUNCTION spy.look(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001
			AS $$ BEGIN INSERT INTO spy.seen VALUES ($1); RETURN true; END $$'
	as other "SELECT name FROM mst.catalogue WHERE spy.look(name) AND spy.look(sql)" \
		"SELECT name FROM mst.catalogue_revision WHERE spy.look(sql)" \
		"SELECT 1 FROM mst.secret WHERE spy.look(name)" "SELECT 1 FROM mst.job WHERE spy.look(sql)" \
		"SELECT 1 FROM mst.log WHERE spy.look(text)" "SELECT 1 FROM mst.connection WHERE spy.look(fields::text)" >/dev/null
	run as other "SELECT DISTINCT what FROM spy.seen ORDER BY 1"
	says 'SELECT 2
ops.t'
	refused other 'CREATE FUNCTION spy.leak(text) RETURNS boolean LANGUAGE sql LEAKPROOF RETURN true'
	# an error in a row that is not shown says nothing
	run as other "SELECT name FROM mst.catalogue WHERE 1 / (CASE WHEN sql LIKE '%secret_column%' THEN 0 ELSE 1 END) > 0"
	says ops.t
	# a plan counts what is shown; statistics are the owner's
	run as other "SELECT count(*) FROM pg_stats WHERE schemaname = 'mst' AND tablename IN ('catalogue', 'job', 'secret', 'log')"
	says 0
}

@test "what stands in front in search_path is not taken by functions of the schema" {
	as other "CREATE SCHEMA IF NOT EXISTS front;
		CREATE OR REPLACE FUNCTION front.mine(name, text) RETURNS boolean LANGUAGE sql RETURN true;
		CREATE OPERATOR front.= (LEFTARG = name, RIGHTARG = text, FUNCTION = front.mine);
		CREATE OR REPLACE FUNCTION front.mine(text, text) RETURNS boolean LANGUAGE sql RETURN true;
		CREATE OPERATOR front.= (LEFTARG = text, RIGHTARG = text, FUNCTION = front.mine);
		CREATE OR REPLACE FUNCTION front.mine(text, name) RETURNS boolean LANGUAGE sql RETURN true;
		CREATE OPERATOR front.= (LEFTARG = text, RIGHTARG = name, FUNCTION = front.mine);
		CREATE OR REPLACE FUNCTION front.format(text, VARIADIC \"any\") RETURNS text LANGUAGE internal AS 'text_format'" 2>/dev/null || :
	run as other "SET search_path = front, pg_catalog; CREATE TEMP TABLE account AS SELECT 'other' AS name, true AS admin, false AS disabled;
		CREATE TEMP TABLE member AS SELECT 'mart' AS team, 'other' AS account, 'admin' AS role;
		SELECT mst.me(), mst.is_admin(), mst.my_teams('read')"
	says 'other|f|{ops}'
	run as other "SET search_path = front, pg_catalog; SELECT count(*) FROM mst.catalogue WHERE team OPERATOR(pg_catalog.=) 'mart'"
	says 0
	refused other "SET search_path = front, pg_catalog; SELECT mst.account_set('other', true, NULL, NULL)"
	refused other "SET search_path = front, pg_catalog; SELECT mst.team_join('mart', 'other', 'admin')"
	refused other "SET search_path = front, pg_catalog; SELECT mst.secret_put('mart.pw', 'env', 'X', NULL, NULL, NULL, 'mart', false)"
	refused other "SET search_path = front, pg_catalog; SELECT mst.run_reopen(1, 'here', 2, '0')"
}

@test "a view or function of somebody else does not lend his rights" {
	as writer 'CREATE SCHEMA IF NOT EXISTS lent; GRANT USAGE ON SCHEMA lent TO PUBLIC;
		CREATE OR REPLACE VIEW lent.t AS SELECT * FROM mst.catalogue; GRANT SELECT ON lent.t TO PUBLIC;
		CREATE OR REPLACE FUNCTION lent.t() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS $$ SELECT name FROM mst.catalogue $$'
	run as other 'SELECT name FROM lent.t' 'SELECT * FROM lent.t()'
	says 'ops.t
ops.t'
}

@test "a role that was dropped and made again, or renamed, is another one" {
	mst-db psql -qc 'CREATE ROLE anna LOGIN'
	mst-user add anna --description 'the first' >/dev/null
	mst-team join mart anna --role admin >/dev/null
	as anna 'SELECT mst.me()'
	mst-db psql -qc 'DROP OWNED BY anna' -c 'DROP ROLE anna' -c 'CREATE ROLE anna LOGIN' -c 'GRANT USAGE ON SCHEMA mst TO anna'
	run as anna "SELECT mst.me(), mst.my_teams('read'), count(*) FROM mst.catalogue"
	says '|{}|0'
	run --separate-stderr mst-user add anna
	status 1
	complains "mst-user: user \"anna\" was another role of this name, which is gone
  mst-user set anna --enabled hands on to the new one what that had"
	run mst-user list
	[ "$(json 'select(.gone).name')" = '"anna"' ]
	# a name that is handed on by renaming
	mst-db psql -qc 'ALTER ROLE anna RENAME TO anneke' -c 'ALTER ROLE other RENAME TO anna'
	run as anna 'SELECT mst.me()'
	says ''
	mst-db psql -qc 'ALTER ROLE anna RENAME TO other' -c 'ALTER ROLE anneke RENAME TO anna'
	run mst-user set anna --enabled
	status 0
	run as anna "SELECT mst.me(), mst.my_teams('admin')"
	says 'anna|{mart}'
}

@test "who is put out of a team in the middle of a run for it is told so" {
	id=$(as writer "SELECT mst.run_create('x', NULL, 0, 'here', 2, '0', 'mart', '{}')")
	mst-team join mart writer >/dev/null
	run as writer "SELECT mst.run_finish($id, 'succeeded', NULL)"
	has_line "ERROR:  writer may not write any more for the team of run $id"
	mst-team join mart writer --role write >/dev/null
	as writer "SELECT mst.run_finish($id, 'succeeded', NULL)" >/dev/null
}

@test "the last admin stays one, whoever asks" {
	run --separate-stderr mst-user set mst --no-admin
	status 0
	MST_DB="$SERVER user=admin" run --separate-stderr mst-user set admin --no-admin
	status 1
	complains 'mst-user: "admin" is the last admin
  make another one first: mst-user set NAME --admin'
	MST_DB="$SERVER user=admin" run --separate-stderr mst-user disable admin
	status 1
	MST_DB="$SERVER user=admin" run mst-user set mst --admin
	status 0
	# who owns the schema cannot be put out of it
	MST_DB="$SERVER user=admin" run --separate-stderr mst-user disable mst
	status 1
	complains 'mst-user: "mst" owns the schema mst, which nothing here can take from him
  ALTER SCHEMA, ALTER TABLE ... OWNER TO another role first'
}

@test "who is disabled has lost everything at once, also where he is connected" {
	coproc PSQL { MST_DB="$SERVER user=writer" mst-db psql -qAt --set=VERBOSITY=terse 2>&1 3>&-; }
	local ask=${PSQL[1]} told=${PSQL[0]} line pid=$PSQL_PID
	say() { printf '%s\n' "$1" >&"$ask"; read -r -t 10 line <&"$told"; echo "$line"; }
	[ "$(say "PREPARE look AS SELECT count(*) FROM mst.catalogue WHERE team = 'mart'; EXECUTE look;")" = 1 ]
	[ "$(say "SELECT mst.my_teams('write');")" = '{mart}' ]
	mst-user disable writer >/dev/null
	[ "$(say 'EXECUTE look;')" = 'ERROR:  permission denied for schema mst at character 38' ]
	mst-db psql -qc 'GRANT USAGE ON SCHEMA mst TO writer'
	[ "$(say 'EXECUTE look;')" = 0 ]
	[ "$(say "SELECT mst.my_teams('write');")" = '{}' ]
	[ "$(say "SELECT mst.run_create('x', NULL, 0, 'here', 2, '0', NULL, '{}');")" = 'ERROR:  the user writer of mst is disabled' ]
	[ "$(say "UPDATE mst.catalogue SET sql = '' RETURNING 1; SELECT 'no row';")" = 'no row' ]
	MST_DB="$SERVER user=writer" run --separate-stderr mst-ps
	status 6
	complains 'mst-ps: role "writer" is unknown to this mst
  ask an admin for: mst-user add writer; or, where he was disabled: mst-user set writer --enabled'
	mst-user set writer --enabled >/dev/null
	[ "$(say 'EXECUTE look;')" = 1 ]
	printf '\\q\n' >&"$ask"
	wait "$pid" || :
}

@test "every command that opens the state says who is unknown to it" {
	mst-db psql -qc 'CREATE ROLE nobody_here LOGIN'
	for role in nobody_here stranger disabled; do
		for c in mst-ps 'mst-run -' 'mst-user whoami' 'mst-user list' 'mst-team list' 'mst-db check' 'mst-db migrate' 'mst-db backup b'; do
			# shellcheck disable=SC2086
			MST_DB="$SERVER user=$role" run --separate-stderr $c <<<'{"type":"table","name":"a.b","sql":"SELECT 1"}'
			status 6
			complains "${c%% *}: role \"$role\" is unknown to this mst
  ask an admin for: mst-user add $role; or, where he was disabled: mst-user set $role --enabled"
		done
	done
}

@test "what a run has taken from the catalogue is still for the team whose row it was" {
	as admin "INSERT INTO mst.catalogue (name, sql, dialect, owner, team) VALUES ('ops.hidden', 'SELECT 1 AS secret_column', 'postgres', 'other', 'ops')"
	as admin "INSERT INTO mst.catalogue (name, sql, dialect, owner, team) VALUES ('mart.moved', 'SELECT 1 / 0 AS a', 'postgres', 'writer', 'mart')"
	MST_DB="$SERVER user=admin" run mst-run --catalogue --team mart -s ops.hidden -s mart.moved
	status 1
	run as reader "SELECT name, sql FROM mst.job WHERE name IN ('ops.hidden', 'mart.moved')"
	says 'mart.moved|SELECT 1 / 0 AS a'
	# who may not write for one of the teams does not run for it either
	as admin "SELECT mst.team_join('ops', 'writer', 'read')"
	MST_DB="$SERVER user=writer" run --separate-stderr mst-run --catalogue --team mart -s ops.hidden
	status 6
	complains 'mst-run: writer may not run ops.hidden: it is of team ops
  an admin of the team lets you: mst-team join ops writer --role write'
	# and what is moved meanwhile takes its new text along
	as admin "UPDATE mst.catalogue SET team = 'ops', sql = 'SELECT 2 AS secret_column' WHERE name = 'mart.moved'"
	MST_DB="$SERVER user=admin" run mst-run --retry last --current
	status 0
	run as reader "SELECT count(*) FROM mst.job WHERE name IN ('ops.hidden', 'mart.moved')"
	says 0
	as admin "SELECT mst.team_leave('ops', 'writer')"
	as admin "DELETE FROM mst.catalogue WHERE name IN ('ops.hidden', 'mart.moved')"
}

@test "an admin sees what others keep to themselves, and does not run it" {
	as admin "INSERT INTO mst.catalogue (name, sql, dialect, owner) VALUES ('keep.thing', 'SELECT 1 AS a', 'postgres', 'other'), ('keep.mine', 'SELECT 1 AS a', 'postgres', 'admin')"
	MST_DB="$SERVER user=admin" run bash -c "mst-table list | jq -r .name | grep ^keep"
	says 'keep.mine
keep.thing'
	MST_DB="$SERVER user=admin" run bash -c "mst-run --catalogue -s 'keep.*' | jq -r 'select(.event == \"job_finished\").job'"
	says keep.mine
	as admin "DELETE FROM mst.catalogue WHERE name LIKE 'keep.%'"
}

@test "where a superuser migrates what was another's before there were users, its owner stays in" {
	mst-db psql -qc 'CREATE ROLE alice LOGIN' -c 'CREATE DATABASE old OWNER alice'
	old=${SERVER/dbname=mst/dbname=old}
	MST_DB="$old user=alice" mst-db psql -q <<-SQL
		CREATE SCHEMA mst;
		CREATE TABLE mst.migration (version int PRIMARY KEY CHECK (version > 0), name text NOT NULL,
			sha256 text NOT NULL CHECK (length(sha256) = 64), applied_at timestamptz NOT NULL DEFAULT now(), mst_version text NOT NULL);
		SET search_path TO mst;
		$(cat "$ROOT/lib/store/schema/0001_state.sql" "$ROOT/lib/store/schema/0002_run.sql")
		$(mst-db psql -qAtc "SELECT format('INSERT INTO migration VALUES (%L, %L, %L, %L, %L);', version, name, sha256, applied_at, mst_version)
			FROM mst.migration WHERE version < 3")
		$(cat "$ROOT/tests/db/data/0002.sql")
	SQL
	MST_DB="$old user=mst" mst-db migrate >/dev/null
	MST_DB="$old user=alice" run mst-ps
	status 0
	[ "${#lines[@]}" = 2 ]
	MST_DB="$old user=alice" run mst-user list
	[ "$(json '[.name, .admin]')" = '["alice",true]
["mst",true]' ]
}

# --- what holds for all that will ever stand in the schema

@test "each table that others may touch has row security, and a policy" {
	run mst-db psql -qAtc "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'mst'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
		AND (c.relacl::text LIKE '%=%/%' AND EXISTS (SELECT FROM aclexplode(c.relacl) x WHERE x.grantee <> c.relowner)
			OR EXISTS (SELECT FROM pg_attribute a CROSS JOIN aclexplode(a.attacl) x WHERE a.attrelid = c.oid AND x.grantee <> c.relowner))
		AND NOT (c.relrowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))"
	says ''
}

@test "no policy lets everybody in" {
	run mst-db psql -qAtc "SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'mst' AND (qual = 'true' OR with_check = 'true')"
	says ''
}

@test "each function that has its owner's rights says where its names come from" {
	run mst-db psql -qAtc "SELECT proname FROM pg_proc WHERE pronamespace = 'mst'::regnamespace AND prosecdef
		AND NOT coalesce(proconfig @> '{\"search_path=pg_catalog, pg_temp\"}', false)"
	says ''
}

@test "each function with its owner's rights that anybody may call asks who calls, or only looks" {
	run mst-db psql -qAtc "SELECT proname FROM pg_proc WHERE pronamespace = 'mst'::regnamespace AND prosecdef AND prorettype <> 'trigger'::regtype
		AND has_function_privilege('stranger', oid, 'EXECUTE') AND provolatile = 'v'
		AND prosrc !~ 'PERFORM mst[.](need_admin|need_team_admin|need_keeper|must_be_user|must_own)[(]|IF NOT mst[.]is_admin[(][)]' ORDER BY 1"
	says "$(sed 's/ .*//' <<-'VERDICT'
		must_be_user changes nothing
		run_has_owner looks at locks and sessions: whether one is there, of a run whose number is known
	VERDICT
	)"
}

@test "the function of a trigger is for nobody to put on a table of his own, and to forge a history with" {
	run mst-db psql -qAtc "SELECT proname FROM pg_proc WHERE pronamespace = 'mst'::regnamespace AND prorettype = 'trigger'::regtype
		AND has_function_privilege('stranger', oid, 'EXECUTE')"
	says ''
	refused other "CREATE TEMP TABLE mine (LIKE mst.catalogue); CREATE TRIGGER t AFTER INSERT ON mine REFERENCING NEW TABLE AS new_rows
		FOR EACH STATEMENT EXECUTE FUNCTION mst.catalogue_keep()"
	refused other "CREATE TEMP TABLE mine (LIKE mst.connection); CREATE TRIGGER t AFTER INSERT ON mine
		FOR EACH ROW EXECUTE FUNCTION mst.connection_keep()"
	# and for whoever changes a table it works all the same
	run as writer "BEGIN; UPDATE mst.catalogue SET sql = 'SELECT 5' WHERE name = 'mart.t';
		SELECT max(revision) FROM mst.catalogue_revision WHERE name = 'mart.t'; ROLLBACK"
	says 2
	# what was read of a text is part of it
	run as writer "BEGIN; UPDATE mst.catalogue SET reads = '{ops.t}' WHERE name = 'mart.t';
		SELECT reads FROM mst.catalogue_revision WHERE name = 'mart.t' AND revision = 2; ROLLBACK"
	says '{ops.t}'
}

# --- the same by commands

# ROLE COMMAND: y where it went through, a dot where it was refused with a word why, else its status
mst_as() {
	local role=$1 rc=0
	shift
	MST_DB="$SERVER user=$role" bash -c "$*" >out 2>err 3>&- || rc=$?
	case $rc:$(wc -l <err) in
	0:*) echo y ;;
	[16]:[012]) echo . ;;
	*) echo "$rc" ;;
	esac
}

# What is changed is as it was before the next one tries: by a backup.
@test "role x action x object, by commands" {
	mst-db psql -qc 'DROP ROLE IF EXISTS somebody' -c 'CREATE ROLE somebody LOGIN' 2>/dev/null
	mst-db backup before
	cat >commands <<-'COMMANDS'
		mst-user whoami
		mst-table get mart.t
		mst-table log mart.t
		mst-table put mart.t <<<'SELECT 7 AS changed'
		mst-table put -t mart mart.new <<<'SELECT 8 AS new'
		mst-table restore mart.t 1
		mst-table rm mart.t
		mst-table get own.t
		mst-table put my.t <<<'SELECT 9 AS mine'
		mst-connection get mart.db
		mst-connection put mart.db host=mine dbname=x
		mst-connection rm mart.db
		mst-secret list | grep -q mart.pw
		mst-secret put mart.pw --env MINE
		mst-secret move mart.pw --team -
		mst-ps 1
		mst-log 1
		mst-run --retry 1
		mst-team join mart other
		mst-team leave mart writer
		mst-team put new
		mst-team rm ops
		mst-user add somebody
		mst-user set owner --admin
		mst-user disable owner
	COMMANDS
	sed 's/ <<<.*//; s/ host=.*//; s/ |.*//; s/ --env.*//' commands >names
	for r in $roles; do
		while IFS= read -r c; do
			did=$(mst_as "$r" "$c")
			echo "$did"
			case $did:$c in
			y:*put* | y:*rm* | y:*restore* | y:*move* | y:*retry* | y:*join* | y:*leave* | y:*add* | y:*set* | y:*disable*)
				mst-db restore --force before 2>/dev/null
				;;
			esac
		done <commands >"$r"
	done
	# shellcheck disable=SC2086
	WIDE=32 run table $roles
	says "                                 stranger disabled reader writer keeper other owner admin
mst-user whoami                  .        .        y      y      y      y     y     y
mst-table get mart.t             .        .        y      y      y      .     .     y
mst-table log mart.t             .        .        y      y      y      .     .     y
mst-table put mart.t             .        .        .      y      y      .     .     y
mst-table put -t mart mart.new   .        .        .      y      y      .     .     y
mst-table restore mart.t 1       .        .        .      y      y      .     .     y
mst-table rm mart.t              .        .        .      y      y      .     .     y
mst-table get own.t              .        .        .      .      .      .     y     y
mst-table put my.t               .        .        y      y      y      y     y     y
mst-connection get mart.db       .        .        y      y      y      .     .     y
mst-connection put mart.db       .        .        .      .      y      .     .     y
mst-connection rm mart.db        .        .        .      .      y      .     .     y
mst-secret list                  .        .        y      y      y      .     .     y
mst-secret put mart.pw           .        .        .      .      y      .     .     y
mst-secret move mart.pw --team - .        .        .      .      y      .     .     y
mst-ps 1                         .        .        y      y      y      .     .     y
mst-log 1                        .        .        y      y      y      .     .     y
mst-run --retry 1                .        .        .      y      y      .     .     y
mst-team join mart other         .        .        .      .      y      .     .     y
mst-team leave mart writer       .        .        .      y      y      .     .     y
mst-team put new                 .        .        .      .      .      .     .     y
mst-team rm ops                  .        .        .      .      .      .     .     .
mst-user add somebody            .        .        .      .      .      .     .     y
mst-user set owner --admin       .        .        .      .      .      .     .     y
mst-user disable owner           .        .        .      .      .      .     .     y"
}
