# fish completion of mst-deps, made from its option table by "make completions"
complete -c mst-deps -f
complete -c mst-deps -s d -l dialect -x -a 'bigquery legacy postgres ansi' -d 'dialect of texts whose header says none'
complete -c mst-deps -s j -l jobs -x -d 'files read at once; default: one for each core'
complete -c mst-deps -s n -l name -x -d 'name of the table, for one text'
complete -c mst-deps -l name-from -x -d 'how paths give names; default DATASET/TABLE.sql'
complete -c mst-deps -l relative -d 'write paths as given, not absolute'
complete -c mst-deps -l sql -d 'put the text into each line, as key sql'
complete -c mst-deps -l verify -d 'hold PostgreSQL texts against libpg_query'
complete -c mst-deps -s w -l warn -d 'show all warnings on stderr, terminal or not'
complete -c mst-deps -l json -d 'write JSON Lines (the default in a pipe)'
complete -c mst-deps -l table -d 'write a table (the default on a terminal)'
complete -c mst-deps -l csv -d 'write CSV with a header line'
complete -c mst-deps -l profile -x -a '(mst-deps --complete profile (commandline -ct) 2>/dev/null)' -d 'use this profile of the configuration'
complete -c mst-deps -s h -l help -d 'print this help and exit'
complete -c mst-deps -l version -d 'print the version and exit'
complete -c mst-deps -F
