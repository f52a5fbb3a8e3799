#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The machine is what the other tests take it for.
#
# Limit: 20
. ./lib.sh

echo "# $(cat /proc/version)"
echo "# $(grep -c ^processor /proc/cpuinfo) processors, SEED=$SEED FULL=$FULL"

judge 'more than one processor' \
	"$([ "$(grep -c ^processor /proc/cpuinfo)" -gt 1 ] || echo 'one')"
judge 'the test is root' "$([ "$(id -u)" = 0 ] || id)"
judge 'symbols have addresses' \
	"$(grep -q '^f.* do_exit$' /proc/kallsyms || grep do_exit /proc/kallsyms)"
check 'functions can be traced' [ -e /sys/kernel/tracing/enabled_functions ]
check 'there is memory to write to' dd if=/dev/zero of=zeros bs=1M count=8

if [ -e "$MODULES/utrace.ko" ]; then
	check 'the module is loaded' loaded utrace
	check 'it is unloaded' unload utrace
	check 'it is loaded again' load utrace
	check 'it says what it does not keep' load caps
	# tools/check-ids reads it.
	dmesg | sed -n 's/^.*\] caps: /# /p'
	unload caps
else
	skip 'the module is loaded' 'there is no utrace.ko'
fi

case $KERNEL in
debug-*)
	check 'lockdep is on' \
		grep -q 'debug_locks: *1' /proc/lockdep_stats
	;;
esac
tap_done
