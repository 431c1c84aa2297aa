load ../cmd/helpers

# mst-user and mst-team as commands; tests/db/access.bats has who may do what.

setup_file() {
	home
	mst-db start 3>&-
	mst-db psql -qc 'CREATE ROLE carol LOGIN' -c "CREATE ROLE \"Dän O'Neill; --\" LOGIN" -c 'CREATE ROLE house NOLOGIN' 3>&-
}
teardown_file() { home_stop; }
setup() { scratch; }

@test "who made the private cluster is its user, and an admin" {
	run mst-user whoami
	status 0
	[ "$(json 'del(.added_at)')" = '{"type":"user","name":"mst","admin":true,"disabled":false,"teams":{},"description":"","added_by":"mst"}' ]
	run tty env NO_COLOR=1 mst-user whoami
	says 'USER ADMIN DISABLED TEAMS DESCRIPTION
mst  true  false          '
}

@test "a user is made of a role that is there and can log in, once" {
	run --separate-stderr mst-user add nobody
	status 1
	complains 'mst-user: there is no role "nobody" on this server
  an administrator of the server makes it: CREATE ROLE nobody LOGIN'
	run --separate-stderr mst-user add house
	status 1
	complains 'mst-user: role "house" cannot log in, so it is nobody
  an administrator of the server lets it: ALTER ROLE house LOGIN'
	run mst-user add carol --description "makes 100% of the marts"
	status 0
	[ "$(json '[.name, .admin, .description]')" = '["carol",false,"makes 100% of the marts"]' ]
	run --separate-stderr mst-user add carol
	status 1
	complains 'mst-user: "carol" is a user already
  mst-user set changes one'
	run mst-user add "Dän O'Neill; --"
	status 0
	run mst-user list
	[ "$(json .name)" = "\"Dän O'Neill; --\"
\"carol\"
\"mst\"" ]
}

@test "set changes what is said, and nothing else" {
	run mst-user set carol --admin
	[ "$(json '[.admin, .disabled, .description]')" = '[true,false,"makes 100% of the marts"]' ]
	run mst-user set carol --no-admin --description ''
	[ "$(json '[.admin, .disabled, .description]')" = '[false,false,""]' ]
	run mst-user disable carol
	[ "$(json '[.admin, .disabled]')" = '[false,true]' ]
	run mst-user set carol --admin
	[ "$(json '[.admin, .disabled]')" = '[true,true]' ]
	run mst-user set carol --enabled --no-admin
	[ "$(json '[.admin, .disabled]')" = '[false,false]' ]
	run --separate-stderr mst-user set carol
	status 2
	complains 'mst-user: nothing is said that is to change
  --admin, --no-admin, --enabled, --description'
	run mst-user set carol --admin --no-admin
	status 2
	run --separate-stderr mst-user set karol --admin
	status 1
	complains 'mst-user: there is no user "karol"'
	run --separate-stderr mst-user disable mst
	status 1
	complains 'mst-user: "mst" is the last admin
  make another one first: mst-user set NAME --admin'
}

@test "a team has members, each with one role" {
	run mst-team put mart --description 'who makes the marts'
	status 0
	run mst-team put mart
	[ "$(json 'del(.added_at)')" = '{"type":"team","name":"mart","members":{},"description":"who makes the marts","added_by":"mst"}' ]
	run mst-team join mart carol
	[ "$(json .members)" = '{"carol":"read"}' ]
	run mst-team join mart carol --role admin
	[ "$(json .members)" = '{"carol":"admin"}' ]
	run mst-team join mart mst --role write
	[ "$(json .members)" = '{"carol":"admin","mst":"write"}' ]
	run mst-user whoami
	[ "$(json .teams)" = '{"mart":"write"}' ]
	run mst-team leave mart mst
	[ "$(json .members)" = '{"carol":"admin"}' ]
	run --separate-stderr mst-team leave mart mst
	status 1
	complains 'mst-team: "mst" is no member of team "mart"'
	run --separate-stderr mst-team join mart karol
	status 1
	complains 'mst-team: there is no user "karol"
  an admin adds one: mst-user add karol'
	run --separate-stderr mst-team join marts carol
	status 1
	complains 'mst-team: there is no team "marts"
  an admin makes one: mst-team put marts'
	run mst-team join mart carol --role boss
	status 2
	run --separate-stderr mst-team get marts
	status 1
	complains 'mst-team: there is no team "marts"'
}

@test "a team that owns something is not removed" {
	mst-db psql -qc "INSERT INTO mst.catalogue (name, sql, owner, team) VALUES ('mart.t', '', 'mst', 'mart')"
	run --separate-stderr mst-team rm mart
	status 1
	complains 'mst-team: team "mart" still owns something (catalogue)
  give that to another team, or remove it, first'
	mst-db psql -qc 'DELETE FROM mst.catalogue'
	run mst-team rm mart
	status 0
	says ''
	run --separate-stderr mst-team rm mart
	status 1
	complains 'mst-team: there is no team "mart"'
}

@test "what was done to users and teams is in the events" {
	run mst-db psql -qAtc "SELECT kind || ' ' || coalesce(data->>'user', data->>'team') FROM mst.event WHERE run_id IS NULL AND data::text LIKE '%carol%' ORDER BY id"
	says 'user_added carol
user_changed carol
user_changed carol
user_disabled carol
user_changed carol
user_enabled carol
member_joined carol
member_joined carol'
}

@test "names of users and teams are completed" {
	mst-team put casting >/dev/null
	run mst-ps --complete user c
	says carol
	run mst-ps --complete member ca
	says 'carol
casting'
	run mst-ps --complete team ''
	says casting
}
