#!/usr/bin/env bash
# SQL stands in lib/store and lib/provider only; lib/db begins, ends and copies by itself, a new
# cluster gets its two databases before there is a server to connect to.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

verb='SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|ALTER|DROP|TRUNCATE|GRANT|LOCK'
hits=$(grep -rnE "\"[[:space:]]*($verb)[[:space:]]+[A-Za-z%*(\\\"]" bin lib --include='*.[ch]' |
	grep -vE '^lib/(store|provider|sql)/|^lib/proc/cluster_create.c' | grep -vE '^[^:]*:[0-9]+:[[:space:]]*(/?\*|//)')
[ -z "$hits" ] || { echo "$hits" && exit 1; }
