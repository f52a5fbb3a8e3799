# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# The engine "syscalls".

unprintable='[^\x20-\x7e]'

# From "name(" to how often, without what strace alone would say.
counts() {
	sed -n 's/^\(\[pid *[0-9]*\] \)\{0,1\}\([a-z_0-9]*\)(.*/\2/p' "$1" |
		sort | uniq -c | awk '{ print $2, $1 }'
}

test_lines() {
	echo 'hello world' >file
	run 3 utrace -o trace sh -c 'read x <file; cd /; exit 3'
	says trace '^execve\(".*/sh", \["sh", "-c", "read x <file; cd /; exit 3"\], 0x[0-9a-f]+ /\* [0-9]+ vars? \*/\) = 0$'
	says trace '^openat\(AT_FDCWD, "file", O_RDONLY\) = [0-9]+$'
	says trace '^chdir\("/"\) = 0$'
	says trace '^read\(0, "h'
	says trace '^exit_group\(3\) = \?$'
	equal "$(tail -n 1 trace)" '+++ exited with 3 +++'
	silent trace '^\[pid'
}

test_errors_have_names() {
	run 1 utrace -o trace cat /no/such/file
	says trace '^openat\(AT_FDCWD, "/no/such/file", O_RDONLY\) = -1 ENOENT \(No such file or directory\)$'
}

test_output_of_calls_is_their_result() {
	printf 'abc\0def\377' >file
	# to a file it would copy without reading
	"$utrace" -o trace cat file | cat >out
	says trace '^read\(3, "abc\\0def\\377", [0-9]+\) = 8$'
	says trace '^read\(3, "", [0-9]+\) = 0$'
	says trace '^write\(1, "abc\\0def\\377", 8\) = 8$'
}

test_strings_are_cut() {
	printf '%050d' 0 >file
	"$utrace" -o trace cat file | cat >out
	says trace '^write\(1, "0{32}"\.\.\., 50\) = 50$'
}

test_hostile_strings() {
	local name
	name=$(printf 'a\033]0;owned\007\n+++ exited with 0 +++\r"\\')
	run 0 utrace -o trace sh -c ': >"$1"' sh "$name"
	! grep -qP "$unprintable" trace || fail "bytes that steer a terminal"
	says trace '"a\\33\]0;owned\\7\\n\+\+\+ exited with 0 \+\+\+\\r\\"\\\\"'
	equal "$(grep -c '^+++' trace)" 1
}

test_unreadable_memory() {
	need python3
	cat >bad.py <<-'END'
	import ctypes
	libc = ctypes.CDLL(None)
	libc.syscall(257, -100, ctypes.c_void_p(0x10), 0)
	libc.syscall(257, -100, None, 0)
	END
	run 0 utrace -f -o trace -e syscalls:openat python3 bad.py
	says trace 'openat\(AT_FDCWD, 0x10, O_RDONLY\) = -1 EFAULT'
	says trace 'openat\(AT_FDCWD, NULL, O_RDONLY\) = -1 EFAULT'
}

test_narrowing() {
	run 0 utrace -o trace -e syscalls:openat,close cat /dev/null
	equal "$(counts trace | cut -d' ' -f1 | tr '\n' ' ')" 'close openat '
	run 0 utrace -o all cat /dev/null
	equal "$(counts trace)" "$(counts all | grep -E '^(openat|close) ')"
}

test_narrowing_by_exclusion() {
	run 0 utrace -o trace -e 'syscalls:!openat,!close' cat /dev/null
	run 0 utrace -o all cat /dev/null
	equal "$(counts trace)" "$(counts all | grep -vE '^(openat|close) ')"
}

test_two_engines_of_a_kind() {
	run 0 utrace -o trace -e syscalls:openat -e syscalls:close cat /dev/null
	run 0 utrace -o both -e syscalls:openat,close cat /dev/null
	equal "$(counts trace)" "$(counts both)"
}

test_same_calls_as_strace() {
	need strace
	local program
	for program in true 'ls -l /usr' 'sort /etc/passwd'; do
		# programs look at where their output goes
		strace -o strace.out $program >/dev/null
		utrace -o trace $program >/dev/null
		diff <(counts strace.out) <(counts trace) ||
			fail "other calls than strace sees: $program"
	done
}

test_same_calls_as_strace_in_children() {
	need strace
	local command='cat /etc/passwd | sort | tail -n 1; exit 5'
	strace -f -o strace.out sh -c "$command" >/dev/null || :
	sed -i 's/^[0-9]* *//; /resumed>/d' strace.out
	utrace -f -o trace sh -c "$command" >/dev/null || :
	# waiting depends on who ends first
	diff <(counts strace.out | grep -vE '^(wait4|rt_sigreturn|rt_sigsuspend|rt_sigprocmask|read|restart_syscall) ') \
	     <(counts trace | grep -vE '^(wait4|rt_sigreturn|rt_sigsuspend|rt_sigprocmask|read|restart_syscall) ') ||
		fail "other calls than strace sees"
}

test_summary() {
	need strace
	strace -c -o strace.out ls -l /usr >/dev/null
	utrace -o trace -e syscalls:summary ls -l /usr >/dev/null
	says trace '^% time +seconds +usecs/call +calls +errors +syscall$'
	says trace ' total$'
	silent trace 'exited'
	# name, calls, errors
	table() {
		awk '$1 ~ /^[0-9.]+$/ { print $NF, $4, (NF > 5 ? $5 : 0) }' "$1" |
			sort
	}
	diff <(table strace.out) <(table trace) ||
		fail "other counts than strace's"
}

test_summary_of_some() {
	run 0 utrace -o trace -e syscalls:summary,openat,close cat /dev/null
	equal "$(awk '$1 ~ /^[0-9.]+$/ { print $NF }' trace | sort | tr '\n' ' ')" \
		'close openat total '
}

test_summary_is_sorted_by_time() {
	run 0 utrace -o trace -e syscalls:summary sleep 0.1
	equal "$(awk '$1 ~ /^[0-9.]+$/ { print $NF; exit }' trace)" \
		clock_nanosleep
	awk '/clock_nanosleep/ { exit !($2 >= 0.09 && $2 < 5) }' trace ||
		fail "not as long as it slept"
}

test_json() {
	need python3
	: >file
	run 3 utrace -f -o trace -e syscalls:json \
		sh -c 'cat file >/dev/null; cat "$(printf "\"\\\\\033")" 2>/dev/null; kill -CONT $$; exit 3'
	python3 - <<-'END' || fail "not as it should be"
	import json
	rows = [json.loads(line) for line in open("trace")]
	calls = [r for r in rows if "name" in r]
	opens = [r for r in calls if r["name"] == "openat"]
	good = [r for r in opens if '"file"' in r["args"]]
	assert good and good[0]["args"][:2] == ["AT_FDCWD", '"file"'], good
	assert good[0]["ret"] >= 0 and good[0]["error"] is None
	bad = [r for r in opens if r["error"] == "ENOENT"]
	assert bad and all(r["ret"] == -1 for r in bad)
	assert any(r["args"][1] == r'"\"\\\33"' for r in bad), bad
	ends = [r for r in calls if r["name"] == "exit_group"]
	assert ends and all(r["ret"] is None for r in ends)
	assert all(r["start"] > 0 and (r["duration"] or 0) >= 0 for r in calls)
	assert len({r["tid"] for r in rows}) >= 3
	assert [r for r in rows if r.get("exited") == 3]
	assert [r for r in rows if r.get("signal") == "SIGCONT"]
	END
}

test_signals() {
	run 0 utrace -o trace sh -c 'trap : USR1; kill -USR1 $$; exit 0'
	says trace '^--- SIGUSR1 \{si_signo=SIGUSR1, si_code=SI_USER, si_pid=[0-9]+, si_uid=[0-9]+\} ---$'
	run 137 utrace -o trace sh -c 'kill -KILL $$'
	says trace '^\+\+\+ killed by SIGKILL \+\+\+$'
	run 0 utrace -o trace sh -c '/bin/true; exit 0'
	says trace '^--- SIGCHLD \{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=[0-9]+, si_uid=[0-9]+, si_status=0, '
}

test_restart() {
	run 0 utrace -o trace sh -c 'trap : ALRM; (sleep 0.2; kill -ALRM $$) & wait; exit 0'
	says trace '= \? ERESTART[A-Z]* \(To be restarted'
}

test_stops() {
	background "$utrace" -o trace sh -c 'kill -STOP $$; exit 4'
	until_true grep -q 'stopped by SIGSTOP' trace
	says trace '^--- SIGSTOP \{'
	kill -CONT "$(cat "/proc/$pid/task/$pid/children")"
	ended "$pid" 4
	says trace '^--- SIGCONT \{'
}

test_calls_that_do_not_end() {
	background "$utrace" -o trace sleep 1000
	until_true test -s trace
	local child
	child=$(awk '{ print $1 }' "/proc/$pid/task/$pid/children")
	until_true is_in_state "$child" S
	until_true grep -q munmap trace
	sleep 0.1
	kill -KILL "$child"
	ended "$pid" 137
	says trace '^clock_nanosleep\(CLOCK_REALTIME, 0, \{tv_sec=1000, tv_nsec=0\}, (0x[0-9a-f]+|NULL)\) = \?$'
	equal "$(tail -n 1 trace)" '+++ killed by SIGKILL +++'
}

test_threads() {
	background "$utrace" -o trace cli_crew 2
	until_true grep -q '"ready' trace
	kill "$(awk '{ print $1 }' "/proc/$pid/task/$pid/children")"
	ended "$pid" 143
	says trace '^\[pid +[0-9]+\] pause\(\) = \?'
	equal "$(grep -c 'killed by SIGTERM' trace)" 3
}

test_children_are_followed_on_request() {
	run 0 utrace -o trace sh -c 'cat /dev/null; cat /dev/null; exit 0'
	equal "$(grep -c execve trace)" 1
	run 0 utrace -f -o trace sh -c 'cat /dev/null; sh -c "cat /dev/null; :"; exit 0'
	equal "$(grep -c 'execve(.*= 0' trace)" 4
	equal "$(grep -c 'exited with 0' trace)" 4
}

test_waits_for_followed_children() {
	run 0 utrace -f -o trace sh -c '(sleep 0.3; echo late >late) & exit 0'
	equal "$(cat late)" late
	equal "$(tail -n 1 trace | sed 's/^[^+]*//')" '+++ exited with 0 +++'
}
