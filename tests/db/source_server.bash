# shellcheck shell=bash
# shellcheck disable=SC2154  # bats sets output
# A second PostgreSQL server, that imports read from:  load source_server
#
#   setup_file() { source_setup; }        a home, a server in $SRC of the user shop
#   teardown_file() { source_teardown; }
#   setup() { source_scratch; }           a scratch folder whose configuration knows it as shop and, without
#                                         the restriction, as free
# as root a server runs as somebody else
as_user() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups -- "$@"
	else
		"$@"
	fi
}
source_start() {
	as_user "$PGBIN/pg_ctl" -D "$SRC/data" -w -l "$SRC/log" \
		-o "-c listen_addresses= -c unix_socket_directories=$SRC -c fsync=off" start >/dev/null 3>&-
}
source_stop() { as_user "$PGBIN/pg_ctl" -D "$SRC/data" -m "$1" -w stop >/dev/null 3>&-; }

source_setup() {
	home
	mst-db start 2>/dev/null
	PGBIN=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)
	SRC=$(mktemp -d /tmp/mst-src.XXXXXX)
	export PGBIN SRC
	chmod 755 "$SRC"
	[ "$(id -u)" != 0 ] || chown nobody "$SRC"
	as_user "$PGBIN/initdb" -D "$SRC/data" -A trust -U shop -E UTF8 --locale=C -N >/dev/null 3>&-
	source_start
}
source_teardown() {
	source_stop immediate || :
	rm -rf "$SRC"
	home_stop
}
source_scratch() {
	scratch
	mkdir -p .config/mst s/raw
	export XDG_CONFIG_HOME=$PWD/.config
	printf '%s\n' '[connection shop]' "url = host=$SRC dbname=postgres user=shop" \
		'[connection free]' "url = host=$SRC dbname=postgres user=shop" 'restricted = no' >.config/mst/config
}

sh_() { psql -h "$SRC" -U shop -d postgres -qAtX -v ON_ERROR_STOP=1 -c "$1"; }
wh() { mst-db psql --warehouse -qAtX -v ON_ERROR_STOP=1 -c "$1"; }
# import NAME SQL ATTRIBUTE... : a catalogue of one import; the source is shop unless an attribute says so
import() {
	local name=$1 sql=$2 line
	shift 2
	{
		case "$*" in *source:*) ;; *) echo '-- mst: source: shop' ;; esac
		for line; do echo "-- mst: $line"; done
		printf '%s\n' "$sql"
	} >"s/raw/$name.sql"
}
failure() { jq -c 'select(.event == "job_finished") | .error | [.line, .col, .message]' <<<"$output"; }
rows() { jq -c 'select(.event == "job_finished").rows' <<<"$output"; }
watermark() { wh "SELECT watermark FROM public.mst_effect WHERE target = '\"raw\".\"$1\"' AND watermark IS NOT NULL ORDER BY id DESC LIMIT 1"; }
types() { wh "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'raw.$1'::regclass AND attnum > 0 AND NOT attisdropped"; }
notes() { mst-db psql -qAtXc "SELECT text FROM mst.log WHERE stream = 'note' AND run_id = (SELECT max(run_id) FROM mst.log) ORDER BY id"; }
run_ok() {
	run --separate-stderr mst-run "$@"
	status 0
}
