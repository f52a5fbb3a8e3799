/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between recorder.c and the harness of a host; tests do not include it.
 */
#ifndef CONTRACT_RECORDER_H
#define CONTRACT_RECORDER_H

#include "harness.h"

void *h_alloc(size_t size);		/* zeroed; never null */
void h_free(void *p);

/* At the end of a test, in this order. */
void rec_teardown_begin(void);		/* gates are open: detach */
void rec_teardown_put(void);		/* the facility is down: give back */
void rec_teardown_end(void);		/* check and free */

#endif /* CONTRACT_RECORDER_H */
