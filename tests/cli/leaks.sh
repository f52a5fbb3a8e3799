# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# What the program is started with: what utrace's caller has, and no more.

# A program that tells what it was given.
cat_status='/^(Sig(Blk|Ign|Cgt|Pnd)|ShdPnd|Umask|Cap...|NoNewPrivs|Groups|Uid|Gid)/'

probe() {
	cat >probe <<-END
	#!/bin/sh
	ls -l /proc/self/fd | awk 'NR > 1 { print \$9, \$11 }' |
		sed 's/\\[[0-9]*\\]//; s|/proc/[0-9]*/fd||'
	awk '$cat_status' /proc/self/status
	cat /proc/self/limits
	pwd
	ps -o ni= -p \$\$
	cat /proc/self/oom_score_adj
	ps -o pgid= -o sid= -p \$\$
	env | grep -v '^_=' | sort
	END
	chmod 755 probe
}

# same COMMAND...: it sees the same with and without utrace
same() {
	"$@" ./probe >seen 2>said
	mv seen plain
	mv said plain.err
	"$@" "$utrace" -o trace -e syscalls -e events ./probe >seen 2>said
	mv seen traced
	mv said traced.err
	diff plain traced >difference || {
		cat difference
		fail "the program sees a difference"
	}
	diff plain.err traced.err || fail "it says something else"
}

test_nothing_leaks() {
	probe
	same env
}

test_descriptors() {
	probe
	same sh -c 'exec 7<probe; exec "$@"' -
	same sh -c 'exec "$@" <&-' -
	# nor with -o at a low number, or to standard error
	sh -c "exec ./probe <&-" >seen 2>err
	mv seen plain
	sh -c "exec '$utrace' ./probe <&-" >seen 2>err
	mv seen traced
	diff plain traced || fail "the program sees a difference"
}

test_descriptors_that_are_closed() {
	local n
	for n in 0 1 2; do
		sh -c "exec sh -c 'ls /proc/self/fd >plain' $n>&-" || :
		sh -c "exec '$utrace' -o trace sh -c 'ls /proc/self/fd >traced' $n>&-" || :
		diff plain traced || fail "descriptor $n closed"
	done
}

test_signal_mask_and_dispositions() {
	probe
	same env --block-signal=USR1,CHLD,TERM,INT
	same env --ignore-signal=INT,QUIT,TSTP,PIPE,CHLD,TTOU,XFSZ,HUP,TERM
	same env --default-signal
}

test_limits() {
	probe
	same sh -c 'ulimit -S -n 200; ulimit -c 0; exec "$@"' -
	same sh -c 'ulimit -n 300; ulimit -f 10000; exec "$@"' -
}

test_interrupt_that_is_ignored_stays_ignored() {
	run 0 env --ignore-signal=INT "$utrace" -o trace \
		sh -c 'kill -INT $$; exit 0'
}
