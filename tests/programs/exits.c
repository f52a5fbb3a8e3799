// SPDX-License-Identifier: LGPL-2.1-or-later
/* exits CODE: on the next command it ends, all at once, with CODE. */
#include "prog.h"

int main(int argc, char **argv)
{
	ready();
	hear();
	_exit(argc > 1 ? atoi(argv[1]) : 0);
}
