# fish completion of mst-run, made from its option table by "make completions"
complete -c mst-run -f
complete -c mst-run -l name -x -d 'run the SQL text on stdin as this table'
complete -c mst-run -s s -l select -x -a '(mst-ps --complete table (commandline -ct) 2>/dev/null)' -d 'run these jobs only; may be repeated'
complete -c mst-run -s x -l exclude -x -a '(mst-ps --complete table (commandline -ct) 2>/dev/null)' -d 'leave these jobs out; may be repeated'
complete -c mst-run -s j -l jobs -x -d 'so many at once (default: one for each core)'
complete -c mst-run -s f -l fail-fast -d 'stop all at the first failure'
complete -c mst-run -s n -l dry-run -d 'print SQL and commands, run nothing'
complete -c mst-run -l no-commands -d 'refuse imports that run shell commands'
complete -c mst-run -l json -d 'write JSON Lines (the default in a pipe)'
complete -c mst-run -l table -d 'write a table (the default on a terminal)'
complete -c mst-run -l csv -d 'write CSV with a header line'
complete -c mst-run -l db -x -d 'state database: libpq connection string or URI'
complete -c mst-run -l profile -x -a '(mst-run --complete profile (commandline -ct) 2>/dev/null)' -d 'use this profile of the configuration'
complete -c mst-run -s h -l help -d 'print this help and exit'
complete -c mst-run -l version -d 'print the version and exit'
complete -c mst-run -F
