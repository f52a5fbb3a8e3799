/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * The name under which modules include the interface: see <utrace/utrace.h>.
 */
#ifndef _LINUX_UTRACE_H
#define _LINUX_UTRACE_H

#include <linux/ptrace.h>
#include <linux/regset.h>
#include <asm/syscall.h>

#include <utrace/utrace.h>

#endif /* _LINUX_UTRACE_H */
