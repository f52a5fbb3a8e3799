# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# For check scripts: TAP on standard output.  Source it, call ok, not_ok and
# skip for each thing that was looked at, and end with tap_done.

tap_count=0
tap_bad=0

# diag < TEXT: what belongs to the line before
diag() {
	sed 's/^/#   /'
}

ok() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1"
}

# not_ok NAME [TEXT]
not_ok() {
	tap_count=$((tap_count + 1))
	tap_bad=$((tap_bad + 1))
	echo "not ok $tap_count - $1"
	if [ $# -gt 1 ] && [ -n "$2" ]; then
		diag <<<"$2"
	fi
}

# skip NAME REASON
skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# judge NAME TEXT: ok if there is nothing to say
judge() {
	if [ -z "$2" ]; then
		ok "$1"
	else
		not_ok "$1" "$2"
	fi
}

# need NAME PROGRAM...: not ok and false if one is missing
need() {
	local name=$1 program
	shift
	for program; do
		if ! command -v "$program" >/dev/null; then
			not_ok "$name" "$program is missing: see make deps"
			return 1
		fi
	done
}

# need_kernel NAME KERNEL: false if it cannot be booted: skipped where this system has no
# such kernel, or else not ok
need_kernel() {
	local said status=0

	said=$(tools/vm/kernel image "$2" 2>&1) || status=$?
	case $status in
	0)	return ;;
	3)	skip "$1" "$said" ;;
	*)	not_ok "$1" "$said" ;;
	esac
	return 1
}

tap_done() {
	echo "1..$tap_count"
	[ "$tap_bad" -eq 0 ]
	exit
}

# code_of FILE: C source without its comments, line by line
code_of() {
	perl -0777 -pe '
		s{("(?:\\.|[^"\\\n])*"|'\''(?:\\.|[^'\''\\\n])*'\'')
		  |/\*.*?\*/|//[^\n]*}
		 {defined $1 ? $1 : ("\n" x ($& =~ tr/\n//)) || " "}gsex
	' "$1"
}
