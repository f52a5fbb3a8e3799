// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A program of 32 bits that does what it is told (tests/programs/prog.h):
 *
 *	call NR A B C D E F	"ret RESULT"
 *	catch			a handler for SIGSEGV
 *	fault			a store to address 8
 *	signo, code, addr	of the last time that the handler ran
 */
#include "i386.h"

static int seen[3];

/* The store of "fault" has six bytes, and the context says where it is. */
static void on_fault(int sig, int *info, void *context)
{
	unsigned long *ip = (unsigned long *)context + 5 + 14;

	(void)sig;
	seen[0] = info[0];
	seen[1] = info[2];
	seen[2] = info[3];
	*ip += 6;
}

long call6(long nr, const unsigned long args[6]);
__asm__("call6:\n"
	"push %ebx; push %esi; push %edi; push %ebp\n"
	"mov 20(%esp), %eax; mov 24(%esp), %ebp\n"
	"mov (%ebp), %ebx; mov 4(%ebp), %ecx; mov 8(%ebp), %edx\n"
	"mov 12(%ebp), %esi; mov 16(%ebp), %edi; mov 20(%ebp), %ebp\n"
	"int $0x80\n"
	"pop %ebp; pop %edi; pop %esi; pop %ebx; ret");

/* "KEY NUMBER" */
static void tell(const char *key, long number)
{
	unsigned long rest = number < 0 ? -number : number;
	char text[64], digits[16];
	int n = 0, d = 0;

	while (*key)
		text[n++] = *key++;
	text[n++] = ' ';
	if (number < 0)
		text[n++] = '-';
	do
		digits[d++] = '0' + rest % 10;
	while (rest /= 10);
	while (d)
		text[n++] = digits[--d];
	text[n++] = '\n';
	if (call(__NR_write, 4, (long)text, n, 0) != n)
		call(__NR_exit, 96, 0, 0, 0);
}

static void say(const char *line, long len)
{
	if (call(__NR_write, 4, (long)line, len, 0) != len)
		call(__NR_exit, 96, 0, 0, 0);
}

#define SAY(line)	say(line, sizeof(line) - 1)

static int is(const char *cmd, const char *word)
{
	while (*word)
		if (*cmd++ != *word++)
			return 0;
	return !*cmd || *cmd == ' ';
}

/* The number that *@at is at, in decimal or in hex; 0 at the end. */
static unsigned long number(const char **at)
{
	unsigned long n = 0, base = 10, digit;
	const char *c = *at;

	while (*c == ' ')
		c++;
	if (c[0] == '0' && c[1] == 'x') {
		base = 16;
		c += 2;
	}
	for (;; c++) {
		digit = *c >= 'a' ? *c - 'a' + 10UL : *c - '0' + 0UL;
		if (*c < '0' || digit >= base)
			break;
		n = n * base + digit;
	}
	*at = c;
	return n;
}

static void perform(const char *cmd)
{
	static const char *const asked[] = { "signo", "code", "addr" };
	unsigned long args[6], nr;
	const char *at = cmd + 4;
	int i;

	for (i = 0; i < 3; i++) {
		if (is(cmd, asked[i])) {
			tell(asked[i], seen[i]);
			return;
		}
	}
	if (is(cmd, "call")) {
		nr = number(&at);
		for (i = 0; i < 6; i++)
			args[i] = number(&at);
		tell("ret", call6(nr, args));
		return;
	}
	if (is(cmd, "catch") && !catch(SIGSEGV, on_fault)) {
		SAY("ok\n");
		return;
	}
	if (is(cmd, "fault")) {
		__asm__ volatile("movl $1, (%%eax)" : : "a"(8) : "memory");
		SAY("ok\n");
		return;
	}
	SAY("error\n");
	call(__NR_exit, 98, 0, 0, 0);
}

void work(long *stack)
{
	char cmd[512];
	long n;

	(void)stack;
	SAY("ready\n");
	while ((n = call(__NR_read, 3, (long)cmd, sizeof(cmd) - 1, 0)) > 0) {
		cmd[n] = 0;
		perform(cmd);
	}
	call(__NR_exit, n ? 98 : 96, 0, 0, 0);
}
