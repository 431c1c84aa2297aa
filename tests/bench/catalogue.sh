#!/usr/bin/env bash
# A catalogue of 10,000 tables: listing it, importing and comparing a folder that has not changed, and
# what row security costs: a member of the team against the owner of the schema, whom it passes over.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.bash"
N=${N:-10000}

MST_HOME=$(mktemp -d /tmp/mst-bench.XXXXXX)
chmod 755 "$MST_HOME"
export MST_HOME
trap '"$B"/bin/mst-db stop >/dev/null 2>&1 || :; rm -rf "$MST_HOME"' EXIT
mst-db start 2>/dev/null

mkdir -p sql/ds{00..99}
awk -v n="$N" 'BEGIN {
	for (i = 0; i < n; i++) {
		d = sprintf("sql/ds%02d", i % 100)
		f = sprintf("%s/t%05d.sql", d, i)
		printf "-- mst: description: table number %d\n-- mst: tags: [daily, t%d]\n", i, i % 7 >f
		printf "SELECT a.id, sum(a.amount) AS amount, max(a.changed_at) AS changed_at\n  FROM ds%02d.t%05d AS a\n", (i + 1) % 100, i + 1 >f
		for (k = 2; k < 5; k++) printf "  JOIN ds%02d.t%05d AS a%d USING (id)\n", (i + k) % 100, i + k, k >f
		printf " WHERE a.changed_at > TIMESTAMP \"2020-01-01\" AND a.kind = \"x%d\"\n GROUP BY a.id\n", i >f
		close(f)
	}
}'
mst-table import sql >/dev/null

alone catalogue-10k-import-unchanged ms 'mst-table import sql >/dev/null'
alone catalogue-10k-diff ms 'mst-table diff sql >/dev/null'
alone catalogue-10k-list-sql ms 'mst-table list --sql >/dev/null'
alone catalogue-10k-export-unchanged ms 'mst-table export sql >/dev/null'
alone catalogue-10k-put ms 'mst-table put bench.one <sql/ds00/t00000.sql >/dev/null'

# the same rows for both: all of one team
SERVER="host=$(mst-db status | jq -r .socket) port=5432 dbname=mst"
mst-db psql -qX -c 'CREATE ROLE member LOGIN'
mst-user add member >/dev/null
mst-team put mart >/dev/null
mst-team join mart member >/dev/null
mst-db psql -qX -c "UPDATE mst.catalogue SET team = 'mart'" -c 'VACUUM ANALYZE mst.catalogue'
ROUNDS=$((ROUNDS * 4)) paired catalogue-10k-list ms "MST_DB='$SERVER user=member' mst-table list >/dev/null" \
	no-row-security "MST_DB='$SERVER user=mst' mst-table list >/dev/null"
