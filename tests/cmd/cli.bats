#!/usr/bin/env bats
# What holds for every command, seen on mst itself: help, errors, streams, dispatch.
# shellcheck disable=SC2016  # the inner shells expand
load helpers

# much of what mst itself writes is text: no copies are kept for the schemas
setup() {
	scratch
	PATH=$MST_BIN:$PATH
}

@test "mst alone lists the commands and so does mst help" {
	run mst
	status 0
	has_line 'usage: mst COMMAND [ARGUMENT ...]'
	has_line '  deps       infer table references from SQL'
	alone=$output
	run mst help
	status 0
	says "$alone"
}

@test "an unknown command is two lines on stderr, a suggestion and status 2" {
	run --separate-stderr mst pla
	status 2
	says ''
	complains "mst: unknown command 'pla' (did you mean 'plan'?)
  mst help lists the commands"
	run --separate-stderr mst ../bin/sh
	status 2
	complains "mst: unknown command '../bin/sh'
  mst help lists the commands"
	run --separate-stderr mst ''
	status 2
	complains "mst: unknown command ''
  mst help lists the commands"
}

@test "mst X becomes mst-X, with its arguments and its exit status" {
	mkdir bin
	cp "$MST_BIN/mst" bin/
	printf '#!/bin/sh\nprintf "[%%s]" "${0##*/}" "$@"\nexit 5\n' >bin/mst-xyz
	chmod +x bin/mst-xyz
	run bin/mst xyz --help 'a b' ''
	status 5
	says '[mst-xyz][--help][a b][]'
	mkdir path
	mv bin/mst-xyz path/
	PATH=$PWD/path:$PATH run bin/mst xyz
	status 5
	says '[mst-xyz]'
}

@test "a command that cannot be executed is named" {
	mkdir bin
	cp "$MST_BIN/mst" bin/
	echo data >bin/mst-xyz
	run --separate-stderr bin/mst xyz
	status 6
	complains "mst: mst-xyz: cannot execute: Permission denied"
}

@test "an unknown option is two lines on stderr and status 2" {
	run --separate-stderr mst config --jsno
	status 2
	says ''
	complains "mst: unknown option '--jsno' (did you mean '--json'?)
  try 'mst config --help'"
}

@test "--help goes to stdout and wins over what follows" {
	run --separate-stderr mst config --help --no-such-option
	status 0
	complains ''
	has_line 'usage: mst config [OPTION ...] [list | path | get KEY]'
}

@test "--version and mst version agree" {
	run mst --version
	status 0
	version=$output
	[[ $version =~ ^mst\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	run mst version
	says "$version"
}

@test "a pipe gets JSON Lines, a terminal a table, and flags force either" {
	run mst config list
	has_line '{"type":"config","key":"color","value":"auto","origin":"default"}'
	run tty mst config list
	has_line 'color       auto'
	run tty mst config list --json
	has_line '{"type":"config","key":"color","value":"auto","origin":"default"}'
	run mst config list --table
	has_line 'color       auto'
	run mst config list --csv --origin
	has_line 'key,value,origin'
	has_line 'color,auto,default'
}

@test "a full disk, and a closed stdout, are errors with status 7" {
	run --separate-stderr bash -c 'mst config list >/dev/full'
	status 7
	complains 'mst: stdout: cannot write: No space left on device'
	run --separate-stderr bash -c '"$MST_BIN/mst" config list >&-'
	status 7
	complains 'mst: stdout: cannot write: Bad file descriptor'
	run --separate-stderr bash -c '"$MST_BIN/mst" --help >&-'
	status 7
	run bash -c '"$MST_BIN/mst" config list <&- 2>&-'
	status 0
}

@test "a reader that goes away ends a command by SIGPIPE, without a word" {
	run --separate-stderr bash -c '{ sleep 0.2; "$MST_BIN/mst" config list; echo $? >status; } | true; sleep 0.4; cat status'
	says '141'
	complains ''
}

@test "a reader that goes away is no error where SIGPIPE is ignored either" {
	run --separate-stderr bash -c 'trap "" PIPE
		{ sleep 0.2; "$MST_BIN/mst" config list; echo $? >status; } | true; sleep 0.4; cat status'
	says '141'
	complains ''
}

@test "colours: on a terminal, not with NO_COLOR, never or a dumb terminal" {
	run tty mst config list
	holds $'\033[1mKEY'
	NO_COLOR=1 run tty mst config list
	lacks $'\033'
	MST_COLOR=never run tty mst config list
	lacks $'\033'
	TERM=dumb run tty mst config list
	lacks $'\033'
	MST_COLOR=always run mst config list --table
	holds $'\033[1mKEY'
}

@test "a table is as wide as the terminal" {
	local name
	printf -v name 'x%.0s' {1..200}
	export MST_DB="host=example.org dbname=$name"
	run script -qec 'stty cols 40; mst config list --origin' /dev/null
	wide=$(tr -d '\r' <<<"$output" | sed 's/\x1b\[[0-9;]*m//g' | grep -E '^.{41,}' || :)
	[ -z "$wide" ]
	holds '…'
}

@test "no escape sequence of a value reaches the terminal" {
	mkdir -p .config/mst
	printf '[profile work]\n' >.config/mst/config
	run --separate-stderr mst config list --profile $'\033[2J'
	status 2
	complains "mst: unknown profile '?[2J'
  $PWD/.config/mst/config has no section [profile ?[2J]"
}

@test "mst help X opens the page" {
	mkdir fake
	printf '#!/bin/sh\necho "man $*"\n' >fake/man
	chmod +x fake/man
	PATH=$PWD/fake:$PATH run mst help config
	status 0
	says "man $ROOT/man/mst-config.5"
	PATH=$PWD/fake:$PATH run mst help mst
	says "man $ROOT/man/mst.1"
	run --separate-stderr mst help confg
	status 2
	complains "mst: there is no page 'confg' (did you mean 'config'?)
  mst help lists the commands and the other pages"
}

@test "every page is opened by its name and by what stands behind the hyphen, listed and completed" {
	mkdir fake
	printf '#!/bin/sh\necho "man $*"\n' >fake/man
	chmod +x fake/man
	run mst help
	list=$output
	run mst --complete topic ''
	words=$output
	for page in "$ROOT"/man/*.[1-8]; do
		name=$(basename "${page%.*}")
		for word in "$name" "${name#mst-}"; do
			PATH=$PWD/fake:$PATH run mst help "$word"
			says "man $page"
		done
		[[ $list == *"  ${name#mst-} "* || $list =~ other\ pages:$'\n'\ .*\ ${name#mst-}(\ |$'\n') ]]
		grep -qx -e "${name#mst-}" <<<"$words"
	done
}

@test "without man or mandoc the help of a command is its list of options" {
	[ -x "$MST_BIN/mst-plan" ]
	PATH=/nonexistent run "$MST_BIN/mst" help plan
	status 0
	says "$("$MST_BIN/mst-plan" --help)"
	PATH=/nonexistent run "$MST_BIN/mst" help config
	says "$(cat "$ROOT/man/mst-config.5")"
}

@test "an option before the command is explained" {
	run --separate-stderr mst --profile x plan
	status 2
	complains "mst: an option stands before the command 'plan'
  write mst plan and then its options"
}

@test "programs can read the option table of every command" {
	mkdir -p "$B/tests/lines"
	for path in "$MST_BIN"/*; do
		c=${path##*/}
		"$path" --introspect >"$B/tests/lines/$c.introspect"
		run jq -r .name "$B/tests/lines/$c.introspect"
		says "$c"
	done
}

@test "names are completed without a word about errors" {
	mkdir -p .config/mst
	printf '[profile work]\n[profile home]\n[connection prod]\nurl = x\n' >.config/mst/config
	run mst --complete profile
	says 'home
work'
	run mst --complete profile w
	says 'work'
	run mst --complete connection ''
	says 'prod'
	run mst --complete command p
	says 'plan
ps'
	echo 'broken' >.config/mst/config
	run mst --complete profile
	status 0
	says ''
	run mst --complete no-such-kind x
	status 0
	says ''
}
