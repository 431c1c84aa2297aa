#!/usr/bin/env bats
# mst-deps: files, folders, names, order, streams, exit statuses.  What it finds in SQL: tests/unit and
# tests/sql; attributes: tests/unit/test_attrs.c.

load helpers

setup() {
	scratch
	mkdir -p sql/mart sql/raw
	echo 'SELECT * FROM raw.items' >sql/mart/sales.sql
	echo 'SELECT 1 AS one' >sql/raw/items.sql
}

@test "one line a table, in order of the paths, with every key" {
	run mst-deps sql
	status 0
	says '{"type":"table","name":"mart.sales","file":"'"$PWD"'/sql/mart/sales.sql","dialect":"bigquery","kind":"summary","reads":["raw.items"],"writes":[],"calls":[],"refs":[{"name":"raw.items","mode":"read","line":1,"col":15,"text":"raw.items"}],"diagnostics":[],"attrs":{},"sql_sha256":"'"$(sha256sum <sql/mart/sales.sql | cut -c1-64)"'"}
{"type":"table","name":"raw.items","file":"'"$PWD"'/sql/raw/items.sql","dialect":"bigquery","kind":"summary","reads":[],"writes":[],"calls":[],"refs":[],"diagnostics":[],"attrs":{},"sql_sha256":"'"$(sha256sum <sql/raw/items.sql | cut -c1-64)"'"}'
}

@test "--relative writes the path as given" {
	run bash -c "mst-deps --relative ./sql sql/../sql/raw/items.sql | jq -r .file"
	says './sql/mart/sales.sql
./sql/raw/items.sql'
}

@test "--sql adds the text" {
	run bash -c "mst-deps --sql sql/raw | jq .sql"
	says '"SELECT 1 AS one\n"'
}

@test "a table on a terminal" {
	run mst-deps --table sql
	status 0
	says 'TABLE      KIND    READS     FILE
mart.sales summary raw.items sql/mart/sales.sql
raw.items  summary           sql/raw/items.sql'
}

@test "CSV where it is asked for" {
	run mst-deps --csv --relative sql
	has_line 'name,kind,reads,file'
	has_line 'mart.sales,summary,raw.items,sql/mart/sales.sql'
}

@test "operands come in byte order of their paths, each file once" {
	mkdir sql/mart.d
	for t in mart/a mart/B mart.d/c mart-x; do echo 'SELECT 1' >"sql/$t.sql"; done
	run bash -c "mst-deps --relative sql/raw sql sql/mart sql/mart/a.sql sql/mart/a.sql | jq -r .file"
	says 'sql/mart-x.sql
sql/mart.d/c.sql
sql/mart/B.sql
sql/mart/a.sql
sql/mart/sales.sql
sql/raw/items.sql'
}

@test "the order is the same on one thread and on many" {
	for i in $(seq 300); do echo "SELECT * FROM a.t$i" >"sql/raw/t$i.sql"; done
	mst-deps -j1 sql >one
	mst-deps -j7 sql >many
	cmp one many
	[ "$(wc -l <one)" = 302 ]
	jq -r .file one | LC_ALL=C sort -c
}

@test "hidden files, other files and hidden folders are left out of folders" {
	mkdir sql/.git
	echo 'SELECT 1' >sql/.git/x.sql
	echo 'SELECT 1' >sql/raw/.x.sql
	echo 'SELECT 1' >sql/raw/notes.txt
	echo 'SELECT 1' >sql/raw/UP.SQL
	run bash -c "mst-deps sql | jq -r .name"
	says 'mart.sales
raw.UP
raw.items'
}

@test "a folder without SQL files is warned of" {
	mkdir -p none/below
	echo 'SELECT 1' >none/below/x.txt
	run --separate-stderr bash -c "mst-deps none sql | jq -r .name"
	status 0
	says 'mart.sales
raw.items'
	complains 'mst-deps: warning: none: no file below it ends in .sql'
}

@test "a file that is named is read whatever it is called" {
	echo 'SELECT 1' >sql/raw/notes.txt
	run bash -c "mst-deps sql/raw/notes.txt | jq -r .name"
	says 'raw.notes'
}

@test "the name is folder and file, also of a file in the current folder" {
	cd sql/mart
	run bash -c "mst-deps sales.sql | jq -r .name"
	says 'mart.sales'
}

@test "--name-from takes the name from elsewhere in the path" {
	mkdir -p q/my-proj/mart/sales
	echo 'SELECT 1' >q/my-proj/mart/sales/query.sql
	run bash -c "mst-deps --name-from PROJECT/DATASET/TABLE/query.sql q | jq -r .name"
	says 'my-proj.mart.sales'
	run bash -c "MST_NAME_FROM='DATASET/TABLE/*.sql' mst-deps q | jq -r .name"
	says 'mart.sales'
}

@test "a path that does not fit the pattern is named all the same, with a warning" {
	run --separate-stderr bash -c "mst-deps --warn --relative --name-from PROJECT/DATASET/TABLE/query.sql sql/raw | jq -c '[.name,.diagnostics]'"
	says '["raw.items",[{"severity":"warning","line":1,"col":1,"message":"the path does not fit PROJECT/DATASET/TABLE/query.sql; named raw.items after folder and file"}]]'
	complains 'mst-deps: warning: sql/raw/items.sql:1:1: the path does not fit PROJECT/DATASET/TABLE/query.sql; named raw.items after folder and file'
}

@test "a pattern without TABLE is refused" {
	run mst-deps --name-from DATASET/x.sql sql
	status 2
	says 'mst-deps: no TABLE in the name pattern '\''DATASET/x.sql'\''
  a pattern looks like PROJECT/DATASET/TABLE/query.sql'
}

@test "the name in the header wins over the path" {
	printf -- '-- mst: name: "`mart`.other"\nSELECT 1' >sql/mart/sales.sql
	run bash -c "mst-deps sql/mart | jq -c '[.name,.attrs]'"
	says '["mart.other",{"name":"`mart`.other"}]'
}

@test "two files that define one name are an error with both places, and all lines are written" {
	printf -- '-- about\n-- mst: name: mart.sales\nSELECT 1' >sql/raw/twice.sql
	run --separate-stderr mst-deps --relative sql
	status 3
	[ "${#lines[@]}" = 3 ]
	complains "mst-deps: sql/raw/twice.sql:2:1: 'mart.sales' is defined at sql/mart/sales.sql:1 too"
	run json 'select(.file == "sql/raw/twice.sql") | .diagnostics'
	says '[{"severity":"error","line":2,"col":1,"message":"'\''mart.sales'\'' is defined at sql/mart/sales.sql:1 too"}]'
}

@test "attributes come from the header" {
	cat >sql/mart/sales.sql <<-'END'
		-- mst: owner: ann
		-- mst: tags:
		-- mst:   - daily
		-- mst:   - 2024
		# mst: our_key: {a: 1.50, b: ~, c: yes}
		SELECT 1
	END
	run mst-deps sql/mart
	holds '"attrs":{"owner":"ann","tags":["daily","2024"],"our_key":{"a":1.50,"b":null,"c":"yes"}}'
}

@test "an unknown attribute is a warning with the nearest name" {
	printf -- '-- mst: ownr: ann\nSELECT 1' >sql/mart/sales.sql
	run --separate-stderr mst-deps --warn --relative sql/mart
	status 0
	complains "mst-deps: warning: sql/mart/sales.sql:1:9: unknown attribute 'ownr' (did you mean 'owner'?)"
}

@test "a wrong attribute is an error, and the line is written all the same" {
	printf -- '-- mst: owner: ann\n-- mst: kind: sumary\nSELECT 1' >sql/mart/sales.sql
	run --separate-stderr mst-deps --relative sql/mart
	status 3
	complains "mst-deps: sql/mart/sales.sql:2:9: attribute 'kind': 'sumary' is not one of summary|view|materialized|import|external|script (did you mean 'summary'?)"
	run json .kind
	says '"summary"'
}

@test "a CREATE MATERIALIZED VIEW is of kind materialized by itself" {
	printf 'CREATE MATERIALIZED VIEW mart.sales AS SELECT 1 AS n;' >sql/mart/sales.sql
	run bash -c "mst-deps sql/mart/sales.sql | jq -c '[.kind,.diagnostics]'"
	says '["materialized",[]]'
}

@test "a password in the address of an import is refused, with its place" {
	printf -- '-- mst: kind: import\n-- mst: url: https://user:hunter2@host/x.csv\n' >sql/mart/sales.sql
	run --separate-stderr mst-deps sql
	status 3
	complains "mst-deps: sql/mart/sales.sql:2:9: attribute 'url': a password in an address would be kept in the clear"
	printf -- '-- mst: kind: import\n-- mst: url: https://user@host/a:b@c.csv\n' >sql/mart/sales.sql
	run --separate-stderr mst-deps sql
	status 0
}

@test "kinds: import by command, view and script by the SQL, external by the header" {
	printf -- '-- mst: command: seq 3\n-- mst: columns: {n: bigint}\n' >sql/raw/items.sql
	echo 'CREATE OR REPLACE VIEW mart.v AS SELECT * FROM raw.items' >sql/mart/v.sql
	echo 'SELECT 1; SELECT 2' >sql/mart/s.sql
	printf -- '-- mst: kind: external\n' >sql/mart/e.sql
	run bash -c "mst-deps sql | jq -c '[.name,.kind,.reads,.diagnostics]'"
	says '["mart.e","external",[],[]]
["mart.s","script",[],[]]
["mart.sales","summary",["raw.items"],[]]
["mart.v","view",["raw.items"],[]]
["raw.items","import",[],[]]'
}

@test "an import needs a command or a file, and one of them" {
	printf -- '-- mst: kind: import\n' >sql/raw/items.sql
	run --separate-stderr mst-deps --relative sql/raw
	status 3
	complains "mst-deps: sql/raw/items.sql:1:9: an import needs the attribute 'command', 'file', 'url' or 'source'"
	printf -- '-- mst: command: ls\n-- mst: file: x.csv\n' >sql/raw/items.sql
	run --separate-stderr mst-deps --relative sql/raw
	status 3
	complains "mst-deps: sql/raw/items.sql:2:9: an import has 'command' or 'file', not both"
}

@test "the dialect: option, configuration, header" {
	echo 'SELECT * FROM Raw.Items' >sql/mart/sales.sql
	run bash -c "mst-deps -d postgres sql/mart | jq -c '[.dialect,.reads]'"
	says '["postgres",["raw.items"]]'
	run bash -c "MST_DIALECT=postgres mst-deps sql/mart | jq -c '[.dialect,.reads]'"
	says '["postgres",["raw.items"]]'
	printf -- '-- mst: dialect: postgres\nSELECT * FROM "Raw"."Items"' >sql/mart/sales.sql
	run bash -c "mst-deps sql/mart | jq -c '[.dialect,.reads]'"
	says '["postgres",["Raw.Items"]]'
	printf '#legacySQL\nSELECT * FROM [p:Raw.Items]' >sql/mart/sales.sql
	run bash -c "mst-deps sql/mart | jq -c '[.dialect,.reads]'"
	says '["legacy",["p.Raw.Items"]]'
}

@test "SQL on stdin is one table and keeps its text" {
	run bash -c "echo 'SELECT * FROM a.b' | mst-deps --name c.d - | jq -c '[.name,.file,.reads,.sql]'"
	says '["c.d",null,["a.b"],"SELECT * FROM a.b\n"]'
	run bash -c "echo 'SELECT * FROM a.b' | mst-deps | jq -c .name"
	says '"stdin"'
	run bash -c "echo '{{ config(x) }} SELECT * FROM a.b' | mst-deps | jq -c .reads"
	says '["a.b"]'
}

@test "table lines with sql are inferred anew, other lines pass byte for byte" {
	cat >lines <<-'END'
		{"type":"table","extra":1.50,"name":"c.d","sql":"SELECT * FROM a.b","reads":["old"],"attrs":{"owner":"ann"}}
		{ "type" : "table", "name" : "x.y", "reads" : ["z"] }

		{"type":"task","name":"t","sql":"SELECT 1"}
	END
	run bash -c "mst-deps <lines"
	status 0
	says '{"type":"table","extra":1.50,"name":"c.d","sql":"SELECT * FROM a.b","reads":["a.b"],"attrs":{"owner":"ann"},"dialect":"bigquery","kind":"summary","writes":[],"calls":[],"refs":[{"name":"a.b","mode":"read","line":1,"col":15,"text":"a.b"}],"diagnostics":[],"sql_sha256":"'"$(printf 'SELECT * FROM a.b' | sha256sum | cut -c1-64)"'"}
{ "type" : "table", "name" : "x.y", "reads" : ["z"] }
{"type":"task","name":"t","sql":"SELECT 1"}'
}

@test "mst-deps of its own output changes nothing" {
	mst-deps --sql sql >one
	mst-deps <one >two
	cmp one two
	jq -c . one | mst-deps >three
	cmp one three
}

@test "a broken line is an error with its number, after all before it" {
	printf '{"type":"task","name":"t"}\n{"type":"table",}\n' >lines
	run --separate-stderr mst-deps <lines
	status 3
	says '{"type":"task","name":"t"}'
	[[ $stderr == "mst-deps: stdin:2:17: "* ]]
}

@test "an empty pipe is no table" {
	run mst-deps </dev/null
	status 0
	says ''
}

@test "a file that is not there is an error, and the rest is written" {
	run --separate-stderr mst-deps sql/nosuch.sql sql/raw/items.sql
	status 1
	[ "${#lines[@]}" = 1 ]
	complains 'mst-deps: sql/nosuch.sql: cannot open: No such file or directory'
}

@test "a current folder that is gone is an error" {
	mkdir gone
	run bash -c 'cd gone && rmdir ../gone && "$MST_BIN/mst-deps" ..'
	status 1
	says 'mst-deps: cannot tell the current folder: No such file or directory'
}

@test "a link to nowhere is an error, and the rest is written" {
	ln -s nowhere sql/raw/gone.sql
	run --separate-stderr mst-deps sql
	status 1
	[ "${#lines[@]}" = 2 ]
	complains 'mst-deps: sql/raw/gone.sql: cannot open: No such file or directory'
}

@test "a file that may not be read exits 6, and the rest is written" {
	local dir as=()
	dir=$(mktemp -d /tmp/mst-test.XXXXXX)
	cp -r sql "$dir/sql"
	chmod -R a+rX "$dir"
	chmod 0 "$dir/sql/raw/items.sql"
	cd "$dir"
	# root may read everything
	[ "$(id -u)" != 0 ] || as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	HOME=$dir run --separate-stderr "${as[@]}" "$MST_BIN/mst-deps" sql
	cd / && rm -rf "$dir"
	status 6
	[ "${#lines[@]}" = 1 ]
	complains 'mst-deps: sql/raw/items.sql: cannot open: Permission denied'
}

@test "a loop of links ends" {
	ln -s .. sql/mart/up
	ln -s ../mart sql/raw/side
	run --separate-stderr bash -c "mst-deps --relative sql | jq -r .file"
	status 0
	says 'sql/mart/sales.sql
sql/raw/items.sql
sql/raw/side/sales.sql'
	complains 'mst-deps: warning: sql/mart/up/: a link to a folder that is read already, left out
mst-deps: warning: sql/raw/side/up/: a link to a folder that is read already, left out'
}

@test "two dots behind a link are what the kernel takes them for" {
	mkdir -p far/away
	echo 'SELECT 1' >far/t.sql
	ln -s far/away link
	for operand in link/../t.sql link/.. far/away/../t.sql; do
		run bash -c "mst-deps $operand | jq -r .file"
		says "$PWD/far/t.sql"
	done
}

@test "a pipe in a folder is left out, a pipe that is named is read" {
	mkfifo sql/raw/p.sql
	run --separate-stderr mst-deps --relative sql/raw
	status 0
	complains 'mst-deps: warning: sql/raw/p.sql: not a regular file, left out'
	(echo 'SELECT * FROM a.b' >sql/raw/p.sql) &
	run bash -c "timeout 20 mst-deps sql/raw/p.sql | jq -c '[.name,.reads]'"
	says '["raw.p",["a.b"]]'
}

@test "bytes that are not UTF-8 give valid output and a warning" {
	printf 'SELECT "\xff" FROM `a.b\xfe`' >sql/raw/items.sql
	run --separate-stderr mst-deps --sql --warn --relative sql/raw
	status 0
	complains 'mst-deps: warning: sql/raw/items.sql:1:9: byte 0xff is not UTF-8; such bytes are written as U+FFFD'
	run json .sql
	says '"SELECT \"�\" FROM `a.b�`"'
}

@test "UTF-16 is an error that says so" {
	printf '\xff\xfeS\0' >sql/raw/items.sql
	run --separate-stderr mst-deps --relative sql/raw
	status 3
	complains 'mst-deps: sql/raw/items.sql:1:1: the text is UTF-16; save it as UTF-8'
}

@test "byte order mark, CRLF and NUL are read over" {
	printf '\xef\xbb\xbf-- mst: owner: ann\r\nSELECT *\r\nFROM a.b\0\r\n' >sql/raw/items.sql
	run bash -c "mst-deps sql/raw | jq -c '[.reads,.attrs,.refs[0].line]'"
	says '[["a.b"],{"owner":"ann"},3]'
}

@test "a file without a statement has a warning" {
	echo '-- nothing yet' >sql/raw/items.sql
	run --separate-stderr mst-deps --warn --relative sql/raw
	status 0
	complains 'mst-deps: warning: sql/raw/items.sql:1:1: no SQL statement in the text'
}

@test "a full disk is reported" {
	run --separate-stderr bash -c "mst-deps sql >/dev/full"
	status 7
	complains 'mst-deps: stdout: cannot write: No space left on device'
}

@test "a closed stdout is reported" {
	run --separate-stderr bash -c "mst-deps sql >&-"
	status 7
	complains 'mst-deps: stdout: cannot write: Bad file descriptor'
}

@test "a reader that goes away is no crash" {
	for i in $(seq 2000); do echo "SELECT * FROM a.t$i" >"sql/raw/t$i.sql"; done
	run bash -c 'mst-deps sql | head -n 1 >/dev/null; echo "${PIPESTATUS[0]}"'
	says 141
}

@test "a table line that no SQL can tell of stays an import or external" {
	run bash -c "echo '{\"type\":\"table\",\"name\":\"a.b\",\"kind\":\"external\",\"sql\":\"\"}' | mst-deps | jq -c '[.kind,.diagnostics]'"
	says '["external",[]]'
}

@test "two lines that define one name are an error" {
	printf '{"type":"table","name":"a.b","sql":"SELECT %s"}\n' 1 2 >lines
	run --separate-stderr mst-deps <lines
	status 3
	[ "${#lines[@]}" = 2 ]
	complains "mst-deps: stdin:1:1: 'a.b' is defined at stdin:1 too"
}

@test "on a terminal twenty warnings are shown and the rest is counted" {
	for i in $(seq 25); do echo "SELECT * FROM t$i" >"sql/raw/w$i.sql"; done
	NO_COLOR=1 run tty mst-deps --relative sql
	status 0
	[ "$(grep -c '^mst-deps: warning: ' <<<"$output")" = 20 ]
	has_line "mst-deps: warning: sql/raw/w1.sql:1:15: table 't1' is named without a dataset"
	has_line 'mst-deps: 5 warnings more (--warn shows all)'
	has_line 'TABLE      KIND    READS     FILE'
}

# a child in place of libpg_query's
oracle() {
	mkdir -p libexec
	printf '#!/bin/sh\n%s\n' "$1" >libexec/mst-sql-oracle
	chmod +x libexec/mst-sql-oracle
	export MST_LIBEXEC=$PWD/libexec
}

@test "--verify is silent where both agree" {
	oracle "cat >got; echo '{\"reads\":[\"raw.items\"],\"writes\":[]}'"
	run --separate-stderr mst-deps --verify --warn -d postgres sql/mart
	status 0
	complains ''
	cmp got sql/mart/sales.sql
}

@test "--verify says what one reads and the other does not" {
	oracle "cat >/dev/null; echo '{\"reads\":[\"other.t\"],\"writes\":[\"w.w\"]}'"
	run --separate-stderr mst-deps --verify --warn --relative -d postgres sql/mart
	status 0
	complains "mst-deps: warning: sql/mart/sales.sql:1:1: libpg_query reads 'other.t' too
mst-deps: warning: sql/mart/sales.sql:1:15: libpg_query does not read 'raw.items'
mst-deps: warning: sql/mart/sales.sql:1:1: libpg_query writes 'w.w' too"
}

@test "--verify survives a child that fails, crashes or babbles" {
	oracle "cat >/dev/null; echo '{\"error\":\"syntax error at or near x\",\"line\":1,\"col\":8}'"
	run bash -c "mst-deps --verify -d postgres sql/mart | jq -c '.diagnostics[]|[.severity,.col,.message]'"
	says '["note",8,"libpg_query cannot read the text: syntax error at or near x"]'
	oracle 'exit 3'
	run bash -c "mst-deps --verify -d postgres sql/mart | jq -c '.diagnostics[]|[.severity,.message]'"
	says '["warning","no second opinion of libpg_query: exit status 3"]'
	oracle 'kill -SEGV $$'
	run bash -c "mst-deps --verify -d postgres sql/mart | jq -c '.diagnostics[]|[.severity,.message]'"
	says '["warning","no second opinion of libpg_query: killed by SIGSEGV (Segmentation fault)"]'
	oracle 'echo hello'
	run bash -c "mst-deps --verify -d postgres sql/mart | jq -c '.diagnostics[]|.severity'"
	says '"warning"'
}

@test "--verify leaves other dialects alone, and needs its child" {
	oracle 'exit 3'
	run --separate-stderr mst-deps --verify --warn sql/mart
	status 0
	complains ''
	MST_LIBEXEC=$PWD/nowhere run --separate-stderr mst-deps --verify sql/mart
	status 1
	complains "mst-deps: $PWD/nowhere/mst-sql-oracle: not there, or not executable
  --verify needs it; MST_LIBEXEC names its folder"
}

@test "usage errors" {
	run mst-deps - sql
	status 2
	says 'mst-deps: - stands for stdin and goes with no other operand'
	run mst-deps --name a.b sql
	status 2
	says "mst-deps: --name goes with one file, and 'sql' is a folder"
	run mst-deps --name a.b sql/raw/items.sql sql/mart/sales.sql
	status 2
	says 'mst-deps: --name goes with one file or with stdin'
	run mst-deps --name a..b sql/raw/items.sql
	status 2
	says "mst-deps: --name: an empty part in the name 'a..b'"
	run tty mst-deps
	status 2
	has_line 'mst-deps: no files or folders given'
}

@test "a table line whose name is no text is refused with its line" {
	run bash -c "printf '%s\n' '{\"type\":\"table\",\"name\":\"\",\"sql\":\"SELECT 1\"}' | mst-deps"
	[ "$status" = 3 ]
	says 'mst-deps: stdin:1: the name of a table must be a text'
	run bash -c "printf '%s\n' '{\"type\":\"table\",\"name\":5,\"sql\":\"SELECT 1\"}' | mst-deps"
	[ "$status" = 3 ]
	says 'mst-deps: stdin:1: the name of a table must be a text'
}

@test "every kind that a header may name stands in the schemas of lines and in mst-json(5)" {
	run --separate-stderr mst-deps - <<<'-- mst: kind: none'
	kinds=$(sed -n "s/.*it must be one of \([a-z|]*\).*/\1/p" <<<"$stderr" | tr '|' '\n' | sort)
	[ "$(wc -l <<<"$kinds")" -gt 5 ]
	for type in table job; do
		[ "$(jq -r '.properties.kind.enum[]' "$ROOT/man/schema/$type.json" | sort)" = "$kinds" ]
	done
	page=$(sed -n -e '/^\.It Cm reads/q' -e '/^\.It Cm kind/,$ s/^\.Ql \([a-z]*\).*/\1/p' "$ROOT/man/mst-json.5.in" | sort)
	[ "$page" = "$kinds" ]
}
