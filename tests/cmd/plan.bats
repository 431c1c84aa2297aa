#!/usr/bin/env bats
# mst-plan: streams, selection, cycles, views, sizes.  What names mean and how jobs are ordered:
# tests/unit/test_plan.c.

load helpers

setup() {
	scratch
	printf '%s\n' '{"type":"table","name":"mart.x","file":"sql/mart/x.sql","kind":"summary","reads":["stg.a","stg.b"],"refs":[{"name":"stg.a","mode":"read","line":2,"col":6,"text":"stg.a"}],"diagnostics":[],"attrs":{"tags":["daily"]}}' \
		'{"type":"table","name":"stg.b","file":"sql/stg/b.sql","kind":"view","reads":["raw.c"]}' \
		'{"type":"table","name":"stg.a","file":"sql/stg/a.sql","kind":"summary","reads":["raw.c","elsewhere.t"]}' \
		'{"type":"table","name":"raw.c","file":"sql/raw/c.sql","kind":"import","reads":[]}' >lines
}

names() { jq -r 'select(.type == "job") | .name + if .run == false then "-" else "" end' | tr '\n' ' '; }

@test "a header, then jobs in an executable order" {
	run mst-plan <lines
	status 0
	says '{"type":"plan","jobs":4,"tables":4,"external":1,"edges":4,"levels":3,"critical_path":["raw.c","stg.a","mart.x"],"priority_exact":true,"hash":"'"$(jq -r .hash <<<"${lines[0]}")"'"}
{"type":"job","name":"raw.c","file":"sql/raw/c.sql","kind":"import","reads":[],"level":0,"priority":3,"after":[]}
{"type":"job","name":"stg.a","file":"sql/stg/a.sql","kind":"summary","reads":["raw.c","elsewhere.t"],"level":1,"priority":1,"after":["raw.c"]}
{"type":"job","name":"stg.b","file":"sql/stg/b.sql","kind":"view","reads":["raw.c"],"level":1,"priority":1,"after":["raw.c"]}
{"type":"job","name":"mart.x","file":"sql/mart/x.sql","kind":"summary","reads":["stg.a","stg.b"],"attrs":{"tags":["daily"]},"level":2,"priority":0,"after":["stg.a","stg.b"]}'
}

@test "the plan does not depend on order or format of the lines" {
	mst-plan <lines | grep -v '"type":"plan"' >first
	run bash -c "tac lines | jq -c . | mst-plan | grep -v '\"type\":\"plan\"' | cmp - first"
	status 0
	[ "$(mst-plan <lines | jq -r 'select(.type == "plan").hash')" = \
		"$(tac lines | jq -c 'to_entries | reverse | from_entries' | mst-plan | jq -r 'select(.type == "plan").hash')" ]
}

@test "files of lines, and - for stdin" {
	head -n 2 lines >one
	tail -n 2 lines >two
	run bash -c "mst-plan one - <two | cmp - <(mst-plan lines)"
	status 0
	run -1 --separate-stderr mst-plan absent
	complains 'mst-plan: absent: cannot open: No such file or directory'
	mkdir sql
	run -7 --separate-stderr mst-plan sql
	complains 'mst-plan: sql: cannot read: Is a directory
  lines are planned, not SQL: try mst-deps sql | mst-plan'
}

@test "mst-deps | mst-plan, mst-deps | jq | mst-plan, mst-plan | mst-plan are one" {
	mkdir -p sql/d
	echo 'SELECT * FROM d.b' >sql/d/a.sql
	echo 'SELECT 1 AS x' >sql/d/b.sql
	mst-deps sql | mst-plan >plain
	run bash -c "mst-deps sql | jq -c . | mst-plan | cmp - plain"
	status 0
	run bash -c "mst-plan plain | cmp - plain"
	status 0
	[ "$(names <plain)" = "d.b d.a " ]
}

@test "--select and --exclude, more than once" {
	[ "$(mst-plan --select stg.a -s x <lines | names)" = "stg.a mart.x " ]
	[ "$(mst-plan -s raw.c+,+stg.b <lines | names)" = "raw.c stg.b " ]
	[ "$(mst-plan -x kind:view -x path:sql/raw <lines | names)" = "stg.a mart.x " ]
	[ "$(mst-plan -s tag:daily <lines | names)" = "mart.x " ]
	[ "$(mst-plan -s 'mart.* raw.*' <lines | names)" = "raw.c stg.a- stg.b- mart.x " ]
}

@test "what is not run stays so through a second plan" {
	mst-plan -s 'mart.* raw.*' lines >first
	run bash -c "mst-plan first | tail -n 4 | cmp - <(tail -n 4 first)"
	status 0
	run bash -c "mst-plan first | head -n 1 | jq -c '[.jobs, .order_only]'"
	says '[2,2]'
}

@test "a selector that is wrong, unknown, or takes nothing" {
	run -2 --separate-stderr mst-plan -s tags:x lines
	complains "mst-plan: selector 'tags:x': unknown method 'tags'
  did you mean 'tag:'?"
	run -1 --separate-stderr mst-plan -s mart.y lines
	complains "mst-plan: no table or task is named 'mart.y'
  did you mean 'mart.x'?"
	run --separate-stderr mst-plan -s 'tag:weekly' lines
	status 0
	complains "mst-plan: warning: selector 'tag:weekly' takes nothing"
	[ "$(jq -c '[.jobs, .levels, .critical_path]' <<<"$output")" = '[0,0,[]]' ]
}

@test "each cycle is a path with places, and nothing is written" {
	printf '%s\n' '{"type":"table","name":"a.a","reads":["a.b"],"file":"a/a.sql","refs":[{"name":"a.b","mode":"read","line":12,"col":6,"text":"a.b"}]}' \
		'{"type":"table","name":"a.b","reads":["a.c"],"file":"a/b.sql","refs":[{"name":"a.c","mode":"read","line":3,"col":6,"text":"a.c"}]}' \
		'{"type":"table","name":"a.c","reads":["a.a"],"file":"a/c.sql","refs":[{"name":"a.a","mode":"read","line":1,"col":15,"text":"a.a"}]}' \
		'{"type":"task","name":"t1","after":["t2"]}' '{"type":"task","name":"t2","after":["t1"]}' >cycle
	run -3 --separate-stderr mst-plan cycle
	says ''
	complains "mst-plan: a cycle: t1 (cycle:4) -> t2 (cycle:5) -> t1
mst-plan: 2 cycles, the first: a.a (a/a.sql:12) -> a.b (a/b.sql:3) -> a.c (a/c.sql:1) -> a.a
  'a -> b' says that a reads b: each waits for the next, so none can be first"
}

@test "a name that stands twice is an error with both places" {
	cat lines lines >twice
	run -3 --separate-stderr mst-plan twice
	says ''
	complains "mst-plan: twice:5: 'mart.x' is defined twice: twice:1 (sql/mart/x.sql) and twice:5 (sql/mart/x.sql)
  a name has one line; rename one of the two, or filter one out"
}

@test "a broken line is an error with its number" {
	run -3 --separate-stderr mst-plan <<<'{"type":"table","name":"a"'
	complains 'mst-plan: stdin:1:27: the line ends in the middle of a JSON value'
	run -3 --separate-stderr bash -c 'printf "%s\n\n%s\n" "{\"type\":\"plan\"}" "{\"type\":\"table\"}" | mst-plan'
	complains 'mst-plan: stdin:3: the table line has no name'
}

@test "nothing in, an empty plan out" {
	run mst-plan </dev/null
	status 0
	says '{"type":"plan","jobs":0,"tables":0,"external":0,"edges":0,"levels":0,"critical_path":[],"priority_exact":true,"hash":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}'
}

@test "an ambiguous name is a warning" {
	printf '%s\n' '{"type":"table","name":"p.d.t"}' '{"type":"table","name":"q.d.t"}' \
		'{"type":"table","name":"e.x","reads":["d.t"]}' >some
	run --separate-stderr mst-plan some
	status 0
	complains "mst-plan: warning: some:3: 'e.x' reads 'd.t', which may be 'p.d.t' or 'q.d.t': no order is implied; write the full name"
}

@test "--explain for people and for programs" {
	run mst-plan --explain stg.a --table lines
	says 'stg.a: job 2 of 4
  level     1: raw.c -> stg.a
  priority  1: mart.x waits for it
  after     raw.c
  before    mart.x
  external  elsewhere.t (no line in the input gives these: they imply no order)'
	run mst-plan --explain x lines
	says '{"type":"explain","name":"mart.x","position":4,"run":true,"level":2,"chain":["raw.c","stg.a","mart.x"],"priority":0,"priority_exact":true,"waiting":[],"after":["stg.a","stg.b"],"before":[],"external":[]}'
	run -1 --separate-stderr mst-plan --explain stg.a -s stg.b lines
	complains "mst-plan: 'stg.a' is not part of the plan
  the selection leaves it out"
}

@test "--tree in UTF-8 and in ASCII" {
	run mst-plan --tree lines
	says 'mart.x
├── stg.a
│   └── raw.c
└── stg.b
    └── raw.c (above)'
	LC_ALL=C run mst-plan --tree lines
	says 'mart.x
|-- stg.a
|   `-- raw.c
`-- stg.b
    `-- raw.c (above)'
}

@test "a table on a terminal" {
	NO_COLOR=1 run tty mst-plan lines
	says 'LEVEL PRIORITY NAME   KIND    AFTER
    0        3 raw.c  import  
    1        1 stg.a  summary raw.c
    1        1 stg.b  view    raw.c
    2        0 mart.x summary stg.a, stg.b'
}

@test "a full disk is an error, a closed reader is none" {
	run -7 --separate-stderr bash -c 'mst-plan lines >/dev/full'
	complains 'mst-plan: stdout: cannot write: No space left on device'
	awk -v n=20000 -f "$ROOT/tests/bench/gen_dag.awk" >many
	run bash -c '"$MST_BIN"/mst-plan many | head -n 1 | jq .jobs'
	says 20000
}

@test "a chain of a million has a million levels, its tree no end of blanks" {
	seq 0 999999 | awk '{ printf "{\"type\":\"table\",\"name\":\"n%d\",\"reads\":[\"n%d\"]}\n", $1, $1 + 1 }' >chain
	run bash -c '"$MST_BIN"/mst-plan chain | head -n 1 | jq -c "[.jobs, .levels, .priority_exact, (.critical_path | length)]"'
	says '[1000000,1000000,false,1000000]'
	run bash -c '"$MST_BIN"/mst-plan --tree chain | LC_ALL=C awk "length > m { m = length } END { print m, NR }"'
	says '213 1020833'
	echo '{"type":"table","name":"n1000000","reads":["n0"]}' >>chain
	run -3 --separate-stderr "$MST_BIN"/mst-plan chain
	says ''
	[[ $stderr == *'n5 (chain:6) -> '*' more ... -> '*' -> n0'* ]]
}

@test "a million edges to one node, doubles among them" {
	awk 'BEGIN { printf "{\"type\":\"table\",\"name\":\"all\",\"reads\":[\"n0\""
		for (i = 0; i < 1000000; i++) printf ",\"n%d\"", i % 500000
		print "]}"
		for (i = 0; i < 500000; i++) printf "{\"type\":\"table\",\"name\":\"n%d\",\"reads\":[\"src\"]}\n", i
		print "{\"type\":\"table\",\"name\":\"src\"}" }' >star
	run bash -c '"$MST_BIN"/mst-plan star | head -n 2 | jq -c "[.jobs, .edges, .levels, .name]"'
	says '[500002,1000000,3,null]
[null,null,null,"src"]'
}

@test "patterns that multiply edges end at a limit" {
	awk 'BEGIN { for (i = 0; i < 9000; i++) {
		printf "{\"type\":\"table\",\"name\":\"d.t%d\"}\n", i
		printf "{\"type\":\"table\",\"name\":\"e.t%d\",\"reads\":[\"d.*\"]}\n", i } }' >many
	run -3 --separate-stderr mst-plan many
	complains "mst-plan: more than 64000000 edges
  patterns like 'd.*' that many tables read multiply edges; name the tables"
}
