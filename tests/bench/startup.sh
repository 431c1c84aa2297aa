#!/usr/bin/env bash
# How long each command takes to start, say its version and end; how long mst-deps takes for one file.
set -euo pipefail
. "$(dirname "$0")/lib.bash"

# a hundred starts a round, so that a round is long enough to be timed
# shellcheck disable=SC2016  # for the script to expand
printf '#!/bin/sh\ni=0\nwhile [ $i -lt 100 ]; do "$@" >/dev/null; i=$((i + 1)); done\n' >hundred
chmod +x hundred
export PER=100
for exe in "$B"/bin/*; do
	name=${exe##*/}
	paired "startup-$name" ms "./hundred $exe --version" true "./hundred /bin/true"
done
echo 'SELECT a FROM d.t' >one.sql
alone startup-one-file ms "./hundred mst-deps --name-from TABLE.sql one.sql"
