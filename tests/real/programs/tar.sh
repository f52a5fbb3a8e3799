# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# tar and gzip in a pipe, there and back.
set -o pipefail
mkdir tree
for i in 1 2 3 4 5 6; do
	mkdir -p tree/dir$i
	seq $((i * 20000)) >tree/dir$i/numbers
	ln -s numbers tree/dir$i/link
	cp tree/dir$i/numbers tree/dir$i/copy
done
touch -h -d @1000000000 tree/*/* tree/* tree
for round in 1 2; do
	tar -cf - --sort=name --owner=0 --group=0 --numeric-owner tree |
		gzip -n -4 >out$round.tar.gz
	echo "pack: ${PIPESTATUS[*]}"
done
cmp out1.tar.gz out2.tar.gz
echo "cmp: $?"
mkdir back
gzip -dc out1.tar.gz | tar -xf - -C back
echo "unpack: ${PIPESTATUS[*]}"
diff -r tree back/tree
echo "diff: $?"
gzip -dc out1.tar.gz | tar -tf - | sort | head -n 5
echo "list: ${PIPESTATUS[*]}"
head -c 10000 out1.tar.gz >cut.tar.gz
gzip -dc cut.tar.gz >/dev/null
exit 6
