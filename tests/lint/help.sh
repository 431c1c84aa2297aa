#!/usr/bin/env bash
# Every command and subcommand: --help goes to stdout within 80 columns and ends with 0; --version names
# the command; an unknown option is two lines on stderr, nothing on stdout and status 2; the tables pass
# their own check; and the row of the command in lib/cli/commands.c says what its table says.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 7
B=${B:-build}
export LC_ALL=C.UTF-8 MST_CONFIG=/dev/null
bad=0
complain() { echo "$*" && bad=1; }

try() { # COMMAND...: leaves out, err, rc
	out=$("$@" 2>"$tmp/err" </dev/null)
	rc=$?
	err=$(<"$tmp/err")
}
tmp=$(mktemp -d) || exit 7
trap 'rm -rf "$tmp"' EXIT

helps() { # COMMAND [SUBCOMMAND]
	local name=${1##*/}${2:+ $2}
	try "$@" --help
	[ $rc = 0 ] || complain "$name --help: exit status $rc"
	[ -z "$err" ] || complain "$name --help: writes to stderr: $err"
	[ -n "$out" ] || complain "$name --help: writes nothing"
	wide=$(awk 'length($0) > 80' <<<"$out")
	[ -z "$wide" ] || complain "$name --help: wider than 80 columns: $wide"
	try "$@" --no-such-option
	[ $rc = 2 ] || complain "$name --no-such-option: exit status $rc"
	[ -z "$out" ] || complain "$name --no-such-option: writes to stdout"
	[ "$(wc -l <"$tmp/err")" = 2 ] || complain "$name --no-such-option: not two lines: $err"
}

commands=$("$B/bin/mst" --introspect=commands) || complain 'mst --introspect=commands fails'
for path in "$B"/bin/*; do
	c=${path##*/}
	if ! table=$("$path" --introspect 2>&1); then
		complain "$table"
		continue
	fi
	helps "$path"
	try "$path" --version
	[[ $out =~ ^$c\ [0-9]+\.[0-9]+\.[0-9]+$ ]] || complain "$c --version: says '$out'"
	for sub in $(jq -r '.commands[]? | select(.verbatim | not) | .name' <<<"$table"); do helps "$path" "$sub"; done
	[ "$c" = mst ] && continue
	row=$(jq -c --arg c "$c" 'select(.name == $c)' <<<"$commands")
	[ -n "$row" ] || complain "$c has no row in lib/cli/commands.c"
	for key in summary talks_to; do
		a=$(jq -r ".$key" <<<"$row") b=$(jq -r ".$key" <<<"$table")
		[ "$a" = "$b" ] || complain "lib/cli/commands.c: $c: $key is '$a', its option table says '$b'"
	done
	missing=$(jq -r --argjson row "$row" '[.options[], (.commands[]? | .options[])]
		| map(.key | select(. and . != "profile")) | unique - ($row.keys | split(" ")) | .[]' <<<"$table")
	[ -z "$missing" ] || complain "lib/cli/commands.c: $c: keys lack" "$missing"
done
exit $bad
