/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hooks: functions of the kernel that attached threads go through a wrapper of.
 *
 *	HOOK(FOR_CURRENT, void, some_function, (int arg))
 *	{
 *		struct traced *traced = frame_enter();
 *
 *		original(some_function)(arg);
 *		frame_leave(traced);
 *	}
 *
 * defines the wrapper, original() to call what it wraps, and hook_some_function
 * for the list in hooks.c.
 */
#ifndef HOOKS_H
#define HOOKS_H

#include <linux/static_call.h>
#include <linux/stringify.h>

#include "traced.h"

/*
 * Whom a hook sends through its wrapper.  The first two are for current and
 * count what it is in, since it may exit from within.
 */
enum hook_for {
	FOR_CURRENT,	/* current, if it is awake */
	FOR_EXITING,	/* the same, or if it is in wrappers */
	FOR_KNOWN,	/* current, if it is known */
	FOR_FIRST,	/* the first argument, if known */
	FOR_GROUP,	/* the second argument, if one of its group is awake */
	FOR_ALL
};

/**
 * struct hook - one function
 * @name: of the function
 * @wrapper: what threads are sent through
 * @whom: which threads
 * @key, @trampoline: of the static call that is the original
 * @address: once it was found
 * @prototype: what it is taken for
 * @second: where that cannot be compared: its second argument is tested for
 *	one of these bits at its beginning
 */
struct hook {
	const char *name;
	void *wrapper;
	enum hook_for whom;
	struct static_call_key *key;
	void *trampoline;
	unsigned long address;
	const char *prototype;
	unsigned long second;
};

#define original(function)	static_call(original_##function)

#define HOOK_NAMED(whom_, result, function, symbol, second_, params)	\
	static result wrap_##function params;				\
	DEFINE_STATIC_CALL_NULL(original_##function, wrap_##function);	\
	struct hook hook_##function = {					\
		.name = symbol, .wrapper = wrap_##function,		\
		.whom = whom_,						\
		.key = &STATIC_CALL_KEY(original_##function),		\
		.trampoline = STATIC_CALL_TRAMP_ADDR(original_##function), \
		.prototype = __stringify(result) " " __stringify(params), \
		.second = second_,					\
	};								\
	static result wrap_##function params

#define HOOK(whom, result, function, params)				\
	HOOK_NAMED(whom, result, function, #function, 0, params)

/* Entered less left; one CPU's may be negative, the sum counts. */
DECLARE_PER_CPU(long, hook_frames);

/*
 * The first and the last act of a wrapper FOR_CURRENT or FOR_EXITING.  The frame
 * was counted when current was sent here, so that unloading waits for it.
 */
static inline struct traced *frame_enter(void)
{
	return traced_current();
}

static inline void frame_leave(struct traced *traced)
{
	traced->frames--;
	this_cpu_dec(hook_frames);
}

/* Current will return from none of the wrappers that it is in. */
void frames_drop(struct traced *traced);

/* Something else will run this module's code, and end that with visit_end(). */
static inline void visit_begin(void)
{
	this_cpu_inc(hook_frames);
}

/* The last act of any other wrapper, which was counted too. */
static inline void visit_end(void)
{
	this_cpu_dec(hook_frames);
}

/* 0, or an error and the reason in the log; then nothing is placed. */
int hooks_place(void);
/* Returns when no thread is in a wrapper, or will come into one. */
void hooks_remove(void);

/*
 * verify.c: 0, or the reason is in the log.  verify_begin() comes first; the
 * prototype is as in C, with the names of its parameters.
 */
void verify_begin(void);
int verify_hook(const struct hook *hook);
int verify_function(const char *name, const char *prototype);

/* How often somebody was sent through a wrapper. */
unsigned long hooks_entered(void);

/* What is hooked, for people to read. */
struct seq_file;
void hooks_show(struct seq_file *m);

#endif /* HOOKS_H */
