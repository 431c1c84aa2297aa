#!/usr/bin/env bats
# mst-table: the catalogue, its folders, its history, its owners.
# shellcheck disable=SC2016,SC2154  # backquotes and dollars are SQL's; bats sets stderr
load ../cmd/helpers

setup_file() {
	home
	mst-db start 2>/dev/null 3>&-
	SERVER="host=$(mst-db status | jq -r .socket) port=5432 dbname=mst"
	export SERVER
	mst-db psql -qX -c 'CREATE ROLE writer LOGIN; CREATE ROLE reader LOGIN; CREATE ROLE other LOGIN; CREATE ROLE lone LOGIN'
	{
		for r in writer reader other lone; do mst-user add $r; done
		mst-team put mart
		mst-team put ops
		mst-team join mart writer --role write
		mst-team join mart reader
		mst-team join ops other --role write
	} >/dev/null
}
teardown_file() { home_stop; }

setup() {
	scratch
	export MST_DIALECT=postgres
	st 'DELETE FROM mst.catalogue; DELETE FROM mst.catalogue_revision'
}

st() { mst-db psql -qAtX -v ON_ERROR_STOP=1 -c "$1" 3>&-; }
as() { # ROLE CMD ...: the command as that role
	local role=$1
	shift
	MST_DB="$SERVER user=$role" "$@"
}
table() { # NAME TEXT: a file of the folder
	mkdir -p "s/${1%%.*}"
	printf '%s\n' "$2" >"s/${1/.//}.sql"
}
import() { mst-table import "$@" | jq -r '"\(.added) added, \(.changed) changed, \(.removed) removed, \(.unchanged) unchanged"'; }

@test "import adds, then changes nothing, then changes what has changed" {
	table raw.n 'SELECT 1 AS n'
	table mart.m 'SELECT n FROM raw.n'
	run import s
	says '2 added, 0 changed, 0 removed, 0 unchanged'
	run import s
	says '0 added, 0 changed, 0 removed, 2 unchanged'
	table mart.m 'SELECT n + 1 AS n FROM raw.n'
	run import s
	says '0 added, 1 changed, 0 removed, 1 unchanged'
	run st "SELECT name, revision, action FROM mst.catalogue ORDER BY name"
	says 'mart.m|2|import
raw.n|1|import'
}

@test "a row that nothing changed in is not touched" {
	table raw.n 'SELECT 1 AS n'
	import s
	before=$(st 'SELECT xmin, ctid FROM mst.catalogue')
	import s
	[ "$(st 'SELECT xmin, ctid FROM mst.catalogue')" = "$before" ]
}

@test "import then export gives the same bytes in the same places" {
	mkdir -p s/raw
	printf 'SELECT 1 AS n' >s/raw/end.sql
	printf 'SELECT 1 AS n\r\n-- dos\r\n' >s/raw/dos.sql
	printf '\xef\xbb\xbfSELECT 1 AS n\n' >s/raw/bom.sql
	printf "SELECT 'it''s', E'\\\\\\\\n %%s \\\\t', \$\$ \$1 \$\$, '\"', '\\\\.' AS n\n" >s/raw/quotes.sql
	printf -- '-- \x01\x1b\x7f\ttab\nSELECT 1 AS "%%d ü 日本"\n' >s/raw/odd.sql
	printf 'SELECT 1 AS n\n' >"s/raw/a b\"c'd%s.SQL"
	printf 'SELECT 1 AS n\n' >"s/raw/"$'line\nbreak.sql'
	printf 'SELECT 1 AS n\n' >"s/raw/back\\slash.sql"
	: >s/raw/empty.sql
	{ printf -- '-- ' && head -c 1048576 /dev/zero | tr '\0' x && printf '\nSELECT 1 AS n'; } >s/raw/long.sql
	mkdir -p s/a/b/c && printf 'SELECT 1' >s/a/b/c/deep.sql
	run mst-table import s
	status 0
	run mst-table export out
	says '{"type":"export","written":11,"unchanged":0,"removed":0}'
	diff -r s out
	run mst-table export out
	says '{"type":"export","written":0,"unchanged":11,"removed":0}'
	run import s
	says '0 added, 0 changed, 0 removed, 11 unchanged'
	cp -r out again
	run import again
	says '0 added, 0 changed, 0 removed, 11 unchanged'
}

@test "every text goes through put and get as it is" {
	printf "SELECT '%%s \\\\ '' \$1 \\\\n \\\\.' AS \"a\"\"b\"\r\n\tü" >text
	run mst-table put odd.text - <text
	says '{"type":"change","change":"added","name":"odd.text","revision":1}'
	mst-table get odd.text --sql >out
	cmp text out
	mst-table get odd.text | jq -j .sql >out
	cmp text out
	mst-table get odd.text | jq -c '.sql |= . + "\n-- more"' | mst-table put
	{ cat text && printf '\n-- more'; } >longer
	mst-table get odd.text --sql >out
	cmp longer out
}

@test "a text that is not UTF-8 or holds a NUL is refused with its place, and nothing of the folder lands" {
	table raw.good 'SELECT 1 AS n'
	printf 'SELECT\n  1 \xff' >s/raw/bad.sql
	run --separate-stderr mst-table import s
	status 3
	complains "mst-table: s/raw/bad.sql:2:5: byte 0xff is not UTF-8
  the catalogue holds UTF-8 text; iconv(1) makes it of other encodings
mst-table: not all could be read, so nothing was imported"
	printf 'SELECT 1\0' >s/raw/bad.sql
	run --separate-stderr mst-table import s
	status 3
	[ "${stderr%%$'\n'*}" = 'mst-table: s/raw/bad.sql:1:9: a NUL byte in the text' ]
	run st 'SELECT count(*) FROM mst.catalogue'
	says 0
	run --separate-stderr mst-table put raw.bad - <s/raw/bad.sql
	status 3
	[ "${stderr%%$'\n'*}" = 'mst-table: stdin:1:9: a NUL byte in the text' ]
}

@test "a folder with an error is refused whole" {
	table raw.good 'SELECT 1 AS n'
	table raw.bad '-- mst: kind: nonsense
SELECT 1'
	run --separate-stderr mst-table import s
	status 3
	[ "${stderr##*$'\n'}" = 'mst-table: 1 error in the SQL, so nothing was imported' ]
	[ "$(st 'SELECT count(*) FROM mst.catalogue')" = 0 ]
	rm s/raw/bad.sql
	table raw.good2 '-- mst: name: raw.good
SELECT 1'
	run --separate-stderr mst-table import s
	status 3
	[[ $stderr == *"s/raw/good2.sql:1:1: 'raw.good' is defined at "*"/s/raw/good.sql:1 too"* ]]
}

@test "--prune removes what the folder has no more, and nothing else" {
	table raw.n 'SELECT 1 AS n'
	table raw.gone 'SELECT 1 AS n'
	mkdir -p o/ops && echo 'SELECT 2' >o/ops/x.sql
	import s o
	mst-table put own.put <<<'SELECT 3'
	rm s/raw/gone.sql
	run import s
	says '0 added, 0 changed, 0 removed, 1 unchanged'
	run --separate-stderr mst-table diff s
	status 1
	[ "$(json '[.change, .name]')" = '["removed","raw.gone"]' ]
	run import --prune s
	says '0 added, 0 changed, 1 removed, 1 unchanged'
	run mst-table list
	[ "$(jq -r .name <<<"$output" | paste -sd ' ')" = 'ops.x own.put raw.n' ]
	run --separate-stderr mst-table diff s
	status 0
	says ''
}

@test "a file that moves takes its table along" {
	table raw.n '-- mst: name: raw.n
SELECT 1 AS n'
	import s
	mv s/raw s/moved && mv s/moved/n.sql s/moved/elsewhere.sql
	run mst-table diff -p s
	status 1
	[ "$(json '[.change, .name, .file, .old_file, .diff]')" = '["changed","raw.n","moved/elsewhere.sql","raw/n.sql",""]' ]
	run import --prune s
	says 'mst-table: 1 table changed: file: raw/n.sql -> moved/elsewhere.sql
0 added, 1 changed, 0 removed, 0 unchanged'
	mst-table export out >/dev/null
	diff -r s out
}

@test "diff says what import would do, as lines and as text" {
	table raw.n 'SELECT 1 AS n'
	import s
	table raw.n 'SELECT 2 AS n'
	table mart.m 'SELECT 1'
	run --separate-stderr mst-table diff s
	status 1
	[ "$(jq -r '"\(.change) \(.name) \(.file)"' <<<"$output")" = 'added mart.m mart/m.sql
changed raw.n raw/n.sql' ]
	NO_COLOR=1 run tty mst-table diff s
	status 1
	says 'added mart.m
--- /dev/null
+++ mart.m
@@ -0,0 +1 @@
+SELECT 1
changed raw.n
--- raw.n
+++ raw.n
@@ -1 +1 @@
-SELECT 1 AS n
+SELECT 2 AS n
1 added, 1 changed, 0 removed, 0 unchanged'
	[ "$(st 'SELECT count(*) FROM mst.catalogue')" = 1 ]
}

@test "the log has every revision, those made by psql and the removal too, and restore works on all" {
	mst-table put mart.t <<<'SELECT 1 AS n'
	mst-table put mart.t <<<'SELECT 2 AS n'
	st "UPDATE mst.catalogue SET sql = 'SELECT 3 AS n FROM raw.x' WHERE name = 'mart.t'"
	run mst-table rm mart.t
	says '{"type":"change","change":"removed","name":"mart.t"}'
	run mst-table get mart.t
	status 1
	run mst-table log mart.t
	[ "$(jq -r '"\(.revision) \(.action) \(.by)"' <<<"$output")" = '1 put mst
2 put mst
3 put mst
4 rm mst' ]
	[ "$(jq -r 'select(.revision == 2) | .diff' <<<"$output")" = '--- revision 1
+++ revision 2
@@ -1 +1 @@
-SELECT 1 AS n
+SELECT 2 AS n' ]
	run mst-table restore mart.t 4
	says '{"type":"change","change":"restored","name":"mart.t","revision":5}'
	run mst-table get mart.t
	[ "$(json '[.sql, .reads, .revision]')" = '["SELECT 3 AS n FROM raw.x",["raw.x"],5]' ]
	run mst-table restore mart.t 1
	[ "$(mst-table get --sql mart.t)" = 'SELECT 1 AS n' ]
	run mst-table log mart.t
	[ "$(jq -rs '.[-1] | "\(.revision) \(.action) \(.source.revision)"' <<<"$output")" = '6 restore 1' ]
	run --separate-stderr mst-table restore mart.t 77
	status 1
	complains "mst-table: table 'mart.t' has no revision 77
  mst-table log mart.t shows them"
	NO_COLOR=1 run tty mst-table log mart.t
	holds 'revision 6: restore by mst at '
	holds 'from   revision 1'
}

@test "a row that was changed by hand is read anew" {
	st "INSERT INTO mst.catalogue (name, sql) VALUES ('mart.hand', 'SELECT a FROM raw.b')"
	st "INSERT INTO mst.catalogue (name, sql, line) VALUES ('mart.liar', 'SELECT a FROM raw.c', '{\"type\":\"table\",\"name\":\"other.name\"}')"
	st "INSERT INTO mst.catalogue (name, sql, line) VALUES ('mart.twice', 'SELECT a FROM raw.d', '{\"a\":1,\"a\":2}')"
	mst-table put mart.whole <<<'SELECT a FROM raw.a'
	run mst-table list
	[ "$(jq -c '[.name, .reads[0], .kind]' <<<"$output")" = '["mart.hand","raw.b","summary"]
["mart.liar","raw.c","summary"]
["mart.twice","raw.d","summary"]
["mart.whole","raw.a","summary"]' ]
	run --separate-stderr bash -c 'mst-table list | mst-plan | jq -r "select(.name) | .name"'
	says 'mart.hand
mart.liar
mart.twice
mart.whole'
}

@test "of two that change one table the second is told, where it says what it has read" {
	mst-table put mart.t <<<'SELECT 1'
	mst-table get mart.t >mine
	mst-table put mart.t <<<'SELECT 2'
	run --separate-stderr bash -c 'jq -c ".sql = \"SELECT 3\"" mine | mst-table put'
	status 1
	complains "mst-table: table 'mart.t' has changed: it has revision 2, by mst, not 1
  mst-table log mart.t shows what changed; read it again and put your change on top"
	run --separate-stderr mst-table put mart.t --if-revision 1 <<<'SELECT 3'
	status 1
	run mst-table put mart.t --if-revision 2 <<<'SELECT 3'
	says '{"type":"change","change":"changed","name":"mart.t","revision":3}'
	run mst-table put mart.t <<<'SELECT 3'
	says '{"type":"change","change":"unchanged","name":"mart.t","revision":3}'
	mst-table rm mart.t
	run --separate-stderr mst-table put mart.t --if-revision 3 <<<'SELECT 4'
	status 1
	[ "${stderr%%$'\n'*}" = "mst-table: table 'mart.t' is gone: there was revision 3" ]
}

@test "many that put one table at once lose no revision" {
	for i in 1 2 3 4 5 6; do
		mst-table put mart.t <<<"SELECT $i" >/dev/null 3>&- &
	done
	wait
	[ "$(st "SELECT count(*), max(revision) FROM mst.catalogue_revision")" = '6|6' ]
	[ "$(st "SELECT revision FROM mst.catalogue")" = 6 ]
}

@test "lines are put all or none" {
	run --separate-stderr mst-table put <<'LINES'
{"type":"table","name":"a.one","sql":"SELECT 1"}
{"type":"table","name":"a.two"}
LINES
	status 3
	complains "mst-table: stdin:2: the line of table 'a.two' has no text
  mst-deps --sql puts it in as key 'sql'"
	[ "$(st 'SELECT count(*) FROM mst.catalogue')" = 0 ]
	table raw.n '-- mst: tags: [x]
SELECT 1 AS n'
	table mart.m 'SELECT n FROM raw.n'
	mst-deps --sql s | jq -c '.mine = 1.5' | mst-table put >/dev/null
	run mst-table list
	[ "$(jq -c '[.name, .mine, .attrs, .file]' <<<"$output")" = '["mart.m",1.5,{},null]
["raw.n",1.5,{"tags":["x"]},null]' ]
	run mst-table list tag:x
	[ "$(json .name)" = '"raw.n"' ]
	run mst-table list +m
	[ "$(jq -r .name <<<"$output" | paste -sd ' ')" = 'mart.m raw.n' ]
	run --separate-stderr mst-table list nosuch
	status 1
}

@test "what the catalogue holds runs, by the pipe and by itself" {
	table raw.n 'SELECT 1 AS n'
	table mart.m 'SELECT n + 1 AS n FROM raw.n'
	import s
	rm -r s
	run --separate-stderr bash -c 'mst-table list --sql | mst-plan | mst-run'
	status 0
	run --separate-stderr bash -c 'mst-table list --sql | mst-deps | mst-plan | mst-run'
	status 0
	run --separate-stderr mst-run --catalogue --select mart.m
	status 0
	[ "$(jq -r 'select(.job) | "\(.event) \(.job)"' <<<"$output")" = 'job_started mart.m
job_finished mart.m' ]
	run mst-table read m
	says '{"n":2}'
	run --separate-stderr mst-run --catalogue s
	status 2
}

@test "read: lines, CSV, an expression, a limit" {
	mst-table put demo.rows <<<"SELECT g AS n, E'a\\\\b\\n\\t\"q\"' AS t, '{\"a\":
 1}'::json AS j FROM generate_series(1, 3) g"
	mst-run -c --select demo.rows >/dev/null
	run mst-table read demo.rows --limit 1
	[ "$(json '[.n, .t, .j]')" = '[1,"a\\b\n\t\"q\"",{"a":1}]' ]
	[ "${#lines[@]}" = 1 ]
	run mst-table read demo.rows --where 'n > 2 -- the last' --csv
	says 'n,t,j
3,"a\b
	""q""","{""a"":
 1}"'
	run mst-table read demo.rows --where "n IN (1, 2) AND t <> ') OR (true'"
	[ "${#lines[@]}" = 2 ]
	mst-table put demo.unmade <<<'SELECT 1'
	run --separate-stderr mst-table read demo.unmade
	status 1
	complains "mst-table: table 'demo.unmade' is not in the warehouse
  it has not been made yet: mst-run --catalogue --select demo.unmade"
}

@test "read --where takes one expression and nothing beside it" {
	mst-table put demo.one <<<'SELECT 1 AS n'
	mst-run -c --select demo.one >/dev/null
	while IFS='|' read -r where what; do
		run --separate-stderr mst-table read demo.one --where "$where"
		status 3
		[ "${stderr%%$'\n'*}" = "mst-table: --where:$what" ] || { echo "$stderr" && return 1; }
	done <<'CASES'
n > 0) OR (true|1:6: a bracket that nothing opened
n > 0; DROP TABLE demo.one|1:6: a semicolon
(n > 0|1:7: a bracket that stays open
n > 0 /* open|1:7: a comment without an end
n = 'open|1:5: a string without an end
n = "open|1:5: a quoted name without an end
-- nothing|1:1: an empty expression
n > 0 ORDER BY n|1:7: syntax error at or near "ORDER"
m > 0|1:1: column "m" does not exist
CASES
	mst-db psql --warehouse -qX -c 'CREATE SEQUENCE demo.s'
	run --separate-stderr mst-table read demo.one --where "nextval('demo.s') > 0"
	[[ $stderr == *'cannot execute nextval() in a read-only transaction'* ]]
}

@test "export writes nothing outside of its folder, whatever the rows say" {
	mkdir outside
	for f in ../outside/x.sql /tmp/x.sql a/../../x.sql ./x.sql .bashrc.sql a/.git/x.sql a//x.sql; do
		run st "INSERT INTO mst.catalogue (name, sql, file) VALUES ('h.x', 'SELECT 1', '$f')"
		holds 'violates check constraint'
	done
	st "INSERT INTO mst.catalogue (name, sql, file) VALUES ('h.hook', 'SELECT 1', 'bin/run.sh'),
		('h.taken', 'SELECT 2', 'h/one.sql'), ('h.one', 'SELECT 3', NULL), ('../../up', 'SELECT 4', NULL),
		('h.link', 'SELECT 5', 'link/x.sql')"
	run --separate-stderr mst-table export out h.hook '"../../up"' h.taken
	[ "$(cd out && find . -type f | sort | paste -sd ' ')" = './h/hook.sql ./h/one.sql' ] || ls -R out
	run --separate-stderr mst-table export out2 h.one h.taken
	status 1
	complains "mst-table: table 'h.one' would overwrite another one's file h/one.sql
  export the two into folders of their own, by selectors"
	mkdir -p out3 && ln -s ../outside out3/link
	run --separate-stderr mst-table export out3 h.link
	status 1
	complains "mst-table: out3/link: a symbolic link, which export does not follow"
	[ -z "$(ls -A outside)" ]
	mkdir -p out4/link && ln -s ../../outside/y out4/link/x.sql
	run mst-table export out4 h.link
	status 0
	[ -z "$(ls -A outside)" ]
	[ "$(cat out4/link/x.sql)" = 'SELECT 5' ]
}

@test "export leaves other files alone, and takes SQL files away with --prune alone" {
	table raw.n 'SELECT 1 AS n'
	import s
	mkdir -p out/raw/.git far && echo x >out/raw/other.sql && echo x >out/README && echo x >out/raw/.git/a.sql && echo x >far/a.sql
	ln -s "$PWD/far" out/far
	run mst-table export out
	says '{"type":"export","written":1,"unchanged":0,"removed":0}'
	run mst-table export --prune out
	says '{"type":"export","written":0,"unchanged":1,"removed":1}'
	[ "$(find out -type f | sort | paste -sd ' ')" = 'out/README out/raw/.git/a.sql out/raw/n.sql' ]
	[ -f far/a.sql ]
}

@test "a full disk ends an export with status 7, and the old files stand" {
	[ "$(id -u)" = 0 ] || skip 'only root mounts a small file system'
	mkdir disk && mount -t tmpfs -o size=64k tmpfs disk || skip 'no tmpfs can be mounted'
	table raw.n "SELECT 1 AS n"
	import s
	mst-table export disk >/dev/null
	{ printf -- '-- ' && head -c 200000 /dev/zero | tr '\0' x && printf '\nSELECT 1 AS n'; } >s/raw/n.sql
	import s
	run --separate-stderr mst-table export disk
	code=$status text=$(cat disk/raw/n.sql) left=$(find disk -name '.mst*')
	umount disk
	[ "$code" = 7 ]
	[[ $stderr == *'No space left on device'* ]]
	[ "$text" = 'SELECT 1 AS n' ]
	[ -z "$left" ]
}

@test "kill -9 in mid import: nothing of it lands" {
	for i in {1..400}; do table "k.t$i" "SELECT $i AS n"; done
	# holds the import up in its transaction, behind the first rows
	mst-db psql -qX 3>&- <<-'SQL' &
		BEGIN; LOCK TABLE mst.catalogue_revision; SELECT pg_sleep(4); ROLLBACK;
	SQL
	sleep 1
	"$MST_BIN/mst-table" import s >/dev/null 3>&- &
	pid=$!
	sleep 1
	kill -9 $pid
	wait
	run st "SELECT count(*), (SELECT count(*) FROM mst.catalogue_revision) FROM mst.catalogue"
	says '0|0'
	run import s
	says '400 added, 0 changed, 0 removed, 0 unchanged'
}

@test "two imports at once: the later one is told, or has the same" {
	for i in {1..50}; do table "k.t$i" "SELECT $i AS n"; done
	for i in 1 2 3 4; do
		(mst-table import s 3>&- >/dev/null 2>&1; echo $? >>codes) &
	done
	wait
	[ "$(grep -c 0 codes)" -ge 1 ]
	run ! grep -v '^[01]$' codes
	[ "$(st 'SELECT count(*), sum(revision) FROM mst.catalogue')" = '50|50' ]
}

@test "tables belong to the team that the header, the flag, or the only team says" {
	run as writer mst-table put mart.a <<<'SELECT 1'
	status 0
	run --separate-stderr as writer mst-table put mart.b --team ops <<<'SELECT 1'
	status 6
	complains "mst-table: mart.b: no permission to put tables into team 'ops'
  it takes role write there; mst-user whoami shows yours"
	run --separate-stderr as writer mst-table put mart.b <<<'-- mst: team: nosuch
SELECT 1'
	status 3
	complains "mst-table: mart.b: there is no team 'nosuch'
  an admin makes it: mst-team put nosuch"
	run as lone mst-table put own.c <<<'SELECT 1'
	table ops.d '-- mst: team: fresh
SELECT 1'
	run --separate-stderr mst-table import s
	status 0
	complains "mst-table: made team 'fresh'; mst-team join puts users into it"
	run st 'SELECT name, owner, team FROM mst.catalogue ORDER BY name'
	says 'mart.a|writer|mart
ops.d|mst|fresh
own.c|lone|'
}

@test "who may read sees, who may write changes, nobody else" {
	as writer mst-table put mart.a <<<'SELECT 1'
	run as reader mst-table list
	[ "$(json .name)" = '"mart.a"' ]
	run --separate-stderr as reader mst-table put mart.a <<<'SELECT 2'
	status 6
	complains "mst-table: no permission to change table 'mart.a'
  it takes role write in its team; mst-table get shows the team"
	run --separate-stderr as reader mst-table rm mart.a
	status 6
	run --separate-stderr as reader mst-table restore mart.a 1
	status 6
	run as other mst-table list
	says ''
	run --separate-stderr as other mst-table log mart.a
	status 1
	run --separate-stderr as other mst-table put mart.a <<<'SELECT 2'
	status 1
	complains "mst-table: table 'mart.a' is there already
  somebody made it just now, or it belongs to a team whose tables you do not see"
	run as reader mst-db psql -qAtX -c "UPDATE mst.catalogue SET sql = 'x'" -c "DELETE FROM mst.catalogue" -c 'SELECT count(*) FROM mst.catalogue'
	says 1
	run as writer mst-db psql -qAtX -c "UPDATE mst.catalogue SET team = 'ops'"
	holds 'new row violates row-level security policy'
	run as writer mst-db psql -qAtX -c "UPDATE mst.catalogue SET owner = 'other'"
	holds 'only an admin gives table mart.a another owner'
	run as writer mst-db psql -qAtX -c "INSERT INTO mst.catalogue_revision SELECT * FROM mst.catalogue_revision"
	holds 'permission denied for table catalogue_revision'
	run as writer mst-db psql -qAtX -c "INSERT INTO mst.catalogue (name, sql, owner) VALUES ('mart.z', 'SELECT 1', 'other')" -c "SELECT owner FROM mst.catalogue WHERE name = 'mart.z'"
	says writer
	run as writer mst-db psql -qAtX -c "UPDATE mst.catalogue SET revision = 99"
	holds 'permission denied for table catalogue'
}

@test "a table that moves to another team takes no history along" {
	as writer mst-table put mart.a <<<"SELECT 'secret'"
	mst-table put mart.a --team ops <<<'SELECT 2'
	run as other mst-table log mart.a
	[ "$(json .revision)" = 2 ]
	run as writer mst-table log mart.a
	[ "$(json .revision)" = 1 ]
	run --separate-stderr as other mst-table restore mart.a 1
	status 1
}

@test "events tell of what changed" {
	from=$(st 'SELECT coalesce(max(id), 0) FROM mst.event')
	mst-table put mart.a <<<'SELECT 1'
	mst-table put mart.a <<<'SELECT 2'
	mst-table put mart.a <<<'SELECT 2'
	mst-table rm mart.a
	run st "SELECT kind, data ->> 'table', data ->> 'revision' FROM mst.event WHERE id > $from ORDER BY id"
	says 'table_added|mart.a|1
table_changed|mart.a|2
table_removed|mart.a|3'
}

@test "the table for people" {
	mst-table put mart.a <<<'-- mst: freq: daily
-- mst: tags: [x, y]
SELECT 1'
	NO_COLOR=1 run tty mst-table list
	[ "$(head -n 1 <<<"$output" | xargs)" = 'TABLE KIND OWNER TEAM FREQ TAGS UPDATED' ]
	[[ "$(tail -n 1 <<<"$output" | xargs)" == 'mart.a summary mst daily x, y 20'* ]]
}

@test "names of the catalogue are completed" {
	mst-table put zz.only <<<'SELECT 1'
	run mst-ps --complete table zz
	says zz.only
}
