// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs, in the module: the driver is their parent, and does what only
 * that can do; all else is done here, where callbacks can do it too.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>

#include "module.h"
#include "children.h"

struct task_struct *h_find_task(int tid)
{
	struct pid *pid = find_get_pid(tid);
	struct task_struct *task = get_pid_task(pid, PIDTYPE_PID);

	put_pid(pid);
	return task ?: ERR_PTR(-ESRCH);
}

/* The letter that /proc has. */
char h_state(int tid)
{
	struct task_struct *task = h_find_task(tid);
	char state;

	h_cause();
	if (IS_ERR(task))
		return 0;
	state = task_state_to_char(task);
	put_task_struct(task);
	return state;
}

/* ---- through the driver -------------------------------------------------- */

int h_start(struct prog *p, const char *const *argv)
{
	struct h_request *rq = request_alloc(H_OP_START);
	struct file *file[2];
	size_t len = 0, n;
	int ret = -E2BIG;

	for (; *argv; argv++) {
		n = strlen(*argv) + 1;
		if (len + n >= sizeof(rq->text))
			goto out;
		memcpy(rq->text + len, *argv, n);
		len += n;
	}
	ret = ask_driver(rq);
	if (ret > 0) {
		request_take_files(rq, file);
		p->pid = ret;
		p->cmd.file = file[0];
		p->out.file = file[1];
		ret = 0;
	}
out:
	h_free(rq);
	return ret;
}

int h_wait_child(int pid, int options, int *status)
{
	struct h_request *rq = request_alloc(H_OP_WAIT);
	int ret;

	rq->pid = pid;
	rq->options = options;
	ret = ask_driver(rq);
	*status = rq->status;
	h_free(rq);
	return ret;
}

int h_native_trace(int pid, int *tracer)
{
	struct h_request *rq = request_alloc(H_OP_TRACE);
	int ret;

	rq->pid = pid;
	ret = ask_driver(rq);
	*tracer = rq->status;
	h_free(rq);
	return ret;
}

int read_text(const char *path, char *buf, size_t size)
{
	struct h_request *rq = request_alloc(H_OP_READ);
	int ret;

	strscpy(rq->text, path, sizeof(rq->text));
	ret = ask_driver(rq);
	if (ret >= 0)
		strscpy(buf, rq->text, size);
	h_free(rq);
	return ret;
}

/* ---- pipes --------------------------------------------------------------- */

void h_hang_up(struct prog *p)
{
	if (p->cmd.file)
		fput(p->cmd.file);
	if (p->out.file)
		fput(p->out.file);
}

int h_send(struct prog *p, const char *text, size_t len)
{
	if (!p->cmd.file)
		return -EBADF;
	return kernel_write(p->cmd.file, text, len, NULL) == len ? 0 : -EPIPE;
}

/* The driver made it a pipe that does not block. */
int h_receive(struct prog *p, char *buf, size_t len, unsigned int ms)
{
	int n = -EBADF;

	if (p->out.file)
		h_poll_(ms, (n = kernel_read(p->out.file, buf, len, NULL)) !=
			    -EAGAIN);
	return n;
}

/* ---- signals ------------------------------------------------------------- */

int h_kill(int nr, int sig)
{
	struct pid *pid = find_get_pid(nr);
	int err = pid ? kill_pid(pid, sig, 0) : -ESRCH;

	put_pid(pid);
	return err;
}

int h_tgkill(int tgid, int tid, int sig)
{
	struct task_struct *task = h_find_task(tid);
	struct kernel_siginfo info;
	int err;

	if (IS_ERR(task))
		return PTR_ERR(task);
	clear_siginfo(&info);
	info.si_signo = sig;
	info.si_code = SI_TKILL;
	info.si_pid = task_tgid_vnr(current);
	err = send_sig_info(sig, &info, task);
	put_task_struct(task);
	return err;
}

/* ---- memory -------------------------------------------------------------- */

static int access_memory(struct prog *p, unsigned long addr, void *buf,
			 size_t len, unsigned int flags)
{
	return access_process_vm(p->task, addr, buf, len, flags) == len ?
	       0 : -EFAULT;
}

int h_peek(struct prog *p, unsigned long addr, void *buf, size_t len)
{
	return access_memory(p, addr, buf, len, 0);
}

/*
 * A byte at a time: the kernel's memcpy() stores four bytes twice, and between the
 * two the program may have seen what it waits for, and taken it back.
 */
int h_poke(struct prog *p, unsigned long addr, const void *buf, size_t len)
{
	const u8 *bytes = buf;
	int err = 0;
	size_t i;

	for (i = 0; i < len && !err; i++)
		err = access_memory(p, addr + i, (void *)&bytes[i], 1,
				    FOLL_WRITE);
	return err;
}
