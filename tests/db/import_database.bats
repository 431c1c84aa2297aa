#!/usr/bin/env bats
# Imports from another PostgreSQL: a second server, types, restricted SELECTs, what is new, what breaks.
load ../cmd/helpers
load source_server

setup_file() { source_setup; }
teardown_file() { source_teardown; }
setup() { source_scratch; }

@test "the plan knows an import from a database by its source, and what it reads there" {
	import orders 'SELECT o.* FROM sales.orders o -- sold'
	import empty ''
	import bad 'SELECT count(*)
FROM a'
	run mst-deps s
	status 0
	[ "$(json 'select(.name == "raw.orders") | [.kind, .reads, .source_reads, .refs, .diagnostics]')" = \
		'["import",[],["sales.orders"],[],[]]' ]
	[ "$(json 'select(.name == "raw.empty") | [.kind, .reads, .source_reads]')" = '["import",[],["raw.empty"]]' ]
	[ "$(json 'select(.name == "raw.bad") | [.source_reads, .diagnostics]')" = \
		'[[],[{"severity":"warning","line":2,"col":8,"message":"a restricted SELECT has no aggregates: count"}]]' ]
}

@test "5: every type and its odd values come over exactly" {
	psql -h "$SRC" -U shop -d postgres -qAtX -v ON_ERROR_STOP=1 <<-'EOD'
	CREATE SCHEMA ty;
	CREATE TYPE ty.mood AS ENUM ('sad', 'it''s ok', 'back\slash');
	CREATE DOMAIN ty.positive AS numeric(10, 2) CHECK (VALUE > 0);
	CREATE DOMAIN ty.more AS ty.positive;
	CREATE TABLE ty.t (id bigint, i2 smallint, i4 integer, n numeric, np numeric(38, 9), f4 real, f8 double precision,
		b boolean, t text, v varchar(20), c char(5), ch "char", nm name, by bytea, d date, ti time, tz timetz,
		ts timestamp, ts3 timestamp(3), tstz timestamptz, iv interval, ivd interval day to second, u uuid,
		j json, jb jsonb, x xml, ip inet, net cidr, mac macaddr, bi bit(3), vb varbit, r4 int4range,
		rn numrange, rt tstzrange, mr int8multirange, p point, bx box, po polygon, o oid, l pg_lsn, tsv tsvector,
		tq tsquery, m ty.mood, ms ty.mood[], a integer[], aa text[][], an numeric(10, 2)[], pos ty.positive,
		more ty.more, posn ty.positive[], iv2 int2vector);
	INSERT INTO ty.t (id, n, f4, f8, t, v, c, by, d, ts, tstz, iv, m, ms, a, aa, jb, j, r4) VALUES
		(1, 'NaN', 'NaN', '-Infinity', '', '', '', '', 'infinity', '-infinity', 'infinity', '0', 'sad', '{}', '{}', '{}',
		 '{}', '[]', 'empty'),
		(2, 'Infinity', 1.1754944e-38, 5e-324, '\N', '\.', 'a\', '\x00ff5c0a09', '0044-03-15 BC',
		 '4713-01-01 00:00:00 BC', '0001-12-31 23:59:59+00 BC', '-1 year +2 mons -3 days 04:05:06.000001', 'back\slash',
		 '{it''s ok,NULL,"back\\slash"}', '{NULL,1}', '{{a,NULL},{"","x\\\"y"}}', '{"a":"\\n\u00e9"}', ' { "b" : 1 } ',
		 '[1,5)'),
		(3, 1e-200, 3.4028235e38, 0.1, E'tab\tnew\nline\rcr\\back \b\f\v', 'x', 'abc', NULL, '5874897-12-31',
		 '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999+00', '178000000 years', NULL, NULL, NULL, NULL,
		 NULL, NULL, NULL),
		(4, -0.00, '-0', '-0', U&'\+01F600 \00e9\0301 \200f', NULL, NULL, '\x', NULL, NULL, NULL, NULL, NULL, NULL,
		 '[2:3]={7,8}', NULL, NULL, NULL, NULL);
	INSERT INTO ty.t SELECT i, i, -i, i * 1.5, i / 7.0, i / 3.0, i / 7.0, i % 2 = 0, 'row ' || i, i, i, 'x', 'n' || i,
		int4send(i), date '2000-01-01' + i, time '10:00' + i * interval '1.000001 s', timetz '10:00+05:30',
		timestamp '2000-01-01' + i * interval '1.000001 s', timestamp '2000-01-01' + i * interval '1.234 s',
		now() + i * interval '1 h', i * interval '1 h', '3 4:05:06', md5(i::text)::uuid, '{"k": 1.10}', '{"k": 1.10}',
		'<a>&amp;<b/></a>', '10.0.0.1/8', '10.0.0.0/8', '08:00:2b:01:02:03', '101', '1', '[1,5)', '(,3.5]',
		'[2026-01-01,)', '{[1,3),[5,9)}', '(1,2.5)', '((0,0),(1,1))', '((0,0),(1,1),(2,0))', 26, '16/B374D848', 'a:1 b',
		'a & b', 'it''s ok', '{sad}', '{1,2}', '{{a,b},{c,d}}', '{1.10,NULL}', 3.5, 4.25, '{1.00}', '1 2 3'
		FROM generate_series(5, 500) i;
	-- one value of ten megabytes
	INSERT INTO ty.t (id, t) SELECT 501, string_agg(md5(i::text) || E'\\\n', '') FROM generate_series(1, 300000) i;
	EOD
	import t 'SELECT * FROM ty.t'
	run_ok s
	[ "$(rows)" = 501 ]
	sum="SELECT count(*), md5(string_agg(md5(t::text), '' ORDER BY id)) FROM"
	[ "$(wh "$sum raw.t t")" = "$(sh_ "$sum ty.t t")" ]
	[ "$(wh "SELECT max(length(t)) FROM raw.t")" = 10200000 ]
	types="SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute WHERE attnum > 0 AND attname !~ '^(m|ms|pos|more|posn)$' AND attrelid ="
	[ "$(wh "$types 'raw.t'::regclass")" = "$(sh_ "$types 'ty.t'::regclass")" ]
	[ "$(types t | grep -o ', m raw.*')" = ', m raw.mood, ms raw.mood[], a integer[], aa text[], an numeric(10,2)[], pos numeric(10,2), more numeric(10,2), posn numeric(10,2)[], iv2 int2vector' ]
}

@test "roles and settings of either side do not change a value" {
	sh_ "CREATE TABLE ty.s AS SELECT 1 AS id, timestamptz '2026-07-01 12:00+00' AS at, date '2026-02-01' AS d, interval '1 day 2 h' AS iv,
			0.1::real + 0.2::real AS f, '\\x00ff'::bytea AS b"
	sh_ "ALTER DATABASE postgres SET timezone TO 'Asia/Tokyo'; ALTER DATABASE postgres SET datestyle TO 'German';
		ALTER DATABASE postgres SET intervalstyle TO 'iso_8601'; ALTER DATABASE postgres SET extra_float_digits TO -5;
		ALTER DATABASE postgres SET bytea_output TO 'escape'; ALTER DATABASE postgres SET client_encoding TO 'latin1';
		ALTER DATABASE postgres SET statement_timeout TO '1ms'"
	import s 'SELECT * FROM ty.s'
	run_ok s
	[ "$(wh "SET timezone TO 'UTC'; SELECT at, d, iv, f = (0.1::real + 0.2::real), b FROM raw.s")" = '2026-07-01 12:00:00+00|2026-02-01|1 day 02:00:00|t|\x00ff' ]
	psql -h "$SRC" -U shop -d template1 -qXc 'ALTER DATABASE postgres RESET ALL'
}

@test "what has no place in another database comes over as something that has, with a note" {
	sh_ "CREATE TYPE ty.pair AS (a int, b text); CREATE TYPE ty.fr AS RANGE (subtype = float8);
		CREATE TABLE ty.odd AS SELECT 12.34::money AS cash, ARRAY[1::money] AS coins, 'pg_class'::regclass AS rc,
			ROW(1, 'x,y')::ty.pair AS pair, '[1,2)'::ty.fr AS fr, ARRAY[ROW(1, 'z')::ty.pair] AS pairs"
	import odd 'SELECT * FROM ty.odd'
	run_ok s
	[ "$(types odd)" = 'cash numeric, coins numeric[], rc text, pair text, fr text, pairs text' ]
	[ "$(wh 'TABLE raw.odd')" = '12.34|{1.00}|pg_class|(1,"x,y")|[1,2)|{"(1,z)"}' ]
	run notes
	has_line 'column pair is ty.pair at shop; it comes over as text'
	has_line 'column cash is money at shop; it comes over as numeric'
}

@test "an enumeration is made, grows with its source, and is no place for another order" {
	sh_ "CREATE SCHEMA en; CREATE TYPE en.size AS ENUM ('s', 'l'); CREATE TABLE en.t AS SELECT 's'::en.size AS size"
	labels() { wh "SELECT string_agg(enumlabel, ' ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = 'raw.size'::regtype"; }
	import sizes 'SELECT * FROM en.t'
	run_ok s
	[ "$(labels)" = 's l' ]
	sh_ "ALTER TYPE en.size ADD VALUE 'm' AFTER 's'"
	sh_ "ALTER TYPE en.size ADD VALUE 'xl'"
	sh_ "ALTER TYPE en.size ADD VALUE 'xs' BEFORE 's'"
	sh_ "INSERT INTO en.t VALUES ('m'), ('xs')"
	run_ok s
	[ "$(labels)" = 'xs s m l xl' ]
	[ "$(wh 'SELECT string_agg(size::text, $$ $$ ORDER BY size) FROM raw.sizes')" = 'xs s m' ]
	wh "ALTER TYPE raw.size RENAME VALUE 's' TO 'tmp'; ALTER TYPE raw.size RENAME VALUE 'l' TO 's'; ALTER TYPE raw.size RENAME VALUE 'tmp' TO 'l'"
	run --separate-stderr mst-run s
	status 1
	[ "$(failure)" = "[null,null,\"the type raw.size has the label 'm' in another place than the source\"]" ]
	[ "$(wh 'SELECT count(*) FROM raw.sizes')" = 3 ]
}

@test "without a text the table of the same name is read" {
	sh_ 'CREATE SCHEMA raw; CREATE TABLE raw."Same Name" AS SELECT 7 AS x'
	import same '' 'name: raw."Same Name"'
	run_ok s
	[ "$(wh 'TABLE raw."Same Name"')" = 7 ]
}

@test "what is no restricted SELECT is refused with its place before anything is sent" {
	sh_ 'CREATE SCHEMA rs; CREATE TABLE rs.a AS SELECT 1 AS id, 2 AS x; CREATE TABLE rs.b AS SELECT 1 AS id'
	import a 'SELECT a.id
FROM rs.a JOIN rs.b USING (id)'
	run --separate-stderr mst-run s
	status 1
	[ "$(failure)" = '[3,11,"a restricted SELECT has no joins"]' ]
	import a "SELECT pg_sleep(9) FROM rs.a"
	run --separate-stderr mst-run s
	status 1
	[ "$(failure)" = '[2,8,"a restricted SELECT has no functions of the system: pg_sleep"]' ]
	[ "$(grep -c 'rs\.b\|pg_sleep' "$SRC/log" || :)" = 0 ]
}

@test "the source is asked about functions, operators, types and names that only it knows" {
	sh_ "CREATE FUNCTION rs.twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT \$1 * 2';
		CREATE FUNCTION rs.roll(int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT \$1';
		CREATE FUNCTION rs.mixed(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
		CREATE FUNCTION rs.mixed(text) RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
		CREATE FUNCTION rs.many() RETURNS SETOF int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
		CREATE FUNCTION public.lower(rs.a) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT ''''::text';
		CREATE FUNCTION public.sneak(rs.a) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT ''''::text';
		CREATE FUNCTION public.boom(int, int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1';
		CREATE OPERATOR public.<~> (LEFTARG = int, RIGHTARG = int, FUNCTION = public.boom);
		CREATE FUNCTION rs.chk(int) RETURNS bool LANGUAGE sql VOLATILE AS 'SELECT true';
		CREATE DOMAIN public.checked AS int CHECK (rs.chk(VALUE));
		CREATE TYPE public.hue AS ENUM ('red')"
	import a 'SELECT rs.twice(x) AS y, upper($$a$$) AS u, id::text::hue::text AS h FROM rs.a WHERE false
UNION' 'source: free'
	import a 'SELECT rs.twice(x) AS y, upper($$a$$) AS u FROM rs.a'
	run_ok s
	[ "$(wh 'TABLE raw.a')" = '4|A' ]
	import a "SELECT 'red'::hue AS hue FROM rs.a"
	run_ok s
	refused() { # refused PLACE WHAT SELECT
		import a "$3"
		run --separate-stderr mst-run s
		status 1
		[ "$(failure)" = "[$1,\"a restricted SELECT takes only what is immutable: $2 at shop\"]" ] || { failure && return 1; }
	}
	refused 2,8 'the function roll is volatile' 'SELECT rs.roll(x) FROM rs.a'
	refused 2,8 'the function mixed is only stable' 'SELECT rs.mixed(x) FROM rs.a'
	refused 2,8 'the function many is a function that gives rows' 'SELECT rs.many() FROM rs.a'
	refused 2,8 'the function missing is not there' 'SELECT missing(x) FROM rs.a'
	refused 2,8 'the function lower is volatile' 'SELECT lower(a) FROM rs.a'
	refused 2,10 'the name sneak is a function that is not immutable' 'SELECT a.sneak FROM rs.a'
	refused 2,12 'the name sneak is a function that is not immutable' 'SELECT (a).sneak FROM rs.a'
	refused 2,10 'the operator <~> is made by a function that is not immutable' 'SELECT x <~> 1 FROM rs.a'
	refused 2,11 'the type checked is a domain, whose checks may call anything' 'SELECT x::checked FROM rs.a'
	refused 2,8 'the function age is only stable' 'SELECT age(now) FROM rs.a'
}

@test "a connection without the restriction takes any one query, and nothing else" {
	import a 'WITH q AS (SELECT 1 AS id) SELECT a.id, count(*) AS n FROM rs.a JOIN q USING (id) GROUP BY 1; -- all' 'source: free'
	run_ok s
	[ "$(wh 'TABLE raw.a')" = '1|1' ]
	import a 'SELECT 1 AS x) TO STDOUT; DROP TABLE rs.b; COPY (SELECT 1 AS x' 'source: free'
	run --separate-stderr mst-run s
	status 1
	[ "$(failure | jq -r '.[2]')" = 'reading from free: syntax error at or near "TO"' ] || failure
	import a 'DELETE FROM rs.b RETURNING id' 'source: free'
	run --separate-stderr mst-run s
	status 1
	[ "$(jq -r 'select(.event == "job_finished").error.hint' <<<"$output")" = \
		'it must be one query: SELECT, WITH, VALUES or TABLE, without a semicolon in between' ]
	sh_ "CREATE FUNCTION rs.w() RETURNS int LANGUAGE sql AS 'DELETE FROM rs.b RETURNING 1'"
	import a 'SELECT rs.w() AS x' 'source: free'
	run --separate-stderr mst-run s
	status 1
	[ "$(failure | jq -r '.[2]')" = 'reading from free: cannot execute DELETE in a read-only transaction' ] || { failure && false; }
	[ "$(sh_ 'SELECT count(*) FROM rs.b')" = 1 ]
}

@test "an error of the source's has its place in the file" {
	import a 'SELECT id,
  nosuch FROM rs.a'
	run --separate-stderr mst-run s
	status 1
	[ "$(failure)" = '[3,3,"column \"nosuch\" does not exist"]' ] || { failure && false; }
	import a 'SELECT id, id FROM rs.a'
	run --separate-stderr mst-run s
	status 1
	[ "$(failure | jq -r '.[2]')" = 'two columns are called id' ]
}
