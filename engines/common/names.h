/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of signals, errors, clone flags, and of the codes in a siginfo_t. */
#ifndef ENGINES_NAMES_H
#define ENGINES_NAMES_H

#include <signal.h>

#include "text.h"

/** text_signal() - append the name of a signal, "SIGCHLD", or its number */
void text_signal(struct text *text, int sig);

/** text_sigset() - append a set of signals by its mask: "[INT CHLD]", "~[]" */
void text_sigset(struct text *text, unsigned long mask);

/** text_error() - append "ENOENT (No such file or directory)" */
void text_error(struct text *text, int error);

/** text_error_name() - append "ENOENT" */
void text_error_name(struct text *text, int error);

/**
 * restart_code() - what the kernel does with a system call that a signal cut
 * @error: a positive error
 * @what: set to what it means in words
 *
 * These codes come and go between kernel and tracer; programs never see them.
 *
 * Return: the code's name, or null if it is no such code.
 */
const char *restart_code(int error, const char **what);

/** text_si_code() - append the name of a siginfo_t's code */
void text_si_code(struct text *text, int sig, int code);

/** text_siginfo() - append "{si_signo=SIGUSR1, si_code=SI_USER, ...}" */
void text_siginfo(struct text *text, const siginfo_t *info);

/** text_clone_flags() - append the flags of a clone, the exit signal among them */
void text_clone_flags(struct text *text, unsigned long flags);

#endif /* ENGINES_NAMES_H */
