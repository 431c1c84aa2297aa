#!/usr/bin/env bash
# An import of a million rows from another PostgreSQL beside two psql and a pipe, into a table that is there; what
# memory it takes for a million rows and for a tenth of them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.bash"

as_user() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups -- "$@"
	else
		"$@"
	fi
}
MST_HOME=$(mktemp -d /tmp/mst-bench.XXXXXX)
SRC=$(mktemp -d /tmp/mst-src.XXXXXX)
bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)
chmod 755 "$MST_HOME" "$SRC"
[ "$(id -u)" != 0 ] || chown nobody "$SRC"
export MST_HOME SRC
end() {
	as_user "$bin/pg_ctl" -D "$SRC/data" -m immediate stop >/dev/null 2>&1 || :
	mst-db stop >/dev/null 2>&1 || :
	rm -rf "$MST_HOME" "$SRC"
}
trap end EXIT
as_user "$bin/initdb" -D "$SRC/data" -A trust -U shop -E UTF8 --locale=C -N >/dev/null
as_user "$bin/pg_ctl" -D "$SRC/data" -w -l "$SRC/log" -o "-c listen_addresses= -c unix_socket_directories=$SRC" start >/dev/null
mst-db start 2>/dev/null
src() { psql -h "$SRC" -U shop -d postgres -qX -v ON_ERROR_STOP=1 "$@"; }
wh() { mst-db psql --warehouse -qX -v ON_ERROR_STOP=1 "$@"; }
export -f src wh

columns='id bigint, code text, amount numeric(12, 2), at timestamptz, k int, note text'
src -c "CREATE TABLE t ($columns)" -c "INSERT INTO t SELECT i, md5(i::text), i * 7.25,
	timestamptz '2026-01-01' + i * interval '1 s', i % 97, 'some text of a row ' || i FROM generate_series(1, 1000000) i" \
	-c 'CREATE TABLE tenth AS SELECT * FROM t LIMIT 100000' -c 'VACUUM ANALYZE'
mkdir -p c/bench tenth/bench
export XDG_CONFIG_HOME=$PWD
mkdir -p mst
printf '%s\n' '[connection shop]' "url = host=$SRC dbname=postgres user=shop" >mst/config
printf '%s\n' '-- mst: source: shop' 'SELECT * FROM t' >c/bench/t.sql
printf '%s\n' '-- mst: source: shop' 'SELECT * FROM tenth' >tenth/bench/tenth.sql
wh -c 'CREATE SCHEMA bench' -c "CREATE TABLE bench.peer ($columns)"
paired import-database-1m s 'mst-run c >/dev/null' psql-psql \
	"src -c 'COPY t TO STDOUT' | wh -c 'TRUNCATE bench.peer' -c 'COPY bench.peer FROM STDIN'"
if [ -x /usr/bin/time ]; then
	for c in c tenth; do
		/usr/bin/time -f '%M' -o memory mst-run "$c" >/dev/null
		echo "bench import-database-memory-$c $(awk '{ printf "%.4g", $1 / 1024 }' memory) MB"
	done
fi
