// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Known values in registers and memory.  On a command it loads
 *	r12 0x1212121212121212, r13 0x1313131313131313, xmm0 0x58..58,
 *	xmm15 0x15..15 (16 bytes), mm0 0x3838383838383838
 * and spins in user mode, with "entered" set, until the word at "stop" is set;
 * on "call" it calls getppid() instead.  Then it says what that answered, or 0,
 * what r12, r13, the two halves of xmm0, the first of xmm15, and mm0 hold, and
 * where its gs segment begins.  "text" is a string of 16 bytes, "page" the last
 * bytes before unmapped memory, "code" is memory that it may only execute and
 * read, "hidden" memory that it may not even read.
 */
#include "prog.h"
#include <asm/prctl.h>
#include <sys/mman.h>

#ifndef __x86_64__
#error "write the loop for this machine"
#endif

static volatile unsigned int stop, entered;
static char text[16] = "fifteen letters";

int main(void)
{
	unsigned long r12, r13, xmm[2], last[2], mm, gs, ret = 0;
	char *pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int call;

	if (pages == MAP_FAILED)
		error("mmap");
	memset(pages, 'p', 2 * 4096);
	if (munmap(pages + 2 * 4096, 4096) || mprotect(pages, 4096, PROT_NONE))
		error("mprotect");
	memset(xmm, 0x58, sizeof(xmm));
	memset(last, 0x15, sizeof(last));
	memset(&mm, 0x38, sizeof(mm));
	ready();
	tell("stop %p", (void *)&stop);
	tell("entered %p", (void *)&entered);
	tell("text %p", (void *)text);
	tell("end %p", (void *)(pages + 2 * 4096));
	tell("hidden %p", (void *)pages);
	tell("code %p", (void *)main);
	call = is(hear(), "call", NULL);
	__asm__ volatile(
		"movabs $0x1212121212121212, %%r12\n"
		"movabs $0x1313131313131313, %%r13\n"
		"movups %[xmm], %%xmm0\n"
		"movups %[last], %%xmm15\n"
		"movq %[mm], %%mm0\n"
		"movl $1, %[entered]\n"
		"	cmpl $0, %[call]\n"
		"	je 1f\n"
		"	movl %[nr], %%eax\n"
		"	syscall\n"
		"	movq %%rax, %[ret]\n"
		"	jmp 2f\n"
		"1:	cmpl $0, %[stop]\n"
		"	je 1b\n"
		"2:	movq %%r12, %[r12]\n"
		"movq %%r13, %[r13]\n"
		"movups %%xmm0, %[xmm]\n"
		"movups %%xmm15, %[last]\n"
		"movq %%mm0, %[mm]\n"
		"emms\n"
		: [entered] "=m" (entered), [r12] "=m" (r12), [r13] "=m" (r13),
		  [xmm] "+m" (xmm), [last] "+m" (last), [mm] "+m" (mm),
		  [ret] "+m" (ret)
		: [stop] "m" (stop), [call] "m" (call), [nr] "i" (SYS_getppid)
		: "rax", "rcx", "r11", "r12", "r13", "xmm0", "xmm15", "mm0",
		  "cc", "memory");
	if (syscall(SYS_arch_prctl, ARCH_GET_GS, &gs))
		error("arch_prctl");
	tell("ret %ld", ret);
	tell("r12 %#lx", r12);
	tell("r13 %#lx", r13);
	tell("low %#lx", xmm[0]);
	tell("high %#lx", xmm[1]);
	tell("last %#lx", last[0]);
	tell("mm %#lx", mm);
	tell("gs %#lx", gs);
	tell("text %s", text);
	hear();
	return 0;
}
