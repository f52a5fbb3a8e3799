// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Workers: the tasks that trace, wait, and run callbacks.
 *
 * A worker is a process of its own that shares memory, descriptors and current
 * directory with the program, so that its stops and the program's own children
 * never meet in a waitpid(-1).  It runs on the stack and with the thread-local
 * storage of a thread of the program, the lender, which sleeps meanwhile: to
 * the C library and to sanitizers the worker is that thread.  docs/who-waits.md
 * has the reasons and the experiment.
 */
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ptrace_host.h"

/* how long the lender waits for a worker that ended; milliseconds */
#define MAX_TRIES	1000
/* how often a sender looks again, every 2 ms, whether its letter was read */
#define MAX_SYNC	10
/* what a thread that runs has to hear of before the call returns */
#define SYNC_KICKS \
	(UTRACE_KICK_WANTED | UTRACE_KICK_REPORT | UTRACE_KICK_INTERRUPT)
/* how many signals are dealt with before the other stops of a round are */
#define MAX_DELIVERIES	64
/* how often one that is to stop at once is looked for before it is waited for */
#define MAX_YIELDS	200
/* room for a signal frame with the largest register state, some 11 KiB */
#define NAP_STACK	(64 << 10)
/* any signal would do: the worker has handlers of its own */
#define BELL_SIGNAL	SIGURG
/* two the C library uses to change IDs and to cancel; from nptl/internaltypes */
#define LIBC_SIGNALS	(3UL << 31)

__thread struct context utrace_context;

static long futex(int *word, int op, int value)
{
	return syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

/* ---- mail ---------------------------------------------------------------- */

/*
 * Partner of sleep_or_look(): one side sets @bell and reads @asleep, the other
 * sets @asleep and reads @bell.
 */
void worker_ring(struct worker *worker)
{
	if (utrace_context.worker == worker) {
		port_store(&worker->bell, 1);
		return;
	}
	port_store_seq(&worker->bell, 1);
	switch (port_load_seq(&worker->asleep)) {
	case 1:
		syscall(SYS_tgkill, worker->pid, worker->pid, BELL_SIGNAL);
		break;
	case 2:
		futex(&worker->bell, FUTEX_WAKE_PRIVATE, 1);
		break;
	}
}

/* With the mail lock of the thread's owner held, or null if it has none. */
static struct worker *lock_mail(struct utrace_thread *thread)
{
	struct worker *worker;

	while ((worker = port_load_acquire(&thread->owner))) {
		pthread_mutex_lock(&worker->mail_lock);
		if (port_load(&thread->owner) == worker)
			break;
		pthread_mutex_unlock(&worker->mail_lock);
	}
	return worker;
}

/*
 * It is another's, or nobody's, from now on.  Returns what its mail was; if there
 * was any, the caller gives back its reference.
 */
static unsigned int change_owner(struct utrace_thread *thread,
				 struct worker *to)
{
	struct worker *worker = lock_mail(thread);
	unsigned int kicks = thread->kicks;

	if (kicks) {
		list_del_init(&thread->mail);
		thread->kicks = 0;
	}
	port_store_seq(&thread->owner, to);
	pthread_mutex_unlock(&worker->mail_lock);
	return kicks;
}

/* The thread has no owner any more, and what was for it is void. */
void worker_return_mail(struct utrace_thread *thread)
{
	if (change_owner(thread, NULL))
		utrace_thread_put(thread);
}

/* It is another worker's from now on, who finds the mail that it has. */
void worker_hand_over(struct utrace_thread *thread, struct worker *to)
{
	unsigned int kicks = change_owner(thread, to);

	worker_mail(thread, kicks | MAIL_MOVED);
	if (kicks)
		utrace_thread_put(thread);
}

/* Kicks come under the core's lock of the thread. */
void worker_mail(struct utrace_thread *thread, unsigned int kicks)
{
	struct worker *worker = lock_mail(thread);

	if (!worker)
		return;
	if (!thread->kicks) {
		__atomic_add_fetch(&thread->refs, 1, __ATOMIC_RELAXED);
		list_add_tail(&thread->mail, &worker->mail);
	}
	thread->kicks |= kicks;
	utrace_context.letter = ++worker->posted;
	pthread_mutex_unlock(&worker->mail_lock);
	worker_ring(worker);
	if (kicks & SYNC_KICKS)
		utrace_context.mailed = worker;
}

static void tell_senders(struct worker *worker)
{
	__atomic_add_fetch(&worker->progress, 1, __ATOMIC_SEQ_CST);
	if (port_load_seq(&worker->senders))
		syscall(SYS_futex, &worker->progress, FUTEX_WAKE_PRIVATE,
			1 << 30, NULL, NULL, 0);
}

/* The worker is about to run callbacks for a process, or is done (0). */
void worker_serves(struct worker *worker, pid_t tgid)
{
	port_store_seq(&worker->serving, tgid);
	if (!tgid)
		return;
	if (!worker->ran_for)
		worker->ran_for = tgid;
	else if (worker->ran_for != tgid)
		worker->ran_for = -1;
	if (port_load_seq(&worker->senders))
		tell_senders(worker);
}

/*
 * After a call that a running thread has to hear of: let its worker have
 * interrupted it before the call returns, so that it runs no more user code than
 * the machine is quick to run.  A worker that runs callbacks is not waited for:
 * they may need what the caller holds.  Neither does anybody wait in a callback.
 */
void worker_sync(void)
{
	const struct timespec limit = { .tv_nsec = 2000000 };
	struct worker *worker = utrace_context.mailed;
	unsigned int tries, seen;

	utrace_context.mailed = NULL;
	if (!worker || utrace_context.worker || utrace_context.thread)
		return;
	__atomic_add_fetch(&worker->senders, 1, __ATOMIC_SEQ_CST);
	for (tries = 0; tries < MAX_SYNC; tries++) {
		seen = port_load_seq(&worker->progress);
		if ((int)(port_load_seq(&worker->handled) -
			  utrace_context.letter) >= 0 ||
		    port_load_seq(&worker->serving) ||
		    port_load_seq(&worker->quit))
			break;
		syscall(SYS_futex, &worker->progress, FUTEX_WAIT_PRIVATE, seen,
			&limit, NULL, 0);
	}
	__atomic_sub_fetch(&worker->senders, 1, __ATOMIC_SEQ_CST);
}

static struct utrace_thread *take_mail(struct worker *worker,
				       unsigned int *kicks)
{
	struct utrace_thread *thread = NULL;
	bool done = false;

	pthread_mutex_lock(&worker->mail_lock);
	if (!list_empty(&worker->mail)) {
		thread = list_first_entry(&worker->mail, struct utrace_thread,
					  mail);
		list_del_init(&thread->mail);
		*kicks = thread->kicks;
		thread->kicks = 0;
	} else if (worker->handled != worker->posted) {
		port_store_seq(&worker->handled, worker->posted);
		done = true;
	}
	pthread_mutex_unlock(&worker->mail_lock);
	if (done)
		tell_senders(worker);
	return thread;
}

static struct job *take_job(struct worker *worker)
{
	struct job *job = NULL;

	pthread_mutex_lock(&worker->mail_lock);
	if (!list_empty(&worker->jobs)) {
		job = list_first_entry(&worker->jobs, struct job, link);
		list_del_init(&job->link);
	}
	pthread_mutex_unlock(&worker->mail_lock);
	return job;
}

/* Let the worker do something, and wait until it has. Not in callbacks. */
int worker_run_job(struct worker *worker, struct job *job)
{
	if (utrace_context.worker == worker) {
		job->run(worker, job);
		return job->result;
	}
	job->done = false;
	pthread_mutex_lock(&worker->mail_lock);
	list_add_tail(&job->link, &worker->jobs);
	pthread_mutex_unlock(&worker->mail_lock);
	worker_ring(worker);
	pthread_mutex_lock(&worker->mail_lock);
	while (!job->done)
		pthread_cond_wait(&worker->job_done, &worker->mail_lock);
	pthread_mutex_unlock(&worker->mail_lock);
	return job->result;
}

static void do_mail(struct worker *worker)
{
	struct utrace_thread *thread;
	unsigned int kicks;
	struct job *job;

	port_store_seq(&worker->bell, 0);
	while ((job = take_job(worker))) {
		job->run(worker, job);
		pthread_mutex_lock(&worker->mail_lock);
		job->done = true;
		pthread_cond_broadcast(&worker->job_done);
		pthread_mutex_unlock(&worker->mail_lock);
	}
	while ((thread = take_mail(worker, &kicks))) {
		if (port_load(&thread->owner) == worker) {
			move_in(worker, thread);
			handle_mail(thread, kicks);
		}
		utrace_thread_put(thread);
	}
}

/* ---- waiting ------------------------------------------------------------- */

#define ANY_STOP	(WEXITED | WSTOPPED | __WALL | WNOWAIT)

/* Whose stop or end there is: it is only looked at. */
static long look_now(siginfo_t *info)
{
	info->si_pid = 0;
	return syscall(SYS_waitid, P_ALL, 0, info, ANY_STOP | WNOHANG, NULL) ?
		       -errno : info->si_pid;
}

/* Fetch it; not -1, which is NO_STOP: it is over already, by SIGKILL. */
static int take_stop(pid_t tid)
{
	int status;

	return syscall(SYS_wait4, tid, &status, __WALL | WNOHANG, NULL) == tid ?
		       status : NO_STOP;
}

/* All are gone, and none is on its way. */
static bool may_end(struct worker *worker)
{
	return port_load(&worker->quit) && !port_load_seq(&worker->expected);
}

static long sleep_or_look(struct worker *worker, siginfo_t *info)
{
	long pid = -EINTR;
	bool any = worker->ntracees;

	if (!any) {
		/* a newborn may be ours that its killed creator did not tell of */
		pid = look_now(info);
		if (pid > 0)
			return pid;
		any = !pid;
		pid = -EINTR;
		if (!any && may_end(worker))
			return -ECHILD;
	}
	if (any) {
		port_store_seq(&worker->asleep, 1);
		pid = utrace_call_or_bell(&worker->bell, SYS_waitid, P_ALL, 0,
					  (long)info, ANY_STOP);
		if (!pid)
			pid = info->si_pid;
	} else {
		port_store_seq(&worker->asleep, 2);
		futex(&worker->bell, FUTEX_WAIT_PRIVATE, 0);
	}
	port_store_seq(&worker->asleep, 0);
	return pid;
}

/*
 * Of a thread that is about to be delivered a signal.  A step's trap is nothing that
 * the thread should get.
 */
static bool is_delivery(const siginfo_t *info)
{
	return info->si_code == CLD_TRAPPED && info->si_status > 0 &&
	       info->si_status < SYSCALL_STOP && info->si_status != SIGTRAP;
}

/*
 * With a stop that is fetched the kernel forgets the signal, should we be killed before
 * the thread goes on.  So this one is dealt with where it is; it is fetched if the
 * thread is to stay.
 */
static void handle_delivery(struct worker *worker, pid_t tid, int sig, size_t *n)
{
	int left = sig << 8 | 0x7f, status;

	worker->nstops = *n;
	count(stops, 1);
	if (!handle_stop(worker, tid, left))
		return;
	status = take_stop(tid);
	if (status != NO_STOP && status != left)
		worker->stops[(*n)++] = (struct stop){ tid, status };
}

/* Fetch every stop that is there. */
static size_t fetch_stops(struct worker *worker, long pid, siginfo_t *info)
{
	unsigned int deliveries = 0;
	size_t n = 0;
	int status;

	while (pid > 0 && n < MAX_STOPS) {
		if (is_delivery(info)) {
			/* who gets one after the other does not keep us from the rest */
			if (deliveries++ == MAX_DELIVERIES)
				break;
			handle_delivery(worker, pid, info->si_status, &n);
		} else {
			status = take_stop(pid);
			if (status != NO_STOP)
				worker->stops[n++] =
					(struct stop){ pid, status };
		}
		pid = look_now(info);
	}
	return n;
}

/*
 * One round: fetch every stop that is there, then look at each.  Resuming each
 * as it comes would let a busy thread stop again before the others are looked
 * at at all.  False: there is nothing left to wait for, and the worker is to
 * end.
 */
static bool round_of_stops(struct worker *worker)
{
	struct stop *stops = worker->stops, stop;
	siginfo_t info;
	size_t i, n;
	long pid;

	pid = sleep_or_look(worker, &info);
	if (pid == -ECHILD) {
		if (!worker->ntracees)
			return !may_end(worker);
		check_lost(worker);
	}
	worker->round++;
	worker->ran_for = 0;
	n = fetch_stops(worker, pid, &info);
	worker->nstops = n;
	for (i = 0; i < n; i++) {
		stop = stops[i];
		stops[i].tid = 0;
		if (!stop.tid)
			continue;
		count(stops, 1);
		handle_stop(worker, stop.tid, stop.status);
		if (port_load(&worker->bell))
			do_mail(worker);
	}
	worker->nstops = 0;
	return true;
}

/* The stop of one thread, before its turn; false if it has not come yet. */
bool worker_take_stop(struct worker *worker, pid_t tid, int *status)
{
	size_t i;

	for (i = 0; i < worker->nstops; i++)
		if (worker->stops[i].tid == tid) {
			*status = worker->stops[i].status;
			worker->stops[i].tid = 0;
			return true;
		}
	*status = take_stop(tid);
	return *status != NO_STOP;
}

/*
 * The next stop, or the end, of one that was just resumed.  -ESRCH: it is dead, and its
 * end is told later: that of a leader waits for its threads, and those for us.  What
 * /proc tells of that is looked at from time to time.
 */
int worker_await_stop(struct worker *worker, pid_t tid, int *status)
{
	static const int no_bell;	/* mail may wait */
	int tries;
	long pid;

	for (tries = 0; tries < MAX_YIELDS; tries++) {
		pid = syscall(SYS_wait4, tid, status, __WALL | WNOHANG, NULL);
		if (pid)
			return pid == tid ? 0 : -ESRCH;
		sched_yield();
	}
	reaper_count_ticks(1);
	port_store_seq(&worker->asleep, 1);
	do
		pid = utrace_call_or_bell(&no_bell, SYS_wait4, tid,
					  (long)status, __WALL, 0);
	while (pid == -EINTR && !proc_is_dead(tid));
	port_store_seq(&worker->asleep, 0);
	reaper_count_ticks(-1);
	return pid == tid ? 0 : -ESRCH;
}

static void work(struct worker *worker)
{
	for (;;) {
		do_mail(worker);
		if (worker->newborns)
			check_newborns(worker);
		if (worker->outlived)
			check_exiting(worker);
		if (!round_of_stops(worker))
			break;
	}
}

/* ---- starting and ending --------------------------------------------------- */

struct kernel_sigaction {
	void *handler;
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

static void set_action(int sig, void *handler, unsigned long flags)
{
	struct kernel_sigaction action = {
		.handler = handler,
		.flags = flags | 0x04000000 /* SA_RESTORER */,
		.restorer = utrace_sigreturn,
		.mask = ~0UL,
	};

	syscall(SYS_rt_sigaction, sig, &action, NULL, 8);
}

static void note_rights(struct rights *rights)
{
	struct proc_info self;

	if (proc_read_status(0, getpid(), &self))
		return;
	memcpy(rights->uids, self.uids, sizeof(rights->uids));
	memcpy(rights->gids, self.gids, sizeof(rights->gids));
	rights->caps = self.cap_effective;
}

/*
 * The process is a new one: its signal handlers are copies, its mask is full.
 * Should the program die, it dies too, and the kernel lets its tracees go.
 */
static int worker_main(void *arg)
{
	struct worker *worker = arg;
	unsigned long mask = ~(1UL << (BELL_SIGNAL - 1));

	syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* it may have died before that */
	if (getppid() != worker->program)
		syscall(SYS_exit, 0);
	syscall(SYS_prctl, PR_SET_NAME, "utrace-worker", 0, 0, 0);
	set_action(SIGCHLD, SIG_DFL, SA_NOCLDSTOP);
	set_action(BELL_SIGNAL, utrace_on_bell, SA_RESTART | SA_SIGINFO);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);

	note_rights(&worker->rights);
	machine_probe_block_step();
	utrace_context.worker = worker;
	pthread_mutex_lock(&worker->mail_lock);
	worker->ready = true;
	pthread_cond_broadcast(&worker->job_done);
	pthread_mutex_unlock(&worker->mail_lock);
	work(worker);
	utrace_context.worker = NULL;

	mask = ~0UL;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
	return 0;
}

/*
 * A worker that was killed, or crashed in a callback, takes the program along,
 * as a thread of the program would.
 */
static void die_like(int status)
{
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		kill(getpid(), WTERMSIG(status));
		abort();
	}
	if (WEXITSTATUS(status))
		_exit(WEXITSTATUS(status));
}

static void *lend(void *arg)
{
	const unsigned long all = ~0UL, nap_mask = ~LIBC_SIGNALS;
	struct worker *worker = arg;
	int tries, status = 0;
	long pid = -ENOMEM;
	char *nap;

	worker->program = getpid();
	nap = mmap(NULL, NAP_STACK, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (nap != MAP_FAILED) {
		syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
		/* exit signal 0: a plain waitpid(-1) of the program passes it by */
		pid = utrace_run_apart(worker_main, worker, &worker->pid,
				       nap + NAP_STACK,
				       CLONE_VM | CLONE_FILES | CLONE_FS |
				       CLONE_SYSVSEM | CLONE_IO |
				       CLONE_PARENT_SETTID |
				       CLONE_CHILD_CLEARTID, &nap_mask);
		syscall(SYS_rt_sigprocmask, SIG_SETMASK, &nap_mask, NULL, 8);
		munmap(nap, NAP_STACK);
	}
	if (pid < 0) {
		pthread_mutex_lock(&worker->mail_lock);
		worker->error = pid;
		worker->ready = true;
		pthread_cond_broadcast(&worker->job_done);
		pthread_mutex_unlock(&worker->mail_lock);
		return NULL;
	}
	/*
	 * A callback may have created threads, which are the worker's: then it
	 * stays a zombie, and its end is not waited for.
	 */
	for (tries = 0; tries < MAX_TRIES; tries++) {
		if (waitpid(pid, &status, __WALL | WNOHANG))
			break;
		usleep(1000);
	}
	if (status)
		die_like(status);
	return NULL;
}

void worker_free(struct worker *worker)
{
	pthread_mutex_destroy(&worker->mail_lock);
	pthread_cond_destroy(&worker->job_done);
	free(worker);
}

/* By a thread of the program: the lender is its thread. */
struct worker *worker_start(int *error)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int err;

	*error = -ENOMEM;
	if (!worker)
		return NULL;
	err = reaper_start();
	if (err) {
		*error = err;
		free(worker);
		return NULL;
	}
	pthread_mutex_init(&worker->mail_lock, NULL);
	pthread_cond_init(&worker->job_done, NULL);
	INIT_LIST_HEAD(&worker->mail);
	INIT_LIST_HEAD(&worker->jobs);
	INIT_LIST_HEAD(&worker->threads);
	err = host_thread(&worker->lender, lend, worker);
	if (err) {
		*error = err;
		worker_free(worker);
		return NULL;
	}
	pthread_mutex_lock(&worker->mail_lock);
	while (!worker->ready)
		pthread_cond_wait(&worker->job_done, &worker->mail_lock);
	pthread_mutex_unlock(&worker->mail_lock);
	if (worker->error) {
		*error = worker->error;
		pthread_join(worker->lender, NULL);
		worker_free(worker);
		return NULL;
	}
	return worker;
}
