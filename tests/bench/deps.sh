#!/usr/bin/env bash
# mst-deps over a generated corpus of 10,000 BigQuery files (gen_sql.py), and over any folder given:
#
#   tests/bench/deps.sh [FOLDER ...]        make bench BENCH=deps MST_BENCH_SQL=FOLDER
#
# MB/s and files/s on one core and on all, and the memory for a
# hundred files against ten thousand.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/bench/lib.bash
. "$here/lib.bash"

megabytes() {
	find -L "$1" -name '*.sql' -type f -printf '%s\n' | awk '{ s += $1 } END { printf "%.6f\n", s / 1e6 }'
}

folder() { # NAME FOLDER
	local q files mb
	printf -v q %q "$2"
	files=$(find -L "$2" -name '*.sql' -type f | wc -l)
	mb=$(megabytes "$2")
	echo "$1: $2, $files files, $mb MB"
	# exit status 3 is a folder with names defined twice: as fast as any other
	rate "$1-1core" MB/s "$mb" "mst-deps -j1 $q >/dev/null 2>&1 || [ \$? = 3 ]"
	rate "$1-1core-files" files/s "$files" "mst-deps -j1 $q >/dev/null 2>&1 || [ \$? = 3 ]"
	rate "$1-all" MB/s "$mb" "mst-deps $q >/dev/null 2>&1 || [ \$? = 3 ]"
}

peak() { # CMD: kilobytes
	python3 -c 'import resource, subprocess, sys
subprocess.run(["bash", "-c", "exec " + sys.argv[1]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$1"
}

python3 "$here/gen_sql.py" corpus 10000 1
python3 "$here/gen_sql.py" few 100 1

folder deps-corpus corpus
for dir in "$@" ${MST_BENCH_SQL:+"$MST_BENCH_SQL"}; do
	folder "deps-$(basename "$dir" | tr -c 'A-Za-z0-9\n' -)" "$dir"
done
echo "bench deps-memory-100-files $(peak 'mst-deps few') kB"
echo "bench deps-memory-10000-files $(peak 'mst-deps corpus') kB"
