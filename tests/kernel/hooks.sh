#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Loading: each function that is missing, held by someone else, or not what it is
# taken for, is named, and nothing is left.
#
# Files: hosts/kernel/symbols.h
# Limit: 60 240
. ./lib.sh

tracing=/sys/kernel/tracing
status=/sys/kernel/debug/utrace/status

check 'what is hooked and missed can be read' \
	grep -q '^missed [0-9]* ' $status
hooks=$(sed -n 's/^hook //p' $status)
calls=$(sed -n 's/.*SYMBOL(\([a-z_]*\)).*/\1/p' \
	/vm/tree/hosts/kernel/symbols.h | grep -v '^name$')
judge 'hooks and functions are known by name' \
	"$([ "$(echo "$hooks" | wc -l)" -gt 10 ] &&
	   [ "$(echo "$calls" | wc -l)" -gt 10 ] || echo "$hooks; $calls")"
judge 'what is said to be hooked is' "$(for name in $hooks; do
	grep -q "^$name (1) .*I" $tracing/enabled_functions ||
		echo "$name"
done)"
unload utrace

# left: what there is of a module that was not loaded
left() {
	! loaded utrace || echo 'it is loaded'
	[ ! -e /sys/kernel/debug/utrace ] || echo 'its directory is there'
	! grep -q Utrace /proc/self/status || echo 'there is a line in status'
	grep utrace $tracing/enabled_functions
	# but for what the machine itself needs
	grep -v stale_int3 $tracing/enabled_functions >enabled
	[ "$(grep -c . enabled)" -eq "$1" ] || cat enabled
}

# refused FILE HELD TEXT: what is wrong with its being refused, saying TEXT
refused() {
	dmesg -c >/dev/null
	if insmod "$1" 2>/dev/null; then
		echo "loaded, and not: $3"
		rmmod utrace
	fi
	dmesg | grep -qF "utrace: not loaded: $3" ||
		{ echo "nobody said: $3"; dmesg | tail -n 5; }
	left "$2"
}

# it_loads: what is wrong with its being loaded
it_loads() {
	insmod "$1" && grep -q '^Utrace:' /proc/self/status && unload utrace ||
		echo 'it does not load'
}

good=$MODULES/utrace.ko
insmod "$MODULES/occupy.ko" names="$(echo "$hooks" | paste -sd,)"
refused "$good" "$(echo "$hooks" | wc -l)" 'syscall_trace_enter' >said
for name in $hooks; do
	dmesg | grep -qF "utrace: not loaded: $name is held by someone else" ||
		echo "nobody said that $name is held"
done >>said
judge 'all of them held by someone else: it is refused and says so' "$(cat said)"
rmmod occupy

# some LIST: all, if all are wanted; each takes its time, so else three of them
some() {
	if [ -n "$FULL" ]; then
		echo "$1"
	else
		echo "$1" | awk -v seed="$SEED" \
			'BEGIN { srand(seed) } { print rand(), $1 }' |
			sort | head -n 3 | cut -d' ' -f2
	fi
}

for name in $(some "$hooks"); do
	insmod "$MODULES/occupy.ko" names="$name"
	said=$(refused "$good" 1 "$name is held by someone else")
	rmmod occupy
	[ -z "$FULL" ] || said=$said$(it_loads "$good")
	judge "held by someone else, it is refused: $name" "$said"
done
judge 'when nobody holds anything any more, it loads' "$(it_loads "$good")"

# altered FROM TO TEXT: what is wrong with its being refused so altered
altered() {
	"$PROGRAMS/alter" -w "$1" "$2" <"$good" >altered.ko ||
		echo "there is no \"$1\" in it"
	refused altered.ko 0 "$3"
}

for name in $(some "$hooks"); do
	judge "missing, it is refused: $name" \
		"$(altered "$name" "no_${name#???}" \
			"this kernel has no function no_${name#???} to hook")"
done
for name in $(some "$calls"); do
	judge "missing, it is refused: $name" \
		"$(altered "$name" "no_${name#???}" \
			"this kernel has no function no_${name#???} to call")"
done

if [ -e /sys/kernel/btf/vmlinux ]; then
	judge 'of another prototype, it is refused: another structure' \
		"$(altered 'bool (struct ksignal *ksig)' \
			'bool (struct kernsig *ksig)' \
			'get_signal is not what it is taken for: in this kernel it is bool (struct ksignal *), and not bool (struct kernsig *)')"
	judge 'of another prototype, it is refused: a parameter less' \
		"$(altered 'int (int exit_code, unsigned long message)' \
			'int (int exit_code)' \
			'ptrace_notify is not what it is taken for: in this kernel it is int (int, unsigned long), and not int (int)')"
	judge 'of another prototype, it is refused: an integer' \
		"$(altered 'void (struct task_struct *task, int group_dead)' \
			'void (struct task_struct *task, u64 group_dead)' \
			'taskstats_exit is not what it is taken for')"
	judge 'of another prototype, it is refused: the result' \
		"$(altered 'void (int failed, struct ksignal *ksig, int stepping)' \
			'bool (int failed, struct ksignal *ksig, int stepping)' \
			'signal_setup_done is not what it is taken for')"
	judge 'another function of that name is refused' \
		"$(altered 'signal_setup_done' 'kfree' \
			'kfree is not what it is taken for')"
else
	skip 'of another prototype, it is refused' 'this kernel has no BTF'
	judge 'the log says that prototypes are not checked' \
		"$(dmesg -c >/dev/null; it_loads "$good"
		   dmesg | grep -q 'utrace: .*no BTF' || dmesg | tail)"
fi
case $hooks in
*constprop*)
	judge 'a second argument that is another is refused' \
		"$(altered syscall_trace_enter.constprop.0 wake_up_new_task \
			'wake_up_new_task is not what it is taken for: its second argument')"
	;;
esac
judge 'after all that it loads' "$(it_loads "$good")"
tap_done
