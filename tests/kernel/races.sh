#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Calls of utrace against what threads do meanwhile: see programs/races.c.
#
# Limit: 90 1200
. ./lib.sh

load taps || exit
# shellcheck disable=SC2086 # none, or one; names of tests
"$PROGRAMS/races" ${FULL:+--full} "$SEED" ${ARGS-}
status=$?
dmesg | grep 'taps: wrong' | diag
unload taps
exit $status
