# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# For check-mutants and check-kernel-mutants: a copy of the tree, in
# build/mutants/, in which mutants are made.
export LC_ALL=C
build=build
copy=$build/mutants

# tests_of PATCH...: those that must fail under it
tests_of() {
	sed -n 's/^Tests:[[:space:]]*//p' "$@" | tr -s ' ,\t' '\n' | grep . || :
}

# sums DIR
sums() {
	(cd "$1" && find . \( -path ./build -o -path ./.git \) -prune \
		-o -type f -print0 | xargs -0r sha1sum) | sort
}

# The copy, up to date; make sees by time what changed, so that files are
# touched unless they are the same, mutated ones too.
refresh() {
	local file
	mkdir -p "$copy"
	git ls-files -co --exclude-standard | sed 's|^|./|' | sort >"$copy.files"
	sums . | awk 'NR == FNR { ours[$0]; next } $2 in ours' \
		"$copy.files" - >"$copy.sums"
	sums "$copy" | comm -13 "$copy.sums" - | cut -c43- |
		while read -r file; do rm "$copy/$file"; done
	sums "$copy" | comm -23 "$copy.sums" - | cut -c43- |
		while read -r file; do
			mkdir -p "$copy/${file%/*}"
			cp "$file" "$copy/$file"
		done
}

# mutate PATCH: in a copy that is up to date
mutate() {
	patch -d "$copy" -p1 -F0 -s -f --no-backup-if-mismatch <"$1" 2>&1
}
