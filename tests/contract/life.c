// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The end of a test: what it made is taken down in an order in which nothing
 * waits for what is still there, and then the facility.
 */
#include "flavour.h"

void h_end_of_test(void)
{
	int err;

	h_open_gates();
	rec_teardown_begin();
	h_end_parts();
	h_end_programs();
	h_end_threads();
	err = utrace_shutdown();
	if (err && err != -ESRCH)
		h_fail(__FILE__, __LINE__, "utrace_shutdown() is %d", err);
	rec_teardown_put();
	h_put_handles();
	err = utrace_exit();
	if (err)
		h_fail(__FILE__, __LINE__, "utrace_exit() is %d", err);
	rec_teardown_end();
	h_free_gates();
}
