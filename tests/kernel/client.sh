#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A module of somebody else's, written for <linux/utrace.h> and built outside of
# this tree.
#
# Limit: 60 200
. ./lib.sh

parameters=/sys/module/utrace_client/parameters

get() {
	cat "$parameters/$1"
}

# counted EVENT-NUMBER: how many times
counted() {
	get counts | cut -d, -f$(($1 + 1))
}

# at_least NUMBER EVENT-NUMBER
at_least() {
	[ "$(counted "$2")" -ge "$1" ]
}

sleeps() {
	[ "$(state_of $pid)" = S ]
}

all_released() {
	[ "$(get released)" = "$(counted 2)" ]
}

# It runs until it is killed.
spin() {
	sh -c 'while :; do :; done' &
	pid=$!
}

# One process that does something of each kind when it is told to.
mkfifo go
sh -c 'trap : USR1; read -r _ <go; kill -USR1 $$; /bin/true; exit 3' &
pid=$!
within 5 sleeps
check 'it is built and loaded' load utrace_client pid=$pid
judge 'what its calls answer' "$(get answers | grep -v '^fine $')"
judge 'it sees the registers' \
	"$([ "$(get client_ip)" != 0 ] || echo 'ip is 0')"
check 'the quiesce that it asked for comes' within 5 at_least 1 0
kill -TERM $pid
judge 'it keeps a signal away' \
	"$(within 5 at_least 1 11 && [ -d /proc/$pid ] || get counts)"
echo >go
wait $pid
judge 'the process ends as it would' "$([ $? = 3 ] || echo "status $?")"
judge 'it was told of each event' "$(
	for event in 0 1 2 4 5 6 7 8; do
		at_least 1 $event || echo "not of event $event: $(get counts)"
	done)"
judge 'it sees the exit code' "$([ "$(get exit_code)" = 768 ] || get exit_code)"
judge 'children are reported before they run, and their engines released' \
	"$(within 5 all_released || get released)"
judge 'what its callbacks find' "$(get answers | grep -v '^fine $')"
check 'it is unloaded' unload utrace_client

rounds=5
[ -z "$FULL" ] || rounds=50
said='' round=0
while [ $round -lt $rounds ] && [ -z "$said" ]; do
	round=$((round + 1))
	spin
	load utrace_client pid=$pid || said="load: $?"
	grep -q '^fine ' $parameters/answers || said="$said $(get answers)"
	unload utrace_client || said="$said unload: $?"
	[ -d /proc/$pid ] || said="$said it is gone"
	kill -KILL $pid
	wait $pid
done
judge "it comes and goes while the process runs, $rounds times" "$said"

spin
check 'it is loaded for a process that runs' load utrace_client pid=$pid
kill -KILL $pid
wait $pid
judge 'it is unloaded after that has died' "$(unload utrace_client 2>&1)"
judge 'no process: an error' \
	"$(load utrace_client pid=4000000 2>/dev/null && echo 'it loaded')"
judge 'a kernel thread: an error' \
	"$(load utrace_client pid=2 2>/dev/null && echo 'it loaded')"
tap_done
