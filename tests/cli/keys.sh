# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# Ctrl-C and Ctrl-Z, typed at a terminal.

typed() {
	need python3
	run "$1" python3 "$here/lib/terminal.py" "${@:2}"
}

test_interrupt_is_for_the_command() {
	typed 7 'expect:ready' 'type:^C' 'expect:caught' 'type:^C' \
		'expect:caught' 'run:touch go' -- \
		"$utrace" -o trace sh -c 'trap "echo caught" INT; echo ready; while ! [ -e go ]; do sleep 0.05; done; exit 7'
	says trace '^--- SIGINT '
}

test_interrupt_ends_a_command_that_does_not_care() {
	typed 130 'expect:ready' 'type:^C' -- \
		"$utrace" -o trace sh -c 'echo ready; while :; do sleep 0.05; done'
	says trace 'killed by SIGINT'
}

test_quit_is_for_the_command() {
	typed 7 'expect:ready' 'type:^\' 'expect:caught' 'run:touch go' -- \
		"$utrace" -o trace sh -c 'trap "echo caught" QUIT; echo ready; while ! [ -e go ]; do sleep 0.05; done; exit 7'
}

test_stop_is_for_the_command() {
	# a shell with job control, or nobody's group is there to be stopped;
	# a command without children: one that is stopped between vfork() and
	# exec keeps its parent from stopping
	cat >job <<-END
	set -m
	$utrace -o trace sh -c 'echo \$\$ >pid; echo ready; while ! [ -e go ]; do :; done; exit 7'
	exit \$?
	END
	cat >watch <<-'END'
	state() { awk '$1 == "State:" { print $2 }' "/proc/$1/status"; }
	pid=$(cat pid)
	for i in $(seq 200); do
		[ "$(state "$pid")" != T ] && [ "$(state "$pid")" != t ] || break
		sleep 0.02
	done
	tracer=$(awk '$1 == "PPid:" { print $2 }' "/proc/$pid/status")
	echo "command $(state "$pid") utrace $(state "$tracer")" >states
	touch go
	kill -CONT -- "-$(ps -o pgid= -p "$pid" | tr -d ' ')"
	END
	typed 7 'expect:ready' 'type:^Z' 'run:bash watch' -- bash job
	says states '^command [Tt] utrace [SR]$'
	says trace '^--- SIGTSTP '
}

test_interrupt_lets_attached_processes_go() {
	sleeper
	typed 130 'expect:attached' 'type:^C' -- \
		"$utrace" -o trace -p "$target"
	is_free "$target" || fail "not let go"
	says out "process $target detached"
}

test_stop_of_utrace_lets_attached_processes_go() {
	sleeper
	cat >job <<-END
	set -m
	$utrace -o trace -p $target
	echo stopped
	awk '\$1 ~ /State|TracerPid/ { print \$1, \$2 }' /proc/$target/status
	# a shell whose program Ctrl-C ended, ends the same way
	fg
	END
	typed 130 'expect:attached' 'type:^Z' 'expect:TracerPid: 0' \
		'expect:again' 'type:^C' 'expect:detached' -- bash job
	# it may be on its way back to sleep
	says out 'State: [RS]'
	is_free "$target" || fail "not let go"
}
