# SPDX-License-Identifier: GPL-2.0-only
#
# The callback of the hooks must not come to itself.
ccflags-remove-y += $(CC_FLAGS_FTRACE)

# The names of system calls, for names.c
unistd = $(objtree)/arch/x86/include/generated/uapi/asm/unistd_$(1).h
entries = sed -n 's/^.define __NR_\([a-z0-9_]*\) \([0-9]*\)$$/{ $(2), \2, "\1" },/p' $(1)
quiet_cmd_syscall_names = NAMES   $@
cmd_syscall_names = { $(call entries,$(call unistd,64),UTRACE_ABI_X86_64); \
		      $(call entries,$(call unistd,32),UTRACE_ABI_I386); } >$@

targets += hosts/kernel/syscall_names.h
$(obj)/hosts/kernel/syscall_names.h: $(call unistd,64) $(call unistd,32) FORCE
	$(call if_changed,syscall_names)
$(obj)/hosts/kernel/names.o: $(obj)/hosts/kernel/syscall_names.h
CFLAGS_hosts/kernel/names.o := -I$(obj)/hosts/kernel
