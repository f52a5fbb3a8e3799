/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * Engines for programs: each request on /dev/taps makes one call of utrace, and
 * answers as that does.  A tap is an engine that counts its callbacks, looks
 * whether each may come, and returns what it was told to.
 *
 * Its taps go when the file is closed for good; with TAPS_KEEP, when the module
 * is unloaded.
 */
#ifndef TAPS_H
#define TAPS_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define TAPS_DEVICE	"/dev/taps"
#define TAPS_EVENTS	14

enum taps_request {
	TAPS_ATTACH,		/* @pid, @flags, @how: the number of the tap */
	TAPS_SET_EVENTS,	/* @tap, @arg */
	TAPS_CONTROL,		/* @tap, @arg: the action */
	TAPS_BARRIER,		/* @tap */
	TAPS_EXAMINE,		/* @tap: prepare and finish */
	TAPS_PUT,		/* @tap: give the reference back */
	TAPS_SEEN,		/* @tap: fills in @seen */
	TAPS_FLAGS,		/* @pid: task_utrace_flags() */
	TAPS_FOLLOW,		/* @pid: attach to the session's threads, as @how
				 * says, and to what they make: how many */
	TAPS_IS_FOLLOWED,	/* whether a tap of this file has the caller */
	TAPS_TOTAL,		/* fills in @seen with the sums of all taps */
	TAPS_KEEP,
};

/* What a tap returns where nothing else is said. */
#define TAPS_PASS	0xff
/* Or-ed to an action: only now and then. */
#define TAPS_SELDOM	0x80

enum taps_mode {
	TAPS_JITTER = 0x01,	/* callbacks take their time, at random */
	TAPS_NUDGE = 0x02,	/* a stop of its own ends by itself soon */
	TAPS_STEP = 0x04,	/* steps, whatever it reports */
	TAPS_CHILDREN = 0x08,	/* follows them: set by TAPS_FOLLOW */
	TAPS_AT_DEATH = 0x10,	/* report_death returns DETACH */
};

/**
 * struct taps_how - what a tap does
 * @events: its mask
 * @mode: &enum taps_mode
 * @act: by event, the resume action that its callback returns; bits 8 to 12 are
 *	one callback, told by the first
 * @signr, @what: what becomes of this signal, &enum utrace_signal_action
 * @abort_nr, @abort_ret: this system call is not made, and returns that
 * @seed: for what is chosen at random
 */
struct taps_how {
	__u64 events;
	__u32 mode;
	__u8 act[16];
	__s32 signr;
	__u32 what;
	__s32 abort_nr;
	__s32 abort_ret;
	__u32 seed;
};

/**
 * struct taps_seen - what came to a tap
 * @n: callbacks that began, by event; of signals, by class
 * @inside: callbacks that run now
 * @made, @released: engines
 * @dying: quiesce callbacks for DEATH
 * @reports: passes for no signal
 * @stopped, @continued: JCTL with the type, and that to notify of
 * @order: by event, the number of the first of them among those of all taps
 * @wrong: callbacks that may not have come, of all taps
 */
struct taps_seen {
	__u32 n[16];
	__u32 inside;
	__u32 made;
	__u32 released;
	__u32 dying;
	__u32 reports;
	__u32 stopped;
	__u32 continued;
	__u32 told_stopped;
	__u32 told_continued;
	__u32 order[16];
	__u32 wrong;
};

struct taps_call {
	__u32 request;
	__s32 pid;
	__u32 tap;
	__u32 flags;
	__s64 arg;
	struct taps_how how;
	struct taps_seen seen;
};

#define TAPS_CALL	_IOWR('u', 1, struct taps_call)

#endif /* TAPS_H */
