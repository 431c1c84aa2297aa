# make man completions: the generated pages and completions, which are committed.
#
#   man/CMD.1      from the option table of CMD and the prose of man/CMD.1.in
#   man/PAGE.3, .5, .7 from man/PAGE.5.in: @VERSION@, @DATE@, @CONFIG_KEYS@, @EXIT_STATUS@, @COMMANDS@
#   completions/   from the option tables
#
# OUT=FOLDER writes below another folder; the lints compare with it.
OUT ?= .

man: all
	@mkdir -p $(OUT)/man
	@for c in $(CMDS); do \
		prose=man/$$c.1.in; [ -f $$prose ] || prose=; \
		$(B)/bin/$$c --introspect=man $$prose >$(OUT)/man/$$c.1.tmp && \
		mv $(OUT)/man/$$c.1.tmp $(OUT)/man/$$c.1 || exit 1; done
	@for f in $(sort $(wildcard man/*.3.in man/*.5.in man/*.7.in)); do \
		page=$(OUT)/$${f%.in}; \
		$(B)/bin/mst --introspect=page $$f >$$page.tmp && mv $$page.tmp $$page || exit 1; done

completions: all
	@mkdir -p $(OUT)/completions/bash $(OUT)/completions/zsh $(OUT)/completions/fish
	@for c in $(CMDS); do \
		$(B)/bin/$$c --introspect=bash >$(OUT)/completions/bash/$$c && \
		$(B)/bin/$$c --introspect=zsh >$(OUT)/completions/zsh/_$$c && \
		$(B)/bin/$$c --introspect=fish >$(OUT)/completions/fish/$$c.fish || exit 1; done

.PHONY: man completions
