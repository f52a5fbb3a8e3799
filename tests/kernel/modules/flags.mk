# SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
#
# Headers that modules here share with the programs that talk to them.
ccflags-y += -I$(OWN_DIR)
