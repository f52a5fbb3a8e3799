/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is expected, and waiting for it.  A program tells by its own check() what
 * was wrong, and where.
 */
#ifndef EXPECT_H
#define EXPECT_H

#include "client.h"

/* @what, in @line, is @seen and not @wanted, unless it @holds; answers that. */
static bool check(int line, const char *what, bool holds, long seen, long wanted);

#define EXPECT(cond)	check(__LINE__, #cond, !!(cond), 0, 1)
#define EXPECT_EQ(seen, wanted) ({					\
	long s_ = (long)(seen), w_ = (long)(wanted);			\
	check(__LINE__, #seen, s_ == w_, s_, w_); })

/* Looks every @us, for @seconds, or until it is @over anyway. */
#define poll_until(seconds, us, over, cond) ({				\
	double end_ = now() + (seconds) * slow();			\
	bool is_;							\
									\
	while (!(is_ = !!(cond)) && now() < end_ && !(over))		\
		sleep_us(us);						\
	check(__LINE__, "never: " #cond, is_, 0, 1); })
#define wait_until(cond)	poll_until(15, 1000, false, cond)

static UNUSED int status_of(pid_t pid)
{
	int status = -1;

	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

/* Of a counter that somebody counts up who runs. */
static UNUSED bool stands(unsigned int *count)
{
	unsigned int before = load(count);

	sleep_us(100000 * slow());
	return load(count) == before;
}

static UNUSED bool moves(unsigned int *count)
{
	unsigned int before = load(count);

	return wait_until(load(count) > before + 2);
}

#endif /* EXPECT_H */
