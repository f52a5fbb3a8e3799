# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# Bad input: one sentence, a status that is not 0, and nothing lost.

test_unknown_option() {
	run 2 utrace -z true
	one_sentence "no option '-z'"
	run 2 utrace -fz true
	one_sentence "no option '-z'"
	run 2 utrace --nonsense true
	one_sentence "no option '--nonsense'"
	run 2 utrace --quiet=3 true
	one_sentence "bad use of the option '--quiet=3'"
	run 2 utrace -o
	one_sentence "the option '-o' wants an argument"
}

test_nothing_to_trace() {
	run 2 utrace
	one_sentence 'nothing to trace'
	run 2 utrace -f -o trace
	one_sentence 'nothing to trace'
	run 2 utrace -p 1 true
	one_sentence 'not both'
}

test_unknown_engine() {
	echo precious >trace
	run 2 utrace -o trace -e nonsense touch ran
	one_sentence "no engine 'nonsense'"
	run 2 utrace -o trace -e ./nonsense.so touch ran
	one_sentence "no engine './nonsense.so'"
	run 2 utrace -o trace -e '' touch ran
	one_sentence 'name of an engine'
	run 2 utrace -o trace -e trace=open touch ran
	one_sentence 'syscalls:open'
	equal "$(cat trace)" precious
	[ ! -e ran ] || fail "the program ran"
}

test_broken_engine() {
	echo 'not a shared object' >junk.so
	run 1 utrace -e ./junk.so true
	one_sentence "cannot load the engine './junk.so'"
	run 1 utrace -e "$build/libutrace.so" true
	one_sentence 'it has no utrace_plugin'
}

test_engine_path() {
	mkdir dir
	cp "$build/engines/events.so" dir/mine.so
	run 0 env UTRACE_ENGINE_PATH="/nowhere:$PWD/dir" "$utrace" \
		-o trace -e mine:EXEC true
	says trace ' EXEC '
	run 0 utrace -o trace -e ./dir/mine.so:EXEC true
	says trace ' EXEC '
}

test_bad_engine_options() {
	echo precious >trace
	run 2 utrace -o trace -e syscalls:nonsense touch ran
	one_sentence "'nonsense' is neither a system call"
	run 2 utrace -o trace -e syscalls:openat, touch ran
	one_sentence 'is empty'
	run 2 utrace -o trace -e syscalls:summary,json touch ran
	one_sentence 'either a summary or json'
	run 2 utrace -o trace -e events:NONSENSE touch ran
	one_sentence "'NONSENSE' is not an event"
	equal "$(cat trace)" precious
	[ ! -e ran ] || fail "the program ran"
}

test_bad_pids() {
	local pid
	for pid in x 12x -1 0 '' 1.5 99999999999 ' ' ','; do
		run 2 utrace -o trace -p "$pid"
		one_sentence 'process ID'
	done
}

test_bad_values() {
	run 2 utrace --when-full=never true
	one_sentence "'wait' or 'drop', not 'never'"
	run 2 utrace --buffer=x true
	one_sentence "'x' is not a buffer size"
	run 2 utrace --buffer=1 true
	one_sentence "'1' is not a buffer size"
}

test_process_that_is_not_there() {
	local pid
	pid=$(sh -c 'echo $$')
	run 1 utrace -o trace -p "$pid"
	one_sentence "cannot attach to process $pid"
}

test_bad_output_file() {
	run 1 utrace -o /no/such/dir/trace touch ran
	one_sentence "cannot write to '/no/such/dir/trace': No such file"
	run 1 utrace -o . touch ran
	one_sentence "cannot write to '.': Is a directory"
	run 2 utrace -o '' touch ran
	one_sentence 'name of a file'
	[ ! -e ran ] || fail "the program ran"
}

test_help_and_version() {
	run 0 utrace --help
	says out '^Usage: utrace '
	run 0 utrace -h
	run 0 utrace -V
	says out '^utrace [0-9]'
	run 0 utrace --version
	run 0 utrace --engines
	says out '^syscalls +[a-z]'
	says out '^events +[a-z]'
	says out '^ +json: '
	if [ -e /dev/full ]; then
		"$utrace" --help >/dev/full && fail "help on a full device"
	fi
	return 0
}
