// SPDX-License-Identifier: GPL-2.0-only
/* Exec: reported once the new program is in place. */
#include <linux/binfmts.h>
#include <linux/fs.h>

#include "kernel_host.h"

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
#define EXECVE_PARAMS	(struct linux_binprm *bprm)
#define execve()	original(bprm_execve)(bprm)
#else
#define EXECVE_PARAMS	(struct linux_binprm *bprm, int fd,		\
			 struct filename *filename, int flags)
#define execve()	original(bprm_execve)(bprm, fd, filename, flags)
#endif

HOOK(FOR_CURRENT, int, bprm_execve, EXECVE_PARAMS)
{
	struct traced *traced = frame_enter();
	int ret = execve();

	if (ret >= 0)
		come_back_for(traced,
			utrace_report_exec(state_of(traced), current->mm->binfmt, bprm,
					   task_pt_regs(current)));
	frame_leave(traced);
	return ret;
}
