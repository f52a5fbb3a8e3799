# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
#
# Builds a small C project with make -j4, and runs it.  The order in which make
# prints the commands of its jobs is random by nature, so it is sorted.
i=0
while [ $i -lt 16 ]; do
	cat >part$i.c <<END
#include "project.h"

int part$i(int x)
{
	return x * $i + 1;
}
END
	i=$((i + 1))
done
{
	cat <<'END'
#include <stdio.h>
#include "project.h"

int main(void)
{
	int x = 1;

END
	for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
		echo "	x += part$i(x);"
	done
	cat <<'END'
	printf("%d\n", x);
	return x % 100;
}
END
} >main.c
for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	echo "int part$i(int x);"
done >project.h
cat >Makefile <<'END'
OBJ := main.o $(patsubst %,part%.o,0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
project: libproject.a main.o
	gcc -o $@ main.o libproject.a
libproject.a: $(filter-out main.o,$(OBJ))
	ar rcD $@ $(sort $^)
%.o: %.c project.h
	gcc -O2 -g -Wall -c -o $@ $<
END
unset MAKEFLAGS MFLAGS MAKELEVEL
make -j4 >log 2>&1
echo "make: $?"
sort log
make -j4 -q project
echo "make again: $?"
./project
echo "project: $?"
rm log
make -j4 no-such-goal 2>&1
