/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * Between the test module and its driver: the device /dev/utrace-contract.
 *
 * A test runs in a thread of the driver's test process, in H_RUN.  What it
 * needs of user space the module asks for: another thread of that process
 * takes requests (H_NEXT), performs them and gives the answers (H_ANSWER).  A
 * thread of the test is a thread of that process too, in H_THREAD.  What the
 * test says is read from the device.
 */
#ifndef CONTRACT_DEVICE_H
#define CONTRACT_DEVICE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define H_DEVICE	"utrace-contract"

/* What a request asks for; @ret of the answer is a negative errno on failure. */
enum h_op {
	/* Start a program. @text: its arguments, each with its 0, and one 0
	 * more.  @ret: its process ID; @fd: for commands, for what it says. */
	H_OP_START,
	/* waitid() for child @pid with @options; @ret: as child_state();
	 * @status: the wait status. */
	H_OP_WAIT,
	/* Have @pid traced by ptrace(); @status: the tracer's process ID. */
	H_OP_TRACE,
	/* A thread that does H_THREAD with @pid. */
	H_OP_THREAD,
	/* Read the file @text; @text: what is in it; @ret: how much. */
	H_OP_READ,
};

struct h_request {
	__u32 op;
	__s32 ret;
	__s32 pid;
	__s32 options;
	__s32 status;
	__s32 fd[2];
	char text[4096];
};

struct h_listed {
	__u32 number;
	char name[64];
	char ids[192];
	char file[192];
};

/* The test of that number; -ENOENT: there are no more. */
#define H_LIST		_IOWR('u', 1, struct h_listed)
/* Run the test of that number: 0, 1: it failed, H_SKIPPED. */
#define H_RUN		_IO('u', 2)
/* Wait for the next request; -ESHUTDOWN: the test is over. */
#define H_NEXT		_IOR('u', 3, struct h_request)
#define H_ANSWER	_IOW('u', 4, struct h_request)
/* Be the thread of that number. */
#define H_THREAD	_IO('u', 5)

#define H_SKIPPED	77

#endif /* CONTRACT_DEVICE_H */
