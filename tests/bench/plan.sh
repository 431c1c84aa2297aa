#!/usr/bin/env bash
# mst-plan against tsort on the edges of the same layered graphs.  Ours reads lines, counts who waits for
# whom, and writes whole jobs; tsort reads pairs and writes names.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.bash"

for size in 10000:10k 100000:100k 1000000:1m; do
	n=${size%:*}
	for form in lines edges; do
		awk -v n="$n" -v form="$form" -f "$here/gen_dag.awk" >"$form"
	done
	paired "plan-${size#*:}" s 'mst-plan <lines >/dev/null' tsort 'tsort <edges >/dev/null'
done
alone plan-1m-some s 'mst-plan --select "n5*+" <lines >/dev/null'
if [ -x /usr/bin/time ]; then
	/usr/bin/time -f '%M' -o memory mst-plan <lines >/dev/null
	echo "bench plan-1m-memory $(awk '{ printf "%.4g", $1 / 1024 }' memory) MB"
fi
