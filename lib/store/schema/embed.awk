# Turns NNNN_name.sql files, given in order, into lib/store/migrate.h's list.
# Output: one C string a line of SQL.
function stop(why) {
	print FILENAME ": " why > "/dev/stderr"
	failed = 1
	exit 1
}
BEGIN {
	print "/* made by lib/store/schema/embed.awk */"
	print "#include \"store/migrate.h\""
	print ""
	print "static const struct store_migration list[] = {"
}
FNR == 1 {
	if (n) print "\t) },"
	name = FILENAME
	sub(/.*\//, "", name)
	sub(/\.sql$/, "", name)
	if (name !~ /^[0-9][0-9][0-9][0-9]_[a-z0-9_]+$/) stop("is not named NNNN_name.sql")
	n++
	if (substr(name, 1, 4) + 0 != n) stop("is number " n ": numbers start at 0001 and have no gap")
	print "\t{ " n ", \"" name "\", STR("
}
{
	if (/\r$/) stop("has a line that ends in CR")
	gsub(/[\\"]/, "\\\\&")
	gsub(/\t/, "\\t")
	print "\t\t\"" $0 "\\n\""
}
END {
	if (failed) exit 1
	if (n) print "\t) },"
	print "};"
	print "const struct store_migrations store_schema = { list, sizeof list / sizeof *list };"
}
