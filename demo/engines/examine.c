// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An engine that stops one thread, looks at it, and lets it go.
 *
 *	-e .../examine.so:N,K
 *
 * The N-th thread that the first process creates is stopped at the entry of its
 * K-th write().  A callback must not wait, so a thread of the engine's own does
 * the looking: it reads registers and memory, and holds the thread until the
 * others have made CALLS_OF_OTHERS system calls.
 */
#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <time.h>
#include <unistd.h>
#include <utrace/plugin.h>
#include <utrace/state.h>
#include <utrace/thread.h>
#include <utrace/utrace.h>

#define CALLS_OF_OTHERS	500
#define MAX_MS		5000

/* struct watched - one thread; @calls is read by the examiner */
struct watched {
	struct watched *next;
	struct instance *instance;
	pid_t tid;
	pid_t pid;
	bool chosen;
	unsigned int writes;
	atomic_ulong calls;
};

/**
 * struct instance - one engine
 * @lock: orders @list and @created, which workers change as threads come
 * @found: posted when the thread stops, or when there is nothing more to come
 * @thread, @engine: the stopped thread, and the engine that holds it; null if
 *	it never came
 */
struct instance {
	const struct utrace_plugin_env *env;
	unsigned int which;
	unsigned int nth_write;

	pthread_mutex_t lock;
	struct watched *list;
	unsigned int created;
	pid_t first_process;

	sem_t found;
	pthread_t examiner;
	struct utrace_thread *thread;
	struct utrace_engine *engine;
};

__attribute__((__format__(__printf__, 2, 3)))
static void say(struct instance *instance, const char *format, ...)
{
	char line[512];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	instance->env->emit(instance->env->output, line, len);
}

/* ---- the thread that looks ---------------------------------------------- */

static unsigned long calls(struct instance *instance, pid_t tid, bool others)
{
	struct watched *watched;
	unsigned long sum = 0;

	pthread_mutex_lock(&instance->lock);
	for (watched = instance->list; watched; watched = watched->next)
		if ((watched->tid == tid) != others)
			sum += watched->calls;
	pthread_mutex_unlock(&instance->lock);
	return sum;
}

static void show_registers(struct instance *instance)
{
	const struct utrace_regset_view *view;
	struct user_regs_struct user;
	struct utrace_regs regs;
	unsigned char *buf;
	unsigned int i;
	ssize_t n;

	if (utrace_regset_read(instance->thread, NT_PRSTATUS, &user,
			       sizeof(user)) != sizeof(user) ||
	    utrace_get_regs(instance->thread, &regs)) {
		say(instance, "examine: the registers cannot be read\n");
		return;
	}
	say(instance, "examine: ip %#lx  sp %#lx  orig_ax %ld  fs_base %#llx\n",
	    regs.ip, regs.sp, utrace_syscall_get_nr(instance->thread, &regs),
	    user.fs_base);
	view = utrace_regset_view(instance->thread);
	for (i = 0; i < view->n; i++) {
		size_t size = (size_t)view->regsets[i].n * view->regsets[i].size;

		buf = malloc(size);
		if (!buf)
			return;
		n = utrace_regset_read(instance->thread,
				       view->regsets[i].core_note_type, buf,
				       size);
		say(instance, "examine: register set %#x of %s: %zd bytes\n",
		    view->regsets[i].core_note_type, view->name, n);
		free(buf);
	}
}

static void show_memory(struct instance *instance)
{
	unsigned long args[6], word = 0;
	struct utrace_regs regs;
	char text[64];
	ssize_t n, i;

	if (utrace_get_regs(instance->thread, &regs))
		return;
	utrace_syscall_get_arguments(instance->thread, &regs, args);
	n = args[2] < sizeof(text) ? args[2] : sizeof(text) - 1;
	n = utrace_read_memory(instance->thread, args[1], text, n);
	if (n < 0)
		n = 0;
	for (i = 0; i < n; i++)
		if (text[i] < ' ' || text[i] > '~')
			text[i] = '.';
	say(instance, "examine: it is about to write \"%.*s\" to descriptor %lu\n",
	    (int)n, text, args[0]);
	n = utrace_read_memory(instance->thread, regs.sp, &word, sizeof(word));
	say(instance, "examine: the word at sp is %#lx (%zd bytes read)\n",
	    word, n);
}

static void *examine(void *arg)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	struct instance *instance = arg;
	struct utrace_examiner exam;
	unsigned long own, others, now;
	int err, waited;
	pid_t tid;

	while (sem_wait(&instance->found))
		;
	if (!instance->thread)
		return NULL;
	tid = utrace_thread_id(instance->thread);

	/* The callback that chose to stop is over, and the stop in force. */
	err = utrace_barrier(instance->thread, instance->engine);
	if (!err)
		err = utrace_prepare_examine(instance->thread, instance->engine,
					     &exam);
	own = calls(instance, tid, false);
	others = calls(instance, tid, true);
	say(instance, "examine: STOPPED %d (%s)\n", (int)tid,
	    err ? strerror(-err) : "quiescent");
	show_registers(instance);
	show_memory(instance);
	for (waited = 0; waited < MAX_MS; waited++) {
		if (calls(instance, tid, true) - others >= CALLS_OF_OTHERS)
			break;
		nanosleep(&ms, NULL);
	}
	now = calls(instance, tid, true);
	err = utrace_finish_examine(instance->thread, instance->engine, &exam);
	say(instance, "examine: LET-GO %d others=%lu own=%lu (%s)\n", (int)tid,
	    now - others, calls(instance, tid, false) - own,
	    err ? strerror(-err) : "it did not run meanwhile");
	err = utrace_control(instance->thread, instance->engine, UTRACE_RESUME);
	if (err)
		say(instance, "examine: resume: %s\n", strerror(-err));
	utrace_engine_put(instance->engine);
	utrace_thread_put(instance->thread);
	return NULL;
}

/* ---- callbacks ---------------------------------------------------------- */

static uint32_t on_entry(uint32_t action, struct utrace_engine *engine,
			 struct utrace_regs *regs)
{
	struct utrace_thread *thread = utrace_current();
	struct watched *watched = engine->data;
	struct instance *instance = watched->instance;

	watched->calls++;
	if (watched->chosen &&
	    utrace_syscall_get_nr(thread, regs) == SYS_write &&
	    ++watched->writes == instance->nth_write) {
		utrace_engine_get(engine);
		instance->engine = engine;
		instance->thread = utrace_thread_get(thread);
		sem_post(&instance->found);
		return UTRACE_STOP | utrace_syscall_action(action);
	}
	return UTRACE_RESUME | utrace_syscall_action(action);
}

static const struct utrace_engine_ops ops = {
	.report_syscall_entry = on_entry,
};

/* ---- the plug-in -------------------------------------------------------- */

static void *examine_open(const struct utrace_plugin_env *env,
			  const char *options)
{
	struct instance *instance = calloc(1, sizeof(*instance));
	int err;

	if (!instance) {
		env->complain("%s", strerror(ENOMEM));
		return NULL;
	}
	if (sscanf(options, "%u,%u", &instance->which, &instance->nth_write) !=
	    2) {
		env->complain("examine wants two numbers: N,K");
		free(instance);
		return NULL;
	}
	instance->env = env;
	pthread_mutex_init(&instance->lock, NULL);
	sem_init(&instance->found, 0, 0);
	err = pthread_create(&instance->examiner, NULL, examine, instance);
	if (err) {
		env->complain("cannot create a thread: %s", strerror(err));
		free(instance);
		return NULL;
	}
	return instance;
}

static int examine_attach(void *data, struct utrace_thread *thread,
			  struct utrace_thread *parent)
{
	struct watched *watched = calloc(1, sizeof(*watched));
	struct instance *instance = data;
	struct utrace_engine *engine;
	int err;

	if (!watched)
		return -ENOMEM;
	watched->instance = instance;
	watched->tid = utrace_thread_id(thread);
	watched->pid = utrace_thread_group(thread);
	pthread_mutex_lock(&instance->lock);
	if (!parent)
		instance->first_process = watched->pid;
	else if (watched->pid == instance->first_process)
		watched->chosen = ++instance->created == instance->which;
	watched->next = instance->list;
	instance->list = watched;
	pthread_mutex_unlock(&instance->lock);

	engine = utrace_attach_task(thread, UTRACE_ATTACH_CREATE, &ops,
				    watched);
	if (utrace_is_err(engine))
		return utrace_ptr_err(engine);
	err = utrace_set_events(thread, engine, UTRACE_EVENT(SYSCALL_ENTRY));
	utrace_engine_put(engine);
	return err;
}

static void examine_close(void *data)
{
	struct instance *instance = data;
	struct watched *watched;

	sem_post(&instance->found);
	pthread_join(instance->examiner, NULL);
	while ((watched = instance->list)) {
		say(instance, "examine: %d %d calls=%lu\n", (int)watched->pid,
		    (int)watched->tid, watched->calls);
		instance->list = watched->next;
		free(watched);
	}
	sem_destroy(&instance->found);
	pthread_mutex_destroy(&instance->lock);
	free(instance);
}

__attribute__((__visibility__("default")))
const struct utrace_plugin utrace_plugin = {
	.api = UTRACE_PLUGIN_API,
	.name = "examine",
	.summary = "stop one thread, look at it, and let it go",
	.options = "N,K: the N-th created thread, at its K-th write()",
	.open = examine_open,
	.attach = examine_attach,
	.close = examine_close,
};
