# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
#
# gcc with its cc1, as and ld, optimizing; errors and warnings too.
{
	echo '#include <math.h>'
	echo '#include <stdio.h>'
	echo '#include <stdlib.h>'
	echo '#include <string.h>'
	i=0
	while [ $i -lt 60 ]; do
		cat <<END
static double f$i(double *v, int n)
{
	double s = $i;
	for (int i = 1; i < n; i++)
		for (int j = 0; j < i; j++)
			s += v[i] * v[j] / (i + j + $i) > 1 ? sqrt(v[j]) : v[i];
	return s;
}
END
		i=$((i + 1))
	done
	echo 'int main(void) { double v[50]; int unused;'
	echo 'for (int i = 0; i < 50; i++) v[i] = i;'
	echo 'double s = 0;'
	i=0
	while [ $i -lt 60 ]; do
		echo "s += f$i(v, 50);"
		i=$((i + 1))
	done
	cat <<'END'
printf("%.6f\n", s); return 33; }
END
} >program.c
gcc -O2 -Wall -o program program.c -lm
echo "gcc: $?"
./program
echo "program: $?"
gcc -pipe -O1 -S -o program.s program.c
echo "gcc -pipe: $?"
echo 'int main(void) { return undeclared; }' >wrong.c
exec gcc -c wrong.c
