# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash
#
# For the tests in this directory, which run in a virtual machine: each is a
# file NAME.sh that sources this, calls ok, not_ok, skip or judge for each thing
# that it looked at, and ends with tap_done.
#
#	. ./lib.sh
#
# What a test needs is told in comments of its own, in this form:
#
#	# Needs: strace gdb		programs of this system
#	# Files: build/utrace		of the tree, to be in /vm/tree/
#	# Limit: 60 600			seconds at most, and with FULL=1
#	# Kernels: 6.1 debug-*		where it makes sense; everywhere
#
# It runs with the module loaded, as root, in a session of its own, in a
# directory of its own with this file alone.  What it leaves running is a failure, and
# killed; a module that it unloads is loaded again.  So is it a failure if the module
# missed something, at the end or when it was unloaded.  The shell is busybox's.
#
#	$PROGRAMS	the traced programs, and those of tests/kernel/programs/
#	$MODULES	the modules, as .ko files
#	$KERNEL		the kernel's name, as in tools/vm/common.sh
#	$FULL		1: all rounds; else empty
#	$SEED		for what is chosen at random
#	$SLOW		how many times slower than usual this kernel is

tap_count=0
tap_bad=0

diag() {
	sed 's/^/#   /'
}

ok() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1"
}

# not_ok NAME [TEXT]
not_ok() {
	tap_count=$((tap_count + 1))
	tap_bad=$((tap_bad + 1))
	echo "not ok $tap_count - $1"
	[ -z "${2-}" ] || echo "$2" | diag
}

# skip NAME REASON
skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# judge NAME TEXT: ok if there is nothing to say
judge() {
	if [ -z "$2" ]; then
		ok "$1"
	else
		not_ok "$1" "$2"
	fi
}

# check NAME COMMAND...: ok if it succeeds, else with what it said
check() {
	_name=$1
	shift
	if _said=$("$@" 2>&1); then
		ok "$_name"
	else
		not_ok "$_name" "exit status $?: $*
$_said"
	fi
}

tap_done() {
	echo "1..$tap_count"
	[ "$tap_bad" -eq 0 ]
	exit
}

# within SECONDS COMMAND...: true as soon as the command succeeds; false when
# the time, which is longer on a slow kernel, is over
within() {
	_left=$(($1 * SLOW * 10))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ $_left -gt 0 ] || return 1
		_left=$((_left - 1))
		sleep 0.1
	done
}

# loaded MODULE
loaded() {
	[ -d "/sys/module/$1" ]
}

# load MODULE [NAME=VALUE...]
load() {
	_module=$1
	shift
	insmod "$MODULES/$_module.ko" "$@"
}

# missed: what the module says that it could not report; nothing, as it should be
missed() {
	! loaded utrace || awk '/^missed / { known = 1 }
		/^missed [^0]/
		END { if (!known) print "missed: it does not say what" }' \
		/sys/kernel/debug/utrace/status 2>&1
}

# unload MODULE.  What it missed is gone then, and kept for the end of the test.
unload() {
	[ "$1" != utrace ] || missed >>/run/missed
	rmmod "$1"
}

# state_of PID: the letter that ps shows
state_of() {
	sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null
}
