load helpers

# The runner of the tests, on programs that only pretend to be tests.

setup() {
	scratch
	mkdir -p build/tests src
}

pretend() { # NAME LINES-OF-SCRIPT
	: >"src/$1.c"
	printf '#!/bin/sh\n%s\n' "$2" >"build/tests/$1"
	chmod +x "build/tests/$1"
}

sum() {
	B=$PWD/build run "$ROOT/tests/run" "$PWD"/src/test_*.c
}

@test "the last line sums all files up" {
	pretend test_a 'printf "1..2\nok 1 - one\nok 2 - two\n"'
	pretend test_b 'printf "1..2\nok 1 - one\nok 2 - two # SKIP no such thing here\n"'
	sum
	status 0
	[ "${lines[-1]}" = '3 passed, 0 failed, 1 skipped' ]
}

@test "what cmocka skips is skipped" {
	pretend test_a 'printf "1..2\nok 1 - one\nnot ok 2 # SKIP two\n"'
	sum
	status 0
	[ "${lines[-1]}" = '1 passed, 0 failed, 1 skipped' ]
}

@test "a failed test fails the run and is shown with what it said" {
	pretend test_a 'printf "1..2\nnot ok 1 - one\n# a.c:7: 1 != 2\nok 2 - two\n"; exit 1'
	sum
	status 1
	[ "${lines[-1]}" = '1 passed, 1 failed, 0 skipped' ]
	has_line '    # a.c:7: 1 != 2'
}

@test "a program that dies in the middle counts as a failure" {
	pretend test_a 'printf "1..3\nok 1 - one\n"; kill -SEGV $$'
	sum
	status 1
	[ "${lines[-1]}" = '1 passed, 2 failed, 0 skipped' ]
	holds '2 did not report, exit status 139'
}

@test "a program that says nothing counts as a failure" {
	pretend test_a ':'
	sum
	status 1
	[ "${lines[-1]}" = '0 passed, 1 failed, 0 skipped' ]
}

@test "a program that passes all tests and ends badly counts as a failure" {
	pretend test_a 'printf "1..1\nok 1 - one\n"; exit 3'
	sum
	status 1
	[ "${lines[-1]}" = '1 passed, 1 failed, 0 skipped' ]
}

@test "no test at all is a failure" {
	B=$PWD/build run "$ROOT/tests/run" "$PWD/src/test_none.c"
	status 1
	[ "${lines[-1]}" = '0 passed, 1 failed, 0 skipped' ]
}

@test "the validator refuses a broken line, an unknown type, a key that stands twice" {
	echo '{"type":"task","name":"a","after":[]}' >good
	run python3 "$ROOT/tests/schema.py" good
	status 0
	says '1 lines of type task'
	printf '%s\n' '{"type":"task","name":"a","name":"b"}' '{"type":"tsk","name":"a"}' '{"type":"task"' '{"type":"task"}' >bad
	run python3 "$ROOT/tests/schema.py" bad
	status 1
	holds 'bad:1: a key stands twice'
	holds "bad:2: no schema for type 'tsk'"
	holds 'bad:3: '
	holds "bad:4: \$: 'name' is a required property"
	has_line '4 lines are wrong'
	: >none
	run python3 "$ROOT/tests/schema.py" none
	status 1
}
