# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# A test of the shell itself, written the way such tests are: functions, pipes,
# traps, background jobs, job status, here documents.
n=0
check() {
	n=$((n + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1: '$2', not '$3'"
	fi
}

for round in 1 2 3 4; do
	check "round $round: pipe" "$(seq 100 | grep 7 | wc -l | tr -d ' ')" 19
	check "subshell status" "$( (exit 5) || echo $?)" 5
	check "command substitution" "$(echo "$(echo "$(echo deep)")")" deep
	check "here document" "$(cat <<END
$round of 4
END
)" "$round of 4"

	sleep 30 &
	pid=$!
	kill -TERM $pid
	wait $pid
	check "killed job" $? 143

	rm -f ready
	(trap 'exit 9' USR1; : >ready; while :; do sleep 0.02; done) &
	pid=$!
	until [ -e ready ]; do sleep 0.02; done
	kill -USR1 $pid
	wait $pid
	check "trap in a job" $? 9

	got=
	trap 'got=yes' USR2
	kill -USR2 $$
	check "trap" "$got" yes
	trap - USR2

	(sleep 0.05; kill -CONT $BASHPID; exit 3) &
	pid=$!
	kill -STOP $pid
	kill -CONT $pid
	wait $pid
	check "stopped and continued" $? 3

	(kill -SEGV $BASHPID) 2>/dev/null
	check "fatal signal" $? 139

	false | true
	check "status of a pipe" "${PIPESTATUS[*]}" "1 0"
	yes | head -n 3 >three
	check "broken pipe" "${PIPESTATUS[0]}" 141
	check "file" "$(wc -l <three)" 3
	ulimit -c 0
	for i in 1 2 3 4 5; do
		(exit $i) &
		jobs[i]=$!
	done
	sum=0
	for i in 1 2 3 4 5; do
		wait "${jobs[i]}"
		sum=$((sum + $?))
	done
	check "statuses of five jobs" $sum 15
done
echo "1..$n"
echo "to standard error" >&2
exit 42
