#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# One engine, compiled for the library and for the kernel, tells the same of the
# same program on the same machine.
#
# Files: build/samples/transcript
# Limit: 60 400
. ./lib.sh

files=/sys/kernel/debug/utrace-transcript
library=/vm/tree/build/samples/transcript

# all_told: nobody is left who could tell more
all_told() {
	[ "$(cat $files/alive)" = 0 ]
}

# tell MODE NAME: the transcripts NAME.kernel and NAME.library
tell() {
	"$library" "$2.library" "$PROGRAMS/tell" "$1"
	status_library=$?
	"$PROGRAMS/launch" $files/begin "$PROGRAMS/tell" "$1"
	status_kernel=$?
	within 5 all_told
	cat $files/text >"$2.kernel"
}

# by_thread FILE: each thread's lines together
by_thread() {
	sort -s -k1,1 "$1"
}

check 'the module is loaded' load transcript

tell alone alone
judge 'one thread: it ended the same' \
	"$([ $status_library = 3 ] && [ $status_kernel = 3 ] ||
		echo "library: $status_library, kernel: $status_kernel")"
judge 'one thread: all that is to be told is told' "$(
	for what in EXEC 'SYSCALL_ENTRY 62' 'SIGNAL 10 code 0 deliver' \
		'SIGNAL 12 code 0 ignore' 'SIGNAL 19 code 0 stop' 'JCTL 5' \
		'JCTL 6' 'EXIT 0x300' 'DEATH 1 signal 17' REAP; do
		grep -q "^1 $what" alone.kernel || echo "no $what"
	done)"
judge "one thread: byte by byte the same, $(wc -l <alone.kernel) lines" \
	"$(diff alone.library alone.kernel)"

rounds=3
[ -z "$FULL" ] || rounds=30
said='' lines=0 round=0
while [ $round -lt $rounds ] && [ -z "$said" ]; do
	round=$((round + 1))
	tell crowd crowd
	by_thread crowd.library >crowd.1
	by_thread crowd.kernel >crowd.2
	lines=$(wc -l <crowd.2)
	said=$(diff crowd.1 crowd.2)
	[ $status_library = 3 ] && [ $status_kernel = 3 ] ||
		said="$said
library: $status_library, kernel: $status_kernel"
done
judge 'children and threads: all five are there' "$(
	for name in 1 1.1 1.2 1.3 1.4; do
		grep -q "^$name REAP" crowd.2 || echo "no end of $name"
	done)"
judge "children and threads: the same for each thread, $lines lines, $rounds times" \
	"$said"

# A transcript that is ended while the program goes on
"$PROGRAMS/launch" $files/begin "$PROGRAMS/crash" busy 400 &
sleep 0.2
check 'the module is unloaded while threads are traced' unload transcript
wait $!
judge 'and they go on untraced' "$([ $? = 0 ] || echo 'it failed')"
check 'it is loaded again' load transcript
check 'and unloaded' unload transcript
tap_done
