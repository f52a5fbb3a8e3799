// SPDX-License-Identifier: GPL-2.0-only
/* What the core offers to other modules. */
#include <linux/export.h>

#include <linux/utrace.h>

EXPORT_SYMBOL_GPL(utrace_attach_task);
EXPORT_SYMBOL_GPL(utrace_attach_pid);
EXPORT_SYMBOL_GPL(utrace_control);
EXPORT_SYMBOL_GPL(utrace_control_pid);
EXPORT_SYMBOL_GPL(utrace_set_events);
EXPORT_SYMBOL_GPL(utrace_set_events_pid);
EXPORT_SYMBOL_GPL(utrace_barrier);
EXPORT_SYMBOL_GPL(utrace_barrier_pid);
EXPORT_SYMBOL_GPL(utrace_prepare_examine);
EXPORT_SYMBOL_GPL(utrace_finish_examine);
EXPORT_SYMBOL_GPL(utrace_engine_get);
EXPORT_SYMBOL_GPL(utrace_engine_put);
EXPORT_SYMBOL_GPL(__utrace_engine_release);
EXPORT_SYMBOL_GPL(utrace_engine_refused);
EXPORT_SYMBOL_GPL(utrace_set_syscalls);
EXPORT_SYMBOL_GPL(utrace_syscall_set_new);
EXPORT_SYMBOL_GPL(utrace_syscall_set_free);
EXPORT_SYMBOL_GPL(utrace_syscall_set_add);
EXPORT_SYMBOL_GPL(task_utrace_flags);
