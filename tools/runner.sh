# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
#
# For tools/check and tools/check-long: run suites that print TAP or KTAP, add up
# what they say.  The caller sets $build and $out, and sources this at the top of
# the tree.

export LC_ALL=C.UTF-8
MAKE=${MAKE:-make}

# ---- running ----------------------------------------------------------------

names=()
declare -A passed failed skipped seconds
total_passed=0 total_failed=0 total_skipped=0

# sanitized BUILD TEST [ARG...]: run a test that is built with a sanitizer
sanitized() {
	local dir=$1 test=$2 calm=()
	shift 2
	export ASAN_OPTIONS=${ASAN_OPTIONS-strict_string_checks=1:detect_stack_use_after_return=1}
	export UBSAN_OPTIONS=${UBSAN_OPTIONS-print_stacktrace=1}
	export TSAN_OPTIONS=${TSAN_OPTIONS-second_deadlock_stack=1}
	# With much address space randomisation old sanitizers do not start.
	if "$dir/tests/$test" --help 2>&1 </dev/null |
	   grep -q 'Sanitizer.*unexpected memory mapping'; then
		calm=(setarch -R)
	fi
	"${calm[@]}" "$dir/tests/$test" "$@"
}

# add NAME PASSED FAILED SKIPPED SECONDS
add() {
	names+=("$1")
	passed[$1]=$2 failed[$1]=$3 skipped[$1]=$4 seconds[$1]=$5
	total_passed=$((total_passed + $2))
	total_failed=$((total_failed + $3))
	total_skipped=$((total_skipped + $4))
}

# judge_log NAME STATUS SECONDS: count what is in the log, tell what is not ok.
#
# In KTAP a test may have parts, which come before its own result, further in.
# They count then, and it does only if it failed and none of them did, or if they
# are not what was planned.
judge_log() {
	local name=$1 status=$2 took=$3 p f s
	awk -v status="$status" -v counts="$out/$name.counts" '
		# begin AT: results that are parts of one, in this column
		function begin(at) {
			column[++depth] = at
			plan[depth] = -1
			title[depth] = ""
			seen[depth] = 0
			before[depth] = failed
		}
		function lack() {
			if (plan[depth] < 0)
				return "no plan"
			if (seen[depth] != plan[depth])
				return "planned " plan[depth] " tests, ran " \
					seen[depth]
			return ""
		}
		# what a line is part of, and the line
		function whole(line,	i, text) {
			for (i = 2; i <= depth; i++)
				if (title[i] != "")
					text = text title[i] ": "
			sub(/^ */, "", line)
			return text line
		}
		function tell(line) {
			printf "%s  %s\n", remarks, whole(line)
			telling = !nested
		}
		function skip(word, line) {
			skipped++
			print "  skipped" word ": " whole(line)
		}
		function leaf(line) {
			seen[depth]++
			if (toupper(line) ~ /# *SKIP/) {
				skip("", line)
			} else if (line ~ /^ *ok/) {
				passed++
			} else {
				failed++
				tell(line)
			}
		}
		# The result of what has the parts that are in this column
		function parent(line,	why, fine) {
			why = lack()
			fine = failed == before[depth]
			if (why == "" && fine && line ~ /^ *not/)
				why = "none of its parts failed, but it did"
			depth--
			seen[depth]++
			if (why == "")
				return
			failed += fine
			print "  FAILED: " why
			tell(line)
		}

		BEGIN { begin(0) }
		{ match($0, /^ */); at = RLENGTH }
		/^ *KTAP version [0-9]/ {
			nested = 1
			# what has no result of its own is missing there
			while (depth > 1 && at <= column[depth])
				depth--
			if (at > column[depth])
				begin(at)
			remarks = ""
			next
		}
		/^ *1\.\.[0-9]+/ && at == column[depth] {
			plan[depth] = substr($1, 4) + 0
			if (plan[depth] == 0 && toupper($0) ~ /# *SKIP/)
				skip(" all", substr($0, index($0, "#")))
			next
		}
		/^ *(not )?ok( |$)/ && at <= column[depth] {
			telling = 0
			while (depth > 1 && at < column[depth - 1])
				depth--
			if (at == column[depth])
				leaf($0)
			else if (at == column[depth - 1])
				parent($0)
			remarks = ""
			next
		}
		/^ *# Subtest: / && at == column[depth] {
			title[depth] = substr($0, at + 12)
			next
		}
		/^ *Bail out!/ { print "  " $0; bailed = 1; next }
		# Why a test failed may stand before its result, as in KTAP and
		# where it is told at once, or after it.
		/^[ \t]*#/ {
			if (telling)
				print "  " $0
			else
				remarks = remarks "  " $0 "\n"
		}
		END {
			depth = 1
			if (bailed)
				why = "it gave up"
			else if (status == 124)
				why = "time is up"
			else
				why = lack()
			if (why == "" && status && !failed)
				why = "no test failed, but it did"
			if (why != "") {
				failed++
				print "  FAILED: " why " (exit status " status ")"
			}
			print passed + 0, failed + 0, skipped + 0 >counts
		}' "$out/$name.log"
	read -r p f s <"$out/$name.counts"
	if [ "$f" -gt 0 ] && [ -s "$out/$name.err" ]; then
		echo "  standard error, the end of $out/$name.err:"
		tail -n 40 "$out/$name.err" | sed 's/^/  | /'
	fi
	add "$name" "$p" "$f" "$s" "$took"
	printf '%-20s %5d passed %4d failed %4d skipped %5d s\n' \
		"$name" "$p" "$f" "$s" "$took"
}

# What runs now ends with this script.
contained=
interrupted() {
	trap - INT TERM HUP
	if [ -n "$contained" ]; then
		kill "$contained" 2>/dev/null || :
		wait "$contained" || :
	fi
	echo "interrupted" >&2
	exit 130
}
trap interrupted INT TERM HUP

# run_suite NAME LIMIT COMMAND...
run_suite() {
	local name=$1 limit=$2 status=0 start=$SECONDS
	shift 2
	rm -rf "$out/tmp/$name"
	mkdir -p "$out/tmp/$name"
	chmod 1777 "$out/tmp/$name"
	[ "$1" != sanitized ] || set -- tools/check "$@"
	TMPDIR=$PWD/$out/tmp/$name \
		$build/tools/contain -t "$limit" -l "$out/$name.left" "$@" \
		>"$out/$name.log" 2>"$out/$name.err" </dev/null &
	contained=$!
	wait "$contained" || status=$?
	contained=
	[ "${V:-0}" = 0 ] || cat "$out/$name.log" "$out/$name.err"
	judge_log "$name" $status $((SECONDS - start))
}

# What is built, for which run, by which goals.
builds='
plain         | quick | all tests tools
asan          | full  | SAN=address,undefined all tests
tsan          | full  | SAN=thread tests
'

# build_suite NAME...: the builds, told as TAP too
build_suite() {
	local start=$SECONDS n=0 name what jobs=()
	case " ${MAKEFLAGS-} " in
	*--jobserver*)	;;
	*)		jobs=(-j"$(nproc)") ;;
	esac
	: >$out/build.log
	: >$out/build.err
	for name; do
		IFS='|' read -r _ _ what < <(grep "^$name " <<<"$builds")
		n=$((n + 1))
		# shellcheck disable=SC2086 # words on purpose
		if $MAKE --no-print-directory "${jobs[@]}" $what \
		   >$out/build-$name.log 2>&1; then
			echo "ok $n - build: $name"
		else
			echo "not ok $n - build: $name"
			tail -n 60 $out/build-$name.log | sed 's/^/#   /'
		fi >>$out/build.log
	done
	echo "1..$n" >>$out/build.log
	judge_log build 0 $((SECONDS - start))
}

# ---- what is left over ------------------------------------------------------

places=(/tmp /var/tmp /dev/shm)

# snapshot: names in the places for temporary files, and in the source tree
snapshot() {
	{
		find "${places[@]}" -mindepth 1 -maxdepth 1 2>/dev/null
		git status --porcelain --untracked-files=all 2>/dev/null |
			sed 's/^/source tree: /' || :
	} | sort
}

leftovers() {
	local n=0 name left
	for name in "${names[@]}"; do
		[ -e "$out/$name.left" ] || continue
		n=$((n + 1))
		left=$(cat "$out/$name.left"
			find "$out/tmp/$name" -mindepth 1 -maxdepth 2)
		if [ -z "$left" ]; then
			echo "ok $n - nothing left by $name"
		else
			echo "not ok $n - nothing left by $name"
			sed 's/^/#   /' <<<"$left"
		fi
	done
	n=$((n + 1))
	if [ -n "${SHARED-}" ]; then
		echo "ok $n - no file left # SKIP SHARED=1: others work here"
	else
		left=$(snapshot | comm -13 $out/snapshot -)
		if [ -z "$left" ]; then
			echo "ok $n - no file left"
		else
			echo "not ok $n - no file left"
			sed 's/^/#   /' <<<"$left"
		fi
	fi
	echo "1..$n"
}

# sum_up: the table, and the last line; false if anything failed
sum_up() {
	local name
	printf '\n%-20s %7s %7s %8s %8s\n' suite passed failed skipped seconds
	for name in "${names[@]}"; do
		printf '%-20s %7d %7d %8d %8d\n' "$name" "${passed[$name]}" \
			"${failed[$name]}" "${skipped[$name]}" "${seconds[$name]}"
	done
	printf '%-20s %33d\n\n' total $((SECONDS - begin))
	echo "$total_passed passed, $total_failed failed, $total_skipped skipped" |
		tee "$out/summary"
	[ "$total_failed" -eq 0 ]
}
