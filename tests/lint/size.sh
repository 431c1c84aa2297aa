#!/usr/bin/env bash
# Files stay below 800 lines, lines within 120 characters (a tab is one; those of
# tests may be longer, for the texts that they expect), no blanks at their ends.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

# shellcheck disable=SC2016  # $0 is awk's
find bin lib tests -name '*.[ch]' | sort | xargs awk '
	FNR == 1 { lines[FILENAME] = 0 }
	{
		lines[FILENAME]++
		t = $0
		if (length(t) > 120 && FILENAME !~ /^tests/) { printf "%s:%d: %d characters\n", FILENAME, FNR, length(t); bad = 1 }
		if (/[ \t]$/) { printf "%s:%d: blanks at the end\n", FILENAME, FNR; bad = 1 }
		if (/^ +[^ *]/) { printf "%s:%d: indented with blanks\n", FILENAME, FNR; bad = 1 }
	}
	END {
		for (f in lines) if (lines[f] > 800) { printf "%s: %d lines; is there a second concept in it?\n", f, lines[f]; bad = 1 }
		exit bad
	}'
