# make check: everything that can be tested here, one summary line at the end.
# make replay, lint, fuzz, asan, tsan, chaos: parts of it and more of it.
#
#   tests/unit/test_X.c   cmocka, found by the Makefile       tests/cmd/*.bats  commands
#   tests/fuzz/fuzz_X.c   LLVMFuzzerTestOneInput              tests/db/*.bats   with a cluster
#   tests/fuzz/corpus/X/  its inputs, replayed here           tests/lint/*.sh   one test each

# a recursive make that uses the cores, unless make -j was said already
SUBMAKE = $(MAKE) --no-print-directory -s $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

check: export B := $(B)
check:
	@tests/setup.sh check
	@+$(SUBMAKE) all unit replay
	@tests/run all

lint: export B := $(B)
lint: all
	@tests/run lint

# each fuzz target with a driver that feeds it its corpus: any compiler will do
replay: $(FUZZ:%=$(B)/replay/%)
$(B)/replay/%: $(B)/obj/tests/fuzz/%.o $(B)/obj/tests/fuzz/replay.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(LINK)

# libFuzzer: make fuzz FUZZ_TIME=600 FUZZ=fuzz_sql
FUZZ_TIME ?= 20
FUZZ_B := $(B)-fuzz
fuzz:
	@command -v clang >/dev/null || { echo 'make fuzz needs clang: tests/setup.sh ci' >&2; exit 1; }
	@+$(SUBMAKE) B=$(FUZZ_B) CC=clang SAN=fuzzer-no-link,address,undefined \
		CFLAGS='-O1 -g' fuzz-targets
	@B=$(FUZZ_B) tests/fuzz/run.sh $(FUZZ_TIME) $(FUZZ)
fuzz-targets: $(FUZZ:%=$(B)/fuzz/%)
$(B)/fuzz/%: $(B)/obj/tests/fuzz/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(LINK) -fsanitize=fuzzer

# unit tests, replay and command tests under AddressSanitizer and UBSan
asan:
	@tests/setup.sh check
	@+$(SUBMAKE) B=$(B)-asan SAN=address,undefined CFLAGS='-O1 -g' all unit replay
	@B=$(B)-asan tests/run unit replay cmd

print-cflags:
	@printf '%s\n' '$(ALL_CFLAGS)'

# everything that takes part in a run is killed at random: make chaos CHAOS='--kills 1000 --seed 3'
CHAOS ?= --kills 300 --verbose
chaos: all
	@B=$(B) tests/chaos/chaos.py $(CHAOS)

# threads of the runner under ThreadSanitizer
tsan:
	@+$(SUBMAKE) B=$(B)-tsan SAN=thread CFLAGS='-O1 -g' all
	@B=$(B)-tsan tests/run tests/db/run.bats tests/db/run_fault.bats tests/db/run_again.bats

.PHONY: check lint replay fuzz fuzz-targets asan chaos tsan print-cflags
