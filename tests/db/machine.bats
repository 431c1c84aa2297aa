load ../cmd/helpers

# The catalogue of the demo, on the packages of the machine that the tests run on.

machine=man/examples/machine

setup_file() {
	home
	mst-db start 3>&-
}
teardown_file() { home_stop; }
setup() { cd "$ROOT" || return; }

ask() { # SQL: its answer, unaligned
	mst-db psql --warehouse -qAtc "$1" 3>&-
}

@test "each table of the catalogue has a description, an owner and tags" {
	run bash -c "mst-deps $machine | jq -r 'select((.attrs.description and .attrs.owner and .attrs.tags) | not).name'"
	status 0
	says ''
}

@test "the references of the catalogue are certain: no diagnostic, nothing external" {
	run bash -c "mst-deps $machine | jq -c '.diagnostics[]'"
	says ''
	run bash -c "mst-deps $machine | mst-plan | head -n 1 | jq -c '[.jobs, .external, .levels > 5]'"
	says "[$(find $machine -name '*.sql' | wc -l),0,true]"
}

@test "the pipe of three commands does the main job" {
	run bash -c "mst-deps $machine | mst-plan | mst-run -j 2 | jq -r 'select(.job and .state == \"succeeded\").job' | sort -u | wc -l"
	status 0
	says "$(find $machine -name '*.sql' | wc -l)"
}

@test "every installed package arrives once, quotes and commas and all" {
	command -v dpkg-query >/dev/null || skip 'no dpkg here'
	run ask 'SELECT count(*) FROM raw.package'
	says "$(dpkg-query -W -f '${db:Status-Status}\n' | grep -cx installed)"
	run ask "SELECT summary FROM raw.package WHERE name = 'bash'"
	says "$(dpkg-query -W -f '${binary:Summary}' bash)"
	run ask "SELECT maintainer || maintainer_email FROM pkg.package WHERE name = 'dpkg'"
	says "$(dpkg-query -W -f '${Maintainer}' dpkg | sed 's/ <//; s/>$//')"
}

@test "dependencies are those that dpkg knows" {
	command -v dpkg-query >/dev/null || skip 'no dpkg here'
	run ask "SELECT needs FROM graph.edge WHERE package = 'libgcc-s1' ORDER BY 1"
	says "$(dpkg-query -W -f '${Depends}' libgcc-s1 | tr ',' '\n' | sed 's/^ *//; s/ .*//' | sort)"
	run ask "SELECT count(*) FROM graph.reach AS r JOIN graph.edge AS e ON e.package = r.needs
		WHERE e.needs <> r.package
		  AND NOT EXISTS (SELECT FROM graph.reach AS x WHERE (x.package, x.needs) = (r.package, e.needs))"
	says 0
}

@test "sums agree between the levels" {
	run ask "SELECT (SELECT sum(bytes) FROM mart.section) = (SELECT sum(bytes) FROM pkg.package),
		(SELECT sum(packages) FROM mart.maintainer) = (SELECT count(*) FROM pkg.package),
		(SELECT count(*) FROM graph.weight) = (SELECT count(*) FROM pkg.package)"
	says 't|t|t'
}

@test "a second run replaces what the first one made" {
	run bash -c "mst-run $machine -j 2 | jq -r 'select(.job == null and .state).state' | tail -n 1"
	status 0
	says succeeded
	run ask 'SELECT count(DISTINCT question) FROM mart.answer'
	says 5
}

@test "the answer is one to read" {
	run ask "SELECT count(*) FROM mart.answer WHERE answer IS NULL OR figure IS NULL OR length(figure) > 60"
	says 0
}
