#!/usr/bin/env bats
# Imports from addresses: what mst-fetch says becomes the error of the job.
load ../cmd/helpers

setup_file() {
	home
	mst-db start 2>/dev/null
	export DIR=$BATS_FILE_TMPDIR no_proxy='*'
	"$ROOT/tests/cmd/http_server.py" "$DIR/port" 3>&- &
	echo $! >"$DIR/pid"
	for _ in {1..100}; do
		[ ! -e "$DIR/port" ] || break
		sleep 0.1
	done
}
teardown_file() {
	kill "$(<"$DIR/pid")"
	home_stop
}
setup() {
	scratch
	url=http://127.0.0.1:$(<"$DIR/port")
}

wh() { mst-db psql --warehouse -qAtX -v ON_ERROR_STOP=1 -c "$1"; }
fetch() { # fetch PATH [ATTRIBUTES]: as raw.h
	run --separate-stderr mst-run <<<"$(jq -nc --arg url "$url$1" \
		"{type: \"job\", name: \"raw.h\", kind: \"import\", attrs: ({url: \$url} + ${2:-{\}})}")"
}
failure() { jq -c 'select(.event == "job_finished") | .error | [.file, .line, .code, .message]' <<<"$output"; }

@test "an address becomes a table, packed or not" {
	local path
	for path in /whole /chunked /gzip /file.gz /to-whole /500-twice; do
		wh 'DROP TABLE IF EXISTS raw.h'
		fetch "$path?token=secret"
		status 0
		[ "$(wh "SELECT count(*), sum(a), min(b) FROM raw.h")" = '2000|2001000|row' ]
	done
	fetch /whole '{columns: {a: "text", b: "text"}, header: true}'
	status 0
	[ "$(wh "SELECT count(*), min(pg_typeof(a)::text) FROM raw.h")" = '2000|text' ]
}

@test "what is not whole is no success, and the table stays" {
	fetch /whole
	local path
	for path in /cut /chunked-cut /gzip-cut /unframed /404; do
		fetch "$path?token=secret"
		status 1
		lacks 'token=secret"'
		# the types are known beforehand: rows are on their way to the table when the cut comes
		fetch "$path?token=secret" '{columns: {a: "int", b: "text"}, header: true}'
		status 1
	done
	fetch /404
	[ "$(jq 'select(.event == "job_finished").error.http' <<<"$output")" = 404 ]
	fetch '/cut?token=secret'
	[ "$(failure)" = "[\"raw.h\",null,\"remote\",\"$url/cut?***: the body was cut off: transfer closed with 100 bytes remaining to read\"]" ]
	[ "$(wh "SELECT count(*) FROM raw.h")" = 2000 ]
}

@test "the place of a bad row is in the address, without its secrets" {
	fetch '/bad-row?token=secret'
	status 1
	[ "$(failure)" = "[\"$url/bad-row?***\",3,\"data\",\"1 fields where there are 2 columns\"]" ]
}

@test "an address that is none is refused before anything runs" {
	url=file:///etc/passwd
	fetch ''
	status 3
	complains "mst-run: raw.h: attribute 'url': no address that begins with http:// or https://"
}

@test "kill -9 takes mst-fetch along" {
	jq -nc --arg url "$url/stops" '{type: "job", name: "raw.k", kind: "import", attrs: {url: $url}}' >job
	"$MST_BIN/mst-run" <job >/dev/null 2>&1 3>&- &
	local pid=$! leash=
	for _ in {1..100}; do
		leash=$(pgrep -P $pid mst-leash) && break
		sleep 0.1
	done
	local child
	child=$(pgrep -P "$leash" mst-fetch)
	kill -9 $pid
	wait $pid || :
	for _ in {1..100}; do
		kill -0 "$child" 2>/dev/null || break
		sleep 0.1
	done
	run kill -0 "$child"
	status 1
}
