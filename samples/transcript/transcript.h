/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * A transcript: what a program and all that it creates do, in words that are the
 * same each time it does the same.
 */
#ifndef TRANSCRIPT_H
#define TRANSCRIPT_H

#include "host.h"

struct teller;

/**
 * struct transcript - the transcript of one program
 * @emit: take a line, whole; called by one at a time
 * @lock: protects what follows, and orders the lines; callbacks take it, and
 *	take nothing under it
 * @tellers: all threads there were, the last one first
 * @nr: how many there were
 * @alive: how many of them have not been reaped
 * @missed: threads that could not be followed
 * @closing: no thread is followed any more
 */
struct transcript {
	void (*emit)(struct transcript *transcript, const char *line,
		     size_t len);
	struct mutex lock;
	struct teller *tellers;
	unsigned int nr;
	unsigned int alive;
	unsigned int missed;
	bool closing;
};

/** transcript_init() - begin an empty one */
void transcript_init(struct transcript *transcript,
		     void (*emit)(struct transcript *transcript,
				  const char *line, size_t len));

/**
 * transcript_begin() - follow a thread, and all that it creates
 *
 * What it does is told from its next exec on, so that a transcript does not
 * depend on how the program was started.
 *
 * Return: 0 or a negative errno.
 */
int transcript_begin(struct transcript *transcript, struct task_struct *task);

/** transcript_alive() - how many threads have not been reaped */
unsigned int transcript_alive(struct transcript *transcript);

/**
 * transcript_close() - detach from all threads, and free what was kept of them
 *
 * When it returns no callback runs and none will.  Not in a callback.
 */
void transcript_close(struct transcript *transcript);

#endif /* TRANSCRIPT_H */
