# make install PREFIX=/usr DESTDIR=/tmp/root; make uninstall takes away exactly what install put there
BASH_DIR ?= $(PREFIX)/share/bash-completion/completions
ZSH_DIR ?= $(PREFIX)/share/zsh/site-functions
FISH_DIR ?= $(PREFIX)/share/fish/vendor_completions.d

# lines "SOURCE TARGET"; what is executable stays so
define INSTALL_LIST
$(foreach c,$(CMDS),$(B)/bin/$(c) $(PREFIX)/bin/$(c)
)$(foreach c,$(CHILDREN),$(B)/libexec/mst/$(c) $(PREFIX)/libexec/mst/$(c)
)$(foreach p,$(sort $(wildcard man/*.[1-8])),$(p) $(PREFIX)/share/man/man$(subst .,,$(suffix $(p)))/$(notdir $(p))
)$(foreach f,$(sort $(wildcard completions/bash/*)),$(f) $(BASH_DIR)/$(notdir $(f))
)$(foreach f,$(sort $(wildcard completions/zsh/*)),$(f) $(ZSH_DIR)/$(notdir $(f))
)$(foreach f,$(sort $(wildcard completions/fish/*)),$(f) $(FISH_DIR)/$(notdir $(f))
)$(B)/libmst/libmst.a $(PREFIX)/lib/libmst.a
$(B)/libmst/libmst.so $(PREFIX)/lib/$(SONAME)
$(B)/libmst/mst.pc $(PREFIX)/lib/pkgconfig/mst.pc
lib/mst/mst.h $(PREFIX)/include/mst.h
$(foreach f,$(sort $(shell find man/schema man/examples -type f)),$(f) $(PREFIX)/share/mst/$(f:man/%=%)
)
endef
install uninstall: export LIST = $(INSTALL_LIST)

install: all
	@printf '%s\n' "$$LIST" | while read -r from to; do \
		[ -n "$$from" ] || continue; \
		if [ -x "$$from" ]; then mode=755; else mode=644; fi; \
		install -D -m "$$mode" "$$from" "$(DESTDIR)$$to" || exit 1; done
	@ln -sf $(SONAME) "$(DESTDIR)$(PREFIX)/lib/libmst.so"

# the folders that only mst has go too
uninstall:
	@printf '%s\n' "$$LIST" | while read -r from to; do [ -z "$$from" ] || rm -f "$(DESTDIR)$$to"; done
	@rm -f "$(DESTDIR)$(PREFIX)/lib/libmst.so"
	@for dir in share/mst libexec/mst; do \
		[ ! -d "$(DESTDIR)$(PREFIX)/$$dir" ] || \
		find "$(DESTDIR)$(PREFIX)/$$dir" -depth -type d -empty -delete; done

.PHONY: install uninstall
