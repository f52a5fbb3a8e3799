# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# The engine "events".

test_fork_exec_and_end() {
	run 3 utrace -f -o trace -e events:CLONE,EXEC,EXIT,DEATH,REAP \
		sh -c '/bin/true; exit 3'
	local first child
	first=$(awk 'NR == 1 { print $1 }' trace)
	says trace "^$first EXEC .*/sh( interp=.*)?$"
	says trace "^$first CLONE flags=(CLONE_[A-Z_|]*)?SIGCHLD child=[0-9]+$"
	child=$(sed -n 's/.* CLONE .*child=//p' trace)
	says trace "^$child EXEC /bin/true( interp=.*)?$"
	says trace "^$child EXIT code=0$"
	says trace "^$child DEATH group_dead signal=17$"
	says trace "^$child REAP$"
	says trace "^$first EXIT code=0x300$"
	says trace "^$first DEATH group_dead signal=17$"
	# processes are reported side by side; each by itself is in order
	equal "$(grep "^$first " trace | tail -n 1)" "$first REAP"
	equal "$(grep "^$child " trace | tail -n 1)" "$child REAP"
	silent trace 'SYSCALL|QUIESCE|SIGNAL'
}

test_order_at_the_end() {
	run 0 utrace -o trace -e events:EXIT,DEATH,REAP true
	equal "$(cut -d' ' -f2 trace | tr '\n' ' ')" 'EXIT DEATH REAP '
}

test_all_by_default() {
	run 0 utrace -o trace -e events true
	says trace '^[0-9]+ QUIESCE event=SYSCALL_ENTRY$'
	says trace '^[0-9]+ SYSCALL_ENTRY execve( resumed)?$'
	says trace '^[0-9]+ SYSCALL_EXIT execve = 0$'
	says trace '^[0-9]+ QUIESCE event=EXEC$'
	says trace '^[0-9]+ EXEC /'
	says trace '^[0-9]+ SYSCALL_EXIT [a-z0-9_]+ = -ENOENT$'
	says trace '^[0-9]+ SYSCALL_ENTRY exit_group$'
}

test_signals() {
	run 0 utrace -o trace -e events:SIGNAL_ALL \
		sh -c 'trap : USR1; trap "" USR2; kill -USR1 $$; kill -USR2 $$; /bin/true; exit 0'
	says trace '^[0-9]+ SIGNAL SIGUSR1 code=SI_USER handler$'
	says trace '^[0-9]+ SIGNAL_IGN SIGUSR2 code=SI_USER ignore$'
	says trace '^[0-9]+ SIGNAL(_IGN)? SIGCHLD code=CLD_EXITED (ignore|handler)$'
	run 143 utrace -o trace -e events:SIGNAL_TERM sh -c 'kill $$'
	says trace '^[0-9]+ SIGNAL_TERM SIGTERM code=SI_USER terminate$'
	run 134 utrace -o trace -e events:signal_core \
		sh -c 'ulimit -c 0; kill -ABRT $$'
	says trace '^[0-9]+ SIGNAL_CORE SIGABRT code=SI_USER core$'
}

test_stop_and_continue() {
	background "$utrace" -o trace -e events:JCTL,SIGNAL_STOP \
		sh -c 'kill -STOP $$; exit 0'
	until_true grep -q JCTL trace
	says trace '^[0-9]+ SIGNAL_STOP SIGSTOP code=SI_USER stop$'
	says trace '^[0-9]+ JCTL type=CLD_STOPPED notify=CLD_STOPPED$'
	kill -CONT "$(awk '{ print $1; exit }' trace)"
	ended "$pid" 0
	says trace '^[0-9]+ JCTL type=CLD_CONTINUED '
}

test_exec_with_hostile_name() {
	local name
	name=$(printf './a\033[31m\n1 REAP')
	cp "$(type -P true)" "$name"
	run 0 utrace -o trace -e events:EXEC "$name"
	says trace '^[0-9]+ EXEC \./a\\33\[31m\\n1 REAP( interp=.*)?$'
	! grep -qE '^1 ' trace || fail "a forged line"
	equal "$(wc -l <trace)" 1
}

test_script_and_its_interpreter() {
	printf '#!/bin/sh\nexit 0\n' >script
	chmod 755 script
	run 0 utrace -o trace -e events:EXEC ./script
	says trace '^[0-9]+ EXEC \./script interp=/.*sh$'
}

test_side_by_side_with_syscalls() {
	run 0 utrace -o trace -e syscalls:openat -e events:EXIT cat /dev/null
	says trace '^openat\('
	says trace '^[0-9]+ EXIT code=0$'
}

test_threads() {
	background "$utrace" -o trace -e events:CLONE,DEATH cli_crew 2
	until_true eval '[ "$(grep -c CLONE trace)" = 2 ]'
	says trace 'CLONE flags=CLONE_VM\|CLONE_FS\|.*CLONE_THREAD.* child='
	kill "$(awk '{ print $1 }' "/proc/$pid/task/$pid/children")"
	ended "$pid" 143
	equal "$(grep -c ' DEATH ' trace)" 3
	# which one is the last is chance
	equal "$(grep -c ' DEATH group_dead ' trace)" 1
	says trace ' DEATH .*signal=(17|-2)$'
}
