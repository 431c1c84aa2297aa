# fish completion of mst, made from its option table by "make completions"
complete -c mst -f
complete -c mst -n __fish_use_subcommand -a config -d 'show the configuration'
complete -c mst -n __fish_use_subcommand -a help -d 'open a manual page, or list the commands'
complete -c mst -n __fish_use_subcommand -a version -d 'print the version'
complete -c mst -n __fish_use_subcommand -a connection -d 'keep the databases that jobs connect to'
complete -c mst -n __fish_use_subcommand -a db -d 'keep the state database'
complete -c mst -n __fish_use_subcommand -a deps -d 'infer table references from SQL'
complete -c mst -n __fish_use_subcommand -a log -d 'show what runs and jobs said, and what happened'
complete -c mst -n __fish_use_subcommand -a plan -d 'put tables and tasks into an order'
complete -c mst -n __fish_use_subcommand -a ps -d 'list runs and their jobs'
complete -c mst -n __fish_use_subcommand -a run -d 'execute a plan'
complete -c mst -n __fish_use_subcommand -a secret -d 'keep passwords, sealed or by reference'
complete -c mst -n __fish_use_subcommand -a table -d 'keep the catalogue of tables'
complete -c mst -n __fish_use_subcommand -a team -d 'keep the teams and their members'
complete -c mst -n __fish_use_subcommand -a user -d 'keep the users'
complete -c mst -n '__fish_seen_subcommand_from config' -l origin -d 'list: a column that says where each value is from'
complete -c mst -l json -d 'write JSON Lines (the default in a pipe)'
complete -c mst -l table -d 'write a table (the default on a terminal)'
complete -c mst -l csv -d 'write CSV with a header line'
complete -c mst -l profile -x -a '(mst --complete profile (commandline -ct) 2>/dev/null)' -d 'use this profile of the configuration'
complete -c mst -s h -l help -d 'print this help and exit'
complete -c mst -l version -d 'print the version and exit'
complete -c mst -n '__fish_seen_subcommand_from config' -x -a '(mst --complete config (commandline -ct) 2>/dev/null)'
complete -c mst -n '__fish_seen_subcommand_from help' -x -a '(mst --complete topic (commandline -ct) 2>/dev/null)'
function __mst_of_command
	set -l words (commandline -opc)
	complete -C "mst-$words[2] $words[3..-1] "(commandline -ct)
end
complete -c mst -n '__fish_seen_subcommand_from connection db deps log plan ps run secret table team user' -a '(__mst_of_command)'
