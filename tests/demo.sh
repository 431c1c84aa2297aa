#!/usr/bin/env bash
# What `make demo` shows: the main job, from a folder of SQL to a finished run, on this machine's packages.
set -euo pipefail
cd "$(dirname "$0")/.."

# no pager in the way
export PSQL_PAGER=cat
machine=man/examples/machine
began=$SECONDS

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m')
else
	bold='' dim='' plain=''
fi
say() { printf '\n%s%s%s\n' "$dim" "$1" "$plain"; }
show() { # the command as one would type it
	printf '\n%s$ %s%s\n' "$bold" "$1" "$plain"
	bash -o pipefail -c "$1"
}

say "A catalogue is a folder of SQL. This one is about the packages of the machine you sit at:"
show "ls $machine/*"

say "mst-deps reads the SQL and says what each table reads and writes, one line of JSON for each:"
show "mst-deps --relative $machine/graph/edge.sql"

say "mst-plan puts them in order. As a tree, where what stands below comes first:"
show "mst-deps $machine | mst-plan --tree"

say "As a plan, level by level, what most others wait for first:"
show "mst-deps $machine | mst-plan --table"

say "mst-run does it, on a private PostgreSQL that it makes and starts by itself:"
# live on a terminal; a pipe would get one JSON line for each event
if [ -t 1 ]; then
	show "mst-deps $machine | mst-plan | mst-run -j 2"
else
	show "mst-deps $machine | mst-plan | mst-run -j 2 --table"
fi

say "And the answer:"
show "mst-db psql --warehouse -c 'SELECT question, answer, figure FROM mart.answer ORDER BY 1, rank'"

# shellcheck disable=SC2016  # to be typed
printf '\n%sDone in %d s.%s Three more to try, after  export PATH=%s:$PATH\n\n' \
	"$bold" "$((SECONDS - began))" "$plain" "$(dirname "$(command -v mst)")"
cat <<'NEXT'
    mst-ps last                                          what ran, as a tree, with its times
    mst-run --select +mart.root man/examples/machine     one table and all that it needs
    echo "SELECT 'hello' AS world" | mst-run --name demo.hello -
NEXT
