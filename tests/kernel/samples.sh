#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The sample modules: what they are for, hostile input, and being unloaded while
# engines are attached and processes held.
#
# Needs: gdb
# Limit: 120 900
. ./lib.sh

debug=/sys/kernel/debug
crash=$PROGRAMS/crash
rounds=4
[ -z "$FULL" ] || rounds=40
# shellcheck disable=SC3045 # busybox has it
ulimit -c unlimited
echo core >/proc/sys/kernel/core_pattern

# sh under CONTROL WORD COMMAND...: a process that is chosen before it begins
cat >under <<'END'
control=$1 word=$2
shift 2
echo ${word:+"$word"} $$ >"$control"
exec "$@"
END

# hostile CONTROL: judges what it answers to what is no command
hostile() {
	while IFS='|' read -r text error; do
		# shellcheck disable=SC2059 # backslashes on purpose
		printf "$text" >input
		said=$(dd if=input of="$1" bs=4096 2>&1 | head -n 1)
		case $said in
		*"$error") ;;
		*)	echo "'$text': $said, not $error" ;;
		esac
	done <<END
abc|Invalid argument
0|Invalid argument
-0|Invalid argument
--1|Invalid argument
- 1|Invalid argument
+1|Invalid argument
0x10|Invalid argument
12 34|Invalid argument
follow|Invalid argument
follow |Invalid argument
follow x|Invalid argument
follow -1|Invalid argument
Follow 1|Invalid argument
follow 1 1|Invalid argument
\n|Invalid argument
 |Invalid argument
1\\0001|Invalid argument
99999999999999999999|Invalid argument
2147483648|Invalid argument
2147483647|No such process
follow 4194303|No such process
-1|No such file or directory
2|Operation not permitted
follow 2|Operation not permitted
END
}

# as_root_alone FILE: nobody else may open it
as_root_alone() {
	chmod 755 $debug
	su -s /bin/sh nobody -c "cat $1 || echo 1 >$1" 2>/dev/null &&
		echo 'somebody else may'
	chmod 700 $debug
}

# long CONTROL: what is too long is refused, whatever it begins with
long() {
	{
		printf '%060d' 0
		echo "$$ and so on"
	} >input
	dd if=input of="$1" bs=4096 2>/dev/null && echo 'too long a line'
	dd if=/dev/urandom of="$1" bs=1M count=1 2>/dev/null && echo 'a megabyte'
	dd if=/dev/zero of="$1" bs=63 count=1 2>/dev/null && echo 'zeros'
}

# ---- event-log -----------------------------------------------------------------

log=$debug/utrace-log
check 'event-log: is loaded' load event-log

sh -c "echo follow \$\$ >$log/control; exec $PROGRAMS/launch /dev/null \
	$PROGRAMS/tell crowd"
timeout 1 cat $log/log >first
timeout 1 cat $log/log >second
judge 'event-log: it has what six threads did' "$(
	for what in 'EXEC .*/tell' 'SIGNAL signal=10 code=-6' \
		'SIGNAL_TERM signal=15' 'EXIT code=0x300' 'EXIT code=0xf' \
		'DEATH group_dead=1 signal=17' \
		'DEATH group_dead=0 signal=-1' REAP; do
		grep -q " $what" first || echo "no $what"
	done
	[ "$(grep -c ' CLONE ' first)" = 5 ] || grep CLONE first
	[ "$(grep -c ' REAP' first)" = 6 ] || grep REAP first
)"
judge 'event-log: another reader reads the same' "$(cmp first second 2>&1)"
judge 'event-log: a reader with a small buffer reads the same' "$(
	timeout 5 dd if=$log/log bs=1 count="$(wc -c <first)" 2>/dev/null |
		cmp - first 2>&1)"
judge 'event-log: nobody is left' "$(cat $log/control)"

# It waits for what comes.
tail_of=$(wc -l <first)
timeout 20 head -n $((tail_of + 1)) $log/log >third &
reader=$!
sleep 0.3
judge 'event-log: a reader waits' "$([ -d /proc/$reader ] || echo 'it ended')"
sh -c "echo \$\$ >$log/control; exec /bin/true"
wait $reader
judge 'event-log: and is woken' \
	"$([ "$(wc -l <third)" = $((tail_of + 1)) ] || tail -n 2 third)"

judge 'event-log: hostile input' "$(hostile $log/control; long $log/control)"
judge 'event-log: for root alone' \
	"$(as_root_alone $log/control; as_root_alone $log/log)"
sleep 100 &
pid=$!
judge 'event-log: a process is chosen, and not twice' "$(
	echo $pid >$log/control || echo "$pid: cannot"
	echo $pid 2>&1 >$log/control | grep -q 'File exists' || echo 'twice'
	grep -q "^$pid/$pid$" $log/control || cat $log/control
	echo -$pid >$log/control || echo "-$pid: cannot"
	echo -$pid 2>/dev/null >$log/control && echo 'given up twice'
	cat $log/control)"
kill $pid
exec 3<$log/log
judge 'event-log: an open file keeps it' \
	"$(unload event-log 2>/dev/null && echo 'it is unloaded')"
exec 3<&-
check 'event-log: is unloaded' unload event-log

load event-log size=16 events=0xffff
sh -c "echo follow \$\$ >$log/control; exec /bin/ls / >/dev/null"
timeout 1 cat $log/log >few
judge 'event-log: lost entries are counted, and told' "$(
	head -n 1 few | grep -q '^# lost [1-9][0-9]*$' || head -n 1 few
	[ "$(wc -l <few)" = 17 ] || wc -l few)"
unload event-log
judge 'event-log: what cannot be is refused' "$(
	load event-log size=0 2>/dev/null && echo 'size=0'
	load event-log size=4000000000 2>/dev/null && echo 'size=4000000000')"

# unload_in_rounds MODULE CONTROL: while threads come and go
unload_in_rounds() {
	round=0
	while [ $round -lt $rounds ]; do
		round=$((round + 1))
		load "$1" || { echo "load: $?"; break; }
		"$crash" busy 600 &
		busy=$!
		"$crash" busy 600 &
		other=$!
		echo follow $busy >"$2" || echo "cannot follow"
		echo $other >"$2" || echo "cannot attach"
		[ $((round % 2)) = 0 ] || sleep 0.$((round % 5))
		# while a reader reads, and it is given up and taken again
		[ $((round % 3)) = 0 ] || {
			echo -$busy >"$2" || echo "cannot give up"
			echo follow $busy >"$2" || echo "cannot again"
		}
		timeout 10 rmmod "$1" || echo "rmmod: $?"
		wait $busy || echo "round $round: $?"
		wait $other || echo "round $round, the other: $?"
	done
}
judge "event-log: unloaded among $rounds times 2 busy processes" \
	"$(unload_in_rounds event-log $log/control)"

# ---- syscall-count ---------------------------------------------------------------

count=$debug/utrace-count
getppid=110
check 'syscall-count: is loaded' load syscall-count
sh under $count/control follow "$crash" calls 500
judge 'syscall-count: four threads make 500 calls each' "$(
	grep -q "^$getppid 2000$" $count/calls || cat $count/calls)"
judge 'syscall-count: other calls are counted too' \
	"$(grep -q '^231 1$' $count/calls || cat $count/calls)"
judge 'syscall-count: it begins anew' "$(
	echo clear >$count/calls || echo "it does not"
	cat $count/calls
	echo cl 2>/dev/null >$count/calls && echo "cl is no word"
	echo clear and more 2>/dev/null >$count/calls && echo "too long")"
"$crash" calls 500
judge 'syscall-count: another process is none of its business' \
	"$(cat $count/calls)"
judge 'syscall-count: hostile input' \
	"$(hostile $count/control; long $count/control)"
check 'syscall-count: is unloaded' unload syscall-count
check 'syscall-count: is loaded for two calls' load syscall-count only=$getppid,1
sh under $count/control follow "$crash" calls 100
judge 'syscall-count: counts these alone' "$(
	grep -q "^$getppid 400$" $count/calls || cat $count/calls
	[ "$(grep -vc "^$getppid \|^1 " $count/calls)" = 0 ] ||
		cat $count/calls)"
unload syscall-count
judge 'syscall-count: a number that cannot be is refused' \
	"$(load syscall-count only=-1 2>/dev/null && echo 'only=-1'
	load syscall-count only=100000 2>/dev/null && echo 'only=100000')"
judge "syscall-count: unloaded among $rounds times 2 busy processes" \
	"$(unload_in_rounds syscall-count $count/control)"

# ---- crash-catcher ---------------------------------------------------------------

catcher=$debug/utrace-catcher
# held NUMBER: as many are held
held() {
	[ "$(wc -l <$catcher/held)" = "$1" ]
}
# value NAME: of the one that is held
value() {
	sed "s/.* $1=\([^ ]*\).*/\1/" $catcher/held
}
process() {
	sed 's/^process=\([0-9]*\).*/\1/' $catcher/held
}
# ends PID STATUS: sets how, to what is wrong with how it ended
ends() {
	wait "$1"
	how=$?
	[ $how != "$2" ] || how=''
}
# chosen PID...
chosen() {
	for _pid; do
		grep -q "^$_pid/" $catcher/control || return 1
	done
}

check 'crash-catcher: is loaded' load crash-catcher

sh under $catcher/control '' "$crash" segv >said &
pid=$!
check 'crash-catcher: a process that crashes is held' within 10 held 1
judge 'crash-catcher: at the very instruction, with its registers' "$(
	[ "$(process)" = $pid ] || cat $catcher/held
	[ "$(value signal)" = 11 ] && [ "$(value code)" = 1 ] &&
		[ "$(value address)" = 0x0 ] || cat $catcher/held
	[ "$(value ip)" = "$(cat said)" ] || echo "ip: $(value ip) $(cat said)"
	[ "$(value bx)" = 0x5eed ] || echo "bx: $(value bx)"
	[ "$(value comm)" = crash ] || echo "comm: $(value comm)")"
judge 'crash-catcher: its memory is there' \
	"$(grep -q /crash /proc/$pid/maps || echo 'no maps')"
# movq %rbx, 0
judge 'crash-catcher: and can be read, the instruction for instance' "$(
	dd if=/proc/$pid/mem bs=1 count=8 skip=$(($(value ip))) 2>/dev/null |
		od -An -tx1 | grep -v '48 89 1c 25 00 00 00 00')"
sleep 0.3
check 'crash-catcher: it stays' held 1
rm -f core
check 'crash-catcher: it is released' sh -c "echo release $pid >$catcher/control"
ends $pid 139
judge 'crash-catcher: and dies as it would' "$how"
judge 'crash-catcher: with a core dump' \
	"$([ "$(head -c 4 core | tail -c 3)" = ELF ] || ls -l core)"
judge 'crash-catcher: nobody is held' "$(cat $catcher/held)"

sh under $catcher/control follow "$crash" threads >said &
pid=$!
check 'crash-catcher: a process with threads is held' within 10 held 1
cpu_times() {
	cut -d' ' -f14 /proc/$pid/task/*/stat | paste -sd' '
}
stands() {
	_before=$(cpu_times)
	sleep 0.3
	[ "$(cpu_times)" = "$_before" ]
}
check 'crash-catcher: all of it stands' within 5 stands
judge 'crash-catcher: no thread has died' \
	"$([ "$(ls /proc/$pid/task | wc -l)" = 3 ] || ls /proc/$pid/task)"
echo 'info threads
thread apply all backtrace
print/x $rbx
detach' >look.gdb
timeout 60 gdb -nx -batch -p $pid -x look.gdb "$crash" >look 2>&1
judge 'crash-catcher: a debugger attaches to all of it, and looks' "$(
	[ "$(grep -c '^[* ]*[1-3] *LWP' look)" = 3 ] &&
	grep -q '^#2 .*main' look && grep -q '= 0x5eed' look &&
	grep -q detached look || cat look)"
judge 'crash-catcher: when the debugger has gone it is held still' \
	"$(held 1 && stands || cat $catcher/held)"
rm -f core
echo release $pid >$catcher/control
ends $pid 139
judge 'crash-catcher: released, it dies as it would' "$how"
judge 'crash-catcher: and dumps core' \
	"$([ "$(head -c 4 core | tail -c 3)" = ELF ] || ls -l core)"

sh under $catcher/control '' "$crash" abort &
pid=$!
check 'crash-catcher: abort() is caught' within 10 held 1
judge 'crash-catcher: and its signal told' "$([ "$(value signal)" = 6 ] || value signal)"
kill -KILL $pid
ends $pid 137
judge 'crash-catcher: SIGKILL ends it' "$how"

sh under $catcher/control '' "$crash" wait &
pid=$!
sleeps() {
	[ "$(state_of $pid)" = S ] && grep -q crash /proc/$pid/comm
}
within 5 sleeps
kill -TERM $pid
check 'crash-catcher: SIGTERM is caught' within 10 held 1
judge 'crash-catcher: its code is told' "$([ "$(value code)" = 0 ] || value code)"
kill -CONT $pid
sleep 0.2
check 'crash-catcher: SIGCONT does not let it go' held 1
echo -$pid >$catcher/control
ends $pid 143
judge 'crash-catcher: given up, it dies as it would' "$how"

sh -c "echo children \$\$ >$catcher/control; $crash abort; echo \$? >status
	kill -TERM \$\$" &
pid=$!
check 'crash-catcher: a child of the chosen is caught' within 10 held 1
echo release "$(process)" >$catcher/control
ends $pid 143
judge 'crash-catcher: but not the chosen itself' \
	"$how$([ "$(cat status)" = 134 ] || cat status)"

sleep 100 &
pid=$!
echo $pid >$catcher/control
judge 'crash-catcher: who is not held cannot be released' "$(
	echo release $pid 2>&1 >$catcher/control | grep -q 'No such file' ||
		echo 'it can'
	echo release 1 2>/dev/null >$catcher/control && echo 'init can')"
kill $pid
within 5 held 1
judge 'crash-catcher: hostile input' "$(hostile $catcher/control
	long $catcher/control)"
judge 'crash-catcher: unloaded while one is held' "$(unload crash-catcher 2>&1)"
ends $pid 143
judge 'crash-catcher: which dies as it would' "$how"

load crash-catcher cores=1
sh under $catcher/control '' "$crash" wait &
pid=$!
within 5 sleeps
kill -TERM $pid
ends $pid 143
judge 'crash-catcher: with cores=1 SIGTERM is none of its business' "$how"
unload crash-catcher

held_in_rounds() {
	round=0
	while [ $round -lt $rounds ]; do
		round=$((round + 1))
		load crash-catcher || { echo "load: $?"; break; }
		sh under $catcher/control '' "$crash" threads >/dev/null &
		first=$!
		sh under $catcher/control follow "$crash" abort &
		second=$!
		"$crash" busy 300 &
		busy=$!
		echo follow $busy >$catcher/control
		within 10 chosen $first $second || cat $catcher/control
		# it may be unloaded before they are held, or after, or
		# while they are being released
		case $((round % 4)) in
		0)	within 10 held 2 || cat $catcher/held ;;
		1)	within 10 held 2 || cat $catcher/held
			echo release $first >$catcher/control &
			one=$!
			echo release $second >$catcher/control &
			two=$!
			cat $catcher/held >/dev/null
			wait $one
			wait $two ;;
		2)	within 10 held 2 || cat $catcher/held
			kill -KILL $first & ;;
		esac
		within 5 rmmod crash-catcher || echo 'it is not unloaded'
		wait $first
		status=$?
		case $((round % 4)):$status in
		*:139 | 2:137) ;;
		*)	echo "round $round: $status" ;;
		esac
		ends $second 134
		[ -z "$how" ] || echo "round $round, abort: $how"
		ends $busy 0
		[ -z "$how" ] || echo "round $round, busy: $how"
	done
}
judge "crash-catcher: unloaded $rounds times while two are held" \
	"$(held_in_rounds)"
tap_done
