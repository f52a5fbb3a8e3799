// SPDX-License-Identifier: LGPL-2.1-or-later
/* A siginfo_t as text: which members mean something depends on the code. */
#include <signal.h>
#include <string.h>

#include "flags.h"
#include "names.h"

/* Newer than some installed headers. */
#ifndef SEGV_MTEAERR
#define SEGV_MTEAERR	8
#define SEGV_MTESERR	9
#endif
#define CODE(number, name)	{ (unsigned long)(number), name }

/* Codes that say who sent it, the same for all signals. */
static const struct flag senders[] = {
	FLAG(SI_USER), FLAG(SI_KERNEL), FLAG(SI_QUEUE), FLAG(SI_TIMER),
	FLAG(SI_MESGQ), FLAG(SI_ASYNCIO), FLAG(SI_SIGIO), FLAG(SI_TKILL),
	FLAG(SI_ASYNCNL),
	{ 0, NULL }
};

static const struct flag chld_codes[] = {
	FLAG(CLD_EXITED), FLAG(CLD_KILLED), FLAG(CLD_DUMPED),
	FLAG(CLD_TRAPPED), FLAG(CLD_STOPPED), FLAG(CLD_CONTINUED),
	{ 0, NULL }
};

static const struct flag segv_codes[] = {
	FLAG(SEGV_MAPERR), FLAG(SEGV_ACCERR), FLAG(SEGV_BNDERR),
	FLAG(SEGV_PKUERR), FLAG(SEGV_MTEAERR), FLAG(SEGV_MTESERR),
	{ 0, NULL }
};

static const struct flag bus_codes[] = {
	FLAG(BUS_ADRALN), FLAG(BUS_ADRERR), FLAG(BUS_OBJERR),
	FLAG(BUS_MCEERR_AR), FLAG(BUS_MCEERR_AO),
	{ 0, NULL }
};

static const struct flag fpe_codes[] = {
	FLAG(FPE_INTDIV), FLAG(FPE_INTOVF), FLAG(FPE_FLTDIV),
	FLAG(FPE_FLTOVF), FLAG(FPE_FLTUND), FLAG(FPE_FLTRES),
	FLAG(FPE_FLTINV), FLAG(FPE_FLTSUB),
	{ 0, NULL }
};

static const struct flag ill_codes[] = {
	FLAG(ILL_ILLOPC), FLAG(ILL_ILLOPN), FLAG(ILL_ILLADR),
	FLAG(ILL_ILLTRP), FLAG(ILL_PRVOPC), FLAG(ILL_PRVREG),
	FLAG(ILL_COPROC), FLAG(ILL_BADSTK),
	{ 0, NULL }
};

static const struct flag trap_codes[] = {
	FLAG(TRAP_BRKPT), FLAG(TRAP_TRACE), FLAG(TRAP_BRANCH),
	FLAG(TRAP_HWBKPT), CODE(5, "TRAP_UNK"), CODE(6, "TRAP_PERF"),
	{ 0, NULL }
};

static const struct flag poll_codes[] = {
	FLAG(POLL_IN), FLAG(POLL_OUT), FLAG(POLL_MSG), FLAG(POLL_ERR),
	FLAG(POLL_PRI), FLAG(POLL_HUP),
	{ 0, NULL }
};

static const struct flag sys_codes[] = {
	CODE(1, "SYS_SECCOMP"), CODE(2, "SYS_USER_DISPATCH"),
	{ 0, NULL }
};

static const struct {
	int sig;
	const struct flag *codes;
} by_signal[] = {
	{ SIGCHLD, chld_codes }, { SIGSEGV, segv_codes },
	{ SIGBUS, bus_codes }, { SIGFPE, fpe_codes }, { SIGILL, ill_codes },
	{ SIGTRAP, trap_codes }, { SIGIO, poll_codes }, { SIGSYS, sys_codes },
};

static const char *code_name(int sig, int code)
{
	size_t i;

	for (i = 0; i < sizeof(by_signal) / sizeof(by_signal[0]); i++)
		if (by_signal[i].sig == sig && code > 0 && code != SI_KERNEL)
			return flag_name(by_signal[i].codes, code);
	return flag_name(senders, (unsigned long)(long)code);
}

void text_si_code(struct text *text, int sig, int code)
{
	const char *name = code_name(sig, code);

	if (name)
		text_put(text, name);
	else
		text_printf(text, "%d", code);
}

static void value(struct text *text, const siginfo_t *info)
{
	text_printf(text, ", si_value={int=%d, ptr=%#lx}", info->si_int,
		    (unsigned long)info->si_ptr);
}

static void sender(struct text *text, const siginfo_t *info)
{
	text_printf(text, ", si_pid=%d, si_uid=%u", (int)info->si_pid,
		    (unsigned int)info->si_uid);
}

static void address(struct text *text, const siginfo_t *info)
{
	if (info->si_addr)
		text_printf(text, ", si_addr=%p", info->si_addr);
	else
		text_put(text, ", si_addr=NULL");
}

static void child(struct text *text, const siginfo_t *info)
{
	sender(text, info);
	text_put(text, ", si_status=");
	if (info->si_code == CLD_EXITED)
		text_printf(text, "%d", info->si_status);
	else
		text_signal(text, info->si_status);
	text_printf(text, ", si_utime=%ld, si_stime=%ld",
		    (long)info->si_utime, (long)info->si_stime);
}

/* Signals that the kernel sends because of something that happened. */
static void from_kernel(struct text *text, const siginfo_t *info)
{
	switch (info->si_signo) {
	case SIGCHLD:
		child(text, info);
		break;
	case SIGSEGV:
	case SIGBUS:
	case SIGFPE:
	case SIGILL:
	case SIGTRAP:
		address(text, info);
		break;
	case SIGIO:
		text_printf(text, ", si_band=%ld, si_fd=%d",
			    (long)info->si_band, info->si_fd);
		break;
	case SIGSYS:
		text_printf(text, ", si_call_addr=%p, si_syscall=%d, si_arch=%#x",
			    info->si_call_addr, info->si_syscall,
			    info->si_arch);
		break;
	}
}

void text_siginfo(struct text *text, const siginfo_t *info)
{
	text_put(text, "{si_signo=");
	text_signal(text, info->si_signo);
	text_put(text, ", si_code=");
	text_si_code(text, info->si_signo, info->si_code);

	switch (info->si_code) {
	case SI_USER:
	case SI_TKILL:
		sender(text, info);
		break;
	case SI_QUEUE:
	case SI_MESGQ:
		sender(text, info);
		value(text, info);
		break;
	case SI_TIMER:
		text_printf(text, ", si_timerid=%#x, si_overrun=%d",
			    info->si_timerid, info->si_overrun);
		value(text, info);
		break;
	default:
		if (info->si_code > 0)
			from_kernel(text, info);
		else
			sender(text, info);
	}
	text_put(text, "}");
}
