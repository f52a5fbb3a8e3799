/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chance for the programs that do things at random: xorshift64*. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>

static uint64_t state;		/* the seed, not 0 */

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1dULL;
}

#endif /* FUZZ_H */
