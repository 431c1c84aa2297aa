# make bench: see tests/bench/README.md.  make bench BENCH=plan runs tests/bench/plan.sh alone.
BENCH ?=
bench: all
	@B=$(B) tests/bench/run-all $(BENCH)

.PHONY: bench
