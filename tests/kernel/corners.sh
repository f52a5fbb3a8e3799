#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the kernel has beside ptrace that meets a traced thread.
#
# Limit: 90 180
. ./lib.sh

load taps || exit

# corner NAME TEXT
corner() {
	judge "$2" "$("$PROGRAMS/corners" "$1" 2>&1)"
}

corner seccomp 'SYS-3: filters of system calls, and calls that are not made'
corner ignored-in-sandbox 'INV-1: an ignored signal in a sandbox'
corner dispatch 'SYS-1 SYS-3 INV-1: calls that a program has dispatched to itself'
corner timers 'INV-1: a timer whose signal is ignored goes on'
corner freezer-v2 'REP-6 INV-1: stops and the freezer of control groups'
corner freezer-v1 'REP-6 INV-1: stops and the freezer of old'
corner cores 'SIG-1 SIG-5 SIG-13: cores of programs with threads'
corner forced-stop 'SIG-5: a stop that an engine makes of a signal'

# thirty_two NAME HOW...
thirty_two() {
	_name=$1
	shift
	"$@" "$PROGRAMS/calls32"
	_status=$?
	judge "$_name" "$([ $_status -eq 7 ] || echo "exit status $_status")"
}

thirty_two 'a program of 32 bits, untraced' env
thirty_two 'INV-1: a program of 32 bits' "$PROGRAMS/tapped"
thirty_two 'CTL-7 SIG-14: a program of 32 bits, in single steps' \
	"$PROGRAMS/tapped" -s
corner io-uring 'INV-1 CTL-5: reports to one that waits for a ring'
corner uprobe 'CTL-3 CTL-5 CTL-6: reports of one that steps over a uprobe'
corner debuggers 'STA-3 SIG-14: a tracer that steps, beside engines that do'
corner emulator 'STA-3 SYS-1: a tracer that emulates calls'
corner held-and-traced 'STA-3 REP-6 KIL-1: a tracer of one that an engine holds'
corner audit 'INV-1: audit of a traced thread, and after it'
corner ignored-too-many 'INV-1: more ignored signals than are kept are counted'
judge 'no callback came that may not come' "$(dmesg | grep 'taps: wrong')"
check 'the engines go' unload taps
# What it missed, as it was to, goes with it.
check 'the module goes' rmmod utrace
tap_done
