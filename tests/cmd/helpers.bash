# What every command and database test loads:  load ../cmd/helpers
#
#   setup() { scratch; }              an empty folder as the current one, no configuration, no MST_*
#   setup_file() { home; }            a private home (and so a private cluster, when one is asked for)
#   teardown_file() { home_stop; }    for the tests of the file; stopped and removed at the end
#
#   run CMD ...                       bats: $status, $output, $lines; also --separate-stderr: $stderr
#   status 3                          the exit status was 3
#   says 'TEXT'                       stdout (and stderr, unless kept apart) is exactly TEXT
#   has_line 'TEXT'                   one of the lines is exactly TEXT
#   holds 'TEXT' / lacks 'TEXT'       the output holds it somewhere / nowhere
#   complains 'TEXT'                  stderr is exactly TEXT (after run --separate-stderr)
#   tty CMD ...                       runs it on a terminal of 80 columns: colours, tables, progress
#   json FILTER                       the output through jq -c FILTER
#
# Commands are found on PATH.  What they write into a pipe is kept and held against the schemas when
# all tests have run (tests/cmd/bin/); $MST_BIN names the folder of the commands themselves.

# shellcheck disable=SC2154  # bats sets output and stderr

bats_require_minimum_version 1.5.0

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
B=$(cd "$ROOT" && realpath -m "${B:-build}")
MST_BIN=$B/bin
export ROOT B MST_BIN LC_ALL=C.UTF-8 TZ=UTC TERM=xterm-256color
unset NO_COLOR COLUMNS
for _name in "${!MST_@}"; do
	case $_name in MST_BIN | MST_HOME) ;; *) unset "$_name" ;; esac
done
unset _name
PATH=$ROOT/tests/cmd/bin:$MST_BIN:${PATH#"$ROOT/tests/cmd/bin:$MST_BIN:"}
export PATH

scratch() {
	cd "$BATS_TEST_TMPDIR" || return
	export HOME=$BATS_TEST_TMPDIR XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/.config
	[ -n "${MST_HOME:-}" ] || export MST_HOME=$BATS_TEST_TMPDIR/home
}

# short, for the path of a socket is; readable, for as root the cluster is another user's
home() {
	MST_HOME=$(mktemp -d /tmp/mst-test.XXXXXX)
	chmod 755 "$MST_HOME"
	export MST_HOME
}

home_stop() {
	case ${MST_HOME:-} in
	/tmp/mst-test.*)
		"$MST_BIN/mst-db" stop >/dev/null 2>&1 3>&- || :
		rm -rf "$MST_HOME"
		;;
	esac
}

status() {
	[ "${status:-none}" = "$1" ] || {
		echo "exit status ${status:-none}, expected $1"
		printf '%s\n' "output:" "$output" ${stderr:+"stderr:" "$stderr"}
		return 1
	}
}

says() {
	[ "$output" = "$1" ] || {
		diff <(printf '%s\n' "$1") <(printf '%s\n' "$output") | sed 's/^</expected:/; s/^>/was:     /'
		return 1
	}
}

complains() {
	[ "$stderr" = "$1" ] || {
		diff <(printf '%s\n' "$1") <(printf '%s\n' "$stderr") | sed 's/^</expected:/; s/^>/was:     /'
		return 1
	}
}

has_line() {
	grep -qxF -- "$1" <<<"$output" || {
		printf '%s\n' "no line is: $1" "output:" "$output"
		return 1
	}
}

holds() {
	grep -qF -- "$1" <<<"$output" || {
		printf '%s\n' "not in the output: $1" "output:" "$output"
		return 1
	}
}

lacks() {
	! grep -qF -- "$1" <<<"$output" || {
		printf '%s\n' "in the output: $1" "output:" "$output"
		return 1
	}
}

# script(1) gives its child a terminal of its own and passes on its exit status
tty() {
	local cmd
	printf -v cmd '%q ' "$@"
	script -qec "stty cols 80 rows 24; $cmd" /dev/null </dev/null | tr -d '\r'
	return "${PIPESTATUS[0]}"
}

json() {
	jq -c "$1" <<<"$output"
}
