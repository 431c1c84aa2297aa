# mst: `make` builds everything into build/bin, `make demo` shows it at work,
# `make check` tests it.  Rooms, commands, tests and fuzz targets are found by
# their place: adding one is adding a file.

VERSION := 0.1.0
B ?= build
PREFIX ?= /usr/local
DESTDIR ?=
SAN ?=

CC ?= gcc
CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wwrite-strings -Wpointer-arith -Wcast-align -Wvla -Wundef -Wformat=2 -Wno-format-nonliteral
ALL_CFLAGS = -std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DMST_VERSION='"$(VERSION)"' \
	-Ilib -I$(B)/gen $(WARN) $(WERROR) -fPIC -fvisibility=hidden -fno-strict-aliasing -fstack-protector-strong \
	-pthread \
	$(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer) $(CFLAGS)
ALL_LDFLAGS = -pthread -Wl,--as-needed -Wl,-z,relro,-z,now $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)

# top to bottom: a room may include those behind it only (tests/lint/layers)
ROOMS := cli mst engine task provider render store model db net proc graph sql base
# shared libraries; --as-needed keeps what a command really uses
LIBS := -lpq -lcrypto -lfyaml -lsmartcols -lnettle -lz -lzstd -lm

room_src = $(sort $(wildcard lib/$(1)/*.c lib/$(1)/*/*.c)) $(if $(filter store,$(1)),$(SCHEMA_C))
SCHEMA_SQL := $(sort $(wildcard lib/store/schema/*.sql))
SCHEMA_C := $(if $(SCHEMA_SQL),$(B)/gen/schema.c)

obj = $(patsubst %.c,$(B)/obj/%.o,$(patsubst $(B)/gen/%,gen/%,$(1)))
LIVE_ROOMS := $(foreach r,$(ROOMS),$(if $(call room_src,$(r)),$(r)))
ARCHIVES := $(LIVE_ROOMS:%=$(B)/lib/lib%.a)

CMDS := $(patsubst bin/%.c,%,$(sort $(wildcard bin/*.c)))
# a child whose library is not here is left out: the command that wants it says so
CHILDREN := $(foreach c,$(patsubst bin/libexec/%.c,%,$(sort $(wildcard bin/libexec/*.c))),$(if \
	$(shell $(CC) -E -Ilib bin/libexec/$(c).c >/dev/null 2>&1 && echo y),$(c),$(info note: $(c) is left out, for want of its library)))
UNIT := $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZ := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

all: $(CMDS:%=$(B)/bin/%) $(CHILDREN:%=$(B)/libexec/mst/%) libmst

define archive_rule
$(B)/lib/lib$(1).a: $(call obj,$(call room_src,$(1)))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(AR) rcs $$@ $$^
endef
$(foreach r,$(LIVE_ROOMS),$(eval $(call archive_rule,$(r))))

# lib/db alone sees libpq-fe.h
$(B)/obj/lib/db/%.o: ALL_CFLAGS += $(shell pkg-config --cflags libpq 2>/dev/null || echo -I/usr/include/postgresql)

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(CFLAGS_$(basename $(notdir $<))) -MMD -MP -c -o $@ $<
$(B)/obj/gen/%.o: $(B)/gen/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# each migration becomes a C string, with its file name; the checksum is made at run time
$(B)/gen/schema.c: $(SCHEMA_SQL) lib/store/schema/embed.awk
	@mkdir -p $(@D)
	awk -f lib/store/schema/embed.awk $(SCHEMA_SQL) > $@.tmp
	mv $@.tmp $@

LINK = $(CC) $(ALL_CFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(ALL_LDFLAGS) $(LIBS)

$(B)/bin/%: $(B)/obj/bin/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(LINK)
# a child that holds a heavy library names it in its first line: /* libs: -lpg_query */
$(B)/libexec/mst/%: $(B)/obj/bin/libexec/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(LINK) $(shell sed -n '1s,.*libs: *\(.*\) \*/,\1,p' bin/libexec/$*.c)
$(B)/tests/%: $(B)/obj/tests/unit/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(LINK) -lcmocka

# libmst: what lib/mst/mst.h names is seen and nothing else, so the archive is one object
SONAME := libmst.so.$(firstword $(subst ., ,$(VERSION)))
libmst: $(addprefix $(B)/libmst/,libmst.so libmst.a mst.pc)
MST_OBJ = $(call obj,$(call room_src,mst))
$(B)/libmst/libmst.so: $(MST_OBJ) $(ARCHIVES)
	@mkdir -p $(@D)
	$(CC) -shared -Wl,-soname,$(SONAME) $(if $(SAN),,-Wl,-z,defs) $(ALL_CFLAGS) -o $@ $(MST_OBJ) \
		-Wl,--start-group $(ARCHIVES) -Wl,--end-group $(ALL_LDFLAGS) $(LIBS)
	ln -sf libmst.so $(@D)/$(SONAME)
$(B)/libmst/libmst.a: $(MST_OBJ) $(ARCHIVES)
	@mkdir -p $(@D)
	$(LD) -r -o $(@D)/libmst.o $(MST_OBJ) --start-group $(ARCHIVES) --end-group
	objcopy --localize-hidden $(@D)/libmst.o
	rm -f $@
	$(AR) rcs $@ $(@D)/libmst.o
$(B)/libmst/mst.pc: lib/mst/mst.pc.in Makefile
	@mkdir -p $(@D)
	sed -e 's,@VERSION@,$(VERSION),; s,@LIBS@,$(filter-out -lsmartcols,$(LIBS)) -pthread,' $< > $@

unit: $(UNIT:%=$(B)/tests/%)

-include $(shell [ -d $(B)/obj ] && find $(B)/obj -name '*.d')

clean:
	rm -rf $(B)

.PHONY: all libmst unit clean
.DELETE_ON_ERROR:
.SECONDARY:

# demo, check, install, fuzz, asan, lint, bench, man
include $(wildcard tests/*.mk)
