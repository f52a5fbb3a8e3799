# SPDX-License-Identifier: GPL-2.0-only
ldflags-y += -T $(OWN_DIR)/contract.lds
# Nobody clears what a function that is never returned from has poisoned.
CFLAGS_KASAN += --param asan-stack=0
