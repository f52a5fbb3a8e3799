// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Known values in registers and memory.  On a command it loads
 *	r12 0x1212121212121212, r13 0x1313131313131313, xmm0 0x58..58 (16 bytes)
 * and spins in user mode, with "entered" set, until the word at "stop" is set;
 * then it says what r12, r13 and the two halves of xmm0 hold.  "text" is a
 * string of 16 bytes, "page" the last bytes before unmapped memory, "code" is
 * memory that it may only execute and read, "hidden" memory that it may not
 * even read.
 */
#include "prog.h"
#include <sys/mman.h>

#ifndef __x86_64__
#error "write the loop for this machine"
#endif

static volatile unsigned int stop, entered;
static char text[16] = "fifteen letters";

int main(void)
{
	unsigned long r12, r13, xmm[2];
	char *pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		error("mmap");
	memset(pages, 'p', 2 * 4096);
	if (munmap(pages + 2 * 4096, 4096) || mprotect(pages, 4096, PROT_NONE))
		error("mprotect");
	memset(xmm, 0x58, sizeof(xmm));
	ready();
	tell("stop %p", (void *)&stop);
	tell("entered %p", (void *)&entered);
	tell("text %p", (void *)text);
	tell("end %p", (void *)(pages + 2 * 4096));
	tell("hidden %p", (void *)pages);
	tell("code %p", (void *)main);
	hear();
	__asm__ volatile(
		"movabs $0x1212121212121212, %%r12\n"
		"movabs $0x1313131313131313, %%r13\n"
		"movups %[xmm], %%xmm0\n"
		"movl $1, %[entered]\n"
		"1:	cmpl $0, %[stop]\n"
		"	je 1b\n"
		"movq %%r12, %[r12]\n"
		"movq %%r13, %[r13]\n"
		"movups %%xmm0, %[xmm]\n"
		: [entered] "=m" (entered), [r12] "=m" (r12), [r13] "=m" (r13),
		  [xmm] "+m" (xmm)
		: [stop] "m" (stop)
		: "r12", "r13", "xmm0", "cc", "memory");
	tell("r12 %#lx", r12);
	tell("r13 %#lx", r13);
	tell("low %#lx", xmm[0]);
	tell("high %#lx", xmm[1]);
	tell("text %s", text);
	hear();
	return 0;
}
