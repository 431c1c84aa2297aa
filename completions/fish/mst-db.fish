# fish completion of mst-db, made from its option table by "make completions"
complete -c mst-db -f
complete -c mst-db -n __fish_use_subcommand -a start -d 'make the private cluster if need be and start it'
complete -c mst-db -n __fish_use_subcommand -a stop -d 'stop the private cluster'
complete -c mst-db -n __fish_use_subcommand -a status -d 'what runs, where, since when, how large'
complete -c mst-db -n __fish_use_subcommand -a migrate -d 'bring the schema of the state database up'
complete -c mst-db -n __fish_use_subcommand -a check -d 'look whether everything in it is in order'
complete -c mst-db -n __fish_use_subcommand -a backup -d 'write all of the state to a file'
complete -c mst-db -n __fish_use_subcommand -a restore -d 'bring a backup back, whole or not at all'
complete -c mst-db -n __fish_use_subcommand -a upgrade -d 'bring the data to a newer PostgreSQL'
complete -c mst-db -n __fish_use_subcommand -a psql -d 'psql on the state database or the warehouse'
complete -c mst-db -n '__fish_seen_subcommand_from migrate' -s n -l dry-run -d 'only print what would be applied'
complete -c mst-db -n '__fish_seen_subcommand_from backup' -s f -l force -d 'replace the file where it exists'
complete -c mst-db -n '__fish_seen_subcommand_from restore' -s f -l force -d 'drop the schema that is there'
complete -c mst-db -l json -d 'write JSON Lines (the default in a pipe)'
complete -c mst-db -l table -d 'write a table (the default on a terminal)'
complete -c mst-db -l csv -d 'write CSV with a header line'
complete -c mst-db -l db -x -d 'state database: libpq connection string or URI'
complete -c mst-db -l profile -x -a '(mst-db --complete profile (commandline -ct) 2>/dev/null)' -d 'use this profile of the configuration'
complete -c mst-db -s h -l help -d 'print this help and exit'
complete -c mst-db -l version -d 'print the version and exit'
complete -c mst-db -n '__fish_seen_subcommand_from backup' -F
complete -c mst-db -n '__fish_seen_subcommand_from restore' -F
