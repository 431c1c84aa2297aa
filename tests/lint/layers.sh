#!/usr/bin/env bash
# The rooms of lib/README.md: who may include whom.  What a room knows it knows with all that those know.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

declare -A knows=(
	[base]=''
	[graph]='base' [sql]='base'
	[db]='base' [net]='base' [proc]='base'
	[model]='base graph sql'
	[store]='base graph sql model db'
	[provider]='base graph sql model db net proc'
	[task]='base graph sql model db net proc store'
	[render]='base graph sql model'
	[engine]='base graph sql model db net proc store provider task render'
	[mst]='base graph sql model db net proc store provider task render engine'
	[cli]='base graph sql model render'
)
# libraries that one room alone uses
declare -A alone=([libpq-fe.h]=lib/db [curl/curl.h]=lib/net [libsmartcols/libsmartcols.h]=lib/render
	[openssl/crypto.h]=lib/base/crypto.c [openssl/evp.h]=lib/base/crypto.c)
bad=0
say() { echo "$1" && bad=1; }

for dir in lib/*/; do
	room=$(basename "$dir")
	[ -n "${knows[$room]+x}" ] || say "$dir: a room that tests/lint/layers.sh and lib/README.md do not know"
	grep -q "^| \`$room/\`" lib/README.md || say "lib/README.md has no row for $room/"
done

while IFS=: read -r file line text; do
	name=$(sed -E 's/^[^<"]*[<"]([^>"]*)[>"].*/\1/' <<<"$text")
	only=${alone[$name]:-}
	[ -z "$only" ] || [[ $file == "$only" || $file == "$only"/* ]] || say "$file:$line: only $only includes $name"
	case $text in *'"'*) ;; *) continue ;; esac
	[[ $file == lib/* ]] || continue
	room=${file#lib/}
	room=${room%%/*}
	other=${name%%/*}
	if [ "$other" = "$name" ]; then
		[ -f "$(dirname "$file")/$name" ] || say "$file:$line: \"$name\" is not beside it; write \"ROOM/$name\""
		continue
	fi
	[ "$other" != "$room" ] || continue
	case " ${knows[$room]:-} " in
	*" $other "*) ;;
	*) say "$file:$line: $room/ may not include \"$name\" ($room knows: ${knows[$room]:-nobody})" ;;
	esac
done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include' bin lib --include='*.[ch]')
exit $bad
