#!/usr/bin/env bats
# A minute of what make chaos does for longer: everything that takes part in a run is killed at random.
load ../cmd/helpers

@test "whatever is killed, no row is lost and none doubled, nothing recorded is lost, no run is stuck" {
	command -v python3 >/dev/null || skip 'no python3'
	run "$ROOT/tests/chaos/chaos.py" --kills 1000 --seconds "${CHAOS_SECONDS:-40}"
	status 0
	# it did kill something, and saw that
	[[ $output =~ ^([0-9]+)\ kills ]]
	[ "${BASH_REMATCH[1]}" -gt 3 ]
}
