# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# -p: attach, let go, and leave no trace of it.

test_interrupt_lets_go() {
	sleeper
	attached -o trace -p "$target"
	is_traced "$target" || fail "not traced"
	says attached.err "^utrace: process $target attached$"
	kill -INT "$tracer"
	ended "$tracer" 130
	says attached.err "^utrace: process $target detached$"
	is_free "$target" || fail "not let go"
}

test_quit_lets_go() {
	sleeper
	attached -o trace -p "$target"
	kill -QUIT "$tracer"
	ended "$tracer" 131
	is_free "$target" || fail "not let go"
	! compgen -G '*core*' || fail "a core file"
}

test_terminate_lets_go() {
	sleeper
	attached -o trace -p "$target"
	kill -TERM "$tracer"
	ended "$tracer" 143
	is_free "$target" || fail "not let go"
}

test_hangup_lets_go() {
	sleeper
	attached -o trace -p "$target"
	kill -HUP "$tracer"
	ended "$tracer" 129
	is_free "$target" || fail "not let go"
}

test_hangup_that_is_ignored() {
	sleeper
	background env --ignore-signal=HUP "$utrace" -o trace -p "$target" \
		2>attached.err
	until_true grep -q attached attached.err
	kill -HUP "$pid"
	sleep 0.1
	is_traced "$target" || fail "let go"
	kill -TERM "$pid"
	ended "$pid" 143
}

test_kill_lets_go() {
	sleeper
	attached -o trace -p "$target"
	kill -KILL "$tracer"
	ended "$tracer" 137
	until_true is_free "$target"
}

test_kill_lets_a_busy_process_go() {
	background sh -c 'while :; do : </dev/null; done'
	target=$pid
	attached -o trace -p "$target"
	kill -KILL "$tracer"
	ended "$tracer" 137
	until_true is_free "$target"
	kill -0 "$target" || fail "it died"
}

test_command_goes_on_after_terminate() {
	background "$utrace" -o trace sh -c 'echo $$ >pid; while ! [ -e go ]; do sleep 0.05; done; echo done >done'
	until_true test -s pid
	target=$(cat pid)
	started+=("$target")
	kill -TERM "$pid"
	ended "$pid" 143
	until_true is_free "$target"
	touch go
	until_true test -s "$PWD/done"
}

test_command_goes_on_after_kill() {
	background "$utrace" -f -o trace sh -c 'echo $$ >pid; while ! [ -e go ]; do sleep 0.05; done; echo done >done'
	until_true test -s pid
	target=$(cat pid)
	started+=("$target")
	kill -KILL "$pid"
	ended "$pid" 137
	touch go
	until_true test -s "$PWD/done"
}

test_ends_with_its_process() {
	sleeper
	attached -o trace -p "$target"
	kill -TERM "$target"
	ended "$tracer" 0
	says trace 'SIGTERM \{si_signo=SIGTERM, si_code=SI_USER'
	says trace 'killed by SIGTERM'
}

test_all_threads() {
	local task
	background cli_crew 3 >ready
	target=$pid
	until_true grep -q ready ready
	attached -o trace -p "$target"
	for task in /proc/"$target"/task/*; do
		[ "$(awk '$1 == "TracerPid:" { print $2 }' "$task/status")" != 0 ] ||
			fail "$task is not traced"
	done
	kill -INT "$tracer"
	ended "$tracer" 130
	for task in /proc/"$target"/task/*; do
		[ "$(awk '$1 == "TracerPid:" { print $2 }' "$task/status")" = 0 ] ||
			fail "$task is still traced"
	done
}

test_any_thread_stands_for_its_process() {
	local task last
	background cli_crew 2 >ready
	target=$pid
	until_true grep -q ready ready
	for task in /proc/"$target"/task/*; do
		last=${task##*/}
	done
	attached -o trace -p "$last"
	says attached.err "^utrace: process $target attached"
	is_traced "$target" || fail "not traced"
	kill -INT "$tracer"
	ended "$tracer" 130
}

test_several_processes() {
	local first second third
	sleeper; first=$target
	sleeper; second=$target
	sleeper; third=$target
	attached -o trace -p "$first, $second" -p "$third" -p "$first"
	until_true grep -q "process $third attached" attached.err
	is_traced "$first" || fail "first"
	is_traced "$second" || fail "second"
	is_traced "$third" || fail "third"
	equal "$(grep -c attached attached.err)" 3
	kill "$first" "$second" "$third"
	ended "$tracer" 0
	says trace "^\[pid +$second\] \+\+\+ killed by SIGTERM"
}

test_one_that_fails_lets_the_others_go() {
	local gone
	gone=$(sh -c 'echo $$')
	sleeper
	run 1 utrace -o trace -p "$target" -p "$gone"
	one_sentence "cannot attach to process $gone"
	is_free "$target" || fail "still traced"
}

test_quiet() {
	sleeper
	background env --default-signal=INT "$utrace" -q -o trace -p "$target" \
		2>attached.err
	until_true is_traced "$target"
	sleep 0.1
	kill -INT "$pid"
	ended "$pid" 130
	equal "$(cat attached.err)" ''
}

test_already_traced_by_utrace() {
	sleeper
	attached -o trace -p "$target"
	run 1 utrace -o other -p "$target"
	one_sentence "cannot attach to process $target: .*process [0-9]+ \\(utrace"
	is_traced "$target" || fail "let go"
	kill -INT "$tracer"
	ended "$tracer" 130
	is_free "$target" || fail "not let go"
}

test_already_traced_by_strace() {
	need strace
	sleeper
	background strace -o strace.out -p "$target" 2>strace.err
	until_true is_traced "$target"
	run 1 utrace -o other -p "$target"
	one_sentence "cannot attach to process $target: .*process $pid \\(strace\\)"
	kill -TERM "$pid"
}

test_already_traced_by_gdb() {
	need gdb
	sleeper
	background gdb -nx -batch -p "$target" -ex 'shell exec sleep 1000' \
		>gdb.out 2>&1 </dev/null
	until_true is_traced "$target"
	run 1 utrace -o other -p "$target"
	one_sentence "cannot attach to process $target: .*process $pid \\(gdb\\)"
	pkill -KILL -P "$pid" || :
}

test_not_oneself() {
	run 1 sh -c "exec '$utrace' -o trace -p \$\$"
	one_sentence 'cannot attach to process'
}

test_two_utraces_do_not_trace_each_other() {
	# a shell that is followed tries to attach to the one that follows it
	background sh -c "while ! [ -s tracer ]; do sleep 0.05; done
		'$utrace' -o other -p \$(cat tracer) 2>err &
		echo \$! >other.pid; wait \$!; echo \$? >status
		exec sleep 1000"
	target=$pid
	attached -f -o trace -p "$target"
	echo "$tracer" >tracer
	until_true test -s other.pid
	started+=("$(cat other.pid)")
	until_true test -s status
	equal "$(cat status)" 1
	one_sentence "cannot attach to process $tracer"
	kill -INT "$tracer"
	ended "$tracer" 130
	until_true is_free "$target"
}

test_kernel_thread() {
	[ "$(id -u)" = 0 ] || skip "not root"
	grep -q kthreadd /proc/2/comm || skip "no kernel threads in sight"
	run 1 utrace -o trace -p 2
	one_sentence 'cannot attach to process 2'
}

test_zombie() {
	local zombie
	# one that outlives the shell, which would wait for it
	background sh -c 'sleep 0.3 & echo $! >zombie; exec sleep 1000'
	until_true test -s zombie
	zombie=$(cat zombie)
	until_true is_in_state "$zombie" Z
	timeout 5 "$utrace" -o trace -p "$zombie" >out 2>err &&
		fail "attached to a zombie"
	one_sentence "cannot attach to process $zombie: it has ended"
}

test_another_user_namespace() {
	need unshare
	unshare -Ur true 2>/dev/null || skip "no user namespaces"
	background sleep 1000
	run 1 timeout 5 unshare -Ur "$utrace" -o trace -p "$pid"
	# an ordinary user is another one there
	one_sentence "(it is in another user namespace|it runs as user)"
}

test_command_of_a_command_that_is_followed() {
	run 1 timeout 10 "$utrace" -f -o trace "$utrace" -o other true
	one_sentence "cannot trace 'true': it is traced by process [0-9]+ .utrace. already"
}

test_children_of_an_attached_process() {
	background sh -c 'while ! [ -e go ]; do sleep 0.05; done; /bin/true; exit 3'
	target=$pid
	attached -f -o trace -p "$target"
	touch go
	ended "$tracer" 0
	says trace "^\[pid +$target\] .*\(.*\) = "
	says trace '^\[pid +[0-9]+\] execve\("/bin/true"'
	says trace "^\[pid +$target\] \+\+\+ exited with 3"
	ended "$target" 3
}

test_stop_and_continue() {
	sleeper
	# in a process group of its own, where nobody else is stopped; but no
	# longer, for a shell with job control leaves loops when a job stops
	set -m
	attached -o trace -p "$target"
	set +m
	kill -TSTP "$tracer"
	until_true is_in_state "$tracer" T
	is_free "$target" || fail "not let go"
	kill -CONT "$tracer"
	until_true is_traced "$target"
	until_true grep -q again attached.err
	kill -INT "$tracer"
	ended "$tracer" 130
	is_free "$target" || fail "not let go"
}

test_stopped_process_stays_stopped() {
	sleeper
	kill -STOP "$target"
	until_true is_in_state "$target" T
	attached -o trace -p "$target"
	kill -INT "$tracer"
	ended "$tracer" 130
	until_true is_in_state "$target" T
	[ "$(field "$target" TracerPid)" = 0 ] || fail "still traced"
	kill -CONT "$target"
	until_true is_in_state "$target" S
}
