# fish completion of mst-log, made from its option table by "make completions"
complete -c mst-log -f
complete -c mst-log -s f -l follow -d 'go on with what comes, to the end of the run'
complete -c mst-log -s e -l events -d 'what happened in all runs and to definitions'
complete -c mst-log -l since -x -d 'only what is not older (2h, 2026-11-22)'
complete -c mst-log -l json -d 'write JSON Lines (the default in a pipe)'
complete -c mst-log -l table -d 'write a table (the default on a terminal)'
complete -c mst-log -l csv -d 'write CSV with a header line'
complete -c mst-log -l db -x -d 'state database: libpq connection string or URI'
complete -c mst-log -l profile -x -a '(mst-log --complete profile (commandline -ct) 2>/dev/null)' -d 'use this profile of the configuration'
complete -c mst-log -s h -l help -d 'print this help and exit'
complete -c mst-log -l version -d 'print the version and exit'
complete -c mst-log -x -a '(mst-ps --complete run (commandline -ct) 2>/dev/null)'
