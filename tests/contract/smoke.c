// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The harness itself: programs start, answer and end with no tracer at all.
 */
#include "harness.h"

TEST(harness_program, "")
{
	struct prog *p = prog_start("calls");

	prog_go(p);
	CHECK(prog_expect(p, "done"));
	prog_signal(p, 9);
	CHECK_EQ(prog_wait(p), KILLED(9));
}
