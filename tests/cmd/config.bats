#!/usr/bin/env bats
# mst config, and the configuration as every command reads it.
load helpers

setup() {
	scratch
	unset MST_HOME
	mkdir -p .config/mst
	config=$PWD/.config/mst/config
}

# mst where it writes text: no copy is kept for the schemas
text() { "$MST_BIN/mst" "$@"; }

@test "every key is listed, in order, with its origin" {
	cat >"$config" <<-E
		jobs = 4
		[profile work]
		name_from = p
		[connection prod]
		url = postgresql://ada:geheim@db/x
	E
	MST_DIALECT=postgres MST_PROFILE=work run mst config list
	status 0
	says '{"type":"config","key":"color","value":"auto","origin":"default"}
{"type":"config","key":"commands","value":"yes","origin":"default"}
{"type":"config","key":"db","value":null,"origin":"unset"}
{"type":"config","key":"dialect","value":"postgres","origin":"environment MST_DIALECT"}
{"type":"config","key":"home","value":null,"origin":"unset"}
{"type":"config","key":"jobs","value":"4","origin":"file '"$config"':1"}
{"type":"config","key":"key_command","value":null,"origin":"unset"}
{"type":"config","key":"key_file","value":null,"origin":"unset"}
{"type":"config","key":"name_from","value":"p","origin":"profile work '"$config"':3"}
{"type":"config","key":"pg_bin","value":null,"origin":"unset"}
{"type":"config","key":"profile","value":"work","origin":"environment MST_PROFILE"}
{"type":"config","key":"secret_refs","value":"own","origin":"default"}
{"type":"config","key":"team","value":null,"origin":"unset"}
{"type":"config","key":"timezone","value":null,"origin":"unset"}
{"type":"config","key":"warehouse","value":null,"origin":"unset"}
{"type":"config","key":"connection.prod.url","value":"postgresql://ada:***@db/x","origin":"file '"$config"':4"}'
}

@test "the origin is a column of the table where it is asked for" {
	run mst config list --table
	has_line 'KEY         VALUE'
	run mst config list --table --origin
	has_line 'KEY         VALUE    ORIGIN'
	has_line 'dialect     bigquery default'
}

@test "one key is printed alone, as it is, and status 1 says that it is not set" {
	MST_DB=postgresql://ada:geheim@db/x run text config get db
	status 0
	says 'postgresql://ada:geheim@db/x'
	run text config get db
	status 1
	says ''
	run --separate-stderr text config get dbb
	status 2
	complains "mst: unknown key 'dbb' (did you mean 'db'?)
  mst config list shows every key"
}

@test "a password is not listed" {
	MST_DB='host=x password=geheim' MST_WAREHOUSE=postgres://a:geheim@h/ run mst config list
	status 0
	lacks geheim
	holds '"value":"host=x password=***"'
	holds '"value":"postgres://a:***@h/"'
}

@test "an unknown key in the file is an error with place and suggestion" {
	printf '\njbs = 3\n' >"$config"
	run --separate-stderr mst config list
	status 2
	says ''
	complains "mst: $config:2: unknown key 'jbs' (did you mean 'jobs'?)"
}

@test "a broken file does not keep one from asking where it is" {
	echo 'broken' >"$config"
	run text config path
	status 0
	says "$config"
	run text help
	status 0
	MST_CONFIG=/else/where run text config path
	says /else/where
}

@test "a file that cannot be read is an error" {
	[ "$(id -u)" != 0 ] || skip 'root reads everything'
	echo 'jobs = 1' >"$config"
	chmod 0 "$config"
	run --separate-stderr mst config list
	status 6
	complains "mst: configuration: $config: cannot open: Permission denied"
}

@test "a folder in place of the file is an error" {
	rm -rf "$config"
	mkdir "$config"
	run --separate-stderr mst config list
	status 2
	complains "mst: configuration: $config: cannot read: Is a directory"
}

@test "a slip in a variable's name is warned of" {
	MST_JOB=3 run --separate-stderr text config get jobs
	status 1
	complains "mst: warning: the environment variable MST_JOB is unknown (did you mean 'MST_JOBS'?)"
}

@test "a profile that does not exist is an error" {
	echo '[profile work]' >"$config"
	run --separate-stderr mst config list --profile wrok
	status 2
	complains "mst: unknown profile 'wrok' (did you mean 'work'?)"
	MST_PROFILE=wrok run --separate-stderr mst config list
	status 2
}

@test "words behind config are suggested" {
	run --separate-stderr text config lst
	status 2
	complains "mst: unknown word 'lst' (did you mean 'list'?)
  write mst config list, mst config get KEY or mst config path"
	run --separate-stderr text config get
	status 2
	complains "mst: config get takes one key
  write mst config list, mst config get KEY or mst config path"
}

@test "config get takes what config list shows of a connection" {
	printf '[connection x]\nurl = postgresql://a:b@h/d\n' >file
	MST_CONFIG=$PWD/file run mst config get connection.x.url
	says 'postgresql://a:b@h/d'
	MST_CONFIG=$PWD/file run mst config get connection.y.url
	[ "$status" = 1 ]
	holds "unknown connection 'y'"
}
