#!/usr/bin/env bash
# No work left undone by its own words, no path of one machine.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

hits=$(grep -rnIE '\b(TODO|FIXME|XXX|HACK|not implemented|unimplemented)\b' bin lib man completions Makefile tests README.md \
	--exclude=words.sh 2>/dev/null
	grep -rnIE '(^|[^A-Za-z0-9_.])/(work|tmp/w|Users)/[a-z]' bin lib man completions Makefile tests README.md .ci \
		--exclude=words.sh --exclude-dir=corpus 2>/dev/null)
[ -z "$hits" ] || { echo "$hits" && exit 1; }
