/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When it is over: an engine that counts threads which are alive, and those
 * that nobody has waited for yet.
 *
 * It is attached after all others, so that by the time it hears of an end they
 * have.
 */
#ifndef CLI_ENDS_H
#define CLI_ENDS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <utrace/types.h>

/**
 * struct ends - the counts
 * @alive: threads that have not died
 * @zombies: threads that have died and are not reaped
 * @leader: a thread of interest, or 0
 * @leader_dead: it is dead, and all engines have heard of that
 * @fd: an eventfd that tells when a count has become 0, or @leader_dead true
 */
struct ends {
	atomic_long alive;
	atomic_long zombies;
	atomic_int leader;
	atomic_bool leader_dead;
	int fd;
};

/** ends_init() - nothing to wait for; 0, or a negative errno */
int ends_init(struct ends *ends);

/** ends_close() - no engine of this is left */
void ends_close(struct ends *ends);

/** ends_attach() - count a thread; 0, or a negative errno */
int ends_attach(struct ends *ends, struct utrace_thread *thread);

/** ends_clear() - take note that @fd was seen */
void ends_clear(struct ends *ends);

#endif /* CLI_ENDS_H */
