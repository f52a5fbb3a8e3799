// SPDX-License-Identifier: LGPL-2.1-or-later
/* Makes one getppid() per command; "calls N": N of them. */
#include "prog.h"

int main(void)
{
	long n;

	ready();
	for (;;) {
		if (!is(hear(), "calls", &n))
			n = 1;
		while (n--)
			syscall(SYS_getppid);
		tell("done");
	}
}
