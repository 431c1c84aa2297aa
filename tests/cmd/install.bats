load helpers

# make is told the folder that the tests run from, and builds nothing new there
install_to() {
	make -s -C "$ROOT" B="$B" SAN= CC=true DESTDIR="$1" PREFIX="${2:-/usr}" "${3:-install}" 3>&-
}

setup() { scratch; }

@test "install puts commands, pages, completions, schemas and examples where they belong" {
	install_to "$PWD/root"
	[ -x root/usr/bin/mst ]
	[ -x root/usr/bin/mst-deps ]
	[ -f root/usr/share/man/man1/mst-plan.1 ]
	[ -f root/usr/share/man/man5/mst-json.5 ]
	[ -f root/usr/share/man/man7/mst-sql.7 ]
	[ -f root/usr/share/bash-completion/completions/mst-deps ]
	[ -f root/usr/share/zsh/site-functions/_mst-deps ]
	[ -f root/usr/share/fish/vendor_completions.d/mst-deps.fish ]
	[ -f root/usr/share/mst/schema/table.json ]
	[ -f root/usr/share/mst/examples/machine/raw/package.sql ]
}

@test "every command of the build is installed, and runs from there" {
	install_to "$PWD/root"
	for exe in "$B"/bin/*; do
		run "root/usr/bin/${exe##*/}" --version
		status 0
		holds "${exe##*/} "
	done
	run bash -c 'root/usr/bin/mst-deps root/usr/share/mst/examples/machine | root/usr/bin/mst-plan | wc -l'
	status 0
	[ "$output" -gt 15 ]
}

@test "mst finds its commands beside itself, whatever PATH says" {
	install_to "$PWD/root"
	PATH=/usr/bin:/bin run root/usr/bin/mst plan --version
	status 0
	holds 'mst-plan '
}

@test "uninstall takes away what install put there and leaves what others put there" {
	mkdir -p root/usr/share/man/man1 root/usr/bin
	echo other >root/usr/share/man/man1/other.1
	echo other >root/usr/bin/other
	install_to "$PWD/root"
	install_to "$PWD/root" /usr uninstall
	run find root -type f
	says "$(printf '%s\n' root/usr/share/man/man1/other.1 root/usr/bin/other)"
	run find root -name 'mst*'
	says ''
}

@test "a prefix with a blank in it is no trouble" {
	install_to "$PWD/a root"
	[ -x 'a root/usr/bin/mst-deps' ]
	install_to "$PWD/a root" /usr uninstall
	run find 'a root' -type f
	says ''
}
