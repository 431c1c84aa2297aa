#!/usr/bin/env bash
# The manual pages are what the option tables and the prose make, every command has prose, and mandoc
# finds nothing to say about any page.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 7
B=${B:-build}
tmp=$(mktemp -d) || exit 7
trap 'rm -rf "$tmp"' EXIT
bad=0
complain() { echo "$*" && bad=1; }

make -s B="$B" OUT="$tmp" man || complain 'make man fails'
for new in "$tmp"/man/*.[1-8]; do
	page=man/${new##*/}
	[ -f "$page" ] || { complain "$page: missing; run make man" && continue; }
	cmp -s "$new" "$page" || complain "$page: stale; run make man"
	[ -f "$page.in" ] || complain "$page.in: missing: the page has no prose"
done

# mandoc looks for the pages that are referred to on this machine; ours lie here
for page in man/*.[1-8]; do
	while read -r ref; do
		[ -f "$ref" ] || complain "$page: refers to $ref, which is not there"
	done < <(sed -n 's/.*Xr \(mst[a-z-]*\) \([1-8]\).*/man\/\1.\2/p' "$page" | sort -u)
done
if command -v mandoc >/dev/null; then
	for page in man/*.[1-8]; do
		says=$(mandoc -T lint "$page" 2>&1 | grep -v -e 'referenced manual not found' -e 'outdated mandoc.db')
		[ -z "$says" ] || complain "$says"
	done
else
	echo 'mandoc is not installed'
	[ $bad = 1 ] || exit 77
fi
exit $bad
