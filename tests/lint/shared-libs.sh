#!/usr/bin/env bash
# Start-up is a feature: each command loads the shared libraries of shared-libs.txt and no other.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

B=${B:-build}
bad=0
for exe in "$B"/bin/* "$B"/libexec/mst/*; do
	[ -f "$exe" ] || continue
	name=${exe##*/}
	may=$(awk -v n="$name" '$1 == n { $1 = ""; print $0 " " }' tests/lint/shared-libs.txt)
	[ -n "$may" ] || { echo "$name is not in tests/lint/shared-libs.txt" && bad=1 && continue; }
	for lib in $(readelf -d "$exe" | sed -n 's/.*(NEEDED).*\[\(.*\)\.so.*/\1/p'); do
		case "$may libc libm ld-linux-x86-64 ld-linux-aarch64 libgcc_s libasan libubsan " in
		*" $lib "*) ;;
		*) echo "$name loads $lib, which tests/lint/shared-libs.txt does not grant it" && bad=1 ;;
		esac
	done
done
exit $bad
