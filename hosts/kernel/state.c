// SPDX-License-Identifier: GPL-2.0-only
/* The state of threads: calls of <utrace/state.h>, and kernel ones for modules. */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/regset.h>

#include "kernel_host.h"
