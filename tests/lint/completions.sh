#!/usr/bin/env bash
# The completions are what the option tables make, and their shells can read them.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 7
B=${B:-build}
tmp=$(mktemp -d) || exit 7
trap 'rm -rf "$tmp"' EXIT
bad=0
complain() { echo "$*" && bad=1; }

make -s B="$B" OUT="$tmp" completions || complain 'make completions fails'
diff -rq "$tmp/completions" completions || complain 'completions: stale; run make completions'
for f in completions/bash/*; do
	bash -n "$f" || complain "$f: bash cannot read it"
	! command -v shellcheck >/dev/null || shellcheck "$f" || complain "$f: see shellcheck"
done
for f in completions/zsh/*; do
	! command -v zsh >/dev/null || zsh -f -n "$f" || complain "$f: zsh cannot read it"
done
for f in completions/fish/*; do
	! command -v fish >/dev/null || fish --no-config --no-execute "$f" || complain "$f: fish cannot read it"
done
exit $bad
