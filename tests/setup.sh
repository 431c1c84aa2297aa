#!/usr/bin/env bash
# Installs what is missing for a purpose: build, demo, check, bench, ci.  What is there is found by
# asking for it (a command, a header, a module), so that it need not have come from a package.
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:-build}

# what is asked for | Debian, Ubuntu | Fedora | Alpine | Arch
table='
build cmd:gcc            | gcc libc6-dev       | gcc                 | gcc musl-dev        | gcc
build cmd:make           | make                | make                | make                | make
build cmd:pkg-config     | pkg-config          | pkgconf-pkg-config  | pkgconf             | pkgconf
build pc:libpq           | libpq-dev           | libpq-devel         | libpq-dev           | postgresql-libs
build pc:libfyaml        | libfyaml-dev        | libfyaml-devel      | libfyaml-dev        | libfyaml
build pc:smartcols       | libsmartcols-dev    | libsmartcols-devel  | util-linux-dev      | util-linux-libs
build pc:nettle          | nettle-dev          | nettle-devel        | nettle-dev          | nettle
build pc:libcrypto       | libssl-dev        | openssl-devel       | openssl-dev         | openssl
build pc:zlib            | zlib1g-dev          | zlib-devel          | zlib-dev            | zlib
build pc:libzstd         | libzstd-dev         | libzstd-devel       | zstd-dev            | zstd
build pc:libcurl         | libcurl4-openssl-dev | libcurl-devel      | curl-dev            | curl
build pc:libgit2         | libgit2-dev         | libgit2-devel       | libgit2-dev         | libgit2
build pc:jansson         | libjansson-dev      | jansson-devel       | jansson-dev         | jansson
build hdr:pg_query.h     | libpg-query-dev     | libpg_query-devel   | libpg_query-dev     | libpg_query
demo  server:            | postgresql          | postgresql-server   | postgresql          | postgresql
demo  cmd:psql           | postgresql-client   | postgresql          | postgresql-client   | postgresql
check pc:cmocka          | libcmocka-dev       | libcmocka-devel     | cmocka-dev          | cmocka
check cmd:bats           | bats                | bats                | bats                | bats
check cmd:jq             | jq                  | jq                  | jq                  | jq
check cmd:mandoc         | mandoc              | mandoc              | mandoc              | mandoc
check cmd:shellcheck     | shellcheck          | ShellCheck          | shellcheck          | shellcheck
check cmd:readelf        | binutils            | binutils            | binutils            | binutils
check cmd:script         | bsdutils            | util-linux-script   | util-linux-misc     | util-linux
check cmd:zsh            | zsh                 | zsh                 | zsh                 | zsh
check cmd:fish           | fish                | fish                | fish                | fish
check cmd:zstd           | zstd                | zstd                | zstd                | zstd
check cmd:git            | git                 | git                 | git                 | git
check py:jsonschema      | python3-jsonschema  | python3-jsonschema  | py3-jsonschema      | python-jsonschema
ci    cmd:clang          | clang               | clang               | clang               | clang
ci    cmd:valgrind       | valgrind            | valgrind            | valgrind            | valgrind
'

have() {
	local x=${1#*:} dir
	case $1 in
	cmd:*) command -v "$x" >/dev/null ;;
	pc:*) command -v pkg-config >/dev/null && pkg-config --exists "$x" ;;
	hdr:*) command -v gcc >/dev/null && echo "#include <$x>" | gcc -E -x c - >/dev/null 2>&1 ;;
	py:*) command -v python3 >/dev/null && python3 -c "import $x" 2>/dev/null ;;
	server:*)
		for dir in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/libexec/postgresql*; do
			[ -x "$dir/initdb" ] && return 0
		done
		command -v initdb >/dev/null
		;;
	esac
}

case $purpose in
build) wanted=build ;;
demo) wanted='build demo' ;;
check) wanted='build demo check' ;;
bench) wanted='build demo' ;;
ci) wanted='build demo check ci' ;;
*)
	echo "usage: tests/setup.sh build|demo|check|bench|ci" >&2
	exit 2
	;;
esac

if command -v apt-get >/dev/null; then
	column=2
elif command -v dnf >/dev/null; then
	column=3
elif command -v apk >/dev/null; then
	column=4
elif command -v pacman >/dev/null; then
	column=5
else
	column=2
fi

missing=()
while IFS= read -r row; do
	[ -n "$row" ] || continue
	read -r for probe _ <<<"$row"
	case " $wanted " in *" $for "*) ;; *) continue ;; esac
	have "$probe" && continue
	# the child that holds libpg_query is left out of the build where the library is not to be had
	[ "$column" = 2 ] || [ "$probe" != hdr:pg_query.h ] || continue
	read -ra names <<<"$(cut -d'|' -f"$column" <<<"$row")"
	missing+=("${names[@]}")
done <<<"$table"

[ ${#missing[@]} -gt 0 ] || exit 0

case $column in
3) tool='dnf install' ;;
4) tool='apk add' ;;
5) tool='pacman -S' ;;
*) tool='apt-get install' ;;
esac
by_hand() {
	{
		echo "make $purpose needs packages that are not installed${1:+ ($1)}; as root:"
		echo
		echo "    $tool ${missing[*]}"
		echo
	} >&2
	exit 1
}

[ "$column" = 2 ] || by_hand "only apt-get is driven by this script"
command -v apt-get >/dev/null || by_hand "the names are those of Debian"

as_root=()
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || by_hand "there is no sudo"
	if sudo -n true 2>/dev/null; then
		as_root=(sudo -n)
	elif [ -t 0 ] && [ -t 2 ]; then
		echo "make $purpose installs ${missing[*]}: sudo may ask for your password" >&2
		as_root=(sudo)
	else
		by_hand "sudo asks for a password"
	fi
fi

install() {
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=120 \
		-o Dpkg::Use-Pty=0 --no-install-recommends install "${missing[@]}" </dev/null
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "make $purpose installs ${missing[*]}" >&2
if ! install >"$log" 2>&1; then
	# package lists that are absent or old name files that are not there
	"${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=120 update </dev/null >>"$log" 2>&1 || :
	install >>"$log" 2>&1 || {
		cat "$log" >&2
		by_hand "apt-get failed"
	}
fi
