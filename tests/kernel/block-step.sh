#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The contract's tests of steps, on a machine that steps taken branches.
#
# Limit: 60 600
. ./lib.sh

insmod "$MODULES/block_step.ko" || exit 1
"$PROGRAMS/contract" --module "$MODULES/utrace_contract.ko" \
	--programs "$PROGRAMS" --patience $((30 * SLOW)) \
	--limit $((90 * SLOW)) --only CTL-7 --only REP-5 --only SIG-3 \
	--only SIG-14
status=$?
if [ "$(cat /sys/module/block_step/parameters/count)" = 0 ]; then
	echo '# no thread stepped branches'
	status=1
fi
rmmod block_step
# They leave the facility down: the next test is to find it as it is loaded.
unload utrace
exit $status
