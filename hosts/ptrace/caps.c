// SPDX-License-Identifier: LGPL-2.1-or-later
/* What of the contract ptrace does not let this host keep. */
#include "ptrace_host.h"

static const struct utrace_capability table[] = {
	{
		.id = "SIG-4",
		.kept = 1,
		.what = "in a program that filters its system calls the flags "
			"of orig_ka are those that matter to the delivery "
			"alone; a handler for a signal that is not caught is "
			"replaced by the default with SA_ONSTACK, on a shadow "
			"stack, and in 32-bit programs, where a handler's "
			"SA_ONSTACK and SA_SIGINFO cannot be changed",
		.why = "only the thread can ask for what it has set, and "
		       "ptrace tells nothing of its other stacks",
	},
	{
		.id = "SIG-5",
		.kept = 1,
		.what = "TERM, CORE, STOP and TSTP for a signal whose number "
			"never does that, or not in a program that catches it "
			"and filters its system calls, are done by another: "
			"SIGKILL, one that dumps core, SIGSTOP; the parent "
			"sees its number; the signal by which a filter ends a "
			"process is reported where that can be no more",
		.why = "ptrace chooses the signal's number, and the kernel "
		       "does what that number does by default; a filter's it "
		       "shows to no tracer",
	},
	{
		.id = "EXT-1",
		.kept = 1,
		.what = "a change of *code has no effect where no engine asks "
			"for system calls and the thread ends by one, where "
			"its end may dump core, in threads that another ends, "
			"and where a signal would have to end one thread "
			"alone, or dump core",
		.why = "at PTRACE_EVENT_EXIT the exit code is settled, and "
		       "whether there was a dump the kernel tells only there",
	},
	{
		.id = "EXT-2",
		.kept = 1,
		.what = "STOP at exit does not stop where no engine asks for "
			"system calls and the thread ends by one, and where "
			"its end may dump core: the thread exits",
		.why = "after exit_group or a fatal signal the kernel drops "
		       "SIGKILL to a thread in PTRACE_EVENT_EXIT, so that a "
		       "stop there could not be killed (KIL-1)",
	},
	{
		.id = "JCT-1",
		.kept = 1,
		.what = "the parent has been sent its SIGCHLD when the "
			"callback comes, and @notify counts only threads that "
			"are traced",
		.why = "ptrace reports a group stop after it took effect",
	},
	{
		.id = "INV-1",
		.kept = 1,
		.what = "a call that signal(7) lists as never restarted starts "
			"anew with its whole time when the host or a signal "
			"without effect wakes it; a partial pipe or socket "
			"write, and in 32-bit programs any such call, ends "
			"early; a signal to the process may be taken by "
			"another of its threads than untraced",
		.why = "PTRACE_INTERRUPT and every signal to a traced thread "
		       "wake it from system calls",
	},
	{
		.id = "INV-2",
		.kept = 1,
		.what = "if the program is killed, a signal that an engine "
			"made arrives with the queueing program's siginfo; in "
			"programs that are of 32 bits or filter their system "
			"calls one that an engine held, too, and a thread goes "
			"on that an engine holds where a signal is to end it",
		.why = "only the tracer can put the siginfo right, and the "
		       "kernel forgets a signal whose stop was fetched",
	},
	{
		.id = "NAR-3",
		.kept = 1,
		.what = "a call that no engine wants costs as much as one "
			"that is wanted, while any engine of the thread wants "
			"system calls",
		.why = "PTRACE_SYSCALL stops at every call",
	},
	{
		.id = "CLN-1",
		.kept = 1,
		.what = "a child made with CLONE_UNTRACED is not reported "
			"where no engine asks for system calls",
		.why = "the flag says so to the kernel, and can be taken out "
		       "only where the call is seen",
	},
};

int utrace_capabilities(struct utrace_caps *caps, size_t size)
{
	struct utrace_caps full = {
		.host = "ptrace",
		.nr = sizeof(table) / sizeof(table[0]),
		.entries = table,
	};

	if (size < sizeof(full))
		return -EINVAL;
	memcpy(caps, &full, sizeof(full));
	return 0;
}
