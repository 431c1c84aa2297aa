# fish completion of mst-ps, made from its option table by "make completions"
complete -c mst-ps -f
complete -c mst-ps -s l -l limit -x -d 'so many runs, the latest first'
complete -c mst-ps -l state -x -a 'queued running paused succeeded failed cancelled' -d 'runs in this state only'
complete -c mst-ps -l sql -d 'with the SQL text that each job ran'
complete -c mst-ps -l json -d 'write JSON Lines (the default in a pipe)'
complete -c mst-ps -l table -d 'write a table (the default on a terminal)'
complete -c mst-ps -l csv -d 'write CSV with a header line'
complete -c mst-ps -l db -x -d 'state database: libpq connection string or URI'
complete -c mst-ps -l profile -x -a '(mst-ps --complete profile (commandline -ct) 2>/dev/null)' -d 'use this profile of the configuration'
complete -c mst-ps -s h -l help -d 'print this help and exit'
complete -c mst-ps -l version -d 'print the version and exit'
complete -c mst-ps -x -a '(mst-ps --complete run (commandline -ct) 2>/dev/null)'
