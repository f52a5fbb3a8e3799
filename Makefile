# SPDX-License-Identifier: LGPL-2.1-or-later
#
# utrace: the library, the command, its engines, and the tests.
#
#	make			library, command, engines
#	make demo		three engines on one real program
#	make check		every check, in less than 20 minutes on two CPUs
#	make check-quick	the short ones, in less than a minute
#	make check-long		full rounds and mutations; goes on where it ended
#	make install		DESTDIR, prefix, libdir, mandir, ...
#	make module		the kernel module, in build/kernel/RELEASE/
#	make install-module	DESTDIR
#	make install-dkms	the source of the module, for DKMS; DESTDIR
#	make demo-kernel	three engines in a kernel, in a virtual machine
#	make check-kernel	the kernel's tests, in virtual machines
#	make debug-kernel	a kernel that checks itself, for these
#	make bench		what a traced system call costs, beside strace
#	make bench-kernel	what it costs in a kernel, in a virtual machine
#	make deps		install what is missing (Debian, as root)
#	make clean
#
#	V=1		show commands
#	WERROR=0	warnings are no errors
#	SAN=thread, SAN=address,undefined
#			the same with a sanitizer, in build/tsan or build/asan
#	SEED=N		repeat a random test (check, check-long)
#	KERNEL_HEADERS=DIR
#			the kernel that modules are built for; the running one
#	KERNELS='6.1 debug-6.12'
#			check-kernel, debug-kernel, bench-kernel: these kernels
#	KERNEL=6.12	demo-kernel: this kernel
#	FULL=1		check-kernel: all rounds
#	KCSAN=1		debug-kernel: the one with KCSAN

VERSION := 0.1.0
SOVERSION := 0

# ---- what is built where ----------------------------------------------------

SAN ?=
ifeq ($(SAN),)
BUILD ?= build
else ifeq ($(SAN),thread)
BUILD ?= build/tsan
else
BUILD ?= build/asan
endif
OBJ := $(BUILD)/obj

prefix ?= /usr/local
bindir ?= $(prefix)/bin
libdir ?= $(prefix)/lib
includedir ?= $(prefix)/include
datadir ?= $(prefix)/share
mandir ?= $(datadir)/man
docdir ?= $(datadir)/doc/utrace
enginedir ?= $(libdir)/utrace/engines
pkgconfigdir ?= $(libdir)/pkgconfig
bashcompdir ?= $(datadir)/bash-completion/completions
zshcompdir ?= $(datadir)/zsh/site-functions
fishcompdir ?= $(datadir)/fish/vendor_completions.d
DESTDIR ?=
INSTALL ?= install

ifeq ($(origin CC),default)
CC := gcc
endif
OBJCOPY ?= objcopy

CFLAGS ?= -O2 -g
WERROR ?= 1
V ?= 0

WARN := -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes
ifneq ($(WERROR),0)
WARN += -Werror
endif
ifneq ($(SAN),)
SANFLAGS := -fsanitize=$(SAN) -fno-omit-frame-pointer \
	    $(if $(findstring undefined,$(SAN)),-fno-sanitize-recover=undefined)
# A library with undefined symbols is the usual thing with a sanitizer.
else
NOUNDEF := -Wl,-z,defs
endif

# What comes from the user last, so that it wins.
STD := -std=gnu11 -D_GNU_SOURCE
ALL_CFLAGS = $(STD) -pthread $(WARN) $(SANFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pthread $(SANFLAGS) $(LDFLAGS)
DEPFLAGS = -MMD -MP -MF $(@:.o=.d)
SECCOMP_LIBS ?= -lseccomp

ifeq ($(V),0)
Q := @
say = @$(if $(findstring s,$(filter-out -%,$(firstword $(MAKEFLAGS)))),:,printf '  %-7s %s\n' $(1) $(2))
else
Q :=
say = @:
endif

# ---- sources ----------------------------------------------------------------

HEADERS := $(wildcard include/utrace/*.h)

CORE_SRC := $(wildcard core/*.c core/port/user/*.c)
HOST_SRC := $(wildcard hosts/ptrace/*.c hosts/ptrace/x86_64/*.c \
		       hosts/ptrace/x86_64/*.S)
CLI_SRC := $(wildcard cli/*.c)
ENGINE_COMMON_SRC := $(wildcard engines/common/*.c)
ENGINES := $(filter-out common,$(sort \
	$(patsubst engines/%/,%,$(dir $(wildcard engines/*/*.c)))))
CONTRACT_USER_SRC := $(wildcard tests/contract/user/*.c)
CONTRACT_SRC := $(wildcard tests/contract/*.c) $(CONTRACT_USER_SRC)
STRESS_SRC := $(wildcard tests/stress/*.c)
# The sample engine that is a kernel module too
TRANSCRIPT_SRC := samples/transcript/engine.c samples/transcript/program.c
PROGRAM_SRC := $(wildcard tests/programs/*.c)
# Those of 32 bits, without a C library
PROGRAM32_SRC := $(wildcard tests/programs32/*.c)
# What runs beside the kernel module, in the virtual machine
KERNEL_PROGRAM_SRC := $(wildcard tests/kernel/programs/*.c)
KERNEL_PROGRAM32_SRC := $(wildcard tests/kernel/programs32/*.c)

obj = $(patsubst %,$(OBJ)/%.o,$(basename $(1)))

CORE_OBJ := $(call obj,$(CORE_SRC))
HOST_OBJ := $(call obj,$(HOST_SRC))
LIB_OBJ := $(CORE_OBJ) $(HOST_OBJ)
CLI_OBJ := $(call obj,$(CLI_SRC))
CLI_INST_OBJ := $(patsubst cli/%.c,$(OBJ)/install/cli/%.o,$(CLI_SRC))
ENGINE_COMMON_OBJ := $(call obj,$(ENGINE_COMMON_SRC))
ENGINE_SRC := $(foreach e,$(ENGINES),$(wildcard engines/$(e)/*.c))
ENGINE_OBJ := $(call obj,$(ENGINE_SRC))
CONTRACT_OBJ := $(call obj,$(CONTRACT_SRC))
DRIVER_OBJ := $(call obj,tests/contract/kernel/driver.c $(CONTRACT_USER_SRC))
STRESS_OBJ := $(call obj,$(STRESS_SRC))
TRANSCRIPT_OBJ := $(call obj,$(TRANSCRIPT_SRC))

SHLIB := $(BUILD)/libutrace.so.$(SOVERSION)
DEVLIB := $(BUILD)/libutrace.so
ARLIB := $(BUILD)/libutrace.a
COMMAND := $(BUILD)/utrace
ENGINE_SO := $(ENGINES:%=$(BUILD)/engines/%.so)
PROGRAMS := $(PROGRAM_SRC:tests/programs/%.c=$(BUILD)/tests/programs/%) \
	$(PROGRAM32_SRC:tests/programs32/%.c=$(BUILD)/tests/programs/%)
KERNEL_PROGRAMS := \
	$(KERNEL_PROGRAM_SRC:tests/kernel/programs/%.c=$(BUILD)/tests/kernel/%) \
	$(KERNEL_PROGRAM32_SRC:tests/kernel/programs32/%.c=$(BUILD)/tests/kernel/%) \
	$(BUILD)/tests/kernel/contract

ALL := $(if $(LIB_OBJ),$(SHLIB) $(DEVLIB) $(ARLIB) \
	$(if $(CLI_SRC),$(COMMAND)) $(ENGINE_SO))
TESTS := $(PROGRAMS) $(KERNEL_PROGRAMS) $(if $(LIB_OBJ), \
	$(if $(CONTRACT_SRC),$(BUILD)/tests/contract) \
	$(if $(STRESS_SRC),$(BUILD)/tests/stress) $(BUILD)/tests/embed \
	$(BUILD)/samples/transcript)
# contain accounts for processes; caps prints the host's capability table.
TOOLS := $(BUILD)/tools/contain $(if $(LIB_OBJ),$(BUILD)/tools/caps)

.PHONY: all tests tools
all: $(ALL)
tests: $(TESTS)
tools: $(TOOLS)

# ---- compiling --------------------------------------------------------------

# What each part may see.  The core has no host's directory in its path, an
# engine and a test of the contract have the public headers alone.
$(CORE_OBJ): PART := -Icore -Icore/port/user -fPIC -fvisibility=hidden
$(HOST_OBJ): PART := -Ihosts/ptrace -Icore -Icore/port/user -fPIC \
		     -fvisibility=hidden
# It runs where there is neither a C library nor a sanitizer.
$(OBJ)/hosts/ptrace/guardian.o: LAST := -ffreestanding -fno-sanitize=all \
	-fno-stack-protector -fno-tree-loop-distribute-patterns
$(ENGINE_COMMON_OBJ): PART := -Iengines/common -fPIC -fvisibility=hidden
$(ENGINE_OBJ): PART := -Iengines/common -fPIC -fvisibility=hidden
$(CLI_OBJ): PART := -DUTRACE_VERSION='"$(VERSION)"' \
		    -DENGINE_DIR='"$(abspath $(BUILD)/engines)"'
$(CLI_INST_OBJ): PART := -DUTRACE_VERSION='"$(VERSION)"' \
			 -DENGINE_DIR='"$(enginedir)"'

# Files that hold the flags, and change only when the flags do.
define keep_text
	@mkdir -p $(@D)
	@printf '%s\n' $(1) | cmp -s - $@ || printf '%s\n' $(1) >$@
endef
quote = '$(subst ','\'',$(1))'

$(BUILD)/flags: FORCE
	$(call keep_text,$(call quote,$(CC) $(ALL_CFLAGS) / $(CPPFLAGS) / \
		$(ALL_LDFLAGS) / $(LDLIBS) / $(VERSION)))
$(BUILD)/flags-install: FORCE
	$(call keep_text,$(call quote,$(enginedir) $(libdir)))

# The list of objects, so that a source that goes away is noticed.
$(BUILD)/objects: FORCE
	$(call keep_text,$(call quote,$(LIB_OBJ) / $(CLI_OBJ) / $(ENGINE_OBJ) \
		$(ENGINE_COMMON_OBJ) / $(CONTRACT_OBJ) / $(STRESS_OBJ) / \
		$(TRANSCRIPT_OBJ)))

$(OBJ)/%.o: %.c $(BUILD)/flags
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Iinclude $(PART) $(ALL_CFLAGS) $(LAST) \
		$(DEPFLAGS) -c -o $@ $<

$(OBJ)/%.o: %.S $(BUILD)/flags
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Iinclude $(PART) $(ALL_CFLAGS) $(DEPFLAGS) \
		-c -o $@ $<

$(OBJ)/install/cli/%.o: cli/%.c $(BUILD)/flags $(BUILD)/flags-install
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Iinclude $(PART) $(ALL_CFLAGS) $(DEPFLAGS) \
		-c -o $@ $<

# ---- the library ------------------------------------------------------------

$(SHLIB): $(LIB_OBJ) packaging/libutrace.map $(BUILD)/objects
	$(call say,LD,$@)
	$(Q)$(CC) -shared -Wl,-soname,$(@F) \
		-Wl,--version-script=packaging/libutrace.map $(NOUNDEF) \
		$(ALL_LDFLAGS) -o $@ $(LIB_OBJ) $(LDLIBS) $(SECCOMP_LIBS)

$(DEVLIB): $(SHLIB)
	$(Q)ln -sfn $(<F) $@

# One object in the archive, so that what is hidden in the shared library is
# local here, and names no symbol of somebody's program.
$(OBJ)/libutrace.o: $(LIB_OBJ) $(BUILD)/objects
	$(call say,LD,$@)
	$(Q)$(LD) -r -o $@.tmp $(LIB_OBJ)
	$(Q)$(OBJCOPY) --localize-hidden $@.tmp $@
	@rm -f $@.tmp

$(ARLIB): $(OBJ)/libutrace.o
	$(call say,AR,$@)
	@rm -f $@
	$(Q)$(AR) rcs $@ $<

# ---- command and engines ----------------------------------------------------

$(COMMAND): $(CLI_OBJ) $(DEVLIB) $(BUILD)/objects
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -Wl,-rpath,'$$ORIGIN' -o $@ $(CLI_OBJ) \
		-L$(BUILD) -lutrace $(LDLIBS) -ldl

# Found by the dynamic linker without help: no run path then.
SYSTEM_LIBDIRS := /lib /usr/lib /lib64 /usr/lib64 /lib/x86_64-linux-gnu \
		  /usr/lib/x86_64-linux-gnu
INSTALL_RPATH ?= $(if $(filter $(SYSTEM_LIBDIRS),$(libdir)),,$(libdir))

$(BUILD)/install/utrace: $(CLI_INST_OBJ) $(DEVLIB) $(BUILD)/flags-install \
			 $(BUILD)/objects
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) \
		$(if $(INSTALL_RPATH),-Wl$(comma)-rpath$(comma)$(INSTALL_RPATH)) \
		-o $@ $(CLI_INST_OBJ) -L$(BUILD) -lutrace $(LDLIBS) -ldl
comma := ,

# The command has loaded the library already when it loads an engine, so that
# an engine needs no run path.
define engine
$(BUILD)/engines/$(1).so: $(call obj,$(wildcard engines/$(1)/*.c)) \
			  $(ENGINE_COMMON_OBJ) $(DEVLIB) $(BUILD)/objects
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) -shared $$(NOUNDEF) $$(ALL_LDFLAGS) -o $$@ \
		$$(filter %.o,$$^) -L$$(BUILD) -lutrace $$(LDLIBS) \
		$$(SECCOMP_LIBS)
endef
$(foreach e,$(ENGINES),$(eval $(call engine,$(e))))

# ---- tests ------------------------------------------------------------------

# The test sees each request that the library makes, and may be killed at any.
SEE_PTRACE := -Wl,--wrap=ptrace

$(BUILD)/tests/contract: $(CONTRACT_OBJ) $(ARLIB) $(BUILD)/objects
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) $(SEE_PTRACE) -o $@ $(CONTRACT_OBJ) $(ARLIB) \
		$(LDLIBS) $(SECCOMP_LIBS)

$(BUILD)/tests/stress: $(STRESS_OBJ) $(ARLIB) $(BUILD)/objects
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) $(SEE_PTRACE) -o $@ $(STRESS_OBJ) $(ARLIB) \
		$(LDLIBS) $(SECCOMP_LIBS)

$(BUILD)/samples/transcript: $(TRANSCRIPT_OBJ) $(ARLIB) $(BUILD)/objects
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(TRANSCRIPT_OBJ) $(ARLIB) $(LDLIBS) \
		$(SECCOMP_LIBS)

# It loads the shared library itself.
$(BUILD)/tests/embed: $(OBJ)/tests/embed/embed.o $(SHLIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(LDLIBS) -ldl

# The traced programs know nothing of the library, and have no sanitizer.
$(BUILD)/tests/programs/%: tests/programs/%.c $(BUILD)/flags
	$(call say,CC,$@)
	@mkdir -p $(@D) $(OBJ)/tests/programs
	$(Q)$(CC) $(CPPFLAGS) $(STD) -pthread $(WARN) $(CFLAGS) \
		-MMD -MP -MF $(OBJ)/tests/programs/$*.d $(LDFLAGS) -o $@ $<

$(BUILD)/tests/kernel/%: tests/kernel/programs/%.c $(BUILD)/flags
	$(call say,CC,$@)
	@mkdir -p $(@D) $(OBJ)/tests/kernel
	$(Q)$(CC) $(CPPFLAGS) -Itests/programs $(STD) -pthread $(WARN) $(CFLAGS) \
		-MMD -MP -MF $(OBJ)/tests/kernel/$*.d $(LDFLAGS) -o $@ $<

define compile32
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -m32 -std=gnu11 $(WARN) -O2 -g -ffreestanding -fno-pie \
		-fno-stack-protector -fno-tree-loop-distribute-patterns \
		-nostdlib -static -no-pie -Itests/programs32 -o $@ $<
endef
$(BUILD)/tests/programs/%: tests/programs32/%.c tests/programs32/i386.h \
			   $(BUILD)/flags
	$(compile32)
$(BUILD)/tests/kernel/%: tests/kernel/programs32/%.c tests/programs32/i386.h \
			 $(BUILD)/flags
	$(compile32)

# Drives the test module, which is built with the others.
$(BUILD)/tests/kernel/contract: $(DRIVER_OBJ)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/tools/contain: $(OBJ)/tools/contain.o
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $<

$(BUILD)/tools/caps: $(OBJ)/tools/caps.o $(ARLIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS) $(SECCOMP_LIBS)

-include $(patsubst %.o,%.d,$(LIB_OBJ) $(CLI_OBJ) $(CLI_INST_OBJ) \
	$(ENGINE_OBJ) $(ENGINE_COMMON_OBJ) $(CONTRACT_OBJ) $(DRIVER_OBJ) $(STRESS_OBJ) \
	$(TRANSCRIPT_OBJ)) \
	$(PROGRAM_SRC:tests/programs/%.c=$(OBJ)/tests/programs/%.d) \
	$(KERNEL_PROGRAM_SRC:tests/kernel/programs/%.c=$(OBJ)/tests/kernel/%.d) \
	$(OBJ)/tools/contain.d $(OBJ)/tools/caps.d $(OBJ)/tests/embed/embed.d

# ---- the kernel module -------------------------------------------------------

# tools/build-modules knows the sources, and Kbuild what has changed.
KERNEL_HEADERS ?= /lib/modules/$(shell uname -r)/build
KERNEL_RELEASE = $(shell tools/build-modules --release '$(KERNEL_HEADERS)')
MODULE_DIR = $(BUILD)/kernel/$(KERNEL_RELEASE)
export WERROR V

.PHONY: module install-module
module:
	@BUILD='$(BUILD)' tools/build-modules '$(KERNEL_HEADERS)' utrace

# What it is installed as is what was built before.
install-module:
	@test -e '$(MODULE_DIR)/utrace.ko' || \
		{ echo 'build it before, with make module' >&2; exit 1; }
	$(INSTALL) -d '$(DESTDIR)/lib/modules/$(KERNEL_RELEASE)/updates'
	$(INSTALL) -m 644 '$(MODULE_DIR)/utrace.ko' \
		'$(DESTDIR)/lib/modules/$(KERNEL_RELEASE)/updates'
	$(if $(DESTDIR),,depmod '$(KERNEL_RELEASE)')

# For "dkms add utrace/$(VERSION)": no file that went away may stay.
DKMS_TREE = $(DESTDIR)/usr/src/utrace-$(VERSION)

.PHONY: install-dkms
install-dkms:
	rm -rf '$(DKMS_TREE)'
	tools/build-modules --tree '$(DKMS_TREE)'
	sed 's|@version@|$(VERSION)|' packaging/dkms/dkms.conf.in \
		>'$(DKMS_TREE)/dkms.conf'
	$(INSTALL) -m 755 packaging/dkms/keep-symvers '$(DKMS_TREE)'

# ---- checks -----------------------------------------------------------------

# The checks build what they test, so that a build that fails is a check that
# fails; see tools/check for the list.
.PHONY: check check-quick check-long check-kernel debug-kernel bench \
	bench-kernel demo demo-kernel deps
check:
	@tools/deps all
	+@MAKE='$(MAKE)' tools/check full
check-quick:
	+@MAKE='$(MAKE)' tools/check quick
check-long:
	+@MAKE='$(MAKE)' tools/check-long

# A debugging kernel, and all rounds, take longer.
KERNELS ?=
check-kernel:
	@KERNELS='$(KERNELS)' tools/deps check-kernel
	+@$(MAKE) --no-print-directory all tests tools
	+@MAKE='$(MAKE)' KERNELS='$(KERNELS)' FULL='$(FULL)' \
		KERNEL_SECONDS=$(if $(KERNELS)$(FULL),7200,480) \
		tools/check kernel
debug-kernel:
	@tools/deps debug-kernel
	@KCSAN='$(KCSAN)' tools/vm/debug-kernel $(KERNELS)

bench:
	@tools/deps bench
	+@$(MAKE) --no-print-directory all
	@BUILD='$(abspath $(BUILD))' bench/run
bench-kernel:
	@KERNELS='$(KERNELS)' tools/deps bench-kernel
	@KERNELS='$(KERNELS)' BUILD='$(BUILD)' bench/kernel/run

deps:
	@tools/deps all

demo:
	@tools/deps demo
	+@$(MAKE) --no-print-directory all tests
	@if test -x demo/run; then exec demo/run; \
	else echo 'make demo: there is no demo/run yet' >&2; exit 1; fi

KERNEL ?=
demo-kernel:
	@KERNEL='$(KERNEL)' tools/deps demo-kernel
	@KERNEL='$(KERNEL)' BUILD='$(BUILD)' demo/kernel/run

# ---- installing -------------------------------------------------------------

MAN1 := $(wildcard docs/*.1 docs/man/*.1)
MAN3 := $(wildcard docs/*.3 docs/man/*.3)
COMPLETIONS := packaging/completions

$(BUILD)/install/utrace.pc: packaging/utrace.pc.in FORCE
	@mkdir -p $(@D)
	@sed -e 's|@prefix@|$(prefix)|' -e 's|@libdir@|$(libdir)|' \
		-e 's|@includedir@|$(includedir)|' \
		-e 's|@enginedir@|$(enginedir)|' \
		-e 's|@version@|$(VERSION)|' $< >$@

install_dir = $(INSTALL) -d '$(DESTDIR)$(1)'
install_data = $(if $(strip $(1)),$(call install_dir,$(2)) && \
	$(INSTALL) -m 644 $(1) '$(DESTDIR)$(2)',:)

.PHONY: install uninstall clean FORCE
install: $(ALL) $(BUILD)/install/utrace.pc \
	 $(if $(CLI_SRC),$(BUILD)/install/utrace)
	$(call install_data,$(HEADERS),$(includedir)/utrace)
	$(call install_dir,$(libdir))
	$(INSTALL) -m 755 $(SHLIB) '$(DESTDIR)$(libdir)'
	ln -sfn $(notdir $(SHLIB)) '$(DESTDIR)$(libdir)/$(notdir $(DEVLIB))'
	$(INSTALL) -m 644 $(ARLIB) '$(DESTDIR)$(libdir)'
	$(call install_data,$(BUILD)/install/utrace.pc,$(pkgconfigdir))
ifneq ($(CLI_SRC),)
	$(call install_dir,$(bindir))
	$(INSTALL) -m 755 $(BUILD)/install/utrace '$(DESTDIR)$(bindir)'
endif
	$(call install_data,$(ENGINE_SO),$(enginedir))
	$(call install_data,$(MAN1),$(mandir)/man1)
	$(call install_data,$(MAN3),$(mandir)/man3)
	$(call install_data,$(wildcard docs/*.md README.md),$(docdir))
	$(call install_data,$(wildcard docs/examples/*.c),$(docdir)/examples)
ifneq ($(wildcard $(COMPLETIONS)/utrace.bash),)
	$(call install_dir,$(bashcompdir))
	$(INSTALL) -m 644 $(COMPLETIONS)/utrace.bash \
		'$(DESTDIR)$(bashcompdir)/utrace'
endif
	$(call install_data,$(wildcard $(COMPLETIONS)/_utrace),$(zshcompdir))
	$(call install_data,$(wildcard $(COMPLETIONS)/utrace.fish),$(fishcompdir))

uninstall:
	rm -rf '$(DESTDIR)$(includedir)/utrace' '$(DESTDIR)$(enginedir)' \
		'$(DESTDIR)$(docdir)'
	-rmdir '$(DESTDIR)$(libdir)/utrace'
	rm -f '$(DESTDIR)$(libdir)/$(notdir $(SHLIB))' \
		'$(DESTDIR)$(libdir)/$(notdir $(DEVLIB))' \
		'$(DESTDIR)$(libdir)/$(notdir $(ARLIB))' \
		'$(DESTDIR)$(pkgconfigdir)/utrace.pc' \
		'$(DESTDIR)$(bindir)/utrace' \
		'$(DESTDIR)$(bashcompdir)/utrace' \
		'$(DESTDIR)$(zshcompdir)/_utrace' \
		'$(DESTDIR)$(fishcompdir)/utrace.fish' \
		$(foreach m,$(MAN1),'$(DESTDIR)$(mandir)/man1/$(notdir $(m))') \
		$(foreach m,$(MAN3),'$(DESTDIR)$(mandir)/man3/$(notdir $(m))')

clean:
	rm -rf $(BUILD)

FORCE:
.DELETE_ON_ERROR:
.SUFFIXES:
