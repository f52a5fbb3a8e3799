# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# For check scripts whose tests are parts of others: KTAP on standard output, as
# the kernel's Documentation/dev-tools/ktap.rst has it.  Source it instead of
# tap.sh, whose calls it has.  What belongs to a result comes before it here.
#
#	ktap_begin 2			there will be so many
#	ok 'the first'
#	part_begin 'the second' 3	there will be so many; unknown without
#	...
#	part_end			its own result
#	ktap_done

. tools/tap.sh
tap_indent=''
tap_outer=()	# what is counted of those that this is part of, and its name

# remark TEXT: a line of it, as it is
remark() {
	echo "$tap_indent# $1"
}

diag() {
	sed "s/^/$tap_indent#   /"
}

# result WORD NAME [DATA]: "#" is for the data alone
result() {
	tap_count=$((tap_count + 1))
	[ "$1" = ok ] || tap_bad=$((tap_bad + 1))
	echo "$tap_indent$1 $tap_count ${2//#/}${3:+ # $3}"
}

ok() {
	result ok "$1"
}

not_ok() {
	if [ $# -gt 1 ] && [ -n "$2" ]; then
		diag <<<"$2"
	fi
	result 'not ok' "$1"
}

skip() {
	result ok "$1" "SKIP $2"
}

ktap_begin() {
	echo 'KTAP version 1'
	echo "1..$1"
}

part_begin() {
	tap_outer+=("$tap_count $tap_bad $1")
	tap_indent+='  ' tap_count=0 tap_bad=0
	echo "${tap_indent}KTAP version 1"
	remark "Subtest: ${1//#/}"
	[ -z "${2-}" ] || echo "${tap_indent}1..$2"
}

# part_end [TEXT]: not ok if something in it was not, or there is a text
part_end() {
	local name bad=$tap_bad

	read -r tap_count tap_bad name <<<"${tap_outer[-1]}"
	unset 'tap_outer[-1]'
	tap_indent=${tap_indent%'  '}
	if [ "$bad" -eq 0 ]; then
		judge "$name" "${1-}"
	else
		not_ok "$name" "${1-}"
	fi
}

ktap_done() {
	[ "$tap_bad" -eq 0 ]
	exit
}
