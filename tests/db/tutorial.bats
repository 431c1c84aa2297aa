load ../cmd/helpers

# The session of mst-catalogue(7): each command is typed on a terminal, what it says is what the page says.

setup_file() { home; }
teardown_file() { home_stop; }
setup() {
	scratch
	cp -r "$ROOT/man/examples/shop" "$ROOT/man/examples/till" .
	mst-db start 3>&-
}

# times, dates, keys and places are those of the moment; columns are as wide as they; progress is drawn over
steady() {
	sed -E 's/\x1b\[[0-9;]*m//g; s/^.*\x1b\[J([^\x1b])/\1/; /\x1b/d; /^$/d
		'"s,$PWD/,/home/ada/,g"'
		s,(/run/[a-z0-9/]*mst|/tmp/mst-[0-9]+)/[0-9a-f]+,SOCKET,
		s/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}/DATE/g; s/\b[0-9.]+ (us|ms|s|min)\b/TIME/g; s/[0-9]+ bytes/N bytes/
		s/ +/ /g; s/ +$//'
}

page() {
	awk '/^[.]Bd -literal/ { on = 1; next } /^[.]Ed/ { on = 0 } on' "$ROOT/man/mst-catalogue.7.in" |
		sed -e 's/^\\&//; s/\\-/-/g; s/\\e/\\/g' | sed -e ':more' -e '/\\$/ { N; s/\\\n\(> \)\?//; b more' -e '}'
}

@test "the session of mst-catalogue(7) is what one sees" {
	export NO_COLOR=1 PSQL_PAGER=cat
	page >session
	[ "$(grep -c '^\$ ' session)" -gt 30 ]
	while IFS= read -r typed; do
		printf '%s\n' "$typed"
		case $typed in
		'$ export '*) eval "${typed#\$ }" ;;
		*) script -qec "stty cols 90; ${typed#\$ }" /dev/null </dev/null 3>&- | tr -d '\r' ;;
		esac
	done < <(grep '^\$ ' session) >seen
	diff <(steady <session) <(steady <seen)
	run mst-db check
	status 0
}
