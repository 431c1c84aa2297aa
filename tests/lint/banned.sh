#!/usr/bin/env bash
# Functions that have no place here, and memory that does not come from a pool.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

unsafe='strcpy|strcat|stpcpy|strncpy|strncat|sprintf|vsprintf|strtok|gets|system|popen|pclose|localtime|gmtime'
unsafe+='|ctime|asctime|atoi|atol|atoll|atof|alloca|fork|vfork|tmpnam|mktemp|rand|setjmp|longjmp'
memory='malloc|calloc|realloc|reallocarray|free|strdup|strndup|asprintf|vasprintf|getline|getdelim'
speech='printf|puts|putchar|perror|exit|_exit|abort|err|errx|warn|warnx'
bad=0

# code without its comments and with its strings emptied; line numbers stay
code() {
	gcc -fpreprocessed -dD -E -w "$1" 2>/dev/null | awk -v file="$1" '
		/^# [0-9]+ "/ { line = $2; next }
		{ gsub(/"(\\.|[^"\\])*"/, "\"\""); gsub(/'"'"'(\\.|[^'"'"'\\])+'"'"'/, "0"); print file ":" line++ ":" $0 }'
}
look() { # WORDS WHY: in $text, the code of the file
	local hits
	hits=$(grep -E "^[^:]*:[0-9]+:(.*[^A-Za-z0-9_.>])?($1)[[:space:]]*\(" <<<"$text") || return 0
	while IFS= read -r hit; do echo "$hit    <- $2"; done <<<"$hits"
	bad=1
}

while IFS= read -r f; do
	text=$(code "$f")
	look "$unsafe" 'banned'
	# the last two free what a library of the system has allocated
	case $f in
	lib/base/pool.c | lib/base/fs.c | lib/render/table.c) ;;
	*) look "$memory" 'memory comes from a pool' ;;
	esac
	case $f in
	lib/cli/* | lib/base/*) ;;
	lib/*) look "$speech" 'libraries neither print nor exit' ;;
	esac
done < <(find bin lib -name '*.[ch]' | sort)
exit $bad
