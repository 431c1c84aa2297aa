# For the benchmark scripts: medians of interleaved rounds.  See README.md.

ROUNDS=${ROUNDS:-5}

# seconds that a command line takes, wall clock; where it does a thing PER times, of one of them
seconds_of() {
	local began=$EPOCHREALTIME ended
	bash -c "$1" || return
	ended=$EPOCHREALTIME
	awk -v a="$began" -v b="$ended" -v n="${PER:-1}" 'BEGIN { printf "%.9f\n", (b - a) / n }'
}

median() {
	sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

scaled() { # SECONDS UNIT
	awk -v s="$1" -v u="$2" 'BEGIN { printf "%.4g\n", u == "ms" ? s * 1e3 : u == "us" ? s * 1e6 : s }'
}

# paired NAME s|ms|us OURS PEERNAME PEER
paired() {
	local name=$1 unit=$2 ours=$3 peer_name=$4 peer=$5 i a b
	: >ours.times
	: >peer.times
	for ((i = 0; i < ROUNDS; i++)); do
		seconds_of "$ours" >>ours.times || return
		seconds_of "$peer" >>peer.times || return
	done
	a=$(median <ours.times)
	b=$(median <peer.times)
	echo "bench $name $(scaled "$a" "$unit") $unit ratio" \
		"$(awk -v a="$a" -v b="$b" 'BEGIN { printf "%.2f", b / a }') peer $peer_name"
}

# alone NAME s|ms|us CMD
alone() {
	local i a
	: >ours.times
	for ((i = 0; i < ROUNDS; i++)); do seconds_of "$3" >>ours.times || return; done
	a=$(median <ours.times)
	echo "bench $1 $(scaled "$a" "$2") $2"
}

# rate NAME UNIT AMOUNT CMD: AMOUNT units a round
rate() {
	local i a
	: >ours.times
	for ((i = 0; i < ROUNDS; i++)); do seconds_of "$4" >>ours.times || return; done
	a=$(median <ours.times)
	echo "bench $1 $(awk -v s="$a" -v n="$3" 'BEGIN { printf "%.4g", n / s }') $2"
}
