# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# For the tests of the command.  $build and $here are set by run.

PATH=$build:$build/tests/programs:$PATH
utrace=$build/utrace
started=()

# What a test started ends with it.
cleanup() {
	local pid
	set +e
	for pid in "${started[@]}"; do
		# continued first, or it stays where it stopped
		kill -CONT "$pid" 2>/dev/null
		kill -KILL "$pid" 2>/dev/null
	done
	wait 2>/dev/null
}

# fail TEXT...: the test failed, and this is why
fail() {
	echo "$*"
	local file
	for file in out err trace; do
		[ ! -s $file ] || { echo "--- $file"; tail -n 20 $file | cat -v; }
	done
	exit 1
}

# skip REASON
skip() {
	echo "$*"
	exit 77
}

need() {
	local program
	for program; do
		command -v "$program" >/dev/null || skip "$program is not here"
	done
}

# run [!]STATUS COMMAND...: standard output in out, standard error in err
run() {
	local want=$1 got=0
	shift
	"$@" >out 2>err || got=$?
	[ "$got" = "$want" ] || fail "status $got, not $want: $*"
}

# says FILE REGEX: some line of FILE matches
says() {
	grep -qE -e "$2" "$1" || fail "$1 has no line with: $2"
}

# silent FILE REGEX: no line of FILE matches
silent() {
	! grep -qE -e "$2" "$1" || fail "$1 has a line with: $2"
}

# one_sentence REGEX: that, from utrace, is all of standard error
one_sentence() {
	[ "$(wc -l <err)" = 1 ] || fail "not one line on standard error"
	says err "^utrace: .*$1"
	! grep -qP '[^\x20-\x7e]' err || fail "unprintable bytes in it"
}

# equal GOT WANT [WHAT]
equal() {
	[ "$1" = "$2" ] || fail "${3-}: '$1' is not '$2'"
}

# until COMMAND...: wait until it is true
until_true() {
	local i
	for ((i = 0; i < 500; i++)); do
		! "$@" 2>/dev/null || return 0
		sleep 0.02
	done
	fail "it never became true: $*"
}

# background COMMAND...: $pid is its process
background() {
	"$@" &
	pid=$!
	started+=("$pid")
}

# field PID NAME: from /proc/PID/status
field() {
	awk -v name="$2:" '$1 == name { print $2 }' "/proc/$1/status"
}

state() {
	field "$1" State
}

is_in_state() {
	[[ $2 == *"$(state "$1")"* ]]
}

is_traced() {
	[ "$(field "$1" TracerPid)" != 0 ]
}

is_free() {
	[ "$(field "$1" TracerPid)" = 0 ] && is_in_state "$1" RS
}

# sleeper: $target is a process that waits
sleeper() {
	background sleep 1000
	target=$pid
	until_true is_in_state "$target" S
	until_true grep -q sleep "/proc/$target/comm"
}

# attached ARG...: $tracer is a utrace with these arguments, and has attached
attached() {
	# background jobs of a script ignore SIGINT; this one should be as typed
	background env --default-signal=INT,QUIT "$utrace" "$@" \
		>attached.out 2>attached.err
	tracer=$pid
	until_true grep -q attached attached.err
}

# ended PID WANT: wait for it; its status is WANT
ended() {
	local status=0
	wait "$1" || status=$?
	equal "$status" "$2" "status of process $1"
}
