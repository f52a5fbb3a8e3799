#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The module is unloaded in each state that a traced thread can be in for long.
#
# Limit: 90
. ./lib.sh

loaded utrace && unload utrace
exec "$PROGRAMS/unload_states" "$MODULES/utrace.ko" "$MODULES/taps.ko"
