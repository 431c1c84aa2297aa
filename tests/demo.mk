# make demo: the main job on the packages of this machine
demo:
	@tests/setup.sh demo
	@+$(SUBMAKE) all
	@PATH="$(abspath $(B))/bin:$$PATH" tests/demo.sh

.PHONY: demo
