#!/usr/bin/env bats
# mst-fetch, the child that loads addresses: all of the body, or an error.
load helpers

setup_file() {
	export DIR=$BATS_FILE_TMPDIR no_proxy='*'
	"$ROOT/tests/cmd/http_server.py" "$DIR/port" 3>&- &
	echo $! >"$DIR/pid"
	for _ in {1..100}; do
		[ ! -e "$DIR/port" ] || break
		sleep 0.1
	done
}
teardown_file() { kill "$(<"$DIR/pid")"; }
setup() {
	scratch
	url=http://127.0.0.1:$(<"$DIR/port")
	{
		echo a,b
		seq 2000 | sed 's/$/,row/'
	} >body
}

fetch() { # fetch PATH [OPTION ...]: the body in ./got
	local path=$1
	shift
	run --separate-stderr bash -c 'printf "%s\n" "$0" | "$B/libexec/mst/mst-fetch" "${@}" >got' "$url$path" "$@"
	last=$(tail -n 1 <<<"$stderr")
}
fails() { # fails CODE RETRY MESSAGE
	[ "$(jq -c '[.code, .retry]' <<<"$last")" = "[$1,$2]" ] || { echo "$last" && return 1; }
	[ "$(jq -r .message <<<"$last")" = "$3" ] || { echo "$last" && return 1; }
}

@test "a body of known length, in chunks, of none" {
	local path
	for path in /whole /chunked /to-whole; do
		fetch $path
		status 0
		cmp got body
		[ -z "$stderr" ]
	done
	fetch /empty
	status 0
	[ ! -s got ]
}

@test "a body that is cut is an error, and is not asked for again" {
	fetch /cut
	status 5
	fails -9 true "$url/cut: the body was cut off: transfer closed with 100 bytes remaining to read"
	[ "$(grep -c 'GET /cut ' "$DIR/port.log")" = 1 ]
	fetch /chunked-cut
	status 5
	fails -9 true "$url/chunked-cut: the body was cut off: transfer closed with outstanding read data remaining"
}

@test "a cut before the first byte is tried again" {
	fetch /cut-at-once -t 2
	status 5
	[ "$(grep -c 'GET /cut-at-once ' "$DIR/port.log")" = 2 ]
	fetch /drop-once
	status 0
	cmp got body
	grep -q 'Empty reply from server; trying again in 0[.][56] s' <<<"$stderr"
}

@test "where nothing says how long the body is, its end could be a cut" {
	fetch /unframed
	status 5
	fails -9 false "$url/unframed: the server does not say how long the body is, so its end could be a cut"
	[ "$(jq -r .hint <<<"$last")" = 'to take it as it comes: -- mst: command: curl -fsS ADDRESS' ]
	[ ! -s got ]
	# gzip knows the end of a member, not of the file
	fetch /unframed-gzip
	status 5
	fails -9 false "$url/unframed-gzip: the server does not say how long the body is, so its end could be a cut"
	[ ! -s got ]
}

@test "a packed body comes as it is" {
	local path
	for path in /gzip /file.gz; do
		fetch $path
		status 0
		gzip -dc got | cmp - body
	done
	fetch /brotli
	status 5
	fails -9 false "$url/brotli: the body is encoded as 'br', which nobody asked for"
	fetch /echo
	grep -q 'Accept-Encoding: identity' got
}

@test "a status other than 2xx is an error, and what the page says is not the body" {
	fetch '/404?token=secret'
	status 5
	fails -9 false "$url/404?***: the server says 404 Not Found"
	[ "$(jq .http <<<"$last")" = 404 ]
	[ ! -s got ]
	lacks secret
	fetch /401
	fails -9 false "$url/401: the server says 401 Unauthorized"
	fetch /206
	fails -9 false "$url/206: the server says 206 Partial Content"
	fetch /to-nothing
	fails -9 false "$url/to-nothing: the server says 302 Found"
}

@test "429 and 5xx are tried again, as Retry-After says" {
	fetch /500-twice
	status 0
	cmp got body
	[ "$(grep -c 'trying again' <<<"$stderr")" = 2 ]
	fetch /429-once
	status 0
	grep -q 'the server says 429 Too Many Requests; trying again in 1.0 s' <<<"$stderr"
	fetch /500 -t 2
	status 5
	fails -9 true "$url/500: the server says 500 Internal Server Error"
	# longer than anybody would wait here
	fetch /429-long
	status 5
	fails -9 true "$url/429-long: the server says 429 Too Many Requests"
	[ "$(grep -c 'GET /429-long ' "$DIR/port.log")" = 1 ]
}

@test "redirects go to http, ten times at most" {
	fetch /loop
	status 5
	fails -9 false "$url/loop: Maximum (10) redirects followed"
	fetch /to-file
	status 5
	fails -9 false "$url/to-file: Protocol \"file\" not supported or disabled in libcurl"
	[ ! -s got ]
	fetch /to-ftp
	status 5
	[ ! -s got ]
}

@test "a server that is silent, slow or talks nonsense" {
	fetch /silent -s 1 -t 1
	status 5
	fails -7 true "$url/silent: the server has said nothing for 1 s"
	fetch /stops -s 1
	status 5
	fails -7 true "$url/stops: the server has said nothing for 1 s"
	# slow is fine
	fetch /drips -s 1
	status 0
	cmp got body
	fetch /huge-header -t 1
	status 5
	fetch /garbage -t 1
	status 5
	fails -9 false "$url/garbage: Received HTTP/0.9 when not allowed"
	[ ! -s got ]
	fetch /nothing -t 1
	fails -9 true "$url/nothing: Empty reply from server"
}

@test "a server that is not there, an address that is none" {
	url=http://127.0.0.1:1
	fetch '/?key=secret' -t 2
	status 5
	[ "$(jq .retry <<<"$last")" = true ]
	grep -q 'Failed to connect to 127.0.0.1 port 1' <<<"$last"
	[ "$(grep -c secret <<<"$stderr")" = 0 ]
	url=ftp://127.0.0.1
	fetch /x
	status 3
	fails -2 false 'no address that begins with http:// or https://'
}

@test "the address is no argument" {
	url=http://me:pw@127.0.0.1:$(<"$DIR/port")
	printf '%s' "$url/silent?token=xyzzy" | "$B/libexec/mst/mst-fetch" -s 5 -t 1 >got 2>err 3>&- &
	local pid=$!
	for _ in {1..50}; do
		grep -q 'token=xyzzy' "$DIR/port.log" && break
		sleep 0.1
	done
	[ "$(tr '\0' ' ' <"/proc/$pid/cmdline" | grep -c -e xyzzy -e pw@)" = 0 ]
	kill $pid
	wait $pid || :
	fetch '/404?x=y'
	fails -9 false "http://***@127.0.0.1:$(<"$DIR/port")/404?***: the server says 404 Not Found"
}

@test "certificates are verified" {
	command -v openssl >/dev/null || skip 'no openssl'
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 \
		-keyout key.pem -out crt.pem 2>/dev/null
	cat key.pem crt.pem >both.pem
	"$ROOT/tests/cmd/http_server.py" tls both.pem 3>&- &
	local pid=$!
	for _ in {1..100}; do
		[ ! -e tls ] || break
		sleep 0.1
	done
	url=https://127.0.0.1:$(<tls)
	fetch /whole -t 1
	status 5
	grep -q 'SSL certificate problem: self' <<<"$last"
	[ "$(jq -r .hint <<<"$last")" = 'SSL_CERT_FILE names the certificates of an authority of one'"'"'s own' ]
	[ ! -s got ]
	export SSL_CERT_FILE=$PWD/crt.pem
	fetch /whole
	status 0
	cmp got body
	kill $pid
	wait $pid || :
}
