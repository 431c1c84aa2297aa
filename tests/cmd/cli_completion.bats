#!/usr/bin/env bats
# Completion as the shells do it: what stands on the command line, what is offered.
# shellcheck disable=SC2016  # the inner shells expand
load helpers

setup() {
	scratch
	mkdir -p .config/mst
	printf '[profile work]\n[profile home]\n' >.config/mst/config
	mkdir folder
	touch file.sql
}

# bash_offers WORD...: the last word is completed
bash_offers() {
	bash --norc -c '
		source "$ROOT/completions/bash/$1"
		function=$(complete -p "$1" | sed "s/.*-F \([^ ]*\).*/\1/")
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		"$function" 2>/dev/null
		printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}

@test "bash: commands, words, options, names" {
	run bash_offers mst he
	says help
	run bash_offers mst config pa
	says path
	run bash_offers mst config get jo
	says jobs
	run bash_offers mst config --or
	says --origin
	run bash_offers mst help --or
	says ''
	run bash_offers mst --profile w
	says work
	run bash_offers mst --profile = w
	says work
	run bash_offers mst --profile =
	says 'home
work'
	run bash_offers mst --profile work conf
	says config
}

@test "bash: mst X is completed as mst-X" {
	for c in db deps plan; do
		run bash_offers mst "$c" --vers
		says --version
	done
	run bash_offers mst-deps --dialect post
	says postgres
	run bash_offers mst-deps -d post
	says postgres
	run bash_offers mst deps --dialect = post
	says postgres
	run bash_offers mst deps fil
	says file.sql
}

@test "zsh: every completion loads and names its command" {
	command -v zsh >/dev/null || skip 'no zsh'
	for f in "$ROOT"/completions/zsh/_*; do
		run zsh -f -c 'fpath=($1 $fpath); autoload -Uz compinit; compinit -D -u
			print -r -- $_comps[${2#_}]' zsh "${f%/*}" "${f##*/}"
		status 0
		says "${f##*/}"
		run zsh -f -c 'autoload -Uz +X "$1" && print ok' zsh "$f"
		says ok
	done
}

# zsh_completes LINE TEXT ...: on a terminal, a tab behind LINE brings TEXT up
zsh_completes() {
	zsh -f -c '
		zmodload zsh/zpty
		zpty z zsh -f -i
		zpty -w z "PS1=; fpath=($ROOT/completions/zsh \$fpath); autoload -Uz compinit; compinit -D -u; echo re\"\"ady"
		zpty -r z out "*ready*"
		for line want; do
			zpty -w -n z "$line"$'"'\\t\\t'"'
			text=
			for ((i = 0; i < 100; i++)); do
				while zpty -r -t z out; do text+=$out; done
				[[ $text == *$want* ]] && break
				sleep 0.1
			done
			[[ $text == *$want* ]] || { print -r -- "no $want behind $line: $text"; exit 1; }
			zpty -w -n z $'"'\\x15'"'
		done
		zpty -d z' zsh "$@"
}

@test "zsh: a line is completed" {
	command -v zsh >/dev/null || skip 'no zsh'
	run zsh_completes 'mst conf' 'ig' \
		'mst config --ori' 'gin' \
		'mst-deps --dialect=post' 'gres' \
		'mst deps fil' 'e.sql' \
		'mst --profile wo' 'rk'
	says ''
	status 0
}

fish_offers() {
	fish --no-config -c 'set fish_complete_path $argv[1]; complete -C $argv[2]' "$ROOT/completions/fish" "$1" | cut -f 1
}

@test "fish: commands, words, options, names" {
	command -v fish >/dev/null || skip 'no fish'
	run fish_offers 'mst hel'
	says help
	run fish_offers 'mst config pa'
	says path
	run fish_offers 'mst-deps fil'
	says file.sql
	run fish_offers 'mst-deps --dialect post'
	says postgres
	run fish_offers 'mst config --or'
	says --origin
	run fish_offers 'mst --profile w'
	says work
	run fish_offers 'mst plan --vers'
	says --version
}
