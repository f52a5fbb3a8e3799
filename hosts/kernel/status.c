// SPDX-License-Identifier: GPL-2.0-only
/* The line in /proc/PID/status (STA-1). */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "kernel_host.h"

/* declared where modules do not look */
int proc_pid_status(struct seq_file *m, struct pid_namespace *ns,
		    struct pid *pid, struct task_struct *task);

HOOK(FOR_ALL, int, proc_pid_status,
     (struct seq_file *m, struct pid_namespace *ns, struct pid *pid,
      struct task_struct *task))
{
	int err = original(proc_pid_status)(m, ns, pid, task);

	if (!err)
		seq_printf(m, "Utrace:\t%lx\n", task_utrace_flags(task));
	visit_end();
	return err;
}
