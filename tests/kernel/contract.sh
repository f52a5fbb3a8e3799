#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The contract's tests, as a module.
#
# Limit: 240 2000
. ./lib.sh

"$PROGRAMS/contract" --module "$MODULES/utrace_contract.ko" \
	--programs "$PROGRAMS" --patience $((30 * SLOW)) \
	--limit $((90 * SLOW))
status=$?
# They leave the facility down: the next test is to find it as it is loaded.
unload utrace
exit $status
