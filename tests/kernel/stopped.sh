#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A process that job control stopped is stopped when the modules are gone, goes on
# when it is told to, and not before.
#
# Limit: 60
. ./lib.sh

control=/sys/kernel/debug/utrace-catcher/control
is_stopped() { [ "$(state_of "$pid")" = T ]; }

attach() {
	load crash-catcher
	echo "$pid" >$control || exit
	sleep 0.2
}

# leave NAME: both modules go, and the stopped one goes on
leave() {
	check "$1: the engine's module goes" unload crash-catcher
	check "$1: it is stopped" is_stopped
	check "$1: the facility goes" unload utrace
	sleep 0.5
	check "$1: it is stopped still" is_stopped
	kill -CONT "$pid"
	status=0
	wait "$pid" || status=$?
	judge "$1: it goes on, and ends as it would" \
		"$([ $status = 5 ] || echo "exit status $status")"
	load utrace
}

# shellcheck disable=SC2016 # for the shell that stops
stops='kill -STOP $$; exit 5'

sh -c "$stops" &
pid=$!
within 10 is_stopped
attach
leave 'stopped before it was attached to'

sh -c "sleep 1; $stops" &
pid=$!
attach
within 10 is_stopped
leave 'stopped when attached'
tap_done
