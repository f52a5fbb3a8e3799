# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the scripts in tools/vm share: names of kernels, and where things are
# kept.  They run at the top of the tree, and source this.
#
# A kernel's name is a series, with what it is where that is not Debian's cloud
# kernel:
#
#	6.1		Debian's cloud kernel of that series
#	6.1-generic	Debian's kernel for any machine
#	6.1-rt		Debian's kernel with PREEMPT_RT
#	debug-6.1	built here, with KASAN, lockdep and more: debug-kernel
#	kcsan-6.1	built here, with KCSAN and lockdep
#
# Kernels are kept in $XDG_CACHE_HOME/utrace, or where UTRACE_CACHE says.

vm_cache=${UTRACE_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/utrace}

# What make check tests on.
vm_default_kernels='6.1 6.12'

vm_die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# vm_parse NAME: sets vm_series and vm_flavour; false if it is no name
vm_parse() {
	vm_series=$1 vm_flavour=cloud
	case $1 in
	debug-* | kcsan-*)	vm_flavour=${1%%-*} vm_series=${1#*-} ;;
	*-generic | *-rt)	vm_flavour=${1##*-} vm_series=${1%-*} ;;
	esac
	[[ $vm_series =~ ^[0-9]+\.[0-9]+$ ]]
}

# vm_headers_of SERIES FLAVOUR: the newest installed header tree, or false
vm_headers_of() {
	local series=$1 end dir list=()

	case $2 in
	cloud)		end=cloud-amd64 ;;
	generic)	end=amd64 ;;
	rt)		end=rt-amd64 ;;
	esac
	for dir in /usr/src/linux-headers-"$series".*-"$end"; do
		[ -e "$dir/Makefile" ] || continue
		[ "$2" != generic ] ||
			[[ $dir != *-cloud-amd64 && $dir != *-rt-amd64 ]] ||
			continue
		list+=("$dir")
	done
	[ ${#list[@]} -gt 0 ] || return 1
	printf '%s\n' "${list[@]}" | sort -V | tail -n 1
}

# vm_release_of HEADERS: what uname -r says of the kernel that they are of
vm_release_of() {
	sed -n 's/.*UTS_RELEASE "\(.*\)".*/\1/p' \
		"$1/include/generated/utsrelease.h" 2>/dev/null
}

# vm_package_version PACKAGE: the version that is installed, or false
vm_package_version() {
	local said
	said=$(dpkg-query -W -f '${db:Status-Status} ${Version}' "$1" \
		2>/dev/null) && [ "${said% *}" = installed ] &&
		echo "${said#* }"
}

# vm_locked NAME COMMAND...: run it, alone among those with that name
vm_locked() {
	local lock=$vm_cache/lock-$1 status=0
	shift
	mkdir -p "$vm_cache"
	{
		flock 9
		"$@" 9>&- || status=$?
	} 9>"$lock"
	return $status
}
