#!/usr/bin/env bash
# Every script of the project goes through shellcheck.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

command -v shellcheck >/dev/null || { echo 'shellcheck is not installed'; exit 77; }
mapfile -t scripts < <(find tests man .ci bin -type f \( -name '*.sh' -o -name '*.bash' -o -path tests/run \
	-o -path .ci/run -o -path tests/bench/run-all -o -path tests/cmd/bin/mst \) | sort)
shellcheck -x -P SCRIPTDIR -S style "${scripts[@]}" || exit 1
# bats files: what the helpers define comes from elsewhere
mapfile -t bats < <(find tests -name '*.bats' | sort)
[ ${#bats[@]} = 0 ] || shellcheck -s bats -S warning -e SC2154,SC2034,SC2030,SC2031,SC1091,SC2238 "${bats[@]}"
