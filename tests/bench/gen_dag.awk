# A layered graph, the same on every machine: `n` tables in layers of `width`
# (default n / 100), each but those of the first layer reading `reads` tables of
# the layers above, mostly of the one next to it.  Lines are shuffled by a fixed
# permutation, as files of a folder are in no useful order.
#
#     awk -v n=1000 -v form=lines -f gen_dag.awk    table lines for mst-plan
#     awk -v n=1000 -v form=edges -f gen_dag.awk    pairs for tsort
function next_random() {
	# Lehmer's generator modulo 2^31 - 1: exact in a double
	state = (state * 48271) % 2147483647
	return state
}
function gcd(a, b,    t) {
	while (b) { t = a % b; a = b; b = t }
	return a
}
BEGIN {
	if (!reads) reads = 3
	if (!width) width = int(n / 100) > 0 ? int(n / 100) : 1
	state = 20261122
	step = int(n * 0.618) + 1
	while (gcd(step, n) != 1) step++
	for (i = 0; i < n; i++) {
		node = (i * step) % n
		layer = int(node / width)
		list = ""
		for (k = 0; layer && k < reads; k++) {
			from = next_random() % 4 ? layer - 1 : next_random() % layer
			parent = from * width + next_random() % width
			if (form == "edges")
				print "n" parent, "n" node
			else
				list = list (k ? "," : "") "\"n" parent "\""
		}
		if (form != "edges")
			print "{\"type\":\"table\",\"name\":\"n" node "\",\"reads\":[" list "]}"
	}
}
