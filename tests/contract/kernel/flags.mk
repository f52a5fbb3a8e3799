# SPDX-License-Identifier: GPL-2.0-only
ldflags-y += -T $(OWN_DIR)/contract.lds
