#!/usr/bin/env bats
# Imports from git: work trees, repositories elsewhere, hostile ones.
# shellcheck disable=SC2154  # bats sets stderr
load ../cmd/helpers

setup_file() {
	home
	mst-db start 2>/dev/null 3>&-
}
teardown_file() { home_stop; }

setup() {
	command -v git >/dev/null || skip 'git is not installed'
	[ -x "$B/libexec/mst/mst-git" ] || skip 'built without libgit2'
	scratch
	export MST_DIALECT=postgres GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
	git init -q -b main repo
	git -C repo config user.name 'Ann Example'
	git -C repo config user.email ann@example.com
	mkdir -p repo/sql/raw
	echo 'SELECT 1 AS n' >repo/sql/raw/n.sql
	git -C repo add . && git -C repo commit -qm one
	mst-db psql -qX -c 'DELETE FROM mst.catalogue; DELETE FROM mst.catalogue_revision' 3>&-
}

@test "a work tree tells commit, author and whether there is more" {
	run mst-table import repo/sql
	[ "$(json '[.added, .source.commit, .source.author, .source.dirty]')" = \
		"[1,\"$(git -C repo rev-parse HEAD)\",\"Ann Example <ann@example.com>\",false]" ]
	echo 'SELECT 2 AS n' >repo/sql/raw/n.sql
	run mst-table import repo/sql
	[ "$(json '[.changed, .source.dirty]')" = '[1,true]' ]
	git -C repo commit -qam two
	run mst-table import repo/sql
	[ "$(json '[.unchanged, .source.dirty]')" = '[1,false]' ]
	echo x >repo/sql/notes.txt
	run mst-table import repo/sql
	[ "$(json .source.dirty)" = false ]
	echo 'SELECT 3' >repo/sql/raw/new.sql
	run mst-table import repo/sql
	[ "$(json '[.added, .source.dirty]')" = '[1,true]' ]
	run mst-table log raw.n
	[ "$(jq -c '[.revision, .source.commit != null, .source.dirty]' <<<"$output")" = '[1,true,false]
[2,true,true]' ]
	run tty mst-table log raw.n
	holds 'author Ann Example <ann@example.com>'
	holds ' and changes on top'
}

@test "a repository is imported by its address, at a commit, from a folder of it" {
	first=$(git -C repo rev-parse HEAD)
	echo 'SELECT 2 AS n' >repo/sql/raw/n.sql
	mkdir repo/other && echo 'SELECT 9' >repo/other/x.sql
	git -C repo add . && git -C repo commit -qm two && git -C repo tag v2
	run mst-table import --git "file://$PWD/repo@$first:sql"
	[ "$(json '[.added, .source.commit, .source.dirty]')" = "[1,\"$first\",false]" ]
	[ "$(mst-table get --sql raw.n)" = 'SELECT 1 AS n' ]
	run --separate-stderr mst-table import --git "$PWD/repo@v2:/sql"
	[ "$(json '[.changed, .source.ref]')" = '[1,"v2"]' ]
	run --separate-stderr mst-table import --git "$PWD/repo@main"
	[ "$(json '[.added, .changed]')" = '[1,1]' ]
	run mst-table list
	[ "$(jq -c '[.name, .file]' <<<"$output")" = '["other.x","other/x.sql"]
["raw.n","sql/raw/n.sql"]' ]
	[ -z "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'mst-git-*' -newer repo/other/x.sql)" ]
}

@test "two clones of one repository are the same folder" {
	git clone -q repo here && git clone -q repo there
	mst-table import here/sql >/dev/null
	run mst-table diff there/sql
	status 0
	rm there/sql/raw/n.sql && echo 'SELECT 1' >there/sql/raw/m.sql
	run mst-table import --prune there/sql
	[ "$(json '[.added, .removed]')" = '[1,1]' ]
}

@test "links, submodules and hidden files of a repository are left out" {
	echo 'SELECT 2' >secret.sql
	ln -s ../../secret.sql repo/sql/link.sql
	ln -s /etc repo/sql/etc
	mkdir repo/sql/.hidden && echo 'SELECT 1' >repo/sql/.hidden/x.sql
	git -C repo add . && git -C repo commit -qm links
	git -C repo update-index --add --cacheinfo "160000,$(git -C repo rev-parse HEAD),sql/sub.sql"
	git -C repo commit -qm sub
	run mst-table import --git "$PWD/repo@HEAD:sql"
	status 0
	[ "$(json .added)" = 1 ]
}

@test "a tree with names that lead out of it harms nothing" {
	blob=$(git -C repo rev-parse HEAD:sql/raw/n.sql)
	evil=$(printf '100644 blob %s\t%s\0' "$blob" up.sql | git -C repo mktree -z)
	# git itself makes no tree with such names
	top=$(python3 - "$evil" <<-'PY' | git -C repo hash-object -t tree -w --stdin --literally
		import sys
		sys.stdout.buffer.write(b"40000 ..\0" + bytes.fromhex(sys.argv[1]) + b"40000 a/../../b\0" + bytes.fromhex(sys.argv[1]))
	PY
	)
	commit=$(git -C repo commit-tree -m evil "$top")
	run --separate-stderr mst-table import --git "$PWD/repo@$commit"
	[ "$(mst-db psql -qAtX -c 'SELECT count(*) FROM mst.catalogue')" = 0 ]
	[ ! -e "${TMPDIR:-/tmp}/up.sql" ]
}

@test "what is wrong with an address is said" {
	run --separate-stderr mst-table import --git "https://me:word@example.com/x.git"
	status 2
	complains 'mst-table: a password in an address is for all to see
  MST_GIT_USER and MST_GIT_PASSWORD give a login, or an SSH agent'
	run --separate-stderr mst-table import --git "$PWD/nowhere"
	status 5
	run --separate-stderr mst-table import --git "$PWD/repo@nosuch"
	status 5
	[[ $stderr == "mst-table: $PWD/repo: git: no commit 'nosuch': "* ]]
	run --separate-stderr mst-table import --git "$PWD/repo@:nosuch"
	status 5
	[[ $stderr == "mst-table: $PWD/repo: git: no folder 'nosuch': "* ]]
}

@test "without the child a folder is imported, and --git says what is missing" {
	run --separate-stderr env MST_LIBEXEC="$PWD" mst-table import repo/sql
	status 0
	[ "$(json '[.added, .source]')" = '[1,null]' ]
	run --separate-stderr env MST_LIBEXEC="$PWD" mst-table import --git "$PWD/repo"
	status 1
	[[ $stderr == *'--git needs it: build mst where libgit2-dev is installed' ]]
}
