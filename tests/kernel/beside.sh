#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The real strace and gdb, on threads with engines attached: what they print is
# what they print without, and the program ends the same.
#
# Needs: strace gdb setsid
# Limit: 90 240
. ./lib.sh

load taps || exit

# Addresses are the same at each run, and no number that is printed is that of a
# process by chance.
echo 0 >/proc/sys/kernel/randomize_va_space
echo 25000 >/proc/sys/kernel/ns_last_pid

# numbers FILE: of threads, in the order in which it tells of them
numbers() {
	grep -oE '(LWP|process|si_pid=|^(get(p?p|t)id|set_tid_address|clone3?)\(.*=) ?[0-9]+' "$1" |
		grep -oE '[0-9]+$' | awk '!seen[$0]++'
}

# plain FILE: without what is different at each run: who is called by which number,
# what is random, times, and how far a thread has come that is not the current one
plain() {
	_file=$1
	set --
	for _number in $(numbers "$_file"); do
		set -- "$@" -e "s/\\b$_number\\b/T$#/g"
	done
	sed -E "$@" \
		-e 's/^(getrandom\()"[^"]*"/\1RANDOM/' \
		-e 's/si_(utime|stime)=[0-9]+( \/\* [0-9.]+ s \*\/)?(, |)//g' \
		-e 's/^( +[0-9]+ +LWP T[0-9]+ "[^"]*") 0x.*/\1/' "$_file"
}

# compare NAME FILE FILE
compare() {
	plain "$2" >one.plain
	plain "$3" >two.plain
	if [ ! -s one.plain ]; then
		not_ok "$1" "nothing was printed"
	else
		judge "$1" "$(diff one.plain two.plain | head -n 40)"
	fi
}

# straced HOW...: strace -f of it, each process by itself, in order
straced() {
	rm -rf out.*
	"$@" strace -ff -o out "$PROGRAMS/debuggee" >said
	echo "exit status $?"
	cat said
	# by number, which is the order in which they were made
	for file in $(printf '%s\n' out.* | sort -t. -k2n); do
		echo "== another"
		cat "$file"
	done
	rm -f out.*
}

straced "$PROGRAMS/tapped" -n >strace.without
straced "$PROGRAMS/tapped" >strace.first
compare 'STA-3: strace -f says the same when engines were there first' \
	strace.without strace.first

# attached WHEN: strace -f -p of one that waits; engines: never, before, after
attached() {
	rm -rf out.* go
	mkfifo go
	setsid "$PROGRAMS/debuggee" wait <go >said 2>&1 &
	exec 9>go
	until pid=$(pidof debuggee); do sleep 0.05; done
	[ "$1" != before ] || "$PROGRAMS/tapped" -p "$pid"
	# it is looked into before strace has begun to write
	: >strace.err
	strace -ff -o out -p "$pid" 2>strace.err &
	within 10 grep -q attached strace.err || cat strace.err
	[ "$1" != after ] || "$PROGRAMS/tapped" -p "$pid"
	echo x >&9
	exec 9>&-
	within 20 sh -c "! kill -0 $pid" || echo "does not end"
	wait
	cat said
	for file in $(printf '%s\n' out.* | sort -t. -k2n); do
		echo "== another"
		cat "$file"
	done
	rm -f out.* go
}

attached never >attach.without
attached before >attach.before
compare 'STA-3: strace -p says the same when engines are there' \
	attach.without attach.before
attached after >attach.after
compare 'STA-3: strace says the same when engines come later' \
	attach.without attach.after

cat >script.gdb <<'END'
set pagination off
set confirm off
set width 0
set startup-with-shell off
set auto-load off
break step
run
backtrace
info registers rip
stepi
x/i $pc
stepi 3
x/i $pc
print counter
finish
delete
catch syscall getppid
continue
continue
continue
delete
handle SIGUSR1 stop print pass
continue
stepi
x/i $pc
handle SIGUSR1 nostop noprint pass
catch fork
continue
delete
break thread
continue
info threads
stepi 2
x/i $pc
watch counter
continue
continue
delete
catch exec
continue
stepi 3
x/i $pc
detach
END

# gdb_on SCRIPT HOW...
gdb_on() {
	_script=$1
	shift
	"$@" gdb -nx -batch -x "$_script" "$PROGRAMS/debuggee" 2>&1
	echo "exit status $?"
}

# when it has stopped for the first time
awk '{ print } /^run/ { print "shell " progs "/tapped -p $(pidof debuggee)" }' \
	progs="$PROGRAMS" script.gdb >later.gdb
gdb_on script.gdb "$PROGRAMS/tapped" -n >gdb.without
gdb_on later.gdb "$PROGRAMS/tapped" >gdb.both
compare 'STA-3: gdb says the same when engines were there first, and more come' \
	gdb.without gdb.both
if [ -n "$FULL" ]; then
	gdb_on script.gdb "$PROGRAMS/tapped" >gdb.first
	compare 'STA-3: gdb says the same when engines were there first' \
		gdb.without gdb.first
	gdb_on later.gdb "$PROGRAMS/tapped" -n >gdb.later
	compare 'STA-3: gdb says the same when engines come later' \
		gdb.without gdb.later
fi
[ -z "${SHOW-}" ] || diag <gdb.without

# gdb_attached WHEN
gdb_attached() {
	rm -f go
	mkfifo go
	setsid "$PROGRAMS/debuggee" wait <go >said 2>&1 &
	exec 9>go
	until pid=$(pidof debuggee); do sleep 0.05; done
	[ "$1" != before ] || "$PROGRAMS/tapped" -p "$pid"
	{
		echo 'set pagination off'
		echo "attach $pid"
		[ "$1" != after ] || echo "shell $PROGRAMS/tapped -p $pid"
		echo 'break step'
		echo "shell echo x >go"
		echo 'continue'
		echo 'stepi 4'
		echo 'x/i $pc'
		echo 'delete'
		echo 'detach'
	} >attach.gdb
	gdb -nx -batch -x attach.gdb "$PROGRAMS/debuggee" 2>&1
	exec 9>&-
	within 20 sh -c "! kill -0 $pid" || echo "does not end"
	wait
	cat said
}

gdb_attached never >gdb.without
gdb_attached before >gdb.before
compare 'STA-3: gdb -p says the same when engines are there' \
	gdb.without gdb.before
if [ -n "$FULL" ]; then
	gdb_attached after >gdb.after
	compare 'STA-3: gdb says the same when engines come to what it has' \
		gdb.without gdb.after
fi

echo 2 >/proc/sys/kernel/randomize_va_space
judge 'no callback came that may not come' "$(dmesg | grep 'taps: wrong')"
check 'the engines go' unload taps
tap_done
