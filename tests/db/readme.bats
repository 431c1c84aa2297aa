load ../cmd/helpers

setup_file() {
	home
	cd "$BATS_FILE_TMPDIR" || return
	mst-db start 3>&-
}
teardown_file() { home_stop; }

# times, dates and sizes are those of the moment; progress is drawn over
steady() {
	sed -E 's/\x1b\[[0-9;]*m//g; s/^.*\x1b\[J([^\x1b])/\1/; /\x1b/d; /^$/d
		'"s,$PWD/,/home/you/,g"'
		s/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}/DATE/g; s/ *[0-9.]+ (us|ms|s|min)\b/ TIME/g
		s/(mart.fruit failed) +/\1 /; s/ +TIME/ TIME/g; s/TIME +(OF|$)/TIME \1/; s/ +$//'
}

# each command of the README is typed on a terminal, what it says is what the README says
@test "the session of the README is what one sees" {
	cd "$BATS_FILE_TMPDIR"
	sed -n '/^## A session/,/^## Where/p' "$ROOT/README.md" | sed -n 's/^    //p' | grep -v '^\$ export PATH' >session
	unset PAGER
	export PSQL_PAGER=cat NO_COLOR=1
	while IFS= read -r typed; do
		printf '%s\n' "$typed"
		script -qec "stty cols 100; ${typed#\$ }" /dev/null </dev/null 3>&- | tr -d '\r'
	done < <(grep '^\$ ' session) >seen
	diff <(steady <session) <(steady <seen)
}

@test "every make target that the README names is there" {
	for target in demo check lint asan fuzz bench install uninstall; do
		run make -C "$ROOT" -n -q "$target" B="$B"
		lacks 'No rule to make target'
	done
}

@test "every path that the README names is there" {
	cd "$ROOT"
	for path in man/examples man/schema lib/README.md tests/run tests/setup.sh .ci/run completions LICENSE tests/unit tests/cmd \
		tests/db tests/fuzz tests/lint tests/bench; do
		[ -e "$path" ] || { echo "$path is not there" && return 1; }
	done
}
