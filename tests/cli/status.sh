# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# How utrace ends: as the program does, or as a shell that cannot run it.

test_exit_status_is_passed_on() {
	run 0 utrace -o trace true
	run 1 utrace -o trace false
	run 42 utrace -o trace sh -c 'exit 42'
	run 255 utrace -o trace sh -c 'exit 255'
}

test_fatal_signal_is_passed_on() {
	run 143 utrace -o trace sh -c 'kill -TERM $$'
	run 137 utrace -o trace sh -c 'kill -KILL $$'
	run 129 utrace -o trace sh -c 'kill -HUP $$'
	run 130 utrace -o trace sh -c 'kill -INT $$'
	run 139 utrace -o trace sh -c 'ulimit -c 0; kill -SEGV $$'
}

test_fatal_signal_is_a_signal() {
	need python3
	python3 - "$utrace" <<-'END' || fail "did not die by a signal"
	import subprocess, sys
	for sig in 9, 11, 15:
	    p = subprocess.run([sys.argv[1], "-o", "trace", "sh", "-c",
	                        "ulimit -c 0; kill -%d $$" % sig])
	    if p.returncode != -sig:
	        sys.exit("%d" % p.returncode)
	END
}

test_no_core_of_utrace() {
	ulimit -c unlimited || skip "no core files here"
	run 139 utrace -o trace sh -c 'ulimit -c 0; kill -SEGV $$'
	! compgen -G '*core*' || fail "a core file"
}

test_arguments_are_passed_on() {
	run 0 utrace -o trace printf '[%s]' 'a b' '' -o '*'
	equal "$(cat out)" '[a b][][-o][*]'
	run 0 utrace -o trace -- printf '%s' -f
	equal "$(cat out)" -f
}

test_standard_streams_are_the_programs() {
	echo hello | "$utrace" -o trace cat >out 2>err
	equal "$(cat out)" hello
	equal "$(cat err)" ''
}

test_program_is_searched_in_path() {
	mkdir one two
	printf '#!/bin/sh\necho one\n' >one/prog
	printf '#!/bin/sh\necho two\n' >two/prog
	chmod 755 two/prog
	# what cannot be run is passed over, what can be found further on runs
	run 0 env PATH="$PWD/one:$PWD/two:$PATH" "$utrace" -o trace prog
	equal "$(cat out)" two
	run 126 env PATH="$PWD/one" "$utrace" -o trace prog
	one_sentence "cannot run 'prog': Permission denied"
	# an empty entry is the current directory
	cp two/prog here
	run 0 env PATH=":/usr/bin:/bin" "$utrace" -o trace here
	# a slash: no search
	run 127 utrace -o trace ./prog
}

test_missing_program() {
	run 127 utrace -o trace no-such-program
	one_sentence "cannot run 'no-such-program': No such file or directory"
	run 127 utrace -o trace ./no/such/program
	one_sentence "cannot run './no/such/program': No such file or directory"
	run 127 utrace -o trace ''
	[ ! -e trace ] || fail "made the output file for nothing"
}

test_unreadable_program() {
	printf '#!/bin/sh\n' >script
	chmod 644 script
	run 126 utrace -o trace ./script
	one_sentence "cannot run './script': Permission denied"
	run 126 utrace -o trace /
	one_sentence "cannot run '/': Is a directory"
}

test_program_that_exec_rejects() {
	echo 'no program at all' >junk
	chmod 755 junk
	run 126 utrace -o trace ./junk
	one_sentence "cannot run './junk': Exec format error"
	printf '#!/no/such/interpreter\n' >script
	chmod 755 script
	run 127 utrace -o trace ./script
	one_sentence "cannot run './script': No such file or directory"
}

test_name_with_escapes_in_the_message() {
	run 127 utrace -o trace "$(printf './a\033[31m\nb')"
	one_sentence 'a\\033\[31m\\012b'
}

test_child_signal_ignored_by_caller() {
	run 42 env --ignore-signal=CHLD "$utrace" -o trace sh -c 'exit 42'
}
