#!/usr/bin/env bats
# What the catalogue tells those who make mistakes: cycles, words nobody knows, what is still used, what is gone.
# shellcheck disable=SC2016,SC2154  # backquotes and dollars are SQL's; bats sets stderr
load ../cmd/helpers

setup_file() {
	home
	mst-db start 2>/dev/null 3>&-
	mst-team put shop >/dev/null
	mst-team put ops >/dev/null
}
teardown_file() { home_stop; }

setup() {
	scratch
	export MST_DIALECT=postgres
	st 'DELETE FROM mst.catalogue; DELETE FROM mst.catalogue_revision; DELETE FROM mst.connection'
}

st() { mst-db psql -qAtX -v ON_ERROR_STOP=1 -c "$1" 3>&-; }
put() { # NAME TEXT
	printf '%s\n' "$2" | mst-table put "$1" >/dev/null
}
cycle() { # two tables that read each other, and one that has nothing to do with them
	put w.c1 'SELECT n FROM w.c2'
	put w.c2 'SELECT n FROM w.c1' 2>/dev/null
	put raw.host 'SELECT 1 AS n'
	put w.after 'SELECT n FROM w.c1'
}

@test "a cycle stops only a run that it is part of" {
	cycle
	run mst-run --catalogue --select raw.host
	status 0
	run mst-run --catalogue --exclude w.c1
	status 1 # w.c2 reads what is not there
	holds 'run 2 failed: 1 succeeded, 2 failed'
	holds "warning: 'w.c1' reads itself through others and is not selected: no order goes through it"
	run -3 --separate-stderr mst-run --catalogue
	complains "mst-run: a cycle: w.c1 -> w.c2 -> w.c1
  'a -> b' says that a reads b: each waits for the next, so none can be first"
	run -3 mst-run --catalogue --select +w.after
	holds 'a cycle: w.c1 -> w.c2 -> w.c1'
	mst-table list >lines
	run mst-plan --select raw.host lines
	status 0
	run -3 mst-plan lines
}

@test "put and import name the cycle that they close, and do what they are told" {
	put w.c1 'SELECT n FROM w.c2'
	run --separate-stderr put w.c2 'SELECT n FROM w.c1'
	status 0
	complains 'mst-table: warning: a cycle: w.c1 -> w.c2 -> w.c1: a run of these tables will fail'
	run --separate-stderr put raw.host 'SELECT 1 AS n'
	complains ''
	run --separate-stderr put w.c2 'SELECT n FROM w.c1'
	complains ''
	mkdir -p s/w
	echo 'SELECT n FROM w.c2 WHERE n > 0' >s/w/c1.sql
	run --separate-stderr mst-table import s
	status 0
	complains 'mst-table: 1 table changed: file: none -> w/c1.sql
mst-table: warning: a cycle: w.c1 (w/c1.sql) -> w.c2 -> w.c1: a run of these tables will fail'
	run --separate-stderr put w.c2 'SELECT 1 AS n'
	complains ''
}

@test "a connection that tables use stays, and says whose it is" {
	mst-connection put crm host=/nowhere dbname=x >/dev/null
	mst-connection put erp host=/nowhere dbname=x >/dev/null
	put raw.person '-- mst: {kind: import, source: crm}
SELECT id FROM public.person'
	put mart.person '-- mst: {connection: crm}
SELECT 1 AS n'
	run -1 mst-connection rm erp crm
	says "mst-connection: connection 'crm' is used by: mart.person, raw.person
  give these tables another connection first; --force removes it all the same"
	[ "$(st 'SELECT count(*) FROM mst.connection')" = 2 ]
	run mst-connection rm erp
	status 0
	run mst-connection rm --force crm
	status 0
	[ "$(st 'SELECT count(*) FROM mst.connection')" = 0 ]
}

@test "an attribute that nobody knows is told of in a pipe, too" {
	run --separate-stderr put mart.m '-- mst: test: [{not_null: n}]
SELECT 1 AS n'
	status 0
	complains "mst-table: warning: stdin:1:9: unknown attribute 'test' (did you mean 'tests'?)"
	mkdir -p s/mart
	printf -- '-- mst: test: [{not_null: n}]\nSELECT 1 AS n\n' >s/mart/k.sql
	run --separate-stderr mst-table import s
	status 0
	complains "mst-table: warning: s/mart/k.sql:1:9: unknown attribute 'test' (did you mean 'tests'?)"
	run --separate-stderr mst-run s
	status 0
	complains "mst-deps: warning: s/mart/k.sql:1:9: unknown attribute 'test' (did you mean 'tests'?)"
}

@test "restore takes the end of a name, of what is there and of what was" {
	put mart.v_top 'SELECT 1 AS n'
	put mart.v_top 'SELECT 2 AS n'
	run mst-table restore v_top 1
	says '{"type":"change","change":"restored","name":"mart.v_top","revision":3}'
	mst-table rm mart.v_top >/dev/null
	run mst-table restore v_top 2
	says '{"type":"change","change":"restored","name":"mart.v_top","revision":5}'
	[ "$(mst-table get --sql v_top)" = 'SELECT 2 AS n' ]
	mst-table rm mart.v_top >/dev/null
	run mst-table log v_top
	status 0
	put ops.v_top 'SELECT 3 AS n'
	run mst-table restore v_top 1
	says '{"type":"change","change":"restored","name":"ops.v_top","revision":1}'
	run -1 mst-table restore mart.v_tip 1
	says "mst-table: no table or task is named 'mart.v_tip'
  did you mean 'mart.v_top'?"
	run -1 mst-table restore ops.v_top 9
	says "mst-table: table 'ops.v_top' has no revision 9
  mst-table log ops.v_top shows them"
}

@test "import --team takes what is unchanged into the team, but for headers that name one" {
	mkdir -p s/mart
	echo 'SELECT 1 AS n' >s/mart/a.sql
	printf -- '-- mst: team: ops\nSELECT 1 AS n\n' >s/mart/b.sql
	mst-table import s >/dev/null
	run --separate-stderr mst-table import --team shop s
	[ "$(jq -c '[.changed,.unchanged]' <<<"$output")" = '[1,1]' ]
	complains 'mst-table: 1 table changed: team: none -> shop'
	run st 'SELECT name, team, revision FROM mst.catalogue ORDER BY 1'
	says 'mart.a|shop|2
mart.b|ops|1'
	run mst-table import --team shop s
	[ "$(jq -c '[.changed,.unchanged]' <<<"$output")" = '[0,2]' ]
	run -3 mst-table import --team shp s
	says "mst-table: there is no team 'shp'
  an admin makes it: mst-team put shp"
	[ "$(st "SELECT count(*) FROM mst.team WHERE name = 'shp'")" = 0 ]
	run st 'SELECT name, team, revision FROM mst.catalogue ORDER BY 1'
	says 'mart.a|shop|2
mart.b|ops|1'
}

@test "a change that is not of the text says what it is" {
	mkdir -p s/mart
	echo 'SELECT 1 AS n' >s/mart/a.sql
	echo 'SELECT 1 AS k' >s/mart/b.sql
	mst-table import --dialect bigquery s >/dev/null
	NO_COLOR=1 run tty mst-table diff s
	says 'changed mart.a (dialect: bigquery -> postgres)
changed mart.b (dialect: bigquery -> postgres)
0 added, 2 changed, 0 removed, 0 unchanged'
	run mst-table diff s
	[ "$(jq -sc '.[0] | [.old_dialect, .dialect, .old_team]' <<<"$output")" = '["bigquery","postgres",null]' ]
	run --separate-stderr mst-table import s
	complains 'mst-table: 2 tables changed: dialect: bigquery -> postgres'
	mkdir -p s/other/mart && mv s/mart/a.sql s/other/mart/a.sql
	run --separate-stderr mst-table import s
	complains 'mst-table: 1 table changed: file: mart/a.sql -> other/mart/a.sql'
}

@test "team: and owner: choose tables" {
	printf -- '-- mst: {owner: Ann}\nSELECT 1 AS n\n' | mst-table put --team shop mart.a >/dev/null
	printf -- '-- mst: {team: ops}\nSELECT 1 AS n\n' | mst-table put mart.b >/dev/null
	put mart.c 'SELECT 1 AS n'
	run bash -c 'mst-table list team:shop | jq -r .name'
	says mart.a
	run bash -c 'mst-table list "team:*" | jq -r .name'
	says 'mart.a
mart.b'
	run bash -c 'mst-table list owner:Ann | jq -r .name'
	says mart.a
	st "UPDATE mst.catalogue SET team = 'shop' WHERE name = 'mart.b'"
	run bash -c 'mst-table list team:ops | jq -r .name'
	says "mst-table: warning: selector 'team:ops' takes nothing"
	run bash -c 'mst-run --catalogue --select team:shop --dry-run | jq -r .job | uniq'
	says 'mart.a
mart.b'
	printf -- '-- mst: {team: ops}\nSELECT 1 AS n\n' >x.sql
	run bash -c 'mst-deps --name d.x x.sql | mst-plan --select team:ops | jq -r "select(.type == \"job\").name"'
	says d.x
}

@test "an expression that is not whole is told of, not our bracket" {
	put mart.city "SELECT 'Bonn' AS city"
	mst-run --catalogue --select mart.city >/dev/null
	run -3 mst-table read mart.city --where 'city = '
	says "mst-table: --where: the expression is not whole: city =
  it takes one SQL expression, such as: n > 5 AND kind = 'x'"
	run mst-table read mart.city --where "city = 'Bonn' -- yes"
	says '{"city":"Bonn"}'
}

@test "a line with a revision of a table that never was says so" {
	put mart.a 'SELECT 1 AS n'
	run -1 bash -c 'mst-table get mart.a | jq -c ".name = \"q.copy\"" | mst-table put -'
	says "mst-table: table 'q.copy' was never in the catalogue, so it has no revision 1
  a new table is put without a revision: take the key 'revision' out of its line"
	mst-table get mart.a >line
	mst-table rm mart.a >/dev/null
	run -1 mst-table put line
	says "mst-table: table 'mart.a' is gone: there was revision 1
  mst-table log mart.a shows what happened"
}

@test "get shows people what is known of a table, and its text" {
	printf -- "-- mst: {description: people of a town, tags: [a, b]}\nSELECT n\nFROM raw.\"n\" -- \033[31mred\n" | mst-table put --team shop mart.a >/dev/null
	NO_COLOR=1 run tty mst-table get a
	says "table     mart.a
kind      summary
dialect   postgres
owner     $(st 'SELECT mst.me()')
team      shop
revision  1, by $(st "SELECT updated_by || ' at ' || to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') FROM mst.catalogue" | sed 's/0*$//')Z
reads     raw.n
description people of a town
tags      [\"a\",\"b\"]

-- mst: {description: people of a town, tags: [a, b]}
SELECT n
FROM raw.\"n\" -- ?[31mred"
	run mst-table get a
	[ "$(jq -r .name <<<"$output")" = mart.a ]
}

@test "a table whose team is gone is restored into another" {
	mst-team put gone >/dev/null
	printf 'SELECT 1 AS n\n' | mst-table put --team gone mart.a >/dev/null
	mst-table rm mart.a >/dev/null
	st "DELETE FROM mst.team WHERE name = 'gone'"
	run -1 mst-table restore mart.a 1
	says "mst-table: there is no team 'gone', which table 'mart.a' was of
  --team puts it into another; mst-team list shows them"
	run mst-table restore --team shop mart.a 1
	says '{"type":"change","change":"restored","name":"mart.a","revision":3}'
	[ "$(st 'SELECT team FROM mst.catalogue')" = shop ]
}
