#!/usr/bin/env bash
# Each header compiles alone, and has a guard that carries its path.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

bad=0
read -ra flags <<<"$(make -s B="${B:-build}" print-cflags | sed "s/'//g") $(pkg-config --cflags libpq)"
for h in lib/*/*.h lib/*/*/*.h; do
	[ -f "$h" ] || continue
	"${CC:-gcc}" "${flags[@]}" -Werror -fsyntax-only -x c -include "$h" /dev/null || {
		echo "$h does not compile alone"
		bad=1
	}
	guard=MST_$(tr 'a-z/.-' 'A-Z___' <<<"${h#lib/}")
	grep -qx "#ifndef $guard" "$h" || {
		echo "$h: the guard is not $guard"
		bad=1
	}
done
exit $bad
