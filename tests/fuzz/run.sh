#!/usr/bin/env bash
# Fuzzes: tests/fuzz/run.sh SECONDS [TARGET ...].  What is found new stays in $B/corpus; an input that
# crashes is written to $B and named.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=$1
shift
for target; do
	name=${target#fuzz_}
	mkdir -p "$B/corpus/$name"
	dict=()
	[ ! -f "tests/fuzz/$name.dict" ] || dict=(-dict="tests/fuzz/$name.dict")
	echo "$target: $seconds s"
	"$B/fuzz/$target" -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=2048 \
		-print_final_stats=1 -artifact_prefix="$B/$name-" "${dict[@]}" \
		"$B/corpus/$name" "tests/fuzz/corpus/$name" 2>"$B/$name.log" || {
		tail -n 40 "$B/$name.log" >&2
		exit 1
	}
	grep -E 'stat::number_of_executed_units|stat::new_units_added|stat::peak_rss' "$B/$name.log" | sed 's/^/    /'
done
