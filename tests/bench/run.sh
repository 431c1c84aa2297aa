#!/usr/bin/env bash
# What a trivial job costs beside its bare SQL (psql sends the statements of the swap), and an import of
# a million rows beside psql's \copy into a table that is there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.bash"

MST_HOME=$(mktemp -d /tmp/mst-bench.XXXXXX)
chmod 755 "$MST_HOME"
export MST_HOME
trap 'mst-db stop >/dev/null 2>&1; rm -rf "$MST_HOME"' EXIT
mst-db start 2>/dev/null
wh() { mst-db psql --warehouse -qX -v ON_ERROR_STOP=1 "$@"; }
export -f wh

n=1000
for ((i = 0; i < n; i++)); do
	echo "{\"type\":\"job\",\"name\":\"bench.t$i\",\"sql\":\"SELECT 1 AS x\"}"
	echo "BEGIN; CREATE TABLE bench.b${i}_new AS SELECT 1 AS x; DROP TABLE IF EXISTS bench.b$i;" \
		"ALTER TABLE bench.b${i}_new RENAME TO b$i; COMMIT;" >&3
done >jobs.jsonl 3>bare.sql
awk '{ if (NR > 1) sub(/"sql"/, "\"after\":[\"bench.t" (NR - 2) "\"],\"sql\""); print }' jobs.jsonl >chain
wh -c 'CREATE SCHEMA bench'
mst-run <jobs.jsonl >/dev/null
wh -f bare.sql 2>/dev/null
PER=$n paired run-trivial-job-1 ms 'mst-run -j 1 <jobs.jsonl >/dev/null' psql 'wh -f bare.sql 2>/dev/null'
PER=$n alone run-trivial-job-2 ms 'mst-run -j 2 <jobs.jsonl >/dev/null'
PER=$n alone run-trivial-chain ms 'mst-run -j 2 <chain >/dev/null'

awk 'BEGIN { print "id,name,amount,at,flag"
	for (i = 0; i < 1000000; i++)
		printf "%d,\"customer %d\",%.2f,2026-%02d-%02d 10:00:00,%s\n", i, i % 1000, i * 7 % 10000 / 100,
			i % 12 + 1, i % 28 + 1, i % 2 ? "true" : "false" }' >rows.csv
columns='id bigint, name text, amount numeric, at timestamp, flag boolean'
echo "{\"type\":\"job\",\"name\":\"bench.rows\",\"kind\":\"import\",\"attrs\":{\"file\":\"$PWD/rows.csv\"}}" >import
wh -c "CREATE TABLE bench.copied ($columns)"
paired run-import-1m s 'mst-run <import >/dev/null' psql "wh -c 'TRUNCATE bench.copied' -c '\\copy bench.copied FROM rows.csv CSV HEADER'"
if [ -x /usr/bin/time ]; then
	/usr/bin/time -f '%M' -o memory mst-run <import >/dev/null
	echo "bench run-import-1m-memory $(awk '{ printf "%.4g", $1 / 1024 }' memory) MB"
fi
