#!/usr/bin/env bats
# libmst for programs of one's own: installed, linked both ways, used from C.
load ../cmd/helpers

setup_file() {
	home
	mst-db start 2>/dev/null
	export DEV=$BATS_FILE_TMPDIR/dev
	make -s -C "$ROOT" B="$B" SAN= CC=true PREFIX="$DEV" install 3>&-
	export PKG_CONFIG_PATH=$DEV/lib/pkgconfig
}
teardown_file() { home_stop; }
setup() { scratch; }

build() { # build OUT SOURCE FLAG...: against what was installed
	local out=$1 src=$2
	shift 2
	# shellcheck disable=SC2046  # flags are words
	"${CC:-gcc}" -std=c17 -Wall -Wextra -Wpedantic -Werror -o "$out" "$src" "$@" $(pkg-config --cflags --libs mst)
}

page() { # page SECTION: its lines in libmst(3), as they are typed
	mandoc -T utf8 -O width=200 "$DEV/share/man/man3/libmst.3" | sed 's/.\x08//g' | awk -v s="$1" '/^[^ ]/ { on = $0 == s } on'
}

@test "thirty lines of C put a table, start a run and read it" {
	[ "$(wc -l <"$ROOT/man/examples/libmst/hello.c")" -le 30 ]
	build hello "$DEV/share/mst/examples/libmst/hello.c"
	LD_LIBRARY_PATH=$DEV/lib run --separate-stderr ./hello "$MST_HOME"
	status 0
	complains ''
	[ "$(jq -r '[.type, .state] | join(" ")' <<<"$output" | paste -sd,)" = 'run succeeded,job succeeded' ]
	[ "$(mst-db psql --warehouse -qAtXc 'TABLE demo.hello')" = hello ]
	[ "$(mst-table get demo.hello | jq -r .sql | tail -n 1)" = "SELECT 'hello' AS world" ]
}

@test "the example and the first command of libmst(3) are what they say" {
	command -v mandoc >/dev/null || skip 'no mandoc'
	page EXAMPLES | sed -e 1d -e '/^ *$/d; s/^     //' | unexpand -t 8 --first-only >shown
	diff shown <(grep -v '^$' "$ROOT/man/examples/libmst/hello.c")
	cp "$ROOT/man/examples/libmst/hello.c" prog.c
	command=$(page LIBRARY | grep -v -e --static | grep cc)
	eval "$command -o own"
	LD_LIBRARY_PATH=$DEV/lib run ldd own
	holds "libmst.so.0 => $DEV/lib/libmst.so.0"
	eval "$command -Wl,-rpath,$(pkg-config --variable=libdir mst) -o own"
	run ldd own
	lacks 'not found'
}

@test "the environment does not choose the state database" {
	build hello "$DEV/share/mst/examples/libmst/hello.c"
	MST_DB='host=/nowhere' MST_WAREHOUSE='host=/nowhere' LD_LIBRARY_PATH=$DEV/lib run --separate-stderr ./hello "$MST_HOME"
	status 0
	complains ''
}

@test "the archive does as well, and its own names are not in the way" {
	cat >own.c <<-'C'
		#include <mst.h>
		#include <stdio.h>
		/* names that the library uses inside */
		int db_open(void) { return 1; }
		int mst_fail(void) { return 2; }
		int pool_new(void) { return 3; }
		int main(int argc, char **argv)
		{
			mst_handle *m;
			struct mst_options o = { .home = argv[argc - 1] };
			int rc = mst_open(&o, &m);
			printf("%d %d %s\n", rc, db_open() + mst_fail() + pool_new(), mst_version());
			mst_close(m);
			return 0;
		}
	C
	mv own.c prog.c
	command=$(page LIBRARY | sed -n "/--static/,\$p")
	eval "$command -o own"
	run ldd own
	lacks libmst
	run ./own "$MST_HOME"
	says "0 6 $(mst --version | cut -d' ' -f2)"
}

@test "the library shows what mst.h names and nothing else" {
	run bash -c "nm -D --defined-only '$DEV/lib/libmst.so' | awk '{ print \$3 }' | LC_ALL=C sort"
	says 'mst_close
mst_hint_text
mst_message
mst_open
mst_run
mst_run_get
mst_run_jobs
mst_run_stop
mst_table_get
mst_table_list
mst_table_put
mst_table_remove
mst_version'
	for name in $output; do grep -q "^MST_API .*[ *]$name(" "$DEV/include/mst.h"; done
}

@test "the header is C and C++ of any strictness" {
	echo '#include <mst.h>' >h.c
	"${CC:-gcc}" -std=c99 -Wall -Wextra -Wpedantic -Werror -I"$DEV/include" -fsyntax-only h.c
	if command -v g++; then g++ -x c++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -I"$DEV/include" -fsyntax-only h.c; fi
}

@test "what goes wrong is said on the handle" {
	cat >wrong.c <<-'C'
		#include <mst.h>
		#include <stdio.h>
		static int stop(void *arg, const char *json, size_t n) { (void)json, (void)n; ++*(int *)arg; return 7; }
		int main(int argc, char **argv)
		{
			mst_handle *m;
			struct mst_options o = { .home = argv[argc - 1] };
			int64_t run = -1, revision = 0;
			int seen = 0;
			mst_open(&o, &m);
			printf("%d %s\n", mst_table_get(m, "no.such", stop, &seen), mst_message(m));
			printf("%d %s\n", mst_table_put(m, "bad.one", "-- mst: kind: sumary\nSELECT 1", NULL), mst_message(m));
			printf("%d\n", mst_table_put(m, "bad.two", "-- mst: dialect: postgres\nSELECT 1/0 AS x", &revision));
			int rc = mst_run(m, (const char *[]){ "bad.two" }, 1, &run);
			printf("%d %s\n", rc, run > 0 ? mst_message(m) : "no number");
			mst_run_stop(m); /* of nothing: the next call is not meant */
			printf("%d\n", mst_table_list(m, stop, &seen));
			printf("%d\n", mst_table_remove(m, "bad.two"));
			printf("%d %s\n", mst_table_remove(m, "bad.two"), mst_message(m));
			printf("%d %d\n", mst_run_get(m, 123456789, stop, &seen), seen);
			mst_close(m);
			o.db = "host=/nowhere user=x";
			printf("%d ", mst_open(&o, &m));
			printf("%s\n", *mst_message(m) ? "said" : "silent");
			mst_close(m);
			mst_close(0);
			return 0;
		}
	C
	build wrong wrong.c
	LD_LIBRARY_PATH=$DEV/lib run ./wrong "$MST_HOME"
	status 0
	lacks 'no number'
	[ "${lines[0]%% *}" = -3 ]
	[ "${lines[1]}" = "-2 attribute 'kind': 'sumary' is not one of summary|view|materialized|import|external|script (did you mean 'summary'?)" ]
	[ "${lines[2]}" = 0 ]
	[ "${lines[3]%% *}" = -13 ]
	[ "${lines[4]}" = 7 ]
	[ "${lines[5]}" = 0 ]
	[ "${lines[6]%% *}" = -3 ]
	[ "${lines[7]}" = '-3 1' ]
	[ "${lines[8]}" = '-6 said' ]
}
