# fish completion of mst-plan, made from its option table by "make completions"
complete -c mst-plan -f
complete -c mst-plan -s s -l select -x -a '(mst-ps --complete table (commandline -ct) 2>/dev/null)' -d 'plan these jobs only; may be repeated'
complete -c mst-plan -s x -l exclude -x -a '(mst-ps --complete table (commandline -ct) 2>/dev/null)' -d 'leave these jobs out; may be repeated'
complete -c mst-plan -s e -l explain -x -a '(mst-ps --complete table (commandline -ct) 2>/dev/null)' -d 'say why this job stands where it does'
complete -c mst-plan -s t -l tree -d 'draw what each job waits for as a tree'
complete -c mst-plan -l json -d 'write JSON Lines (the default in a pipe)'
complete -c mst-plan -l table -d 'write a table (the default on a terminal)'
complete -c mst-plan -l csv -d 'write CSV with a header line'
complete -c mst-plan -l profile -x -a '(mst-plan --complete profile (commandline -ct) 2>/dev/null)' -d 'use this profile of the configuration'
complete -c mst-plan -s h -l help -d 'print this help and exit'
complete -c mst-plan -l version -d 'print the version and exit'
complete -c mst-plan -F
