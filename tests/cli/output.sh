# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# Where lines go, and what happens when they cannot.

# storm N: a program that makes 2N system calls and more
storm=(dd if=/dev/zero of=/dev/null bs=1 status=none)

test_new_file_is_for_its_owner_alone() {
	umask 0
	run 0 utrace -o trace true
	equal "$(stat -c %a trace)" 600
	says trace '^execve\('
}

test_standard_error_by_default() {
	run 0 utrace true
	says err '^execve\('
	says err '^\+\+\+ exited with 0'
	equal "$(cat out)" ''
}

test_old_contents_go_away() {
	yes old | head -n 100000 >trace
	run 0 utrace -o trace true
	silent trace old
	says trace '^execve\('
}

test_old_contents_go_away_without_lines() {
	echo old >trace
	run 0 utrace -o trace -e events:JCTL true
	equal "$(cat trace)" ''
}

test_old_contents_stay_when_nothing_is_traced() {
	local gone
	gone=$(sh -c 'echo $$')
	echo old >trace
	run 1 utrace -o trace -p "$gone"
	equal "$(cat trace)" old
}

test_file_of_somebody_else() {
	[ "$(id -u)" = 0 ] || skip "not root"
	echo old >trace
	chown 12345 trace
	run 1 utrace -o trace true
	one_sentence "cannot write to 'trace': the file belongs to another user"
	equal "$(cat trace)" old
}

test_no_file_at_the_end_of_a_link() {
	ln -s elsewhere trace
	run 1 utrace -o trace true
	one_sentence "cannot write to 'trace'"
	[ ! -e elsewhere ] || fail "it was made"
	# but a link to a file that is there is what the user wants
	: >elsewhere
	run 0 utrace -o trace true
	says elsewhere '^execve\('
}

test_devices_and_pipes() {
	run 0 utrace -o /dev/null true
	run 0 utrace -o /dev/stdout true
	says out '^execve\('
	mkfifo fifo
	background cat fifo >from-fifo
	run 0 utrace -o fifo true
	ended "$pid" 0
	says from-fifo '^execve\('
	says from-fifo '^\+\+\+ exited'
}

test_interrupt_while_waiting_for_a_reader() {
	mkfifo fifo
	background env --default-signal=INT "$utrace" -o fifo true
	sleep 0.2
	kill -INT "$pid"
	ended "$pid" 130
}

test_full_device() {
	[ -c /dev/full ] || skip "no /dev/full"
	run 1 utrace -o /dev/full sh -c 'sleep 0.2; echo done >done; exit 0'
	one_sentence "cannot write to '/dev/full': No space left on device"
	equal "$(cat "$PWD/done")" "done"
}

test_file_size_limit() {
	run 1 sh -c "ulimit -f 4; exec '$utrace' -o trace ${storm[*]} count=2000"
	one_sentence "cannot write to 'trace': File too large"
}

test_reader_that_leaves() {
	local status=0
	{
		"$utrace" -o /dev/fd/3 sh -c 'for i in 1 2 3 4 5; do :; sleep 0.1; done; echo done' 3>&1 >out 2>err ||
			status=$?
		echo "$status" >status
	} | head -n 1 >first
	until_true test -s status
	says first '^execve\('
	equal "$(cat out)" "done"
	equal "$(cat status)" 1
	one_sentence 'nobody reads the output'
}

test_reader_that_leaves_an_attached_process() {
	background sh -c 'while :; do : </dev/null; done'
	target=$pid
	{
		set +e
		timeout 10 "$utrace" -q -o /dev/fd/3 -p "$target" 3>&1 2>err >/dev/null
		echo "$?" >status
	} | head -n 1 >first
	until_true test -s status
	equal "$(cat status)" 1
	one_sentence 'nobody reads the output'
	is_free "$target" || fail "still traced"
}

# A reader that stands still, and a program that says more than a pipe and the
# buffer can hold.

test_drop_does_not_wait() {
	mkfifo fifo
	background sh -c 'exec 3<fifo; exec sleep 1000'
	run 0 timeout 15 "$utrace" --when-full=drop --buffer=64K -o fifo \
		"${storm[@]}" count=4000
	says err '^utrace: the reader of the output stands still: [0-9]+ lines were lost$'
}

test_drop_tells_how_many() {
	local dropped program
	# one process, so that the sleep in between adds little
	program='i=0
		 while [ $i -lt 1000 ]; do : </dev/null; i=$((i+1)); done
		 : >go; sleep 0.5; exit 0'
	run 0 utrace -o all sh -c "$program"
	rm go
	mkfifo fifo
	background sh -c 'exec 3<fifo; while ! [ -e go ]; do sleep 0.05; done; exec cat <&3 >got'
	run 0 utrace --when-full=drop --buffer=16K -o fifo sh -c "$program"
	ended "$pid" 0
	one_sentence 'the reader of the output was too slow: [0-9]+ lines were dropped'
	dropped=$(sed 's/[^0-9]//g' err)
	equal $(($(wc -l <got) + dropped)) "$(wc -l <all)" "lines and dropped"
}

test_wait_loses_nothing() {
	mkfifo fifo
	run 0 "$utrace" -o all "${storm[@]}" count=2000
	background sh -c 'exec 3<fifo; sleep 1; cat <&3 >got'
	run 0 "$utrace" --buffer=4K -o fifo "${storm[@]}" count=2000
	ended "$pid" 0
	equal "$(wc -l <got)" "$(wc -l <all)"
	equal "$(cat err)" ''
}

test_interrupt_ends_waiting() {
	mkfifo fifo
	background sh -c 'exec 3<fifo; exec sleep 1000'
	background sh -c 'while :; do : </dev/null; done'
	target=$pid
	background env --default-signal=INT "$utrace" --buffer=4K -o fifo \
		-p "$target" 2>err
	until_true grep -q attached err
	sleep 0.3
	kill -INT "$pid"
	ended "$pid" 130
	is_free "$target" || fail "still traced"
}

test_closed_standard_error() {
	run 0 sh -c "exec '$utrace' -o trace true 2>&-"
	says trace '^execve\('
	silent trace utrace:
}
