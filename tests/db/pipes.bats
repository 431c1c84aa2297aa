load ../cmd/helpers

# Each pair of the table in mst-json(5): what A writes goes into B, as it is and through jq -c.

setup_file() {
	home
	cd "$BATS_FILE_TMPDIR" || return
	mkdir -p sql/d
	echo 'SELECT 1 AS a' >sql/d/one.sql
	echo 'SELECT a FROM d.one' >sql/d/two.sql
	{
		mst-db migrate --dry-run | cat >migration
		mst-db status | cat >cluster
		mst config list | cat >config
		mst --introspect | cat >./command
		mst-db check | cat >check
		mst-user whoami | cat >user
		mst-team put mart | cat >team
		mst-secret put pw --env PW | cat >secret
		mst-connection put crm host=127.0.0.1 port=1 dbname=crm | cat >connection
		mst-connection test crm 2>/dev/null | cat >connection_test
		mst-deps --dialect postgres sql | cat >table
		mst-deps --dialect postgres --sql sql | cat >table_sql
		printf '%s\n' '{"type":"task","name":"t.b","after":["t.a"]}' '{"type":"task","name":"t.a"}' >task
		mst-plan <table | cat >plan
		mst-plan --explain d.two <table | cat >explain
		mst-run <plan | cat >event
		mst-table import sql | cat >import
		mst-table export out_of_it | cat >export
		mst-table put d.two <<<'SELECT a + 1 AS a FROM d.one' | cat >change
		mst-table log d.two | cat >revision
		mst-table put d.two <sql/d/two.sql >/dev/null
		mst-table list | cat >catalogue
		mst-table list --sql | cat >catalogue_sql
		mst-ps | cat >run
		mst-ps last | cat >job
	} 3>&-
}
teardown_file() { home_stop; }
setup() { cd "$BATS_FILE_TMPDIR" || return; }

# A's lines into B; jq in the middle changes nothing of what comes out
pipe() { # A B...
	local a=$1 plain=0
	shift
	[ -s "$a" ] || { echo "no line of type $a was made" && return 1; }
	"$@" <"$a" >out 2>err 3>&- || plain=$?
	jq -c . <"$a" >through_jq
	run "$@" <through_jq
	[ "$plain" = "$status" ] || { echo "exit status $plain, through jq $status" && cat err && return 1; }
	output=$(cat out) stderr=$(cat err)
}

passes() { # A: mst-deps hands it on, byte for byte
	pipe "$1" mst-deps
	status 0
	cmp "$1" out
}
not_planned() { # A: mst-plan leaves it out
	pipe "$1" mst-plan
	status 0
	run jq -c 'del(.hash)' out
	says '{"type":"plan","jobs":0,"tables":0,"external":0,"edges":0,"levels":0,"critical_path":[],"priority_exact":true}'
}
refused() { # A TYPE: mst-run says so
	pipe "$1" mst-run
	status 3
	complains "mst-run: stdin:1: a line of type '$1' cannot be run
  mst-run reads what mst-plan writes; tables and tasks are planned first"
	[ ! -s out ]
}
planned() { # A NAMES: mst-plan puts them in this order
	pipe "$1" mst-plan
	status 0
	run jq -rs '.[0].type + ": " + (.[1:] | map(.name) | join(" "))' out
	says "plan: $2"
}
run_in_order() { # A NAMES: mst-run makes them in this order
	pipe "$1" mst-run -j 1
	status 0
	run jq -rs 'map(select(.event == "job_finished") | .job + " " + .state) | join(", ")' out
	says "$2"
}

@test "mst-deps | mst-deps: the texts are read again, from their files" {
	pipe table mst-deps
	status 0
	cmp table out
}
@test "mst-deps --sql | mst-deps: the texts are read again, from the lines" {
	mkdir -p elsewhere && mv sql elsewhere/
	pipe table_sql mst-deps
	mv elsewhere/sql .
	status 0
	run jq -c 'del(.sql)' out
	says "$(cat table)"
}
@test "mst-deps | mst-plan: tables are planned" { planned table 'd.one d.two'; }
@test "mst-deps | mst-run: tables are planned first, and run" { run_in_order table 'd.one succeeded, d.two succeeded'; }

@test "task | mst-deps: passed on" { passes task; }
@test "task | mst-plan: tasks are planned" { planned task 't.a t.b'; }
@test "task | mst-run: a task that holds no SQL is refused" {
	pipe task mst-run
	status 3
	complains "mst-run: t.a has neither sql nor a file
  a job line holds 'sql', or 'file' and 'sql_sha256', as mst-deps writes them"
}

@test "mst-plan | mst-deps: a plan is passed on" { passes plan; }
@test "mst-plan | mst-plan: a plan is made anew, and is the same" {
	planned plan 'd.one d.two'
	cmp plan out
}
@test "mst-plan | mst-run: the plan is run" { run_in_order plan 'd.one succeeded, d.two succeeded'; }

@test "mst-ps RUN | mst-deps: jobs of a run are passed on" { passes job; }
@test "mst-ps RUN | mst-plan: jobs of a run are planned again" { planned job 'd.one d.two'; }
@test "mst-ps RUN | mst-run: jobs of a run are run again" { run_in_order job 'd.one succeeded, d.two succeeded'; }

@test "mst-run | mst-deps: passed on" { passes event; }
@test "mst-run | mst-plan: left out" { not_planned event; }
@test "mst-run | mst-run: refused" { refused event; }

@test "mst-ps | mst-deps: passed on" { passes run; }
@test "mst-ps | mst-plan: left out" { not_planned run; }
@test "mst-ps | mst-run: refused" { refused run; }

@test "mst-plan --explain | mst-deps: passed on" { passes explain; }
@test "mst-plan --explain | mst-plan: left out" { not_planned explain; }
@test "mst-plan --explain | mst-run: refused" { refused explain; }

@test "mst config list | mst-deps: passed on" { passes config; }
@test "mst config list | mst-plan: left out" { not_planned config; }
@test "mst config list | mst-run: refused" { refused config; }

@test "mst-db status | mst-deps: passed on" { passes cluster; }
@test "mst-db status | mst-plan: left out" { not_planned cluster; }
@test "mst-db status | mst-run: refused" { refused cluster; }

@test "mst-db migrate | mst-deps: passed on" { passes migration; }
@test "mst-db migrate | mst-plan: left out" { not_planned migration; }
@test "mst-db migrate | mst-run: refused" { refused migration; }

@test "--introspect | mst-deps: passed on" { passes command; }
@test "--introspect | mst-plan: left out" { not_planned command; }
@test "--introspect | mst-run: refused" { refused command; }

@test "mst-db check | mst-deps: passed on" { passes check; }
@test "mst-db check | mst-plan: left out" { not_planned check; }
@test "mst-db check | mst-run: refused" { refused check; }

@test "mst-user | mst-deps: passed on" { passes user; }
@test "mst-user | mst-plan: left out" { not_planned user; }
@test "mst-user | mst-run: refused" { refused user; }

@test "mst-secret | mst-deps: passed on" { passes secret; }
@test "mst-secret | mst-plan: left out" { not_planned secret; }
@test "mst-secret | mst-run: refused" { refused secret; }

@test "mst-connection | mst-deps: passed on" { passes connection; }
@test "mst-connection | mst-plan: left out" { not_planned connection; }
@test "mst-connection | mst-run: refused" { refused connection; }
@test "mst-connection | mst-connection put -: put again, the next revision" {
	pipe connection mst-connection put -
	status 0
	run jq -c 'del(.revision, .updated_at)' out
	says "$(jq -c 'del(.revision, .updated_at)' connection)"
	[ "$(jq .revision out)" -gt "$(jq .revision connection)" ]
}

@test "mst-connection test | mst-deps: passed on" { passes connection_test; }
@test "mst-connection test | mst-plan: left out" { not_planned connection_test; }
@test "mst-connection test | mst-run: refused" { refused connection_test; }

@test "mst-team | mst-deps: passed on" { passes team; }
@test "mst-team | mst-plan: left out" { not_planned team; }
@test "mst-team | mst-run: refused" { refused team; }

@test "mst-table list | mst-deps: the lines are the tables, with their references" {
	pipe catalogue_sql mst-deps
	status 0
	run jq -c '[.name, .reads, .refs[0].name, .revision]' out
	says '["d.one",[],null,1]
["d.two",["d.one"],"d.one",3]'
}
@test "mst-table list | mst-plan: tables are planned" { planned catalogue 'd.one d.two'; }
@test "mst-table list --sql | mst-run: tables are planned first, and run" { run_in_order catalogue_sql 'd.one succeeded, d.two succeeded'; }
@test "mst-table list --sql | mst-table put: nothing changes" {
	pipe catalogue_sql mst-table put
	status 0
	run jq -c '[.name, .change]' out
	says '["d.one","unchanged"]
["d.two","unchanged"]'
}

@test "mst-table put | mst-deps: passed on" { passes change; }
@test "mst-table put | mst-plan: left out" { not_planned change; }
@test "mst-table put | mst-run: refused" { refused change; }

@test "mst-table log | mst-deps: passed on" { passes revision; }
@test "mst-table log | mst-plan: left out" { not_planned revision; }
@test "mst-table log | mst-run: refused" { refused revision; }

@test "mst-table import | mst-deps: passed on" { passes import; }
@test "mst-table import | mst-plan: left out" { not_planned import; }
@test "mst-table import | mst-run: refused" { refused import; }

@test "mst-table export | mst-deps: passed on" { passes export; }
@test "mst-table export | mst-plan: left out" { not_planned export; }
@test "mst-table export | mst-run: refused" { refused export; }
