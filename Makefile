# SPDX-License-Identifier: GPL-2.0-or-later
#
# make help lists the targets. CFLAGS and LDFLAGS are yours to set: what the project needs
# stands in variables of its own.

VERSION := 0.1.0

CC        = gcc
MUSL_CC   = musl-gcc
CLANG     = clang
OBJCOPY   = objcopy
READELF   = readelf
STRIP     = strip
CFLAGS    = -O2 -g
BUSYBOX   = /bin/busybox
# a static kexec to carry; empty: one built from the source package of kexec-tools
KEXEC     =
# a folder with libkmod.a and libkmod.h; empty: built from the source package of kmod
KMOD      =
PYTHON    = /usr/bin/python3
SECONDS   = 60
# the kernel's headers for programs, which musl has none of
UAPI      = /usr/include
prefix    = /usr/local
sbindir   = $(prefix)/sbin
mandir    = $(prefix)/share/man
# as each shell looks for completions of other people's programs
bashcompdir = $(prefix)/share/bash-completion/completions
zshcompdir  = $(prefix)/share/zsh/site-functions
fishcompdir = $(prefix)/share/fish/vendor_completions.d

warnings := -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla -Wundef -Wformat=2 \
	-Wno-format-nonliteral
# no trace of the folder it is built in: the same sources make the same binary
common_flags := -std=gnu17 -D_GNU_SOURCE -I. -DPIVOT_VERSION='"$(VERSION)"' $(warnings) \
	-MMD -MP -ffile-prefix-map='$(CURDIR)'=.
tool_libs := -larchive -lacl -llzma -lzstd -lbz2 -lz -ljansson -lnettle

base_sources := $(wildcard pivot/base/*.c)
# what the init and the tool share: reading and planning
shared_sources := $(wildcard initramfs/inventory/*.c initramfs/quirks/*.c) \
	initramfs/handover.c initramfs/plan.c initramfs/plan-devices.c
# what loads the target, in both
loader_sources := $(filter-out pivot/kexec/load%.c pivot/kexec/layout-text.c \
	pivot/kexec/uki.c pivot/kexec/kernel-kind.c,$(wildcard pivot/kexec/*.c))
tool_sources := $(base_sources) $(shared_sources) \
	$(wildcard pivot/*.c pivot/kexec/*.c pivot/tree/*.c pivot/takeover/*.c) \
	$(wildcard pivot/preflight/*.c pivot/middle/*.c pivot/keep/*.c pivot/bundle/*.c \
	pivot/network/*.c pivot/remote/*.c)
init_sources := $(filter-out pivot/base/acts-exec.c pivot/base/ask.c pivot/base/human.c \
	pivot/base/netlink.c pivot/base/newc.c pivot/base/quote.c,$(base_sources)) \
	$(shared_sources) $(loader_sources) \
	$(wildcard initramfs/teardown/*.c) $(filter-out $(shared_sources),$(wildcard initramfs/*.c))

tool_objects := $(tool_sources:%.c=build/tool/%.o)
init_objects := $(init_sources:%.c=build/init-objects/%.o)

.PHONY: all
all: build/pivot-kexec

.PHONY: help
help:
	@echo 'make              build/pivot-kexec, one static binary'
	@echo 'make demo         a real Debian in a VM jumps into a kexec tree; TWO_STAGE=1: in two'
	@echo 'make check        lint, unit tests, fuzz corpora, VM tests'
	@echo 'make check-tool   the binary on this machine: verbs, errors, sizes'
	@echo 'make check-unit   unit tests: gcc and clang, with ASan and UBSan'
	@echo 'make check-fuzz   the fuzz targets replay their corpora'
	@echo 'make check-vm     VM tests'
	@echo 'make check-faults FAULTS=200  a fault at each act, in VMs; SEED= draws them'
	@echo 'make check-stress JUMPS=50    one VM jumps again and again under random load'
	@echo 'make evidence     what each way leaves of 47 devices, into docs/evidence.md'
	@echo 'make bench        loading and jumping against kexec-tools, into docs/performance.md'
	@echo 'make fuzz         each fuzz target for SECONDS=60'
	@echo 'make lint format  check, or mend, the form of the sources'
	@echo 'make install      into prefix=/usr/local, below DESTDIR'
	@echo 'make dist         the release: tarballs of the binary and of the source'
	@echo 'make deb          a Debian package'
	@echo 'make clean'

# --- the init: static with musl, some tens of kilobytes ---

# musl has no kernel headers of its own; -idirafter on /usr/include would add glibc's too
uapi := build/uapi/video/edid.h
$(uapi):
	@command -v $(MUSL_CC) >/dev/null || { \
		echo "make: '$(MUSL_CC)' is missing: run scripts/install-deps build" >&2; exit 1; }
	@mkdir -p build/uapi
	@ln -sfn $(UAPI)/linux build/uapi/linux
	@ln -sfn $(UAPI)/asm-generic build/uapi/asm-generic
	@ln -sfn $(UAPI)/video build/uapi/video
	@ln -sfn $$(if test -d $(UAPI)/asm; then echo $(UAPI)/asm; else \
		dirname "$$(echo '#include <asm/ioctl.h>' | $(CC) -M -E - | \
		grep -o '/[^ ]*/asm/ioctl\.h')"; fi) build/uapi/asm

build/init-objects/%.o: %.c | $(uapi)
	@mkdir -p $(@D)
	$(MUSL_CC) $(common_flags) -DPIVOT_INIT -idirafter build/uapi -Oz -flto -ffunction-sections \
		-fdata-sections -fno-asynchronous-unwind-tables -fno-pie -c -o $@ $<

# the last one: no padding in the file between what is read and what is written
init_ldflags := -Wl,--gc-sections,-z,noseparate-code,-z,norelro,-z,common-page-size=64

build/init: $(init_objects) scripts/strip-sections
	$(MUSL_CC) -static -no-pie -Oz -flto -flto-partition=one $(init_ldflags) -o $@ $(init_objects)
	$(STRIP) --strip-all -R .comment $@
	$(PYTHON) scripts/strip-sections $@

# --- the purgatory: what runs between two kernels, at any address and without a library ---

purgatory_sources := $(wildcard pivot/kexec/purgatory/*.[cS]) pivot/kexec/crc32c.c
purgatory_flags := -O2 -ffreestanding -fPIE -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-jump-tables -mgeneral-regs-only -mno-red-zone

build/purgatory/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(common_flags) $(purgatory_flags) -c -o $@ $<

build/purgatory/%.o: %.S
	@mkdir -p $(@D)
	$(CC) -MMD -MP -c -o $@ $<

# as a PIE, since there whatever needs an address shows as a relocation
build/purgatory.elf: pivot/kexec/purgatory/purgatory.ld \
		$(patsubst %,build/purgatory/%.o,$(basename $(purgatory_sources)))
	$(CC) -nostdlib -pie -Wl,--no-dynamic-linker,--build-id=none,-z,text -o $@ -T $^

build/purgatory.bin: build/purgatory.elf
	@if $(READELF) -r $< | grep R_X86_64; then \
		echo "make: '$<' needs relocations: nobody applies them" >&2; exit 1; fi
	$(OBJCOPY) -O binary -j .blob $< $@

# each build embeds it
blob_objects := $(patsubst %,build/%/pivot/kexec/purgatory-blob.o,tool init-objects \
	faulty/init-objects unit-gcc unit-clang fuzz)
$(blob_objects): private common_flags += -DPURGATORY='"build/purgatory.bin"'
$(blob_objects): build/purgatory.bin

# --- the tool: static with glibc, since Debian builds libarchive for that ---

build/tool/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(common_flags) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

build/busybox: $(BUSYBOX)
	@if $(READELF) -l $< | grep -q INTERP; then \
		echo "make: '$<' is not static: install busybox-static" >&2; exit 1; fi
	@mkdir -p $(@D)
	cp $< $@

$(BUSYBOX):
	@echo "make: '$@' is missing: run scripts/install-deps build" >&2; exit 1

build/kexec: $(or $(KEXEC),scripts/kexec-tools)
	@mkdir -p $(@D)
	@kexec=$(or $(KEXEC),$$(scripts/kexec-tools)) || exit 1; \
	if $(READELF) -l "$$kexec" | grep -q INTERP; then \
		echo "make: '$$kexec' is not static, so it would not run in the stage" >&2; exit 1; fi; \
	cp "$$kexec" $@

build/libkmod/libkmod.a: $(if $(KMOD),$(KMOD)/libkmod.a,scripts/libkmod)
	@mkdir -p $(@D)
	@kmod=$(or $(KMOD),$$(scripts/libkmod)) || exit 1; \
	cp "$$kmod/libkmod.h" "$$kmod/libkmod.a" $(@D)

# each build looks modules up with it
kmod_objects := $(foreach build,tool unit-gcc unit-clang fuzz, \
	$(patsubst %.c,build/$(build)/%.o,$(wildcard pivot/middle/*.c)))
$(kmod_objects): private common_flags += -isystem build/libkmod
$(kmod_objects): build/libkmod/libkmod.a

embed_flags := -DEMBED_INIT='"build/init"' -DEMBED_BUSYBOX='"build/busybox"' \
	-DEMBED_KEXEC='"build/kexec"' -DEMBED_IMAGE_LIST='"initramfs/image.list"' \
	-DEMBED_THERE_SH='"pivot/remote/there.sh"'
build/tool/pivot/embedded.o: common_flags += $(embed_flags)
embed_files := build/busybox build/kexec initramfs/image.list pivot/remote/there.sh
build/tool/pivot/embedded.o: build/init $(embed_files)

build/pivot-kexec: $(tool_objects) build/libkmod/libkmod.a
	$(CC) -static $(LDFLAGS) -Wl,--gc-sections -o $@.debug $^ $(tool_libs)
	$(OBJCOPY) --strip-all $@.debug $@

# --- the same with a fault point at every act, for tests ---

# each act of acts.h: one that acts-faulty.c does not know does not link
acts = $(shell sed -n 's/^[a-z].*[ *]\(act_[a-z_]*\)\x28.*/\1/p' pivot/base/acts.h)
wrap_acts = $(acts:%=-Wl,--wrap=%)

build/faulty/tool-%.o: tests/faults/%.c
	@mkdir -p $(@D)
	$(CC) $(common_flags) $(CPPFLAGS) $(CFLAGS) -DFAULTS_PROGRAM='"tool"' -c -o $@ $<

# without -flto, which does not see what --wrap does
build/faulty/init-%.o: tests/faults/%.c | $(uapi)
	@mkdir -p $(@D)
	$(MUSL_CC) $(common_flags) -idirafter build/uapi -Os -ffunction-sections \
		-fdata-sections -fno-pie -DFAULTS_PROGRAM='"init"' -c -o $@ $<

build/faulty/init-objects/%.o: %.c | $(uapi)
	@mkdir -p $(@D)
	$(MUSL_CC) $(common_flags) -idirafter build/uapi -Os -ffunction-sections \
		-fdata-sections -fno-asynchronous-unwind-tables -fno-pie -c -o $@ $<

build/faulty/init: $(init_sources:%.c=build/faulty/init-objects/%.o) \
		build/faulty/init-acts-faulty.o
	$(MUSL_CC) -static -no-pie -Wl,--gc-sections $(wrap_acts) -o $@.debug $^
	$(OBJCOPY) --strip-all $@.debug $@

build/faulty/embedded.o: pivot/embedded.c build/faulty/init $(embed_files)
	$(CC) $(common_flags) $(CPPFLAGS) $(CFLAGS) \
		$(subst build/init,build/faulty/init,$(embed_flags)) -c -o $@ $<

build/faulty/pivot-kexec: $(filter-out %/embedded.o,$(tool_objects)) \
		build/faulty/embedded.o build/faulty/tool-acts-faulty.o \
		build/faulty/tool-middle-faulty.o build/libkmod/libkmod.a
	$(CC) -static $(LDFLAGS) -Wl,--gc-sections $(wrap_acts) \
		-Wl,--wrap=middle_command_line -o $@.debug $^ $(tool_libs)
	$(OBJCOPY) --strip-all $@.debug $@

# --- unit tests: every compiler, with the sanitizers; acts are replaced by a log ---
# Some wait for most of their time: more of them run at once than there are cores.

sanitize := -O1 -g -Werror -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer
unit_tests := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test-*.c))
# the rooms under test, without main() and without what really acts
unit_sources := $(filter-out pivot/main.c pivot/embedded.c pivot/image-unpack.c \
	pivot/base/acts%.c,$(tool_sources)) $(wildcard initramfs/teardown/*.c) \
	initramfs/guardian.c initramfs/lost-pages.c initramfs/middle.c \
	pivot/kexec/purgatory/moves.c $(wildcard tests/unit/fake-*.c)

define unit_rules
build/unit-$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$(2) $$(common_flags) $$(sanitize) -Wno-unused-command-line-argument -c -o $$@ $$<

build/unit-$(1)/tests/unit/fake-embedded.o: initramfs/image.list

build/unit-$(1)/libunit.a: $$(unit_sources:%.c=build/unit-$(1)/%.o)
	@rm -f $$@
	$(AR) rcs $$@ $$^

build/unit-$(1)/test-%: build/unit-$(1)/tests/unit/test-%.o build/unit-$(1)/libunit.a \
		build/libkmod/libkmod.a
	$(2) $$(sanitize) -o $$@ $$^ -lcheck -lsubunit -lm -lrt -lpthread -larchive -ljansson \
		-llzma -lzstd -lz -lnettle

.PHONY: check-unit-$(1)
check-unit-$(1): $$(unit_tests:%=build/unit-$(1)/%)
	@printf '%s\n' $$^ | xargs -n 1 -P 4 env CK_VERBOSITY=normal
endef
$(eval $(call unit_rules,gcc,$(CC)))
$(eval $(call unit_rules,clang,$(CLANG)))

.PHONY: check-unit
check-unit: check-unit-gcc check-unit-clang

# --- fuzzing ---

fuzz_targets := $(patsubst tests/fuzz/fuzz-%.c,%,$(wildcard tests/fuzz/fuzz-*.c))
fuzz_sources := $(filter-out tests/unit/fake-%.c,$(unit_sources)) pivot/base/acts.c

build/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(CLANG) $(common_flags) $(sanitize) -fsanitize=fuzzer-no-link -c -o $@ $<

build/fuzz/libfuzz.a: $(fuzz_sources:%.c=build/fuzz/%.o)
	@rm -f $@
	$(AR) rcs $@ $^

build/fuzz/fuzz-%: build/fuzz/tests/fuzz/fuzz-%.o build/fuzz/libfuzz.a build/libkmod/libkmod.a
	$(CLANG) $(sanitize) -fsanitize=fuzzer -o $@ $^ -larchive -ljansson -llzma -lzstd \
		-lz -lnettle

.PHONY: check-fuzz
check-fuzz: $(fuzz_targets:%=build/fuzz/fuzz-%)
	@for target in $(fuzz_targets); do \
		ls tests/fuzz/corpus/$$target/* >/dev/null || exit 1; \
		build/fuzz/fuzz-$$target -runs=0 tests/fuzz/corpus/$$target \
			>build/fuzz/$$target.log 2>&1 || { cat build/fuzz/$$target.log; exit 1; }; \
		echo "fuzz-$$target: $$(ls tests/fuzz/corpus/$$target | wc -l) inputs replayed"; \
	done

.PHONY: fuzz
fuzz: $(fuzz_targets:%=build/fuzz/fuzz-%)
	@for target in $(fuzz_targets); do \
		mkdir -p build/fuzz/found-$$target; \
		build/fuzz/fuzz-$$target -max_total_time=$(SECONDS) -print_final_stats=1 \
			build/fuzz/found-$$target tests/fuzz/corpus/$$target || exit 1; \
	done

# --- the rest ---

.PHONY: check check-tool check-vm check-faults check-stress demo evidence bench lint format
check:
	scripts/install-deps
	$(MAKE) -s lint
	$(MAKE) -s CFLAGS='$(CFLAGS) -Werror' all
	$(MAKE) -s check-tool
	$(MAKE) -s -j2 check-unit check-fuzz
	$(MAKE) -s check-vm

check-tool: all build/faulty/pivot-kexec deb
	PYTHONPATH=$(CURDIR)/tests $(PYTHON) -m pytest -p must_work -q -p no:cacheprovider tests/tool

# machines at once
VMS = 2

check-vm: all build/faulty/pivot-kexec deb
	PYTHONPATH=$(CURDIR)/tests $(PYTHON) -m pytest -p must_work -p no:cacheprovider -n $(VMS) \
		--durations=15 --durations-min=30 tests/vm

FAULTS = 200
SEED   = 1
JOBS   = 2
JUMPS  = 50
# --quick: one kernel; scripts/bench-loading --help
BENCH  =

check-faults: build/faulty/pivot-kexec
	scripts/check-faults --faults $(FAULTS) --seed $(SEED) --jobs $(JOBS)

check-stress: all
	scripts/check-stress --jumps $(JUMPS) --seed $(SEED)

# 1: by way of a middle kernel
TWO_STAGE =

demo:
	scripts/install-deps build vm
	$(MAKE) -s all
	scripts/demo $(if $(TWO_STAGE),--two-stage)

evidence:
	scripts/install-deps build vm
	$(MAKE) -s all
	scripts/evidence

bench:
	scripts/install-deps build vm bench
	$(MAKE) -s all
	scripts/bench-loading $(BENCH)

lint:
	scripts/lint

format:
	git ls-files '*.[ch]' | xargs clang-format -i

# --- packages ---

.PHONY: install dist deb clean
completions = $(wildcard docs/completions/$(1))

install: all
	install -D -m 0755 build/pivot-kexec $(DESTDIR)$(sbindir)/pivot-kexec
	install -D -m 0644 docs/pivot-kexec.8 $(DESTDIR)$(mandir)/man8/pivot-kexec.8
	for file in $(call completions,pivot-kexec.bash); do \
		install -D -m 0644 $$file $(DESTDIR)$(bashcompdir)/pivot-kexec || exit 1; done
	for file in $(call completions,_pivot-kexec); do \
		install -D -m 0644 $$file $(DESTDIR)$(zshcompdir)/_pivot-kexec || exit 1; done
	for file in $(call completions,pivot-kexec.fish); do \
		install -D -m 0644 $$file $(DESTDIR)$(fishcompdir)/pivot-kexec.fish || exit 1; done

# what is linked into the tool, or carried in it: its licences, and where its source is
build/NOTICES: scripts/notices build/kexec build/libkmod/libkmod.a
	kexec=$(or $(KEXEC),$$(scripts/kexec-tools)) && kmod=$(or $(KMOD),$$(scripts/libkmod)) && \
		scripts/notices $(BUSYBOX) "$$kexec" "$$kmod" >$@.tmp
	mv $@.tmp $@

dist:
	scripts/dist

deb := build/deb/pivot-kexec_$(VERSION)_amd64.deb
deb: $(deb)

$(deb): build/pivot-kexec build/NOTICES scripts/deb $(wildcard packaging/debian/*) \
		README.md $(wildcard docs/*.md docs/*.8 docs/completions/*)
	kexec=$(or $(KEXEC),$$(scripts/kexec-tools)) && kmod=$(or $(KMOD),$$(scripts/libkmod)) && \
		BUSYBOX=$(BUSYBOX) KEXEC="$$kexec" KMOD="$$kmod" scripts/deb $(@D)

clean:
	rm -rf build

-include $(shell find build -type f -name '*.d' 2>/dev/null)
