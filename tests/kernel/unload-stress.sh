#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The module is loaded and unloaded while processes do all kinds of things with
# engines attached to them.  How many rounds that are in the time is printed, and
# what they are in all, at the end.
#
#	FULL=1 ARGS=3600 tools/check-kernel unload-stress
#			for an hour, and not for five minutes: thousands of rounds
#
# Limit: 90 7000
. ./lib.sh

rounds=0

# under SECONDS SEED [KIND...]
under() {
	_seconds=$1
	_seed=$2
	shift 2
	{
		_status=0
		"$PROGRAMS/unload" "$_seconds" "$_seed" "$MODULES/utrace.ko" \
			"$MODULES/taps.ko" "$@" || _status=$?
		echo $_status >status
	} | tee said
	_status=$(cat status)
	_rounds=$(sed -n 's/^# \([0-9]*\) rounds,.*/\1/p' said)
	rounds=$((rounds + ${_rounds:-0}))
	judge "STA-2 INV-1: unloading is seen by nobody: ${*:-everything}, seed $_seed" \
		"$([ "$_status" = 0 ] || echo "exit status $_status")"
}

loaded utrace && unload utrace
under 8 "$SEED"
if [ -n "$FULL" ]; then
	# few at a time make for more rounds
	end=$(($(cut -d. -f1 /proc/uptime) + ${ARGS:-300}))
	n=0
	# shellcheck disable=SC2154 # of lib.sh
	while [ "$(cut -d. -f1 /proc/uptime)" -lt $end ] &&
	      [ "$tap_bad" -eq 0 ]; do
		n=$((n + 1))
		under 30 $((SEED + n)) some
	done
else
	under 3 $((SEED + 1)) some
fi
judge 'no callback came that may not come' "$(dmesg | grep 'taps: wrong')"
if ! loaded utrace; then
	check 'nothing is hooked when it is gone' \
		sh -c '! grep -q utrace /sys/kernel/tracing/enabled_functions'
fi
echo "# $rounds rounds in all"
tap_done
